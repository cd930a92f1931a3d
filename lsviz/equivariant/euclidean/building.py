"""Where torch and e3nn build things: in double precision, on one thread, with torch's own random numbers left as they were."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ...nets.forward import one_thread

_LOCK = threading.RLock()  # torch's default precision belongs to the whole process


@contextmanager
def in_double(seed: int = 0) -> Iterator[None]:
    """A block in which what torch makes is float64, drawn from a generator of its own seeded with `seed`, on one
    thread; all as before, afterwards.

    e3nn stores Clebsch–Gordan coefficients and generators in the default precision: built in float32, a network is equivariant to
    1e-7 even in double precision. All modules of this chapter are built in such a block.
    """
    import torch

    with _LOCK, one_thread(), torch.random.fork_rng(devices=[]):
        before = torch.get_default_dtype()
        torch.set_default_dtype(torch.float64)
        torch.manual_seed(seed)
        try:
            yield
        finally:
            torch.set_default_dtype(before)
