"""The sweep itself: cells go out to Dask's workers, this process alone writes what comes back."""

import logging
import os
import signal
import statistics
import sys
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import Any

from .. import __version__
from .. import experiment as experiments
from .. import xp as xps
from ..experiment import Experiment
from . import cells, lock, provenance, reading
from . import grid as grids
from . import store as stores
from .store import NEEDS, Store, explained

GROUP = 0.3  # seconds of cells in one task: what short cells cost in traffic is shared by as many as fit
LIMIT = 1.0  # seconds after which a task begins no more cells, if they are slower than those before
GUARD = 'A script is run again by each worker that it starts: call sweep below `if __name__ == "__main__":`'
DASHBOARD = "127.0.0.1:0"  # a free port of this machine, for this machine alone
AHEAD = 2  # tasks handed out for every thread, so that none waits


def sweep(
    experiment: str | Experiment,
    grid: dict[str, Any],
    *,
    store: Any,
    client: Any = None,
    engine: str = "numpy",
    workers: int | None = None,
    command: str | None = None,
) -> Any:
    """Call an experiment at every cell of a grid, keep every answer in a store, and return them all as one Dataset (`results`).

    experiment: one, or its name. grid: its arguments, a list of values for every axis of the grid, one value for what is fixed;
    `seeds` stays a batch inside each cell. All of them are checked before anything is computed.
    store: a folder, made if it is not there. Started again on the same store, a sweep computes what is missing or failed; a finished
    cell is never computed twice. Whatever ends it (Ctrl-C, kill, a lost worker, a full disk), finished cells are kept.
    client: a `distributed.Client` of any cluster; by default a cluster of one-thread processes on this machine, `workers` of them
    (as many as it has processors, or GPUs). A script that lets it start one calls `sweep` below `if __name__ == "__main__":`. Our own
    workers end with the sweep; those of a given cluster first finish the cells they have begun.
    engine: "numpy", or "torch" or "torch:cuda" for experiments that run there. On a GPU cells that are alike run as one program, where
    the experiment declares which are (`Experiment.many`): equal to single calls to rounding, not bit for bit.
    command: what to write down as the command that made it; by default the line for a shell that does the same.

    A cell that raises is recorded with its error and stops no other. Raises ValueError (arguments, a store of another sweep), OSError
    (a store that cannot be written to; `Busy`: another process writes to it), ImportError (no dask, no zarr), ConnectionError (the
    scheduler is gone).
    """
    chosen = experiments.get(experiment) if isinstance(experiment, str) else experiment
    plan = grids.make(chosen, grid)
    check_engine(chosen, engine, here=client is None)
    path = check_store(store)
    check_workers(workers)
    _check_main()
    command = command or plan.command(chosen, path.name, engine)  # shared with the results: it names no folder of this machine
    stores.the_zarr()
    run = provenance.run(command, engine)
    with ExitStack() as held:
        with explained(path, "nothing was computed"):
            held.enter_context(lock.writing(path, command))
            if not path.exists() or not any(path.iterdir()):
                stores.create(path, plan, chosen, engine)
            kept = _opened(path, plan, engine)
            missing = kept.missing()
            if missing:
                kept.note_run(run)
        if missing:
            crew = held.enter_context(_crew(client, min(workers or processors(engine), len(missing))))
            _Drive(crew, kept, cells.reference(chosen), engine, run).all(missing)
    return reading.results(path)


@contextmanager
def connected(scheduler: str | None) -> Iterator[Any]:
    """A Client of the scheduler at an address; None for none. ConnectionError where nobody answers."""
    if scheduler is None:
        yield None
        return
    try:
        import distributed
    except ImportError:
        raise ImportError(NEEDS) from None
    try:
        client = distributed.Client(scheduler, timeout=10)
    except (OSError, ValueError, TypeError) as error:
        raise ConnectionError(f"scheduler: no Dask scheduler answers at {scheduler} ({' '.join(str(error).split())})") from None
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)  # a lost scheduler is told in one line, by us
    with client:
        yield client


def processors(engine: str = "numpy") -> int:
    """How many processors this process may use, or how many GPUs there are."""
    if engine == "torch:cuda":
        import torch

        return max(1, torch.cuda.device_count())
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def check_engine(chosen: Experiment, engine: str, here: bool = True) -> None:
    """ValueError for an engine that does not exist, that the experiment does not run on, or (`here`) that this machine lacks."""
    if engine not in xps.ENGINES:
        raise ValueError(f"engine: got {engine!r}; allowed: one of {', '.join(xps.ENGINES)}")
    if engine.split(":")[0] not in chosen.engines:
        raise ValueError(f"engine: got {engine!r}, but {chosen.name} runs on {', '.join(chosen.engines)} alone")
    if here:
        with xps.engine(engine):
            pass


def check_store(store: Any) -> Path:
    """The store's folder. ValueError for an address, a file, a folder of something else, or one whose parent is missing."""
    if "://" in str(store):
        raise ValueError(f"store: got {store}; allowed: a folder of this machine, since a lock of its own system guards it")
    path = Path(store)
    if path.is_dir() and any(path.iterdir()):
        stores.record(path)
    elif path.exists() and not path.is_dir():
        raise ValueError(f"store: {path} is a file; allowed: a folder that `lsviz sweep` wrote, or a new name")
    elif not path.resolve().parent.is_dir():
        raise ValueError(f"store: {path}: there is no folder {path.parent}")
    return path


def check_workers(workers: int | None) -> None:
    """ValueError unless it is a count, or left open."""
    if workers is not None and (isinstance(workers, bool) or workers != int(workers) or workers < 1):
        raise ValueError(f"workers: got {workers!r}; allowed: a whole number ≥ 1")


def _check_main() -> None:
    import multiprocessing

    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise RuntimeError(GUARD)


def _opened(path: Path, wanted: grids.Grid, engine: str) -> Store:
    """The store, if it is one of this sweep. ValueError says in what it differs."""
    content = stores.record(path)
    unlike = grids.Grid.of_record(content).unlike(wanted)
    if content["engine"] != engine:
        unlike.append(f"engine = {content['engine']}, not {engine}")
    if unlike:
        raise ValueError(f"store: {path} was made with {'; '.join(unlike)}. Go on with its own arguments, or take another store")
    return Store(path)


@contextmanager
def _crew(client: Any, count: int) -> Iterator[Any]:
    """The client given, or one of a cluster of our own that ends with this block."""
    try:
        import distributed
    except ImportError:
        raise ImportError(NEEDS) from None
    if client is not None:
        if client.asynchronous:
            raise ValueError("client: got an asynchronous one; allowed: Client(…) without asynchronous=True")
        yield client
        return
    one_thread = dict(threads_per_worker=1, processes=True, preload=["lsviz.sweep.deaf"])
    try:
        cluster = distributed.LocalCluster(n_workers=count, dashboard_address=DASHBOARD, silence_logs="CRITICAL", **one_thread)
    except RuntimeError as error:
        raise RuntimeError(f"no worker could be started ({error}). {GUARD}") from error
    with cluster, distributed.Client(cluster) as own:
        try:
            yield own
        except BaseException:
            _stop(cluster)
            raise


def _stop(cluster: Any) -> None:
    """End the workers of our own cluster now, whatever they compute."""
    for nanny in cluster.workers.values():
        nanny.auto_restart = False
        if nanny.pid:
            with suppress(OSError):
                os.kill(nanny.pid, getattr(signal, "SIGKILL", signal.SIGTERM))


class _Drive:
    """Hands out cells in groups, takes in what comes back, and writes it."""

    def __init__(self, client: Any, kept: Store, which: Any, engine: str, run: dict[str, Any]) -> None:
        self.client, self.kept, self.which, self.engine, self.run = client, kept, which, engine, run
        self.joint = cells.as_one_program(which, engine)
        self.todo: deque[int] = deque()
        self.alone: set[int] = set()  # cells whose worker died: the next time with no other beside them
        self.running: dict[Any, list[int]] = {}
        self.pace: deque[float] = deque(maxlen=9)  # seconds of the last cells
        self.made = {key: value for key, value in run.items() if key in provenance.versions(engine)}
        self._threads, self._asked = 1, 0.0

    def all(self, missing: list[int]) -> None:
        """Compute these cells. On Ctrl-C what is already computed is still written."""
        import distributed

        self.todo.extend(missing)
        self.bar = Bar(len(missing), self.kept.grid.size - len(missing))
        self.arriving = distributed.as_completed()
        try:
            self._hand_out()
            for future in self.arriving:
                self._take_in(future)
                self._hand_out()
        except KeyboardInterrupt:
            self._last_ones(distributed)
            raise
        finally:
            self.bar.close()
            with suppress(Exception):  # who is gone needs no telling
                self.client.cancel(list(self.running), force=True)

    def _hand_out(self) -> None:
        threads = self._count_threads()
        while self.todo and len(self.running) < AHEAD * threads and not self._suspects():
            size = int(GROUP / max(statistics.median(self.pace), 1e-6)) if self.pace else 1
            size = max(1, min(size, -(-len(self.todo) // (AHEAD * threads))))
            group = self._program() if self.joint else self._few(size)
            arguments = [self.kept.grid.cell(index) for index in group]
            future = self.client.submit(cells.compute, self.which, arguments, self.engine, LIMIT, __version__, pure=False)
            self.running[future] = group
            self.arriving.add(future)

    def _suspects(self) -> bool:
        """Whether to wait: a worker's death is laid to all cells it was given, so a suspect is computed while no other is."""
        return bool(self.running) and not self.alone.isdisjoint({self.todo[0], *chain(*self.running.values())})

    def _few(self, size: int) -> list[int]:
        """The next cells, as many as `size`."""
        group = [self.todo.popleft()]
        while len(group) < size and not self.alone & {group[0], self.todo[0]}:
            group.append(self.todo.popleft())
        return group

    def _program(self) -> list[int]:
        """The next cell, and all after it that can be one program with it."""
        assert self.joint is not None and self.joint.alike is not None
        group, left, room, key = [], deque[int](), 1.0, None
        for index in self.todo:
            its, load = self.joint.alike(self.kept.grid.cell(index))
            if not group or (its == key and load <= room and not self.alone & {group[0], index}):
                group.append(index)
                key, room = its, room - load
            else:
                left.append(index)
        self.todo = left
        return group

    def _count_threads(self) -> int:
        """How many cells can be computed at once; workers come and go."""
        if time.monotonic() - self._asked > 1:
            self._threads, self._asked = max(1, sum(self.client.nthreads().values())), time.monotonic()
        return self._threads

    def _take_in(self, future: Any) -> None:
        import distributed

        group = self.running.pop(future)
        if future.status in ("cancelled", "lost"):
            if self.client.status != "running":
                raise self._gone()
            self.todo.extendleft(reversed(group))  # computed, but its worker died before it could hand it over
            return
        try:
            found, made = future.result()
        except distributed.KilledWorker as error:
            if not self.alone.issuperset(group):  # it, or its neighbours, killed several workers: alone, it shows which
                self.alone.update(group)
                self.todo.extend(group)
                return
            found, made = [cells.Cell(float("nan"), "several workers died of it (too little memory?): " + cells.told(error))], self.made
        except (distributed.comm.CommClosedError, CancelledError):
            raise self._gone() from None
        except Exception as error:
            found, made = [cells.Cell(float("nan"), cells.told(error)) for _ in group], self.made
        self.todo.extendleft(reversed(group[len(found) :]))  # what it had no time for
        for index, cell in zip(group, found, strict=False):
            self._write(index, cell)
        self._note(made)

    def _gone(self) -> ConnectionError:
        return ConnectionError(f"the scheduler is gone; {self.kept.path} keeps what is finished, and the same call goes on")

    def _write(self, index: int, cell: cells.Cell) -> None:
        if not cell.error:
            self.pace.append(cell.seconds)
        with explained(self.kept.path, "the sweep stopped; finished cells are kept, and the same call goes on"):
            try:
                if not cell.error:
                    self.kept.put(index, cell)
            except ValueError as error:
                cell.error = cells.told(error)
            if cell.error:
                self.kept.fail(index, cell.error, cell.seconds)
        self.bar.step(bool(cell.error))

    def _note(self, made: dict[str, str]) -> None:
        """Write down versions of a worker that differ from ours: its last bits may, too."""
        if made != self.made and made not in self.run.setdefault("others", []):
            self.run["others"].append(made)
            self.kept.note_run(self.run)

    def _last_ones(self, distributed: Any) -> None:
        """Write what has been computed meanwhile; short cells are waited for."""
        if any(len(group) > 1 for group in self.running.values()):
            with suppress(TimeoutError, distributed.TimeoutError):
                distributed.wait(list(self.running), timeout=LIMIT)
        for future in [future for future in self.running if future.status == "finished"]:
            self._take_in(future)


class Bar:
    """How many cells are done and how long the rest will take, in one line that is written over; on a terminal alone."""

    def __init__(self, missing: int, kept: int) -> None:
        self.missing, self.kept, self.done, self.failed = missing, kept, 0, 0
        self.start, self.shown = time.monotonic(), 0.0
        self.terminal = sys.stderr.isatty()
        self._show()

    def step(self, failed: bool) -> None:
        """One more cell."""
        self.done += 1
        self.failed += failed
        if time.monotonic() - self.shown > 0.1 or self.done == self.missing:
            self._show()

    def close(self) -> None:
        """The line stays."""
        if self.terminal:
            print(file=sys.stderr)

    def _show(self) -> None:
        self.shown = time.monotonic()
        if self.terminal:
            print(f"\r{self.line()}\x1b[K", end="", file=sys.stderr, flush=True)

    def line(self) -> str:
        """The line as it stands."""
        elapsed = time.monotonic() - self.start
        parts = [f"{self.kept + self.done} of {self.kept + self.missing} cells"]
        if self.failed:
            parts.append(f"{self.failed} failed")
        if self.done < self.missing:
            left = span(elapsed / self.done * (self.missing - self.done)) + " left" if self.done else "…"
            parts.append(left)
        return f"{(self.kept + self.done) / (self.kept + self.missing):4.0%}  {', '.join(parts)}"


def span(seconds: float) -> str:
    """A time in the unit that suits it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
