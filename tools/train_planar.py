"""Train the networks on a torus whose weights come with the package, lsviz/store/planar/: half precision, one .npy each, a row for each
of three seeds, and nets.json about them.

    python tools/train_planar.py [NAME …]

Each learns P digits with a rim of zeros by Adam at 3e-3 in batches of 64, from seeds 0, 1, 2, until its cross entropy over all P, asked
every 20 steps, is at most LOSS: nets that are compared stop at the same training loss, however long that takes. turn_augmented is trained
on pictures turned at random by multiples of 90°; its loss is the mean over all four. With NAMES only those are trained again. One thread;
another processor rounds differently and gives other weights of the same quality.
"""

import hashlib
import json
import sys
import time
from datetime import UTC, datetime
from importlib import metadata

import numpy as np

from lsviz import data, nets
from lsviz.nets.stored import PLANAR_FOLDER
from lsviz.nets.train import Recipe

P, TEST, SEEDS, BATCH, RATE = 4096, 4000, (0, 1, 2), 64, 3e-3
LOSS = {"shift": 0.2, "turn": 0.3}
ASK, LIMIT = 20, 20_000  # steps


def main() -> None:
    PLANAR_FOLDER.mkdir(exist_ok=True)
    card = PLANAR_FOLDER / "nets.json"
    stories = json.loads(card.read_text("utf-8")) if card.exists() else {}
    for name in sys.argv[1:] or nets.PLANAR:
        stories[name] = train(name)
        ordered = {known: stories[known] for known in nets.PLANAR if known in stories}
        card.write_text(json.dumps(ordered, indent=1) + "\n", encoding="utf-8")
    print(f"{sum(s['bytes'] for s in stories.values()) / 1e6:.2f} MB")


def train(name: str) -> dict:
    digits, test = (data.images("mnist", P=count, split=split) for count, split in ((P, "train"), (TEST, "test")))
    net, start, turns = nets.make(name), time.process_time(), name == "turn_augmented"
    how = Recipe("adam", RATE, batch=BATCH, turns=turns)
    asked = nets.padded(digits.x), digits.label
    if turns:
        asked = np.concatenate([np.rot90(asked[0], k, (1, 2)) for k in range(4)]), np.tile(asked[1], 4)
    goal = LOSS[name.partition("_")[0]]
    rows, steps = [], []
    for seed, w in zip(SEEDS, net.init(SEEDS), strict=True):
        run = nets.Run(net, w, nets.padded(digits.x), digits.label, LIMIT, seed, how)
        few = [part[:: 37 if turns else 9] for part in asked]  # a part is asked first: the whole takes longer than the steps
        while True:
            for _ in range(ASK):
                run.step()
            row = run.w[None].half().float()
            if nets.judge(net, row, *few)[0][0] <= 1.2 * goal and nets.judge(net, row, *asked)[0][0] <= goal:
                break
            if run.done >= LIMIT:
                raise SystemExit(f"{name}, seed {seed}: the loss is still above {goal} after {LIMIT} steps")
        rows.append(run.w.numpy().astype("<f2"))
        steps.append(run.done)
        print(name, seed, run.done, f"{time.process_time() - start:.0f} s", flush=True)
    seconds = time.process_time() - start
    path = PLANAR_FOLDER / f"{name}.npy"
    np.save(path, np.stack(rows))
    w = np.stack(rows).astype(float)
    loss, _ = nets.judge(net, w, *asked)
    _, error = nets.judge(net, w, nets.padded(test.x), test.label)
    print(name, net.N, f"loss {loss.round(3)}, test error {error.round(4)}", flush=True)
    return dict(
        dataset="mnist", P=P, seeds=SEEDS, steps=steps, training=f"Adam at {RATE:g}, batch {BATCH}, until the training loss is {goal:g}"
        + (", every picture turned by a random multiple of 90°" if turns else ""),
        N=net.N, size=net.size, loss=loss.round(4).tolist(), test_error=error.round(4).tolist(), seconds=round(seconds),
        bytes=path.stat().st_size, sha256=hashlib.sha256(path.read_bytes()).hexdigest(), command="python tools/train_planar.py",
        date=datetime.now(UTC).date().isoformat(), torch=metadata.version("torch").split("+")[0],
    )  # fmt: skip


if __name__ == "__main__":
    main()
