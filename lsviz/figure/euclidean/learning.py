"""Eight shapes learned in one orientation: how many are told right when turned at random, step by step, and which are not."""

from typing import Any

import numpy as np
from matplotlib.collections import LineCollection

from .. import style
from ..diffeo.marks import axes_at
from ..dots import KeptNames, Prediction, behind_words
from ..generalization.marks import Level
from ..kernel.marks import Table, mark_look, name_prediction
from ..stage import Context, Draw, Stage
from .marks import kept_of, title

NAMES = {"chiral_1": "chiral", "chiral_2": "its twin", "square": "square", "line": "line", "corner": "corner", "L": "L", "T": "T",
         "zigzag": "zigzag"}  # fmt: skip
TOP = 112.0  # per cent: above 100 stand the steps from which on all is right
CLEAR = 14.0  # per cent between words
STORED = 3  # curves of plain networks behind


def learn_from_one_orientation(stage: Stage) -> Draw:
    """Accuracy on random turns against the step, a line for each seed; the loss; the share right of each shape."""
    W, H, colours = stage.width, stage.height, stage.colours
    if stage.narrow:
        curve = axes_at(stage, 50, 30, W - 66, 200, "curve")
        loss = axes_at(stage, 50, 292, W - 66, 84, "loss")
        share = axes_at(stage, 78, 436, W - 104, 168, "shapes")
    else:
        right = 0.26 * W
        curve = axes_at(stage, 62, 30, W - right - 62 - 130, H - 30 - 226, "curve")
        loss = axes_at(stage, 62, H - 164, W - right - 62 - 130, 62, "loss")
        share = axes_at(stage, W - right - 34, 30, right, H - 30 - 132, "shapes")
    curve.set_ylim(-3, TOP)
    curve.set_yticks([0, 25, 50, 75, 100], ["0", "", "50", "", "100"])
    curve.grid(axis="y")
    curve.tick_params(labelbottom=stage.narrow)
    loss.set_yscale("log")
    loss.set_ylim(1e-5, 10)
    loss.set_yticks([1e-4, 1e-2, 1], ["10⁻⁴", "0.01", "1"])
    loss.set_yticks([], minor=True)
    loss.set_xlabel("training step", labelpad=1)
    n = len(NAMES)
    share.set(xlim=(-4, 104), ylim=(n - 0.4, -0.6))
    share.set_xticks([0, 50, 100])
    share.set_yticks(range(n), list(NAMES.values()))
    share.tick_params(axis="y", length=0)
    share.grid(axis="x")
    title(stage, curve, "told right when turned at random, %", 5, 40)
    title(stage, loss, "mean square loss, not turned" if stage.narrow else "mean square loss on the eight as they stand", 4, 40)
    title(stage, share, "right, by shape, %", 5, 60)
    live, old = colours.sources["live"], colours.sources["ghost"]
    thin = [stage.actor(ax.add_collection(LineCollection([], colors=colours.satisfied, linewidths=1.1, alpha=0.7, zorder=3), autolim=False))
            for ax in (curve, loss)]  # fmt: skip
    mean = Level(stage, curve, live, zorder=4, linewidth=2.4)
    ends = stage.actor(curve.plot([], [], zorder=4, clip_on=False, **mark_look(colours.satisfied, "v", 6))[0])
    grey = [Level(stage, ax, old, zorder=2, linewidth=1.6) for ax in (curve, loss)]
    behind = [Level(stage, curve, colours.sources["stored"], zorder=1.5, **style.LINES["stored"]) for _ in range(STORED)]
    words = [stage.actor(curve.text(0, 0, "", ha="right", va="center", zorder=1.6, bbox=behind_words(stage), color=colours.ink,
                                    fontsize=style.NARROW_SIZE)) for _ in range(STORED)]  # fmt: skip
    dots = stage.actor(share.plot([], [], zorder=3, clip_on=False, alpha=0.8, **mark_look(colours.satisfied, "o", 4.6))[0])
    bars = stage.actor(share.plot([], [], zorder=4, marker="|", markersize=13, markeredgewidth=2.6, linestyle="none", color=live)[0])
    kept_bars = stage.actor(share.plot([], [], zorder=2, marker="x", markersize=6, linestyle="none", color=old)[0])
    prediction = Prediction(stage, curve)
    looks = [dict(color=colours.satisfied, linewidth=1.1, alpha=0.7), dict(color=live, linewidth=2.4), mark_look(colours.satisfied, "v", 6),
             dict(color=colours.sources["stored"], **style.LINES["stored"]),
             dict(color=colours.sources["prediction"], **style.LINES["prediction"])]  # fmt: skip
    key = Table(stage, looks, 14, H - (76 if stage.narrow else 54), columns=2 if stage.narrow else 3,
                apart=0.46 * W if stage.narrow else 0.27 * W)  # fmt: skip
    kept = KeptNames(stage, 26, 24, ("",)) if stage.narrow else KeptNames(stage, 0.57 * W, 24, ("",))
    far = [0.0]

    def draw(ds: Any, context: Context) -> None:
        step = np.asarray(ds.step.values, float)
        if far[0] != step[-1]:
            far[0] = step[-1]
            for ax in (curve, loss):
                ax.set_xlim(-0.02 * step[-1], 1.02 * step[-1])
                ax.set_xticks(np.linspace(0, step[-1], 5), [f"{t:g}" for t in np.linspace(0, step[-1], 5)])
            stage.reset_scenery()
        rows, lost = 100 * ds.accuracy_turned.values.T, ds.loss.values.T
        for lines, table in zip(thin, (rows, np.clip(lost, 1e-5, 10)), strict=True):
            lines.set_segments([np.column_stack([step, row])[np.isfinite(row)] for row in table if np.isfinite(row).any()])
        mean.set(step, mean_of(rows))
        from_on = np.asarray(ds.learned_at.values, float)
        known = np.isfinite(from_on)
        ends.set_data(from_on[known], np.full(known.sum(), 106.0))
        table = 100 * np.asarray(ds.right_turned.values, float)
        place = np.arange(n)[:, None] + 0.3 * (np.linspace(-1, 1, table.shape[1]) if table.shape[1] > 1 else np.zeros(1))
        told = np.isfinite(table)
        dots.set_data(table[told], place[told])
        bars.set_data(mean_of(table.T), np.arange(n))
        before = kept_of(context)
        grey[0].set(*((), ()) if before is None else (before.step.values, mean_of(100 * before.accuracy_turned.values.T)))
        grey[1].set(*((), ()) if before is None else (before.step.values, np.exp(mean_of(np.log(before.loss.values.T)))))
        kept_bars.set_data(*(([], []) if before is None else (mean_of(100 * before.right_turned.values.T), np.arange(n))))
        stored = named_curves(context.behind, far[0])
        heights = apart([float(curve[-1]) for _, _, curve in stored])
        for k, (level, word) in enumerate(zip(behind, words, strict=True)):
            there = k < len(stored)
            level.set(*(stored[k][1:] if there else ((), ())))
            word.set_visible(there)
            if there:
                word.set_text(stored[k][0])
                word.set_position((0.99 * stored[k][1][-1], heights[k]))
        names = ["one seed", "mean of seeds", "all right from there on", "stored: plain nets" if stored else ""]
        name_prediction(prediction, key, names, context)
        kept.set(context.ghosts[-1:])

    return draw


def apart(ends: list[float]) -> list[float]:
    """Where the words of curves stand that end at these heights, lowest first: beside the end, and clear of each other."""
    found: list[float] = []
    for end in ends:
        near = end - 7 if end > 20 else end + 7
        found.append(max(near, found[-1] + CLEAR) if found else near)
    return found


def mean_of(rows: Any) -> np.ndarray:
    """Over seeds, of what is known; NaN where nothing is."""
    rows = np.asarray(rows, float)
    known = np.isfinite(rows)
    total = np.where(known, rows, 0).sum(0)
    return np.where(known.any(0), total / np.maximum(known.sum(0), 1), np.nan)


def named_curves(behind: Any, last: float) -> list[tuple[str, Any, Any]]:
    """(words, steps, per cent) of each stored plain network: mean over its seeds, as far as the axis goes."""
    if behind is None:
        return []
    found = []
    for augment in behind.augment.values[:STORED]:
        one = behind.sel(augment=augment)
        seen = one.step.values <= last
        words = "one orientation" if augment == 0 else f"{8 * int(augment):,} turned shapes".replace(",", "\u2009")
        found.append((words, one.step.values[seen], 100 * mean_of(one.accuracy_turned.values.T)[seen]))
    return found
