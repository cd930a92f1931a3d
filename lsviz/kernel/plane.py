"""The picture of the tangent kernel: two parameters, three points, so that the functions of a network are a surface in space."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..experiment import Table, experiment
from .dynamics import runge_kutta

X = np.array([-1.0, 0.2, 1.0])  # the three points; unequal gaps, so that no symmetry flattens the picture
GRID = 25
REACH = 2.2  # the part of the surface that is drawn: parameters this far from w₀, in steps of F
STEPS = 120
TIME = 12.0


def outputs(w: Any) -> Any:
    """f(w, x) = tanh(w₁ x + w₂) at the three points (…, 3): a one-neuron network of two parameters."""
    w = np.asarray(w)
    return np.tanh(w[..., :1] * X + w[..., 1:])


def jacobian(w: np.ndarray) -> np.ndarray:
    """∂f/∂w (…, 3, 2)."""
    slope = 1 - outputs(w) ** 2
    return np.stack([slope * X, slope], axis=-1)


@experiment(cost="slider")
def tangent_plane(
    *, w1: float | None = None, w2: float | None = None, alpha: float = 1.0, seeds: Any = 1
) -> Iterator[Table]:
    """All functions that a network of two parameters can be, at three points: a curved surface, its tangent plane at w₀, training on both.

    F = α̃ (f − f₀), f = tanh(w₁x + w₂); gradient flow on ½‖F − target‖² in time units in which F moves alike for every α̃. A larger α̃ lets
    smaller steps of w reach the target: on the scale of F the surface is flatter there. w₀ is drawn from the seed, or given by w1, w2.
    Dims (seed, row, column, axis): surface, plane (axis: F at the three points); (seed, step, axis): path_real, path_linear; (seed, axis):
    target, a point at distance 1, mostly along the plane; (seed): w_start_1, w_start_2, path_gap = distance of the two ends,
    w_moved = ‖w − w₀‖ at the end of the curved path. The target is out of reach of both: three equations, two parameters.
    """
    table = Table(seed=seeds, row=np.arange(GRID), column=np.arange(GRID), axis=np.arange(3), step=np.arange(STEPS + 1))
    table.add("surface", "seed row column axis").add("plane", "seed row column axis").add("target", "seed axis")
    table.add("path_real", "seed step axis").add("path_linear", "seed step axis")
    for name in ("w_start_1", "w_start_2", "path_gap", "w_moved"):
        table.add(name, "seed")
    for place, seed in enumerate(seeds):
        drawn = 0.6 * np.random.default_rng(seed).standard_normal(2)
        w0 = np.array([drawn[0] if w1 is None else w1, drawn[1] if w2 is None else w2])
        _show(table, place, w0, alpha)
        yield table.set(progress=(place + 0.5) / len(seeds))


def _frame(tangent: np.ndarray) -> np.ndarray:
    """Columns: two axes of the plane, along ∂f/∂w₂ and across it, and its normal. They turn smoothly with w₀, without a change of sign."""
    first = tangent[:, 1] / np.linalg.norm(tangent[:, 1])
    second = tangent[:, 0] - first * (first @ tangent[:, 0])
    second = second / np.linalg.norm(second)
    return np.stack([first, second, np.cross(first, second)], axis=1)


def _show(table: Table, place: int, w0: np.ndarray, alpha: float) -> None:
    tangent = jacobian(w0)
    axes, sizes = _frame(tangent), np.linalg.svd(tangent, compute_uv=False)
    target = axes @ np.array([0.8, 0.5, 0.33166247903554])  # of length 1; two of three parts lie in the plane
    across = np.linspace(-REACH, REACH, GRID)
    u, v = np.meshgrid(across, across, indexing="ij")
    within = axes[:, :2].T @ tangent / sizes[0]  # from Δw to the plane's own axes
    steps = (
        np.stack([u, v], axis=-1) @ np.linalg.inv(within).T / (sizes[0] * alpha)
    )  # Δw that moves the plane's F by (u, v)
    start = outputs(w0)
    table.surface[place] = alpha * (outputs(w0 + steps) - start)
    table.plane[place] = alpha * steps @ tangent.T
    table.target[place], table.w_start_1[place], table.w_start_2[place] = target, *w0
    w, moved, dt = w0.copy(), np.zeros(2), TIME / STEPS / sizes[0] ** 2
    table.path_real[place, 0] = table.path_linear[place, 0] = 0

    def real(w: np.ndarray) -> np.ndarray:
        return jacobian(w).T @ (target - alpha * (outputs(w) - start)) / alpha

    def linear(moved: np.ndarray) -> np.ndarray:
        return tangent.T @ (target - alpha * tangent @ moved) / alpha

    for step in range(1, STEPS + 1):
        w, moved = runge_kutta(real, w, dt), runge_kutta(linear, moved, dt)
        table.path_real[place, step] = alpha * (outputs(w) - start)
        table.path_linear[place, step] = alpha * tangent @ moved
    table.path_gap[place] = np.linalg.norm(table.path_real[place, -1] - table.path_linear[place, -1])
    table.w_moved[place] = np.linalg.norm(w - w0)
