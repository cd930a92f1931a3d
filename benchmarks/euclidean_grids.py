"""A voxel convolution beside e3nn's own (v2104), and the spherical network beside the products it cannot do without. Run by `make bench`.

Single precision, one thread, ratios within one run. The voxel networks have the same widths: three convolutions, each with a gate and two
radial functions, on eight fields of 13³ voxels. Theirs have kernels of 5³; ours reach from border to border, one axis after another, and
have a norm and an end of products beside, which count. The floor of the spherical
network: its products with the grid's matrices, as bare einsums on numbers that are there, forward, and forward and backward.
"""

import sys
from collections.abc import Callable
from typing import Any

import torch
from e3nn import o3
from e3nn.nn.models.v2104.voxel_convolution import Convolution
from timing import in_turn, report

from lsviz.equivariant import in_double
from lsviz.equivariant.euclidean import spherical_cnn, voxel_convolution
from lsviz.equivariant.euclidean.voxels import gated, reachable

BAR = 1.15
FLOOR = 2  # of the spherical network: the activation, linear maps, and calls


class Theirs(torch.nn.Module):
    """e3nn's convolution and gate, three times, and a linear map of the mean."""

    def __init__(self, mul: int, diameter: float) -> None:
        super().__init__()
        signal, directions, parts = o3.Irreps("0e"), o3.Irreps.spherical_harmonics(1), []
        for _ in range(3):
            gate = gated(reachable(signal, directions, 1, mul))
            parts.append(torch.nn.ModuleList([Convolution(signal, gate.irreps_in, directions, diameter, 2), gate]))
            signal = gate.irreps_out
        self.parts, self.end = torch.nn.ModuleList(parts), o3.Linear(signal, "0o+6x0e")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for convolution, gate in self.parts:
            x = gate(convolution(x).movedim(1, -1)).movedim(-1, 1)
        return self.end(x.mean((2, 3, 4)))


def steps(f: Callable[[torch.Tensor], torch.Tensor], w: torch.Tensor) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """Forward alone, and forward and backward."""

    def forward() -> Any:
        with torch.no_grad():
            return f(w)

    return forward, lambda: torch.autograd.grad(f(w).square().sum(), w)


def voxels(mul: int) -> list[bool]:
    x = torch.rand(8, 1, 13, 13, 13)
    ours = voxel_convolution(mul=mul)
    with in_double():
        theirs = Theirs(mul, 5.9)
    theirs = theirs.float()
    w = torch.from_numpy(ours.init(1)[0]).float().requires_grad_()
    forward, step = steps(lambda w: ours(w, x), w)
    weights = list(theirs.parameters())

    def plainly() -> Any:
        with torch.no_grad():
            return theirs(x)

    times = in_turn(forward, plainly, step, lambda: torch.autograd.grad(theirs(x).square().sum(), weights), rounds=5)
    print(f"    mul = {mul}: {1e3 * times[0]:.0f} ms forward, {1e3 * times[2]:.0f} ms a step")
    return [
        report(f"voxel convolution, mul = {mul}: forward / e3nn's v2104", times[0] / times[1], BAR, least=False),
        report(f"voxel convolution, mul = {mul}: gradient / e3nn's v2104", times[2] / times[3], BAR, least=False),
    ]


def sphere() -> list[bool]:
    net = spherical_cnn(l_max=5, channels=8, resolution=5)
    x = torch.rand(8, 1, 36)
    w = torch.from_numpy(net.init(1)[0]).float().requires_grad_()
    grids = [grid for part in (net.module[1], net.module[3]) for grid in (part.grid_in, part.grid_out)]
    matrices = [grid.D.float().flatten(0, 2) for grid in grids]
    signals = [torch.rand(8, 8, D.shape[1 - k % 2], requires_grad=True) for k, D in enumerate(matrices)]

    def bare() -> list[torch.Tensor]:
        return [
            torch.einsum("scg,gi->sci" if k % 2 else "sci,gi->scg", one, D)
            for k, (one, D) in enumerate(zip(signals, matrices, strict=True))
        ]

    def floor() -> Any:
        with torch.no_grad():
            return bare()

    forward, step = steps(lambda w: net(w, x), w)
    times = in_turn(
        forward, floor, step, lambda: torch.autograd.grad(sum(out.square().sum() for out in bare()), signals), rounds=7
    )
    print(f"    spherical network: {1e3 * times[0]:.0f} ms forward, {1e3 * times[2]:.0f} ms a step")
    return [
        report("spherical network: forward / its einsums alone", times[0] / times[1], FLOOR, least=False),
        report("spherical network: gradient / its einsums alone", times[2] / times[3], FLOOR, least=False),
    ]


if __name__ == "__main__":
    torch.set_num_threads(1)
    held = voxels(4) + voxels(8) + sphere()
    sys.exit(0 if all(held) else 1)
