"""How much of Θ depends on the random weights, and how that dies out with width: ‖Θ − ⟨Θ⟩‖/‖⟨Θ⟩‖ ~ h^(−1/2) ~ N^(−1/4)."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from .. import data, network
from ..experiment import Table, experiment
from ..generalization.averaging import line_fit
from .finite import kernel_change, ntk
from .infinite import ntk_infinite

RESAMPLES = 200
AT_ONCE = 2e6  # parameters drawn at once


def _sorted(points: Any) -> np.ndarray:
    """Order of the points: the class +1 first, and within a class those nearest to its mean."""
    near = np.empty(len(points.y))
    for sign in (-1, 1):
        mine = points.y == sign
        near[mine] = points.x[mine] @ points.x[mine].mean(0) if mine.any() else 0
    return np.lexsort((-near, -points.y))


@experiment(cost="slider")
def kernel_map(
    *,
    dataset: str = "mnist",
    labels: str = "parity",
    P: int = 256,
    d: int = 10,
    data_seed: int = 0,
    h: float = 64.0,
    L: int = 2,
    act: str = "swish",
    beta: float = 1.0,
    seeds: Any = 2,
) -> Iterator[Table]:
    """The whole Θ(x_i, x_j) of random networks beside that of the infinitely wide one.

    Dims (seed, point, point2): theta; (point, point2): theta_infinite; (point): label, +1 first, then by nearness to the class's mean;
    (seed): theta_deviation = ‖Θ − Θ∞‖/‖Θ∞‖. Scalars N, P, h. Networks without biases, NTK parametrisation.
    """
    points = data.load(dataset, P=P, d=d, labels=labels, seed=data_seed)
    order = _sorted(points)
    x = points.x[order]
    net = network.dense(d, h, L, act, beta, "ntk", bias=False)
    table = Table(seed=seeds, point=np.arange(P), point2=np.arange(P))
    table.add("theta", "seed point point2").add("theta_infinite", "point point2").add("theta_deviation", "seed").add(
        "label", "point"
    )
    table.add("N").add("P").add("h").set(N=net.N, P=P, h=h)
    table.label[:] = points.y[order]
    table.theta_infinite[:] = ntk_infinite(x, L=L, act=act, beta=beta)
    for place, seed in enumerate(seeds):
        table.theta[place] = ntk(net, net.init([seed]), x)[0]
        table.theta_deviation[place] = kernel_change(table.theta[place], table.theta_infinite)
        yield table.set(progress=(place + 0.5) / len(seeds))


@experiment(cost="watch")
def kernel_fluctuation(
    *,
    dataset: str = "mnist",
    labels: str = "parity",
    P: int = 64,
    d: int = 10,
    data_seed: int = 0,
    widths: tuple[float, ...] = (16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0),
    depths: tuple[int, ...] = (1, 2, 3),
    act: str = "swish",
    beta: float = 1.0,
    seeds: Any = 24,
) -> Iterator[Table]:
    """‖Θ − ⟨Θ⟩‖/‖⟨Θ⟩‖ over random weights against width, at several depths: theory h^(−1/2), its square ~ 1/h ~ N^(−1/2).

    Dims (depth, width, seed): theta_deviation = ‖Θ_s − Θ∞‖/‖Θ∞‖; (depth, width): theta_fluctuation, root mean square of
    ‖Θ_s − ⟨Θ⟩‖/‖⟨Θ⟩‖ (unbiased over seeds), theta_bias = ‖⟨Θ⟩ − Θ∞‖/‖Θ∞‖, theta_bias_noise, what it would be by the chance of so few
    seeds alone, N; (depth): theta_slope of the fluctuation in h with theta_slope_se (seeds drawn again). Narrow networks first.
    Geiger et al. 2020, arXiv:1901.01608, section IV; Jacot et al. 2018, arXiv:1806.07572.
    """
    x = data.load(dataset, P=P, d=d, labels=labels, seed=data_seed).x
    count = len(seeds)
    table = Table(depth=np.array(depths), width=np.array(widths), seed=seeds)
    table.add("theta_deviation", "depth width seed")
    for name in ("theta_fluctuation", "theta_bias", "theta_bias_noise", "N"):
        table.add(name, "depth width")
    table.add("theta_slope", "depth").add("theta_slope_se", "depth")
    nets = {
        (i, j): network.dense(d, h, L, act, beta, "ntk", bias=False)
        for i, L in enumerate(depths)
        for j, h in enumerate(widths)
    }
    for place, net in nets.items():
        table.N[place] = net.N
    limits = [ntk_infinite(x, L=L, act=act, beta=beta) for L in depths]
    work, done = sum(net.N for net in nets.values()), 0
    grams: dict[tuple[int, int], np.ndarray] = {}
    for i, j in sorted(nets, key=lambda place: (widths[place[1]], place[0])):
        net, theta = nets[i, j], np.empty((count, P, P))
        group = max(1, int(AT_ONCE // net.size))
        for s in range(0, count, group):
            theta[s : s + group] = ntk(net, net.init(seeds[s : s + group]), x)
            table.theta_deviation[i, j, s : s + group] = kernel_change(theta[s : s + group], limits[i])
            yield table.set(progress=(done + net.N * min(1, (s + group) / count)) / work * 0.99)
        done += net.N
        flat = theta.reshape(count, -1)
        grams[i, j] = flat @ flat.T  # all that means over chosen seeds need
        table.theta_fluctuation[i, j] = _fluctuation(grams[i, j], np.arange(count))
        table.theta_bias[i, j] = kernel_change(theta.mean(0), limits[i])
        table.theta_bias_noise[i, j] = table.theta_fluctuation[i, j] / np.sqrt(count)
        table.theta_slope[i], _ = line_fit(widths, table.theta_fluctuation[i])
        yield table
    rng = np.random.default_rng(0)
    draws = [rng.integers(count, size=count) for _ in range(RESAMPLES if count > 2 else 0)]
    for i in range(len(depths)):
        again = [line_fit(widths, [_fluctuation(grams[i, j], draw) for j in range(len(widths))])[0] for draw in draws]
        if again:
            table.theta_slope_se[i] = np.nanstd(again) if np.isfinite(again).any() else np.nan
    yield table


def _fluctuation(gram: np.ndarray, chosen: np.ndarray) -> float:
    """√(Σ_s ‖Θ_s − ⟨Θ⟩‖²/(S − 1))/‖⟨Θ⟩‖ from the inner products of the chosen kernels; S counts different ones."""
    S = len(np.unique(chosen))
    if S < 2:
        return float("nan")
    g = gram[np.ix_(chosen, chosen)]
    mean = g.mean()
    return float(np.sqrt(max(np.trace(g) / len(chosen) - mean, 0) * S / (S - 1) / mean))
