"""What networks on points share: their irreps, the terms of an edge, gates, and the mean over a graph."""

import math
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool

from .algebra import MOST_L, irreps, tensor_paths
from .radial import smooth_radial
from .records import Points, count

SYMMETRIES = ("O(3)", "SO(3)")
MOST_WEIGHTS = 300_000  # of the radial network of one layer; e3nn takes minutes to build the paths of more


class Edges(NamedTuple):
    """What the edges tell a layer; none of it depends on w."""

    source: Any  # (E,) j
    target: Any  # (E,) i
    harmonics: Any  # (E, (l_max + 1)²) Y(r̂), component normalised
    radial: Any  # (E, number) B(|r|), smooth, 0 from the cutoff on
    length: Any  # (E,) |r|


def edge_terms(x: Points, l_max: int, cutoff: float, number: int) -> Edges:
    """Y^0 … Y^l_max of r̂ = (r_j − r_i)/|r_j − r_i|, and the radial basis of |r|, of unit mean square, for each edge j → i."""
    from e3nn import o3

    source, target = x.edges
    r = x.positions[source] - x.positions[target]
    length = r.norm(dim=1)
    Y = o3.spherical_harmonics(list(range(l_max + 1)), r, True, normalization="component")
    return Edges(source, target, Y, smooth_radial(length, cutoff, number) * math.sqrt(number), length)


def gather(values: Any, index: Any, many: int) -> Any:
    """(many, …): the sum of the rows of `values` that have the same number in `index`."""
    return values.new_zeros((many, *values.shape[1:])).index_add(0, index, values)


def pooled(values: Any, graph: Any) -> Any:
    """(graphs, dim): the mean over each graph's points."""
    many = int(graph[-1]) + 1
    size = gather(values.new_ones(len(graph)), graph, many)
    return gather(values, graph, many) / size[:, None]


def connected(x: Points) -> Bool[np.ndarray, " graphs"]:
    """Whether edges lead from each point of a graph to all others, for each graph of a record of NumPy arrays."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = len(x.positions)
    links = coo_array((np.ones(x.edges.shape[1]), tuple(x.edges)), shape=(n, n))
    part = connected_components(links, directed=False)[1]
    return np.array([len(np.unique(part[x.graph == g])) == 1 for g in range(count(x))])


def check(x: Any, irreps_in: Any) -> None:
    """ValueError unless x is a record of points whose features are numbers of `irreps_in`."""
    if not isinstance(x, Points):
        raise ValueError(f"x: got {type(x).__name__}; allowed: a record of points, as points(((0, 0, 0), (1, 0, 0)))")
    if x.features.shape[-1] != irreps_in.dim:
        raise ValueError(
            f"x: got features of {x.features.shape[-1]} numbers; allowed: {irreps_in.dim}, numbers of {irreps_in}, "
            f"as np.ones((n, {irreps_in.dim}))"
        )


class Frame(NamedTuple):
    """The irreps of a network on points."""

    start: Any  # o3.Irreps, all of them
    hidden: Any
    end: Any
    harmonics: Any


def frame(
    l_max: Any,
    layers: Any,
    mul: Any,
    symmetry: Any,
    cutoff: Any,
    irreps_in: Any,
    irreps_out: Any,
    radial: Any,
    hidden: Any,
) -> Frame:
    """The arguments of a network on points, checked, as irreps. SO(3) knows no parity: all irreps are written as even ones, and there are
    twice as many of each degree, as O(3) has even and odd ones.

    ValueError that names the argument.
    """
    from e3nn import o3

    for name, value, low, high in (
        ("l_max", l_max, 0, MOST_L),
        ("layers", layers, 1, 100),
        ("mul", mul, 1, 1000),
        ("radial", radial, 1, 1000),
        ("hidden", hidden, 1, 10000),
    ):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or not low <= value <= high:
            raise ValueError(f"{name}: got {value!r}; allowed: a whole number from {low} to {high}, as {max(1, low)}")
    if symmetry not in SYMMETRIES:
        raise ValueError(f"symmetry: got {symmetry!r}; allowed: one of {', '.join(SYMMETRIES)}")
    if isinstance(cutoff, bool) or not isinstance(cutoff, (int, float)) or not 0 < cutoff < math.inf:
        raise ValueError(f"cutoff: got {cutoff!r}; allowed: a number > 0, in the units of the positions, as 2.5")
    start, end = irreps(irreps_in, "irreps_in"), irreps(irreps_out, "irreps_out")
    if symmetry == "O(3)":
        inside = o3.Irreps([(mul, (l, p)) for l in range(l_max + 1) for p in (-1, 1)])
        harmonics = o3.Irreps.spherical_harmonics(l_max)
    else:
        start, end = ungraded(start), ungraded(end)
        inside = o3.Irreps([(2 * mul, (l, 1)) for l in range(l_max + 1)])
        harmonics = o3.Irreps.spherical_harmonics(l_max, p=1)
    once = o3.Irreps([(1, ir) for _, ir in inside])
    weights = len(tensor_paths(once, harmonics, once)) * inside[0].mul * hidden
    if weights > MOST_WEIGHTS:
        raise ValueError(
            f"l_max: got {l_max}, with mul={mul}, hidden={hidden}: {weights} weights in each layer, {32e-9 * weights:.2g} GB in "
            f"training; allowed: at most {MOST_WEIGHTS} weights, as l_max=1, mul=8"
        )
    return Frame(start, inside, end, harmonics)


def ungraded(known: Any) -> Any:
    """The same degrees, all written as even: what SO(3) sees of them."""
    from e3nn import o3

    return o3.Irreps([(mul, (ir.l, 1)) for mul, ir in known])


def reached(known: Any, irreps1: Any, irreps2: Any) -> Any:
    """Those of `known` that irreps1 ⊗ irreps2 holds."""
    from e3nn import o3

    found = {three for _, one in irreps1 for _, two in irreps2 for three in one * two}
    return o3.Irreps([(mul, ir) for mul, ir in known if ir in found])


def gate(wanted: Any) -> Any:
    """e3nn's gate with outputs `wanted`: a scalar s → act(s), all else times act of a scalar gate of its own. Even: silu, sigmoid; odd:
    tanh. The gates are even, so a gated tensor keeps its parity.
    """
    import torch
    from e3nn import o3
    from e3nn.nn import Gate

    acts = {1: torch.nn.functional.silu, -1: torch.tanh}
    scalars = o3.Irreps([(mul, ir) for mul, ir in wanted if ir.l == 0])
    gated = o3.Irreps([(mul, ir) for mul, ir in wanted if ir.l > 0])
    gates = o3.Irreps([(mul, "0e") for mul, _ in gated]).simplify()
    return Gate(scalars, [acts[ir.p] for _, ir in scalars], gates, [torch.sigmoid] * len(gates), gated)


def edge_product(start: Any, harmonics: Any, end: Any) -> Any:
    """f_j ⊗ Y(r̂), one weight for each channel and path ("uvu"), given from outside edge by edge; only paths that lead to `end`."""
    from e3nn import o3

    found: list[tuple[int, Any]] = []
    ways = []
    for i, (mul, one) in enumerate(start):
        for j, (_, two) in enumerate(harmonics):
            for three in one * two:
                if three in end:
                    ways.append((i, j, len(found), "uvu", True))
                    found.append((mul, three))
    middle, place, _ = o3.Irreps(found).sort()
    return o3.TensorProduct(
        start,
        harmonics,
        middle,
        [(i, j, place[k], mode, train) for i, j, k, mode, train in ways],
        internal_weights=False,
        shared_weights=False,
    )


@cache
def stack_class() -> Any:
    """The class of a network on points: layers one after another, a gate after each but the last, and the mean over a graph."""
    import torch

    class Stack(torch.nn.Module):
        def __init__(self, layers: Any, gates: Any, irreps_in: Any, edges: tuple[int, float, int], pool: bool) -> None:
            super().__init__()
            self.layers, self.gates = torch.nn.ModuleList(layers), torch.nn.ModuleList(gates)
            self.irreps_in, self.edges, self.pool = irreps_in, edges, pool

        def forward(self, x: Any, inside: bool = False) -> Any:
            """f (graphs or points, dim); `inside`: what the layers tell of themselves instead, (E, layers)."""
            check(x, self.irreps_in)
            edges = edge_terms(x, *self.edges)
            f, told = x.features, []
            for k, layer in enumerate(self.layers):
                f, tale = layer(f, edges)
                told.append(tale)
                if k < len(self.gates):
                    f = self.gates[k](f)
            if inside:
                return torch.stack(told, 1)
            return pooled(f, x.graph) if self.pool else f

    return Stack


def stack(made: Any, known: Frame, layers: int, edges: tuple[int, float, int], pool: bool) -> Any:
    """Layers made by `made(start, end)`, each of whose features holds what can be reached from the one before, with their gates."""
    at, made_layers, gates = known.start, [], []
    for _ in range(layers - 1):
        step = gate(reached(known.hidden, at, known.harmonics))
        made_layers.append(made(at, step.irreps_in))
        gates.append(step)
        at = step.irreps_out
    made_layers.append(made(at, known.end))
    return stack_class()(made_layers, gates, known.start, edges, pool)
