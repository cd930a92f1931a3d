"""What a learner waits for: packings thrown at random, a slider that is warm, a whole threshold; absolute bars, medians over seeds.

One thread, as `experiment` holds it; kernels compiled beforehand (the time for that is printed by itself).
"""

import statistics
import sys
import time
from typing import Any

from timing import report

from lsviz import particles
from lsviz.packing import compiling

SEEDS = 12


def milliseconds(run: Any, **about: Any) -> float:
    """Median milliseconds of `run`, one seed at a time."""
    times = []
    for seed in range(SEEDS):
        start = time.perf_counter()
        run(seeds=(seed,), **about)
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


def slider(kind: str, n: int) -> float:
    """Milliseconds from one φ to the next one, 0.002 higher, on the slow path that a slider follows; the path's beginning not counted."""
    about = dict(kind=kind, n=n, start="pressed", seeds=(3,), aspect=1.5)
    phi, times = 0.8, []
    particles.quench(phi=phi, **about)
    while phi < 0.92:
        phi = round(phi + 0.002, 3)
        start = time.perf_counter()
        next(particles.quench.stream(phi=phi, **about))
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


def main() -> int:
    """All bars of the issue that need no browser."""
    start = time.perf_counter()
    compiling.compile_all()
    print(f"kernels ready after {time.perf_counter() - start:.2f} s")
    held = [
        report("discs n = 64, φ = .88, from random, ms", milliseconds(particles.quench, phi=0.88), 50, least=False),
        report(
            "discs n = 64, φ = .84 (near φ_J), from random, ms",
            milliseconds(particles.quench, phi=0.84),
            50,
            least=False,
        ),
        report(
            "discs n = 256, φ = .88, from random, ms", milliseconds(particles.quench, phi=0.88, n=256), 300, least=False
        ),
    ]
    for aspect, phi in ((1.1, 0.90), (1.5, 0.92), (1.5, 0.86)):
        took = milliseconds(particles.quench, kind="ellipses", aspect=aspect, phi=phi)
        held.append(report(f"ellipses {aspect:g}, n = 64, φ = {phi:g}, from random, ms", took, 60, least=False))
    for kind, aspect in (("discs", 1.0), ("ellipses", 1.1), ("ellipses", 1.5)):
        took = milliseconds(particles.threshold, kind=kind, aspect=aspect, n=32)
        held.append(report(f"threshold to 1e-6, {kind} {aspect:g}, n = 32, ms", took, 500, least=False))
    for kind in ("discs", "ellipses"):
        held.append(
            report(f"{kind} n = 64: a step of the φ slider to its first Dataset, ms", slider(kind, 64), 40, least=False)
        )
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
