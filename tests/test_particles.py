"""Particles jam: what the experiments say, against brute force (`packing_oracle`), and the physics of ellipses.md and landscape §1.5."""

import numpy as np
import pytest
import xarray as xr
from packing_oracle import Brute

from lsviz import experiment, particles
from lsviz.packing import minimise
from lsviz.particles import common, minima, point

KINDS = {
    "discs": dict(kind="discs", phi=0.87, n=32),
    "ellipses": dict(kind="ellipses", phi=0.92, n=24, aspect=1.5),
    "balls": dict(kind="balls", phi=0.7, n=40),
    "lennard_jones": dict(kind="lennard_jones", phi=0.85, n=42),
    "loose": dict(kind="discs", phi=0.7, n=32),
}
every = pytest.mark.parametrize("name", KINDS)


def state_of(ds, seed=0, kind="discs"):
    """The configuration of a Dataset as brute force sees it."""
    one = ds.isel(seed=seed)
    return Brute(kind, one.position.values, float(ds.box), ds.major.values, ds.minor.values, one.angle.values)


def contacts_of(ds, seed=0):
    """{(i, j): (force, overlap)} of a Dataset."""
    one = ds.isel(seed=seed)
    known = ~np.isnan(one.contact_i.values)
    table = np.stack([one[name].values[known] for name in ("contact_i", "contact_j", "contact_force", "overlap")], 1)
    return {tuple(sorted((int(i), int(j)))): (f, h) for i, j, f, h in table}


# --- the configuration and its counts are those of brute force ----------------------------------------------------------


@every
@pytest.mark.parametrize("start", ["random", "pressed"])
def test_quench_tells_the_state_it_shows(name, start):
    what = KINDS[name]
    ds = particles.quench(**what, start=start, seeds=2)
    assert (ds.position >= 0).all() and (ds.position < ds.box).all()
    assert (ds.converged == 1).all() and float(ds.phi) == what["phi"]
    dim, free = len(ds.axis), {"ellipses": 3, "balls": 3}.get(what["kind"], 2)
    for s in range(2):
        brute, one = state_of(ds, s, what["kind"]), ds.isel(seed=s)
        assert float(one.energy) * brute_n(brute) == pytest.approx(brute.energy, rel=1e-6, abs=1e-16)
        volume = np.pi * (brute.major * brute.minor).sum() if dim == 2 else 4 / 3 * np.pi * (brute.major**3).sum()
        assert volume / brute.box**dim == pytest.approx(what["phi"], rel=1e-12)
        positive = np.array(list(brute.overlapping().values()))
        loose = what["kind"] != "lennard_jones" and brute.energy / brute_n(brute) <= 1e-18
        tol = np.inf if loose else 1e-3 * positive.mean()
        found, expected = contacts_of(ds, s), brute.overlapping(tol)
        assert found.keys() == expected.keys() and len(found) == one.N_delta
        for pair in found:
            assert found[pair][1] == pytest.approx(expected[pair], abs=1e-10)
        rattler = np.zeros(brute_n(brute), bool) if loose or what["kind"] == "lennard_jones" else brute.rattlers(tol)
        np.testing.assert_array_equal(one.rattler, rattler)
        bearing = (~rattler).sum()
        assert int(one.n_rattlers) == rattler.sum() and int(one.N) == free * bearing
        assert float(one.Z) == pytest.approx(2 * len(found) / bearing)
        assert str(one.state.values) == ("sat" if loose else "unsat")
        if not loose:
            stretched = [Brute(brute.kind, brute.positions * f, brute.box * f, brute.major, brute.minor, brute.angles).energy
                         for f in (1 - 1e-6, 1 + 1e-6)]  # fmt: skip
            squeezed = -(stretched[1] - stretched[0]) / (2e-6 * dim * brute.box**dim)
            assert float(one.pressure) == pytest.approx(squeezed, rel=1e-5, abs=1e-9)
    assert (name == "loose") == bool((ds.state == "sat").all())


def brute_n(brute):
    return len(brute.positions)


@pytest.mark.parametrize("name", ["discs", "balls"])
def test_contact_forces_balance(name):
    """On every particle at rest the drawn forces add up to nothing."""
    ds = particles.quench(**KINDS[name], seeds=1)
    x, box = ds.position.values[0], float(ds.box)
    total = np.zeros_like(x)
    for (i, j), (force, _) in contacts_of(ds).items():
        r = x[j] - x[i]
        r -= box * np.rint(r / box)
        push = force * r / np.linalg.norm(r)
        total[i] -= push
        total[j] += push
        assert force > 0
    strongest = np.nanmax(ds.contact_force)
    assert np.abs(total).max() < 3e-3 * strongest  # but for contacts below the cut


def test_traces_fall_to_the_end():
    ds = particles.quench(phi=0.87, n=32, seeds=3)
    for s in range(3):
        energy = ds.energy_trace.values[:, s]
        known = ~np.isnan(energy)
        assert known[0] and not known[-1] and (np.diff(known.astype(int)) <= 0).all()
        assert energy[known][-1] < 0.05 * energy[0]
        assert energy[known][-1] >= float(ds.energy[s]) * (1 - 1e-9)


def test_what_is_remembered_is_what_would_be_computed():
    arguments = dict(kind="discs", n=24, start="pressed", seeds=(3, 1))
    common._paths.clear()
    fresh = particles.quench(phi=0.8512, **arguments)
    for before in (0.83, 0.87, 0.8512, 0.79):
        particles.quench(phi=before, **arguments)
        xr.testing.assert_identical(particles.quench(phi=0.8512, **arguments), fresh)
    common._paths.clear()
    for yields in (1, 5, 23, 60):  # a hand that moves on
        steps = common.pressed("discs", 0.88, 24, 1.5, 1.4, 20_000, (3, 1))
        for _ in range(yields):
            next(steps)
        steps.close()
    common._paths.clear()
    two = [common.pressed("discs", 0.88, 24, 1.5, 1.4, 20_000, (3, 1)) for _ in range(2)]
    for _ in range(60):  # two apps at once
        next(two[0]), next(two[1])
    for steps in two:
        steps.close()
    xr.testing.assert_identical(particles.quench(phi=0.8512, **arguments), fresh)


def test_a_drag_answers_from_where_it_stands():
    """One small step further costs far fewer iterations than the whole path."""
    common._paths.clear()
    arguments = dict(kind="discs", n=32, start="pressed", seeds=1)
    first = list(particles.quench.stream(phi=0.86, **arguments))
    again = list(particles.quench.stream(phi=0.862, **arguments))
    assert float(first[0].phi) <= 0.86 and float(again[-1].phi) == 0.862
    assert all(float(part.phi) >= 0.86 - 1e-9 for part in again[1:])


# --- φ_J ---------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def discs_point():
    return particles.threshold(kind="discs", n=32, seeds=4)


def test_discs_are_isostatic(discs_point):
    ds = discs_point
    assert (ds.state == "unsat").all() and (ds.converged == 1).all() and (ds.mean_overlap < 1e-6).all()
    assert (ds.phi_J > 0.80).all() and (ds.phi_J < 0.85).all() and 0.815 < float(ds.phi_J.mean()) < 0.84
    np.testing.assert_array_equal(ds.N, 2 * (32 - ds.n_rattlers))
    np.testing.assert_array_equal(ds.soft, ds.N - 1 - ds.N_delta)
    assert (ds.soft == 0).sum() >= 3 and (ds.soft <= 0).all()  # 2n′ − 1 exactly, but for a symmetric packing in forty
    assert (abs(ds.Z - 4) < 0.1).all()


def test_balls_are_isostatic():
    ds = particles.threshold(kind="balls", n=32, seeds=3)
    assert (ds.converged == 1).all() and (ds.phi_J > 0.58).all() and (ds.phi_J < 0.66).all()
    np.testing.assert_array_equal(ds.soft, 3 * (32 - ds.n_rattlers) - 2 - ds.N_delta)
    assert (ds.soft == 0).sum() >= 2


def test_energy_is_the_square_of_the_distance(discs_point):
    """E ∝ (φ − φ_J)², from a hundredth to a hundred-thousandth; overlap ∝ φ − φ_J; Z stays."""
    for s in range(4):
        one = discs_point.isel(seed=s)
        jammed = (one.energy_trace > 1e-18).values
        last = np.flatnonzero(jammed)[-4:-1]  # the very last defines φ_J
        away = one.phi_trace.values[last] - float(one.phi_J)
        assert away.max() / away.min() > 30 and (away > 0).all()
        slope = np.polyfit(np.log(away), np.log(one.energy_trace.values[last]), 1)[0]
        assert slope == pytest.approx(2, abs=0.1)
        assert np.polyfit(np.log(away), np.log(one.overlap_trace.values[last]), 1)[0] == pytest.approx(1, abs=0.1)
        assert np.ptp(one.Z_trace.values[last]) < 0.3
        (one_phi, two_phi), (one_root, two_root) = (
            one.phi_trace.values[jammed][-2:],
            np.sqrt(one.energy_trace.values[jammed][-2:]),
        )
        straight = (one_phi * two_root - two_phi * one_root) / (two_root - one_root)
        assert float(one.phi_J) == pytest.approx(
            straight, abs=0.02 * (two_phi - straight)
        )  # where √E is zero, not where it was seen last


@pytest.mark.parametrize("aspect, phi_J, Z", [(1.05, 0.8489, 4.52), (1.5, 0.8879, 5.58), (2.0, 0.8799, 5.69)])
def test_ellipses_are_held_by_less(aspect, phi_J, Z):
    """The table of ellipses.md §3 at n = 32, within the scatter of three packings; never more than 3n′ − 1 contacts."""
    ds = particles.threshold(kind="ellipses", n=32, aspect=aspect, seeds=3)
    assert (ds.converged == 1).all() and (ds.state == "unsat").all()
    bearing = 32 - ds.n_rattlers
    np.testing.assert_array_equal(ds.N, 3 * bearing)
    assert (ds.N_delta < 3 * bearing - 1).all() and (ds.N_delta >= 2 * bearing - 1).all()
    np.testing.assert_array_equal(ds.soft, 3 * bearing - 1 - ds.N_delta)
    assert float(ds.phi_J.mean()) == pytest.approx(phi_J, abs=0.013)
    assert float(ds.Z.mean()) == pytest.approx(Z, abs=0.25)


def test_some_stiffness_of_ellipses_is_pressure():
    """3n′ − 1 − N_Δ modes soften with the pressure (quartic at φ_J), the others keep their stiffness; discs have none."""
    for kind, aspect in (("ellipses", 1.3), ("discs", 1.0)):
        states = [found for found in point.approach(kind, 16, aspect, 1.4, 4, 0.7, 2e-7, 20_000) if found]
        near = states[-1]
        far = min(
            (found for found in states if found.look.mean_overlap[0] > 2e-6),
            key=lambda found: found.look.mean_overlap[0],
        )
        ratio = far.look.mean_overlap[0] / near.look.mean_overlap[0]
        assert near.done and ratio > 5
        keep = ~np.repeat(near.look.rattlers[0], 2)
        if kind == "ellipses":
            keep = np.concatenate([keep, ~near.look.rattlers[0]])
        values = [
            np.linalg.eigvalsh(found.packing.hessian(found.now.w)[0][np.ix_(keep, keep)])[2:] for found in (far, near)
        ]
        fall = values[0] / values[1]
        soft = int(point.most_contacts(near.packing, near.look.bearing[0]) - near.look.N_delta[0])
        assert (fall > 0.7 * ratio).sum() == max(soft, 0) and (fall < 1.5).sum() == len(fall) - max(soft, 0)
        assert (soft > 0) == (kind == "ellipses")


def test_counting_jumps_where_contacts_do_not():
    ds = particles.counting(aspects=(1, 1.02, 1.5), n=24, seeds=3)
    assert (ds.state == "unsat").all() and (ds.converged == 1).all()
    bearing = 24 - ds.n_rattlers
    np.testing.assert_array_equal(ds.freedoms_2, 2 * bearing)
    np.testing.assert_array_equal(ds.freedoms_3, 3 * bearing)
    np.testing.assert_array_equal(ds.N.sel(aspect=1), ds.freedoms_2.sel(aspect=1))
    np.testing.assert_array_equal(ds.N.sel(aspect=[1.02, 1.5]), ds.freedoms_3.sel(aspect=[1.02, 1.5]))
    ratio, Z = (ds.N_delta / ds.N).mean("seed").values, ds.Z.mean("seed").values
    assert 3.8 < Z[0] < Z[1] < 4.6 and Z[2] > 5  # contacts come by and by
    assert ratio[0] > 0.95 and ratio[1] < 0.8 and ratio[1] < ratio[2] < 1  # what they are divided by does not
    assert (ds.N_delta <= ds.freedoms_3 - 1).all() and (ds.N_delta / ds.freedoms_2).sel(aspect=1.5).min() > 1
    assert (ds.phi_J.mean("seed") <= float(ds.phi_J.sel(aspect=1.5).mean())).all()


# --- scans --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind, aspect, place", [("discs", 1.0, (0.80, 0.86)), ("ellipses", 1.5, (0.86, 0.91)), ("balls", 1.0, (0.58, 0.68))]
)
def test_all_or_nothing(kind, aspect, place):
    ds = particles.packing_transition(kind=kind, aspect=aspect, n=32, seeds=4)
    assert (ds.converged == 1).mean() > 0.95
    ratio = (ds.N_delta / ds.N).where(ds.state != "unfinished").values
    assert ((ratio == 0) | (ratio > 0.8) | np.isnan(ratio)).all() and (ratio < 1.5).sum() + np.isnan(
        ratio
    ).sum() == ratio.size
    np.testing.assert_array_equal(ds.state == "sat", ds.energy <= 1e-18)
    np.testing.assert_array_equal(ds.state == "sat", ds.N_delta == 0)
    assert (
        ds.N.where(ds.state == "sat", (2 if kind == "discs" else 3) * 32) == (2 if kind == "discs" else 3) * 32
    ).all()
    assert (ds.state[0] == "sat").all() and (ds.state[-1] == "unsat").all()
    assert place[0] < float(ds.phi_half) < place[1]
    assert float(ds.phi_half_low) <= float(ds.phi_half) <= float(ds.phi_half_high)


def test_order_and_doubles_of_phis_do_not_matter():
    ds = particles.packing_transition(phis=(0.9, 0.7, 0.9), n=16, seeds=2)
    assert list(ds.phi.values) == [0.7, 0.9]
    assert (ds.state[0] == "sat").all() and (ds.state[1] == "unsat").all() and 0.7 < float(ds.phi_half) < 0.9


def test_pressed_and_released():
    ds = particles.compression(kind="discs", n=32, low=0.78, high=0.9, phi_step=0.008, seeds=2)
    assert list(ds.direction.values) == ["up", "down"] and ds.phi.values[0] == 0.78 and ds.phi.values[-1] <= 0.9
    assert (ds.state != "waiting").all() and (ds.converged == 1).all()
    up, down = ds.sel(direction="up"), ds.sel(direction="down")
    assert (up.state[0] == "sat").all() and (up.state[-1] == "unsat").all() and (down.state[0] == "sat").all()
    np.testing.assert_allclose(up.energy[-1], down.energy[-1], rtol=1e-9)  # the turning point
    for way in (up, down):
        energy = way.energy.where(way.energy > 1e-18, 0).values
        assert (np.diff(energy, axis=0) >= 0).mean() > 0.8 and (
            energy[-1] > 1e-4
        ).all()  # it falls only where particles give way
        assert (way.N_delta / way.N).values[energy > 1e-6].min() > 0.9
    assert float(ds.phi_now) == 0.78
    brute = state_of(ds)
    assert brute.energy / 32 == pytest.approx(float(down.energy[0, 0]), abs=1e-17)


def test_three_systems_one_counter():
    ds = particles.density_transition(seeds=3, n=24, P=120)
    assert (ds.state != "waiting").all() and (ds.state != "running").all()
    ratio = (ds.N_delta / ds.N).where(ds.state == "unsat")
    assert (ds.N_delta.where(ds.state == "sat", 0) == 0).all()
    most = ratio.max(["place", "seed"])
    least = ratio.min(["place", "seed"])
    assert float(least.sel(system="discs")) > 0.9  # at once 2n′ − 1 of 2n′
    assert 0.65 < float(least.sel(system="ellipses")) < 0.95 and float(least.sel(system="network")) > 0.1
    assert (most > 0.8).all()
    for system in ("discs", "ellipses", "network"):
        one = ds.sel(system=system)
        assert (np.diff(one.density) > 0).all()
        share = (one.state != "sat").mean("seed").values
        assert share[0] <= 0.5 <= share[-1] and share[-1] > share[0]
        np.testing.assert_allclose(one.relative, one.density / one.threshold_at)
    assert 0.78 < float(ds.threshold_at[0]) < 0.86 and 0.82 < float(ds.threshold_at[1]) < 0.88


def test_long_range_is_smooth():
    ds = particles.range_of_force(n=48, seeds=2)
    assert (ds.converged == 1).mean() > 0.95
    ratio = (ds.N_delta / ds.N).values
    discs, smooth = ratio[0], ratio[1]
    assert ((discs == 0) | (discs > 0.8)).all() and (discs == 0).any() and (discs > 0.8).any()
    assert smooth.min() > 0.9 and np.abs(np.diff(smooth, axis=0)).max() < 0.25 and (ds.state[1] == "unsat").all()
    assert (ds.N[1] == 2 * 48).all() and (ds.n_rattlers[1] == 0).all()
    energy, pressure = ds.energy[1].mean("seed").values, ds.pressure[1].mean("seed").values
    assert energy[0] < -1 < 0 < energy[-1]  # cohesion, then squeezed cores
    assert pressure[0] < 0 < pressure[-1] or (np.diff(pressure) > 0).mean() > 0.8


# --- flat directions and minima -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind, phi", [("discs", 0.7), ("ellipses", 0.75), ("balls", 0.5)])
@pytest.mark.parametrize("push, which", [("disc", 0), ("disc", 5), ("mode", 0), ("mode", 3)])
def test_below_jamming_nothing_resists(kind, phi, push, which):
    ds = particles.flat_directions(kind=kind, phi=phi, n=20, push=push, which=which, seeds=2)
    assert (ds.state == "sat").all() and (ds.flat == len(ds.mode)).all()
    free = ds.energy_pushed[
        ds.distance <= (1 if push == "disc" else 0.3)
    ]  # a shear by a whole diameter may block itself
    assert free.max() < 1e-12 and not np.isnan(ds.energy_pushed).any()
    followed(ds, push, which)


def followed(ds, push, which):
    """The pushed particle is where it was pushed to, measured against the mean of the others; the largest step is one diameter."""
    path, size = ds.position_pushed.values, float(ds.box)
    step = path - path[0]
    if push == "disc":
        others = np.delete(step, which, axis=1).mean(1)
        np.testing.assert_allclose((step[:, which] - others)[:, 0] * (1 - 1 / len(ds.particle)), ds.distance, atol=1e-6)
        assert ds.pushed[which, 0] == 1
    start = np.mod(path[0] - ds.position.values[0] + size / 2, size) - size / 2
    assert np.abs(start).max() < 1e-3
    assert ds.distance[0] == 0 and ds.distance[-1] == 1


@pytest.mark.parametrize("phi", [0.77, 0.8, 0.81])
def test_free_is_free_up_to_the_threshold(phi):
    """N_Δ = 0 and flat modes say the same: traces of overlap, left where the descent stopped, stiffen nothing."""
    ds = particles.flat_directions(phi=phi, n=32, seeds=4)
    free = (ds.state == "sat").values
    assert free.any() and (ds.flat.values[free] == len(ds.mode)).all()


@pytest.mark.parametrize("kind, phi", [("discs", 0.87), ("ellipses", 0.92)])
@pytest.mark.parametrize("push", ["disc", "mode"])
def test_above_every_push_costs(kind, phi, push):
    ds = particles.flat_directions(kind=kind, phi=phi, n=20, push=push, which=2, seeds=6)
    energy = ds.energy_pushed.values
    assert (ds.state == "unsat").all()
    np.testing.assert_allclose(energy[0], 20 * ds.energy, rtol=1e-3)
    assert (energy[1] - energy[0] > 1e-6).sum() >= 3  # unless the first step tips the packing into another minimum
    free = 2 + ds.n_rattlers * (2 if kind == "discs" else 3)
    np.testing.assert_array_equal(ds.flat, free)  # two translations, and whatever rattles
    followed(ds, push, 2)


@pytest.mark.parametrize("kind, phi", [("discs", 0.87), ("ellipses", 0.92)])
def test_stiffness_is_that_of_brute_force(kind, phi):
    ds = particles.flat_directions(kind=kind, phi=phi, n=16)
    brute = state_of(ds, kind=kind)
    n, step = 16, 1e-6
    inertia = np.sqrt((brute.major**2 + brute.minor**2) / 4)  # ellipses.md §2: I = (major² + minor²)/4
    unit = np.concatenate([np.ones(2 * n), inertia]) if kind == "ellipses" else np.ones(2 * n)
    w = np.concatenate([brute.positions.ravel(), brute.angles])[: len(unit)]

    def force(q):
        u = q / unit
        angles = u[2 * n :] if kind == "ellipses" else np.zeros(n)
        return Brute(kind, u[: 2 * n].reshape(n, 2), brute.box, brute.major, brute.minor, angles).force / unit

    q = w * unit
    hessian = np.array([(force(q - step * e) - force(q + step * e)) / (2 * step) for e in np.eye(len(q))])
    np.testing.assert_allclose(np.linalg.eigvalsh((hessian + hessian.T) / 2), ds.stiffness[:, 0], atol=1e-6)


def test_many_minima():
    ds = particles.glassiness(n=24, seeds=5)
    difference, common_contacts = ds.difference.values, ds.same_contacts.values
    np.testing.assert_allclose(difference, difference.T)
    assert (np.diag(difference) == 0).all() and (np.diag(common_contacts) == 1).all()
    apart = difference[~np.eye(5, dtype=bool)]
    assert apart.min() > 0.05 and common_contacts[~np.eye(5, dtype=bool)].max() < 1
    line, energy = ds.energy_line.values, ds.energy.values
    np.testing.assert_allclose(line[0], energy[:-1], rtol=1e-8)
    np.testing.assert_allclose(line[-1], energy[1:], rtol=1e-8)
    assert (line.max(0) > 3 * np.maximum(line[0], line[-1])).all()  # a barrier between any two
    packing = common.make("discs", 0.88, 24)
    step, order = minima.matched(packing, *minimise.settled(packing, packing.init(2)).w)
    assert np.abs(step.reshape(24, 2).mean(0)).max() < 1e-12  # shifted as a whole as well as can be
    np.testing.assert_array_equal(np.sort(order[:12]), np.arange(12))  # small for small
    assert np.sqrt((step**2).sum() / 24) == pytest.approx(difference[0, 1], rel=1e-6)
    loose = particles.glassiness(phi=0.7, n=24, seeds=3)
    assert (loose.state == "sat").all() and (loose.N_delta == 0).all()


@pytest.mark.parametrize("name", ["discs", "ellipses", "balls"])
def test_one_packing_in_disguise_is_no_other(name):
    """Shifted, relabelled among equals, by whole boxes elsewhere, ellipses turned by π: the difference is zero."""
    what = {"aspect": 1.0, **KINDS[name]}
    packing = common.make(what["kind"], what["phi"], what["n"], what["aspect"])
    n, places = packing.n, packing.n * packing.dim
    rng = np.random.default_rng(1)
    w = packing.init([4])[0]
    order = np.concatenate([rng.permutation(n // 2), n // 2 + rng.permutation(n - n // 2)])
    x = w[:places].reshape(n, -1)[order] + rng.uniform(0, packing.box, packing.dim)
    x = np.mod(x, packing.box) + packing.box * rng.integers(-2, 3, x.shape)
    angles = w[places:][order] + np.pi * rng.integers(-2, 3, len(w[places:])) if len(w) > places else w[places:]
    other = np.concatenate([x.ravel(), angles])
    step, found = minima.matched(packing, w, other)
    assert (
        np.abs(step[:places].reshape(n, -1) - step[: packing.dim]).max() < 1e-9
        and np.abs(step[places:]).max(initial=0) < 1e-9
    )
    assert np.sqrt((step[:places] ** 2).sum() / n) < 1e-9
    np.testing.assert_array_equal(order[found], np.arange(n))


# --- too short, and wrong ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name, arguments", [
    ("quench", dict(phi=0.87, n=32)),
    ("quench", dict(phi=0.87, n=32, start="pressed")),
    ("quench", dict(kind="ellipses", phi=0.9, n=32)),
    ("quench", dict(kind="lennard_jones", phi=0.85, n=42)),
    ("compression", dict(n=16, low=0.86, high=0.9, phi_step=0.02)),
    ("packing_transition", dict(phis=(0.86, 0.9), n=24)),
    ("threshold", dict(n=24, phi_start=0.86)),
    ("flat_directions", dict(phi=0.87, n=16)),
    ("glassiness", dict(n=24, seeds=2)),
    ("range_of_force", dict(n=42, phis=(0.9,), seeds=2)),
])  # fmt: skip
def test_too_short_a_budget_says_so(name, arguments):
    ds = experiment.get(name)(**{"seeds": 1, "budget": 3, **arguments})
    assert (ds.converged == 0).all() and (ds.state == "unfinished").all()
    assert float(ds.progress) == 1


BAD = [
    *[("phi", name, dict(phi=bad)) for name in ("quench", "flat_directions", "glassiness") for bad in (0, -1, 50, float("nan"), "x")],
    *[("n", name, dict(n=bad)) for name in ("quench", "threshold", "counting", "range_of_force") for bad in (3, 0, -2, 7.5, "many")],
    *[("aspect", name, dict(kind="ellipses", aspect=bad)) for name in ("quench", "threshold") for bad in (0.9, 0, float("nan"))],
    *[("ratio", name, dict(ratio=bad)) for name in ("quench", "compression") for bad in (0, -1, float("inf"))],
    *[("aspect", name, dict(kind="ellipses", n=16, aspect=3)) for name in ("quench", "threshold", "packing_transition", "glassiness")],
    ("n", "quench", dict(kind="lennard_jones", n=16)),
    ("kind", "quench", dict(kind="squares")),
    ("kind", "threshold", dict(kind="lennard_jones")),
    ("start", "quench", dict(start="warm")),
    ("push", "flat_directions", dict(push="all")),
    ("which", "flat_directions", dict(which=32)),
    ("which", "flat_directions", dict(which=-1)),
    ("which", "flat_directions", dict(push="mode", which=62)),
    ("high", "compression", dict(low=0.9, high=0.8)),
    ("phi_step", "compression", dict(phi_step=0)),
    ("phi_step", "compression", dict(phi_step=1e-9)),
    ("phis", "packing_transition", dict(phis=())),
    ("phis", "packing_transition", dict(phis=(0.8, 50))),
    ("aspects", "counting", dict(aspects=())),
    ("aspects", "counting", dict(aspects=(0.5, 1))),
    ("accuracy", "threshold", dict(accuracy=0)),
    ("budget", "quench", dict(budget=0)),
    ("seeds", "glassiness", dict(seeds=0)),
]  # fmt: skip


@pytest.mark.parametrize("case", range(len(BAD)))
def test_bad_input_is_refused_by_its_name(case):
    argument, name, arguments = BAD[case]
    with pytest.raises(ValueError, match=rf"^{argument}: got .*allowed"):
        for _ in experiment.get(name).stream(**arguments):
            pass


@pytest.mark.parametrize("n", [32, 64])
@pytest.mark.parametrize("phi", [0.83, 0.86])
def test_flat_directions_of_a_jammed_packing_are_shifts_and_rattlers(n, phi):
    """An overlap of a hair between a rattler and its cage has stiffness, but holds nothing: it is not counted."""
    ds = particles.flat_directions(phi=phi, n=n, seeds=6)
    jammed = ds.state.values == "unsat"
    assert jammed.any()
    np.testing.assert_array_equal(ds.flat.values[jammed], 2 + 2 * ds.n_rattlers.values[jammed])
    np.testing.assert_array_equal(ds.flat.values[~jammed], 2 * n)
