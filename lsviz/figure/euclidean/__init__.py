"""Pictures of chapter 9: numbers of irreps before and after a turn in space, and the bodies of the scenes beside them."""

from .products import tensor_product
from .surfaces import spherical_harmonics
from .turned import turn_the_shape

__all__ = ["spherical_harmonics", "tensor_product", "turn_the_shape"]
