"""The servers: where they listen, and that kernels go with their page."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from contextlib import closing

import pytest

from lsviz import server


class Counting(server.PageKernels):
    """Two kernels that exist by name alone; shutting one down is noted."""

    grace, first = 0.2, 0.6

    def __init__(self):
        super().__init__()
        self._kernels = {"shown": object(), "loading": object()}
        self._kernel_connections = dict.fromkeys(self._kernels, 0)
        self.gone = []

    async def shutdown_kernel(self, kernel_id, now=False, restart=False):
        self.gone.append(kernel_id)
        del self._kernels[kernel_id]

    def pass_time(self, seconds):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            asyncio.run(self.cull_kernels())
            time.sleep(0.02)


def test_a_kernel_stays_with_its_page_and_goes_after_it():
    kernels = Counting()
    kernels.notify_connect("shown")
    kernels.pass_time(0.4)
    assert kernels.gone == []  # watched by a page, or still loading
    kernels.notify_disconnect("shown")
    kernels.pass_time(0.1)
    assert kernels.gone == []
    kernels.notify_connect("shown")  # the page was reloaded within the grace
    kernels.pass_time(0.3)
    assert kernels.gone == ["loading"]
    kernels.notify_disconnect("shown")
    kernels.pass_time(0.3)
    assert kernels.gone == ["loading", "shown"]


def test_kernels_are_gone_within_thirty_seconds():
    kernels = server.PageKernels()
    assert kernels.grace + kernels.cull_interval < 25
    assert kernels.cull_idle_timeout > 0  # else Jupyter never looks


def test_no_browser_without_a_screen(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert not server.has_browser()


def test_kernels_inherit_one_thread_and_our_template(monkeypatch):
    for name in (*server.ONE_THREAD, "JUPYTER_PATH", "PYDEVD_DISABLE_FILE_VALIDATION"):
        monkeypatch.setenv(name, "7")
    server.prepare()
    assert {os.environ[name] for name in server.ONE_THREAD} == {"1"}
    first, *rest = os.environ["JUPYTER_PATH"].split(os.pathsep)
    assert (server.Path(first) / "voila" / "templates" / server.TEMPLATE).is_dir()
    assert rest == ["7"]  # what was set stays


def test_lessons_are_found():
    assert (server.notebooks() / "0_start.ipynb").is_file()


@pytest.mark.skipif(os.name == "nt", reason="the address is taken otherwise there")
def test_the_next_free_port_is_taken():
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "lsviz", "app", "--no-browser", "--ip", "127.0.0.1", "--port", str(port)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            line = process.stdout.readline()
        finally:
            process.terminate()
            process.communicate(timeout=20)
    assert "http://127.0.0.1:" in line
    assert f":{port}/" not in line
