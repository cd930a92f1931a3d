"""What a learner predicted and answered in one lesson: kept, written out as JSON, brought back. Knows no widget."""

import json
import math
from collections.abc import Callable
from typing import Any

LARGEST = 1_000_000  # characters; a lesson's answers take a few thousand


class Answers:
    """Answers of one lesson by stable id: {"3-jump": {"kind": "predict", ...}}.

    Every entry is a dict of JSON values. `watch(f)` calls f() after each change; `on_restore(key, f)` calls f(entry)
    when an entry comes back from the browser or a file.
    """

    def __init__(self, lesson: str = ""):
        self.lesson = lesson
        self.entries: dict[str, dict[str, Any]] = {}
        self.unread: list[str] = []
        self._restorers: dict[str, Callable[[dict], None]] = {}
        self._watchers: list[Callable[[], None]] = []

    def put(self, key: str, **entry: Any) -> None:
        """Add to the answer `key`; the values must be JSON (numbers, strings, lists), NaN is kept as None."""
        self.entries = {**self.entries, key: {**self.entries.get(key, {}), **{k: _plain(v) for k, v in entry.items()}}}
        self._tell()

    def get(self, key: str) -> dict[str, Any]:
        """The answer `key`, {} if there is none yet."""
        return self.entries.get(key, {})

    def watch(self, callback: Callable[[], None]) -> None:
        """Call `callback()` after each change."""
        self._watchers.append(callback)

    def on_restore(self, key: str, callback: Callable[[dict], None]) -> None:
        """Who shows the answer `key` when it comes back. ValueError when the id is taken."""
        if key in self._restorers:
            raise ValueError(
                f"id: got {key!r}, which another question of this lesson has; every question needs its own"
            )
        self._restorers[key] = callback

    def dumps(self) -> str:
        """The file that the page saves, too."""
        return json.dumps({"lsviz": self.lesson, "values": self.entries}, indent=1, ensure_ascii=False)

    def loads(self, text: str | bytes) -> int:
        """Bring answers back from a file and return how many. ValueError, and nothing is lost, if the file is not ours."""
        return self.take(read(text, self.lesson))

    def take(self, values: dict[str, Any]) -> int:
        """Take answers that come back; one that cannot be read leaves the present one as it is (see `unread`)."""
        self.unread = []
        changed = {key: entry for key, entry in values.items() if entry != self.entries.get(key)}
        for key, entry in changed.items():
            before = self.entries
            self.entries = {**self.entries, key: entry}
            if not self.revive(key):
                self.unread.append(key)
                self.entries = before
        if changed:
            self._tell()
        return len(values) - len(self.unread)

    def revive(self, key: str) -> bool:
        """Show the answer `key` again where its question stands; False if it cannot be read."""
        entry = self.entries.get(key, {})
        try:
            if not isinstance(entry, dict):
                raise TypeError(f"{key}: not an answer")
            if entry and key in self._restorers:
                self._restorers[key](entry)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError):
            return False
        return True

    def forget(self) -> None:
        """Forget all answers."""
        self.entries = {}
        self._tell()

    def _tell(self) -> None:
        for callback in self._watchers:
            callback()


def _plain(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def read(text: str | bytes, lesson: str) -> dict[str, dict[str, Any]]:
    """The answers in a saved file, checked. ValueError in words a learner can use."""
    kept = "Your present answers are unchanged."
    if len(text) > LARGEST:
        raise ValueError(f"This file is too large to be a file of answers. {kept}")
    try:
        content = json.loads(text if isinstance(text, str) else text.decode("utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        raise ValueError(f"This file cannot be read: it is not a file of answers, or it is damaged. {kept}") from None
    if not isinstance(content, dict) or "lsviz" not in content:
        raise ValueError(f"This file was not saved by a lesson. {kept}")
    if content["lsviz"] != lesson:
        raise ValueError(f"These answers belong to the lesson {content['lsviz']!r}, and this is {lesson!r}. {kept}")
    values = content.get("values")
    if not isinstance(values, dict) or not all(isinstance(entry, dict) for entry in values.values()):
        raise ValueError(f"The answers in this file are damaged. {kept}")
    return values
