"""The contacts of ellipses at φ_J against their aspect ratio: the stored run behind the app `which_N`.

python benchmarks/ellipses_table.py [--n 64] [--seeds 20] [--accuracy 1e-6] [--write]: minutes on one core. With --write the table goes
into lsviz/store/ellipses.json, with the command, the date and the seconds it took; without, it is printed beside the stored one.
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
from lsviz import particles

ASPECTS = (1.0, 1.01, 1.02, 1.05, 1.1, 1.2, 1.4, 1.5, 2.0, 3.0)
STATISTICS = ("mean", "error", "min", "max")
FILE = Path(lsviz.__file__).parent / "store" / "ellipses.json"


def statistics(values: np.ndarray, converged: np.ndarray) -> np.ndarray:
    """Mean, standard error, smallest and largest over the converged seeds: (A, S), (A, S) → (A, 4)."""
    rows = [row[chosen] for row, chosen in zip(values, converged)]
    return np.array([[row.mean(), row.std(ddof=1) / len(row) ** 0.5, row.min(), row.max()] for row in rows])


def table(ds: Any) -> xr.Dataset:
    """What is stored of a run of `counting`: (aspect, statistic) of each quantity over the converged, and how many did not converge."""
    kept, converged = ds.freedoms_2.values / 2, ds.converged.values > 0
    quantities = dict(
        phi_J=ds.phi_J.values, Z=ds.Z.values, N_delta=ds.N_delta.values, bearing=kept, soft=ds.soft.values,
        ratio=ds.N_delta.values / ds.N.values, ratio_2=ds.N_delta.values / (2 * kept), ratio_3=ds.N_delta.values / (3 * kept),
    )  # fmt: skip
    stored = {name: (("aspect", "statistic"), statistics(values, converged).round(5)) for name, values in quantities.items()}
    return xr.Dataset(
        dict(**stored, left_out=("aspect", (~converged).sum(1))),
        dict(aspect=ds.aspect.values, statistic=list(STATISTICS)),
    )


def show(found: Any) -> None:
    """One row per aspect ratio, as in a table of a paper."""
    print("   a    φ_J             Z              N_Δ/N           [min, max]      n′     soft   not converged")
    for a in found.aspect.values:
        row = found.sel(aspect=a)
        mean, error = (row.sel(statistic=s) for s in ("mean", "error"))
        low, high = (float(row.ratio.sel(statistic=s)) for s in ("min", "max"))
        print(f"{a:5.2f}  {float(mean.phi_J):.4f}±{float(error.phi_J):.4f}   {float(mean.Z):.3f}±{float(error.Z):.3f}"
              f"   {float(mean.ratio):.4f}±{float(error.ratio):.4f}   [{low:.3f}, {high:.3f}]  {float(mean.bearing):5.1f}"
              f"  {float(mean.soft):5.1f}   {int(row.left_out)}")  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=64)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--accuracy", type=float, default=1e-6)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    start = time.perf_counter()
    ds = particles.counting(aspects=ASPECTS, n=options.n, seeds=options.seeds, accuracy=options.accuracy)
    seconds = time.perf_counter() - start
    found = table(ds).assign_attrs(
        label=f"n = {options.n}, {options.seeds} packings",
        command=f"python benchmarks/ellipses_table.py --n {options.n} --seeds {options.seeds} --accuracy {options.accuracy:g} --write",
        date=str(datetime.date.today()), seconds=round(seconds), version=lsviz.__version__,
        n=options.n, seeds=options.seeds, accuracy=options.accuracy,
    )  # fmt: skip
    show(found)
    print(f"{seconds:.0f} s")
    if options.write:
        FILE.write_text(json.dumps(found.to_dict(), ensure_ascii=False) + "\n", encoding="utf-8")
        print(f"{FILE.name}: {FILE.stat().st_size} bytes")
    elif FILE.is_file():
        print("stored:")
        show(xr.Dataset.from_dict(json.loads(FILE.read_text("utf-8"))))
