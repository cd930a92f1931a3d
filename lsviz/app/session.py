"""One open app: its values, its stream, its picture, and the habits every app has (reset, keep, presets, save, link)."""

import threading
from collections.abc import Callable
from typing import Any

from ..figure.stage import Context, Stage
from ..frontend import Picture
from ..live import Player
from . import App, first, results
from .controls import Ladder, Turn, Upload, read_state, told, write

GHOSTS = 3  # kept curves shown at most


class Session:
    """An app that is running. `set` moves controls, `status`, `png` and `result` tell what is shown; widgets are built when asked for."""

    def __init__(self, app: App, mode: str | None = None, locked: str = "", **values: Any):
        self.app = app
        self.controls = app.all_controls
        self.experiment = app.experiment
        self.values = app.defaults()
        self.start = dict(self.values)  # what Reset goes back to
        self.status, self.error, self.png = "", "", b""
        self.result: Any = None
        self.finished = self.stopped = False
        self.locked = locked
        self.picture = Picture(width=app.size[0], height=app.size[1])
        self._good = dict(self.values)  # values that were last answered; an error falls back to them
        self._shown_values = dict(self.values)
        self._lock = threading.RLock()
        self._stages: dict[tuple, Stage] = {}
        self._axes: list[dict] | None = None
        self._trails: dict[tuple, dict[Any, Any]] = {}
        self._ghosts: dict[tuple, tuple[str, list[Any]]] = {}  # setting → its name, its Datasets; the newest last
        self._prediction: tuple[Any, Any] | None = None
        self._predicted_at: dict[str, Any] = {}  # the values when the prediction was made
        self._kept = ""  # what the status line says of Keep, until the next move
        self._listeners: list[Callable[[Any], None]] = []
        self._viewers: list[Callable[[Any, dict[str, Any]], None]] = []
        self._movers: list[Callable[[], None]] = []
        self._board: Any = None
        self.elapsed = 0.0  # seconds of computing behind the present picture
        self.player = Player(self._make, self._show, self._fail, mode)
        self.picture.observe(self._painted, "ack")
        self.picture.observe(self._looked_at, "pages")
        self.picture.observe(lambda _: self.redraw(), ["dark", "ratio", "width_px"])
        self._first: Any = None  # a stored Dataset, shown until there is a result
        if not locked:
            self.player.do(self._open)  # before the source is loaded
        self._move(values, touch=False)
        self.start = dict(self.values)

    # ---- moving

    def set(self, **values: Any) -> "Session":
        """Move controls. A value that is not allowed goes into the error box (`error`) and changes nothing else.

        ValueError for a name the app does not have.
        """
        return self._move(values, touch=True)

    def _move(self, values: dict[str, Any], touch: bool) -> "Session":
        for name in values:
            if name not in self.values:
                raise ValueError(f"{name}: {self.app.name} has no such control; allowed: {', '.join(self.values)}")
        with self._lock:
            wanted = self._followed({**self.values, **values}, values)
            try:
                self._check(wanted)
            except (ValueError, TypeError) as error:
                self._fail(wanted, error)
                return self
            before, self.values = self.values, wanted
            self._kept = ""
            self._tell_movers()
        if self.result is not None and self.player.mode != "first" and self._same_run(before, wanted) and not self.error:
            self.redraw()
        else:
            self._ask(touch)
        return self

    def _check(self, values: dict[str, Any]) -> None:
        """ValueError that names a value the experiment does not take; the values themselves first, then what the app makes of them."""
        for name, kind in self.controls.items():
            if isinstance(kind, Turn):
                kind.check(name, values[name])
        if self.app.arguments is not None:
            self.experiment.check(**{name: value for name, value in values.items() if name in self.experiment.defaults})
        self.experiment.check(**self.app.call(values))

    def _followed(self, wanted: dict[str, Any], moved: dict[str, Any]) -> dict[str, Any]:
        """Ladders keep their position when what they follow moves."""
        for name, kind in self.controls.items():
            if isinstance(kind, Ladder) and name not in moved and any(other in moved for other in kind.follows):
                try:
                    at = kind.position(self.values, self.values[name])
                    wanted = {**wanted, name: kind.nearest(wanted, at).value}
                except (ValueError, ZeroDivisionError, OverflowError, TypeError):
                    pass  # a value that `check` refuses in a moment, by name
        return wanted

    def _same_run(self, one: dict[str, Any], other: dict[str, Any]) -> bool:
        return self.app.call(one) == self.app.call(other)

    def _ask(self, touch: bool = True) -> None:
        if not self.locked:
            self.player.request(dict(self.values), touch)

    def preset(self, words: str) -> "Session":
        """Go to a named setting. ValueError when there is none of that name."""
        if words not in self.app.presets:
            raise ValueError(f"preset: got {words!r}; allowed: {', '.join(self.app.presets)}")
        return self.set(**{**self.start, **self.app.presets[words]})

    def reset(self) -> "Session":
        """Stop, forget what was kept and found, and go back to the values the app opens with. A prediction stays."""
        self.player.stop()
        with self._lock:
            self._ghosts, self._trails = {}, {}
            self.error = self._kept = ""
            self.values = dict(self.start)
            self._tell_movers()
        self._ask()
        return self

    def stop(self) -> "Session":
        """Stop computing; the picture stays, and says so."""
        if self.player.busy:
            self.player.stop()
            self.player.do(self._say_stopped)
        return self

    def _say_stopped(self) -> None:
        if self.result is not None and not self.finished and not self.locked:
            self.stopped = True
            self._draw(self.result)  # the picture names what was still training

    def keep(self) -> "Session":
        """Pin what is shown as a grey ghost, to compare with what comes; the status line confirms it."""
        with self._lock:
            found = list(self._trail(self._shown_values).values()) or [self.result]
            if found[0] is not None:
                words, setting = f"kept: {self._told(self._shown_values)}", self._setting(self._shown_values)
                others = [old for old in self._ghosts.items() if old[0] != setting]  # the same setting twice is one ghost
                self._ghosts = dict([*others, (setting, (words, found))][-GHOSTS:])
                self._kept = f"; {words} (grey)"
        self.redraw()
        return self

    def _told(self, values: dict[str, Any], unlike: dict[str, Any] | None = None) -> str:
        """A setting in words ("P = 300, budget 80"): the controls in sight and what is not as at the start, or what is `unlike` another."""
        changed = [n for n in values if values[n] != (self.start if unlike is None else unlike)[n]]
        if unlike is None:
            seen = self.app.controls
            changed = [*(n for n in changed if n not in seen), *(n for n in values if n in seen)]
        shown = [n for n in changed if n != self.app.trail and n not in self.app.view]
        if len(shown) > 1 and unlike is not None:  # a ladder that only follows says nothing of its own
            shown = [n for n in shown if not isinstance(self.controls[n], Ladder)] or shown
        return ", ".join(told(name, self.controls[name], values[name], values) for name in shown[:3])

    def close(self) -> None:
        """Stop for good; the widgets stay as they are."""
        self.player.close()

    def wait(self, timeout: float = 60.0) -> bool:
        """Wait until the present answer is there. False when time ran out."""
        return self.player.wait(timeout)

    # ---- for lessons

    def on_result(self, callback: Callable[[Any], None]) -> None:
        """Call `callback(ds)` with every finished result, on the thread that draws."""
        self._listeners.append(callback)

    def on_view(self, callback: Callable[[Any, dict[str, Any]], None]) -> None:
        """Call `callback(ds, values)` with everything that is drawn, what is drawn now included, on the thread that draws."""
        self._viewers.append(callback)
        if self._drawable is not None:
            self.player.do(lambda: callback(self._drawable, self._seen()))

    def lock(self, message: str) -> None:
        """Hide the result behind empty axes and `message`, until `unlock`: a prediction comes first."""
        self.locked = message
        self.player.stop()
        self.player.do(self._blank)

    def unlock(self, touch: bool = True) -> None:
        """Show results from now on; with touch=False after those apps that a hand has touched."""
        self.locked = ""
        self._ask(touch)
        if self.result is None:
            self.player.do(self._blank)  # another app may have the one worker

    @property
    def prediction(self) -> tuple[Any, Any] | None:
        """The learner's own curve (x, y) in data coordinates, drawn dashed by the picture."""
        return self._prediction

    @prediction.setter
    def prediction(self, curve: tuple[Any, Any] | None) -> None:
        self._prediction, self._predicted_at = curve, dict(self.values)
        self.redraw()

    @property
    def link(self) -> dict[str, str]:
        """The state as a link holds it: name → text. A picture of one's own stays here."""
        return {name: write(value) for name, value in self.values.items() if not isinstance(self.controls[name], Upload)}

    def restore(self, state: dict[str, str]) -> "Session":
        """Go to the state of a link. What cannot be read goes into the error box."""
        try:
            values = read_state(state, self.values, self.app.name)
        except ValueError as error:
            self._fail(self.values, error)
            return self
        return self.set(**values)

    # ---- files

    def save_picture(self) -> bytes:
        """What is shown as PNG bytes, twice as fine, on the page's colour."""
        from ..figure import save_bytes

        self._need_result()
        width, height = self.app.size
        how: dict[str, Any] = dict(width=width, height=height, dark=self.picture.dark, context=self._context())
        return save_bytes(self.app.draw(), self.result, **how)

    def save_data(self) -> bytes:
        """The present result as a netCDF file (HDF5), with the arguments as attributes."""
        self._need_result()
        called = {name: write(value) for name, value in self.app.call(self._shown_values).items()}
        return results.as_file(self.result.assign_attrs(experiment=self.experiment.name, **called))

    def _need_result(self) -> None:
        if self.result is None:
            raise ValueError("There is nothing to save yet: wait for the first picture.")

    # ---- drawing (on the worker)

    def redraw(self) -> None:
        """Draw the present result again (theme, size, ghosts or prediction changed)."""
        if self.locked:
            self.player.do(self._blank)
        elif self._drawable is not None:
            self.player.do(lambda: self._draw(self._drawable))

    @property
    def _drawable(self) -> Any:
        return self._first if self.result is None else self.result

    def _open(self) -> None:
        """What can be shown while the source is still being loaded: a stored Dataset, or words."""
        if self.app.first and self.result is None:
            self._first = first.read(self.app.first)
            self._draw(self._first)
        elif self.app.loading:
            self._send(None, self.app.loading)

    def _make(self, values: dict[str, Any]) -> Any:
        return self.experiment.stream(**self.app.call(values))

    def _show(self, values: dict[str, Any], ds: Any, last: bool) -> None:
        if self._drawable is self._first is not None and not last and float(ds.progress) == 0:
            return  # nothing is known yet: the stored picture stays
        with self._lock:
            same = values == self._shown_values and results.alike(ds, self.result)
            drawn = last and same and not self.stopped and self.picture.ratio <= 1
            self._shown_values, self._good = values, values
            self.result, self.finished, self.stopped, self.error = ds, last, False, ""
            self.elapsed = self.player.spent
            if last and self.app.trail:
                self._trail(values)[values[self.app.trail]] = ds
        if drawn:  # only the words change: it is the last one
            self._send(None, self._sentence(ds))
        else:
            self._draw(ds)
        if last:
            for callback in list(self._listeners):
                callback(ds)

    def _draw(self, ds: Any) -> None:
        stage = self._stage()
        self._send(stage.png(ds, self._context()), self._sentence(ds), stage)
        for view in list(self._viewers):
            view(ds, self._seen())

    def _blank(self) -> None:
        if self.locked or self.result is None:
            stage = self._stage()
            self._send(stage.png(), self.locked or "It opens as soon as what is computed above is done", stage)

    def _send(self, frame: bytes | None, sentence: str, stage: Stage | None = None) -> None:
        """One message to the page: picture, status and text alternative change in one turn."""
        axes = stage.boxes() if stage and stage.boxes() != self._axes else None
        self._axes = axes or self._axes
        opening = self.result is None and bool(self.app.first or self.app.loading)
        running = (opening or self.result is not None) and not (self.finished or self.stopped or self.locked)
        self.status = sentence
        if frame is not None:
            self.png = frame
        serial = self.picture.show(frame, sentence, settled=not running, progress=results.share(self.result, opening) if running else 1.0,
                                   busy=running, error=self.error, axes=axes)  # fmt: skip
        self.player.flow.send(serial)

    def _fail(self, values: dict[str, Any], error: Exception) -> None:
        """Show what went wrong in words; the last good values stand, so the next move goes on from them."""
        said = isinstance(error, ValueError) and str(error)
        with self._lock:
            self.error = words = said or f"This could not be computed: {type(error).__name__}: {error}"
            if values == self.values:  # unless the hand has moved on
                self.values = dict(self._good)
        self.picture.show(None, self.status, settled=True, error=words)

    def _sentence(self, ds: Any) -> str:
        if results.compiling(ds):
            return "Compiling the kernels for this computer's processor: some seconds, once (compiling)"
        said = self.app.status
        if callable(said):
            words = said(ds, self._seen())
        else:
            scalars = {name: float(v) for name, v in ds.variables.items() if v.ndim == 0 and v.dtype.kind in "fiu"}
            words = said.format(**{**self._seen(), **scalars})
        if self.result is None:
            return f"{words}; stored, computed before, {self.app.loading or self.app.doing}"
        if self.stopped:  # nothing will come "yet"
            return f"Stopped before the end, after {self.elapsed:.1f} s: {words.replace(' yet', '')}{self._kept}"
        return f"{words}, {self.elapsed:.1f} s{'' if self.finished else f' ({self.app.doing})'}{self._kept}"

    def _stage(self) -> Stage:
        (width, height), room = self.app.size, self.picture.width_px
        if room and room < 640:
            width, height = max(room, 300), self.app.narrow[1]
        elif room:
            width, height = min(max(room, 640), width), height
        key = (width, height, self.picture.dark, min(self.picture.ratio, 2.0) if self.finished else 1.0)
        if key not in self._stages:
            if len(self._stages) > 3:
                self._stages.clear()
            self._stages[key] = Stage(self.app.draw(), *key)
        if (self.picture.width, self.picture.height) != (width, height):
            self.picture.width, self.picture.height = width, height
        return self._stages[key]

    def _context(self) -> Context:
        trail = [ds for at, ds in self._trail(self._shown_values).items() if at != self._shown_values.get(self.app.trail or "")]
        made_for = self._told(self._predicted_at, unlike=self._shown_values) if self._prediction is not None else ""
        behind = self.app.behind(self._seen()) if callable(self.app.behind) else self.app.behind
        return Context(values=dict(self.values), trail=trail, ghosts=list(self._ghosts.values()), prediction=self._prediction,
                       prediction_for=made_for, behind=behind, stopped=self.stopped)  # fmt: skip

    def _seen(self) -> dict[str, Any]:
        """The values of the picture: those of its result, and the view's as they are now."""
        return {**self._shown_values, **{name: self.values[name] for name in self.app.view}}

    def _trail(self, values: dict[str, Any] | None = None) -> dict[Any, Any]:
        """Finished results of this setting, by the value of the app's trail control."""
        if self.app.trail is None:
            return {}
        return self._trails.setdefault(self._setting(values or self.values), {})

    def _setting(self, values: dict[str, Any]) -> tuple:
        return tuple((n, v) for n, v in values.items() if n != self.app.trail and n not in self.app.view)

    # ---- the page

    def _painted(self, change: Any) -> None:
        self.player.acknowledge(change["new"])

    def _looked_at(self, change: Any) -> None:
        if self.picture.ack:
            self.player.absent(not change["new"])

    def _tell_movers(self) -> None:
        for mover in self._movers:
            mover()

    def on_move(self, callback: Callable[[], None]) -> None:
        """Call back whenever the values change by other hands than the control's own."""
        self._movers.append(callback)

    @property
    def widget(self) -> Any:
        """The app as an ipywidget: title, controls, picture, buttons."""
        if self._board is None:
            from .board import Board

            self._board = Board(self)
        return self._board.widget

    def _ipython_display_(self) -> None:
        from IPython.display import display

        widget = self.widget
        self.player.wait_first(2.0)  # so that the picture comes with the page, not after it
        display(widget)
