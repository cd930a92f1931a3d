"""neural-tangents at the same networks and points, in a Python of its own: `benchmarks/kernel.py` starts it and asks it line by line.

Its last release works with a jax of 2023 and that with NumPy 1, so its pins get an environment inside the running one.
"""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import peers

PINS = ("jax==0.4.23", "jaxlib==0.4.23", "numpy==1.26.4", "scipy==1.12.0", "frozendict==2.4.6")
ALONE = "neural-tangents==0.6.5"  # without what it requires for TensorFlow, which only its `experimental` uses


class Tangents(peers.Peers):
    """The other Python, asked as `Peers` is."""

    def __init__(self, python: Path) -> None:
        one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        xla = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
        self.process = subprocess.Popen(
            [str(python), "-c", "import tangents; tangents.serve()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=os.environ | one | {"XLA_FLAGS": xla, "JAX_PLATFORMS": "cpu"},
            cwd=Path(__file__).parent,
        )


def start() -> Tangents | None:
    """The other Python: the one that TANGENTS names, or an environment made here with pip; None where that cannot be, or TANGENTS=no."""
    named = os.environ.get("TANGENTS")
    if named == "no":
        print("neural-tangents skipped: TANGENTS=no")
        return None
    home = Path(sys.prefix) / "tangents"
    python = Path(named) if named else home / "bin" / "python"
    if not named and not (home / ".installed").exists():
        print(
            f"installing {ALONE} and {PINS[0]} into {home} (0.6 GB, once; TANGENTS=…/python names another, TANGENTS=no goes without)",
            flush=True,
        )
        pip = [str(python), "-m", "pip", "install", "--quiet"]
        try:
            for command in ([sys.executable, "-m", "venv", str(home)], [*pip, *PINS], [*pip, "--no-deps", ALONE]):
                subprocess.run(command, check=True, capture_output=True, text=True)
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"neural-tangents skipped: {(getattr(error, 'stderr', '') or str(error)).strip().splitlines()[-1]}")
            return None
        (home / ".installed").touch()
    try:
        found = Tangents(python)
        print("neural-tangents {nt}, jax {jax}, Python {python}".format(**found("about")))
    except (OSError, RuntimeError) as error:
        print(f"neural-tangents skipped: {error}")
        return None
    return found


# ---- in the other Python


def serve() -> None:
    """Answer one request a line."""
    import types

    sys.modules["neural_tangents.experimental"] = types.ModuleType("experimental")  # wants TensorFlow
    settle_memory()
    peers.ASKED = dict(about=about, finite=finite, infinite=infinite, run=run)
    peers.serve()


def about(state: dict) -> dict:
    """Versions."""
    import jax
    import neural_tangents as nt

    return {"nt": nt.__version__, "jax": jax.__version__, "python": sys.version.split()[0]}


def finite(state: dict, file: str, result: str) -> dict:
    """Compile the kernel of the ReLU network with weights w0, w1, … (in, out) at the points x of `file`; its values into `result`."""
    import jax.numpy as jnp
    import neural_tangents as nt

    given = np.load(file)
    x = jnp.asarray(given["x"])
    weights = [jnp.asarray(given[f"w{i}"]) for i in range(len(given.files) - 1)]

    def f(weights: list, x: Any) -> Any:
        for i, w in enumerate(weights):
            if i:
                x = jnp.maximum(x, 0)
            x = (x @ w) * ((1 if i == 0 else 2) / w.shape[0]) ** 0.5
        return x

    structured = nt.NtkImplementation.STRUCTURED_DERIVATIVES
    kernel = nt.empirical_ntk_fn(f, trace_axes=(-1,), vmap_axes=0, implementation=structured)
    return _compiled(state, lambda weights, x: kernel(x, None, weights), (weights, x), result)


def infinite(state: dict, file: str, result: str, act: str, L: int, c: float) -> dict:
    """Compile the kernel of the infinitely wide network with φ times c at the points x of `file`; its values into `result`."""
    import jax.numpy as jnp
    from neural_tangents import stax

    layers: list = [stax.Dense(1)]
    for _ in range(L):
        layers += [stax.Relu() if act == "relu" else stax.Erf(), stax.Dense(1, W_std=c)]
    kernel = stax.serial(*layers)[2]
    return _compiled(state, lambda x: kernel(x, None, "ntk"), (jnp.asarray(np.load(file)["x"]),), result)


def _compiled(state: dict, kernel: Any, given: tuple, result: str) -> dict:
    import jax

    state["kernel"], state["given"] = jax.jit(kernel), given  # weights too: as constants they make it 100 times as slow
    np.save(result, np.asarray(state["kernel"](*given)))
    return {}


def run(state: dict, times: int) -> dict:
    """CPU seconds of the kernel that was compiled last, over that many of them."""
    start = time.process_time()
    for _ in range(times):
        state["kernel"](*state["given"]).block_until_ready()
    return {"seconds": (time.process_time() - start) / times}


def settle_memory() -> None:
    """As in a process that has run a while: freed once, a large block teaches glibc's malloc to keep smaller ones. Both sides do it."""
    np.ones(2**25 - 2**16, np.uint8)
