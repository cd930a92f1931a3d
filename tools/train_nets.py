"""Train the networks whose weights come with the package, lsviz/store/nets/: half precision, one .npy each, and nets.json about them.

    python tools/train_nets.py

Each is trained on 4096 digits of ten classes from seed 0, 1000 steps, by the recipe "plain" of `lsviz.nets` (the run of `stability_study`
with P = 4096, seed 0): some minutes in all, one thread. Another processor rounds differently and gives other weights of the same quality.
"""

import hashlib
import json
import time
from datetime import UTC, datetime
from importlib import metadata

import numpy as np

from lsviz import data, nets
from lsviz.nets.stored import FOLDER

P, STEPS, TEST, SEED = 4096, 1000, 4000, 0


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    train, test = (data.images("mnist", P=count, split=split) for count, split in ((P, "train"), (TEST, "test")))
    stories = {}
    for name in nets.STORED:
        net, start = nets.make(name), time.perf_counter()
        run = nets.Run(net, net.init((SEED,))[0], train.x, train.label, STEPS, SEED, nets.recipe("plain", net))
        for _ in range(STEPS):
            run.step()
        w = run.w.numpy().astype("<f2")
        path = FOLDER / f"{name}.npy"
        np.save(path, w)
        (loss,), _ = nets.judge(net, w[None].astype(float), train.x, train.label)
        _, (error,) = nets.judge(net, w[None].astype(float), test.x, test.label)
        stories[name] = dict(
            dataset="mnist", P=P, steps=STEPS, seed=SEED, training="plain", N=net.N, size=net.size, loss=round(float(loss), 4),
            test_error=round(float(error), 4), seconds=round(time.perf_counter() - start), bytes=path.stat().st_size,
            sha256=hashlib.sha256(path.read_bytes()).hexdigest(), command="python tools/train_nets.py",
            date=datetime.now(UTC).date().isoformat(), torch=metadata.version("torch").split("+")[0],
        )  # fmt: skip
        print(
            name,
            stories[name]["N"],
            f"loss {loss:.3f}, test error {error:.2%}",
            f"{stories[name]['seconds']} s",
            flush=True,
        )
    (FOLDER / "nets.json").write_text(json.dumps(stories, indent=1) + "\n", encoding="utf-8")
    print(f"{sum(s['bytes'] for s in stories.values()) / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
