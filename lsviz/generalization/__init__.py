"""Generalisation: the test error of networks of every width, of their averages, and why it falls where there is room to spare."""

from .averaging import ensemble_errors
from .cusp import double_descent, early_stopping
from .exponents import ensemble, explosion, slow_decrease
from .line import decision_line

__all__ = [
    "decision_line",
    "double_descent",
    "early_stopping",
    "ensemble",
    "ensemble_errors",
    "explosion",
    "slow_decrease",
]
