"""When two ellipses touch."""

import math
from typing import Any

import numpy as np

from . import checks


def contact_distance(axes_a: Any, theta_a: Any, axes_b: Any, theta_b: Any, psi: Any) -> Any:
    """σ: the distance of the centres of two ellipses along the direction ψ at which they touch.

    axes (…, 2) semi-axes, theta and psi (…) angles in radians, broadcast together; σ in the unit of the axes. At another distance r both
    touch when grown by √F = r/σ. Perram & Wertheim 1985, 10.1016/0021-9991(85)90171-8. ValueError names what is no ellipse or no number.
    """
    from . import kernels

    axes_a, axes_b = (checks.sizes(name, axes, None) for name, axes in (("axes_a", axes_a), ("axes_b", axes_b)))
    for name, axes in (("axes_a", axes_a), ("axes_b", axes_b)):
        if axes.shape[-1:] != (2,):
            raise ValueError(f"{name}: got shape {axes.shape}; allowed: (…, 2), two semi-axes")
    angles = [
        checks.array(name, given, "finite numbers")
        for name, given in dict(theta_a=theta_a, theta_b=theta_b, psi=psi).items()
    ]
    a1, a2, ta, b1, b2, tb, along = np.broadcast_arrays(axes_a[..., 0], axes_a[..., 1], angles[0], axes_b[..., 0], axes_b[..., 1],
                                                        angles[1], angles[2])  # fmt: skip
    out = np.empty(a1.shape)
    for index in np.ndindex(out.shape):
        A, B = _matrix(a1[index], a2[index], ta[index]), _matrix(b1[index], b2[index], tb[index])
        out[index] = 1 / math.sqrt(kernels.contact(math.cos(along[index]), math.sin(along[index]), *A, *B)[0])
    return out[()]


def _matrix(major: Any, minor: Any, theta: Any) -> tuple[float, float, float, float]:
    c, s, a, b = math.cos(theta), math.sin(theta), major**2, minor**2
    return a * c * c + b * s * s, (a - b) * c * s, a * s * s + b * c * c, a * b
