"""Sweeps: four ways to the same bits, and nothing that is finished is ever lost: kill -9, Ctrl-C, a full disk, a lost scheduler."""

import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import warnings
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

from lsviz import __version__, cli, experiment, sweep, xp
from lsviz.experiment import Table
from lsviz.jamming import network_jamming, networks
from lsviz.sweep import cells, grid, lock, packed, reading, run, store

pytest.importorskip("dask")
pytest.importorskip("zarr")

ROOT = Path(__file__).resolve().parent.parent
SMALL = dict(P=[20, 30], h=[2, 3.5], budget=[4, 6], seeds=(3, 1), act="relu")
SLOWER = dict(P=[50, 60, 70, 80], h=[2, 3, 4], budget=600, optimizer="adam", seeds=2)
SLOWER_WORDS = ["P=50,60,70,80", "h=2:4:3"]
posix = pytest.mark.skipif(os.name == "nt", reason="signals and locks are others there")


@pytest.fixture(scope="module")
def client():
    """A cluster of two processes; a task may lose its worker once."""
    import dask
    from distributed import Client, LocalCluster

    with dask.config.set({"distributed.scheduler.allowed-failures": 1}):
        cluster = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=run.DASHBOARD, silence_logs="CRITICAL")
        with cluster, Client(cluster) as found:
            yield found


@pytest.fixture(scope="module")
def small(client, tmp_path_factory):
    """A finished sweep with axes of which one changes the shape of the cells."""
    path = tmp_path_factory.mktemp("sweeps") / "small.zarr"
    sweep.sweep("network_jamming", SMALL, store=path, client=client)
    return path


@pytest.fixture(scope="module")
def undisturbed(client, tmp_path_factory):
    """A finished sweep of cells that take some tenths of a second."""
    path = tmp_path_factory.mktemp("sweeps") / "slower.zarr"
    return sweep.sweep("network_jamming", SLOWER, store=path, client=client).load()


def identical(one, other):
    xr.testing.assert_identical(one, other)
    for name in one.variables:
        assert one[name].dtype.kind == other[name].dtype.kind, name


def environment():
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    return {**os.environ, "PYTHONPATH": paths, "OPENBLAS_NUM_THREADS": "1"}


def lsviz(*words):
    """Run the command line in this process."""
    return CliRunner().invoke(cli.cli, [str(word) for word in words])


def start(*words, **options):
    """The command line as a user starts it, in a process group of its own."""
    listen = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # a shell's background jobs are started deaf to it
    return subprocess.Popen([sys.executable, "-m", "lsviz", *map(str, words)], text=True, start_new_session=True,
                            stderr=subprocess.PIPE, env=environment(), preexec_fn=listen, **options)  # fmt: skip


def start_slower(path):
    axes = [word for axis in SLOWER_WORDS for word in ("--grid", axis)]
    return start("sweep", "network_jamming", "budget=600", "optimizer=adam", *axes, "--seeds", 2, "--store", path, "--workers", 1)


def wait_for(path, count, process=None, patience=30):
    """Wait until the store has `count` finished cells."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if len([p for p in (path / "done").glob("[0-9]*") if p.suffix != ".partial"]) >= count:
            return
        assert process is None or process.poll() is None, process.stderr.read()
        time.sleep(0.02)
    raise AssertionError("the sweep does not get on")


def small_experiment(body):
    """An experiment of this file: `body(P)` gives the loss."""

    def tried(*, P: int = 3, budget: int = 3, seeds: int = 2):
        table = Table(seed=seeds, step=np.arange(budget)).add("loss", "seed").add("loss_trace", "step seed", fill=budget)
        table.set(loss=body(P))
        yield table

    return experiment.experiment(cost="slider")(tried)


# --- the grid ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name, text, expected",
    [
        ("P", "250,500,1000", [250, 500, 1000]),
        ("P", "300", 300),
        ("P", "300,", [300]),
        ("h", "4:30:3", [4.0, 17.0, 30.0]),
        ("h", "4:30:16", [float(f"{v:.6g}") for v in np.linspace(4, 30, 16)]),
        ("P", "250:4000:5g", [250, 500, 1000, 2000, 4000]),
        ("P", "2:4:9", [2, 3, 4]),
        ("P", "20,100:200:2", [20, 100, 200]),
        ("learning_rate", "1e-3:1:4g", [0.001, 0.01, 0.1, 1.0]),
        ("act", "relu,swish", ["relu", "swish"]),
        ("act", "relu", "relu"),
        ("widths", "2,3", (2, 3)),
        ("widths", "2:4:3", (2.0, 3.0, 4.0)),
        ("widths", "2,3;4,", [(2, 3), (4,)]),
    ],
)
def test_a_grid_is_read_as_typed(name, text, expected):
    found = sweep.read(name, text)
    assert found == expected
    assert type(found) is type(expected)
    if isinstance(found, list):
        assert [type(v) for v in found] == [type(v) for v in expected]


@pytest.mark.parametrize(
    "name, text",
    [("P", "1:2"), ("P", "1:2:x"), ("P", "1:2:0"), ("h", "-1:2:3g"), ("h", "0:2:3g"), ("act", "1:2:3"), ("h", "1:inf:3"),
     ("P", "1:2:3:4"), ("seeds", "1,2"), ("colour", "1,2")],
)  # fmt: skip
def test_what_is_no_grid_is_refused_by_name(name, text):
    with pytest.raises(ValueError, match=rf"^{name}: "):
        sweep.read(name, text)


def test_a_grid_has_axes_in_the_order_of_the_arguments_and_writes_itself():
    made = sweep.make(network_jamming, dict(h=[2, 3.5], P=np.array([20, 30]), seeds=4, act="relu"))
    assert list(made.axes) == ["P", "h"]
    assert made.axes["P"] == (20, 30) and type(made.axes["P"][0]) is int
    assert made.shape == (2, 2) and made.size == 4
    assert [made.cell(i)["h"] for i in range(4)] == [2.0, 3.5, 2.0, 3.5]
    assert made.cell(3) == network_jamming.check(P=30, h=3.5, act="relu", seeds=4)
    written = "python -m lsviz sweep network_jamming act=relu --grid P=20,30 --grid h=2,3.5 --seeds 4 --store out.zarr --engine torch"
    assert made.command(network_jamming, "out.zarr", "torch") == written
    assert grid.Grid.of_record(json.loads(json.dumps(made.record()))) == made
    tuples = sweep.make(experiment.get("network_transition"), dict(widths=[(2, 3), (4,), None]))
    assert tuples.axes["widths"] == ((2.0, 3.0), (4.0,), None)
    assert sweep.make(experiment.get("network_transition"), dict(widths=[2, 3])).fixed["widths"] == (2.0, 3.0)
    assert sweep.make(network_jamming, dict(seeds=[3, 1])).fixed["seeds"] == (3, 1)


@pytest.mark.parametrize(
    "given, named",
    [
        (dict(P=[20, -4]), "^P: got -4"),
        (dict(P=[20, 20.0]), "^P: got 20 twice"),
        (dict(P=[]), "^P: got an empty list"),
        (dict(P=[20], act="gelu"), "^act: got 'gelu'"),
        (dict(P=[20], seeds=[[1, 2], [3]]), "^seeds: got"),
        (dict(P=[20], seeds=0), "^seeds: got 0"),
        (dict(Q=[20]), "^Q: network_jamming has no such argument"),
    ],
)
def test_every_cell_is_checked_before_anything_is_computed(given, named, tmp_path):
    with pytest.raises(ValueError, match=named):
        sweep.sweep("network_jamming", given, store=tmp_path / "out.zarr")
    assert os.listdir(tmp_path) == []


# --- four ways to the same bits ----------------------------------------------------------------------------------------


def test_a_cell_is_the_call_the_run_and_the_replay_bit_for_bit(small, tmp_path):
    again, together = sweep.replay(small), sweep.results(small)
    sweep.pack(small, tmp_path / "small.nc", "float64")
    packed_again = sweep.replay(tmp_path / "small.nc")
    assert bool(together.done.all())
    for P, h, budget in itertools.product(SMALL["P"], SMALL["h"], SMALL["budget"]):
        direct = network_jamming(P=P, h=h, budget=budget, seeds=(3, 1), act="relu")
        identical(again(P=P, h=h, budget=budget), direct)
        identical(packed_again(P=P, h=h, budget=budget), direct)
        cell = together.sel(P=P, h=h, budget=budget)
        for name in direct.data_vars:
            values = cell["cell_P" if name == "P" else name].values
            values = values[: direct.sizes["step"]] if "step" in direct[name].dims else values
            np.testing.assert_array_equal(values, direct[name].values, err_msg=name)
    assert lsviz("run", "network_jamming", "P=30", "h=3.5", "budget=6", "seeds=3,1", "act=relu", "-q", tmp_path / "run.nc").exit_code == 0
    with xr.open_dataset(tmp_path / "run.nc", engine="h5netcdf") as saved:
        ran, replayed = saved.load(), again(P=30, h=3.5, budget=6)
    assert list(ran.state.values) == list(replayed.state.values)  # netCDF's words have no fixed length
    identical(ran.drop_vars("state"), replayed.drop_vars("state"))


def test_a_cell_of_torch_is_the_call_on_torch(client, tmp_path):
    pytest.importorskip("torch")
    given = dict(P=[20, 30], h=2, budget=5, seeds=2)
    sweep.sweep("network_jamming", given, store=tmp_path / "out.zarr", client=client, engine="torch")
    with xp.engine("torch"):
        direct = network_jamming(P=30, h=2, budget=5, seeds=2)
    identical(sweep.replay(tmp_path / "out.zarr")(P=30), direct)
    with pytest.raises(ValueError, match="engine = torch, not numpy"):
        sweep.sweep("network_jamming", given, store=tmp_path / "out.zarr", client=client)


def test_cells_that_are_alike_are_one_program_on_a_gpu(tmp_path, monkeypatch):
    """There is no GPU here: what a sweep does on one, with the other engine. Cells of one P go together, as far as they have room."""
    pytest.importorskip("torch")
    assert cells.as_one_program("network_jamming", "torch") is None and cells.as_one_program("escape", "torch:cuda") is None
    assert cells.as_one_program("network_jamming", "torch:cuda") is network_jamming
    monkeypatch.setattr(cells, "as_one_program", lambda which, engine: network_jamming)
    plan = sweep.make(network_jamming, dict(P=[20, 30], h=[2, 3, 4], budget=5, seeds=2))
    store.create(tmp_path / "out.zarr", plan, network_jamming, "torch")
    drive = run._Drive(None, store.Store(tmp_path / "out.zarr"), "network_jamming", "torch", {})
    drive.todo.extend(range(plan.size))
    assert drive._program() == [0, 1, 2] and list(drive.todo) == [3, 4, 5]
    monkeypatch.setattr(networks, "ENTRIES", 2 * 30 * 6)  # room for h = 2 and 3, or for 4 alone
    drive.alone.add(3)  # its worker died
    assert drive._program() == [3] and drive._program() == [4] and drive._program() == [5] and not drive.todo
    drive.alone.clear()
    drive.todo.extend([3, 4, 5])
    assert drive._program() == [3, 4] and drive._program() == [5]

    asked = [plan.cell(index) for index in range(3)]
    found, made = cells.compute("network_jamming", asked, "torch", 1.0, __version__)
    with xp.engine("torch"):
        direct = network_jamming.together(asked)
    for cell, ds in zip(found, direct, strict=True):
        identical(cell.dataset(), ds)
    assert "torch" in made and len({cell.seconds for cell in found}) == 1

    def broken(calls):
        raise RuntimeError("out of memory")

    monkeypatch.setattr(network_jamming, "_together", broken)  # then one by one, and who fails is seen
    found, _ = cells.compute("network_jamming", [*asked[:2], dict(asked[2], h=-1)], "torch", 0.0, __version__)
    assert [bool(cell.error) for cell in found] == [False, False, True]


def test_the_order_in_which_cells_come_leaves_no_trace(tmp_path):
    """The first cell gives the shapes; any may be the first, and longer or shorter than the next."""
    tried = small_experiment(lambda P: P / 7)
    plan = sweep.make(tried, dict(P=[3, 4], budget=[5, 2, 7, 5 + 1]))
    found = []
    for number, order in enumerate([range(8), reversed(range(8)), (2, 5, 0, 7, 1, 3, 6, 4)]):
        path = tmp_path / f"{number}.zarr"
        store.create(path, plan, tried, "numpy")
        for index in order:
            kept = store.Store(path)  # opened anew each time, as after a kill
            kept.put(index, cells.one(tried, plan.cell(index), "numpy"))
        found.append(sweep.results(path))
        again = sweep.replay(path)
        for index in range(8):
            identical(again(**plan.cell(index)), tried(**plan.cell(index)))
    identical(found[0], found[1])
    identical(found[0], found[2])
    assert found[0].length_step.values[0].tolist() == [5, 2, 7, 6]


def test_a_store_is_read_by_others(small):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plain = xr.open_zarr(small, consolidated=False, zarr_format=2, chunks=None)
    assert plain.N_delta.dims == ("P", "h", "budget", "seed")
    assert plain.N_delta.encoding["chunks"] == (1, 1, 1, 2)
    assert list(plain.h.values) == [2.0, 3.5]


def test_a_writer_killed_while_it_makes_room_does_no_harm(tmp_path):
    tried = small_experiment(lambda P: P / 7)
    plan = sweep.make(tried, dict(P=[3, 4], budget=[2, 7]))
    path = tmp_path / "out.zarr"
    store.create(path, plan, tried, "numpy")
    kept = store.Store(path)
    kept.put(0, cells.one(tried, plan.cell(0), "numpy"))
    kept._shown("step", np.arange(2), {}, keep=False)
    kept._add("own_step", ["P", "budget", "step"], (2, 2, 2), (1, 1, 2), "i8", 0, {})
    kept._arrays["loss_trace"].resize((2, 2, 7, 2))
    (path / "loss" / "0.1.0.partial").write_bytes(b"half")
    with pytest.raises(ValueError, match=r"making room for a longer cell .* start the sweep again"):
        sweep.status(path)
    kept = store.Store(path)
    assert sweep.status(path).finished == 1
    for index in kept.missing():
        kept.put(index, cells.one(tried, plan.cell(index), "numpy"))
    for index in range(4):
        identical(sweep.replay(path)(**plan.cell(index)), tried(**plan.cell(index)))
    assert not list(path.rglob("*.partial"))


# --- what goes wrong ---------------------------------------------------------------------------------------------------


def test_a_failed_cell_is_told_and_only_what_is_missing_is_computed(client, tmp_path):
    broken, calls = tmp_path / "broken", tmp_path / "calls"
    calls.mkdir()
    broken.touch()

    def body(P):
        (calls / f"{P}.{time.time_ns()}").touch()
        if P == 5 and broken.exists():
            raise FloatingPointError("no such luck")
        return P

    tried, path = small_experiment(body), tmp_path / "out.zarr"
    given = dict(P=[3, 4, 5, 6])
    ds = sweep.sweep(tried, given, store=path, client=client)
    assert ds.done.values.tolist() == [True, True, False, True]
    assert ds.loss.values[:, 0].tolist()[:2] == [3, 4] and np.isnan(ds.loss.values[2]).all()
    said = sweep.status(path)
    assert (said.finished, said.failed, said.cells) == (3, 1, 4)
    assert said.errors["P=5"].startswith("FloatingPointError: no such luck (")
    assert "failed: P=5: FloatingPointError" in str(said) and "nobody writes to it" in str(said)
    with pytest.raises(ValueError, match=r"^P: P = 5 failed: FloatingPointError"):
        sweep.replay(path)(P=5)
    broken.unlink()
    assert bool(sweep.sweep(tried, given, store=path, client=client).done.all())
    sweep.sweep(tried, given, store=path, client=client)  # nothing is left to do
    assert sorted(name.name[0] for name in calls.iterdir()) == ["3", "4", "5", "5", "6"]
    assert len(sweep.status(path).runs) in (1, 2)  # two within one second are one


def test_a_cell_that_kills_its_workers_is_told_and_stops_no_other(client, tmp_path):
    tried = small_experiment(lambda P: os._exit(1) if P == 4 else P)
    ds = sweep.sweep(tried, dict(P=[3, 4, 5]), store=tmp_path / "out.zarr", client=client)
    assert ds.done.values.tolist() == [True, False, True]
    assert "several workers died of it" in sweep.status(tmp_path / "out.zarr").errors["P=4"]


def test_who_may_have_killed_a_worker_is_computed_while_no_other_is(tmp_path):
    class Client:
        def nthreads(self):
            return {"one": 1, "another": 1}

        def submit(self, *told, pure):
            return object()

    tried = small_experiment(lambda P: P)
    store.create(tmp_path / "out.zarr", sweep.make(tried, dict(P=[3, 4, 5, 6, 7])), tried, "numpy")
    drive = run._Drive(Client(), store.Store(tmp_path / "out.zarr"), tried, "numpy", {})
    drive.arriving, drive.alone = set(), {1, 2}
    drive.todo.extend(range(5))
    seen = []
    while drive.todo:
        drive._hand_out()
        seen.append(sorted(drive.running.values()))
        drive.running.clear()
    assert seen == [[[0]], [[1]], [[2]], [[3], [4]]]


def test_a_cell_unlike_the_first_fails_alone(tmp_path):
    tried = small_experiment(lambda P: P)
    plan = sweep.make(tried, dict(P=[3, 4]))
    store.create(tmp_path / "out.zarr", plan, tried, "numpy")
    kept, cell = store.Store(tmp_path / "out.zarr"), cells.one(tried, plan.cell(0), "numpy")
    kept.put(0, cell)
    cell.variables["extra"] = cell.variables.pop("loss")
    with pytest.raises(ValueError, match="extra, loss"):
        kept.put(1, cell)
    assert kept.missing() == [1]


def test_kill_9_of_a_worker(client, undisturbed, tmp_path):
    path = tmp_path / "out.zarr"
    pids = client.run(os.getpid)

    def strike():
        wait_for(path, 2)
        os.kill(next(iter(pids.values())), signal.SIGKILL if os.name != "nt" else signal.SIGTERM)

    killer = threading.Thread(target=strike)
    killer.start()
    found = sweep.sweep("network_jamming", SLOWER, store=path, client=client)
    killer.join()
    assert client.run(os.getpid) != pids
    identical(found, undisturbed)


def test_kill_9_of_a_worker_that_has_an_answer(client, small, tmp_path, monkeypatch):
    """Computed, but not yet handed over. Another worker may have it anew before anybody looks: the loss itself is awaited."""
    take_in, lost, told = run._Drive._take_in, [], threading.Event()

    def strike(self, future):
        if not lost:
            (address,) = client.who_has(future)[future.key]
            state = type(future._state)
            lose = state.lose
            monkeypatch.setattr(state, "lose", lambda it: (lose(it), lost.append(it is future._state), told.set())[0])
            os.kill(client.run(os.getpid, workers=[address])[address], signal.SIGKILL if os.name != "nt" else signal.SIGTERM)
            assert told.wait(10)
        take_in(self, future)

    monkeypatch.setattr(run._Drive, "_take_in", strike)
    found = sweep.sweep("network_jamming", SMALL, store=tmp_path / "out.zarr", client=client)
    assert True in lost
    identical(found, sweep.results(small))


@posix
def test_kill_9_of_the_client_and_a_second_client(client, undisturbed, tmp_path):
    path = tmp_path / "out.zarr"
    with start_slower(path) as process:
        try:
            wait_for(path, 2, process)
            with pytest.raises(sweep.Busy, match=rf"{path} is being written by process {process.pid} .*lsviz status {path}"):
                sweep.sweep("network_jamming", SLOWER, store=path, client=client)
            assert f"being written by process {process.pid}" in str(sweep.status(path))
        finally:
            process.kill()
    finished = sweep.status(path).finished
    assert 2 <= finished < 12
    assert sweep.status(path).writer is None
    before = {p: p.stat().st_mtime_ns for p in (path / "done").glob("[0-9]*")}
    identical(sweep.sweep("network_jamming", SLOWER, store=path, client=client), undisturbed)
    assert all(p.stat().st_mtime_ns == then for p, then in before.items())  # nothing was computed twice
    assert sweep.status(path).finished == 12
    assert not lock.beside(path).exists()


@posix
def test_ctrl_c_keeps_what_is_finished(undisturbed, client, tmp_path):
    path = tmp_path / "out.zarr"
    with start_slower(path) as process:
        try:
            wait_for(path, 1, process)
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does: workers too
            _, said = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == 130, said
    assert said.strip() == f"stopped; {path} keeps the cells that are finished, and the same command goes on"
    assert 1 <= sweep.status(path).finished < 12
    identical(sweep.sweep("network_jamming", SLOWER, store=path, client=client), undisturbed)


@posix
def test_ctrl_c_waits_for_short_cells_and_no_worker_complains(tmp_path):
    path = tmp_path / "out.zarr"
    words = ["network_jamming", "budget=10", "--grid", "data_seed=0:1999:2000", "--grid", "P=50,", "--store", path, "--workers", 1]
    with start("sweep", *words) as process:
        try:
            wait_for(path, 60, process)  # groups are being handed out
            before = len(list((path / "done").glob("[0-9]*.0")))
            os.killpg(process.pid, signal.SIGINT)
            _, said = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == 130, said
    assert said.strip() == f"stopped; {path} keeps the cells that are finished, and the same command goes on"
    assert before <= sweep.status(path).finished < 2000


def test_a_scheduler_in_another_process(client, small, tmp_path):
    """Scheduler and worker started elsewhere, with nothing but the package."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    address = f"tcp://127.0.0.1:{port}"
    options = dict(cwd=tmp_path, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    dask = [sys.executable, "-m", "dask"]
    scheduler = subprocess.Popen([*dask, "scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard"], **options)
    worker = subprocess.Popen([*dask, "worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard"], **options)
    try:
        words = ["sweep", "network_jamming", "act=relu", "--grid", "P=20,30", "--grid", "h=2,3.5", "--grid", "budget=4,6"]
        done = lsviz(*words, "--seeds", "3,1", "--store", tmp_path / "out.zarr", "--scheduler", address)
        assert done.exit_code == 0, done.stderr
        assert done.stderr.strip() == f"wrote {tmp_path / 'out.zarr'}: 8 of 8 cells"
    finally:
        worker.kill(), scheduler.kill()
        worker.wait(), scheduler.wait()
    identical(sweep.results(tmp_path / "out.zarr"), sweep.results(small))


def test_a_full_disk_keeps_what_is_finished(client, small, tmp_path, monkeypatch):
    path, replace, left = tmp_path / "out.zarr", os.replace, [120]

    def full(source, target):
        if str(source).endswith(".partial"):
            left[0] -= 1
            if left[0] < 0:
                raise OSError(28, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match=rf"{path}: the disk is full .* finished cells are kept"):
        sweep.sweep("network_jamming", SMALL, store=path, client=client)
    monkeypatch.undo()
    assert 1 <= sweep.status(path).finished < 8
    identical(sweep.sweep("network_jamming", SMALL, store=path, client=client), sweep.results(small))


@posix
def test_a_full_disk_and_one_that_cannot_be_written_to_in_earnest(tmp_path):
    """On a small disk of its own, seen by these processes alone."""
    if subprocess.run(["unshare", "-rm", "mount", "-t", "tmpfs", "none", tmp_path], capture_output=True).returncode:
        pytest.skip("this system lets no user mount a disk of his own")
    line = f"{sys.executable} -m lsviz sweep network_jamming budget=10 --grid P=20:60:9 --grid h=2,3 --seeds 8"
    line += " --store disk/out.zarr --workers 1"
    script = f"""
        mkdir disk; mount -t tmpfs -o size=800k none disk
        {line}; echo $?
        mount -o remount,ro disk
        {line}; echo $?
        {sys.executable} -m lsviz status disk/out.zarr
    """
    done = subprocess.run(["unshare", "-rm", "sh", "-c", script], cwd=tmp_path, env=environment(), capture_output=True, text=True)
    full, shut = done.stderr.strip().splitlines()
    assert "disk/out.zarr: the disk is full" in full and "finished cells are kept" in full
    assert "disk/out.zarr: it cannot be written to (Read-only file system); nothing was computed" in shut
    codes, said = done.stdout.split("\n")[:2], done.stdout
    assert codes == ["2", "2"]
    assert 1 <= int(said.split(" finished")[0].split("\n")[-1]) < 18


def test_a_store_that_cannot_be_locked_is_told(tmp_path, monkeypatch):
    def shut(*_):
        raise OSError(13, "Permission denied")

    monkeypatch.setattr(lock, "_acquire", shut)
    with pytest.raises(OSError, match=r"out.zarr: it cannot be written to \(Permission denied\); nothing was computed"):
        sweep.sweep("network_jamming", dict(P=[20, 30]), store=tmp_path / "out.zarr")


def test_a_store_of_another_sweep_is_refused(small, client, tmp_path):
    for given, told in [
        (dict(P=[20, 40]), "P = 20,30, not 20,40"),
        (dict(P=20), "P = 20,30, not 20"),
        (dict(act="swish"), "act = relu, not swish"),
        (dict(seeds=2), "seeds = 3,1, not 2"),
    ]:
        with pytest.raises(ValueError, match=f"^store: .* was made with {told}\\. Go on with"):
            sweep.sweep("network_jamming", {**SMALL, **given}, store=small, client=client)
    with pytest.raises(ValueError, match="experiment = network_jamming, not toy_descent"):
        sweep.sweep("toy_descent", dict(P=[20]), store=small, client=client)
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter").touch()
    for path, told in [
        (tmp_path / "thesis", "is no sweep"),
        (tmp_path / "thesis" / "chapter", "is a file"),
        (tmp_path / "no" / "where", "there is no folder"),
        ("s3://bucket/out.zarr", "allowed: a folder of this machine"),
    ]:
        with pytest.raises(ValueError, match=f"^store: .*{told}"):
            sweep.sweep("network_jamming", SMALL, store=path, client=client)
    assert os.listdir(tmp_path / "thesis") == ["chapter"]


def test_an_engine_is_refused_where_it_does_not_run(tmp_path):
    for name, engine, told in [
        ("network_jamming", "jax", "^engine: got 'jax'; allowed: one of numpy, torch, torch:cuda"),
        ("toy_descent", "torch", "^engine: got 'torch', but toy_descent runs on numpy alone"),
        ("quench", "torch:cuda", "^engine: got 'torch:cuda', but quench runs on numpy alone"),
    ]:
        with pytest.raises(ValueError, match=told):
            sweep.sweep(name, {}, store=tmp_path / "out.zarr", engine=engine)
    with pytest.raises(ValueError, match=r"^workers: got 0"):
        sweep.sweep("network_jamming", {}, store=tmp_path / "out.zarr", workers=0)
    assert os.listdir(tmp_path) == []


def test_without_dask_and_zarr_all_else_works(small, tmp_path):
    sweep.pack(small, tmp_path / "small.nc")
    script = f"""if True:
        import sys
        for name in ("dask", "distributed", "zarr"):
            sys.modules[name] = None
        from lsviz import experiment, sweep
        experiment.get("network_jamming")(P=20, budget=3, seeds=2)
        print(float(sweep.replay({str(tmp_path / "small.nc")!r})(P=30).N), sweep.status({str(tmp_path / "small.nc")!r}).finished)
        for what in (lambda: sweep.sweep("network_jamming", {{}}, store="out.zarr"), lambda: sweep.replay({str(small)!r})):
            try:
                what()
            except ImportError as error:
                print(error)
    """
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path, env=environment())
    assert done.returncode == 0, done.stderr
    N = float(network_jamming(P=30, h=2, budget=3, seeds=1).N)
    assert done.stdout.splitlines() == [f"{N} 8", store.NEEDS, store.NEEDS]
    assert os.listdir(tmp_path) == ["small.nc"]


# --- replay, pack, export, status --------------------------------------------------------------------------------------


def test_replay_is_called_like_its_experiment(small):
    again = sweep.replay(small)
    assert (again.name, again.__doc__.split()[0], again.cost) == ("network_jamming", "Do", "slider")
    assert list(again.defaults) == list(network_jamming.defaults)
    assert again.defaults["P"] == 20 and again.defaults["act"] == "relu" and again.defaults["seeds"] == (3, 1)
    assert again.check(h=3.5)["h"] == 3.5
    (only,) = again.stream(P=30)
    identical(only, again(P=30))
    assert float(only.progress) == 1
    for given, told in [
        (dict(P=25), "^P: got 25; stored: 20, 30"),
        (dict(h=3), "^h: got 3; stored: 2, 3.5"),
        (dict(act="swish"), "^act: got swish; stored: relu"),
        (dict(seeds=2), "^seeds: got 2; stored: 3,1"),
        (dict(P="many"), "^P: got 'many'; allowed"),
        (dict(Q=1), "^Q: network_jamming has no such argument"),
    ]:
        for way in (again, again.stream, again.check):
            with pytest.raises(ValueError, match=told):
                way(**given)
    near = again.nearest(P=24, h=3, budget=100)
    assert (near["P"], near["h"], near["budget"]) == (20, 3.5, 6)
    assert again.nearest(P=25)["P"] == 30  # in ratio: 30/25 < 25/20
    with pytest.raises(ValueError, match=r"^act: got swish; stored: relu"):
        again.nearest(act="swish")
    assert again.label.startswith("stored: python -m lsviz sweep network_jamming act=relu --grid P=20,30")
    with pytest.raises(ValueError, match=r"^store: there is no"):
        sweep.replay("nowhere.zarr")


def test_an_app_cannot_tell(small):
    from lsviz.apps import jamming as apps

    stored = dict(source=sweep.replay(small), controls=dict(P=[20, 30], h=[2, 3.5]))
    session = replace(apps.one_width, more={}, start={}, presets={}, **stored).open("inline")
    session.set(P=30, h=3.5)
    assert not session.error
    identical(session.result, sweep.replay(small)(P=30, h=3.5))
    session.close()


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_a_packed_sweep_rounds_neither_counts_nor_words(small, tmp_path, dtype, monkeypatch):
    size = sweep.pack(small, tmp_path / "small.nc", dtype, without=["slack_count"])
    assert size == (tmp_path / "small.nc").stat().st_size
    exact, rounded = sweep.replay(small)(P=30, budget=6), sweep.replay(tmp_path / "small.nc")(P=30, budget=6)
    assert set(exact) - set(rounded) == {"slack_count"}
    for name in rounded.data_vars:
        if name.startswith("loss"):
            np.testing.assert_allclose(rounded[name], exact[name], rtol=1e-3)
        else:
            np.testing.assert_array_equal(rounded[name], exact[name], err_msg=name)
        assert rounded[name].dtype == exact[name].dtype
        assert rounded[name].attrs == exact[name].attrs
    assert sweep.replay(tmp_path / "small.nc").label == sweep.replay(small).label
    monkeypatch.setattr(reading, "PACKAGED", tmp_path)
    assert sweep.packaged() == ("small",)
    identical(sweep.replay("small")(P=30, budget=6), rounded)
    monkeypatch.setattr(packed, "SMALL", 1000)
    with pytest.warns(UserWarning, match="MB, more than 0.001"):
        sweep.pack(small, tmp_path / "small.nc", dtype)
    for given, told in [(("a.txt", dtype), "^out: "), (("a.nc", "int8"), "^dtype: "), (("a.nc", dtype, ["y"]), "^without: got y")]:
        with pytest.raises(ValueError, match=told):
            sweep.pack(small, *given)
    with pytest.raises(ValueError, match="is no packed sweep"):
        sweep.replay(__file__)


def test_whole_numbers_lose_nothing():
    for values in ([1.0, np.nan, 5], [300.0, -300], [1e5, np.nan], [127.0], [-128.0], [np.nan]):
        kept = packed._encoded(xr.DataArray(np.array(values)), "float16")
        assert kept.dtype.kind == "i"
        np.testing.assert_array_equal(packed._decoded(kept), values)
    for values in ([0.5], [np.inf], [-0.0], [1e12]):
        assert packed._encoded(xr.DataArray(np.array(values)), "float32").dtype == np.float32
    assert packed._encoded(xr.DataArray(np.array([0.5])), "float16").dtype == np.float16
    assert packed._encoded(xr.DataArray(np.array([0.5, 1e-7])), "float16").dtype == np.float32


def test_export_and_pack_from_the_shell(small, tmp_path):
    assert lsviz("export", small, tmp_path / "all.nc").exit_code == 0
    with xr.open_dataset(tmp_path / "all.nc", engine="h5netcdf") as saved:
        np.testing.assert_array_equal(saved.N_delta, sweep.results(small).N_delta)
        assert json.loads(saved.attrs["runs"])[0]["command"].startswith("python -m lsviz sweep")
    assert lsviz("export", small, tmp_path / "all.csv").exit_code == 0
    head, *rows = (tmp_path / "all.csv").read_text().splitlines()
    assert head.startswith("P,h,budget,seed,") and len(rows) == 8 * 2
    assert lsviz("export", small, tmp_path / "some.csv", "--only", "gap_count").exit_code == 0
    assert len((tmp_path / "some.csv").read_text().splitlines()) == 1 + 8 * 2 * 50
    assert lsviz("pack", small, tmp_path / "small.nc", "--dtype", "float16").exit_code == 0
    assert "8 finished, 0 failed, 0 missing" in lsviz("status", small).stdout
    for words, told in [
        (("export", small, tmp_path / "all.nc"), "--force"),
        (("export", small, tmp_path / "all.txt"), "ends in .nc or .csv"),
        (("export", small, tmp_path / "a.csv", "--only", "y"), "only: got y"),
        (("export", tmp_path, tmp_path / "a.csv"), "is no sweep"),
        (("status", tmp_path / "nowhere"), "there is no"),
        (("pack", small, tmp_path / "a.nc", "--dtype", "int8"), "dtype"),
    ]:
        refused = lsviz(*words)
        assert refused.exit_code == 2
        assert told in refused.stderr and len(refused.stderr.strip().splitlines()) == 1


# --- the shell ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words, told",
    [
        (("nothing",), "experiment: got 'nothing'"),
        (("network_jamming", "--grid", "P=20,-4"), "P: got -4"),
        (("network_jamming", "--grid", "P"), "grid: got 'P'"),
        (("network_jamming", "P=3", "--grid", "P=20,30"), "P: given twice"),
        (("network_jamming", "--grid", "P=20,30", "--seeds", "0"), "seeds: got 0"),
        (("network_jamming", "--grid", "seeds=1,2"), "--seeds 16"),
        (("network_jamming", "out.nc"), "--store"),
        (("toy_descent", "--engine", "torch"), "engine: got 'torch'"),
    ],
)
def test_a_bad_sweep_is_one_clear_line(words, told, tmp_path):
    refused = lsviz("sweep", *words, "--store", tmp_path / "out.zarr")
    assert refused.exit_code == 2
    assert told in refused.stderr and len(refused.stderr.strip().splitlines()) == 1
    assert os.listdir(tmp_path) == []


def test_a_dry_run_tells_what_a_sweep_takes(tmp_path):
    shown = lsviz("sweep", "network_jamming", "--grid", "P=20,30", "--grid", "h=2:6:5", "budget=10", "--seeds", 2, "--dry-run")
    assert shown.exit_code == 0, shown.stderr
    counted, timed, memory = shown.stdout.splitlines()
    assert counted == "cells: 2 P × 5 h = 10"
    assert "core-hours" in timed and "P = 30, h = 4" in timed and timed.endswith("timed")
    assert "MB of disk" in memory
    assert "--store" in lsviz("sweep", "network_jamming", "--grid", "P=20,30").stderr


def test_a_slow_cell_is_told_from_its_progress():
    from lsviz.sweep.estimate import estimate

    def tried(*, P: int = 3, seeds: int = 2):
        table = Table(seed=seeds).add("loss", "seed")
        for step in range(101):
            time.sleep(0.05 * (step > 0))
            yield table.set(progress=step / 100)

    slow = experiment.experiment(cost="sweep")(tried)
    found = estimate(slow, sweep.make(slow, dict(P=[3, 4, 5])), patience=0.3)
    assert not found.whole
    assert 4 < found.seconds < 12
    assert str(found).splitlines()[1].endswith("told from its progress")


def test_the_bar_tells_how_long_it_takes():
    bar = run.Bar(missing=8, kept=2)
    assert bar.line() == " 20%  2 of 10 cells, …"
    bar.start -= 100
    bar.step(False)
    bar.step(True)
    assert bar.line() == " 40%  4 of 10 cells, 1 failed, 5 min left"
    assert (run.span(3), run.span(600), run.span(3 * 3600)) == ("3 s", "10 min", "3.0 h")
