"""Pictures of chapter 4: the cusp of the test error, and what stopping early, averaging and the size of f say of it."""

from .cusp import double_descent, stopping
from .laws import averaging, explosion
from .line import twenty_networks
from .slow import slow_decrease

__all__ = ["averaging", "double_descent", "explosion", "slow_decrease", "stopping", "twenty_networks"]
