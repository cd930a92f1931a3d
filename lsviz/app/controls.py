"""What a learner can move: kinds of controls as records. Ranges are pedagogy and live in the apps; physics knows none of them.

A kind says which values it reaches (`ends`, `between`: the tests move every control there) and how a value is written in a link.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Slider:
    """Whole numbers from low to high."""

    low: int
    high: int
    step: int = 1
    unit: str = ""

    def options(self, values: dict[str, Any]) -> list[Any]:
        return list(range(self.low, self.high + 1, self.step))


@dataclass(frozen=True)
class Steps:
    """A slider over the given numbers, in order."""

    numbers: Sequence[float]
    unit: str = ""

    def options(self, values: dict[str, Any]) -> list[Any]:
        return list(self.numbers)


@dataclass(frozen=True)
class Menu:
    """A choice between words: {value: what is shown}."""

    words: dict[Any, str]
    sign: str = ""

    def options(self, values: dict[str, Any]) -> list[Any]:
        return list(self.words)

    def told(self, value: Any) -> str:
        """A value in words."""
        return self.words.get(value, str(value))


@dataclass(frozen=True)
class Choices:
    """Any of several words, each switched on or off: {name: what is shown}. The value is the chosen names in order, joined by "+"."""

    words: dict[str, str]
    sign: str = ""

    def chosen(self, value: str) -> list[str]:
        """The names that a value switches on; what is no name of ours is left out."""
        found = value.split("+")
        return [name for name in self.words if name in found]

    def join(self, names: Any) -> str:
        """The value that switches on these names."""
        return "+".join(name for name in self.words if name in names)

    def options(self, values: dict[str, Any]) -> list[Any]:
        """All; all but one, for each; none."""
        return [self.join(self.words), *(self.join([n for n in self.words if n != out]) for out in self.words), ""]

    def told(self, value: str) -> str:
        """How many are on."""
        return f"{len(self.chosen(value))} of {len(self.words)} {self.sign}"


@dataclass(frozen=True)
class Upload:
    """A picture of the learner's own: None, or what `read` makes of a file's bytes (ValueError says why it is none).

    It stays in the session: a link does not hold it. `example`: such a value, for those who try all there is.
    """

    read: Callable[[bytes], tuple[float, ...]]
    example: tuple[float, ...]
    sign: str = "own picture"

    def options(self, values: dict[str, Any]) -> list[Any]:
        return [None, self.example]

    def told(self, value: Any) -> str:
        """Whether there is one."""
        return self.sign if value is not None else f"no {self.sign}"


@dataclass(frozen=True)
class Turn:
    """A turn in space by hand: the value is a quaternion (w, x, y, z), four floats. Its widget is a scene beside the picture.

    scene: "module:function" below lsviz.figure, or a function (ds, values) → bodies in the object's own frame, which the scene turns;
    `fixed` ones stay with the room. mirror: the control that says "yes" when the object is inverted. reach: radius that is seen (0:
    that of the bodies). alt: what is seen, in words, or callable(ds, values) → str. hint: said below (None: how it is turned).
    size: its natural width and height in css pixels.
    """

    scene: Any
    sign: str = "turn"
    long_name: str = "turn of the object"
    mirror: str = "mirror"
    reach: float = 0.0
    alt: str | Callable[[Any, dict[str, Any]], str] = ""
    hint: str | None = None
    size: tuple[int, int] = (420, 400)

    def options(self, values: dict[str, Any]) -> list[Any]:
        """Not turned, a quarter about y, a third back about (1, 1, 1), a turn without any symmetry."""
        half = math.sqrt(0.5)
        return [(1.0, 0.0, 0.0, 0.0), (half, 0.0, half, 0.0), (0.5, -0.5, -0.5, -0.5), (0.8, 0.4, -0.2, 0.4)]

    def check(self, name: str, value: Any) -> None:
        """ValueError when a value is no rotation."""
        numbers = value if isinstance(value, (tuple, list)) and all(isinstance(v, (int, float)) for v in value) else ()
        if not (len(numbers) == 4 and math.isfinite(length := math.hypot(*numbers)) and length > 1e-6):
            raise ValueError(f"{name}: got {value!r}; allowed: four numbers (w, x, y, z) that are not all 0, like (1, 0, 0, 0)")

    def told(self, value: Any) -> str:
        """A turn in words."""
        w, *rest = value
        size = math.hypot(*rest)
        if size < 1e-6:
            return "not turned"
        angle = math.degrees(2 * math.atan2(size, abs(w)))
        axis = ", ".join(f"{math.copysign(1, w) * v / size + 0.0:.1f}".replace("-0.0", "0.0") for v in rest)
        return f"turned by {angle:.0f}° about ({axis})"

    def bodies(self) -> Callable[[Any, dict[str, Any]], Any]:
        """The function that makes the bodies, imported now."""
        return figure_function(self.scene)


@dataclass(frozen=True)
class Rung:
    """One position of a Ladder: where it stands (> 0) on the learner's scale, the argument's value there, and what is said of it."""

    at: float
    value: float
    words: str


@dataclass(frozen=True)
class Ladder:
    """A slider whose positions depend on other controls: `rungs(values)`, ordered. The learner moves `sign`, the experiment gets `value`.

    When a control in `follows` moves, the ladder is built again and the nearest position is kept.
    """

    sign: str
    rungs: Callable[[dict[str, Any]], list[Rung]]
    follows: tuple[str, ...] = ()
    long_name: str = ""
    unit: str = ""

    def options(self, values: dict[str, Any]) -> list[Any]:
        return [rung.value for rung in self.rungs(values)]

    def nearest(self, values: dict[str, Any], at: float) -> Rung:
        """The rung nearest to a position, in ratio."""
        at = max(at, 1e-12)
        return min(self.rungs(values), key=lambda rung: max(rung.at / at, at / rung.at))

    def position(self, values: dict[str, Any], value: float) -> float:
        """Where a value stands: the position of the rung with the nearest value."""
        return min(self.rungs(values), key=lambda rung: abs(rung.value - value)).at


LONG = 64  # numbers that are still written out
Control = Slider | Steps | Menu | Choices | Upload | Turn | Ladder


def figure_function(given: Any) -> Callable:
    """A function, or the one that "module:name" below lsviz.figure means, imported now."""
    if not isinstance(given, str):
        return given
    import importlib

    module, name = given.split(":")
    return getattr(importlib.import_module(f"lsviz.figure.{module}"), name)


def control(given: Any) -> Control:
    """A record's shorthand: (low, high) → Slider, a list of numbers → Steps, a dict or list of words → Menu."""
    if isinstance(given, (Slider, Steps, Menu, Choices, Upload, Turn, Ladder)):
        return given
    if isinstance(given, tuple) and len(given) in (2, 3):
        return Slider(*given)
    if isinstance(given, dict):
        return Menu(given)
    if isinstance(given, list) and given and all(isinstance(v, (int, float)) for v in given):
        return Steps(given)
    if isinstance(given, list) and given:
        return Menu({v: str(v) for v in given})
    raise ValueError(f"control: got {given!r}; allowed: (low, high), a list of numbers, a dict of words, or a control")


def write(value: Any) -> str:
    """A value as text for a link; of a long row of numbers only how many they are."""
    if isinstance(value, tuple) and len(value) > LONG:
        return f"{len(value)} numbers"
    if isinstance(value, tuple) and value and all(isinstance(v, float) for v in value):
        return ",".join(f"{v:.6g}" for v in value)
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def read(text: str, like: Any) -> Any:
    """A link's text as a value of the kind of `like`. ValueError when it is none."""
    if isinstance(like, bool):
        return text == "True"
    if isinstance(like, (int, float)) and not isinstance(like, bool):
        try:
            number = float(text)
        except ValueError:
            raise ValueError(f"got {text!r}; allowed: a number") from None
        return int(number) if number == int(number) and isinstance(like, int) else number
    if isinstance(like, tuple):
        try:
            return tuple(float(part) for part in text.split(","))
        except ValueError:
            raise ValueError(f"got {text!r}; allowed: numbers with commas between them, like {write(like)}") from None
    return text


def read_state(state: dict[str, str], values: dict[str, Any], app: str) -> dict[str, Any]:
    """A link's state as values of the kinds of `values`. ValueError names what cannot be read."""
    found = {}
    for name, text in state.items():
        if name not in values:
            raise ValueError(f"{name}: {app} has no such control; allowed: {', '.join(values)}")
        try:
            found[name] = read(text, values[name])
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    return found


def told(name: str, kind: Any, value: Any, values: dict[str, Any]) -> str:
    """One control's value in words: "P = 300", "budget 80"."""
    from ..symbols import ARGUMENTS

    sign = ARGUMENTS[name].sign if name in ARGUMENTS else name
    if isinstance(kind, Ladder):
        sign, value = kind.sign, float(f"{kind.position(values, value):.3g}")
    elif isinstance(kind, (Menu, Choices, Upload, Turn)):
        return kind.told(value)
    return f"{sign} {write(value)}" if len(sign) > 3 else f"{sign} = {write(value)}"
