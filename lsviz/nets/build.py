"""Small networks for pictures as lists of layers, and where the parameters of each layer stand in w."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float

from .. import xp as xps
from ..experiment import tidy
from ..symbols import ARGUMENTS
from .layers import Conv, Linear, Mean, Norm, Part, Pool, Relu, Residual, flat, total_stride, trained
from .planar import PLANAR, PLANAR_SIDE, planar

SIDE = 28


@dataclass(frozen=True)
class Net:
    """A network f(w, x) for pictures, made by `make`.

    w (S, size) holds first the N trained parameters, layer by layer, then the running mean and variance of every batch normalisation,
    so that f(w, x) is a function of w and x alone. N counts what is trained, biases included, and no running statistics.
    """

    name: str
    outputs: int
    layers: tuple[Any, ...]
    side: int = SIDE  # pixels a side of the pictures it looks at

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The trained tensors, in their order in w."""
        return tuple(part for layer in flat(self.layers) for part in trained(layer, layer is self.layers[-1]))

    @cached_property
    def norms(self) -> tuple[int, ...]:
        """Channels of every batch normalisation: each has as many running means, then variances, at the end of w."""
        return tuple(layer.channels for layer in flat(self.layers) if isinstance(layer, Norm))

    @cached_property
    def N(self) -> int:
        """Number of trained parameters."""
        return sum(part.numbers for part in self.parts)

    @cached_property
    def size(self) -> int:
        """Length of w: trained parameters and running statistics."""
        return self.N + 2 * sum(self.norms)

    @cached_property
    def stride(self) -> int:
        """Total down-sampling: pixels of the picture from one pixel of the last map to the next."""
        return total_stride(self.layers)

    def init(self, seeds: Any) -> Float[np.ndarray, "S size"]:
        """Random parameters, one NumPy generator a seed: weights N(0, 2/fan-in) (He et al. 2015, arXiv:1502.01852; the last layer
        1/fan-in), biases 0, normalisations 1 and 0 with running mean 0 and variance 1.
        """
        return np.stack([self._init_one(np.random.default_rng(seed)) for seed in tidy(ARGUMENTS["seeds"], seeds)])

    def _init_one(self, rng: np.random.Generator) -> Float[np.ndarray, " size"]:
        parts = [
            part.width * rng.standard_normal(part.numbers) if part.width else np.full(part.numbers, part.start)
            for part in self.parts
        ]
        for channels in self.norms:
            parts += [np.zeros(channels), np.ones(channels)]
        return np.concatenate(parts)

    def __call__(
        self, w: Float[Any, "S size"], x: Float[Any, "P side side"], batch: bool = False
    ) -> Float[Any, "S P outputs"]:
        """f(w, x): `outputs` numbers (logits) for each network and picture. NumPy or torch, as w and x are; torch computes both.

        batch: batch normalisation by the mean and variance of these P pictures, as in training, instead of the running ones in w. Then
        f of one picture depends on which others stand beside it. Where nothing is trained yet, the running statistics say nothing
        about the network, and `batch` is the honest choice. It changes nothing for a network without normalisation.
        """
        return self._evaluate(w, x, batch, None)

    def features(self, w: Float[Any, "S size"], x: Float[Any, "P side side"]) -> Float[Any, "S P channels *place"]:
        """What goes into the head (the mean over pixels, or the first fully connected layer): channels × rows × columns; of a p4 network
        channels × 4 orientations × rows × columns. NumPy or torch, as w and x are.
        """
        head = next(i for i, layer in enumerate(self.layers) if isinstance(layer, Mean | Linear))
        return self._evaluate(w, x, False, head)

    def _evaluate(self, w: Any, x: Any, batch: bool, until: int | None) -> Any:
        if w.ndim != 2 or w.shape[1] != self.size:
            raise ValueError(f"w: got shape {tuple(w.shape)}; allowed: (S, {self.size})")
        if x.ndim != 3 or tuple(x.shape[1:]) != (self.side, self.side):
            raise ValueError(f"x: got shape {tuple(x.shape)}; allowed: (P, {self.side}, {self.side})")
        from .forward import evaluate

        found = evaluate(self, w, x, batch, until)
        return xps.numpy(found) if isinstance(x, np.ndarray) else found


def _dense(depth: int, width: int) -> Any:
    def layers(outputs: int, norm: bool) -> tuple[Any, ...]:
        chain: list[Any] = []
        for fan_in in [SIDE * SIDE, *[width] * (depth - 1)]:
            chain += [Linear(fan_in, width, not norm), *_then(width, norm)]
        return (*chain, Linear(width, outputs))

    return layers


def _then(channels: int, norm: bool) -> list[Any]:
    return [Norm(channels), Relu()] if norm else [Relu()]


def _conv(outputs: int, norm: bool) -> tuple[Any, ...]:
    """Four 5 × 5 convolutions, no pooling, no stride, no padding; the mean over pixels at the end."""
    chain: list[Any] = []
    for fan_in, fan_out in ((1, 8), (8, 8), (8, 8), (8, 16)):
        chain += [Conv(fan_in, fan_out, 5, bias=not norm), *_then(fan_out, norm)]
    return (*chain, Mean(), Linear(16, outputs))


def _stride(outputs: int, norm: bool) -> tuple[Any, ...]:
    """Three 3 × 3 convolutions of stride 2."""
    chain: list[Any] = []
    for fan_in, fan_out in ((1, 16), (16, 32), (32, 64)):
        chain += [Conv(fan_in, fan_out, 3, 2, 1, not norm), *_then(fan_out, norm)]
    return (*chain, Linear(64 * 4 * 4, outputs))


def _lenet(outputs: int, norm: bool) -> tuple[Any, ...]:
    """LeNet-5 (LeCun et al. 1998) with max(0, z) and max-pooling."""
    chain: list[Any] = [Conv(1, 6, 5, pad=2, bias=not norm), *_then(6, norm), Pool()]
    chain += [Conv(6, 16, 5, bias=not norm), *_then(16, norm), Pool()]
    chain += [Linear(400, 120, not norm), *_then(120, norm), Linear(120, 84, not norm), *_then(84, norm)]
    return (*chain, Linear(84, outputs))


def _vgg(outputs: int, norm: bool) -> tuple[Any, ...]:
    """Pairs of 3 × 3 convolutions, max-pooling, twice the channels each time (Simonyan and Zisserman 2014, arXiv:1409.1556, in small);
    the mean over pixels at the end.
    """
    chain: list[Any] = []
    fan_in = 1
    for channels in (8, 16, 32):
        for _ in range(2):
            chain += [Conv(fan_in, channels, 3, pad=1, bias=not norm), *_then(channels, norm)]
            fan_in = channels
        chain.append(Pool())
    return (*chain, Mean(), Linear(32, outputs))


def _resnet(outputs: int, norm: bool) -> tuple[Any, ...]:
    """Three residual blocks, stride 2 between them, the mean over pixels at the end (He et al. 2015, arXiv:1512.03385, in small)."""
    chain: list[Any] = [Conv(1, 8, 3, pad=1, bias=not norm), *_then(8, norm)]
    fan_in = 8
    for channels, stride in ((8, 1), (16, 2), (32, 2)):
        inner: list[Any] = [Conv(fan_in, channels, 3, stride, 1, not norm), *_then(channels, norm)]
        inner.append(Conv(channels, channels, 3, 1, 1, not norm))
        short: list[Any] = [] if fan_in == channels else [Conv(fan_in, channels, 1, stride, 0, not norm)]
        if norm:
            inner.append(Norm(channels))
            short += [Norm(channels)] if short else []
        chain.append(Residual(tuple(inner), tuple(short)))
        fan_in = channels
    return (*chain, Mean(), Linear(32, outputs))


_KINDS = {
    "fc1": _dense(1, 128),
    "fc3": _dense(3, 128),
    "conv": _conv,
    "stride": _stride,
    "lenet": _lenet,
    "vgg": _vgg,
    "resnet": _resnet,
}
NAMES = tuple(name + norm for name in _KINDS for norm in ("", "_bn"))


def make(name: str, outputs: int = 10, kernel: int | None = None) -> Net:
    """The network called `name`, one of `NAMES`: fc1 and fc3 (fully connected, one and three hidden layers of 128), conv (no pooling),
    stride, lenet, vgg, resnet; with _bn behind, batch normalisation before every max(0, z). Or one of `PLANAR`, for pictures of 32 × 32
    on a torus (`planar` says which); `kernel` is the side of their filters, an odd number. ValueError names a wrong argument.
    """
    if name not in NAMES + PLANAR:
        raise ValueError(f"name: got {name!r}; allowed: one of {', '.join(NAMES + PLANAR)}")
    if isinstance(outputs, bool) or outputs != int(outputs) or outputs < 1:
        raise ValueError(f"outputs: got {outputs!r}; allowed: a whole number ≥ 1")
    if name in PLANAR:
        return Net(name, int(outputs), planar(name, int(outputs), kernel), PLANAR_SIDE)
    if kernel is not None:
        raise ValueError(
            f"kernel: got {kernel!r}; allowed: none for {name}, whose filters are fixed; for {', '.join(PLANAR)}"
        )
    kind, _, norm = name.partition("_")
    return Net(name, int(outputs), _KINDS[kind](int(outputs), norm == "bn"))
