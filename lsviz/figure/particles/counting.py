"""Which N? N_Δ/N at φ_J against the aspect ratio, counted in three ways, beside the contacts, which know no jump."""

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import style
from ..stage import Context, Draw, Stage
from .marks import (
    RATIO,
    TOP,
    Cloud,
    Kept,
    handle,
    kept_names,
    legend_below,
    line_handle,
    note,
    ratio,
    side_by_side,
    theory,
)

DISC = -2.6  # where aspect 1 stands on an axis of log10(a − 1)
ENDS = (-2.85, 0.55)
LABELS = {1.0: "1", 1.01: "1.01", 1.1: "1.1", 2.0: "2"}
TICKS = (1.0, 1.01, 1.02, 1.05, 1.1, 1.2, 1.5, 2.0, 3.0)
STORED_RATIO = 1.4  # sizes of the particles of the stored run (benchmarks/ellipses_table.py)
TITLES = {"2": "2 freedoms for each", "3": "3 freedoms for each", "honest": "freedoms that cost energy"}


def which_N(stage: Stage) -> Draw:
    """Left: N_Δ/N with the N that the value of `count` ("2", "3", "honest") chooses. Right: Z, the contacts of a particle."""
    figure = stage.figure
    if stage.narrow:
        grid = figure.add_gridspec(2, 1, hspace=0.5, left=0.13, right=0.97, top=0.95, bottom=0.205)
        left, right = (figure.add_subplot(grid[i]) for i in range(2))
    else:
        grid = figure.add_gridspec(1, 2, wspace=0.16, left=50 / stage.width, right=0.985, top=0.915, bottom=0.28)
        left, right = (figure.add_subplot(grid[0, i]) for i in range(2))
    draws = _ratio_panel(stage, left), _contact_panel(stage, right)
    systems = [handle(stage, name, name) for name in ("discs", "ellipses")]
    others = [handle(stage, "ellipses", "open: not converged", False), line_handle(stage, "stored", "stored")]
    key = legend_below(stage, [*systems, *others], 2)
    stored = (key.get_lines()[-1], key.get_texts()[-1])
    kept = kept_names(stage)

    def draw(ds: Any, context: Context) -> None:
        table = stored_table(context)
        words = f"stored: {table.attrs.get('label', 'earlier run')}" if table is not None else " "
        if words != stored[1].get_text():
            stored[0].set_visible(table is not None)
            stored[1].set_text(words)
            stage.reset_scenery()
        for each in draws:
            each(ds, context)
        kept.set(context.ghosts)

    return draw


def place(aspects: Any) -> np.ndarray:
    """Where aspect ratios stand: log10(a − 1), and aspect 1 left of all."""
    a = np.asarray(aspects, float)
    return np.where(a > 1, np.log10(np.maximum(a - 1, 1e-9)), DISC)


def stored_table(context: Context) -> Any:
    """The Dataset that stands behind, or None. Only packings of its sizes show it."""
    if float(context.values.get("ratio", STORED_RATIO)) != STORED_RATIO:
        return None
    return context.behind


def freedoms(ds: Any, count: str) -> np.ndarray:
    """N (aspect, seed): 2 or 3 for each particle in the network of contacts, or as many as cost energy when they move."""
    return np.asarray(ds["N" if count == "honest" else f"freedoms_{count}"].values, float)


def _aspect_axis(ax: Any) -> None:
    ax.set_xlim(*ENDS)
    ax.set_xticks(place(TICKS), [LABELS.get(a, "") for a in TICKS])
    ax.set_xlabel(r"aspect ratio $a$  (logarithmic in $a-1$)")
    gap = DISC + 0.3  # the axis is cut between the disc and the first ellipse
    for at in (gap - 0.03, gap + 0.03):
        ax.plot([at - 0.02, at + 0.02], [-0.02, 0.02], transform=ax.get_xaxis_transform(), clip_on=False, linewidth=1.2,
                color=ax.spines["bottom"].get_edgecolor())  # fmt: skip


class _Points:
    """The dots of discs and ellipses on one panel, the medians that join them, what was kept, and what is stored."""

    def __init__(self, stage: Stage, ax: Any, top: float):
        self.kept = Kept(stage, ax, top)
        stored = stage.colours.sources["stored"]
        look: dict[str, Any] = dict(color=stored, zorder=1.5)
        self.stored = ax.plot([], [], **look, **style.LINES["stored"])[0]
        self.spread = ax.fill_between([], [], color=stored, alpha=0.22, linewidth=0, zorder=1.4)
        self.disc = ax.plot([], [], marker="_", markersize=16, markeredgewidth=3.5, alpha=0.55, **look)[0]
        self.joined = ax.plot([], [], color=stage.colours.ink, linewidth=1, zorder=2.5)[0]
        stage.actor([self.stored, self.spread, self.disc, self.joined])
        self.clouds = {name: Cloud(stage, ax, name, top) for name in ("discs", "ellipses")}

    def set(self, aspects: np.ndarray, y: np.ndarray, state: np.ndarray, jump: bool) -> None:
        """y, state (aspect, seed). `jump`: no line joins the discs to the ellipses, for they are counted differently."""
        at = place(aspects)
        x = side_by_side(at, y.shape[1], 0.05)
        for name, chosen in (("discs", aspects == 1), ("ellipses", aspects > 1)):
            self.clouds[name].set(x[chosen], y[chosen], state[chosen])
        known = np.isfinite(y).any(1) & ((aspects > 1) | (not jump))
        middle = np.array([np.nanmedian(row) for row in y[known]])
        self.joined.set_data(at[known], middle)

    def keep(self, found: list[tuple[np.ndarray, np.ndarray]]) -> None:
        """Each keeping is (aspects (A,), y (A, S))."""
        self.kept.set([(side_by_side(place(aspects), y.shape[1], 0.05), y) for aspects, y in found])

    def behind(self, table: Any, name: str, jump: bool) -> None:
        """The variable `name` of a stored table: its mean, and a band from its smallest to its largest; None: nothing stored."""
        for artist in (self.stored, self.spread, self.disc):
            artist.set_visible(table is not None)
        if table is not None:
            x, line = place(table.aspect.values), (table.aspect.values > 1) | (not jump)
            mean, low, high = (np.asarray(table[name].sel(statistic=s).values, float) for s in ("mean", "min", "max"))
            self.stored.set_data(x[line], mean[line])
            self.spread.set_data(x[line], low[line], high[line])
            self.disc.set_data(x[~line], mean[~line])


def _ratio_panel(stage: Stage, ax: Any) -> Callable[[Any, Context], None]:
    _aspect_axis(ax)
    ax.set(ylim=(0.5, TOP), label="ratio")
    ax.set_yticks([0.5, 1, 1.5])
    theory(stage, ax, 1)
    lower = stage.actor(theory(stage, ax, 2 / 3))
    note(stage, ax, 0.125, 0.985, r"$N_\Delta=N$", va="top")
    least = stage.actor(note(stage, ax, 0.985, 0.655, "2/3", va="top", ha="right"))
    points, titled = _Points(stage, ax, TOP), ""

    def draw(ds: Any, context: Context) -> None:
        nonlocal titled
        count = str(context.values.get("count", "honest"))
        if count != titled:
            ax.set_title(f"{RATIO}: {TITLES[count]}")
            titled = count
            stage.reset_scenery()
        for artist in (lower, least):
            artist.set_visible(count != "2")
        jump = count == "honest"
        aspects = np.asarray(ds.aspect.values, float)
        points.set(aspects, ratio(ds.N_delta.values, freedoms(ds, count)), ds.state.values, jump)
        last = [found[-1] for _, found in context.ghosts]
        points.keep([(old.aspect.values, ratio(old.N_delta.values, freedoms(old, count))) for old in last])
        points.behind(stored_table(context), {"2": "ratio_2", "3": "ratio_3", "honest": "ratio"}[count], jump)

    return draw


def _contact_panel(stage: Stage, ax: Any) -> Callable[[Any, Context], None]:
    """Z against the aspect ratio: it grows out of 4 without a jump."""
    _aspect_axis(ax)
    ax.set(ylim=(3.5, 6.5), label="Z")
    ax.set_yticks([4, 5, 6])
    ax.set_title("Z: contacts of a particle")
    for at, words in ((4, "4: twice the 2 freedoms of a disc"), (6, "6: twice the 3 of an ellipse")):
        theory(stage, ax, at)
        place = dict(ha="right", va="top") if at == 4 else dict(ha="left")
        note(stage, ax, 0.985 if at == 4 else 0.015, at + (-0.03 if at == 4 else 0.03), words, **place)
    points = _Points(stage, ax, 6.5)

    def draw(ds: Any, context: Context) -> None:
        points.set(np.asarray(ds.aspect.values, float), np.asarray(ds.Z.values, float), ds.state.values, False)
        points.keep([(found[-1].aspect.values, found[-1].Z.values) for _, found in context.ghosts])
        points.behind(stored_table(context), "Z", False)

    return draw


