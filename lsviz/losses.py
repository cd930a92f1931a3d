"""Losses of the gap Δ = 1 − y f, per point: quadratic hinge (finite range), logistic (long range), softhinge (in between).

The range is the physics: a point beyond the margin exerts no force under the hinge, as two discs that do not touch; under the logistic
loss every point pulls for ever, as in a Van der Waals liquid. Quadratic hinge: arXiv:1809.09349; softhinge (β = 20): arXiv:1906.08034.
"""

from typing import Any

from . import xp as xps

SOFTNESS = 20.0  # the softhinge's own β


def value(name: str, gaps: Any) -> Any:
    """Loss of each point, shape of `gaps`. hinge ½Δ₊², logistic log(1 + e^(Δ−1)) = log(1 + e^(−yf)), softhinge log(1 + e^(20Δ))/20."""
    if name == "hinge":
        overlap = force(name, gaps)
        overlap *= overlap
        overlap *= 0.5
        return overlap
    if name == "logistic":
        return xps.softplus(gaps - 1)
    if name == "softhinge":
        return xps.softplus(SOFTNESS * gaps) / SOFTNESS
    raise ValueError(f"loss: got {name!r}; allowed: one of hinge, logistic, softhinge")


def force(name: str, gaps: Any) -> Any:
    """Derivative of `value` by Δ: what pulls the point over the margin; zero beyond it for the hinge only."""
    if name == "hinge":
        return xps.namespace(gaps).clip(gaps, 0, None)  # a new array
    if name == "logistic":
        return xps.logistic(gaps - 1)
    if name == "softhinge":
        return xps.logistic(SOFTNESS * gaps)
    raise ValueError(f"loss: got {name!r}; allowed: one of hinge, logistic, softhinge")


def curvature(name: str, gaps: Any) -> Any:
    """Second derivative of `value` by Δ: the stiffness of each contact; for the hinge 1 in contact, 0 out of it."""
    xp = xps.namespace(gaps)
    if name == "hinge":
        return xp.astype(gaps > 0, gaps.dtype)
    p = force(name, gaps)
    return p * (1 - p) * (SOFTNESS if name == "softhinge" else 1)
