"""Train the networks of points, voxels and spheres whose weights come with the package, lsviz/store/euclidean/: half precision, one .npy
each, a row for each of the seeds 0, 1, 2, and nets.json about them.

    python tools/train_euclidean.py [NAME …]

Each sees the eight tetrominoes as they stand, and nothing else, by Adam in full batches, in single precision, its step size falling from
the table's as half a cosine over the table's steps; if not all eight are right then, the seed goes on for as long again, `ROUNDS` times at
most. Of those in `SOLVED`, whose steps take long, one round is all; then their end, in which f is linear, gets the least squares of errors
(and, times RIDGE, of weights) on the shapes as they stand at SHIFTS places between the voxels. Accuracy: the share of shapes whose
outputs all round to their targets, of the rounded weights, as the shapes stand and at TURNS random turns that are the same for all
networks. With NAMES only those are trained again. One thread.
"""

import hashlib
import json
import math
import sys
import time
from datetime import UTC, datetime
from importlib import metadata

import numpy as np

from lsviz.equivariant.euclidean import train
from lsviz.equivariant.euclidean.motions import random_rotations, rotation
from lsviz.equivariant.euclidean.shapes import as_voxels, targets
from lsviz.equivariant.euclidean.weights import FOLDER, NETWORKS, SEEDS, seen, shipped
from lsviz.symbols import SHAPES

HOW = {
    "message_passing": (1e-2, 150), "se3_transformer": (1e-2, 150), "spherical_cnn": (3e-2, 120),
    "plain_voxels": (3e-2, 400), "voxel_convolution": (3e-2, 120),
}  # fmt: skip
ROUNDS, TURNS, TEST = 4, 100, 1
SOLVED = ("voxel_convolution",)  # their ends
SHIFTS, RIDGE = 15, 1e-8  # the first: none; in units of the mean square of what f depends on
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
    how = f"Adam at {rate:g}, falling to 0 over {steps} steps, "
    if name in SOLVED:
        how += f"single precision; then the end by least squares, ridge {RIDGE:g}, at {SHIFTS} places between the voxels"
    else:
        how += "until all eight are right, single precision"
    for seed in SEEDS:
        w, done = f.init((seed,)).astype(np.float32), 0
        for _ in range(ROUNDS):
            for state in train(f, w, x, y.astype(np.float32), steps=steps, rate=rate):
                pass
            w, done = state.w.numpy(), done + steps
            if name in SOLVED:
                w = solved(f, w, y)
            if name in SOLVED or right(f, half(w), x, y).all():
                break
        if not right(f, half(w), x, y).all():
            raise SystemExit(f"{name}, seed {seed}: not all eight are right after {done} steps")
        rows.append(w[0].astype("<f2"))
        taken.append(done)
        print(name, seed, done, f"{time.process_time() - start:.1f} s", flush=True)
    seconds = time.process_time() - start
    path = FOLDER / f"{name}.npy"
    np.save(path, np.stack(rows))
    w = np.stack(rows).astype(np.float32)
    loss = ((f(w, x) - y) ** 2).mean((1, 2))
    turned = np.stack([right(f, w, seen(name, SHAPES, motion), y) for motion in random_rotations(TURNS, TEST)])  # turn, seed, shape
    print(name, f.N, "right, turned", turned.mean((0, 2)), flush=True)
    return dict(
        trained_on="eight tetrominoes in one orientation", seeds=SEEDS, steps=taken, N=f.N,
        training=how,
        loss=[float(f"{v:.3g}") for v in loss], accuracy_upright=right(f, w, x, y).mean(1).tolist(),
        accuracy_turned=turned.mean((0, 2)).round(4).tolist(), rotations=TURNS, rotations_seed=TEST,
        by_shape={shape: turned[..., k].mean(0).round(3).tolist() for k, shape in enumerate(SHAPES)}, seconds=round(seconds, 1),
        bytes=path.stat().st_size, sha256=hashlib.sha256(path.read_bytes()).hexdigest(), command="python tools/train_euclidean.py",
        date=datetime.now(UTC).date().isoformat(), torch=metadata.version("torch").split("+")[0], e3nn=metadata.version("e3nn"),
    )  # fmt: skip


def solved(f, w: np.ndarray, y: np.ndarray) -> np.ndarray:
    """w whose last module, in which f is linear, is fitted to y by least squares; all before it as it was."""
    import torch

    rng = np.random.default_rng(0)
    shifts = [np.zeros(3), *(rng.random((SHIFTS - 1, 3)) - 0.5)]
    last = list(f.shapes)[-1].split(".")[0]
    many = sum(math.prod(shape) for name, shape in f.shapes.items() if name.split(".")[0] == last)
    kept = []
    hook = f.module[-1].register_forward_hook(lambda module, given, out: kept.append(given[0].detach()))
    for shift in shifts:
        f(torch.from_numpy(w[0]), torch.from_numpy(np.stack([as_voxels(shape, shift=shift) for shape in SHAPES])).float())
    hook.remove()
    names = [name for name in f.shapes if name.split(".")[0] == last]
    constants = {name: b for name, b in f._constants(kept[0]).items() if name.split(".")[0] == last}

    def end(v, fields):
        pieces = v.split([math.prod(f.shapes[name]) for name in names])
        named = {name: piece.view(f.shapes[name]) for name, piece in zip(names, pieces, strict=True)} | constants
        called = {name.removeprefix(last + "."): value for name, value in named.items()}
        return torch.func.functional_call(f.module[-1], called, (fields,)).reshape(-1)

    J = np.concatenate([torch.func.jacrev(end)(torch.zeros(many), fields).double().numpy() for fields in kept])
    G = J.T @ J
    v = np.linalg.solve(G + RIDGE * np.trace(G) / many * np.eye(many), J.T @ np.tile(y.reshape(-1), len(kept)))
    return np.concatenate([w[0, :-many], v])[None].astype(np.float32)


def half(w: np.ndarray) -> np.ndarray:
    """As it will be stored."""
    return w.astype("<f2").astype(np.float32)


def right(f, w: np.ndarray, x, y: np.ndarray) -> np.ndarray:
    """(seed, shape): whether all outputs round to their targets."""
    return (np.round(f(w, x)) == y).all(-1)


if __name__ == "__main__":
    main()
