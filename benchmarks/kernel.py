"""What a tangent kernel costs beside torch's tutorial, neural-tangents and its own bare products. Run by `make bench`: CPU times, one core.

float32 on all sides, ReLU without biases, one number out. neural-tangents comes from pip into an environment of its own
(`tangents.py`) or is skipped. A missed bar is printed, and the exit status is 1.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from tangents import Tangents, settle_memory, start
from threadpoolctl import threadpool_limits
from timing import report

from lsviz import kernel
from lsviz.kernel import finite
from lsviz.network import Dense, dense, normalisation

PIXELS = 784
SMALL, MIDDLE, LARGE = (256, 64, 2), (512, 256, 3), (2048, 1024, 3)  # n, h, L


def network(d: int, n: int, h: int, L: int) -> tuple[Dense, Any, Any]:
    """A network, its weights and as many normal points, float32."""
    net = dense(d, h, L, "relu", scale="ntk", bias=False)
    x = np.random.default_rng(0).standard_normal((n, d))
    return net, net.init(1).astype(np.float32), x.astype(np.float32)


def matrices(net: Dense, w: Any) -> list[np.ndarray]:
    """The weights of every layer (fan_out, fan_in)."""
    return [w[0, layer.weight].reshape(layer.fan_out, layer.fan_in) for layer in net.layers]


def clocked(action: Callable[[], object], times: int = 1) -> Callable[[], float]:
    """The action as a function that returns its CPU seconds, over that many calls."""

    def run() -> float:
        began = time.process_time()
        for _ in range(times):
            action()
        return (time.process_time() - began) / times

    return run


def in_turn(*actions: Callable[[], float], rounds: int = 9) -> list[float]:
    """Least of the CPU seconds that each action returns, A B … A B …: on a shared core the others only add."""
    seconds = [[action() for action in actions] for _ in range(rounds)]
    return [min(mine) for mine in zip(*seconds, strict=True)]


def same(other: Any, ours: Any, within: float = 1e-3) -> bool:
    """Print how far two kernels lie apart; a ReLU that rounds to the other side of 0 makes up to 1e-4 of it."""
    apart = float(np.linalg.norm(other - ours) / np.linalg.norm(ours))
    print(f"    relative difference of the two kernels {apart:.0e}")
    return apart < within


# ---- torch's tutorial


class Plain(torch.nn.Module):
    """The network as one writes it in torch, with its scales."""

    def __init__(self, net: Dense, w: Any) -> None:
        super().__init__()
        self.scales = [layer.scale for layer in net.layers]
        self.weights = torch.nn.ParameterList(torch.tensor(matrix) for matrix in matrices(net, w))

    def forward(self, x: Any) -> Any:
        for i, (scale, weight) in enumerate(zip(self.scales, self.weights, strict=True)):
            x = scale * torch.nn.functional.linear(x.relu() if i else x, weight)
        return x


def contracted(model: Plain, x: Any) -> Any:
    """As the tutorial "Neural Tangent Kernels" does it: Jacobians point by point under vmap, contracted layer by layer; here of x once."""
    params = {name: value.detach() for name, value in model.named_parameters()}

    def single(params: dict, point: Any) -> Any:
        return torch.func.functional_call(model, params, (point[None],))[0]

    jacobians = torch.func.vmap(torch.func.jacrev(single), (None, 0))(params, x)
    flat = [j.flatten(2) for j in jacobians.values()]
    return sum(torch.einsum("naf,mbf->nmab", j, j) for j in flat)


def tutorial() -> list[bool]:
    """Ours against the tutorial's, raw pixels; and at d = 10 without a bar."""
    results = []
    for size, bar in ((SMALL, 12), (MIDDLE, 60)):
        for d in (PIXELS, 10):
            net, w, x = network(d, *size)
            model, tx = Plain(net, w), torch.tensor(x)
            results.append(same(contracted(model, tx)[..., 0, 0].numpy(), kernel.ntk(net, w, x)[0]))
            mine, other = in_turn(
                clocked(lambda: kernel.ntk(net, w, x), 10),  # noqa: B023
                clocked(lambda: contracted(model, tx)),  # noqa: B023
                rounds=5,
            )
            name = "n={}, h={}, L={}".format(*size) + f", d={d}: torch's tutorial / ours"
            if d == PIXELS:
                results.append(report(name, other / mine, bar, least=True))
            else:
                print(f"    {name}, no bar: {other / mine:.0f}", flush=True)
    return results


# ---- neural-tangents


def structured(peer: Tangents, folder: str) -> list[bool]:
    """Ours against its structured derivatives, weights as it has them, (in, out)."""
    results = []
    file, result = (os.path.join(folder, name) for name in ("given.npz", "kernel.npy"))
    for size, times in ((SMALL, 20), (MIDDLE, 5), (LARGE, 1)):
        for d in (PIXELS, 10):
            net, w, x = network(d, *size)
            weights = {f"w{i}": np.ascontiguousarray(matrix.T) for i, matrix in enumerate(matrices(net, w))}
            np.savez(file, x=x, **weights)
            peer("finite", file=file, result=result)
            results.append(same(np.load(result), kernel.ntk(net, w, x)[0]))
            mine, other = in_turn(
                clocked(lambda: kernel.ntk(net, w, x), times),  # noqa: B023
                lambda: peer("run", times=times)["seconds"],  # noqa: B023
                rounds=9 if times == 1 else 15,
            )
            name = "n={}, h={}, L={}".format(*size) + f", d={d}: ours / neural-tangents, structured derivatives"
            results.append(report(name, mine / other, 1.1, least=False))
    return results


def infinite(peer: Tangents | None, folder: str) -> list[bool]:
    """The infinitely wide network against nt.stax, 2048 points of 784 numbers; swish alone, its points on the sphere."""
    results = []
    file, result = (os.path.join(folder, name) for name in ("given.npz", "kernel.npy"))
    x = network(PIXELS, 2048, 1, 1)[2]
    sphere = x * np.float32(np.sqrt(PIXELS)) / np.linalg.norm(x, axis=1, keepdims=True)
    np.savez(file, x=x)
    if peer:
        for act in ("relu", "erf"):
            peer("infinite", file=file, result=result, act=act, L=3, c=normalisation(act, 1))
            results.append(same(np.load(result), kernel.ntk_infinite(x, L=3, act=act)))
            mine, other = in_turn(
                clocked(lambda: kernel.ntk_infinite(x, L=3, act=act)),  # noqa: B023
                lambda: peer("run", times=1)["seconds"],
            )
            name = f"infinite width, n=2048, d={PIXELS}, L=3, {act}: nt.stax / ours"
            results.append(report(name, other / mine, 2, least=True))
    relu, swish = in_turn(
        *(clocked(lambda act=act: kernel.ntk_infinite(sphere, L=3, act=act)) for act in ("relu", "swish"))
    )
    print(f"    swish on the sphere, no bar: {1e3 * swish:.0f} ms, {swish / relu:.1f} of ReLU's", flush=True)
    return results


# ---- its own floor


def products(net: Dense, w: Any, x: Any) -> tuple[Callable[[], object], Callable[[], object]]:
    """The bare products: forward, backward and Gram; the last over whole matrices (symmetric ones to NumPy), and over our tiles."""
    weights = matrices(net, w)
    n, a = len(x), [np.ascontiguousarray(x.T)] + [np.ones((width, len(x)), np.float32) for width in net.widths]
    grams = a + a[1:]

    def passes() -> None:
        for weight, inputs in zip(weights, a, strict=True):
            weight @ inputs
        for weight, d in zip(weights[1:-1], a[2:], strict=True):  # the last has one output: no product
            weight.T @ d

    def whole() -> None:
        passes()
        for stack in grams:
            stack.T @ stack

    def tiles() -> None:
        passes()
        for i in range(0, n, finite.ROWS):
            for stack in grams:
                rows = stack[:, i : i + finite.ROWS].T
                rows @ stack[:, :i], rows @ rows.T

    return whole, tiles


def floor() -> list[bool]:
    """The cheaper of the two is the floor: it leaves us less."""
    net, w, x = network(PIXELS, 2048, 1024, 5)
    whole, tiles = products(net, w, x)
    mine, *bare = in_turn(clocked(lambda: kernel.ntk(net, w, x)), clocked(whole), clocked(tiles), rounds=7)
    print(f"    ours / bare products: Gram matrices whole {mine / bare[0]:.3f}, in tiles {mine / bare[1]:.3f}")
    name = f"n=2048, h=1024, L=5, d={PIXELS}: ours / bare products, the cheaper way"
    return [report(name, mine / min(bare), 1.25, least=False)]


# ---- memory

ALONE = """
import resource, sys, numpy as np, psutil
from lsviz import kernel
from lsviz.network import dense
d, n, h, L = map(int, sys.argv[1:])
def peak():
    try:
        return next(1024 * int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
net = dense(d, h, L, "relu", scale="ntk", bias=False)
w = net.init(1).astype(np.float32)
x = np.random.default_rng(0).standard_normal((n, d), np.float32)
before = psutil.Process().memory_info().rss
kernel.ntk(net, w, x)
print(before, peak())
"""


def peak(d: int, n: int, h: int, L: int) -> list[int]:
    """Bytes held by a new process before the kernel, and at most."""
    command = [sys.executable, "-c", ALONE, *map(str, (d, n, h, L))]
    return [int(a) for a in subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()]


def memory() -> list[bool]:
    """The whole process at the size of the floor, where a Jacobian would need 41 GB; then growth with n."""
    _, most = peak(PIXELS, 2048, 1024, 5)
    results = [report(f"n=2048, h=1024, L=5, d={PIXELS}: GB of the whole process", most / 1e9, 1, least=False)]
    sizes = np.array([1024, 2048, 4096, 8192])
    grown = np.array([float(np.diff(peak(PIXELS, n, 256, 3))[0]) for n in sizes])
    told = ", ".join(f"{n}: {1e-6 * size:.0f} MB" for n, size in zip(sizes, grown, strict=True))
    pair, point, _ = np.polyfit(sizes, grown / 4, 2)
    N = dense(PIXELS, 256, 3).N
    print(f"    h=256, L=3, N={N}, grown by {told}; fit: {pair:.2f} numbers a pair of points + {point:.0f} a point")
    results.append(report("numbers held for each pair of points", pair, 1.2, least=False))
    results.append(report("numbers held for each point / N", point / N, 0.05, least=False))
    return results


if __name__ == "__main__":
    if hasattr(os, "sched_setaffinity"):  # the peer inherits it: whatever it starts shares one core
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    torch.set_num_threads(1)
    settle_memory()
    held = memory()
    with threadpool_limits(1), tempfile.TemporaryDirectory() as folder:
        held += floor() + tutorial()
        peer = start()
        held += (structured(peer, folder) if peer else []) + infinite(peer, folder)
    sys.exit(0 if all(held) else 1)
