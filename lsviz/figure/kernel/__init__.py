"""Pictures of chapter 5: the tangent kernel as a map, the surface of functions and its tangent plane, how little a wide network moves."""

from .curve import kernel_curve
from .heat import kernel_heat_map
from .plane import tangent_plane
from .spread import kernel_spread
from .training import kernel_training
from .wider import wider_and_wider

__all__ = ["kernel_curve", "kernel_heat_map", "kernel_spread", "kernel_training", "tangent_plane", "wider_and_wider"]
