"""What the pictures of chapter 9 share: numbers in groups, one group an irrep, before and after a turn; lengths of groups; a matrix."""

import re
from typing import Any

import numpy as np
from matplotlib.collections import LineCollection

from .. import style
from ..dots import KeptNames
from ..kernel.marks import Table
from ..stage import Context, Stage

GAP, EDGE = 1.2, 0.7  # between groups and beside them, in the width of a number
CLEAR = 1e-7  # relative: what differs by less is the same
KINDS = ("e", "o")  # parity +1, −1


def places(sizes: list[int], gap: float = GAP) -> tuple[np.ndarray, list[tuple[float, float]], float]:
    """Numbers side by side, groups apart: the place of each on (0, 1), the ends of each group, the width of a number."""
    unit = 1 / (sum(sizes) + gap * (len(sizes) - 1) + 2 * EDGE)
    starts: list[float] = [EDGE + sum(sizes[:k]) + gap * k for k in range(len(sizes))]
    at = np.concatenate([start + 0.5 + np.arange(size) for start, size in zip(starts, sizes)])
    return at * unit, [(start * unit, (start + size) * unit) for start, size in zip(starts, sizes)], unit


def irrep(l: float, p: float) -> str:
    """ "1o" for a vector; without parity the degree alone."""
    return f"{l:.0f}" + ("" if np.isnan(p) else KINDS[int(p < 0)])


def groups(degrees: Any, parities: Any) -> list[tuple[str, int]]:
    """Names and sizes of neighbouring numbers of one irrep."""
    found: list[tuple[str, int]] = []
    for l, p in zip(degrees, parities, strict=True):
        name = irrep(l, p)
        if found and found[-1][0] == name:
            found[-1] = (name, found[-1][1] + 1)
        else:
            found.append((name, 1))
    return found


def fate(before: Any, after: Any, predicted: Any, size: float) -> str:
    """What became of the numbers of an irrep, in a word; `size`: how long they are, typically."""
    before, after, predicted = (np.asarray(v, float) for v in (before, after, predicted))
    if not np.isfinite(after).all():
        return ""
    least = CLEAR * max(size, float(np.linalg.norm(before)))
    if np.linalg.norm(after - predicted) > least:
        return "fails"
    if np.linalg.norm(before) <= least:
        return "0"
    if np.linalg.norm(after - before) <= least:
        return "stays"
    return "flips" if np.linalg.norm(after + before) <= least else "turns"


def in_words(value: float) -> str:
    """2·10⁻¹⁵; … while not known."""
    if not np.isfinite(value):
        return "…"
    if value == 0 or value >= 1e-3:
        return f"{value:.2g}"
    mantissa, power = f"{value:.0e}".split("e")
    return f"{mantissa}·10{str(int(power)).translate(str.maketrans('-0123456789', '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'))}"


class Numbers:
    """Numbers in groups: rings before, bars after as obtained, dashes as predicted, grey crosses for what was kept; words above, below."""

    def __init__(self, stage: Stage, ax: Any, most: int, limit: float, ticks: tuple[float, ...] = (-1, 0, 1),
                 gap: float = GAP):  # fmt: skip
        self.stage, self.ax, self.limit, self.gap = stage, ax, limit, gap
        colours = stage.colours
        ax.set(xlim=(0, 1), ylim=(-limit, limit), xticks=[])
        ax.set_yticks(ticks, [f"{t:g}".replace("-", "−") for t in ticks])
        ax.spines["bottom"].set_visible(False)
        ax.axhline(0, color=colours.faint, linewidth=1, zorder=1)
        self.bars = stage.actor(ax.add_collection(LineCollection([], zorder=2), autolim=False))
        self.bars.set_capstyle("butt")
        self.rest = stage.actor(ax.add_collection(LineCollection([], colors=colours.grid, linewidths=1, zorder=1), autolim=False))
        look: dict[str, Any] = dict(linestyle="none", clip_on=False)
        self.kept = stage.actor(ax.plot([], [], marker="x", markersize=5, color=colours.sources["ghost"], zorder=4, **look)[0])
        self.predicted = stage.actor(ax.plot([], [], marker="_", color=colours.sources["theory"], zorder=5, markeredgewidth=2.2, **look)[0])
        self.before = stage.actor(ax.plot([], [], marker="o", markersize=5.5, markerfacecolor="none", markeredgewidth=1.2,
                                          color=colours.ink, zorder=6, **look)[0])  # fmt: skip
        height = ax.get_position().height * stage.height
        transform = ax.get_xaxis_transform()
        self.heads = [stage.actor(ax.text(0, 1 + 4 / height, "", ha="center", va="bottom", transform=transform)) for _ in range(most)]
        self.feet = [stage.actor(ax.text(0, -4 / height, "", ha="center", va="top", transform=transform, color=colours.faint))
                     for _ in range(most)]  # fmt: skip

    def set(self, named: list[tuple[str, int]], before: Any, after: Any, predicted: Any, feet: list[str], kept: Any = None) -> None:
        at, ends, unit = places([size for _, size in named], self.gap)
        before, after, predicted = (np.clip(np.asarray(v, float), -self.limit, self.limit) for v in (before, after, predicted))
        known = np.isfinite(after)
        width = unit * self.ax.get_position().width * self.stage.width * 0.72  # of points
        self.bars.set_segments([[(x, 0), (x, y)] for x, y in zip(at[known], after[known])])
        colours = self.stage.colours
        self.bars.set_color([colours.satisfied if y >= 0 else colours.wrong for y in after[known]])
        self.bars.set_linewidth(0.62 * width)
        self.predicted.set_data(at[known], predicted[known])
        self.predicted.set_markersize(0.95 * width)
        self.before.set_data(at, before)
        self.before.set_markersize(min(5.5, 0.62 * width))
        between = [(one[1] + other[0]) / 2 for one, other in zip(ends, ends[1:])]
        self.rest.set_segments([[(x, -self.limit), (x, self.limit)] for x in between])
        same = kept is not None and np.shape(kept) == np.shape(after)
        self.kept.set_data(*((at, np.clip(kept, -self.limit, self.limit)) if same else ([], [])))
        for texts, words in ((self.heads, [name for name, _ in named]), (self.feet, feet)):
            for k, text in enumerate(texts):
                text.set_visible(k < len(named))
                if k < len(named):
                    text.set_position((sum(ends[k]) / 2, text.get_position()[1]))
                    text.set_text(words[k])


class Lengths:
    """One number of each group, at the groups' places: bars after the turn, a line before, a dash for what was kept."""

    def __init__(self, stage: Stage, ax: Any, top: float, ticks: tuple[float, ...], gap: float = GAP):
        self.stage, self.ax, self.top, self.gap = stage, ax, top, gap
        ax.set(xlim=(0, 1), ylim=(0, top), xticks=[])
        ax.set_yticks(ticks, [f"{t:g}" for t in ticks])
        ax.spines["bottom"].set_color(stage.colours.faint)
        self.bars = stage.actor(ax.add_collection(LineCollection([], colors=stage.colours.states["running"], zorder=2), autolim=False))
        self.bars.set_capstyle("butt")
        self.before = stage.actor(ax.add_collection(LineCollection([], colors=stage.colours.ink, linewidths=2, zorder=3), autolim=False))

    def set(self, named: list[tuple[str, int]], before: Any, after: Any) -> None:
        _, ends, unit = places([size for _, size in named], self.gap)
        before, after = (np.clip(np.asarray(v, float), 0, self.top) for v in (before, after))
        there = [k for k in range(len(named)) if np.isfinite(after[k])]
        width = self.ax.get_position().width * self.stage.width * 0.72
        self.bars.set_segments([[(sum(ends[k]) / 2, 0), (sum(ends[k]) / 2, after[k])] for k in there])
        self.bars.set_linewidth([(ends[k][1] - ends[k][0]) * width for k in there])
        out = 0.3 * unit
        self.before.set_segments([[(ends[k][0] - out, before[k]), (ends[k][1] + out, before[k])] for k in there])


class Matrix:
    """A matrix of numbers from −1 to 1 (in units of `most`) as colours; lines between blocks."""

    def __init__(self, stage: Stage, ax: Any, sizes: list[int], names: list[str], most: float = 1.0):
        self.ramp = style.ramp("satisfied", stage.colours.dark)
        self.most, n = most, sum(sizes)
        self.image = stage.actor(ax.imshow(np.zeros((n, n, 3), np.uint8), extent=(0, n, n, 0), interpolation="nearest", aspect="auto"))
        edges = np.cumsum([0, *sizes])
        lines = [[(e, 0), (e, n)] for e in edges] + [[(0, e), (n, e)] for e in edges]
        self.lines = stage.actor(ax.add_collection(LineCollection(lines, colors=stage.colours.faint, linewidths=0.7), autolim=False))
        middle = (edges[1:] + edges[:-1]) / 2
        ax.set(xlim=(0, n), ylim=(n, 0))
        ax.set_xticks(middle, names)
        ax.set_yticks(middle, names)
        ax.tick_params(length=0, labeltop=True, labelbottom=False, pad=2)
        for spine in ax.spines.values():
            spine.set_visible(False)

    def set(self, matrix: Any) -> None:
        share = np.nan_to_num(np.asarray(matrix, float) / self.most)
        self.image.set_data(self.ramp[((np.clip(share, -1, 1) + 1) / 2 * (len(self.ramp) - 1)).round().astype(int)])


def title(stage: Stage, ax: Any, words: str, above: float = 22, before: float = 22) -> Any:
    """Bold words above axes, over their heads, beginning `before` pixels left of them; an actor: they may change."""
    height = ax.get_position().height * stage.height
    left = before / (ax.get_position().width * stage.width)
    return stage.actor(ax.text(-left, 1 + above / height, words, transform=ax.transAxes, va="bottom", weight="bold"))


class Key:
    """Below all axes: what rings, bars and dashes are, and what was kept."""

    def __init__(self, stage: Stage, top: float, before: str, after: str, predicted: str):
        colours = stage.colours
        plain: dict[str, Any] = dict(linestyle="none")
        looks = [dict(marker="o", markersize=5.5, markerfacecolor="none", color=colours.ink, **plain),
                 dict(marker="s", markersize=8, markeredgewidth=0, color=colours.satisfied, **plain),
                 dict(marker="_", markersize=10, markeredgewidth=2.2, color=colours.sources["theory"], **plain)]  # fmt: skip
        self.table = Table(stage, looks, 12, top, columns=2 if stage.narrow else 3, apart=(0.36 if stage.narrow else 0.24) * stage.width)
        self.words, self.narrow = (before, after, predicted), stage.narrow
        self.kept = KeptNames(stage, 24, stage.height - top - (34 if stage.narrow else 24), ("x",))
        for line in self.kept.keys:
            line.set(marker="x", markersize=5)

    def set(self, context: Context) -> None:
        self.table.set(self.words)
        self.kept.set([(shorter(words, 40 if self.narrow else 80), found) for words, found in context.ghosts])


def shorter(words: str, most: int) -> str:
    """Without the axis of a turn; what is still longer than there is room for ends in dots."""
    words = re.sub(r" about \([^)]*\)", "", words)
    return words if len(words) <= most else f"{words[: most - 1]}…"


def kept_of(context: Context) -> Any:
    """The Dataset that was kept last, or None."""
    return context.ghosts[-1][1][-1] if context.ghosts else None


def first(ds: Any, name: str) -> np.ndarray:
    """A variable of the first seed."""
    values: np.ndarray = ds[name].values
    return values[..., 0] if ds[name].dims and ds[name].dims[-1] == "seed" else values
