"""The apps by name: `lsviz.apps.transition`. A record is imported when first asked for; nothing else is."""

import importlib
from typing import Any

# name → module; a new app is a record in its chapter's module and a line here.
MODULES = {
    "toy_descent": "start",
    "digits": "start",
    "one_width": "jamming",
    "transition": "jamming",
    "range_contrast": "jamming",
    "escape": "jamming",
    "density": "particles",
    "which_N": "particles",
    "long_short_range": "particles",
    "approach": "particles",
    "protocol": "particles",
    "packing": "grains",
    "flat_directions": "grains",
    "minima": "grains",
}


def names() -> tuple[str, ...]:
    """The names of all apps; nothing is imported."""
    return tuple(MODULES)


def get(name: str) -> Any:
    """The App called `name`. ValueError when there is none."""
    if name not in MODULES:
        raise ValueError(f"app: got {name!r}; allowed: {', '.join(MODULES)}")
    return getattr(importlib.import_module(f".{MODULES[name]}", __name__), name)


def __getattr__(name: str) -> Any:
    if name in MODULES:
        return get(name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}; there are the apps {', '.join(MODULES)}")


def __dir__() -> list[str]:
    return sorted([*globals(), *MODULES])
