"""Trained weights that come with the package, in half precision, each with the command that trained it."""

import hashlib
import io
import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from ..data import STORE, DamagedFile
from .build import make
from .planar import PLANAR

STORED = ("fc3", "conv_bn", "stride", "lenet", "vgg_bn", "resnet_bn")
FOLDER = STORE / "nets"
PLANAR_FOLDER = STORE / "planar"


def stored(name: str) -> Float[np.ndarray, "S size"]:
    """w of networks trained on MNIST's ten classes, with running statistics: one (S = 1) of `STORED`, three of each of `PLANAR`, one for
    each of the seeds that `story` tells, with what they were trained on, and how.

    ValueError where none is shipped under that name; DamagedFile (a ValueError) where its file differs from what was shipped.
    """
    if name not in STORED + PLANAR:
        raise ValueError(f"name: got {name!r}; allowed: one of {', '.join(STORED + PLANAR)}")
    folder = _folder(name)
    w = np.atleast_2d(shipped_array(folder, name))
    if w.shape != (len(story(name).get("seeds", (0,))), make(name).size):
        raise DamagedFile(f"{folder / name}.npy holds {w.shape} numbers, {name} has {make(name).size}")
    return w


def shipped_array(folder: Path, name: str) -> Float[np.ndarray, "..."]:
    """What `folder` holds under that name, as float64. DamagedFile where it is not what the folder's nets.json tells."""
    path = folder / f"{name}.npy"
    try:
        content = path.read_bytes()
    except OSError:
        content = b""
    if hashlib.sha256(content).hexdigest() != stories(folder)[name]["sha256"]:
        raise DamagedFile(
            f"{path} is missing or damaged. To restore it: `git checkout -- lsviz/store/{folder.name}`, or reinstall the package."
        )
    return np.load(io.BytesIO(content), allow_pickle=False).astype(float)


def story(name: str) -> dict[str, Any]:
    """How the stored network `name` was trained: arguments, test error, training loss, date, seconds, and the command for all. Of `PLANAR`:
    `seeds`, and for each of them steps, loss and test error.
    """
    return stories(_folder(name))[name]


def _folder(name: str) -> Path:
    return PLANAR_FOLDER if name in PLANAR else FOLDER


@cache
def stories(folder: Path) -> dict[str, Any]:
    """The nets.json of a folder of trained weights. DamagedFile where there is none that can be read."""
    path = folder / "nets.json"
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise DamagedFile(
            f"{path} is missing or unreadable: `git checkout -- lsviz/store/{folder.name}`, or reinstall the package"
        ) from error
