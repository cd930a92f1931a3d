"""Pictures of particles, and their apps: what is drawn where, at which size, in which words. Datasets here are made by hand."""

import numpy as np
import pytest
import xarray as xr
from frames import check_whole
from matplotlib.colors import to_rgb

from lsviz import apps
from lsviz.apps import grains as records
from lsviz.figure import Context, Stage, packing
from lsviz.figure.packing import flat, grains, landscape, pressed

SIZES = [(900, 430), (760, 430), (640, 430), (366, 620)]


def configuration(kind="discs", phi=0.86, n=16, known=True, state="unsat", rattlers=()):
    """Position, contacts and counts as `quench` gives them: particles thrown at random, whatever overlaps is a contact."""
    axis, rng = (3 if kind == "balls" else 2), np.random.default_rng(n)
    major = np.where(np.arange(n) < n // 2, 0.5, 0.7)
    minor = major / (1.5 if kind == "ellipses" else 1)
    box = (np.pi * major * minor).sum() ** (1 / axis) / phi ** (1 / axis)
    place = rng.uniform(0, box, (n, axis))
    first, second = np.triu_indices(n, 1)
    way = place[second] - place[first]
    apart = np.sqrt(((way - box * np.round(way / box)) ** 2).sum(1)) / (major[first] + major[second])
    near = np.flatnonzero(apart < (1.5 if kind == "lennard_jones" else 1))[: 4 * n]
    force = 1.1 - apart[near] if kind == "lennard_jones" else 1 - apart[near]
    told = {
        "contact_i": first[near],
        "contact_j": second[near],
        "contact_force": force,
        "overlap": 1 - apart[near] / 1.5,
    }
    pairs = {name: np.full((1, 4 * n), np.nan) for name in told}
    for name, values in told.items():
        if known and state != "sat":
            pairs[name][0, : len(near)] = values
    count = len(near) if state != "sat" else 0
    free = 2 * (n - len(rattlers))
    scalars = dict(energy=-2.5 if kind == "lennard_jones" else 1e-3, pressure=0.1, N_delta=count, N=free, Z=2 * count / n,
                   n_rattlers=len(rattlers), converged=float(state != "unfinished"))  # fmt: skip
    ds = xr.Dataset(
        dict(position=(("seed", "particle", "axis"), place[None]), angle=(("seed", "particle"), rng.uniform(0, 3, (1, n))),
             major=("particle", major), minor=("particle", minor), box=box, phi=phi, n=float(n), iterations=10.0, progress=1.0,
             rattler=(("seed", "particle"), np.isin(np.arange(n), rattlers)[None].astype(float)), compiling=1.0,
             state=("seed", np.array([state], "<U10")),
             **{name: (("seed", "contact"), values) for name, values in pairs.items()},
             **{name: ("seed", [float(value)]) for name, value in scalars.items()}),
        dict(seed=[0], axis=["x", "y", "z"][:axis]),
    )  # fmt: skip
    return ds if known else unknown(ds)


def unknown(ds):
    """All NaN and waiting, while kernels are compiled."""
    empty = ds.map(lambda v: v.astype(float) * np.nan if v.dtype.kind == "f" else v)
    kept = {name: ds[name] for name in ("major", "minor", "box", "phi", "n", "iterations") if name in ds}
    return empty.assign(progress=0.0, compiling=0.3, state=ds.state.where(ds.state == "", "waiting"), **kept)


def pushed(kind="discs", n=16, known=True, flat_modes=5, rise=0.02, steps=5):
    """`flat_directions` with that many flat modes; energy goes up by `rise`."""
    ds = configuration(kind, 0.86, n)
    stiffness = np.concatenate([np.zeros(flat_modes), np.geomspace(1e-4, 3, 2 * n - flat_modes)])
    way = np.zeros((n, 2))
    way[0, 0] = 1
    distance = np.linspace(0, 1, steps)
    places = ds.position.values[0] + distance[:, None, None] * way
    ds = ds.assign(
        stiffness=(("mode", "seed"), stiffness[:, None]), flat=("seed", [float(flat_modes)]), pushed=(("particle", "axis"), way),
        distance=("push_step", distance), energy_pushed=(("push_step", "seed"), 0.1 + rise * distance[:, None]),
        position_pushed=(("push_step", "particle", "axis"), places),
        angle_pushed=(("push_step", "particle"), np.tile(ds.angle.values, (steps, 1))),
    )  # fmt: skip
    return ds if known else unknown(ds).assign(distance=ds.distance)


def throws(seeds=4, known=True, energy=1e-3):
    """`glassiness` of that many throws."""
    rng = np.random.default_rng(0)
    energies = energy * rng.uniform(0.5, 2, seeds)
    apart = rng.uniform(0.5, 1, (seeds, seeds))
    along = np.linspace(0, 1, 11)
    hills = np.interp(along, [0, 1], [0, 0])[:, None] + energies[None, :-1] + 0.1 * (along * (1 - along))[:, None]
    ds = xr.Dataset(
        dict(energy=("seed", energies), converged=("seed", np.ones(seeds)), state=("seed", np.full(seeds, "unsat", "<U10")),
             difference=(("one", "other"), apart + apart.T), same_contacts=(("one", "other"), apart / 2), fraction=("line", along),
             energy_line=(("line", "pair"), hills), phi=0.88, n=32.0, progress=1.0, compiling=1.0),
        dict(seed=np.arange(seeds)),
    )  # fmt: skip
    return ds if known else unknown(ds).assign(fraction=ds.fraction)


PICTURES = [
    (packing.packing, lambda: configuration(rattlers=(1, 2))),
    (packing.packing, lambda: configuration("lennard_jones")),
    (packing.packing, lambda: configuration("balls", 0.66)),
    (packing.packing, lambda: configuration("ellipses", 0.9)),
    (packing.flat_directions, pushed),
    (packing.minima, throws),
]


@pytest.mark.parametrize(("picture", "data"), PICTURES)
@pytest.mark.parametrize("size", [(900, 430), (366, 620)])
@pytest.mark.parametrize("dark", [False, True])
def test_blitted_frames_are_the_whole_picture(picture, data, size, dark):
    """A frame over cached scenery shows what a drawing of everything shows, whatever was drawn before."""
    ds = data()
    one = Stage(picture, *size, dark)
    one.png(ds, Context(ghosts=[("kept", [ds])], trail=[ds], values=dict(distance=0.5)))
    again = one.png(ds)
    assert again == Stage(picture, *size, dark).png(ds)
    check_whole(one, again)


@pytest.mark.parametrize(("picture", "data"), PICTURES)
@pytest.mark.parametrize("size", SIZES)
def test_no_text_leaves_the_picture_or_lies_on_other_text(picture, data, size):
    one, ds = Stage(picture, *size), data()
    one.set(ds, Context(ghosts=[("kept: φ = 0.85", [ds])]))
    one.canvas.draw()
    keys = [key for key in one.figure.legends if key.get_visible()]
    texts = [text for key in keys for text in key.get_texts()] + list(one.figure.texts)
    for ax in one.figure.axes:
        texts += [
            *ax.texts,
            *ax.get_xticklabels(),
            *ax.get_yticklabels(),
            ax.xaxis.label,
            ax.yaxis.label,
            ax._left_title,
        ]
    boxes = [(t.get_text(), t.get_window_extent()) for t in texts if t.get_text() and t.get_visible()]
    for words, box in boxes:
        assert box.x0 >= -1 and box.y0 >= -1, words
        assert box.x1 <= size[0] + 1 and box.y1 <= size[1] + 1, words
    for i, (words, box) in enumerate(boxes):
        for other, there in boxes[:i]:
            apart = box.x0 >= there.x1 - 1 or there.x0 >= box.x1 - 1 or box.y0 >= there.y1 - 2 or there.y0 >= box.y1 - 2
            assert apart, f"{words!r} lies on {other!r}"


@pytest.mark.parametrize("size", [(900, 430), (366, 620)])
@pytest.mark.parametrize(("picture", "data"), [
    (packing.packing, configuration), (packing.flat_directions, pushed), (packing.minima, throws),
])  # fmt: skip
def test_nothing_known_yet_is_drawn_without_failing(picture, data, size):
    """While kernels are compiled all is NaN; with numpy's warnings as errors."""
    one = Stage(picture, *size)
    with np.errstate(all="raise"):
        nothing = one.png(data(known=False))
        assert one.png(data()) != nothing
        assert one.png(data(known=False)) == nothing


# ---- the particles


def test_what_crosses_a_side_is_seen_at_the_other_one():
    one = Stage(packing.packing)
    made = grains.bodies(one.figure.axes[0], 1.0)
    place = np.array([[0.5, 0.5], [0.01, 0.5], [0.99, 0.02]])
    which = grains.put_bodies(made, place, np.full((3, 2), 0.1), np.zeros(3))
    assert list(np.bincount(which)) == [1, 2, 4]
    assert {tuple(at) for at in np.round(made.get_offsets()[which == 1], 3)} == {(0.01, 0.5), (1.01, 0.5)}


def test_an_ellipse_lies_along_its_angle():
    one = Stage(packing.packing)
    made = grains.bodies(one.figure.axes[0], 1.0)
    grains.put_bodies(made, np.array([[0.5, 0.5]]), np.array([[0.3, 0.1]]), np.array([np.pi / 6]))
    assert (made.get_widths()[0], made.get_heights()[0]) == (0.6, 0.2)
    assert made.get_angles()[0] == pytest.approx(30)


def test_near_balls_lie_over_far_ones_and_far_ones_fade():
    one = Stage(packing.packing)
    made = grains.bodies(one.figure.axes[0], 1.0)
    place = np.array([[0.5, 0.5, 0.9], [0.5, 0.5, 0.1], [0.5, 0.5, 0.5]])
    assert list(grains.put_bodies(made, place, np.full((3, 2), 0.1), np.zeros(3))) == [1, 2, 0]
    assert list(np.argsort(grains.fog(place))) == [0, 2, 1]
    assert not grains.fog(place[:, :2]).any()


def test_contacts_take_the_short_way_and_cores_overlap_by_their_radii():
    ds = configuration("lennard_jones")
    met = grains.contacts(ds)
    assert np.abs(met.way).max() <= 0.5
    apart = np.sqrt((met.way**2).sum(1)) * float(ds.box)
    assert met.overlap == pytest.approx(1 - apart / (ds.major.values[met.i] + ds.major.values[met.j]))
    assert (met.overlap < 0).any(), "first neighbours without touching cores"


def test_attraction_is_dashed_and_repulsion_is_not():
    one, ds = Stage(packing.packing), configuration("lennard_jones")
    one.set(ds, Context())
    pushes, pulls = one.figure.axes[0].collections[1:3]
    attractive = (ds.contact_force.values < 0).sum()
    assert pulls.get_visible() and len(pulls.get_segments()) >= attractive > 0
    assert pulls.get_linestyle()[0][1] is not None
    assert pushes.get_linestyle()[0][1] is None
    assert not np.allclose(pulls.get_color()[0, :3], pushes.get_color()[0, :3])
    one.set(configuration(), Context())
    assert not pulls.get_visible()


def test_rattlers_have_no_filling_and_an_unjammed_particle_is_no_rattler():
    one = Stage(packing.packing)
    page = to_rgb(one.colours.page)

    def empty(ds):
        one.set(ds, Context())
        return {tuple(c) for c in one.figure.axes[0].collections[0].get_facecolor()[:, :3]} & {page}

    assert empty(configuration(rattlers=(3,)))
    assert not empty(configuration(rattlers=range(16), state="sat"))
    assert not empty(configuration(rattlers=range(16), state="running"))


@pytest.mark.parametrize("dark", [False, True])
def test_overlap_is_read_without_a_sense_of_colour(dark):
    """The scale gets evenly darker (brighter on a dark page), no overlap stands apart, and lines stay visible on the strongest."""
    one = Stage(packing.packing, dark=dark)
    scale = grains.scale(one)

    def light(colours):
        c = np.asarray(colours)
        return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]

    assert (np.diff(light(scale)) * (1 if dark else -1) > 0).all()
    assert grains.level(0.0) == 0
    assert grains.level(1e-7) >= grains.FIRST
    assert (np.diff(grains.level(np.geomspace(1e-6, grains.STRONGEST, 50))) > 0).all()
    low, high = sorted([light(scale[-1]), light(to_rgb(one.colours.ink))])
    assert (high + 0.05) / (low + 0.05) > 3


def test_lines_are_as_wide_as_forces_against_the_mean():
    one, ds = Stage(packing.packing), configuration()
    one.set(ds, Context())
    lines = one.figure.axes[0].collections[1]
    widths, force = lines.get_linewidth(), grains.contacts(ds).force
    usual = (force > 0.2 * force.mean()) & (force < 3.9 * force.mean())
    ratio = np.array(widths[: len(force)])[usual] / force[usual]
    assert ratio == pytest.approx(ratio[0])


# ---- a packing under pressure


def test_axes_keep_still_while_phi_moves_and_follow_the_kind():
    one = Stage(packing.packing)
    one.png(configuration(phi=0.8, state="sat"))
    before = one.boxes()
    one.png(configuration(phi=0.95))
    assert one.boxes() == before
    one.png(configuration("balls", 0.66))
    ratio = next(box for box in one.boxes() if box["name"] == "ratio")
    assert ratio["xlim"][0] < 0.52 < 0.78 < ratio["xlim"][1]
    one.png(configuration("lennard_jones"))
    energy = next(box for box in one.boxes() if box["name"] == "energy")
    assert energy["ylim"][0] < 0


def test_only_what_is_jammed_has_the_mark_of_the_jammed():
    """Particles that attract each other are stars at rest; N_Δ = N is drawn for discs and balls alone; the legend names what is there."""
    one = Stage(packing.packing)
    ax = next(ax for ax in one.figure.axes if ax.get_label() == "ratio")

    def seen(ds):
        one.set(ds, Context(trail=[ds]))
        marks = {
            line.get_marker()
            for line in ax.lines
            if line.get_visible() and len(line.get_xdata()) and line.get_marker() != "None"
        }
        words = {text.get_text() for key in one.figure.legends if key.get_visible() for text in key.get_texts()}
        return marks, words, any(text.get_visible() and "=N" in text.get_text() for text in ax.texts)

    marks, words, line = seen(configuration("lennard_jones"))
    assert marks == {"*"} and not line
    assert {"at rest", "attraction"} < words and not {"jammed", "unjammed", "rattler"} & words
    assert "neighbours" in ax.get_title("left")
    marks, words, line = seen(configuration())
    assert marks == {"D"} and line
    assert {"jammed", "rattler"} < words and not {"at rest", "attraction"} & words
    assert "overlaps" in ax.get_title("left")
    assert not seen(configuration("ellipses", 0.9))[2]


def test_visited_densities_stay_as_dots():
    one = Stage(packing.packing)
    ds = configuration(phi=0.86)
    trail = [configuration(phi=0.8, state="sat"), configuration(phi=0.84, state="unfinished")]
    one.set(ds, Context(trail=trail))
    ax = next(ax for ax in one.figure.axes if ax.get_label() == "ratio")
    seen = {
        float(x) for line in ax.lines if line.get_visible() and line.get_linestyle() == "None" for x in line.get_xdata()
    }
    assert seen == {0.8, 0.84, 0.86}


def test_nothing_held_has_no_ratio():
    ds = configuration(state="running").assign(N=("seed", [0.0]))
    assert np.isnan(pressed.ratio(ds)[1]).all()


# ---- pushes


def test_the_nearest_known_step_is_shown():
    ds = pushed(steps=5)
    assert flat.at(ds, 0.6) == 2
    assert flat.at(ds, 1.0) == 4
    part = ds.position_pushed.where(ds.push_step < 3)
    assert flat.at(ds.assign(position_pushed=part), 1.0) == 2
    assert flat.at(pushed(known=False), 0.5) == 0


def test_what_a_push_costs():
    assert flat.cost(pushed(rise=0.02))[-1, 0] == pytest.approx(0.02)
    assert not flat.nothing_resists(flat.cost(pushed(rise=0.02))[:, 0])
    assert flat.nothing_resists(flat.cost(pushed(rise=0.0))[:, 0])
    assert not flat.nothing_resists(np.array([0.0, np.nan])), "not pushed yet"


def test_the_cost_is_told_at_the_distance_that_is_chosen():
    rise = np.array([0.0, 0.0021, -0.004, 2e-5, np.nan])
    told = [flat.told(0.25 * k, rise, k) for k in range(5)]
    assert told == ["", "at 0.25: 0.0021", "at 0.5: −0.004", "at 0.75: under 0.0001", ""]
    assert flat.told(0.5, np.zeros(3), 1) == "nothing resists"


def test_a_rattler_that_goes_along_stays_without_filling():
    one = Stage(packing.flat_directions)
    page = to_rgb(one.colours.page)

    def empty(state):
        ds = pushed().assign(state=("seed", np.array([state], "<U10")))
        ds["rattler"][0, 3] = 1
        one.set(ds, Context(values=dict(distance=1.0)))
        filled = [
            tuple(c)
            for made in one.figure.axes[0].collections
            for c in made.get_facecolor()[:, :3]
            if made.get_zorder() == 2
        ]
        return page in filled

    assert empty("unsat") and not empty("sat")


def test_flat_directions_are_counted_in_words():
    one = Stage(packing.flat_directions)
    one.set(pushed(flat_modes=7), Context())
    ax = next(ax for ax in one.figure.axes if ax.get_label() == "spectrum")
    assert [text.get_text() for text in ax.texts] == ["7 of 32 flat"]


def test_an_arrow_points_along_its_way():
    (arrow,) = flat.arrows(np.array([[0.2, 0.2], [0.5, 0.5]]), np.array([[0.3, 0.0], [0.001, 0.0]]), 0.02)
    assert arrow.shape == (7, 2), "what is too short to be seen is left out"
    assert tuple(arrow[3]) == (0.5, 0.2)
    assert arrow[:, 0].min() == 0.2


# ---- minima


def test_minima_without_energy_stand_at_the_foot():
    assert (landscape.height(throws(energy=0.0)) < 1e-6).all()
    assert landscape.height(throws(energy=1e-3)).min() > 1e-4


@pytest.mark.parametrize(("seeds", "numbers"), [(2, 1), (8, 28), (20, 0)])
def test_every_two_minima_have_their_number_while_there_is_room(seeds, numbers):
    one = Stage(packing.minima)
    one.set(throws(seeds), Context())
    ax = next(ax for ax in one.figure.axes if ax.get_label() == "difference")
    assert sum(text.get_visible() and "." in text.get_text() for text in ax.texts) == numbers


# ---- the apps


def test_densities_are_those_of_the_axes_and_kinds_have_room():
    for kind, space in (("discs", 2), ("lennard_jones", 2), ("balls", 3)):
        rungs = records.densities(dict(kind=kind))
        assert (rungs[0].value, rungs[-1].value) == pressed.PHI[space]
        assert rungs[1].value == pytest.approx(rungs[0].value + records.STEP)
    assert next(rung.value for rung in records.numbers(dict(kind="lennard_jones"))) == 64


def test_a_throw_is_a_seed_and_long_discs_are_ellipses():
    assert records.thrown(dict(kind="discs", aspect=1.0, throw=3)) == dict(kind="discs", aspect=1.0, seeds=(3,))
    assert records.thrown(dict(kind="discs", aspect=1.1))["kind"] == "ellipses"
    assert records.thrown(dict(aspect=1.1))["kind"] == "ellipses"
    assert records.thrown(dict(kind="balls", aspect=1.1))["kind"] == "balls"
    assert "distance" not in apps.flat_directions.call(apps.flat_directions.defaults())


@pytest.mark.parametrize(("ds", "kind", "words"), [
    (configuration(state="sat"), "discs", "unjammed, nothing overlaps: N_Δ = 0"),
    (configuration(rattlers=(1, 2)), "discs", "N = 28 of 14 particles, 2 rattlers"),
    (configuration(state="unfinished"), "discs", "not converged within its budget of 20000 iterations"),
    (configuration("lennard_jones"), "lennard_jones", "nothing jams"),
    (configuration(known=False), "discs", "compiled for this processor, once: 30%"),
    (configuration(state="running").assign(phi=0.82), "discs", "on the way to φ = 0.860"),
])  # fmt: skip
def test_status_in_words(ds, kind, words):
    told = records.packing_status(ds, dict(phi=0.86, budget=20_000, kind=kind))
    assert words in told
    if str(ds.state.values[0]) in ("unfinished", "running") or kind == "lennard_jones":
        assert ": jammed" not in told


def test_a_control_that_changes_nothing_says_so():
    for kind, idle in (("discs", False), ("balls", True), ("lennard_jones", True)):
        assert (
            "a changes nothing" in records.packing_status(configuration(kind), dict(phi=0.86, kind=kind, aspect=1.5))
        ) == idle
        assert "a changes nothing" not in records.packing_status(
            configuration(kind), dict(phi=0.86, kind=kind, aspect=1.0)
        )


def test_small_numbers_are_read_aloud():
    assert [records.tiny(v) for v in (3.14e-5, 0.0031, -2.54, -1e-7)] == ["3.1 × 10⁻⁵", "0.0031", "−2.5", "−1 × 10⁻⁷"]


def test_status_of_pushes_and_minima():
    values = dict(phi=0.86, push="disc", which=3, budget=100)
    assert "pushing one particle costs up to 0.02 on the way" in records.flat_status(pushed(rise=0.02), values)
    assert "by one diameter costs nothing; 5 of 32 directions are flat" in records.flat_status(pushed(rise=0.0), values)
    loose = pushed(flat_modes=6).assign(n_rattlers=("seed", [2.0]))
    told = records.flat_status(loose, values)
    assert "6 of 32 directions are flat (2 move everything, 4 only the 2 rattlers)" in told
    assert "deeper minimum" in records.flat_status(pushed(rise=-0.02), values)
    assert "compiled" in records.flat_status(pushed(known=False), values)
    told = records.minima_status(throws(), values)
    assert "4 of 4 throws jammed, energies a particle from" in told
    ds = throws(energy=0.0)
    told = records.minima_status(ds.assign(same_contacts=ds.same_contacts * np.nan), values)
    assert "0 of 4 throws jammed; no two closer than" in told and "in common" not in told
    ds = throws()
    ds["energy"][2:] = 0.0
    ds["same_contacts"][1, 0] = 0.25
    assert "25% of contacts in common among the jammed" in records.minima_status(ds, values)


# ---- with the experiments


def test_presets_are_what_they_are_called():
    session = apps.packing.open("inline")
    for words, state in (
        ("just below jamming", "sat"),
        ("at jamming", "unsat"),
        ("far above", "unsat"),
        ("ellipses", "unsat"),
    ):
        session.preset(words)
        assert session.result.state.values[0] == state, words
    assert float(session.result.N_delta[0] / session.result.N[0]) < 1, "ellipses"
    assert session.preset("at jamming").result.energy[0] < 1e-6
    assert len(session._context().trail) == 2, "of discs"
    assert "nothing jams" in session.preset("Lennard-Jones").status


def test_a_push_is_free_below_jamming_and_not_above():
    session = apps.flat_directions.open("inline")
    assert "costs nothing" in session.status
    result = session.result
    session.set(distance=0.1)
    assert session.result is result, "how far is only looked at"
    for words in ("above jamming", "softest mode, above", "ellipses, above"):
        assert "costs up to" in session.preset(words).status
    for words in ("softest mode, below", "ellipses, below"):
        assert "costs nothing" in session.preset(words).status


def test_kinds_have_their_own_densities_and_numbers():
    session = apps.packing.open("first", n=32)
    session.set(kind="lennard_jones")
    assert (session.error, session.values["n"]) == ("", 64)
    session.set(kind="balls")
    assert (session.error, session.values["phi"]) == ("", 0.78)


def test_a_density_may_be_typed_between_two_steps():
    session = apps.packing.open("inline", n=32, phi=0.72)
    ladder = session.controls["phi"]
    assert ladder.nearest(session.values, 0.7213).value == 0.721
    assert ladder.position(session.values, 0.721) == 0.721
    assert tuple(ladder.nearest(session.values, at).value for at in (0.1, 2.0)) == pressed.PHI[2]
    assert "φ = 0.721" in session.set(phi=0.721).status
