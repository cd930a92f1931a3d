"""A stored Dataset as the bytes and words that its map needs in the browser; what it lacks is said by name."""

import string
from typing import Any

import numpy as np

from ..figure import style
from ..symbols import SYMBOLS
from .controls import write

PROVENANCE = ("label", "command", "date", "seconds")  # what a stored Dataset says of itself
NOTHING, ABOVE, STEPS, HEIGHTS = 255, 254, 250, 250
LARGEST = 3_000_000  # bytes: a map is sent once, whole
TALLIES = ("tally", "others")  # said from the states
WIDTHS = {"stored": 2.6}  # a line on a map is not as broad as one behind dots


class Wire:
    """What `frontend.Map` is sent of a StoredMap: `traits()`; and the way back from its indices: `values`, `cell`, `address`."""

    def __init__(self, record: Any):
        self.record = record
        self.ds = self._checked(record.data() if callable(record.data) else record.data)
        self.dims = [name for name in (record.frame, record.y, record.x) if name]
        self.axes = {name: self._axis(name) for name in self.dims}
        self.fields = self._fields()

    # ---- what is stored

    def _checked(self, ds: Any) -> Any:
        """The Dataset, sorted along its axes. ValueError names what it lacks."""
        import xarray as xr

        record = self.record
        if not isinstance(ds, xr.Dataset):
            raise ValueError(f"data: got {type(ds).__name__}; allowed: a stored xarray.Dataset, or a function that reads one")
        for name in PROVENANCE:
            if name not in ds.attrs:
                raise ValueError(f"data: its attribute {name!r} is missing; a stored Dataset has {', '.join(PROVENANCE)}")
        for role, name in (("x", record.x), ("y", record.y), ("frame", record.frame)):
            if name and (name not in ds.dims or name not in ds.coords):
                raise ValueError(f"{role}: got {name!r}; allowed: a dimension with coordinates, here {_listed(ds.sizes)}")
        for name in filter(None, (record.x, record.y, record.frame)):
            values = ds[name].values
            if not values.size:
                raise ValueError(f"{name}: it is empty; a map needs one cell at least")
            if values.dtype.kind in "iuf":
                if not np.isfinite(values).all() or len(np.unique(values)) < values.size:
                    raise ValueError(f"{name}: got {values.tolist()}; allowed: different finite numbers, or words")
                if name in record.log and values.min() <= 0:
                    raise ValueError(f"{name}: got {values.min():g}; allowed on a logarithmic axis: numbers > 0")
                ds = ds.sortby(name)
            elif name in record.log:
                raise ValueError(f"{name}: words have no logarithm; leave it out of log")
        return ds

    def _axis(self, name: str) -> dict[str, Any]:
        """A dimension in the words of the page: its values, the edges between its cells, how both are written."""
        coordinate = self.ds[name]
        attrs, symbol = coordinate.attrs, SYMBOLS.get(name)
        unit = attrs.get("units", symbol.unit if symbol else "")
        said = dict(
            name=name,
            sign=attrs.get("symbol", symbol.sign if symbol else name),
            long=attrs.get("long_name", symbol.long_name if symbol else name),
            unit="" if unit == "1" else unit,
            keys=[write(value) for value in coordinate.values],
        )
        if coordinate.dtype.kind not in "iuf":
            words = [str(self.record.frames.get(value, value)) for value in coordinate.values.tolist()]
            places = list(range(len(words)))
            edges = [i - 0.5 for i in range(len(words) + 1)]
            return dict(**said, values=places, words=words, edges=edges, log=False, ticks=list(zip(places, words)), numeric=False)
        log = name in self.record.log
        values = [float(value) for value in coordinate.values]
        words = [plain(value) for value in values]
        return dict(**said, values=values, words=words, edges=edges_of(values, log), log=log, ticks=None, numeric=True)

    def _variable(self, role: str, name: str, dims: list[str]) -> np.ndarray:
        """The values of a variable over these dimensions, repeated along those it does not have."""
        if name not in self.ds.variables:
            raise ValueError(f"{role}: got {name!r}; allowed: a variable of the stored Dataset: {_listed(self.ds.variables)}")
        found = self.ds[name]
        if extra := set(found.dims) - set(dims):
            raise ValueError(f"{role}: {name!r} runs along {_listed(extra)}, too; allowed: {_listed(dims)}")
        missing = [dim for dim in dims if dim not in found.dims]
        full = found.expand_dims({dim: self.ds.sizes[dim] for dim in missing}).transpose(*dims)
        return full.values

    def _fields(self) -> dict[str, np.ndarray]:
        """All numbers that are said or written: name → (frame, row, column) float."""
        wanted = [layer.label or layer.value for layer in self.record.layers] + [layer.value for layer in self.record.layers]
        wanted += [part["name"] for clause in self.record.words for part in clause_of(clause) if isinstance(part, dict)]
        names = [name for name in dict.fromkeys(wanted) if name not in self.axes and name not in TALLIES]
        return {name: self._numbers("words", name) for name in names}

    def _numbers(self, role: str, name: str) -> np.ndarray:
        values = self._variable(role, name, self.dims)
        if values.dtype.kind not in "iufb":
            raise ValueError(f"{role}: {name!r} holds no numbers")
        return np.asarray(values, float)

    # ---- what is sent

    def traits(self) -> dict[str, Any]:
        """The traits of `frontend.Map`. ValueError names what cannot be drawn."""
        record = self.record
        if not record.layers:
            raise ValueError("layers: got none; allowed: at least one")
        layers, cells, palettes = [], [], []
        for layer in record.layers:
            values = self._numbers("layers", layer.value)
            low, high = range_of(layer, values)
            cells.append(quantised(values, low, high, STEPS - 1))
            palettes.append(np.stack([style.ramp(layer.ramp, dark, STEPS) for dark in (False, True)]))
            hatch = None if layer.hatch is None else round((layer.hatch - low) / (high - low) * (STEPS - 1))
            layers.append(dict(name=layer.value, words=layer.words, ends=list(layer.ends) if any(layer.ends) else [f"{low:g}", f"{high:g}"],
                               label=layer.label or layer.value, decimals=layer.decimals, numbered=layer.numbered,
                               hatch=hatch, hatched=layer.hatched))  # fmt: skip
        detail, panel = self._detail()
        states, kinds = self._states(detail)
        spec = dict(
            name=record.name, title=record.title, x=self.axes[record.x], y=self.axes[record.y], frame=self._frame(), layers=layers,
            fields=[dict(name=name, whole=whole(values)) for name, values in self.fields.items()],
            words=[clause_of(clause) for clause in record.words], detail=panel, states=kinds, curves=self._curves(),
            holes=bool(any((cell == NOTHING).any() for cell in cells)), colours={"light": colours(False), "dark": colours(True)},
            presets=[dict(words=words, **self.indices(values)) for words, values in record.presets.items()],
            start={**dict(row=0, column=0, frame=0, layer=0), **self.indices(record.start)}, stored=self._stored(),
        )  # fmt: skip
        sent = dict(
            cells=np.stack(cells).tobytes(), palettes=np.stack(palettes).tobytes(), detail=detail.tobytes(), states=states.tobytes(),
            fields=np.stack(list(self.fields.values())).astype("<f4").tobytes(),
        )  # fmt: skip
        if (size := sum(map(len, sent.values()))) > LARGEST:
            raise ValueError(f"data: {size} bytes on the way to the browser; allowed: {LARGEST}. Take fewer cells, frames or seeds")
        return dict(**sent, spec=spec)

    def _frame(self) -> dict[str, Any] | None:
        if not self.record.frame:
            return None
        axis = self.axes[self.record.frame]
        return {**axis, "values": axis["values"] if axis["numeric"] else None}

    def _detail(self) -> tuple[np.ndarray, dict[str, Any] | None]:
        """Heights of the dots (frame, row, column, seed) as bytes, and the panel they stand in."""
        record = self.record
        if not record.detail:
            return np.zeros(0, np.uint8), None
        if record.detail not in self.ds.variables:
            raise ValueError(f"detail: got {record.detail!r}; allowed: a variable of the stored Dataset: {_listed(self.ds.variables)}")
        found = self.ds[record.detail]
        extra = [dim for dim in found.dims if dim not in self.dims]
        if len(extra) != 1:
            raise ValueError(f"detail: {record.detail!r} runs along {_listed(found.dims)}; allowed: the map's axes and one more")
        values = np.asarray(self._variable("detail", record.detail, [*self.dims, *extra]), float)
        sign = found.attrs.get("symbol", record.detail)
        noun = str(extra[0])
        levels = [dict(at=at, words=words) for words, at in record.levels.items()]
        panel = dict(count=values.shape[-1], sign=sign, title=f"{sign} of each {noun}", along=f"{values.shape[-1]} {noun}s", low=0.0,
                     top=record.top, levels=levels)  # fmt: skip
        heights = quantised(values, 0.0, record.top, HEIGHTS)
        heights[np.nan_to_num(values) > record.top] = ABOVE
        return heights, panel

    def _states(self, detail: np.ndarray) -> tuple[np.ndarray, list[dict[str, Any]]]:
        """How each dot ended, as a number of the list of those there are."""
        record = self.record
        if not record.state:
            return np.zeros(0, np.uint8), []
        extra = [dim for dim in self.ds[record.detail].dims if dim not in self.dims] if record.detail else []
        words = self._variable("state", record.state, [*self.dims, *extra])
        there = [name for name in style.MARKS if (words == name).any()]
        if unknown := set(np.unique(words).tolist()) - set(style.MARKS) - {"waiting", ""}:
            raise ValueError(f"state: got {_listed(unknown)}; allowed: {_listed(style.MARKS)}, waiting")
        codes = np.full(words.shape, NOTHING, np.uint8)
        for number, name in enumerate(there):
            codes[words == name] = number
        kinds = [dict(name=name, **dict(zip(("mark", "filled", "size", "words"), style.MARKS[name]))) for name in there]
        return codes, kinds

    def _curves(self) -> list[dict[str, Any]]:
        """Curves with one list of points a frame; numbers that are not there are None."""
        made, frames = [], self.ds.sizes[self.record.frame] if self.record.frame else 1
        for curve in self.record.curves(self.ds) if self.record.curves else ():
            look = style.LINES[curve.source]
            x, y = (np.asarray(values, float) for values in (curve.x, curve.y))
            each = {"x": x, "y": y, "low": curve.low, "high": curve.high}
            shape = (frames, max(x.shape[-1], y.shape[-1]))
            points = {name: _or_none(np.broadcast_to(np.asarray(v, float), shape)) if v is not None else None for name, v in each.items()}
            width = WIDTHS.get(curve.source, look["linewidth"] + 0.6)
            dash = [] if look["linestyle"] == "-" else [part * width for part in look["linestyle"][1]]
            made.append(dict(words=curve.words, meaning=curve.meaning, source=curve.source, width=width, dash=dash, **points))
        return made

    def _stored(self) -> list[str]:
        """The label of what is stored: recipe, command, time, date, version."""
        attrs = self.ds.attrs
        version = [f"lsviz {attrs['version']}"] if "version" in attrs else []
        return [str(attrs["label"]), str(attrs["command"]), f"{duration(float(attrs['seconds']))} on {attrs['date']}", *version]

    # ---- the way back

    def indices(self, values: dict[str, Any]) -> dict[str, int]:
        """The place on the map nearest to `values`: {"column": 3, …}. ValueError names what there is not."""
        found: dict[str, int] = {}
        traits = {self.record.x: "column", self.record.y: "row"} | ({self.record.frame: "frame"} if self.record.frame else {})
        for name, value in values.items():
            if name == "layer":
                known = [layer.value for layer in self.record.layers]
                found["layer"] = _position("layer", value, known)
            elif name in traits:
                found[traits[name]] = self._nearest(name, value)
            else:
                raise ValueError(f"{name}: {self.record.name} has no such axis; allowed: {_listed([*traits, 'layer'])}")
        return found

    def _nearest(self, name: str, value: Any) -> int:
        axis = self.axes[name]
        if not axis["numeric"]:
            return _position(name, str(value), axis["keys"])
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = np.nan
        if not np.isfinite(number) or (axis["log"] and number <= 0):
            raise ValueError(f"{name}: got {value!r}; allowed: a number{' > 0' if axis['log'] else ''}")
        at = np.asarray(axis["values"])
        return int(np.abs(np.log(at / number) if axis["log"] else at - number).argmin())

    def _index(self, place: dict[str, int]) -> dict[str, int]:
        record = self.record
        found = {record.y: place["row"], record.x: place["column"]}
        return found | ({record.frame: place["frame"]} if record.frame else {})

    def values(self, place: dict[str, int]) -> dict[str, Any]:
        """The values of the axes at a place, and its layer where there are several."""
        found = {name: self.ds[name].values[index].item() for name, index in self._index(place).items()}
        return found | ({"layer": self.record.layers[place["layer"]].value} if len(self.record.layers) > 1 else {})

    def cell(self, place: dict[str, int]) -> Any:
        """The Dataset of one cell."""
        return self.ds.isel(self._index(place))

    def address(self, place: dict[str, int]) -> dict[str, str]:
        """A place in the words of a link; the page writes the same."""
        found = {name: self.axes[name]["keys"][index] for name, index in self._index(place).items()}
        return found | ({"layer": self.record.layers[place["layer"]].value} if len(self.record.layers) > 1 else {})


def edges_of(values: list[float], log: bool) -> list[float]:
    """The edges between cells: half-way (in ratio on a logarithmic axis), the outer ones as far out as the next ones are in."""
    at = np.log(values) if log else np.asarray(values, float)
    if len(at) == 1:
        edges = at[0] + 0.5 * np.array([-1, 1])
    else:
        middle = (at[1:] + at[:-1]) / 2
        edges = np.concatenate([[2 * at[0] - middle[0]], middle, [2 * at[-1] - middle[-1]]])
    return [float(v) for v in (np.exp(edges) if log else edges)]


def range_of(layer: Any, values: np.ndarray) -> tuple[float, float]:
    """What a layer's ramp spans: its own ends, or those of the numbers there are."""
    known = values[np.isfinite(values)]
    low = layer.low if layer.low is not None else (known.min() if known.size else 0.0)
    high = layer.high if layer.high is not None else (known.max() if known.size else 1.0)
    if high < low:
        raise ValueError(f"layers: {layer.value} from {low:g} to {high:g}; allowed: low below high")
    return float(low), float(high if high > low else low + 1)


def quantised(values: np.ndarray, low: float, high: float, most: int) -> np.ndarray:
    """Numbers as bytes 0 … most from low to high; NaN is NOTHING."""
    share = np.clip((np.asarray(values, float) - low) / (high - low), 0, 1)
    return np.where(np.isnan(share), NOTHING, np.nan_to_num(share * most).round()).astype(np.uint8)


def clause_of(text: str) -> list[Any]:
    """A clause as texts and {name, decimals}."""
    parts: list[Any] = []
    for before, name, decimals, _ in string.Formatter().parse(text):
        if before:
            parts.append(before)
        if name is not None:
            parts.append(dict(name=name, decimals=int(decimals) if decimals else None))
    return parts


def plain(value: float) -> str:
    """A number as the page writes it: whole ones whole, others with three digits."""
    if value == round(value) and abs(value) < 1e6:
        return str(round(value))
    return f"{value:.3g}" if 1e-3 <= abs(value) < 1e3 else (f"{value:.0f}" if 1e3 <= abs(value) < 1e6 else f"{value:.1e}")


def whole(values: np.ndarray) -> bool:
    """Whether all numbers there are are whole."""
    known = values[np.isfinite(values)]
    return bool((known == known.round()).all())


def colours(dark: bool) -> dict[str, Any]:
    """What the page needs of a palette; on a map everything is stored, so that a stored line needs no colour of its own."""
    found = style.palette(dark)
    return dict(page=found.page, ink=found.ink, faint=found.faint, states=found.states, sources={**found.sources, "stored": found.ink})


def duration(seconds: float) -> str:
    """How long it took, in the largest unit that leaves a number worth reading."""
    for unit, length in (("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.2g} {unit}" if seconds < 100 * length else f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


def _position(name: str, value: Any, known: list[Any]) -> int:
    if value not in known:
        raise ValueError(f"{name}: got {value!r}; allowed: {_listed(known)}")
    return known.index(value)


def _or_none(values: np.ndarray) -> list[list[float | None]]:
    return [[float(v) if np.isfinite(v) else None for v in row] for row in values]


def _listed(names: Any) -> str:
    return ", ".join(sorted(map(str, names)) if isinstance(names, set) else map(str, names))
