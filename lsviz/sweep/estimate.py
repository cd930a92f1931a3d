"""What a sweep will take, from one cell that is timed: cells, core-hours, memory."""

import sys
import time
from dataclasses import dataclass
from typing import Any

from .. import xp as xps
from ..experiment import Experiment
from . import cells
from .grid import Grid, write
from .provenance import unit

PATIENCE = 20.0  # seconds after which a slow cell is stopped, and the rest told from its progress


@dataclass
class Estimate:
    """Seconds of one cell, whether it was run to its end, bytes of its result, memory of the process; `str` says it for the sweep."""

    grid: Grid
    cell: dict[str, Any]
    seconds: float
    whole: bool
    result: int
    memory: float  # bytes of this process at its most, 0 where the system does not say
    engine: str = "numpy"
    joint: bool = False  # whether cells can be one program, which takes less

    @property
    def hours(self) -> float:
        """Core-hours of all cells, if all take as long as this one."""
        return self.seconds * self.grid.size / 3600

    def __str__(self) -> str:
        axes = " × ".join(f"{len(values)} {name}" for name, values in self.grid.axes.items()) or "1"
        at = ", ".join(f"{name} = {write(self.cell[name], name)}" for name in self.grid.axes) or "its only cell"
        how = "timed" if self.whole else "told from its progress"
        memory = f"{self.memory / 1e6:.0f} MB for each worker, " if self.memory else ""
        return "\n".join(
            [
                f"cells: {axes} = {self.grid.size}",
                f"time: about {self.hours:.3g} {unit(self.engine)}, if all cells take as long as the one at {at}: {self.seconds:.3g} s, "
                + how
                + "; as one program many take less" * self.joint,
                f"memory: {memory}at most {self.result * self.grid.size / 1e6:.3g} MB of disk",
            ]
        )


def estimate(experiment: Experiment, grid: Grid, engine: str = "numpy", patience: float = PATIENCE) -> Estimate:
    """Time the cell in the middle of every axis, for `patience` seconds at most. Raises what the cell raises."""
    middle = [values[len(values) // 2] for values in grid.axes.values()]
    chosen = {**grid.fixed, **dict(zip(grid.axes, middle, strict=True))}
    with xps.engine(engine):
        stream = experiment.stream(**chosen)
        try:
            ds = next(stream)  # imports, and compiles, what only the first cell pays for
            start, begun, done = time.monotonic(), float(ds.progress), float(ds.progress)
            for ds in stream:
                done = float(ds.progress)
                if time.monotonic() - start > patience and done > begun:
                    break
        finally:
            stream.close()
    elapsed = time.monotonic() - start
    seconds = elapsed if done >= 1 else elapsed * (1 - begun) / max(done - begun, 1e-9)
    joint = cells.as_one_program(experiment, engine) is not None
    return Estimate(grid, chosen, seconds, done >= 1, int(ds.nbytes), _memory(), engine, joint)


def _memory() -> float:
    try:
        import resource
    except ImportError:  # Windows
        return 0.0
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(most * (1 if sys.platform == "darwin" else 1024))
