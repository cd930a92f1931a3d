"""The one widget for space: bodies are turned in the browser by mouse, touch and keys, and Python hears the object's rotation.

three.js stands bundled in `bundle.js` (sources and build: tools/scene). It is sent once a page: the first scene of a page asks for
it, the others wait for it. Nothing is fetched, and turning needs no kernel.
"""

import time
from collections.abc import Callable
from functools import cache
from importlib import resources
from typing import Any

import anywidget
import numpy as np
import traitlets as t

from ..figure import style
from ..figure.bodies import COLOURS, Body, check
from ..frontend.assets import script
from ..frontend.assets import style as sheet

HERE = resources.files(__package__)
IDENTITY = (1.0, 0.0, 0.0, 0.0)
HINT = "Drag to turn; arrow keys turn it, too, comma and full stop roll it, plus and minus zoom, Home or R resets"


@cache
def bundle() -> bytes:
    """The bundled JavaScript."""
    return (HERE / "bundle.js").read_bytes()


@cache
def version() -> str:
    """The hash of the sources that the bundle was made of."""
    return bundle()[:400].split(b"sources ")[1].split()[0].decode()


@cache
def _ramps() -> bytes:
    """Every ramp on light and on dark pages, (ramp, light and dark, 250, 3) uint8."""
    return np.stack([[style.ramp(name, dark) for dark in (False, True)] for name in style.RAMPS]).tobytes()


class Scene(anywidget.AnyWidget):
    """Bodies in space (see `lsviz.figure.bodies`), turned under the hand: Scene([axes(), cubes(cells)], alt="a tetromino").

    `quaternion` (w, x, y, z) is the object's rotation, kept up to date while a hand turns it, and can be set; `mirrored`: every
    coordinate of the object changes sign before it is turned. `fixed` bodies stay with the room. `on_turn(callback)` tells every turn
    by hand. ValueError for a quaternion that is none.
    """

    _esm = script() + (HERE / "ask.js").read_text(encoding="utf-8")
    _css = sheet("controls", "picture") + (HERE / "scene.css").read_text(encoding="utf-8")

    _bodies = t.List(t.Dict(), help="what stands in the scene, as bytes").tag(sync=True)
    alt = t.Unicode("", help="the text alternative: what is seen").tag(sync=True)
    label = t.Unicode("", help="a short name, shown above the scene").tag(sync=True)
    hint = t.Unicode(HINT, help="how it is turned, shown below; empty: only read aloud").tag(sync=True)
    quaternion = t.List(t.Float(), list(IDENTITY), help="the object's rotation (w, x, y, z), of length 1").tag(sync=True)
    start = t.List(t.Float(), list(IDENTITY), help="the rotation that Home, R and Reset view go back to").tag(sync=True)
    mirrored = t.Bool(False, help="the object is its mirror image").tag(sync=True)
    reach = t.Float(0.0, help="radius that is seen; 0: that of the bodies").tag(sync=True)
    width = t.Int(600, help="natural width, CSS pixels").tag(sync=True)
    height = t.Int(400, help="natural height, CSS pixels").tag(sync=True)
    turns = t.Bool(True, help="a hand can turn it").tag(sync=True)
    file = t.Unicode("scene", help="name of a saved picture").tag(sync=True)
    _version = t.Unicode(help="of the bundle").tag(sync=True)
    _colours = t.Dict(help="name -> light, dark").tag(sync=True)
    _ramps = t.Bytes(help="(ramp, light and dark, 250, 3) uint8").tag(sync=True)
    _ramp_names = t.List(help="in the order of the bytes").tag(sync=True)

    def __init__(self, bodies: Any = (), **traits: Any):
        fixed = dict(_version=version(), _colours=COLOURS, _ramps=_ramps(), _ramp_names=list(style.RAMPS))
        super().__init__(_bodies=[body.spec for body in check(bodies)], **fixed, **traits)
        self._callbacks: list[Callable[[tuple[float, ...]], None]] = []
        self.heard = 0.0  # time.time() of the last turn by hand
        self.on_msg(self._from_page)

    @property
    def bodies(self) -> list[Body]:
        """What stands in the scene. Assign a new list; what is the same as before is not sent again."""
        return [Body(spec) for spec in self._bodies]

    @bodies.setter
    def bodies(self, given: Any) -> None:
        self._bodies = [body.spec for body in check(given)]

    @t.validate("quaternion", "start")
    def _unit(self, proposal: Any) -> list[float]:
        return list(unit(proposal["value"], proposal["trait"].name))

    @property
    def matrix(self) -> np.ndarray:
        """What is done to the object's points, as columns (3, 3): orthogonal, of determinant −1 when it is mirrored."""
        w, x, y, z = self.quaternion
        turned = np.array([[1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
                           [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
                           [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)]])  # fmt: skip
        return -turned if self.mirrored else turned

    def on_turn(self, callback: Callable[[tuple[float, ...]], None]) -> None:
        """Call `callback((w, x, y, z))` at every turn by hand that reaches Python; of those that follow too fast the last one does."""
        self._callbacks.append(callback)

    def _from_page(self, _widget: Any, content: dict[str, Any], _buffers: Any) -> None:
        if content.get("ask") == "bundle":
            self.send({"bundle": version()}, [bundle()])
        if isinstance(content.get("turn"), list):
            try:
                self._turned(unit(content["turn"], "quaternion"))
            finally:  # or the page would wait
                self.send({"heard": content.get("serial")})

    def _turned(self, turn: tuple[float, ...]) -> None:
        self.heard = time.time()
        self._by_hand = True
        try:
            self.quaternion = list(turn)
        finally:
            self._by_hand = False
        for callback in list(self._callbacks):
            callback(turn)

    _by_hand = False

    def _should_send_property(self, key: str, value: Any) -> bool:
        """The page knows what its own hand did."""
        return not (self._by_hand and key == "quaternion") and super()._should_send_property(key, value)


def unit(given: Any, name: str = "quaternion") -> tuple[float, ...]:
    """A rotation as four floats (w, x, y, z) of length 1. ValueError when it is none."""
    try:
        found = tuple(float(v) for v in given)
    except (TypeError, ValueError):
        found = ()
    length = float(np.linalg.norm(found)) if len(found) == 4 else 0.0
    if not (np.isfinite(length) and length > 1e-6):
        raise ValueError(f"{name}: got {given!r}; allowed: four numbers (w, x, y, z) that are not all 0, like (1, 0, 0, 0)")
    return found if abs(length - 1) < 1e-12 and max(map(abs, found)) <= 1 else tuple(max(-1.0, min(1.0, v / length)) for v in found)
