"""Who is stable to what: the answers' change under a deformation (D_f), under noise of the very same size (G_f), and their ratio R_f."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from .. import xp as xps
from .fields import fields_of_images
from .modes import NOISE, cutoff_of, seeds_of, temperature_of
from .warp import deform

ESTIMATORS = ("median", "mean")


class Stability(NamedTuple):
    """One number for each seed."""

    D_f: Any
    G_f: Any
    R_f: Any


def stability(
    f: Callable[[Any], Any],
    images: Float[Any, "P rows columns"],
    *,
    T: float,
    c: int,
    seeds: Any,
    estimator: str = "median",
    interpolation: str = "bilinear",
) -> Stability:
    """D_f, G_f and R_f = D_f/G_f (seeds,) of f, a map from images (P, n, n) to outputs (P, outputs), at temperature T and cutoff c.

    D_f ∝ ‖f(τx) − f(x)‖² with one field for each image and seed; G_f the same for f(x + η), η an isotropic Gaussian direction of exactly
    the length ‖τx − x‖ for each image; both over the typical ‖f(x) − f(z)‖² of two images (arXiv:2105.02468, and its code).
    estimator: "median", as in the paper's figures: the median over images of each output's squared change, summed over outputs, over
    the median of all P² pairs (+ 1e-10; of an even count the lower middle one). "mean": means in both places, for which the identity
    map has R_f = 1. Do not mix the two: they differ up to twofold for networks, and the identity's median R_f is 0.04 to 0.2.
    interpolation: "gaussian" compares with the image deformed at T = 0, which it smooths as well.

    R_f is the ratio of the two changes, whatever the normalisation: f → a f + b leaves it. At T = 0 nothing changes, and R_f is NaN.
    The result is of the kind of f's outputs. ValueError names an argument that is not allowed.
    """
    if estimator not in ESTIMATORS:
        raise ValueError(f"estimator: got {estimator!r}; allowed: one of {', '.join(ESTIMATORS)}")
    T, c = temperature_of(T), cutoff_of(c)
    over = Reference(f, images, interpolation)
    found = [
        [typical(over.change(x), estimator) for x in pair] for pair in probes(over.images, T, c, seeds, interpolation)
    ]
    xp = xps.namespace(over.out)
    d, g = (xp.stack([pair[k] for pair in found]) for k in (0, 1))
    with np.errstate(invalid="ignore", divide="ignore"):
        return Stability(d / over.scale(estimator), g / over.scale(estimator), d / g)


def probes(
    images: Float[Any, "P n n"], T: float, c: int, seeds: Any, interpolation: str = "bilinear"
) -> Iterator[tuple[Any, Any]]:
    """For every seed the images deformed, and the images with noise of the same size: one field and one direction for each image."""
    n, P = images.shape[-1], images.shape[0]
    xp: Any = np
    if not isinstance(images, np.ndarray):
        import torch as xp
    for seed in seeds_of(seeds):
        moved = deform(images, _on(images, fields_of_images(T, c, n, seed, P, xp, images.dtype)), interpolation)
        yield moved, images + matched_noise(moved - images, seed)


def matched_noise(difference: Float[Any, "P *channels n n"], seed: int) -> Float[Any, "P *channels n n"]:
    """η: an isotropic Gaussian direction for each image, as long as that image's `difference` over all pixels and channels."""
    shape = tuple(difference.shape)
    rng = np.random.Generator(np.random.Philox(key=np.array([seed, NOISE], np.uint64)))
    drawn = rng.standard_normal((shape[0], int(np.prod(shape[1:]))))
    drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
    length = np.linalg.norm(xps.numpy(difference).reshape(shape[0], -1).astype(float), axis=1)
    return xps.like((drawn * length[:, None]).reshape(shape), difference)


class Reference:
    """f on the images as they are: what all changes are measured from, and by."""

    def __init__(
        self, f: Callable[[Any], Any], images: Float[Any, "P rows columns"], interpolation: str = "bilinear"
    ) -> None:
        """ValueError unless f gives a row of outputs for each of at least two square images."""
        shape = tuple(images.shape)
        if shape[0] < 2 or shape[1] != shape[2]:
            raise ValueError(f"images: got shape {shape}; allowed: (P, n, n), at least two square pictures")
        if interpolation == "gaussian":
            still = np.zeros((1, 2, *shape[1:]))
            images = deform(images, xps.like(still, images), interpolation)
        self.f, self.images = f, images
        self.out = f(images)
        if len(self.out.shape) != 2 or self.out.shape[0] != shape[0]:
            raise ValueError(f"f: got outputs of shape {tuple(self.out.shape)}; allowed: ({shape[0]}, outputs)")

    def scale(self, estimator: str) -> Any:
        """Typical ‖f(x) − f(z)‖² of two images, over all P² pairs, + 1e-10."""
        pairs = _square_distances(self.out)
        return (_median(pairs.reshape(-1, 1))[0] if estimator == "median" else pairs.mean()) + 1e-10

    def change(self, images: Any) -> Float[Any, "P K"]:
        """Squared change of each output."""
        return (self.f(images) - self.out) ** 2


def typical(change: Float[Any, "P K"], estimator: str) -> Any:
    """Typical squared change over images, summed over outputs."""
    return (_median(change) if estimator == "median" else change.mean(0)).sum()


def _median(values: Float[Any, "P K"]) -> Float[Any, " K"]:
    """Median over rows; of an even count the lower of the two in the middle, as torch's and so the authors'."""
    if not isinstance(values, np.ndarray):
        return values.median(0).values
    middle = (len(values) - 1) // 2
    return np.partition(values, middle, axis=0)[middle]


def _square_distances(out: Float[Any, "P K"]) -> Float[Any, "P P"]:
    """‖f(x) − f(z)‖² of all pairs, the P zeros of the diagonal included."""
    centred = out - out.mean(0)
    square = (centred**2).sum(1)
    xp = xps.namespace(out)
    return xp.clip(square[:, None] + square - 2 * centred @ centred.T, 0, None)


def _on(images: Any, field: Any) -> Any:
    return field if isinstance(images, np.ndarray) else field.to(images.device)
