"""Digits on a sphere: the picture lands where it should, turns are exact, and invariant networks mind none."""

import numpy as np
import pytest
import torch

from lsviz import data, experiment, sweep
from lsviz.equivariant import act, random_rotations, representation
from lsviz.equivariant.euclidean import digits
from lsviz.equivariant.euclidean.acting import sphere_irreps

L = 8


def drawn(P=12):
    a = digits.on_sphere(data.images("mnist", P=P).x, L)
    return a / digits.degree_rms(a)


def test_a_picture_lies_on_the_lower_half_where_it_is_projected_to():
    from e3nn import o3

    blank = np.zeros((3, 28, 28))
    blank[0, 13:15, 13:15] = 1  # the middle: the pole −y
    blank[1, 13:15, 20:22] = 1  # to the right: +x
    blank[2, 20:22, 13:15] = 1  # below: +z
    a = torch.from_numpy(digits.on_sphere(blank, L))
    to_grid = o3.ToS2Grid(L, (40, 39), normalization="integral", dtype=torch.float64)
    seen, places = to_grid(a), to_grid.grid.reshape(-1, 3)
    tops = places[seen.reshape(3, -1).argmax(1)].numpy()
    across = 7 / 13.5  # tan of half the angle from the pole
    angle = 2 * np.arctan(across)
    for top, wanted in zip(
        tops, [(0, -1, 0), (np.sin(angle), -np.cos(angle), 0), (0, -np.cos(angle), np.sin(angle))], strict=True
    ):
        assert np.linalg.norm(top - wanted) < 0.25
    full = digits.on_sphere(np.ones((1, 28, 28)), L)
    assert full[0, 0] == pytest.approx(np.sqrt(np.pi), rel=0.03)  # ∫ Y_00 over half of the sphere: 2π/√(4π)


def test_turns_are_exact_wigner_matrices_one_for_each_digit():
    a = drawn()
    turned = digits.turn_each(a, 3)
    np.testing.assert_allclose(digits.turn_each(a[:5], 3), turned[:5], atol=1e-14)
    np.testing.assert_allclose(digits.power(turned), digits.power(a), rtol=1e-11)
    assert np.abs(turned - a).max() > 1
    same = digits.turn_each(np.stack([a[0], a[0]]), 3)  # functions turned alike would agree
    assert np.abs(same[0] - same[1]).max() > 0.1
    ones = digits.turn_each(np.eye(81)[:1].repeat(2, 0), 3)
    np.testing.assert_allclose(ones[:, 0], 1)  # what is the same everywhere stays


@pytest.mark.parametrize("network", digits.NETWORKS)
def test_who_minds_a_turn(network):
    a = drawn(6)
    f, look = digits.chosen(network, L)
    w = f.init(2)
    still = f(w, look(a))
    worst = (
        max(np.abs(f(w, look(act(sphere_irreps(L))(motion, a))) - still).max() for motion in random_rotations(3, 0))
        / np.abs(still).max()
    )
    assert worst > 0.3 if network == "mlp" else worst < 1e-11
    assert np.ptp(still, axis=1).max() > 0.05 * np.abs(still).max()  # and it tells digits apart
    assert w.shape[1] == f.N


def test_the_tensor_network_hears_what_the_power_spectrum_does_not():
    """Each degree turned by a turn of its own: the same power, another function."""
    a = drawn(4)
    other = a.copy()
    for l, motion in enumerate(random_rotations(L, 5), start=1):
        part = slice(l * l, (l + 1) ** 2)
        other[:, part] = a[:, part] @ representation(motion, f"{l}e").T
    for network, minds in (("power_spectrum", False), ("tensor_product", True)):
        f, look = digits.chosen(network, L)
        w = f.init(1)[0]
        change = np.abs(f(w, look(a)) - f(w, look(other))).max() / np.abs(f(w, look(a))).max()
        assert change > 1e-3 if minds else change < 1e-11


def test_the_order_of_the_three_in_short():
    e = experiment.get("rotated_digits")
    last = {}
    for network in digits.NETWORKS:
        ds = e(network=network, P=300, steps=60, P_test=300, seeds=1)
        last[network] = [ds[f"accuracy_{how}"][-1].mean().item() for how in ("upright", "turned")]
        assert float(ds.loss[-1].mean()) < float(ds.loss[1].mean())
    assert last["mlp"][0] > 0.7 and last["mlp"][1] < 0.2
    for network in ("power_spectrum", "tensor_product"):
        assert last[network][0] == pytest.approx(last[network][1], abs=1e-9)
    assert last["tensor_product"][1] > last["power_spectrum"][1] + 0.05 > 0.35


def test_trained_on_turned_digits_the_plain_network_knows_neither():
    ds = experiment.get("rotated_digits")(network="mlp", P=300, steps=60, P_test=300, trained_on="turned", seeds=1)
    assert (ds.accuracy_turned[-1] < 0.3).all() and (ds.accuracy_upright[-1] < 0.5).all()


def test_bad_arguments_are_named():
    e = experiment.get("rotated_digits")
    with pytest.raises(ValueError, match=r"^network: got 'message_passing'; allowed: one of mlp, power_spectrum"):
        e(network="message_passing")
    with pytest.raises(ValueError, match=r"^l_max: got 0; allowed"):
        e(l_max=0)
    with pytest.raises(ValueError, match=r"^P=20000"):
        e(P=20_000)


def test_the_stored_run_has_the_order_of_the_reference_and_begins_as_it_does_now():
    stored = sweep.replay("rotated_digits")
    turned = {name: stored(network=name, trained_on="upright").accuracy_turned[-1] for name in digits.NETWORKS}
    upright = {name: stored(network=name, trained_on="upright").accuracy_upright[-1] for name in digits.NETWORKS}
    assert upright["mlp"].min() > 0.9 and turned["mlp"].max() < 0.2
    assert turned["tensor_product"].min() > 0.8 > 0.7 > turned["power_spectrum"].max() > 0.5
    then = stored(network="power_spectrum", trained_on="upright")
    arguments = {**stored.check(network="power_spectrum", trained_on="upright"), "seeds": 1}
    now = experiment.get("rotated_digits")(**arguments)
    assert abs(float(now.accuracy_turned[-1, 0] - then.accuracy_turned[-1, 0])) < 0.02 and float(now.N) == float(then.N)
