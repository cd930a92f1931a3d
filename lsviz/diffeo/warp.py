"""An image pulled back along a field: pixel s of the new image shows what stood at s − u(s)."""

import threading
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from jaxtyping import Float

from .. import xp as xps

Interpolation = Literal["bilinear", "gaussian", "nearest"]
INTERPOLATIONS = ("bilinear", "gaussian", "nearest")
SIGMA = 0.4715  # pixels: the width of the Gaussian interpolation in the authors' code
HOLD = 2**23  # numbers of working memory that a thread keeps
REACH = 3  # pixels further on each side: beyond, its weight is below 1e-15


def deform(
    images: Float[Any, "B *channels rows columns"], field: Any, interpolation: str = "bilinear"
) -> Float[Any, "B *channels rows columns"]:
    """τx: the images moved by `field`, (τx)(s) = x(s − u(s)); places outside are clamped to the border (arXiv:2105.02468).

    images: (B, …, n, n), channels between; field: (B, 2, n, n), one for each image, or (1, 2, n, n), one for all. NumPy arrays or torch
    tensors, both of one kind; the result has the precision of the images.
    interpolation: "bilinear"; "gaussian" (σ = 0.4715 pixels, weights that add up to 1: this smooths, so compare with the image deformed
    at T = 0); "nearest". A zero field gives the image back bit for bit, save under "gaussian".
    ValueError names what is not square, does not fit, or is not known.
    """
    if interpolation not in INTERPOLATIONS:
        raise ValueError(f"interpolation: got {interpolation!r}; allowed: one of {', '.join(INTERPOLATIONS)}")
    shape, at = tuple(images.shape), tuple(field.shape)
    if len(shape) < 3 or shape[-1] != shape[-2] or shape[-1] < 3:
        raise ValueError(f"images: got shape {shape}; allowed: (B, …, n, n), square pictures with n ≥ 3")
    n = shape[-1]
    if len(at) != 4 or at[0] not in (1, shape[0]) or at[1:] != (2, n, n):
        raise ValueError(
            f"field: got shape {at}; allowed: ({shape[0]}, 2, {n}, {n}), or (1, 2, {n}, {n}) for all images"
        )
    if isinstance(images, np.ndarray) != isinstance(field, np.ndarray):
        raise ValueError(f"field: got {type(field).__name__}; allowed: {type(images).__name__}, as the images are")
    if interpolation == "bilinear" and not isinstance(images, np.ndarray):
        return _grid_sample(images, field.to(images.dtype))
    if isinstance(images, np.ndarray):
        field = field.astype(images.dtype, copy=False)
    else:
        field = field.to(images.dtype)
    xp = xps.namespace(images)
    pixels = xps.like(np.arange(n, dtype=float), images)
    x = xp.clip(pixels - field[:, 0], 0, n - 1)
    y = xp.clip(pixels[:, None] - field[:, 1], 0, n - 1)
    look = _Look(images)
    if interpolation == "nearest":
        return look(_whole(y + 0.5), _whole(x + 0.5))
    return _bilinear(look, x, y, n) if interpolation == "bilinear" else _gaussian(look, x, y, n)


class _Look:
    """Pixels of all images at rows y and columns x (B or 1, n, n), whatever stands between."""

    def __init__(self, images: Any) -> None:
        self.shape = images.shape
        self.n = images.shape[-1]
        self.flat = images.reshape(images.shape[0], -1, self.n * self.n)

    def __call__(self, y: Any, x: Any) -> Any:
        index = (y * self.n + x).reshape(y.shape[0], 1, -1)
        B, K, pixels = self.flat.shape
        if isinstance(self.flat, np.ndarray):
            if index.shape[0] == 1:
                return self.flat[:, :, index[0, 0]].reshape(self.shape)
            first = np.arange(B * K).reshape(B, K, 1) * pixels
            return np.take(self.flat.reshape(-1), index + first).reshape(self.shape)
        return self.flat.gather(2, index.expand(B, K, pixels)).reshape(self.shape)

    def weight(self, w: Any) -> Any:
        """A weight (B or 1, n, n) for every channel."""
        return w.reshape(w.shape[0], *(1,) * (len(self.shape) - 3), self.n, self.n)


def _bilinear(look: _Look, x: Any, y: Any, n: int) -> Any:
    """Weights 1 − t and t: exact at whole pixels, where one of them is 0."""
    x0, y0 = (np.minimum(a.astype(np.intp), n - 2) for a in (x, y))  # a ≥ 0: cutting off is rounding down
    tx, ty = look.weight(x - x0.astype(x.dtype)), look.weight(y - y0.astype(y.dtype))
    sx, sy = 1 - tx, 1 - ty
    upper = sx * look(y0, x0)
    upper += tx * look(y0, x0 + 1)
    upper *= sy
    lower = sx * look(y0 + 1, x0)
    lower += tx * look(y0 + 1, x0 + 1)
    lower *= ty
    upper += lower
    return upper


def _gaussian(look: _Look, x: Any, y: Any, n: int) -> Any:
    """exp(−|s − k|²/2σ²) over the pixels k near s, normalised: a product of both directions."""
    xp = xps.namespace(x)
    taps = []
    for a in (y, x):
        first = _whole(a)
        near = [first + k for k in range(-REACH, REACH + 2)]
        weights = [
            xp.where((k >= 0) & (k < n), xp.exp((a - xp.astype(k, a.dtype)) ** 2 * (-0.5 / SIGMA**2)), xp.zeros_like(a))
            for k in near
        ]
        total = sum(weights)
        taps.append([(xp.clip(k, 0, n - 1), w / total) for k, w in zip(near, weights, strict=True)])
    result = 0
    for row, wy in taps[0]:
        for column, wx in taps[1]:
            result = result + look.weight(wy * wx) * look(row, column)
    return result


def _whole(a: Any) -> Any:
    """Rounded down to whole numbers, a ≥ 0."""
    return a.astype(np.intp) if isinstance(a, np.ndarray) else a.long()


def _grid_sample(images: Any, field: Any) -> Any:
    """torch's own bilinear gather, one pass for all. Its coordinates run from −1 to 1, which rounds; with a power of two pixels a side,
    as the images are padded to, whole pixels stay whole, and a zero field changes no bit.
    """
    import torch

    B, n = images.shape[0], images.shape[-1]
    m = 1 << (n - 1).bit_length()
    still = _pixels(n, m, images.dtype, images.device)
    padded = images.reshape(B, -1, n, n)
    if torch.is_grad_enabled() and (images.requires_grad or field.requires_grad):
        padded = torch.nn.functional.pad(padded, (0, m - n, 0, m - n))
        grid = torch.add(still, field, alpha=-2 / m)
    else:
        if m > n:
            room = _room(
                "padded", (*padded.shape[:2], m, m), images
            )  # zero beyond the picture, where nothing is ever written
            room[..., :n, :n] = padded
            padded = room
        grid = torch.add(still, field, alpha=-2 / m, out=_room("grid", tuple(field.shape), images))
    # Clamped to the picture here; torch does it to the padded one.
    grid = grid.clamp_(max=float(still[0, 0, -1])).permute(0, 2, 3, 1).expand(B, n, n, 2)
    return torch.nn.functional.grid_sample(padded, grid, padding_mode="border", align_corners=False).reshape(
        images.shape
    )


_held = threading.local()


def _room(name: str, shape: tuple[int, ...], like: Any) -> Any:
    """A tensor of this thread that the next call uses again: fresh memory costs more than what is done with it."""
    import torch

    room = getattr(_held, name, None)
    if room is None or tuple(room.shape) != shape or room.dtype != like.dtype or room.device != like.device:
        room = torch.zeros(shape, dtype=like.dtype, device=like.device)
        if room.numel() <= HOLD:
            setattr(_held, name, room)
    return room


@lru_cache(maxsize=16)
def _pixels(n: int, m: int, dtype: Any, device: Any) -> Any:
    """Where the n × n pixels lie (2, n, n) in the coordinates of a padded image of m × m: first x, then y."""
    import torch

    line = (torch.arange(n, dtype=torch.float64) + 0.5) * (2 / m) - 1
    return torch.stack(torch.broadcast_tensors(line, line[:, None])).to(device, dtype)
