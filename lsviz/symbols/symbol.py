"""One symbol of the glossary, and a table of them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Symbol:
    """One symbol: how it is written, what it means, and what values it may take."""

    name: str
    sign: str
    long_name: str
    meaning: str
    unit: str = "1"
    kind: str = "float"  # int, float, str; ints, floats, strs for tuples; seeds; text (any)
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()

    def allowed(self) -> str:
        """The permitted values in words, for an error message."""
        if self.choices:
            return ("different ones of " if self.kind == "strs" else "one of ") + ", ".join(self.choices)
        noun = {
            "int": "a whole number",
            "float": "a number",
            "ints": "whole numbers",
            "floats": "numbers",
            "str": "a word",
            "text": "a text",
            "seeds": "a count from 1 to 4096, or different whole numbers ≥ 0",
        }[self.kind]
        if self.low is not None and self.high is not None:
            return f"{noun} from {self.low:g} to {self.high:g}"
        if self.low is not None:
            return f"{noun} ≥ {self.low:g}"
        return noun


def table(*symbols: Symbol) -> dict[str, Symbol]:
    return {symbol.name: symbol for symbol in symbols}
