"""Diffeomorphisms: smooth random deformations of images at a temperature, and how a network's answer changes under them."""

from .answers import same_size
from .correlation import AUTHORS, AUTHORS_LABEL, AuthorsPoint, Correlation, geometric_mean, rank_correlation
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
from .upload import grey_levels
from .warp import deform

__all__ = [
    "AUTHORS",
    "AUTHORS_LABEL",
    "AuthorsPoint",
    "Correlation",
    "Stability",
    "TemperatureRange",
    "deform",
    "deformation",
    "displacement",
    "displacement_leading_log",
    "field",
    "folds",
    "geometric_mean",
    "grey_levels",
    "matched_noise",
    "rank_correlation",
    "same_size",
    "stability",
    "stability_curve",
    "stability_study",
    "stability_training",
    "temperature",
    "temperature_leading_log",
    "temperature_range",
]
