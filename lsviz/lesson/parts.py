"""Pieces every question is made of: a box that displays itself, a line of feedback, a button."""

import html
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import ipywidgets as w
from IPython.display import display

from lsviz.lesson.answers import Answers
from lsviz.lesson.words import plain, rich

MARKS = {"right": "✓", "wrong": "✗", "note": "→", "bad": "!"}


class Run(Protocol):
    """What a question needs of an app's session."""

    values: dict[str, Any]
    result: Any


class Shown:
    """Something with a `.widget` that a notebook cell shows."""

    widget: w.Widget

    def _ipython_display_(self) -> None:
        display(self.widget)


class Item(Shown):
    """One question of a lesson: has an id, keeps its answer in `answers`, comes back from a file."""

    kind = "item"

    def __init__(self, answers: Answers, key: str):
        self.answers, self.key = answers, key
        answers.on_restore(key, self.restore)

    def put(self, **entry: Any) -> None:
        self.answers.put(self.key, kind=self.kind, **entry)

    def restore(self, entry: dict) -> None:
        raise NotImplementedError

    def blank(self) -> None:
        """As if the learner had not been here: what they asked to forget leaves the page, too."""
        raise NotImplementedError


def prose(text: str, css: str = "", tag: str = "div") -> w.HTML:
    """An author's text. Class names keep the page's style."""
    return classed(w.HTML(f"<{tag}>{rich(text)}</{tag}>"), "lsviz-prose", css)


def classed(widget: w.DOMWidget, *names: str) -> w.DOMWidget:
    for name in filter(None, names):
        widget.add_class(name)
    return widget


def box(*children: w.Widget, css: str = "") -> w.VBox:
    return classed(w.VBox(list(children)), "lsviz-item", css)


def row(*children: w.Widget) -> w.HBox:
    return classed(w.HBox(list(children)), "lsviz-row")


def button(text: str, do: Callable[[], None], *, tip: str = "", main: bool = False, disabled: bool = False) -> w.Button:
    made = w.Button(description=text, tooltip=tip or text, disabled=disabled, layout=w.Layout(width="auto"))
    made.on_click(lambda _: do())
    return classed(made, "lsviz-main" if main else "lsviz-button")


def named(field: w.DOMWidget, name: str) -> w.DOMWidget:
    """Give a field the name that a screen reader says; it is not shown, since the question stands above it."""
    field.description = plain(name)
    return classed(field, "lsviz-named")


def radio(options: Sequence[str], name: str) -> w.RadioButtons:
    """A choice with nothing chosen; `name` is what a screen reader says."""
    made = w.RadioButtons(options=list(options), index=None, layout=w.Layout(width="auto"))
    return classed(named(made, name), "lsviz-choices")


class Feedback(Shown):
    """A line that tells the learner something, announced by screen readers; never colour alone."""

    def __init__(self, css: str = "lsviz-answer"):
        self.text = ""
        self.mark = ""
        self.widget = classed(w.HTML(""), "lsviz-feedback", css)
        self.clear()

    def say(self, mark: str, text: str) -> None:
        self.mark, self.text = mark, text
        self.widget.value = (
            f'<div role="status" aria-live="polite" class="lsviz-{mark}"><b>{MARKS[mark]}</b> {rich(text)}</div>'
        )

    def clear(self) -> None:
        self.mark = self.text = ""
        self.widget.value = '<div role="status" aria-live="polite"></div>'


def quoted(text: str) -> str:
    """A learner's own words, safe in HTML."""
    return html.escape(text, quote=True)


def finished(ds: Any) -> bool:
    """Whether there is a result and nothing of it is still to come."""
    return ds is not None and float(getattr(ds, "progress", 1.0)) >= 1
