"""The cells of a sweep: which arguments vary, over which values, and how that is written in a shell."""

import math
import shlex
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..experiment import Experiment, parse, tidy
from ..symbols import ARGUMENTS

TUPLES = ("ints", "floats", "strs")  # kinds of argument whose one value is a tuple


@dataclass(frozen=True)
class Grid:
    """Every argument of an experiment, either fixed or an axis of values; all of them checked."""

    experiment: str
    fixed: dict[str, Any]
    axes: dict[str, tuple[Any, ...]]

    @property
    def shape(self) -> tuple[int, ...]:
        """Values along each axis."""
        return tuple(len(values) for values in self.axes.values())

    @property
    def size(self) -> int:
        """The number of cells."""
        return math.prod(self.shape)

    def place(self, index: int) -> tuple[int, ...]:
        """Where a cell lies: its index along each axis, the last axis running fastest."""
        return tuple(int(i) for i in np.unravel_index(index, self.shape)) if self.axes else ()

    def cell(self, index: int) -> dict[str, Any]:
        """The arguments of a cell."""
        varied = zip(self.axes.items(), self.place(index), strict=True)
        return {**self.fixed, **{name: values[i] for (name, values), i in varied}}

    def record(self) -> dict[str, Any]:
        """What a store keeps of it, ready for JSON (a tuple becomes a list)."""
        return dict(experiment=self.experiment, fixed=self.fixed, axes=self.axes)

    @classmethod
    def of_record(cls, record: dict[str, Any]) -> "Grid":
        """The grid that `record` was made from."""
        fixed = {name: _tuple(value) for name, value in record["fixed"].items()}
        axes = {name: tuple(_tuple(value) for value in values) for name, values in record["axes"].items()}
        return cls(record["experiment"], fixed, axes)

    def unlike(self, other: "Grid") -> list[str]:
        """In words, every argument in which `other` differs from this one."""
        mine, theirs = ({**grid.axes, **grid.fixed} for grid in (self, other))
        different = [name for name in mine if mine[name] != theirs.get(name) or (name in self.axes) != (name in other.axes)]
        named = [f"{name} = {self.written(name)}, not {other.written(name)}" for name in different if name in theirs]
        if self.experiment != other.experiment or len(named) < len(different):
            return [f"experiment = {self.experiment}, not {other.experiment}"]
        return named

    def written(self, name: str) -> str:
        """An argument's value or axis as the shell reads it."""
        if name not in self.axes:
            return write(self.fixed[name], name)
        values = self.axes[name]
        joint = ";" if ARGUMENTS[name].kind in TUPLES else ","
        return joint.join(write(value, name) for value in values) + (joint if len(values) == 1 else "")

    def command(self, experiment: Experiment, store: Any, engine: str = "numpy") -> str:
        """The command that makes this sweep."""
        words = ["python", "-m", "lsviz", "sweep", self.experiment]
        defaults = experiment.check()
        for name, value in self.fixed.items():
            if name != "seeds" and value != defaults[name]:
                words.append(f"{name}={self.written(name)}")
        for name in self.axes:
            words += ["--grid", f"{name}={self.written(name)}"]
        if "seeds" in self.fixed:
            words += ["--seeds", self.written("seeds")]
        words += ["--store", str(store)] + (["--engine", engine] if engine != "numpy" else [])
        return shlex.join(words)


def make(experiment: Experiment, given: dict[str, Any]) -> Grid:
    """The grid of `given`: a list (range, array) of values is an axis, anything else one value; defaults fill in the rest.

    The axes stand in the order of the experiment's arguments. An axis of an argument that itself takes a tuple (`widths`) is a list of
    tuples. ValueError names an argument that the experiment does not take, an axis with no value or with one twice, `seeds` as an
    axis, and every value that the experiment refuses.
    """
    fixed = experiment.check(**{name: value for name, value in given.items() if not _is_axis(name, value)})
    axes: dict[str, tuple[Any, ...]] = {}
    for name, default in experiment.defaults.items():
        if name not in given or not _is_axis(name, given[name]):
            continue
        del fixed[name]
        plain = given[name].tolist() if isinstance(given[name], np.ndarray) else list(given[name])
        values = tuple(experiment.check(**{name: value})[name] for value in plain)
        twice = next((value for i, value in enumerate(values) if value in values[:i]), None)
        if not values or twice is not None:
            what = f"{write(twice, name)} twice" if values else "an empty list"
            raise ValueError(f"{name}: got {what}; allowed: a list of different values")
        axes[name] = values
    if unknown := [name for name in given if name not in experiment.defaults]:
        experiment.check(**{unknown[0]: None})  # says which there are
    grid = Grid(experiment.name, fixed, axes)
    for index in range(grid.size):
        experiment.check(**grid.cell(index))
    return grid


def _is_axis(name: str, value: Any) -> bool:
    if name not in ARGUMENTS or isinstance(value, str) or not isinstance(value, (list, tuple, range, np.ndarray)):
        return False
    kind = ARGUMENTS[name].kind
    if kind == "seeds":
        return False
    if kind in TUPLES:
        return isinstance(value, list) and all(v is None or isinstance(v, (tuple, list, np.ndarray)) for v in value)
    return True


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def write(value: Any, name: str = "") -> str:
    """A value as the shell reads it: 300, 4.5, 3.0,4.5, and 16 for sixteen seeds."""
    if isinstance(value, tuple):
        if name == "seeds" and value == tuple(range(len(value))):
            return str(len(value))
        return ",".join(map(write, value)) + ("," if len(value) == 1 else "")
    if isinstance(value, float) and value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return repr(value) if isinstance(value, float) else str(value)


def read(name: str, text: str) -> Any:
    """What `--grid NAME=TEXT` means: a list for an axis, else one value.

    a,b,c are three values; a:b:n are n evenly spaced ones from a to b, a:b:ng n with equal ratios, rounded to six digits, and to whole
    numbers (fewer, if some fall together) where the argument is whole; the two can be mixed. A comma at the end makes one value an
    axis. An argument that takes a tuple reads all that as its one value, and a;b as an axis. ValueError names the argument.

    >>> read("P", "250,500:2000:4"), read("P", "300"), read("widths", "2,3;4,5")
    ([250, 500, 1000, 1500, 2000], 300, [(2, 3), (4, 5)])
    """
    if name not in ARGUMENTS:
        raise ValueError(f"{name}: there is no such argument")
    kind = ARGUMENTS[name].kind
    if kind == "seeds":
        raise ValueError("seeds: it is a batch inside every cell, never an axis; give it as --seeds 16, or --seeds 3,1")
    if kind in TUPLES:
        parts = [part for part in text.split(";") if part]
        values = [tuple(_pieces(name, part)) for part in parts]
        return values if ";" in text or not values else values[0]
    found = _pieces(name, text)
    return found if "," in text or ":" in text else found[0]


def _pieces(name: str, text: str) -> list[Any]:
    found: list[Any] = []
    for piece in text.removesuffix(",").split(","):
        found += _span(name, piece) if ":" in piece else [parse(piece)]
    return found


def _span(name: str, piece: str) -> list[Any]:
    symbol = ARGUMENTS[name]
    fail = ValueError(f"{name}: got {piece!r}; allowed: a:b:n or a:b:ng, n values from a to b, in equal steps or ratios (a and b > 0)")
    ends = piece.split(":")
    geometric = ends[-1].endswith("g")
    try:
        low, high, count = float(ends[0]), float(ends[1]), int(ends[2].removesuffix("g"))
    except (ValueError, IndexError):
        raise fail from None
    if len(ends) != 3 or not 1 <= count <= 100_000 or (geometric and min(low, high) <= 0) or symbol.kind == "str":
        raise fail
    if not (math.isfinite(low) and math.isfinite(high)):
        raise fail
    values = (np.geomspace if geometric else np.linspace)(low, high, count)
    if symbol.kind in ("int", "ints"):
        return list(dict.fromkeys(int(value) for value in values.round()))
    return list(dict.fromkeys(float(f"{value:.6g}") for value in values))


def nearest(name: str, value: Any, stored: tuple[Any, ...]) -> Any:
    """The stored value nearest to `value`: in ratio where all are positive, else in difference; words must be equal."""
    if value in stored:
        return value
    numbers = [v for v in (value, *stored) if isinstance(v, (int, float))]
    if len(numbers) <= len(stored):
        raise ValueError(f"{name}: got {write(value, name)}; stored: {', '.join(write(v, name) for v in stored)}")
    scale = math.log if min(numbers) > 0 else float
    return min(stored, key=lambda v: abs(scale(v) - scale(value)))


def on_grid(grid: Grid, name: str, value: Any) -> Any:
    """`value` tidied, if it is one that the grid holds; ValueError names the argument and what is stored."""
    held = grid.axes.get(name, (grid.fixed.get(name),))
    tidied = None if value is None else tidy(ARGUMENTS[name], value)
    if tidied not in held:
        raise ValueError(f"{name}: got {write(tidied, name)}; stored: {', '.join(write(v, name) for v in held)}")
    return tidied
