"""What a step of a packing costs beside LAMMPS, jax-md and NumPy, discs at φ = .88. Run by `make bench`: ratios of CPU times, one core.

Steps of motion: discs at rest are set moving (kT = 1e-4), so that lists of near pairs are made anew as in life; each of ours is a whole
step of velocity Verlet with energy and force. Steps of FIRE: from a random start. The peers come from pip (`peers.py`) or not at all.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable

import numpy as np
from numba import njit
from peers import DT, Peers, start
from timing import report

from lsviz import packing
from lsviz.packing import kernels
from lsviz.packing.minimise import SKIN, Walker

PHI, KT = 0.88, 1e-4
SIZES = (64, 256, 1024, 4096)
LARGE = 16384
ROUNDS = 9
FIRE = 1000  # steps from a random start


@njit(error_model="numpy")
def verlet(code, q, v, force, n, box, major, minor, gyration, reach, skin, start, near, shift, ref, shape, steps, dt):
    """Steps of velocity Verlet in place: the last energy, and how often the list was made; −1 if it does not fit."""
    energy, made = 0.0, 0
    for _ in range(steps):
        for i in range(q.size):
            v[i] += 0.5 * dt * force[i]
            q[i] += dt * v[i]
        if 4 * kernels.moved(q, n, 2, ref) >= skin * skin:
            if kernels.near_pairs(q, n, 2, box, reach, skin, start, near, shift) < 0:
                return energy, -1
            ref[:] = q
            made += 1
        energy = kernels.energy_force(code, q, n, major, minor, gyration, True, start, near, shift, force, shape)
        for i in range(q.size):
            v[i] += 0.5 * dt * force[i]
    return energy, made


class Moving:
    """Discs that were at rest, set moving; `x`, `v` (n, 2) and `energy` are those of the start."""

    def __init__(self, n: int) -> None:
        self.p = packing.discs(PHI, n)
        walker = Walker(self.p, self.p.natural(self.p.init(1))[0])
        walker.fire(4000, 1e-6)
        self.q = walker.q.copy()
        v = np.random.default_rng(n).normal(0, np.sqrt(KT), (n, 2))
        self.v = (v - v.mean(0)).ravel()
        self.x, self.velocity = self.q.reshape(n, 2).copy(), self.v.reshape(n, 2).copy()
        self.start, self.near, self.shift, _ = self.p.list(self.q, SKIN)
        self.ref, self.shape, self.force = self.q.copy(), np.empty((n, 4)), np.empty_like(self.q)
        p = self.p
        self.energy = kernels.energy_force(p.code, self.q, n, p.major, p.minor, p.gyration, True, self.start, self.near,
                                           self.shift, self.force, self.shape)  # fmt: skip
        self.steps = max(50, 200_000 // n)
        self.run(1)

    def run(self, steps: int) -> int:
        p = self.p
        made = verlet(p.code, self.q, self.v, self.force, p.n, p.box, p.major, p.minor, p.gyration, p.reach, SKIN, self.start,
                      self.near, self.shift, self.ref, self.shape, steps, DT)[1]  # fmt: skip
        assert made >= 0, "the list of near pairs is too short"
        return made

    def step(self) -> float:
        """CPU seconds of a step."""
        began = time.process_time()
        self.run(self.steps)
        return (time.process_time() - began) / self.steps


class Plain:
    """FIRE in NumPy, with a list of near pairs from scipy's cKDTree."""

    def __init__(self, p: packing.Packing, w: np.ndarray, skin: float = SKIN) -> None:
        self.p, self.x, self.sigma, self.skin = p, w.reshape(p.n, 2).copy(), 2 * p.major, skin
        self.v, self.dt, self.a, self.free = np.zeros_like(self.x), 0.1, 0.1, 0
        self._list()
        self.energy, self.force = self._energy_force()

    def _list(self) -> None:
        from scipy.spatial import cKDTree

        inside = np.mod(self.x, self.p.box)
        inside[inside >= self.p.box] = 0
        tree = cKDTree(inside, boxsize=self.p.box)
        i, j = tree.query_pairs(self.sigma.max() + self.skin, output_type="ndarray").T
        near = self._apart(i, j)[1] < (self.sigma[i] + self.sigma[j]) / 2 + self.skin
        self.i, self.j, self.ref = i[near], j[near], self.x.copy()
        self.reach = (self.sigma[self.i] + self.sigma[self.j]) / 2

    def _apart(self, i: np.ndarray, j: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        d = self.x[j] - self.x[i]
        d -= self.p.box * np.round(d / self.p.box)
        return d, np.sqrt(np.einsum("ij,ij->i", d, d))

    def _energy_force(self) -> tuple[float, np.ndarray]:
        d, r = self._apart(self.i, self.j)
        touch = r < self.reach
        d, r, reach, i, j = d[touch], r[touch], self.reach[touch], self.i[touch], self.j[touch]
        h = 1 - r / reach
        push = (h / (reach * r))[:, None] * d
        force = [np.bincount(j, push[:, a], self.p.n) - np.bincount(i, push[:, a], self.p.n) for a in range(2)]
        return 0.5 * float(h @ h), np.stack(force, 1)

    def step(self) -> None:
        f, v = self.force, self.v
        if np.vdot(f, v) > 0:
            v *= 1 - self.a
            v += self.a * np.sqrt(np.vdot(v, v) / np.vdot(f, f)) / (1 - self.a) * f
            if self.free > 5:
                self.dt, self.a = min(1.1 * self.dt, 0.5), 0.99 * self.a
            self.free += 1
        else:
            v[:] = 0
            self.dt, self.a, self.free = self.dt / 2, 0.1, 0
        v += self.dt * f
        self.x += self.dt * v
        moved = self.x - self.ref
        if 4 * np.einsum("ij,ij->i", moved, moved).max() >= self.skin**2:
            self._list()
        self.energy, self.force = self._energy_force()


def in_turn(*actions: Callable[[], float], rounds: int = ROUNDS) -> list[float]:
    """Median of the CPU seconds that each action returns, A B … A B … after one uncounted round."""
    seconds = [[action() for action in actions] for _ in range(rounds + 1)][1:]
    return [statistics.median(mine) for mine in zip(*seconds, strict=True)]


def stored(x: np.ndarray, v: np.ndarray) -> str:
    """A file with the arrays, for the peers."""
    file = os.path.join(tempfile.gettempdir(), f"packing-{os.getpid()}-{len(x)}.npz")
    np.savez(file, x=x, v=v)
    return file


def motion(peers: Peers | None, lammps: bool, jax: bool) -> list[bool]:
    """Energy and force with a list that is kept, a step of motion."""
    results, each = [], {}
    for n in (*SIZES, LARGE):
        ours = Moving(n)
        actions, names = [ours.step], ["ours"]
        file = stored(ours.x, ours.velocity)
        if lammps and peers and n <= SIZES[-1]:
            other = peers("lammps_start", file=file, box=ours.p.box, steps=ours.steps)
            same = abs(other["energy"] / ours.energy - 1)
            print(
                f"    n = {n}: LAMMPS's energy / ours − 1 = {same:.0e}; its best: skin {other['skin']}, {other['style']} styles"
            )
            results.append(same <= 1e-10)
            actions.append(lambda n=n, steps=ours.steps: peers("lammps_step", steps=steps)["seconds"])
            names.append("LAMMPS")
        if jax and peers and n <= SIZES[-1]:
            other = peers("jax_start", file=file, box=ours.p.box, steps=max(50, ours.steps // 4))
            same = abs(other["energy"] / ours.energy - 1)
            print(f"    n = {n}: jax-md's energy / ours − 1 = {same:.0e}; its best: skin {other['skin']}")
            results.append(same <= 1e-10)
            calls: list[float] = []

            def loop(calls: list[float] = calls) -> float:
                answer = peers("jax_step")
                calls.append(answer["calls"])
                return answer["loop"]

            actions.append(loop)
            names.append("jax-md")
        seconds = dict(zip(names, in_turn(*actions), strict=True))
        each[n] = seconds["ours"] / n
        told = ", ".join(f"{name} {1e6 * s:.2f} µs" for name, s in seconds.items())
        print(f"    n = {n}, a step: {told}; ours {1e9 * each[n]:.1f} ns a particle", flush=True)
        if "LAMMPS" in seconds:
            results.append(
                report(f"discs, n={n}: our step / LAMMPS's", seconds["ours"] / seconds["LAMMPS"], 1.2, least=False)
            )
        if "jax-md" in seconds:
            name = f"discs, n={n}: jax-md's step in one compiled loop / ours"
            results.append(report(name, seconds["jax-md"] / seconds["ours"], 10, least=True))
            print(f"    called step by step, no bar: {statistics.median(calls) / seconds['ours']:.1f}")
        os.remove(file)
    slope = np.polyfit(np.log(list(each)), np.log([n * s for n, s in each.items()]), 1)[0]
    results.append(report(f"discs, n = {SIZES[0]} … {LARGE}: cost of a step ∝ n to the power", slope, 1.1, least=False))
    return results


def minimising(peers: Peers | None, lammps: bool) -> list[bool]:
    """A step of FIRE from a random start."""
    results = []
    for n in SIZES:
        p = packing.discs(PHI, n)
        w = p.init(1)
        file = stored(w.reshape(n, 2), np.zeros((n, 2)))

        def ours(p: packing.Packing = p, w: np.ndarray = w) -> float:
            walker = Walker(p, p.natural(w)[0])
            began = time.process_time()
            made = walker.fire(FIRE, 1e-12)
            return (time.process_time() - began) / made

        def plain(skin: float = SKIN, p: packing.Packing = p, w: np.ndarray = w) -> float:
            one = Plain(p, w, skin)
            began = time.process_time()
            for _ in range(FIRE):
                one.step()
            return (time.process_time() - began) / FIRE

        if lammps and peers:
            choice: list = peers("lammps_fire", file=file, box=p.box, steps=FIRE, choice=None)["choice"]
            mine, other = in_turn(
                ours,
                lambda: peers("lammps_fire", file=file, box=p.box, steps=FIRE, choice=choice)["seconds"],  # noqa: B023
            )
            print(
                f"    n = {n}, a step of FIRE, {FIRE} from a random start: ours {1e6 * mine:.2f} µs, LAMMPS {1e6 * other:.2f} µs"
            )
            results.append(report(f"discs, n={n}: our FIRE step / LAMMPS's", mine / other, 0.6, least=False))
        results.append(abs(Plain(p, w).energy / float(p.energy(w)[0]) - 1) <= 1e-10)
        mine, other, often = in_turn(ours, plain, lambda: plain(0.0), rounds=3)
        results.append(report(f"discs, n={n}: FIRE step in NumPy with cKDTree / ours", other / mine, 15, least=True))
        print(f"    with a new tree at every step, no bar: {often / mine:.0f}")
        os.remove(file)
    return results


def answers(peers: Peers | None, name: str) -> bool:
    """Whether that peer is there; it says so."""
    if peers is None:
        return False
    try:
        print(f"{name} {peers('about', name=name)['version']}")
    except RuntimeError as error:
        print(f"no {name}: {error}")
        return False
    return True


if __name__ == "__main__":
    if hasattr(os, "sched_setaffinity"):  # the peers inherit it: whatever they start, it shares one core
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    peers = start()
    lammps, jax = answers(peers, "lammps"), answers(peers, "jax-md")
    held = motion(peers, lammps, jax) + minimising(peers, lammps)
    sys.exit(0 if all(held) else 1)
