"""Symmetries: what a function keeps when its input is turned, shifted or relabelled, f(w, D(g)x) = D′(g) f(w, x), and how to make it so."""

from .error import equivariance_error, group_average
from .groups import acts, cyclic, dihedral, group_named, harmonics, molien, permutations

# Functions, which an import from a module of the same name after this line would hide.
from .pictures import shift, turn

__all__ = [
    "acts",
    "cyclic",
    "dihedral",
    "equivariance_error",
    "group_average",
    "group_named",
    "harmonics",
    "molien",
    "permutations",
    "shift",
    "turn",
]
