"""The layers computed by torch, one network at a time: several as one program are slower for convolutions (163 against 88 ms for
eight LeNets by vmap). torch is imported when a function is first called.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .build import Conv, Linear, Mean, Net, Norm, Pool, Relu, Residual

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
        array, dtype=torch.float32 if like is None else like.dtype, device=None if like is None else like.device
    )


def evaluate(net: Net, w: Any, x: Any, batch: bool) -> Any:
    """Logits (S, P, outputs), no gradient kept for NumPy arguments."""
    import torch

    keeps = (isinstance(w, torch.Tensor) and w.requires_grad) or (isinstance(x, torch.Tensor) and x.requires_grad)
    x = tensor(x, w if isinstance(w, torch.Tensor) else None)
    w = tensor(w, x)
    blocks = [x] if batch or keeps else list(x.split(BLOCK))  # batch statistics are those of all pictures
    with one_thread(), torch.set_grad_enabled(keeps):
        return torch.stack(
            [torch.cat([forward(net, row[: net.N], row[net.N :], x, batch) for x in blocks]) for row in w]
        )


def forward(net: Net, w: Any, running: Any, x: Any, batch: bool, update: bool = False) -> Any:
    """Logits (P, outputs) of one network: w (N,) is trained, `running` (size − N,) is not; `update` brings it up to date in place.

    One split of w, whose gradient is one concatenation: a slice for each layer would fill a whole w with zeros each.
    """
    parts = [
        piece.view(part.shape)
        for part, piece in zip(net.parts, w.split([part.numbers for part in net.parts]), strict=True)
    ]
    sizes = [channels for channels in net.norms for _ in range(2)]
    return _chain(net.layers, x[:, None], iter(parts), iter(running.split(sizes) if sizes else ()), batch, update)


def _chain(layers: tuple[Any, ...], x: Any, parts: Any, running: Any, batch: bool, update: bool) -> Any:
    from torch.nn import functional as F

    for layer in layers:
        match layer:
            case Linear():
                x = F.linear(x.flatten(1), next(parts), next(parts) if layer.bias else None)
            case Conv():
                x = F.conv2d(x, next(parts), next(parts) if layer.bias else None, layer.stride, layer.pad)
            case Norm():
                mean, variance = next(running), next(running)
                scale, shift = next(parts), next(parts)
                if batch and not update:
                    mean = variance = None
                x = F.batch_norm(x, mean, variance, scale, shift, training=batch, momentum=KEEP)
            case Relu():
                x = F.relu(x)
            case Pool():
                x = F.max_pool2d(x, 2)
            case Mean():
                x = x.mean((2, 3))
            case Residual():
                inner = _chain(layer.layers, x, parts, running, batch, update)
                x = F.relu(inner + _chain(layer.short, x, parts, running, batch, update))
    return x
