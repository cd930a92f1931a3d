"""One packing on its way: decompressed towards φ_J, and pressed up and down. Energy, pressure and contacts against φ."""

from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D

from .. import style
from ..dots import Dots, Prediction, behind_words, grey_mark, most, put, state_handle
from ..stage import Context, Draw, Stage
from .marks import (
    KEPT,
    PredictionName,
    expected,
    kept_names,
    legend_below,
    line_handle,
    note,
    predict,
    shape,
    theory,
)

UNJAMMED = 1e-18  # energy per particle of an unjammed packing (ellipses.md §2)


def isostatic(kind: str) -> tuple[float, str]:
    """The contacts of a particle that hold it if each freedom needs one, and these in words."""
    return (4.0, "twice 2 freedoms") if kind == "discs" else (6.0, "twice 3 freedoms")


Z_TOP = 7.5


class _Frame:
    """Axes whose range of φ and whose theory follow the controls (kind, aspect, depth), and nothing else."""

    def __init__(self, stage: Stage, axes: list[Any], contacts: Any, top: float, window: Callable[[dict[str, Any]], tuple[float, float]]):
        self.stage, self.axes, self.window = stage, axes, window
        self.set_for: Any = None
        contacts.set(ylim=(-0.05 * top, top), label="Z")
        contacts.set_yticks(np.arange(0, top, 2))
        contacts.axhline(0, color=stage.colours.ink, linewidth=1)
        self.contacts = theory(stage, contacts, 4)
        self.words = note(stage, contacts, 0, 4, "")
        self._tell(False)  # axes without data, where a prediction is still to come, do not give numbers away
        for ax in axes:
            ax.set(xlim=(0.5, 1), xticks=[0.5, 0.6, 0.7, 0.8, 0.9, 1])

    def _tell(self, known: bool) -> None:
        for artist in (self.contacts, self.words):
            artist.set_visible(known)

    def set(self, context: Context) -> bool:
        """Whether anything had to change."""
        kind = shape(context.values)
        wanted = (kind, *self.window(context.values))
        if wanted == self.set_for:
            return False
        self.set_for = wanted
        low, high = wanted[1:]
        step = 0.01 * max(1, round((high - low) / 0.05))
        ticks = np.arange(np.ceil((low + 0.15 * step) / step), np.floor((high - 0.25 * step) / step) + 1) * step
        for ax in self.axes:
            ax.set_xlim(low, high)
            ax.set_xticks(ticks, [f"{at:.2f}" for at in ticks])
        at, words = isostatic(kind)
        self._tell(True)
        self.contacts.set_ydata([at, at])
        self.words.set(text=words, x=0.015, y=at + 0.15, va="bottom", ha="left")  # below φ_J there are no contacts
        self.stage.reset_scenery()
        return True


NEAR = (0.042, 0.028)  # below and above the expected φ_J: the spread of φ_J at n = 24 to 64, and a first step of 0.01
ENERGY_TOP = 7.0  # of √(energy per particle) in thousandths


def approach(stage: Stage) -> Draw:
    """√energy and Z of every state against φ, and energy against φ − φ_J on logarithmic axes. Axes: √E, Z, log–log."""
    figure = stage.figure
    if stage.narrow:
        grid = figure.add_gridspec(3, 1, hspace=0.62, left=0.155, right=0.96, top=0.955, bottom=0.185)
        root, contacts, decades = (figure.add_subplot(grid[i]) for i in range(3))
    else:
        grid = figure.add_gridspec(2, 2, width_ratios=[1.15, 1], hspace=0.42, wspace=0.24, left=42 / stage.width, right=0.985,
                                   top=0.9, bottom=0.275)  # fmt: skip
        root, contacts, decades = (figure.add_subplot(grid[where]) for where in ((0, 0), (1, 0), (slice(None), 1)))
    frame = _Frame(stage, [root, contacts], contacts, Z_TOP, _near)
    root.set(ylim=(-0.4, ENERGY_TOP), label="root energy")
    root.set_yticks([0, 3, 6])
    root.set_title(r"$\sqrt{\mathrm{energy\ per\ particle}}$  (× 1000)")
    contacts.set_title("contacts of a particle, Z")
    contacts.set_xlabel(r"density  $\varphi$")
    root.axhline(0, color=stage.colours.ink, linewidth=1)
    root.tick_params(labelbottom=False)
    straight = stage.actor(root.add_collection(LineCollection([], colors=stage.colours.sources["theory"], zorder=2,
                                                              **style.LINES["theory"]), autolim=False))  # fmt: skip
    mark = stage.actor([ax.axvline(0, color=stage.colours.faint, linewidth=1.2, zorder=1) for ax in (root, contacts)])
    jumps = _Jumps(stage, root, contacts)
    named = stage.actor(root.text(0, 0.97 * ENERGY_TOP, "", ha="right", va="top", bbox=behind_words(stage)))
    places = [_States(stage, ax, top) for ax, top in ((root, ENERGY_TOP), (contacts, Z_TOP))]
    far = _Decades(stage, decades)
    prediction = Prediction(stage, contacts)
    legend_below(stage, _states_key(stage, "E ∝ (φ − φ_J)²"), 2)
    kept = kept_names(stage, high=64)

    def draw(ds: Any, context: Context) -> None:
        frame.set(context)
        values = _read(ds)
        for place, name in zip(places, ("root", "Z")):
            place.set(values["phi"], values[name], values["state"])
            place.keep([(old["phi"], old[name]) for _, found in context.ghosts if (old := _read(found[-1]))])
        starts = zero_crossing(values["phi"], values["root"])
        straight.set_segments([_ray(at, phi, y) for at, phi, y in zip(starts, values["phi"].T, values["root"].T) if np.isfinite(at)])
        far.set(values, starts, [_read(found[-1]) for _, found in context.ghosts])
        phi_J = np.asarray(ds.phi_J.values, float)
        jumps.set(phi_J, values)
        at = float(np.nanmedian(phi_J)) if np.isfinite(phi_J).any() else np.nan
        for artist in (*mark, named):
            artist.set_visible(bool(np.isfinite(at)))
        if np.isfinite(at):
            for line in mark:
                line.set_xdata([at, at])
            left = at > sum(root.get_xlim()) / 2  # on the side that has room
            named.set_x(at - 0.0008 if left else at + 0.0008)
            named.set_horizontalalignment("right" if left else "left")
            several = "median " if np.isfinite(phi_J).sum() > 1 else ""
            named.set_text(rf"{several}$\varphi_J$ = {at:.4f}")
        predict(prediction, context)
        kept.set(context.ghosts)

    return draw


def _near(values: dict[str, Any]) -> tuple[float, float]:
    at = expected(shape(values), float(values.get("aspect", 1.0)))
    return at - NEAR[0], at + NEAR[1]


def _read(ds: Any) -> dict[str, np.ndarray]:
    """φ, 1000 √E, Z and state word of every state, (step, seed)."""
    energy = np.asarray(ds.energy_trace.values, float)
    jammed = energy > UNJAMMED
    converged = np.nan_to_num(np.asarray(ds.converged.values, float), nan=1.0) > 0
    state = np.where(jammed, "unsat", "sat").astype("<U10")
    state[:, ~converged] = "unfinished"
    return dict(phi=np.asarray(ds.phi_trace.values, float), energy=energy, root=1000 * np.sqrt(np.maximum(energy, 0)),
                Z=np.asarray(ds.Z_trace.values, float), state=state)  # fmt: skip


def zero_crossing(phi: np.ndarray, root: np.ndarray) -> np.ndarray:
    """Where √E of the two jammed states with the least energy meets zero, (seed,); phi, root (step, seed). NaN with fewer than two."""
    found = np.full(phi.shape[1], np.nan)
    for i, (x, y) in enumerate(zip(phi.T, root.T)):
        chosen = np.flatnonzero(y > 1000 * UNJAMMED**0.5)
        if len(chosen) < 2:
            continue
        low, high = chosen[np.argsort(y[chosen])[:2]]
        if y[high] > y[low] and x[high] > x[low]:
            found[i] = x[low] - y[low] * (x[high] - x[low]) / (y[high] - y[low])
    return found


def _ray(at: float, phi: np.ndarray, root: np.ndarray) -> np.ndarray:
    """The straight line from (φ_J, 0) through the state of largest energy."""
    top = np.nanargmax(root)
    return np.array([[at, 0], [phi[top], root[top]]])


class _Jumps:
    """Tells the packings apart: a tick at each φ_J on the axes of √E and Z, and a thin line that joins its jammed states of Z."""

    def __init__(self, stage: Stage, root: Any, contacts: Any):
        own: dict[str, Any] = dict(color=stage.colours.ink, linestyle="none", marker="|", markersize=11, markeredgewidth=1.3)
        self.ticks = [ax.plot([], [], zorder=5, **own)[0] for ax in (root, contacts)]
        self.lines = contacts.add_collection(LineCollection([], colors=stage.colours.states["unsat"], linewidths=1.0, zorder=2.5,
                                                            alpha=0.7), autolim=False)  # fmt: skip
        stage.actor([*self.ticks, self.lines])

    def set(self, phi_J: np.ndarray, values: dict[str, np.ndarray]) -> None:
        for line in self.ticks:
            put(line, phi_J[np.isfinite(phi_J)], np.zeros(np.isfinite(phi_J).sum()))
        joined = []
        for at, phi, Z in zip(phi_J, values["phi"].T, values["Z"].T):
            chosen = np.flatnonzero(Z > 0)
            if np.isfinite(at) and len(chosen):
                order = chosen[np.argsort(phi[chosen])]
                joined.append(np.column_stack([[at, *phi[order]], [0, *Z[order]]]))
        self.lines.set_segments(joined)


class _States:
    """States of packings, unjammed or jammed, on one panel; what was kept in grey."""

    def __init__(self, stage: Stage, ax: Any, top: float):
        self.top = top
        self.grey = [ax.plot([], [], zorder=2, **grey_mark(stage, mark))[0] for mark in KEPT[: most(stage)]]
        stage.actor(self.grey)
        self.dots = Dots(stage, ax, top=top)
        self.dots.says = False

    def set(self, x: np.ndarray, y: np.ndarray, state: np.ndarray) -> None:
        low, high = self.dots.words.axes.get_xlim()
        self.dots.set(np.where((x >= low) & (x <= high), x, np.nan), y, state)  # what is above the axis is not clipped: leave out the rest

    def keep(self, found: list[tuple[np.ndarray, np.ndarray]]) -> None:
        found = found[-len(self.grey) :]
        for i, line in enumerate(self.grey):
            x, y = (np.ravel(v) for v in found[i]) if i < len(found) else (np.empty(0), np.empty(0))
            known = np.isfinite(x) & np.isfinite(y)
            put(line, x[known], np.minimum(y[known], 0.965 * self.top))


DISTANCES, ENERGIES = (1e-7, 0.03), (1e-15, 1e-3)


class _Decades:
    """Energy per particle against φ − φ_J, both logarithmic: a straight line of slope 2."""

    def __init__(self, stage: Stage, ax: Any):
        ax.set(xscale="log", yscale="log", xlim=DISTANCES, ylim=ENERGIES, label="decades")
        ax.set_title("energy per particle")
        ax.set_xlabel(r"$\varphi-\varphi_J$")
        ax.set_xticks([1e-6, 1e-4, 1e-2])
        ax.set_yticks([1e-14, 1e-10, 1e-6])
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_minor_locator(_no_ticks())
        own = stage.colours.sources["theory"]
        self.slope = stage.actor(ax.plot([], [], color=own, zorder=1.2, **style.LINES["theory"])[0])
        self.words = stage.actor(ax.text(1.5e-7, 2e-5, "slope 2,\nthrough the data", color=own, va="top"))
        self.grey = [ax.plot([], [], zorder=2, **grey_mark(stage, mark))[0] for mark in KEPT[: most(stage)]]
        stage.actor(self.grey)
        self.dots = Dots(stage, ax)

    def set(self, values: dict[str, np.ndarray], starts: np.ndarray, kept: list[dict[str, np.ndarray]]) -> None:
        x = self._distance(values, starts)
        self.dots.set(x, values["energy"], values["state"])
        known, ends = np.isfinite(x), np.array(DISTANCES)
        height = np.median(values["energy"][known] / x[known] ** 2) if known.any() else np.nan
        self.slope.set_data(ends, height * ends**2)
        self.words.set_visible(bool(known.any()))
        kept = kept[-len(self.grey) :]
        for i, line in enumerate(self.grey):
            x = self._distance(kept[i], zero_crossing(kept[i]["phi"], kept[i]["root"])) if i < len(kept) else np.empty((0, 0))
            y = kept[i]["energy"] if i < len(kept) else x
            known = np.isfinite(x) & np.isfinite(y)
            put(line, x[known], y[known])

    @staticmethod
    def _distance(values: dict[str, np.ndarray], starts: np.ndarray) -> np.ndarray:
        x = values["phi"] - starts
        return np.where((values["energy"] > UNJAMMED) & (x > 0), x, np.nan)


def _no_ticks() -> Any:
    from matplotlib.ticker import NullLocator

    return NullLocator()


def _states_key(stage: Stage, straight: str = "") -> list[Any]:
    """A legend's entries: an unjammed, a jammed and an unfinished state."""
    states = dict(sat=r"unjammed: $N_\Delta=0$", unsat="jammed", unfinished="unfinished")
    entries = [state_handle(stage, state, words) for state, words in states.items()]
    if straight:
        entries.append(line_handle(stage, "theory", r"$E\propto(\varphi-\varphi_J)^2$"))
    return entries


WAYS = {"up": ("^", "pressed"), "down": ("v", "let go")}
MANY = 10.0  # of Z: balls that are pressed hard


def protocol(stage: Stage) -> Draw:
    """Pressure and Z against φ, on the way up and down again. Axes: pressure, Z."""
    figure = stage.figure
    if stage.narrow:
        grid = figure.add_gridspec(2, 1, hspace=0.42, left=0.13, right=0.96, top=0.95, bottom=0.205)
        pressure, contacts = (figure.add_subplot(grid[i]) for i in range(2))
    else:
        grid = figure.add_gridspec(1, 2, wspace=0.14, left=50 / stage.width, right=0.985, top=0.915, bottom=0.27)
        pressure, contacts = (figure.add_subplot(grid[0, i]) for i in range(2))
    frame = _Frame(stage, [pressure, contacts], contacts, MANY, _range)
    pressure.set(label="pressure", ylim=(-2, 40))
    pressure.axhline(0, color=stage.colours.ink, linewidth=1)
    pressure.set_title("pressure  (× 1000)")
    contacts.set_title("contacts of a particle, Z")
    for ax in (pressure, contacts) if not stage.narrow else (contacts,):
        ax.set_xlabel(r"density  $\varphi$")
    panels = [_Ways(stage, pressure, "pressure", 1000.0), _Ways(stage, contacts, "Z", 1.0)]
    prediction = Prediction(stage, contacts, named=True)
    own = PredictionName(stage, legend_below(stage, [
        *(Line2D([], [], color=stage.colours.states[s], marker=WAYS[w][0], linestyle=d, label=t, markersize=7)
          for w, s, d, t in (("up", "unsat", "-", "on the way up"), ("down", "sat", (0, (4, 2)), "on the way down"))),
        Line2D([], [], color=stage.colours.states["unfinished"], marker="o", markerfacecolor="none", linestyle="none",
               markersize=8, markeredgewidth=1.4, label="unfinished"),
        line_handle(stage, "prediction", "your prediction"),
    ], 2))  # fmt: skip
    kept = kept_names(stage, ("",) * 3)

    def draw(ds: Any, context: Context) -> None:
        if frame.set(context):
            top = 4 + 570 * float(context.values.get("depth", 0.06))
            pressure.set_ylim(-0.05 * top, top)
        for panel in panels:
            panel.set(ds)
            panel.keep([found[-1] for _, found in context.ghosts])
        own.follow(prediction, context)
        predict(prediction, context)
        kept.set(context.ghosts)

    return draw


BELOW = 0.04  # how far below the expected φ_J the path of `protocol` begins


def _range(values: dict[str, Any]) -> tuple[float, float]:
    at = expected(shape(values), float(values.get("aspect", 1.0)))
    return at - BELOW - 0.005, at + float(values.get("depth", 0.06)) + 0.005


MARKS = 16  # on a way, about


class _Ways:
    """One quantity on the way up and down: a line a seed; marks where a packing first or last resists, and at some other states."""

    def __init__(self, stage: Stage, ax: Any, name: str, scale: float):
        self.name, self.scale = name, scale
        colours = stage.colours.states
        self.looks = {"up": (colours["unsat"], "-"), "down": (colours["sat"], (0, (4, 2)))}
        self.grey = stage.actor(ax.add_collection(LineCollection([], colors=stage.colours.sources["ghost"], zorder=1.5,
                                                                 linewidths=1.2), autolim=False))  # fmt: skip
        self.lines, self.marks, self.open = {}, {}, {}
        for way, (own, dash) in self.looks.items():
            self.lines[way] = ax.add_collection(LineCollection([], colors=own, linewidths=1.4, linestyle=dash, zorder=3), autolim=False)
            look: dict[str, Any] = dict(linestyle="none", marker=WAYS[way][0], markersize=6.5, color=own, zorder=4)
            self.marks[way] = ax.plot([], [], markeredgecolor=stage.colours.page, markeredgewidth=0.6, **look)[0]
            self.open[way] = ax.plot([], [], markerfacecolor="none", markeredgewidth=1.4, **look)[0]
        stage.actor([*self.lines.values(), *self.marks.values(), *self.open.values()])

    def set(self, ds: Any) -> None:
        phi = np.asarray(ds.phi.values, float)
        for way in self.looks:
            one = ds.sel(direction=way)
            y, state = self.scale * np.asarray(one[self.name].values, float), one.state.values
            self.lines[way].set_segments(_curves(phi, y))
            x = np.broadcast_to(phi[:, None], y.shape)
            seen, done = np.isfinite(y), (state == "sat") | (state == "unsat")
            shown = np.zeros(y.shape, bool)
            every = -(-len(phi) // MARKS)
            shown[(0 if way == "up" else every // 2) :: every] = True  # so few, in turn, that the two ways do not cover each other
            jammed = state == "unsat"
            shown[jammed.argmax(0), np.arange(y.shape[1])] |= jammed.any(0)
            put(self.marks[way], x[seen & done & shown], y[seen & done & shown])
            put(self.open[way], x[seen & ~done], y[seen & ~done])

    def keep(self, found: list[Any]) -> None:
        self.grey.set_segments([line for ds in found for way in self.looks
                                for line in _curves(ds.phi.values, self.scale * ds[self.name].sel(direction=way).values)])  # fmt: skip


def _curves(phi: np.ndarray, y: np.ndarray) -> list[np.ndarray]:
    return [np.column_stack([phi[known], line[known]]) for line, known in zip(y.T, np.isfinite(y).T)]
