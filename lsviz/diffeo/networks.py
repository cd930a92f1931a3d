"""Who is stable: D_f, G_f and R_f of networks against temperature, while they train, and against their test error."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .. import nets as networks
from ..experiment import Table, experiment
from .fields import displacement, displacement_leading_log, temperature_range
from .modes import cutoff_of
from .pictures import T_ONE, describe, for_networks
from .relative import ESTIMATORS, Reference, probes, typical

STAGES = ("before", "after")
FITTED = 0.2  # training loss below which a network counts as fitted
LOOKS = 14  # times at which a training is looked at


@experiment(cost="watch")
def stability_curve(
    *,
    net: str = "stride_bn",
    dataset: str = "mnist",
    temperatures: tuple[float, ...] | None = None,
    c: int = 3,
    estimator: str = "median",
    interpolation: str = "bilinear",
    probe: int = 500,
    seeds: Any = 3,
) -> Iterator[Table]:
    """D_f, G_f and R_f of one network against temperature, before training and, where its trained weights are shipped, after it.

    (stage, temperature, seed): D_f, G_f, R_f; stages "before" (each seed its own start, batch statistics) and "after" (the one shipped
    network; running statistics; NaN where none is shipped, and for Fashion). A seed draws fields and noise as well. (temperature): delta,
    delta_leading_log. (stage): test_error on the pictures asked. Scalars T_min, T_max (NaN at c = 1), N, size.
    temperatures: by default seven with equal ratios from T_min/4 to 2 T_max, as far apart as the paper's figures; nearest to T_max first.
    arXiv:2105.02468.
    """
    chosen = networks.make(net)
    scan = np.array(temperatures if temperatures is not None else default_temperatures(c))
    table = Table(stage=STAGES, temperature=scan, seed=seeds)
    for name in ("D_f", "G_f", "R_f"):
        table.add(name, "stage temperature seed")
    table.add("delta", "temperature").add("delta_leading_log", "temperature").add("test_error", "stage")
    table.add("N", fill=chosen.N).add("size", fill=chosen.size).add("c", fill=c).add("T_min").add("T_max")
    table.set(delta=[displacement(T, c, networks.SIDE) for T in scan])
    if c > 1:
        low, high = temperature_range(c, networks.SIDE)
        table.set(
            delta_leading_log=[displacement_leading_log(T, c, networks.SIDE) for T in scan], T_min=low, T_max=high
        )
    x, label = for_networks(dataset, probe, "test", "probe")
    yield table
    start = chosen.init(seeds)
    trained = networks.stored(net) if net in networks.STORED and dataset == "mnist" else None
    x = networks.tensor(x)
    before = [Reference(_answers(chosen, w, True), x, interpolation) for w in start]
    table.test_error[0] = np.mean([_wrong(one.out, label) for one in before])
    yield table
    after = None if trained is None else Reference(_answers(chosen, trained[0], False), x, interpolation)
    if after is not None:
        table.test_error[1] = _wrong(after.out, label)
    middle = np.log(table.T_max[()] if c > 1 else scan.max() + 1e-300)
    order = np.argsort(np.abs(np.log(scan + 1e-300) - middle), kind="stable")
    scales = {id(one): float(one.scale(estimator)) for one in [*before, *([after] if after else [])]}
    for done, k in enumerate(order):
        for s, seed in enumerate(seeds):
            (pair,) = probes(before[s].images, float(scan[k]), c, (seed,), interpolation)
            for stage, one in enumerate((before[s], after)):
                if one is not None:
                    d, g = (float(typical(one.change(moved), estimator)) for moved in pair)
                    _put(table, (stage, k, s), d, g, scales[id(one)])
                yield table.set(progress=(done + (s + (stage + 1) / 2) / len(seeds)) / len(scan))


@experiment(cost="watch")
def stability_training(
    *,
    nets: tuple[str, ...] = ("fc3", "lenet", "stride_bn", "resnet_bn"),
    dataset: str = "mnist",
    P: int = 1000,
    training: str = "plain",
    budget: int = 300,
    T: float = T_ONE,
    c: int = 3,
    estimator: str = "median",
    probe: int = 200,
    P_test: int = 500,
    seeds: Any = 1,
) -> Iterator[Table]:
    """R_f, D_f, G_f, training loss and test error as networks train side by side on P pictures, ten classes, cross entropy.

    (network, step, seed): R_f_trace, D_f_trace, G_f_trace, loss_trace (of the last batch), test_error_trace at up to 14 of `budget` steps
    (batches of 128), the start first. (network, seed): R_f, D_f, G_f, test_error as they last stood. (network): N, size, learning_rate,
    momentum, weight_decay, cosine, batch, optimizer_name. Scalars T, c, P, delta, delta_leading_log, T_min, T_max.
    At the start batch statistics stand for the running ones, which mean nothing yet. Up to 2 000 pictures of Fashion come with the
    package, 12 000 of MNIST. arXiv:2105.02468.
    """
    chosen = [networks.make(name) for name in nets]
    looks = np.unique(np.concatenate([[0], np.geomspace(1, budget, LOOKS - 1).round()]).astype(int))
    table = Table(network=nets, step=looks, seed=seeds)
    for name in ("R_f", "D_f", "G_f", "test_error", "loss"):
        table.add(f"{name}_trace", "network step seed")
        if name != "loss":
            table.add(name, "network seed")
    recipes = [networks.recipe(training, net) for net in chosen]
    describe_recipes(table, chosen, recipes, "network")
    table.add("T", fill=T).add("c", fill=c).add("P", fill=P).add("delta", fill=displacement(T, c, networks.SIDE))
    describe(table, T, c, networks.SIDE)
    x, label = for_networks(dataset, P, "train", "P")
    test, truth = for_networks(dataset, max(P_test, probe), "test", "P_test" if P_test >= probe else "probe")
    yield table
    x, test = networks.tensor(x), networks.tensor(test)
    pairs = list(probes(test[:probe], T, c, seeds))
    runs = [[networks.Run(net, w, x, label, budget, seed, how) for w, seed in zip(net.init(seeds), seeds, strict=True)]
            for net, how in zip(chosen, recipes, strict=True)]  # fmt: skip

    def look(n: int, s: int, k: int) -> None:
        run = runs[n][s]
        f = _answers(run.net, run.w, run.done == 0)
        d, g, scale = _measure(f, test[:probe], pairs[s], estimator)
        ratio = d / g if g > 0 else np.nan
        error = _wrong(f(test[:P_test]), truth[:P_test])
        for name, value in (("D_f", d / scale), ("G_f", g / scale), ("R_f", ratio), ("test_error", error)):
            getattr(table, f"{name}_trace")[n, k, s] = getattr(table, name)[n, s] = value
        table.loss_trace[n, k, s] = run.loss

    for step in range(budget + 1):
        k = int(np.searchsorted(looks, step))
        for n, _ in enumerate(chosen):
            for s, _ in enumerate(seeds):
                if step:
                    runs[n][s].step()
                if looks[k] == step:
                    look(n, s, k)
                yield table.set(progress=(step + (n + (s + 1) / len(seeds)) / len(chosen)) / (budget + 1))


@experiment(cost="sweep")
def stability_study(
    *,
    P: int = 256,
    dataset: str = "mnist",
    net: str = "stride_bn",
    training: str = "plain",
    budget: int = 1000,
    T: float = T_ONE,
    c: int = 3,
    probe: int = 500,
    P_test: int = 500,
    seeds: Any = 3,
) -> Iterator[Table]:
    """One network trained on P pictures: R_f before and after, test error, training loss. A sweep over nets, P, data sets is the study.

    (estimator, stage, seed): D_f, G_f, R_f; "median" as in the paper's figures, "mean" as in later work; before training with batch
    statistics, after it with running ones. (seed): test_error on P_test pictures, loss: mean cross entropy over all P training pictures
    at the end (below 0.2: fitted). loss_trace (step, seed): of the batches, at up to 14 steps. Scalars: N, size, P, T, c, delta,
    delta_leading_log, T_min, T_max, and the recipe: optimizer_name, learning_rate, momentum, weight_decay, cosine, batch.
    The number of steps does not depend on P, as in the paper; no augmentation, no choice of the best epoch. More than 2 000 (test: 500)
    pictures of Fashion need the complete set (LSVIZ_ORIGINALS). arXiv:2105.02468.
    """
    chosen = networks.make(net)
    how = networks.recipe(training, chosen)
    looks = np.unique(np.geomspace(1, budget, LOOKS).round().astype(int))
    table = Table(estimator=ESTIMATORS, stage=STAGES, step=looks, seed=seeds)
    for name in ("D_f", "G_f", "R_f"):
        table.add(name, "estimator stage seed")
    table.add("test_error", "seed").add("loss", "seed").add("loss_trace", "step seed")
    describe_recipes(table, [chosen], [how], "")
    table.add("T", fill=T).add("c", fill=c).add("P", fill=P).add("delta", fill=displacement(T, c, networks.SIDE))
    describe(table, T, c, networks.SIDE)
    x, label = for_networks(dataset, P, "train", "P")
    test, truth = for_networks(dataset, max(P_test, probe), "test", "P_test" if P_test >= probe else "probe")
    yield table
    asked = networks.tensor(test[:probe])
    for s, (seed, w) in enumerate(zip(seeds, chosen.init(seeds), strict=True)):
        run = networks.Run(chosen, w, x, label, budget, seed, how)
        for stage in range(2):
            (pair,) = probes(asked, T, c, (seed,))
            f = _answers(chosen, run.w, stage == 0)
            over = Reference(f, asked)
            changes = [over.change(moved) for moved in pair]
            for e, estimator in enumerate(ESTIMATORS):
                d, g = (float(typical(change, estimator)) for change in changes)
                _put(table, (e, stage, s), d, g, float(over.scale(estimator)))
            yield table.set(progress=(s + 0.02 + 0.96 * stage) / len(seeds))
            if stage:
                break
            for step in range(1, budget + 1):
                run.step()
                if step in looks:
                    table.loss_trace[int(np.searchsorted(looks, step)), s] = run.loss
                yield table.set(progress=(s + 0.02 + 0.96 * step / budget) / len(seeds))
        loss, _ = networks.judge(chosen, run.w[None], x, label)
        _, error = networks.judge(chosen, run.w[None], test[:P_test], truth[:P_test])
        table.loss[s], table.test_error[s] = loss[0], error[0]
        yield table.set(progress=(s + 1) / len(seeds))


def default_temperatures(c: int) -> np.ndarray:
    """Seven temperatures across the allowed range and somewhat beyond, three digits each."""
    low, high = temperature_range(max(2, cutoff_of(c)), networks.SIDE)
    return np.array([float(f"{T:.3g}") for T in np.geomspace(low / 4, 2 * high, 7)])


def describe_recipes(table: Table, chosen: list[networks.Net], recipes: list[networks.Recipe], dims: str) -> None:
    """Add the sizes of the networks and how each is trained, along `dims` or, of one alone, as scalars."""

    def put(name: str, values: list[Any]) -> None:
        table.add(name, dims, fill="" if isinstance(values[0], str) else np.nan)
        table.set(**{name: values if dims else values[0]})

    put("N", [net.N for net in chosen])
    put("size", [net.size for net in chosen])
    put("optimizer_name", [how.optimizer for how in recipes])
    put("learning_rate", [how.rate for how in recipes])
    put("momentum", [how.momentum for how in recipes])
    put("weight_decay", [how.decay for how in recipes])
    put("cosine", [float(how.cosine) for how in recipes])
    put("batch", [how.batch for how in recipes])


def _answers(net: networks.Net, w: Any, batch: bool) -> Callable[[Any], Any]:
    row = networks.tensor(w)[None]
    return lambda x: net(row, x, batch)[0]


def _measure(f: Callable[[Any], Any], images: Any, pair: tuple[Any, Any], estimator: str) -> tuple[float, float, float]:
    """Typical squared changes under a deformation and under noise, and between two pictures."""
    over = Reference(f, images)
    d, g = (float(typical(over.change(moved), estimator)) for moved in pair)
    return d, g, float(over.scale(estimator))


def _put(table: Table, place: tuple[Any, ...], d: float, g: float, scale: float) -> None:
    table.D_f[place], table.G_f[place] = d / scale, g / scale
    table.R_f[place] = d / g if g > 0 else np.nan


def _wrong(out: Any, label: np.ndarray) -> float:
    """Share of pictures whose largest output is that of another class."""
    return float((out.argmax(1).numpy() != label).mean())
