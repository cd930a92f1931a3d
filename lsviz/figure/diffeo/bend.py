"""A picture that bends: one draw large with its field, all draws small, how far pixels move, and how many draws fold."""

from typing import Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from .. import style
from ..dots import Prediction
from ..generalization.marks import Level, hollow
from ..stage import Context, Draw, Stage
from .marks import Mosaic, axes_at, blank, fold_colour, folds_over, inked

ARROWS = 9  # along each side
SHORTEST = 0.12  # pixels of 28
LENGTHS = (0.02, 40.0)  # pixels, the axis of displacements
BINS = np.geomspace(*LENGTHS, 45)
TOP = 0.3  # share of pixels in a bin
RATIOS = (0.008, 5.0)  # the axis of T/T_max


def temperature(stage: Stage) -> Draw:
    """One draw large: its arrows, its folds in red. All draws small; the histogram of displacements; the share that folds against T."""
    W, H, colours = stage.width, stage.height, stage.colours
    if stage.narrow:
        side = min(232, 0.61 * W)
        large, plain = axes_at(stage, 10, 24, side, side, "deformed"), axes_at(stage, side + 26, 24, W - side - 36, W - side - 36, "image")
        small = axes_at(stage, 8, 286, W - 16, (W - 16) / 4, "draws")
        lengths, share = axes_at(stage, 40, 414, W - 52, 118, "lengths"), axes_at(stage, 40, 588, W - 52, 84, "folds")
    else:
        side, middle, foot = min(H - 92, 0.378 * W), 0.265 * W, H - 28
        large = axes_at(stage, 10, 28, side, side, "deformed")
        small = axes_at(stage, side + 26, 28, middle, middle, "draws")
        rest = foot - middle - 56
        plain = axes_at(stage, side + 26, middle + 58, rest, rest, "image")
        left = side + middle + 66
        lengths = axes_at(stage, left, 28, W - left - 14, 0.4 * H, "lengths")
        share = axes_at(stage, left, 0.4 * H + 88, W - left - 14, 0.6 * H - 88 - 50, "folds")
    bent = Bent(stage, large)
    original = Still(stage, plain)
    mosaic = Mosaic(stage, small, 4 if stage.narrow else 1)
    histogram, folding = Lengths(stage, lengths), Folding(stage, share)
    arrow = Line2D([], [], color=colours.satisfied, marker=r"$\rightarrow$", markersize=13, linewidth=0, label="where a pixel came from")
    red = Patch(facecolor=fold_colour(stage), label="the map folds")
    stage.figure.legend(handles=[arrow, red], loc="lower left", bbox_to_anchor=(8 / W, 6 / H), ncols=2 if stage.narrow else 1,
                        handletextpad=0.4, columnspacing=0.5 if stage.narrow else 1.2, borderaxespad=0.0, labelspacing=0.25,
                        handlelength=1.2)  # fmt: skip

    def draw(ds: Any, context: Context) -> None:
        bent.set(ds)
        original.set(ds)
        mosaic.set(ds.deformed.values, ds.fold.values)
        histogram.set(ds)
        folding.set(ds, context)

    return draw


class Still:
    """The picture as it is."""

    def __init__(self, stage: Stage, ax: Any):
        self.stage = stage
        ax.set_title("as it is")
        self.shown = blank(stage, ax)

    def set(self, ds: Any) -> None:
        self.shown.set_data(inked(self.stage, ds.image.values))


class Bent:
    """The first draw: grey levels, folds in red, and arrows from where a grey level stood to where it stands."""

    def __init__(self, stage: Stage, ax: Any):
        self.stage, self.ax = stage, ax
        ax.set_title("one draw")
        self.shown, self.folds = (blank(stage, ax, zorder=z) for z in (1, 2))
        self.n, self.arrows = 0, None

    def _sized(self, n: int) -> None:
        """Another picture may have another number of pixels."""
        self.n = n
        ends = (-0.5, n - 0.5, n - 0.5, -0.5)
        self.shown.set_extent(ends)
        self.folds.set_extent((0, n - 1, n - 1, 0))
        self.ax.set(xlim=ends[:2], ylim=ends[2:])
        line = np.rint(np.linspace(0, n - 1, ARROWS + 2)[1:-1]).astype(int)
        self.rows, self.columns = (table.ravel() for table in np.meshgrid(line, line, indexing="ij"))
        if self.arrows is not None:
            self.stage.actors.remove(self.arrows)
            self.arrows.remove()
        zero = np.zeros(self.rows.size)
        colours = self.stage.colours
        self.arrows = self.ax.quiver(self.columns, self.rows, zero, zero, color=colours.satisfied, angles="xy", scale_units="xy", scale=1,
                                     pivot="tip", width=0.008, headwidth=3.6, headlength=4, headaxislength=3.6, minlength=0.5, zorder=3,
                                     edgecolor=colours.page, linewidth=0.6)  # fmt: skip
        self.stage.actor(self.arrows)
        self.stage.reset_scenery()

    def set(self, ds: Any) -> None:
        n = ds.sizes["pixel_row"]
        if n != self.n:
            self._sized(n)
        self.shown.set_data(inked(self.stage, ds.deformed.values[0]))
        self.folds.set_data(folds_over(self.stage, ds.fold.values[0]))
        field = ds.field_x.values[0], ds.field_y.values[0]
        assert self.arrows is not None
        along = np.stack([u[self.rows, self.columns] for u in field])
        along[:, np.hypot(*along) < SHORTEST * n / 28] = np.nan  # too short to be an arrow
        self.arrows.set_UVC(*along)


class Lengths:
    """Lengths of all displacements of all draws; the exact δ, the authors' δ, and the δ of each draw."""

    def __init__(self, stage: Stage, ax: Any):
        colours = stage.colours
        ax.set_xscale("log")
        ax.set(xlim=LENGTHS, ylim=(0, TOP))
        ax.set_xticks([0.1, 1, 10], ["0.1", "1", "10 pixels"])
        ax.set_xticks([], minor=True)
        ax.set_yticks([])
        ax.spines["left"].set_visible(False)
        ax.set_title("how far pixels move" if stage.narrow or stage.width >= 880 else "displacement")
        self.fill = stage.actor(ax.fill_between(BINS, 0 * BINS, step="post", color=colours.ink, alpha=0.22, linewidth=0, zorder=1))
        self.exact = stage.actor(ax.axvline(1, ymax=0.56, color=colours.ink, linewidth=2.2, zorder=4))
        self.authors = stage.actor(ax.axvline(1, ymax=0.56, color=colours.sources["theory"], zorder=3, **style.LINES["theory"]))
        self.draws = stage.actor(ax.plot([], [], linestyle="none", marker="o", markersize=5, color=colours.satisfied, alpha=0.8,
                                         markeredgecolor=colours.page, markeredgewidth=0.6, zorder=5)[0])  # fmt: skip
        looks = [dict(color=colours.ink, linewidth=2.2), dict(color=colours.sources["theory"], **style.LINES["theory"]),
                 dict(color=colours.satisfied, marker="o", markersize=5, linewidth=0)]  # fmt: skip
        box = ax.get_position()
        size = style.NARROW_SIZE if stage.width < 880 else 11.0
        self.words = []
        for i, one in enumerate(looks):
            y = box.y1 - (8 + 17 * i) / stage.height
            x = box.x0 + 4 / stage.width
            ends = [x + 11 / stage.width] if "marker" in one else [x, x + 22 / stage.width]
            stage.figure.add_artist(Line2D(ends, [y] * len(ends), **one))
            self.words.append(stage.figure.text(x + 28 / stage.width, y, "each draw" if i == 2 else "", va="center", fontsize=size))
        stage.actor(self.words[:2])

    def set(self, ds: Any) -> None:
        length = np.hypot(ds.field_x.values, ds.field_y.values)[:, 1:-1, 1:-1].ravel()
        known = length[np.isfinite(length) & (length > 0)]
        share = np.histogram(known, BINS)[0] / max(1, known.size)
        x, y = np.repeat(BINS, 2), np.concatenate([[0], np.repeat(share, 2), [0]])
        self.fill.set_verts([np.column_stack([x, np.minimum(y, TOP)])])
        exact, authors = float(ds.delta), float(ds.delta_leading_log)
        self.exact.set_xdata([exact] * 2)
        self.authors.set_xdata([authors] * 2)
        self.words[0].set_text(f"δ, exact: {exact:.3g}")
        self.words[1].set_text(f"δ, authors: {authors:.3g}" if np.isfinite(authors) else "")
        rms = ds.displacement_rms.values
        self.draws.set_data(rms, TOP * (0.53 - 0.045 * (np.arange(rms.size) % 3)))


class Folding:
    """The share of draws that fold somewhere, against T in units of T_max, at all temperatures that were visited; the allowed range."""

    def __init__(self, stage: Stage, ax: Any):
        colours, self.stage, self.ax = stage.colours, stage, ax
        ax.set_xscale("log")
        ax.set(xlim=RATIOS, ylim=(-0.06, 1.1))
        ax.set_xticks([0.01, 0.1, 1], ["0.01", "0.1", "1"])
        ax.set_xticks([], minor=True)
        ax.set_yticks([0, 0.5, 1], ["0", "½", "1"])
        ax.set_xlabel("temperature $T/T_{max}$", labelpad=1)
        ax.set_title("share of draws that fold" if stage.narrow or stage.width >= 880 else "share that folds")
        ax.axvline(1, color=colours.ink, linewidth=1.2, zorder=1)
        self.allowed = stage.actor(ax.axvspan(0.1, 1, color=colours.satisfied, alpha=0.14, linewidth=0, zorder=0.5))
        self.words = stage.actor(ax.text(0.88, 1.03, "allowed", color=colours.ink, ha="right", va="top", zorder=2))
        red = fold_colour(stage)
        self.kept = Level(stage, ax, colours.sources["ghost"], "s", **{**hollow(stage), "linewidth": 0})
        self.found = Level(stage, ax, red, "o", zorder=3, linewidth=0, markersize=5, alpha=0.6)
        self.here = Level(stage, ax, red, "o", zorder=5, linewidth=0, markersize=9)
        self.prediction = Prediction(stage, ax)

    def set(self, ds: Any, context: Context) -> None:
        top, low = float(ds.T_max), float(ds.T_min)
        known = np.isfinite(top)
        self.allowed.set_visible(known and low < top)
        self.words.set_visible(known and low < top)
        if known:
            ratio = min(1.0, max(low / top, RATIOS[0]))
            self.allowed.set_x(ratio)
            self.allowed.set_width(1 - ratio)
        self.here.set(*shares([ds]))
        self.found.set(*shares(context.trail))
        self.kept.set(*shares(context.ghosts[-1][1] if context.ghosts else []))
        self.prediction.set(context)


def shares(found: list[Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """T/T_max, the share of draws that fold somewhere, and its standard error, of Datasets in order of T."""
    rows = []
    for ds in found:
        area = np.asarray(ds.fold_share, float)
        share = float((area > 0).mean()) if np.isfinite(area).all() else np.nan
        rows.append((float(ds.T) / float(ds.T_max), share, np.sqrt(share * (1 - share) / area.size)))
    table = np.array(sorted(rows), float).reshape(-1, 3)
    return table[:, 0], table[:, 1], table[:, 2]
