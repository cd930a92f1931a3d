"""The tangent kernel Θ(w, x, x′) = ∇_w f(w, x) · ∇_w f(w, x′): of a network, of an infinitely wide one, and what it predicts.

Any kernel can be averaged over a group of symmetries (`invariant`), which then needs fewer points.

Jacot, Gabriel, Hongler 2018, arXiv:1806.07572; Lee et al. 2019, arXiv:1902.06720.
"""

from .dynamics import movement, tangent_dynamics
from .finite import kernel_change, linearized, ntk
from .fluctuation import kernel_fluctuation, kernel_map
from .frozen import Regression, regression
from .infinite import nngp_infinite, ntk_infinite
from .invariant import invariant
from .learning import kernel_learning_curve
from .plane import tangent_plane
from .saving import invariant_learning

__all__ = [
    "Regression",
    "invariant",
    "invariant_learning",
    "kernel_change",
    "kernel_fluctuation",
    "kernel_learning_curve",
    "kernel_map",
    "linearized",
    "movement",
    "nngp_infinite",
    "ntk",
    "ntk_infinite",
    "regression",
    "tangent_dynamics",
    "tangent_plane",
]
