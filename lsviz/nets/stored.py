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

STORED = ("fc3", "conv_bn", "stride", "lenet", "vgg_bn", "resnet_bn")
FOLDER = STORE / "nets"


def stored(name: str) -> Float[np.ndarray, "1 size"]:
    """w of a network trained on MNIST's ten classes, with running statistics. What it was trained on, and how: `story`.

    ValueError where none is shipped under that name; DamagedFile (a ValueError) where its file differs from what was shipped.
    """
    if name not in STORED:
        raise ValueError(f"name: got {name!r}; allowed: one of {', '.join(STORED)}")
    path = FOLDER / f"{name}.npy"
    try:
        content = path.read_bytes()
    except OSError:
        content = b""
    if hashlib.sha256(content).hexdigest() != story(name)["sha256"]:
        raise DamagedFile(
            f"{path} is missing or damaged. To restore it: `git checkout -- lsviz/store/nets`, or reinstall the package."
        )
    w = np.load(io.BytesIO(content), allow_pickle=False).astype(float)
    if w.shape != (make(name).size,):
        raise DamagedFile(f"{path} holds {w.shape} numbers, {name} has {make(name).size}")
    return w[None]


def story(name: str) -> dict[str, Any]:
    """How the stored network `name` was trained: arguments, test error, training loss, date, seconds, and the command for all."""
    return _stories(FOLDER)[name]


@cache
def _stories(folder: Path) -> dict[str, Any]:
    path = folder / "nets.json"
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise DamagedFile(
            f"{path} is missing or unreadable: `git checkout -- lsviz/store/nets`, or reinstall the package"
        ) from error
