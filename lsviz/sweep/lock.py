"""One writer at a time: a lock of the operating system, which dies with its process, however that ends."""

import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

FAR = 2**30  # Windows locks bytes against reading too: one far behind the text


class Busy(OSError):
    """Another process writes to the store."""


def beside(store: Path) -> Path:
    """The file that is locked: beside the store, so that the store holds nothing but its arrays."""
    return store.with_name(store.name + ".lock")


@contextmanager
def writing(store: Path, command: str) -> Iterator[None]:
    """Hold the store's lock. Busy names who holds it; OSError where no file can be made beside the store."""
    path = beside(store)
    file = _acquire(store, path)
    try:
        file.truncate(0)
        json.dump(dict(pid=os.getpid(), host=socket.gethostname(), since=_now(), command=command), file)
        file.flush()
        yield
    finally:
        _drop(path, file)


def holder(store: Path) -> dict[str, Any] | None:
    """Who writes to the store now (pid, host, since, command); None when nobody does."""
    try:
        with beside(store).open("r", encoding="utf-8") as file:
            if _lock(file, shared=True):
                return None
            return _read(file)
    except OSError:
        return None


def told(who: dict[str, Any]) -> str:
    """A holder in words."""
    if "pid" not in who:
        return "another process"
    return f"process {who['pid']} on {who.get('host', '?')} since {who.get('since', '?')}"


def _acquire(store: Path, path: Path) -> IO[str]:
    for attempt in range(5):
        file = path.open("a+", encoding="utf-8")
        if _lock(file):
            if _is_at(file, path):
                return file
            file.close()  # its last holder took it away meanwhile
            continue
        who = _read(file)
        file.close()
        if attempt < 4:
            time.sleep(0.05)  # who only asks for the holder has it for a moment
    raise Busy(
        f"{store} is being written by {told(who)}; allowed: one writer at a time. "
        f"`python -m lsviz status {store}` says who it is, and how far it has come"
    )


def _drop(path: Path, file: IO[str]) -> None:
    try:
        file.truncate(0)
        if sys.platform != "win32":  # there an open file cannot be taken away
            path.unlink(missing_ok=True)
    except OSError:
        pass
    file.close()


def _is_at(file: IO[str], path: Path) -> bool:
    try:
        mine, there = os.fstat(file.fileno()), path.stat()
    except OSError:
        return False
    return (mine.st_ino, mine.st_dev) == (there.st_ino, there.st_dev)


def _read(file: IO[str]) -> dict[str, Any]:
    try:
        file.seek(0)
        return dict(json.load(file))
    except (OSError, ValueError, TypeError):
        return {}


def _lock(file: IO[str], shared: bool = False) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(FAR)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            file.seek(0)
        else:
            import fcntl

            fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
