"""Pictures of chapter 8: what a symmetry saves, waves that are mistaken for others, and networks whose picture is shifted or turned."""

from .saves import symmetry_saves
from .shifts import shift_it
from .turns import turn_it
from .waves import aliasing

__all__ = ["aliasing", "shift_it", "symmetry_saves", "turn_it"]
