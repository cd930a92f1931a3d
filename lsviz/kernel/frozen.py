"""Kernel regression: what gradient flow on the quadratic loss makes of a network whose tangent kernel does not move."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float

from . import checks


@dataclass(frozen=True, eq=False)
class Regression:
    """Gradient flow with a fixed kernel, solved once by its eigenvalues; made by `regression`."""

    kernel: Float[np.ndarray, "P P"]
    y: Float[np.ndarray, "P ..."]
    ridge: float = 0.0

    @cached_property
    def modes(self) -> tuple[np.ndarray, np.ndarray]:
        """Eigenvalues λ (P,), rising, and eigenvectors V (P, P) of the kernel: mode k is learned at the rate (λ_k + ridge)/P."""
        return np.linalg.eigh(self.kernel)

    @cached_property
    def solved(self) -> np.ndarray | None:
        """(Θ + ridge)⁻¹ y by Cholesky's factorisation; None where that fails, the kernel being singular."""
        from scipy.linalg import LinAlgError, cho_factor, cho_solve

        try:
            return cho_solve(cho_factor(self.kernel + self.ridge * np.eye(len(self.kernel)), lower=True), self.y)
        except LinAlgError:
            return None

    def gain(self, t: float = math.inf) -> Float[np.ndarray, "P P"]:
        """G(t) = (1 − e^{−(Θ + ridge)t/P})/(Θ + ridge): what turns y − f₀ into coefficients of the kernel at time t."""
        values, vectors = self.modes
        return (vectors * self._rates(t, values)) @ vectors.T

    def _rates(self, t: float, values: np.ndarray) -> np.ndarray:
        rate = values + self.ridge
        resolved = rate > 1e-13 * abs(values).max()  # below it an eigenvalue is rounding: such a mode is never learned
        safe = np.where(resolved, rate, 1.0)
        learned = -np.expm1(-safe * t / len(values)) if t < math.inf else 1.0
        return np.where(resolved, learned / safe, 0.0)

    def coefficients(self, t: float = math.inf, start: Any = None) -> Float[np.ndarray, "P ..."]:
        """a(t), with which f(x, t) = f₀(x) + Σ_i Θ(x, x_i) a_i(t); `start`: f₀ at the training points, 0 if not given."""
        if start is None and t == math.inf and self.solved is not None:
            return self.solved
        values, vectors = self.modes
        rest = self.y if start is None else self.y - start
        projected = vectors.T @ rest
        rates = self._rates(t, values)
        return vectors @ (projected * (rates if projected.ndim == 1 else rates[:, None]))

    def predict(self, cross: Any, t: float = math.inf, start: Any = None, start_there: Any = 0.0) -> np.ndarray:
        """f (T, …) at T points at time t: cross (T, P) = Θ(those, the training points), start_there = f₀ at them. ValueError by name."""
        if not t >= 0:
            raise ValueError(f"t: got {t!r}; allowed: a time ≥ 0")
        if cross.ndim != 2 or cross.shape[1] != len(self.y):
            raise ValueError(f"cross: got shape {tuple(cross.shape)}; allowed: (T, {len(self.y)})")
        return start_there + cross @ self.coefficients(t, start)


def regression(kernel: Any, y: Any, ridge: float = 0.0) -> Regression:
    """Gradient flow on (1/P) Σ ½(f(x_i) − y_i)² + (ridge/P) ½‖w − w₀‖² for a kernel Θ that does not move, (P, P), and y (P,) or (P, K).

    f(x, t) = f₀(x) + Θ(x, X) (1 − e^{−(Θ + ridge)t/P}) (Θ + ridge)⁻¹ (y − f₀): arXiv:1902.06720, (10)–(11). At t = ∞ without ridge the
    solution that passes through all points; modes whose eigenvalue is rounding are left unlearned. ValueError for unlike shapes, numbers
    that are not finite, a kernel that is not symmetric, ridge < 0.
    """
    kernel, y = np.asarray(kernel), np.asarray(y)
    if kernel.ndim != 2 or kernel.shape[0] != kernel.shape[1] or not kernel.size:
        raise ValueError(f"kernel: got shape {kernel.shape}; allowed: (P, P)")
    if y.ndim not in (1, 2) or y.shape[0] != kernel.shape[0]:
        raise ValueError(f"y: got shape {y.shape}; allowed: ({kernel.shape[0]},) or ({kernel.shape[0]}, outputs)")
    checks.finite("kernel", kernel)
    checks.finite("y", y)
    if abs(kernel - kernel.T).max() > 1e-5 * abs(kernel).max():
        raise ValueError("kernel: got a matrix that is not symmetric; allowed: Θ(X, X), symmetric")
    if not (isinstance(ridge, (int, float)) and math.isfinite(ridge) and ridge >= 0):
        raise ValueError(f"ridge: got {ridge!r}; allowed: a number ≥ 0")
    return Regression(kernel, y, float(ridge))
