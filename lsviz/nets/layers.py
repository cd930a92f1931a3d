"""The layers of small networks as plain records, and the tensors that each of them trains."""

import math
from typing import Any, NamedTuple


class Linear(NamedTuple):
    """A fully connected layer; it flattens what it gets."""

    fan_in: int
    fan_out: int
    bias: bool = True


class Conv(NamedTuple):
    """A square convolution: zeros beyond the border, `pad` of them, or (circular) the picture again, as on a torus.

    dilation: its weights stand this many pixels apart.
    """

    fan_in: int
    fan_out: int
    side: int
    stride: int = 1
    pad: int = 0
    bias: bool = True
    circular: bool = False
    dilation: int = 1


class Lift(NamedTuple):
    """From pictures to functions of place and orientation: every filter looks in its four orientations, on a torus.

    (x ⋆ ψ)(s, r) = Σ ψ(R_r⁻¹(s′ − s)) x(s′); out come channels × 4 × n × n (Cohen and Welling 2016, arXiv:1602.07576).
    """

    fan_in: int
    fan_out: int
    side: int


class GroupConv(NamedTuple):
    """A convolution on the group p4 = Z² × C₄: turning its filter turns it in the plane and rolls its four orientations.

    On a torus; channels × 4 × n × n go in and come out (Cohen and Welling 2016, arXiv:1602.07576).
    """

    fan_in: int
    fan_out: int
    side: int


class Norm(NamedTuple):
    """Batch normalisation of each channel, with a trained scale and shift."""

    channels: int


class Relu(NamedTuple):
    """max(0, z)."""


class Pool(NamedTuple):
    """The largest of each 2 × 2: of every other one, or (stride 1, on a torus) of all that overlap."""

    stride: int = 2


class Average(NamedTuple):
    """The mean of each 2 × 2, of which every other one is kept. It commutes with turns by 90° where the side is even."""

    stride: int = 2


class Blur(NamedTuple):
    """A fixed low-pass filter on a torus, the product of `taps` along both axes (they add up to 1), then every stride-th pixel.

    Zhang 2019, arXiv:1904.11486.
    """

    taps: tuple[float, ...]
    stride: int = 2


class Mean(NamedTuple):
    """The mean over all pixels of each channel, and over orientations where there are any."""


class Residual(NamedTuple):
    """A chain of layers, plus what went in: through `short` where the shapes differ; then max(0, z)."""

    layers: tuple[Any, ...]
    short: tuple[Any, ...]


class Part(NamedTuple):
    """A tensor within w: its shape, and how it starts (a normal number of this width, or a constant)."""

    shape: tuple[int, ...]
    width: float
    start: float

    @property
    def numbers(self) -> int:
        return math.prod(self.shape)


def flat(layers: tuple[Any, ...]) -> list[Any]:
    """All layers in the order of their parameters, those within residual blocks among them."""
    found = []
    for layer in layers:
        found += [*flat(layer.layers), *flat(layer.short)] if isinstance(layer, Residual) else [layer]
    return found


def total_stride(layers: tuple[Any, ...]) -> int:
    """Pixels before the layers from one pixel behind them to the next."""
    return math.prod(
        total_stride(layer.layers) if isinstance(layer, Residual) else getattr(layer, "stride", 1) for layer in layers
    )


def trained(layer: Any, last: bool) -> list[Part]:
    """The tensors of a layer: weights, then what is added."""
    if isinstance(layer, Norm):
        return [Part((layer.channels,), 0.0, 1.0), Part((layer.channels,), 0.0, 0.0)]
    if isinstance(layer, Linear):
        shape: tuple[int, ...] = (layer.fan_out, layer.fan_in)
    elif isinstance(layer, Conv | Lift):
        shape = (layer.fan_out, layer.fan_in, layer.side, layer.side)
    elif isinstance(layer, GroupConv):
        shape = (layer.fan_out, layer.fan_in, 4, layer.side, layer.side)
    else:
        return []
    weights = Part(shape, math.sqrt((1 if last else 2) / math.prod(shape[1:])), 0.0)
    return [weights, Part((layer.fan_out,), 0.0, 0.0)] if getattr(layer, "bias", True) else [weights]
