"""Pictures of chapter 7: pictures that bend, noise of the same size, and which networks mind what."""

from .bend import temperature
from .errors import stability_error
from .noise import same_noise
from .stable import learned_not_born, who_is_stable

__all__ = ["learned_not_born", "same_noise", "stability_error", "temperature", "who_is_stable"]
