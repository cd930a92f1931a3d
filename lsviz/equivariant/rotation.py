"""Turns of a picture by any angle, and which networks mind them."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
from jaxtyping import Float

from .. import nets
from .. import xp as xps
from ..diffeo import deform
from ..experiment import Table, experiment
from .error import equivariance_error
from .networks import OUTPUTS, answers, cold, describe, each, probabilities, probes, shown
from .pictures import turn as quarter_turns

STEP = 15  # degrees, from one angle of the default scan to the next


def rotate(degrees: float, x: Float[Any, "*P n n"]) -> Float[Any, "*P n n"]:
    """Pictures turned against the clock about their middle. Exact at multiples of 90°; between them what is left of the angle, at most
    45°, is interpolated bilinearly, which blurs, and places beyond the border are those at it (`diffeo.deform`). NumPy or torch.
    ValueError for an angle that is not finite, and for pictures that are not square.
    """
    if not isinstance(degrees, (int, float, np.integer, np.floating)) or not np.isfinite(degrees):
        raise ValueError(f"degrees: got {degrees!r}; allowed: a finite number")
    k = round(float(degrees) / 90)
    rest = float(degrees) - 90 * k
    x = quarter_turns(k, x)
    if rest == 0:
        return x
    n = x.shape[-1]
    return deform(x.reshape(-1, n, n), xps.like(_displacement(n, rest), x)).reshape(x.shape)


@lru_cache(maxsize=64)
def _displacement(n: int, degrees: float) -> Float[np.ndarray, "1 2 n n"]:
    """u(s) of the turn, (τx)(s) = x(s − u(s)): first along columns, then along rows, which count downwards."""
    angle = np.deg2rad(degrees)
    across = np.arange(n) - (n - 1) / 2
    right, down = across, across[:, None]
    c, s = np.cos(angle), np.sin(angle)
    return np.stack([right - (c * right - s * down), down - (s * right + c * down)])[None]


@experiment(cost="watch")
def rotation_response(
    *,
    turn_nets: tuple[str, ...] = ("plain", "augmented", "p4"),
    picture: int = 0,
    pixels: tuple[float, ...] | None = None,
    turn: float = 90.0,
    turns: tuple[float, ...] | None = None,
    probe: int = 100,
    seeds: Any = 3,
) -> Iterator[Table]:
    """What trained networks answer to pictures that are turned against the clock, by `turn` degrees and along a scan of angles.

    (pixel_row, pixel_column): image, turned, and turned_back, the picture turned there and back, 32 × 32. (network, seed, output):
    probability of each class for the turned picture. (network, seed, turn_degrees, output): probability_turn. Over the first `probe` test
    pictures (network, seed, turn_degrees): error_turn, the test error when all are turned; equivariance, `equivariance_error` of the
    logits under that turn; and the floor that interpolation sets, the same for pictures that are turned there and back: error_back,
    equivariance_floor. (turn_degrees): image_floor, the mean ‖back − x‖/‖x‖. (network, seed): test_error upright, loss over the training
    pictures (turned as they were in training) and iterations. (network): N. Scalar picture_class (NaN for a picture of one's own).
    A seed is that of a trained network: 0, 1, 2 are shipped, all others stay NaN. Angles: by default 0 to 345 in steps of 15, multiples
    of 90 first: these alone are exact. p4: Cohen and Welling 2016, arXiv:1602.07576.
    """
    scan = tuple(float(a) for a in range(0, 360, STEP)) if turns is None else turns
    side = np.arange(nets.PLANAR_SIDE)
    table = Table(
        network=turn_nets,
        seed=seeds,
        turn_degrees=np.array(scan),
        output=np.arange(OUTPUTS),
        pixel_row=side,
        pixel_column=side,
    )
    for name in ("image", "turned", "turned_back"):
        table.add(name, "pixel_row pixel_column")
    table.add("probability", "network seed output").add("probability_turn", "network seed turn_degrees output")
    for name in ("error_turn", "error_back", "equivariance", "equivariance_floor"):
        table.add(name, "network seed turn_degrees")
    table.add("image_floor", "turn_degrees").add("test_error", "network seed").add("picture_class")
    describe(table, "turn_", turn_nets, seeds)
    image, label = shown(picture, pixels)
    _, classes = probes(probe)
    moved = rotate(turn, image)
    table.set(image=image, turned=moved, turned_back=rotate(-turn, moved), picture_class=label)

    def now(n: int, s: int, name: str, seed: int) -> None:
        table.probability[n, s] = probabilities(answers(name, seed, moved[None]))[0]

    if cold():
        yield table
    for _ in each("turn_", turn_nets, seeds, now):
        pass
    total = len(turn_nets) * len(seeds) * (len(scan) + 1) + 1
    done = 1
    yield table.set(progress=done / (total + 1))

    def along(n: int, s: int, name: str, seed: int) -> None:
        table.probability_turn[n, s] = probabilities(_along(name, seed, image.tobytes(), scan))
        table.test_error[n, s] = (_over(name, seed, probe, 0.0, False).argmax(1) != classes).mean()

    for _ in each("turn_", turn_nets, seeds, along):
        done += 1
        yield table.set(progress=done / (total + 1))
    for a in sorted(range(len(scan)), key=lambda a: (scan[a] % 90 != 0, a)):
        table.image_floor[a] = _image_floor(probe, scan[a] % 90)

        def over(n: int, s: int, name: str, seed: int, a: int = a) -> None:
            f, still, back = (
                _over(name, seed, probe, *how) for how in ((scan[a], False), (0.0, False), (scan[a] % 90, True))
            )
            table.error_turn[n, s, a], table.error_back[n, s, a] = ((g.argmax(1) != classes).mean() for g in (f, back))
            table.equivariance[n, s, a] = _error(still, f)
            table.equivariance_floor[n, s, a] = _error(still, back)

        for _ in each("turn_", turn_nets, seeds, over):
            done += 1
            yield table.set(progress=done / (total + 1))


def _error(still: Any, moved: Any) -> float:
    """`equivariance_error` of answers that are known already: x stands for itself, the only element for the change of x."""
    known = {False: still, True: moved}
    return equivariance_error(known.__getitem__, False, (True,), lambda g, x: g, lambda g, y: y)


@lru_cache(maxsize=64)
def _along(name: str, seed: int, image: bytes, scan: tuple[float, ...]) -> Float[np.ndarray, "angles outputs"]:
    """Logits for the picture at each angle. Kept, so that moving along the scan costs nothing."""
    still = np.frombuffer(image).reshape(nets.PLANAR_SIDE, nets.PLANAR_SIDE)
    return answers(name, seed, np.stack([rotate(a, still) for a in scan]))


@lru_cache(maxsize=1024)
def _over(name: str, seed: int, probe: int, degrees: float, back: bool) -> Float[np.ndarray, "P outputs"]:
    """Logits for test pictures turned, or turned there and back: (degrees mod 90) is enough for that, as quarter turns lose nothing."""
    return answers(name, seed, _turned(probe, degrees, back))


@lru_cache(maxsize=64)
def _turned(probe: int, degrees: float, back: bool) -> Float[np.ndarray, "P 32 32"]:
    x = rotate(degrees, probes(probe)[0])
    return np.ascontiguousarray(rotate(-degrees, x) if back else x)


@lru_cache(maxsize=64)
def _image_floor(probe: int, degrees: float) -> float:
    x = probes(probe)[0]
    change, size = (np.linalg.norm(y.reshape(len(x), -1), axis=1) for y in (_turned(probe, degrees, True) - x, x))
    return float((change / size).mean())
