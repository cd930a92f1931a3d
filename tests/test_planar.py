"""Networks on a torus: exact symmetries and where they end, aliasing, and what trained networks make of shifts and turns."""

import json
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from torch import nn

from lsviz import data, equivariant, nets
from lsviz.equivariant import equivariance_error, group_average, rotate, shift, turn
from lsviz.nets.layers import GroupConv, Lift
from lsviz.nets.stored import PLANAR_FOLDER

SHIFTS = [name for name in nets.PLANAR if name.startswith("shift")]
TURNS = range(4)


def stays(g, y):
    return y


def random(name, kernel=None, seed=0):
    """f in double precision with weights of which none is trivial, biases included."""
    net = nets.make(name, kernel=kernel)
    w = torch.tensor(net.init((seed,)) + 0.1 * np.random.default_rng(1).standard_normal((1, net.size)))
    return net, w, lambda x: net(w, x)[0]


def pictures(P=2, seed=3):
    return torch.tensor(np.random.default_rng(seed).random((P, 32, 32)))


# --- shifts --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "every"), [("none", 1), ("stride", 8), ("max", 8), ("blur", 4), ("flat", 32)])
def test_a_network_is_invariant_at_multiples_of_its_stride_and_not_between(name, every):
    net, _, f = random(f"shift_{name}")
    x = pictures()
    assert nets.exact_every(net) == every and net.stride == (1 if name == "none" else 8)
    errors = np.array([max(equivariance_error(f, x, [k], shift, stays), equivariance_error(f, x, [(k, 0)], shift, stays))
                       for k in range(1, 33)])  # fmt: skip
    exact = np.arange(1, 33) % every == 0
    assert errors[exact].max() < 1e-12
    assert exact.all() or errors[~exact].min() > 1e-4, errors
    if name != "none":  # interpolation is no symmetry of the grid
        assert equivariance_error(f, x, [every + 0.5], shift, stays) > 1e-4


def test_features_move_with_the_picture():
    """Total stride S: f(shift_k x) = shift_{k/S} f(x) for multiples of S, and the shift of the features matters."""
    net, w, _ = random("shift_max")
    x = pictures()
    features = net.features(w, x)[0]
    moved = net.features(w, shift((8, 16), x))[0]
    assert features.shape == (2, 16, 4, 4)
    assert float((moved - shift((1, 2), features)).abs().max()) < 1e-12 < 1e-2 < float((moved - features).abs().max())


def test_the_undiminished_network_is_the_strided_one_averaged_over_all_shifts():
    _, w, f = random("shift_stride")
    x = pictures()
    mean = group_average(f, [(i, j) for i in range(8) for j in range(8)], shift)
    np.testing.assert_allclose(mean(x), nets.make("shift_none")(w, x)[0], rtol=0, atol=1e-12)
    assert equivariance_error(mean, x, [1, (3, 5)], shift, stays) < 1e-12 < equivariance_error(f, x, [1], shift, stays)


def test_a_blur_is_the_binomial_filter_and_every_other_pixel():
    net, w, _ = random("shift_blur")
    x = pictures()
    with torch.no_grad():
        parts = [p.view(q.shape) for p, q in zip(w[0].split([q.numbers for q in net.parts]), net.parts)]
        taps = torch.tensor([1.0, 4, 6, 4, 1], dtype=torch.float64) / 16
        z = x[:, None]
        for k in (0, 2, 4):
            z = torch.relu(nn.functional.conv2d(nn.functional.pad(z, (1,) * 4, mode="circular"), parts[k], parts[k + 1]))
            z = torch.stack([z.roll((-i, -j), (2, 3)) for i in (0, 1) for j in (0, 1)]).amax(0)
            z = sum(a * b * z.roll((2 - i, 2 - j), (2, 3)) for i, a in enumerate(taps) for j, b in enumerate(taps))
            z = z[..., ::2, ::2]
        wanted = z.mean((2, 3)) @ parts[6].T + parts[7]
    np.testing.assert_allclose(net(w, x)[0], wanted, rtol=1e-12, atol=1e-12)


def test_max_pooling_without_a_gradient_gives_the_same_numbers():
    net, w, f = random("shift_max")
    x = pictures()
    np.testing.assert_array_equal(f(x), net(w.clone().requires_grad_(), x)[0].detach())
    odd = nets.make("lenet")  # 28 → 14 → 10 → 5
    w = torch.tensor(odd.init(1))
    np.testing.assert_array_equal(odd(w, x[:, :28, :28]), odd(w.requires_grad_(), x[:, :28, :28]).detach())


# --- turns ---------------------------------------------------------------------------------------------------------------


def roll(g, y):
    return turn(g, y).roll(g, 2)


def test_p4_features_turn_and_their_orientations_roll():
    net, w, f = random("turn_p4")
    x = pictures()

    def features(x):
        return net.features(w, x)[0]

    assert features(x).shape == (2, 8, 4, 8, 8)
    assert equivariance_error(features, x, TURNS, turn, roll) < 1e-12
    assert equivariance_error(features, x, (1, 2, 3), turn, turn) > 0.1  # without the roll
    assert equivariance_error(features, x, (1, 2, 3), turn, lambda g, y: turn(g, y).roll(-g, 2)) > 0.1
    assert equivariance_error(f, x, TURNS, turn, stays) < 1e-12
    _, _, plain = random("turn_plain")
    assert equivariance_error(plain, x, (1, 2, 3), turn, stays) > 1e-2
    assert abs(nets.make("turn_p4").N / nets.make("turn_plain").N - 1) < 0.03


def test_lifting_and_group_convolution_are_the_sums_of_their_definition():
    """(f ⋆ ψ)(s, r) = Σ over s', r', of f(s', r') ψ(R_r⁻¹(s' − s), r' − r), pixel by pixel."""
    from lsviz.nets.forward import _chain

    rng, n = np.random.default_rng(0), 6
    for layer in (Lift(2, 3, 3), GroupConv(2, 3, 3)):
        deep = isinstance(layer, GroupConv)
        x, psi = rng.standard_normal((1, 2, *[4] * deep, n, n)), rng.standard_normal((3, 2, *[4] * deep, 3, 3))
        found = _chain((layer,), torch.tensor(x), iter([torch.tensor(psi), torch.zeros(3, dtype=torch.float64)]), None, False, False)
        wanted = np.zeros((1, 3, 4, n, n))
        for r in TURNS:
            for row in range(n):
                for column in range(n):
                    for down in (-1, 0, 1):
                        for right in (-1, 0, 1):
                            a, b = down, right
                            for _ in range(r):  # R⁻¹: with the clock, (down, right) → (right, −down)
                                a, b = b, -a
                            look = x[0, ..., (row + down) % n, (column + right) % n]
                            weights = psi[..., a + 1, b + 1]
                            weights = np.roll(weights, r, 2) if deep else weights
                            wanted[0, :, r, row, column] += np.tensordot(weights, look, look.ndim)
        np.testing.assert_allclose(found, wanted, atol=1e-12)


def test_averaging_any_function_over_the_four_turns_is_invariant():
    """Also a network with no symmetry at all, and an equivariant average of its features; a part of the group is not enough."""
    _, _, f = random("shift_flat")
    x = pictures()
    assert equivariance_error(f, x, TURNS, turn, stays) > 0.1
    assert equivariance_error(group_average(f, TURNS, turn), x, TURNS, turn, stays) < 1e-12
    assert equivariance_error(group_average(f, (0, 1), turn), x, TURNS, turn, stays) > 1e-2
    net, w, _ = random("turn_plain")
    mean = group_average(lambda x: net.features(w, x)[0], TURNS, turn, lambda g, y: turn(-g, y))
    assert equivariance_error(mean, x, TURNS, turn, turn) < 1e-12


def test_even_filters_are_refused_and_other_odd_ones_are_not():
    for kernel in (4, 0, 17, True):
        with pytest.raises(ValueError, match=r"^kernel: got .*allowed: an odd whole number"):
            nets.make("turn_p4", kernel=kernel)
    with pytest.raises(ValueError, match=r"^kernel: got 3; allowed: none for lenet"):
        nets.make("lenet", kernel=3)
    x = pictures()
    assert equivariance_error(random("turn_p4", kernel=3)[2], x, TURNS, turn, stays) < 1e-12


def test_rotations_are_exact_at_multiples_of_90_and_the_right_way_round():
    x = pictures().numpy()
    for angle in (0, 90, 180, 270, -90, 360):
        np.testing.assert_array_equal(rotate(angle, x), turn(angle // 90, x))
    assert rotate(30, x).shape == x.shape and rotate(30, x[0]).shape == (32, 32)
    np.testing.assert_allclose(rotate(30, torch.tensor(x)), rotate(30, x), atol=1e-12)
    np.testing.assert_allclose(rotate(120, x), turn(1, rotate(30, x)), atol=1e-12)
    spot = np.zeros((32, 32))
    spot[15:17, 24:26] = 1  # right of the middle: 8.5 ± 0.5
    for angle in (20, 30, 45, 70, 200):
        rows, columns = np.mgrid[:32, :32] - 15.5
        moved = rotate(angle, spot)
        middle = [(moved * axis).sum() / moved.sum() for axis in (columns, -rows)]
        np.testing.assert_allclose(middle, 9 * np.array([np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))]), atol=0.1)
    with pytest.raises(ValueError, match=r"^degrees: got nan"):
        rotate(float("nan"), x)


# --- aliasing ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stride", [1, 2, 3, 4])
@pytest.mark.parametrize("waves", [1, 7, 13, 16, 22])
@pytest.mark.parametrize("blur", ["none", "1 2 1", "1 4 6 4 1"])
def test_the_kept_points_show_the_apparent_wave(stride, waves, blur):
    ds = equivariant.aliasing(waves=waves, stride=stride, blur=blur, seeds=2)
    on_ring = ds.apparent_wave.values[:, ::8]
    there = ds.kept.notnull().values
    np.testing.assert_allclose(ds.kept.values[there], on_ring[there], atol=1e-12)
    assert there[0].sum() == 48 // stride
    slow = float(ds.apparent_frequency)
    assert slow <= float(ds.nyquist) + 1e-12
    # By the amplitudes of the kept points alone: a single wave, at the apparent frequency, of what the blur leaves.
    spectrum = ds.spectrum_kept.sel(seed=0)
    place = int(np.nanargmax(spectrum.values))
    assert place == round(slow * 48 / (2 * np.pi)) == min(waves % (48 // stride), -waves % (48 // stride))
    drawn = np.abs(np.fft.rfft(ds.apparent_wave.values[0]))
    assert drawn.argmax() == place or drawn.max() < 1e-9  # the slowest of all waves through those points
    if 0 < slow < float(ds.nyquist) - 1e-9:
        assert float(spectrum[place]) == pytest.approx(float(ds.blur_left))
        assert float(spectrum.sum()) == pytest.approx(float(ds.blur_left))
        assert float(np.ptp(ds.pooled.values)) < 1e-12


def test_what_is_aliased_to_zero_moves_the_mean_unless_a_blur_kills_it():
    plain, saved = (equivariant.aliasing(waves=24, stride=2, blur=blur) for blur in ("none", "1 2 1"))
    assert float(np.ptp(plain.pooled.sel(seed=0).values)) > 0.1 and float(np.abs(saved.pooled).max()) < 1e-12
    np.testing.assert_allclose(plain.pooled[:, 0], plain.pooled[:, 2], atol=1e-12)  # a shift by s changes nothing
    # max(0, ·) makes 2ω: 12 waves become 24, and the mean over every other point depends on where it starts.
    smooth, bent = (equivariant.aliasing(waves=12, rectified=how) for how in ("no", "first"))
    assert float(np.ptp(smooth.pooled.values, 1).max()) < 1e-12 < 0.05 < float(np.ptp(bent.pooled.values, 1).max())


# --- the weights that come with the package --------------------------------------------------------------------------------


def test_the_stored_networks_are_small_and_were_stopped_at_one_training_loss():
    files = sorted(path.name for path in PLANAR_FOLDER.iterdir())
    assert files == sorted([*(f"{name}.npy" for name in nets.PLANAR), "nets.json"])
    assert sum(path.stat().st_size for path in PLANAR_FOLDER.iterdir()) < 5e5
    card = (data.STORE / "README.md").read_text("utf-8")
    for kind in ("shift", "turn"):
        stories = [nets.story(name) for name in nets.PLANAR if name.startswith(kind)]
        losses = np.array([told["loss"] for told in stories])
        assert losses.shape[1] == 3 and losses.max() / losses.min() < 1.35, losses
        assert all(told["command"] == "python tools/train_planar.py" and told["seeds"] == [0, 1, 2] for told in stories)
    for name in nets.PLANAR:
        told = nets.story(name)
        assert (told["N"], told["size"]) == (nets.make(name).N, nets.make(name).size)
        errors = " ".join(f"{100 * one:.2f}" for one in told["test_error"])
        losses = " ".join(f"{one:.3f}" for one in told["loss"])
        row = f"| `{name}` | {told['N']} | {errors} | {losses} | {' '.join(map(str, told['steps']))} | {told['bytes']} |"
        assert row in card, row


@pytest.mark.parametrize("name", nets.PLANAR)
def test_a_stored_network_answers_as_its_story_says(name):
    w, net, told = nets.stored(name), nets.make(name), nets.story(name)
    assert w.shape == (3, net.size) and np.abs(w[0] - w[1]).max() > 0.1
    np.testing.assert_array_equal(w, w.astype(np.float16))
    test, train = data.images("mnist", P=400, split="test"), data.images("mnist", P=400)
    _, error = nets.judge(net, w, nets.padded(test.x), test.label)
    assert (np.abs(error - told["test_error"]) < 4 * np.sqrt(np.array(told["test_error"]) / 400)).all()
    loss, _ = nets.judge(net, w, nets.padded(train.x), train.label)
    if name != "turn_augmented":
        np.testing.assert_allclose(loss, told["loss"], rtol=0.4)


def test_a_damaged_file_is_named(tmp_path, monkeypatch):
    import shutil

    shutil.copytree(PLANAR_FOLDER, tmp_path / "planar")
    monkeypatch.setattr(sys.modules["lsviz.nets.stored"], "PLANAR_FOLDER", tmp_path / "planar")
    content = bytearray((tmp_path / "planar" / "shift_max.npy").read_bytes())
    content[500] ^= 1
    (tmp_path / "planar" / "shift_max.npy").write_bytes(content)
    with pytest.raises(data.DamagedFile, match=r"shift_max\.npy is missing or damaged.*git checkout -- lsviz/store/planar"):
        nets.stored("shift_max")
    (tmp_path / "planar" / "nets.json").write_text("[")
    sys.modules["lsviz.nets.stored"].stories.cache_clear()
    with pytest.raises(data.DamagedFile, match="store/planar"):
        nets.story("shift_max")


# --- experiments ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shifts():
    return equivariant.shift_response(shift_nets=("stride", "max", "blur", "none", "flat"), shift=3.5, probe=200)


def test_one_pixel_changes_most_with_stride_less_with_max_pooling_least_with_a_blur(shifts):
    """Every seed's order, of the share of changed classes and of |Δp|; and nothing at all where nothing is dropped."""
    for name in ("top_change", "probability_change"):
        at_one = shifts[name].sel(whole_shift=1)
        mean = at_one.mean("seed")
        assert float(mean.sel(network="stride")) > float(mean.sel(network="max")) > float(mean.sel(network="blur"))
    change = shifts.probability_change.sel(whole_shift=1)
    assert (change.sel(network="stride") > change.sel(network="max")).all()
    assert (change.sel(network="max") > change.sel(network="blur")).all()
    assert float(shifts.top_change.sel(network="none").max()) == 0
    assert float(shifts.probability_change.sel(network="none").max()) < 1e-5
    assert float(shifts.top_change.sel(whole_shift=8, network=["stride", "max", "blur"]).max()) == 0
    assert float(shifts.top_change.sel(whole_shift=8, network="flat").min()) > 0.05
    assert (shifts.test_error < 0.2).all()


def test_changes_over_pictures_are_those_counted_by_hand(shifts):
    test = data.images("mnist", P=200, split="test")
    x, net, w = nets.padded(test.x), nets.make("shift_stride"), nets.stored("shift_stride")
    z = torch.tensor(net(w, x)).double().softmax(2)
    for k in (1, 3, 6):
        moved = torch.tensor(net(w, np.roll(x, k, 2))).double().softmax(2)
        top = z.argmax(2, keepdim=True)
        ds = shifts.sel(network="stride", whole_shift=k)
        np.testing.assert_array_equal(ds.top_change, (moved.argmax(2) != top[..., 0]).double().mean(1))
        np.testing.assert_allclose(ds.probability_change, (moved - z).gather(2, top).abs().mean((1, 2)), atol=1e-5)


def test_along_the_shifts_answers_are_exact_where_they_must_be(shifts):
    change = shifts.output_change.max("seed")
    for name, every in zip(shifts.network.values, shifts.exact_every.values):
        exact = shifts.shift_pixels % every == 0
        assert float(change.sel(network=name)[exact.values].max()) < 1e-12
        between = change.sel(network=name)[(shifts.shift_pixels % 1 == 0).values & ~exact.values]
        assert not between.size or float(between.min()) > 1e-3
    np.testing.assert_allclose(shifts.probability_shift.sum("output"), 1)
    np.testing.assert_allclose(shifts.probability, shifts.probability_shift.sel(shift_pixels=3.5), atol=1e-5)
    np.testing.assert_allclose(shifts.shifted, shift(3.5, shifts.image.values))
    assert float(shifts.picture_class) == data.images("mnist", P=1, split="test").label[0]


def test_p4_errs_alike_at_four_angles_and_a_plain_network_is_lost():
    ds = equivariant.rotation_response(turns=(0, 30, 90, 180, 270), turn=90, probe=150)
    error = ds.error_turn.mean("seed")
    quarter = error.sel(turn_degrees=[0, 90, 180, 270])
    assert float(np.ptp(ds.error_turn.sel(network="p4", turn_degrees=[0, 90, 180, 270]).values, 1).max()) == 0
    assert float(ds.equivariance.sel(network="p4", turn_degrees=[90, 180, 270]).max()) < 1e-5
    plain = quarter.sel(network="plain").values
    assert plain[0] < 0.2 and plain[1] > 0.6 and plain[3] > 0.6 and plain[2] > 0.4
    assert float(ds.equivariance.sel(network="plain", turn_degrees=90).min()) > 0.3
    augmented = quarter.sel(network="augmented").values
    assert np.ptp(augmented) < 0.1 and augmented.max() < 0.3
    assert (quarter.sel(network="p4").values[1:] < plain[1:]).all()
    assert float(quarter.sel(network="p4")[0]) > plain[0]  # it pays upright
    # The floor is that of interpolation: zero at multiples of 90°, not between; and p4 is above it there, as 30° is not in its group.
    assert float(ds.image_floor.sel(turn_degrees=[0, 90, 180, 270]).max()) == 0 < 0.05 < float(ds.image_floor.sel(turn_degrees=30)) < 0.5
    assert (ds.equivariance.sel(network="p4", turn_degrees=30) > ds.equivariance_floor.sel(network="p4", turn_degrees=30)).all()
    np.testing.assert_allclose(ds.probability, ds.probability_turn.sel(turn_degrees=90), atol=1e-5)
    np.testing.assert_array_equal(ds.error_back.sel(turn_degrees=0), ds.test_error)


def test_seeds_that_are_not_shipped_stay_unknown_and_the_others_keep_their_numbers(shifts):
    ds = equivariant.shift_response(shift_nets=("max",), shift=3.5, probe=200, seeds=(7, 2))
    assert ds.probability.sel(seed=7).isnull().all() and ds.loss.sel(seed=7).isnull().all()
    for name in ("top_change", "probability", "loss", "iterations"):
        np.testing.assert_array_equal(ds[name].sel(network="max", seed=2), shifts[name].sel(network="max", seed=2))
    assert float(ds.loss.sel(seed=2)[0]) == nets.story("shift_max")["loss"][2]


def test_a_shift_of_the_slider_answers_at_once():
    """The first of the stream holds all four networks' answers; what it costs, once torch is there."""

    def first(k):
        start = time.process_time()  # not what others on this machine take
        ds = next(equivariant.shift_response.stream(shift=k, picture=5, seeds=3))
        assert ds.probability.notnull().all()
        return time.process_time() - start

    first(0.0)
    assert min(first(k) for k in np.linspace(0, 3, 7)) < 0.07


def test_own_pictures_and_bad_input():
    grey = tuple(np.linspace(0, 1, 784))
    ds = next(equivariant.shift_response.stream(pixels=grey))
    np.testing.assert_array_equal(ds.image[2:-2, 2:-2].values.ravel(), grey)
    assert np.isnan(ds.picture_class)
    for experiment in (equivariant.shift_response, equivariant.rotation_response):
        with pytest.raises(ValueError, match=r"^pixels: got 25 numbers; allowed: 784"):
            experiment(pixels=(0.0,) * 25)
        with pytest.raises(ValueError, match=r"^picture: got 60000"):
            experiment(picture=60000)
        with pytest.raises(ValueError, match=r"^probe: got 9000"):
            experiment(probe=9000)
    with pytest.raises(ValueError, match=r"^shift_nets: got .*allowed"):
        equivariant.shift_response(shift_nets=("lenet",))
    with pytest.raises(ValueError, match=r"^x: got shape \(1, 28, 28\); allowed: \(P, 32, 32\)"):
        nets.make("shift_max")(nets.make("shift_max").init(1), np.zeros((1, 28, 28)))
    for shape in ((3, 33, 33), (3, 27, 27), (3, 28, 30)):
        with pytest.raises(ValueError, match=r"^x: got shape"):
            nets.padded(np.zeros(shape))
    with pytest.raises(ValueError, match=r"^net: got 'lenet'"):
        nets.exact_every(nets.make("lenet"))


def test_importing_loads_no_torch_and_the_story_is_json():
    script = "import sys\nfrom lsviz import equivariant\nequivariant.aliasing()\nassert not {'torch', 'e3nn'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True)
    assert set(json.loads((PLANAR_FOLDER / "nets.json").read_text("utf-8"))) == set(nets.PLANAR)


def test_turned_batches_are_turned_by_all_quarter_turns_from_their_own_stream():
    from lsviz.nets.train import Recipe

    net, im = nets.make("turn_plain"), data.images("mnist", P=64)
    x = nets.padded(im.x)
    runs = [nets.Run(net, net.init(1)[0], x, im.label, 9, 0, Recipe("adam", 1e-3, batch=64, turns=turns)) for turns in (False, True, True)]
    seen = runs[1]._turned(torch.tensor(x))
    which = [next(k for k in TURNS if np.array_equal(seen[i], np.rot90(x[i], k))) for i in range(64)]
    assert set(which) == set(TURNS) and min(map(which.count, TURNS)) > 5
    assert torch.equal(runs[1].x, runs[0].x)  # the training set itself stays upright
    for run in runs[::2]:
        run.step()
    assert not torch.equal(runs[0].w, runs[2].w)
