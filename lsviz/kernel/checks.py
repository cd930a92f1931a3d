"""What is asked of points before a kernel of them is computed: their shape, their numbers, and the memory that the kernel needs."""

import math
from typing import Any

from .. import xp as xps


def points(name: str, x: Any, d: int | None = None) -> None:
    """ValueError unless x is (P, d) of finite numbers."""
    if getattr(x, "ndim", None) != 2 or x.shape[0] < 1 or (d is not None and x.shape[1] != d):
        shape = tuple(x.shape) if hasattr(x, "shape") else type(x).__name__
        raise ValueError(f"{name}: got shape {shape}; allowed: (P, {'d' if d is None else d})")
    finite(name, x)


def finite(name: str, x: Any) -> None:
    """ValueError unless all numbers are finite."""
    xp = xps.namespace(x)
    if not bool(xp.all(xp.isfinite(x))):
        raise ValueError(f"{name}: got numbers that are not finite; allowed: finite numbers")


def same_width(x: Any, x2: Any) -> None:
    """ValueError unless both sets of points have equally many coordinates."""
    if x.shape[1] != x2.shape[1]:
        raise ValueError(f"x2: got points of {x2.shape[1]} numbers; allowed: {x.shape[1]}, as those of x")


def fits(name: str, shape: tuple[int, ...], reference: Any, extra: float = 0) -> None:
    """ValueError where a kernel of this shape, and `extra` bytes beside it, would not fit into the memory that is free."""
    import psutil

    itemsize = reference.dtype.itemsize
    need = itemsize * math.prod(shape) + extra
    free = psutil.virtual_memory().available
    if getattr(reference, "is_cuda", False):
        import torch

        free = torch.cuda.mem_get_info(reference.device)[0]
    if need > free:
        size = " × ".join(str(n) for n in shape)
        raise ValueError(
            f"{name}: got a kernel of {size}, which needs {_told(need)}; allowed: what fits into the {_told(free)} that are free"
        )


def _told(size: float) -> str:
    return f"{size / 1e9:.3g} GB" if size < 1e12 else f"{size / 1e12:.3g} TB"
