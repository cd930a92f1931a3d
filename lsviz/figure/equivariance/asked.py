"""What the pictures of shifted and of turned networks share: marks, the picture asked about, answers of every seed, curves and rows."""

from typing import Any

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D

from ..diffeo.marks import blank, inked
from ..generalization.marks import Level
from ..kernel.marks import mark_look
from ..stage import Stage

# network → its mark, its colour on a light and on a dark page, its name.
NETS = {
    "stride": ("v", "#c2410c", "#ff9a5c", "stride"), "max": ("^", "#a1317d", "#f0a3cd", "max-pool"),
    "blur": ("s", "#007a5a", "#2fc79a", "blur"), "none": ("o", "#0072b2", "#56b4e9", "none"),
    "flat": ("D", "#8a5a00", "#e8c06a", "flat"), "plain": ("v", "#c2410c", "#ff9a5c", "plain"),
    "augmented": ("^", "#a1317d", "#f0a3cd", "augmented"), "p4": ("o", "#0072b2", "#56b4e9", "p4"),
    "message_passing": ("o", "#0072b2", "#56b4e9", "message passing"), "se3_transformer": ("s", "#007a5a", "#2fc79a", "SE(3)-Transformer"),
    "voxel_convolution": ("^", "#a1317d", "#f0a3cd", "voxel convolution"), "spherical_cnn": ("D", "#8a5a00", "#e8c06a", "spherical CNN"),
    "plain_voxels": ("v", "#c2410c", "#ff9a5c", "plain voxel net"),
}  # fmt: skip
SEEDS = 3  # networks of each kind that are shipped
ROWS = 5


def look(stage: Stage, net: str) -> dict[str, Any]:
    """Mark and colour of a network."""
    mark, light, dark, _ = NETS[net]
    return dict(marker=mark, color=dark if stage.colours.dark else light)


def named(net: str) -> str:
    return NETS[net][3]


def class_asked(ds: Any, still: Any) -> int:
    """The class of the picture; of one's own picture the one that the networks hold it for when it is as it is."""
    if np.isfinite(ds.picture_class):
        return int(ds.picture_class)
    known = np.asarray(still, float).reshape(-1, np.shape(still)[-1])
    known = known[np.isfinite(known).all(1)]
    return int(known.mean(0).argmax()) if len(known) else 0


class Shown:
    """A picture of grey levels."""

    def __init__(self, stage: Stage, ax: Any, title: str = " "):
        self.stage = stage
        above = 1 + 6 / (ax.get_position().height * stage.height)
        self.title = stage.actor(ax.text(0, above, title, transform=ax.transAxes, va="bottom", weight="bold"))
        self.image = blank(stage, ax)

    def set(self, levels: Any, title: str = "") -> None:
        self.image.set_data(inked(self.stage, levels))
        if title:
            self.title.set_text(title)


class Answers:
    """The digit that every network of every seed answers; boxed where it is not what that network says of the picture as it is.

    The networks' marks and colours stand beside their names, for all panels. (left, top) in pixels from the upper left corner.
    """

    def __init__(self, stage: Stage, left: float, top: float, nets: tuple[str, ...], row: float = 21.0, across: float = 96.0):
        W, H = stage.width, stage.height
        write = stage.figure.text
        self.head = stage.actor(write(left / W, 1 - top / H, "answers of 3 seeds", va="center", weight="bold"))
        self.foot = stage.actor(write(left / W, 1, "boxed: changed", va="center", color=stage.colours.faint))
        self.left, self.top, self.row, self.stage = left, top, row, stage
        box = dict(boxstyle="square,pad=0.16", facecolor="none", linewidth=1.4)
        self.names: list[Any] = []
        self.cells: list[list[Any]] = []
        self.marks = {net: stage.actor(stage.figure.add_artist(Line2D([], [], markersize=7, linestyle="none", **look(stage, net))))
                      for net in nets}  # fmt: skip
        for i in range(ROWS):
            y = 1 - (top + row * (i + 1.1)) / H
            self.names.append(write((left + 17) / W, y, "", va="center"))
            self.cells.append([write((left + across + 24 * s) / W, y, "", va="center", ha="center", bbox=dict(box)) for s in range(SEEDS)])
        stage.actor([*self.names, *(cell for cells in self.cells for cell in cells)])

    def set(self, nets: list[str], now: Any, still: Any) -> None:
        """`now`, `still`: probabilities (network, seed, output), NaN where not known."""
        now, still = np.asarray(now, float), np.asarray(still, float)
        W, H = self.stage.width, self.stage.height
        for net, mark in self.marks.items():
            there = net in nets
            mark.set_visible(there)
            mark.set_data([(self.left + 5) / W], [1 - (self.top + self.row * (nets.index(net) + 1.1)) / H if there else 0])
        for i in range(ROWS):
            there = i < len(nets)
            self.names[i].set_text(named(nets[i]) if there else "")
            if there:
                self.names[i].set_color(look(self.stage, nets[i])["color"])
            for s, cell in enumerate(self.cells[i]):
                known = there and s < now.shape[1] and np.isfinite(now[i, s]).all()
                digit = int(now[i, s].argmax()) if known else -1
                other = bool(known and np.isfinite(still[i, s]).all() and still[i, s].argmax() != digit)
                cell.set_text(f"{digit}" if known else "")
                cell.set_color(self.stage.colours.wrong if other else self.stage.colours.ink)
                cell.set_visible(known)
                cell.get_bbox_patch().set_edgecolor(self.stage.colours.wrong if other else "none")
        self.head.set_text("answers" if now.shape[1] == 1 else f"answers of {min(now.shape[1], SEEDS)} seeds")
        self.foot.set_y(1 - (self.top + self.row * (len(nets) + 1.1)) / H)


class Curves:
    """One number of every network against shift or angle: a thin line for each seed, a broad one with marks for their mean."""

    def __init__(self, stage: Stage, ax: Any, every: float, nets: tuple[str, ...]):
        self.ax, self.every = ax, every
        self.thin, self.mean, self.marks, self.floor = {}, {}, {}, {}
        for place, net in enumerate(nets):
            one = look(stage, net)
            thin = ax.add_collection(LineCollection([], colors=one["color"], linewidths=1.0, alpha=0.55, zorder=3), autolim=False)
            self.thin[net] = stage.actor(thin)
            self.mean[net] = Level(stage, ax, one["color"], zorder=4 + 0.01 * place, linewidth=2.2)
            marks = ax.plot([], [], zorder=4.2 + 0.01 * place, **mark_look(one["color"], one["marker"], 6))[0]
            self.marks[net] = stage.actor(marks)
            self.floor[net] = Level(stage, ax, one["color"], zorder=2, linewidth=1.6, linestyle=(0, (1, 1.6)))
        grey = LineCollection([], colors=stage.colours.sources["ghost"], linewidths=1.2, zorder=2)
        self.old = stage.actor(ax.add_collection(grey, autolim=False))

    def set(self, nets: list[str], x: Any, table: Any, floor: Any = None) -> None:
        """`table`, `floor`: (network, seed, x), NaN where not known; what lies off the axis stands at its edge."""
        x = np.asarray(x, float)
        for net in self.thin:
            there = net in nets
            rows = self._clipped(np.asarray(table, float)[nets.index(net)]) if there else np.full((1, x.size), np.nan)
            rows = rows[np.isfinite(rows).any(1)]
            self.thin[net].set_segments([np.column_stack([x, row])[np.isfinite(row)] for row in rows] if len(rows) > 1 else [])
            middle = self._middle(rows)
            self.mean[net].set(x, middle if len(rows) else np.full(x.size, np.nan))
            marked = np.isclose(x / self.every, np.rint(x / self.every)) & (np.isfinite(middle) if len(rows) else np.zeros(x.size, bool))
            self.marks[net].set_data(x[marked], middle[marked] if len(rows) else [])
            given = there and floor is not None
            below = self._clipped(np.asarray(floor, float)[nets.index(net)]) if given else np.full((1, x.size), np.nan)
            self.floor[net].set(x, self._middle(below[np.isfinite(below).any(1)]) if np.isfinite(below).any() else np.full(x.size, np.nan))

    def keep(self, x: Any, table: Any) -> None:
        """Means of what was kept, or None."""
        if table is None:
            self.old.set_segments([])
            return
        lines = [self._middle(self._clipped(rows)) for rows in np.asarray(table, float)]
        self.old.set_segments([np.column_stack([x, line])[np.isfinite(line)] for line in lines])

    def _clipped(self, rows: np.ndarray) -> np.ndarray:
        low, high = self.ax.get_ylim()
        return np.clip(rows, low * 1.5 if self.ax.get_yscale() == "log" else low, high)

    def _middle(self, rows: np.ndarray) -> np.ndarray:
        """Over seeds: the mean, of a number on a logarithmic axis the geometric one."""
        if not len(rows):
            return np.empty(0)
        return np.exp(np.log(rows).mean(0)) if self.ax.get_yscale() == "log" else rows.mean(0)


class Rows:
    """A row for each network: a mark at the mean, a dot for each seed. Percent."""

    def __init__(self, stage: Stage, ax: Any, ends: tuple[float, float], ticks: tuple[float, ...], nets: tuple[str, ...]):
        self.ax, self.ends = ax, ends
        ax.set(xlim=ends, yticks=[])
        ax.set_xticks(ticks, [f"{t:g} %" if t == ticks[-1] else f"{t:g}" for t in ticks])
        ax.grid(axis="x")
        ax.spines["left"].set_visible(False)
        self.dots, self.means = {}, {}
        for net in nets:
            one = look(stage, net)
            self.dots[net] = stage.actor(ax.plot([], [], zorder=3, alpha=0.65, clip_on=False, **mark_look(one["color"], "o", 4.6))[0])
            self.means[net] = stage.actor(ax.plot([], [], zorder=4, clip_on=False, markersize=8, linestyle="none",
                                                  markeredgecolor=stage.colours.page, markeredgewidth=0.7, **one)[0])  # fmt: skip
        ax.set_ylim(1, -1)

    def set(self, nets: list[str], share: Any) -> None:
        """`share`: (network, seed)."""
        table = np.clip(100 * np.asarray(share, float), *self.ends)
        n = len(nets)
        for net in self.dots:
            values = table[nets.index(net)] if net in nets else np.empty(0)
            values = values[np.isfinite(values)]
            y = -1 + 2 * (nets.index(net) + 0.5) / n if net in nets else 0.0
            self.dots[net].set_data(values, np.full(values.size, y + 0.36 / n))
            self.means[net].set_data(*(([values.mean()], [y - 0.16 / n]) if values.size else ([], [])))
