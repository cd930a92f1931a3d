"""Small networks for pictures as f(w, x) with flat w: fully connected, convolutional, with and without batch normalisation."""

from .build import NAMES, SIDE, Net, make
from .forward import one_thread, tensor
from .stored import STORED, stored, story
from .train import RECIPES, Recipe, Run, State, judge, recipe, train

__all__ = [
    "NAMES",
    "RECIPES",
    "SIDE",
    "STORED",
    "Net",
    "Recipe",
    "Run",
    "State",
    "judge",
    "make",
    "one_thread",
    "recipe",
    "stored",
    "story",
    "tensor",
    "train",
]
