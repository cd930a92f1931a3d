"""What is turned by hand in space: what is obtained from turned functions, vectors and shapes is what D(g) predicts, and it can fail."""

import numpy as np
import pytest

from lsviz import experiment
from lsviz.equivariant import euclidean
from lsviz.equivariant.euclidean import hand, shown

Q = (0.8, 0.4, -0.2, 0.4)
EYE = (1.0, 0.0, 0.0, 0.0)


def ask(name, **arguments):
    return experiment.get(name)(**{"rotation": Q, **arguments})


def one(ds, name):
    return ds[name].values[..., 0]


# ---- functions on the sphere


@pytest.mark.parametrize("mirror", ["no", "yes"])
@pytest.mark.parametrize("function", ["one", "random", "axes", "shape"])
def test_integrals_of_the_turned_function_are_what_d_predicts(function, mirror):
    ds = ask("turned_harmonics", function=function, l=4, m=-2, mirror=mirror)
    assert float(ds.motion_error.max()) < 1e-13 and float(ds.leak) < 1e-13
    assert float(ds.power_before.sum()) == pytest.approx(1)
    assert np.abs(ds.power_after - ds.power_before).max() < 1e-14
    if function != "axes":
        assert np.abs(one(ds, "a_after") - one(ds, "a_before")).max() > 0.1


def test_a_turn_moves_the_surface_and_nothing_else():
    """Values of Σ a′ Y in some directions are those of Σ a Y in the directions turned back."""
    ds = ask("turned_harmonics", function="random", l=4)
    x = np.random.default_rng(3).standard_normal((50, 3))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    R = euclidean.from_quaternion(Q).rotation
    now, then = hand.values_of(x) @ one(ds, "a_after"), hand.values_of(x @ R) @ one(ds, "a_before")
    assert np.abs(now - then).max() < 1e-13 < np.abs(now - hand.values_of(x) @ one(ds, "a_before")).max()
    grid = hand.values_of(hand.directions(ds.polar.values, ds.azimuth.values)) @ one(ds, "a_before")
    assert np.allclose(one(ds, "radius"), grid)


def test_the_polar_axis_is_y_and_degree_1_is_xyz():
    x = np.array([[0.6, 0.0, 0.8], [0.0, 1.0, 0.0]])
    assert np.allclose(hand.values_of(x)[:, 1:4] / np.sqrt(3 / (4 * np.pi)), x)
    about_y = (np.cos(0.4), 0.0, np.sin(0.4), 0.0)
    still = ask("turned_harmonics", l=3, m=0, rotation=about_y)
    assert np.allclose(still.a_after, still.a_before), "Y_l0 is symmetric about y"
    assert not np.allclose(*(one(ask("turned_harmonics", l=3, m=0), name) for name in ("a_after", "a_before")))


def test_the_inversion_multiplies_by_the_parity_of_the_degree():
    ds = ask("turned_harmonics", function="random", l=4, mirror="yes", rotation=EYE)
    assert np.allclose(one(ds, "a_after"), (-1.0) ** hand.DEGREES * one(ds, "a_before"))


def test_peaks_along_the_axes_stay_under_the_turns_of_the_cube():
    for motion in euclidean.cube_rotations():
        ds = ask("turned_harmonics", function="axes", l=4, rotation=euclidean.to_quaternion(motion))
        assert np.allclose(ds.a_after, ds.a_before)
    assert not np.allclose(
        *(one(ask("turned_harmonics", function="axes", l=4), name) for name in ("a_after", "a_before"))
    )


def test_bad_turns_and_orders_are_named():
    with pytest.raises(ValueError, match=r"^m: got -3; allowed: a whole number from −l to l"):
        ask("turned_harmonics", l=2, m=-3)
    for name in ("turned_harmonics", "vector_products", "turned_shape"):
        for bad in ((0.0, 0.0, 0.0, 0.0), (1.0, 0.0, 0.0)):
            with pytest.raises(ValueError, match=r"^rotation: got .*allowed: four numbers"):
                ask(name, rotation=bad)


# ---- products of vectors


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_products_are_dot_cross_and_traceless_matrix(seed):
    ds = ask("vector_products", between=70.0, seeds=(seed,))
    a, b = one(ds, "vector_a"), one(ds, "vector_b")
    before, T = one(ds, "product_before"), one(ds, "traceless")
    assert (np.linalg.norm(a), np.linalg.norm(b)) == pytest.approx(hand.LENGTHS)
    assert before[0] == pytest.approx(a @ b) == pytest.approx(1.2 * 0.9 * np.cos(np.radians(70)))
    assert np.allclose(before[1:4], np.cross(a, b))
    assert np.trace(T) == pytest.approx(0, abs=1e-12) and np.allclose(T, T.T)
    assert np.linalg.norm(before[4:]) == pytest.approx(np.linalg.norm(T))
    # l = 2 in e3nn's order: xz, xy, (2y² − x² − z²)/√12, yz, (z² − x²)/2
    r2, r3 = np.sqrt(2), np.sqrt(1.5)
    assert np.allclose(before[4:], [r2 * T[0, 2], r2 * T[0, 1], r3 * T[1, 1], r2 * T[1, 2], (T[2, 2] - T[0, 0]) / r2])


@pytest.mark.parametrize("vectors", ["polar", "mixed", "axial"])
@pytest.mark.parametrize("mirror", ["no", "yes"])
def test_products_of_turned_vectors_are_turned_products(vectors, mirror):
    ds = ask("vector_products", vectors=vectors, mirror=mirror)
    assert float(ds.motion_error.max()) < 1e-14
    assert np.linalg.norm(one(ds, "product_after") - one(ds, "product_before")) > 0.1
    assert np.linalg.norm(one(ds, "product_after")) == pytest.approx(np.linalg.norm(one(ds, "product_before")))


def test_in_a_mirror_products_of_two_arrows_stay_and_mixed_ones_flip():
    """The cross product of two arrows is no arrow: an inversion leaves it as it is."""
    for vectors, sign in (("polar", 1), ("axial", 1), ("mixed", -1)):
        ds = ask("vector_products", vectors=vectors, mirror="yes", rotation=EYE)
        assert np.allclose(ds.product_after, sign * ds.product_before)
        assert np.allclose(ds.a_turned, (-1 if vectors == "polar" else 1) * ds.vector_a)
        assert np.allclose(ds.b_turned, (1 if vectors == "axial" else -1) * ds.vector_b)


def test_the_paths_beside_the_vectors_are_those_of_paths():
    asked = dict(irreps1="0e+1o+2e+3o", irreps2="0e+1o", l_max=3, kept="harmonics")
    ds, other = ask("vector_products", **asked), experiment.get("paths")(**asked)
    assert int(ds.path_count) == int(other.path_count) > 3
    for name in ("l_first", "p_first", "l_second", "p_second", "l_product", "p_product", "path_weights"):
        np.testing.assert_array_equal(ds[name], other[name])
    with pytest.raises(ValueError, match=r"^irreps2: got '1oo'"):
        ask("vector_products", irreps2="1oo")


# ---- shapes


@pytest.mark.parametrize("network", ["message_passing", "se3_transformer"])
@pytest.mark.parametrize("mirror", ["no", "yes"])
def test_a_network_answers_the_turned_shape_by_the_turned_answers(network, mirror):
    ds = ask("turned_shape", network=network, mirror=mirror)
    kinds = list(zip(ds.l_output.values, ds.p_output.values))
    assert kinds == [(0, 1), (0, -1), *[(1, -1)] * 3, *[(1, 1)] * 3, *[(2, 1)] * 5]
    assert float(ds.motion_error.max()) < 1e-12
    size, before, after = (one(ds, name) for name in ("f_scale", "f_before", "f_after"))
    for kind in set(kinds):
        mine = [other == kind for other in kinds]
        assert np.linalg.norm(before[mine]) > 0.03 * size[mine][0] > 1e-4, (
            "an output of zero would be equivariant for no reason"
        )
        assert np.linalg.norm(after[mine]) == pytest.approx(np.linalg.norm(before[mine]), rel=1e-9)
    assert after[0] == pytest.approx(before[0], rel=1e-9)
    assert after[1] == pytest.approx((-1 if mirror == "yes" else 1) * before[1], rel=1e-9)
    assert np.abs(after[2:] - before[2:]).max() > 0.01


def test_a_plain_network_fails_the_same_test():
    ds = ask("turned_shape", network="mlp")
    assert float(ds.motion_error[0]) > 0.3
    assert abs(one(ds, "f_after")[0] / one(ds, "f_before")[0] - 1) > 0.01


def test_a_symmetric_shape_has_no_vector_and_a_shape_with_a_mirror_no_pseudoscalar():
    for shape in ("line", "square"):
        ds = ask("turned_shape", shape=shape)
        assert np.abs(one(ds, "f_before")[1:8]).max() < 1e-12 < np.abs(one(ds, "f_before")[8:]).max()
    assert abs(one(ask("turned_shape", shape="T"), "f_before")[1]) < 1e-12
    twins = [one(ask("turned_shape", shape=name), "f_before") for name in ("chiral_1", "chiral_2")]
    assert (
        twins[0][0] == pytest.approx(twins[1][0])
        and twins[0][1] == pytest.approx(-twins[1][1])
        and abs(twins[0][1]) > 1e-3
    )
    assert np.abs(one(ask("turned_shape", layers=2), "f_before")[1]) < 1e-12, (
        "a triple product takes three convolutions"
    )


def test_a_trained_network_tells_the_chiral_pair_by_a_sign_that_flips_in_the_mirror():
    shown._TRAINED.clear()
    stream = experiment.get("turned_shape").stream(weights="trained", rotation=Q, mirror="yes")
    parts = list(stream)
    assert parts[0].f_after.isnull().all() and 0 < float(parts[1].progress) < 0.95
    before, after = (one(parts[-1], name) for name in ("f_before", "f_after"))
    assert before.round().tolist() == [1, 0, 0, 0, 0, 0, 0]
    assert after.round().tolist() == [-1, 0, 0, 0, 0, 0, 0] and np.allclose(after[1:], before[1:])
    assert one(parts[-1], "f_scale")[0] == pytest.approx(np.sqrt(2 / 8), rel=0.05)
    again = list(experiment.get("turned_shape").stream(weights="trained", rotation=EYE))
    assert len(again) <= 3, "trained once"
    assert np.allclose(one(again[-1], "f_before"), before)
    with pytest.raises(ValueError, match=r"^network: got 'plain_voxels'; allowed: one of message_passing"):
        ask("turned_shape", network="plain_voxels")
