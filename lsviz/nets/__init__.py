"""Small networks for pictures as f(w, x) with flat w: fully connected, convolutional, with and without batch normalisation."""

from .build import NAMES, SIDE, Net, make
from .forward import one_thread, tensor
from .planar import PLANAR, PLANAR_SIDE, exact_every, padded
from .stored import STORED, stored, story
from .train import RECIPES, Recipe, Run, State, judge, recipe, train

__all__ = [
    "NAMES",
    "PLANAR",
    "PLANAR_SIDE",
    "RECIPES",
    "SIDE",
    "STORED",
    "Net",
    "Recipe",
    "Run",
    "State",
    "exact_every",
    "judge",
    "make",
    "one_thread",
    "padded",
    "recipe",
    "stored",
    "story",
    "tensor",
    "train",
]
