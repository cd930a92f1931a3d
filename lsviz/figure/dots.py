"""Networks as dots: one mark per state, open when unfinished, at the edge when off the scale; and what stands behind them."""

from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from . import style
from .stage import DPI, Context, Stage

STATES = tuple(style.MARKS)
STATE_WORDS = {state: words for state, (*_, words) in style.MARKS.items()}


class Dots:
    """One mark per state on `ax`; `set(x, y, state)` moves them. `faded` dots are the ones found earlier.

    What lies above `top` stands in a row of triangles below it, filled and coloured by state like the others, and is counted in words.
    """

    def __init__(self, stage: Stage, ax: Any, *, top: float | None = None, faded: bool = False, zorder: float = 4):
        self.top = top
        self.row = 0.0 if top is None else 0.965 * top
        colours, page = stage.colours.states, stage.colours.page
        self.lines, self.over = {}, {}
        for state, (mark, filled, size, _) in style.MARKS.items():
            colour = colours[state]
            edge = (
                dict(markeredgecolor=page, markeredgewidth=0.7)
                if filled
                else dict(markeredgecolor=colour, markeredgewidth=1.4)
            )
            look: dict[str, Any] = dict(linestyle="none", color=colour, markerfacecolor=colour if filled else "none",
                                        alpha=0.5 if faded else 0.95, zorder=zorder, **edge)  # fmt: skip
            small = 0.75 if faded else 1
            self.lines[state] = ax.plot([], [], marker=mark, markersize=size * small, **look)[0]
            if top is not None:
                self.over[state] = ax.plot([], [], marker="^", markersize=8 * small, clip_on=False, **look)[0]
        self.words = ax.text(
            0.1, self.row, "", va="center", zorder=zorder, color=stage.colours.ink, bbox=behind_words(stage)
        )
        self.words.set_visible(False)
        self.says = top is not None and not faded
        stage.actor([*self.lines.values(), *self.over.values(), self.words])

    def set(self, x: Any, y: Any, state: Any, flip: bool = False) -> None:
        """Put dots at (x, y), arrays of one shape with `state` words; NaN and "waiting" are not drawn. `flip`: the high ones are right."""
        x, y, state = (np.ravel(v) for v in np.broadcast_arrays(x, y, state))
        seen = np.isfinite(y) & np.isfinite(x)
        high = seen & (y > self.top) if self.top is not None else np.zeros(len(y), bool)
        for name, line in self.lines.items():
            chosen = seen & ~high & (state == name)
            put(line, x[chosen], y[chosen])
        for name, line in self.over.items():
            chosen = high & (state == name)
            put(line, x[chosen], np.full(chosen.sum(), self.row))
        if self.says:
            self.words.set_visible(bool(high.any()))
            if high.any():
                self.words.set_text(f"{high.sum()} above the axis")
                self._place_words(x[high], flip)

    def _place_words(self, x: np.ndarray, flip: bool) -> None:
        """The count stands outwards of its triangles, clear of N* and of the dots below; inwards where there is no room."""
        ax = self.words.axes
        end = ax.get_xlim()[1 if flip else 0]
        outermost = x.max() if flip else x.min()
        room = abs(np.diff(ax.transData.transform([(outermost, self.row), (end, self.row)])[:, 0])[0]) * DPI / ax.figure.dpi
        left = flip != (room > ROOM)  # of the triangles
        self.words.set_position((x.min() / 1.1 if left else x.max() * 1.1, self.row))
        self.words.set_horizontalalignment("right" if left else "left")


ROOM = 145.0  # css pixels that "88 above the axis" takes, and a little


def put(line: Any, x: np.ndarray, y: np.ndarray) -> None:
    """Move marks; a line without any is not drawn at all, which is a quarter of the time of a picture."""
    line.set_visible(bool(len(x)))
    if len(x):
        line.set_data(x, y)


def behind_words(stage: Stage) -> dict[str, Any]:
    """A pale box in the page's colour, so that words stay readable over a line."""
    return dict(facecolor=stage.colours.page, alpha=0.8, linewidth=0, pad=1.5)


BAND = 0.13  # half the width, in log N/P, of the band in which the seeds of one size stand side by side


def side_by_side(at: np.ndarray, seeds: int) -> np.ndarray:
    """Factors near 1, (…, seed), that give each seed of sizes `at` (width or scalar, > 0) a place of its own; the same every time."""
    logs = np.log(np.ravel(at))
    apart = np.abs(logs[:, None] - logs)
    nearest = np.where(apart > 0, apart, np.inf).min(1)
    band = np.minimum(BAND, 0.4 * nearest).reshape(np.shape(at))  # no dot may stand where another size is
    return np.exp(band[..., None] * (np.linspace(-1, 1, seeds) if seeds > 1 else np.zeros(1)))


def per_seed(ds: Any, parted: bool = True) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """N/P (seeds side by side when `parted`), N_Δ/N and state of every network in a Dataset over seed, or over width and seed; flat."""
    seeds = ds.sizes["seed"]
    N = np.asarray(ds.N.values, float)
    x = N[..., None] / float(ds.P) * (side_by_side(N, seeds) if parted else np.ones(seeds))
    y = np.asarray(ds.N_delta.values, float) / N[..., None]
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


Read = Callable[[Any], tuple[np.ndarray, np.ndarray, np.ndarray]]


class Memo:
    """`stack` of what `read` finds in many Datasets, each read once: a trail is the same for many frames, or grows by one."""

    def __init__(self, read: Read = per_seed) -> None:
        self._read = read
        self._known: dict[int, tuple[Any, Any]] = {}  # with the Dataset, so that its id is not given to another one

    def __call__(self, datasets: list[Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        self._known = {id(ds): self._known.get(id(ds)) or (ds, self._read(ds)) for ds in datasets}
        return stack([found for _, found in self._known.values()])


class Ghosts:
    """What was kept: every network as a grey open mark, one shape per keeping.

    No curve of medians: between sizes where all networks fit and sizes where none does, such a curve goes where no network is.
    """

    MARKS = ("s", "v", "h")

    def __init__(self, stage: Stage, ax: Any, top: float, most: int = 3, read: Read = per_seed):
        self.top = 0.965 * top
        self.lines = [ax.plot([], [], zorder=2, **grey_mark(stage, mark))[0] for mark in self.MARKS[:most]]
        stage.actor(self.lines)
        self._found = [Memo(read) for _ in self.MARKS]

    def set(self, kept: list[tuple[str, list[Any]]], flip: bool = False) -> None:
        """Each keeping is (words, Datasets)."""
        kept = kept[-len(self.lines) :]
        for i, line in enumerate(self.lines):
            x, y, _ = self._found[i](kept[i][1]) if i < len(kept) else stack([])
            put(line, 1 / x if flip else x, np.minimum(y, self.top))


def grey_mark(stage: Stage, mark: str) -> dict[str, Any]:
    """How a kept network looks."""
    colour = stage.colours.sources["ghost"]
    return dict(linestyle="none", marker=mark, markersize=6, markeredgewidth=1.2, color=colour, markerfacecolor="none")


class KeptNames:
    """The names of what was kept, each with its grey mark or line; (left, top) in pixels from the figure's lower left corner."""

    def __init__(self, stage: Stage, left: float, top: float, marks: tuple[str, ...] = Ghosts.MARKS):
        self.keys, self.words = [], []
        row = 16.0 if stage.narrow else 19.0
        for i, mark in enumerate(marks):
            x, y = left / stage.width, (top - row * (i + 0.5)) / stage.height
            look = grey_mark(stage, mark) if mark else dict(color=stage.colours.sources["ghost"])
            self.keys.append(
                Line2D([x] if mark else [x - 6 / stage.width, x + 6 / stage.width], [y] if mark else [y, y], **look)
            )
            self.words.append(stage.figure.text(x + 12 / stage.width, y, "", color=stage.colours.faint, va="center"))
            stage.figure.add_artist(self.keys[-1])
            if not stage.narrow:
                self.words[-1].set_fontsize(11 if stage.width >= 880 else 10)
        stage.actor([*self.keys, *self.words])

    def set(self, kept: list[tuple[str, list[Any]]]) -> None:
        kept = kept[-len(self.keys) :]
        for i, (key, word) in enumerate(zip(self.keys, self.words)):
            for artist in (key, word):
                artist.set_visible(i < len(kept))
            if i < len(kept):
                word.set_text(kept[i][0])


class Behind:
    """Stored networks behind the live ones: small pale marks, open where unfinished, and a broad pale line at their N*; each named.

    No curve joins them: between sizes where all fit and sizes where none does it would go where no network is.
    (left, top) of the words in pixels from the figure's lower left corner.
    """

    def __init__(self, stage: Stage, ax: Any, top: float, left: float, height: float):
        colour, self.row = stage.colours.sources["stored"], 0.965 * top
        look: dict[str, Any] = dict(linestyle="none", color=colour, zorder=1.6)
        self.marks = {
            "finished": ax.plot([], [], marker="o", markersize=3.6, markeredgewidth=0, alpha=0.75, **look)[0],
            "unfinished": ax.plot([], [], marker="o", markersize=4.4, markeredgewidth=1.0, markerfacecolor="none", **look)[0],
            "over": ax.plot([], [], marker="^", markersize=4.0, markeredgewidth=0, alpha=0.75, **look)[0],
        }
        self.star = ax.axvline(0.1, color=colour, zorder=1.4, **style.LINES["stored"])
        keys: list[dict[str, Any]] = [dict(marker="o", markersize=6), {}, dict(style.LINES["stored"]),
                                      dict(marker="o", markersize=6, markerfacecolor="none")]  # fmt: skip
        size = style.NARROW_SIZE if stage.narrow or stage.width < 880 else 11.0
        self.keys, self.words = [], []
        for i, key in enumerate(keys):
            x, y = left / stage.width, (height - 1.16 * size * DPI / 72 * (i + 0.5)) / stage.height
            ends = [x - 6 / stage.width, x + 6 / stage.width] if "linestyle" in key else [x]
            self.keys.append(Line2D(ends, [y] * len(ends), color=colour, **{"linestyle": "none", **key}))
            self.words.append(stage.figure.text(x + 12 / stage.width, y, "", color=stage.colours.ink, va="center", fontsize=size))
            stage.figure.add_artist(self.keys[-1])
        self.read = Memo()
        stage.actor([*self.marks.values(), self.star, *self.keys, *self.words])

    def set(self, ds: Any, flip: bool = False) -> None:
        """`ds` as from network_transition, or None; its attribute `label` names it."""
        for artist in (*self.marks.values(), self.star, *self.keys, *self.words):
            artist.set_visible(ds is not None)
        if ds is None:
            return
        x, y, state = self.read([ds])
        x, open_, high = 1 / x if flip else x, state == "unfinished", y > self.row
        for name, chosen in dict(finished=~open_ & ~high, unfinished=open_ & ~high, over=high).items():
            put(self.marks[name], x[chosen], np.minimum(y, self.row)[chosen])
        at = float(ds.N_star) / float(ds.P)
        found = bool(np.isfinite(at))
        self.star.set_visible(found)
        where = f"$P/N^*$ = {1 / at:.2g}" if flip else f"$N^*/P$ = {at:.2g}"
        if found:
            self.star.set_xdata([1 / at if flip else at] * 2)
        half = f"half of them fit at {where}" if found else "no N* among their sizes"
        named, comma, sizes = ds.attrs.get("label", "stored networks").partition(", L =")
        still = "stored, unfinished" if open_.any() else ""
        for word, text in zip(self.words, (f"{named}{comma[:1]}", f"{comma[2:]}{sizes}", half, still)):
            word.set_text(text)
        self.keys[2].set_visible(found)
        self.keys[3].set_visible(bool(still))


class Prediction:
    """The learner's own curve, dashed, committed before the result is shown; grey, and told what it was made for, when that changed.

    `named`: a legend names it while it holds.
    """

    def __init__(self, stage: Stage, ax: Any, named: bool = False):
        self.colour, self.old, self.named = stage.colours.sources["prediction"], stage.colours.faint, named
        self.line = ax.plot([], [], color=self.colour, zorder=6, **style.LINES["prediction"])[0]
        self.words = ax.text(0.1, 0, "", color=self.colour, ha="right", va="bottom", zorder=6, bbox=behind_words(stage))
        stage.actor([self.line, self.words])

    def colour_for(self, context: Context) -> str:
        """Grey once the setting that it was made for has changed."""
        return self.old if context.prediction_for else self.colour

    def set(self, context: Context, flip: bool = False) -> None:
        x, y = (np.asarray(v, float) for v in (context.prediction if context.prediction is not None else ((), ())))
        x = 1 / x if flip and len(x) else x
        made_for = context.prediction_for
        self.line.set_data(x, y)
        self.words.set_visible(bool(len(x) and (made_for or not self.named)))
        for artist in (self.line, self.words):
            artist.set_color(self.colour_for(context))
        self.words.set_text(f"your prediction, {made_for}" if made_for else "your prediction")
        if len(x):
            end = int(np.argmin(x) if flip else np.argmax(x))  # the largest network: nothing stands above zero
            self.words.set_position((x[end], y[end] + 0.05))
            self.words.set_horizontalalignment("left" if flip else "right")


def most(stage: Stage) -> int:
    """How many kept settings are shown."""
    return 1 if stage.narrow else 3


def state_handle(stage: Stage, state: str, words: str) -> Line2D:
    """A legend's entry for the dots of a state."""
    mark, filled, size, _ = style.MARKS[state]
    colour = stage.colours.states[state]
    return Line2D([], [], linestyle="none", marker=mark, markersize=size, color=colour, markeredgewidth=1.4,
                  markerfacecolor=colour if filled else "none", label=words)  # fmt: skip


def legend(stage: Stage, ax: Any, states: tuple[str, ...] = ("sat", "unsat", "unfinished"), sources: dict[str, str] | None = None,
           over: str = "", visited: str = "", band: str = "", kept: str = "", called: dict[str, str] | None = None,
           **place: Any) -> Any:  # fmt: skip
    """A static legend of marks (states; words for what is `over` the scale, `visited` before or `kept`), lines (`sources`: kind → words)
    and the grey `band` around N*. `called`: states that have another name here. `ax` may be a Figure."""
    handles: list[Any] = []
    if stage.narrow:  # the long words in one column
        states = tuple(
            sorted(states, key=lambda state: (state not in ("unsat", "unfinished", "dead"), states.index(state)))
        )
        place = {"handlelength": 1.2, **place}
    for state in states:
        handles.append(state_handle(stage, state, {**STATE_WORDS, **(called or {})}[state]))
    stuck: dict[str, Any] = dict(linestyle="none", color=stage.colours.states["unsat"])
    if visited:
        handles.append(Line2D([], [], marker="D", markersize=5, alpha=0.5, label=visited, **stuck))
    if over:
        handles.append(Line2D([], [], marker="^", markersize=8, label=over, **stuck))
    for kind, words in (sources or {}).items():
        handles.append(Line2D([], [], color=stage.colours.sources[kind], label=words, **style.LINES[kind]))
        if kind == "live" and band:
            handles.append(Patch(facecolor=stage.colours.ink, alpha=0.12, linewidth=0, label=band))
    if kept:
        handles.append(Line2D([], [], linestyle="none", marker="s", markersize=9, markerfacecolor="none", label=kept,
                              color=stage.colours.sources["ghost"]))  # fmt: skip
    place = {
        "loc": "upper right",
        "handletextpad": 0.4,
        "labelspacing": 0.25,
        "borderaxespad": 0.0,
        "handlelength": 1.8,
        **place,
    }
    return ax.legend(handles=handles, **place)


def below(stage: Stage, columns: int = 3) -> dict[str, Any]:
    """A place for a legend below all axes."""
    return dict(
        loc="lower left", bbox_to_anchor=(0.012, 0.006), ncols=2 if stage.narrow else columns, columnspacing=0.4 if stage.narrow else 1.2
    )


def names_below(stage: Stage, marks: tuple[str, ...] = Ghosts.MARKS, left: float = 0.66) -> KeptNames:
    """The names of what was kept, right of that legend; on a phone one of them, above it."""
    if stage.narrow:
        return KeptNames(stage, 12, 74, marks[: most(stage)])
    return KeptNames(stage, left * stage.width, 58, marks)


def legend_of_lines(stage: Stage) -> None:
    """How the networks of these lines ended, below all axes."""
    states = ("sat", "unsat", "unfinished", "running")
    lines = [Line2D([], [], color=stage.colours.states[name], linewidth=2, label=STATE_WORDS[name]) for name in states]
    stage.figure.legend(
        handles=lines, handletextpad=0.4, labelspacing=0.25, handlelength=1.8, borderaxespad=0.0, **below(stage)
    )
