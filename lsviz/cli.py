"""The shell's way to call an experiment, and to open the lessons.

    python -m lsviz list
    python -m lsviz run network_jamming P=300 h=4.5 seeds=8 out.nc
    python -m lsviz sweep network_jamming --grid P=250,500 --grid h=4:30:16 --seeds 16 --store out.zarr
    python -m lsviz app
"""

import os
import sys
import time
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from lsviz import __version__, experiment
from lsviz.experiment import parse

cli = typer.Typer(
    name="lsviz",
    help="Loss landscapes, jamming and symmetries of deep learning.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Port = Annotated[int, typer.Option(min=1, max=65535, help="The port; the next free one if it is taken.")]
Ip = Annotated[str, typer.Option(help="The address to listen on; 0.0.0.0 serves a whole room.")]
Force = Annotated[bool, typer.Option("--force", "-f", help="Write over a file that is there already.")]
Browse = Annotated[bool, typer.Option("--browser/--no-browser", help="Open a browser where there is one.")]


def main() -> None:
    """Entry point of `lsviz` and `python -m lsviz`."""
    cli(prog_name="lsviz")


@cli.callback(invoke_without_command=True)
def _options(version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False) -> None:
    if version:
        print(__version__)
        raise typer.Exit


@cli.command("list")
def list_() -> None:
    """List the experiments: name, cost, question."""
    for name in experiment.names():
        found = experiment.get(name)
        question = (found.__doc__ or "").strip().splitlines()
        print(f"{name:20} {found.cost:7} {question[0] if question else ''}")


@cli.command()
def run(
    name: Annotated[str, typer.Argument(metavar="EXPERIMENT", help="One of `lsviz list`.")],
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME=VALUE]... [OUT.nc]", help="Arguments (P=300 widths=3,4.5,11 act=relu), then the file to write."),
    ] = None,
    force: Force = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Run an experiment and write its Dataset as NetCDF, or print a summary when no file is named.

    Arguments that are not given have their defaults; `lsviz show EXPERIMENT` lists them.
    """
    try:
        values, out = split(arguments or [])
        chosen = experiment.get(name)
        chosen.check(**values)
        if out is not None:
            writable(out, force)
        result = _watch(chosen.stream(**values), quiet)
        if out is None:
            print(result)
        else:
            write(result, out)
            print(f"wrote {out}", file=sys.stderr)
    except (ValueError, OSError) as error:
        fail(error)
    except KeyboardInterrupt:
        print("\nstopped; nothing was written", file=sys.stderr)
        raise typer.Exit(130) from None


@cli.command()
def show(name: Annotated[str, typer.Argument(metavar="EXPERIMENT")]) -> None:
    """Say what an experiment asks, what it takes and what values are allowed."""
    from lsviz.symbols import SYMBOLS

    try:
        chosen = experiment.get(name)
    except ValueError as error:
        fail(error)
    print(f"{name}: {(chosen.__doc__ or '').strip()}\n")
    for key, default in chosen.defaults.items():
        symbol = SYMBOLS[key]
        print(f"  {key}={default if default is not None else '…'}".ljust(26), f"{symbol.long_name}; {symbol.allowed()}")


Stored = Annotated[str, typer.Argument(metavar="STORE", help="The folder of a sweep, or a file it was packed into.")]


@cli.command()
def sweep(
    name: Annotated[str, typer.Argument(metavar="EXPERIMENT", help="One of `lsviz list`.")],
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME=VALUE]...", help="Arguments that are the same in every cell.")
    ] = None,
    grid: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUES",
            help="An axis: values a,b,c, or a:b:n for n of them from a to b, or a:b:ng for n with equal ratios.",
        ),
    ] = None,
    store: Annotated[Path | None, typer.Option(help="The folder to write; a sweep that was stopped goes on in its own.")] = None,
    seeds: Annotated[str | None, typer.Option(help="A count, or a,b,c: one batch inside every cell.")] = None,
    scheduler: Annotated[str | None, typer.Option(metavar="ADDRESS", help="A Dask scheduler to work with (tcp://…).")] = None,
    engine: Annotated[str, typer.Option(help="numpy, torch or torch:cuda.")] = "numpy",
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes on this machine; default: one for each processor.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Time one cell, and say how long all will take.")] = False,
) -> None:
    """Call an experiment at every cell of a grid and keep the answers in a zarr store.

    Whatever stops it, finished cells are kept; the same command goes on with what is missing.
    """
    from lsviz import sweep as sweeps

    try:
        chosen = experiment.get(name)
        given = over(arguments or [], grid or [], seeds)
        if dry_run:
            from lsviz.sweep.estimate import estimate

            plan = sweeps.make(chosen, given)
            sweeps.check_engine(chosen, engine)
            print(estimate(chosen, plan, engine))
            return
        if store is None:
            raise ValueError("store: none was given; allowed: --store NAME, a folder to write, or --dry-run")
        with sweeps.connected(scheduler) as client:
            sweeps.sweep(chosen, given, store=store, client=client, engine=engine, workers=workers)
        said = sweeps.status(store)
        lost = f"; {said.failed} failed: `python -m lsviz status {store}` says why" if said.failed else ""
        print(f"wrote {store}: {said.finished} of {said.cells} cells{lost}", file=sys.stderr)
    except (ValueError, OSError, ImportError) as error:
        fail(error)
    except KeyboardInterrupt:
        print(f"\nstopped; {store} keeps the cells that are finished, and the same command goes on", file=sys.stderr)
        raise typer.Exit(130) from None
    if said.failed:
        raise typer.Exit(1)


@cli.command()
def status(store: Stored) -> None:
    """Say how far a sweep has come, what failed, and who works on it."""
    from lsviz import sweep as sweeps

    try:
        print(sweeps.status(store))
    except (ValueError, OSError, ImportError) as error:
        fail(error)


@cli.command()
def export(
    store: Stored,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A file to write: netCDF (.nc), or a table (.csv).")],
    only: Annotated[
        list[str] | None, typer.Option(help="A variable to write; may be given again. Default: all, or a table of cells and seeds.")
    ] = None,
    force: Force = False,
) -> None:
    """Write a sweep into one file for other programs."""
    from lsviz import sweep as sweeps

    try:
        writable(out, force)
        written = sweeps.export(store, out, only or None)
        print(f"wrote {out}: {', '.join(written)}", file=sys.stderr)
    except (ValueError, OSError, ImportError) as error:
        fail(error)


@cli.command()
def pack(
    store: Stored,
    out: Annotated[Path, typer.Argument(metavar="OUT.nc", help="A file to write.")],
    dtype: Annotated[
        str, typer.Option(help="float64 keeps every bit; float32 and float16 round what is neither a count nor a word.")
    ] = "float32",
    without: Annotated[list[str] | None, typer.Option(help="A variable to leave out; may be given again.")] = None,
    force: Force = False,
) -> None:
    """Pack a sweep into one small file that `lsviz.sweep.replay` reads."""
    import warnings

    from lsviz import sweep as sweeps

    try:
        writable(out, force)
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always", UserWarning)
            size = sweeps.pack(store, out, dtype, without or ())
        for warning in told:
            print(f"lsviz: {warning.message}", file=sys.stderr)
        print(f"wrote {out}: {size / 1e6:.2f} MB", file=sys.stderr)
    except (ValueError, OSError, ImportError) as error:
        fail(error)


@cli.command()
def app(port: Port = 8866, ip: Ip = "localhost", browser: Browse = True) -> None:
    """Serve all lessons as apps (Voilà)."""
    from lsviz import server

    try:
        server.app(port, ip, browser)
    except (ValueError, OSError) as error:
        fail(error)


@cli.command()
def lab(port: Port = 8888, ip: Ip = "localhost", browser: Browse = True) -> None:
    """Open all lessons as notebooks (JupyterLab)."""
    from lsviz import server

    try:
        server.lab(port, ip, browser)
    except (ValueError, OSError) as error:
        fail(error)


def split(words: list[str]) -> tuple[dict[str, Any], Path | None]:
    """Sort the words after the experiment's name into arguments and the output file. ValueError names a word that is neither."""
    values: dict[str, Any] = {}
    out: Path | None = None
    for word in words:
        key, equals, text = word.partition("=")
        if equals and key.isidentifier():
            if key in values:
                raise ValueError(f"{key}: given twice; allowed: once")
            values[key] = parse(text)
        elif out is not None or not word.endswith(".nc"):
            raise ValueError(f"got {word!r}; allowed: NAME=VALUE, or one file that ends in .nc")
        else:
            out = Path(word)
    return values, out


def over(words: list[str], axes: list[str], seeds: str | None) -> dict[str, Any]:
    """The arguments of a sweep: what is fixed, what is an axis, and the seeds. ValueError names a word that is none, or one given twice."""
    from lsviz.sweep import read

    given, out = split(words)
    if out is not None:
        raise ValueError(f"got {str(out)!r}; allowed: NAME=VALUE; the file to write is the folder --store")
    for axis in axes:
        name, equals, text = axis.partition("=")
        if not equals or not text:
            raise ValueError(f"grid: got {axis!r}; allowed: NAME=VALUES, such as P=250,500 or h=4:30:16")
        if name in given:
            raise ValueError(f"{name}: given twice; allowed: once")
        given[name] = read(name, text)
    if seeds is not None:
        if "seeds" in given:
            raise ValueError("seeds: given twice; allowed: once")
        given["seeds"] = parse(seeds)
    return given


def writable(out: Path, force: bool) -> None:
    """Refuse before the computation, not after it, what cannot be written at its end."""
    if out.exists() and not force:
        raise ValueError(f"{out} exists; allowed: another name, or --force to write over it")
    if not out.parent.is_dir():
        raise ValueError(f"{out}: there is no folder {out.parent}")
    if not os.access(out.parent, os.W_OK):
        raise ValueError(f"{out}: the folder {out.parent} cannot be written to")


def write(result: Any, out: Path) -> None:
    """Write NetCDF beside `out`, then rename: what was there stays whole until the new file is."""
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        result.to_netcdf(part, engine="h5netcdf")
        os.replace(part, out)
    finally:
        part.unlink(missing_ok=True)


def fail(error: Exception) -> NoReturn:
    """One line on stderr, exit code 2."""
    print(f"lsviz: {' '.join(str(error).split())}", file=sys.stderr)
    raise typer.Exit(2)


def _watch(stream: Any, quiet: bool) -> Any:
    """The stream's last Dataset; progress goes to stderr: one line that is rewritten on a terminal, else one each tenth."""
    start, shown, result = time.monotonic(), -1, None
    terminal = sys.stderr.isatty()
    try:
        for result in stream:
            done = float(result.progress)
            mark = int(done * (100 if terminal else 10))
            if not quiet and mark > shown:
                shown = mark
                line = f"{done:4.0%}  {time.monotonic() - start:.1f} s"
                print(f"\r{line} " if terminal else line, end="" if terminal else "\n", file=sys.stderr, flush=True)
    finally:
        stream.close()
        if terminal and not quiet:
            print(file=sys.stderr)
    return result
