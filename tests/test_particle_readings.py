"""What lesson 2 reads off runs of particles, on small tables made by hand."""

import numpy as np
import pytest
import xarray as xr

from lsviz.lesson import particle_readings as read

PHI = [0.80, 0.82, 0.84, 0.86]


def pressed(up, down, Z=4.0):
    """A compression: for each seed the first φ with energy on the way up and on the way down (None: never)."""
    first = np.array([[np.inf if at is None else at for at in way] for way in (up, down)])
    jammed = np.array(PHI)[None, :, None] >= first[:, None, :]
    rise = Z + np.arange(len(PHI))[None, :, None] / 10
    return xr.Dataset(
        {
            "state": (("direction", "phi", "seed"), np.where(jammed, "unsat", "sat")),
            "Z": (("direction", "phi", "seed"), np.where(jammed, rise, 0.0)),
        },
        coords={"direction": ["up", "down"], "phi": PHI, "seed": range(len(up))},
    )


def test_the_first_energy_of_a_compression():
    ds = pressed(up=(0.82, 0.84, None), down=(0.84, 0.84, None))
    assert read.first_energy(ds) == pytest.approx(0.83)
    assert read.first_contacts(ds) == pytest.approx(4.15), "Z where energy begins, not higher up"
    assert np.isnan(read.first_energy(pressed((None,), (None,))))
    assert read.first_energy(ds.sortby("phi", ascending=False)) == pytest.approx(0.83)


def test_a_sketch_steps_at_the_prediction():
    for at in (0.5, 0.84, 1.0):
        x, y = read.step(at, 4.0)
        assert np.interp([0.4, at, at + 1e-3, 1.1], x, y).tolist() == [0, 0, 4, 4] and (np.diff(x) > 0).all()


def test_coming_back_the_same_way_is_a_goal():
    values = dict(kind="discs", aspect=1, ratio=1.4, phi_step=0.02)
    assert read.returns(values, pressed((0.82, 0.84), (0.84, 0.84))) is True, "a step of φ is as near as one can tell"
    assert "1 of 2" in read.returns(values, pressed((0.80, 0.84), (0.86, 0.84)))
    assert "at least two" in read.returns(values, pressed((0.82,), (0.82,)))
    assert "at least two" in read.returns(values, pressed((0.82, None), (0.82, None))), "nothing was pressed"
    for other in (dict(kind="balls"), dict(aspect=1.5)):
        assert "other particles" in read.returns({**values, **other}, pressed((0.82, 0.84), (0.82, 0.84)))


def test_particles_held_where_discs_are_loose():
    def table(Z, N, state):
        return xr.Dataset({"Z": ("seed", [Z]), "N": ("seed", [N]), "state": ("seed", [state])})

    goal, held, loose = read.held_loosely(0.75), table(5.5, 128.0, "unsat"), table(0.0, 128.0, "sat")
    assert goal(dict(kind="lennard_jones", phi=0.74), held) is True
    assert "0.75 or less" in goal(dict(kind="lennard_jones", phi=0.76), held)
    assert "space" in goal(dict(kind="balls", phi=0.7), held)
    assert "Z = 0" in goal(dict(kind="discs", phi=0.7), loose)
    assert "more iterations" in goal(dict(kind="discs", phi=0.75), table(142.0, 0.0, "unfinished")), "still on its way"
    assert goal(dict(kind="discs", phi=0.75), table(3.0, 0.0, "unsat")) is not True, "nothing bears"


def test_the_largest_step_of_each_kind():
    ratio = np.array([[[0.0, 0.0], [1.0, 1.1], [1.2, 1.2]], [[1.4, 1.4], [1.5, 1.5], [1.55, 1.6]]])
    ds = xr.Dataset({"N_delta": (("system", "phi", "seed"), 64 * ratio), "N": (("system", "phi", "seed"), np.full((2, 3, 2), 64.0))},
                    coords={"system": ["discs", "lennard_jones"], "phi": [0.8, 0.85, 0.9]})  # fmt: skip
    assert read.steps(ds) == pytest.approx({"jump": 1.05, "step": 0.1})


def born(rattlers=(2.0, 0.0), pairs=(59.0, 63.0), n=32, axes=2):
    """Two packings at their threshold, with energy 0.3 (φ − φ_J)² on the way there."""
    over = np.array([-0.01, 1e-2, 1e-3, 1e-4, 1e-6])
    return xr.Dataset(
        {
            "n": n,
            "n_rattlers": ("seed", list(rattlers)),
            "N_delta": ("seed", list(pairs)),
            "N": ("seed", [axes * (n - r) for r in rattlers]),
            "Z": ("seed", [2 * p / (n - r) for p, r in zip(pairs, rattlers)]),
            "phi_J": ("seed", [0.83, 0.84]),
            "phi_trace": (("step", "seed"), np.add.outer(over, [0.83, 0.84])),
            "energy_trace": (("step", "seed"), np.repeat(0.3 * np.maximum(over, 0)[:, None] ** 2, 2, axis=1)),
        }
    )


def test_counts_at_the_threshold():
    ds = born()
    told = read.counted(ds)
    assert (told["bear"], told["freedoms"], told["contacts"]) == (30, 60, 59) and told["Z"] == pytest.approx(3.93, abs=0.01)
    assert read.isostatic(ds) and not read.isostatic(born(pairs=(58, 63)))
    assert read.rattlers_kept(ds) == pytest.approx([59 / 64, 63 / 64])
    with pytest.raises(ValueError, match="more packings"):
        read.rattlers_kept(born(rattlers=(0.0, 0.0)))
    with pytest.raises(ValueError, match="not discs"):
        read.rattlers_kept(born(axes=3))


def test_the_packing_by_hand_is_as_told():
    """None of the contacts below its φ_J, 121 of 61 discs above; no step of φ between shows half of them."""
    from lsviz import particles

    for phi, pairs in ((0.8399, 0), (0.83995, 121), (0.84, 121)):
        ds = particles.quench(phi=phi, n=64, start="pressed", seeds=(1,))
        assert int(ds.N_delta[0]) == pairs and (not pairs or int(ds.N[0]) == 2 * 61)


def test_energy_falls_a_hundredfold_a_decade():
    assert read.steepness(born()) == pytest.approx(100, rel=1e-6)
    with pytest.raises(ValueError, match="smaller overlap"):
        read.steepness(born().isel(step=slice(0, 2)))


@pytest.mark.parametrize("N, axes, free", [(122.0, 2, 8), (183.0, 2, 11), (183.0, 3, 12)])
def test_what_costs_nothing_in_a_jammed_packing(N, axes, free):
    """64 particles of which 3 are rattlers: discs, ellipses, balls."""
    table = dict(n=64.0, n_rattlers=("seed", [3.0]), N=("seed", [N]), state=("seed", ["unsat"]))
    ds = xr.Dataset(table, coords={"axis": range(axes)})
    assert read.costless(ds) == pytest.approx(free)
    with pytest.raises(ValueError, match="not jammed"):
        read.costless(ds.assign(state=("seed", ["sat"])))


def test_ellipses_are_read_at_their_aspect():
    ds = xr.Dataset(
        {
            "N_delta": (("aspect", "seed"), [[60.0, 62.0], [80.0, 82.0]]),
            "N": (("aspect", "seed"), [[64.0, 64.0], [96.0, 96.0]]),
            "state": (("aspect", "seed"), [["unsat", "unsat"], ["unsat", "unfinished"]]),
        },
        coords={"aspect": [1.0, 1.1]},
    )
    assert read.slightly_long(ds) == pytest.approx(80 / 96), "what has not converged does not count"
    assert read.held_by(ds, 1.0) == pytest.approx(61 / 64)


def test_flat_directions_and_a_truss():
    assert read.free(xr.Dataset({"flat": ("seed", [64.0])})) == 64
    assert read.rods(None) == 17
