"""Networks on points beside e3nn's own, and attention beside the products it cannot do without. Run by `make bench`.

Equal width, single thread, double precision, ratios within one run. The network beside message passing is e3nn's v2106 `SimpleNetwork`;
it has one product more in each layer (a number that scales what is heard) and finds the edges anew in each call, so it is timed
without that, from its edges on. A training step is a forward pass, the gradient of squared errors, and Adam.
"""

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from e3nn import o3
from e3nn.math import soft_one_hot_linspace
from e3nn.nn.models.v2106.gate_points_networks import SimpleNetwork, scatter
from timing import in_turn, report

from lsviz.equivariant import Flat, Points, as_tensors, in_double, message_passing, random_rotations, se3_transformer
from lsviz.equivariant.euclidean.graphs import edge_terms
from lsviz.equivariant.euclidean.learning import shapes, turned
from lsviz.equivariant.euclidean.training import Squares

CUTOFF, RADIAL, HIDDEN, MUL, LAYERS = 2.5, 10, 100, 8, 3  # hidden: what v2106 has
OUT = "0o+6x0e"


def theirs(l_max: int) -> Any:
    """v2106 with as many layers; its weights that start at 0 drawn at random, as its work is the same."""
    with in_double():
        net = SimpleNetwork("0e", OUT, CUTOFF, num_neighbors=3.0, num_nodes=4.0, mul=MUL, layers=LAYERS - 1, lmax=l_max)
        for parameter in net.parameters():
            torch.nn.init.normal_(parameter)
    return net


def from_edges(net: Any, x: Points, l_max: int) -> torch.Tensor:
    """Its forward pass with edges that are given."""
    source, target = x.edges
    r = x.positions[source] - x.positions[target]
    Y = o3.spherical_harmonics(range(l_max + 1), r, True, normalization="component")
    near = soft_one_hot_linspace(r.norm(dim=1), 0.0, CUTOFF, RADIAL, basis="smooth_finite", cutoff=True).mul(
        RADIAL**0.5
    )
    ones = x.features.new_ones(len(x.features), 1)
    return scatter(net.mp(x.features, ones, source, target, Y, near), x.graph, int(x.graph[-1]) + 1) / 2


def stepping(
    forward: Callable[[Any], torch.Tensor], parameters: list[torch.Tensor], y: torch.Tensor
) -> Callable[[], None]:
    """One step of torch's Adam."""
    adam = torch.optim.Adam(parameters, lr=1e-3)

    def step() -> None:
        adam.zero_grad()
        (forward(None) - y).square().mean().backward()
        adam.step()

    return step


def points_of(many: int) -> Points:
    """8 · many tetrominoes, each turned at random."""
    x = shapes(CUTOFF)
    matrices = np.stack([motion.rotation for motion in random_rotations(many, 0)])
    return as_tensors(turned(x, matrices), torch.zeros(1, dtype=torch.float64))


def beside(l_max: int, many: int) -> list[bool]:
    x = points_of(many)
    net, f = theirs(l_max), message_passing(l_max=l_max, layers=LAYERS, mul=MUL, hidden=HIDDEN, cutoff=CUTOFF)
    own = sum(p.numel() for p in net.parameters())
    y = torch.randn(8 * many, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    w = torch.tensor(f.init(1)[0])
    what = f"message passing, l_max {l_max}, {8 * many} shapes, N {f.N} (theirs {own}): "
    with torch.no_grad():
        a, b = in_turn(lambda: f(w, x), lambda: from_edges(net, x, l_max), rounds=31)
    v = w.clone().requires_grad_(True)
    c, d = in_turn(
        stepping(lambda _: f(v, x), [v], y),
        stepping(lambda _: from_edges(net, x, l_max), list(net.parameters()), y),
        rounds=31,
    )
    print(f"{what}forward {1e3 * a:.1f} ms, step {1e3 * c:.1f} ms")
    return [
        report(what + "forward", a / b, 1.15, least=False),
        report(what + "training step", c / d, 1.15, least=False),
    ]


def products(f: Flat, x: Points, l_max: int) -> Callable[[], None]:
    """Attention's floor: the two products of each edge (key and value), its weights W(|r|), and the linear maps of each layer; no softmax,
    gates, harmonics, or sums.
    """
    edges = edge_terms(x, l_max, CUTOFF, RADIAL)
    parts = []
    for layer in f.module.layers:
        features = torch.randn(len(x.positions), layer.product.irreps_in1.dim, dtype=torch.float64)
        parts.append((layer, features))

    def floor() -> None:
        for layer, features in parts:
            near = features[edges.source]
            for weights in layer.radial(edges.radial).chunk(2, -1):
                layer.product(near, edges.harmonics, weights)
            layer.itself(features), layer.after(layer.query(features))

    return floor


def attention(l_max: int, many: int, bar: float) -> list[bool]:
    x = points_of(many)
    f = se3_transformer(l_max=l_max, layers=LAYERS, mul=MUL, cutoff=CUTOFF)
    w = torch.tensor(f.init(1)[0])
    with torch.no_grad():
        a, b = in_turn(lambda: f(w, x), products(f, x, l_max), rounds=31)
    what = f"attention, l_max {l_max}, {8 * many} shapes, forward over its einsums alone"
    print(f"{what}: {1e3 * a:.1f} ms over {1e3 * b:.1f} ms")
    return [report(what, a / b, bar, least=False)]


def seeds(many: int, bar: float) -> list[bool]:
    """A step of eight networks in one batch, and one after another."""
    x, f = points_of(1), message_passing(cutoff=CUTOFF)
    w = torch.tensor(f.init(many))
    y = torch.zeros(8, 7, dtype=torch.float64)
    problem = Squares(f, x, y)
    together, alone = in_turn(
        lambda: problem.evaluate(w), lambda: [problem.evaluate(row[None]) for row in w], rounds=15
    )
    return [report(f"gradients of {many} seeds, one by one over one batch", alone / together, bar, least=True)]


def main() -> int:
    torch.set_num_threads(1)
    held = [*beside(1, 1), *beside(1, 16), *beside(2, 4), *attention(1, 16, 2.0), *attention(2, 4, 2.0), *seeds(8, 2.8)]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
