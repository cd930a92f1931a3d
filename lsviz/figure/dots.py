"""Networks as dots: one mark per state, open when unfinished, at the edge when off the scale; and what stands behind them."""

from typing import Any

import numpy as np
from matplotlib.lines import Line2D

from . import style
from .stage import Context, Stage

STATES = tuple(style.MARKS)


class Dots:
    """One mark per state on `ax`; `set(x, y, state)` moves them. `faded` dots are the ones found earlier."""

    def __init__(self, stage: Stage, ax: Any, *, top: float | None = None, faded: bool = False, zorder: float = 4):
        self.top = top
        colours = stage.colours.states
        self.lines = {}
        for state, (mark, filled, size, _) in style.MARKS.items():
            self.lines[state] = ax.plot(
                [], [], linestyle="none", marker=mark, markersize=size * (0.75 if faded else 1),
                color=colours[state], markerfacecolor=colours[state] if filled else "none", markeredgewidth=1.4,
                markeredgecolor=colours[state], alpha=0.5 if faded else 0.95, zorder=zorder,
            )[0]  # fmt: skip
        self.over = ax.plot([], [], linestyle="none", marker="^", markersize=8, color=colours["unsat"], clip_on=False,
                            alpha=0.5 if faded else 0.95, zorder=zorder)[0]  # fmt: skip
        stage.actor([*self.lines.values(), self.over])

    def set(self, x: Any, y: Any, state: Any) -> None:
        """Put dots at (x, y), arrays of one shape with `state` words; NaN and "waiting" are not drawn."""
        x, y, state = (np.ravel(v) for v in np.broadcast_arrays(x, y, state))
        seen = np.isfinite(y) & np.isfinite(x)
        high = seen & (y > self.top) if self.top is not None else np.zeros(len(y), bool)
        for name, line in self.lines.items():
            chosen = seen & ~high & (state == name)
            line.set_data(x[chosen], y[chosen])
        self.over.set_data(x[high], np.full(high.sum(), self.top if self.top is not None else 0.0))


def jitter(seeds: int, spread: float = 0.022) -> np.ndarray:
    """Factors near 1 that part the dots of one width on a logarithmic axis; the same every time."""
    return np.exp(spread * ((np.arange(seeds) * 0.618034) % 1 - 0.5) * 2) if seeds > 1 else np.ones(1)


def per_seed(ds: Any, parted: bool = True) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """N/P (parted by a jitter), N_Δ/N and state of every network in a Dataset over seed, or over width and seed; flat."""
    seeds = ds.sizes["seed"]
    size = np.asarray(ds.N.values, float)[..., None]
    x = size / float(ds.P) * (jitter(seeds) if parted else np.ones(seeds))
    y = np.asarray(ds.N_delta.values, float) / size
    return np.ravel(x), np.ravel(y), np.ravel(ds.state.values)


def stack(parts: list[Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Several `per_seed` as one."""
    if not parts:
        return np.empty(0), np.empty(0), np.empty(0, "<U10")
    x, y, state = (np.concatenate(column) for column in zip(*parts))
    return x, y, state


def medians(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Median y at each x, sorted; NaN is left out."""
    known = np.isfinite(x) & np.isfinite(y)
    x, y = x[known].round(9), y[known]
    places = np.unique(x)
    return places, np.array([np.median(y[x == at]) for at in places])


class Memo:
    """`stack` of many Datasets, worked out again only when the list changes: a trail is the same for many frames."""

    def __init__(self) -> None:
        self._key: tuple = ()
        self._held: list[Any] = []
        self._found = stack([])

    def __call__(self, datasets: list[Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        key = tuple(map(id, datasets))
        if key != self._key:
            self._key, self._held = key, list(datasets)  # held, so that an id is not given to another Dataset
            self._found = stack([per_seed(ds) for ds in datasets])
        return self._found


class Ghosts:
    """Kept curves: the median over seeds at each size, grey, told apart by their dashes, named in the empty lower left corner."""

    DASHES = ("-", (0, (5, 2)), (0, (1, 1.5)))

    def __init__(self, stage: Stage, ax: Any, top: float):
        colour, self.top = stage.colours.sources["ghost"], top
        look = {**style.LINES["ghost"], "color": colour}
        self.lines, self.keys, self.words = [], [], []
        for i, dash in enumerate(self.DASHES):
            look["linestyle"] = dash
            height = 0.1 + 0.075 * i
            self.lines.append(ax.plot([], [], marker="o", markersize=3.5, zorder=2, **look)[0])
            self.keys.append(ax.plot([0.015, 0.075], [height] * 2, transform=ax.transAxes, zorder=2, **look)[0])
            self.words.append(ax.text(0.09, height, "", transform=ax.transAxes, color=colour, va="center", zorder=2))
        stage.actor([*self.lines, *self.keys, *self.words])

    def set(self, kept: list[tuple[str, list[Any]]], flip: bool = False) -> None:
        """Each kept curve is (words, Datasets)."""
        kept = kept[-len(self.lines) :]
        for i, (line, key, word) in enumerate(zip(self.lines, self.keys, self.words)):
            there = i < len(kept)
            for artist in (line, key, word):
                artist.set_visible(there)
            if there:
                x, y = medians(*stack([per_seed(ds, parted=False) for ds in kept[i][1]])[:2])
                line.set_data(1 / x if flip else x, np.minimum(y, self.top))
                word.set_text(kept[i][0])


class Behind:
    """A stored curve behind the live dots: the median over its seeds at each size, a broad pale line, named at its left end."""

    def __init__(self, stage: Stage, ax: Any, top: float):
        colour, self.top = stage.colours.sources["stored"], top
        self.line = ax.plot([], [], color=colour, zorder=1.5, **style.LINES["stored"])[0]
        self.words = ax.text(0.1, 0, "", color=colour, va="bottom", zorder=1.5)
        stage.actor([self.line, self.words])

    def set(self, ds: Any, flip: bool = False) -> None:
        """`ds` as from network_transition, or None; its attribute `label` names it."""
        for artist in (self.line, self.words):
            artist.set_visible(ds is not None)
        if ds is not None:
            x, y = medians(*per_seed(ds, parted=False)[:2])
            x, y = 1 / x if flip else x, np.minimum(y, self.top)
            self.line.set_data(x, y)
            self.words.set_text(f"stored: {ds.attrs.get('label', 'earlier run')}")
            self.words.set_position((x[0], y[0]))


class Prediction:
    """The learner's own curve, dashed, committed before the result is shown."""

    def __init__(self, stage: Stage, ax: Any):
        colour = stage.colours.sources["prediction"]
        self.line = ax.plot([], [], color=colour, zorder=6, **style.LINES["prediction"])[0]
        self.words = ax.text(0.1, 0, "your prediction", color=colour, ha="right", va="bottom", zorder=6)
        stage.actor([self.line, self.words])

    def set(self, context: Context, flip: bool = False) -> None:
        x, y = (np.asarray(v, float) for v in (context.prediction if context.prediction is not None else ((), ())))
        x = 1 / x if flip and len(x) else x
        self.line.set_data(x, y)
        self.words.set_visible(bool(len(x)))
        if len(x):
            end = int(np.argmax(x))
            self.words.set_position((x[end], y[end] + 0.03))


def legend(stage: Stage, ax: Any, states: tuple[str, ...] = ("sat", "unsat", "unfinished"), sources: dict[str, str] | None = None,
           over: str = "", visited: str = "", **place: Any) -> Any:  # fmt: skip
    """A static legend of marks (states; words for what is `over` the scale, or `visited` before) and lines (`sources`: kind → words)."""
    handles = []
    for state in states:
        mark, filled, size, words = style.MARKS[state]
        colour = stage.colours.states[state]
        handles.append(Line2D([], [], linestyle="none", marker=mark, markersize=size, color=colour, markeredgewidth=1.4,
                              markerfacecolor=colour if filled else "none", label=words))  # fmt: skip
    stuck: dict[str, Any] = dict(linestyle="none", color=stage.colours.states["unsat"])
    if visited:
        handles.append(Line2D([], [], marker="D", markersize=5, alpha=0.5, label=visited, **stuck))
    if over:
        handles.append(Line2D([], [], marker="^", markersize=8, label=over, **stuck))
    for kind, words in (sources or {}).items():
        handles.append(Line2D([], [], color=stage.colours.sources[kind], label=words, **style.LINES[kind]))
    place = {"loc": "upper right", "handletextpad": 0.4, "labelspacing": 0.25, "borderaxespad": 0.0, "handlelength": 1.8, **place}
    return ax.legend(handles=handles, **place)
