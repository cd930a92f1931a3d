"""An experiment over a grid of its arguments, on one laptop or a cluster; stored as it goes, and called again like the experiment itself.

`sweep` computes, `replay` answers from what is stored, `results` gives all of it as one Dataset, `status` says how far it is, `pack`
makes one small file of it, `export` one for other programs. Dask and zarr are imported when first used, by `sweep` and by whatever
reads its store; a packed file needs neither.
"""

from .grid import Grid, make, read
from .lock import Busy
from .packed import pack
from .reading import Status, export, packaged, results, status
from .replayed import Replay, replay
from .run import check_engine, connected, sweep

__all__ = [
    "Busy",
    "Grid",
    "Replay",
    "Status",
    "check_engine",
    "connected",
    "export",
    "make",
    "pack",
    "packaged",
    "read",
    "replay",
    "results",
    "status",
    "sweep",
]
