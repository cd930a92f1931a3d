"""Smooth functions of a distance that end at a cutoff, in a form through which torch.func's transforms go."""

from typing import Any

from jaxtyping import Float

from ... import xp as xps

HEIGHT = 1.14136  # of e3nn: then the squares of all functions add up to about 1
SMALL = 1e-3  # e^(−1/x) is 0 in double precision below


def smooth_radial(r: Float[Any, "*E"], cutoff: float, number: int) -> Float[Any, "*E number"]:
    """`number` bumps b_k(r) = 1.14136 e² u(1 + s) u(1 − s), u(x) = e^(−1/x) for x > 0, else 0; s = r/Δ − k, Δ = cutoff/(number + 1).

    All derivatives are continuous, and all vanish at r ≥ cutoff. Equal to e3nn's soft_one_hot_linspace(r, 0, cutoff, number,
    "smooth_finite", cutoff=True), whose step is an autograd.Function that vmap, grad and jacrev refuse. NumPy or torch. ValueError for a
    cutoff that is not above 0, or no functions.
    """
    if not 0 < cutoff < float("inf"):
        raise ValueError(f"cutoff: got {cutoff!r}; allowed: a number > 0, in the units of r, as 2.5")
    if number < 1 or number != int(number):
        raise ValueError(f"number: got {number!r}; allowed: a whole number ≥ 1, as 10")
    xp = xps.namespace(r)
    centres = xp.arange(1, int(number) + 1, dtype=r.dtype, **({} if xp is xps.np else {"device": r.device}))
    s = r[..., None] * ((number + 1) / cutoff) - centres
    return HEIGHT * xp.exp(2 + _log_step(xp, 1 + s) + _log_step(xp, 1 - s)) * (abs(s) < 1 - SMALL)


def _log_step(xp: Any, x: Any) -> Any:
    """−1/x where the step is not 0; elsewhere any number, whose derivative is 0 and no NaN: both branches of a where are differentiated."""
    return xp.where(x > SMALL, -1 / xp.where(x > SMALL, x, xp.ones_like(x)), -xp.ones_like(x))
