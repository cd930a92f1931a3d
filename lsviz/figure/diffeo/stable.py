"""R_f of networks: against temperature, before and after training; and while they train."""

from typing import Any

import numpy as np
from matplotlib.collections import LineCollection

from ...diffeo.correlation import geometric_mean
from ..dots import KeptNames, Prediction
from ..generalization.marks import Level, beside, key
from ..stage import Context, Draw, Stage
from .marks import axes_at, kind_of, look, short

RATIOS = (0.008, 3.2)  # T/T_max
R_ENDS, D_ENDS = (0.01, 20.0), (1e-4, 10.0)
BEFORE: dict[str, Any] = dict(linestyle=(0, (2, 2)), linewidth=1.1)


SUPER = {1e-3: "⁻³", 1e-4: "⁻⁴"}


def R_axis(ax: Any, ends: tuple[float, float], along: str = "y", every: int = 1) -> None:
    """A logarithmic axis with plain numbers at every (or every other) power of ten."""
    ticks = [10.0**k for k in range(-4, 3) if ends[0] <= 10.0**k <= ends[1] and k % every == 0]
    named = [f"{t:g}" if t >= 0.01 else f"10{SUPER[t]}" for t in ticks]
    getattr(ax, f"set_{along}scale")("log")
    getattr(ax, f"set_{along}lim")(*ends)
    getattr(ax, f"set_{along}ticks")(ticks, named)
    getattr(ax, f"set_{along}ticks")([], minor=True)
    ax.grid(axis=along)


def who_is_stable(stage: Stage) -> Draw:
    """R_f of every network against T/T_max, before (open) and after (filled) training; R_f and D_f of each at the T that is chosen."""
    W, H, colours = stage.width, stage.height, stage.colours
    if stage.narrow:
        curve = axes_at(stage, 48, 26, W - 60, 270, "R_f")
        left = 86 + 0.38 * W
        at_R, at_D = axes_at(stage, 86, 386, 0.38 * W, 250, "R_f here"), axes_at(stage, left + 22, 386, W - left - 34, 250, "D_f here")
    else:
        curve = axes_at(stage, 56, 28, 0.42 * W, H - 28 - 104, "R_f")
        left = 56 + 0.42 * W + 92
        wide = (W - left - 34) / 1.75
        at_R = axes_at(stage, left, 28, wide, H - 28 - 104, "R_f here")
        at_D = axes_at(stage, left + wide + 20, 28, 0.75 * wide, H - 28 - 104, "D_f here")
    R_axis(curve, R_ENDS)
    curve.set_xscale("log")
    curve.set_xlim(*RATIOS)
    curve.set_xticks([0.01, 0.03, 0.1, 0.3, 1], ["0.01", "0.03", "0.1", "0.3", "1"])
    curve.set_xticks([], minor=True)
    curve.set_xlabel("temperature $T/T_{max}$", labelpad=1)
    curve.set_title("$R_f$: deformation over noise" if stage.narrow else "$R_f$: deformation over noise of the same size")
    curve.axhline(1, color=colours.ink, linewidth=1.2, zorder=1)
    allowed = stage.actor(curve.axvspan(0.1, 1, color=colours.satisfied, alpha=0.1, linewidth=0, zorder=0.4))
    here = stage.actor(curve.axvline(0.1, color=colours.faint, linewidth=1.6, zorder=1.5))
    for ax, ends, title in ((at_R, R_ENDS, "$R_f$ at this $T$"), (at_D, D_ENDS, "$D_f$")):
        R_axis(ax, ends, "x", 2)
        ax.set(ylim=(5.6, -0.6), yticks=[])
        ax.set_title(title)
    at_R.axvline(1, color=colours.ink, linewidth=1.2, zorder=1)
    rows: dict[str, Any] = {}
    lines: dict[tuple[str, str], Any] = {}
    kept = curve.add_collection(LineCollection([], colors=colours.sources["ghost"], linewidths=1.2, zorder=2), autolim=False)
    stage.actor(kept)
    prediction = Prediction(stage, curve)
    key(stage, [("before training", dict(color=colours.ink, marker="o", markerfacecolor="none", markersize=7, **BEFORE)),
                ("after training", dict(color=colours.ink, marker="o", markersize=7, linewidth=1.8)),
                ("allowed $T$", dict(color=colours.satisfied, alpha=0.3, linewidth=8))], columns=3)  # fmt: skip
    named = KeptNames(stage, 20, 22, ("",))

    def line_of(net: str, place: str) -> Any:
        if (net, place) not in lines:
            mark, colour = look(stage, net)
            filled = place == "after"
            hole = dict(markerfacecolor="none", markeredgecolor=colour, markeredgewidth=1.2, **BEFORE)
            lines[net, place] = Level(stage, curve, colour, mark, zorder=5 if filled else 4, **({} if filled else hole))
        return lines[net, place]

    def row_of(net: str) -> Any:
        if net not in rows:
            rows[net] = Row(stage, (at_R, at_D), net)
        return rows[net]

    def draw(ds: Any, context: Context) -> None:
        top, low = float(np.ravel(ds.T_max)[0]), float(np.ravel(ds.T_min)[0])
        x = np.asarray(ds.temperature, float) / top
        asked = float(context.values.get("T", ds.temperature.values[len(x) // 2]))
        k = int(np.abs(np.log(np.asarray(ds.temperature, float) / max(asked, 1e-12))).argmin())
        here.set_xdata([x[k]] * 2)
        ratio = min(1.0, low / top) if np.isfinite(top) else 1.0
        allowed.set_x(ratio)
        allowed.set_width(1 - ratio)
        nets = list(map(str, ds.network.values))
        for artist in [*lines.values(), *rows.values()]:
            artist.set([], []) if isinstance(artist, Level) else artist.clear()
        for i, net in enumerate(nets):
            one = ds.isel(network=i)
            for place in map(str, ds.stage.values):
                y = [geometric_mean(row) for row in one.R_f.sel(stage=place).values]
                line_of(net, place).set(x, np.clip(y, *R_ENDS))
            row_of(net).set(i, one.isel(temperature=k))
        old = context.ghosts[-1][1][-1] if context.ghosts else None
        kept.set_segments([] if old is None else ghost_curves(old))
        named.set(context.ghosts[-1:])
        prediction.set(context)

    return draw


def ghost_curves(ds: Any) -> list[np.ndarray]:
    """Of what was kept, R_f after training of every network against T/T_max."""
    x = np.asarray(ds.temperature, float) / float(np.ravel(ds.T_max)[0])
    rows = [np.array([geometric_mean(row) for row in one.values]) for one in ds.R_f.sel(stage="after")]
    return [np.column_stack([x, row])[np.isfinite(row)] for row in rows]


class Row:
    """One network at one T: its R_f and D_f before (open) and after (filled), with an arrow; small dots are seeds."""

    def __init__(self, stage: Stage, axes: Any, net: str):
        mark, colour = look(stage, net)
        where = dict(transform=axes[0].get_yaxis_transform(), ha="right", va="center", color=colour)
        self.name = stage.actor(axes[0].text(-0.03, 0, short(net), **where))
        self.parts = []
        for ax in axes:
            kinds = (
                dict(linewidth=1.6, zorder=2),
                dict(linewidth=0, marker=mark, markersize=8, markerfacecolor=stage.colours.page, markeredgewidth=1.4, zorder=3),
                dict(linewidth=0, marker=mark, markersize=9, markeredgecolor=stage.colours.page, zorder=4),
                dict(linewidth=0, marker=".", markersize=5, alpha=0.7, zorder=2),
            )
            self.parts.append((ax, *(stage.actor(ax.plot([], [], color=colour, **kind)[0]) for kind in kinds)))

    def clear(self) -> None:
        self.name.set_text("")
        for _, *artists in self.parts:
            for artist in artists:
                artist.set_data([], [])

    def set(self, i: int, one: Any) -> None:
        """`one`: (stage, seed) of this network."""
        self.name.set_text(short(str(one.network.values)))
        self.name.set_y(i)
        for (ax, line, before, after, seeds), name, ends in zip(self.parts, ("R_f", "D_f"), (R_ENDS, D_ENDS), strict=True):
            start, end = (geometric_mean(one[name].sel(stage=place).values) for place in ("before", "after"))
            clip = np.clip([start, end], *ends)
            before.set_data([clip[0]], [i])
            after.set_data([clip[1]], [i])
            line.set_data(clip, [i, i])
            values = one[name].values
            known = np.isfinite(values) & (values.shape[-1] > 1)
            seeds.set_data(np.clip(values[known], *ends), np.full(known.sum(), i + 0.3))


START = 0.5  # where step 0 stands on the logarithmic axis


def learned_not_born(stage: Stage) -> Draw:
    """R_f of every network as it trains; beside it the test error and D_f."""
    ax, (error, change) = beside(stage, 0.44, under=104, foot=74, apart=48)
    panels = {"R_f": ax, "test_error": error, "D_f": change}
    for one in panels.values():
        one.set_xscale("log")
        one.set_xlim(0.4, 8000 if one is ax else 1500)
        one.set_xticks([START, 1, 10, 100, 1000], ["0", "1", "10", "100", "1000"])
        one.set_xticks([], minor=True)
    change.set_xlabel("steps of training", labelpad=1)
    ax.set_xlabel("steps of training", labelpad=1)
    R_axis(ax, R_ENDS)
    R_axis(change, (1e-3, 10.0))
    error.set(ylim=(0, 100))
    error.set_yticks([0, 50, 100], ["0", "50 %", ""])
    error.grid(axis="y")
    ax.set_title("$R_f$: deformation over noise of the same size" if not stage.narrow else "$R_f$: deformation over noise")
    error.set_title("test error")
    change.set_title("$D_f$: deformation alone")
    ax.axhline(1, color=stage.colours.ink, linewidth=1.2, zorder=1)
    for name, one in zip(("R_f", "error", "D_f"), panels.values(), strict=True):
        one.set_label(name)
    curves: dict[tuple[str, str], Any] = {}
    thin = LineCollection([], colors=stage.colours.sources["ghost"], linewidths=1.2, zorder=2)
    ghosts = stage.actor(ax.add_collection(thin, autolim=False))
    ends = stage.actor([ax.text(1, 1, "", va="center", ha="left", zorder=6) for _ in range(4)])
    prediction = Prediction(stage, ax)
    grey = stage.colours.ink
    key(stage, [("with batch norm", dict(color=grey, marker="o", markersize=6.5)),
                ("without", dict(color=grey, marker="o", markersize=6.5, markerfacecolor="none", markeredgewidth=1.4)),
                ("each seed", dict(color=grey, linewidth=1.0, alpha=0.6))], columns=3)  # fmt: skip
    named = KeptNames(stage, 20, 22, ("",))

    def curve(net: str, name: str) -> Any:
        if (net, name) not in curves:
            mark, colour = look(stage, net)
            open_: dict[str, Any] = dict(markerfacecolor=stage.colours.page, markeredgecolor=colour, markeredgewidth=1.4)
            hole = {} if kind_of(net)[1] else open_
            thin = panels[name].add_collection(LineCollection([], colors=colour, linewidths=1.0, alpha=0.6, zorder=3), autolim=False)
            curves[net, name] = (Level(stage, panels[name], colour, mark, **hole), stage.actor(thin))
        return curves[net, name]

    def draw(ds: Any, context: Context) -> None:
        x = np.where(ds.step.values > 0, ds.step.values, START)
        for level, thin in curves.values():
            level.set([], [])
            thin.set_segments([])
        places = []
        for i, net in enumerate(map(str, ds.network.values)):
            for name in panels:
                table = np.asarray(ds[f"{name}_trace"].values[i], float) * (100 if name == "test_error" else 1)
                mean = [geometric_mean(row) if name != "test_error" else np.mean(row) for row in table]
                level, thin = curve(net, name)
                level.set(x, np.clip(mean, *panels[name].get_ylim()))
                thin.set_segments([np.column_stack([x, column])[np.isfinite(column)] for column in table.T] if table.shape[1] > 1 else [])
                if name == "R_f" and np.isfinite(mean).any():
                    last = np.flatnonzero(np.isfinite(mean))[-1]
                    places.append((mean[last], x[last], net))
        name_ends(stage, ends, places)
        old = context.ghosts[-1][1][-1] if context.ghosts else None
        ghosts.set_segments([] if old is None else traces(old))
        named.set(context.ghosts[-1:])
        prediction.set(context)

    return draw


def traces(ds: Any) -> list[np.ndarray]:
    """R_f against the step, of each network of what was kept."""
    x = np.where(ds.step.values > 0, ds.step.values, START)
    rows = [np.array([geometric_mean(row) for row in table]) for table in ds.R_f_trace.values]
    return [np.column_stack([x, row])[np.isfinite(row)] for row in rows]


APART = 0.085  # of the height of the axis, between two names


def name_ends(stage: Stage, words: list[Any], places: list[tuple[float, float, str]]) -> None:
    """The networks' names at the ends of their curves, moved apart where they would lie on each other."""
    for word in words:
        word.set_text("")
    if not places:
        return
    low, high = np.log(R_ENDS)
    step = APART * (high - low)
    order = sorted(places)
    heights = [float(np.log(np.clip(value, *R_ENDS))) for value, _, _ in order]
    for _ in range(60):  # push neighbours apart until all have room
        for i in range(len(heights) - 1):
            short_of = step - (heights[i + 1] - heights[i])
            if short_of > 1e-6:
                heights[i] -= short_of / 2
                heights[i + 1] += short_of / 2
        heights = [float(np.clip(h, low + 0.3 * step, high - 0.3 * step)) for h in heights]
    for word, height, (_, x, net) in zip(words, heights, order, strict=False):
        word.set_text(f" {short(net)}")
        word.set_position((x * 1.1, np.exp(height)))
        word.set_color(look(stage, net)[1])
