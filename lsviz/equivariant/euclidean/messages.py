"""Message passing on points with directions: tensor-field convolutions and gates."""

import math
from functools import cache
from typing import Any

from .building import in_double
from .flattened import Flat, flat
from .graphs import Edges, edge_product, frame, gather, stack


def message_passing(
    *,
    l_max: int = 1,
    layers: int = 3,
    mul: int = 8,
    symmetry: str = "O(3)",
    cutoff: float = 2.5,
    irreps_in: Any = "0e",
    irreps_out: Any = "0o+6x0e",
    radial: int = 10,
    hidden: int = 64,
    neighbours: float = 3.0,
    pool: bool = True,
) -> Flat:
    """f'_i = (V f_i + U z^{−½} Σ_j (W₁f_j) ⊗_{W(|r_ij|)} Y(r̂_ij))/√2, then a gate: a network on `Points`, as f(w, x).

    Tensor field networks, arXiv:1802.08219, (3); as e3nn's v2106. V (the self-connection), W₁ and U mix channels of one irrep; j runs
    over the neighbours of i within `cutoff`, z = `neighbours` is their typical number; W = MLP(`radial` smooth functions of |r| that end at
    the cutoff, `hidden` silu neurons) gives each channel of each path a weight. `layers` convolutions, the last without a gate; hidden
    features: `mul` of each irrep up to l_max, even and odd. No weight starts at 0, so directions count from the start. symmetry="SO(3)":
    the same without parity, with 2 mul of each degree; mirrored inputs may give anything.

    x: features (n, dim of irreps_in). f: (graphs, dim of irreps_out), the mean over a graph's points; pool=False: (n, dim). A point
    without neighbours keeps its self-connection: nothing tells it of the rest (`connected`). An irrep that no path reaches is exactly 0:
    0o needs three layers. ValueError that names the argument.
    """
    known = frame(l_max, layers, mul, symmetry, cutoff, irreps_in, irreps_out, radial, hidden)
    if isinstance(neighbours, bool) or not isinstance(neighbours, (int, float)) or not 0 < neighbours < math.inf:
        raise ValueError(f"neighbours: got {neighbours!r}; allowed: a number > 0, as 3.0")

    def layer(start: Any, end: Any) -> Any:
        return _convolution()(start, known.harmonics, end, radial, hidden, neighbours)

    with in_double():
        return flat(stack(layer, known, layers, (l_max, float(cutoff), radial), pool), known.end)


@cache
def _convolution() -> Any:
    import torch
    from e3nn import o3
    from e3nn.nn import FullyConnectedNet

    class Convolution(torch.nn.Module):
        """V f_i + U z^{−½} Σ_j (W₁f_j) ⊗_{W(|r|)} Y(r̂)."""

        def __init__(self, start: Any, harmonics: Any, end: Any, radial: int, hidden: int, neighbours: float) -> None:
            super().__init__()
            self.itself, self.before = o3.Linear(start, end), o3.Linear(start, start)
            self.product = edge_product(start, harmonics, end)
            self.radial = FullyConnectedNet([radial, hidden, self.product.weight_numel], torch.nn.functional.silu)
            self.after = o3.Linear(self.product.irreps_out, end)
            self.scale = neighbours**-0.5

        def forward(self, f: Any, edges: Edges) -> tuple[Any, Any]:
            messages = self.product(self.before(f)[edges.source], edges.harmonics, self.radial(edges.radial))
            heard = self.after(gather(messages, edges.target, len(f)) * self.scale)
            return (self.itself(f) + heard) * math.sqrt(0.5), edges.length

    return Convolution
