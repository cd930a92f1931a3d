"""The trained networks that are asked which shifts and turns they mind, and the pictures shown to them."""

import sys
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from .. import data, nets
from ..diffeo.pictures import for_networks, one_picture, own_picture

DATASET = "mnist"  # what the shipped networks were trained on
OUTPUTS = 10


@lru_cache(maxsize=len(nets.PLANAR))
def shipped(name: str) -> tuple[nets.Net, dict[int, Float[np.ndarray, "1 size"]]]:
    """A network of `nets.PLANAR`, and its trained weights by the seed they were trained from."""
    return nets.make(name), {
        seed: row[None] for seed, row in zip(nets.story(name)["seeds"], nets.stored(name), strict=True)
    }


def answers(
    name: str, seed: int, x: Float[np.ndarray, "P 32 32"], exact: bool = False
) -> Float[np.ndarray, "P outputs"]:
    """Logits of the network trained from `seed`; exact: in double precision."""
    net, rows = shipped(name)
    if not exact:
        return net(rows[seed], x)[0]
    import torch

    return net(torch.from_numpy(rows[seed]), torch.tensor(x, dtype=torch.float64))[0].numpy()


def probabilities(logits: Float[Any, "*P outputs"]) -> Float[np.ndarray, "*P outputs"]:
    """Softmax: what a network trained by cross entropy holds each class for."""
    z = np.asarray(logits, float)
    z = np.exp(z - z.max(-1, keepdims=True))
    return z / z.sum(-1, keepdims=True)


def shown(picture: int, pixels: tuple[float, ...] | None) -> tuple[Float[np.ndarray, "32 32"], float]:
    """Test picture number `picture` with its class, or one's own of 28 × 28 grey levels (no class: NaN), with a rim of zeros."""
    if pixels is None:
        return _test_picture(picture)
    image = own_picture(pixels)
    if image.shape != (nets.SIDE, nets.SIDE):
        raise ValueError(
            f"pixels: got {image.size} numbers; allowed: {nets.SIDE**2}, as the networks see {nets.SIDE} × {nets.SIDE} pixels"
        )
    return nets.padded(image), float("nan")


@lru_cache(maxsize=256)
def _test_picture(picture: int) -> tuple[Float[np.ndarray, "32 32"], float]:
    image = one_picture(DATASET, picture)
    return nets.padded(image), float(data.images(DATASET, P=picture + 1, split="test").label[picture])


def cold() -> bool:
    """Whether the first answer will wait for torch: then a picture is shown before it."""
    return "torch" not in sys.modules


@lru_cache(maxsize=8)
def probes(probe: int) -> tuple[Float[np.ndarray, "P 32 32"], Int[np.ndarray, " P"]]:
    """The first test pictures, with a rim of zeros, and their classes."""
    x, label = for_networks(DATASET, probe, "test", "probe")
    return nets.padded(x), label.astype(int)


def describe(table: Any, prefix: str, names: tuple[str, ...], seeds: tuple[int, ...]) -> None:
    """Add N (network), and loss and iterations (network, seed) at the end of training, NaN for seeds that are not shipped."""
    table.add("N", "network").add("loss", "network seed").add("iterations", "network seed")
    for n, name in enumerate(names):
        told = nets.story(prefix + name)
        table.N[n] = told["N"]
        for place, seed in enumerate(told["seeds"]):
            for s in (s for s, one in enumerate(seeds) if one == seed):
                table.loss[n, s], table.iterations[n, s] = told["loss"][place], told["steps"][place]


def each(
    prefix: str, names: tuple[str, ...], seeds: tuple[int, ...], do: Callable[[int, int, str, int], None]
) -> Iterator[None]:
    """Call do(n, s, name, seed) for every network and every seed that is shipped; yields after each."""
    for n, name in enumerate(names):
        for s, seed in enumerate(seeds):
            if seed in shipped(prefix + name)[1]:
                do(n, s, prefix + name, seed)
                yield
