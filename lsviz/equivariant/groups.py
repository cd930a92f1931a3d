"""Groups of permutations as arrays of indices (elements, d), and how many functions on the sphere each of them leaves as they are."""

import itertools
import math
from collections import Counter
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

MOST_LETTERS = 6  # of all permutations: 720; those of 8 are 40 320, which no average of kernels wants


def cyclic(d: Any) -> Int[np.ndarray, "elements d"]:
    """The d rotations of d coordinates in a ring. ValueError for d < 1."""
    return (np.arange(_count("d", d, 1))[:, None] + np.arange(d)) % d


def dihedral(d: Any) -> Int[np.ndarray, "elements d"]:
    """The 2d rotations and reflections of d coordinates in a ring. ValueError for d < 3, where the two are not different."""
    turns = cyclic(_count("d", d, 3))
    return np.concatenate([turns, turns[:, ::-1]])


def permutations(d: Any) -> Int[np.ndarray, "elements d"]:
    """All d! permutations of d coordinates (S_d), d ≤ 6."""
    return np.array(list(itertools.permutations(range(_count("d", d, 1, MOST_LETTERS)))))


GROUPS = {
    "cyclic_4": (cyclic, 4),
    "cyclic_6": (cyclic, 6),
    "cyclic_8": (cyclic, 8),
    "dihedral_6": (dihedral, 6),
    "S4": (permutations, 4),
}


def group_named(name: str) -> Int[np.ndarray, "elements d"]:
    """The group of that name: cyclic_4, cyclic_6, cyclic_8, dihedral_6 or S4; the digit is d. ValueError for another name."""
    if name not in GROUPS:
        raise ValueError(f"group: got {name!r}; allowed: one of {', '.join(GROUPS)}")
    make, d = GROUPS[name]
    return make(d)


def acts(group: Any, x: Any) -> Any:
    """D(g)x = x[..., g]: coordinate i of the result is coordinate g_i of x. NumPy or torch.

    group: one element (d,), which gives the shape of x; or elements (n, d), which give (…, n, d). D(g)D(h) is x[..., h[g]].
    ValueError unless each element is a permutation of as many coordinates as x has.
    """
    indices = _indices("group", group)
    shape = tuple(getattr(x, "shape", ()))
    if not shape or shape[-1] != indices.shape[-1]:
        raise ValueError(f"x: got shape {shape}; allowed: (…, {indices.shape[-1]}), what the group acts on")
    return x[..., indices]


def checked(group: Any) -> Int[np.ndarray, "elements d"]:
    """`group` as an array of indices. ValueError unless it is a group: different permutations, the identity, each product of two."""
    indices = _indices("group", group)
    if indices.ndim != 2:
        raise ValueError(f"group: got shape {indices.shape}; allowed: (elements, d)")
    known = {row.tobytes() for row in indices}
    if len(known) < len(indices):
        raise ValueError(f"group: got an element twice among {len(indices)}; allowed: different permutations")
    if np.arange(indices.shape[1]).tobytes() not in known:
        raise ValueError("group: got no identity; allowed: a group")
    for g in indices:
        if not all(row.tobytes() in known for row in np.ascontiguousarray(indices[:, g])):
            raise ValueError(
                f"group: got elements whose product with {tuple(map(int, g))} is missing; allowed: a group, closed"
            )
    return indices


class Harmonics(NamedTuple):
    """Numbers of independent polynomials of each degree on the sphere in d dimensions."""

    degree: Int[np.ndarray, " degrees"]  # 0, 1, …
    all: Int[np.ndarray, " degrees"]  # N(d, k)
    invariant: Int[np.ndarray, " degrees"]  # N̄(d, k), left as they are by the group


def harmonics(group: Any, k: Any) -> Harmonics:
    """N(d, j) spherical harmonics of degree j = 0 … k, and N̄(d, j) that the group leaves as they are; exact whole numbers.

    Molien's series: Σ_j N̄(d, j) t^j is the mean over g of (1 − t²)/Π(1 − t^ℓ), one factor for each cycle of g, of length ℓ;
    N(d, j) is the same for the identity alone. ValueError unless `group` is a group that acts on d ≥ 2 coordinates, and k ≥ 0.
    """
    elements = checked(group)
    d = elements.shape[1]
    if d < 2:
        raise ValueError(f"group: got {d} coordinate; allowed: at least 2, where a sphere has harmonics of all degrees")
    k = _count("k", k, 0)
    types = Counter(_cycles(g) for g in elements)
    total = [0] * (k + 1)
    for lengths, many in types.items():
        total = [a + many * b for a, b in zip(total, _series(lengths, k), strict=True)]
    if any(number % len(elements) for number in total):
        raise AssertionError("Molien's series of a group has whole coefficients")
    invariant = [number // len(elements) for number in total]
    return Harmonics(np.arange(k + 1), np.array(_series((1,) * d, k)), np.array(invariant))


def molien(group: Any, k: Any) -> Float[np.ndarray, " k"]:
    """γ_d(j) = N̄(d, j)/N(d, j) of degrees j = 1 … k: the share of harmonics of degree j that the group leaves as they are.

    An invariant kernel needs 1/γ(j) times fewer points to learn degree j (Bietti, Venturi, Bruna 2021, arXiv:2106.07148): γ → 1/|G| as
    j → ∞, slowly for a group whose elements leave many coordinates in place. Exact up to the last division. 1/0 never occurs, but γ
    may be 0: then no function of that degree is invariant. ValueError as for `harmonics`, and k < 1.
    """
    counts = harmonics(group, _count("k", k, 1))
    return np.array(
        [float(Fraction(int(few), int(all_))) for few, all_ in zip(counts.invariant[1:], counts.all[1:], strict=True)]
    )


def _series(lengths: tuple[int, ...], k: int) -> list[int]:
    """Coefficients of (1 − t²)/Π(1 − t^ℓ) up to t^k."""
    series = [1] + [0] * k
    if k >= 2:
        series[2] = -1
    for length in lengths:
        for j in range(length, k + 1):
            series[j] += series[j - length]
    return series


def _cycles(g: np.ndarray) -> tuple[int, ...]:
    """Lengths of the cycles of a permutation, rising."""
    left, lengths = set(range(len(g))), []
    while left:
        start = at = left.pop()
        length = 1
        while (at := int(g[at])) != start:
            left.remove(at)
            length += 1
        lengths.append(length)
    return tuple(sorted(lengths))


def _indices(name: str, group: Any) -> np.ndarray:
    """`group` as whole numbers (d,) or (elements, d). ValueError unless each row is a permutation."""
    indices = np.asarray(group)
    if indices.ndim not in (1, 2) or not indices.size or indices.dtype.kind not in "iu":
        raise ValueError(
            f"{name}: got {indices.dtype} numbers of shape {indices.shape}; allowed: whole numbers, (d,) or (elements, d)"
        )
    d = indices.shape[-1]
    if (np.sort(indices, axis=-1) != np.arange(d)).any():
        raise ValueError(f"{name}: got a row that is no permutation; allowed: each of 0 … {d - 1} once in each row")
    return np.ascontiguousarray(indices, dtype=int)


def _count(name: str, value: Any, low: int, high: float = math.inf) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or not low <= value <= high:
        raise ValueError(
            f"{name}: got {value!r}; allowed: a whole number ≥ {low}" + (f" and ≤ {high}" if high < math.inf else "")
        )
    return int(value)
