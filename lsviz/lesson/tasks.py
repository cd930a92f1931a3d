"""Tasks around an app: commit a prediction before its result shows, then break its claim by hand.

The app's side is a session: values, result, on_result, lock, unlock, prediction, widget (see lsviz.app).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ipywidgets as w
import numpy as np

from lsviz.lesson.answers import Answers
from lsviz.lesson.curves import Curve, abscissas, pairs, tidy_curve
from lsviz.lesson.parts import Feedback, Item, box, button, finished, named, prose, radio, row
from lsviz.lesson.words import number, plain, short
from lsviz.symbols import ARGUMENTS

UNSURE = "I don't know"


class Predict(Item):
    """Say what will happen before seeing it. The app stays locked until the learner commits; "I don't know" is a commitment.

    One of three: `shapes` {"It falls smoothly": ((x, y), …)} are curves to choose, and the axes let one draw; `options` {"0.9": 0.9}
    only choices; `value` (low, high) a number typed, drawn as a line at value/scale if `level` is (scale, x0, x1).
    `outcome(ds)` is what the run gives, `expected(x, y)` reads the same quantity off the learner's curve, and `words` states the
    gap with {expected}, {outcome}, {factor}, {difference}; `unread` does so for a curve off which `expected` could read no number.

    Two predictions may share one session: the second is given `beside` the first (made with show=False), the result waits for both,
    and `sketch(first, second)` makes one curve (x, y) of the two numbers. `told` is how the record says a number: "a factor of {}".
    """

    kind = "predict"

    def __init__(
        self,
        answers: Answers,
        key: str,
        session: Any,
        ask: str,
        *,
        outcome: Callable[[Any], float],
        words: str,
        shapes: Mapping[str, Curve] | None = None,
        options: Mapping[str, float] | None = None,
        value: tuple[float, float] | None = None,
        expected: Callable[[np.ndarray, np.ndarray], float] | None = None,
        unsure: str = "It came at {outcome}.",
        unread: str = "",
        axes: int = 0,
        xs: Sequence[float] | np.ndarray | None = None,
        level: tuple[float, float, float] | None = None,
        beside: "Predict | None" = None,
        sketch: Callable[[float, float], Curve] | None = None,
        show: bool = True,
        told: str = "{}",
    ):
        super().__init__(answers, key)
        if sum(given is not None for given in (shapes, options, value)) != 1:
            raise ValueError("shapes, options, value: give exactly one of the three")
        if shapes is not None and expected is None:
            raise ValueError("expected: needed with shapes, to read a number off the learner's curve")
        self.session, self.ask, self.outcome, self.words = session, plain(ask), outcome, words
        self.unsure, self.unread = unsure, unread or unsure
        self.shapes, self.options, self.range, self.level, self.expected = shapes, options, value, level, expected
        self.curve: tuple[np.ndarray, np.ndarray] | None = None
        self.guess: float | None = None
        self.committed, self.start = False, dict(session.values)
        self.partner, self.sketch, self.told = beside, sketch, told
        self.other = "below" if beside is None else "above"  # where its partner stands, if it has one
        if beside is not None:
            beside.partner, beside.sketch = self, sketch and (lambda second, first: sketch(first, second))
        self.feedback, self.gap = Feedback("lsviz-prediction"), Feedback("lsviz-prediction")
        self.entry = self._entry()
        self.commit_button = button("This is my prediction", self.commit, main=True, tip="Commit, and see the result")
        self.unsure_button = button(UNSURE, self.give_up, tip="Commit without a prediction, and see the result")
        self.axes, self._turns = axes, list[Callable[[bool], None]]()
        if shapes is not None:
            self.xs = [float(x) for x in (xs if xs is not None else abscissas(shapes))]
            session.picture.observe(self._hand, "drawn")
        self._lock()
        session.on_result(self._result)
        self.widget = box(
            prose(ask, "lsviz-ask"),
            *self.entry,
            row(self.commit_button, self.unsure_button),
            self.feedback.widget,
            *([session.widget] if show else []),
            self.gap.widget,
            css="lsviz-predict",
        )
        self.widget.add_class("lsviz-locked")

    def _lock(self) -> None:
        self.session.lock(
            "Predict first: the result shows once you have committed, and “I don't know” is a commitment."
        )
        if self.shapes is not None:
            self.session.picture.draw = dict(
                axes=self.axes, kind="curve", xs=self.xs, label="your prediction", hint="draw your prediction here"
            )

    def on_turn(self, callback: Callable[[bool], None]) -> None:
        """Call `callback(committed)` now and whenever the learner commits (both of two predictions) or has all forgotten."""
        self._turns.append(callback)
        callback(self.committed and (self.partner is None or self.partner.committed))

    def _turn(self, committed: bool) -> None:
        for callback in [*self._turns, *(self.partner._turns if self.partner is not None else ())]:
            callback(committed)

    def _entry(self) -> list[w.Widget]:
        if self.range is not None:
            self.field = w.Text(
                placeholder=f"{short(self.range[0])} … {short(self.range[1])}", layout=w.Layout(width="9rem")
            )
            named(self.field, self.ask)
            return [self.field]
        self.choice = radio(list(self.shapes or self.options or ()), self.ask)
        if self.shapes is None:
            return [self.choice]
        self.choice.observe(self._chose, "index")
        return [prose("Draw on the axes below, or choose a shape:", "lsviz-small"), self.choice]

    def drawn(self, x: Sequence[float], y: Sequence[float]) -> None:
        """The learner drew on the axes of the app, in data coordinates."""
        if not self.committed:
            self.curve = tidy_curve(x, y)
            self.feedback.clear()

    def _hand(self, change: dict) -> None:
        """The page tells what is drawn; a shape that was chosen comes back the same way and stays chosen."""
        if self.committed and self.curve is not None and change["new"]:
            self.session.picture.drawn = pairs(self.curve)  # it waits for its partner, and is committed
        if self.committed or not change["new"]:
            return
        self.drawn(*zip(*change["new"], strict=True))
        if self.choice.index is not None and not self._is_shape(self.choice.value):
            self.choice.index = None

    def _chose(self, change: dict) -> None:
        if change["new"] is not None and not self.committed:
            self.session.picture.drawn = self._shape(self.choice.value)

    def _shape(self, name: str) -> list[list[float]]:
        assert self.shapes is not None
        x, y = tidy_curve(*zip(*self.shapes[name], strict=True))
        return [[at, float(np.interp(at, x, y))] for at in self.xs]

    def _is_shape(self, name: str) -> bool:
        assert self.curve is not None
        return len(self.curve[0]) == len(self.xs) and bool(
            np.allclose(np.transpose(self.curve), self._shape(name), rtol=1e-6, atol=1e-9)
        )

    def commit(self) -> None:
        try:
            self.guess = self._read()
        except ValueError as error:
            return self.feedback.say("bad", str(error))
        self._commit()

    def give_up(self) -> None:
        self.guess = None
        self.curve = None
        self._commit()

    def _read(self) -> float:
        if self.range is not None:
            low, high = self.range
            given = number(self.field.value, f"a number from {short(low)} to {short(high)}")
            if not low <= given <= high:
                raise ValueError(f"Give a number from {short(low)} to {short(high)}.")
            return given
        if self.options is not None:
            if self.choice.value is None:
                raise ValueError(f"Choose one first, or press “{UNSURE}”.")
            return float(self.options[self.choice.value])
        if self.curve is None or len(self.curve[0]) < 2:
            raise ValueError(f"Draw a curve from left to right or choose a shape first, or press “{UNSURE}”.")
        assert self.expected is not None
        return float(self.expected(*self.curve))

    def _commit(self) -> None:
        if self.level is not None and self.guess is not None:
            scale, *ends = self.level
            self.curve = np.asarray(ends, float), np.full(2, self.guess / scale)
        curve = None if self.curve is None else [list(map(float, axis)) for axis in self.curve]
        chosen = getattr(getattr(self, "choice", None), "value", None)
        self.put(ask=self.ask, expected=self.guess, curve=curve, chosen=chosen, committed=True, told=self.told)
        self._open()

    def _open(self) -> None:
        self.committed, self.start = (
            True,
            dict(self.session.values),
        )  # the prediction is about what is set at this moment
        self.commit_button.disabled = self.unsure_button.disabled = True
        for widget in self.entry:
            if hasattr(widget, "disabled"):
                widget.disabled = True
        shown = self._on_axes()
        if shown is not None or self.partner is None:  # a partner's curve stays
            self.session.prediction = shown
        waits = self.partner is not None and not self.partner.committed
        for item in filter(None, (self, self.partner)):
            if item.shapes is not None and not (waits and item.curve is not None):
                item.session.picture.draw = None  # while the result waits, what was drawn is on the axes
            if not waits:
                item.widget.remove_class("lsviz-locked")
        next_ = f"now answer “{_first(self.partner.ask)}” {self.other}." if self.partner is not None else ""
        if waits:
            self.session.lock(f"Your prediction is committed. The result waits: {next_}")
        else:
            self.session.unlock()
        stays = " Your prediction stays on the picture." if shown is not None else ""
        self.feedback.say("note", f"Committed.{f' The result waits: {next_}' if waits else stays}")
        if self.partner is not None and not waits:
            self.partner.feedback.say("note", "Committed.")
        if not waits:
            self._turn(True)
        self._result(getattr(self.session, "result", None))

    def _on_axes(self) -> Any:
        """What the picture shows of it: its own curve, or the sketch of both numbers once they are known."""
        if self.sketch is None or self.partner is None:
            return self.curve
        other = self.partner.guess
        return None if self.guess is None or other is None else self.sketch(other, self.guess)

    def blank(self) -> None:
        """Locked again, with nothing predicted."""
        if not self.committed:
            return
        self.committed, self.guess, self.curve = False, None, None
        self.widget.add_class("lsviz-locked")
        for widget in (*self.entry, self.commit_button, self.unsure_button):
            if hasattr(widget, "disabled"):
                widget.disabled = False
        if self.range is not None:
            self.field.value = ""
        else:
            self.choice.index = None
        if self.shapes is not None:
            self.session.picture.drawn = []
        self.feedback.clear()
        self.gap.clear()
        self.session.prediction = None
        self._lock()
        self._turn(False)

    def _result(self, ds: Any) -> None:
        """State the gap once, for the run the prediction was about; later moves of the controls do not change it."""
        if self.committed and self.session.prediction is None and (shown := self._on_axes()) is not None:
            self.session.prediction = shown  # Reset has cleared the picture
        if self.partner is not None and not self.partner.committed:
            return
        if not self.committed or self.gap.text or not finished(ds) or dict(self.session.values) != self.start:
            return
        found = float(self.outcome(ds))
        if not np.isfinite(found):
            return self.gap.say(
                "note", "This run gives no number to compare with: move a control and look where the jump went."
            )
        self.put(outcome=found)
        self.gap.say("note", self.sentence(found))

    def sentence(self, found: float) -> str:
        if self.guess is None or not np.isfinite(self.guess):
            return (self.unsure if self.guess is None else self.unread).format(outcome=short(found))
        larger, smaller = max(abs(found), abs(self.guess)), min(abs(found), abs(self.guess))
        factor = short(larger / smaller) if smaller > 0 else "∞"
        return self.words.format(
            expected=short(self.guess), outcome=short(found), factor=factor, difference=short(self.guess - found)
        )

    def restore(self, entry: dict) -> None:
        if not entry["committed"]:
            return
        curve = entry["curve"]
        self.curve = None if curve is None else tidy_curve(*curve)
        self.guess = None if entry["expected"] is None else float(entry["expected"])
        self._open()


class BreakIt(Item):
    """A setting to find by hand: where the claim fails. Checked live on the app's own state, never given away.

    `goal(values, ds)` says True when reached (or True and a line on what was found), or what is still missing. Only what is set in
    `session` counts: give the task a session of its own, so that nothing found elsewhere solves it.
    """

    kind = "break"

    def __init__(
        self,
        answers: Answers,
        key: str,
        session: Any,
        ask: str,
        *,
        goal: Callable[[dict, Any], bool | str | tuple[bool, str]],
        reached: str,
        hint: str = "",
        show: bool = True,
    ):
        super().__init__(answers, key)
        self.session, self.ask, self.goal, self.reached, self.hint = session, plain(ask), goal, reached, hint
        self.done, self.start = False, dict(session.values)
        self.feedback, self.tip = Feedback(), Feedback()
        help_me = [button("A hint", self.help, tip="A hint, not the setting")] if hint else []
        self._open()
        session.on_result(self._result)
        self.widget = box(
            prose(f"<b>Break it.</b> {ask}", "lsviz-ask"),
            *([session.widget] if show else []),
            row(*help_me, self.feedback.widget),
            self.tip.widget,
            css="lsviz-break",
        )

    def _open(self) -> None:
        self.feedback.say("note", "Not reached yet. Move the controls: each answer is checked as it comes.")

    def help(self) -> None:
        """The hint has a line of its own: it never takes the place of what was reached."""
        self.tip.say("note", self.hint)

    def _result(self, ds: Any) -> None:
        if self.done:
            return self._tell(str(self.answers.get(self.key).get("reached", "")))
        if not finished(ds):
            return
        if dict(self.session.values) == self.start:
            return self._open()  # what was said of another setting does not hold here
        answer = self.goal(dict(self.session.values), ds)
        found, said = answer if isinstance(answer, tuple) else (answer, "")
        if isinstance(found, (bool, np.bool_)) and found:
            self.done = True
            where = self._where()
            self.put(ask=self.ask, reached=where, said=said)
            return self._tell(where)
        self.feedback.say("note", str(answer) if isinstance(answer, str) else "Not reached yet.")

    def _where(self) -> str:
        """The controls that were moved, in words."""
        view = getattr(getattr(self.session, "app", None), "view", ())  # controls that only change the picture
        return setting({n: v for n, v in self.session.values.items() if v != self.start[n] and n not in view})

    def _tell(self, where: str) -> None:
        """It stays reached; the line says where, and that the controls stand elsewhere now."""
        since = "" if self._where() == where else " (you have moved on since)"
        said = str(self.answers.get(self.key).get("said") or "")
        self.feedback.say("right", " ".join(filter(None, (f"Reached with {where}{since}.", said, self.reached))))

    def restore(self, entry: dict) -> None:
        self.done = True
        self._tell(str(entry["reached"]))

    def blank(self) -> None:
        self.done = False
        self.tip.clear()
        self._open()


def setting(values: Mapping[str, Any]) -> str:
    """The controls in words: "P = 300, L = 2"."""
    signs = {name: ARGUMENTS[name].sign if name in ARGUMENTS else name for name in values}
    return ", ".join(f"{signs[name]} = {_spelled(name, value)}" for name, value in values.items())


def _spelled(name: str, value: Any) -> str:
    """A value in words; a turn in space by its angle."""
    if name == "rotation":
        return f"{np.degrees(2 * np.arccos(min(1.0, abs(value[0])))):.0f}°"
    return short(value) if isinstance(value, float) else {"relu": "ReLU"}.get(value, str(value))


def _first(ask: str) -> str:
    """The first sentence of a question: enough to find it on the page."""
    return re.split(r"(?<=[.?:]) ", ask, maxsplit=1)[0]
