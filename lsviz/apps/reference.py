"""What stands behind the live networks: stored networks at budgets no hand waits for, the N*(P) they give, and what was published.

Nothing here is typed in but where the authors looked: N*, brackets and exponents are computed from the stored networks when asked for.
"""

import itertools
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from .. import sweep
from ..jamming import threshold

# Geiger et al. 2019, arXiv:1809.09349, after the settings of the authors' runs: a scan is where they looked, not an N* that we would know.
HALF_WAY = "random points, ReLU, L = 3: half of them fit here, 10⁷ steps"
SCANNED = "the slide, L = 5: scanned here, 3·10⁶ steps"
PUBLISHED = {HALF_WAY: (7854, 2.80, 3.30), SCANNED: (3930, 31_000 / 3930, 68_000 / 3930)}  # N, P/N from, to
SLIDE = 3930  # N of the slide's network: L = 5, h = 30
AHEAD = (100, 200_000)  # the P over which a power law is continued: as far as the brackets of the slide's N reach

# curve → (what is said of it, the sweeps that hold it, its labels)
CURVES: dict[str, tuple[str, tuple[str, ...], str]] = {
    "digits": ("digits", ("threshold_digits", "threshold_large"), "parity"),
    "random_labels": ("random labels", ("threshold_digits", "threshold_large"), "random"),
    "random_points": ("random points", ("threshold_points", "threshold_large_points"), "parity"),
    "cross_entropy": ("cross-entropy", ("threshold_cross_entropy",), "parity"),
    "relu_1": ("L = 1", ("relu_1",), "parity"),
    "relu_3": ("L = 3", ("relu_3",), "parity"),
    "relu_5": ("L = 5", ("relu_5",), "parity"),
}
NETWORKS = tuple(dict.fromkeys(name for _, names, _ in CURVES.values() for name in names))
SAME = ("dataset", "labels", "d", "preset", "data_seed", "act", "beta", "loss", "optimizer")  # what must agree with the live networks
LIVE = dict(dataset="mnist", labels="parity", d=10, preset="jamming", data_seed=0, act="swish", beta=1.0, loss="hinge", optimizer="lm", L=2)


@cache
def _replay(name: str) -> Any:
    return sweep.replay(name)


def stored() -> dict[str, Any]:
    """The sweeps of networks that come with the package, by name, each called like its experiment."""
    there = sweep.packaged()
    return {name: _replay(name) for name in NETWORKS if name in there}


class Cell(NamedTuple):
    """All networks of one sweep that learn the same P points."""

    name: str
    labels: str
    P: int
    L: int


def cells() -> list[Cell]:
    """Every P that is stored, with its labels."""
    found = []
    for name, replay in stored().items():
        axes, fixed = replay.grid.axes, replay.grid.fixed
        labels = axes.get("labels") or (fixed["labels"],)
        found += [Cell(name, word, int(P), int(fixed["L"])) for word, P in itertools.product(labels, axes["P"])]
    return found


@cache
def networks(cell: Cell) -> Any:
    """The networks of a cell as from network_transition: (width, seed) N_delta, loss, state; (width) N; N_star with its bootstrap error.

    attrs: `label` says which they are, `made` by which command, when, and how long it took.
    """
    replay = stored()[cell.name]
    if "h" in replay.grid.axes:
        ds = sweep.results(cell.name).sel(P=cell.P)[["N_delta", "loss", "state", "N"]].rename(h="width").reset_coords(drop=True)
        ds = ds.assign(h=ds.width)
    else:
        chosen = dict(labels=cell.labels) if "labels" in replay.grid.axes else {}
        ds = replay(P=cell.P, **chosen)[["N_delta", "loss", "state", "N", "h"]]
    known = np.isfinite(ds.N.values)
    star = threshold(ds.N.values[known], ds.state.values[known] == "sat")
    ds = ds.isel(width=known).assign({"P": float(cell.P), **dict(zip(("N_star", "N_star_low", "N_star_high"), star))})
    mine = next(key for key, (_, names, labels) in CURVES.items() if cell.name in names and cell.labels == labels)
    return ds.assign_attrs(label=label(cell), curve=mine, made=replay.label.removeprefix("stored: "))


def spaced(number: int) -> str:
    """30 000 with a space at which no line breaks; a number of four digits as it is."""
    return f"{number:,}".replace(",", "\u00a0") if number >= 10_000 else str(number)


def label(cell: Cell) -> str:
    """Which networks these are: "stored: ReLU, Adam 30 000 steps, L = 3, P = 1000, 16 seeds"."""
    held = stored()[cell.name].grid.fixed
    steps = spaced(held["budget"])
    how = f"ReLU, Adam {steps} steps" if held["act"] == "relu" else f"{held['act']}, {steps} iterations"
    return f"stored: {how}, L = {cell.L}, P = {cell.P}, {len(held['seeds'])} seeds"


def transition(values: dict[str, Any]) -> Any:
    """The stored networks that belong to these values of the live app, or None: same points, labels, network and descent.

    The depth of ReLU networks and P may differ: the stored one that is nearest in ratio is taken, and named. The budget is what differs.
    """
    asked = {**LIVE, **values}
    if asked.get("how") == "adam":
        asked.update(act="relu", optimizer="adam")
    relu = asked["act"] == "relu"  # a ReLU has no sharpness, so any beta is the same network
    if not (asked["P"] > 0 and asked["L"] > 0):
        return None
    found = []
    for cell in cells():
        held = {**stored()[cell.name].grid.fixed, "labels": cell.labels}
        if all(held[name] == asked[name] for name in SAME if not (relu and name == "beta")) and (relu or asked["L"] == cell.L):
            found.append((abs(np.log(cell.L / asked["L"])), abs(np.log(cell.P / asked["P"])), cell))
    return networks(min(found)[2]) if found else None


def curve(values: dict[str, Any]) -> str | None:
    """The stored curve N*(P) to which the networks of these values belong, or None."""
    ds = transition(values)
    if ds is None or not np.isfinite(thresholds().exponent.sel(curve=ds.attrs["curve"])):
        return None
    return ds.attrs["curve"]


def bracket(ds: Any) -> tuple[float, float, float]:
    """N* with what is known of it: from the last size below half to the first at or above it, or wider where other seeds say so.

    The bootstrap alone is falsely narrow: where every seed agrees on both sizes it has no width at all.
    """
    N, sat = ds.N.values, (ds.state == "sat").mean("seed").values
    order = np.argsort(N)
    below = np.flatnonzero(sat[order] < 0.5)
    at, low, high = (float(ds[name]) for name in ("N_star", "N_star_low", "N_star_high"))
    if not np.isfinite(at):
        return np.nan, np.nan, np.nan
    last = below[-1]
    return at, min(low, float(N[order][last])), max(high, float(N[order][last + 1]))


@cache
def thresholds() -> Any:
    """Every stored N*(P): (curve, P) N_star with N_star_low and N_star_high (`bracket`), NaN where nothing is stored.

    (curve): exponent of the power law through them with exponent_low, exponent_high, as far as the brackets allow; words. (curve, ahead):
    that law continued, with its least and largest. (mark): what was published or stored at one N, from P_low to P_high; kind, told.
    """
    import xarray as xr

    all_cells = cells()
    there = {name: [c for c in all_cells if c.name in names and c.labels == labels] for name, (_, names, labels) in CURVES.items()}
    there = {name: found for name, found in there.items() if found}
    P = sorted({cell.P for found in there.values() for cell in found})
    table = np.full((3, len(there), len(P)), np.nan)
    for row, found in enumerate(there.values()):
        for cell in found:
            table[:, row, P.index(cell.P)] = bracket(networks(cell))
    ahead = np.geomspace(*AHEAD, 34)
    picks = dict(continued=lambda lines: lines[0], continued_low=lambda lines: lines.min(0), continued_high=lambda lines: lines.max(0))
    fits = [Lines(P, *table[:, row]) for row in range(len(there))]
    marks = [(N, N * low, N * high, "published", f"published: {words}") for words, (N, low, high) in PUBLISHED.items()] + slide_mark()
    columns: dict[str, Any] = {
        **{name: (("curve", "P"), values) for name, values in zip(("N_star", "N_star_low", "N_star_high"), table)},
        "exponent": ("curve", [fit.slope[0] for fit in fits]),
        "exponent_low": ("curve", [fit.slope.min() for fit in fits]),
        "exponent_high": ("curve", [fit.slope.max() for fit in fits]),
        **{name: (("curve", "ahead"), np.reshape([pick(fit.at(ahead)) for fit in fits], (-1, ahead.size))) for name, pick in picks.items()},
        "words": ("curve", [CURVES[name][0] for name in there]),
        **{name: ("mark", list(column)) for name, column in zip(("mark_N", "mark_P_low", "mark_P_high", "kind", "told"), zip(*marks))},
    }
    return xr.Dataset(columns, dict(curve=list(there), P=P, ahead=ahead))


def slide_mark() -> list[tuple[float, float, float, str, str]]:
    """The slide's network as stored: from the last P at which half of its seeds fit to the first at which they do not."""
    if "relu_slide" not in sweep.packaged():
        return []
    ds = sweep.results("relu_slide").sortby("P")
    sat = (ds.state == "sat").mean("seed").values
    fits = np.flatnonzero(sat >= 0.5)
    if not fits.size or fits[-1] == len(sat) - 1:
        return []
    steps = spaced(_replay("relu_slide").grid.fixed["budget"])
    at = fits[-1]
    beyond = ds.state.isel(P=slice(at + 1, None))
    left = f"{int((beyond == 'unfinished').sum())}/{beyond.size} unfinished"
    told = f"stored: the slide's network, half of its seeds fit here, {steps} steps; beyond, {left}"
    return [(float(ds.N[at]), float(ds.P[at]), float(ds.P[at + 1]), "stored", told)]


class Lines:
    """Power laws N* ∝ P^slope by least squares in the logarithms: the first through the N*, the others through all corners of the brackets.

    NaN with fewer than three N*: two points always lie on a line.
    """

    def __init__(self, P: Any, at: Any, low: Any, high: Any) -> None:
        known = np.isfinite(at)
        self.slope = self.offset = np.array([np.nan])
        if known.sum() < 3:
            return
        x = np.log(np.asarray(P, float)[known])
        ends = np.log(np.array([low, high], float)[:, known])
        corners = np.array(list(itertools.product(*ends.T)))
        y = np.vstack([np.log(np.asarray(at)[known]), corners])
        self.slope = y @ (x - x.mean()) / ((x - x.mean()) ** 2).sum()
        self.offset = y.mean(1) - self.slope * x.mean()

    def at(self, P: Any) -> np.ndarray:
        """N* of every line at P: (line, P)."""
        return np.exp(self.slope[:, None] * np.log(np.asarray(P, float)) + self.offset[:, None])

    def reach(self, N: float) -> np.ndarray:
        """The P at which every line comes to N."""
        return np.exp((np.log(N) - self.offset) / self.slope)


def continued(curve: str, N: float) -> tuple[float, float, float]:
    """The P at which the power law through a stored curve reaches N, with the least and the largest that its brackets allow."""
    ds = thresholds().sel(curve=curve)
    reached = Lines(ds.P.values, ds.N_star.values, ds.N_star_low.values, ds.N_star_high.values).reach(N)
    return float(reached[0]), float(reached.min()), float(reached.max())
