"""A tetromino under the hand, and what a network answers to it: by irrep, before and after."""

from typing import Any

import numpy as np

from ..bodies import Body, arrows, axes, caption, cubes
from ..diffeo.marks import axes_at
from ..stage import Context, Draw, Stage
from .marks import Key, Lengths, Numbers, fate, first, groups, kept_of, title

LIMIT = 2.3  # in units of an irrep's typical length
APART = 1.9  # of irreps, in the width of a number: room for words below
VECTORS = {"1o": ("blue", 2.4, 0.07), "1e": ("orange", 1.9, 0.11)}  # colour, length beyond the cubes, width: both are seen in one line


def split(ds: Any) -> tuple[list[tuple[str, int]], list[slice]]:
    """The irreps of the outputs with their sizes, and where the numbers of each stand."""
    if not np.isfinite(ds.l_output.values).all():  # not known yet
        return [], []
    named = groups(ds.l_output.values, ds.p_output.values)
    ends = np.cumsum([0, *(size for _, size in named)])
    return named, [slice(a, b) for a, b in zip(ends, ends[1:])]


def bodies(ds: Any, values: dict[str, Any]) -> list[Body]:
    """The cubes, and the directions of the network's vector (1o) and axial vector (1e) as it answers them, in the room."""
    found = [axes(2.3), cubes(ds.cells.values, colour="sky")]
    named, parts = split(ds)
    for (name, _), piece in zip(named, parts):
        vector, size = first(ds, "f_after")[piece], first(ds, "f_scale")[piece]
        if name in VECTORS and np.isfinite(vector).all() and np.linalg.norm(vector) > 1e-6 * size[0]:
            colour, length, width = VECTORS[name]
            arrow = vector * (length / np.linalg.norm(vector))
            found += [arrows((0, 0, 0), arrow[None], colour=colour, width=width, fixed=True),
                      caption(name, arrow * (1 + 0.25 / length), colour=colour, fixed=True)]  # fmt: skip
    return found


def turn_the_shape(stage: Stage) -> Draw:
    """Outputs by irrep before and after, as obtained and as predicted; the length of each irrep."""
    W, H = stage.width, stage.height
    if stage.narrow:
        top = axes_at(stage, 34, 44, W - 44, 230, "outputs")
        low = axes_at(stage, 34, 350, W - 44, 92, "lengths")
    else:
        top = axes_at(stage, 44, 50, W - 64, H - 256, "outputs")
        low = axes_at(stage, 44, H - 146, W - 64, 86, "lengths")
    numbers = Numbers(stage, top, 5, LIMIT, (-2, -1, 0, 1, 2), APART)
    lengths = Lengths(stage, low, LIMIT, (0, 1, 2), APART)
    head = title(stage, top, "")
    title(stage, low, "length of each irrep: line before, bar after", 6)
    key = Key(stage, H - (58 if stage.narrow else 50), "before: $f(x)$", "after: $f(g\\,x)$", "predicted: $D(g)\\,f(x)$")

    def draw(ds: Any, context: Context) -> None:
        named, parts = split(ds)
        key.set(context)
        if not named:
            named, parts = [("", 1)], [slice(0, 1)]
        trained = context.values.get("weights") == "trained"
        size = np.ones(ds.sizes["output"]) if trained else np.where(first(ds, "f_scale") > 1e-9, first(ds, "f_scale"), 1.0)
        head.set_text("outputs by irrep; trained to be ±1 or 0" if trained else "outputs by irrep, in units of its size")
        before, after, predicted = (scaled(first(ds, name), size) for name in ("f_before", "f_after", "f_predicted"))
        old = kept_of(context)
        kept = None if old is None or old.sizes["output"] != ds.sizes["output"] else scaled(first(old, "f_after"), size)
        total = sum(n for _, n in named)
        words = [fate(before[p], after[p], predicted[p], 1.0) for p in parts]
        numbers.set(named, before[:total], after[:total], predicted[:total], words, kept)
        lengths.set(named, *([np.linalg.norm(v[p]) for p in parts] for v in (before, after)))

    return draw


def scaled(values: Any, size: Any) -> np.ndarray:
    """In units of the typical length of their irrep; what is zero by symmetry stays zero."""
    return np.asarray(values, float) / size
