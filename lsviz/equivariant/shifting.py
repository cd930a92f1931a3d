"""Which shifts of a picture a convolutional network minds: those that are no multiple of its stride."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
from jaxtyping import Float

from .. import nets
from ..experiment import Table, experiment
from .networks import OUTPUTS, answers, cold, describe, each, probabilities, probes, shown
from .pictures import shift as shifted_by

REACH = 8  # pixels: the total stride of the networks that have one
FINEST = 0.25  # pixels, from one shift of the default scan to the next


@experiment(cost="watch")
def shift_response(
    *,
    shift_nets: tuple[str, ...] = ("stride", "max", "blur", "none"),
    picture: int = 0,
    pixels: tuple[float, ...] | None = None,
    shift: float = 1.0,
    shifts: tuple[float, ...] | None = None,
    probe: int = 200,
    seeds: Any = 3,
) -> Iterator[Table]:
    """What trained networks answer to a picture that is shifted to the right on a torus, by `shift` pixels and along a scan of shifts.

    (pixel_row, pixel_column): image and shifted, 32 × 32. (network, seed, output): probability of each class for the shifted picture.
    (network, seed, shift_pixels, output): probability_shift; (network, seed, shift_pixels): output_change = ‖f(shifted) − f(x)‖/‖f(x)‖ in
    double precision. Over the first `probe` test pictures, for each whole shift from 1 to 8 (network, seed, whole_shift): top_change, the
    share whose class changes, and probability_change, the mean |Δp| of the class that the unshifted picture was given; (network, seed):
    test_error there, beside loss over the training pictures and iterations at the end of training. (network): N, total_stride, and
    exact_every: multiples of this many pixels change nothing, by construction. Scalar picture_class (NaN for a picture of one's own).
    A seed is that of a trained network: 0, 1, 2 are shipped, all others stay NaN. Shifts by parts of a pixel are interpolated, as
    `equivariant.shift` says; by default −8 to 8 in quarters. Azulay and Weiss 2019, arXiv:1805.12177; Zhang 2019, arXiv:1904.11486.
    """
    scan = tuple(np.arange(-REACH, REACH + FINEST / 2, FINEST)) if shifts is None else shifts
    side = np.arange(nets.PLANAR_SIDE)
    table = Table(
        network=shift_nets, seed=seeds, shift_pixels=np.array(scan), whole_shift=np.arange(1, REACH + 1),
        output=np.arange(OUTPUTS), pixel_row=side, pixel_column=side,
    )  # fmt: skip
    table.add("image", "pixel_row pixel_column").add("shifted", "pixel_row pixel_column")
    table.add("probability", "network seed output").add("probability_shift", "network seed shift_pixels output")
    table.add("output_change", "network seed shift_pixels").add("test_error", "network seed")
    table.add("top_change", "network seed whole_shift").add("probability_change", "network seed whole_shift")
    table.add("total_stride", "network").add("exact_every", "network").add("picture_class")
    describe(table, "shift_", shift_nets, seeds)
    image, label = shown(picture, pixels)
    probes(probe)
    chosen = [nets.make(f"shift_{name}") for name in shift_nets]
    table.set(total_stride=[net.stride for net in chosen], exact_every=[nets.exact_every(net) for net in chosen])
    table.set(image=image, shifted=shifted_by(shift, image), picture_class=label)
    asked = table.shifted[None]

    def now(n: int, s: int, name: str, seed: int) -> None:
        table.probability[n, s] = probabilities(answers(name, seed, asked))[0]

    def along(n: int, s: int, name: str, seed: int) -> None:
        f = _along(name, seed, image.tobytes(), scan)
        table.probability_shift[n, s] = probabilities(f[1:])
        table.output_change[n, s] = np.linalg.norm(f[1:] - f[0], axis=1) / np.linalg.norm(f[0])

    def over(n: int, s: int, name: str, seed: int) -> None:
        table.test_error[n, s], table.top_change[n, s], table.probability_change[n, s] = _over(name, seed, probe)

    steps, done = 2 * len(shift_nets) * len(seeds) + 1, 1
    if cold():
        yield table
    for _ in each("shift_", shift_nets, seeds, now):
        pass
    yield table.set(progress=1 / (steps + 1))
    for work in (along, over):
        for _ in each("shift_", shift_nets, seeds, work):
            done += 1
            yield table.set(progress=done / (steps + 1))


@lru_cache(maxsize=64)
def _along(name: str, seed: int, image: bytes, scan: tuple[float, ...]) -> Float[np.ndarray, "shifts outputs"]:
    """Logits for the picture as it is, then for each shift of it. Kept, so that moving along the scan costs nothing."""
    still = np.frombuffer(image).reshape(nets.PLANAR_SIDE, nets.PLANAR_SIDE)
    return answers(name, seed, np.stack([still, *(shifted_by(k, still) for k in scan)]), exact=True)


@lru_cache(maxsize=64)
def _over(name: str, seed: int, probe: int) -> tuple[float, np.ndarray, np.ndarray]:
    """Test error, share of pictures whose class changes and mean |Δp| of that class, for each whole shift."""
    x, label = probes(probe)
    before = answers(name, seed, x)
    top, rows = before.argmax(1), np.arange(len(x))
    p = probabilities(before)[rows, top]
    changes, moves = [], []
    for k in range(1, REACH + 1):
        after = answers(name, seed, shifted_by(k, x))
        changes.append((after.argmax(1) != top).mean())
        moves.append(np.abs(probabilities(after)[rows, top] - p).mean())
    return float((top != label).mean()), np.array(changes), np.array(moves)
