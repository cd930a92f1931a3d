"""Questions a learner answers: recall, choices with a hint each, numbers held to the learner's own run, own words."""

import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ipywidgets as w
import numpy as np

from lsviz.lesson.answers import Answers
from lsviz.lesson.parts import Feedback, Item, Run, box, button, classed, finished, named, prose, quoted, radio, row
from lsviz.lesson.words import number, plain, rich

FOUND = "You had found it before, and your record keeps that."
NO_RUN = "Your own run above has no answer to this yet. Let it finish, or press Reset there, then check again."


class Recall(Item):
    """An opening question about an earlier lesson: the answer unfolds once the learner has written something."""

    kind = "recall"

    def __init__(self, answers: Answers, key: str, ask: str, answer: str):
        super().__init__(answers, key)
        self.ask, self.answer = plain(ask), answer
        self.field = w.Text(placeholder="a few words of your own", layout=w.Layout(width="100%", max_width="34rem"))
        named(self.field, ask)
        self.show = button("Compare", self.compare, tip="Show the answer, after you have written yours", disabled=True)
        self.feedback = Feedback()
        self.field.observe(self._typed, "value")
        self.widget = box(prose(ask, "lsviz-ask"), row(self.field, self.show), self.feedback.widget)

    def compare(self) -> None:
        if not self.field.value.strip():
            return self.feedback.say("bad", "Write a few words first, even “I do not remember”.")
        self.put(ask=self.ask, text=self.field.value.strip())
        self.feedback.say("note", self.answer)

    def restore(self, entry: dict) -> None:
        self.field.value = str(entry["text"])
        self.compare()

    def blank(self) -> None:
        self.field.value = ""
        self.feedback.clear()

    def _typed(self, change: dict) -> None:
        self.show.disabled = not change["new"].strip()


class Pick(Item):
    """Choose one. Every wrong choice has a hint of its own: what it would imply, and where to look. Never the answer.

    `after`: a prediction that must be committed first, when this question is about what it shows.
    """

    kind = "pick"

    def __init__(
        self, answers: Answers, key: str, ask: str, *, right: str, why: str, wrong: Mapping[str, str], after: Any = None
    ):
        super().__init__(answers, key)
        if not wrong:
            raise ValueError("wrong: give at least one wrong choice with its hint, {choice: hint}")
        self.ask, self.right, self.why, self.wrong = (
            plain(ask),
            plain(right),
            why,
            {plain(c): h for c, h in wrong.items()},
        )
        self.options = sorted([self.right, *self.wrong], key=lambda choice: zlib.crc32(f"{key} {choice}".encode()))
        self.choice = radio(self.options, self.ask)
        self.feedback = Feedback()
        self.choice.observe(lambda _: self.feedback.clear(), "index")
        self.button = button("Check", self.check, tip=f"Check your choice: {self.ask}")
        self.widget = box(prose(ask, "lsviz-ask"), self.choice, row(self.button), self.feedback.widget)
        if after is not None:
            after.on_turn(self._wait)

    def _wait(self, committed: bool) -> None:
        """Closed until the prediction it belongs to is committed, and again when that is forgotten."""
        self.choice.disabled = self.button.disabled = not committed
        self.choice.layout.display = self.button.layout.display = "" if committed else "none"
        self.feedback.clear()
        if not committed:
            self.feedback.say("note", "This question opens when you have committed your prediction above.")

    def check(self) -> None:
        chosen = self.choice.value
        if chosen is None:
            return self.feedback.say("bad", "Choose one first.")
        tries = [*self.answers.get(self.key).get("tries", []), chosen]
        found = self.answers.get(self.key).get("right") is True  # the best answer counts
        self.put(ask=self.ask, tries=tries, right=found or chosen == self.right)
        self._tell(chosen)

    def _tell(self, chosen: str) -> None:
        if chosen == self.right:
            return self.feedback.say("right", self.why)
        found = self.answers.get(self.key).get("right") is True
        self.feedback.say("wrong", f"{self.wrong[chosen]} {FOUND}" if found else self.wrong[chosen])

    def restore(self, entry: dict) -> None:
        last = entry["tries"][-1]
        if last not in self.options:
            raise ValueError(f"{last!r} is no choice of this question")
        self.choice.value = last
        self._tell(last)

    def blank(self) -> None:
        self.choice.index = None
        if not self.choice.disabled:
            self.feedback.clear()


class Number(Item):
    """A number read off the learner's own run. The truth is computed from that run, so none is stored and none is shown.

    `truth(ds)` gives one number or one per seed (NaN where unknown). Accepted: anything within the run's own spread, widened by
    `slack` (relative). Too low or too high gets the author's hint of that name. A ValueError of `truth` says to the learner why this
    run has no answer and which control helps.
    """

    kind = "number"

    def __init__(
        self,
        answers: Answers,
        key: str,
        ask: str,
        *,
        run: Run | Any,
        truth: Callable[[Any], Any],
        low: str,
        high: str,
        why: str,
        slack: float = 0.1,
        unit: str = "",
    ):
        super().__init__(answers, key)
        if slack <= 0:
            raise ValueError(f"slack: got {slack}, must be above 0: a number read off a picture is never exact")
        self.ask, self.run, self.truth, self.low, self.high, self.why = plain(ask), run, truth, low, high, why
        self.slack = slack
        self.field = w.Text(placeholder="a number", layout=w.Layout(width="9rem"))
        named(self.field, ask)
        self.feedback = Feedback()
        self.field.observe(lambda _: self.feedback.clear(), "value")
        check = button("Check", self.check, tip=f"Check your number: {self.ask}")
        self.widget = box(prose(ask, "lsviz-ask"), row(self.field, w.Label(unit), check), self.feedback.widget)

    def interval(self) -> tuple[float, float] | None:
        """What the learner's own run accepts; None while it has no answer. ValueError when `truth` says why there is none."""
        ds = getattr(self.run, "result", self.run)
        if not finished(ds):
            return None
        values = np.asarray(self.truth(ds), float).ravel()
        values = values[np.isfinite(values)]
        if not values.size:
            return None
        room = self.slack * max(abs(float(np.median(values))), 1e-12)
        return float(values.min()) - room, float(values.max()) + room

    def check(self) -> None:
        try:
            given = number(self.field.value)
            accepted = self.interval()
        except ValueError as error:
            return self.feedback.say("bad", str(error))
        if accepted is None:
            return self.feedback.say("bad", NO_RUN)
        side = "low" if given < accepted[0] else "high" if given > accepted[1] else "right"
        self.put(
            ask=self.ask,
            tries=[*self.answers.get(self.key).get("tries", []), self.field.value.strip()],
            right=side == "right" or self.answers.get(self.key).get("right") is True,  # the best answer counts
        )
        self._tell(side, given, accepted)

    def _tell(self, side: str, given: float, accepted: tuple[float, float]) -> None:
        if side == "right":
            return self.feedback.say("right", self.why)
        edge = accepted[0] if side == "low" else accepted[1]
        far = given * edge <= 0 or not 0.1 < given / edge < 10
        kept = f" {FOUND}" if self.answers.get(self.key).get("right") is True else ""
        self.feedback.say(
            "wrong", f"Too {side}{', by more than a factor of ten' if far else ''}. {getattr(self, side)}{kept}"
        )

    def restore(self, entry: dict) -> None:
        self.field.value = str(entry["tries"][-1])
        self.feedback.say("note", "This is the number that you gave. Check it against the present run.")

    def blank(self) -> None:
        self.field.value = ""
        self.feedback.clear()


class OwnWords(Item):
    """One sentence by the learner; the summary unfolds after it."""

    kind = "words"

    def __init__(self, answers: Answers, key: str, ask: str, summary: Sequence[str]):
        super().__init__(answers, key)
        self.summary = summary
        self.field = w.Textarea(placeholder="one sentence", rows=2, layout=w.Layout(width="100%"))
        named(self.field, ask)
        self.feedback = Feedback()
        self.unfolded = classed(w.HTML(""), "lsviz-prose", "lsviz-answer")
        self.widget = box(
            prose(ask, "lsviz-ask"),
            self.field,
            row(button("Done: show the summary", self.unfold, main=True)),
            self.feedback.widget,
            self.unfolded,
        )

    def unfold(self) -> None:
        said = self.field.value.strip()
        if len(said.split()) < 3:
            return self.feedback.say(
                "bad", "Write one sentence first: what would you tell a friend who has not seen this?"
            )
        self.put(text=said)
        self.feedback.say("note", f"You: “{quoted(said)}”")
        points = "".join(f"<li>{rich(point)}</li>" for point in self.summary)
        self.unfolded.value = f"<h3>Summary</h3><ul>{points}</ul>"

    def restore(self, entry: dict) -> None:
        self.field.value = str(entry["text"])
        self.unfold()

    def blank(self) -> None:
        self.field.value = self.unfolded.value = ""
        self.feedback.clear()
