"""What the pictures of the particles share: a mark and a colour for each system, and dots that are open when unfinished."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.path import Path
from matplotlib.transforms import Affine2D

from .. import style
from ..dots import KeptNames, Prediction, behind_words, grey_mark, most, put
from ..stage import Context, Stage

RATIO = r"$N_\Delta/N$"
TOP = 1.6  # of every N_Δ/N axis; what lies above is drawn at its edge as a triangle
ELLIPSE = Path.unit_circle().transformed(Affine2D().scale(1, 0.55).rotate_deg(35))

# mark, size, words. Shape tells the systems apart without colour.
SYSTEMS: dict[str, tuple[Any, float, str]] = {
    "discs": ("o", 7.0, "discs"),
    "ellipses": (ELLIPSE, 9.5, "ellipses"),
    "network": ("s", 6.2, "networks"),
    "balls": ("o", 7.5, "balls"),
    "lennard_jones": ("*", 10.5, "Lennard-Jones"),
}
_COLOURS = {"discs": "sat", "balls": "sat", "ellipses": "unsat", "lennard_jones": "unfinished"}
KEPT = ("P", "v", "h")  # the shapes of what was kept: no system has them
# φ_J by aspect ratio, n = 64 (ellipses.md §3), and of balls: where dots are looked for, never shown as a result
PHI_J = {1.0: 0.834, 1.01: 0.839, 1.02: 0.842, 1.05: 0.854, 1.1: 0.866, 1.2: 0.881, 1.4: 0.889, 1.5: 0.891, 2.0: 0.883, 3.0: 0.863}
BALLS = 0.648


def colour(stage: Stage, system: str) -> str:
    """The colour of a system; networks are drawn in ink."""
    return stage.colours.states[_COLOURS[system]] if system in _COLOURS else stage.colours.ink


def look(stage: Stage, system: str, filled: bool = True) -> dict[str, Any]:
    """How one system's dots look; open ones are unfinished."""
    mark, size, _ = SYSTEMS[system]
    own, page = colour(stage, system), stage.colours.page
    edge: dict[str, Any] = dict(markeredgecolor=page, markeredgewidth=0.7) if filled else dict(markeredgecolor=own, markeredgewidth=1.4)
    return dict(linestyle="none", marker=mark, markersize=size, color=own, markerfacecolor=own if filled else "none", **edge)


class Cloud:
    """The dots of one system on `ax`, one a seed: filled, open where unfinished, a triangle at the edge where above `top`."""

    def __init__(self, stage: Stage, ax: Any, system: str, top: float | None = None, zorder: float = 4):
        self.top = top
        self.done = ax.plot([], [], alpha=0.9, zorder=zorder, **look(stage, system))[0]
        self.open = ax.plot([], [], zorder=zorder, **look(stage, system, filled=False))[0]
        self.over = ax.plot([], [], zorder=zorder, clip_on=False, **{**look(stage, system), "marker": "^", "markersize": 8})[0]
        self.artists = stage.actor([self.done, self.open, self.over])

    def set(self, x: Any, y: Any, state: Any) -> None:
        """Dots at (x, y), arrays of shapes that broadcast, with `state` words; NaN and "waiting" are not drawn."""
        x, y, state = (np.ravel(v) for v in np.broadcast_arrays(x, y, state))
        left, right = self.done.axes.get_xlim()
        seen = np.isfinite(y) & (x >= left) & (x <= right) & (state != "waiting")  # a triangle is not clipped by the axes
        high = seen & (y > self.top) if self.top is not None else np.zeros(len(y), bool)
        done = (state == "sat") | (state == "unsat")
        put(self.done, x[seen & ~high & done], y[seen & ~high & done])
        put(self.open, x[seen & ~high & ~done], y[seen & ~high & ~done])
        put(self.over, x[high], np.full(high.sum(), 0.965 * (self.top or 0)))

    def hide(self) -> None:
        """Draw nothing."""
        for artist in self.artists:
            artist.set_visible(False)


class Kept:
    """What was kept on `ax`: grey open marks, one shape per keeping."""

    def __init__(self, stage: Stage, ax: Any, top: float | None = None):
        self.top = np.inf if top is None else 0.965 * top
        self.lines = [ax.plot([], [], zorder=2, **grey_mark(stage, mark))[0] for mark in KEPT[: most(stage)]]
        stage.actor(self.lines)

    def set(self, kept: list[tuple[Any, Any]]) -> None:
        """Each keeping is (x, y)."""
        kept = kept[-len(self.lines) :]
        for i, line in enumerate(self.lines):
            x, y = (np.ravel(v) for v in np.broadcast_arrays(*kept[i])) if i < len(kept) else (np.empty(0), np.empty(0))
            known = np.isfinite(x) & np.isfinite(y)
            put(line, x[known], np.minimum(y[known], self.top))


class EndNames:
    """Each system named right of the axes, at the height of its last dots; names are pushed apart where they would touch."""

    def __init__(self, stage: Stage, ax: Any, systems: tuple[str, ...], words: dict[str, str] | None = None):
        self.ax, self.apart = ax, (0.075 if stage.narrow else 0.085)  # share of the axes' height
        named = {name: (words or {}).get(name, SYSTEMS[name][2]) for name in systems}
        self.names = {name: ax.text(1.06 if stage.narrow else 1.04, 0, word, color=colour(stage, name), transform=ax.transAxes, va="center",
                                    weight="bold") for name, word in named.items()}  # fmt: skip
        self.marks = {name: ax.plot([1.03 if stage.narrow else 1.02], [0], transform=ax.transAxes, clip_on=False, **look(stage, name))[0]
                      for name in named}  # fmt: skip
        self.artists = stage.actor([*self.names.values(), *self.marks.values()])

    def set(self, heights: dict[str, float]) -> None:
        """Heights in data coordinates, NaN: not shown."""
        low, high = self.ax.get_ylim()
        at = {name: np.clip((y - low) / (high - low), 0.02, 0.98) for name, y in heights.items() if np.isfinite(y)}
        order = sorted(at, key=lambda name: at[name])
        for below, above in zip(order, order[1:]):
            at[above] = max(at[above], at[below] + self.apart)
        down = max(0.0, max(at.values(), default=0.0) - 1.0)  # none stands above the axes
        at = {name: y - down for name, y in at.items()}
        for name, text in self.names.items():
            for artist in (text, self.marks[name]):
                artist.set_visible(name in at)
            if name in at:
                text.set_y(at[name])
                self.marks[name].set_ydata([at[name]])


def kept_names(stage: Stage, marks: tuple[str, ...] = KEPT, high: float = 58) -> KeptNames:
    """The names of what was kept: right of the legend at the foot, on a phone above it; `high`: their top there, in pixels."""
    left, top = (12.0, high) if stage.narrow else (0.57 * stage.width, 58.0)
    return KeptNames(stage, left, top, marks[: most(stage)])


def side_by_side(at: np.ndarray, seeds: int, band: float) -> np.ndarray:
    """Places `at` (…,) with a place of its own for each seed, (…, seed), within ± band; the same every time."""
    offset = np.linspace(-1, 1, seeds) if seeds > 1 else np.zeros(1)
    return np.asarray(at, float)[..., None] + band * offset


def ratio(N_delta: Any, N: Any) -> np.ndarray:
    """N_Δ/N; NaN where N is not known."""
    N_delta, N = np.broadcast_arrays(np.asarray(N_delta, float), np.asarray(N, float))
    return np.divide(N_delta, N, out=np.full(N.shape, np.nan), where=N > 0)


def ratio_axis(stage: Stage, ax: Any, name: str, label: bool = True) -> Any:
    """The N_Δ/N axis with its zero, and N_Δ = N as theory; returns that line."""
    ax.set(ylim=(-0.08, TOP), label=name)
    ax.set_yticks([0, 0.5, 1, 1.5])
    if label:
        ax.set_ylabel(RATIO)
    ax.axhline(0, color=stage.colours.ink, linewidth=1)
    return theory(stage, ax, 1)


class Theory:
    """Lines and words of theory, hidden on axes without data: where a prediction is still to come they would give it away."""

    def __init__(self, stage: Stage, artists: list[Any]):
        self.stage, self.artists, self.told = stage, artists, False
        for artist in artists:
            artist.set_visible(False)

    def tell(self) -> None:
        """Show them from now on."""
        if not self.told:
            self.told = True
            for artist in self.artists:
                artist.set_visible(True)
            self.stage.reset_scenery()


def theory(stage: Stage, ax: Any, at: float, **more: Any) -> Any:
    """A dashed line across at a height that theory gives."""
    return ax.axhline(at, color=stage.colours.sources["theory"], zorder=1.2, **style.LINES["theory"], **more)


def note(stage: Stage, ax: Any, x: float, y: float, words: str, **more: Any) -> Any:
    """Words in the colour of theory, over a pale box; x as a share of the axes' width, y in data coordinates."""
    told = dict(color=stage.colours.sources["theory"], va="bottom", bbox=behind_words(stage), zorder=1.3)
    return ax.text(x, y, words, transform=ax.get_yaxis_transform(), **{**told, **more})


def handle(stage: Stage, system: str, words: str, filled: bool = True) -> Line2D:
    """A legend's entry for the dots of a system."""
    return Line2D([], [], label=words, **look(stage, system, filled))


def line_handle(stage: Stage, kind: str, words: str) -> Line2D:
    """A legend's entry for a line of some source."""
    return Line2D([], [], color=stage.colours.sources[kind], label=words, **style.LINES[kind])


class PredictionName:
    """The last entry of a legend, "your prediction": there only while one is drawn, and in its colour."""

    def __init__(self, stage: Stage, key: Any):
        self.stage, self.line, self.words = stage, key.get_lines()[-1], key.get_texts()[-1]
        self._show(False)

    def _show(self, on: bool) -> None:
        self.line.set_visible(on)
        self.words.set_visible(on)

    def follow(self, prediction: Prediction, context: Context) -> None:
        on, tint = context.prediction is not None and len(context.prediction[0]) > 0, prediction.colour_for(context)
        if (on, tint) != (self.line.get_visible(), self.line.get_color()):
            self._show(on)
            self.line.set_color(tint)
            self.stage.reset_scenery()


def predict(prediction: Prediction, context: Context, convert: Callable[[np.ndarray], np.ndarray] = lambda x: x) -> None:
    """The learner's curve on its axes, `convert` making their x of its own; what lies beyond the axes is left out."""
    if context.prediction is not None and len(context.prediction[0]):
        x, y = (np.asarray(v, float) for v in context.prediction)
        context = replace(context, prediction=within(convert(x), y, *prediction.line.axes.get_xlim()))
    prediction.line.set_visible(True)
    prediction.set(context)


def within(x: np.ndarray, y: np.ndarray, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    """The part of a curve from `low` to `high`, cut where it leaves them; a step stays a step."""
    order = np.argsort(x, kind="stable")
    x, y = x[order], y[order]
    inside = (x >= low) & (x <= high)
    left = [low] if x[0] < low <= x[-1] else []
    right = [high] if x[0] <= high < x[-1] else []
    return (np.concatenate([left, x[inside], right]),
            np.concatenate([np.interp(left, x, y), y[inside], np.interp(right, x, y)]))  # fmt: skip


def legend_below(stage: Stage, handles: list[Any], columns: int) -> Any:
    """A legend at the foot of the picture."""
    return stage.figure.legend(handles=handles, loc="lower left", bbox_to_anchor=(0.012, 0.006), ncols=columns, columnspacing=1.2,
                               handletextpad=0.4, labelspacing=0.25, borderaxespad=0.0,
                               handlelength=1.6 if stage.narrow else 1.8)  # fmt: skip


def shape(values: dict[str, Any]) -> str:
    """The kind of particles that the controls ask for: discs longer than wide are ellipses."""
    kind = str(values.get("kind", "discs"))
    return "ellipses" if kind == "discs" and float(values.get("aspect", 1.0)) > 1 else kind


def expected(kind: str, aspect: float = 1.0) -> float:
    """About where a packing of this kind jams: the middle of the axis, not a result."""
    if kind == "balls":
        return BALLS
    return float(np.interp(aspect if kind == "ellipses" else 1.0, list(PHI_J), list(PHI_J.values())))
