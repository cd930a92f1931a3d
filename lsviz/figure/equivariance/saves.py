"""How many training points a symmetry saves: two learning curves, how far apart they lie in P, and what counting harmonics allows."""

from typing import Any

import numpy as np
from matplotlib.collections import LineCollection

from .. import style
from ..dots import KeptNames, Prediction, behind_words
from ..generalization.marks import Level, beside, hollow
from ..kernel.marks import Table, beside_each_other, geometric_mean, log_axes, mark_look, name_prediction
from ..stage import Context, Draw, Stage

SIZES = (6.0, 1400.0)  # the axis of P
ERRORS = (5e-5, 3.0)
GAINS = (1.6, 48.0)
TIMES = (2, 5, 10, 20)


def symmetry_saves(stage: Stage) -> Draw:
    """Error of both kernels against P, a dot for each seed; the gain in P with its bootstrap error; the gain of each degree."""
    W, H, colours = stage.width, stage.height, stage.colours
    ax, (gain, degree) = beside(stage, 0.41, foot=112, under=126, apart=48)
    log_axes(ax, (8, 32, 128, 512), (1e-4, 1e-3, 0.01, 0.1, 1), SIZES, ERRORS, "error")
    ax.set_yticks([1e-4, 1e-3, 0.01, 0.1, 1], ["10⁻⁴", "10⁻³", "0.01", "0.1", "1"])
    ax.set_title("mean square error" if stage.narrow else "mean square error at test points")
    log_axes(gain, (8, 16, 32, 64, 128), TIMES, (6.0, 180.0), GAINS, "gain")
    roomy = W >= 880 or stage.narrow
    gain.set_title("gain: times fewer points")
    degree.set_yscale("log")
    degree.set(xlim=(0.4, 12.6), ylim=GAINS, label="degree")
    degree.set_xticks(range(1, 13) if roomy else range(2, 13, 2))
    degree.set_yticks(TIMES, [f"{v}" for v in TIMES])
    degree.set_yticks([], minor=True)
    degree.grid(axis="y")
    degree.set_title("gain at one degree alone, $1/\\gamma(k)$" if roomy else "at one degree, $1/\\gamma(k)$")
    for panel, words in ((ax, "training points  $P$"), (degree, "degree  $k$")):
        panel.set_xlabel(words, labelpad=1)
    orange, blue, green = colours.below, colours.satisfied, colours.sources["theory"]
    looks = {"plain": (orange, "D"), "invariant": (blue, "o")}
    dots = {name: stage.actor(ax.plot([], [], zorder=2, alpha=0.5, **mark_look(colour, mark, 3.6))[0])
            for name, (colour, mark) in looks.items()}  # fmt: skip
    means = {name: Level(stage, ax, colour, mark, zorder=4) for name, (colour, mark) in looks.items()}
    floor = Level(stage, ax, colours.ink, zorder=1.5, linewidth=1.4, linestyle=":")
    way = stage.actor(ax.plot([], [], color=colours.ink, linewidth=1.6, marker="|", markersize=9, zorder=5)[0])
    told = stage.actor(ax.text(1, 1, "", ha="center", va="bottom", zorder=6, bbox=behind_words(stage)))
    sizes = [stage.actor(panel.axhline(1, color=colours.ink, linewidth=1.2, zorder=1.5)) for panel in (gain, degree)]
    named = stage.actor(gain.text(0.985, 1, "", ha="right", va="bottom", transform=gain.get_yaxis_transform(), bbox=behind_words(stage)))
    counted = Level(stage, gain, green, zorder=2, **style.LINES["theory"])
    measured = Level(stage, gain, colours.ink, "o", zorder=4, linewidth=0, markersize=5.5)
    bars = stage.actor(gain.add_collection(LineCollection([], colors=colours.ink, linewidths=1.8, zorder=4), autolim=False))
    here = stage.actor(gain.axvline(8, color=colours.faint, linewidth=1.4, zorder=1))
    clear, unclear = (Level(stage, degree, green, "s", zorder=4, linewidth=0, **more)
                      for more in ({}, dict(markerfacecolor="none", markeredgecolor=green, markeredgewidth=1.3)))  # fmt: skip
    old = [Level(stage, panel, colours.sources["ghost"], "s", **hollow(stage)) for panel in (ax, gain)]
    prediction = Prediction(stage, gain)
    keys = [dict(color=orange, marker="D", markersize=6.5, linewidth=1.8), dict(color=blue, marker="o", markersize=6.5, linewidth=1.8),
            mark_look(colours.ink, "o", 5.5), dict(color=green, **style.LINES["theory"]),
            mark_look(green, "s", 6.5), dict(color=colours.ink, linewidth=1.4, linestyle=":"),
            dict(color=colours.sources["prediction"], **style.LINES["prediction"])]  # fmt: skip
    key = Table(stage, keys, 14, H - (104 if stage.narrow else 82), columns=2 if stage.narrow else 3,
                apart=172 if stage.narrow else 0.318 * W, row=0 if stage.narrow else 20)  # fmt: skip
    kept = KeptNames(stage, 26, 20, ("s",))

    def draw(ds: Any, context: Context) -> None:
        P, seeds = np.asarray(ds.size_P.values, float), ds.sizes["seed"]
        middle = {}
        for side, name in zip((-1, 1), looks, strict=True):
            table = ds[f"error_{name}"].values
            known = np.isfinite(table) & (table > 0)
            places = beside_each_other(P, seeds, 0.06) * np.exp(0.07 * side)
            dots[name].set_data(places[known], np.clip(table, *ERRORS)[known])
            middle[name] = geometric_mean(table)
            means[name].set(P, middle[name])
        level = geometric_mean(ds.error_floor.values[None])[0]
        high = bool(level > ERRORS[0])
        floor.set(*((SIZES, [float(level)] * 2) if high else ((), ())))
        at = place_of(ds, context.values.get("look"))
        x, y, times = P[at], float(middle["invariant"][at]), float(ds.gain.values[at])
        found = bool(np.isfinite(times) and np.isfinite(y))
        way.set_data(*(([x, x * times], [y, y]) if found else ((), ())))
        told.set_text(f"× {times:.1f}" if found else "")
        if found:
            told.set_position((x * max(times, 1.0) ** 0.36, y * 1.2))
        here.set_xdata([x, x])
        G = float(ds.group_size)
        for line in sizes:
            line.set_ydata([G, G])
        named.set_text(f"|G| = {G:.0f}")
        named.set_y(G * 1.12)
        counted.set(P, ds.gain_counted.values)
        measured.set(P, ds.gain.values)
        bars.set_segments([[(a, low), (a, top)] for a, low, top in zip(P, ds.gain_low.values, ds.gain_high.values, strict=True)
                           if np.isfinite(low) and np.isfinite(top)])  # fmt: skip
        k, alone, seen = ds.degree.values, ds.inverse_gamma.values, ds.resolved.values[at] == 1
        clear.set(k[seen], alone[seen])
        unclear.set(k[~seen], alone[~seen])
        before = context.ghosts[-1][1][-1] if context.ghosts else None
        for line, name in zip(old, ("error_invariant", "gain"), strict=True):
            kept_table = np.empty(0) if before is None else before[name].values
            kept_P = kept_table if before is None else before.size_P.values
            line.set(kept_P, geometric_mean(kept_table) if kept_table.ndim > 1 else kept_table)
        seen_at = "$k$ resolved" if stage.narrow else f"$k$ resolved at $P$ = {x:.0f}"
        names = ["kernel $K$", "$K_G$, averaged over $G$", "gain, bar: 16–84 %", "gain by counting", seen_at,
                 "floor of $K_G$" if high else ""]  # fmt: skip
        name_prediction(prediction, key, names, context)
        kept.set(context.ghosts[-1:])

    return draw


def place_of(ds: Any, P: Any) -> int:
    """The number of points of the scan nearest to P in ratio; the third without one."""
    sizes = np.asarray(ds.size_P.values, float)
    return int(np.abs(np.log(sizes / (sizes[min(2, len(sizes) - 1)] if P is None else max(float(P), 1.0)))).argmin())
