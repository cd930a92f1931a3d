"""Pictures of chapter 9: numbers of irreps before and after a turn in space, and the bodies of the scenes beside them."""

from .learning import learn_from_one_orientation
from .products import tensor_product
from .scan import four_architectures
from .surfaces import spherical_harmonics
from .turned import turn_the_shape

__all__ = ["four_architectures", "learn_from_one_orientation", "spherical_harmonics", "tensor_product", "turn_the_shape"]
