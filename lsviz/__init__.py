"""Loss landscapes, jamming and symmetries of deep learning, from experiment to slider.

Everything is f(w, x) with w in R^N. Importing this package imports nothing else: each module is imported where it is used
(`from lsviz import jamming, figure`).
"""

__version__ = "0.1.0"
