"""What a packing is given, checked at the door: a ValueError names the argument, what was given, and what is allowed."""

import math
from typing import Any

import numpy as np


def array(name: str, given: Any, allowed: str, ndim: int | None = None) -> np.ndarray:
    """Finite numbers as an array."""
    try:
        array = np.array(given, dtype=float)
    except (TypeError, ValueError):
        raise ValueError(f"{name}: got {given!r}; allowed: {allowed}") from None
    if ndim is not None and array.ndim != ndim:
        raise ValueError(f"{name}: got shape {array.shape}; allowed: {allowed}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name}: got numbers that are not finite; allowed: {allowed}")
    return array


def sizes(name: str, given: Any, shape: tuple[int, ...] | None) -> np.ndarray:
    """Positive numbers as an array, of `shape` if one is given."""
    allowed = f"positive numbers{'' if shape is None else f' of shape {shape}'}"
    found = array(name, given, allowed)
    if shape is not None and found.shape != shape:
        raise ValueError(f"{name}: got shape {found.shape}; allowed: {allowed}")
    if not (found > 0).all():
        raise ValueError(f"{name}: got a size that is not positive; allowed: {allowed}")
    return found


def positive(name: str, given: Any) -> float:
    """A positive number."""
    return number(name, given, 0, math.inf, "a positive number")


def number(name: str, given: Any, low: float, high: float, allowed: str, low_too: bool = False) -> float:
    """A number above `low` (or at it, with `low_too`) and up to `high`."""
    fail = ValueError(f"{name}: got {given!r}; allowed: {allowed}")
    try:
        number = float(given)
    except (TypeError, ValueError):
        raise fail from None
    good = (number >= low if low_too else number > low) and number <= high and math.isfinite(number)
    if isinstance(given, (bool, str)) or not good:
        raise fail
    return number


def whole(name: str, given: Any) -> int:
    """A whole number from 4 on."""
    fail = ValueError(f"{name}: got {given!r}; allowed: a whole number ≥ 4")
    if isinstance(given, (bool, str)):
        raise fail
    try:
        number = int(given)
    except (TypeError, ValueError, OverflowError):
        raise fail from None
    if number != given or number < 4:
        raise fail
    return number
