"""A stored sweep called like the experiment that made it: whoever calls cannot tell."""

from collections.abc import Generator
from typing import Any

import numpy as np

from ..experiment import Cost
from . import reading
from .grid import Grid, nearest, on_grid, write
from .provenance import unit
from .store import FAILED, FINISHED, reference_of, stored_name

IN_MEMORY = 2e8  # bytes up to which a store is read as a whole when the first cell is asked for


class Replay:
    """The experiment behind a stored sweep, with the stored values: `replay(store)(P=500, h=4)`, as bits of the original call.

    `defaults` are the experiment's where they were stored, else the first stored value of an axis; an argument that was fixed may be
    given, as that value alone. Cells are read when they are asked for.
    """

    cost: Cost = "slider"
    engines = ("numpy",)

    def __init__(self, source: Any) -> None:
        self.source = reading.find(source)
        self.record, self._raw = reading.load(source)
        self.grid = Grid.of_record(self.record)
        self.name = self.grid.experiment
        self.__name__, self.__doc__ = self.name, self.record["question"]
        self.defaults: dict[str, Any] = {name: self._default(name) for name in self.record["order"]}
        self._done = np.asarray(self._raw.done.values)

    def _default(self, name: str) -> Any:
        if name not in self.grid.axes:
            return self.grid.fixed[name]
        wanted, values = self.record["defaults"][name], self.grid.axes[name]
        wanted = tuple(wanted) if isinstance(wanted, list) else wanted
        return wanted if wanted in values else values[0]

    @property
    def label(self) -> str:
        """What it is, for a legend: "stored: python -m lsviz sweep …, 2026-05-01, 1.3 core-hours, numpy"."""
        runs = self.record["runs"] or [dict(command=self.name, started="")]
        hours = float(np.nansum(self._raw.seconds.values)) / 3600
        engine = self.record["engine"]
        return f"stored: {runs[-1]['command']}, {runs[-1]['started'][:10]}, {hours:.2g} {unit(engine)}, {engine}"

    def check(self, **arguments: Any) -> dict[str, Any]:
        """All arguments, defaults filled in. ValueError names the argument, what was given and which values are stored."""
        for name in arguments:
            if name not in self.defaults:
                raise ValueError(f"{name}: {self.name} has no such argument; allowed: {', '.join(self.defaults)}")
        return {name: on_grid(self.grid, name, value) for name, value in {**self.defaults, **arguments}.items()}

    def nearest(self, **arguments: Any) -> dict[str, Any]:
        """All arguments, every number at the stored value that is nearest, in ratio where all are positive: `r(**r.nearest(h=4.3))`.

        ValueError for a word, a tuple or seeds that are not stored.
        """
        for name in arguments:
            if name not in self.defaults:
                self.check(**{name: arguments[name]})
        held = {name: self.grid.axes.get(name, (self.grid.fixed.get(name),)) for name in self.defaults}
        found = {name: nearest(name, value, held[name]) if name in self.grid.axes else value for name, value in arguments.items()}
        return self.check(**found)

    def __call__(self, **arguments: Any) -> Any:
        """The Dataset of a cell. ValueError for values off the grid, or for a cell that failed or is not computed yet."""
        checked = self.check(**arguments)
        place = tuple(values.index(checked[name]) for name, values in self.grid.axes.items())
        if self._done[place] != FINISHED:
            raise ValueError(f"{', '.join(self.grid.axes) or 'store'}: {self._told(checked)} {self._lacks(place)}")
        return self._cell(place)

    def stream(self, **arguments: Any) -> Generator[Any, None, None]:
        """The Dataset of a cell as the only item of a stream. ValueError as for a call, and at once."""
        found = self(**arguments)
        return (ds for ds in [found])

    def _told(self, checked: dict[str, Any]) -> str:
        return ", ".join(f"{name} = {write(checked[name], name)}" for name in self.grid.axes) or str(self.source)

    def _lacks(self, place: tuple[int, ...]) -> str:
        if self._done[place] != FAILED:
            return "is not computed yet"
        return f"failed: {self._raw.error[place].values}" if "error" in self._raw else "failed"

    def _cell(self, place: tuple[int, ...]) -> Any:
        import xarray as xr

        if self._raw.nbytes < IN_MEMORY:
            self._raw.load()
        coords, lengths = {}, {}
        known = self.record["reference"]
        for name, reference in known.items():
            dim, values = stored_name(name, self.grid), reference_of(reference)
            length = int(self._raw[f"length_{dim}"][place]) if f"length_{dim}" in self._raw else -1
            if length >= 0:
                own = self._raw[f"own_{dim}"][place].values[:length]
                values = np.asarray(own.tolist()) if own.dtype.kind == "U" else own.astype(values.dtype)
            coords[name], lengths[dim] = (name, values, reference["attrs"]), values.size
        names = {stored_name(name, self.grid): name for name in known}
        variables = {}
        for stored, name in self.record["variables"].items():
            whole = self._raw[stored]
            dims = whole.dims[len(place) :]
            cut = whole.variable[(*place, *(slice(0, lengths[dim]) for dim in dims))]
            variables[name] = (tuple(names[dim] for dim in dims), cut.values, whole.attrs)
        return xr.Dataset(variables, coords)


def replay(source: Any) -> Replay:
    """The experiment behind a store, a packed file, or the name of one that comes with the package, answering with what is stored.

    ValueError where there is no sweep.
    """
    return Replay(source)
