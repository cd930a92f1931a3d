"""Space: irreps and paths against counts, motions against e3nn, records, shapes, and what acts on them; each can fail."""

import itertools
import subprocess
import sys

import numpy as np
import pytest
import torch
from e3nn import o3
from e3nn.math import soft_one_hot_linspace

from lsviz import equivariant as eq
from lsviz.equivariant import equivariance_error, euclidean
from lsviz.equivariant.euclidean import acting, motions, products, shapes
from lsviz.symbols import SHAPES

TURNS = eq.random_rotations(4, 0)
SOME = (
    *TURNS,
    eq.INVERSION,
    eq.reflection((1, 2, -1)),
    euclidean.rotation((1, 0, 0), 1e-7),
    euclidean.rotation((1, 2, 1), np.pi - 1e-9),
    euclidean.rotation((0, 1, 0), 0.3),
    euclidean.rotation((1, 0, 1), np.pi),
    *eq.cube_rotations()[::5],
)


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def harmonics(l_max):
    return acting.sphere_irreps(l_max)


# --- imports -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("imports", ["lsviz.equivariant", "lsviz.equivariant.euclidean"])
def test_importing_it_and_asking_for_motions_loads_neither_torch_nor_e3nn(imports):
    code = f"""import sys, {imports} as eq
shape = eq.as_points("L"); eq.move(eq.random_rotations(2, 0)[0], eq.batch([shape, shape]))
eq.as_voxels("T"); eq.targets(); eq.move_voxels(eq.cube_rotations()[3], eq.as_voxels("T")[None])
sys.exit(bool({{"torch", "e3nn"}} & set(sys.modules)))"""
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


# --- irreps and paths --------------------------------------------------------------------------------------------------


def test_irreps_are_e3nns_own():
    assert eq.irreps("8x0e+4x1o") == o3.Irreps("8x0e+4x1o") and isinstance(eq.irreps("1o"), o3.Irreps)
    assert eq.irreps(o3.Irreps("2x1e")).dim == 6


@pytest.mark.parametrize("text", ["1x", "1q", "vector", "", "0x0e", "1o+", 3.5, None, "-1x0e", "1o,1e", "500x9e", "1x12e", "99999999x0e"])
def test_irreps_that_are_none_are_named_with_an_example(text):
    with pytest.raises(ValueError, match=r"^hidden: got .*allowed.*8x0e\+4x1o"):
        eq.irreps(text, "hidden")


def test_too_many_numbers_are_told_with_their_memory():
    with pytest.raises(ValueError, match=r"100000 numbers.* 80 GB"):
        eq.irreps("100000x0e")


@pytest.mark.parametrize("l_max, natural, plain", [(1, 4, 5), (2, 11, 15), (3, 23, 34), (4, 42, 65)])
def test_numbers_of_paths(l_max, natural, plain):
    Y = harmonics(l_max)
    assert len(eq.tensor_paths(Y, Y, out=Y)) == natural
    even = "+".join(f"{l}e" for l in range(l_max + 1))
    assert len(eq.tensor_paths(even, even, l_max=l_max)) == plain
    both = even + "+" + even.replace("e", "o")
    assert len(eq.tensor_paths(both, Y, l_max=l_max)) == 2 * plain  # features of both parities times Y


def test_paths_obey_the_triangle_and_the_product_of_parities():
    found = eq.tensor_paths("2x1o+1o+2e", "1o+1e")  # multiplicities do not count
    assert len(found) == len(set(found)) == 12
    assert all(abs(p.l1 - p.l2) <= p.l3 <= p.l1 + p.l2 and p.p3 == p.p1 * p.p2 for p in found)
    assert eq.tensor_paths("1o", "1o") == ((1, -1, 1, -1, 0, 1), (1, -1, 1, -1, 1, 1), (1, -1, 1, -1, 2, 1))
    assert not eq.tensor_paths("1o", "1o", out="0o")
    with pytest.raises(ValueError, match=r"^irreps2: got 'x'"):
        eq.tensor_paths("1o", "x")
    with pytest.raises(ValueError, match=r"^l_max: got -1"):
        eq.tensor_paths("1o", "1o", l_max=-1)


def test_wigner_3j_squares_add_up_to_one_and_the_vector_product_is_known():
    for l1, l2 in itertools.product(range(4), repeat=2):
        for l3 in range(abs(l1 - l2), l1 + l2 + 1):
            assert (products.wigner(l1, l2, l3) ** 2).sum() == pytest.approx(1, abs=1e-13)
    x, y = numbers(2, 3)
    cross = np.einsum("ijk,i,j->k", products.wigner(1, 1, 1), x, y) * np.sqrt(6)
    np.testing.assert_allclose(cross, np.cross(x, y), atol=1e-14)


def test_the_experiment_counts_paths_and_shares_add_up():
    ds = eq.paths(irreps1="2x0e+1o", irreps2="1o+3x2e", l_max=3, seeds=4)
    found = eq.tensor_paths("2x0e+1o", "1o+3x2e", l_max=3)
    assert int(ds.path_count) == len(found) == 8
    rows = ds.isel(path=slice(0, 8))
    names = [f"{kind}_{which}" for which in ("first", "second", "product") for kind in "lp"]
    assert [tuple(map(int, row)) for row in zip(*(rows[name] for name in names))] == list(found)
    assert np.isnan(ds.l_first[8:]).all() and list(rows.path_weights) == [2, 6, 1, 1, 1, 3, 3, 3]
    np.testing.assert_allclose(ds.path_share.sum("path"), 1, atol=1e-13)  # an orthogonal change of basis
    assert (eq.paths(irreps1="1o", irreps2="1o", l_max=1, seeds=4).path_share.sum("path") < 1).all()  # l = 2 is thrown away
    vector = eq.paths(irreps1="1o", irreps2="1o", seeds=1)
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal(3), rng.standard_normal(3)
    share = np.array([(x @ y) ** 2 / 3, (np.cross(x, y) ** 2).sum() / 2]) / (x @ x) / (y @ y)
    np.testing.assert_allclose(vector.path_share[:2, 0], share, atol=1e-14)


def test_the_experiment_with_and_without_parity():
    Y = harmonics(2)
    count = lambda **more: int(eq.paths(irreps1=Y, irreps2=Y, **more).path_count)  # noqa: E731
    assert (count(), count(kept="harmonics"), count(symmetry="SO(3)"), count(symmetry="SO(3)", kept="harmonics")) == (15, 11, 15, 15)
    assert np.isnan(eq.paths(irreps1=Y, irreps2=Y, symmetry="SO(3)").p_first).all()
    merged = eq.paths(irreps1="1o+1e", irreps2="0e", symmetry="SO(3)")
    assert int(merged.path_count) == 1 and float(merged.path_weights[0]) == 2  # without parity they are one kind
    for argument in ("irreps1", "irreps2"):
        with pytest.raises(ValueError, match=rf"^{argument}: got '1q'; allowed"):
            eq.paths(**{argument: "1q"})


# --- motions -----------------------------------------------------------------------------------------------------------


def test_motions_agree_with_e3nn():
    axis, angle = (1.0, -2.0, 0.5), 0.7
    theirs = o3.axis_angle_to_matrix(torch.tensor(axis, dtype=torch.float64), torch.tensor(angle, dtype=torch.float64))
    np.testing.assert_allclose(euclidean.rotation(axis, angle).rotation, theirs, atol=1e-14)
    q = numbers(4, seed=3)
    np.testing.assert_allclose(eq.from_quaternion(q).rotation, o3.quaternion_to_matrix(torch.tensor(q / np.linalg.norm(q))), atol=1e-14)
    np.testing.assert_allclose(euclidean.rotation((0, 0, 1), np.pi / 2).rotation @ [1, 0, 0], [0, 1, 0], atol=1e-15)


@pytest.mark.parametrize("q", [*np.eye(4), (0.1, -0.7, 0.1, 0.7), (1e-9, 0.6, 0, -0.8), (-0.5, 0.5, 0.5, 0.5)])
def test_quaternions_there_and_back(q):
    back = np.array(eq.to_quaternion(eq.from_quaternion(q)))
    q = np.array(q) / np.linalg.norm(q)
    assert min(abs(back - q).max(), abs(back + q).max()) < 1e-14 and back[0] >= 0


def test_random_rotations_are_uniform_and_their_seed_is_their_own():
    found = np.array([m.rotation for m in eq.random_rotations(4000, 1)])
    assert abs(found.mean(0)).max() < 0.04  # each entry has mean 0, variance 1/3: 4.4 standard errors
    assert abs((found**2).mean(0) - 1 / 3).max() < 0.03
    np.testing.assert_array_equal(found[:3], [m.rotation for m in eq.random_rotations(3, 1)])
    assert all(np.linalg.det(R) > 0.999 for R in found)


def test_the_cube_has_24_rotations_and_they_are_a_group():
    known = {m.rotation.tobytes() for m in eq.cube_rotations()}
    assert len(known) == 24 and np.array_equal(eq.cube_rotations()[0].rotation, np.eye(3))
    for a, b in itertools.product(eq.cube_rotations(), repeat=2):
        assert (a.rotation @ b.rotation + 0.0).tobytes() in known and np.linalg.det(a.rotation) == pytest.approx(1)


def test_motions_compose_and_undo():
    one, two = motions.Motion(TURNS[0].rotation, numbers(3)), motions.Motion(-TURNS[1].rotation, numbers(3, seed=1))
    p = eq.as_points("L")
    there = eq.move(two, eq.move(one, p)).positions
    np.testing.assert_allclose(eq.move(motions.after(two, one), p).positions, there, atol=1e-14)
    np.testing.assert_allclose(eq.move(motions.inverse(one), eq.move(one, p)).positions, p.positions, atol=1e-14)


@pytest.mark.parametrize("wrong, words", [
    (lambda: euclidean.rotation((0, 0, 0), 1), "^axis: got .*allowed.*as"),
    (lambda: euclidean.rotation((0, 1, 0), float("nan")), "^angle: got"),
    (lambda: eq.from_quaternion((0, 0, 0, 0)), "^quaternion: got"),
    (lambda: eq.from_quaternion((1, 0, 0)), "^quaternion: got"),
    (lambda: eq.to_quaternion(eq.INVERSION), "^motion: got a mirror"),
    (lambda: eq.translation((1, 2)), "^shift: got"),
    (lambda: eq.reflection("x"), "^normal: got|could not convert"),
    (lambda: eq.random_rotations(0, 0), "^n: got 0"),
    (lambda: eq.move(eq.Motion(2 * np.eye(3), np.zeros(3)), eq.as_points("L")), "^motion: got a matrix"),
])  # fmt: skip
def test_motions_that_are_none_are_named(wrong, words):
    with pytest.raises(ValueError, match=words):
        wrong()


# --- representations ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("motion", SOME)
def test_spherical_harmonics_turn_by_D(motion):
    x, degrees = numbers(20, 3), list(range(9))
    Y = lambda x: o3.spherical_harmonics(degrees, torch.tensor(x), True).numpy()  # noqa: E731
    moved = Y(x @ motion.rotation.T)
    np.testing.assert_allclose(moved, eq.act(harmonics(8))(motion, Y(x)), atol=2e-13)
    assert equivariance_error(lambda p: Y(p.positions), eq.points(x), [motion], eq.move, eq.act(harmonics(8))) < 1e-13


def test_parity_is_what_tells_1e_from_1o():
    y = numbers(5, 3)
    for mirror in (eq.INVERSION, eq.reflection((0, 0, 1))):
        odd, even = eq.act("1o")(mirror, y), eq.act("1e")(mirror, y)
        np.testing.assert_allclose(odd, -even, atol=1e-15)
        np.testing.assert_allclose(odd, y @ mirror.rotation.T, atol=1e-15)
    cross = lambda p: np.cross(p.positions, p.features)  # noqa: E731
    p = eq.points(numbers(6, 3), numbers(6, 3, seed=1))
    move = lambda m, p: eq.move(m, p, "1o")  # noqa: E731
    assert equivariance_error(cross, p, SOME[:6], move, eq.act("1e")) < 1e-14  # an axial vector
    assert equivariance_error(cross, p, [eq.INVERSION], move, eq.act("1o")) > 1


def test_relu_on_components_fails_and_a_norm_does_not():
    p = eq.points(numbers(6, 3))
    assert equivariance_error(lambda p: np.maximum(p.positions, 0), p, TURNS, eq.move, eq.act("1o")) > 0.3
    norm = lambda p: p.positions * np.linalg.norm(p.positions, axis=1, keepdims=True)  # noqa: E731
    assert equivariance_error(norm, p, SOME, eq.move, eq.act("1o")) < 1e-14
    assert equivariance_error(norm, p, [eq.translation((1, 0, 0))], eq.move, eq.act("1o")) > 0.1  # nothing centred it


def test_act_takes_torch_and_refuses_other_widths():
    y = torch.randn(4, 3, generator=torch.Generator().manual_seed(0), requires_grad=True)
    turned = eq.act("1o")(TURNS[0], y)
    assert turned.dtype == torch.float32 and turned.requires_grad
    with pytest.raises(ValueError, match=r"^y: got shape \(4, 3\); allowed: \(…, 5\)"):
        eq.act("2e")(TURNS[0], y)


def test_default_precision_and_random_numbers_of_torch_stay():
    before, state = torch.get_default_dtype(), torch.random.get_rng_state()
    threads = torch.get_num_threads()
    with pytest.raises(KeyError), eq.in_double(3):
        assert torch.randn(2).dtype == torch.float64
        raise KeyError
    eq.representation(TURNS[0], "3e")
    assert torch.get_default_dtype() == before and torch.equal(state, torch.random.get_rng_state())
    assert torch.get_num_threads() == threads


# --- records -----------------------------------------------------------------------------------------------------------


def test_edges_of_a_radius_graph():
    r = 2 * numbers(30, 3)
    group = np.repeat([0, 1, 2], 10)
    edges = eq.radius_graph(r, 2.0, group)
    near = (np.linalg.norm(r[:, None] - r, axis=-1) < 2) & ~np.eye(30, dtype=bool) & (group[:, None] == group)
    assert near.any() and set(zip(*edges.tolist())) == set(zip(*map(list, np.nonzero(near)))) and edges.shape[1] == near.sum()
    assert (np.diff(edges[1]) >= 0).all()
    assert eq.radius_graph([(0, 0, 0), (2, 0, 0)], 2.0).shape == (2, 0)  # at the cutoff itself nothing would come through
    assert eq.radius_graph([(0, 0, 0)], 2.0).shape == (2, 0)


def test_a_batch_is_its_parts():
    shapes_ = [eq.as_points(name) for name in SHAPES]
    whole = eq.batch([eq.batch(shapes_[:3]), *shapes_[3:]])
    np.testing.assert_array_equal(whole.graph, np.repeat(np.arange(8), 4))
    np.testing.assert_array_equal(whole.edges, eq.radius_graph(whole.positions, 2.5, whole.graph))
    with pytest.raises(ValueError, match=r"^records: got none"):
        eq.batch([])
    with pytest.raises(ValueError, match=r"^records: got features of widths"):
        eq.batch([shapes_[0], eq.points(numbers(3, 3), np.ones((3, 2)))])


def test_relabelling_points_takes_their_edges_along():
    p = eq.batch([eq.as_points("L", 1.1), eq.as_points("T", 1.1)])
    p = p._replace(features=np.arange(8.0)[:, None])
    order = np.r_[np.array([2, 0, 3, 1]), 4 + np.array([1, 3, 2, 0])]
    q = eq.relabel(order, p)
    known = {(*p.positions[i], *p.positions[j]) for i, j in p.edges.T}
    assert {(*q.positions[i], *q.positions[j]) for i, j in q.edges.T} == known and len(known) == p.edges.shape[1]
    np.testing.assert_array_equal(q.features[:, 0], order)
    for wrong in (np.arange(7), np.zeros(8, int), np.arange(8)[::-1]):
        with pytest.raises(ValueError, match=r"^order: got"):
            eq.relabel(wrong, p)


@pytest.mark.parametrize("wrong, words", [
    (lambda: eq.points(np.ones((0, 3))), "^positions: got shape"),
    (lambda: eq.points([[0, 0, np.nan]]), "^positions: got shape"),
    (lambda: eq.points([[0, 0, 0]], features=np.ones(3)), "^features: got shape"),
    (lambda: eq.points([[0, 0, 0], [0, 0, 0]]), "^positions: got points 0 and 1 in one place"),
    (lambda: eq.points([[0, 0, 0]], cutoff=0), "^cutoff: got 0"),
    (lambda: eq.radius_graph([[0, 0, 0]], 1.0, [0.5]), "^graph: got"),
    (lambda: eq.as_points("cube"), "^shape: got 'cube'; allowed: one of chiral_1"),
    (lambda: eq.as_points(np.zeros((0, 3))), "^shape: got cells of shape"),
    (lambda: eq.as_voxels([]), "^shape: got cells of shape .*as"),
    (lambda: eq.as_sphere([]), "^shape: got cells of shape .*as"),
    (lambda: eq.as_voxels("line", side=5), "^side: got 5; allowed: at least 7"),
    (lambda: eq.as_voxels("line", sigma=0), "^sigma: got 0"),
    (lambda: eq.as_sphere("line", 40), "^l_max: got 40"),
    (lambda: eq.targets("logits"), "^outputs: got 'logits'"),
    (lambda: eq.move_voxels(TURNS[0], np.ones((1, 1, 3, 3, 4))), "^x: got shape"),
    (lambda: eq.move_voxels(TURNS[0], np.ones((1, 1, 3, 3, 3)), "1o"), "^x: got shape"),
    (lambda: eq.move_sphere(TURNS[0], np.ones((1, 1, 5))), "^coefficients: got shape"),
    (lambda: eq.move_sphere(eq.translation((1, 0, 0)), np.ones((1, 1, 4))), "^motion: got a shift"),
    (lambda: eq.smooth_radial(np.ones(3), 0, 3), "^cutoff: got 0"),
    (lambda: eq.smooth_radial(np.ones(3), 1, 0), "^number: got 0"),
])  # fmt: skip
def test_what_does_not_fit_is_named(wrong, words):
    with pytest.raises(ValueError, match=words):
        wrong()


# --- shapes ------------------------------------------------------------------------------------------------------------


def congruent(a, b, motions_):
    """Whether one of the motions puts cells a onto cells b."""
    sorted_ = lambda c: np.array(sorted(map(tuple, np.round(c, 6) + 0.0)))  # noqa: E731
    return any(np.allclose(sorted_(a @ m.rotation.T), sorted_(b), atol=1e-5) for m in motions_)


def test_the_eight_shapes_are_different_and_two_are_mirror_images():
    turns = eq.cube_rotations()
    mirrors = [motions.after(eq.INVERSION, m) for m in turns]
    assert tuple(eq.TETROMINOES) == SHAPES
    for a, b in itertools.combinations(SHAPES, 2):
        assert not congruent(shapes.cells(a), shapes.cells(b), turns), (a, b)
    chiral = [name for name in SHAPES if not congruent(shapes.cells(name), shapes.cells(name), mirrors)]
    assert chiral == ["chiral_1", "chiral_2"]
    assert congruent(shapes.cells("chiral_1"), shapes.cells("chiral_2"), mirrors)


def test_targets_tell_all_shapes_apart():
    odd, even = eq.targets(), eq.targets("scalars")
    assert odd.shape == (8, 7) and even.shape == (8, 8)
    assert len(np.unique(odd, axis=0)) == len(np.unique(even, axis=0)) == 8
    np.testing.assert_array_equal(odd[0], -odd[1])


@pytest.mark.parametrize("name", SHAPES)
def test_voxels_turn_with_their_cells(name):
    x = eq.as_voxels(name, side=11)[None]
    for m in (*eq.cube_rotations(), eq.INVERSION, eq.reflection((0, 0, 1))):
        np.testing.assert_allclose(eq.move_voxels(m, x)[0], eq.as_voxels(shapes.cells(name) @ m.rotation.T, side=11), atol=1e-14)
    small = euclidean.rotation((0, 1, 0), 0.4)
    off = eq.move_voxels(small, x)[0] - eq.as_voxels(shapes.cells(name) @ small.rotation.T, side=11)
    assert 1e-3 < abs(off).max() < 0.25  # linear between voxels: not exact


def test_fields_of_vectors_turn_in_place_and_in_direction():
    x = numbers(2, 4, 5, 5, 5)
    turns = eq.cube_rotations()
    a, b = turns[5], turns[11]
    move = lambda m, x: eq.move_voxels(m, x, "0e+1o")  # noqa: E731
    np.testing.assert_allclose(move(a, move(b, x)), move(motions.after(a, b), x), atol=1e-14)
    slope = lambda x: np.stack(np.gradient(x[:, 0], axis=(1, 2, 3)), 1)  # noqa: E731  a scalar's gradient is a vector
    f = x[:, :1]
    act_out = lambda m, y: eq.move_voxels(m, y, "1o")  # noqa: E731
    assert equivariance_error(slope, f, (*turns, eq.INVERSION), eq.move_voxels, act_out) < 1e-14
    assert equivariance_error(slope, f, turns, eq.move_voxels, eq.move_voxels) > 0.5
    shifted = eq.move_voxels(eq.translation((1, 0, -2)), f)
    np.testing.assert_array_equal(shifted[:, :, 1:, :, :3], f[:, :, :-1, :, 2:])
    assert not shifted[:, :, 0].any() and not shifted[..., 3:].any()
    t = torch.tensor(f, dtype=torch.float32)
    assert eq.move_voxels(a, t).dtype == torch.float32


def test_the_sphere_shows_a_shape_as_a_ray_from_outside_does():
    x = numbers(100, 3)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    c = shapes.cells("T")
    r = shapes.hits(c, x)
    steps = np.linspace(0, 3, 6001)[:, None, None]
    inside = (abs(steps * x - c[:, None, None]) < 0.5).all(-1).any(0)  # (steps, rays)
    np.testing.assert_allclose(r, np.where(inside.any(0), 3 - 0.0005 * inside[::-1].argmax(0), 0), atol=1e-3)
    np.testing.assert_array_equal(shapes.hits(np.array([[0.0, 0, 5]]), np.array([[0.0, 0, 1], [0, 0, -1], [1, 0, 0]])), [5.5, 0, 0])
    two = shapes.hits(np.array([[0.0, 0, 5], [0, 0, 2]]), np.array([[0, 0, 1.0]]))
    assert two[0] == 5.5  # the outer one hides the inner


def test_one_cube_on_the_sphere_has_the_symmetry_of_a_cube():
    a = eq.as_sphere([(0, 0, 0)], 8)[0]
    mean = a[0] / np.sqrt(4 * np.pi)
    rng = np.random.default_rng(0).standard_normal((400000, 3))
    assert mean == pytest.approx((0.5 * np.linalg.norm(rng, axis=1) / abs(rng).max(1)).mean(), abs=1e-3)
    for l in (1, 2, 3, 5, 7):
        assert abs(a[l * l : (l + 1) ** 2]).max() < 1e-3  # first invariants of the cube: l = 0, 4, 6, 8
    assert all(abs(a[l * l : (l + 1) ** 2]).max() > 0.01 for l in (4, 6, 8))


@pytest.mark.parametrize("name", ["chiral_1", "chiral_2", "L"])  # L has the largest error
def test_coefficients_turn_with_their_cells_to_the_error_of_the_grid(name):
    a = eq.as_sphere(name, 8)
    finer = shapes._coefficients(shapes.cells(name).tobytes(), 8, 500)
    assert abs(a - finer).max() < 0.003 and a[0, 0] > 2.5
    for m in (*eq.cube_rotations()[::8], eq.INVERSION):
        assert abs(eq.as_sphere(shapes.cells(name) @ m.rotation.T, 8) - eq.move_sphere(m, a[None])[0]).max() < 0.003
    assert abs(eq.as_sphere(name, 4) - a[:, :25]).max() < 1e-13
    if name.startswith("chiral"):
        other = eq.as_sphere("chiral_2" if name == "chiral_1" else "chiral_1", 8)
        power = lambda a: np.array([(a[0, l * l : (l + 1) ** 2] ** 2).sum() for l in range(9)])  # noqa: E731
        np.testing.assert_allclose(power(a), power(other), rtol=1e-3, atol=1e-6)  # the power spectrum is blind to hands
        assert abs(a - other).max() > 0.1


# --- radial basis ------------------------------------------------------------------------------------------------------


def test_the_radial_basis_is_e3nns():
    with eq.in_double():
        r = torch.cat([torch.linspace(0, 3, 1501, dtype=torch.float64), torch.tensor([2.5, 2.5 * 3 / 11, 1e-12])])
        theirs = soft_one_hot_linspace(r, 0, 2.5, 10, "smooth_finite", True)
    ours = eq.smooth_radial(r, 2.5, 10)
    np.testing.assert_allclose(ours, theirs, atol=1e-12)
    np.testing.assert_allclose(eq.smooth_radial(r.numpy(), 2.5, 10), theirs, atol=1e-12)
    assert (ours > 0.5).any() and not ours[r >= 2.5].any()


def test_transforms_go_through_the_radial_basis():
    r = torch.cat([torch.linspace(0, 3, 301, dtype=torch.float64), torch.tensor([2.5, 0.5, 2.5 - 1e-9])])
    basis = lambda r: eq.smooth_radial(r, 2.5, 4)  # noqa: E731
    slopes = torch.func.vmap(torch.func.jacrev(basis))(r)
    h = 1e-6
    np.testing.assert_allclose(slopes, (basis(r + h) - basis(r - h)) / (2 * h), atol=1e-6)
    second = torch.func.vmap(torch.func.jacfwd(torch.func.jacrev(basis)))(r)
    assert torch.isfinite(second).all() and torch.isfinite(slopes).all()
