"""What the live engine costs, in steps of the usual way. Run by `make bench`: one thread, ratios within one run.

The bars are those that the live apps need; a missed bar is printed, and the exit status is 1.
"""

import sys

import numpy as np
import torch
from plain import PlainNetwork
from threadpoolctl import threadpool_limits
from timing import in_turn, report

from lsviz import data, jamming
from lsviz.jamming import Fit
from lsviz.network import dense

STEPS = 50  # steps of the usual way per measurement
AUTHORS = 40_000  # steps that the usual way takes to settle


def engine() -> list[bool]:
    """8 networks at P = 300, 80 iterations, at every width of N/P 0.14–0.5; then the whole transition."""
    points = data.load("mnist", P=300)
    plain = PlainNetwork(dense(10, 4.5, 2).widths, points, "swish", "adam", torch.float64)
    results = []
    for h in (3, 4.5, 6, 8):
        one, batch = in_turn(
            lambda: [plain.step() for _ in range(STEPS)], lambda h=h: jamming.network_jamming(h=h, budget=80)
        )
        steps = batch / (one / STEPS)
        results.append(
            report(
                f"8 networks, P=300, h={h}, N/P={dense(10, h, 2).N / 300:.2f}, 80 iterations: plain steps",
                steps,
                350,
                least=False,
            )
        )
    print(
        f"    one plain step {1e3 * one / STEPS:.2f} ms; per network {AUTHORS * 8 / steps:.0f}x faster than {AUTHORS} plain steps"
    )
    results.append(report("    the same, as a bar", AUTHORS * 8 / steps, 900, least=True))
    one, scan = in_turn(
        lambda: [plain.step() for _ in range(STEPS)], lambda: jamming.network_transition(budget=80), rounds=5
    )
    results.append(
        report("9 widths x 8 seeds, P=300, 80 iterations: plain steps", scan / (one / STEPS), 3500, least=False)
    )
    return results


def batched_step(
    h: float, P: int, act: str, optimizer: str, dtype: type, seeds: int = 20
) -> tuple[float, float, float]:
    """Seconds of a step of `seeds` networks: one by one the plain way, batched by hand, and its bare matrix products."""
    points = data.load("mnist", P=P)
    net = dense(10, h, 2, act)
    nets = [
        PlainNetwork(net.widths, points, act, optimizer, getattr(torch, np.dtype(dtype).name)) for _ in range(seeds)
    ]
    points = type(points)(points.x.astype(dtype), points.y.astype(dtype))
    fit, w = Fit(net, points), net.init(seeds).astype(dtype)
    m, v = np.zeros_like(w), np.zeros_like(w)

    def by_hand() -> None:
        grad = fit.evaluate(w).grad
        if optimizer == "adam":
            m[...] = 0.9 * m + 0.1 * grad
            v[...] = 0.999 * v + 0.001 * grad**2
            w[...] -= 1e-3 * m / (np.sqrt(v) + 1e-8)
        else:
            w[...] -= dtype(1e-3) * grad

    a = [np.ones((seeds, n, P), dtype) for n in net.widths]
    w0, w1, w2 = (w[:, layer.weight].reshape(seeds, layer.fan_out, layer.fan_in).copy() for layer in net.layers)
    xt, d2 = np.ascontiguousarray(points.x.T), np.ones((seeds, 1, P), dtype)

    def products() -> None:
        w0.reshape(-1, 10) @ xt, w1 @ a[0], w2 @ a[1]
        w1.transpose(0, 2, 1) @ a[1]
        a[0].reshape(-1, P) @ xt.T, a[1] @ a[0].transpose(0, 2, 1), a[1] @ d2.transpose(0, 2, 1)

    with threadpool_limits(1):
        many = 20
        seconds = in_turn(
            lambda: [net.step() for net in nets],
            lambda: [by_hand() for _ in range(many)],
            lambda: [products() for _ in range(many)],
            rounds=9,
        )
    return seconds[0], seconds[1] / many, seconds[2] / many


def steps() -> list[bool]:
    """The hand-batched first-order step."""
    results = []
    for h, P, bar in ((10, 500, 12), (30, 1000, 2.5)):
        plain, hand, bare = batched_step(h, P, "relu", "sgd", np.float32)
        case = f"20 networks, ReLU, L=2, SGD, float32, h={h}, P={P}"
        results.append(report(f"{case}: loop / batched", plain / hand, bar, least=True))
        results.append(report(f"{case}: batched / bare products", hand / bare, 1.5, least=False))
        plain, hand, bare = batched_step(h, P, "swish", "adam", np.float64)
        print(
            f"    swish, Adam, float64, no bar: loop / batched {plain / hand:.1f}, batched / bare products {hand / bare:.2f}"
        )
    return results


if __name__ == "__main__":
    torch.set_num_threads(1)
    held = engine() + steps()
    sys.exit(0 if all(held) else 1)
