"""Everything in space: one widget that shows bodies, turned by mouse, touch and keys, and tells Python the object's rotation."""

from ..figure.bodies import COLOURS, Body, arrows, axes, caption, cubes, lines, mesh, points, surface
from .widget import IDENTITY, Scene, unit

__all__ = ["COLOURS", "IDENTITY", "Body", "Scene", "arrows", "axes", "caption", "cubes", "lines", "mesh", "points", "surface", "unit"]
