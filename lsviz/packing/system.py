"""Packings as systems f(w): particles in a periodic box, their energy, forces, gaps, contacts and rattlers, seeds in one batch."""

import math
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float

from ..descent.state import Evaluation
from . import checks
from .look import Look

KINDS = ("discs", "balls", "ellipses", "lennard_jones")
SMALL = 0.5  # radius of the small half; an ellipse's mean radius √(major·minor)
FLAT = 1e-20  # where a minimisation stops
CUT = 2.5  # of Lennard-Jones, in σ: the end of the force


class Packing:
    """n particles of fixed sizes in a periodic square or cube of side `box`: a function of w = x0, y0, x1, y1, …, then the angles.

    kind: discs, balls (dim 3), ellipses: U = Σ_{i<j} ½ max(0, 1 − r/σ)², σ the distance at which the two would touch along r (O'Hern et al.
    2003, 10.1103/PhysRevE.68.011306; ellipses: `contact_distance`); lennard_jones: U = Σ 4[(σ/r)¹² − (σ/r)⁶], force-shifted at 2.5 σ.
    Attributes: n, dim, box, phi (Σ volumes / box^dim), size, ratio, aspect, major and minor (n,), the semi-axes; w0 (1, size) or None.
    Lengths are in small diameters (`from_arrays`: in whatever unit is given; `minimise` wants diameters of order 1), energies in
    the unit in which a full overlap costs ½, angles in radians. S seeds in one batch, w (S, size).
    """

    def __init__(
        self,
        kind: str,
        major: np.ndarray,
        minor: np.ndarray,
        dim: int,
        box: float,
        *,
        ratio: float = math.nan,
        aspect: float = 1.0,
    ) -> None:
        self.kind, self.code, self.dim, self.box = kind, KINDS.index(kind), dim, float(box)
        self.major, self.minor, self.n = major, minor, len(major)
        self.ratio, self.aspect = ratio, aspect
        self.size = self.n * (3 if kind == "ellipses" else dim)
        self.w0: np.ndarray | None = None
        self.gyration = np.sqrt(major**2 + minor**2) / 2  # √I: an angle times this is a length
        self.frozen = bool(np.all(major == minor))  # discs in all but name: turning them is nothing
        self.reach = major * (CUT if kind == "lennard_jones" else 1.0)

    @property
    def volume(self) -> float:
        """Σ of the particles' volumes (areas in two dimensions)."""
        return float(np.sum(math.pi * self.major * self.minor if self.dim == 2 else 4 / 3 * math.pi * self.major**3))

    @property
    def phi(self) -> float:
        """φ, the packing fraction."""
        return self.volume / self.box**self.dim

    @property
    def freedoms(self) -> int:
        """Coordinates of one particle that cost something: 2, 3 for balls and for ellipses, whose angle counts at once."""
        return 3 if self.kind == "ellipses" and not self.frozen else self.dim

    @classmethod
    def from_arrays(
        cls, positions: Any, box: float, *, diameters: Any = None, semi_axes: Any = None, angles: Any = None
    ) -> "Packing":
        """Any state: positions (n, dim), dim 2 or 3, in a box of this side, and diameters (n,), or semi_axes (n, 2) with angles (n,).

        Its `w` is `.w0` (1, size). ValueError names what has a wrong shape, is not finite, or is too large for the box.
        """
        x = checks.array("positions", positions, "an array (n, 2) or (n, 3) of finite numbers", 2)
        n, dim = x.shape
        if n < 2 or dim not in (2, 3):
            raise ValueError(f"positions: got shape {x.shape}; allowed: (n, 2) or (n, 3), n ≥ 2")
        if (diameters is None) == (semi_axes is None):
            given = "neither" if diameters is None else "both"
            raise ValueError(f"diameters, semi_axes: got {given}; allowed: one of the two")
        box = checks.positive("box", box)
        if diameters is not None:
            if angles is not None:
                raise ValueError("angles: got angles of discs; allowed: angles together with semi_axes")
            major = minor = checks.sizes("diameters", diameters, (n,)) / 2
            kind = "discs" if dim == 2 else "balls"
        else:
            axes = checks.sizes("semi_axes", semi_axes, (n, 2))
            if dim != 2:
                raise ValueError(
                    f"semi_axes: got them for {dim} dimensions; allowed: in two dimensions, positions (n, 2)"
                )
            if angles is None:
                raise ValueError("angles: got none; allowed: an array (n,) together with semi_axes")
            theta = checks.array("angles", angles, "an array (n,) of finite numbers", 1)
            if theta.shape != (n,):
                raise ValueError(f"angles: got shape {theta.shape}; allowed: ({n},), one per particle")
            theta = theta + np.where(axes[:, 0] < axes[:, 1], math.pi / 2, 0)  # the longer one first
            major, minor = axes.max(1), axes.min(1)
            kind = "ellipses"
        packing = cls(kind, major.copy(), minor.copy(), dim, box, ratio=math.nan, aspect=float((major / minor).max()))
        if 2 * packing.reach.max() * 2 >= box:
            raise ValueError(f"box: got {box:g}; allowed: > {4 * packing.reach.max():g}, twice the longest particle, or a "
                             "particle would meet two images of another")  # fmt: skip
        packing.w0 = np.concatenate([x.ravel(), theta] if kind == "ellipses" else [x.ravel()])[None]
        return packing

    def at(self, phi: float) -> "Packing":
        """The same particles at another φ. ValueError when the box gets too small for them."""
        other = Packing(self.kind, self.major, self.minor, self.dim, (self.volume / phi) ** (1 / self.dim), ratio=self.ratio,
                        aspect=self.aspect)  # fmt: skip
        _fits(other)
        return other

    def carry(self, w: Float[np.ndarray, "S size"], other: "Packing") -> Float[np.ndarray, "S size"]:
        """w with its positions stretched from this box to the other's; angles stay."""
        w = np.array(w, float)
        w[:, : self.n * self.dim] *= other.box / self.box
        return w

    def init(self, seeds: Any) -> Float[np.ndarray, "S size"]:
        """Thrown at random into the box, one generator a seed. Lennard-Jones particles are first pushed apart as discs of their size."""
        seeds = range(seeds) if isinstance(seeds, int) else seeds
        rows = []
        for seed in seeds:
            rng = np.random.default_rng(seed)
            row = rng.uniform(0, self.box, self.n * self.dim)
            if self.kind == "ellipses":
                row = np.concatenate([row, rng.uniform(0, math.pi, self.n)])
            rows.append(row)
        w = np.array(rows).reshape(len(rows), self.size)
        if self.kind == "lennard_jones" and len(rows):
            from .minimise import settled

            soft = Packing("discs", 0.9 * self.major, 0.9 * self.minor, 2, self.box)
            w = settled(soft, w, budget=2000, tol=1e-2).w
        return w

    # ---- f(w)

    def energy(self, w: Float[np.ndarray, "S size"]) -> Float[np.ndarray, " S"]:
        """U (S,)."""
        return self._energy_force(w)[0]

    def force(self, w: Float[np.ndarray, "S size"]) -> Float[np.ndarray, "S size"]:
        """−∂U/∂w (S, size)."""
        return self._energy_force(w)[1]

    def evaluate(self, w: Float[np.ndarray, "S size"]) -> Evaluation:
        """U, ∂U/∂w and the gaps: the system as every descent asks for it."""
        energy, force = self._energy_force(w)
        return Evaluation(energy, -force, self.gaps(w))

    def gaps(self, w: Float[np.ndarray, "S size"]) -> Float[np.ndarray, "S pairs"]:
        """1 − r/σ of every pair in reach, up to 0.1 small diameters beyond touching: positive where they overlap (Lennard-Jones:
        1 − r/1.5σ, positive in the first shell); −inf where a seed has fewer pairs."""
        return self.look(w).gaps

    def pairs(self, w: Float[np.ndarray, "S size"]) -> Any:
        """The particles (S, pairs, 2) of each gap; −1 where a seed has fewer."""
        return self.look(w).pairs

    def look(self, w: Float[np.ndarray, "S size"]) -> Look:
        """All pairs in reach with their gaps and forces."""
        return Look(self, self._checked(w))

    def tolerance(self, w: Float[np.ndarray, "S size"]) -> Float[np.ndarray, " S"]:
        """The gap (S,) above which a pair is a contact, for `jamming.unsatisfied`."""
        return self.look(w).tolerance

    def contacts(self, w: Float[np.ndarray, "S size"], tol: Any = None) -> list[np.ndarray]:
        """The pairs (k, 2) in contact, one array per seed. tol: a number or (S,); by default `tolerance(w)`."""
        look = self.look(w)
        tol = np.broadcast_to(look.tolerance if tol is None else tol, (len(look.gaps),))
        return [pairs[gaps > limit] for pairs, gaps, limit in zip(look.pairs, look.gaps, tol)]

    def rattlers(self, w: Float[np.ndarray, "S size"]) -> np.ndarray:
        """(S, n) true for what nothing holds: fewer than dim + 1 contacts, again and again; none in Lennard-Jones, nor where unjammed."""
        return self.look(w).rattlers

    def N(self, w: Float[np.ndarray, "S size"]) -> np.ndarray:
        """N (S,): coordinates that count, 2n′, 3n′ for balls and ellipses; n′ particles are no rattlers (all of them where unjammed).

        The trivial modes are counted: moving everything costs nothing, so at threshold discs have N_Δ = (2n′ − 2) + 1 = 2n′ − 1 contacts,
        one for each other mode and one because there is a state of self-stress.
        """
        return self.look(w).N

    def hessian(self, w: Float[np.ndarray, "S size"], counted: bool = False) -> np.ndarray:
        """∂²U/∂q∂q (S, size, size) in natural coordinates q (`natural`).

        counted: of the contacts that count alone (`contacts`, between particles that are no rattlers). An overlap far smaller than the
        others, left where a descent stopped, has a stiffness of order one all the same.
        """
        from . import kernels

        look = self.look(w)
        out = np.empty((len(w), self.size, self.size))
        for s, (q, matrix) in enumerate(zip(self.natural(self._checked(w)), out)):
            start, near, shift, _ = self.list(q, 0.0)
            if counted:
                held = {tuple(sorted(pair)) for pair in look.pairs[s][look.bearing_contacts[s]].tolist()}
                owner = np.repeat(np.arange(self.n), np.diff(start))
                keep = np.array([(min(i, j), max(i, j)) in held for i, j in zip(owner, near[: start[-1]])], bool)
                near, shift = near[: start[-1]][keep].copy(), shift[: start[-1]][keep].copy()
                start = np.concatenate([[0], np.cumsum(np.bincount(owner[keep], minlength=self.n))]).astype(np.int32)
            kernels.hessian(self.code, q, self.n, self.dim, self.major, self.minor, self.gyration, start, near, shift,
                            np.empty((self.n, 4)), matrix)  # fmt: skip
        return out

    def natural(self, w: Float[np.ndarray, "S size"]) -> np.ndarray:
        """q = x, y, …, θ√I: coordinates of one unit, in which descents and stiffnesses are told."""
        return np.ascontiguousarray(w * self.unit, dtype=float)

    @cached_property
    def unit(self) -> np.ndarray:
        """(size,) 1 for a position, √I for an angle: q = w · unit."""
        turns = self.gyration if self.kind == "ellipses" else np.empty(0)
        return np.concatenate([np.ones(self.n * self.dim), turns])

    def in_natural(self) -> "Natural":
        """This packing as a problem in q, for the generic descents."""
        return Natural(self)

    # ---- for the kernels

    def list(self, q: np.ndarray, skin: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
        """The near pairs of one seed: start (n + 1,), near and shift, and how many."""
        from . import kernels

        start, room = np.empty(self.n + 1, np.int32), 12 * self.n + 200
        while True:
            near, shift = np.empty(room, np.int32), np.empty((room, self.dim))
            found = kernels.near_pairs(q, self.n, self.dim, self.box, self.reach, skin, start, near, shift)
            if found >= 0:
                return start, near, shift, found
            room *= 3

    def _energy_force(self, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        from . import kernels

        w = self._checked(w)
        energy, force, shape = np.empty(len(w)), np.empty_like(w), np.empty((self.n, 4))
        for s, q in enumerate(self.natural(w)):
            start, near, shift, _ = self.list(q, 0.0)
            energy[s] = kernels.energy_force(self.code, q, self.n, self.major, self.minor, self.gyration, self.frozen,
                                             start, near, shift, force[s], shape)  # fmt: skip
        return energy, force * self.unit

    def _checked(self, w: Any) -> np.ndarray:
        w = np.asarray(w, float)
        if w.ndim != 2 or w.shape[1] != self.size:
            raise ValueError(f"w: got shape {w.shape}; allowed: (S, {self.size}), one row of coordinates per seed")
        if not np.isfinite(w).all():
            raise ValueError("w: got coordinates that are not finite; allowed: finite numbers")
        return w


class Natural:
    """A packing in the coordinates q = w · unit."""

    def __init__(self, packing: Packing) -> None:
        self.packing = packing

    def evaluate(self, q: np.ndarray) -> Evaluation:
        """Energy, its gradient in q, gaps."""
        now = self.packing.evaluate(q / self.packing.unit)
        return Evaluation(now.loss, now.grad / self.packing.unit, now.gaps)


def discs(phi: float, n: int, dim: int = 2, ratio: float = 1.4) -> Packing:
    """n discs (dim 2) or balls (dim 3) at packing fraction φ: harmonic repulsion, half small, half larger by `ratio`."""
    if isinstance(dim, bool) or dim not in (2, 3):
        raise ValueError(f"dim: got {dim!r}; allowed: 2 (discs) or 3 (balls)")
    return _make("discs" if dim == 2 else "balls", phi, n, 1.0, ratio, int(dim))


def ellipses(phi: float, n: int, aspect: float, ratio: float = 1.4) -> Packing:
    """n ellipses of area πR² (R = 0.5, and larger by `ratio`) with semi-axes R√aspect and R/√aspect, at packing fraction φ."""
    return _make("ellipses", phi, n, aspect, ratio, 2)


def lennard_jones(phi: float, n: int, ratio: float = 1.4) -> Packing:
    """n Lennard-Jones discs: σ of a pair is the mean of its diameters, the force ends smoothly at 2.5 σ; φ counts them as discs."""
    return _make("lennard_jones", phi, n, 1.0, ratio, 2)


def _make(kind: str, phi: float, n: int, aspect: float, ratio: float, dim: int) -> Packing:
    phi, n = checks.number("phi", phi, 0, 2, "a number above 0 and up to 2"), checks.whole("n", n)
    aspect = checks.number("aspect", aspect, 1, 30, "a number from 1 to 30", low_too=True)
    ratio = checks.number("ratio", ratio, 0.1, 10, "a number from 0.1 to 10", low_too=True)
    mean = np.where(np.arange(n) < n // 2, SMALL, SMALL * ratio)
    major, minor = mean * math.sqrt(aspect), mean / math.sqrt(aspect)
    packing = Packing(kind, major, minor, dim, 1.0, ratio=ratio, aspect=aspect)
    packing.box = (packing.volume / phi) ** (1 / dim)
    _fits(packing)
    return packing


def _fits(packing: Packing) -> None:
    """ValueError where a particle would meet two images of another."""
    need = (5 if packing.kind == "lennard_jones" else 2) * 2 * packing.major.max()
    if packing.box >= need:
        return
    least = math.ceil(packing.n * (need / packing.box) ** packing.dim)
    allowed = f"n ≥ {least} or so at this φ"
    name, given = "n", str(packing.n)
    if packing.kind == "ellipses" and packing.aspect > 1:
        name, given = "aspect", f"{packing.aspect:g}"
        allowed = (
            f"{allowed}, or an aspect ≤ {packing.aspect * (packing.box / need) ** 2:.3g}"
            if packing.box < need
            else allowed
        )
    raise ValueError(
        f"{name}: got {given} at phi = {packing.phi:.3g}, n = {packing.n}: a box of side {packing.box:.3g}, too small for particles that "
        f"need {need:.3g} (else one would meet two images of another); allowed: {allowed}"
    )
