"""One picture under random fields, and the pictures on which networks are trained and asked."""

import math
import os
from collections.abc import Iterator
from typing import Any

import numpy as np
from jaxtyping import Float

from .. import data
from ..experiment import Table, experiment
from .fields import displacement, displacement_leading_log, field, folds, temperature_range
from .relative import matched_noise
from .warp import deform

T_ONE = 1.4783e-3  # the authors' δ is one pixel at n = 28, c = 3; the exact one 0.81
OWN_MAX = 128  # pixels a side of a picture of one's own


@experiment(cost="slider")
def deformation(
    *,
    dataset: str = "mnist",
    picture: int = 0,
    pixels: tuple[float, ...] | None = None,
    T: float = T_ONE,
    c: int = 3,
    interpolation: str = "bilinear",
    seeds: Any = 16,
) -> Iterator[Table]:
    """A picture deformed at temperature T and cutoff c, one field a seed, beside noise of the very same size; and where the map folds.

    The picture is test picture number `picture`, or one's own: `pixels`, n² grey levels row by row (n from 3 to 128).
    (pixel_row, pixel_column): image; with seed first: deformed τx, noisy x + η, field_x and field_y in pixels. (seed, fold_row,
    fold_column): fold, 1 where it folds, on 4n × 4n points. (seed): fold_share of the area, displacement_rms, noise_norm = ‖η‖ = ‖τx − x‖.
    Scalars: T, c, delta (exact), delta_leading_log, T_min, T_max (these three NaN at c = 1). arXiv:2105.02468.
    """
    image = one_picture(dataset, picture) if pixels is None else own_picture(pixels)
    n = len(image)
    line, fine = np.arange(n), np.linspace(0, n - 1, 4 * n)
    table = Table(seed=seeds, pixel_row=line, pixel_column=line, fold_row=fine, fold_column=fine)
    table.add("image", "pixel_row pixel_column").set(image=image)
    for name in ("deformed", "noisy", "field_x", "field_y"):
        table.add(name, "seed pixel_row pixel_column")
    table.add("fold", "seed fold_row fold_column")
    for name in ("fold_share", "displacement_rms", "noise_norm"):
        table.add(name, "seed")
    table.add("T", fill=T).add("c", fill=c).add("delta", fill=displacement(T, c, n))
    describe(table, T, c, n)
    u = field(T, c, n, seeds)
    still = np.broadcast_to(image, (len(seeds), n, n)).copy()
    moved = deform(still, u, interpolation)
    # Gaussian interpolation smooths as well: what a deformation does is told apart from that.
    change = moved - (deform(still, 0 * u, interpolation) if interpolation == "gaussian" else still)
    noise = np.concatenate([matched_noise(one[None], seed) for one, seed in zip(change, seeds, strict=True)])
    table.set(deformed=moved, noisy=still + noise, field_x=u[:, 0], field_y=u[:, 1])
    table.set(
        displacement_rms=np.sqrt((u**2).sum(1).mean((1, 2))),
        noise_norm=np.linalg.norm(change.reshape(len(seeds), -1), axis=1),
    )
    yield table.set(progress=0.5)
    folded = folds(T, c, n, seeds)
    yield table.set(fold=folded, fold_share=folded.mean((1, 2)))


def describe(table: Table, T: float, c: int, n: int) -> None:
    """Add the authors' δ and the allowed temperatures: scalars, NaN where ln c is 0."""
    low, high = temperature_range(c, n) if c > 1 else (math.nan, math.nan)
    table.add("delta_leading_log", fill=displacement_leading_log(T, c, n) if c > 1 else math.nan)
    table.add("T_min", fill=low).add("T_max", fill=high)


def one_picture(dataset: str, picture: int) -> Float[np.ndarray, "28 28"]:
    """Test picture number `picture`, as it is shipped. ValueError names what is not there."""
    held = data.image_count(pictured(dataset), "test")
    if picture >= held:
        raise ValueError(
            f"picture: got {picture}; allowed: 0 to {held - 1}, the test pictures of {dataset} that come with the package"
        )
    return data.images(dataset, P=picture + 1, split="test").x[picture]


def own_picture(pixels: tuple[float, ...]) -> Float[np.ndarray, "n n"]:
    """n² grey levels as a picture. ValueError for another number of them."""
    n = math.isqrt(len(pixels))
    if n * n != len(pixels) or not 3 <= n <= OWN_MAX:
        raise ValueError(f"pixels: got {len(pixels)} numbers; allowed: n² of them, n from 3 to {OWN_MAX}")
    return np.array(pixels, float).reshape(n, n)


def pictured(dataset: str) -> str:
    """A data set that has pictures. ValueError for random points."""
    if dataset not in data.PICTURED:
        raise ValueError(f"dataset: got {dataset!r}; allowed: one of {', '.join(data.PICTURED)}, which have pictures")
    return dataset


def for_networks(dataset: str, count: int, split: str, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Pictures and classes as the networks of the paper see them: MNIST in [0, 1], Fashion in [−1, 1].

    Beyond those that are shipped (12 000 and 4 000 of MNIST, 2 000 and 500 of Fashion for training and test) they come from the complete
    sets, where LSVIZ_ORIGINALS names their folder. ValueError names the argument `name` where there are not as many.
    """
    most, here = data.size(pictured(dataset), split), data.image_count(dataset, split)
    complete = "LSVIZ_ORIGINALS" in os.environ
    if count > (most if complete else here):
        more = "" if complete else f" (up to {most} where LSVIZ_ORIGINALS names the folder of the complete sets)"
        raise ValueError(
            f"{name}: got {count}; allowed: up to {most if complete else here} pictures of {dataset}{more}"
        )
    found = data.all_images(dataset, P=count, split=split)
    x = found.x if dataset == "mnist" else 2 * found.x - 1
    return x.astype(np.float32), found.label
