"""Convolutions on voxels: with kernels that turn with the field they act on (steerable), and plain ones, which do not."""

from functools import lru_cache
from itertools import product
from typing import Any

from ...experiment import tidy
from ...symbols import ARGUMENTS
from .algebra import irreps
from .building import in_double
from .flattened import Flat, flat

SYMMETRIES = ("O(3)", "SO(3)")
CHIRAL = "0o+6x0e"  # as e3nn's example of the tetrominoes answers: a pseudoscalar and six scalars
LARGEST = 15  # voxels along a plain kernel
VOLUME = 1000  # voxels: a hidden field's squares sum to it, so that a shape's fields are at most about 3, where silu bends smoothly
LEAST = 1.0  # of the sum before: below it a field fades out. What is 0 by symmetry gets 0.1 from the grid, a chiral shape's 0o 7


def voxel_convolution(
    *,
    l_max: int = 1,
    layers: int = 3,
    mul: int = 4,
    symmetry: str = "O(3)",
    scales: Any = (1.0, 1.5),
    irreps_in: Any = "0e",
    irreps_out: Any = CHIRAL,
    pool: bool = True,
) -> Flat:
    """f(w, x) on fields of voxels x (items, dim, X, Y, Z): `layers` times a steerable convolution and a gate, then an end.

        f′(r) = W f(r) + Σ_s κ(s) f(r + s),   κ(s) = Σ_a Σ_J w_{aJ} C (π a²)^{−3/4} (|s|/a)^J Y^J(s/|s|) exp(−s²/2a²)

    solves the constraint κ(Rs) = D′(R) κ(s) D(R)ᵀ: C couples dim ⊗ J → dim′ (e3nn's tensor product), and the Gaussians have `scales` a, in
    voxels. Weiler, Geiger, Welling, Boomsma, Cohen 2018, arXiv:1807.02547, equation 9. |s|^J Y^J is a polynomial in x, y, z, so that κ is a
    sum of products of a function of x, one of y and one of z: three sums along a line take the place of one over all of space. Of the
    Gaussian of width 1, 0.7 % of the amplitude is left where voxels end to tell waves; kernels that end sooner, or hold finer detail,
    know the grid.

    Hidden fields hold `mul` copies of each irrep that can be reached, up to l_max. After each convolution every field of an item is
    scaled so that Σ_r |f(r)|²/(2l + 1) is `VOLUME`, where it was not 0 by symmetry; then scalars pass silu (odd ones tanh), the others are
    multiplied by a sigmoid of a scalar of their own. At the end W f + W′(f ⊗ f) at each voxel gives (items, dim_out, X, Y, Z); pool: its
    sum over voxels, over `VOLUME`, (items, dim_out): the same on any grid that the fields fit into. The sum right after a convolution
    would know no shape: only Σ_s κ(s) remains of the kernel. Without the scaling odd scalars, which are triple products of gradients,
    come out a hundred times smaller than even ones, and little is learned of them; with much larger fields silu is as good as max(0, ·),
    and its kink knows the grid. l_max ≥ 1 is needed for a pseudoscalar.

    symmetry: "O(3)", mirrors too; "SO(3)", turns alone: all irreps are taken as even. Exact for the 24 turns of a cube (O(3): and their
    mirrors), with x on a cube; other turns are only as good as x and the kernels are smooth on the scale of a voxel.
    ValueError that names the argument.
    """
    numbers = {"l_max": (l_max, 0, 4), "layers": (layers, 1, 6), "mul": (mul, 1, 64)}
    for name, (value, low, high) in numbers.items():
        whole(name, value, low, high)
    if symmetry not in SYMMETRIES:
        raise ValueError(f"symmetry: got {symmetry!r}; allowed: one of {', '.join(SYMMETRIES)}, as O(3)")
    try:
        known = tidy(ARGUMENTS["scales"], scales)
    except ValueError as wrong:
        raise ValueError(f"{wrong}, as (1.0, 1.5)") from None
    first, last = irreps(irreps_in, "irreps_in"), irreps(irreps_out, "irreps_out")
    return _voxel_convolution(l_max, layers, mul, symmetry, known, str(first), str(last), bool(pool))


@lru_cache(maxsize=16)
def _voxel_convolution(
    l_max: int, layers: int, mul: int, symmetry: str, scales: tuple[float, ...], irreps_in: str, irreps_out: str, pool: bool
) -> Flat:
    from e3nn import o3
    from torch import nn

    mirrors = symmetry == "O(3)"
    signal, answer = _parities(irreps_in, mirrors), _parities(irreps_out, mirrors)
    directions = _parities(o3.Irreps.spherical_harmonics(l_max), mirrors)
    with in_double():
        parts: list[Any] = [_moved()(1, -1)]  # irreps on the last axis, where e3nn has them
        for _ in range(layers):
            gate = gated(reachable(signal, directions, l_max, mul))
            parts += [_convolution()(signal, directions, gate.irreps_in, scales), _norm()(gate.irreps_in), gate]
            signal = gate.irreps_out
        parts += [_ending()(signal, answer, pool)] + ([] if pool else [_moved()(-1, 1)])
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
        parts.append(nn.Linear(channels, outputs) if pool else nn.Conv3d(channels, outputs, 1))
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

    class SteerableConvolution(torch.nn.Module):
        """W f + κ ⋆ f on (items, X, Y, Z, dim), one axis after another."""

        scales: torch.Tensor
        unit: torch.Tensor
        directions: torch.Tensor
        polynomials: torch.Tensor

        def __init__(self, before: Any, directions: Any, after: Any, scales: tuple[float, ...]) -> None:
            super().__init__()
            self.own = o3.Linear(before, after)
            self.product = o3.FullyConnectedTensorProduct(
                before, directions, after, shared_weights=False, compile_left_right=False, compile_right=True
            )
            self.powers, polynomials = monomials(directions)
            self.l_max = directions.lmax
            self.register_buffer("polynomials", polynomials)
            self.register_buffer("scales", torch.tensor(scales))
            self.register_buffer("unit", torch.eye(before.dim))
            self.register_buffer("directions", torch.eye(directions.dim))
            self.weight = torch.nn.Parameter(torch.empty(len(scales), self.product.weight_numel))
            self.reset_parameters()

        def reset_parameters(self) -> None:
            torch.nn.init.normal_(self.weight)

        def lines(self, side: int) -> Any:
            """(scale, power, place, place): (s/a)^p exp(−s²/2a²)/(π a²)^{1/4} between two places along an axis."""
            place = torch.arange(side, dtype=self.scales.dtype, device=self.scales.device)
            a = self.scales[:, None, None]
            s = (place - place[:, None]) / a
            bell = torch.exp(-(s**2) / 2) / (torch.pi * a**2) ** 0.25
            return torch.stack([bell * s**p for p in range(self.l_max + 1)], 1)

        def mixing(self) -> dict[tuple[int, ...], Any]:
            """(scale, powers of x, y, z) → the matrix (in, out) by which that part of κ goes."""
            found: dict[tuple[int, ...], Any] = {}
            for k, weight in enumerate(self.weight):
                along = self.product.right(self.directions, weight.expand(len(self.directions), -1))  # direction, in, out
                for powers, matrix in zip(self.powers, torch.einsum("pd,dio->pio", self.polynomials, along), strict=True):
                    found[(k, *powers)] = matrix
            return found

        def forward(self, x: Any) -> Any:
            X, Y, Z = (self.lines(side) for side in x.shape[1:4])
            mixing, P = self.mixing(), self.l_max + 1
            out = x @ self.own(self.unit)
            for k in range(len(self.scales)):
                sums: list[Any] = [0.0] * P  # by the power of x
                for c in range(P):
                    along_z = Z[k, c] @ x
                    for b in range(P - c):
                        along_y = (Y[k, b] @ along_z.flatten(3)).unflatten(3, along_z.shape[3:])
                        for a in range(P - c - b):
                            sums[a] = sums[a] + along_y @ mixing[k, a, b, c]
                for a in range(P):
                    out = out + (X[k, a] @ sums[a].flatten(2)).unflatten(2, sums[a].shape[2:])
            return out

    return SteerableConvolution


def monomials(directions: Any) -> tuple[list[tuple[int, ...]], Any]:
    """Powers of x, y, z, and (monomial, dim) what each counts for in |s|^J Y^J(s/|s|), of e3nn's "component" normalization."""
    import torch
    from e3nn import o3

    powers = [p for p in product(range(directions.lmax + 1), repeat=3) if sum(p) in {ir.l for _, ir in directions}]
    line = torch.arange(-2.0, 3.0)  # enough for powers up to 4
    s = torch.cartesian_prod(line, line, line)
    values = torch.stack([(s ** torch.tensor(p)).prod(1) for p in powers], 1)
    harmonics = o3.spherical_harmonics(directions, s, False, "component")
    found = torch.linalg.lstsq(values, harmonics).solution
    return powers, torch.where(found.abs() < 1e-9, 0.0, found)


@lru_cache(maxsize=1)
def _ending() -> Any:
    import torch
    from e3nn import o3

    class Ending(torch.nn.Module):
        """W f + W′(f ⊗ f) at each voxel, or its sum over `VOLUME`: of the products, for which the sum of f fᵀ is enough."""

        def __init__(self, before: Any, after: Any, pool: bool) -> None:
            super().__init__()
            self.linear, self.pool = o3.Linear(before, after), pool
            self.product = o3.FullyConnectedTensorProduct(before, before, after, compile_right=True)
            self.register_buffer("unit", torch.eye(before.dim))

        def forward(self, f: Any) -> Any:
            if not self.pool:
                return self.linear(f) + self.product(f, f)
            f = f.flatten(1, 3)
            moments = f.transpose(1, 2) @ f / VOLUME
            return self.linear(f.sum(1) / VOLUME) + torch.einsum("bij,jik->bk", moments, self.product.right(self.unit))

    return Ending


@lru_cache(maxsize=1)
def _norm() -> Any:
    import torch

    class Norm(torch.nn.Module):
        """Each field of an item, scaled: the squares of its numbers, on average over them, sum to `VOLUME` over the voxels."""

        member: torch.Tensor

        def __init__(self, fields: Any) -> None:
            super().__init__()
            dims = torch.tensor([ir.dim for mul, ir in fields for _ in range(mul)])
            self.register_buffer("member", torch.eye(len(dims)).repeat_interleave(dims, 0) / dims.sqrt())

        def forward(self, x: Any) -> Any:
            size = x.square().sum((1, 2, 3)) @ self.member.square()  # item, field
            scale = (VOLUME / (size + LEAST)).sqrt() @ (self.member > 0).to(x.dtype).T
            return x * scale[:, None, None, None]

    return Norm


@lru_cache(maxsize=1)
def _moved() -> Any:
    from torch import nn

    class Moved(nn.Module):
        """An axis elsewhere."""

        def __init__(self, source: int, target: int) -> None:
            super().__init__()
            self.source, self.target = source, target

        def forward(self, x: Any) -> Any:
            return x.movedim(self.source, self.target)

    return Moved
