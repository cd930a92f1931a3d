"""Diffeomorphisms: smooth random deformations of images at a temperature, and how a network's answer changes under them."""

from .fields import (
    TemperatureRange,
    displacement,
    displacement_leading_log,
    field,
    folds,
    temperature,
    temperature_leading_log,
    temperature_range,
)
from .networks import stability_curve, stability_study, stability_training
from .pictures import deformation
from .relative import Stability, matched_noise, stability
from .warp import deform

__all__ = [
    "Stability",
    "TemperatureRange",
    "deform",
    "deformation",
    "displacement",
    "displacement_leading_log",
    "field",
    "folds",
    "matched_noise",
    "stability",
    "stability_curve",
    "stability_study",
    "stability_training",
    "temperature",
    "temperature_leading_log",
    "temperature_range",
]
