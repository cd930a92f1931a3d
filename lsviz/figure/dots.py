"""Networks as dots: one mark per state, open when unfinished, at the edge when off the scale; and what stands behind them."""

from typing import Any

import numpy as np
from matplotlib.lines import Line2D

from . import style
from .stage import Stage

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


def jitter(seeds: int, spread: float = 0.012) -> np.ndarray:
    """Factors near 1 that part the dots of one width on a logarithmic axis; the same every time."""
    return np.exp(spread * ((np.arange(seeds) * 0.618034) % 1 - 0.5) * 2)


def median(values: Any) -> float:
    """Median of the finite values, NaN when there is none (and no warning)."""
    values = np.asarray(values, float)
    values = values[np.isfinite(values)]
    return float(np.median(values)) if values.size else float("nan")


def legend(stage: Stage, ax: Any, states: tuple[str, ...] = ("sat", "unsat", "unfinished"), sources: dict[str, str] | None = None,
           **place: Any) -> Any:  # fmt: skip
    """A static legend of marks (states of live networks) and lines (`sources`: kind → words)."""
    handles = []
    for state in states:
        mark, filled, size, words = style.MARKS[state]
        colour = stage.colours.states[state]
        handles.append(Line2D([], [], linestyle="none", marker=mark, markersize=size, color=colour, markeredgewidth=1.4,
                              markerfacecolor=colour if filled else "none", label=words))  # fmt: skip
    for kind, words in (sources or {}).items():
        handles.append(Line2D([], [], color=stage.colours.sources[kind], label=words, **style.LINES[kind]))
    place = {"loc": "upper right", "handletextpad": 0.4, "labelspacing": 0.3, "borderaxespad": 0.2, **place}
    return ax.legend(handles=handles, **place)
