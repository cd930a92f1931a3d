"""The twelve lessons of the talk: number, title, claim, minutes, prerequisites. Read from frontend/lessons.json."""

import json
from dataclasses import dataclass, field
from functools import cache
from importlib import resources


@dataclass(frozen=True)
class Entry:
    """One lesson on the map of the talk; `ready` is False for those still to come."""

    number: int
    name: str
    title: str
    claim: str
    minutes: int = 25
    needs: tuple[int, ...] = ()
    symbols: tuple[str, ...] = ()
    ready: bool = False
    extra: dict = field(default_factory=dict, compare=False)


@cache
def lessons() -> tuple[Entry, ...]:
    """All twelve, in the order of the talk."""
    text = resources.files("lsviz.frontend").joinpath("lessons.json").read_text("utf-8")
    content = json.loads(text)
    rows = content["lessons"] if isinstance(content, dict) else content
    return tuple(sorted(map(_entry, rows), key=lambda entry: entry.number))


def _entry(given: dict) -> Entry:
    known = {name: given[name] for name in Entry.__dataclass_fields__ if name in given and name != "extra"}
    for name in ("needs", "symbols"):
        known[name] = tuple(known.get(name, ()))
    return Entry(**known, extra=given)


def lesson(number: int) -> Entry:
    """The lesson `number`. ValueError if the talk has none."""
    for entry in lessons():
        if entry.number == number:
            return entry
    raise ValueError(f"number: got {number!r}, the talk has lessons {lessons()[0].number} to {lessons()[-1].number}")
