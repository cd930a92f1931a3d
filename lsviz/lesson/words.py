"""Turn a lesson's plain strings into HTML: `N_Δ` in backticks becomes a symbol with its glossary sentence, **x** bold."""

import html
import math
import re

from lsviz import symbols


def symbol(sign: str) -> str:
    """HTML of a symbol such as "N_Δ" or "N*": italic letter, lower index, sentence of the glossary on hover and focus."""
    entry = symbols.SYMBOLS.get(sign) or next((s for s in symbols.SYMBOLS.values() if s.sign == sign), None)
    sign = html.escape(entry.sign if entry else sign)
    face = re.sub(r"_(\w+)", r"</i><sub>\1</sub><i>", f"<i>{sign}</i>").replace("<i></i>", "")
    if entry is None:
        return face
    return f'<abbr class="lsviz-symbol" tabindex="0" title="{html.escape(entry.meaning, quote=True)}">{face}</abbr>'


def rich(text: str) -> str:
    """HTML of an author's string: HTML is kept, `symbol` and **bold** are turned."""
    text = re.sub(r"`([^`]+)`", lambda found: symbol(found[1]), text)
    return re.sub(r"\*\*([^*]+)\*\*", r"<b>\1</b>", _outside_tags(text))


def _outside_tags(text: str) -> str:
    """A bare N_Δ or φ_J with its lower index, but not inside an attribute."""
    parts = re.split(r"(<[^>]*>)", text)
    return "".join(part if part.startswith("<") else re.sub(r"\b(N|φ)_(Δ|J)", r"<i>\1</i><sub>\2</sub>", part) for part in parts)


def plain(text: str) -> str:
    """The same without marks, for labels and buttons."""
    text = re.sub(r"`([^`]+)`", lambda found: _sign(found[1]), text)
    return html.unescape(re.sub(r"<[^>]+>|\*\*|`", "", text))


def _sign(name: str) -> str:
    """A symbol as it is written; one that is told by its name ("phi") has the meaning of that name."""
    return symbols.SYMBOLS[name].sign if name in symbols.SYMBOLS else name


def number(text: str, such: str = "a number, such as 0.18, 3/4 or 2e-3") -> float:
    """The number a learner typed: 0.18, 0,18, 3/4, 18 %, 2e-1. Raises ValueError in words; `such` says what fits this question."""
    cleaned = text.strip().replace("−", "-").replace(" ", "").replace("\u00a0", "")
    percent = cleaned.endswith("%")
    cleaned = cleaned.removesuffix("%")
    if cleaned.count(",") == 1 and "." not in cleaned:
        cleaned = cleaned.replace(",", ".")
    top, slash, bottom = cleaned.partition("/")
    try:
        value = float(top) / (float(bottom) if slash else 1.0) / (100 if percent else 1)
    except (ValueError, ZeroDivisionError):
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(
            f"“{text.strip()[:40]}” is not a number. Type {such}."
            if text.strip()
            else f"Nothing there yet. Type {such}."
        )
    return value


def short(value: float) -> str:
    """Three digits, no exponent where a reader can do without."""
    if not math.isfinite(value):
        return "unknown"
    if value and (abs(value) >= 1e5 or abs(value) < 1e-3):
        return f"{value:.2g}"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
