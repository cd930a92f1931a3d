"""Symmetries: an error that can fail, averages that cannot, groups that are groups, and Molien's count against explicit projectors."""

import itertools
import subprocess
import sys

import numpy as np
import pytest
import torch

from lsviz.equivariant import (
    acts,
    cyclic,
    dihedral,
    equivariance_error,
    group_average,
    group_named,
    harmonics,
    molien,
    permutations,
    shift,
    turn,
)
from lsviz.equivariant.groups import GROUPS, checked
from lsviz.symbols import ARGUMENTS

TURNS = range(4)


def keep(g, y):
    return y


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def test_importing_it_loads_no_torch():
    code = "import sys, lsviz.equivariant; sys.exit('torch' in sys.modules or 'e3nn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_the_error_is_zero_for_equivariant_functions_and_can_fail():
    x = numbers(3, 8, 8)
    assert equivariance_error(np.tanh, x, TURNS, turn, turn) < 1e-15
    assert equivariance_error(lambda x: x.sum((-1, -2))[:, None], x, TURNS, turn, keep) < 1e-13
    weights = numbers(64, 5, seed=1)
    dense = lambda x: x.reshape(len(x), -1) @ weights  # noqa: E731
    assert equivariance_error(dense, x, TURNS, turn, keep) > 0.5
    assert equivariance_error(np.tanh, x, TURNS, turn, keep) > 0.5  # equivariant is not invariant
    assert equivariance_error(dense, x, [0], turn, keep) == 0  # the identity alone asks for nothing


def test_the_error_is_the_largest_over_items_and_elements():
    x = np.array([[3.0, 4.0], [0.0, 1.0], [1.0, 0.0]])
    error = equivariance_error(lambda x: x, x, [1.0, 1.5, 1.2], lambda g, x: g * x, keep)
    assert error == pytest.approx(2.5 / 7.5)  # item 0, g = 1.5; the largest f is that of the moved item
    for scale in (1e-6, 1e6):
        assert equivariance_error(
            lambda x, scale=scale: scale * x, x, [1.5], lambda g, x: g * x, keep
        ) == pytest.approx(1 / 3)
    moved = equivariance_error(lambda x: x, np.array([[5.0, 12.0]]), [1], lambda g, x: x + [[3.0, 4.0]], keep)
    assert moved == pytest.approx(5 / np.hypot(8, 16))  # a norm is the root of a sum of squares
    twice = equivariance_error(lambda x: x, np.concatenate([x, x]), [1.5], lambda g, x: g * x, keep)
    assert twice == pytest.approx(1 / 3)  # nor does the number of items matter


def test_torch_and_numpy_give_the_same_error():
    x, weights = numbers(3, 4, 4), numbers(16, 2, seed=1)
    here = equivariance_error(lambda x: x.reshape(3, -1) @ weights, x, TURNS, turn, keep)
    tw = torch.tensor(weights, requires_grad=True)
    there = equivariance_error(lambda x: x.reshape(3, -1) @ tw, torch.tensor(x), TURNS, turn, keep)
    assert there == pytest.approx(here, rel=1e-12)


def test_a_zero_output_and_other_bad_input_are_named():
    x = numbers(3, 4, 4)
    with pytest.raises(ValueError, match=r"^f: got zero .*allowed"):
        equivariance_error(lambda x: 0 * x, x, TURNS, turn, turn)
    with pytest.raises(ValueError, match=r"^elements: got none; allowed"):
        equivariance_error(np.tanh, x, [], turn, turn)
    with pytest.raises(ValueError, match=r"^elements: got none; allowed"):
        group_average(np.tanh, [], turn)
    with pytest.raises(ValueError, match=r"^act_out: got shape \(3, 16\); allowed: \(3, 4, 4\)"):
        equivariance_error(np.tanh, x, TURNS, turn, lambda g, y: y.reshape(3, -1))
    with pytest.raises(ValueError, match=r"^f: got outputs that are not finite"):
        equivariance_error(lambda x: np.full_like(x, np.nan), x, TURNS, turn, turn)
    with pytest.raises(ValueError, match=r"^f: got outputs of shape \(\)"):
        equivariance_error(lambda x: x.sum(), x, TURNS, turn, keep)


def test_averaging_any_function_over_a_group_makes_it_symmetric():
    x, mix = numbers(3, 6, 6), numbers(36, 36, seed=1)
    any_map = lambda x: np.tanh(x.reshape(-1, 36) @ mix).reshape(-1, 6, 6)  # noqa: E731
    back = lambda g, y: turn(-g, y)  # noqa: E731
    assert equivariance_error(any_map, x, TURNS, turn, turn) > 0.5
    assert equivariance_error(group_average(any_map, TURNS, turn), x, TURNS, turn, keep) < 1e-12
    assert equivariance_error(group_average(any_map, TURNS, turn, back), x, TURNS, turn, turn) < 1e-12
    assert equivariance_error(group_average(any_map, TURNS, turn, turn), x, TURNS, turn, turn) > 0.1  # D′ for D′⁻¹
    assert equivariance_error(group_average(any_map, (0, 1), turn), x, TURNS, turn, keep) > 0.1  # no group
    first = group_average(any_map, TURNS, turn)(x)
    np.testing.assert_allclose(first, np.mean([any_map(np.rot90(x, k, (1, 2))) for k in TURNS], axis=0), rtol=1e-12)


@pytest.mark.parametrize("kind", [np.asarray, torch.tensor])
def test_turns_and_shifts_of_pictures(kind):
    x = kind(numbers(2, 5, 5))
    corner = kind(np.eye(3)[:1].T * np.eye(3)[:1])  # ink in the top left corner
    np.testing.assert_array_equal(np.argwhere(np.asarray(turn(1, corner))), [[2, 0]])  # against the clock: bottom left
    np.testing.assert_array_equal(turn(4, x), x)
    np.testing.assert_array_equal(turn(-1, turn(1, x)), x)
    np.testing.assert_array_equal(np.argwhere(np.asarray(shift((1, 2), corner))), [[1, 2]])
    np.testing.assert_array_equal(shift(5, x), x)
    np.testing.assert_array_equal(shift(-1, x)[..., :-1], x[..., 1:])
    np.testing.assert_allclose(shift(1.25, x), 0.75 * shift(1, x) + 0.25 * shift(2, x), rtol=1e-14)
    np.testing.assert_allclose(shift(-0.25, x), 0.75 * x + 0.25 * shift(-1, x), rtol=1e-14)
    np.testing.assert_allclose(shift((0.5, 0.5), x).sum(), x.sum(), rtol=1e-12)
    finest = kind(np.tile([1.0, -1.0], (4, 2)))
    assert abs(shift(0.5, finest)).max() == 0


@pytest.mark.parametrize("call, name", [
    (lambda: turn(0.5, np.zeros((4, 4))), "k"),
    (lambda: turn(1, np.zeros((4, 5))), "x"),
    (lambda: turn(1, np.zeros(4)), "x"),
    (lambda: shift(float("nan"), np.zeros((4, 4))), "k"),
    (lambda: shift((1, 2, 3), np.zeros((4, 4))), "k"),
    (lambda: shift(1, np.zeros(4)), "x"),
])  # fmt: skip
def test_bad_turns_and_shifts_are_named(call, name):
    with pytest.raises(ValueError, match=rf"^{name}: got .*allowed"):
        call()


@pytest.mark.parametrize("group, size", [
    (cyclic(1), 1), (cyclic(5), 5), (dihedral(3), 6), (dihedral(6), 12), (permutations(4), 24), (permutations(6), 720),
])  # fmt: skip
def test_groups_are_groups(group, size):
    assert checked(group).shape == (size, group.shape[1])
    for missing in {0, size - 1} - {0} if size > 1 else ():
        with pytest.raises(ValueError, match=r"^group: got (no identity|elements whose product).*allowed"):
            checked(np.delete(group, missing, axis=0))


def test_the_named_groups_are_those_of_the_glossary():
    assert set(GROUPS) == set(ARGUMENTS["group"].choices)
    assert {name: len(group_named(name)) for name in GROUPS} == {
        "cyclic_4": 4, "cyclic_6": 6, "cyclic_8": 8, "dihedral_6": 12, "S4": 24,
    }  # fmt: skip
    with pytest.raises(ValueError, match=r"^group: got 'S5'; allowed: one of cyclic_4"):
        group_named("S5")


@pytest.mark.parametrize("kind", [np.asarray, torch.tensor])
def test_a_group_acts_on_the_last_axis(kind):
    x, group = kind(numbers(3, 4)), permutations(4)
    moved = acts(group, x)
    assert moved.shape == (3, 24, 4)
    for g, one in zip(group, np.asarray(moved).swapaxes(0, 1), strict=True):
        np.testing.assert_array_equal(one, np.asarray(acts(g, x)))
        np.testing.assert_array_equal(one, np.stack([np.asarray(x)[:, i] for i in g], axis=1))
    g, h = np.array([1, 0, 2, 3]), np.array([1, 2, 3, 0])
    np.testing.assert_array_equal(acts(g, acts(h, x)), acts(h[g], x))
    assert (acts(g, acts(h, x)) != acts(g[h], x)).any()  # these two do not commute
    mix = kind(numbers(4, 6, seed=2))
    assert equivariance_error(lambda x: x @ mix, x, group, acts, keep) > 0.3
    assert equivariance_error(group_average(lambda x: (x @ mix) ** 3, group, acts), x, group, acts, keep) < 1e-12


@pytest.mark.parametrize("call, name, got", [
    (lambda: cyclic(0), "d", "0"),
    (lambda: dihedral(2), "d", "2"),
    (lambda: permutations(8), "d", "8"),
    (lambda: cyclic(2.5), "d", "2.5"),
    (lambda: acts(cyclic(4), np.zeros((2, 5))), "x", r"shape \(2, 5\); allowed: \(…, 4\)"),
    (lambda: acts([[0, 0]], np.zeros((2, 2))), "group", "a row that is no permutation"),
    (lambda: acts([[0.0, 1.0]], np.zeros((2, 2))), "group", "float64 numbers"),
    (lambda: checked(np.arange(4)), "group", r"shape \(4,\)"),
    (lambda: checked([[0, 1], [0, 1]]), "group", "an element twice"),
    (lambda: checked([[1, 2, 0]]), "group", "no identity"),
    (lambda: checked([[0, 1, 2], [1, 2, 0]]), "group", r"elements whose product with \(1, 2, 0\) is missing"),
    (lambda: molien(cyclic(4), 0), "k", "0"),
    (lambda: molien(cyclic(1), 3), "group", "1 coordinate"),
])  # fmt: skip
def test_bad_groups_are_named(call, name, got):
    with pytest.raises(ValueError, match=rf"^{name}: got {got}.*"):
        call()


@pytest.mark.parametrize("group, wanted", [
    (cyclic(6), [1, 0.90, 1.08, 1.03, 0.98, 1.04, 1, 0.996]),
    (cyclic(4), [1, 0.89, 1, 1.12, 1, 0.98, 1, 1.04]),
    (permutations(4), [6, 2.67, 3, 2.88, 2, 1.96, 1.88, 1.78]),
])  # fmt: skip
def test_molien_gives_the_known_shares(group, wanted):
    np.testing.assert_allclose(len(group) * molien(group, 8), wanted, atol=0.0051)


def test_the_share_of_all_permutations_falls_slowly_to_its_end():
    share = 24 * molien(permutations(4), 12)
    assert share[-1] == pytest.approx(1.56, abs=0.005)
    assert 24 * molien(permutations(4), 100)[-1] == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("group", [cyclic(5), dihedral(4), permutations(3), permutations(4), cyclic(2)])
def test_harmonics_are_counted_as_orbits_of_monomials_are(group):
    """Invariant polynomials of degree k: one for each orbit of monomials. Those times the square of the radius are no harmonics."""
    d, most = group.shape[1], 6

    def orbits(elements, k):
        powers = [p for p in itertools.product(range(k + 1), repeat=d) if sum(p) == k]
        return len({min(tuple(p[i] for i in g) for g in elements) for p in powers})

    def count(elements):
        total = [0, 0] + [orbits(elements, k) for k in range(most + 1)]
        return [total[k + 2] - total[k] for k in range(most + 1)]

    found = harmonics(group, most)
    np.testing.assert_array_equal(found.degree, np.arange(most + 1))
    np.testing.assert_array_equal(found.invariant, count(group))
    np.testing.assert_array_equal(found.all, count(np.arange(d)[None]))
