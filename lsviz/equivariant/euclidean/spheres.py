"""A network on functions of the sphere that works in Fourier space: sphere, then SO(3), then invariants."""

from functools import lru_cache
from typing import Any

import numpy as np
from jaxtyping import Float

from .algebra import irreps
from .building import in_double
from .flattened import Flat, flat
from .voxels import whole

FINEST = 20  # of a grid on SO(3), which at 30 does not get built within minutes
MOST = 100e6  # bytes of one grid


def spherical_cnn(
    *,
    l_max: int = 5,
    l_hidden: int = 3,
    channels: int = 16,
    channels_in: int = 1,
    resolution: int | None = None,
    irreps_out: Any = "7x0e",
) -> Flat:
    """f(w, x) on functions of the sphere, as coefficients x (items, channels_in, (l_max + 1)²): gives (items, dim_out).

        S² → SO(3):     F^l_{mn} = Σ_c f^l_{cm} ψ^l_{cn}     an outer product in each degree: [ψ ⋆ f](R) = ∫ Σ_c ψ_c(R⁻¹x) f_c(x) dx
        SO(3) → SO(3):  F′^l_{mn} = Σ_{c,k} F^l_{cmk} ψ^l_{ckn}     a product of matrices
        after each:     max(0, F(R)), smooth (silu), on a grid of turns, and back to degrees l ≤ l_hidden
        end:            a linear map from what is left to irreps_out: for invariants from l = 0, the mean over all turns

    Cohen, Geiger, Köhler, Welling 2018, arXiv:1801.10130, equations 4 to 8; e3nn's `Linear` between regular representations and its
    `SO3Activation`. The first keeps l ≤ l_max up to its activation, the second l ≤ l_hidden.

    Turns: all but the activation is exact. That is sampled on 4b × 2b × 4b angles, b = resolution (by default l_max), and silu has no
    end of degrees: an error that falls with b (the tests hold it) and grows with l and the size of the signal. Mirrors: none; the
    chiral pair is told apart by turns alone, and outputs are all even, whatever irreps_out says. ValueError that names the argument;
    for a grid of more than 100 MB too: its size is 256 b³ Σ (2l + 1)² bytes.
    """
    resolution = max(2, l_max) if resolution is None else resolution
    bounds = {
        "l_max": (l_max, 1, 10), "l_hidden": (l_hidden, 0, l_max), "channels": (channels, 1, 128),
        "channels_in": (channels_in, 1, 128), "resolution": (resolution, 2, FINEST),
    }  # fmt: skip
    for name, (value, low, high) in bounds.items():
        whole(name, value, low, high)
    if 2 * resolution <= 2 * l_max - 1:
        raise ValueError(
            f"resolution: got {resolution} for l_max={l_max}; allowed: at least l_max, below which the grid does not carry the degrees"
        )
    size = 256 * resolution**3 * regular(l_max).dim
    if size > MOST:
        raise ValueError(
            f"resolution: got {resolution} for l_max={l_max}, whose grid takes {size / 1e6:.0f} MB; "
            f"allowed: at most {MOST / 1e6:.0f} MB, as 6"
        )
    answer = irreps(irreps_out, "irreps_out")
    if answer.lmax > l_hidden:
        raise ValueError(f"irreps_out: got {answer}; allowed: degrees up to l_hidden={l_hidden}, as 7x0e")
    return _spherical_cnn(l_max, l_hidden, channels, channels_in, resolution, str(answer))


def regular(l_max: int) -> Any:
    """The irreps of a function on SO(3): 2l + 1 copies of each l ≤ l_max, in the order of e3nn's SO3Grid."""
    from e3nn import o3

    return o3.Irreps([(2 * l + 1, (l, 1)) for l in range(l_max + 1)])


def degree_rms(a: Float[np.ndarray, "P coefficients"]) -> Float[np.ndarray, " coefficients"]:
    """The root of the mean of a_lm² over items and m, for each coefficient that of its degree: no turn changes it.

    What a network is given is a_lm over these: otherwise the mean radius, which all things share, is most of what it sees.
    """
    l_max = round(a.shape[1] ** 0.5) - 1
    return np.concatenate(
        [np.full(2 * l + 1, np.sqrt((a[:, l * l : (l + 1) ** 2] ** 2).mean())) for l in range(l_max + 1)]
    )


@lru_cache(maxsize=8)
def _spherical_cnn(
    l_max: int, l_hidden: int, channels: int, channels_in: int, resolution: int, irreps_out: str
) -> Flat:
    from e3nn import o3
    from torch import nn

    sphere = o3.Irreps([(1, (l, 1)) for l in range(l_max + 1)])
    answer = o3.Irreps([(mul, (ir.l, 1)) for mul, ir in o3.Irreps(irreps_out)])
    with in_double():
        parts = [
            o3.Linear(sphere, regular(l_max), f_in=channels_in, f_out=channels),
            _activation(l_max, l_hidden, resolution),
            o3.Linear(regular(l_hidden), regular(l_hidden), f_in=channels, f_out=channels),
            _activation(l_hidden, l_hidden, resolution),
            _end()(regular(l_hidden), answer, channels),
        ]
        return flat(nn.Sequential(*parts), answer)


def _activation(l_in: int, l_out: int, resolution: int) -> Any:
    """e3nn's SO3Activation."""
    import torch
    from e3nn.nn import SO3Activation

    return SO3Activation(l_in, l_out, torch.nn.functional.silu, resolution)


@lru_cache(maxsize=1)
def _end() -> Any:
    from e3nn import o3
    from torch import nn

    class End(nn.Module):
        """The linear map from all channels to the answer."""

        def __init__(self, before: Any, after: Any, channels: int) -> None:
            super().__init__()
            self.linear = o3.Linear(before, after, f_in=channels, f_out=1)

        def forward(self, x: Any) -> Any:
            return self.linear(x)[..., 0, :]

    return End
