"""Pictures of chapter 4: the cusp of the test error, and what stopping early, averaging and the size of f say of it."""

from .cusp import double_descent, stopping

__all__ = ["double_descent", "stopping"]
