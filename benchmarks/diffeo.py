"""What deforming many images in one call gains over one call per image, as the authors' experiments do. Run by `make bench`.

All in torch, single precision, one thread, ratios within one run; fields are made anew in every call, on both sides. Kornia's and
torchvision's elastic transforms, which draw another kind of field, are timed beside them where they are installed.
"""

import importlib
import itertools
import math
import sys
from collections.abc import Callable
from typing import Any

import torch
from timing import in_turn, report

from lsviz import diffeo

T = {28: 1.4783e-3, 224: 8e-6}  # about one pixel


def sine_sum(n: int, c: int) -> torch.Tensor:
    """One component of one field: a table of coefficients between two tables of sines."""
    k = torch.arange(1, c + 1)
    i, j = torch.meshgrid(k, k, indexing="ij")
    r = (i**2 + j**2).sqrt()
    s = torch.sin(math.pi * torch.linspace(0, 1, n)[:, None] * k)
    return torch.einsum("ij,xi,yj->yx", torch.randn(c, c) * (r < c + 0.5) / r, s, s)


def one_by_one(image: torch.Tensor, c: int) -> torch.Tensor:
    """The usual way: this image's own field, then four gathers and their weights."""
    n = image.shape[-1]
    dx, dy = (n * math.sqrt(T[n]) * sine_sum(n, c) for _ in range(2))
    y, x = torch.meshgrid(torch.arange(n), torch.arange(n), indexing="ij")
    x, y = (x - dx).clamp(0, n - 1), (y - dy).clamp(0, n - 1)
    x0, y0, x1, y1 = x.floor().long(), y.floor().long(), x.ceil().long(), y.ceil().long()
    tx, ty = x - x0, y - y0
    upper = (1 - tx) * image[..., y0, x0] + tx * image[..., y0, x1]
    lower = (1 - tx) * image[..., y1, x0] + tx * image[..., y1, x1]
    return (1 - ty) * upper + ty * lower


def elsewhere(images: torch.Tensor) -> dict[str, Callable[[], Any]]:
    """The elastic transforms of other libraries that are installed."""
    found: dict[str, Callable[[], Any]] = {}
    try:
        kornia = importlib.import_module("kornia.geometry.transform")
        draw = torch.rand(len(images), 2, *images.shape[-2:]) * 2 - 1
        found["kornia, elastic_transform2d"] = lambda: kornia.elastic_transform2d(images, draw)
    except ImportError:
        pass
    try:
        v2 = importlib.import_module("torchvision.transforms.v2")
        elastic = v2.ElasticTransform()
        found["torchvision, ElasticTransform, one call per image"] = lambda: [elastic(image) for image in images]
    except ImportError:
        pass
    return found


def repeat(action: Callable[[], Any], many: int) -> None:
    """One call after the other, each answer let go before the next, as when a slider moves."""
    for _ in range(many):
        action()


def deforming(shape: tuple[int, ...], c: int, bar: float, alone: float | None) -> list[bool]:
    """Fields and warp of `shape` in one call, in calls per image, and the warp alone by torch on a grid that is given."""
    images, n = torch.rand(shape), shape[-1]
    start = itertools.count(step=shape[0])

    def ours() -> torch.Tensor:
        first = next(start)  # new fields each time
        return diffeo.deform(images, diffeo.field(T[n], c, n, range(first, first + shape[0]), torch, torch.float32))

    line = torch.linspace(-1, 1, n)
    still = torch.stack(torch.broadcast_tensors(line, line[:, None]))
    field = diffeo.field(T[n], c, n, shape[0], torch, torch.float32)
    grid = (still - 2 / (n - 1) * field).permute(0, 2, 3, 1).contiguous()
    flat = images.reshape(shape[0], -1, n, n)

    def gather() -> torch.Tensor:
        return torch.nn.functional.grid_sample(flat, grid, padding_mode="border", align_corners=True)

    rivals = elsewhere(flat)
    many = 20  # calls a turn of what takes a millisecond
    actions = (
        lambda: [one_by_one(image, c) for image in images],
        lambda: repeat(ours, many),
        lambda: repeat(gather, many),
    )
    usual, mine, sampled, *others = in_turn(*actions, *rivals.values(), rounds=11, warm=2)
    mine, sampled = mine / many, sampled / many
    case = f"{'x'.join(map(str, shape))}, c = {c}"
    print(
        f"    {case}: {1e3 * mine:.2f} ms in one call, {1e3 * usual:.1f} ms one by one, {1e3 * sampled:.2f} ms grid_sample alone"
    )
    for name, seconds in zip(rivals, others, strict=True):
        print(f"    {case}: {name}: {seconds / mine:.1f} times ours, no bar")
    results = [report(f"{case}: one by one / one call", usual / mine, bar, least=True)]
    if alone is not None:
        results.append(
            report(f"{case}: one call, fields included / grid_sample alone", mine / sampled, alone, least=False)
        )
    return results


if __name__ == "__main__":
    torch.set_num_threads(1)
    held = deforming((256, 28, 28), 3, 100, 2) + deforming((8, 3, 224, 224), 15, 5, None)
    sys.exit(0 if all(held) else 1)
