"""Reading a sweep: from its store while it grows or when it is done, or from the one file it was packed into."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from . import lock, packed
from .grid import Grid, write
from .provenance import unit
from .store import FAILED, FINISHED, MARKS, record, reference_of, stored_name, the_zarr

Record = dict[str, Any]
PACKAGED = Path(__file__).resolve().parents[1] / "store" / "sweeps"


def packaged() -> tuple[str, ...]:
    """The names of the sweeps that come with the package; `replay` and all that reads takes them as they are."""
    return tuple(sorted(path.stem for path in PACKAGED.glob("*.nc")))


def find(source: Any) -> Path:
    """The folder or file of a sweep, given by its path or by the name of one that comes with the package. ValueError if there is none."""
    path = Path(source)
    if path.exists():
        return path
    if str(source) in packaged():
        return PACKAGED / f"{source}.nc"
    held = f", or one of {', '.join(packaged())}" if packaged() else ""
    raise ValueError(f"store: there is no {path}; allowed: a folder that `lsviz sweep` wrote, a file that `lsviz pack` wrote{held}")


def load(source: Any) -> tuple[Record, Any]:
    """The record and the arrays, as a store has them, of a store (arrays are read when used) or a packed file (all in memory).

    ValueError where there is no sweep.
    """
    path = find(source)
    if path.is_file():
        return packed.load(path)
    content = record(path)
    the_zarr()
    import xarray as xr

    try:
        ds = xr.open_zarr(path, consolidated=False, chunks=None, decode_cf=False, zarr_format=2).drop_attrs(deep=False)
    except ValueError as error:  # sizes that differ: another moment, or a writer that was killed at this one
        raise ValueError(f"store: {path} is making room for a longer cell ({error}): ask again, or start the sweep again") from None
    for variable in ds.variables.values():
        variable.attrs.pop("_FillValue", None)
    return content, ds


def results(source: Any) -> Any:
    """All cells of a sweep as one xarray.Dataset: the experiment's variables with the axes of the grid in front, NaN where not known.

    `done` says which cells are finished. Where the cells' own coordinates differ (other budgets, other widths), a dim has no labels and
    `own_<dim>` holds those of each cell. Which cells came first, how often the sweep was stopped, how long it took and on what leaves
    no trace in it: two sweeps of the same arguments are bit for bit the same. ValueError where there is no sweep.
    """
    content, raw = load(source)
    grid = Grid.of_record(content)
    finished = raw.done.values == FINISHED
    ds = raw.drop_vars([name for name in raw.variables if name in MARKS or str(name).startswith(("own_", "length_"))])
    for name, known in content.get("reference", {}).items():
        dim, reference = stored_name(name, grid), reference_of(known)
        own, length = _own(raw, dim, reference, finished)
        most = max(length[finished], default=0)
        ds = (ds.isel({dim: slice(0, most)}) if dim in ds.dims else ds).drop_vars(dim, errors="ignore")
        first = own[finished][:1, :most]
        if most and np.all(length[finished] == most) and np.all(own[finished][:, :most] == first):
            ds = ds.assign_coords({dim: (dim, first[0].astype(reference.dtype), known["attrs"])})
        elif most:
            ds = ds.assign_coords({f"own_{dim}": ((*grid.axes, dim), own[..., :most], known["attrs"])})
            ds = ds.assign_coords({f"length_{dim}": (tuple(grid.axes), length)})
    ds = ds.assign(done=(tuple(grid.axes), finished, {"long_name": "finished"}))
    ds = ds[sorted(map(str, ds.data_vars))]
    return ds.assign_attrs(experiment=content["experiment"], arguments=json.dumps(content["fixed"]), engine=content["engine"])


def _own(raw: Any, dim: str, reference: np.ndarray, finished: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The coordinate of every cell (…, longest) and its length (…), 0 where the cell is not finished."""
    length = raw[f"length_{dim}"].values.copy() if f"length_{dim}" in raw else np.full(finished.shape, -1)
    as_first = (length < 0) & finished
    length = np.where(finished, np.where(as_first, reference.size, length), 0)
    most = max(length.max(initial=0), reference.size)
    kind = raw[f"own_{dim}"].dtype if f"own_{dim}" in raw else reference.dtype
    kind = np.promote_types(kind, reference.dtype)
    own = np.full((*finished.shape, most), np.nan if kind.kind == "f" else "" if kind.kind == "U" else 0, kind)
    if f"own_{dim}" in raw:
        values = raw[f"own_{dim}"].values
        shown = min(most, values.shape[-1])
        own[..., :shown] = np.where((finished & ~as_first)[..., None], values[..., :shown], own[..., :shown])
    own[as_first, : reference.size] = reference
    return own, length


@dataclass
class Status:
    """How far a sweep has come, what went wrong, and who works on it; `str` of it says so in words."""

    store: str
    experiment: str
    grid: Grid
    engine: str
    finished: int
    failed: int
    hours: float
    errors: dict[str, str] = field(default_factory=dict)
    writer: dict[str, Any] | None = None
    runs: list[dict[str, Any]] = field(default_factory=list)

    @property
    def cells(self) -> int:
        """All there are."""
        return self.grid.size

    def __str__(self) -> str:
        axes = " × ".join(f"{len(values)} {name}" for name, values in self.grid.axes.items()) or "one cell"
        left = self.cells - self.finished - self.failed
        seeds = f", {len(self.grid.fixed['seeds'])} seeds each" if "seeds" in self.grid.fixed else ""
        lines = [
            f"{self.store}: {self.experiment}, {axes} = {self.cells} cells{seeds}, engine {self.engine}",
            f"{self.finished} finished, {self.failed} failed, {left} missing; {self.hours:.3g} {unit(self.engine)}",
            f"being written by {lock.told(self.writer)}" if self.writer else "nobody writes to it",
        ]
        for run in self.runs:
            made = ", ".join(f"{name} {run[name]}" for name in ("lsviz", "python", "numpy", "torch", "device") if name in run)
            commit = f", commit {run['commit'][:12]}{'+' * run['commit'].endswith('+')}" if run.get("commit") else ""
            lines.append(f"run of {run['started']} with {made}{commit}: {run['command']}")
        lines += [f"failed: {cell}: {error}" for cell, error in self.errors.items()]
        return "\n".join(lines)


def status(store: Any) -> Status:
    """How far a sweep has come; it may be running. ValueError where there is no sweep."""
    content, raw = load(store)
    grid, done = Grid.of_record(content), raw.done.values.ravel()
    failed = np.flatnonzero(done == FAILED)
    texts = raw.error.values.ravel() if failed.size and "error" in raw else {}
    told = {", ".join(f"{name}={write(grid.cell(int(i))[name], name)}" for name in grid.axes): str(texts[i]) for i in failed}
    return Status(
        str(store),
        grid.experiment,
        grid,
        content["engine"],
        int((done == FINISHED).sum()),
        failed.size,
        float(np.nansum(raw.seconds.values)) / 3600,
        told,
        lock.holder(Path(store)),
        content["runs"],
    )


def export(source: Any, path: Any, only: Sequence[str] | None = None) -> list[str]:
    """Write a sweep for other programs: netCDF (`.nc`), or a table (`.csv`) of the finished cells. Returns the variables written.

    The table has a row for every cell and seed, unless `only` names other variables: then for every entry of theirs.
    ValueError for another ending, for a variable that is not there, or where there is no sweep.
    """
    path = Path(path)
    if path.suffix not in (".nc", ".csv"):
        raise ValueError(f"out: got {path}; allowed: a name that ends in .nc or .csv")
    ds = results(source)
    if unknown := [name for name in only or () if name not in ds.data_vars]:
        raise ValueError(f"only: got {', '.join(unknown)}; allowed: {', '.join(map(str, ds.data_vars))}")
    content, _ = load(source)
    axes = list(Grid.of_record(content).axes)
    if path.suffix == ".csv":
        small = [str(name) for name in ds.data_vars if set(ds[name].dims) <= {*axes, "seed"} and name != "done"]
        names = list(only or small)
        shown = ds[[*names, "done"]]
        table = shown.to_dataframe(dim_order=[*axes, *(dim for dim in shown.dims if dim not in axes)])
        table[table.done].drop(columns="done").to_csv(path)
        return names
    ds = ds[[*only, "done"]] if only else ds
    ds.assign_attrs(runs=json.dumps(content["runs"])).to_netcdf(path, engine="h5netcdf")
    return [str(name) for name in ds.data_vars]
