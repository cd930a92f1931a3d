"""Small networks for pictures as f(w, x) with flat w: fully connected, convolutional, with and without batch normalisation."""

from .build import NAMES, Net, make
from .forward import one_thread
from .train import RECIPES, Recipe, Run, State, judge, recipe, train

__all__ = ["NAMES", "RECIPES", "Net", "Recipe", "Run", "State", "judge", "make", "one_thread", "recipe", "train"]
