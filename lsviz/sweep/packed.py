"""A finished sweep in one small netCDF file: whole numbers and words without loss, the rest in the precision asked for."""

import json
import os
import warnings
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from .store import MARKS

SMALL = 3e6  # bytes that a file inside the package may have
PRECISIONS = ("float64", "float32", "float16")
FINE = 1e-3  # float16 where it rounds by less than this share, float32 elsewhere
WHOLE = ("i1", "i2", "i4")


def pack(store: Any, path: Any, dtype: str = "float32", without: Sequence[str] = ()) -> int:
    """Write a sweep into the file `path`, `without` some variables; `replay` reads it, with neither dask nor zarr. Returns its bytes.

    dtype: "float64" keeps every bit; "float32" rounds; "float16" rounds to three digits, and leaves in float32 what would lose more.
    Counts and words lose nothing in any. Warns when the file is larger than 3 MB. ValueError for another dtype, an unknown variable, or
    where there is no sweep.
    """
    from .reading import load

    if dtype not in PRECISIONS:
        raise ValueError(f"dtype: got {dtype!r}; allowed: one of {', '.join(PRECISIONS)}")
    path = Path(path)
    if path.suffix != ".nc":
        raise ValueError(f"out: got {path}; allowed: a name that ends in .nc")
    content, raw = load(store)
    if unknown := [name for name in without if name not in content.get("variables", {})]:
        raise ValueError(f"without: got {', '.join(unknown)}; allowed: {', '.join(content.get('variables', {}))}")
    content["variables"] = {stored: name for stored, name in content.get("variables", {}).items() if stored not in without}
    ds = raw.drop_vars(["error", *without], errors="ignore").load()
    encoding: dict[Any, dict[str, Any]] = {}
    for name in ds.data_vars:
        if name not in MARKS and not str(name).startswith(("own_", "length_")):
            ds[name] = _encoded(ds[name], dtype)
        encoding[name] = dict(zlib=True, complevel=9, shuffle=True) if ds[name].size > 1 else {}
    for name in list(ds.variables):
        if ds[name].dtype.kind == "U":
            ds[name] = ds[name].astype(object)
        encoding.setdefault(name, {})["_FillValue"] = None
    ds["record"] = ("record_byte", np.frombuffer(json.dumps({**content, "rounding": dtype}).encode(), np.uint8))
    encoding["record"] = dict(zlib=True)
    ds = ds.assign_attrs(title=content["question"], command=content["runs"][-1]["command"] if content["runs"] else "")
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        ds.to_netcdf(part, engine="h5netcdf", encoding=encoding)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    size = path.stat().st_size
    if size > SMALL:
        warnings.warn(f"{path} has {size / 1e6:.1f} MB, more than {SMALL / 1e6:g}: without traces, or float16?", stacklevel=2)
    return size


def load(path: Path) -> tuple[dict[str, Any], Any]:
    """The record and the arrays of a packed file, in the types they had; read once as long as it stays as it is.

    ValueError where the file is none.
    """
    try:
        now = path.stat()
        content, ds = _read(path, now.st_mtime_ns, now.st_size)
    except (OSError, KeyError, ValueError) as error:
        raise ValueError(f"store: {path} is no packed sweep ({' '.join(str(error).split())})") from None
    return json.loads(content), ds.copy(deep=False)


@lru_cache(maxsize=32)
def _read(path: Path, *_: int) -> tuple[str, Any]:
    import xarray as xr

    with xr.open_dataset(path, engine="h5netcdf", decode_cf=False) as file:
        ds = file.load()
    content = ds["record"].values.tobytes().decode()
    json.loads(content)
    ds = ds.drop_vars("record")
    for name in list(ds.variables):
        if ds[name].dtype == object:
            ds[name] = ds[name].astype(str)
        elif "stored" in ds[name].attrs:
            ds[name] = _decoded(ds[name])
    return content, ds.drop_attrs(deep=False)


def _encoded(given: Any, dtype: str) -> Any:
    """A variable in a smaller type, the old one and how to go back among its attributes."""
    values, attrs = given.values, {**given.attrs, "stored": given.dtype.str}
    if values.dtype.kind == "U":
        words, codes = np.unique(values, return_inverse=True)
        attrs["words"] = json.dumps(words.tolist())
        return given.copy(data=codes.reshape(values.shape).astype(np.uint8 if len(words) < 256 else np.int32)).assign_attrs(attrs)
    if values.dtype.kind != "f":
        return given
    if (whole := _whole(values)) is not None:
        return given.copy(data=whole).assign_attrs({**attrs, "missing": int(np.iinfo(whole.dtype).min)})
    if dtype == "float16" and not _fine(values):
        dtype = "float32"
    return given.copy(data=values.astype(dtype)).assign_attrs(attrs)


def _whole(values: np.ndarray) -> np.ndarray | None:
    """The numbers as the smallest whole type that holds them, its lowest one for NaN; None unless all are whole."""
    missing = np.isnan(values)
    there = values[~missing]
    if not np.all(np.isfinite(there)) or np.any(there != np.rint(there)) or np.any(np.signbit(there) & (there == 0)):
        return None
    for kind in WHOLE:
        info = np.iinfo(kind)
        if there.size == 0 or (there.min() > info.min and there.max() <= info.max):
            return np.where(missing, info.min, np.where(missing, 0, values)).astype(kind)
    return None


def _fine(values: np.ndarray) -> bool:
    there = values[np.isfinite(values) & (values != 0)]
    with np.errstate(over="ignore"):
        rounded = there.astype(np.float16).astype(float)
    return bool(np.all(np.abs(rounded - there) <= FINE * np.abs(there)))


def _decoded(variable: Any) -> Any:
    attrs = dict(variable.attrs)
    kind = attrs.pop("stored")
    if "words" in attrs:
        values = np.asarray(json.loads(attrs.pop("words")), kind)[variable.values]
    elif "missing" in attrs:
        lowest = attrs.pop("missing")
        values = np.where(variable.values == lowest, np.nan, variable.values).astype(kind)
    else:
        values = variable.values.astype(kind)
    found = variable.copy(data=values)
    found.attrs = attrs
    return found
