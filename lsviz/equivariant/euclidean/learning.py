"""Eight shapes learned in one orientation: who knows them in all others?"""

import sys
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from ...experiment import Table, experiment
from ...symbols import SHAPES
from .attention import se3_transformer
from .building import in_double
from .flattened import Flat, flat
from .graphs import connected
from .messages import message_passing
from .motions import random_rotations
from .records import Points, batch, count
from .shapes import as_points, targets
from .training import train

IRREPS_OUT = {"pseudoscalar": "0o+6x0e", "scalars": "8x0e"}
NETWORKS = ("message_passing", "se3_transformer", "mlp")
LOOKS = 41  # steps at which the accuracy is told
FEW = 10  # turns of each shape that are asked then; at the end, all are
WIDTH = 64  # of the plain network: about as many weights as the others
TEST, TRAIN = 0, 1  # generators of the turns that are asked, and of those trained on


class Learner(NamedTuple):
    """A network, and how shapes become what it looks at."""

    f: Flat
    shown: Callable[[Points], Any]  # from graphs, one a shape, to x


@experiment(cost="watch")
def tetris(
    *,
    network: str = "message_passing",
    l_max: int = 1,
    symmetry: str = "O(3)",
    layers: int = 3,
    outputs: str = "pseudoscalar",
    cutoff: float = 2.5,
    augment: int = 0,
    steps: int = 200,
    rotations: int = 100,
    seeds: Any = 8,
) -> Iterator[Table]:
    """Networks trained on eight tetrominoes as they stand, and asked which one it is when it is turned at random.

    (step, seed): loss, the mean of (f − target)² over shapes and outputs of the batch; accuracy_upright; accuracy_turned, of the first ten
    of the turns asked, at the last step of all `rotations`. (shape, seed): right_turned, the share of turns at which that shape is right.
    (shape, seed, output): f_upright, the answers to the shapes as they stand. (shape, output): wanted. (seed): learned_at, the first of
    these steps from which on all was right, NaN if never. Scalar N. "Right": all outputs round to their target; among eight equal
    scalars, the largest is the shape's. The turns are the same for all seeds.
    network: message_passing, se3_transformer, or mlp, a plain network of the twelve coordinates, from the shape's centre. augment: that
    many random turns of each shape are trained on, in batches, each about once or `steps` allow it several times. Full batches, Adam at
    1e-2 falling to 0. After e3nn's tetris example. ValueError for another network, and for a cutoff that leaves cells unconnected.
    """
    wanted = targets(outputs)
    looks = np.unique(np.linspace(0, steps, LOOKS).round().astype(int))
    table = Table(step=looks, seed=seeds, shape=np.array(SHAPES), output=np.arange(wanted.shape[1]))
    for name in ("loss", "accuracy_upright", "accuracy_turned"):
        table.add(name, "step seed")
    table.add("right_turned", "shape seed").add("f_upright", "shape seed output").add("learned_at", "seed").add("N")
    table.add("wanted", "shape output").set(wanted=wanted)
    upright = shapes(cutoff)
    if network not in NETWORKS:
        raise ValueError(f"network: got {network!r}; allowed: one of {', '.join(NETWORKS)}")
    if "e3nn" not in sys.modules:
        yield table  # it takes seconds to load

    one = learner(network, l_max, symmetry, layers, outputs, cutoff)
    table.set(N=one.f.N)
    asked = random_turns(rotations, TEST)
    few = one.shown(turned(upright, asked[:FEW]))
    x, y, fresh = one.shown(upright), wanted, None
    if augment:
        fresh = batches(one, upright, wanted, augment, steps)
        x, y = fresh()
    total = steps + 2 + len(asked) / FEW
    for state in train(one.f, one.f.init(seeds), x, y, steps=steps, fresh=fresh):
        if state.step in looks:
            k = int(np.searchsorted(looks, state.step))
            w = state.w.numpy()
            table.loss[k] = state.loss.numpy()
            table.f_upright[:] = np.swapaxes(one.f(w, one.shown(upright)), 0, 1)
            table.accuracy_upright[k] = right(table.f_upright.swapaxes(0, 1), wanted).mean(1)
            good = right(one.f(w, few), wanted)
            table.accuracy_turned[k] = good.mean((1, 2))
            table.right_turned[:] = good.mean(1).T
        yield table.set(progress=(state.step + 1) / total)

    found = []
    for start in range(0, len(asked), FEW):  # blocks, so that closing the stream stops it
        found.append(right(one.f(w, one.shown(turned(upright, asked[start : start + FEW]))), wanted))
        yield table.set(progress=(steps + 2 + len(found)) / (total + 1))
    good = np.concatenate(found, 1)
    table.accuracy_turned[-1], table.right_turned[:] = good.mean((1, 2)), good.mean(1).T
    for s, curve in enumerate((table.accuracy_turned * table.accuracy_upright).T == 1):
        wrong = np.flatnonzero(~curve)
        since = wrong[-1] + 1 if wrong.size else 0
        table.learned_at[s] = looks[since] if since < len(looks) else np.nan
    yield table.set(progress=1.0)


@lru_cache(maxsize=16)
def learner(network: str, l_max: int, symmetry: str, layers: int, outputs: str, cutoff: float) -> Learner:
    """One of `NETWORKS`, and what it looks at."""
    if network == "mlp":
        return Learner(plain(targets(outputs).shape[1]), coordinates)
    make = message_passing if network == "message_passing" else se3_transformer
    f = make(l_max=l_max, layers=layers, symmetry=symmetry, cutoff=cutoff, irreps_out=IRREPS_OUT[outputs])
    return Learner(f, lambda x: x)


@lru_cache(maxsize=32)
def trained(
    network: str = "message_passing",
    *,
    l_max: int = 1,
    symmetry: str = "O(3)",
    layers: int = 3,
    outputs: str = "pseudoscalar",
    cutoff: float = 2.5,
    steps: int = 200,
    seed: int = 0,
) -> tuple[Learner, Float[np.ndarray, " N"]]:
    """The network of `tetris` after training from `seed`, and its w: to be asked anything. Kept, so that asking again costs nothing."""
    one = learner(network, l_max, symmetry, layers, outputs, cutoff)
    state = None
    for state in train(one.f, one.f.init((seed,)), one.shown(shapes(cutoff)), targets(outputs), steps=steps):
        pass
    assert state is not None
    return one, state.w[0].numpy().copy()


def shapes(cutoff: float) -> Points:
    """The eight tetrominoes as graphs. ValueError for a cutoff at which the cells of one hang together no longer."""
    x = batch([as_points(name, cutoff=cutoff) for name in SHAPES])
    if not connected(x).all():
        raise ValueError(f"cutoff: got {cutoff}; allowed: more than 1, the distance of neighbouring cells, as 2.5")
    return x


def random_turns(many: int, seed: int) -> Float[np.ndarray, "many 3 3"]:
    """Matrices of `random_rotations`."""
    return np.stack([motion.rotation for motion in random_rotations(many, seed)])


def turned(x: Points, turns: Float[np.ndarray, "M 3 3"]) -> Points:
    """All graphs of x, whose features are scalars, turned by each of the matrices: M times as many, turn by turn."""
    M, n = len(turns), len(x.positions)
    steps = np.arange(M)
    return Points(
        np.einsum("mij,nj->mni", turns, x.positions).reshape(-1, 3),
        np.tile(x.features, (M, 1)),
        (x.edges[:, None] + (steps * n)[:, None]).reshape(2, -1),
        (x.graph + (steps * count(x))[:, None]).reshape(-1),
    )


def coordinates(x: Points) -> Float[np.ndarray, "graphs coordinates"]:
    """Positions from each graph's centre, one after another; graphs of equally many points."""
    r = x.positions.reshape(count(x), -1, 3)
    return (r - r.mean(1, keepdims=True)).reshape(len(r), -1)


def batches(
    one: Learner, upright: Points, wanted: Float[np.ndarray, "shapes outputs"], augment: int, steps: int
) -> Callable[[], tuple[Any, Any]]:
    """The next shapes at each call, in `augment` random orientations, which come round again when all were there."""
    import torch

    from .records import as_tensors

    turns = random_turns(augment, TRAIN)
    size = -(-augment // steps)
    y = torch.from_numpy(np.tile(wanted, (size, 1)))
    at = iter(range(10**9))

    def following() -> tuple[Any, Any]:
        index = (next(at) * size + np.arange(size)) % augment
        return as_tensors(one.shown(turned(upright, turns[index])), y), y

    return following


def right(
    f: Float[np.ndarray, "S items outputs"], wanted: Float[np.ndarray, "shapes outputs"]
) -> Bool[np.ndarray, "S ..."]:
    """Whether answers, shape after shape, are right: (S, turns, shapes), or (S, shapes) where each is there once."""
    f = f.reshape(len(f), -1, *wanted.shape)
    if wanted.shape[0] == wanted.shape[1]:
        good = f.argmax(-1) == wanted.argmax(-1)
    else:
        good = (f.round() == wanted).all(-1)
    return good[:, 0] if good.shape[1] == 1 else good


def plain(outputs: int) -> Flat:
    """A network of two hidden layers of ReLUs on twelve coordinates: it knows no symmetry."""
    from torch import nn

    sizes = (12, WIDTH, WIDTH)
    layers = [part for a, b in zip(sizes, sizes[1:]) for part in (nn.Linear(a, b), nn.ReLU())]
    with in_double():
        return flat(nn.Sequential(*layers, nn.Linear(WIDTH, outputs)))
