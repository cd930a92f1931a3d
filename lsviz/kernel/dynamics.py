"""Networks under gradient flow beside their linearisation and the infinitely wide network: what moves, and how little at large width."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import data, network
from ..experiment import Table, experiment
from ..generalization.averaging import line_fit
from ..network import Dense
from .finite import kernel_change, ntk
from .frozen import Regression, regression
from .infinite import nngp_infinite, ntk_infinite, variance

PLACES = 96  # angles at which f is drawn
SHOWN = 48  # test points whose f is kept, where x are digits
TEST = 1000
TIMES = 40
STEP = 0.3  # of the fastest mode's time: the fourth-order rule allows 2.8, and narrow networks have kernels several times larger
SCALARS = ("w_change", "w_change_max", "f_change", "theta_change", "f_gap")


@dataclass(frozen=True, eq=False)
class Task:
    """Points to learn, places at which f is looked at, and test points, if there are any."""

    x: np.ndarray
    y: np.ndarray
    angle: np.ndarray | None
    places: np.ndarray
    place_angle: np.ndarray | None
    place_label: np.ndarray | None
    test_y: np.ndarray | None  # of the places, the first SHOWN of which are kept


def task_points(task: str, P: int, d: int = 10, dataset: str = "mnist", data_seed: int = 0) -> Task:
    """On a circle, x = √2 (cos a, sin a): "wave" y = sin 2a, "step" y = ±1, "spike" 1 at one point and 0 at all others. Or "digits"."""
    if task == "digits":
        train = data.load(dataset, P=P, d=d, seed=data_seed)
        test = data.load(dataset, P=TEST, d=d, split="test")
        return Task(train.x, train.y, None, test.x, None, test.y, test.y)
    angle = -np.pi + 2 * np.pi * (np.arange(P) + 0.5) / P
    there = np.linspace(-np.pi, np.pi, PLACES + 1)
    if task == "wave":
        y = np.sin(2 * angle)
    elif task == "step":
        y = np.where(np.abs(angle) < np.pi / 2, 1.0, -1.0)
    else:
        y = (np.arange(P) == P // 2).astype(float)
    return Task(_circle(angle), y, angle, _circle(there), there, None, None)


def _circle(angle: np.ndarray) -> np.ndarray:
    return np.sqrt(2) * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _time_step(kernel: np.ndarray) -> float:
    """From the infinite network's fastest mode, so that a seed's steps do not depend on the other seeds."""
    return STEP * len(kernel) / float(np.linalg.eigvalsh(kernel)[-1])


def runge_kutta(velocity: Callable[[np.ndarray], np.ndarray], w: np.ndarray, step: float) -> np.ndarray:
    """One step of the classical rule of fourth order along ẇ = velocity(w)."""
    k1 = velocity(w)
    k2 = velocity(w + step / 2 * k1)
    k3 = velocity(w + step / 2 * k2)
    k4 = velocity(w + step * k3)
    return w + step / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


def gradient_flow(
    net: Dense, w: np.ndarray, x: np.ndarray, y: np.ndarray, times: np.ndarray, dt: float
) -> Iterator[tuple[int, bool, Any]]:
    """ẇ = −∇ (1/P) Σ ½(f − y)² by the classical Runge–Kutta rule: yields (index into times, is it reached, w), all seeds in one batch.

    A seed whose numbers break keeps NaN; the others are untouched.
    """
    points = net.features_first(x)

    def velocity(v: np.ndarray) -> np.ndarray:
        stacks = net.forward(v, points)
        return net.pullback(stacks, net.sensitivities(v, stacks, (y - stacks.f) / len(y)))

    now = 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        for place, time in enumerate(times):
            steps = int(np.ceil((time - now) / dt - 1e-9))
            for i in range(steps):
                step = (time - now) / (steps - i)
                w = runge_kutta(velocity, w, step)
                now += step
                if i + 1 < steps:
                    yield place, False, w
            now = time
            yield place, True, w


def sampled_times(horizon: float) -> np.ndarray:
    """The times that `tangent_dynamics` tells of: 0, then evenly in log t."""
    return np.concatenate([[0.0], np.geomspace(horizon / 1000, horizon, TIMES - 1)])


@experiment(cost="watch")
def tangent_dynamics(
    *,
    task: str = "wave",
    P: int = 12,
    d: int = 10,
    dataset: str = "mnist",
    data_seed: int = 0,
    h: float = 100.0,
    L: int = 2,
    act: str = "swish",
    beta: float = 1.0,
    horizon: float = 100.0,
    seeds: Any = 6,
) -> Iterator[Table]:
    """One start, three dynamics under ḟ = −(1/P) Σ_i Θ(·, x_i)(f − y)_i: the network, its tangent plane at w₀, the infinitely wide network.

    task: a function on a circle ("wave", "step", "spike"), or "digits" (parity, principal components; d, dataset and data_seed act only
    there). Dims (time, seed, place): f_real, f_linear; (time, place): f_infinite and f_infinite_spread, mean and standard deviation over
    random starts; (time, seed): train_loss_real, train_loss_linear = (1/P) Σ ½(f − y)², test_error_real, test_error_linear (digits),
    f_gap = root mean square of f_real − f_linear over all places, theta_change_trace = ΔΘ on the training points; (time):
    train_loss_infinite, test_error_infinite of one such network, expected over its starts; (place): place_angle or place_label; (point):
    point_angle, target. Scalars N, P. The times are known from the start; the network goes by a fourth-order rule, the others by
    eigenvalues (Lee et al. 2019, arXiv:1902.06720).
    """
    points = task_points(task, P, d, dataset, data_seed)
    net = network.dense(points.x.shape[1], h, L, act, beta, "ntk", bias=False)
    times, kept = sampled_times(horizon), slice(0, SHOWN) if task == "digits" else slice(None)
    table = _dynamics_table(times, seeds, points, kept).set(N=net.N, P=P)
    theta, cross = (
        ntk_infinite(a, b, L=L, act=act, beta=beta) for a, b in ((points.x, None), (points.places, points.x))
    )
    _infinite(table, times, regression(theta, points.y), cross, points, kept, L=L, act=act, beta=beta)
    w0 = net.init(seeds)
    theta0 = ntk(net, w0, points.x)
    linear = _linear(table, times, net, w0, theta0, points, kept)
    for place, reached, w in gradient_flow(net, w0, points.x, points.y, times, _time_step(theta)):
        if reached:
            with np.errstate(invalid="ignore"):
                f, there = net(w, points.x), net(w, points.places)
                table.f_real[place] = there[:, kept]
                table.train_loss_real[place] = _loss(f, points.y)
                table.f_gap[place] = np.sqrt(((there - linear[place]) ** 2).mean(1))
                table.theta_change_trace[place] = _change(net, w, points.x, theta0)
                if points.test_y is not None:
                    table.test_error_real[place] = _error(there, points.test_y)
        yield table.set(progress=(place + 0.5 * reached) / len(times) * 0.99)


def _dynamics_table(times: np.ndarray, seeds: Any, points: Task, kept: slice) -> Table:
    places = len(points.places[kept])
    table = Table(time=times, seed=seeds, place=np.arange(places), point=np.arange(len(points.y)))
    for name in ("f_real", "f_linear"):
        table.add(name, "time seed place")
    for name in ("f_infinite", "f_infinite_spread"):
        table.add(name, "time place")
    for name in (
        "train_loss_real",
        "train_loss_linear",
        "test_error_real",
        "test_error_linear",
        "f_gap",
        "theta_change_trace",
    ):
        table.add(name, "time seed")
    for name in ("train_loss_infinite", "test_error_infinite"):
        table.add(name, "time")
    table.add("place_angle", "place").add("place_label", "place").add("point_angle", "point").add(
        "target", "point"
    ).add("N").add("P")
    table.target[:] = points.y
    if points.angle is not None:
        table.point_angle[:], table.place_angle[:] = points.angle, points.place_angle
    if points.place_label is not None:
        table.place_label[:] = points.place_label[kept]
    return table


def _loss(f: np.ndarray, y: Any) -> Any:
    return 0.5 * ((f - y) ** 2).mean(-1)


def _error(f: np.ndarray, y: np.ndarray) -> Any:
    return np.where(np.isfinite(f).all(-1), (f * y <= 0).mean(-1), np.nan)


def _change(net: Dense, w: np.ndarray, x: np.ndarray, theta0: np.ndarray) -> np.ndarray:
    good = np.isfinite(w).all(1)
    change = np.full(len(w), np.nan)
    if good.any():
        change[good] = kernel_change(ntk(net, w[good], x), theta0[good])
    return change


def _infinite(
    table: Table, times: np.ndarray, flow: Regression, cross: np.ndarray, points: Task, kept: slice, **depth: Any
) -> None:
    """Mean and spread of the Gaussian process f_t(x) = f₀(x) + A_t (y − f₀(X)), A_t = Θ(x, X) G(t): arXiv:1902.06720, (14)–(15)."""
    from scipy.special import ndtr

    here = nngp_infinite(points.x, **depth)
    there = nngp_infinite(points.places, points.x, **depth)
    own = variance(points.places, **depth)
    for i, t in enumerate(times):
        gain = flow.gain(float(t))
        a = cross @ gain
        mean = a @ points.y
        spread = np.sqrt(np.clip(own - 2 * (a * there).sum(1) + ((a @ here) * a).sum(1), 0, None))
        table.f_infinite[i], table.f_infinite_spread[i] = mean[kept], spread[kept]
        left = np.eye(len(points.y)) - flow.kernel @ gain  # f − y at the training points is this times f₀ − y
        table.train_loss_infinite[i] = _loss(left @ points.y, 0) + 0.5 * np.trace(left @ here @ left.T) / len(points.y)
        if points.test_y is not None:
            table.test_error_infinite[i] = ndtr(-points.test_y * mean / np.where(spread > 0, spread, 1e-300)).mean()


def _linear(
    table: Table, times: np.ndarray, net: Dense, w0: np.ndarray, theta0: np.ndarray, points: Task, kept: slice
) -> np.ndarray:
    """The tangent plane's f at every time, seed and place: each seed has its own kernel and its own f₀."""
    start, start_there = net(w0, points.x), net(w0, points.places)
    found = np.empty((len(times), *start_there.shape))
    for s in range(len(w0)):
        flow = regression(theta0[s], points.y)
        cross = ntk(net, w0[s : s + 1], points.places, points.x)[0]
        a = np.stack([flow.coefficients(float(t), start[s]) for t in times])  # (time, P)
        found[:, s] = start_there[s] + a @ cross.T
        table.train_loss_linear[:, s] = _loss(start[s] + a @ theta0[s], points.y)
    table.f_linear[:] = found[..., kept]
    if points.test_y is not None:
        table.test_error_linear[:] = _error(found, points.test_y)
    return found


@experiment(cost="watch")
def movement(
    *,
    task: str = "wave",
    P: int = 12,
    d: int = 10,
    dataset: str = "mnist",
    data_seed: int = 0,
    widths: tuple[float, ...] = (10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 640.0),
    L: int = 2,
    act: str = "swish",
    beta: float = 1.0,
    horizon: float = 20.0,
    seeds: Any = 4,
) -> Iterator[Table]:
    """What training moves, against width: the weights and the kernel ever less, the function as much as before.

    As `tangent_dynamics`, gradient flow until `horizon`. Dims (width, seed): w_change = ‖w − w₀‖/‖w₀‖, w_change_max = max|Δw| (weights are
    of order 1), f_change = root mean square of f − f₀ over the training points, theta_change = ΔΘ on them, f_gap = root mean square of
    f − f_linear over the places; (width): N; scalars …_slope and …_slope_se: exponents of the geometric mean over seeds in h. Expected:
    0 for f_change; −1 for w_change (‖Δw‖ of order 1, ‖w₀‖ = √N; −1/2 at L = 1, where N ~ h) and about −1/2 for w_change_max; −1 for
    theta_change and f_gap at a finite time: to first order in Δw, ΔΘ is a sum of terms of random sign (Dyer & Gur-Ari 2020,
    arXiv:1909.11304; Huang & Yau 2019, arXiv:1909.08156). That is faster than the spread of Θ over seeds, −1/2 (`kernel_fluctuation`);
    a kinked activation is slower. Narrow networks first.
    """
    points = task_points(task, P, d, dataset, data_seed)
    nets = [network.dense(points.x.shape[1], h, L, act, beta, "ntk", bias=False) for h in widths]
    table = Table(width=np.array(widths), seed=seeds).add("N", "width")
    for name in SCALARS:
        table.add(name, "width seed").add(f"{name}_slope").add(f"{name}_slope_se")
    table.N[:] = [net.N for net in nets]
    yield table
    dt = _time_step(ntk_infinite(points.x, L=L, act=act, beta=beta))
    times = np.array([horizon])
    expected = int(np.ceil(horizon / dt - 1e-9))
    work, done = float(table.N.sum()), 0.0
    for place in np.argsort(widths):
        net = nets[place]
        w0 = net.init(seeds)
        theta0 = ntk(net, w0, points.x)
        for step, (_, _, w) in enumerate(gradient_flow(net, w0, points.x, points.y, times, dt), 1):
            yield table.set(progress=(done + net.N * min(1, step / expected)) / work * 0.99)
        done += net.N
        _moved(table, place, net, w0, w, theta0, points, horizon)
        for name in SCALARS:
            slope, error = line_fit(widths, np.exp(np.log(getattr(table, name)).mean(1)))
            table.set(**{f"{name}_slope": slope, f"{name}_slope_se": error})
        yield table


def _moved(
    table: Table,
    place: Any,
    net: Dense,
    w0: np.ndarray,
    w: np.ndarray,
    theta0: np.ndarray,
    points: Task,
    horizon: float,
) -> None:
    with np.errstate(invalid="ignore"):
        table.w_change[place] = np.linalg.norm(w - w0, axis=1) / np.linalg.norm(w0, axis=1)
        table.w_change_max[place] = np.abs(w - w0).max(1)
        table.f_change[place] = np.sqrt(((net(w, points.x) - net(w0, points.x)) ** 2).mean(1))
        table.theta_change[place] = _change(net, w, points.x, theta0)
        there, start, start_there = net(w, points.places), net(w0, points.x), net(w0, points.places)
        for s in range(len(w0)):
            cross = ntk(net, w0[s : s + 1], points.places, points.x)[0]
            linear = regression(theta0[s], points.y).predict(cross, horizon, start[s], start_there[s])
            table.f_gap[place, s] = np.sqrt(((there[s] - linear) ** 2).mean())
