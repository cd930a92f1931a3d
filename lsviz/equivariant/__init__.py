"""Symmetries: what a function keeps when its input is turned, shifted or relabelled, f(w, D(g)x) = D′(g) f(w, x), and how to make it so."""

from .error import equivariance_error, group_average
from .pictures import shift, turn

__all__ = [
    "equivariance_error",
    "group_average",
    "shift",
    "turn",
]
