"""What a sweep costs beside its cells, and what a second worker brings: python benchmarks/sweep.py [--workers 1 2]

Overhead: 1000 cells of a few milliseconds, the whole call (workers started, every cell stored) less the cells' own seconds shared by the
workers, per cell. Scaling: 40 equal cells of some tenths of a second, workers started and warm: the share of the workers' time spent in
cells (all that a sweep can do about it), and how many times as fast more workers are, beside the machine's own limit, as many processes
side by side without any sweep.
"""

import argparse
import multiprocessing
import tempfile
import time
from pathlib import Path
from typing import Any

from distributed import Client, LocalCluster
from timing import report

from lsviz import experiment, sweep

TRIVIAL = dict(P=20, budget=1, seeds=1)
SOLID = dict(P=300, h=3.0, act="relu", optimizer="adam", budget=1500, seeds=4)
CELLS, LARGER = 1000, 40


def measure(grid: dict, **how: Any) -> tuple[float, float]:
    """Wall seconds of a sweep, and the seconds of its cells together."""
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "out.zarr"
        start = time.perf_counter()
        ds = sweep.sweep("network_jamming", grid, store=store, **how)
        wall = time.perf_counter() - start
        assert bool(ds.done.all())
        return wall, sweep.status(store).hours * 3600


def solid(_: int) -> float:
    """One larger cell without any sweep."""
    chosen = experiment.get("network_jamming")
    chosen(**{**SOLID, "budget": 10})
    start = time.perf_counter()
    for seed in range(4):
        chosen(**SOLID, data_seed=seed)
    return (time.perf_counter() - start) / 4


def side_by_side(count: int) -> float:
    """Seconds of a larger cell when `count` processes each compute such."""
    with multiprocessing.get_context("spawn").Pool(count) as pool:
        return max(pool.map(solid, range(count), chunksize=1))


def warm(count: int) -> tuple[float, float]:
    """Wall seconds of a sweep of larger cells on workers that have computed one before, and the seconds of its cells together."""
    cluster = LocalCluster(n_workers=count, threads_per_worker=1, dashboard_address="127.0.0.1:0", silence_logs="CRITICAL")
    with cluster, Client(cluster) as client:
        measure({**SOLID, "budget": 10, "data_seed": list(range(4 * count))}, client=client)
        return measure({**SOLID, "data_seed": list(range(LARGER))}, client=client)


def main() -> None:
    """Print the figures beside their bars."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    options = parser.parse_args()
    few, many = options.workers[0], options.workers[-1]
    grid = {**TRIVIAL, "h": [1 + i / 4 for i in range(25)], "data_seed": list(range(CELLS // 25))}
    wall, own = measure(grid, workers=many)
    overhead = 1000 * (wall - own / many) / CELLS
    print(f"{CELLS} cells of {1000 * own / CELLS:.1f} ms in {wall:.1f} s with {many} workers")
    holds = report("overhead of a trivial cell, ms", overhead, 15, least=False)
    alone, together = side_by_side(few), side_by_side(many)
    limit = alone / together * many / few
    print(f"{many} processes against {few} without a sweep: {limit:.2f} times as fast")
    walls = {}
    for count in (few, many):
        walls[count], own = warm(count)
        print(f"{LARGER} cells of {own / LARGER:.2f} s in {walls[count]:.1f} s with {count} workers")
        holds &= report(f"share of the time of {count} workers spent in cells", own / walls[count] / count, 0.85, least=True)
    print(f"{many} workers against {few}: {walls[few] / walls[many]:.2f} times as fast")
    raise SystemExit(not holds)


if __name__ == "__main__":
    main()
