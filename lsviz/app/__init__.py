"""An app is a record: title, experiment, picture, controls. One interpreter (`Session`, `board`) serves all of them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .. import experiment
from .controls import Choices, Control, Ladder, Menu, Rung, Slider, Steps, Turn, Upload, control, figure_function
from .stored import Curve, Layer, StoredMap
from .together import Together

__all__ = ["App", "Choices", "Curve", "Ladder", "Layer", "Menu", "Rung", "Slider", "Steps", "StoredMap", "Together", "Turn",
           "Upload"]  # fmt: skip


@dataclass(frozen=True)
class App:
    """One claim of the talk that a learner can move.

    title: the claim, a full sentence. source: an experiment, or the name of one (imported when the app is opened).
    picture: a function of lsviz.figure, or "module:name" below lsviz.figure. controls: at most three, seen at once; more: the rest.
    presets: {words: values}. status: format string over `ds`' scalars and the values, or callable(ds, values) → str; its
    sentence is also the picture's text alternative. arguments: values → the experiment's arguments, if they differ.
    view: controls that only change the picture. trail: the control along which finished results are collected.
    needs: arguments the app holds fixed. behind: a Dataset drawn behind, or a function values → Dataset | None. doing: what it is doing
    while no answer is final. first: the name of a stored Dataset (lsviz/store/first) that is drawn at once, said to be stored, until
    the source answers. loading: what is said meanwhile.
    """

    name: str
    title: str
    source: Any
    picture: Any
    controls: dict[str, Any]
    more: dict[str, Any] = field(default_factory=dict)
    start: dict[str, Any] = field(default_factory=dict)
    fixed: dict[str, Any] = field(default_factory=dict)
    presets: dict[str, dict[str, Any]] = field(default_factory=dict)
    status: str | Callable[[Any, dict[str, Any]], str] = ""
    arguments: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    view: tuple[str, ...] = ()
    trail: str | None = None
    behind: Any = None
    caption: str = ""
    note: str = ""
    doing: str = "training"
    first: str = ""
    loading: str = ""
    size: tuple[int, int] = (900, 430)
    narrow: tuple[int, int] = (380, 620)

    def __post_init__(self) -> None:
        if len(self.controls) > 3:
            raise ValueError(f"controls: got {len(self.controls)}; allowed: at most three, the rest belongs into more")

    @property
    def experiment(self) -> Any:
        """The experiment behind the app, imported now."""
        return experiment.get(self.source) if isinstance(self.source, str) else self.source

    @property
    def all_controls(self) -> dict[str, Control]:
        """Every control by the name of its value."""
        return {name: control(given) for name, given in {**self.controls, **self.more}.items()}

    def draw(self) -> Callable:
        """The picture function, imported now."""
        return figure_function(self.picture)

    def defaults(self) -> dict[str, Any]:
        """The values the app opens with: the record's `start`, else the experiment's own defaults, else the first choice."""
        values: dict[str, Any] = {}
        known = self.experiment.defaults
        for name, kind in self.all_controls.items():
            if name in self.start:
                values[name] = self.start[name]
            elif name in known:
                values[name] = known[name]
            else:
                values[name] = kind.options(values)[0]
        return values

    def call(self, values: dict[str, Any]) -> dict[str, Any]:
        """The experiment's arguments for these values."""
        if self.arguments is not None:
            return {**self.fixed, **self.arguments(values)}
        return {**self.fixed, **{name: value for name, value in values.items() if name not in self.view}}

    def open(self, mode: str | None = None, locked: str = "", **values: Any) -> Any:
        """A Session of this app: `mode` "thread" (default), "inline" (each `set` returns with the answer), "first".

        `locked`: it says this and computes nothing until `unlock`.
        """
        from .session import Session

        session = Session(self, mode, locked, **values)
        if locked:
            session.lock(locked)  # empty axes that say so
        return session

    def _ipython_display_(self) -> None:
        self.open()._ipython_display_()
