"""One experiment for several values of an argument, side by side: called like the experiment, its Datasets joined along that argument."""

import time
from collections.abc import Generator, Iterable
from typing import Any

from .. import experiment
from ..experiment import Cost

JOIN = 0.08  # seconds between joined Datasets: joining costs as much as a small network


class Together:
    """`Together("stability_curve", "net", "network", ("fc3", "lenet"))`: argument `net` becomes the dimension `network` in front.

    The streams take turns, so that all advance alike; the argument itself takes a tuple of values.
    """

    cost: Cost = "watch"
    engines = ("numpy",)

    def __init__(self, name: str, along: str, dim: str, values: tuple[Any, ...]) -> None:
        self.name, self._along, self._dim, self._values = name, along, dim, values
        self.__name__ = name

    @property
    def one(self) -> Any:
        """The experiment for one value."""
        return experiment.get(self.name)

    @property
    def defaults(self) -> dict[str, Any]:
        """The experiment's, with all values side by side."""
        return {**self.one.defaults, self._along: self._values}

    def check(self, **arguments: Any) -> dict[str, Any]:
        """All arguments, defaults filled in. ValueError as the experiment has it."""
        asked = {**self.defaults, **arguments}
        found = [self.one.check(**{**asked, self._along: value}) for value in asked[self._along]]
        if not found:
            raise ValueError(f"{self._along}: got none; allowed: at least one")
        return {**found[0], self._along: tuple(asked[self._along])}

    def __call__(self, **arguments: Any) -> Any:
        """The Dataset of the end."""
        last = None
        for last in self.stream(**arguments):
            pass
        return last

    def stream(self, **arguments: Any) -> Generator[Any, None, None]:
        """Joined Datasets: as soon as every stream has begun, then as they go on, then the end. Closing it closes all."""
        checked = self.check(**arguments)
        return self._joined([self.one.stream(**{**checked, self._along: value}) for value in checked[self._along]], checked[self._along])

    def _joined(self, streams: list[Any], values: Iterable[Any]) -> Generator[Any, None, None]:
        try:
            last = [next(stream) for stream in streams]
            yield self._join(last, values)
            shown, going = time.monotonic(), dict(enumerate(streams))
            while going:
                behind = min(going, key=lambda i: float(last[i].progress))  # the one that is least advanced
                found = next(going[behind], None)
                if found is None:
                    del going[behind]
                else:
                    last[behind] = found
                if going and time.monotonic() - shown > JOIN:
                    shown = time.monotonic()
                    yield self._join(last, values)
            yield self._join(last, values)
        finally:
            for stream in streams:
                stream.close()

    def _join(self, found: list[Any], values: Iterable[Any]) -> Any:
        import xarray as xr

        held = [name for name, v in found[0].data_vars.items() if v.ndim == 0 and name in self.defaults and name != self._along]
        apart = [ds.drop_vars([*held, "progress"]) for ds in found]
        how: dict[str, Any] = dict(coords="minimal", compat="override", join="override", combine_attrs="override")
        joined = xr.concat(apart, self._dim, data_vars="all", **how).assign({name: found[0][name] for name in held})
        return joined.assign_coords({self._dim: list(values)}).assign(progress=sum(float(ds.progress) for ds in found) / len(found))
