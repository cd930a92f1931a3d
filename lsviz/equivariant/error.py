"""How far a function is from f(D(g)x) = D′(g) f(x), and the average over a group that makes it exact."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .. import xp as xps


def equivariance_error(
    f: Callable[[Any], Any],
    x: Any,
    elements: Iterable[Any],
    act_in: Callable[[Any, Any], Any],
    act_out: Callable[[Any, Any], Any],
) -> float:
    """E = max ‖f(D(g)x) − D′(g) f(x)‖ / max ‖f‖ over the elements g and the items of x: 0 where f is equivariant, about 1 where it is not.

    D(g)x = act_in(g, x), D′(g)y = act_out(g, y); invariance is act_out = lambda g, y: y. x is whatever act_in and f understand; f gives
    an array (NumPy or torch) whose first axis counts items, (items, …). A norm is that of one item, the root of the sum of squares over
    all other axes; max ‖f‖ is the largest over items, of f(x) and of all f(D(g)x). So neither number of items nor scale of f changes E.

    ValueError where f is zero everywhere: a zero is equivariant for no reason. Also for no elements, outputs that are not finite or
    have no axis of items, and an act_out whose shape is not that of f(D(g)x).
    """
    all_elements = list(elements)
    if not all_elements:
        raise ValueError("elements: got none; allowed: at least one element of a group")
    out = f(x)
    largest, worst = _norms("f", out).max(), 0.0
    for g in all_elements:
        first, then = f(act_in(g, x)), act_out(g, out)
        if tuple(first.shape) != tuple(then.shape):
            raise ValueError(
                f"act_out: got shape {tuple(then.shape)}; allowed: {tuple(first.shape)}, as f(act_in(g, x))"
            )
        largest = max(largest, _norms("f", first).max())
        worst = max(worst, _norms("act_out", xps.numpy(first).astype(_wide(first)) - xps.numpy(then)).max())
    if largest == 0:
        raise ValueError(
            "f: got zero for every item and element; allowed: an f that is not zero, which is equivariant for no reason"
        )
    return float(worst / largest)


def group_average(
    f: Callable[[Any], Any],
    elements: Iterable[Any],
    act_in: Callable[[Any, Any], Any],
    act_out_inverse: Callable[[Any, Any], Any] | None = None,
) -> Callable[[Any], Any]:
    """f_G(x) = mean over g of D′(g)⁻¹ f(D(g)x): equivariant for any f, if `elements` are a whole group.

    D(g)x = act_in(g, x), D′(g)⁻¹ y = act_out_inverse(g, y); without it D′ = 1, and f_G is invariant. A part of a group gives no
    symmetry. ValueError for no elements.
    """
    all_elements = list(elements)
    if not all_elements:
        raise ValueError("elements: got none; allowed: all elements of a group")

    def averaged(x: Any) -> Any:
        total: Any = None
        for g in all_elements:
            out = f(act_in(g, x))
            if act_out_inverse is not None:
                out = act_out_inverse(g, out)
            total = out if total is None else total + out
        return total / len(all_elements)

    return averaged


def _wide(out: Any) -> type:
    return complex if xps.numpy(out).dtype.kind == "c" else float


def _norms(name: str, out: Any) -> np.ndarray:
    """‖·‖ of each item. ValueError where there are none, or they are not finite."""
    shape = tuple(getattr(out, "shape", ()))
    if not shape or 0 in shape:
        raise ValueError(f"{name}: got outputs of shape {shape}; allowed: (items, …), at least one item")
    norms = np.linalg.norm(xps.numpy(out).astype(_wide(out)).reshape(shape[0], -1), axis=1)
    if not np.isfinite(norms).all():
        raise ValueError(f"{name}: got outputs that are not finite; allowed: finite numbers")
    return norms
