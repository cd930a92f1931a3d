"""The jamming counter: gaps, N_Δ, how a network ended, and the threshold N*. Networks and packings share it."""

from copy import copy
from typing import Any

import numpy as np
from jaxtyping import Float

from .. import losses
from .. import xp as xps
from ..descent.levenberg_marquardt import Tangent
from ..descent.state import Evaluation, unsatisfied
from ..network import Dense, Stacks

__all__ = ["Fit", "ending", "gaps", "hinge", "lookback", "threshold", "unsatisfied"]


def gaps(f: Float[Any, "S P"], y: Float[Any, "*S P"], margin: float = 1) -> Float[Any, "S P"]:
    """Δ = margin − y f: positive below the margin (unsatisfied), above the margin's value where the sign is wrong. arXiv:1809.09349."""
    return margin - y * f


CACHE = 2**19  # bytes per array that stay close to the processor
BUSY = 256  # matrix products at once that keep a GPU busy
SHORT = 256  # points that a piece has at least


class Fit:
    """A network that must bring its points beyond the margin: a system whose constraints are the points.

    net: `network.dense`; points: a record with x (P, d) and y (P,), both of one engine; loss: hinge, logistic, softhinge. Where the
    rows of w stand for networks that learn different things, y is (S, P), and x (S, P, d) if the points differ too.
    alpha, start: the predictor is F = α (f(w) − f(w₀)) with w₀ = `start` (S, size), and the loss is divided by α: α̃ of
    arXiv:1906.08034, where f has the "mean_field" scale. Without them F = f.
    """

    def __init__(
        self, net: Dense, points: Any, loss: str = "hinge", margin: float = 1, alpha: float = 1.0, start: Any = None
    ) -> None:
        self.net, self.y, self.loss, self.margin, self.alpha = net, xps.here(points.y), loss, margin, alpha
        self.points = net.features_first(xps.here(points.x))
        self.origin = None if start is None else net.forward(xps.here(start), self.points, slopes=False).f
        losses.value(loss, self.y)  # an unknown loss is refused here

    def gaps(self, w: Any) -> Any:
        """Δ (S, P) at w (S, size)."""
        return self._gaps(self.net.forward(w, self.points, slopes=False).f)

    def _gaps(self, f: Any) -> Any:
        f = f if self.origin is None else f - self.origin
        return gaps(f if self.alpha == 1 else self.alpha * f, self.y, self.margin)

    def rows(self, index: Any) -> "Fit":
        """The problem of some rows of w."""
        if self.y.ndim == 1 and self.origin is None:
            return self
        part = copy(self)
        part.origin = None if self.origin is None else self.origin[index]
        part.y = self.y if self.y.ndim == 1 else self.y[index]
        part.points = self.points if self.points.ndim == 2 else self.points[index]
        return part

    def evaluate(self, w: Any) -> Evaluation:
        """Mean loss (S,), gradient (S, size), gaps (S, P) by hand: one pass forward, one backward.

        A few seeds at a time, so that their stacks stay in the processor's cache; on a GPU a few seeds with many points in pieces.
        """
        if not isinstance(w, np.ndarray) and w.is_cuda and (pieces := pieces_of(w.shape[0], self.y.shape[-1])) > 1:
            return self._in_pieces(w, pieces)
        widest = max(self.net.widths) * self.y.shape[-1] * self.points.itemsize
        block = max(1, CACHE // widest)
        if w.shape[0] <= block or not isinstance(w, np.ndarray):
            return self._evaluate(w)
        blocks = [slice(i, i + block) for i in range(0, w.shape[0], block)]
        parts = [self.rows(rows)._evaluate(w[rows]) for rows in blocks]
        return Evaluation(*(np.concatenate(same) for same in zip(*parts, strict=True)))

    def _evaluate(self, w: Any) -> Evaluation:
        stacks = self.net.forward(w, self.points)
        delta = self._gaps(stacks.f)
        out = losses.force(self.loss, delta)
        out = out * (self.y * (-1 / self.y.shape[-1]))
        grad = self.net.pullback(stacks, self.net.sensitivities(w, stacks, out))
        loss = losses.value(self.loss, delta).mean(1)
        return Evaluation(loss if self.alpha == 1 else loss / self.alpha, grad, delta)

    def _in_pieces(self, w: Any, pieces: int) -> Evaluation:
        """The same, a network standing in as many rows as there are pieces of its points: a sum over many points is long, not wide."""
        xp, count, P = xps.namespace(w), w.shape[0], self.y.shape[-1]
        part = copy(self)
        part.y = xp.broadcast_to(self.y, (count, P)).reshape(count * pieces, -1)
        points = xp.broadcast_to(self.points, (count, *self.points.shape[-2:])).reshape(count, -1, pieces, P // pieces)
        if self.origin is not None:
            part.origin = self.origin.reshape(count * pieces, -1)
        part.points = xp.moveaxis(points, 2, 1).reshape(count * pieces, -1, P // pieces)
        loss, grad, delta = part._evaluate(xp.repeat(w, pieces, axis=0))
        loss, grad = (a.reshape(count, pieces, -1).mean(1) for a in (loss, grad))
        return Evaluation(loss[:, 0], grad, delta.reshape(count, P))

    def energy(self, delta: Any) -> Any:
        """E = Σ ℓ(Δ) (S,)."""
        return losses.value(self.loss, delta).sum(1)

    def forces(self, delta: Any) -> tuple[Any, Any]:
        """ℓ′(Δ) and ℓ″(Δ), both (S, P)."""
        return losses.force(self.loss, delta), losses.curvature(self.loss, delta)

    def look(self, w: Any) -> "NetworkView":
        """The stacks at w, with the gaps."""
        stacks = self.net.forward(w, self.points)
        return NetworkView(stacks, self._gaps(stacks.f))

    def tangent(self, w: Any, view: "NetworkView", points: Any, weight: Any) -> Tangent:
        """J of y f at `points` (S, K), each row times `weight` (S, K)."""
        stacks = view.stacks.at(points)
        weight = weight if self.alpha == 1 else self.alpha * weight
        y = self.y[points] if self.y.ndim == 1 else xps.namespace(points).take_along_axis(self.y, points, axis=1)
        return NetworkTangent(self.net, stacks, self.net.sensitivities(w, stacks, y * weight))


def pieces_of(count: int, P: int) -> int:
    """Into how many equal pieces P points go, so that `count` rows make `BUSY` products of at least `SHORT` points."""
    most = max(1, min(BUSY // count, P // SHORT))
    return next(pieces for pieces in range(most, 0, -1) if P % pieces == 0)


class NetworkView:
    """A network's stacks and gaps at one w."""

    def __init__(self, stacks: Stacks, delta: Any) -> None:
        self.stacks, self.gaps = stacks, delta

    def seeds(self, index: Any) -> "NetworkView":
        """Some seeds only."""
        return NetworkView(self.stacks.seeds(index), self.gaps[index])

    def replace(self, index: Any, other: "NetworkView") -> None:
        """Overwrite some seeds."""
        self.stacks.replace(index, other.stacks)
        self.gaps[index] = other.gaps[index]


class NetworkTangent:
    """Linearised constraints of a network, through its two stacks."""

    def __init__(self, net: Dense, stacks: Stacks, sensitivities: list[Any]) -> None:
        self.net, self.stacks, self.d = net, stacks, sensitivities

    def kernel(self) -> Any:
        """Θ_yy (S, K, K)."""
        return self.net.kernel(self.stacks, self.d)

    def jacobian(self) -> Any:
        """Jᵀ (S, size, K)."""
        return self.net.jacobian(self.stacks, self.d)

    def pull(self, u: Any) -> Any:
        """Jᵀ(y u) (S, size)."""
        return self.net.pullback(self.stacks, [d * u[:, None, :] for d in self.d])


def hinge(net: Dense, points: Any) -> Fit:
    """The quadratic hinge, L = (1/P) Σ ½ max(0, Δ)²: the network as a packing, arXiv:1809.09349, eq. 1."""
    return Fit(net, points, "hinge")


def ending(
    final_gaps: Float[np.ndarray, "S P"],
    y: Float[np.ndarray, "*S P"],
    failed: Any,
    earlier: Float[np.ndarray, " S"],
    last: Float[np.ndarray, " S"],
    *,
    budget: int,
    second_order: bool,
) -> np.ndarray:
    """How each seed ended (S,): sat, failed, dead, unfinished or unsat.

    sat: N_Δ = 0, whatever the loss; failed: its numbers broke; dead: max f − min f < 1e-6; unfinished: the loss more than halved in
    the last 10 iterations (second order), or fell by more than 5 % in the last quarter of the budget (first order), or the budget was
    below 20. `earlier`, `last`: the loss at the beginning and the end of that stretch (`lookback` steps).
    """
    falling = (last < (0.5 if second_order else 0.95) * earlier) | (budget < 20)
    state = np.where(falling, "unfinished", "unsat").astype("<U10")
    f = y * (1 - final_gaps)
    state[np.ptp(f, axis=1) < 1e-6] = "dead"
    state[np.asarray(unsatisfied(final_gaps)) == 0] = "sat"
    state[np.asarray(failed, bool)] = "failed"
    return state


def lookback(budget: int, second_order: bool) -> int:
    """Over how many last steps `ending` asks whether the loss still falls."""
    return 10 if second_order else max(1, budget // 4)


def threshold(N: Float[np.ndarray, " W"], sat: np.ndarray, resamples: int = 400) -> tuple[float, float, float]:
    """N*: where half of the seeds are satisfied, with its 16th and 84th percentile over seeds drawn again.

    sat (W, S) bool, unfinished counts as not sat; interpolated in log N between the last width below ½ and the first at or above it
    after it; NaN if not bracketed. The bootstrap's generator is its own and fixed: same input, same bits.
    """
    order = np.argsort(N)
    N, sat = np.asarray(N, float)[order], np.asarray(sat, float)[order]
    best = crossing(N, sat)
    if np.isnan(best):
        return best, np.nan, np.nan
    rng = np.random.default_rng(0)
    draws = rng.integers(sat.shape[1], size=(resamples, sat.shape[1]))
    found = np.array([crossing(N, sat[:, draw]) for draw in draws])
    found = found[~np.isnan(found)]
    low, high = np.percentile(found, [16, 84])
    return best, float(low), float(high)


def crossing(N: Float[np.ndarray, " W"], sat: np.ndarray) -> float:
    """Where half of the seeds are satisfied (N rising, sat (W, S) bool), by interpolation in log N; NaN if not bracketed."""
    fraction = np.asarray(sat, float).mean(1)
    below = np.flatnonzero(fraction < 0.5)
    if below.size == 0 or below[-1] == len(N) - 1:
        return float("nan")
    i = below[-1]
    t = (0.5 - fraction[i]) / (fraction[i + 1] - fraction[i])
    return float(np.exp(np.log(N[i]) + t * (np.log(N[i + 1]) - np.log(N[i]))))
