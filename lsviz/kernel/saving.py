"""How many training points a symmetry saves: a kernel and the same kernel averaged over a group learn the same function."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Real

from ..equivariant.groups import Harmonics, group_named, harmonics
from ..experiment import Table, experiment
from .frozen import regression
from .invariant import invariant
from .sphere import of_distance, on_sphere, random_target

TEST = 500  # points
RIDGES = 10.0 ** np.arange(-9, 1)  # λ of K + Pλ; for both kernels alike
DEGREES = 12  # that are counted
REDRAWS = 1000  # of the seeds


@experiment(cost="watch")
def invariant_learning(
    *,
    group: str = "cyclic_6",
    kernel: str = "gaussian",
    target: str = "invariant",
    sizes: tuple[int, ...] = (8, 16, 32, 64, 128, 256, 512),
    noise: float = 0.1,
    seeds: Any = 10,
) -> Iterator[Table]:
    """Ridge regression with a kernel K and with K averaged over a group G: how many fewer points need the second for the same error?

    Points uniform on the sphere in d dimensions, whose coordinates G permutes; labels are a random function of mean 0 and variance 1
    (target "invariant": under G; or "not") plus noise of that standard deviation. A seed draws function, points and noise. Errors are mean
    squares against the function without noise, at 500 points. The ridge is the best of 1e-9 … 1 (times P) *on those test points*, for
    both kernels: each is given its best, which flatters both.

    (size_P, seed): error_plain, error_invariant. (seed): error_floor, the mean square of f − f_G, which no invariant function can learn.
    (size_P): gain = P′/P, where K first gets at P′ points as low as K_G at P, by geometric means over seeds and straight lines in
    log–log; gain_low, gain_high: its 16th and 84th percentile over seeds drawn again. NaN where `sizes` do not reach P′.
    (degree k = 1 … 12): harmonics N(d, k), harmonics_invariant N̄(d, k) by Molien's series, inverse_gamma = N/N̄ = 1/γ (infinite where
    N̄ = 0), power of the invariant part of f (mean over seeds).
    (size_P, degree): resolved, 1 where P points tell K_G the degree k: they are enough, Σ_{j ≤ k} N̄(d, j) ≤ P, and what is there is
    more than noise, power ≥ noise² N̄(d, k)/P. (size_P): gain_counted = Σ N/Σ N̄ over the degrees resolved and the constant.
    Scalar group_size = |G|. Few points first. Bietti, Venturi, Bruna 2021, arXiv:2106.07148.
    """
    elements = group_named(group)
    order = np.argsort(sizes, kind="stable")
    counts = harmonics(elements, DEGREES)
    table = Table(size_P=np.array(sizes), seed=seeds, degree=counts.degree[1:])
    table.add("error_plain", "size_P seed").add("error_invariant", "size_P seed").add("error_floor", "seed")
    table.add("gain", "size_P").add("gain_low", "size_P").add("gain_high", "size_P").add("gain_counted", "size_P")
    for name in ("harmonics", "harmonics_invariant", "inverse_gamma", "power"):
        table.add(name, "degree")
    table.add("resolved", "size_P degree").add("group_size", fill=len(elements))
    with np.errstate(divide="ignore"):
        table.set(inverse_gamma=counts.all[1:] / counts.invariant[1:])
    yield table.set(harmonics=counts.all[1:], harmonics_invariant=counts.invariant[1:])

    plain = of_distance(kernel)
    draws = [_Draw(seed, kernel, elements, target == "invariant", max(sizes), noise) for seed in seeds]
    power = np.mean([draw.target.power for draw in draws], axis=0)[: DEGREES + 1]
    seen = np.array([resolved(counts, power, P, noise) for P in sizes])
    table.set(error_floor=[draw.target.floor for draw in draws], power=power[1:], resolved=seen[:, 1:])
    table.set(gain_counted=[counts.all[row].sum() / counts.invariant[row].sum() for row in seen])
    yield table
    work, done = sum(P**2 for P in sizes) * len(seeds), 0.0
    for known, place in enumerate(order, 1):
        P = sizes[place]
        for s, draw in enumerate(draws):
            table.error_plain[place, s] = draw.error(plain, P)
            table.error_invariant[place, s] = draw.error(invariant(plain, elements), P)
            done += P**2
            if s == len(draws) - 1:
                first = order[:known]
                found = gains(np.array(sizes)[first], table.error_plain[first], table.error_invariant[first])
                for name, value in found._asdict().items():
                    getattr(table, name)[first] = value
            yield table.set(progress=0.99 * done / work)


def resolved(
    counts: Harmonics, power: Float[np.ndarray, " degrees"], P: int, noise: float
) -> Bool[np.ndarray, " degrees"]:
    """Which degrees 0, 1, … P points tell an invariant kernel. The rule: Σ_{j ≤ k} N̄(d, j) ≤ P, and power_k ≥ noise² N̄(d, k)/P.

    A degree is N̄ numbers to be learned. There must be as many points, lower degrees being learned first; and from P labels each number
    comes with the variance noise²/P, beside which the power of the degree must not be small. The constant counts as resolved.
    """
    enough = np.cumsum(counts.invariant) <= P
    clear = (power >= noise**2 * counts.invariant / P) & (counts.invariant > 0)
    clear[0] = enough[0] = True
    return enough & clear


class Gains(NamedTuple):
    """P′/P for each P, and where the seeds leave it."""

    gain: Float[np.ndarray, " sizes"]
    gain_low: Float[np.ndarray, " sizes"]
    gain_high: Float[np.ndarray, " sizes"]


def gains(
    sizes: Real[np.ndarray, " sizes"], plain: Float[np.ndarray, "sizes S"], fewer: Float[np.ndarray, "sizes S"]
) -> Gains:
    """P′/P, where the geometric mean over seeds of `plain` first gets at P′ points as low as that of `fewer` at P; sizes rising.

    gain_low, gain_high: 16th and 84th percentile when seeds are drawn again (bootstrap, both errors of a seed together; its generator
    is its own and fixed). NaN where `plain` begins lower or does not get there, and of the percentiles for a single seed.
    """
    logs = np.log(np.stack([plain, fewer]))
    S = logs.shape[2]
    drawn = np.random.default_rng(0).integers(S, size=(REDRAWS, S))
    again = _reach(np.log(sizes), *logs[:, :, drawn].mean(3))
    low, high = np.percentile(again, (16, 84), axis=1, method="nearest") if S > 1 else np.full((2, len(sizes)), np.nan)
    gain = _reach(np.log(sizes), *logs.mean(2)[..., None])[:, 0]
    return Gains(*(np.where(np.isfinite(one) & (one > 0), one, np.nan) for one in (gain, low, high)))


def _reach(
    sizes: Float[np.ndarray, " sizes"], plain: Float[np.ndarray, "sizes B"], fewer: Float[np.ndarray, "sizes B"]
) -> Float[np.ndarray, "sizes B"]:
    """P′/P; all in logarithms but the result. 0 where P′ lies below all sizes, infinite where beyond."""
    found = np.empty_like(fewer)
    columns = np.arange(plain.shape[1])
    for i, goal in enumerate(fewer):
        low = plain <= goal
        after = low.argmax(0)
        before = np.maximum(after - 1, 0)
        top, bottom = plain[before, columns], plain[after, columns]
        with np.errstate(invalid="ignore", divide="ignore"):
            part = (top - goal) / (top - bottom)
            inside = np.exp(sizes[before] + part * (sizes[after] - sizes[before]) - sizes[i])
        found[i] = np.where(~low.any(0), np.inf, np.where(after == 0, 0.0, inside))
    return found


class _Draw:
    """What one seed draws: a function, points of which a smaller P takes the first ones, labels; and points to test."""

    def __init__(self, seed: int, kernel: str, group: np.ndarray, symmetric: bool, most: int, noise: float) -> None:
        rng = np.random.default_rng(seed)
        d = group.shape[1]
        self.target = random_target(rng, kernel, group, symmetric)
        self.test = on_sphere(rng, TEST, d)
        self.wanted = self.target(self.test)
        for_points, for_noise = rng.spawn(2)  # each its own: however many there are, the first ones are the same
        self.x = on_sphere(for_points, most, d)
        self.y = self.target(self.x) + noise * for_noise.standard_normal(most)

    def error(self, kernel: Any, P: int) -> float:
        """Mean square at the test points, with the best ridge."""
        x, y = self.x[:P], self.y[:P]
        values, vectors = regression(kernel(x), y).modes
        learned = (vectors.T @ y)[:, None] / (values[:, None] + P * RIDGES)
        answers = (kernel(self.test, x) @ vectors) @ learned
        return float(((answers - self.wanted[:, None]) ** 2).mean(0).min())
