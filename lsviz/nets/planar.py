"""Small networks on a torus of 32 × 32 pixels, to ask which shifts and turns of a picture they mind."""

from typing import Any

import numpy as np
from jaxtyping import Float

from .layers import Average, Blur, Conv, GroupConv, Lift, Linear, Mean, Pool, Relu

PLANAR = (
    "shift_none",
    "shift_stride",
    "shift_max",
    "shift_blur",
    "shift_flat",
    "turn_plain",
    "turn_augmented",
    "turn_p4",
)
PLANAR_SIDE = 32  # 28 and a rim of 2: divisible by 2 three times
BINOMIAL = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)
CHANNELS = 16
P4_CHANNELS = 8  # with 4 orientations each about as many parameters as 16 plain ones


def planar(name: str, outputs: int = 10, kernel: int | None = None) -> tuple[Any, ...]:
    """The layers of the network called `name`, all with circular padding, so that a shift pushes nothing over a border.

    shift_…: three blocks of a 3 × 3 convolution with 16 channels and max(0, z), the mean over all pixels, one linear layer. Each block
    halves the picture: shift_stride by a convolution of stride 2, shift_max by max-pooling, shift_blur by the largest of all 2 × 2, a
    blur (1 4 6 4 1)/16, and then every other pixel (Zhang 2019, arXiv:1904.11486). shift_none keeps every pixel: its filters reach as
    far (their weights 1, 2, 4 pixels apart), so with equal weights it is shift_stride averaged over all 64 shifts. shift_flat is shift_max
    without the mean: the linear layer sees every pixel.
    turn_…: three 5 × 5 convolutions, the mean of each 2 × 2 between them, the mean over all pixels. turn_plain and turn_augmented have the
    same 16 channels and differ in their training; turn_p4 has 8 channels of 4 orientations.
    kernel: the side of the filters, odd, 3 (shift_…) or 5 by default. ValueError for an even one: a filter without a middle pixel, turned,
    lands half a pixel aside, and p4 breaks.
    """
    kind, _, how = name.partition("_")
    side = kernel if kernel is not None else (3 if kind == "shift" else 5)
    if isinstance(side, bool) or side != int(side) or not 1 <= side <= 15 or side % 2 == 0:
        raise ValueError(
            f"kernel: got {side!r}; allowed: an odd whole number from 1 to 15 (an even filter has no middle pixel: turned, it lands half "
            "a pixel aside)"
        )
    return _shift(how, int(side), outputs) if kind == "shift" else _turn(how, int(side), outputs)


def _shift(how: str, side: int, outputs: int) -> tuple[Any, ...]:
    chain: list[Any] = []
    for block, fan_in in enumerate((1, CHANNELS, CHANNELS)):
        stride, dilation = (2 if how == "stride" else 1), (2**block if how == "none" else 1)
        chain += [Conv(fan_in, CHANNELS, side, stride, circular=True, dilation=dilation), Relu()]
        if how in ("max", "flat"):
            chain.append(Pool())
        elif how == "blur":
            chain += [Pool(stride=1), Blur(BINOMIAL)]
    last = PLANAR_SIDE // 8
    return (
        (*chain, Linear(CHANNELS * last**2, outputs)) if how == "flat" else (*chain, Mean(), Linear(CHANNELS, outputs))
    )


def _turn(how: str, side: int, outputs: int) -> tuple[Any, ...]:
    c = P4_CHANNELS if how == "p4" else CHANNELS
    chain: list[Any] = []
    for fan_in in (1, c, c):
        if how == "p4":
            layer: Any = Lift(1, c, side) if fan_in == 1 else GroupConv(c, c, side)
        else:
            layer = Conv(fan_in, c, side, circular=True)
        chain += [layer, Relu(), Average()]
    return (*chain[:-1], Mean(), Linear(c, outputs))


def padded(x: Float[Any, "*P rows columns"], side: int = PLANAR_SIDE) -> Float[Any, "*P side side"]:
    """Pictures with a rim of zeros (background), side × side. ValueError where they are larger, or the rim would be uneven."""
    rim = side - x.shape[-1]
    if x.shape[-1] != x.shape[-2] or rim < 0 or rim % 2:
        raise ValueError(f"x: got shape {tuple(x.shape)}; allowed: (…, n, n) with n from 1 to {side}, {side} − n even")
    if isinstance(x, np.ndarray):
        return np.pad(x, [(0, 0)] * (x.ndim - 2) + [(rim // 2, rim // 2)] * 2)
    from torch.nn import functional as F

    return F.pad(x, (rim // 2,) * 4)


def exact_every(net: Any) -> int:
    """The smallest whole shift that changes nothing of f(w, x), whatever the weights, of a network of `PLANAR`.

    The total stride where the head is a mean over all pixels; the whole side where it sees places. Half of the stride where a blur (or a
    2 × 2 mean) stands right before the mean: it leaves nothing of the finest wave, so the mean over every other pixel is that over all.
    ValueError for a network that is not on a torus.
    """
    if net.name not in PLANAR:
        raise ValueError(f"net: got {net.name!r}; allowed: one of {', '.join(PLANAR)}, on a torus")
    if not any(isinstance(layer, Mean) for layer in net.layers):
        return int(net.side)
    last = net.layers[next(i for i, layer in enumerate(net.layers) if isinstance(layer, Mean)) - 1]
    finest = sum(weight * (-1) ** k for k, weight in enumerate(last.taps)) if isinstance(last, Blur) else 0.0
    free = isinstance(last, Average) or (isinstance(last, Blur) and last.stride == 2 and abs(finest) < 1e-12)
    return net.stride // 2 if free else net.stride
