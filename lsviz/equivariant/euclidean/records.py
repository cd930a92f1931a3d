"""Points in space as a record, with the edges between near ones. NumPy outside, torch inside a network; a record is a pytree of torch."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int


class Points(NamedTuple):
    """Points of one or more graphs, one after another. Edges are part of x: they are found before anything is differentiated."""

    positions: Float[Any, "n 3"]
    features: Float[Any, "n dim"]  # numbers of some irreps at each point
    edges: Int[
        Any, "2 E"
    ]  # (from, to): each pair of neighbours twice, once in each direction; none from a point to itself
    graph: Int[Any, " n"]  # which graph a point belongs to: 0, 1, …, rising


def points(positions: Any, features: Any = None, cutoff: float = 2.5) -> Points:
    """One graph of points (n, 3); features (n, dim), a 1 each if not given. ValueError for no points or numbers that are not finite."""
    r = _positions(positions)
    f = np.ones((len(r), 1)) if features is None else np.asarray(features, float)
    if f.ndim != 2 or len(f) != len(r) or not f.shape[1] or not np.isfinite(f).all():
        raise ValueError(
            f"features: got shape {f.shape}; allowed: ({len(r)}, dim) finite numbers, as np.ones(({len(r)}, 1))"
        )
    return Points(r, f, radius_graph(r, cutoff), np.zeros(len(r), int))


def radius_graph(positions: Any, cutoff: float, graph: Any = None) -> Int[np.ndarray, "2 E"]:
    """Edges (from, to) between all different points of one graph nearer than `cutoff`, sorted by `to`, then `from`.

    graph (n,): which graph each point belongs to; all to one if not given. ValueError for a cutoff that is not above 0 and for two
    points in one place, between which there is no direction.
    """
    from scipy.spatial import cKDTree

    r = _positions(positions)
    if not (np.isfinite(cutoff) and cutoff > 0):
        raise ValueError(f"cutoff: got {cutoff!r}; allowed: a number > 0, in the units of the positions, as 2.5")
    group = np.zeros(len(r), int) if graph is None else np.asarray(graph)
    if group.shape != (len(r),) or group.dtype.kind not in "iu":
        raise ValueError(f"graph: got {group.dtype} numbers of shape {group.shape}; allowed: ({len(r)},) whole numbers")
    found = []
    for g in np.unique(group):
        here = np.flatnonzero(group == g)
        pairs = here[cKDTree(r[here]).query_pairs(float(cutoff), output_type="ndarray")]
        found.append(pairs[np.linalg.norm(r[pairs[:, 0]] - r[pairs[:, 1]], axis=1) < cutoff])
    pairs = np.concatenate(found).reshape(-1, 2)
    close = np.linalg.norm(r[pairs[:, 0]] - r[pairs[:, 1]], axis=1) == 0
    if close.any():
        i, j = map(int, pairs[close][0])
        raise ValueError(f"positions: got points {i} and {j} in one place; allowed: different places in one graph")
    edges = np.concatenate([pairs, pairs[:, ::-1]]).T.astype(int)
    return np.ascontiguousarray(edges[:, np.lexsort(edges)])


def batch(records: Any) -> Points:
    """Several records of NumPy arrays as one; graphs are numbered on. ValueError for none, and for features of different width."""
    records = list(records)
    if not records:
        raise ValueError("records: got none; allowed: at least one Points")
    if len({p.features.shape[1] for p in records}) > 1:
        raise ValueError(
            f"records: got features of widths {[p.features.shape[1] for p in records]}; allowed: equal ones"
        )
    starts = np.cumsum([0, *(len(p.positions) for p in records)])
    first = np.cumsum([0, *(count(p) for p in records)])
    return Points(
        np.concatenate([p.positions for p in records]),
        np.concatenate([p.features for p in records]),
        np.concatenate([p.edges + start for p, start in zip(records, starts, strict=False)], axis=1),
        np.concatenate([p.graph + start for p, start in zip(records, first, strict=False)]),
    )


def count(record: Points) -> int:
    """How many graphs a record holds: they are numbered 0, 1, …, rising."""
    return int(record.graph[-1]) + 1


def as_tensors(x: Any, like: Any) -> Any:
    """x with all NumPy arrays in it as torch tensors where `like`, a tensor, is; real ones in its precision. x may be an array, a record,
    or a tuple, list or dict of those. Tensors stay as they are.
    """
    import torch
    from torch.utils import _pytree as pytree

    def one(leaf: Any) -> Any:
        if not isinstance(leaf, np.ndarray):
            return leaf
        array = torch.from_numpy(np.array(leaf))
        return array.to(like.device, like.dtype) if array.is_floating_point() else array.to(like.device)

    return pytree.tree_map(one, x)


def _positions(positions: Any) -> Float[np.ndarray, "n 3"]:
    r = np.asarray(positions, float)
    if r.ndim != 2 or r.shape[1] != 3 or not len(r) or not np.isfinite(r).all():
        raise ValueError(
            f"positions: got shape {r.shape}; allowed: (n, 3) finite numbers, n ≥ 1, as ((0, 0, 0), (1, 0, 0))"
        )
    return r
