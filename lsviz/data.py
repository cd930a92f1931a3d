"""The points (x, y) that a network must fit: digits, clothes, or pure noise.

`load` gives P labelled points in d dimensions, ready for a network; `images` the pictures behind the first of them;
`fetch` brings the complete original sets from public mirrors. Everything but `fetch` reads files of the package, only
when asked. Where they come from and what was done to them: `lsviz/store/README.md`.
"""

import functools
import gzip
import hashlib
import io
import json
import math
import operator
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8

NAMES = ("mnist", "fashion", "random")
PICTURED = ("mnist", "fashion")
PRESETS = ("jamming", "lazy")
LABELS = ("parity", "random")
SPLITS = ("train", "test")
D_MAX = 30
TEST = 10_000  # points held out, 5 000 of each class
STORE = Path(__file__).parent / "store"
COMPLETE = {"mnist": "mnist.npz", "fashion": "fashion_mnist.npz"}  # the complete sets, in a folder of the user's
_CHOICE = 20180925  # seed of the fixed permutation that chooses and orders the points of each class
_RANDOM_P_MAX = 1_000_000
_PIXELS = 28 * 28
# What `fetch` brings, with the MD5 sums that the publishers print.
_ORIGINALS = {
    "mnist": {
        "train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "train-labels-idx1-ubyte.gz": "d53e105ee54ea40749a09fcbcd1e9432",
        "t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
        "t10k-labels-idx1-ubyte.gz": "ec29112dd5afa0611ce80d1b7f02629c",
    },
    "fashion": {
        "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
        "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
        "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
    },
}
_MIRRORS = {
    "mnist": (
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    "fashion": (
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    ),
}


class DamagedFile(ValueError):
    """A data file of the package is missing or differs from what was shipped; the message says how to restore it."""


@dataclass(frozen=True, eq=False)
class Points:
    """P labelled points: `x` (P, d) on the sphere of radius √d ("lazy": of mean square norm ≈ d), `y` (P,) = ±1."""

    x: Float[np.ndarray, "P d"]
    y: Float[np.ndarray, " P"]

    @property
    def P(self) -> int:
        return self.x.shape[0]

    @property
    def d(self) -> int:
        return self.x.shape[1]


@dataclass(frozen=True, eq=False)
class Images:
    """P pictures: `x` (P, 28, 28), 0 = background, 1 = full ink; `label` (P,) = class index 0..9."""

    x: Float[np.ndarray, "P 28 28"]
    label: UInt8[np.ndarray, " P"]

    @property
    def P(self) -> int:
        return self.x.shape[0]


@dataclass(frozen=True, eq=False)
class Originals:
    """A complete original set: `x` (70 000, 28, 28), 0..255, and `label` (70 000,), 60 000 of training first."""

    x: UInt8[np.ndarray, "P 28 28"]
    label: UInt8[np.ndarray, " P"]


def load(
    name: str,
    *,
    P: int,
    d: int = 10,
    preset: str = "jamming",
    labels: str = "parity",
    split: str = "train",
    seed: int = 0,
) -> Points:
    """The first P labelled points of a data set in d dimensions: what a network of the talk is trained on.

    name: "mnist" (digits), "fashion" (clothes) or "random": Gaussian vectors on the sphere √d, which have no class, so
        that `preset` and `labels` change nothing and y is as random as x.
    P: number of points; the points of a smaller P are the first ones of a larger P.
    d: principal components kept, 1..30.
    preset: "jamming" = whitened components, then each point on the sphere of radius √d; odd class is y = +1
        (arXiv:1809.09349, 1810.09665). "lazy" = components of pictures normalised to the sphere √784, not whitened,
        all divided by the root of the mean of their d eigenvalues; even class is y = +1 (arXiv:1906.08034, 2012.15110).
    labels: "parity" (class index mod 2) or "random": in each successive pair of points (one even, one odd) a coin of
        `seed` says which is +1. So both label the same points whenever P is even, and y is balanced at every even P.
    split: "train" (order chosen by `seed`) or "test" (10 000 points, always the same, in one fixed order).
    seed: which points are drawn, in which order; the same bits on every machine.

    y alternates, +1 first. Means and components are those of all 70 000 pictures, so "train" and "test" share one map.
    Returns fresh arrays. ValueError for an argument out of range; DamagedFile (a ValueError) for a broken data file.
    """
    name, preset = _one_of("name", name, NAMES), _one_of("preset", preset, PRESETS)
    labels, split = _one_of("labels", labels, LABELS), _one_of("split", split, SPLITS)
    d, seed = _whole("d", d, 1, D_MAX), _whole("seed", seed, 0, None)
    if name == "random":
        P = _whole("P", P, 1, _RANDOM_P_MAX, f"for name={name!r}")
        x = np.random.default_rng([seed, SPLITS.index(split)]).standard_normal((P, d))
        return Points(_on_sphere(x), _alternating(P))
    held = _projections(STORE, f"{name}_{preset}.npy")
    P = _whole("P", P, 1, size(name, split), f"for name={name!r}, split={split!r}")
    parity, row = _which(P, seed, split, held.shape[1] - TEST // 2, labels, plus=1 if preset == "jamming" else 0)
    x = held[parity, row, :d].astype(np.float64)
    x = _on_sphere(x) if preset == "jamming" else x / math.sqrt(np.mean(eigenvalues(name, preset)[:d]))
    return Points(x, _alternating(P))


def images(name: str, *, P: int, split: str = "train") -> Images:
    """The first P pictures behind `load(name, split=split, seed=0)` in its "jamming" order (odd class first).

    Picture i is point i of that order, so a point can be shown as what it is (in "lazy" order each pair is swapped).
    Fewer pictures than points are shipped: `image_count` says how many; `fetch` brings all.
    ValueError for an argument out of range; DamagedFile (a ValueError) for a broken data file.
    """
    name, split = _one_of("name", name, PICTURED), _one_of("split", split, SPLITS)
    P = _whole("P", P, 1, image_count(name, split), f"for images of name={name!r}, split={split!r}")
    import lzma  # only pictures need it

    packed = _bytes(STORE, f"{name}_images_{split}.xz")
    with lzma.open(io.BytesIO(packed)) as stream:  # one record a picture: 784 pixels, then the class
        records = np.frombuffer(stream.read(P * (_PIXELS + 1)), np.uint8).reshape(P, _PIXELS + 1)
    return Images(records[:, :-1].reshape(P, 28, 28) / 255.0, records[:, -1].copy())


def all_images(name: str, *, P: int, split: str = "train") -> Images:
    """As `images`, and beyond those that are shipped from the complete set, in the same order: up to the P that `load` can give.

    The complete sets are read from the folder that the environment variable LSVIZ_ORIGINALS names: mnist.npz and fashion_mnist.npz, as
    `tools/build_data.py FOLDER --fetch` writes them. ValueError where they are needed and no folder is named, DamagedFile where a file
    is not the set that the package was built from.
    """
    name, split = _one_of("name", name, PICTURED), _one_of("split", split, SPLITS)
    held = image_count(name, split)
    P = _whole("P", P, 1, size(name, split), f"for images of name={name!r}, split={split!r}")
    if held >= P:
        return images(name, P=P, split=split)
    folder = os.environ.get("LSVIZ_ORIGINALS")
    if folder is None:
        raise ValueError(
            f"P={P!r} is not allowed: only {held} pictures of name={name!r}, split={split!r} come with the package; "
            "for more, set LSVIZ_ORIGINALS to the folder of the complete sets"
        )
    x, label = _complete(name, folder)
    rows = chosen(label)
    if split == "train":
        rows = rows[:, TEST // 2 :]
        rows = np.take_along_axis(rows, order(0, rows.shape[1]), axis=1)
    rows = rows[::-1, : -(-P // 2)].T.ravel()[:P]  # odd, even, odd, …
    return Images(x[rows] / 255.0, label[rows])


def chosen(label: UInt8[np.ndarray, " P"]) -> np.ndarray:
    """Rows (2, n) of the even and odd classes in the complete set, as many of each, shuffled; the first 5 000 are for test."""
    classes = [np.flatnonzero(label % 2 == parity) for parity in (0, 1)]
    keys = [np.random.PCG64([_CHOICE, parity]).random_raw(len(rows)) for parity, rows in enumerate(classes)]
    shuffled = [rows[np.argsort(key, kind="stable")] for rows, key in zip(classes, keys, strict=True)]
    count = min(map(len, shuffled))
    return np.stack([rows[:count] for rows in shuffled])


@functools.lru_cache(maxsize=2)
def _complete(name: str, folder: str) -> tuple[np.ndarray, np.ndarray]:
    """Pixels and labels of a complete set, training part first, held to the sums of those the package was built from."""
    path = Path(folder) / COMPLETE[name]
    try:
        with np.load(path) as arrays:
            x = np.concatenate([arrays["x_train"], arrays["x_test"]])
            label = np.concatenate([arrays["y_train"], arrays["y_test"]]).astype(np.uint8)
    except (OSError, ValueError, KeyError) as error:
        raise DamagedFile(f"LSVIZ_ORIGINALS: {path} is missing or unreadable") from error
    for part, array in (("x", x), ("label", label)):
        if hashlib.sha256(array.tobytes()).hexdigest() != _manifest(STORE)["originals"][name][part]:
            raise DamagedFile(
                f"LSVIZ_ORIGINALS: {path} differs in {part!r} from the set that this package was built from"
            )
    return x, label


def size(name: str, split: str = "train") -> int:
    """The largest P that `load(name, split=split)` can give."""
    if _one_of("name", name, NAMES) == "random":
        return _RANDOM_P_MAX
    total = _manifest(STORE)["points"][name]
    return TEST if _one_of("split", split, SPLITS) == "test" else total - TEST


def image_count(name: str, split: str = "train") -> int:
    """How many pictures `images(name, split=split)` can give."""
    name, split = _one_of("name", name, PICTURED), _one_of("split", split, SPLITS)
    return _manifest(STORE)["images"][name][split]


def eigenvalues(name: str, preset: str) -> Float[np.ndarray, "30"]:
    """Variances of the first 30 principal components of a data set, over all 70 000 pictures, largest first.

    preset "jamming": of pixels in [0, 1]; "lazy": of pictures centred and put on the sphere √784.
    """
    name, preset = _one_of("name", name, PICTURED), _one_of("preset", preset, PRESETS)
    return np.array(_manifest(STORE)["eigenvalues"][f"{name}_{preset}"])


def stored(name: str) -> Any:
    """The result `name` that was computed before and comes with the package, as an xarray.Dataset; its attributes say by what command."""
    import xarray as xr

    return xr.Dataset.from_dict(json.loads((STORE / f"{name}.json").read_text("utf-8")))


def fetch(name: str, folder: str | Path | None = None) -> Originals:
    """All 70 000 original pictures of a data set, from public mirrors: 60 000 of training, then 10 000 of test.

    Needs a network the first time (10 to 30 MB), and `pooch`; kept in `folder` (default: the user's cache). Each file
    is held to its published MD5, and the pixels and labels to the SHA-256 of those the package was built from.
    ConnectionError if no mirror gives the right file, DamagedFile if what came is another set.
    """
    name = _one_of("name", name, PICTURED)
    files = {part: _idx(_retrieve(name, part, folder)) for part in _ORIGINALS[name]}
    x = np.concatenate([files["train-images-idx3-ubyte.gz"], files["t10k-images-idx3-ubyte.gz"]])
    label = np.concatenate([files["train-labels-idx1-ubyte.gz"], files["t10k-labels-idx1-ubyte.gz"]])
    expected = _manifest(STORE)["originals"][name]
    for part, array in (("x", x), ("label", label)):
        if hashlib.sha256(array.tobytes()).hexdigest() != expected[part]:
            raise DamagedFile(
                f"the fetched {name} set differs in {part!r} from the one that this package was built from"
            )
    return Originals(x, label)


def _retrieve(name: str, part: str, folder: str | Path | None) -> Path:
    """Path of one original file, brought by pooch from the first mirror that has it with the right MD5."""
    try:
        import pooch
    except ImportError as error:
        raise ImportError("data.fetch needs the package pooch: `pip install pooch`") from error
    folder = Path(folder) if folder is not None else Path(pooch.os_cache("lsviz"))
    failures = []
    for mirror in _MIRRORS[name]:
        try:
            found = pooch.retrieve(
                mirror + part, known_hash=f"md5:{_ORIGINALS[name][part]}", fname=f"{name}-{part}", path=folder
            )
            return Path(found)
        except (OSError, ValueError) as error:  # no network, an error page, or a file with another hash
            failures.append(f"{mirror}: {error}")
    raise ConnectionError(
        f"no mirror gave {part} of name={name!r}. Try again with a network, or put the file at "
        f"{folder / f'{name}-{part}'}. Tried " + "; ".join(failures)
    )


def _idx(path: Path) -> np.ndarray:
    """Array in a gzipped IDX file: two zero bytes, type 8 (uint8), number of dimensions, their sizes, the bytes."""
    with gzip.open(path) as stream:
        content = stream.read()
    if content[:3] != b"\0\0\x08":
        raise DamagedFile(f"{path} is no IDX file of bytes: delete it and fetch again")
    dims = content[3]
    shape = np.frombuffer(content, ">u4", count=dims, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * dims).reshape(shape)


def order(seed: int, count: int) -> np.ndarray:
    """Order (2, count) in which `seed` draws the training points of the even (row 0) and of the odd class (row 1).

    Ranks of raw PCG64 output: NumPy promises those bits for all versions, unlike `Generator.permutation`.
    """
    return np.argsort(_raw(seed, count)[:2], axis=1, kind="stable")


_cached_order = functools.lru_cache(maxsize=16)(order)


def _raw(seed: int, count: int) -> np.ndarray:
    """Rows 0 and 1 order the two classes; row 2 tosses the coins of random labels."""
    return np.random.PCG64(seed).random_raw(3 * count).reshape(3, count)


def _which(P: int, seed: int, split: str, count: int, labels: str, plus: int) -> tuple[np.ndarray, np.ndarray]:
    """Class (0 even, 1 odd) and row in the stored array of each of P points; the 1st, 3rd, … get y = +1."""
    pair = np.arange(P) // 2
    parity = (np.arange(P) + plus) % 2
    if labels == "random":
        # Swapping the pair's points, not their labels, keeps y alternating and the set of points that of "parity".
        coin = _raw(seed, count)[2] >> np.uint64(63)
        parity ^= coin[pair].astype(parity.dtype)
    if split == "test":
        return parity, pair
    return parity, TEST // 2 + _cached_order(seed, count)[parity, pair]


def _alternating(P: int) -> np.ndarray:
    return 1.0 - 2.0 * (np.arange(P) % 2)


def _on_sphere(x: np.ndarray) -> np.ndarray:
    return x * (math.sqrt(x.shape[1]) / np.linalg.norm(x, axis=1, keepdims=True))


@functools.cache
def _manifest(store: Path) -> dict[str, Any]:
    """What the store holds: numbers of points and pictures, eigenvalues, checksums (its own included)."""
    path = store / "manifest.json"
    try:
        content = json.loads(path.read_text("utf-8"))
        expected = content.pop("sha256")
    except (OSError, ValueError, AttributeError, KeyError) as error:
        raise DamagedFile(_damage(path, "missing or unreadable")) from error
    if manifest_sha256(content) != expected:
        raise DamagedFile(_damage(path, "damaged"))
    return content


def manifest_sha256(content: dict[str, Any]) -> str:
    """Checksum of the manifest's content, whatever its line ends and order."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


@functools.cache
def _projections(store: Path, file: str) -> np.ndarray:
    """Stored components (2, points, 30): even class, odd class; the first 5 000 of each are the test set."""
    array = np.load(io.BytesIO(_bytes(store, file)), allow_pickle=False)
    array.flags.writeable = False
    return array


def _bytes(store: Path, file: str) -> bytes:
    """Content of a packaged file, held to its checksum."""
    path = store / file
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DamagedFile(_damage(path, "missing or unreadable")) from error
    expected = _manifest(store)["files"][file]["sha256"]
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise DamagedFile(_damage(path, f"damaged ({len(content)} bytes, sha256 {found[:12]}…, not {expected[:12]}…)"))
    return content


def _damage(path: Path, what: str) -> str:
    return (
        f"data file {path} is {what}. To restore it: `git checkout -- lsviz/store/{path.name}` in a clone, "
        "or reinstall the package (`pip install --force-reinstall --no-deps lsviz`)."
    )


def _one_of(argument: str, value: object, allowed: tuple[str, ...]) -> str:
    if isinstance(value, str) and value in allowed:
        return value
    raise ValueError(f"{argument}={value!r} is not known: it must be one of {', '.join(map(repr, allowed))}")


def _whole(argument: str, value: Any, low: int, high: int | None, where: str = "") -> int:
    """The value as an int within low..high; 300.0 counts as 300, True, NaN and 2.5 do not count."""
    allowed = f"a whole number from {low} to {high}" if high is not None else f"a whole number, at least {low}"
    try:
        number = int(value) if isinstance(value, float | np.floating) and value == int(value) else operator.index(value)
    except (TypeError, ValueError, OverflowError):
        number = None
    if number is None or isinstance(value, bool) or number < low or (high is not None and number > high):
        raise ValueError(f"{argument}={value!r} is not allowed: it must be {allowed}{where and ' ' + where}")
    return number
