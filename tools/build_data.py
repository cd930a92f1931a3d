"""Build the packaged data sets, lsviz/store/, from the complete original ones.

    python tools/build_data.py FOLDER            # FOLDER holds mnist.npz and fashion_mnist.npz
    python tools/build_data.py FOLDER --fetch    # bring them from the public mirrors first

Each .npz has x_train (60000, 28, 28), y_train, x_test (10000, 28, 28), y_test, uint8. What is done to them, and why, is
told in lsviz/store/README.md. Also writes tests/data_sample.npz: a few points in float64, to which the tests hold the
shipped float16.
"""

import argparse
import hashlib
import json
import lzma
from pathlib import Path

import numpy as np

from lsviz import data

ROOT = Path(__file__).resolve().parent.parent
PICTURES = {"mnist": {"train": 12_000, "test": 4_000}, "fashion": {"train": 2_000, "test": 500}}
SAMPLE = 20
PARTS = ("x_train", "y_train", "x_test", "y_test")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--fetch", action="store_true", help="bring the original sets into FOLDER first")
    parser.add_argument("--store", type=Path, default=ROOT / "lsviz" / "store")
    parser.add_argument("--sample", type=Path, default=ROOT / "tests" / "data_sample.npz")
    options = parser.parse_args()
    options.store.mkdir(parents=True, exist_ok=True)
    manifest = {"points": {}, "images": PICTURES, "eigenvalues": {}, "float16_error": {}, "originals": {}, "files": {}}
    sample = {}
    for name in data.COMPLETE:
        if options.fetch:
            bring(name, options.folder / data.COMPLETE[name])
        build(name, options.folder / data.COMPLETE[name], options.store, manifest, sample)
    text = json.dumps(manifest | {"sha256": data.manifest_sha256(manifest)}, indent=1) + "\n"
    (options.store / "manifest.json").write_text(text, encoding="utf-8")
    np.savez(options.sample, **sample)
    total = sum(file["bytes"] for file in manifest["files"].values())
    print(f"{total / 1e6:.2f} MB in {len(manifest['files'])} files; float16 error {manifest['float16_error']}")


def bring(name: str, path: Path) -> None:
    """Write the original set as the .npz that `build` reads."""
    full = data.fetch(name, path.parent)
    arrays = full.x[:60_000], full.label[:60_000], full.x[60_000:], full.label[60_000:]
    np.savez_compressed(path, **dict(zip(PARTS, arrays, strict=True)))


def build(name: str, path: Path, store: Path, manifest: dict, sample: dict) -> None:
    """Write the projections (both presets) and pictures of one data set; note them in the manifest."""
    with np.load(path) as arrays:
        pixels = np.concatenate([arrays["x_train"], arrays["x_test"]])
        label = np.concatenate([arrays["y_train"], arrays["y_test"]]).astype(np.uint8)
    manifest["originals"][name] = {"x": digest(pixels.tobytes()), "label": digest(label.tobytes())}
    chosen = data.chosen(label)
    manifest["points"][name] = int(chosen.size)
    first = chosen[:, data.TEST // 2 :]
    first = np.take_along_axis(first, data.order(0, first.shape[1]), axis=1)  # as load(seed=0) orders them

    x = pixels.reshape(-1, 784) / 255.0
    for preset, project in (("jamming", whitened), ("lazy", normalised)):
        values, z = project(x)
        key = f"{name}_{preset}"
        manifest["eigenvalues"][key] = values.tolist()
        manifest["float16_error"][key] = float16_error(z[chosen.ravel()])
        with (store / f"{key}.npy").open("wb") as file:
            np.save(file, z[chosen].astype("<f2"))
        sample[key] = z[first[::-1, : SAMPLE // 2].T.ravel()]
        note(store / f"{key}.npy", manifest)
    for split, rows in (("train", first), ("test", chosen)):
        rows = rows[::-1, : PICTURES[name][split] // 2].T.ravel()  # odd, even, odd, …
        records = np.column_stack([pixels[rows].reshape(-1, 784), label[rows]])
        target = store / f"{name}_images_{split}.xz"
        target.write_bytes(lzma.compress(records.tobytes(), check=lzma.CHECK_NONE, preset=9 | lzma.PRESET_EXTREME))
        note(target, manifest)


def whitened(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Preset "jamming": components of the pixels, each divided by the root of its variance."""
    values, z = components(x)
    return values, z / np.sqrt(values)


def normalised(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Preset "lazy": pixels centred (mean picture subtracted), each picture on the sphere √784, then components."""
    centred = x - x.mean(axis=0)
    return components(centred * (28.0 / np.linalg.norm(centred, axis=1, keepdims=True)))


def components(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Variances and values of the first 30 principal components; the largest weight of each axis is positive."""
    centred = x - x.mean(axis=0)
    values, axes = np.linalg.eigh(centred.T @ centred / len(x))
    values, axes = values[::-1][: data.D_MAX], axes[:, ::-1][:, : data.D_MAX]
    largest = np.take_along_axis(axes, np.abs(axes).argmax(axis=0)[None], axis=0)
    return values, centred @ (axes * np.sign(largest))


def float16_error(z: np.ndarray) -> dict[str, float]:
    """Distance that rounding moves a point, relative to its norm: largest and root mean square, at d = 10 and 30."""
    error = {}
    for d in (10, 30):
        exact, rounded = z[:, :d], z[:, :d].astype(np.float16).astype(np.float64)
        moved = np.linalg.norm(rounded - exact, axis=1) / np.linalg.norm(exact, axis=1)
        error |= {f"max_d{d}": float(moved.max()), f"rms_d{d}": float(np.sqrt(np.mean(moved**2)))}
    return error


def note(path: Path, manifest: dict) -> None:
    content = path.read_bytes()
    manifest["files"][path.name] = {"bytes": len(content), "sha256": digest(content)}


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


if __name__ == "__main__":
    main()
