"""The only place that knows threads: streams are played so that the picture never lags behind the hand.

Latest wins, and the first item of a stream is always shown before the stream may be closed. Nothing queues: a player holds one
request, the newest. All players of a process share one worker thread, which makes, steps and closes every stream (a running
generator must never be closed from another thread) and draws every picture.
"""

import itertools
import logging
import os
import threading
import time
from collections.abc import Callable, Generator
from typing import Any

GRACE = 0.04  # seconds after its first item in which a stream may show a second one before a newer request takes over
IN_FLIGHT = 2  # pictures sent and not yet painted
SILENCE = 3.0  # seconds without an acknowledgement after which a page that had answered before counts as closed
PAUSE = 0.06  # seconds at least between the pictures of one stream after its first: the rest of the time belongs to its answer
SHARE = 3.0  # and at least this many times what a picture costs
UNSEEN = 0.1  # seconds between pictures while no page has answered yet

MODES = ("thread", "inline", "first")
log = logging.getLogger("lsviz")


def default_mode() -> str:
    """ "thread", or "inline" where the environment says LSVIZ_INLINE=1 (notebook tests)."""
    return "inline" if os.environ.get("LSVIZ_INLINE") == "1" else "thread"


class Flow:
    """Back-pressure: how many pictures are on their way to the page, and whether there is a page at all."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self.sent = self.acked = 0
        self.last = clock()  # when a picture was last sent into an empty pipe, or acknowledged
        self.seen = False
        self.away = False  # every page said goodbye
        self.sent_at = self.last

    def send(self, serial: int) -> None:
        if self.sent <= self.acked:
            self.last = self._clock()
        self.sent = serial
        self.sent_at = self._clock()

    def acknowledge(self, serial: int) -> None:
        self.seen, self.last = True, self._clock()
        self.acked = max(self.acked, serial)

    def open(self) -> bool:
        """May another picture be sent now?"""
        if not self.seen:
            return self.sent == 0 or self._clock() - self.sent_at >= UNSEEN
        return self.sent - self.acked < IN_FLIGHT

    def gone(self) -> bool:
        """The page answered before and is silent now, with a picture on its way: closed, or asleep behind another tab."""
        return self.away or (self.seen and self.sent > self.acked and self._clock() - self.last > SILENCE)


class Player:
    """Plays the stream of the newest request: `make(request)` → generator, `show(request, item, last)` for each item.

    `fail(request, error)` is told what went wrong; the player lives on. In mode "inline", `request` returns when the last item has
    been shown; in mode "first", when the first one has. `show` and `fail` run on the worker in mode "thread".
    """

    _births = itertools.count()

    def __init__(self, make: Callable[[Any], Generator], show: Callable[[Any, Any, bool], None],
                 fail: Callable[[Any, Exception], None], mode: str | None = None, worker: "Worker | None" = None):  # fmt: skip
        self.mode = mode or default_mode()
        if self.mode not in MODES:
            raise ValueError(f"mode: got {mode!r}; allowed: {', '.join(MODES)}")
        self._make, self._show, self._fail = make, show, fail
        self.flow = Flow()
        self.birth = next(self._births)
        self.touched = float(-self.birth)  # untouched apps are served in page order
        self.pictured = self.closed = False
        self._pending: list[Any] = []  # at most one request
        self._chores: list[Callable[[], None]] = []
        self._stop = self._turning = False
        self._asleep: list[Any] = []  # the request to take up again when the page comes back
        self._request: Any = None
        self._stream: Generator | None = None
        self._shown, self._shown_at = 0, 0.0
        self._cost = 0.0  # seconds the last picture took
        self.spent = 0.0  # seconds of computing in the present stream, not counting what other apps took
        self._held: tuple[Any, bool] | None = None  # an item that must be shown as soon as the flow is open
        self._worker = (worker or Worker.of_this_process()) if self.mode == "thread" else None
        if self._worker:
            self._worker.join(self)

    # ---- called from any thread

    def request(self, request: Any, touch: bool = True) -> None:
        """Play this from now on; whatever else was asked for and not begun is forgotten."""
        if self.closed:
            return
        if self._worker is None:
            self._play_inline(request)
            return
        with self._worker.changed:
            self._pending, self._stop, self._asleep = [request], False, []
            if touch:
                self.touched = time.monotonic()
            self._worker.changed.notify_all()

    def stop(self) -> None:
        """Close the running stream within a step and forget what was asked."""
        with self._lock:
            self._pending, self._asleep, self._stop = [], [], True
            self._wake()

    def close(self) -> None:
        """Stop for good."""
        self.closed = True
        self.stop()

    def do(self, chore: Callable[[], None]) -> None:
        """Run a short chore (drawing the present result again) where pictures are drawn, between two steps."""
        if self._worker is None:
            self._guard(chore)
            return
        with self._worker.changed:
            self._chores.append(chore)
            self._worker.changed.notify_all()

    def acknowledge(self, serial: int) -> None:
        """The page has painted the picture with this serial number."""
        with self._lock:
            self.flow.acknowledge(serial)
            self._rise()

    def absent(self, away: bool) -> None:
        """Every page with this app has been closed (or one was opened again)."""
        with self._lock:
            self.flow.away = away
            if not away:
                self.flow.acked = self.flow.sent  # what was sent to the closed page will never be acknowledged
            self._rise()

    def _rise(self) -> None:
        if self._asleep and not self._pending and not self.flow.gone():
            self._pending, self._asleep = self._asleep, []
        self._wake()

    def wait(self, timeout: float = 30.0) -> bool:
        """Wait until nothing is left to do; False when time ran out."""
        return self._until(lambda: not self.busy, timeout)

    def wait_first(self, timeout: float = 30.0) -> bool:
        """Wait until something, a picture or an error, has been shown."""
        return self._until(lambda: self.pictured, timeout)

    @property
    def busy(self) -> bool:
        return bool(self._turning or self._pending or self._stream is not None or self._held or self._chores)

    # ---- called by the worker alone

    def ready(self) -> bool:
        """Is there something to do that need not wait for the page?"""
        if self._chores or (self._stop and (self._stream is not None or self._held)):
            return True
        if self._held:
            return self.flow.open() or self.flow.gone()
        return bool(self._pending or self._stream is not None)

    def turn(self) -> None:
        """One chore, or one step of the stream."""
        self._turning = True
        try:
            self._turn()
        finally:
            self._turning = False

    def _turn(self) -> None:
        if self._chores:
            self._guard(self._chores.pop(0))
            self.pictured = True
            return
        if self._stop:
            self._drop()
            self._stop = False
        if self.flow.gone() and (self._stream is not None or self._held):
            self._asleep = self._pending or [self._request]
            self._pending = []
            self._drop()
            return
        if self._held:
            self._deliver()
            return
        if self._stream is not None and self._pending and self._shown and self._spent():
            self._drop()
        if self._stream is None:
            if not self._pending:
                return
            with self._lock:
                self._request = self._pending.pop()
            self._shown = 0
            if not self._guard(self._begin):
                return
        self._guard(self._step)

    def _spent(self) -> bool:
        return self._shown >= 2 or time.monotonic() - self._shown_at > GRACE

    def _begin(self) -> None:
        self.spent = 0.0
        self._stream = self._make(self._request)

    def _step(self) -> None:
        assert self._stream is not None
        began = time.monotonic()
        try:
            self._item = next(self._stream)
            self.spent += time.monotonic() - began
        except StopIteration:
            self.spent += time.monotonic() - began
            self._stream = None
            if self._shown:
                self._held = (self._item, True)
        else:
            if not self._shown or (self._rested() and self.flow.open()):
                self._held = (self._item, False)
        if self._held and (self._worker is None or self.flow.open() or (self._held[1] and not self.flow.seen)):
            self._deliver()

    def _rested(self) -> bool:
        """Is another picture of the same stream worth the delay of its answer? The second is: the first shows networks untrained."""
        return (
            self._shown < 2
            or self._worker is None
            or time.monotonic() - self._shown_at >= max(PAUSE, SHARE * self._cost)
        )

    def _deliver(self) -> None:
        assert self._held
        (item, last), self._held = self._held, None
        self._shown += 1
        began = time.monotonic()
        self._guard(lambda: self._show(self._request, item, last))
        self._shown_at = time.monotonic()
        self._cost = min(self._shown_at - began, 0.1)  # the first one builds its scenery: no measure of the next
        self.pictured = True

    def _drop(self) -> None:
        stream, self._stream, self._held = self._stream, None, None
        if stream is not None:
            self._guard(stream.close)

    def _guard(self, action: Callable[[], Any]) -> bool:
        """Run; an error is told, never raised. True when it went well."""
        try:
            action()
        except Exception as error:
            self._stream, self._held = None, None
            if not isinstance(error, ValueError):
                log.exception("lsviz: an app's computation failed")
            try:
                self._fail(self._request, error)
            except Exception:
                log.exception("lsviz: an app could not show its error")
            self.pictured = True
            return False
        return True

    # ---- in line

    def _play_inline(self, request: Any) -> None:
        self._request, self._shown, self._stop = request, 0, False
        if not self._guard(self._begin):
            return
        while self._stream is not None and not self._stop:
            if not self._guard(self._step):
                return
            if self.mode == "first":
                break
        self._drop()

    @property
    def _lock(self) -> Any:
        return self._worker.changed if self._worker else _FREE

    def _wake(self) -> None:
        if self._worker:
            self._worker.changed.notify_all()

    def _until(self, fulfilled: Callable[[], bool], timeout: float) -> bool:
        end = time.monotonic() + timeout
        while not fulfilled():
            if self._worker is None or time.monotonic() > end:
                return fulfilled()
            with self._worker.rested:
                self._worker.rested.wait(0.02)
        return True


class Worker:
    """One thread for all players. Chores come first, they are short; then who has shown nothing yet, in page order; then whoever was
    touched last."""

    _single: "Worker | None" = None
    _birth = threading.Lock()

    def __init__(self) -> None:
        self.changed = threading.Condition(threading.RLock())
        self.rested = threading.Condition()
        self._players: list[Player] = []
        self._thread = threading.Thread(target=self._run, name="lsviz", daemon=True)
        self._thread.start()

    @classmethod
    def of_this_process(cls) -> "Worker":
        with cls._birth:
            if cls._single is None or not cls._single._thread.is_alive():
                cls._single = cls()
            return cls._single

    def join(self, player: Player) -> None:
        with self.changed:
            self._players.append(player)

    def _run(self) -> None:
        while True:
            with self.changed:
                player = self._next()
                while player is None:
                    held = any(p._held for p in self._players)
                    self.changed.wait(0.05 if held else None)  # a held picture waits for the page, or for its silence
                    player = self._next()
            player.turn()
            with self.rested:
                self.rested.notify_all()
            player = None  # a closed app must not be kept alive by a waiting thread

    def _next(self) -> Player | None:
        self._players = [p for p in self._players if not (p.closed and not p.busy)]
        ready = [p for p in self._players if p.ready()]
        return min(ready, key=lambda p: (not p._chores, p.pictured, p.birth if not p.pictured else -p.touched), default=None)


class _Free:
    def __enter__(self) -> None: ...

    def __exit__(self, *_: Any) -> None: ...


_FREE = _Free()
