"""A kernel averaged over a group of permutations: what it learns is invariant, and it needs fewer points to learn it."""

from collections.abc import Callable
from typing import Any

from ..equivariant.groups import checked
from . import checks


def invariant(kernel: Callable[..., Any], group: Any) -> Callable[..., Any]:
    """K_G(x, x′) = mean over g of K(D(g)x, x′), with D(g)x = x[..., g]: a kernel of the same signature, (x, x2=None, **options).

    kernel: a function of points x (P, d) and x2 (P2, d), which gives (…, P, P2); one that minds only distances and angles, so that
    K(D(g)x, D(g)x′) = K(x, x′): then K_G is symmetric, and invariant in both of its points. group: indices (elements, d), as of
    `equivariant.cyclic`. Regression with K_G on P points is regression with K on their |G| P orbit points, at the same ridge for each
    point: perfect augmentation (Bietti, Venturi, Bruna 2021, arXiv:2106.07148). NumPy or torch. It costs |G| kernels.

    ValueError for a group that is none, and, when called, for points of another number of coordinates.
    """
    elements = checked(group)

    def averaged(x: Any, x2: Any = None, **options: Any) -> Any:
        checks.points("x", x, elements.shape[1])
        if x2 is None:
            x2 = x
        else:
            checks.points("x2", x2, elements.shape[1])
        total: Any = 0
        for g in elements:
            total = total + kernel(x[:, g], x2, **options)
        return total / len(elements)

    return averaged
