"""The glossary: every symbol of the talk, once. It imports nothing of the package.

`ARGUMENTS` are what a learner moves and what `experiment` checks at the door; `QUANTITIES` are what comes back in a Dataset.
"""

from .arguments import (
    ACTIVATIONS,
    ARGUMENTS,
    GROUPS,
    KINDS,
    LOSSES,
    NETS,
    OPTIMIZERS,
    SCALES,
    SHAPES,
    SPATIAL_NETS,
)
from .quantities import QUANTITIES
from .symbol import Symbol

SYMBOLS: dict[str, Symbol] = {**ARGUMENTS, **QUANTITIES}

__all__ = [
    "ACTIVATIONS",
    "ARGUMENTS",
    "GROUPS",
    "KINDS",
    "LOSSES",
    "NETS",
    "OPTIMIZERS",
    "QUANTITIES",
    "SCALES",
    "SHAPES",
    "SPATIAL_NETS",
    "SYMBOLS",
    "Symbol",
]
