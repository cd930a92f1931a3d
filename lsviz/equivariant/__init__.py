"""Symmetries: what a function keeps when its input is turned, shifted or relabelled, f(w, D(g)x) = D′(g) f(w, x), and how to make it so."""

from .error import equivariance_error, group_average
from .groups import acts, cyclic, dihedral, group_named, harmonics, molien, permutations
from .pictures import shift, turn  # no module here may have the name of a function: it would hide it
from .rotation import rotate, rotation_response
from .shifting import shift_response
from .waves import aliasing

__all__ = [
    "acts",
    "aliasing",
    "cyclic",
    "dihedral",
    "equivariance_error",
    "group_average",
    "group_named",
    "harmonics",
    "molien",
    "permutations",
    "rotate",
    "rotation_response",
    "shift",
    "shift_response",
    "turn",
]
