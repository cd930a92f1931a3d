"""Descents: generators of states that can be stopped at every step; all seeds are one batch."""

from .captured import LOOKS
from .first_order import adam, fire, gradient_descent, gradient_flow
from .levenberg_marquardt import levenberg_marquardt
from .state import State, quiet

__all__ = ["LOOKS", "State", "adam", "fire", "gradient_descent", "gradient_flow", "levenberg_marquardt", "quiet"]
