"""Convolutions on voxels: with kernels that turn with the field they act on (steerable), and plain ones, which do not."""

import math
from functools import lru_cache
from typing import Any

from .algebra import irreps
from .building import in_double
from .flattened import Flat, flat

SYMMETRIES = ("O(3)", "SO(3)")
CHIRAL = "0o+6x0e"  # as e3nn's example of the tetrominoes answers: a pseudoscalar and six scalars
LARGEST = 15  # voxels along a kernel
LEAST = 1e-5  # mean square below which a field fades out, as e3nn's BatchNorm has it


def voxel_convolution(
    *,
    l_max: int = 1,
    layers: int = 3,
    mul: int = 4,
    symmetry: str = "O(3)",
    diameter: float = 6.0,
    irreps_in: Any = "0e",
    irreps_out: Any = CHIRAL,
    pool: bool = True,
) -> Flat:
    """f(w, x) on fields of voxels x (items, dim, X, Y, Z): `layers` times a steerable convolution and a gate, then an end.

        f′(r) = W f(r) + z^{−1/2} Σ_s κ(s) f(r + s),   κ(s) = Σ_J Σ_m w_{Jm} b_m(|s|) C Y^J(s/|s|)

    solves the constraint κ(Rs) = D′(R) κ(s) D(R)ᵀ: C couples dim ⊗ J → dim′ (e3nn's tensor product), b_m are smooth bumps that
    reach a voxel or more to either side (two at diameter 6) and end at |s| = diameter/2, before the corner of the kernel's box; z counts
    the voxels within. Weiler, Geiger, Welling, Boomsma, Cohen 2018, arXiv:1807.02547, equation 9; e3nn's model v2104, which divides by
    the box instead of √z.

    Hidden fields hold `mul` copies of each irrep that can be reached, up to l_max. After each convolution every field of an item is
    divided by its root mean square over voxels (+ 10⁻⁵, so that what is 0 by symmetry stays so); then scalars pass silu
    (odd ones tanh), the others are multiplied by a sigmoid of a scalar of their own. At the end W f + W′(f ⊗ f) at each voxel gives
    (items, dim_out, X, Y, Z); pool: its mean over voxels, (items, dim_out). The mean right after a convolution would know no shape: only
    Σ_s κ(s) remains of the kernel. Without the norm, odd scalars, which are triple products of gradients, come out 10⁴ times smaller
    than even ones, and nothing is learned of them. l_max ≥ 1 is needed for a pseudoscalar.

    symmetry: "O(3)", mirrors too; "SO(3)", turns alone: all irreps are taken as even. Exact for the 24 turns of a cube (O(3): and their
    mirrors), with x on a cube; other turns are only as good as x and the kernels are smooth on the scale of a voxel.
    ValueError that names the argument.
    """
    numbers = {"l_max": (l_max, 0, 4), "layers": (layers, 1, 6), "mul": (mul, 1, 64)}
    for name, (value, low, high) in numbers.items():
        whole(name, value, low, high)
    if symmetry not in SYMMETRIES:
        raise ValueError(f"symmetry: got {symmetry!r}; allowed: one of {', '.join(SYMMETRIES)}, as O(3)")
    if isinstance(diameter, (bool, str)) or not 2 < diameter < LARGEST + 1:
        raise ValueError(f"diameter: got {diameter!r}; allowed: a number of voxels > 2 and < {LARGEST + 1}, as 5")
    first, last = irreps(irreps_in, "irreps_in"), irreps(irreps_out, "irreps_out")
    return _voxel_convolution(l_max, layers, mul, symmetry, float(diameter), str(first), str(last), bool(pool))


@lru_cache(maxsize=16)
def _voxel_convolution(
    l_max: int, layers: int, mul: int, symmetry: str, diameter: float, irreps_in: str, irreps_out: str, pool: bool
) -> Flat:
    from e3nn import o3
    from torch import nn

    mirrors = symmetry == "O(3)"
    signal, answer = _parities(irreps_in, mirrors), _parities(irreps_out, mirrors)
    directions = _parities(o3.Irreps.spherical_harmonics(l_max), mirrors)
    with in_double():
        parts: list[Any] = []
        for _ in range(layers):
            gate = gated(reachable(signal, directions, l_max, mul))
            parts += [
                _convolution()(signal, directions, gate.irreps_in, diameter),
                _norm()(gate.irreps_in),
                _last_axis()(gate),
            ]
            signal = gate.irreps_out
        parts.append(_ending()(signal, answer, pool))
        return flat(nn.Sequential(*parts), answer)


def plain_voxels(
    *, layers: int = 3, channels: int = 2, size: int = 5, channels_in: int = 1, outputs: int = 7, pool: bool = True
) -> Flat:
    """f(w, x) of an ordinary network on voxels x (items, channels_in, X, Y, Z): `layers` times conv3d and silu, then a linear map.

    Kernels are any size³ numbers, so that what it learns of a shape holds in the direction in which it was shown: shifts alone move its
    fields along. As `voxel_convolution` it has zeros beyond the border, and a mean over voxels at the end: (items, outputs); pool=False:
    (items, outputs, X, Y, Z). At the defaults N is about that of `voxel_convolution` (1271 and 1324).
    """
    bounds = {
        "layers": (layers, 1, 6),
        "channels": (channels, 1, 256),
        "channels_in": (channels_in, 1, 256),
        "outputs": (outputs, 1, 256),
    }
    for name, (value, low, high) in bounds.items():
        whole(name, value, low, high)
    if size not in range(1, LARGEST + 1, 2):
        raise ValueError(f"size: got {size!r}; allowed: an odd number of voxels up to {LARGEST}, as 5")
    from torch import nn

    with in_double():
        parts: list[Any] = []
        for k in range(layers):
            before = channels if k else channels_in
            parts += [nn.Conv3d(before, channels, size, padding=size // 2, bias=False), nn.SiLU()]
        parts += [nn.AdaptiveAvgPool3d(1), nn.Flatten()] if pool else []
        end = nn.Linear(channels, outputs)
        parts.append(end if pool else _last_axis()(end))
        return flat(nn.Sequential(*parts))


def whole(name: str, value: Any, low: int, high: int) -> None:
    """ValueError unless `value` is a whole number from low to high."""
    if isinstance(value, bool) or not low <= value <= high:
        raise ValueError(f"{name}: got {value!r}; allowed: a whole number from {low} to {high}, as {max(low, 1)}")


def _parities(of: Any, mirrors: bool) -> Any:
    """The irreps as they are, or, where mirrors do not count, all as even ones."""
    from e3nn import o3

    known = o3.Irreps(of)
    return known if mirrors else o3.Irreps([(mul, (l, 1)) for mul, (l, _) in known])


def reachable(signal: Any, directions: Any, l_max: int, mul: int) -> Any:
    """`mul` copies of every irrep up to l_max that signal ⊗ directions holds."""
    from e3nn import o3

    found = {ir for _, one in signal for _, two in directions for ir in one * two if ir.l <= l_max}
    return o3.Irreps([(mul, ir) for ir in sorted(found)])


def gated(fields: Any) -> Any:
    """e3nn's Gate that gives `fields`: scalars by silu, odd ones by tanh; the others times a sigmoid of one even scalar each."""
    import torch
    from e3nn import o3
    from e3nn.nn import Gate

    scalars = o3.Irreps([(mul, ir) for mul, ir in fields if ir.l == 0])
    rest = o3.Irreps([(mul, ir) for mul, ir in fields if ir.l > 0])
    gates = o3.Irreps([(rest.num_irreps, (0, 1))] if rest.num_irreps else [])
    silu = torch.nn.functional.silu
    return Gate(
        scalars, [silu if ir.p == 1 else torch.tanh for _, ir in scalars], gates, [torch.sigmoid] * len(gates), rest
    )


# Modules of torch are classes below torch's own: made when first used.


@lru_cache(maxsize=1)
def _convolution() -> Any:
    import torch
    from e3nn import o3
    from e3nn.math import soft_one_hot_linspace

    class SteerableConvolution(torch.nn.Module):
        """W f + z^{−1/2} κ ⋆ f. Kernels are made at those voxels alone that lie within the cutoff."""

        places: torch.Tensor
        unit: torch.Tensor
        radial: torch.Tensor
        angular: torch.Tensor

        def __init__(self, before: Any, directions: Any, after: Any, diameter: float) -> None:
            super().__init__()
            self.own = o3.Linear(before, after)
            self.product = o3.FullyConnectedTensorProduct(
                before, directions, after, shared_weights=False, compile_left_right=False, compile_right=True
            )
            reach = math.ceil(diameter / 2) - 1
            number = max(1, int(diameter / 2) - 1)  # bumps that reach a voxel or more to either side
            line = torch.arange(-reach, reach + 1.0)
            box = torch.stack(torch.meshgrid(line, line, line, indexing="ij"), -1).reshape(-1, 3)
            distance = box.norm(dim=-1)
            within = (distance > 0) & (distance < diameter / 2)
            self.side, self.padding = 2 * reach + 1, reach
            self.register_buffer("places", torch.cat([torch.nonzero(within)[:, 0], torch.tensor([self.side**3 // 2])]))
            self.register_buffer("unit", torch.eye(before.dim))
            radial = soft_one_hot_linspace(distance[within], 0.0, diameter / 2, number, "smooth_finite", True)
            self.register_buffer("radial", radial / len(radial) ** 0.5)
            angular = o3.spherical_harmonics(directions, box[within], True, "component")
            self.register_buffer("angular", angular)
            self.weight = torch.nn.Parameter(torch.empty(number, self.product.weight_numel))
            self.reset_parameters()

        def reset_parameters(self) -> None:
            torch.nn.init.normal_(self.weight)

        def kernel(self) -> Any:
            """κ (dim_out, dim_in, side, side, side), with W at its middle, where κ is 0."""
            around = self.product.right(self.angular, self.radial @ self.weight)  # voxel, in, out
            inside = torch.cat([around, self.own(self.unit)[None]])
            box = inside.new_zeros(self.side**3, *inside.shape[1:]).index_put((self.places,), inside)
            return box.permute(2, 1, 0).reshape(*inside.shape[:0:-1], self.side, self.side, self.side)

        def forward(self, x: Any) -> Any:
            return torch.nn.functional.conv3d(x, self.kernel(), padding=self.padding)

    return SteerableConvolution


@lru_cache(maxsize=1)
def _ending() -> Any:
    import torch
    from e3nn import o3

    class Ending(torch.nn.Module):
        """W f + W′(f ⊗ f) at each voxel, or its mean: of the products, for which the mean of f fᵀ is enough."""

        def __init__(self, before: Any, after: Any, pool: bool) -> None:
            super().__init__()
            self.linear, self.pool = o3.Linear(before, after), pool
            self.product = o3.FullyConnectedTensorProduct(before, before, after, compile_right=True)
            self.register_buffer("unit", torch.eye(before.dim))

        def forward(self, x: Any) -> Any:
            if not self.pool:
                f = x.movedim(1, -1)
                return (self.linear(f) + self.product(f, f)).movedim(-1, 1)
            f = x.flatten(2)
            moments = f @ f.transpose(1, 2) / f.shape[2]
            return self.linear(f.mean(2)) + torch.einsum("bij,jik->bk", moments, self.product.right(self.unit))

    return Ending


@lru_cache(maxsize=1)
def _norm() -> Any:
    import torch

    class Norm(torch.nn.Module):
        """Each field of an item over its root mean square: of its numbers, over voxels."""

        def __init__(self, fields: Any) -> None:
            super().__init__()
            self.fields = [(mul, ir.dim) for mul, ir in fields]

        def forward(self, x: Any) -> Any:
            found, start = [], 0
            for mul, dim in self.fields:
                part = x[:, start : start + mul * dim].unflatten(1, (mul, dim))
                size = part.square().mean((2, 3, 4, 5), keepdim=True)
                found.append((part * (size + LEAST).rsqrt()).flatten(1, 2))
                start += mul * dim
            return torch.cat(found, 1)

    return Norm


@lru_cache(maxsize=1)
def _last_axis() -> Any:
    from torch import nn

    class LastAxis(nn.Module):
        """What acts on the last axis, at each voxel."""

        def __init__(self, inner: Any) -> None:
            super().__init__()
            self.inner = inner

        def forward(self, x: Any) -> Any:
            return self.inner(x.movedim(1, -1)).movedim(-1, 1)

    return LastAxis
