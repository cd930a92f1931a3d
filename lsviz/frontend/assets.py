"""The little JavaScript and CSS there is, as text: a widget's module is the shared part and its own, with nothing to import."""

from functools import cache
from importlib import resources

ROOT = resources.files(__package__)


@cache
def text(*names: str) -> str:
    """The named files below `lsviz/frontend`, one after the other (`"js/common.js"`, `"css/picture.css"`)."""
    return "\n".join((ROOT / name).read_text(encoding="utf-8") for name in names)


def script(*names: str) -> str:
    """An ES module: the shared helpers, then the named files of `js/`."""
    return text("js/common.js", *(f"js/{name}.js" for name in names))


def style(*names: str) -> str:
    """The named files of `css/` as one style sheet."""
    return text(*(f"css/{name}.css" for name in names))
