"""Stored Datasets that an app draws at once, while its source is still being loaded (`App.first`)."""

from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent.parent / "store" / "first"


def names() -> tuple[str, ...]:
    """What is stored in this copy."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.nc")))


def read(name: str) -> Any:
    """A stored Dataset; its attribute `command` says how it was made. ValueError when there is none of that name."""
    import xarray as xr

    if name not in names():
        raise ValueError(f"first: got {name!r}; allowed: what lsviz/store/first holds ({', '.join(names()) or 'nothing'}), "
                         f"made by: python tools/build_first.py {name}")  # fmt: skip
    with xr.open_dataset(FOLDER / f"{name}.nc", engine="h5netcdf") as ds:
        return ds.load()


def write(app: Any) -> Path:
    """Compute what an app opens with and store it under the app's `first`, with the command that does so."""
    from .. import __version__

    if not app.first:
        raise ValueError(f"first: {app.name} names none; allowed: a word, like {app.name!r}")
    ds = app.experiment(**app.call(app.defaults()))
    packed = {name: dict(zlib=True, complevel=9) for name, v in ds.data_vars.items() if v.ndim and v.dtype.kind in "fiu"}
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{app.first}.nc"
    said = dict(command=f"python tools/build_first.py {app.name}", version=__version__, experiment=app.experiment.name)
    ds.assign_attrs(said).to_netcdf(path, engine="h5netcdf", encoding=packed)
    return path
