"""The one figure style: colour-blind safe, readable from the last row, right on light and on dark pages.

Colours are Okabe and Ito's (https://jfly.uni-koeln.de/color/), lightened on dark pages. No meaning rests on colour alone:
each state of a network has its own mark, and what is live, stored, theory, predicted or kept has its own line.
"""

from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

FONT_SIZE = 12.0  # points at 100 dots per inch: 16.7 css pixels in a picture 900 pixels wide
NARROW_SIZE = 10.0  # on a phone or in a narrow column


@dataclass(frozen=True)
class Palette:
    """Colours of one page theme. `states` are networks by how they ended; `sources` say where a curve comes from.

    `series` are the stored curves N*(P), by what is learned; each has a mark of its own, too (SERIES).
    """

    dark: bool
    page: str
    ink: str
    faint: str
    grid: str
    satisfied: str
    below: str
    wrong: str
    states: dict[str, str] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    series: dict[str, str] = field(default_factory=dict)


_LIGHT = Palette(
    dark=False, page="#ffffff", ink="#1d1d1f", faint="#6e6e73", grid="#e3e3e6",
    satisfied="#0072b2", below="#e69f00", wrong="#d55e00",
    states=dict(sat="#0072b2", unsat="#d55e00", unfinished="#b8860b", dead="#6e6e73", failed="#1d1d1f",
                running="#8e8e93", waiting="#c7c7cc"),
    sources=dict(live="#1d1d1f", ghost="#8e8e93", theory="#009e73", stored="#56b4e9", prediction="#cc79a7"),
    series=dict(digits="#0072b2", random_labels="#b36b00", random_points="#b3568c", cross_entropy="#6a4fb3",
                relu_1="#4a9fd0", relu_3="#0072b2", relu_5="#123a63"),
)  # fmt: skip
_DARK = Palette(
    dark=True, page="#14161a", ink="#f2f2f4", faint="#a7a9b0", grid="#2f3238",
    satisfied="#56b4e9", below="#f0b93a", wrong="#ff8a3d",
    states=dict(sat="#56b4e9", unsat="#ff8a3d", unfinished="#f0b93a", dead="#a7a9b0", failed="#f2f2f4",
                running="#8e9097", waiting="#4a4d55"),
    sources=dict(live="#f2f2f4", ghost="#8e9097", theory="#2fc79a", stored="#8cc9f0", prediction="#f0a3cd"),
    series=dict(digits="#56b4e9", random_labels="#f0b93a", random_points="#f0a3cd", cross_entropy="#b3a1ff",
                relu_1="#4f8fb5", relu_3="#7cc4ee", relu_5="#d3ecfb"),
)  # fmt: skip

# Ramps of a map, from low to high, on a light and on a dark page. "satisfied" turns at its middle; the others grow ever darker
# (on a dark page: ever brighter), so that a grey print keeps their order.
RAMPS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "satisfied": (("#d55e00", "#f6f1e9", "#0072b2"), ("#ff8a3d", "#45423d", "#56b4e9")),
    "unmet": (("#f9f1e6", "#e8903f", "#a34400", "#521f00"), ("#2e2822", "#8f4513", "#ff8a3d", "#ffe0c7")),
    "plain": (("#eef4f8", "#63aad4", "#0072b2", "#00324f"), ("#22282e", "#1f618c", "#56b4e9", "#dff1fc")),
}


def ramp(name: str, dark: bool, steps: int = 250) -> np.ndarray:
    """The colours of a map from low to high, (steps, 3) uint8. ValueError for a name that is none of RAMPS."""
    if name not in RAMPS:
        raise ValueError(f"ramp: got {name!r}; allowed: {', '.join(RAMPS)}")
    stops = np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in RAMPS[name][dark]], float)
    at = np.linspace(0, len(stops) - 1, steps)
    return np.stack([np.interp(at, np.arange(len(stops)), channel) for channel in stops.T], -1).round().astype(np.uint8)


# mark, filled?, size, words. Shape and filling tell the states apart without colour.
MARKS: dict[str, tuple[str, bool, float, str]] = {
    "sat": ("o", True, 7.5, "satisfied"),
    "unsat": ("D", True, 7.0, "stuck"),
    "unfinished": ("o", False, 8.0, "unfinished: still falling"),
    "dead": ("x", False, 8.0, "dead: constant output"),
    "failed": ("P", True, 8.0, "failed"),
    "running": (".", True, 7.0, "still training"),
}
# The marks of the stored curves N*(P); all filled.
SERIES = dict(digits="o", random_labels="D", random_points="s", cross_entropy="X", relu_1="v", relu_3="^", relu_5="p")
# dashes and width of a line by where it comes from
LINES: dict[str, dict[str, Any]] = {
    "live": dict(linestyle="-", linewidth=1.8),
    "stored": dict(linestyle="-", linewidth=3.5, alpha=0.55),
    "theory": dict(linestyle=(0, (6, 3)), linewidth=1.6),
    "prediction": dict(linestyle=(0, (2, 1.6)), linewidth=2.6),
    "ghost": dict(linestyle="-", linewidth=1.2, alpha=0.8),
}


def palette(dark: bool) -> Palette:
    """The colours for a dark or a light page."""
    return _DARK if dark else _LIGHT


@cache
def settings(dark: bool, size: float = FONT_SIZE) -> dict[str, Any]:
    """matplotlib's rcParams of the house style at a font size; use inside `matplotlib.rc_context`, never globally."""
    colours = palette(dark)
    return {
        "font.size": size, "axes.labelsize": size, "axes.titlesize": size, "axes.titleweight": "bold",
        "axes.titlelocation": "left", "xtick.labelsize": size, "ytick.labelsize": size,
        "legend.fontsize": size, "font.family": "sans-serif", "font.sans-serif": ["DejaVu Sans"],
        "figure.facecolor": "none", "savefig.facecolor": "none", "axes.facecolor": "none",
        "axes.edgecolor": colours.faint, "axes.labelcolor": colours.ink, "axes.titlecolor": colours.ink,
        "text.color": colours.ink, "xtick.color": colours.faint, "ytick.color": colours.faint,
        "xtick.labelcolor": colours.ink, "ytick.labelcolor": colours.ink, "grid.color": colours.grid,
        "axes.spines.top": False, "axes.spines.right": False, "axes.axisbelow": True, "legend.frameon": False,
        "lines.solid_capstyle": "round", "path.simplify": True, "svg.fonttype": "none", "pdf.fonttype": 42,
    }  # fmt: skip
