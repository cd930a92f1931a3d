"""A sweep on disk: a zarr group, one chunk a cell along every axis of the grid; a cell counts when its `done` mark is there, written last.

Arrays are named as in the experiment's Dataset, with the axes of the grid in front. Beside them: `done` (0 missing, 1 finished, 2 failed),
`seconds` and `error` of every cell. The coordinates of the first cell stand in the record; where a cell's own differ (another budget,
other widths), `own_<dim>` holds them and `length_<dim>` says how many they are.
"""

import errno
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ..experiment import Experiment
from .cells import LONGEST, Cell, Variable
from .grid import Grid, write

MISSING, FINISHED, FAILED = 0, 1, 2
MARKS = ("done", "seconds", "error")
FORMAT = 1
WORD = 32  # characters kept of a coordinate that is a word
NEEDS = "sweeps need dask and zarr: pip install 'lsviz[sweep]'"


def stored_name(name: str, grid: Grid) -> str:
    """A variable's or dim's name in the store: another one where the grid or a mark has it already."""
    return f"cell_{name}" if name in grid.axes or name in MARKS else name


def create(path: Path, grid: Grid, experiment: Experiment, engine: str) -> None:
    """An empty store at `path`, whole or not at all. OSError says why there can be none."""
    question, defaults = (experiment.__doc__ or "").strip(), experiment.check()
    zarr = the_zarr()
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        group = zarr.create_group(part, zarr_format=2)
        said = dict(format=FORMAT, question=question, defaults=defaults, order=list(defaults), engine=engine, runs=[])
        group.attrs["lsviz"] = {**said, **grid.record()}
        axes, ones = list(grid.axes), (1,) * len(grid.axes)
        for name, kind, fill in (("done", "u1", 0), ("seconds", "f8", np.nan), ("error", f"<U{LONGEST}", "")):
            _make(group, name, axes, grid.shape, ones, kind, fill, {})
        for name, values in grid.axes.items():
            labels = np.asarray(_labels(name, values))
            _make(group, name, [name], labels.shape, labels.shape, labels.dtype, None, {})[...] = labels
        if path.is_dir():
            path.rmdir()  # empty, as `opened` has seen
        os.replace(part, path)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _labels(name: str, values: tuple[Any, ...]) -> list[Any]:
    """An axis as a coordinate: numbers as they are, all else in words."""
    plain = all(isinstance(value, (int, float)) for value in values)
    return list(values) if plain else [write(value, name) for value in values]


def _make(group: Any, name: str, dims: list[str], shape: Any, chunks: Any, kind: Any, fill: Any, attrs: dict[str, Any]) -> Any:
    return group.create_array(
        name,
        shape=tuple(shape),
        chunks=tuple(max(1, n) for n in chunks),
        dtype=kind,
        fill_value=fill,
        attributes={**attrs, "_ARRAY_DIMENSIONS": dims},
    )


def record(path: Path) -> dict[str, Any]:
    """What the store says of itself. ValueError where there is no sweep."""
    try:
        content = json.loads((path / ".zattrs").read_text("utf-8"))["lsviz"]
    except (OSError, ValueError, KeyError, TypeError):
        raise ValueError(f"store: {path} is no sweep; allowed: a folder that `lsviz sweep` wrote") from None
    if content.get("format") != FORMAT:
        raise ValueError(f"store: {path} has format {content.get('format')}; this lsviz reads {FORMAT}")
    return content


def reference_of(known: dict[str, Any]) -> np.ndarray:
    """A coordinate of the first cell."""
    return np.asarray(known["values"], known["dtype"])


class Store:
    """A sweep's store, open for writing. Whoever makes one holds its lock."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.record = record(path)
        self.grid = Grid.of_record(self.record)
        self._axes = len(self.grid.axes)
        for left in path.rglob("*.partial"):  # what a killed writer had begun
            left.unlink()
        self._group = the_zarr().open_group(path, mode="r+", zarr_format=2)
        self._arrays = dict(self._group.arrays())
        self._dims = {name: list(array.attrs["_ARRAY_DIMENSIONS"]) for name, array in self._arrays.items()}
        self._room: dict[str, int] = {}
        for name, dims in self._dims.items():  # a writer may have been killed while it made room for a longer cell
            for dim, size in zip(dims[self._axes :], self._arrays[name].shape[self._axes :], strict=True):
                self._make_room(dim, size)

    def missing(self) -> list[int]:
        """The cells that are not finished, in order."""
        done = np.asarray(self._arrays["done"][...])
        return [int(i) for i in np.flatnonzero(done.ravel() != FINISHED)]

    def note_run(self, run: dict[str, Any]) -> None:
        """Add the record of a run, or write it anew where the last one started at the same time."""
        runs = [old for old in self.record["runs"] if old["started"] != run["started"]]
        self._update(runs=[*runs, run])

    def put(self, index: int, cell: Cell) -> None:
        """Keep a finished cell. ValueError when its Dataset cannot stand beside the others; OSError when it cannot be written."""
        place = self.grid.place(index)
        self._first(cell)
        self._coordinates(place, cell.coords)
        for name, variable in cell.variables.items():
            self._variable(name, variable, place)
        self._put("seconds", cell.seconds, place)
        self._put("done", FINISHED, place)

    def fail(self, index: int, error: str, seconds: float) -> None:
        """Keep the error that a cell ended with."""
        place = self.grid.place(index)
        self._put("error", error[:LONGEST], place)
        self._put("seconds", seconds, place)
        self._put("done", FAILED, place)

    def _update(self, **new: Any) -> None:
        self.record = {**self.record, **new}
        self._group.attrs["lsviz"] = self.record

    # ---- coordinates

    def _first(self, cell: Cell) -> None:
        """The first cell says which variables and coordinates there are; ValueError where a later one has others."""
        if "reference" not in self.record:
            self._update(
                variables={stored_name(name, self.grid): name for name in cell.variables},
                reference={name: dict(values=v.tolist(), dtype=v.dtype.str, attrs=attrs) for name, (_, v, attrs) in cell.coords.items()},
            )
        for mine, first in ((cell.coords, self.record["reference"]), (cell.variables, self.record["variables"].values())):
            if set(mine) != set(first):
                raise ValueError(f"has {', '.join(sorted(set(mine) ^ set(first)))}, or has not, unlike the cells before it")

    def _coordinates(self, place: tuple[int, ...], coords: dict[str, Variable]) -> None:
        for name, (_, values, attrs) in coords.items():
            reference = reference_of(self.record["reference"][name])
            same = np.array_equal(values, reference)
            self._shown(stored_name(name, self.grid), reference, attrs, keep=same)
            if not same:
                self._own(name, values, place)

    def _shown(self, dim: str, reference: np.ndarray, attrs: dict[str, Any], keep: bool) -> None:
        """The coordinate as other programs see it: there as long as all cells share it."""
        if keep and dim not in self._arrays and f"own_{dim}" not in self._arrays:
            self._add(dim, [dim], reference.shape, reference.shape, reference.dtype, None, attrs)[...] = reference
        elif not keep and dim in self._arrays:
            del self._arrays[dim], self._dims[dim]
            del self._group[dim]

    def _own(self, name: str, values: np.ndarray, place: tuple[int, ...]) -> None:
        dim = stored_name(name, self.grid)
        kind = f"<U{WORD}" if values.dtype.kind == "U" else values.dtype
        if values.dtype.kind == "U" and values.dtype.itemsize > 4 * WORD:
            raise ValueError(f"has a word of more than {WORD} characters along {name}")
        self._make_room(dim, values.size)
        if f"length_{dim}" not in self._arrays:
            self._add(f"length_{dim}", list(self.grid.axes), self.grid.shape, (1,) * self._axes, "i4", -1, {})
        if f"own_{dim}" not in self._arrays:
            shape, chunks = (*self.grid.shape, self._room[dim]), (*(1,) * self._axes, self._room[dim])
            fill: Any = "" if values.dtype.kind == "U" else np.nan if values.dtype.kind == "f" else 0
            self._add(f"own_{dim}", [*self.grid.axes, dim], shape, chunks, kind, fill, {})
        self._put(f"own_{dim}", values, place)
        self._put(f"length_{dim}", values.size, place)

    # ---- arrays

    def _variable(self, name: str, variable: Variable, place: tuple[int, ...]) -> None:
        own_dims, values, attrs = variable
        dims = [stored_name(dim, self.grid) for dim in own_dims]
        name = stored_name(name, self.grid)
        for dim, size in zip(dims, values.shape, strict=True):
            self._make_room(dim, size)
        if name not in self._arrays:
            sizes = [self._room[dim] for dim in dims]
            fill: Any = np.nan if values.dtype.kind == "f" else "" if values.dtype.kind == "U" else 0
            shape, chunks = (*self.grid.shape, *sizes), (*(1,) * self._axes, *sizes)
            self._add(name, [*self.grid.axes, *dims], shape, chunks, values.dtype, fill, attrs)
        if self._dims[name][self._axes :] != dims or self._arrays[name].dtype != values.dtype:
            raise ValueError(f"has {name} as {values.dtype} over {dims}, unlike the cells before it")
        self._put(name, values, place)

    def _put(self, name: str, values: Any, place: tuple[int, ...]) -> None:
        """Write a cell's values. Where they are one whole chunk, straight into its file as zarr 2 has it: a fifth of zarr's own time."""
        array, values = self._arrays[name], np.asarray(values, self._arrays[name].dtype)
        if values.shape != array.chunks[self._axes :]:
            array[(*place, *(slice(0, size) for size in values.shape))] = values
            return
        key = ".".join(map(str, (*place, *(0,) * values.ndim))) or "0"
        part = self.path / name / f"{key}.partial"
        (codec,) = array.compressors
        part.write_bytes(codec.encode(np.ascontiguousarray(values)))
        os.replace(part, self.path / name / key)

    def _add(self, name: str, *details: Any) -> Any:
        self._arrays[name], self._dims[name] = _make(self._group, name, *details), details[0]
        return self._arrays[name]

    def _make_room(self, dim: str, size: int) -> None:
        """Every array of the cells' along `dim` at least `size` long."""
        if size <= self._room.get(dim, 0):
            return
        self._room[dim] = size
        for name, array in self._arrays.items():
            if dim in self._dims[name][self._axes :]:
                axis = self._dims[name].index(dim)
                if array.shape[axis] < size:
                    array.resize((*array.shape[:axis], size, *array.shape[axis + 1 :]))


@contextmanager
def explained(path: Path, doing: str) -> Iterator[None]:
    """Say of an OSError what it means for the store."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            what = "the disk is full"
        elif error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
            what = "it cannot be written to"
        else:
            raise
        raise OSError(error.errno, f"{path}: {what} ({os.strerror(error.errno)}); {doing}") from error


def the_zarr() -> Any:
    """zarr, imported when first used. ImportError says how to install it."""
    try:
        import zarr
    except ImportError:
        raise ImportError(NEEDS) from None
    return zarr
