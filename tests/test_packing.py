"""Packings against brute force over all pairs (`packing_oracle`), symmetries, counts by hand, FIRE fused against FIRE plain, bad input."""

from pathlib import Path

import numpy as np
import pytest
from packing_oracle import Brute, matrices, touching
from scipy.optimize import minimize_scalar

from lsviz import descent
from lsviz.jamming import unsatisfied
from lsviz.packing import Packing, contact_distance, discs, ellipses, lennard_jones, minimise

KINDS = {
    "discs": lambda: discs(0.92, 30),
    "odd": lambda: discs(0.8, 13),
    "balls": lambda: discs(0.75, 40, dim=3),
    "ellipses": lambda: ellipses(0.95, 24, 1.5),
    "long": lambda: ellipses(0.9, 31, 3),
    "round": lambda: ellipses(0.92, 20, 1),
    "lennard_jones": lambda: lennard_jones(0.85, 42),
}
every = pytest.mark.parametrize("name", KINDS)
random_cases = pytest.mark.parametrize("case", range(4))


def states(p, seeds=3, spread=0.35, case=0):
    """Random w (S, size): particles on a lattice, moved by up to `spread` of its constant, so that many overlap and none coincide."""
    rng = np.random.default_rng([case, p.n, p.dim])
    side = int(np.ceil(p.n ** (1 / p.dim) - 1e-9))
    step = p.box / side
    if p.kind == "lennard_jones":
        spread *= 0.3
    rows = []
    for _ in range(seeds):
        sites = rng.permutation(side**p.dim)[: p.n]
        lattice = np.stack(np.unravel_index(sites, (side,) * p.dim), 1) * step
        x = lattice + step * spread * rng.uniform(-1, 1, lattice.shape)
        rows.append(np.concatenate([x.ravel(), rng.uniform(-7, 7, p.size - p.n * p.dim)]))
    return np.array(rows)


def agree(p, w, rtol=1e-12, scale=1.0):
    """Energy, force and gaps of every row against brute force."""
    energy, force, gaps, pairs = p.energy(w), p.force(w), p.gaps(w), p.pairs(w)
    assert energy.shape == (len(w),) and force.shape == w.shape
    assert gaps.shape == pairs.shape[:2] and pairs.shape[2] == 2
    for s in range(len(w)):
        brute = Brute.of(p, w[s])
        close = dict(rtol=rtol, atol=1e-13 * scale)
        np.testing.assert_allclose(energy[s], brute.energy, rtol=rtol, atol=1e-15 * scale)
        top = max(1.0, np.abs(brute.force).max())
        np.testing.assert_allclose(force[s], brute.force, rtol=rtol, atol=30 * rtol * top * scale)
        listed = {tuple(sorted(map(int, pair))): gap for pair, gap in zip(pairs[s], gaps[s]) if pair[0] >= 0}
        assert len(listed) == (pairs[s, :, 0] >= 0).sum()  # no pair twice
        assert (gaps[s, pairs[s, :, 0] < 0] == -np.inf).all()
        every_gap = {(int(i), int(j)): gap for i, j, gap in zip(brute.i, brute.j, brute.gaps)}
        over = brute.overlapping(1e-14 * scale)
        assert over.keys() <= listed.keys()
        for pair, gap in listed.items():
            if np.isfinite(gap) and (gap > -0.15 or p.kind != "ellipses"):
                np.testing.assert_allclose(gap, every_gap[pair], **close)
        assert {pair for pair, gap in listed.items() if gap > 1e-14 * scale} == over.keys()


# --- against brute force ----------------------------------------------------------------------------------------------


@every
@random_cases
def test_energy_force_gaps_are_brute_force(name, case):
    p = KINDS[name]()
    agree(p, states(p, case=case))


@every
def test_force_is_the_gradient(name):
    p = KINDS[name]()
    w = states(p, 1, 0.2)[0]
    step = 1e-5
    moved = np.concatenate([w + step * np.eye(p.size), w - step * np.eye(p.size)])
    energy = p.energy(moved)
    slope = (energy[p.size :] - energy[: p.size]) / (2 * step)
    force = p.force(w[None])[0]
    np.testing.assert_allclose(force, slope, atol=4e-10 * max(1, np.abs(force).max() ** 2))
    assert np.abs(force).max() > 1e-2


@every
def test_evaluate_is_energy_gradient_gaps(name):
    p = KINDS[name]()
    w = states(p)
    loss, grad, gaps = p.evaluate(w)
    np.testing.assert_array_equal(loss, p.energy(w))
    np.testing.assert_array_equal(grad, -p.force(w))
    np.testing.assert_array_equal(gaps, p.gaps(w))


@pytest.mark.parametrize("dim", [2, 3])
@pytest.mark.parametrize("n", [4, 5, 9, 17, 64, 150, 400])
def test_every_size_of_box(n, dim):
    """Few particles in a small box (fewer than three cells a side) to many, dilute to dense; on the seams of the box as well."""
    for phi in (0.02, 0.5, 0.9):
        try:
            p = discs(phi, n, dim=dim)
        except ValueError as error:  # a box in which a pair has two nearest images may be refused, no other
            assert ((np.pi * (0.25 + 0.49) / 2 * n / phi) if dim == 2 else 2 * n / phi) ** (1 / dim) < 4
            assert "allowed" in str(error)
            continue
        w = states(p, 2, case=n)
        seams = np.array([0.0, -0.0, -1e-17, p.box, np.nextafter(p.box, 0), -p.box / 2, p.box / 2, 3 * p.box])
        x = w[1].reshape(n, dim)  # one coordinate of every particle lies on a seam
        x[np.arange(n), np.arange(n) % dim] = seams[np.random.default_rng(n).integers(len(seams), size=n)]
        agree(p, w)


@pytest.mark.parametrize("aspect", [1, 1.05, 2, 4])
@pytest.mark.parametrize("n", [40, 130])
def test_every_aspect(n, aspect):
    for phi in (0.3, 0.9, 1.1):
        p = ellipses(phi, n, aspect)
        agree(p, states(p, 2, case=n))


@pytest.mark.parametrize("build", [
    lambda: discs(0.9, 1000), lambda: discs(0.2, 1000), lambda: discs(0.7, 1000, dim=3), lambda: ellipses(0.9, 1000, 1.5),
    lambda: lennard_jones(0.9, 1000),
])  # fmt: skip
def test_a_thousand_particles(build):
    p = build()
    w = states(p, 2)
    w[1, : p.n * p.dim] = np.random.default_rng(1).uniform(-2 * p.box, 2 * p.box, p.n * p.dim)
    if p.kind == "lennard_jones":
        w = w[:1]
    agree(p, w, rtol=1e-11)


@pytest.mark.parametrize("name", ["discs", "balls", "ellipses"])
def test_two_at_one_place(name):
    """No direction, so no force, but the full energy: ½ for the pair."""
    p = KINDS[name]()
    w = states(rebuilt(p, p.init(1)[0], box=3 * p.box), 1, 0.02)
    q = rebuilt(p, w[0], box=3 * p.box)
    w[0, p.dim : 2 * p.dim] = w[0, : p.dim]
    assert q.energy(w)[0] == pytest.approx(0.5, abs=1e-12) and np.isfinite(q.force(w)).all()
    assert q.gaps(w).max() == pytest.approx(1) and np.isfinite(q.hessian(w)).all()


@pytest.mark.parametrize("big", [1, 3, 12])
@pytest.mark.parametrize("kind", ["discs", "balls", "ellipses"])
def test_a_giant_among_many(kind, big):
    """One large particle makes the cells large and few, or leaves no room for cells at all."""
    rng = np.random.default_rng(big)
    n, dim = 300, 3 if kind == "balls" else 2
    d = rng.uniform(0.5, 1.0, n)
    d[17] = big
    box = max(2.1 * big, 0.8 * n ** (1 / dim))
    x = rng.uniform(-box, 2 * box, (n, dim))
    if kind == "ellipses":
        p = Packing.from_arrays(x, box, semi_axes=np.stack([d, 0.6 * d], 1) / 2, angles=rng.uniform(0, 7, n))
    else:
        p = Packing.from_arrays(x, box, diameters=d)
    agree(p, p.w0, rtol=1e-11)


def test_a_call_leaves_nothing_behind():
    """What was near a moment ago is no help for particles that jump anywhere: no call changes the next one's answer."""
    p = discs(0.9, 200)
    rng = np.random.default_rng(3)
    far = [rng.uniform(0, p.box, (1, p.size)) for _ in range(3)]
    first = [(p.energy(w), p.force(w), p.gaps(w)) for w in far]
    small = far[0].copy()
    for _ in range(30):  # creeping away from where a list was made
        small += rng.normal(size=small.shape) * 0.03
        agree(p, small)
    for w, (energy, force, gaps) in list(zip(far, first))[::-1]:
        np.testing.assert_array_equal(p.energy(w), energy)
        np.testing.assert_array_equal(p.force(w), force)
        np.testing.assert_array_equal(p.gaps(w), gaps)
    assert not np.shares_memory(p.force(far[0]), p.force(far[0]))


@every
def test_batch_and_alone_are_the_same_bits(name):
    p = KINDS[name]()
    w = states(p, 5)
    gaps = p.gaps(w)
    for s in range(5):
        assert p.energy(w)[s] == p.energy(w[s : s + 1])[0]
        np.testing.assert_array_equal(p.force(w)[s], p.force(w[s : s + 1])[0])
        alone = p.gaps(w[s : s + 1])[0]
        np.testing.assert_array_equal(np.sort(gaps[s][gaps[s] > -np.inf]), np.sort(alone[alone > -np.inf]))
    np.testing.assert_array_equal(p.init(4)[2], p.init([2])[0])
    np.testing.assert_array_equal(p.init([7, 3]), KINDS[name]().init([7, 3]))
    assert p.init(4).shape == (4, p.size) and len(np.unique(p.init(50))) == 50 * p.size


# --- the contact function, ellipses.md §1 ------------------------------------------------------------------------------


def random_pairs(count, longest, seed=0):
    rng = np.random.default_rng(seed)
    for _ in range(count):
        minor, aspect = rng.uniform(0.2, 1, 2), np.exp(rng.uniform(0, np.log(longest), 2))
        axes = np.stack([minor * aspect, minor], 1)
        yield axes, *rng.uniform(-7, 7, 3)


def distance(axes, theta_a, theta_b, psi):
    return float(np.asarray(contact_distance(axes[0], theta_a, axes[1], theta_b, psi)))


def test_contact_of_discs():
    rng = np.random.default_rng(0)
    for a, b in np.exp(rng.uniform(-3, 3, (200, 2))):
        sigma = distance(np.array([[a, a], [b, b]]), *rng.uniform(-7, 7, 3))
        assert sigma == pytest.approx(a + b, rel=4e-15)


@pytest.mark.parametrize("turn", [0.0, 0.3, 2.0, -40.0])
def test_contact_of_aligned_ellipses(turn):
    axes, quarter = np.array([[1.7, 0.4], [0.9, 0.6]]), np.pi / 2
    assert distance(axes, turn, turn, turn) == pytest.approx(1.7 + 0.9, rel=4e-15)  # end to end
    assert distance(axes, turn, turn, turn + quarter) == pytest.approx(0.4 + 0.6, rel=4e-15)  # side by side
    assert distance(axes, turn, turn + quarter, turn) == pytest.approx(1.7 + 0.6, rel=4e-15)  # T
    assert distance(axes, turn, turn + quarter, turn + quarter) == pytest.approx(0.4 + 0.9, rel=4e-15)


@pytest.mark.parametrize("longest, tolerance", [(3, 5e-15), (30, 5e-14)])
def test_contact_by_support_functions(longest, tolerance):
    for axes, theta_a, theta_b, psi in random_pairs(300, longest):
        a, b = (matrices(*np.asarray(x), np.float64(t))[0] for x, t in zip(axes, (theta_a, theta_b)))
        sigma, _ = touching(a, b, np.array([np.cos(psi), np.sin(psi)]))
        assert distance(axes, theta_a, theta_b, psi) == pytest.approx(float(sigma), rel=tolerance)


def test_contact_by_maximising_over_lambda():
    """√F with F = max over λ of λ(1−λ) rᵀ((1−λ)A + λB)⁻¹r, by a search that knows nothing of the quartic."""
    for axes, theta_a, theta_b, psi in random_pairs(60, 5, seed=1):
        a, b = (matrices(*np.asarray(x), np.float64(t))[0] for x, t in zip(axes, (theta_a, theta_b)))
        r = np.array([np.cos(psi), np.sin(psi)])

        def minus_f(x, a=a, b=b, r=r):
            return -x * (1 - x) * (r @ np.linalg.solve((1 - x) * a + x * b, r))

        best = minimize_scalar(minus_f, bounds=(0, 1), method="bounded", options={"xatol": 1e-9})
        assert distance(axes, theta_a, theta_b, psi) == pytest.approx((-best.fun) ** -0.5, rel=1e-13)


@pytest.mark.parametrize("longest", [2, 30])
def test_at_contact_the_boundaries_touch(longest):
    """A millionth nearer some point of one boundary is inside the other ellipse, a millionth farther none is."""
    for axes, theta_a, theta_b, psi in random_pairs(40, longest, seed=2):
        a, b = (matrices(*np.asarray(x), np.float64(t))[0] for x, t in zip(axes, (theta_a, theta_b)))
        sigma = distance(axes, theta_a, theta_b, psi)
        root, inverse = np.linalg.cholesky(a), np.linalg.inv(b)
        for factor, inside in ((1 - 1e-6, True), (1 + 1e-6, False)):
            shift = sigma * factor * np.array([np.cos(psi), np.sin(psi)])

            def level(angle, root=root, shift=shift, inverse=inverse):
                d = root @ np.array([np.cos(angle), np.sin(angle)]) - shift[:, None]
                return np.einsum("ik,ij,jk->k", d, inverse, d)

            centre, width = np.pi, np.pi
            for _ in range(5):  # zoom in on the boundary point that is deepest inside the other
                grid = centre + width * np.linspace(-1, 1, 801)
                centre, width = grid[level(grid).argmin()], width / 100
            assert (level(np.array([centre]))[0] < 1) == inside


def test_contact_does_not_know_left_from_right():
    for axes, theta_a, theta_b, psi in random_pairs(50, 6, seed=3):
        here = distance(axes, theta_a, theta_b, psi)
        for other in (
            distance(axes[::-1], theta_b, theta_a, psi),
            distance(axes, theta_a, theta_b, psi + np.pi),
            distance(axes, theta_a + np.pi, theta_b, psi),
            distance(axes, theta_a + 0.7, theta_b + 0.7, psi + 0.7),
            distance(axes, -theta_a, -theta_b, -psi),
            distance(3 * axes, theta_a, theta_b, psi) / 3,
        ):
            assert other == pytest.approx(here, rel=1e-13)


# --- symmetries -------------------------------------------------------------------------------------------------------


@every
def test_translated_through_the_box(name):
    p = KINDS[name]()
    w = states(p)
    shifted = w.copy()
    shifted[:, : p.n * p.dim] += np.tile([3.7, -8.1, 0.9][: p.dim], p.n)
    np.testing.assert_allclose(p.energy(shifted), p.energy(w), rtol=1e-12)
    np.testing.assert_allclose(p.force(shifted), p.force(w), atol=1e-12 * np.abs(p.force(w)).max())


@every
@pytest.mark.parametrize("boxes", [1, 1000])
def test_whole_boxes_change_nothing(name, boxes):
    p = KINDS[name]()
    w = states(p)
    far = w.copy()
    far[:, : p.n * p.dim] += p.box * np.random.default_rng(5).integers(-boxes, boxes + 1, (len(w), p.n * p.dim))
    blur = boxes * p.box * 1e-15  # what the coordinates lose
    slope = np.abs(p.force(w)).sum(1)
    assert (np.abs(p.energy(far) - p.energy(w)) < 1e-13 * np.abs(p.energy(w)) + blur * (1 + slope)).all()
    agree(p, far, rtol=1e-11 * boxes, scale=boxes)


@every
def test_relabelled(name):
    p = KINDS[name]()
    w = states(p)
    rng = np.random.default_rng(2)
    order = np.concatenate([rng.permutation(p.n // 2), p.n // 2 + rng.permutation(p.n - p.n // 2)])  # small stay small
    np.testing.assert_allclose(p.energy(permuted(p, w, order)), p.energy(w), rtol=1e-12)
    order = rng.permutation(p.n)
    if p.kind != "lennard_jones":
        other = rebuilt(p, w[0], order)
        np.testing.assert_allclose(other.energy(other.w0), p.energy(w[:1]), rtol=1e-12)
        np.testing.assert_allclose(
            other.force(other.w0), permuted(p, p.force(w[:1]), order), atol=1e-12 * np.abs(p.force(w)).max()
        )


def permuted(p, w, order):
    x = w[:, : p.n * p.dim].reshape(len(w), p.n, p.dim)[:, order].reshape(len(w), -1)
    return np.concatenate([x, w[:, p.n * p.dim :][:, order] if p.size > p.n * p.dim else w[:, :0]], 1)


def rebuilt(p, w, order=slice(None), box=None):
    """The same state through `from_arrays`, in another order or in another box."""
    x = w[: p.n * p.dim].reshape(p.n, p.dim)[order]
    if p.kind == "ellipses":
        axes = np.stack([p.major, p.minor], 1)[order]
        return Packing.from_arrays(x, box or p.box, semi_axes=axes, angles=w[p.n * p.dim :][order])
    return Packing.from_arrays(x, box or p.box, diameters=2 * p.major[order])


@pytest.mark.parametrize("name", ["ellipses", "long"])
def test_half_a_turn_is_the_same_ellipse(name):
    p = KINDS[name]()
    w = states(p)
    turned = w.copy()
    turned[:, p.n * p.dim :] += np.pi * np.random.default_rng(0).integers(-3, 4, (len(w), p.n))
    np.testing.assert_allclose(p.energy(turned), p.energy(w), rtol=1e-12)
    np.testing.assert_allclose(p.force(turned), p.force(w), atol=1e-12)
    quarter = w.copy()
    quarter[:, p.n * p.dim :] += np.pi / 2
    assert (np.abs(p.energy(quarter) - p.energy(w)) > 1e-6).all()


@every
def test_forces_sum_to_zero(name):
    p = KINDS[name]()
    force = p.force(states(p))
    x = force[:, : p.n * p.dim].reshape(-1, p.n, p.dim)
    assert np.abs(x.sum(1)).max() < 1e-14 * np.abs(force).sum(1).max()


@pytest.mark.parametrize("kind", ["ellipses", "discs"])
def test_an_open_cluster_turned(kind):
    """In a box so large that its images are out of reach: the energy is the same, forces turn with it, and there is no torque."""
    p = ellipses(0.95, 24, 1.8) if kind == "ellipses" else discs(0.95, 24)
    n = p.n
    for w in states(p, 3):
        x = w[: 2 * n].reshape(n, 2)
        angles = w[2 * n :]
        energy, force = [], []
        for turn in (0.0, 0.7, 2.5):
            c, s = np.cos(turn), np.sin(turn)
            rotation = np.array([[c, -s], [s, c]])
            row = np.concatenate([((x - x.mean(0)) @ rotation.T + 30).ravel(), angles + turn])
            q = rebuilt(p, row, box=80.0)
            energy.append(q.energy(q.w0)[0])
            f = q.force(q.w0)[0]
            force.append(np.concatenate([(f[: 2 * n].reshape(n, 2) @ rotation).ravel(), f[2 * n :]]))
            y, g = q.w0[0, : 2 * n].reshape(n, 2), f[: 2 * n].reshape(n, 2)
            torque = (y[:, 0] * g[:, 1] - y[:, 1] * g[:, 0]).sum() + f[2 * n :].sum()
            assert abs(torque) < 1e-12
        assert energy[0] > 0.01
        np.testing.assert_allclose(energy, energy[0], rtol=1e-12)
        np.testing.assert_allclose(force, force[:1] * 3, atol=1e-12)


def test_round_ellipses_are_discs():
    for phi, n in ((0.7, 12), (0.9, 30), (1.1, 41)):
        p, q = ellipses(phi, n, 1), discs(phi, n)
        assert p.box == pytest.approx(q.box, rel=1e-15) and p.size == 3 * n and q.size == 2 * n
        w = states(p, 4)
        np.testing.assert_allclose(p.energy(w), q.energy(w[:, : 2 * n]), rtol=1e-12)
        np.testing.assert_allclose(p.force(w)[:, : 2 * n], q.force(w[:, : 2 * n]), atol=1e-12)
        assert np.abs(p.force(w)[:, 2 * n :]).max() < 1e-13  # an angle costs nothing
        np.testing.assert_array_equal(p.N(w), q.N(w[:, : 2 * n]))  # and is not counted


# --- counting ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["discs", "odd", "balls", "ellipses", "long"])
def test_no_energy_no_overlap_no_constraint(name):
    p = KINDS[name]()
    loose = rebuilt(p, states(p, 1)[0] * np.where(np.arange(p.size) < p.n * p.dim, 1.6, 1), box=1.6 * p.box)
    seen = set()
    for q, spread in ((p, 0.35), (loose, 0.02), (loose, 0.2), (loose, 0.35)):
        w = states(q, 40, spread)
        if spread < 0.1:
            w[:, q.n * q.dim :] = 0.7  # all point one way
        count = unsatisfied(q.gaps(w), q.tolerance(w))
        overlap = np.array([bool(Brute.of(q, row).overlapping()) for row in w])
        np.testing.assert_array_equal(q.energy(w) > 0, overlap)
        np.testing.assert_array_equal(count > 0, overlap)
        np.testing.assert_array_equal(unsatisfied(q.gaps(w), 0) > 0, overlap)
        seen |= set(overlap.tolist())
    assert seen == {True, False}


@pytest.mark.parametrize("name", ["discs", "balls", "ellipses"])
def test_gaps_of_seeds_with_different_numbers_of_pairs(name):
    p = KINDS[name]()
    w = np.concatenate([states(p, 2, 0.01), states(p, 2, 0.4), p.init(2)])
    w[1] = w[5]
    agree(p, w)
    gaps = p.gaps(w)
    assert len({(row > 0).sum() for row in gaps}) > 2 and (gaps == -np.inf).any()
    np.testing.assert_array_equal(unsatisfied(gaps, 0), [len(Brute.of(p, row).overlapping()) for row in w])


@every
def test_contacts_are_pairs_above_tol(name):
    p = KINDS[name]()
    w = states(p)
    for tol in (0.0, 0.01, p.tolerance(w)):
        found = p.contacts(w, tol)
        assert len(found) == len(w)
        for s, pairs in enumerate(found):
            assert pairs.shape[1:] == (2,) and np.issubdtype(pairs.dtype, np.integer)
            expected = Brute.of(p, w[s]).overlapping(np.broadcast_to(tol, len(w))[s]).keys()
            assert {tuple(sorted(map(int, pair))) for pair in pairs} == expected and len(pairs) == len(expected)
    np.testing.assert_array_equal(
        [len(c) for c in p.contacts(w, p.tolerance(w))], unsatisfied(p.gaps(w), p.tolerance(w))
    )


@pytest.mark.parametrize("name", ["discs", "balls", "ellipses"])
def test_tolerance_and_rattlers_of_random_states(name):
    p = KINDS[name]()
    w = np.concatenate([minimise.settled(p, states(p, 8), budget=b).w for b in (0, 20, 200)])
    tol, loose, N = p.tolerance(w), p.rattlers(w), p.N(w)
    free = {"discs": 2, "balls": 3, "ellipses": 3}[name]
    assert tol.shape == N.shape == (24,) and loose.shape == (24, p.n) and loose.dtype == bool
    for s, row in enumerate(w):
        brute = Brute.of(p, row)
        assert tol[s] == pytest.approx(1e-3 * np.mean(list(brute.overlapping().values())), rel=1e-9)
        expected = brute.rattlers(tol[s])
        np.testing.assert_array_equal(loose[s], expected)
        assert N[s] == free * (~expected).sum()
    assert len(set(N.tolist())) > 4  # none, some, many


def line(h, n=4):
    """n discs of diameter 1 in a row, the first two with the overlap h."""
    x = np.zeros((n, 2))
    x[:, 0] = np.concatenate([[0.0, 1 - h], 3.0 * np.arange(1, n - 1)])
    return Packing.from_arrays(x, 3.0 * n, diameters=np.ones(n))


@pytest.mark.parametrize("h, count", [(-1e-3, 0), (1e-12, 0), (2.8e-9, 0), (2.9e-9, 1), (1e-6, 1), (0.1, 1)])
def test_below_1e18_of_energy_nothing_is_unsatisfied(h, count):
    p = line(h)
    assert p.energy(p.w0)[0] == pytest.approx(max(0, h) ** 2 / 2, rel=1e-3, abs=0)
    assert np.isinf(p.tolerance(p.w0)[0]) == (count == 0)
    assert unsatisfied(p.gaps(p.w0), p.tolerance(p.w0))[0] == count
    assert unsatisfied(p.gaps(p.w0), 0)[0] == (h > 0)
    if not count:
        assert p.N(p.w0)[0] == 2 * p.n  # nothing holds anything: all coordinates are free


def test_weak_contacts_are_rounding():
    """A gap of less than a thousandth of the mean overlap is none."""
    x = np.array([[0, 0], [0.9, 0], [0.9, 1 - 4e-5], [4, 4], [4.9, 4]], float)
    p = Packing.from_arrays(x, 9.0, diameters=np.ones(5))
    assert unsatisfied(p.gaps(p.w0), 0)[0] == 3
    assert unsatisfied(p.gaps(p.w0), p.tolerance(p.w0))[0] == 2
    assert [tuple(sorted(c)) for c in p.contacts(p.w0, p.tolerance(p.w0))[0].tolist()] == [(0, 1), (3, 4)]


LATTICE = 7


def lattice(missing=(), swap=(), kind="discs", dim=2):
    """A square or cubic lattice, each particle pressed by 2·dim neighbours; `missing` sites empty, `swap` too small to touch."""
    side = LATTICE if dim == 2 else 4
    sites = [site for site in np.ndindex(*(side,) * dim) if site not in set(missing)]
    size = np.array([0.5 if site in set(swap) else 1.01 for site in sites])
    x = np.array(sites, float) + 0.25
    if kind == "ellipses":
        axes = np.stack([size, size * 0.999], 1) / 2  # nearly round: every neighbour touches, whatever the angle
        return sites, Packing.from_arrays(x, float(side), semi_axes=axes, angles=np.linspace(0, 3, len(x)))
    return sites, Packing.from_arrays(x, float(side), diameters=size)


@pytest.mark.parametrize("kind, dim, free", [("discs", 2, 2), ("ellipses", 2, 3), ("discs", 3, 3)])
def test_a_small_particle_in_a_cage_rattles(kind, dim, free):
    where = (3, 2, 2)[:dim]
    sites, p = lattice(swap=[where], kind=kind, dim=dim)
    assert unsatisfied(p.gaps(p.w0), p.tolerance(p.w0))[0] == dim * (p.n - 2)
    assert [sites[k] for k in np.flatnonzero(p.rattlers(p.w0)[0])] == [where]
    assert p.N(p.w0)[0] == free * (p.n - 1)


@pytest.mark.parametrize("kind", ["discs", "ellipses"])
def test_rattlers_fall_out_in_a_chain(kind):
    """(2, 1) and (1, 0) have two contacts. Without (2, 1), (2, 2) and (3, 1) have two; then (2, 3) and (3, 2); then (3, 3)."""
    sites, p = lattice([(1, 1), (2, 0), (1, 2), (1, 3), (3, 0)], kind=kind)
    degree = dict.fromkeys(sites, 0)
    for pair in p.contacts(p.w0, p.tolerance(p.w0))[0]:
        for k in pair:
            degree[sites[k]] += 1
    assert {site for site in sites if degree[site] < 3} == {(2, 1), (1, 0)}
    loose = p.rattlers(p.w0)[0]
    assert {sites[k] for k in np.flatnonzero(loose)} == {(1, 0), (2, 1), (2, 2), (3, 1), (2, 3), (3, 2), (3, 3)}
    np.testing.assert_array_equal(Brute.of(p, p.w0[0]).rattlers(p.tolerance(p.w0)[0]), loose)
    assert p.N(p.w0)[0] == (3 if kind == "ellipses" else 2) * (p.n - 7)


def test_balls_need_four_contacts():
    """In three dimensions three contacts do not hold a ball: (0, 0, 0) with three goes, in two dimensions it stays."""
    sites, p = lattice([(1, 0, 0), (0, 1, 0), (0, 0, 1)], dim=3)
    assert [sites[k] for k in np.flatnonzero(p.rattlers(p.w0)[0])] == [(0, 0, 0)]
    sites, p = lattice([(1, 1)])
    assert not p.rattlers(p.w0).any() and p.N(p.w0)[0] == 2 * p.n


def test_lennard_jones_counts_its_first_shell():
    p = lennard_jones(0.85, 42)
    w = states(p, 3)
    for s, row in enumerate(w):
        brute = Brute.of(p, row)
        first = {pair for pair, r, sigma in zip(zip(brute.i, brute.j), brute.distance, brute.sigma) if r < 1.5 * sigma}
        assert {tuple(sorted(map(int, pair))) for pair in p.contacts(w, 0)[s]} == first
    assert (p.N(w) == 2 * p.n).all()  # all particles count
    assert np.isfinite(p.tolerance(w)).all() and not p.rattlers(w).any()


def test_lennard_jones_pair():
    """Its minimum lies at 2^(1/6) σ nearly, and beyond 2.5σ there is nothing, with no step and no kink."""
    p = lennard_jones(0.03, 4)
    r = np.linspace(0.9, 3.0, 4000)
    w = np.tile([0, 0, 0, 0, p.box / 2, p.box / 2, p.box / 2, p.box / 2 + 1.5], (len(r), 1))
    w[:, 2] = r  # 0 and 1 are small: σ = 1; 2 and 3 are out of their reach
    energy, force = p.energy(w), p.force(w)
    mine = energy - energy[-1]
    assert r[mine.argmin()] == pytest.approx(2 ** (1 / 6), abs=3e-3)
    assert mine.min() == pytest.approx(-0.93, abs=0.01) and (np.abs(mine[r > 2.5]) < 1e-13).all()
    assert np.abs(np.diff(force[r > 2.3, 2])).max() < 1e-3 and np.abs(np.diff(mine[r > 2.3])).max() < 1e-3


# --- building and bad input --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("build, kind, dim, n, size", [
    (lambda: discs(0.8, 10), "discs", 2, 10, 20), (lambda: discs(0.5, 40, dim=3), "balls", 3, 40, 120),
    (lambda: ellipses(0.8, 11, 1.5), "ellipses", 2, 11, 33), (lambda: lennard_jones(0.7, 50), "lennard_jones", 2, 50, 100),
    (lambda: discs(0.8, 11, ratio=2.0), "discs", 2, 11, 22), (lambda: ellipses(0.8, 30, 3, ratio=1), "ellipses", 2, 30, 90),
])  # fmt: skip
def test_what_a_packing_says_of_itself(build, kind, dim, n, size):
    p = build()
    assert (p.kind, p.dim, p.n, p.size) == (kind, dim, n, size)
    radius = np.where(np.arange(n) < n // 2, 0.5, 0.5 * p.ratio)
    np.testing.assert_allclose(p.major, radius * np.sqrt(p.aspect), rtol=1e-15)
    np.testing.assert_allclose(p.minor, radius / np.sqrt(p.aspect), rtol=1e-15)
    volume = np.pi * (p.major * p.minor) if dim == 2 else 4 / 3 * np.pi * p.major**3
    assert volume.sum() / p.box**dim == pytest.approx(p.phi, rel=1e-14)


@pytest.mark.parametrize("case", range(3))
def test_any_sizes_in_any_order(case):
    rng = np.random.default_rng(case)
    n, dim = int(rng.integers(5, 60)), 2 + case % 2
    d = np.exp(rng.normal(0, 0.4, n))
    box = max(2.5 * d.max(), (np.sum(d**dim) / 1.1) ** (1 / dim))
    x = rng.uniform(-box, box, (n, dim))
    p = Packing.from_arrays(x, box, diameters=d)
    assert p.kind == ("discs", "balls")[dim - 2] and p.n == n and p.box == box
    np.testing.assert_array_equal(p.w0, x.reshape(1, -1))
    np.testing.assert_allclose(p.major, d / 2)
    assert p.phi == pytest.approx((np.pi / 4 * d**2 if dim == 2 else np.pi / 6 * d**3).sum() / box**dim)
    agree(p, p.w0)
    agree(p, states(p, 2))

    axes = np.sort(np.exp(rng.normal(0, 0.5, (n, 2))), 1)[:, ::-1] / 2
    theta = rng.uniform(-9, 9, n)
    box = max(4.2 * axes.max(), np.sqrt(np.pi * axes.prod(1).sum()))
    x = rng.uniform(-box, box, (n, 2))
    p = Packing.from_arrays(x, box, semi_axes=axes, angles=theta)
    assert p.kind == "ellipses"
    np.testing.assert_array_equal(p.w0, np.concatenate([x.ravel(), theta])[None])
    np.testing.assert_allclose(np.stack([p.major, p.minor], 1), axes)
    agree(p, p.w0)
    agree(p, states(p, 2))


def test_arrays_are_copied():
    x, d = np.random.default_rng(0).uniform(0, 6, (12, 2)), np.ones(12)
    p = Packing.from_arrays(x, 6.0, diameters=d)
    energy = p.energy(p.w0)
    x += 0.3 * np.arange(24).reshape(12, 2)
    d *= 2
    np.testing.assert_array_equal(p.energy(p.w0), energy)
    w = states(p)
    before = w.copy()
    p.energy(w), p.force(w), p.gaps(w), p.rattlers(w)
    np.testing.assert_array_equal(w, before)


@pytest.mark.parametrize("name", ["discs", "balls", "ellipses"])
def test_round_trip(name):
    p = KINDS[name]()
    for row in states(p, 3):
        q = rebuilt(p, row)
        assert q.kind == p.kind and q.size == p.size and q.phi == pytest.approx(p.phi, rel=1e-14)
        np.testing.assert_array_equal(q.w0[0], row)
        np.testing.assert_array_equal(q.energy(q.w0), p.energy(row[None]))
        np.testing.assert_array_equal(q.rattlers(q.w0), p.rattlers(row[None]))


nan = float("nan")
BAD = [
    *[("phi", lambda x=x: discs(x, 20)) for x in (0, -0.1, nan, 50, float("inf"))],
    *[("phi", lambda x=x: ellipses(x, 20, 1.5)) for x in (0, nan, 50)],
    *[("phi", lambda x=x: lennard_jones(x, 60)) for x in (0, -1, nan, 50)],
    *[("n", lambda x=x: discs(0.8, x)) for x in (3, 0, -5)],
    *[("n", lambda x=x: ellipses(0.8, x, 1.2)) for x in (3, -1)],
    *[("aspect", lambda x=x: ellipses(0.8, 64, x)) for x in (0.99, 0, -2, nan, float("inf"), 1000)],
    ("aspect", lambda: ellipses(0.85, 16, 3)),
    *[("ratio", lambda x=x: discs(0.8, 20, ratio=x)) for x in (0, -1.4, nan, float("inf"))],
    *[("ratio", lambda x=x: ellipses(0.8, 20, 1.5, ratio=x)) for x in (0, -1)],
    *[("dim", lambda x=x: discs(0.5, 20, dim=x)) for x in (1, 4)],
    ("n", lambda: lennard_jones(0.85, 16)),  # box 4.8 < 5 · 1.4
]


@pytest.mark.parametrize("case", range(len(BAD)))
def test_bad_numbers_are_refused(case):
    argument, build = BAD[case]
    with pytest.raises(ValueError, match=rf"^(\w+: )?{argument}\b.* got .*allowed"):
        build()


def arrays(**change):
    good = dict(positions=np.random.default_rng(0).uniform(0, 8, (10, 2)), box=8.0, diameters=np.ones(10))
    if "semi_axes" in change or "angles" in change:
        good |= dict(semi_axes=np.full((10, 2), [0.6, 0.4]), angles=np.zeros(10), diameters=None)
    good |= change
    return {key: value for key, value in good.items() if value is not None}


def spoil(a, index, value):
    a = np.array(a, float)
    a[index] = value
    return a


X = np.random.default_rng(0).uniform(0, 8, (10, 2))
BAD_ARRAYS = [
    ("positions", dict(positions=spoil(X, (2, 1), nan))),
    ("positions", dict(positions=spoil(X, (2, 1), np.inf))),
    ("positions", dict(positions=X.ravel())),
    ("positions", dict(positions=X[:, :1])),
    ("positions", dict(positions=np.zeros((10, 4)))),
    ("positions", dict(positions=X[:0], diameters=np.ones(0))),
    ("box", dict(box=nan)), ("box", dict(box=-8.0)), ("box", dict(box=0.0)), ("box", dict(box=1.5)),
    ("box", dict(box=2.2, semi_axes=np.full((10, 2), [0.6, 0.4]))),
    ("diameters", dict(diameters=np.ones(9))),
    ("diameters", dict(diameters=np.ones((10, 1)))),
    ("diameters", dict(diameters=spoil(np.ones(10), 3, -1))),
    ("diameters", dict(diameters=spoil(np.ones(10), 3, 0))),
    ("diameters", dict(diameters=spoil(np.ones(10), 3, nan))),
    ("semi_axes", dict(semi_axes=np.ones(10))),
    ("semi_axes", dict(semi_axes=np.ones((9, 2)))),
    ("semi_axes", dict(semi_axes=spoil(np.ones((10, 2)), (1, 1), -0.5))),
    ("semi_axes", dict(semi_axes=spoil(np.ones((10, 2)), (1, 1), nan))),
    ("angles", dict(angles=np.zeros(9))),
    ("angles", dict(angles=spoil(np.zeros(10), 4, nan))),
    ("angles", dict(semi_axes=np.full((10, 2), 0.5), angles=None)),
    ("diameters", dict(diameters=np.ones(10), semi_axes=np.ones((10, 2)))),  # both
    ("diameters", dict(diameters=None)),  # neither
    ("semi_axes", dict(positions=np.random.default_rng(0).uniform(0, 8, (10, 3)), semi_axes=np.full((10, 2), 0.5))),
]  # fmt: skip


@pytest.mark.parametrize("case", range(len(BAD_ARRAYS)))
def test_bad_arrays_are_refused(case):
    argument, change = BAD_ARRAYS[case]
    Packing.from_arrays(**arrays())  # the good ones are good
    with pytest.raises(ValueError, match=rf"{argument}.*got .*allowed"):
        Packing.from_arrays(**arrays(**change))


# --- FIRE: fused and plain ---------------------------------------------------------------------------------------------


def fused(p, w, steps):
    """w and energy of one seed after so many steps of the fused kernel, and its first and longest time step."""
    walker = minimise.Walker(p, p.natural(w)[0])
    dt, dt_max = walker.dt, walker.dt_max
    assert walker.fire(steps, 0.0) == steps
    return walker.q, walker.energy, dt, dt_max


@pytest.mark.parametrize("name", ["discs", "odd", "balls", "ellipses", "long", "round", "lennard_jones"])
@pytest.mark.parametrize("steps", [1, 7, 40, 100])
def test_fused_fire_is_plain_fire(name, steps):
    p = KINDS[name]()
    for w in (p.init([3]), states(p, 1)):
        q, energy, dt, dt_max = fused(p, w, steps)
        for state in descent.fire(p.in_natural(), p.natural(w), budget=steps, dt=dt, dt_max=dt_max, stop=False):
            pass
        assert state.step == steps
        np.testing.assert_allclose(q, state.w[0], atol=1e-9)
        assert energy == pytest.approx(state.loss[0], rel=1e-9, abs=1e-12)
        assert np.abs(q - p.natural(w)[0]).max() > (1e-4 if steps == 1 else 1e-2)  # it moved: the comparison could fail


@pytest.mark.parametrize("name", ["discs", "ellipses"])
def test_plain_fire_runs_on_a_packing_as_on_a_network(name):
    p = KINDS[name]()
    w = p.init(3)
    states = descent.fire(p, w, budget=300, dt=0.1, dt_max=0.3)
    start = next(states).loss.copy()
    for state in states:
        pass
    assert (state.loss < 0.2 * start).all() and not state.failed.any()
    np.testing.assert_array_equal(state.loss, p.energy(state.w))


@pytest.mark.parametrize("name", ["discs", "balls", "ellipses", "long", "lennard_jones"])
def test_what_says_converged_is_a_minimum(name):
    p = KINDS[name]()
    done = minimise.settled(p, p.init(3), budget=30_000, tol=1e-6)
    assert done.converged.all()
    np.testing.assert_allclose(done.energy, p.energy(done.w), rtol=1e-9)
    overlap = 1 if p.kind == "lennard_jones" else np.sqrt(done.energy / p.n)[:, None]
    assert (np.abs(p.force(done.w) / p.unit) <= 1.1e-6 * overlap).all()
    lowest = np.linalg.eigvalsh(p.hessian(done.w))[:, 0]
    assert (lowest > -1e-6).all()
    short = minimise.settled(p, p.init(3), budget=5, tol=1e-6)
    assert not short.converged.any() and (short.iterations <= 6).all()


# --- stiffness and pressure --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["discs", "balls", "ellipses", "long", "lennard_jones"])
def test_hessian_is_the_change_of_force(name):
    p = KINDS[name]()
    w = minimise.settled(p, states(p, 1, 0.25), budget=40).w
    q, step = p.natural(w)[0], 1e-6
    moved = np.concatenate([q + step * np.eye(p.size), q - step * np.eye(p.size)])
    slope = p.in_natural().evaluate(moved).grad
    bend = (slope[: p.size] - slope[p.size :]) / (2 * step)
    hessian = p.hessian(w)[0]
    np.testing.assert_allclose(hessian, hessian.T, atol=1e-12 * np.abs(hessian).max())
    np.testing.assert_allclose(hessian, bend, atol=1e-7 * max(1, np.abs(hessian).max()))


@every
def test_pressure_is_what_squeezing_costs(name):
    """p = −dU/dV when box and positions shrink together (§1: dU/dε = Σ h√F when particles grow instead)."""
    p = KINDS[name]()
    w = states(p, 2, 0.2)
    volume, e = p.box**p.dim, 1e-6
    pressure = p.look(w).pressure
    for s, row in enumerate(w):
        energy = []
        for factor in (1 - e, 1 + e):
            brute = Brute.of(p, row)
            grown = factor ** (1 / p.dim)
            stretched = Brute(p.kind, brute.positions * grown, p.box * grown, p.major, p.minor, brute.angles)
            energy.append(stretched.energy)
        assert pressure[s] == pytest.approx(-(energy[1] - energy[0]) / (2 * e * volume), rel=1e-6, abs=1e-8)


def test_a_state_that_jax_md_keeps_has_its_published_energy_and_pressure():
    """128 jammed discs from jax-md's own tests (0.2.29, tests/data/simulation_test_state.npy, Apache-2.0), U = Σ ½(1 − r/σ)²."""
    state = np.load(Path(__file__).parent / "data" / "jaxmd_discs_128.npz")
    p = Packing.from_arrays(state["positions"], float(state["box"]), diameters=state["diameters"])
    np.testing.assert_allclose(p.energy(p.w0), 0.45247561922261154, rtol=1e-14)
    np.testing.assert_allclose(p.look(p.w0).pressure, 0.06307342050945483, rtol=1e-13)
    assert np.abs(p.force(p.w0)).max() < 1e-5  # it is a minimum


def test_Z_is_counted_among_those_that_bear():
    """A chain that hangs on a cage touches it, but bears nothing: its contacts are in N_Δ and not in Z."""
    angles = 2 * np.pi * np.arange(6) / 6
    ring = 0.99 * np.stack([np.cos(angles), np.sin(angles)], axis=1)  # six discs around one: all touch both neighbours and the middle
    tail = np.array([[1.98, 0.0], [2.97, 0.0]])
    p = Packing.from_arrays(6 + np.concatenate([[[0.0, 0.0]], ring, tail]), 12.0, diameters=np.ones(9))
    look = p.look(p.w0)
    assert look.N_delta[0] == unsatisfied(p.gaps(p.w0), p.tolerance(p.w0))[0] == 14
    assert list(np.flatnonzero(p.rattlers(p.w0)[0])) == [7, 8]
    np.testing.assert_allclose(look.Z, 2 * 12 / 7)
