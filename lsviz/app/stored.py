"""A stored map is a record: a Dataset that was computed before, over two axes and perhaps a third, and what of it is shown and said.

The browser draws it alone (`lsviz.frontend.Map`): here it is checked, turned into bytes once, and sent.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Layer:
    """One quantity as a map: a variable of the Dataset over its axes, from `low` to `high` (its own range when None).

    ramp: one of `figure.style.RAMPS`. ends: words at the key's ends. label: the variable written into the cells where there is room
    (the value itself when empty), and `numbered` says what it is. hatch: where there is none, cells below this are hatched, and
    `hatched` says what that means.
    """

    value: str
    words: str
    low: float | None = None
    high: float | None = None
    ramp: str = "plain"
    ends: tuple[str, str] = ("", "")
    label: str = ""
    decimals: int | None = None
    numbered: str = ""
    hatch: float | None = None
    hatched: str = ""


@dataclass(frozen=True)
class Curve:
    """A line on the map, in data coordinates: x, y (n,), or (frames, n) where each frame has its own; low, high: the range of x.

    words: what is written beside it, `meaning` what the key adds. source: where it comes from, a key of `figure.style.LINES`.
    """

    words: str
    x: Any
    y: Any
    meaning: str = ""
    source: str = "theory"
    low: Any = None
    high: Any = None


@dataclass(frozen=True)
class StoredMap:
    """One claim of the talk as a map that was computed before and moves without a kernel.

    title: the claim, a full sentence. data: a Dataset, or a callable that reads it, with the attributes label, command, date and seconds.
    x, y: dimensions along the map, with their values as coordinates; frame: a third dimension, and `frames` its values in words.
    layers: at least one. words: clauses of the sentence said of a cell, the first its place; {name} is a coordinate or a variable over
    the axes ({name:2}: with two decimals), {tally} how the seeds ended, {others} how those that are not satisfied did; a clause whose
    number is NaN, or in which there is nothing to tally, is left unsaid.
    detail: a variable over the axes and one more dimension, a dot each, from 0 to `top`, with levels {words: height}; state: how each
    ended. log: axes that are logarithmic. curves: callable(ds) → list of Curve. start, presets: {axis or "layer": value}.
    """

    name: str
    title: str
    data: Any
    x: str
    y: str
    layers: Sequence[Layer]
    words: Sequence[str]
    frame: str = ""
    frames: Mapping[Any, str] = field(default_factory=dict)
    detail: str = ""
    state: str = ""
    top: float = 1.0
    levels: Mapping[str, float] = field(default_factory=dict)
    log: tuple[str, ...] = ()
    curves: Callable[[Any], list[Curve]] | None = None
    start: Mapping[str, Any] = field(default_factory=dict)
    presets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    caption: str = ""

    def open(self, **values: Any) -> "OpenMap":
        """The map with its widgets, at the cell nearest to `values`. ValueError names what the Dataset lacks."""
        return OpenMap(self, **values)

    def _ipython_display_(self) -> None:
        from IPython.display import display

        from ..frontend import Map

        try:
            display(self.open().widget)
        except ValueError as error:  # a readable box, never a traceback
            display(Map(error=f"{self.title}: this map cannot be shown. {error}"))


class OpenMap:
    """A map that is shown: `map` is its widget, `select` moves it, `values` and `cell` say where it stands."""

    def __init__(self, record: StoredMap, **values: Any):
        from ..frontend import Map
        from .wire import Wire

        self.record = record
        self.wire = Wire(record)
        self.ds = self.wire.ds
        self.map = Map(**self.wire.traits())
        self._widget: Any = None
        self.select(**{**record.start, **values})

    def select(self, **values: Any) -> "OpenMap":
        """Go to the cell nearest to these values of the axes (words exactly), or to a layer. ValueError for what there is not."""
        with self.map.hold_sync():
            for trait, index in self.wire.indices(values).items():
                setattr(self.map, trait, index)
            self.map.address = self.wire.address(self._place())
        return self

    def _place(self) -> dict[str, int]:
        return {name: getattr(self.map, name) for name in ("row", "column", "frame", "layer")}

    @property
    def values(self) -> dict[str, Any]:
        """Where the map stands: axis → value, and the layer where there are several."""
        return self.wire.values(self._place())

    @property
    def cell(self) -> Any:
        """The stored Dataset of the cell that is shown."""
        return self.wire.cell(self._place())

    @property
    def widget(self) -> Any:
        """The map as an ipywidget: title, map with its controls, caption, the link to this state."""
        if self._widget is None:
            import ipywidgets as w

            from ..frontend import Link
            from .board import Names, marked

            link = Link(self.record.name, state=self.map.address)
            w.jslink((self.map, "address"), (link, "state"))  # in the page: also without a kernel
            caption = [w.HTML(f"<p>{marked(self.record.caption)}</p>")] if self.record.caption else []
            self._widget = w.VBox(
                [w.HTML(f"<h3>{marked(self.record.title)}</h3>"), self.map, *caption, link, Names(title=self.record.title)],
                layout=w.Layout(overflow="visible"),
            )
            self._widget.add_class("lsviz-app")
            self._restore(link.start())
            link.on_restore(self._restore)
        return self._widget

    def _restore(self, state: dict[str, str]) -> None:
        """Go to the state of a link; what it says of things that the map does not have is left aside."""
        for name, text in state.items():
            with suppress(ValueError):
                self.select(**{name: text})

    def _ipython_display_(self) -> None:
        from IPython.display import display

        display(self.widget)
