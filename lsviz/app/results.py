"""What a session asks of a result, whichever experiment it comes from."""

from typing import Any


def compiling(ds: Any) -> bool:
    """Whether a first run on this computer still makes its kernels ready."""
    return "compiling" in ds and float(ds.compiling) < 1


def alike(ds: Any, other: Any) -> bool:
    """Whether two results differ in their progress at most: then the picture is there already."""
    return ds is other or (other is not None and ds.drop_vars("progress").equals(other.drop_vars("progress")))


def share(ds: Any) -> float:
    """What the bar shows: the progress of the compilation, then that of the experiment."""
    return float(ds.compiling if compiling(ds) else ds.progress)
