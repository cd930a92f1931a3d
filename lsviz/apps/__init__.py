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
    "threshold": "jamming",
    "escape": "jamming",
    "density": "particles",
    "which_N": "particles",
    "long_short_range": "particles",
    "approach": "particles",
    "protocol": "particles",
    "packing": "grains",
    "flat_directions": "grains",
    "minima": "grains",
    "double_descent": "generalization",
    "stopping": "generalization",
    "twenty_networks": "generalization",
    "averaging": "generalization",
    "explosion": "generalization",
    "slow_decrease": "generalization",
    "kernel_heat_map": "kernel",
    "kernel_spread": "kernel",
    "tangent_plane": "kernel",
    "wider_and_wider": "kernel",
    "kernel_training": "kernel",
    "kernel_curve": "kernel",
    "temperature": "diffeo",
    "same_noise": "diffeo",
    "who_is_stable": "diffeo",
    "learned_not_born": "diffeo",
    "stability_error": "diffeo",
    "symmetry_saves": "equivariance",
    "aliasing": "equivariance",
    "shift_it": "equivariance",
    "turn_it": "equivariance",
    "spherical_harmonics": "euclidean",
    "tensor_product": "euclidean",
    "turn_the_shape": "euclidean",
    "learn_from_one_orientation": "architectures",
    "four_architectures": "architectures",
}
# Stored maps, apart from the apps: they have no experiment, no controls of ours and no kernel, so what is asked of every App
# (each control at both ends, a stream that is cancelled) cannot be asked of them; every map answers to rules of its own.
MAPS = {"phase_diagram": "stored"}
ALL = {**MODULES, **MAPS}


def names() -> tuple[str, ...]:
    """The names of all apps that compute; nothing is imported."""
    return tuple(MODULES)


def maps() -> tuple[str, ...]:
    """The names of all stored maps; nothing is imported."""
    return tuple(MAPS)


def get(name: str) -> Any:
    """The App or StoredMap called `name`. ValueError when there is none."""
    if name not in ALL:
        raise ValueError(f"app: got {name!r}; allowed: {', '.join(ALL)}")
    return getattr(importlib.import_module(f".{ALL[name]}", __name__), name)


def __getattr__(name: str) -> Any:
    if name in ALL:
        return get(name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}; there are the apps {', '.join(ALL)}")


def __dir__() -> list[str]:
    return sorted([*globals(), *ALL])
