"""The layers computed by torch, one network at a time: several as one program are slower for convolutions (163 against 88 ms for
eight LeNets by vmap). torch is imported when a function is first called.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import numpy as np

from .build import Net
from .layers import Average, Blur, Conv, GroupConv, Lift, Linear, Mean, Norm, Pool, Relu, Residual

BLOCK = 250  # pictures at once where only outputs are wanted: more fall out of the cache
KEEP = 0.1  # share of a new batch in the running statistics


@contextmanager
def one_thread() -> Iterator[None]:
    """torch on one thread, as all kernels here: small tensors are slower on more, and bits change with their number."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def tensor(array: Any, like: Any = None) -> Any:
    """As a torch tensor: NumPy becomes float32, or what `like` is; tensors stay."""
    import torch

    if isinstance(array, torch.Tensor):
        return array
    return torch.tensor(
        np.ascontiguousarray(array),
        dtype=torch.float32 if like is None else like.dtype,
        device=None if like is None else like.device,
    )


def evaluate(net: Net, w: Any, x: Any, batch: bool, until: int | None = None) -> Any:
    """Logits (S, P, outputs), or what the first `until` layers give; no gradient kept for NumPy arguments."""
    import torch

    keeps = (isinstance(w, torch.Tensor) and w.requires_grad) or (isinstance(x, torch.Tensor) and x.requires_grad)
    x = tensor(x, w if isinstance(w, torch.Tensor) else None)
    w = tensor(w, x)
    blocks = [x] if batch or keeps else list(x.split(BLOCK))  # batch statistics are those of all pictures
    with one_thread(), torch.set_grad_enabled(keeps):
        return torch.stack(
            [torch.cat([forward(net, row[: net.N], row[net.N :], x, batch, until=until) for x in blocks]) for row in w]
        )


def forward(net: Net, w: Any, running: Any, x: Any, batch: bool, update: bool = False, until: int | None = None) -> Any:
    """Logits (P, outputs) of one network: w (N,) is trained, `running` (size − N,) is not; `update` brings it up to date in place.

    One split of w, whose gradient is one concatenation: a slice for each layer would fill a whole w with zeros each.
    """
    parts = [
        piece.view(part.shape)
        for part, piece in zip(net.parts, w.split([part.numbers for part in net.parts]), strict=True)
    ]
    sizes = [channels for channels in net.norms for _ in range(2)]
    return _chain(
        net.layers[:until], x[:, None], iter(parts), iter(running.split(sizes) if sizes else ()), batch, update
    )


def _chain(layers: tuple[Any, ...], x: Any, parts: Any, running: Any, batch: bool, update: bool) -> Any:
    from torch.nn import functional as F

    for layer in layers:
        match layer:
            case Linear():
                x = F.linear(x.flatten(1), next(parts), next(parts) if layer.bias else None)
            case Conv():
                if layer.circular:
                    x = _wrapped(x, layer.side // 2 * layer.dilation)
                weights, bias = next(parts), next(parts) if layer.bias else None
                x = F.conv2d(x, weights, bias, layer.stride, layer.pad, layer.dilation)
            case Lift():
                bank = _turned(next(parts)).flatten(0, 1)
                x = F.conv2d(_wrapped(x, layer.side // 2), bank, next(parts).repeat_interleave(4)).unflatten(1, (-1, 4))
            case GroupConv():
                bank = _turned(next(parts)).flatten(2, 3).flatten(0, 1)
                x = F.conv2d(_wrapped(x.flatten(1, 2), layer.side // 2), bank, next(parts).repeat_interleave(4))
                x = x.unflatten(1, (-1, 4))
            case Norm():
                mean, variance = next(running), next(running)
                scale, shift = next(parts), next(parts)
                if batch and not update:
                    mean = variance = None
                x = F.batch_norm(x, mean, variance, scale, shift, training=batch, momentum=KEEP)
            case Relu():
                x = F.relu(x)
            case Pool():
                x = _largest(x if layer.stride == 2 else F.pad(x, (0, 1, 0, 1), mode="circular"), layer.stride)
            case Average():
                x = F.avg_pool2d(x.flatten(1, -3), 2, layer.stride).unflatten(1, x.shape[1:-2])
            case Blur():
                matrix = _low_pass(x.shape[-1], layer.taps, layer.stride, x.dtype, x.device)
                x = matrix @ (x @ matrix.T)
            case Mean():
                x = x.flatten(2).mean(2)
            case Residual():
                inner = _chain(layer.layers, x, parts, running, batch, update)
                x = F.relu(inner + _chain(layer.short, x, parts, running, batch, update))
    return x


def _wrapped(x: Any, pad: int) -> Any:
    """The picture again beyond its border: a torus."""
    from torch.nn import functional as F

    return F.pad(x, (pad, pad, pad, pad), mode="circular") if pad else x


def _largest(x: Any, stride: int) -> Any:
    """The largest of each 2 × 2. Without a gradient by slices, the same numbers ten times faster."""
    import torch

    if torch.is_grad_enabled():
        return torch.nn.functional.max_pool2d(x, 2, stride)
    rows, columns = x.shape[-2] - x.shape[-2] % stride, x.shape[-1] - x.shape[-1] % stride
    across = torch.maximum(x[..., : columns - 1 : stride], x[..., 1:columns:stride])
    return torch.maximum(across[..., : rows - 1 : stride, :], across[..., 1:rows:stride, :])


def _turned(weights: Any) -> Any:
    """Filters in their four orientations: (out, in, k, k) to (out, 4, in, k, k); those with orientations of their own, (out, in, 4, k, k),
    to (out, 4, in, 4, k, k), these rolled along.
    """
    import torch

    rolled = (lambda r: weights.roll(r, 2)) if weights.ndim == 5 else (lambda r: weights)
    return torch.stack([torch.rot90(rolled(r), r, (-2, -1)) for r in range(4)], 1)


@lru_cache(maxsize=32)
def _low_pass(n: int, taps: tuple[float, ...], stride: int, dtype: Any, device: Any) -> Any:
    """A blur on a circle of n pixels and what is kept of it, as a matrix (n/stride, n): five times faster than a convolution."""
    import torch

    matrix = torch.zeros((-(-n // stride), n), dtype=torch.float64)
    for row in range(len(matrix)):
        for k, weight in enumerate(taps):
            matrix[row, (row * stride + k - len(taps) // 2) % n] += weight
    return matrix.to(device, dtype)
