"""What an app computed once in a process is played again, its first table and its last, in place of minutes of the same arithmetic.

The same arguments give the same bits: test_experiments holds that. A call with other than numbers, words and tuples of them is computed.
"""

import math
from collections.abc import Callable, Generator
from typing import Any

import pytest


class Remembered:
    """Streams by experiment and arguments: the first table, and the last one where a stream ran to its end."""

    def __init__(self, room: int = 300) -> None:
        self.room = room
        self.first: dict[Any, Any] = {}
        self.last: dict[Any, Any] = {}

    def make(self, session: Any, values: dict[str, Any]) -> Generator[Any, None, None]:
        """A stand-in for `Session._make`: the stream of these values, or what is kept of it. ValueError as there."""
        experiment = session.experiment
        arguments = experiment.check(**session.app.call(values))
        key = (experiment, tuple(sorted(arguments.items())))
        try:
            hash(key)
        except TypeError:  # a picture of one's own
            return experiment.stream(**arguments)
        return self._play(key, lambda: experiment.stream(**arguments))

    def _play(self, key: Any, stream: Callable[[], Generator[Any, None, None]]) -> Generator[Any, None, None]:
        if known := key in self.first:
            yield self.first[key]
        if key in self.last:
            if self.last[key] is not self.first[key]:
                yield self.last[key]
            return
        tables = stream()
        try:
            for number, table in enumerate(tables):
                if number == 0:
                    self.first.setdefault(key, table)
                if number or not known:
                    yield table
                last = self.first[key] if number == 0 else table
        finally:
            tables.close()
        self.last[key] = last
        for kept in (self.first, self.last):  # the oldest goes
            if len(kept) > self.room:
                gone = next(iter(kept))
                self.first.pop(gone, None)
                self.last.pop(gone, None)


EVERY = Remembered()


@pytest.fixture
def remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """All apps that a test opens share what they compute, also with the tests before it in the same process.

    What is computed shows its first table and its last alone, as what is remembered does: pictures on the way cost as much again.
    """
    from lsviz.app.session import Session

    monkeypatch.setattr("lsviz.experiment.REFRESH", math.inf)
    monkeypatch.setattr(Session, "_make", lambda session, values: EVERY.make(session, values))
