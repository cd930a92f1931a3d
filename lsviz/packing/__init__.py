"""Packings: particles in a periodic box as a system f(w), with the gaps that `jamming.unsatisfied` counts."""

from . import compiling
from .contact import contact_distance
from .look import Look
from .system import Packing, discs, ellipses, lennard_jones

__all__ = ["Look", "Packing", "compiling", "contact_distance", "discs", "ellipses", "lennard_jones"]
