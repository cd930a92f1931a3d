"""The shell's way in: what it accepts, what it refuses, and that a refusal loses nothing."""

import os
import re
import signal
import subprocess
import sys
import time
from functools import partial

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

from lsviz import cli, experiment
from lsviz.jamming import network_jamming

SMALL = ("P=20", "d=5", "h=2", "budget=3", "seeds=2")
runner = CliRunner()


def lsviz(*words):
    """Run the command line in this process."""
    return runner.invoke(cli.cli, [str(word) for word in words])


def shell(*words, **options):
    """Run the command line as a user would."""
    return subprocess.run([sys.executable, "-m", "lsviz", *map(str, words)], capture_output=True, text=True, **options)


@pytest.mark.parametrize(
    "text, value",
    [
        ("300", 300),
        ("4.5", 4.5),
        ("1e-3", 1e-3),
        ("-2", -2),
        ("mnist", "mnist"),
        ("3,4.5,11", (3, 4.5, 11)),
        ("7,", (7,)),
        ("0,1", (0, 1)),
    ],
)
def test_values_are_read_as_typed(text, value):
    parsed = cli.parse(text)
    assert parsed == value
    assert type(parsed) is type(value)


def test_help_names_every_command():
    shown = lsviz("--help")
    assert shown.exit_code == 0
    assert all(name in shown.stdout for name in ("list", "show", "run", "sweep", "status", "export", "pack", "app", "lab"))


def test_list_names_every_experiment():
    shown = lsviz("list").stdout.splitlines()
    assert [line.split()[0] for line in shown] == list(experiment.names())
    assert all(line.split()[1] in ("slider", "watch", "sweep") and len(line.split()) > 3 for line in shown)


def test_show_names_every_argument():
    shown = lsviz("show", "network_jamming").stdout
    assert all(f"  {name}=" in shown for name in network_jamming.defaults)


def test_run_writes_what_the_function_returns(tmp_path):
    out = tmp_path / "out.nc"
    done = shell("run", "network_jamming", *SMALL, out)
    assert done.returncode == 0, done.stderr
    assert "100%" in done.stderr
    assert done.stdout == ""
    with xr.open_dataset(out, engine="h5netcdf") as saved:
        direct = network_jamming(P=20, d=5, h=2, budget=3, seeds=2)
        assert dict(saved.sizes) == dict(direct.sizes)
        for name in direct.data_vars:
            if direct[name].dtype.kind == "f":
                np.testing.assert_array_equal(saved[name], direct[name], err_msg=name)
            else:
                assert list(saved[name].values.ravel()) == list(direct[name].values.ravel())
    assert os.listdir(tmp_path) == ["out.nc"]


def test_run_without_a_file_prints_a_summary():
    done = lsviz("run", "network_jamming", *SMALL, "--quiet")
    assert done.exit_code == 0
    assert "N_delta" in done.stdout


@pytest.mark.parametrize(
    "words, named",
    [
        (("run", "network_jaming"), "network_jamming"),
        (("run", "network_jamming", "P=-1"), "P"),
        (("run", "network_jamming", "P=nan"), "P"),
        (("run", "network_jamming", "P=10000000"), "P"),
        (("run", "network_jamming", "h=0.5"), "h"),
        (("run", "network_jamming", "seeds=0"), "seeds"),
        (("run", "network_jamming", "budget=0"), "budget"),
        (("run", "network_jamming", "dataset=cifar"), "dataset"),
        (("run", "network_jamming", "colour=red"), "colour"),
        (("run", "network_jamming", "P=20", "P=30"), "P"),
        (("run", "network_jamming", "out.txt"), "out.txt"),
        (("run", "network_jamming", "a.nc", "b.nc"), "b.nc"),
        (("run", "network_jamming", "nowhere/at/all.nc"), "nowhere"),
        (("show", "nothing"), "nothing"),
    ],
)
def test_bad_input_is_one_clear_line(words, named):
    refused = lsviz(*words)
    assert refused.exit_code == 2
    assert refused.stdout == ""
    assert named in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1
    assert "Traceback" not in refused.stderr


def test_a_file_that_exists_is_kept_unless_forced(tmp_path):
    out = tmp_path / "out.nc"
    out.write_text("precious")
    refused = lsviz("run", "network_jamming", *SMALL, out)
    assert refused.exit_code == 2
    assert "--force" in refused.stderr
    assert lsviz("run", "network_jamming", "P=-1", out, "--force").exit_code == 2
    assert out.read_text() == "precious"
    assert lsviz("run", "network_jamming", *SMALL, out, "--force").exit_code == 0
    with xr.open_dataset(out, engine="h5netcdf") as saved:
        assert "N_delta" in saved


@pytest.mark.skipif(os.name == "nt", reason="signals are sent otherwise there")
def test_interrupted_run_writes_nothing(tmp_path):
    words = ("run", "network_transition", "P=500", "budget=100000", "optimizer=gd", "out.nc")
    command = [sys.executable, "-m", "lsviz", *words]
    listen = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # a shell's background jobs are started deaf to it
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, preexec_fn=listen) as process:
        try:
            process.stderr.readline()  # the first progress: it computes
            process.send_signal(signal.SIGINT)
            start = time.monotonic()
            _, shown = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == 130, shown
    assert time.monotonic() - start < 10
    assert "Traceback" not in shown
    assert os.listdir(tmp_path) == []


def test_version():
    import lsviz as package

    assert re.fullmatch(r"\d+\.\d+\.\d+\S*", package.__version__)
    assert lsviz("--version").stdout.strip() == package.__version__
