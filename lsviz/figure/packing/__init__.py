"""Pictures of particles: a packing under pressure, what gives way when one is pushed, and the many minima of one density."""

from .flat import flat_directions
from .landscape import minima
from .pressed import packing

__all__ = ["flat_directions", "minima", "packing"]
