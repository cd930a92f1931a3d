"""Where numbers come from: versions, commit, date and command of every run of a sweep. No comparison of bits looks at it."""

import subprocess
import sys
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from .. import __version__


def versions(engine: str) -> dict[str, str]:
    """What computes: lsviz, python, numpy; torch if the engine is torch, and on which GPU."""
    found = {"lsviz": __version__, "python": sys.version.split()[0], "numpy": metadata.version("numpy")}
    if engine != "numpy":
        found["torch"] = metadata.version("torch")
    if engine == "torch:cuda":
        import torch

        found["device"] = torch.cuda.get_device_name() if torch.cuda.is_available() else "none"
    return found


def unit(engine: str) -> str:
    """In what the time of a sweep is counted."""
    return "GPU-hours" if engine == "torch:cuda" else "core-hours"


def run(command: str, engine: str) -> dict[str, Any]:
    """The record of a run that starts now."""
    return dict(started=datetime.now(UTC).isoformat(timespec="seconds"), command=command, commit=commit(), **versions(engine))


@cache
def commit() -> str:
    """The git commit of the package's own clone, "+" behind it if the code was changed since; empty if it is in none."""
    folder = Path(__file__).resolve().parents[1]
    try:
        if not _git(folder, "ls-files", "__init__.py"):
            return ""
        return _git(folder, "rev-parse", "HEAD") + ("+" if _git(folder, "status", "--porcelain", "-uno", "--", ".") else "")
    except (OSError, subprocess.SubprocessError):
        return ""


def _git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, timeout=10, check=True)
    return done.stdout.strip()
