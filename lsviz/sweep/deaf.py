"""Read by every worker of a cluster of our own as it starts: Ctrl-C belongs to who started the sweep, who then ends the workers."""

import signal
from typing import Any


def dask_setup(worker: Any) -> None:
    """Called by the worker, in its main thread."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
