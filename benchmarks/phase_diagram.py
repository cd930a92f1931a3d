"""The phase diagram of jamming over (N, P), for digits and for random labels: the stored run behind the app `phase_diagram`.

python benchmarks/phase_diagram.py [--P 100 150 200 300 400 500 700 1000] [--sizes 26] [--seeds 8] [--budget 150] [--write]: minutes on
one core. Every P is trained at the same sizes, from the smallest network there is to N/P = 1.3 at the most points, so that the map has
no holes. With --write the counts go into lsviz/store/phase_diagram.json, with the command, the date and the seconds they took.
"""

import argparse
import datetime
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

import lsviz
from lsviz import jamming, network

FILE = Path(lsviz.__file__).parent / "store" / "phase_diagram.json"
LABELS = ("parity", "random")
d, L = 10, 2


def widths(P: list[int], sizes: int) -> tuple[float, ...]:
    """Widths evenly spread in log N: from the smallest network there is, or N/P = 0.08 at the fewest points, to N/P = 1.3 at the most."""
    wanted = np.geomspace(max(network.dense(d, 1, L).N, 0.08 * min(P)), 1.3 * max(P), sizes)
    return tuple(sorted({network.width_for(float(N), d, L) for N in wanted}))


def row(P: int, labels: str, at: tuple[float, ...], seeds: int, budget: int) -> Any:
    """One row of the map, over (N, seed): how many points each network leaves, and how it ended."""
    ds = jamming.network_transition(P=P, labels=labels, d=d, L=L, widths=at, seeds=seeds, budget=budget)
    found = ds[["N_delta", "state"]].assign_coords(N=("width", ds.N.values.astype(int))).swap_dims(width="N")
    return found.drop_vars("width").assign(N_delta=found.N_delta.astype(int)).assign_coords(P=P, labels=labels)


def diagram(Ps: list[int], sizes: int, seeds: int, budget: int) -> Any:
    """All rows: N_delta and state over (labels, P, N, seed)."""
    at, blocks = widths(Ps, sizes), []
    for labels in LABELS:
        rows = []
        for P in Ps:
            start = time.perf_counter()
            rows.append(row(P, labels, at, seeds, budget))
            shares = (rows[-1].state == "sat").mean("seed").values
            print(f"{labels:>7} P = {P:<5} satisfied of {seeds}: {(shares * seeds).round().astype(int).tolist()}"
                  f"   {time.perf_counter() - start:.0f} s", flush=True)  # fmt: skip
        blocks.append(xr.concat(rows, "P"))
    return xr.concat(blocks, "labels")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--P", type=int, nargs="+", default=[100, 150, 200, 300, 400, 500, 700, 1000])
    parser.add_argument("--sizes", type=int, default=26)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--budget", type=int, default=150)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    start = time.perf_counter()
    found = diagram(options.P, options.sizes, options.seeds, options.budget)
    seconds = time.perf_counter() - start
    print(f"N = {found.N.values.tolist()}; {seconds:.0f} s")
    if options.write:
        found.attrs = dict(
            label=f"networks of {L} hidden layers on MNIST in d = {d} (swish, quadratic hinge, second-order descent of {options.budget} "
            f"iterations), {options.seeds} seeds a cell",
            command=f"python benchmarks/phase_diagram.py --P {' '.join(map(str, options.P))} --sizes {options.sizes} "
            f"--seeds {options.seeds} --budget {options.budget} --write",
            date=str(datetime.date.today()), seconds=round(seconds), version=lsviz.__version__,
            d=d, L=L, seeds=options.seeds, budget=options.budget,
        )  # fmt: skip
        FILE.write_text(json.dumps(found.to_dict(), ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
        print(f"{FILE.name}: {FILE.stat().st_size} bytes")
