"""The points are what the papers say, the files are what was shipped, and a wrong argument is named."""

import dataclasses
import gzip
import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

import jaxtyping
import numpy as np
import pytest

from lsviz import data

PAIRS = [(name, preset) for name in data.PICTURED for preset in data.PRESETS]
# A folder with mnist.npz and fashion_mnist.npz: the tests against the complete sets run only where it is named.
ORIGINALS = os.environ.get("LSVIZ_ORIGINALS")
SAMPLE = Path(__file__).with_name("data_sample.npz")


def everything(name, preset, d=30):
    """Stored components of all points, test and train, before the sphere: (points, d) float64."""
    held = data._projections(data.STORE, f"{name}_{preset}.npy")
    return held.reshape(-1, held.shape[-1])[:, :d].astype(np.float64)


# ---- the points


@pytest.mark.parametrize("d", [1, 2, 10, 30])
@pytest.mark.parametrize("name", data.NAMES)
def test_jamming_points_lie_on_the_sphere(name, d):
    points = data.load(name, P=500, d=d)
    assert points.x.shape == (500, d)
    assert (points.P, points.d) == (500, d)
    assert points.x.dtype == points.y.dtype == np.float64
    np.testing.assert_allclose(np.linalg.norm(points.x, axis=1), math.sqrt(d), rtol=1e-12)


@pytest.mark.parametrize("name", data.PICTURED)
def test_jamming_components_are_white_before_the_sphere(name):
    z = everything(name, "jamming")
    np.testing.assert_allclose(z.mean(axis=0), 0, atol=0.02)
    np.testing.assert_allclose(np.cov(z.T), np.eye(30), atol=0.02)


@pytest.mark.parametrize("name", data.PICTURED)
def test_lazy_components_keep_their_variance(name):
    z, values = everything(name, "lazy"), data.eigenvalues(name, "lazy")
    assert (np.diff(values) < 0).all()
    np.testing.assert_allclose(np.cov(z.T) / np.sqrt(np.outer(values, values)), np.eye(30), atol=0.02)


@pytest.mark.parametrize("d", [3, 10, 30])
@pytest.mark.parametrize("name", data.PICTURED)
def test_lazy_divides_by_the_mean_of_the_eigenvalues_kept(name, d):
    points = data.load(name, P=20_000, d=d, preset="lazy")
    values = data.eigenvalues(name, "lazy")[:d]
    np.testing.assert_allclose(points.x.var(axis=0), values / values.mean(), rtol=0.05)
    assert np.linalg.norm(points.x, axis=1).std() > 0.1  # no sphere here


def test_random_points_are_gaussian_directions():
    x = data.load("random", P=20_000, d=10).x
    np.testing.assert_allclose(x.mean(axis=0), 0, atol=0.04)
    np.testing.assert_allclose(np.cov(x.T), np.eye(10), atol=0.04)
    assert not np.array_equal(x, data.load("random", P=20_000, d=10, seed=1).x)
    assert not np.array_equal(x[:100], data.load("random", P=100, d=10, split="test").x)


@pytest.mark.parametrize("labels", data.LABELS)
@pytest.mark.parametrize("split", data.SPLITS)
@pytest.mark.parametrize("preset", data.PRESETS)
@pytest.mark.parametrize("name", data.NAMES)
def test_few_points_are_the_first_of_many_and_y_alternates(name, preset, split, labels):
    many = data.load(name, P=200, preset=preset, split=split, labels=labels, seed=3)
    few = data.load(name, P=101, preset=preset, split=split, labels=labels, seed=3)
    np.testing.assert_array_equal(few.x, many.x[:101])
    np.testing.assert_array_equal(few.y, many.y[:101])
    np.testing.assert_array_equal(many.y, np.tile([1.0, -1.0], 100))


@pytest.mark.parametrize("name", data.PICTURED)
def test_fewer_components_are_the_first_of_more(name):
    wide, narrow = data.load(name, P=50, d=30, preset="lazy"), data.load(name, P=50, d=4, preset="lazy")
    ratio = narrow.x / wide.x[:, :4]
    np.testing.assert_allclose(ratio, ratio[0, 0], rtol=1e-12)


def test_a_seed_chooses_other_points_for_training_and_the_same_for_test():
    first, again, other = (data.load("mnist", P=300, seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.x, again.x)
    assert len({row.tobytes() for row in first.x} & {row.tobytes() for row in other.x}) < 30
    test = [data.load("mnist", P=300, seed=seed, split="test").x for seed in (0, 1)]
    np.testing.assert_array_equal(*test)


def test_the_order_of_a_seed_is_the_same_on_every_machine():
    assert data.order(0, 29_418)[:, :4].tolist() == [[25556, 20554, 16026, 6037], [24506, 28273, 25954, 17892]]
    assert data.order(7, 30_000)[:, :4].tolist() == [[27636, 8545, 13903, 8255], [14396, 21247, 21871, 14957]]


@pytest.mark.parametrize("name", data.PICTURED)
def test_train_and_test_share_no_point_and_all_are_used(name):
    count = data.size(name) // 2
    rows = {split: data._which(data.size(name, split), 5, split, count, "parity", plus=1) for split in data.SPLITS}
    seen = {split: set(zip(*(part.tolist() for part in pair), strict=True)) for split, pair in rows.items()}
    assert len(seen["train"]) == 2 * count
    assert len(seen["test"]) == 10_000
    assert not seen["train"] & seen["test"]
    assert len(everything(name, "jamming")) == 2 * count + 10_000


def test_sizes_are_those_of_the_card():
    assert {name: data.size(name) for name in data.PICTURED} == {"mnist": 58_836, "fashion": 60_000}
    assert data.image_count("mnist") == 12_000
    assert data.image_count("mnist", "test") == 4_000
    assert data.image_count("fashion") > 0


def test_random_labels_keep_the_points_and_forget_the_class():
    parity, mixed = data.load("mnist", P=2000, seed=4), data.load("mnist", P=2000, seed=4, labels="random")
    class_of = dict(zip((row.tobytes() for row in parity.x), parity.y, strict=True))
    classes = np.array([class_of[row.tobytes()] for row in mixed.x])  # KeyError if the points differ
    assert abs(np.mean(classes * mixed.y)) < 4 * math.sqrt(2 / 2000)
    for P in (10, 500, 2000):
        assert mixed.y[:P].sum() == 0
    other = data.load("mnist", P=2000, seed=5, labels="random")
    assert not np.array_equal(other.x, mixed.x)


# ---- the pictures, and through them the classes


def test_pictures_are_pictures():
    pictures = data.images("mnist", P=1000)
    assert pictures.x.shape == (1000, 28, 28)
    assert pictures.x.min() == 0
    assert pictures.x.max() == 1
    assert 0.1 < pictures.x.mean() < 0.16
    np.testing.assert_array_equal(pictures.x[:, 0], 0)  # digits have a dark rim
    np.testing.assert_array_equal(pictures.x[:10], data.images("mnist", P=10).x)
    assert set(pictures.label) == set(range(10))
    ones = pictures.x[pictures.label == 1].mean(axis=0)  # upright: tall, not wide
    assert (ones.sum(axis=1) > 0.5).sum() > 1.5 * (ones.sum(axis=0) > 0.5).sum()


@pytest.mark.parametrize("split", data.SPLITS)
@pytest.mark.parametrize("name", data.PICTURED)
def test_every_shipped_picture_opens_and_odd_alternates_with_even(name, split):
    pictures = data.images(name, P=data.image_count(name, split), split=split)
    np.testing.assert_array_equal(pictures.label % 2, (np.arange(pictures.P) + 1) % 2)


def test_no_training_picture_is_a_test_picture():
    train, test = data.images("mnist", P=12_000), data.images("mnist", P=4000, split="test")
    assert not {row.tobytes() for row in train.x} & {row.tobytes() for row in test.x}


def stored(name, preset, points):
    """Stored components and class (0 even, 1 odd) of points given by `load` at d = 30, found by their direction."""
    z = everything(name, preset)
    key = {row.tobytes(): i for i, row in enumerate(direction(z))}
    rows = np.array([key[row.tobytes()] for row in direction(points.x)])
    return z[rows], rows // (len(z) // 2)


def direction(x):
    return np.round(x / np.linalg.norm(x, axis=1, keepdims=True), 9) + 0.0


def features(name, preset, split, count):
    """Pictures as `load` orders them, in the form of which the components are (nearly) an affine map; their class."""
    pictures = data.images(name, P=count, split=split)
    pixels = pictures.x.reshape(count, -1)
    if preset == "lazy":
        pixels = pixels - data.images(name, P=data.image_count(name)).x.mean(axis=0).ravel()  # of 70 000, nearly
        pixels /= np.linalg.norm(pixels, axis=1, keepdims=True)
    order = np.arange(count) ^ (0 if preset == "jamming" else 1)  # each pair swapped
    return np.column_stack([pixels, np.ones(count)])[order], pictures.label[order] % 2


@pytest.mark.parametrize(("name", "preset"), PAIRS)
def test_pictures_show_the_points_and_the_sign_of_y_is_the_papers(name, preset):
    """The affine map fitted on training pictures gives the components of the others, in order, and so their class."""
    axes = None
    for split, count in (("train", 2000), ("test", 500)):
        points = data.load(name, P=count, d=30, preset=preset, split=split)
        z, parity = stored(name, preset, points)
        inputs, odd = features(name, preset, split, count)
        if axes is None:
            ridge = 1e-4 * np.trace(inputs.T @ inputs) / inputs.shape[1]  # for pixels that are hardly ever inked
            axes = np.linalg.solve(inputs.T @ inputs + ridge * np.eye(inputs.shape[1]), inputs.T @ z)

        residual = np.sqrt(np.mean((inputs @ axes - z)[:, :5] ** 2) / np.mean(z[:, :5] ** 2))

        assert residual < (0.002 if preset == "jamming" else 0.02)
        np.testing.assert_array_equal(parity, odd)
        np.testing.assert_array_equal(points.y, np.where(odd == (preset == "jamming"), 1, -1))


# ---- the files


@pytest.mark.parametrize("d", [10, 30])
@pytest.mark.parametrize(("name", "preset"), PAIRS)
def test_float16_moves_a_point_by_less_than_the_card_says(name, preset, d):
    exact = np.load(SAMPLE)[f"{name}_{preset}"][:, :d]
    exact = exact.reshape(-1, 2, d)[:, :: 1 if preset == "jamming" else -1].reshape(-1, d)
    if preset == "jamming":
        exact = exact * (math.sqrt(d) / np.linalg.norm(exact, axis=1, keepdims=True))
    else:
        exact = exact / math.sqrt(data.eigenvalues(name, preset)[:d].mean())
    found = data.load(name, P=len(exact), d=d, preset=preset).x
    moved = np.linalg.norm(found - exact, axis=1) / np.linalg.norm(exact, axis=1)
    assert 0 < moved.max() < 4.5e-4


def test_the_store_fits_in_20_MB_and_the_card_lists_it():
    manifest = json.loads((data.STORE / "manifest.json").read_text("utf-8"))
    card = (data.STORE / "README.md").read_text("utf-8")
    assert sum(path.stat().st_size for path in data.STORE.iterdir()) < 20e6
    shipped = {path.name for path in data.STORE.iterdir() if path.suffix in {".npy", ".xz"}}
    assert shipped == set(manifest["files"])
    for file, entry in manifest["files"].items():
        assert f"| {file} |" in card
        assert f"| {entry['bytes']} | `{entry['sha256']}` |" in card
    assert max(errors["max_d10"] for errors in manifest["float16_error"].values()) < 4.4e-4


@pytest.fixture
def store(tmp_path, monkeypatch):
    """A copy of the store that a test may damage."""
    copy = tmp_path / "store"
    shutil.copytree(data.STORE, copy)
    monkeypatch.setattr(data, "STORE", copy)
    return copy


@pytest.mark.parametrize("damage", ["flipped", "cut", "missing"])
@pytest.mark.parametrize("file", ["mnist_jamming.npy", "mnist_images_train.xz", "manifest.json"])
def test_a_damaged_file_is_named_with_its_cure(store, file, damage):
    path = store / file
    content = bytearray(path.read_bytes())
    if damage == "missing":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(content[:-100])
    else:
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    with pytest.raises(data.DamagedFile, match=rf"{file}.*git checkout -- lsviz/store/{file}"):
        (data.images if "images" in file else data.load)("mnist", P=10)


def test_a_damaged_file_leaves_the_others_usable(store):
    (store / "fashion_lazy.npy").write_bytes(b"nothing")
    assert data.load("fashion", P=10).P == 10
    with pytest.raises(ValueError, match=r"fashion_lazy\.npy"):
        data.load("fashion", P=10, preset="lazy")


def test_what_load_gives_is_the_callers_own():
    first = data.load("mnist", P=10)
    kept = first.x.copy()
    first.x[:] = 0
    first.y[:] = 0
    np.testing.assert_array_equal(data.load("mnist", P=10).x, kept)
    with pytest.raises(ValueError, match="read-only"):
        data._projections(data.STORE, "mnist_jamming.npy")[:] = 0
    with pytest.raises(dataclasses.FrozenInstanceError):
        first.x = kept


@pytest.mark.skipif(ORIGINALS is None, reason="needs the complete sets: LSVIZ_ORIGINALS=FOLDER")
def test_the_build_script_makes_what_is_shipped(tmp_path):
    script = Path(__file__).parent.parent / "tools" / "build_data.py"
    command = [sys.executable, script, ORIGINALS, "--store", tmp_path, "--sample", tmp_path / "sample.npz"]
    subprocess.run(command, check=True, cwd=script.parent.parent, env=os.environ | {"PYTHONPATH": "."})
    for path in data.STORE.glob("*.npy"):
        np.testing.assert_allclose(np.load(tmp_path / path.name), np.load(path), rtol=1e-3, atol=1e-6)
    for path in data.STORE.glob("*.xz"):
        assert (tmp_path / path.name).read_bytes() == path.read_bytes()


def test_more_pictures_than_are_shipped_ask_for_the_complete_set(monkeypatch, tmp_path):
    monkeypatch.delenv("LSVIZ_ORIGINALS", raising=False)
    few = data.all_images("fashion", P=7)
    np.testing.assert_array_equal(few.x, data.images("fashion", P=7).x)
    with pytest.raises(ValueError, match=r"P=2001 is not allowed: only 2000 .*LSVIZ_ORIGINALS"):
        data.all_images("fashion", P=2001)
    with pytest.raises(ValueError, match="P=60001 is not allowed"):
        data.all_images("fashion", P=60001)
    monkeypatch.setenv("LSVIZ_ORIGINALS", str(tmp_path))
    with pytest.raises(data.DamagedFile, match="missing or unreadable"):
        data.all_images("fashion", P=2001)
    np.savez(
        tmp_path / "fashion_mnist.npz",
        **{f"{a}_{b}": np.zeros((3, 2, 2), np.uint8) for a in "xy" for b in ("train", "test")},
    )
    with pytest.raises(data.DamagedFile, match="differs in 'x'"):
        data.all_images("fashion", P=2001)


@pytest.mark.skipif(ORIGINALS is None, reason="needs the complete sets: LSVIZ_ORIGINALS=FOLDER")
@pytest.mark.parametrize("name", data.PICTURED)
@pytest.mark.parametrize("split", data.SPLITS)
def test_the_complete_set_goes_on_where_the_shipped_pictures_end(name, split):
    held = data.image_count(name, split)
    more, shipped = data.all_images(name, P=held + 31, split=split), data.images(name, P=held, split=split)
    np.testing.assert_array_equal(more.x[:held], shipped.x)
    np.testing.assert_array_equal(more.label[:held], shipped.label)
    assert set(more.label[held::2] % 2) == {1} and set(more.label[held + 1 :: 2] % 2) == {0}


# ---- a wrong argument


BAD = [
    ("name", {"name": "cifar"}, "mnist.*fashion.*random"),
    ("name", {"name": None}, "mnist"),
    ("P", {"P": 0}, "from 1 to 58836"),
    ("P", {"P": -3}, "from 1 to 58836"),
    ("P", {"P": 58_837}, "from 1 to 58836"),
    ("P", {"P": 10_001, "split": "test"}, "from 1 to 10000"),
    ("P", {"P": 60_001, "name": "fashion"}, "from 1 to 60000"),
    ("P", {"P": 10**9, "name": "random"}, "from 1 to 1000000"),
    ("P", {"P": 2.5}, "whole number"),
    ("P", {"P": float("nan")}, "whole number"),
    ("P", {"P": float("inf")}, "whole number"),
    ("P", {"P": True}, "whole number"),
    ("P", {"P": "300"}, "whole number"),
    ("d", {"d": 31}, "from 1 to 30"),
    ("d", {"d": 0}, "from 1 to 30"),
    ("d", {"d": float("nan")}, "from 1 to 30"),
    ("d", {"d": 31, "name": "random"}, "from 1 to 30"),
    ("preset", {"preset": "white"}, "jamming.*lazy"),
    ("labels", {"labels": "digit"}, "parity.*random"),
    ("split", {"split": "all"}, "train.*test"),
    ("seed", {"seed": -1}, "at least 0"),
    ("seed", {"seed": 0.5}, "at least 0"),
]


@pytest.fixture
def as_for_a_user():
    """Outside tests nothing checks types before the function does."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.mark.usefixtures("as_for_a_user")
@pytest.mark.parametrize(("argument", "change", "allowed"), BAD)
def test_a_wrong_argument_of_load_is_named(argument, change, allowed):
    arguments = {"name": "mnist", "P": 10} | change
    with pytest.raises(ValueError, match=rf"^{argument}=.*{allowed}") as caught:
        data.load(arguments.pop("name"), **arguments)
    assert str(change[argument]) in str(caught.value)


@pytest.mark.parametrize(
    ("argument", "change", "allowed"),
    [
        ("name", {"name": "random"}, "mnist.*fashion"),
        ("P", {"P": 12_001}, "from 1 to 12000"),
        ("P", {"P": 0}, "from 1"),
        ("split", {"split": ""}, "train.*test"),
    ],
)
def test_a_wrong_argument_of_images_is_named(argument, change, allowed):
    arguments = {"name": "mnist", "P": 10} | change
    with pytest.raises(ValueError, match=rf"^{argument}=.*{allowed}"):
        data.images(arguments.pop("name"), **arguments)


@pytest.mark.usefixtures("as_for_a_user")
def test_numbers_of_numpy_and_sliders_are_taken():
    points = data.load("mnist", P=np.float64(12), d=np.int64(3), seed=2.0)
    np.testing.assert_array_equal(points.x, data.load("mnist", P=12, d=3, seed=2).x)


# ---- light and quick, in a process of its own


def fresh(code):
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env=environment
    ).stdout


def test_the_module_imports_nothing_heavy():
    loaded = fresh("import sys, lsviz.data; print(*sorted({name.split('.')[0] for name in sys.modules}))").split()
    heavy = {"torch", "scipy", "pandas", "xarray", "matplotlib", "IPython", "ipywidgets", "pooch", "requests"}
    assert not heavy & set(loaded)
    assert "numpy" in loaded


def test_the_first_300_digits_come_in_50_ms():
    code = "import time; from lsviz import data; t = time.process_time(); data.load('mnist', P=300)"
    seconds = [float(fresh(f"{code}; print(time.process_time() - t)")) for _ in range(3)]
    assert min(seconds) < 0.05


# ---- the complete sets, from a mirror that the test plays


def gzipped_idx(array):
    return gzip.compress(bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.tobytes())


@pytest.fixture
def mirror(monkeypatch, tmp_path):
    """`pooch.retrieve` that serves a tiny data set, and notes what it was asked; fails for the first mirror."""
    pooch = pytest.importorskip("pooch")
    rng = np.random.default_rng(0)
    x, label = rng.integers(0, 256, (7, 28, 28), np.uint8), rng.integers(0, 10, 7, np.uint8)
    parts = {"train-images-idx3": x[:5], "train-labels-idx1": label[:5], "t10k-images-idx3": x[5:]}
    parts["t10k-labels-idx1"] = label[5:]
    asked = []

    def retrieve(url, known_hash, fname, path, **_):
        asked.append((url, known_hash))
        if url.startswith(data._MIRRORS["mnist"][0]):
            raise ValueError("hash of downloaded file does not match")
        target = tmp_path / fname
        target.write_bytes(gzipped_idx(parts[url.rsplit("/", 1)[1].removesuffix("-ubyte.gz")]))
        return str(target)

    monkeypatch.setattr(pooch, "retrieve", retrieve)
    sums = {
        "x": data.hashlib.sha256(x.tobytes()).hexdigest(),
        "label": data.hashlib.sha256(label.tobytes()).hexdigest(),
    }
    changed = data._manifest(data.STORE) | {"originals": {"mnist": sums}}
    monkeypatch.setattr(data, "_manifest", lambda store: changed)
    return x, label, asked, sums


def test_fetch_goes_on_to_the_next_mirror_and_joins_the_parts(mirror, tmp_path):
    x, label, asked, _ = mirror
    full = data.fetch("mnist", tmp_path)
    np.testing.assert_array_equal(full.x, x)
    np.testing.assert_array_equal(full.label, label)
    assert len(asked) == 8  # four files, each refused once
    assert {known for _, known in asked} == {f"md5:{md5}" for md5 in data._ORIGINALS["mnist"].values()}


def test_fetch_refuses_another_set(mirror):
    *_, sums = mirror
    sums["label"] = "0" * 64
    with pytest.raises(data.DamagedFile, match="mnist set differs in 'label'"):
        data.fetch("mnist")


def test_fetch_without_a_network_says_where_to_put_the_file(monkeypatch, tmp_path):
    pooch = pytest.importorskip("pooch")

    def retrieve(*_, **__):
        raise OSError("no route to host")

    monkeypatch.setattr(pooch, "retrieve", retrieve)
    with pytest.raises(ConnectionError, match=r"name='fashion'.*fashion-train-images.*no route to host") as caught:
        data.fetch("fashion", tmp_path)
    assert str(tmp_path) in str(caught.value)
    with pytest.raises(ValueError, match=r"^name='random'"):
        data.fetch("random")


def test_fetch_refuses_a_page_in_place_of_a_file(tmp_path):
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(b"<html>sorry</html>"))
    with pytest.raises(data.DamagedFile, match=r"x\.gz is no IDX file"):
        data._idx(path)


@pytest.mark.skipif(ORIGINALS is None, reason="needs the complete sets: LSVIZ_ORIGINALS=FOLDER")
@pytest.mark.parametrize("name", data.PICTURED)
def test_fetch_takes_the_true_set(name, monkeypatch, tmp_path):
    pooch = pytest.importorskip("pooch")
    full = np.load(Path(ORIGINALS) / {"mnist": "mnist.npz", "fashion": "fashion_mnist.npz"}[name])
    keys = {"train-images": "x_train", "train-labels": "y_train", "t10k-images": "x_test", "t10k-labels": "y_test"}

    def retrieve(url, known_hash, fname, path, **_):
        target = tmp_path / fname
        part = url.rsplit("/", 1)[1].rsplit("-", 2)[0]
        array = full[keys[part]]
        head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
        target.write_bytes(gzip.compress(head + array.tobytes(), 1))
        return str(target)

    monkeypatch.setattr(pooch, "retrieve", retrieve)
    fetched = data.fetch(name, tmp_path)
    assert fetched.x.shape == (70_000, 28, 28)
    np.testing.assert_array_equal(fetched.label[60_000:], full["y_test"])
