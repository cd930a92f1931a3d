"""What is turned by hand in space: functions on the sphere and their coefficients, two vectors and their products."""

import sys
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
from jaxtyping import Float

from ...experiment import Table, experiment
from .acting import representation, sphere_irreps
from .building import in_double
from .motions import INVERSION, Motion, after, from_quaternion
from .products import kept_paths, rows_at_most, wigner
from .shapes import as_sphere

HIGHEST = 4  # degree of the functions shown
NUMBERS = (HIGHEST + 1) ** 2
POLAR, AROUND = 64, 128  # points of the surface: 8192
IRREPS = {"polar": ("1o", "1o"), "mixed": ("1e", "1o"), "axial": ("1e", "1e")}
LENGTHS = (1.2, 0.9)  # of the two vectors
DEGREES = np.repeat(np.arange(HIGHEST + 1), 2 * np.arange(HIGHEST + 1) + 1)


def motion_of(rotation: Any, mirror: str = "no") -> Motion:
    """The inversion, if mirror is "yes", and then the turn of a quaternion (w, x, y, z). ValueError that names `rotation`."""
    try:
        turn = from_quaternion(rotation)
    except ValueError:
        raise ValueError(
            f"rotation: got {rotation!r}; allowed: four numbers (w, x, y, z), not all 0, as (1, 0, 0, 0)"
        ) from None
    return after(turn, INVERSION) if mirror == "yes" else turn


@experiment(cost="slider")
def turned_harmonics(
    *,
    function: str = "one",
    l: int = 3,
    m: int = 1,
    rotation: tuple[float, ...] = (1.0, 0.0, 0.0, 0.0),
    mirror: str = "no",
    seeds: Any = 1,
) -> Iterator[Table]:
    """A function on the sphere, f = Σ a_lm Y_lm up to l = 4, before and after it is turned in space: (g f)(x̂) = f(g⁻¹x̂).

    Real, orthonormal Y_lm of e3nn, polar axis y; all functions have Σ a² = 1. function: "one" is Y_lm itself; up to degree l, "random":
    normal a_lm of each seed; "axes": a peak at each of ±x, ±y, ±z; "shape": how far a tetromino reaches.
    (coefficient, seed): a_before; a_after = ∫ (g f) Y_lm, by quadrature, so that D is not put in; a_predicted = D(g) a_before by e3nn.
    (harmonic_degree, seed): power_before, power_after, Σ_m a². (coefficient, of_coefficient): turn_matrix ∫ Y_i(x̂) Y_j(g⁻¹x̂), by the same
    quadrature, exact to this degree. (seed): motion_error, max |a_after − a_predicted| over max |a|. (polar, azimuth, seed): radius, f
    as it stands before. Scalar leak: the largest |entry| of turn_matrix between different degrees. ValueError for |m| > l.
    """
    if function == "one" and abs(m) > l:
        raise ValueError(f"m: got {m}; allowed: a whole number from −l to l, here −{l} to {l}")
    motion = motion_of(rotation, mirror)
    polar, around = angles()
    table = Table(coefficient=np.arange(NUMBERS), of_coefficient=np.arange(NUMBERS), harmonic_degree=np.arange(HIGHEST + 1), seed=seeds,
                  polar=polar, azimuth=around)  # fmt: skip
    for name in ("a_before", "a_after", "a_predicted"):
        table.add(name, "coefficient seed")
    for name in ("power_before", "power_after"):
        table.add(name, "harmonic_degree seed")
    table.add("turn_matrix", "coefficient of_coefficient").add("motion_error", "seed").add("leak")
    table.add("radius", "polar azimuth seed")
    if "e3nn" not in sys.modules:
        yield table  # e3nn takes seconds to load
    a = np.stack([coefficients(function, l, m, seed) for seed in seeds], -1)
    measured = measured_matrix(motion)
    table.set(
        a_before=a, a_after=measured @ a, a_predicted=representation(motion, sphere_irreps(HIGHEST)) @ a, turn_matrix=measured
    )
    for name in ("before", "after"):
        squares = getattr(table, f"a_{name}") ** 2
        getattr(table, f"power_{name}")[:] = np.stack([squares[k == DEGREES].sum(0) for k in range(HIGHEST + 1)])
    table.motion_error[:] = np.abs(table.a_after - table.a_predicted).max(0) / np.abs(a).max(0)
    table.set(leak=np.abs(measured[DEGREES[:, None] != DEGREES]).max())
    table.radius[:] = surface_harmonics() @ a
    yield table.set(progress=0.9)
    yield table.set(progress=1.0)


@experiment(cost="slider")
def vector_products(
    *,
    vectors: str = "polar",
    between: float = 60.0,
    rotation: tuple[float, ...] = (1.0, 0.0, 0.0, 0.0),
    mirror: str = "no",
    irreps1: str = "0e+1o+2e",
    irreps2: str = "0e+1o+2e",
    l_max: int = 2,
    symmetry: str = "O(3)",
    kept: str = "all",
    seeds: Any = 1,
) -> Iterator[Table]:
    """Two vectors a, b and their products before and after a motion g: a·b (l = 0), a × b (l = 1), and the traceless (abᵀ + baᵀ)/2 (l = 2).

    vectors: "polar", two arrows (1o), "axial", two axes of turning (1e), "mixed", one of each; |a| = 1.2, |b| = 0.9, `between` the
    angle in degrees, in a plane of each seed. The products are e3nn's: C a b with the Wigner 3j symbol, times √3, √6, √5, so that the
    first is a·b, the second a × b, and the third as long as the matrix. (product_number, seed): product_before; product_after, of the
    turned vectors; product_predicted, D(g) product_before. (axis, seed): vector_a, vector_b, as they stand, and a_turned, b_turned.
    (axis, of_axis, seed): traceless, the matrix as it stands, and traceless_turned. (seed): motion_error, ‖after − predicted‖ over
    ‖before‖. Beside it the paths of irreps1 ⊗ irreps2, as in `paths`. ValueError for a text that is no list of irreps.
    """
    motion = motion_of(rotation, mirror)
    axes = np.array(["x", "y", "z"])
    table = Table(product_number=np.arange(9), axis=axes, of_axis=axes, seed=seeds,
                  path=np.arange(rows_at_most(irreps1, irreps2, l_max)))  # fmt: skip
    for name in ("product_before", "product_after", "product_predicted"):
        table.add(name, "product_number seed")
    for name in ("vector_a", "vector_b", "a_turned", "b_turned"):
        table.add(name, "axis seed")
    for name in ("traceless", "traceless_turned"):
        table.add(name, "axis of_axis seed")
    table.add("motion_error", "seed").add("path_count").add("path_weights", "path")
    for name in ("l_first", "p_first", "l_second", "p_second", "l_product", "p_product"):
        table.add(name, "path")
    if "e3nn" not in sys.modules:
        yield table
    kinds = IRREPS[vectors]
    out = f"0{parity(kinds)}+1{parity(kinds)}+2{parity(kinds)}"
    D = representation(motion, out)
    for s, seed in enumerate(seeds):
        pair = two_vectors(between, seed)
        turned = [representation(motion, kind) @ vector for kind, vector in zip(kinds, pair, strict=True)]
        before, now = products(*pair), products(*turned)
        table.product_before[:, s], table.product_after[:, s], table.product_predicted[:, s] = before, now, D @ before
        table.motion_error[s] = np.linalg.norm(now - D @ before) / np.linalg.norm(before)
        table.vector_a[:, s], table.vector_b[:, s] = pair
        table.a_turned[:, s], table.b_turned[:, s] = turned
        table.traceless[..., s], table.traceless_turned[..., s] = traceless(*pair), traceless(*turned)
    kept_paths(irreps1, irreps2, l_max, symmetry, kept, table)
    yield table.set(progress=0.9)
    yield table.set(progress=1.0)


def parity(kinds: tuple[str, ...]) -> str:
    """That of a product: odd if an odd number of its factors is."""
    return "eo"[sum(kind.endswith("o") for kind in kinds) % 2]


def two_vectors(between: float, seed: int) -> tuple[Float[np.ndarray, "3"], Float[np.ndarray, "3"]]:
    """a and b with the angle `between` (degrees), in a plane that is uniform over all."""
    frame = from_quaternion(np.random.default_rng(seed).standard_normal(4)).rotation
    angle = np.radians(between)
    return LENGTHS[0] * frame[0], LENGTHS[1] * (np.cos(angle) * frame[0] + np.sin(angle) * frame[1])


def products(a: Float[np.ndarray, "3"], b: Float[np.ndarray, "3"]) -> Float[np.ndarray, "9"]:
    """The numbers of l = 0, 1, 2 of a ⊗ b, in e3nn's order and the units of the docstring above: nine for nine a_i b_j, none is lost."""
    return np.concatenate(
        [np.sqrt(scale) * np.einsum("ijk,i,j->k", wigner(1, 1, l), a, b) for l, scale in enumerate((3, 6, 5))]
    )


def traceless(a: Float[np.ndarray, "3"], b: Float[np.ndarray, "3"]) -> Float[np.ndarray, "3 3"]:
    """(abᵀ + baᵀ)/2 − (a·b)/3."""
    return (np.outer(a, b) + np.outer(b, a)) / 2 - np.eye(3) * (a @ b) / 3


# ---- functions on the sphere


def values_of(x: Float[np.ndarray, "*points 3"]) -> Float[np.ndarray, "*points coefficients"]:
    """Y_lm at directions x: e3nn's, orthonormal over the sphere ("integral")."""
    import torch
    from e3nn import o3

    with in_double(), torch.no_grad():
        return o3.spherical_harmonics(list(range(HIGHEST + 1)), torch.from_numpy(np.array(x)), True, "integral").numpy()


def angles() -> tuple[Float[np.ndarray, " polar"], Float[np.ndarray, " azimuth"]]:
    """Of the surface: from the polar axis y, and about it from z towards x."""
    return np.linspace(0, np.pi, POLAR), np.linspace(0, 2 * np.pi, AROUND, endpoint=False)


@lru_cache(maxsize=1)
def surface_harmonics() -> Float[np.ndarray, "polar azimuth coefficients"]:
    """Y_lm on the grid of the surface."""
    return values_of(directions(*angles()))


def directions(
    polar: Float[np.ndarray, " polar"], around: Float[np.ndarray, " azimuth"]
) -> Float[np.ndarray, "polar azimuth 3"]:
    """Unit vectors (x, y, z) at these angles."""
    up, side = np.cos(polar)[:, None], np.sin(polar)[:, None]
    return np.stack(np.broadcast_arrays(side * np.sin(around), up, side * np.cos(around)), -1)


@lru_cache(maxsize=1)
def quadrature() -> tuple[Float[np.ndarray, "points 3"], Float[np.ndarray, "points coefficients"]]:
    """Points on the sphere, and Y_lm there times their weights: integrates products of two functions up to l = 4 exactly."""
    up, weights = np.polynomial.legendre.leggauss(2 * HIGHEST)
    around = 2 * np.pi * np.arange(4 * HIGHEST) / (4 * HIGHEST)
    x = directions(np.arccos(up), around).reshape(-1, 3)
    return x, values_of(x) * (np.repeat(weights, len(around)) * 2 * np.pi / len(around))[:, None]


def measured_matrix(motion: Motion) -> Float[np.ndarray, "coefficients coefficients"]:
    """∫ Y_i(x̂) Y_j(g⁻¹x̂): what a motion does to coefficients, from the functions alone."""
    x, weighted = quadrature()
    return weighted.T @ values_of(x @ motion.rotation)  # rows g⁻¹x, as R⁻¹ is Rᵀ


def coefficients(function: str, l: int, m: int, seed: int) -> Float[np.ndarray, " coefficients"]:
    """a_lm of one of the functions of `turned_harmonics`, Σ a² = 1."""
    a = np.zeros(NUMBERS)
    if function == "one":
        a[l * l + l + m] = 1
    elif function == "random":
        a[:] = np.random.default_rng(seed).standard_normal(NUMBERS)
    elif function == "axes":
        a[:] = values_of(np.concatenate([np.eye(3), -np.eye(3)])).sum(0)
    else:
        a[:] = as_sphere("chiral_1", HIGHEST)[0]
    a[l < DEGREES] = 0
    return a / np.linalg.norm(a)
