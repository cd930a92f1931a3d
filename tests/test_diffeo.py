"""The chapter's physics: how large a displacement is, what stays exactly still, where maps fold, and who is stable to what."""

import math
import subprocess
import sys

import numpy as np
import pytest
import torch

from lsviz import data, diffeo
from lsviz.diffeo import relative
from lsviz.diffeo.modes import modes

T = 1.4783e-3  # at n = 28, c = 3 the authors' δ = 1 pixel


def digits(P=60):
    return data.images("mnist", P=P, split="test").x


# --- the field ---------------------------------------------------------------------------------------------------------


def local_mean_square(T, c, n, x, y):
    """⟨|u|²⟩ at one pixel, summed wave by wave, and written without the package."""
    waves = [(i, j) for i in range(1, c + 1) for j in range(1, c + 1) if math.hypot(i, j) < c + 0.5]
    s = [math.pi * a / (n - 1) for a in (x, y)]
    return 2 * n**2 * T * sum((math.sin(i * s[0]) * math.sin(j * s[1])) ** 2 / (i * i + j * j) for i, j in waves)


@pytest.mark.parametrize(("c", "count"), [(3, 6), (5, 19), (10, 77), (30, 703)])
def test_the_cutoff_is_that_of_the_code(c, count):
    assert len(modes(c).i) == count


@pytest.mark.parametrize("c", [3, 7])
def test_displacement_is_the_exact_sum_over_4000_draws(c):
    n = 28
    found = diffeo.field(T, c, n, 4000)
    square = (found**2).sum(1)
    assert math.sqrt(square.mean()) == pytest.approx(diffeo.displacement(T, c, n), rel=0.01)
    exact = np.mean([[local_mean_square(T, c, n, x, y) for x in range(n)] for y in range(n)])
    assert diffeo.displacement(T, c, n) == pytest.approx(math.sqrt(exact), rel=1e-12)
    S = sum(1 / (i * i + j * j) for i, j in zip(modes(c).i, modes(c).j, strict=True))
    assert diffeo.displacement(T, c, n) == pytest.approx((n - 1) * math.sqrt(T * S / 2), rel=1e-12)
    for x, y in ((13, 13), (4, 20), (9, 2)):
        here = np.sqrt(square[:, y, x].mean())
        assert here == pytest.approx(math.sqrt(local_mean_square(T, c, n, x, y)), rel=0.03), (x, y)
    for component in (0, 1):  # each half of it, and independent
        assert (found[:, component] ** 2).mean() == pytest.approx(square.mean() / 2, rel=0.03)
    assert abs((found[:, 0] * found[:, 1]).mean()) < 0.02 * square.mean()


def test_every_wave_has_the_strength_of_the_boltzmann_weight():
    """⟨C_ij²⟩ = T/(i² + j²), found back from the fields by the sines' orthogonality: i along columns, j along rows."""
    n, c = 40, 4
    found = diffeo.field(0.01, c, n, 3000) / n
    s = np.sin(math.pi * np.arange(1, c + 1)[:, None] * np.linspace(0, 1, n))
    C = np.einsum("skyx,ix,jy->skij", found, s, s) * (2 / (n - 1)) ** 2
    for i in range(1, c + 1):
        for j in range(1, c + 1):
            wanted = 0.01 / (i * i + j * j) if math.hypot(i, j) < c + 0.5 else 0
            assert (C[:, :, i - 1, j - 1] ** 2).mean() == pytest.approx(wanted, rel=0.12, abs=1e-20)
    one = np.einsum("yx,ix,jy->ij", diffeo.field(0.01, 1, n, 1)[0, 0], s, s)
    assert abs(one[0, 0]) > 1e3 * np.abs(one - np.diag([one[0, 0], 0, 0, 0])).max()


def test_the_border_stays():
    found = diffeo.field(0.1, 5, 28, 20)
    for edge in (found[..., 0], found[..., -1], found[..., 0, :], found[..., -1, :]):
        assert (edge == 0).all()
    assert np.abs(found).max() > 1


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_four_times_the_temperature_is_twice_the_field_bit_for_bit(dtype):
    one, four = (diffeo.field(t, 5, 28, (7, 3), dtype=dtype) for t in (T, 4 * T))
    assert one.dtype == dtype and np.array_equal(four, 2 * one) and np.abs(one).max() > 0
    assert not diffeo.field(0, 5, 28, 3).any()


def test_seeds_in_a_batch_are_seeds_one_by_one():
    seeds = (5, 2, 31, 32, 1000, 2**40)
    together = diffeo.field(T, 4, 28, seeds)
    for seed, mine in zip(seeds, together, strict=True):
        np.testing.assert_allclose(diffeo.field(T, 4, 28, (seed,))[0], mine, rtol=0, atol=1e-13)
    assert np.array_equal(diffeo.field(T, 4, 28, 3), diffeo.field(T, 4, 28, (0, 1, 2)))
    corr = np.corrcoef(
        diffeo.field(T, 4, 28, 200)[:, :, 13, 9].reshape(2, -1).T.ravel()[:199],
        diffeo.field(T, 4, 28, 199)[:, 0, 13, 9],
    )
    assert abs(corr[0, 1]) < 0.3 and len(np.unique(together[:, 0, 5, 5])) == len(seeds)


def test_a_larger_cutoff_keeps_the_long_waves():
    few, many = diffeo.field(T, 3, 28, 4), diffeo.field(T, 9, 28, 4)
    s = np.sin(math.pi * np.arange(1, 10)[:, None] * np.linspace(0, 1, 28))
    a, b = (np.einsum("skyx,ix,jy->skij", u, s, s)[:, :, :2, :2] for u in (few, many))
    np.testing.assert_allclose(a, b, rtol=0, atol=1e-9 * np.abs(a).max())


def test_temperature_and_displacement_are_inverse_and_the_authors_are_theirs():
    for c, n in ((1, 28), (3, 28), (12, 28), (30, 28), (15, 224)):
        assert diffeo.temperature(diffeo.displacement(T, c, n), c, n) == pytest.approx(T, rel=1e-12)
    assert diffeo.temperature_leading_log(1, 3, 28) == pytest.approx(1.4783e-3, rel=1e-4)
    assert diffeo.displacement_leading_log(T, 3, 28) == pytest.approx(1, rel=1e-4)
    assert diffeo.displacement(T, 3, 28) == pytest.approx(0.812, abs=1e-3)
    ratio = [diffeo.displacement(1, c, 4000) / diffeo.displacement_leading_log(1, c, 4000) for c in (3, 5, 10, 30)]
    np.testing.assert_allclose(ratio, (0.843, 0.862, 0.879, 0.908), atol=1e-3)
    table = {3: (3.70e-4, 1.305e-2), 5: (2.52e-4, 3.21e-3), 10: (1.76e-4, 5.60e-4), 15: (1.50e-4, 2.12e-4)}
    for c, wanted in table.items():
        np.testing.assert_allclose(diffeo.temperature_range(c, 28), wanted, rtol=5e-3)


# --- folds -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("c", "high"), [(3, 0.5), (5, 0.5), (10, 0.4)])
def test_folds_begin_at_the_largest_temperature(c, high):
    T_max = diffeo.temperature_range(c, 28).T_max
    share = {t: diffeo.folds(t * T_max, c, 28, 200).any((1, 2)).mean() for t in (0.1, 1, 4)}
    assert share[0.1] == 0 and share[4] > 0.9
    assert (0.25 if c < 10 else 0.05) <= share[1] <= high, share
    assert not diffeo.folds(0, c, 28, 3).any()


def test_folds_are_those_of_the_map_that_deform_applies():
    """The same determinant from differences of a field on a fine grid, in its own pixels: n/(n − 1) at n = 28, not at the fine n."""
    n, c, fine = 28, 4, 28 * 8
    T = 1.5 * diffeo.temperature_range(c, n).T_max
    found = diffeo.folds(T, c, n, 12, grid=fine)
    u = diffeo.field(T, c, fine, 12) / fine * n  # pixels of n
    step = (n - 1) / (fine - 1)
    uy, ux = np.gradient(u[:, 0], step, axis=(1, 2))
    vy, vx = np.gradient(u[:, 1], step, axis=(1, 2))
    det = (1 - ux) * (1 - vy) - uy * vx
    inner = (slice(None), slice(1, -1), slice(1, -1))
    clear = np.abs(det[inner]) > 0.02
    assert found.any() and found.shape == (12, fine, fine)
    np.testing.assert_array_equal(found[inner][clear], det[inner][clear] <= 0)


# --- the warp ----------------------------------------------------------------------------------------------------------

BOTH = pytest.mark.parametrize("kind", [np.asarray, torch.as_tensor], ids=["numpy", "torch"])
KINDS = ("bilinear", "nearest", "gaussian")


@BOTH
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", [28, 32, 33])
def test_a_zero_field_changes_no_bit_and_whole_pixels_are_slices(kind, dtype, n):
    rng = np.random.default_rng(0)
    raw = rng.random((3, 2, n, n)).astype(dtype)
    images = kind(raw)
    still = kind(np.zeros((1, 2, n, n), dtype))
    assert np.array_equal(np.asarray(diffeo.deform(images, still)), raw)
    for axis, shift in ((0, 2), (0, -3), (1, 1), (1, -2)):
        move = np.zeros((3, 2, n, n), dtype)
        move[:, axis] = shift
        for interpolation in ("bilinear", "nearest"):
            found = np.asarray(diffeo.deform(images, kind(move), interpolation))
            assert found.dtype == dtype
            taken = np.clip(np.arange(n) - shift, 0, n - 1)
            wanted = raw[..., taken] if axis == 0 else raw[..., taken, :]
            np.testing.assert_array_equal(found, wanted)


@BOTH
def test_one_field_for_all_is_that_field_for_each_and_channels_lie_between(kind):
    rng = np.random.default_rng(1)
    images, field = rng.random((4, 3, 28, 28)), diffeo.field(0.02, 4, 28, 4)
    for interpolation in KINDS:
        each = np.asarray(diffeo.deform(kind(images), kind(field), interpolation))
        for b in range(4):
            alone = np.asarray(diffeo.deform(kind(images[b, :, None]), kind(field[b : b + 1]), interpolation))
            np.testing.assert_allclose(alone[:, 0], each[b], rtol=0, atol=1e-12)
        assert np.abs(each - images).max() > 0.1


def test_bilinear_by_hand():
    images, u = np.random.default_rng(2).random((1, 28, 28)), np.zeros((1, 2, 28, 28))
    u[0, :, 10, 12] = 0.25, -1.5  # from column 11.75, row 11.5
    found = diffeo.deform(images, u)[0, 10, 12]
    a = images[0]
    assert found == pytest.approx(
        0.5 * (0.25 * a[11, 11] + 0.75 * a[11, 12]) + 0.5 * (0.25 * a[12, 11] + 0.75 * a[12, 12])
    )


def test_gaussian_is_the_sum_over_all_pixels():
    images, u = np.random.default_rng(3).random((1, 12, 12)), diffeo.field(0.02, 3, 12, 1)
    k = np.arange(12)
    y, x = np.clip(k[:, None] - u[0, 1], 0, 11), np.clip(k - u[0, 0], 0, 11)
    w = np.exp(-((y[..., None, None] - k[:, None]) ** 2 + (x[..., None, None] - k) ** 2) / (2 * 0.4715**2))
    wanted = (w * images[0]).sum((2, 3)) / w.sum((2, 3))
    np.testing.assert_allclose(diffeo.deform(images, u, "gaussian")[0], wanted, atol=1e-13)


def test_numpy_and_torch_agree():
    images = digits(20)
    for c in (3, 9):
        mine, its = diffeo.field(T, c, 28, 20), diffeo.field(T, c, 28, 20, xp=torch)
        assert its.dtype == torch.float64 and diffeo.field(T, c, 28, 2, torch, torch.float32).dtype == torch.float32
        np.testing.assert_allclose(its, mine, rtol=0, atol=1e-13)
        for interpolation in KINDS:
            one, other = (
                diffeo.deform(images, mine, interpolation),
                diffeo.deform(torch.tensor(images), its, interpolation),
            )
            assert isinstance(one, np.ndarray) and isinstance(other, torch.Tensor)
            np.testing.assert_allclose(other, one, rtol=0, atol=1e-12)


def test_a_deformation_can_be_followed_by_a_gradient():
    images = torch.tensor(digits(2), requires_grad=True)
    diffeo.deform(images, diffeo.field(T, 3, 28, 2, torch)).sum().backward()
    assert images.grad is not None and bool(torch.isfinite(images.grad).all())


def test_numpy_loads_no_torch():
    script = (
        "import numpy as np, sys\nfrom lsviz import diffeo\nx = np.random.default_rng(0).random((4, 28, 28))\n"
        "diffeo.deform(x, diffeo.field(1e-3, 3, 28, 4)); diffeo.folds(1e-3, 3, 28, 2)\n"
        "diffeo.stability(lambda x: x.reshape(len(x), -1), x, T=1e-3, c=3, seeds=2)\nassert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


# --- D_f, G_f, R_f -----------------------------------------------------------------------------------------------------


def identity(x):
    return x.reshape(x.shape[0], -1)


def test_for_the_identity_the_mean_ratio_is_one_and_the_median_is_not():
    images = digits(200)
    found = diffeo.stability(identity, images, T=T, c=3, seeds=4, estimator="mean")
    np.testing.assert_allclose(found.R_f, 1, rtol=1e-12)
    assert (np.abs(found.D_f - found.G_f) < 1e-12).all() and (found.D_f > 0.001).all()
    median = diffeo.stability(identity, images, T=T, c=3, seeds=4)
    assert (median.R_f < 0.3).all()


def test_noise_has_the_length_of_each_images_own_deformation():
    images = digits(100)
    images[3] = 0  # nothing to deform
    lengths = []
    for moved, noisy in relative.probes(images, T, 3, (4, 9)):
        a, b = (np.linalg.norm(identity(x - images), axis=1) for x in (moved, noisy))
        np.testing.assert_allclose(b, a, rtol=1e-6, atol=1e-14)
        lengths.append(a)
        assert a[3] == 0 and (np.delete(a, 3) > 0.1).all() and a.std() > 0.1
        assert (
            abs(((noisy - images)[0, :5] ** 2).sum() / a[0] ** 2 - 5 / 28) < 0.1
        )  # isotropic: in the empty rows as well
    assert np.abs(lengths[0] - lengths[1]).max() > 0.1


def test_images_have_a_field_each():
    same = np.repeat(digits(1), 40, axis=0)
    (moved, _) = next(relative.probes(same, T, 3, (0,)))
    assert len(np.unique(moved.reshape(40, -1), axis=0)) == 40
    few = next(relative.probes(same[:7], T, 3, (0,)))[0]
    np.testing.assert_allclose(few, moved[:7], rtol=0, atol=1e-13)


@pytest.mark.parametrize("estimator", ["median", "mean"])
def test_the_ratio_knows_neither_scale_nor_origin_of_the_output(estimator):
    images, a = digits(), np.random.default_rng(0).standard_normal((784, 10)) / 28

    def f(x):
        return np.tanh(identity(x) @ a)

    one = diffeo.stability(f, images, T=T, c=3, seeds=(3, 1, 8), estimator=estimator)
    other = diffeo.stability(lambda x: 7 * f(x) - 2, images, T=T, c=3, seeds=(3, 1, 8), estimator=estimator)
    np.testing.assert_allclose(other.R_f, one.R_f, rtol=1e-9)
    np.testing.assert_allclose(one.D_f / one.G_f, one.R_f)
    alone = diffeo.stability(f, images, T=T, c=3, seeds=(8,), estimator=estimator)
    np.testing.assert_allclose(alone.R_f, one.R_f[2:], rtol=1e-9)
    its = diffeo.stability(
        lambda x: torch.tanh(x.reshape(len(x), -1) @ torch.tensor(a)),
        torch.tensor(images),
        T=T,
        c=3,
        seeds=(3, 1, 8),
        estimator=estimator,
    )
    for mine, theirs in zip(one, its, strict=True):
        assert isinstance(theirs, torch.Tensor)
        np.testing.assert_allclose(theirs, mine, rtol=1e-9)


def test_the_definition_written_out():
    images = digits(41)
    f = lambda x: identity(x)[:, 300:340] ** 2  # noqa: E731
    moved, noisy = next(relative.probes(images, T, 3, (6,)))
    change = [np.median((f(x) - f(images)) ** 2, axis=0).sum() for x in (moved, noisy)]
    pairs = [((p - q) ** 2).sum() for p in f(images) for q in f(images)]
    found = diffeo.stability(f, images, T=T, c=3, seeds=(6,))
    np.testing.assert_allclose(
        np.ravel(found), [change[0] / np.median(pairs), change[1] / np.median(pairs), change[0] / change[1]], rtol=1e-8
    )
    change = [((f(x) - f(images)) ** 2).mean(0).sum() for x in (moved, noisy)]
    found = diffeo.stability(f, images, T=T, c=3, seeds=(6,), estimator="mean")
    np.testing.assert_allclose(np.ravel(found)[:2], np.array(change) / np.mean(pairs), rtol=1e-8)


def test_known_ratios_of_linear_maps():
    """Mean grey level and 7 × 7 averages: noise is averaged away and a deformation is not, so smoothing raises R.

    (On the first 500 of the original test set, in which odd and even digits are not alternating, 2.2 and 3.2.)
    """
    images = digits(500)
    grey = diffeo.stability(lambda x: x.mean((1, 2))[:, None], images, T=T, c=3, seeds=12, estimator="mean").R_f
    pooled = diffeo.stability(
        lambda x: identity(x.reshape(-1, 4, 7, 4, 7).mean((2, 4))), images, T=T, c=3, seeds=4, estimator="mean"
    ).R_f
    assert abs(grey.mean() - 2.5) < 0.3 and abs(pooled.mean() - 3.43) < 0.2
    a = np.random.default_rng(1).standard_normal((784, 3000)) / 28
    random = diffeo.stability(lambda x: identity(x) @ a, images, T=T, c=3, seeds=2, estimator="mean").R_f
    np.testing.assert_allclose(random, 1, atol=0.05)


def test_nothing_moves_at_zero_temperature():
    found = diffeo.stability(identity, digits(5), T=0, c=3, seeds=2)
    assert np.isnan(found.R_f).all() and not found.D_f.any()
    again = diffeo.stability(identity, digits(30), T=T, c=3, seeds=1, interpolation="gaussian", estimator="mean")
    np.testing.assert_allclose(again.R_f, 1, rtol=1e-12)


# --- what is refused ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("T", lambda: diffeo.field(-1e-3, 3, 28, 1)),
        ("T", lambda: diffeo.field(math.nan, 3, 28, 1)),
        ("T", lambda: diffeo.folds(-1, 3, 28, 1)),
        ("T", lambda: diffeo.stability(identity, digits(3), T=-1, c=3, seeds=1)),
        ("delta", lambda: diffeo.temperature(-1, 3, 28)),
        ("delta", lambda: diffeo.temperature_leading_log(math.inf, 3, 28)),
        ("c", lambda: diffeo.field(T, 0, 28, 1)),
        ("c", lambda: diffeo.folds(T, 10**6, 28, 1)),
        ("c", lambda: diffeo.temperature_leading_log(1, 1, 28)),
        ("c", lambda: diffeo.displacement_leading_log(1, 1, 28)),
        ("c", lambda: diffeo.temperature_range(1, 28)),
        ("n", lambda: diffeo.field(T, 3, 2, 1)),
        ("n", lambda: diffeo.temperature_range(3, 0)),
        ("seeds", lambda: diffeo.field(T, 3, 28, (1, 1))),
        ("seeds", lambda: diffeo.field(T, 3, 28, (-1,))),
        ("seeds", lambda: diffeo.field(T, 3, 28, (2**64,))),
        ("grid", lambda: diffeo.folds(T, 3, 28, 1, grid=28)),
        ("images", lambda: diffeo.deform(np.zeros((2, 28, 27)), np.zeros((2, 2, 28, 27)))),
        ("images", lambda: diffeo.stability(identity, digits(1), T=T, c=3, seeds=1)),
        ("field", lambda: diffeo.deform(np.zeros((2, 28, 28)), np.zeros((3, 2, 28, 28)))),
        ("field", lambda: diffeo.deform(np.zeros((2, 28, 28)), np.zeros((2, 28, 28)))),
        ("field", lambda: diffeo.deform(np.zeros((2, 28, 28)), torch.zeros((2, 2, 28, 28)))),
        ("interpolation", lambda: diffeo.deform(np.zeros((2, 28, 28)), np.zeros((1, 2, 28, 28)), "cubic")),
        ("estimator", lambda: diffeo.stability(identity, digits(3), T=T, c=3, seeds=1, estimator="mode")),
        ("f", lambda: diffeo.stability(lambda x: x.mean((1, 2)), digits(3), T=T, c=3, seeds=1)),
    ],
)  # fmt: skip
def test_what_is_not_allowed_is_named(name, call):
    with pytest.raises(ValueError, match=rf"^{name}: got .*allowed"):
        call()


def test_one_wave_alone_is_allowed_where_no_logarithm_is():
    assert diffeo.displacement(T, 1, 28) > 0 and diffeo.field(T, 1, 28, 2).shape == (2, 2, 28, 28)
    assert diffeo.folds(1, 1, 28, 2).any()


# --- correlation, and the authors' points ------------------------------------------------------------------------------


def test_rank_correlation_is_spearmans_with_ties_and_holes():
    from scipy.stats import spearmanr

    rng = np.random.default_rng(0)
    a = rng.integers(0, 6, 40).astype(float)
    b = a + rng.standard_normal(40).round(1) * 3
    found = diffeo.rank_correlation(a, b)
    assert found.value == pytest.approx(spearmanr(a, b).statistic, abs=1e-12) and 0.05 < found.error < 0.2
    holes = np.r_[a, np.nan, 3], np.r_[b, 1, np.inf]
    assert diffeo.rank_correlation(*holes) == found
    assert diffeo.rank_correlation(a, a**3).value == 1 and diffeo.rank_correlation(a, -a).value == -1
    for few in (diffeo.rank_correlation(a[:3], b[:3]), diffeo.rank_correlation(0 * a, b)):
        assert math.isnan(few.value) and math.isnan(few.error)
    more = [diffeo.rank_correlation(x, x + rng.standard_normal(400)).error for x in [rng.standard_normal(400)]]
    assert more[0] < 0.06  # an error that falls with the number of networks
    assert diffeo.geometric_mean(np.array([1.0, 4.0, np.nan])) == pytest.approx(2)
    assert math.isnan(diffeo.geometric_mean(np.array([np.nan])))


def test_the_authors_points_are_those_of_the_reference_and_fall_with_P():
    assert len(diffeo.AUTHORS) == 22 and "preliminary" in diffeo.AUTHORS_LABEL
    last = [p for p in diffeo.AUTHORS if p.net == "ResNet" and p.dataset == "fashion"][-1]
    assert (last.P, last.R_f, last.test_error) == (50000, 0.019, pytest.approx(0.063))
    for net in ("ResNet", "EfficientNet"):
        for dataset in ("mnist", "fashion"):
            mine = [p for p in diffeo.AUTHORS if (p.net, p.dataset) == (net, dataset)]
            assert (
                diffeo.rank_correlation(np.array([p.R_f for p in mine]), np.array([p.test_error for p in mine])).value
                == 1
            )


# --- uploads -----------------------------------------------------------------------------------------------------------


def stored_as(picture, kind="PNG", **more):
    import io

    from PIL import Image

    held = io.BytesIO()
    Image.fromarray(picture).save(held, kind, **more)
    return held.getvalue()


def test_an_upload_becomes_a_square_of_ink_on_nothing():
    ink = np.zeros((56, 84), np.uint8)
    ink[20:36, 34:50] = 255
    wanted = ink[:, 14:70].reshape(28, 2, 28, 2).mean((1, 3)) / 255
    np.testing.assert_allclose(diffeo.grey_levels(stored_as(ink)), wanted, atol=0.01)
    np.testing.assert_allclose(diffeo.grey_levels(stored_as(255 - ink)), wanted, atol=0.01)  # ink on paper
    red = np.zeros((56, 84, 3), np.uint8)
    red[..., 0] = ink
    colour = diffeo.grey_levels(stored_as(red))
    assert 0.2 < colour.max() < 0.4 and colour[0, 0] == 0
    seen_through = np.zeros((56, 84, 4), np.uint8)
    seen_through[..., 3] = ink  # black ink on nothing at all
    np.testing.assert_allclose(diffeo.grey_levels(stored_as(seen_through)), wanted, atol=0.01)
    assert np.abs(diffeo.grey_levels(stored_as(ink, "JPEG")) - wanted).max() < 0.15
    assert diffeo.grey_levels(stored_as(ink), 64).shape == (64, 64)
    e = diffeo.deformation(pixels=tuple(diffeo.grey_levels(stored_as(ink)).ravel()), seeds=2)
    np.testing.assert_allclose(e.image, wanted, atol=0.01)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no picture"),
        (b"\x89PNG\r\n\x1a\n and then nothing", "no picture|cannot be read"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "no picture"),
        (stored_as(np.zeros((300, 300), np.uint8))[:-40], "damaged|cannot be read"),
        (stored_as(np.zeros((4, 400), np.uint8)), "400 × 4 pixels"),
        (stored_as(np.zeros((8000, 8000), np.uint8)), "8000 × 8000 pixels"),
        (stored_as(np.zeros((20000, 10000), np.uint8)), "10000 × 20000 pixels|no picture"),
        (bytes(21_000_000), "21 MB"),
    ],
    ids=["empty", "header", "svg", "cut", "thin", "huge", "bomb", "heavy"],
)
def test_an_upload_that_is_no_picture_says_so(content, words):
    with pytest.raises(ValueError, match=rf"^picture: got .*({words}).*allowed: a PNG"):
        diffeo.grey_levels(content)


# --- the experiments ---------------------------------------------------------------------------------------------------


def test_deformation_is_what_the_functions_say():
    ds = diffeo.deformation(picture=3, T=0.004, c=4, seeds=(2, 9))
    image = data.images("mnist", P=4, split="test").x[3]
    u = diffeo.field(0.004, 4, 28, (2, 9))
    np.testing.assert_array_equal(ds.image, image)
    np.testing.assert_array_equal(ds.field_x, u[:, 0])
    np.testing.assert_array_equal(ds.deformed, diffeo.deform(np.stack([image] * 2), u))
    np.testing.assert_allclose(
        np.sqrt(((ds.noisy - ds.image) ** 2).sum(("pixel_row", "pixel_column"))), ds.noise_norm, rtol=1e-12
    )
    np.testing.assert_allclose(
        np.sqrt(((ds.deformed - ds.image) ** 2).sum(("pixel_row", "pixel_column"))), ds.noise_norm, rtol=1e-12
    )
    np.testing.assert_array_equal(ds.fold, diffeo.folds(0.004, 4, 28, (2, 9)))
    assert (
        float(ds.delta) == diffeo.displacement(0.004, 4, 28)
        and float(ds.T_max) == diffeo.temperature_range(4, 28).T_max
    )
    still = diffeo.deformation(T=0, c=1, seeds=1)
    np.testing.assert_array_equal(still.deformed[0], still.image)
    np.testing.assert_array_equal(still.noisy[0], still.image)
    assert math.isnan(float(still.T_max)) and not still.fold.any()
    with pytest.raises(ValueError, match=r"^pixels: got 5 numbers; allowed: n² of them"):
        diffeo.deformation(pixels=(0.0,) * 5)
    with pytest.raises(ValueError, match=r"^picture: got 4000; allowed: 0 to 3999"):
        diffeo.deformation(picture=4000)
    with pytest.raises(ValueError, match=r"^dataset: got 'random'; allowed: one of mnist, fashion"):
        diffeo.deformation(dataset="random")


def test_the_study_measures_what_stability_measures(monkeypatch):
    """One short cell against the public functions: the same training, the same two ratios, the same errors."""
    from lsviz import nets

    monkeypatch.delenv("LSVIZ_ORIGINALS", raising=False)
    ds = diffeo.stability_study(P=50, net="stride_bn", budget=12, probe=60, P_test=70, seeds=(4,))
    net = nets.make("stride_bn")
    im, test = data.images("mnist", P=50), data.images("mnist", P=70, split="test")
    *_, last = nets.train(net, net.init((4,)), im.x, im.label, steps=12, seeds=(4,), recipe=nets.recipe("plain", net))
    x = torch.tensor(test.x[:60], dtype=torch.float32)
    for stage, w, batch in (
        ("before", torch.tensor(net.init((4,)), dtype=torch.float32), True),
        ("after", last.w, False),
    ):
        for estimator in ("median", "mean"):
            found = diffeo.stability(
                lambda x, w=w, batch=batch: net(w, x, batch)[0], x, T=1.4783e-3, c=3, seeds=(4,), estimator=estimator
            )
            for name, value in found._asdict().items():
                assert float(ds[name].sel(stage=stage, estimator=estimator, seed=4)) == pytest.approx(
                    float(value[0]), rel=1e-5
                )
    assert float(ds.loss[0]) == pytest.approx(nets.judge(net, last.w, im.x, im.label)[0][0], rel=1e-5)
    assert float(ds.test_error[0]) == nets.judge(net, last.w, test.x, test.label)[1][0]
    assert (float(ds.learning_rate), str(ds.optimizer_name.values), float(ds.N)) == (1e-3, "adam", net.N)
    with pytest.raises(
        ValueError, match=r"^P: got 4096; allowed: up to 2000 pictures of fashion \(up to 60000 where LSVIZ_ORIGINALS"
    ):
        diffeo.stability_study(P=4096, dataset="fashion")


def test_training_lowers_R_of_a_normalised_net_and_raises_that_of_a_dense_one():
    """Acquired by training, not born: both begin near 1."""
    ds = diffeo.stability_training(nets=("fc1", "stride_bn"), P=300, budget=60, seeds=2, probe=150, P_test=200)
    R = ds.R_f_trace.isel(step=[0, -1]).mean("seed").values
    assert (R[:, 0] > 0.7).all() and (R[:, 0] < 1.7).all()
    assert R[0, 1] > 1.3 * R[0, 0]
    assert (ds.test_error < 0.35).all() and (ds.test_error_trace[:, 0] > 0.6).all()
    assert list(ds.network.values) == ["fc1", "stride_bn"] and ds.step.values[0] == 0 and ds.step.values[-1] == 60
    np.testing.assert_array_equal(ds.R_f, ds.R_f_trace[:, -1])


def test_stability_curve_before_and_after():
    T = (5e-4, 1.4783e-3)
    ds = diffeo.stability_curve(net="lenet", temperatures=T, probe=120, seeds=2)
    assert ds.R_f.dims == ("stage", "temperature", "seed") and np.isfinite(ds.R_f).all()
    assert (ds.test_error.values[0] > 0.6) and ds.test_error.values[1] < 0.1
    assert (ds.D_f.sel(stage="after").mean("seed").diff("temperature") > 0).all()
    born = diffeo.stability_curve(net="fc1", temperatures=T[:1], probe=50, seeds=1)  # none is shipped
    assert np.isnan(born.R_f.sel(stage="after")).all() and np.isfinite(born.R_f.sel(stage="before")).all()
    other = diffeo.stability_curve(net="lenet", dataset="fashion", temperatures=T[:1], probe=50, seeds=1)
    assert np.isnan(other.R_f.sel(stage="after")).all()
