"""App of lesson 0: a small network learns points in the plane while you look."""

from typing import Any

import numpy as np

from ..app import App, Steps

STEPS = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0)
WIDTHS = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 14.0, 20.0)


def sentence(ds: Any, values: dict[str, Any]) -> str:
    """The status line: how many networks fit all points, the largest loss and how many points are left."""
    left, P, seeds = ds.N_delta.values, int(ds.P), ds.sizes["seed"]
    done = int((left == 0).sum())
    words = f"{done} of {seeds} networks satisfy all P = {P} points"
    if done < seeds:
        others = np.sort(left[left > 0]).astype(int)
        span = f"{others[0]}" if others[0] == others[-1] else f"{others[0]} to {others[-1]}"
        words += f", {'the other leaves' if done == seeds - 1 else 'the others leave'} N_Δ = {span}"
    low, high = float(ds.loss.min()), float(ds.loss.max())
    span = f"{low:.2g} to {high:.2g}" if high < 1e6 else f"{low:.2g} to beyond a million"
    return f"{words}; losses {span}; N = {int(ds.N)}, step size η = {values['learning_rate']:g}, {int(ds.iterations)} steps"


toy_descent = App(
    name="toy_descent",
    title="A network is a function f(w, x) that rolls downhill until its points are satisfied",
    source="toy_descent",
    picture="toy:learning",
    controls=dict(h=Steps(WIDTHS, unit="neurons a layer"), P=(4, 120, 4), learning_rate=Steps(STEPS)),
    more=dict(L=(1, 5), labels={"parity": "two half circles", "random": "coin flips"}, noise=Steps((0.0, 0.05, 0.1, 0.15, 0.25, 0.4)),
              budget=Steps((100, 300, 600, 1000, 2000)), seeds=(1, 12), data_seed=(0, 9)),
    presets={"few parameters": dict(h=2.0), "many parameters": dict(h=20.0, learning_rate=0.1), "coin flips": dict(labels="random")},
    status=sentence,
    caption="Left: the first network; its answer f is positive on blue, negative on orange, and pale where |f| < 1. "
            "Right: every line and every dot is one network with a start of its own.",
)  # fmt: skip
