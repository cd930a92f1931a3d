"""What stands around a picture: spoken names, the state as a link, files, the learner's answers, the lecturer's switch."""

import os
from urllib.parse import parse_qsl

import anywidget
import traitlets as t

from .assets import script, style

CONTROLS = style("controls")


class Access(anywidget.AnyWidget):
    """Gives the controls in the same box (class `lsviz-app`) spoken names and values; shows nothing itself.

    `names` and `units` are by description: Access(names={"N/P": "parameters per point"}, units={"h": "neurons"}).
    """

    _esm = script("access")
    _css = CONTROLS

    title = t.Unicode("", help="name of the whole box").tag(sync=True)
    names = t.Dict(help="description -> spoken name").tag(sync=True)
    units = t.Dict(help="description -> unit, said after the value").tag(sync=True)


class Link(anywidget.AnyWidget):
    """An app's state in the page's address (`?app.P=300&app.h=4.5`), and a button that copies it.

    `start()` gives what the address said before anything was shown, where the server passes it on (Voilà); otherwise the page
    tells it and the callbacks of `on_restore` get it. Values are text: the app checks them as it checks any input.
    """

    _esm = script("link")
    _css = CONTROLS

    app = t.Unicode(help="short name of the app, the key's first part").tag(sync=True)
    state = t.Dict(help="name -> text: what the link holds").tag(sync=True)
    label = t.Unicode("Copy link").tag(sync=True)
    restored = t.Bool(False).tag(sync=True)

    def __init__(self, app: str, **traits):
        super().__init__(app=app, **traits)
        self._callbacks = []
        self.on_msg(self._from_page)

    def start(self) -> dict[str, str]:
        """The state in the address this kernel was started for; {} if there is none or the server does not say."""
        found = read_query(self.app, os.environ.get("QUERY_STRING", ""))
        if found:
            self.restored = True
        return found

    def on_restore(self, callback) -> None:
        """Call `callback(state: dict[str, str])` when the page finds a state in its address."""
        self._callbacks.append(callback)

    def _from_page(self, _widget, content, _buffers) -> None:
        if self.restored or not isinstance(content.get("found"), dict):
            return
        self.restored = True
        for callback in self._callbacks:
            callback({str(k): str(v) for k, v in content["found"].items()})


def read_query(app: str, query: str) -> dict[str, str]:
    """The part of an address's query that belongs to `app`: {"P": "300"} from "one_width.P=300"."""
    first = f"{app}."
    return {key.removeprefix(first): value for key, value in parse_qsl(query.lstrip("?#")) if key.startswith(first)}


class Download(anywidget.AnyWidget):
    """Hands files to the learner's browser: `deliver("map.png", png, "image/png")`. Shows a line with the last one."""

    _esm = script("download")
    _css = CONTROLS

    def deliver(self, name: str, data: bytes | str, mime: str = "application/octet-stream") -> None:
        """Save `data` under `name` on the learner's machine; no server takes part."""
        self.send({"name": name, "type": mime}, [data.encode() if isinstance(data, str) else bytes(data)])


class OwnPicture(anywidget.AnyWidget):
    """A button that takes a picture from the learner's machine: `on_file(callback)` gets its bytes as a small PNG, or None for none.

    The page reads the file and makes it small; what is no picture, or huge, is refused there in words. Nothing is kept.
    """

    _esm = script("own")
    _css = CONTROLS

    description = t.Unicode("own picture", help="what is asked for").tag(sync=True)
    said = t.Unicode("", help="what is said of the last file").tag(sync=True)
    held = t.Bool(False, help="an own picture is shown").tag(sync=True)

    def __init__(self, **traits):
        super().__init__(**traits)
        self._callbacks = []
        self.on_msg(self._from_page)

    def on_file(self, callback) -> None:
        """Call `callback(content: bytes | None)` when the learner gives a file, or takes it back."""
        self._callbacks.append(callback)

    def _from_page(self, _widget, content, buffers) -> None:
        if not (buffers or content.get("clear")):
            return
        self.said = str(content.get("name", "")) if buffers else ""
        for callback in self._callbacks:
            callback(bytes(buffers[0]) if buffers else None)


class Store(anywidget.AnyWidget):
    """The learner's answers, kept in their browser under the lesson's name, and as a file that can be brought back.

    Set `values` (JSON-able, by key; assign a new dict) to keep; `ready` turns true when the page has told what it kept,
    so observe "ready" and "values" (which also changes when a file is brought back or all is forgotten: {}).
    """

    _esm = script("store")
    _css = CONTROLS

    name = t.Unicode(help="the lesson").tag(sync=True)
    values = t.Dict(help="key -> answer").tag(sync=True)
    ready = t.Bool(False, help="the page has told what it kept").tag(sync=True)
    buttons = t.Bool(True, help="show the buttons for the file").tag(sync=True)

    def put(self, key: str, value) -> None:
        """Keep one answer."""
        self.values = {**self.values, key: value}


class LectureMode(anywidget.AnyWidget):
    """The lecturer's switch: type of 24 px and more, everything of class `lsviz-answer` or `lsviz-learner` hidden."""

    _esm = script("lecture")
    _css = CONTROLS

    on = t.Bool(False).tag(sync=True)
