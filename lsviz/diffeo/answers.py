"""What a network answers to one picture, to the same picture deformed, and to it with noise of the very same size."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from jaxtyping import Float

from .. import nets as networks
from ..experiment import Table, experiment
from .fields import displacement, fields_of_images
from .networks import STAGES
from .pictures import T_ONE, describe, for_networks, one_picture, own_picture
from .relative import Reference, matched_noise, probes
from .warp import deform

OTHERS = 100  # test pictures that say how far answers lie apart; without trained weights also the batch that normalises
OUTPUTS = 10


@experiment(cost="slider")
def same_size(
    *,
    net: str = "fc3",
    dataset: str = "mnist",
    picture: int = 0,
    pixels: tuple[float, ...] | None = None,
    T: float = T_ONE,
    c: int = 3,
    seeds: Any = 16,
) -> Iterator[Table]:
    """One picture x, deformed and with noise of the same length, one field and one direction a seed; and a network's answers to all three.

    (seed, pixel_row, pixel_column): deformed, noisy. (seed): noise_norm = ‖η‖ = ‖τx − x‖. (stage, seed, output): answer, answer_deformed,
    answer_noisy, the ten logits. (stage, seed): change_deformed = ‖f(τx) − f(x)‖² and change_noisy = ‖f(x + η) − f(x)‖², each over
    the typical ‖f(x) − f(z)‖² of two of the first 100 test pictures. Stage "before": each seed its own start, normalised together with
    those 100, which are then deformed, or noisy, as well, as for R_f; "after": the one trained network that is shipped (NaN where there
    is none, and for Fashion), with running statistics. Scalars as in `deformation`. `pixels`: 28 × 28 grey levels of one's own.
    arXiv:2105.02468.
    """
    chosen = networks.make(net)
    n = networks.SIDE
    table = Table(seed=seeds, stage=STAGES, output=np.arange(OUTPUTS), pixel_row=np.arange(n), pixel_column=np.arange(n))
    table.add("image", "pixel_row pixel_column").add("deformed", "seed pixel_row pixel_column")
    table.add("noisy", "seed pixel_row pixel_column").add("noise_norm", "seed")
    for name in ("answer", "answer_deformed", "answer_noisy"):
        table.add(name, "stage seed output")
    for name in ("change_deformed", "change_noisy"):
        table.add(name, "stage seed")
    table.add("T", fill=T).add("c", fill=c).add("delta", fill=displacement(T, c, n))
    describe(table, T, c, n)
    image = one_picture(dataset, picture) if pixels is None else own_picture(pixels)
    if image.shape != (n, n):
        raise ValueError(f"pixels: got {image.size} numbers; allowed: {n * n}, as the networks see {n} × {n} pixels")
    image = image if dataset == "mnist" else 2 * image - 1
    still = np.broadcast_to(image, (len(seeds), n, n)).copy()
    field = np.concatenate([fields_of_images(T, c, n, seed, 1) for seed in seeds])
    moved = deform(still, field)
    noise = np.concatenate([matched_noise(one[None], seed) for one, seed in zip(moved - still, seeds, strict=True)])
    length = np.linalg.norm((moved - still).reshape(len(seeds), -1), axis=1)
    yield table.set(image=image, deformed=moved, noisy=still + noise, noise_norm=length)
    others, _ = for_networks(dataset, OTHERS, "test", "dataset")
    asked = np.stack([still, moved, still + noise], 1).astype(np.float32)

    def put(stage: int, s: int, answers: Float[np.ndarray, "3 outputs"], scale: float) -> None:
        for name, row in zip(("answer", "answer_deformed", "answer_noisy"), answers, strict=True):
            getattr(table, name)[stage, s] = row
        for name, row in zip(("change_deformed", "change_noisy"), answers[1:], strict=True):
            getattr(table, name)[stage, s] = ((row.astype(float) - answers[0]) ** 2).sum() / scale

    if net in networks.STORED and dataset == "mnist":
        w = networks.stored(net)
        scale = _scale(chosen(w, others)[0], others)
        for s in range(len(seeds)):
            put(1, s, chosen(w, asked[s])[0], scale)
        yield table.set(progress=0.2)
    for s, w in enumerate(chosen.init(seeds)):
        ((many_moved, many_noisy),) = probes(others, T, c, (seeds[s],))
        batches = zip((others, many_moved, many_noisy), asked[s], strict=True)
        found = [chosen(w[None], np.concatenate([many, one[None]]), True)[0] for many, one in batches]
        put(0, s, np.stack([out[-1] for out in found]), _scale(found[0][:OTHERS], others))
        yield table.set(progress=0.2 + 0.8 * (s + 1) / len(seeds))


def _scale(answers: Float[np.ndarray, "P outputs"], others: Any) -> float:
    """Typical squared distance between the answers to two pictures."""
    return float(Reference(lambda _: answers, others).scale("median"))
