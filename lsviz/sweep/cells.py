"""What runs on a worker: some cells of a sweep, one after the other, each the plain call of its experiment; on a GPU many as one."""

import math
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .. import __version__, experiment
from .. import xp as xps
from ..experiment import Experiment
from . import provenance

LONGEST = 300  # characters kept of an error
Variable = tuple[tuple[str, ...], np.ndarray, dict[str, Any]]  # dims, values, attributes


@dataclass
class Cell:
    """The Dataset of one cell in plain arrays, or the error it ended with."""

    seconds: float
    error: str = ""
    variables: dict[str, Variable] = field(default_factory=dict)
    coords: dict[str, Variable] = field(default_factory=dict)

    def dataset(self) -> Any:
        """The Dataset that the experiment returned."""
        import xarray as xr

        return xr.Dataset(self.variables, self.coords)


def compute(which: str | Experiment, cells: list[dict[str, Any]], engine: str, limit: float, version: str) -> tuple[list[Cell], dict]:
    """As many of the cells as are begun within `limit` seconds, at least one; and the versions they were computed with.

    `which` is an experiment, or the name of one that this worker's lsviz has; `version` is the lsviz of who asks.
    """
    start, found = time.monotonic(), []
    if len(cells) > 1 and as_one_program(which, engine):
        with suppress(Exception):  # who fails, and why, is seen one by one
            return _together(which, cells, engine, version), provenance.versions(engine)
        limit = math.inf
    for arguments in cells:
        if found and time.monotonic() - start > limit:
            break
        found.append(one(which, arguments, engine, version))
    return found, provenance.versions(engine)


def as_one_program(which: str | Experiment, engine: str) -> Experiment | None:
    """The experiment, if cells that are alike can be one program on this engine: on a GPU alone, since a processor does not gain."""
    chosen = experiment.get(which) if isinstance(which, str) else which
    return chosen if engine == "torch:cuda" and chosen.alike else None


def _together(which: str | Experiment, cells: list[dict[str, Any]], engine: str, version: str) -> list[Cell]:
    """All cells as one program; each is told to have taken its share of the time."""
    if version != __version__:
        raise RuntimeError(f"this worker has lsviz {__version__}, not {version}")
    start = time.perf_counter()
    chosen = experiment.get(which) if isinstance(which, str) else which
    with xps.engine(engine):
        found = chosen.together(cells)
    seconds = (time.perf_counter() - start) / len(cells)
    return [cell(ds, seconds) for ds in found]


def one(which: str | Experiment, arguments: dict[str, Any], engine: str, version: str = __version__) -> Cell:
    """One cell. What it raises becomes its `error`."""
    start = time.perf_counter()
    try:
        if version != __version__:
            raise RuntimeError(f"this worker has lsviz {__version__}, not {version}")
        chosen = experiment.get(which) if isinstance(which, str) else which
        with xps.engine(engine):
            ds = chosen(**arguments)
        return cell(ds, time.perf_counter() - start)
    except Exception as error:
        return Cell(time.perf_counter() - start, told(error))


def cell(ds: Any, seconds: float) -> Cell:
    """A Dataset in plain arrays. TypeError unless each of its coordinates is one of its dims, and each dim has one."""
    if set(ds.coords) != set(ds.dims):
        raise TypeError(f"a sweep keeps coordinates along their own dim alone: got {sorted(map(str, set(ds.coords) ^ set(ds.dims)))}")
    plain = {name: (tuple(v.dims), np.asarray(v.values), dict(v.attrs)) for name, v in ds.variables.items()}
    return Cell(
        seconds,
        variables={name: plain[name] for name in ds.data_vars},
        coords={name: plain[name] for name in ds.coords},
    )


def told(error: BaseException) -> str:
    """An error in one line: what, and where."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return text[: LONGEST - len(where)] + where


def reference(chosen: Experiment) -> str | Experiment:
    """How a worker finds the experiment: by its name if it is one of lsviz, else it travels whole."""
    if chosen.name in experiment.names() and experiment.get(chosen.name) is chosen:
        return chosen.name
    return chosen
