"""The twelve lessons of the talk, read from the list that the gallery page shows, and the words of their questions."""

import json
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

LIST = "jupyter/voila/templates/lsviz/lessons.html.j2"  # a template that sets one variable, in JSON


@dataclass(frozen=True)
class Entry:
    """One lesson on the map of the talk; `here` is False for those still to come."""

    name: str
    title: str
    claim: str
    minutes: int
    here: bool

    @property
    def number(self) -> int:
        """Its place in the talk, 0 to 11."""
        return int(self.name.split("_")[0])


@cache
def lessons() -> tuple[Entry, ...]:
    """All twelve, in the order of the talk."""
    text = resources.files("lsviz.frontend").joinpath(LIST).read_text("utf-8")
    rows = json.loads(text[text.index("[") : text.rindex("]") + 1])
    return tuple(Entry(row["name"], row["title"], row["claim"], int(row["minutes"]), bool(row["here"])) for row in rows)


def lesson(number: int) -> Entry:
    """The lesson `number`. ValueError if the talk has none."""
    for entry in lessons():
        if entry.number == number:
            return entry
    raise ValueError(f"number: got {number!r}; allowed: {lessons()[0].number} to {lessons()[-1].number}")


@cache
def texts(name: str) -> dict[str, dict[str, Any]]:
    """The words of a lesson's questions by id; {} for a lesson that has none yet."""
    file = resources.files("lsviz.lesson").joinpath("texts", f"{name}.toml")
    return tomllib.loads(file.read_text("utf-8")) if file.is_file() else {}
