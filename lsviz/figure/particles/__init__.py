"""Pictures of chapter 2: particles jam. Discs, ellipses and networks in the same axes; what N is; range, approach and protocol."""

from .counting import which_N
from .jump import density
from .paths import approach, protocol
from .reach import long_short_range

__all__ = ["approach", "density", "long_short_range", "protocol", "which_N"]
