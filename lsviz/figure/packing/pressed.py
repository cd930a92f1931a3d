"""A packing under pressure: the particles themselves, and N_Δ/N and the energy at every density visited."""

from collections.abc import Callable
from itertools import zip_longest
from typing import Any

import numpy as np
from matplotlib.lines import Line2D

from .. import style
from ..dots import Dots, Ghosts, KeptNames, Memo, Prediction, Read, most, put, state_handle
from ..stage import Context, Draw, Stage
from .grains import Grains, box_axes, line_key, overlap_key

RATIO_TOP = 1.9
PHI = {2: (0.70, 0.96), 3: (0.52, 0.78)}  # the density axis in the plane and in space
REPELLED = (-0.0004, 0.005)  # energy per particle where forces only repel
BOUND = (-4.0, 6.0)  # and where they attract, too
WORDS = dict(sat="unjammed", unsat="jammed", unfinished="not at rest")
AT_REST = "at rest"  # how particles end that attract each other: they do not jam


def ratio(ds: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """φ, N_Δ/N and state of every seed."""
    N_delta, N = np.asarray(ds.N_delta.values, float), np.asarray(ds.N.values, float)
    return (
        np.full(len(N), float(ds.phi)),
        N_delta / np.where(N > 0, N, np.nan),
        ds.state.values,
    )  # N = 0: nothing is held yet


def energy(ds: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """φ, energy per particle and state of every seed."""
    values = np.asarray(ds.energy.values, float)
    return np.full(len(values), float(ds.phi)), values, ds.state.values


def attracts(ds: Any) -> bool:
    """Whether there are attractive forces, so that energies are of order one and may be negative."""
    return bool((ds.contact_force.values < 0).any() or (ds.energy.values < -1e-9).any())


def round_ones(ds: Any) -> bool:
    """Whether these are discs or balls that only repel: they alone jam with as many contacts as free directions."""
    return bool(np.array_equal(ds.major.values, ds.minor.values)) and not attracts(ds)


def ended(read: Read) -> Read:
    """What `read` finds; what attracts is not jammed but at rest."""

    def found(ds: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        x, y, state = read(ds)
        return x, y, np.where(state == "unsat", AT_REST, state) if attracts(ds) else state

    return found


def packing(stage: Stage) -> Draw:
    """The packing itself; beside it N_Δ/N and energy against φ, a dot for every density visited."""
    width, height = stage.width, stage.height
    beside = False
    if stage.narrow:
        side = min(width - 16.0, height - 258.0)
        half, bottom = (width - 34 - 56 - 12) / 2, 134.0
        tall = height - side - 38 - bottom
        places = (34.0, bottom, half, tall), (34 + half + 56, bottom, half, tall)
        corner, words, key, kept = (width - side) / 2, (8.0, 86.0), (8.0, 20.0), (12.0, 18.0)
    else:
        beside = width >= 860  # the legend fits beside the box; else it stands below it
        side = min(height - (18.0 if beside else 96.0), 0.47 * width)
        left, rest, foot = side + 80, width - side - 80 - 14, 138.0 if beside else 106.0
        places = (left, foot + 124, rest, height - foot - 152), (left, foot, rest, 92.0)
        corner, words, kept = 10.0, (side + 24, foot - 59), (left + 12, height - 40.0)
        key = (side + 18, 5.0) if beside else (8.0, 10.0)
    box = box_axes(stage, corner, height - side - (6.0 if stage.narrow else 9.0), side)
    grains = Grains(stage, box)
    panels = [_panel(stage, place, name) for place, name in zip(places, ("ratio", "energy"))]
    draws = _ratio(stage, panels[0]), _energy(stage, panels[1])
    stage.figure.text(words[0] / width, words[1] / height, "overlap", va="center")
    inset = 62 if stage.narrow else 74
    overlap_key(stage, words[0] + inset, words[1] - 6, width - words[0] - inset - 16)
    keys = [
        _key(stage, (key[0] / width, key[1] / height), 3 if stage.narrow or beside else 2, attract)
        for attract in (False, True)
    ]
    keys[True].set_visible(False)
    names = KeptNames(stage, *kept, Ghosts.MARKS[: most(stage)])
    space = 2

    def draw(ds: Any, context: Context) -> None:
        nonlocal space
        if ds.sizes["axis"] != space:
            space = ds.sizes["axis"]
            for ax in panels:
                _density(stage, ax, space)
            stage.reset_scenery()
        if keys[attracts(ds)].get_visible() is False:
            for attract, each in enumerate(keys):
                each.set_visible(attract == attracts(ds))
            stage.reset_scenery()
        grains.set(ds)
        names.set(context.ghosts)
        for each in draws:
            each(ds, context)

    return draw


def _panel(stage: Stage, place: tuple[float, float, float, float], name: str) -> Any:
    left, bottom, width, height = place
    ax = stage.figure.add_axes(
        (left / stage.width, bottom / stage.height, width / stage.width, height / stage.height), label=name
    )
    _density(stage, ax, 2)
    return ax


def _density(stage: Stage, ax: Any, space: int) -> None:
    """The axis of φ; its numbers stand below the lower panel, or below both where they are side by side."""
    low, high = PHI[space]
    ax.set_xlim(low - 0.006, high + 0.006)
    every = 0.1 if stage.narrow else 0.05
    ticks = np.arange(np.ceil(low / every - 1e-9), high / every + 1e-9) * every
    if ax.get_label() == "energy" or stage.narrow:
        ax.set_xticks(ticks, [f"{t:.2g}" for t in ticks])
        ax.set_xlabel(r"packing fraction  $\varphi$", labelpad=1)
    else:
        ax.set_xticks(ticks, [""] * len(ticks))


def _ratio(stage: Stage, ax: Any) -> Callable[[Any, Context], None]:
    theory = stage.colours.sources["theory"]
    ax.set(ylim=(-0.14, RATIO_TOP), yticks=[0, 0.5, 1, 1.5])
    ax.set_title(_ratio_title(stage, False))
    ax.axhline(0, color=stage.colours.ink, linewidth=1)
    line = stage.actor(ax.axhline(1, color=theory, **style.LINES["theory"]))
    name = stage.actor(
        ax.text(0.01, 1.04, r"$N_\Delta=N$", color=theory, va="bottom", transform=ax.get_yaxis_transform())
    )
    marks, prediction = _Marks(stage, ax, ratio, RATIO_TOP), Prediction(stage, ax)

    def draw(ds: Any, context: Context) -> None:
        for each in (line, name):
            each.set_visible(round_ones(ds))
        words = _ratio_title(stage, attracts(ds))
        if words != ax.get_title("left"):
            ax.set_title(words)
            stage.reset_scenery()
        marks.set(ds, context.trail, context.ghosts)
        prediction.set(context)

    return draw


def _ratio_title(stage: Stage, attract: bool) -> str:
    if stage.width < 820:
        return r"$N_\Delta/N$"
    return rf"$N_\Delta/N$: {'neighbours per coordinate' if attract else 'overlaps per free direction'}"


def _energy(stage: Stage, ax: Any) -> Callable[[Any, Context], None]:
    ax.set_title("energy" if stage.width < 720 else "energy per particle")
    ax.axhline(0, color=stage.colours.ink, linewidth=1)
    marks = _Marks(stage, ax, energy, REPELLED[1])
    now = None

    def draw(ds: Any, context: Context) -> None:
        nonlocal now
        bound = attracts(ds)
        if bound != now:
            now = bound
            ax.set_ylim(*(BOUND if bound else REPELLED))
            ticks = [-4, 0, 4] if bound else [0, 0.002, 0.004]
            ax.set_yticks(ticks, [f"{t:g}".replace("-", "−") for t in ticks])
            marks.top((BOUND if bound else REPELLED)[1])
            stage.reset_scenery()
        same = [(words, found) for words, found in context.ghosts if attracts(found[-1]) == bound]
        marks.set(ds, context.trail, same)

    return draw


class _Marks:
    """The present density as a line with its dot, all that were visited before, and what was kept."""

    def __init__(self, stage: Stage, ax: Any, read: Read, top: float):
        self.read, self.visited = ended(read), Memo(ended(read))
        self.ghosts = Ghosts(stage, ax, top, most(stage), read)
        self.here = stage.actor(ax.axvline(0.8, color=stage.colours.faint, linewidth=1.2, zorder=1))
        self.trail, self.dots = Dots(stage, ax, top=top, faded=True, zorder=3), Dots(stage, ax, top=top, zorder=5)
        self.dots.says = False  # one dot above the axis needs no counting
        self.old_stars, self.stars = (stage.actor(ax.plot([], [], **star(stage, faded))[0]) for faded in (True, False))

    def top(self, top: float) -> None:
        """Another height of the axis."""
        for marks in (self.trail, self.dots):
            marks.top, marks.row = top, 0.965 * top
        self.ghosts.top = 0.965 * top

    def set(self, ds: Any, trail: list[Any], ghosts: list[tuple[str, list[Any]]]) -> None:
        self.here.set_xdata([float(ds.phi)] * 2)
        for dots, stars, found in (
            (self.dots, self.stars, self.read(ds)),
            (self.trail, self.old_stars, self.visited(trail)),
        ):
            dots.set(*found)
            x, y, state = found
            chosen = (state == AT_REST) & np.isfinite(y)
            put(stars, x[chosen], np.minimum(y[chosen], dots.row))
        self.ghosts.set(ghosts)


def star(stage: Stage, faded: bool = False) -> dict[str, Any]:
    """How particles look that attract each other and are at rest: as in the picture that compares them with discs."""
    size, alpha, zorder = (10.0, 0.5, 3) if faded else (13.5, 0.95, 5)
    return dict(linestyle="none", marker="*", markersize=size, color=stage.colours.states["unfinished"], alpha=alpha, zorder=zorder,
                markeredgecolor=stage.colours.page, markeredgewidth=0.7)  # fmt: skip


def _key(stage: Stage, place: tuple[float, float], columns: int, attract: bool) -> Any:
    """Dots and lines of the whole picture: of particles that only repel, or of those that `attract`, too."""
    handles = [Line2D([], [], label="at rest", **star(stage))] if attract else []
    for state, words in WORDS.items():
        if attract and state != "unfinished":
            continue
        handles.append(state_handle(stage, state, words))
    lines = line_key(stage, attract)
    rows = (
        [handle for pair in zip_longest(handles, lines) for handle in pair if handle]
        if columns == 3
        else [*handles, *lines]
    )
    return stage.figure.legend(handles=rows, loc="lower left", bbox_to_anchor=place, ncols=2 if attract else columns,
                               columnspacing=0.8 if stage.narrow else 1.0, handletextpad=0.4, labelspacing=0.25,
                               borderaxespad=0.0, handlelength=1.6)  # fmt: skip
