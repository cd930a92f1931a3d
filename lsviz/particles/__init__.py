"""Particles jam: the experiments on packings. The same N_Δ as for networks counts their contacts."""

from .minima import flat_directions, glassiness
from .point import counting, threshold
from .quench import compression, quench
from .transition import density_transition, packing_transition, range_of_force

__all__ = [
    "compression",
    "counting",
    "density_transition",
    "flat_directions",
    "glassiness",
    "packing_transition",
    "quench",
    "range_of_force",
    "threshold",
]
