"""The kernels made ready for this processor: some seconds once, then read from numba's cache."""

from collections.abc import Callable, Iterator

import numpy as np

_ready = False


def prepare() -> Iterator[float]:
    """Compile what is not yet compiled, one kernel a step; yields the share that is done (0 first). Nothing when all is ready."""
    global _ready
    if _ready:
        return
    yield 0.0
    steps = _steps()
    for done, step in enumerate(steps, 1):
        step()
        if done < len(steps):
            yield done / len(steps)
    _ready = True


def compile_all() -> None:
    """`prepare` to its end: at install, so that no learner waits."""
    for _ in prepare():
        pass


def _steps() -> list[Callable[[], object]]:
    """One call of every kernel on a small packing: numba compiles it, or finds it in its cache."""
    from . import kernels  # the import of numba is the first part of the wait
    from .minimise import Walker
    from .system import ellipses

    packing = ellipses(0.5, 8, 1.5)
    q = packing.natural(packing.init(1))[0]
    hold = np.empty((packing.size, packing.size))

    def pairs() -> tuple:
        return packing.list(q, 0.1)[:3]

    def energies() -> None:
        start, near, shift = pairs()
        kernels.energy_force(packing.code, q, packing.n, packing.major, packing.minor, packing.gyration, packing.frozen,
                             start, near, shift, np.empty_like(q), np.empty((packing.n, 4)))  # fmt: skip

    def stiffness() -> None:
        start, near, shift = pairs()
        kernels.hessian(packing.code, q, packing.n, packing.dim, packing.major, packing.minor, packing.gyration,
                        start, near, shift, np.empty((packing.n, 4)), hold)  # fmt: skip

    return [
        pairs,
        lambda: kernels.contact(1.0, 0.0, 1.0, 0.0, 1.0, 1.0, 1.0, 0.0, 1.0, 1.0),
        energies,
        lambda: Walker(packing, q).fire(1, 0.0),
        lambda: packing.look(packing.init(1)),
        stiffness,
    ]
