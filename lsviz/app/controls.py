"""What a learner can move: kinds of controls as records. Ranges are pedagogy and live in the apps; physics knows none of them.

A kind says which values it reaches (`ends`, `between`: the tests move every control there) and how a value is written in a link.
"""

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
Control = Slider | Steps | Menu | Choices | Upload | Ladder


def control(given: Any) -> Control:
    """A record's shorthand: (low, high) → Slider, a list of numbers → Steps, a dict or list of words → Menu."""
    if isinstance(given, (Slider, Steps, Menu, Choices, Upload, Ladder)):
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
    return text
