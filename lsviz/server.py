"""The two servers: Voilà with the gallery of all lessons, and JupyterLab with the same notebooks.

Both run in this process until Ctrl+C. Kernels are held to one thread. On Voilà a kernel lives as long as its page.
"""

import logging
import os
import sys
import threading
import time
import webbrowser
from pathlib import Path
from typing import Any

from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from voila.app import Voila

PACKAGE = Path(__file__).resolve().parent
ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
TEMPLATE = "lsviz"
# What else is installed in JupyterLab was built for another version of it, and slows every page.
EXTENSIONS = ("@voila-dashboards/widgets-manager8", "@jupyter-widgets/jupyterlab-manager", "anywidget")


class PageKernels(AsyncMappingKernelManager):
    """Kernels that live as long as a page looks at them.

    Jupyter's own culling waits for a kernel to fall silent, and a kernel that still computes for a closed page never does; so
    here only the time without a page counts. A page that has never connected (still loading) is given longer.
    """

    grace = 12.0  # seconds without the page that was there
    first = 120.0  # seconds until the page must have connected

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cull_idle_timeout, self.cull_interval = int(self.grace), 4
        self._alone: dict[str, float] = {}
        self._seen: set[str] = set()

    async def start_kernel(self, **options: Any) -> str:  # type: ignore[override]
        """Start a kernel that keeps its warnings from the terminal in which the server runs."""
        options.setdefault("extra_arguments", ["--IPKernelApp.log_level=ERROR"])
        return await super().start_kernel(**options)

    def notify_connect(self, kernel_id: str) -> None:
        """A page connects."""
        super().notify_connect(kernel_id)
        self._seen.add(kernel_id)

    async def cull_kernel_if_idle(self, kernel_id: str) -> None:
        """Shut the kernel down when nobody has looked at it for too long, busy or not."""
        if self._kernel_connections.get(kernel_id, 0):
            self._alone.pop(kernel_id, None)
            return
        alone = time.monotonic() - self._alone.setdefault(kernel_id, time.monotonic())
        if alone >= (self.grace if kernel_id in self._seen else self.first):
            self._alone.pop(kernel_id, None)
            self._seen.discard(kernel_id)
            await self.shutdown_kernel(kernel_id, now=True)


class Gallery(Voila):
    """Voilà that says where it is and opens a browser where there is one."""

    browse = True

    def launch_browser(self) -> None:
        """Called once the port is taken: the one moment when the address is known to be right."""
        url = self.display_url
        print(f"lsviz: the lessons are at {url}   (stop with Ctrl+C)", flush=True)
        if self.browse and has_browser():
            threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()


def has_browser() -> bool:
    """Whether a browser with a window can open here (not one that would take over the terminal)."""
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return False
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True


def notebooks() -> Path:
    """The folder of lessons: beside the package in a clone, inside it when installed. FileNotFoundError when neither is there."""
    for folder in (PACKAGE.parent / "notebooks", PACKAGE / "notebooks"):
        if any(folder.glob("*.ipynb")):
            return folder
    raise FileNotFoundError(f"no lessons in {PACKAGE.parent / 'notebooks'}")


def prepare() -> None:
    """Set what kernels inherit: one thread each, and where Voilà finds our template."""
    for name in ONE_THREAD:
        os.environ[name] = "1"
    for name in ("JUPYTER_PATH", "JUPYTER_CONFIG_PATH"):  # the page's template; JupyterLab without its question about news
        os.environ[name] = os.pathsep.join(filter(None, [str(jupyter_path()), os.environ.get(name)]))
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")


def jupyter_path() -> Path:
    """The data folder of ours in which Jupyter looks for voila/templates/lsviz."""
    return PACKAGE / "frontend" / "jupyter"


def voila_configuration() -> dict[str, Any]:
    """How a page is made, here and inside another Jupyter server (Binder)."""
    return {"template": TEMPLATE, "allow_template_override": "NO", "extension_allowlist": list(EXTENSIONS)}


def _flags(configuration: dict[str, Any]) -> list[str]:
    pairs = [(name, item) for name, value in configuration.items() for item in (value if isinstance(value, list) else [value])]
    return [f"--VoilaConfiguration.{name}={value}" for name, value in pairs]


def app(port: int = 8866, ip: str = "localhost", browse: bool = True) -> None:
    """Serve the gallery on `port`, or the next free one, until interrupted."""
    prepare()
    logging.getLogger("tornado.general").setLevel(logging.ERROR)  # it warns of a time-out that Jupyter handles itself
    Gallery.browse = browse
    Gallery.launch_instance(
        [
            str(notebooks()),
            f"--Voila.port={port}",
            f"--Voila.ip={ip}",
            "--Voila.open_browser=True",
            "--Voila.log_level=ERROR",
            *_flags(voila_configuration()),
            f"--VoilaConfiguration.multi_kernel_manager_class={__name__}.PageKernels",
        ]
    )


def lab(port: int = 8888, ip: str = "localhost", browse: bool = True) -> None:
    """Serve the notebooks in JupyterLab on `port`, or the next free one, until interrupted. It prints its own address."""
    from jupyterlab.labapp import LabApp

    prepare()
    first = "/0_start.ipynb" if (notebooks() / "0_start.ipynb").exists() else ""
    LabApp.launch_instance(
        [
            f"--ServerApp.root_dir={notebooks()}",
            f"--ServerApp.port={port}",
            f"--ServerApp.ip={ip}",
            f"--ServerApp.open_browser={browse and has_browser()}",
            f"--ServerApp.allow_root={hasattr(os, 'geteuid') and os.geteuid() == 0}",
            f"--LabApp.default_url=/lab/tree{first}",
            "--LabApp.news_url=None",
            "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        ]
    )
