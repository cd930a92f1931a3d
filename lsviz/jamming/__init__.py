"""Jamming: constraints that cannot all be met. N_Δ counts those that are not; networks and packings share the counter."""

from .contrast import range_contrast
from .count import Fit, ending, gaps, hinge, threshold, unsatisfied
from .growth import escape
from .networks import network_jamming, network_transition

__all__ = [
    "Fit",
    "ending",
    "escape",
    "gaps",
    "hinge",
    "network_jamming",
    "network_transition",
    "range_contrast",
    "threshold",
    "unsatisfied",
]
