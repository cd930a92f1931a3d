"""Stored maps: what was computed before, over a grid of arguments, and moves in the browser without a kernel."""

from functools import cache
from typing import Any

import numpy as np

from .. import data
from ..app import Curve, Layer, StoredMap
from ..jamming import threshold


@cache
def phase_table() -> Any:
    """The stored phase diagram: N_delta, state over (labels, P, N, seed), with what is shown and said of each cell."""
    ds = data.stored("phase_diagram")
    ratio = (ds.N_delta / ds.N).transpose(*ds.N_delta.dims)
    left = ratio.where(ds.N_delta > 0)
    middle = left.median("seed")  # of those that are not satisfied: never an average over both kinds
    return ds.assign(
        ratio=ratio.assign_attrs(symbol="N_Δ/N"),
        satisfied=(ds.state == "sat").sum("seed"),
        share=(ds.state == "sat").mean("seed"),
        seeds=ds.sizes["seed"],
        left=middle,
        unmet=middle.fillna(0.0),
        per_point=ds.N / ds.P,
    ).assign_coords(
        N=ds.N.assign_attrs(symbol="N", long_name="number of weights"),
        P=ds.P.assign_attrs(symbol="P", long_name="number of training points"),
        labels=ds.labels.assign_attrs(symbol="labels", long_name="labels"),
    )


def phase_thresholds(ds: Any) -> np.ndarray:
    """N* of every P with its 16th and 84th percentile, from the stored seeds: (labels, P, 3)."""
    sat = (ds.state == "sat").transpose("labels", "P", "N", "seed").values
    return np.array([[threshold(ds.N.values.astype(float), row) for row in block] for block in sat])


def phase_curves(ds: Any) -> list[Curve]:
    """N = P, and where half of the networks fit."""
    P, (star, low, high) = ds.P.values, np.moveaxis(phase_thresholds(ds), -1, 0)
    return [
        Curve("N = P", P, P, "as many weights as points", "theory"),
        Curve("N*(P)", star, P, "half of the networks fit (16 to 84 % of seeds drawn again)", "stored", low, high),
    ]


phase_diagram = StoredMap(
    name="phase_diagram",
    title="Networks fit their points long before they have as many weights as points, and random labels cost them more",
    data=phase_table,
    x="N",
    y="P",
    log=("N", "P"),
    frame="labels",
    frames={"parity": "odd or even digit", "random": "a coin's answer"},
    layers=(
        Layer("share", "share of networks that satisfy all points", 0, 1, "satisfied", ("none", "all satisfy every point"), "satisfied",
              numbered="in a cell: how many satisfy", hatch=0.5, hatched="fewer than half"),
        Layer("unmet", "N_Δ/N of the others (median)", 0, 1.6, "unmet", ("N_Δ/N = 0", "1.6 and more"), decimals=1,
              numbered="in a cell: N_Δ/N", hatch=0.01, hatched="0: all satisfy"),
    ),
    words=("N = {N}, P = {P} (N/P = {per_point}), {labels}", "{satisfied} of {seeds} networks satisfy all points", "{others}",
           "N_Δ/N = {left:2} (median of those not satisfied)"),
    detail="ratio",
    state="state",
    top=1.6,
    levels={"particles: N_Δ = N": 1.0},
    curves=phase_curves,
    start=dict(N=60, P=300, labels="parity"),
    presets={
        "at the threshold": dict(N=80, P=400, labels="parity"),
        "N = P": dict(N=298, P=300, labels="parity"),
        "too small": dict(N=38, P=700, labels="parity"),
        "random labels": dict(N=80, P=400, labels="random"),
    },
    caption="Each cell is a group of networks of one size, trained to the end of their budget. Move over the map, or use the arrow keys.",
)  # fmt: skip
