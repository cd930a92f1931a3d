"""The widgets of a Session: title, controls with number fields, the picture, and one row of buttons. Nothing is decided here."""

import re
import threading
from collections.abc import Callable
from functools import partial
from html import escape
from typing import Any

import ipywidgets as w

from ..frontend import Access, Download, Link, OwnPicture
from ..scene import Scene
from ..symbols import ARGUMENTS
from .controls import Choices, Control, Ladder, Menu, Slider, Steps, Turn, Upload
from .session import Session


class Names(Access):
    """Access, and a rule: a slider with a number field beside it needs no second read-out on the screen (screen readers get it)."""

    _css = (
        Access._css
        + """
.lsviz-app .lsviz-fielded .widget-readout { display: none; }
.lsviz-app h3 { margin: 0 0 .3em; line-height: 1.3; }
.lsviz-app sub { line-height: 0; }
"""
    )


def signs(name: str, kind: Control) -> tuple[str, str]:
    """How a control is written, and its spoken name."""
    symbol = ARGUMENTS.get(name)
    sign = getattr(kind, "sign", "") or (symbol.sign if symbol else name)
    return sign, getattr(kind, "long_name", "") or (symbol.long_name if symbol else name)


def marked(text: str) -> str:
    """Plain text as HTML, with its N_Δ, φ_J, R_f and T_max set as the talk sets them."""
    return SUBSCRIPT.sub(r"\1<sub>\2</sub>", escape(text))


SUBSCRIPT = re.compile(r"\b([Nφ]|[DGR]|T)_(Δ|J|f|max|min)\b")


class Knob:
    """One control as widgets: the slider (or menu) and its number field, kept together, telling `moved(value)`."""

    def __init__(self, name: str, kind: Control, session: Session, moved: Callable[[str, Any], None]):
        self.name, self.kind, self.session = name, kind, session
        self._moved = moved
        self._telling = threading.local()
        self.sign, self.spoken = signs(name, kind)
        self.main = self._main_widget()
        self.field = self._field_widget()
        self.sync()
        self._watch()
        if self.field is not None:
            self.field.observe(self._from_field, "value")
            self.main.add_class("lsviz-fielded")
        row = [self.main] if self.field is None else [self.main, self.field]
        self.widget = w.HBox(
            row, layout=w.Layout(width="100%", max_width="900px", align_items="center", overflow="visible")
        )

    def _watch(self) -> None:
        self.main.observe(self._from_main, "value")

    def _main_widget(self) -> Any:
        layout = w.Layout(flex="1 1 auto", width="auto", min_width="120px")
        wide = {"description_width": "5em"}  # grows with the letters of lecturer mode
        if isinstance(self.kind, Slider):
            return w.IntSlider(
                min=self.kind.low,
                max=self.kind.high,
                step=self.kind.step,
                description=self.sign,
                layout=layout,
                style=wide,
            )
        if isinstance(self.kind, Menu):
            return w.Dropdown(options=[(words, value) for value, words in self.kind.words.items()], description=self.sign,
                              layout=w.Layout(width="auto", min_width="120px"), style=wide)  # fmt: skip
        return w.SelectionSlider(options=self._rungs(), description=self.sign, layout=layout, style=wide)

    def _field_widget(self) -> Any:
        if isinstance(self.kind, Menu):
            return None
        layout = w.Layout(width="84px", flex="0 0 auto")
        whole = isinstance(self.kind, Slider) or (
            isinstance(self.kind, Steps) and all(isinstance(n, int) for n in self.kind.numbers)
        )
        make = w.IntText if whole else w.FloatText
        return make(layout=layout, continuous_update=False, tooltip=f"{self.spoken}, as a number")

    def _rungs(self) -> list[tuple[str, Any]]:
        values = self.session.values
        if isinstance(self.kind, Ladder):
            return [(rung.words, rung.value) for rung in self.kind.rungs(values)]
        return [(f"{number:g}", number) for number in self.kind.options(values)]

    def sync(self) -> None:
        """Show the session's value without telling it back."""
        value = self.session.values[self.name]
        self._telling.off = True
        try:
            if isinstance(self.kind, (Ladder, Steps)):
                rungs = self._rungs()
                if tuple(rungs) != tuple(self.main.options):
                    self.main.options = rungs
                nearest = min((v for _, v in rungs), key=lambda v: abs(v - value))
                if self.main.value != nearest:
                    self.main.value = nearest
            elif isinstance(self.kind, Slider):
                self.main.value = min(max(int(value), self.kind.low), self.kind.high)
            elif isinstance(self.kind, Menu) and value in self.kind.words:
                self.main.value = value
            if self.field is not None:
                at = self.kind.position(self.session.values, value) if isinstance(self.kind, Ladder) else value
                shown = float(f"{at:.3g}") if isinstance(self.field, w.FloatText) else int(at)
                if self.field.value != shown:
                    self.field.value = shown
        finally:
            self._telling.off = False

    def _from_main(self, change: Any) -> None:
        if not getattr(self._telling, "off", False):
            self._moved(self.name, change["new"])

    def _from_field(self, change: Any) -> None:
        if getattr(self._telling, "off", False):
            return
        value = change["new"]
        if isinstance(self.kind, Ladder):
            if not value > 0:
                return self._moved(self.name, float(value))  # refused by name, in the error box
            value = self.kind.nearest(self.session.values, value).value
        self._moved(self.name, value)


class Switches(Knob):
    """A check box for each of several words."""

    kind: Choices

    def _main_widget(self) -> Any:
        layout = w.Layout(width="auto", margin="0 1em 0 0")
        self.boxes = {name: w.Checkbox(description=words, indent=False, layout=layout) for name, words in self.kind.words.items()}
        for box in self.boxes.values():
            box.observe(self._from_box, "value")
        wrap = w.Layout(flex_flow="row wrap", align_items="center", overflow="visible")
        return w.HBox([w.Label(self.sign, layout=w.Layout(margin="0 8px 0 0")), *self.boxes.values()], layout=wrap)

    def _field_widget(self) -> Any:
        return None

    def _watch(self) -> None:
        pass

    def sync(self) -> None:
        self._telling.off = True
        try:
            chosen = self.kind.chosen(self.session.values[self.name])
            for name, box in self.boxes.items():
                box.value = name in chosen
        finally:
            self._telling.off = False

    def _from_box(self, _: Any) -> None:
        if not getattr(self._telling, "off", False):
            self._moved(self.name, self.kind.join([name for name, box in self.boxes.items() if box.value]))


class OwnFile(Knob):
    """A button for a picture of the learner's own."""

    kind: Upload

    def _main_widget(self) -> Any:
        made = OwnPicture(description=self.sign)
        made.on_file(self._given)
        return made

    def _field_widget(self) -> Any:
        return None

    def _watch(self) -> None:
        pass

    def sync(self) -> None:
        held = self.session.values[self.name] is not None
        if self.main.held and not held:
            self.main.said = ""
        self.main.held = held

    def _given(self, content: bytes | None) -> None:
        try:
            value = None if content is None else self.kind.read(content)
        except ValueError as error:
            self.main.said = str(error)
            return
        self._moved(self.name, value)


class Space(Knob):
    """A scene whose object is turned by hand; its bodies follow what is drawn."""

    kind: Turn

    def __init__(self, *given: Any):
        super().__init__(*given)
        self.widget = self.main
        self.session.on_view(self._refresh)

    def _main_widget(self) -> Any:
        kind, start = self.kind, list(self.session.start[self.name])
        hint: dict[str, Any] = {} if kind.hint is None else {"hint": kind.hint}
        layout = w.Layout(flex="2 1 300px", width="auto", min_width="0", overflow="visible", margin="0 12px 0 0")
        made = Scene(start=start, reach=kind.reach, width=kind.size[0], height=kind.size[1], file=f"{self.session.app.name}_{self.name}",
                     alt=kind.alt if isinstance(kind.alt, str) else self.spoken, layout=layout, **hint)  # fmt: skip
        made.on_turn(lambda turn: self._moved(self.name, turn))
        return made

    def _field_widget(self) -> Any:
        return None

    def _watch(self) -> None:
        pass

    def sync(self) -> None:
        turn = list(self.session.values[self.name])
        if self.main.quaternion != turn:
            self.main.quaternion = turn
        self.main.mirrored = self.session.values.get(self.kind.mirror) == "yes"

    def _refresh(self, ds: Any, values: dict[str, Any]) -> None:
        self.main.bodies = self.kind.bodies()(ds, values)
        if callable(self.kind.alt):
            self.main.alt = self.kind.alt(ds, values)


KNOBS: dict[type, type[Knob]] = {Choices: Switches, Upload: OwnFile, Turn: Space}


class Board:
    """All widgets of one Session."""

    def __init__(self, session: Session):
        self.session, app = session, session.app
        self.knobs = {name: KNOBS.get(type(kind), Knob)(name, kind, session, self._moved) for name, kind in session.controls.items()}
        session.on_move(self._sync)
        session.on_result(self._sync_link)  # not at every move: a hand that drags needs no link
        self.link, self.download = Link(app.name), Download()
        scenes = [knob.widget for knob in self.knobs.values() if isinstance(knob, Space)]
        first = [self.knobs[name].widget for name in app.controls if not isinstance(self.knobs[name], Space)]
        later = [self.knobs[name].widget for name in app.more if not isinstance(self.knobs[name], Space)]
        rest = w.VBox(later, layout=w.Layout(display="none", overflow="visible"))
        self.more = w.ToggleButton(description="More controls", layout=w.Layout(width="auto"))
        self.more.observe(lambda change: setattr(rest.layout, "display", "" if change["new"] else "none"), "value")
        names = {knob.sign: knob.spoken for knob in self.knobs.values()}
        units = {knob.sign: unit for knob in self.knobs.values() if (unit := getattr(knob.kind, "unit", ""))}
        note = f" <small>{marked(app.note)}</small>" if app.note else ""
        caption = [w.HTML(f"<p>{marked(app.caption)}{note}</p>")] if app.caption else []
        for line in caption:
            line.add_class("lsviz-caption")
        self.widget = w.VBox(
            [w.HTML(f"<h3>{marked(app.title)}</h3>"), *first, self._middle(scenes), *caption, self._buttons(), rest,
             self.download, Names(title=app.title, names=names, units=units)],
            layout=w.Layout(overflow="visible"),
        )  # fmt: skip
        self.widget.add_class("lsviz-app")
        if found := self.link.start():
            session.restore(found)
        self.link.on_restore(session.restore)

    def _middle(self, scenes: list[Any]) -> Any:
        """The picture; scenes stand beside it, above it where it is narrow."""
        picture = self.session.picture
        if not scenes:
            return picture
        picture.layout = w.Layout(flex="3 1 340px", width="auto", min_width="0", overflow="visible")
        wrap = w.Layout(flex_flow="row wrap", align_items="flex-start", width="100%", max_width="980px", overflow="visible",
                        margin="8px 0 0")  # fmt: skip
        return w.HBox([*scenes, picture], layout=wrap)

    def _buttons(self) -> Any:
        session = self.session

        def button(words: str, act: Callable[[], Any], hint: str) -> Any:
            made = w.Button(description=words, tooltip=hint, layout=w.Layout(width="auto"))
            made.on_click(lambda _: self._try(act))
            return made

        hint = "go to this setting"
        self.presets = {words: button(words, partial(session.preset, words), hint) for words in session.app.presets}
        habits = [
            button("Reset", session.reset, "back to the start; forget what was found and kept"),
            button("Keep", session.keep, "pin this curve as a ghost, to compare"),
            button("Stop", session.stop, "stop computing"),
            button("Save picture", self._save_picture, "save what you see as PNG"),
            button("Save data", self._save_data, "save the numbers as netCDF"),
        ]
        more = [self.more] if session.app.more else []
        wrap = w.Layout(flex_flow="row wrap", align_items="baseline", overflow="visible")
        presets = [w.HBox([w.Label("Try:"), *self.presets.values()], layout=wrap)] if self.presets else []
        for line in presets:
            line.add_class("lsviz-presets")
        return w.VBox([*presets, w.HBox([*more, *habits, self.link], layout=wrap)], layout=w.Layout(overflow="visible"))

    def _try(self, act: Callable[[], Any]) -> None:
        try:
            act()
        except Exception as error:  # a button must never show a traceback
            self.session._fail(self.session.values, error)

    def _moved(self, name: str, value: Any) -> None:
        self._try(lambda: self.session.set(**{name: value}))

    def _sync(self) -> None:
        for knob in self.knobs.values():
            knob.sync()
        if self.session.player.mode != "thread":
            self._sync_link(None)

    def _sync_link(self, _: Any) -> None:
        self.link.state = self.session.link

    def _save_picture(self) -> None:
        self.download.deliver(f"{self.session.app.name}.png", self.session.save_picture(), "image/png")

    def _save_data(self) -> None:
        self.download.deliver(f"{self.session.app.name}.nc", self.session.save_data(), "application/x-netcdf")
