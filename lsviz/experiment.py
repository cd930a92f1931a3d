"""The hinge: an experiment is declared once, streams xarray Datasets, and is called by scripts, apps, the shell and sweeps alike."""

import difflib
import importlib
import inspect
import math
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from functools import cache, update_wrapper
from typing import Any, Literal

import numpy as np

from .symbols import ARGUMENTS, QUANTITIES, Symbol

Cost = Literal["slider", "watch", "sweep"]
Engine = Literal["numpy", "torch"]
REFRESH = 0.03  # seconds: building a Dataset costs a third of a solver step

# "module:name", so that nothing imports upwards.
_REGISTRY = {
    "toy_descent": "lsviz.toy:toy_descent",
    "network_jamming": "lsviz.jamming:network_jamming",
    "network_transition": "lsviz.jamming:network_transition",
    "range_contrast": "lsviz.jamming:range_contrast",
    "escape": "lsviz.jamming:escape",
    "double_descent": "lsviz.generalization:double_descent",
    "early_stopping": "lsviz.generalization:early_stopping",
    "ensemble": "lsviz.generalization:ensemble",
    "explosion": "lsviz.generalization:explosion",
    "slow_decrease": "lsviz.generalization:slow_decrease",
    "decision_line": "lsviz.generalization:decision_line",
    "kernel_map": "lsviz.kernel:kernel_map",
    "kernel_fluctuation": "lsviz.kernel:kernel_fluctuation",
    "tangent_dynamics": "lsviz.kernel:tangent_dynamics",
    "movement": "lsviz.kernel:movement",
    "kernel_learning_curve": "lsviz.kernel:kernel_learning_curve",
    "tangent_plane": "lsviz.kernel:tangent_plane",
    "invariant_learning": "lsviz.kernel:invariant_learning",
    "quench": "lsviz.particles:quench",
    "compression": "lsviz.particles:compression",
    "packing_transition": "lsviz.particles:packing_transition",
    "threshold": "lsviz.particles:threshold",
    "counting": "lsviz.particles:counting",
    "flat_directions": "lsviz.particles:flat_directions",
    "glassiness": "lsviz.particles:glassiness",
    "density_transition": "lsviz.particles:density_transition",
    "range_of_force": "lsviz.particles:range_of_force",
    "deformation": "lsviz.diffeo:deformation",
    "same_size": "lsviz.diffeo:same_size",
    "stability_curve": "lsviz.diffeo:stability_curve",
    "stability_training": "lsviz.diffeo:stability_training",
    "stability_study": "lsviz.diffeo:stability_study",
    "shift_response": "lsviz.equivariant:shift_response",
    "aliasing": "lsviz.equivariant:aliasing",
    "rotation_response": "lsviz.equivariant:rotation_response",
    "paths": "lsviz.equivariant.euclidean:paths",
    "tetris": "lsviz.equivariant.euclidean:tetris",
    "rotated_digits": "lsviz.equivariant.euclidean:rotated_digits",
    "turned_harmonics": "lsviz.equivariant.euclidean:turned_harmonics",
    "vector_products": "lsviz.equivariant.euclidean:vector_products",
    "turned_shape": "lsviz.equivariant.euclidean:turned_shape",
    "equivariance_scan": "lsviz.equivariant.euclidean:equivariance_scan",
}


def names() -> tuple[str, ...]:
    """The names of all experiments; nothing is imported."""
    return tuple(_REGISTRY)


def get(name: str) -> "Experiment":
    """The experiment called `name`, imported when first asked for. ValueError when there is none."""
    if name not in _REGISTRY:
        raise ValueError(f"experiment: got {name!r}; allowed: one of {', '.join(_REGISTRY)}{_hint(name, _REGISTRY)}")
    module, attribute = _REGISTRY[name].split(":")
    return getattr(importlib.import_module(module), attribute)


class Table:
    """Named arrays of the result's final shape: NaN (or "waiting") until known; `dataset()` copies them into an xarray.Dataset.

    >>> table = Table(seed=(0, 1)).add("N_delta", "seed")
    >>> table.N_delta[0] = 3
    """

    def __init__(self, **coordinates: Any) -> None:
        self._coordinates = {name: np.asarray(values) for name, values in coordinates.items()}
        self._arrays: dict[str, np.ndarray] = {}
        self._dims: dict[str, tuple[str, ...]] = {}
        self._prepare: Callable[[], None] | None = None
        self.add("progress", fill=0.0)

    def add(self, name: str, dims: str = "", fill: float | str = math.nan) -> "Table":
        """Declare the variable `name` over the space-separated `dims`, filled with `fill`."""
        self._dims[name] = tuple(dims.split())
        shape = tuple(self._coordinates[dim].size for dim in self._dims[name])
        self._arrays[name] = np.full(shape, fill, dtype="<U10" if isinstance(fill, str) else float)
        return self

    def __getattr__(self, name: str) -> np.ndarray:
        try:
            return self.__dict__["_arrays"][name]
        except KeyError:
            raise AttributeError(name) from None

    def set(self, **scalars: Any) -> "Table":
        """Set whole variables: a number into every entry, or an array of the variable's shape."""
        for name, value in scalars.items():
            self._arrays[name][...] = value
        return self

    def prepare(self, function: Callable[[], None]) -> None:
        """What to compute only when a Dataset is built (histograms), not at every step."""
        self._prepare = function

    def dataset(self) -> Any:
        """The present values as an xarray.Dataset, with names and units from `symbols`."""
        import xarray as xr

        if self._prepare:
            self._prepare()
        data = {name: (self._dims[name], array.copy(), _attrs(name)) for name, array in self._arrays.items()}
        coords = {name: (name, values, _attrs(name)) for name, values in self._coordinates.items()}
        return xr.Dataset(data, coords)


@cache
def _attrs(name: str) -> dict[str, str]:
    symbol = QUANTITIES.get(name)
    return (
        {"long_name": symbol.long_name, "units": symbol.unit, "symbol": symbol.sign} if symbol else {"long_name": name}
    )


Many = Callable[[list[dict[str, Any]]], list[Table]]  # many calls as one program


class Experiment:
    """A question of the talk as a function of its arguments: `e(P=300)` gives the answer, `e.stream(P=300)` all that led to it."""

    def __init__(
        self, function: Callable[..., Iterator[Table]], cost: Cost, engines: tuple[Engine, ...] = ("numpy",)
    ) -> None:
        update_wrapper(self, function)
        self._function = function
        self.cost = cost
        self.engines = engines
        self.alike: Callable[[dict[str, Any]], tuple[Any, float]] | None = None
        self._together: Many | None = None
        self.name = function.__name__
        parameters = inspect.signature(function).parameters.values()
        if any(p.kind is not p.KEYWORD_ONLY or p.default is p.empty for p in parameters):
            raise TypeError(f"{self.name}: every argument of an experiment is keyword-only and has a default")
        if unknown := [p.name for p in parameters if p.name not in ARGUMENTS]:
            raise TypeError(f"{self.name}: arguments missing from symbols.ARGUMENTS: {unknown}")
        self.defaults: dict[str, Any] = {p.name: p.default for p in parameters}

    def check(self, **arguments: Any) -> dict[str, Any]:
        """All arguments, defaults filled in and tidied. ValueError names the argument, what was given and what is allowed."""
        for name in arguments:
            if name not in self.defaults:
                raise ValueError(
                    f"{name}: {self.name} has no such argument{_hint(name, self.defaults)}; allowed: {', '.join(self.defaults)}"
                )
        return {
            name: None if value is None and self.defaults[name] is None else tidy(ARGUMENTS[name], value)
            for name, value in {**self.defaults, **arguments}.items()
        }

    def __call__(self, **arguments: Any) -> Any:
        """Run to the end and return the last Dataset."""
        last = None
        for table in self._steps(arguments, math.inf):
            last = table
        assert last is not None
        return last.dataset()

    def together(self, cells: list[dict[str, Any]]) -> list[Any]:
        """Many calls as one program: their Datasets, equal to those of single calls to rounding. ValueError where `many` declared none."""
        if self._together is None or self.alike is None:
            raise ValueError(f"experiment: got {self.name}, which computes one call at a time")
        checked = [self.check(**arguments) for arguments in cells]
        if len({self.alike(arguments)[0] for arguments in checked}) > 1:
            raise ValueError(f"cells: got some that are not alike; {self.name} computes alike ones together")
        with _one_thread():
            return [table.set(progress=1.0).dataset() for table in self._together(checked)]

    def many(self, alike: Callable[[dict[str, Any]], tuple[Any, float]]) -> Callable[[Many], Many]:
        """Declare how many calls run as one program on a GPU: a function from their arguments to their final tables.

        alike: from arguments to (key, load): calls of equal key can be one program, as many as loads add up to 1.
        """

        def keep(function: Many) -> Many:
            self.alike, self._together = alike, function
            return function

        return keep

    def stream(self, **arguments: Any) -> Generator[Any, None, None]:
        """A Dataset at the first step, then at most every 30 ms, then the final one. Closing it stops the computation."""
        checked = self.check(**arguments)  # at the call, not at the first step
        return self._datasets(checked)

    def _datasets(self, arguments: dict[str, Any]) -> Generator[Any, None, None]:
        for table in self._steps(arguments, REFRESH):
            yield table.dataset()

    def _steps(self, arguments: dict[str, Any], refresh: float) -> Generator[Table, None, None]:
        """Drive the generator with one BLAS thread (bits change with their number), handing out tables that are due."""
        steps = self._function(**self.check(**arguments))
        table, more, first = None, True, True
        try:
            while more:
                with _one_thread():
                    due = time.monotonic() + (0 if first else refresh)
                    fresh = False
                    while True:
                        try:
                            table, fresh = next(steps), True
                        except StopIteration:
                            more = False
                            break
                        if time.monotonic() >= due:
                            break
                first = False
                if fresh and table is not None:
                    if not more:
                        table.set(progress=1.0)
                    yield table
                elif table is not None:  # ended without a new step: the last state again, now marked as complete
                    table.set(progress=1.0)
                    yield table
        finally:
            steps.close()  # type: ignore[attr-defined]


def experiment(
    cost: Cost, engines: tuple[Engine, ...] = ("numpy",)
) -> Callable[[Callable[..., Iterator[Table]]], Experiment]:
    """Declare an experiment: a generator function of keyword arguments that yields its `Table` at every step.

    engines: "torch" too where its text, through `xp.here`, runs on torch as well: a sweep may then ask for that.
    """
    return lambda function: Experiment(function, cost, engines)


def parse(text: str) -> Any:
    """A value as typed: 300, 4.5, 1e-3, a,b,c (a tuple; `3,` has one entry), or a word.

    >>> parse("3,4.5,11"), parse("mnist")
    ((3, 4.5, 11), 'mnist')
    """
    if "," in text:
        return tuple(parse(part) for part in text.removesuffix(",").split(","))
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text


def tidy(symbol: Symbol, value: Any) -> Any:
    """`value` as the symbol's kind (int, float, tuple …), or a ValueError that names it."""
    fail = ValueError(f"{symbol.name}: got {value!r}; allowed: {symbol.allowed()}")
    if symbol.kind == "str":
        if value not in symbol.choices:
            raise fail
        return value
    if symbol.kind == "text":
        if not isinstance(value, str):
            raise fail
        return value
    if symbol.kind == "seeds":
        return _seeds(value, fail)
    if symbol.kind == "strs":
        words = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, Iterable) else ()
        if not words or len(set(words)) < len(words) or any(word not in symbol.choices for word in words):
            raise fail
        return words
    if symbol.kind in ("ints", "floats"):
        if isinstance(value, str) or not isinstance(value, Iterable):
            value = (value,)
        values = tuple(_number(symbol, item, fail) for item in value)
        if not values:
            raise fail
        return values
    return _number(symbol, value, fail)


def _number(symbol: Symbol, value: Any, fail: ValueError) -> int | float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise fail from None
    whole = symbol.kind in ("int", "ints")
    if isinstance(value, (bool, str)) or not math.isfinite(number) or (whole and number != int(number)):
        raise fail
    if (symbol.low is not None and number < symbol.low) or (symbol.high is not None and number > symbol.high):
        raise fail
    return int(number) if whole else number


def _seeds(value: Any, fail: ValueError) -> tuple[int, ...]:
    try:
        count = value if isinstance(value, Iterable) and not isinstance(value, str) else range(min(int(value), 4097))
        if isinstance(value, (bool, str)) or (not isinstance(value, Iterable) and int(value) != value):
            raise fail
        seeds = tuple(int(seed) for seed in count)
        whole = all(float(given) == seed for given, seed in zip(count, seeds, strict=True))
    except (TypeError, ValueError, OverflowError):
        raise fail from None
    if not seeds or len(seeds) > 4096 or min(seeds) < 0 or len(set(seeds)) < len(seeds) or not whole:
        raise fail
    return seeds


def _hint(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f" (did you mean {close[0]}?)" if close else ""


@cache
def _controller() -> Any:
    import scipy.linalg  # noqa: F401  its BLAS must be loaded to be found
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def _one_thread() -> Any:
    return _controller().limit(limits=1)
