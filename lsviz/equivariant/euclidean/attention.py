"""Attention on points with directions: who counts for whom is told by numbers that no turn changes."""

import math
from functools import cache
from typing import Any

from .building import in_double
from .flattened import Flat, flat
from .graphs import Edges, edge_product, frame, gather, stack
from .records import Points

STEEP = 10.0  # the cutoff is exp(−1/u), u = 10 (1 − |r|/cutoff): about 1 except in the last tenth


def se3_transformer(
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
    pool: bool = True,
) -> Flat:
    """f'_i = V f_i + U Σ_j √α_ij v_ij, α_ij = softmax_j(q_i·k_ij − 1/u_ij), then a gate: a network on `Points`, as f(w, x).

    SE(3)-Transformer (Fuchs et al. 2020, arXiv:2006.10503, (10)–(11)), one head; queries q_i = Q f_i, keys and values k_ij, v_ij =
    f_j ⊗_{W(|r_ij|)} Y(r̂_ij), each with its own W. q·k is a number that no turn or mirror changes, and so is α. As in e3nn's guide, the
    cutoff is smooth and inside the softmax (weights exp(q·k) exp(−1/u), u = 10 (1 − |r|/cutoff), 0 from the cutoff on) and √α keeps the
    size of independent values. Σ_j α_ij = 1, or 0 for a point without neighbours, which keeps its self-connection V f_i; a lone
    neighbour has α = 1 up to the cutoff, where W ends smoothly. The two terms are added over √2. All else as in
    `message_passing`, the arguments too. ValueError that names the argument.
    """
    known = frame(l_max, layers, mul, symmetry, cutoff, irreps_in, irreps_out, radial, hidden)

    def layer(start: Any, end: Any) -> Any:
        return _attention()(start, known.harmonics, end, radial, hidden, float(cutoff))

    with in_double():
        return flat(stack(layer, known, layers, (l_max, float(cutoff), radial), pool), known.end)


def attention_weights(f: Flat, w: Any, x: Points) -> Any:
    """α_ij (E, layers) of an `se3_transformer` at each edge j → i of x, in the order of its edges; (S, E, layers) for w (S, N).

    ValueError for another network.
    """
    if not all(hasattr(layer, "query") for layer in getattr(f.module, "layers", (None,))):
        raise ValueError(f"f: got {f!r}; allowed: a network with attention, as se3_transformer()")
    return f(w, (x, True))


def softmax(values: Any, index: Any, many: int) -> Any:
    """exp(values)/Σ exp(values) over entries of equal `index`; −inf gives 0, also where nothing else is there. No overflow."""
    import torch

    fixed = values.detach()
    top = torch.full((many,), -torch.inf, dtype=values.dtype, device=values.device).scatter_reduce(
        0, index, fixed, "amax"
    )
    top = torch.where(top.isfinite(), top, torch.zeros_like(top))
    weight = torch.exp(values - top[index])
    total = gather(weight, index, many)
    return weight / torch.where(total > 0, total, torch.ones_like(total))[index]


def closing(length: Any, cutoff: float) -> Any:
    """−1/u, the logarithm of the smooth cutoff exp(−1/u), u = 10 (1 − |r|/cutoff); −inf from the cutoff on."""
    import torch

    u = STEEP * (1 - length / cutoff)
    inside = u > 0
    return torch.where(inside, -1 / torch.where(inside, u, torch.ones_like(u)), torch.full_like(u, -torch.inf))


@cache
def _attention() -> Any:
    import torch
    from e3nn import o3
    from e3nn.nn import FullyConnectedNet

    class Attention(torch.nn.Module):
        """V f_i + U Σ_j √α_ij v_ij."""

        def __init__(self, start: Any, harmonics: Any, end: Any, radial: int, hidden: int, cutoff: float) -> None:
            super().__init__()
            self.itself = o3.Linear(start, end)
            self.product = edge_product(start, harmonics, end)
            middle = self.product.irreps_out
            self.query, self.after = o3.Linear(start, middle), o3.Linear(middle, end)
            self.radial = FullyConnectedNet([radial, hidden, 2 * self.product.weight_numel], torch.nn.functional.silu)
            self.cutoff, self.scale = cutoff, middle.dim**-0.5

        def forward(self, f: Any, edges: Edges) -> tuple[Any, Any]:
            to_key, to_value = self.radial(edges.radial).chunk(2, -1)
            near = f[edges.source]
            key = self.product(near, edges.harmonics, to_key)
            value = self.product(near, edges.harmonics, to_value)
            likeness = (self.query(f)[edges.target] * key).sum(-1) * self.scale
            alpha = softmax(likeness + closing(edges.length, self.cutoff), edges.target, len(f))
            root = torch.where(alpha > 0, alpha, torch.ones_like(alpha)).sqrt() * (alpha > 0)
            heard = self.after(gather(root[:, None] * value, edges.target, len(f)))
            return (self.itself(f) + heard) * math.sqrt(0.5), alpha

    return Attention
