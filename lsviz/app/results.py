"""What a session asks of a result, whichever experiment it comes from."""

import io
from typing import Any


def compiling(ds: Any) -> bool:
    """Whether a first run on this computer still makes its kernels ready."""
    return "compiling" in ds and float(ds.compiling) < 1


def alike(ds: Any, other: Any) -> bool:
    """Whether two results differ in their progress at most: then the picture is there already."""
    return ds is other or (other is not None and ds.drop_vars("progress").equals(other.drop_vars("progress")))


def as_file(ds: Any) -> bytes:
    """A netCDF file (HDF5)."""
    with io.BytesIO() as file:
        ds.to_netcdf(file, engine="h5netcdf")
        return file.getvalue()


def share(ds: Any, opening: bool = False) -> float:
    """What the bar shows: nothing while the source is loaded, the progress of the compilation, then that of the experiment."""
    if opening:
        return 0.0
    return float(ds.compiling if compiling(ds) else ds.progress)
