"""Apps of lesson 0: a small network learns points in the plane while you look, and eight learn digits."""

from typing import Any

import numpy as np

from .. import network
from ..app import App, Ladder, Rung, Steps
from .jamming import BUDGETS, POINTS, d, tally

STEPS = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0)
WIDTHS = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 14.0, 20.0)
DIGIT_WIDTHS = (2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 5.5, 6.0, 7.0, 8.0, 10.0, 13.0)


def span(values: Any) -> str:
    """ "7 to 15", or one number when all are the same."""
    values = np.sort(np.asarray(values)).astype(int)
    return f"{values[0]}" if values[0] == values[-1] else f"{values[0]} to {values[-1]}"


def grown(loss: float) -> str:
    """A loss in words; one that blew up has no digits worth reading."""
    return f"{loss:.3g}" if loss < 1e6 else "beyond a million"


def held(words: str) -> str:
    """A sign stays on one line with its number."""
    return words.replace(" = ", "\u00a0=\u00a0")


def ended(ds: Any) -> str:
    """How many networks satisfy all points, and how many points the rest leave."""
    left, P, seeds = ds.N_delta.values, int(ds.P), ds.sizes["seed"]
    done = int((left == 0).sum())
    words = f"{done} of {seeds} networks satisfy all P = {P} points"
    if done == seeds:
        return words
    if not done:
        rest = "it leaves" if seeds == 1 else "they leave"
    else:
        rest = "the other leaves" if done == seeds - 1 else "the others leave"
    return f"{words}, {rest} N_Δ = {span(left[left > 0])}"


def sentence(ds: Any, values: dict[str, Any]) -> str:
    """The status line: how the networks ended, how many points are left, and the numbers of the first network."""
    first = f"the first network (left): loss {grown(float(ds.loss[0]))}, N_Δ = {int(ds.N_delta[0])}"
    return held(f"{ended(ds)} ({tally(ds.state)}); {first}; N = {int(ds.N)}, η = {values['learning_rate']:g}, "
                f"{int(ds.iterations)} steps of a budget of {int(values['budget'])}")  # fmt: skip


toy_descent = App(
    name="toy_descent",
    title="A network is a function f(w, x) that rolls downhill until its points are satisfied",
    source="toy_descent",
    picture="toy:learning",
    controls=dict(h=Steps(WIDTHS, unit="neurons a layer"), learning_rate=Steps(STEPS),
                  budget=Steps((100, 300, 600, 1000, 2000), unit="steps")),
    more=dict(P=(4, 120, 4), L=(1, 5), labels={"parity": "two half circles", "random": "random: a coin decides"},
              noise=Steps((0.0, 0.05, 0.1, 0.15, 0.25, 0.4)), seeds=(1, 12)),
    presets={"few weights": dict(h=2.0), "many weights": dict(h=20.0), "random labels": dict(labels="random")},
    status=sentence,
    caption="Left: f of the first network, positive on green, negative on purple, pale where |f| < 1. "
            "Right: a line and a dot for every network; colour and mark say how it ended.",
    size=(900, 400),
)  # fmt: skip


def sizes(values: dict[str, Any]) -> list[Rung]:
    """The widths of two-layer networks on digits, as numbers of weights."""
    nets = [network.dense(d, h, 2) for h in DIGIT_WIDTHS]
    return [Rung(float(net.N), h, str(net.N)) for h, net in zip(DIGIT_WIDTHS, nets)]


def count_sentence(ds: Any, values: dict[str, Any]) -> str:
    """The status line: how the networks ended, and how many points the others leave."""
    return held(f"{ended(ds)} ({tally(ds.state)}); N = {int(ds.N)} weights, {int(ds.iterations)} iterations")


digits = App(
    name="digits",
    title="Eight networks learn the same digits; only their random starts differ",
    source="network_jamming",
    picture="toy:digits",
    controls=dict(h=Ladder("N", sizes, long_name="number of weights"), P=POINTS, budget=BUDGETS),
    more=dict(labels={"parity": "odd or even digit", "random": "random: a coin decides"}, seeds=(1, 32)),
    start=dict(h=4.0, P=300, budget=300),
    presets={"fewer weights": dict(h=3.0), "more weights": dict(h=8.0), "a short budget": dict(budget=20)},
    status=count_sentence,
    caption="Each line and each dot is one network. They descend by the method of Levenberg and Marquardt, "
    "which knows the curvature as well as the slope: fewer and better aimed steps than plain descent takes.",
    size=(900, 380),
)
