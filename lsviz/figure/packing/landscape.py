"""Many minima of one density: the energy of each, along the straight lines between them, and how different they are."""

from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.lines import Line2D

from .. import style
from ..dots import Dots, KeptNames, grey_mark, put
from ..stage import Context, Draw, Stage

FLOOR, TOP = 1e-7, 0.5  # energy per particle; no energy at all stands at the foot
FAR = 1.25  # small diameters: the end of the colours of difference
WRITTEN = 12  # so many minima at most have their differences written out


def minima(stage: Stage) -> Draw:
    """Energy of every minimum, and along the straight line to the next one; how different each two are."""
    width, height = stage.width, stage.height
    if stage.narrow:
        land = stage.figure.add_axes((56 / width, 1 - 240 / height, 1 - 68 / width, 212 / height), label="landscape")
        side = min(width - 90.0, height - 382.0)
        corner, key = (44.0, 44.0), height - 302.0
    else:
        side = min(height - 100.0, 0.36 * width)
        left = 62.0
        land = stage.figure.add_axes(
            (left / width, 112 / height, 1 - (left + side + 76) / width, 1 - 142 / height), label="landscape"
        )
        key = 36.0
        corner = (width - side - 14.0, height - side - 30.0)
    table = stage.figure.add_axes(
        (corner[0] / width, corner[1] / height, side / width, side / height), label="difference"
    )
    draws = _landscape(stage, land), _difference(stage, table)
    _key(stage, (8 / width, key / height))
    names = KeptNames(stage, 12.0, 20.0, ("s",))

    def draw(ds: Any, context: Context) -> None:
        for each in draws:
            each(ds, context)
        names.set(context.ghosts)

    return draw


def _landscape(stage: Stage, ax: Any) -> Callable[[Any, Context], None]:
    """Up and down from minimum to minimum: a dot for each, and the energy along the straight line to the next."""
    colours = stage.colours
    ax.set(yscale="log", ylim=(FLOOR, TOP), xlim=(0.6, 8.4))
    ax.set_yticks([FLOOR, 1e-5, 1e-3, 1e-1], ["0", "$10^{-5}$", "$10^{-3}$", "$10^{-1}$"])
    ax.set_yticks([], minor=True)
    ax.grid(axis="y")
    ax.set_title(
        "energy, straight ways" if stage.width < 820 and not stage.narrow else "energy a particle, on straight ways"
    )
    ax.set_xlabel("throw", labelpad=1)
    lines = stage.actor(
        ax.plot([], [], color=colours.sources["live"], zorder=2, clip_on=True, **style.LINES["live"])[0]
    )
    kept = stage.actor(ax.plot([], [], zorder=1.5, **grey_mark(stage, "s"))[0])
    dots = Dots(stage, ax, zorder=4)

    def draw(ds: Any, context: Context) -> None:
        count = ds.sizes["seed"]
        if ax.get_xlim()[1] != count + 0.4:
            ax.set_xlim(0.6, count + 0.4)
            ax.set_xticks(range(1, count + 1, max(1, count // 8)))
            stage.reset_scenery()
        along = np.asarray(ds.energy_line.transpose("pair", "line").values, float)
        way = np.arange(1, len(along) + 1)[:, None] + np.asarray(ds.fraction.values, float)
        gap = np.full((len(along), 1), np.nan)  # where a line is not known yet
        lines.set_data(np.hstack([way, gap]).ravel(), np.hstack([np.clip(along, 1.2 * FLOOR, TOP), gap]).ravel())
        dots.set(np.arange(1, count + 1), height(ds), ds.state.values)
        old = [found[-1] for _, found in context.ghosts[-1:]]
        put(
            kept,
            *((np.arange(1, old[0].sizes["seed"] + 1) + 0.15, height(old[0])) if old else (np.empty(0), np.empty(0))),
        )

    return draw


def _key(stage: Stage, place: tuple[float, float]) -> None:
    """Where throws end, and the way between."""
    handles = []
    for state, words in (("sat", "unjammed"), ("unsat", "jammed")):
        mark, _, size, _ = style.MARKS[state]
        look: dict[str, Any] = dict(linestyle="none", marker=mark, markersize=size, color=stage.colours.states[state])
        handles.append(Line2D([], [], label=words, **look))
    handles.append(Line2D([], [], color=stage.colours.sources["live"], label="straight way", **style.LINES["live"]))
    stage.figure.legend(handles=handles, loc="lower left", bbox_to_anchor=place, ncols=3, columnspacing=1.0, handletextpad=0.4,
                        borderaxespad=0.0, handlelength=1.4)  # fmt: skip


def height(ds: Any) -> np.ndarray:
    """Where the minima stand: their energy per particle; those without any at the foot of the axis."""
    return np.maximum(np.asarray(ds.energy.values, float), 1.6 * FLOOR)


def _difference(stage: Stage, ax: Any) -> Callable[[Any, Context], None]:
    """How far the particles of two minima are apart, for each two, as numbers on their colours."""
    ends = ["#1c2530", "#2a567c", "#3f8fc9"] if stage.colours.dark else ["#f2f5f8", "#a9cfe8", "#4c93c8"]
    image = ax.imshow(np.zeros((2, 2)), cmap=LinearSegmentedColormap.from_list("difference", ends), vmin=0, vmax=FAR, origin="lower",
                      interpolation="nearest", extent=(0.5, 2.5, 0.5, 2.5), aspect="auto")  # fmt: skip
    stage.actor(image)
    ax.set_title("how far two minima are apart" if stage.width >= 820 or stage.narrow else "how far apart")
    ax.set_xlabel("throw", labelpad=1)
    ax.text(0.97, 0.06, "distance of a\nparticle (rms), in\nsmall diameters", transform=ax.transAxes, ha="right", va="bottom",
            color=stage.colours.faint, fontsize=11 if stage.width >= 820 else 9)  # fmt: skip
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.tick_params(length=0)
    words: list[Any] = []
    ticked = [0]  # the number of throws that the axes are for

    def draw(ds: Any, context: Context) -> None:
        count = ds.sizes["seed"]
        if count != ticked[0]:
            ticked[0] = count
            image.set_extent((0.5, count + 0.5, 0.5, count + 0.5))
            for each in (ax.set_xticks, ax.set_yticks):
                each(range(1, count + 1, max(1, count // 8)))
            ax.set(xlim=(0.5, count + 0.5), ylim=(0.5, count + 0.5))
            stage.reset_scenery()
        apart = np.tril(np.asarray(ds.difference.values, float), -1)
        apart[np.triu_indices(count)] = np.nan
        image.set_data(np.ma.masked_invalid(apart))
        cells = np.argwhere(np.isfinite(apart)) if count <= WRITTEN else np.empty((0, 2), int)
        while len(words) < len(cells):
            words.append(
                stage.actor(ax.text(0, 0, "", ha="center", va="center", fontsize=11 if stage.width >= 820 else 9))
            )
        for word in words[len(cells) :]:
            word.set_visible(False)
        for word, (i, j) in zip(words, cells):
            word.set(visible=True, position=(j + 1, i + 1), text=f"{apart[i, j]:.1f}")

    return draw
