"""A lesson as a notebook sees it: `here = lesson.header(3)`, then `here.predict(...)`, `here.pick(...)`, one line a cell."""

import base64
import html
from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from typing import Any
from urllib.parse import urlencode

import ipywidgets as w

from lsviz import symbols as glossary
from lsviz.frontend import LectureMode, Store
from lsviz.lesson import catalog, diagram
from lsviz.lesson.answers import Answers
from lsviz.lesson.parts import Feedback, Shown, classed, prose, row
from lsviz.lesson.questions import Number, OwnWords, Pick, Recall
from lsviz.lesson.tasks import BreakIt, Predict
from lsviz.lesson.words import rich, short, symbol


class Lesson(Shown):
    """The header of a lesson, and the maker of everything that asks its learner something."""

    def __init__(self, number: int):
        self.entry = catalog.lesson(number)
        self.texts = catalog.texts(self.entry.name)
        about = self.texts.get("header", {})
        self.symbols = tuple(about.get("symbols", ()))
        self.answers = Answers(self.entry.name)
        self.items: dict[str, Any] = {}
        self.store = Store(name=self.entry.name)
        self.lecture = LectureMode()
        self.message = Feedback("lsviz-notice")
        self.answers.watch(self._keep)
        self.store.observe(self._kept, "values")
        top = prose(head(self.entry, about.get("needs", ()), self.symbols), "lsviz-header")
        parts = [w.HTML(css()), top, row(self.store, self.lecture), self.message.widget]
        self.widget = classed(w.VBox(parts), "lsviz-item")

    # what a cell may show

    # Their words stand in texts/<lesson>.toml under the same id, or are given here.

    def recall(self, key: str, **about: Any) -> Recall:
        return self._again(Recall(self.answers, key, **self._words(key, about)))

    def pick(self, key: str, **about: Any) -> Pick:
        return self._again(Pick(self.answers, key, **self._words(key, about)))

    def number(self, key: str, **about: Any) -> Number:
        return self._again(Number(self.answers, key, **self._words(key, about)))

    def predict(self, key: str, app: Any, *, start: Mapping[str, Any] | None = None, **about: Any) -> Predict:
        """`app` is an App (a session of it is opened at the values `start`) or a session."""
        item = self._again(Predict(self.answers, key, opened(app, start, WAITS), **self._words(key, about)))
        item.on_turn(lambda committed: veil(item.session, committed))
        return item

    def after(self, prediction: Predict, app: Any, **start: Any) -> Any:
        """A session of `app`, closed until the prediction that it would give away is committed (both, of two beside each other)."""
        session = opened(app, start, WAITS)
        prediction.on_turn(lambda committed: session.unlock(touch=False) if committed else session.lock(WAITS))
        prediction.on_turn(lambda committed: veil(session, committed))
        return session

    def break_it(self, key: str, app: Any, *, start: Mapping[str, Any] | None = None, **about: Any) -> BreakIt:
        """`app` is an App (a session is opened at `start`) or a session shown elsewhere (then give show=False)."""
        return self._again(BreakIt(self.answers, key, opened(app, start), **self._words(key, about)))

    def own_words(self, key: str, **about: Any) -> OwnWords:
        return self._again(OwnWords(self.answers, key, **self._words(key, about)))

    def _again(self, item: Any) -> Any:
        """Show an answer that came back before its question was on the page (cells run one by one)."""
        self.items[item.key] = item
        self.answers.revive(item.key)
        return item

    def _words(self, key: str, about: Mapping[str, Any]) -> dict[str, Any]:
        return {**self.texts.get(key, {}), **about}

    def misconception(
        self, key: str, *, after: Predict | None = None, run: Callable[[], Mapping[str, Any]] | None = None, **numbers: Any
    ) -> Shown:
        """`quote`: in the learner's words; `refuted`: by which experiment. {fields} are filled from `numbers`, which come from a run.

        `after`: a prediction that its numbers would give away; the refutation opens when that is committed. `run`: makes the numbers then,
        once the prediction's own run is done, so that the page need not wait for them.
        """
        text = self.texts[key]

        def told(refuted: str) -> Panel:
            body = f"<p class='lsviz-quote'>“{text['quote']}”</p><p>{refuted}</p>"
            return panel(body, "lsviz-misconception", "You may have thought")

        return waiting(told, text["refuted"], after, run, numbers)

    def worked(
        self, key: str, *, after: Predict | None = None, run: Callable[[], Mapping[str, Any]] | None = None, **numbers: Any
    ) -> Shown:
        """`title` and `steps` of one number, worked out; {fields} of the steps are filled from `numbers`, which come from a run.

        `after`: a prediction that it would give away; the steps open when that is committed. `run`: makes the numbers then.
        """
        text = self.texts[key]
        steps = "".join(f"<li>{step}</li>" for step in text["steps"])

        def told(body: str) -> Panel:
            return panel(body if body.startswith("<ol>") else f"<p>{body}</p>", "lsviz-worked", text["title"])

        return waiting(told, f"<ol>{steps}</ol>", after, run, numbers)

    def sources(self, key: str = "sources", **about: Any) -> Shown:
        """`papers`: [what it says, who and when, DOI] each; `limits`: what we could not reproduce."""
        text = self._words(key, about)
        lines = "".join(f"<li>{claim} {doi_link(who, doi)}</li>" for claim, who, doi in text["papers"])
        body = f"<ul>{lines}</ul><p><b>What we could not reproduce.</b> {text['limits']}</p>"
        return panel(body, "lsviz-sources", "Sources and limits")

    def picture(self, app: Any, **start: Any) -> Shown:
        """The picture of an app at the values `start`, without its controls: something to look at first."""
        return Panel(classed(w.VBox([opened(app, start).picture]), "lsviz-app", "lsviz-alone"))

    def scenes(self, key: str, bodies: Mapping[str, Any]) -> Shown:
        """Objects side by side that a hand turns, without any kernel: `names` {object: [label, text alternative]} and a `caption`."""
        from lsviz.scene import Scene

        text = self.texts[key]
        wide = w.Layout(flex="1 1 280px", width="auto", min_width="0", overflow="visible")
        made = [Scene(bodies[name], label=label, alt=alt, width=400, height=300, hint="", file=f"{key}_{name}", layout=wide)
                for name, (label, alt) in text["names"].items()]  # fmt: skip
        side = w.HBox(made, layout=w.Layout(flex_flow="row wrap", width="100%", max_width="860px", overflow="visible", grid_gap="0 16px"))
        return Panel(classed(w.VBox([side, prose(f"<p>{text['caption']}</p>", "lsviz-small")]), "lsviz-item"))

    def network(self, key: str, *sizes: int) -> Shown:
        """A drawing of a network with its neurons and arrows, `names` below its layers and a `caption`."""
        text = self.texts[key]
        return Panel(
            prose(f"{diagram.network(sizes, text['names'])}<p>{text['caption']}</p>", "lsviz-drawing", "figure")
        )

    def links(self, *apps: Any) -> Shown:
        """The presets of these apps as links that restore them, for a lecturer to copy."""
        rows = "".join(f"<li><b>{app.name}</b>: {', '.join(preset_links(app))}</li>" for app in apps)
        text = f"<p>Each opens this lesson in lecturer mode with the app in that state.</p><ul>{rows}</ul>"
        made = panel(text, "lsviz-sources", "Links for the lecturer")
        classed(made.widget, "lsviz-for-lecturer")
        return made

    def glossary(self, *names: str) -> Shown:
        """The symbols of this lesson, or those named, each with its sentence."""
        chosen = [glossary.SYMBOLS[name] for name in names or self.symbols]
        lines = "".join(
            f"<dt>{symbol(s.name)} <span>{s.long_name}</span></dt><dd>{html.escape(s.meaning)}</dd>" for s in chosen
        )
        return panel(f"<dl>{lines}</dl>", "lsviz-glossary", "Symbols")

    def record(self) -> "Record":
        return Record(self.answers, self.entry.title)

    # saving

    def _keep(self) -> None:
        self.store.values = dict(self.answers.entries)

    def _kept(self, change: dict) -> None:
        """The page tells what it had kept, brings back a file, or forgets all."""
        values = change["new"]
        if not values and self.answers.entries:
            return self.forget()
        if values == self.answers.entries:
            return
        self.answers.take(values)
        self._keep()
        if self.answers.unread:
            self.message.say("bad", f"{len(self.answers.unread)} answers could not be read and were left as they are.")

    def forget(self) -> None:
        """Forget all answers, and clear them from the page."""
        self.answers.forget()
        for item in self.items.values():
            item.blank()

    def bring_back(self, text: str | bytes) -> None:
        """Restore a saved file; says in words what happened, and loses nothing if the file is bad."""
        try:
            count = self.answers.loads(text)
        except ValueError as error:
            return self.message.say("bad", str(error))
        rest = (
            f" {len(self.answers.unread)} could not be read and were left as they are." if self.answers.unread else ""
        )
        self.message.say("right", f"{count} answers are back.{rest}")


class Panel(Shown):
    def __init__(self, widget: w.Widget):
        self.widget = widget


def panel(text: str, css_class: str, title: str) -> Panel:
    return Panel(prose(f"<h3>{title}</h3>{text}", css_class, "section"))


def waiting(
    told: Callable[[str], Panel],
    text: str,
    after: Predict | None,
    run: Callable[[], Mapping[str, Any]] | None,
    numbers: Mapping[str, Any],
) -> Panel:
    """`text` as it is `told`, its {fields} filled; it says no more than that it waits until the prediction `after` is committed.

    With `run`, which gives the numbers, until the first result of that prediction's session, too: on the thread that draws.
    """
    if after is None:
        return told(text.format(**(numbers if run is None else run())))
    made, shut = told(WAITS), told(WAITS).widget.value
    open_ = [told(text.format(**numbers)).widget.value] if run is None else []
    committed = [False]

    def turn(now: bool) -> None:
        committed[0] = now
        made.widget.value = shut if not now else open_[0] if open_ else told(SOON).widget.value

    def result(_: Any) -> None:
        if committed[0] and run is not None and not open_:
            open_.append(told(text.format(**run())).widget.value)
            turn(True)

    after.on_turn(turn)
    if run is not None:
        after.session.on_result(result)
    return made


SOON = "This opens as soon as what is computed above is done."
WAITS = "This opens when you have committed your prediction above."
PAGE = """<!doctype html><meta charset="utf-8"><title>{title}</title>
<style>body {{ font: 16px sans-serif; margin: 2em }} table {{ border-collapse: collapse }}
td, th {{ border: 1px solid #999; padding: .4em; text-align: left }}</style><h1>{title}</h1>{body}"""


class Record(Shown):
    """The printable record: what the learner predicted, what came out. Nothing is scored."""

    def __init__(self, answers: Answers, title: str):
        self.answers, self.title = answers, title
        self.table = classed(w.HTML(""), "lsviz-prose", "lsviz-record")
        self.link = classed(w.HTML(""), "lsviz-download")
        answers.watch(self._refresh)
        self._refresh()
        self.widget = classed(w.VBox([self.table, self.link]), "lsviz-item")

    def _refresh(self) -> None:
        body = self.html()
        self.table.value = f"<h3>Your record</h3>{body}"
        page = PAGE.format(title=html.escape(self.title), body=body)
        self.link.value = download(page, "lsviz-record.html", "Save the record for printing", "text/html")

    def html(self) -> str:
        rows = "".join(_row(entry) for entry in self.answers.entries.values() if entry.get("ask"))
        if not rows:
            return "<p>Nothing yet: it fills as you predict and answer.</p>"
        return (
            f"<table><thead><tr><th>Question</th><th>You</th><th>Outcome</th></tr></thead><tbody>{rows}</tbody></table>"
        )


def _row(entry: dict) -> str:
    you, outcome = _cells(entry)
    return "<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in (entry["ask"], you, outcome)) + "</tr>"


def _cells(entry: dict) -> tuple[str, str]:
    if entry.get("kind") == "predict":
        said, told = entry.get("expected"), str(entry.get("told") or "{}")
        you = "I don't know" if said is None else told.replace("{}", short(said))
        if said is not None and entry.get("chosen"):
            you = f"{entry['chosen']} ({you})" if not entry["chosen"].startswith(f"{short(said)}:") else entry["chosen"]
        return you, told.replace("{}", short(entry["outcome"])) if "outcome" in entry else "not seen yet"
    if entry.get("kind") == "break":
        return entry.get("reached", ""), "found"
    if entry.get("kind") == "recall":
        return entry.get("text", ""), "compared"
    tries = entry.get("tries", [])
    return "; ".join(map(str, tries)), "right" if entry.get("right") else "open"


def opened(app: Any, start: Mapping[str, Any] | None, locked: str = "") -> Any:
    """A session: `app` itself if it is one, else one opened at the values `start`, behind the words `locked` if there are any."""
    if hasattr(app, "on_result"):
        return app
    return app.open(locked=locked, **(start or {}))


def veil(session: Any, committed: bool) -> None:
    """Hide title, caption and presets of an app, wherever it stands on the page, until the prediction is committed: a title is a claim."""
    (session.widget.remove_class if committed else session.widget.add_class)("lsviz-locked")


def head(entry: catalog.Entry, needs: Sequence[int], symbols: Sequence[str]) -> str:
    """Claim, minutes, prerequisites, symbols, neighbours. The title stands in the notebook itself."""
    before = ", ".join(link(catalog.lesson(number)) for number in needs) or "nothing"
    marks = " ".join(f"<span class='lsviz-chip'>{symbol(name)}</span>" for name in symbols)
    every = catalog.lessons()
    place = every.index(entry)
    back = f"← {link(every[place - 1])}" if place else ""
    on = f"{link(every[place + 1])} →" if place + 1 < len(every) else ""
    return (
        f"<p class='lsviz-claim'>{rich(entry.claim)}</p>"
        f"<p class='lsviz-facts'><b>{entry.minutes} minutes</b> · before: {before} · symbols (point at one, or tap it): {marks}</p>"
        f"<nav aria-label='Neighbours'><span>{back}</span><span>{on}</span></nav>"
    )


def link(entry: catalog.Entry, later: str = " (to come)") -> str:
    """A link to a lesson's page; plain text while it is still to come."""
    title = f"{entry.number} {html.escape(entry.title)}"
    return f"<a href='{entry.name}.ipynb'>{title}</a>" if entry.here else f"<span>{title}{later}</span>"


def doi_link(who: str, doi: str) -> str:
    """A reference as a link."""
    return f"<a href='https://doi.org/{doi}' rel='noopener'>{who}, doi:{doi}</a>"


def preset_links(app: Any) -> list[str]:
    """One link for each preset, as the address of an app's state: ?transition.P=700."""
    made = []
    for words, values in app.presets.items():
        state = urlencode({f"{app.name}.{name}": value for name, value in values.items()} | {"lecture": 1})
        made.append(f"<a href='?{html.escape(state)}'>{html.escape(words)}</a>")
    return made


def card(entry: catalog.Entry) -> str:
    """One lesson on the map."""
    kind, foot = ("lsviz-card", f"{entry.minutes} minutes") if entry.here else ("lsviz-card lsviz-later", "to come")
    claim = f"<p>{rich(entry.claim)}</p>" if entry.here else ""  # the words of a later lesson are not known yet
    return f"<li class='{kind}'><b>{link(entry, '')}</b>{claim}<small>{foot}</small></li>"


def cards() -> Panel:
    """The map of the talk: a card a lesson, those to come greyed."""
    made = "".join(map(card, catalog.lessons()))
    return Panel(prose(f"<ul class='lsviz-cards'>{made}</ul>", "lsviz-map", "nav"))


def download(text: str, name: str, label: str, mime: str) -> str:
    """A link that saves `text`: it carries the file itself, so it works when the kernel is gone."""
    data = base64.b64encode(text.encode()).decode()
    return f"<a class='lsviz-link' download='{html.escape(name)}' href='data:{mime};base64,{data}'>{label}</a>"


def css() -> str:
    """The lesson's style sheet as an HTML style element."""
    return f"<style>{resources.files('lsviz.lesson').joinpath('lesson.css').read_text('utf-8')}</style>"


def header(number: int) -> Lesson:
    """Open the lesson `number`: its header, and the object that makes its questions."""
    return Lesson(number)
