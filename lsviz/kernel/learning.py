"""The test error of the infinitely wide network against the number of its training points: a power law."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from .. import data
from ..experiment import Table, experiment
from ..generalization.averaging import line_fit
from .frozen import regression
from .infinite import ntk_infinite

TEST = 2000  # points; ± 0.5 % of error at 5 %, and the same for all sizes


@experiment(cost="watch")
def kernel_learning_curve(
    *,
    dataset: str = "mnist",
    inputs: str = "pca",
    sizes: tuple[int, ...] = (64, 128, 256, 512, 1024),
    d: int = 10,
    L: int = 1,
    act: str = "relu",
    beta: float = 1.0,
    seeds: Any = 3,
) -> Iterator[Table]:
    """ε(P) of the infinitely wide network, trained to the end by gradient flow on ½(f − y)²: regression with Θ∞, no ridge.

    Here a seed draws the training points: an infinite network has no other chance. f₀ = 0, the mean over random starts. inputs: "pca" =
    d principal components, or "pixels" = the 784 pixels, their mean taken off, on the sphere √784 (d is not used; no random points).
    Dims (size_P, seed): test_error over 2000 points (fewer where fewer pictures are stored). Scalars error_slope,
    error_slope_se of test_error ∝ P^slope. Few points first. A size larger than the stored set stays NaN.
    """
    table = Table(size_P=np.array(sizes), seed=seeds)
    table.add("test_error", "size_P seed").add("error_slope").add("error_slope_se")
    work, done = sum(P**2 for P in sizes) * len(seeds), 0.0
    yield table
    points = _Points(dataset, inputs, d)
    for place in np.argsort(sizes):
        P = sizes[place]
        if points.most >= P:
            for s, seed in enumerate(seeds):
                x, y = points.train(P, seed)
                found = regression(ntk_infinite(x, L=L, act=act, beta=beta), y)
                cross = ntk_infinite(points.test_x, x, L=L, act=act, beta=beta)
                table.test_error[place, s] = (found.predict(cross) * points.test_y <= 0).mean()
                done += P**2
                yield table.set(progress=0.99 * done / work)
        known = np.isfinite(table.test_error).all(1)
        slope, error = line_fit(np.array(sizes)[known], table.test_error[known].mean(1))
        table.set(error_slope=slope, error_slope_se=error)
    yield table


class _Points:
    """Where training and test points come from."""

    def __init__(self, dataset: str, inputs: str, d: int) -> None:
        self.dataset, self.d, self.pixels = dataset, d, inputs == "pixels"
        if self.pixels and dataset not in data.PICTURED:
            raise ValueError(f"inputs: got 'pixels' with dataset={dataset!r}; allowed: pca, for it has no pictures")
        if self.pixels:
            self.most = data.image_count(dataset)
            test = data.images(dataset, P=min(TEST, data.image_count(dataset, "test")), split="test")
            self.all = data.images(dataset, P=self.most)
            self.mean = self.all.x.reshape(self.most, -1).mean(0)
            self.test_x, self.test_y = self._on_sphere(test.x), self._sign(test.label)
        else:
            self.most = data.size(dataset)
            held_out = data.load(dataset, P=TEST, d=d, split="test")
            self.test_x, self.test_y = held_out.x, held_out.y

    def _on_sphere(self, x: np.ndarray) -> np.ndarray:
        flat = x.reshape(len(x), -1) - self.mean
        return flat * (math.sqrt(flat.shape[1]) / np.linalg.norm(flat, axis=1, keepdims=True))

    @staticmethod
    def _sign(label: np.ndarray) -> np.ndarray:
        return np.where(label % 2 == 1, 1.0, -1.0)

    def train(self, P: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        if not self.pixels:
            points = data.load(self.dataset, P=P, d=self.d, seed=seed)
            return points.x, points.y
        order = np.random.default_rng(seed).permutation(self.most)
        chosen = order[:P]  # those of a smaller P are the first ones of a larger
        return self._on_sphere(self.all.x[chosen]), self._sign(self.all.label[chosen])
