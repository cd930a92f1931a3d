"""The paths of a tensor product as an experiment: which there are, how many, and how much of two random tensors each carries."""

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

from ...experiment import Table, experiment
from .algebra import Path, irreps, tensor_paths

NAMES = ("l_first", "p_first", "l_second", "p_second", "l_product", "p_product")


@experiment(cost="slider")
def paths(
    *,
    irreps1: str = "0e+1o+2e",
    irreps2: str = "0e+1o+2e",
    l_max: int = 2,
    symmetry: str = "O(3)",
    kept: str = "all",
    seeds: Any = 3,
) -> Iterator[Table]:
    """All ways l₁ ⊗ l₂ → l₃ ≤ l_max to make a tensor of two: l₃ from |l₁ − l₂| to l₁ + l₂, p₃ = p₁p₂; under SO(3) parity is forgotten.

    kept: "harmonics" keeps under O(3) what has the parity (−1)^l of a spherical harmonic. (path): l_first, p_first, l_second, p_second,
    l_product, p_product (NaN: no such path, or no parity), and path_weights, the pairs of copies it joins. (path, seed): path_share of
    two random tensors, (2l₃ + 1)‖C x y‖²/(‖x‖²‖y‖²), by e3nn's Wigner 3j symbols (Σ C² = 1): an orthogonal change of basis, so all
    paths together make 1, and what is missing is thrown away. Scalar: path_count. Y ⊗ Y → Y up to l = 1, 2, 3, 4: 4, 11, 23, 42 paths
    with parity, 5, 15, 34, 65 without. ValueError for a text that is no list of irreps.
    """
    table = (
        Table(path=np.arange(rows_at_most(irreps1, irreps2, l_max)), seed=seeds)
        .add("path_count")
        .add("path_weights", "path")
    )
    for name in NAMES:
        table.add(name, "path")
    table.add("path_share", "path seed")
    if "e3nn" not in sys.modules:
        yield table
    found, copies = kept_paths(irreps1, irreps2, l_max, symmetry, kept, table)
    yield table.set(progress=0.5)
    for s, seed in enumerate(seeds):
        rng = np.random.default_rng(seed)
        x, y = ({kind: rng.standard_normal(2 * kind[0] + 1) for kind in one} for one in copies)
        whole = np.prod([sum((v**2).sum() for v in one.values()) for one in (x, y)])
        for row, path in enumerate(found):
            product = np.einsum(
                "ijk,i,j->k", wigner(path.l1, path.l2, path.l3), x[path.l1, path.p1], y[path.l2, path.p2]
            )
            table.path_share[row, s] = (2 * path.l3 + 1) * (product**2).sum() / whole
    yield table.set(progress=1.0)


def rows_at_most(irreps1: str, irreps2: str, l_max: int) -> int:
    """More paths than that there are not: l₃ occurs once for each pair."""
    return (irreps1.count("+") + 1) * (irreps2.count("+") + 1) * (l_max + 1)


def kept_paths(
    irreps1: str, irreps2: str, l_max: int, symmetry: str, kept: str, table: Table
) -> tuple[list[Path], list[dict]]:
    """Writes the paths that `paths` asks for into its table; gives them, and how often each (l, p) occurs in either tensor."""
    first, second = irreps(irreps1, "irreps1"), irreps(irreps2, "irreps2")
    parity = symmetry == "O(3)"
    if not parity:
        first, second = ([(mul, (ir.l, 1)) for mul, ir in one] for one in (first, second))
    found = list(tensor_paths(first, second, l_max=l_max))
    if parity and kept == "harmonics":
        found = [path for path in found if path.p3 == (-1) ** path.l3]
    copies = [_copies(one) for one in (first, second)]
    for row, path in enumerate(found):
        for name, value in zip(NAMES, path, strict=True):
            if parity or name[0] == "l":
                getattr(table, name)[row] = value
        table.path_weights[row] = copies[0][path.l1, path.p1] * copies[1][path.l2, path.p2]
    table.set(path_count=len(found))
    return found, copies


def _copies(kinds: Any) -> dict[tuple[int, int], int]:
    """Copies of each (l, p)."""
    found: dict[tuple[int, int], int] = {}
    for mul, (l, p) in kinds:
        found[l, p] = found.get((l, p), 0) + mul
    return found


def wigner(l1: int, l2: int, l3: int) -> np.ndarray:
    """e3nn's real Wigner 3j symbol C (2l₁+1, 2l₂+1, 2l₃+1), Σ C² = 1, in double precision."""
    import torch
    from e3nn import o3

    return o3.wigner_3j(l1, l2, l3, dtype=torch.float64).numpy()
