"""A shape that is turned by hand and what a network answers: which outputs stay, which turn, which flip in a mirror."""

import math
import sys
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
from jaxtyping import Float

from ...experiment import Table, experiment
from ..error import equivariance_error
from .acting import act, move
from .algebra import irreps
from .attention import se3_transformer
from .hand import motion_of
from .learning import IRREPS_OUT, Learner, coordinates, learner, plain
from .learning import shapes as all_shapes
from .messages import message_passing
from .records import Points
from .shapes import as_points, cells, targets
from .training import train

ALL = "0e+0o+1o+1e+2e"
NETWORKS = ("message_passing", "se3_transformer", "mlp")
CUTOFF = 2.5
_TRAINED: dict[tuple[Any, ...], Float[np.ndarray, " N"]] = {}  # weights after training, so that each is trained once


@experiment(cost="watch")
def turned_shape(
    *,
    shape: str = "chiral_1",
    network: str = "message_passing",
    weights: str = "random",
    layers: int = 3,
    rotation: tuple[float, ...] = (1.0, 0.0, 0.0, 0.0),
    mirror: str = "no",
    steps: int = 200,
    seeds: Any = 1,
) -> Iterator[Table]:
    """What a network answers to a tetromino x before and after a motion g (the inversion, if `mirror`, then a turn).

    weights: "random", as drawn by each seed, with outputs 0e + 0o + 1o + 1e + 2e; "trained", on the eight shapes as they stand, as in
    `tetris`, by `steps` steps, with outputs 0o + 6x0e. network: message_passing or se3_transformer, with l ≤ 1 and `layers` convolutions;
    mlp: a plain network of the twelve coordinates, whose outputs are only called so.
    (output, seed): f_before = f(x), f_after = f(g x), f_predicted = D(g) f(x); f_scale, the root mean square length over the eight shapes
    of the irrep that the output belongs to. (output): l_output, p_output. (seed): motion_error, E = max ‖f(g x) − D(g) f(x)‖ / max ‖f‖.
    (cell, axis): cells, as they stand. Scalar N. ValueError for another network.
    """
    if network not in NETWORKS:
        raise ValueError(f"network: got {network!r}; allowed: one of {', '.join(NETWORKS)}")
    motion = motion_of(rotation, mirror)
    text = IRREPS_OUT["pseudoscalar"] if weights == "trained" else ALL
    at = cells(shape)
    table = Table(
        output=np.arange(7 if weights == "trained" else 13),
        seed=seeds,
        cell=np.arange(len(at)),
        axis=np.array(["x", "y", "z"]),
    )
    for name in ("f_before", "f_after", "f_predicted", "f_scale"):
        table.add(name, "output seed")
    table.add("l_output", "output").add("p_output", "output").add("motion_error", "seed").add("cells", "cell axis").add(
        "N"
    )
    table.set(cells=at)
    if "e3nn" not in sys.modules:
        yield table  # e3nn takes seconds to load
    one = network_of(network, weights, layers)
    kinds = kinds_of(text)
    table.set(N=one.f.N, l_output=[l for l, _ in kinds], p_output=[p for _, p in kinds])
    key = (network, layers, steps)
    missing = [seed for seed in seeds if weights == "trained" and (*key, seed) not in _TRAINED]
    if missing:
        upright = all_shapes(CUTOFF)
        for state in train(one.f, one.f.init(missing), one.shown(upright), targets(), steps=steps):
            yield table.set(progress=0.9 * state.step / steps)
        _TRAINED.update({(*key, seed): w.copy() for seed, w in zip(missing, state.w.numpy(), strict=True)})
    x = as_points(shape, CUTOFF)
    for s, seed in enumerate(seeds):
        w = _TRAINED[(*key, seed)] if weights == "trained" else drawn(network, layers, seed)
        answers: list[Float[np.ndarray, "1 output"]] = []

        def f(points: Points, w: Any = w, answers: list = answers) -> Any:
            answers.append(one.f(w, one.shown(points)))
            return answers[-1]

        table.motion_error[s] = equivariance_error(f, x, [motion], move, act(text))
        table.f_before[:, s], table.f_after[:, s] = answers[0][0], answers[1][0]
        table.f_predicted[:, s] = act(text)(motion, answers[0])[0]
        table.f_scale[:, s] = scale(network, weights, layers, steps if weights == "trained" else 0, seed)
    yield table.set(progress=0.95)
    yield table.set(progress=1.0)


def kinds_of(text: str) -> list[tuple[int, int]]:
    """(l, p) of the irrep that each number belongs to."""
    return [(ir.l, ir.p) for mul, ir in irreps(text) for _ in range(mul * ir.dim)]


@lru_cache(maxsize=16)
def network_of(network: str, weights: str, layers: int) -> Learner:
    """The network, and how points become what it looks at."""
    if weights == "trained":
        return learner(network, 1, "O(3)", layers, "pseudoscalar", CUTOFF)
    if network == "mlp":
        return Learner(plain(13), coordinates)
    make = message_passing if network == "message_passing" else se3_transformer
    return Learner(make(layers=layers, cutoff=CUTOFF, irreps_out=ALL), lambda x: x)


@lru_cache(maxsize=64)
def drawn(network: str, layers: int, seed: int) -> Float[np.ndarray, " N"]:
    """Random weights of a seed."""
    return network_of(network, "random", layers).f.init((seed,))[0]


@lru_cache(maxsize=64)
def scale(network: str, weights: str, layers: int, steps: int, seed: int) -> Float[np.ndarray, " output"]:
    """For each output, the root mean square length of its irrep's answers, over the eight shapes."""
    one = network_of(network, weights, layers)
    w = _TRAINED[network, layers, steps, seed] if weights == "trained" else drawn(network, layers, seed)
    squares = (one.f(w, one.shown(all_shapes(CUTOFF))) ** 2).mean(0)
    kinds = kinds_of(IRREPS_OUT["pseudoscalar"] if weights == "trained" else ALL)
    return np.array(
        [math.sqrt(sum(square for square, other in zip(squares, kinds) if other == kind)) for kind in kinds]
    )
