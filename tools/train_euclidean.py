"""Train the networks of points, voxels and spheres whose weights come with the package, lsviz/store/euclidean/: half precision, one .npy each,
a row for each of the seeds 0, 1, 2, and nets.json about them.

    python tools/train_euclidean.py [NAME …]

Each sees the eight tetrominoes as they stand, and nothing else, by Adam in full batches, in single precision, its step size falling from the
table's as half a cosine over the table's steps; if not all eight are right then, the seed goes on for as long again, `ROUNDS` times at most.
Accuracy: the share of shapes whose outputs all round to their targets, of the rounded weights, as the shapes stand and at TURNS random turns
that are the same for all networks. With NAMES only those are trained again. One thread.
"""

import hashlib
import json
import sys
import time
from datetime import UTC, datetime
from importlib import metadata

import numpy as np

from lsviz.equivariant.euclidean import train
from lsviz.equivariant.euclidean.motions import random_rotations, rotation
from lsviz.equivariant.euclidean.shapes import targets
from lsviz.equivariant.euclidean.weights import FOLDER, NETWORKS, SEEDS, seen, shipped
from lsviz.symbols import SHAPES

HOW = {
    "message_passing": (1e-2, 150), "se3_transformer": (1e-2, 150), "voxel_convolution": (3e-2, 80), "spherical_cnn": (3e-2, 120),
    "plain_voxels": (3e-2, 400),
}  # fmt: skip
ROUNDS, TURNS, TEST = 4, 100, 1
UPRIGHT = rotation((0, 1, 0), 0.0)


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    card = FOLDER / "nets.json"
    stories = json.loads(card.read_text("utf-8")) if card.exists() else {}
    for name in sys.argv[1:] or NETWORKS:
        stories[name] = one(name)
        ordered = {known: stories[known] for known in NETWORKS if known in stories}
        card.write_text(json.dumps(ordered, indent=1) + "\n", encoding="utf-8")
    print(f"{sum(s['bytes'] for s in stories.values()) / 1e3:.0f} kB")


def one(name: str) -> dict:
    """Train the three seeds of a network; how that went."""
    f, start, y = shipped(name), time.process_time(), targets()
    rate, steps = HOW[name]
    x = seen(name, SHAPES, UPRIGHT)
    rows, taken = [], []
    for seed in SEEDS:
        w, done = f.init((seed,)).astype(np.float32), 0
        for _ in range(ROUNDS):
            for state in train(f, w, x, y.astype(np.float32), steps=steps, rate=rate):
                pass
            w, done = state.w.numpy(), done + steps
            if right(f, half(w), x, y).all():
                break
        else:
            raise SystemExit(f"{name}, seed {seed}: not all eight are right after {done} steps, loss {float(state.loss[0]):.3g}")
        rows.append(w[0].astype("<f2"))
        taken.append(done)
        print(name, seed, done, f"loss {float(state.loss[0]):.2g}", f"{time.process_time() - start:.1f} s", flush=True)
    seconds = time.process_time() - start
    path = FOLDER / f"{name}.npy"
    np.save(path, np.stack(rows))
    w = np.stack(rows).astype(np.float32)
    loss = ((f(w, x) - y) ** 2).mean((1, 2))
    turned = np.stack([right(f, w, seen(name, SHAPES, motion), y) for motion in random_rotations(TURNS, TEST)])  # turn, seed, shape
    print(name, f.N, "right, turned", turned.mean((0, 2)), flush=True)
    return dict(
        trained_on="eight tetrominoes in one orientation", seeds=SEEDS, steps=taken, N=f.N,
        training=f"Adam at {rate:g}, falling to 0 over {steps} steps, until all eight are right, single precision",
        loss=[float(f"{v:.3g}") for v in loss], accuracy_upright=right(f, w, x, y).mean(1).tolist(),
        accuracy_turned=turned.mean((0, 2)).round(4).tolist(), rotations=TURNS, rotations_seed=TEST,
        by_shape={shape: turned[..., k].mean(0).round(3).tolist() for k, shape in enumerate(SHAPES)}, seconds=round(seconds, 1),
        bytes=path.stat().st_size, sha256=hashlib.sha256(path.read_bytes()).hexdigest(), command="python tools/train_euclidean.py",
        date=datetime.now(UTC).date().isoformat(), torch=metadata.version("torch").split("+")[0], e3nn=metadata.version("e3nn"),
    )  # fmt: skip


def half(w: np.ndarray) -> np.ndarray:
    """As it will be stored."""
    return w.astype("<f2").astype(np.float32)


def right(f, w: np.ndarray, x, y: np.ndarray) -> np.ndarray:
    """(seed, shape): whether all outputs round to their targets."""
    return (np.round(f(w, x)) == y).all(-1)


if __name__ == "__main__":
    main()
