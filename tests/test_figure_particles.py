"""The pictures of the particles, and the sentences of their apps, from Datasets made by hand."""

import numpy as np
import pytest
import xarray as xr
from frames import check_whole

from lsviz import data
from lsviz.apps import particles as records
from lsviz.figure import Context, Stage, particles, style
from lsviz.figure.particles import jump, paths
from lsviz.figure.particles import marks as marks_module

SEEDS = 4


def put(found, total, known):
    """A copy in which only a share `known` of the rows is there: NaN, or "waiting"."""
    found = np.array(found)
    found[round(known * total) :] = "waiting" if found.dtype.kind == "U" else np.nan
    return found


def density_data(known=1.0, seeds=SEEDS):
    rng = np.random.default_rng(0)
    places = 9
    relative = np.stack([np.geomspace(0.85, 1.15, places), np.geomspace(0.85, 1.15, places), np.geomspace(0.65, 1.55, places)])
    threshold = np.array([0.834, 0.891, 4.5])
    N = np.array([2 * 30.0, 3 * 32.0, 70.0])
    at = np.array([1.0, 0.93, 0.75])
    jammed = relative[:, :, None] * np.exp(0.02 * rng.normal(size=(3, places, seeds))) > 1
    height = at[:, None, None] * np.maximum(relative[:, :, None], 1) ** 1.5
    N_delta = np.where(jammed, np.round(height * N[:, None, None]), 0)
    state = np.where(jammed, "unsat", "sat").astype("<U10")
    state[2, 4, 0] = "unfinished"
    N_delta = np.stack([put(each, places, known) for each in N_delta])
    state = np.stack([put(each, places, known) for each in state])
    dims = ("system", "place", "seed")
    missing = known < 1
    return xr.Dataset(
        dict(progress=known, density=(dims[:2], relative * threshold[:, None]), compiling=float(known > 0),
             relative=(dims[:2], np.full_like(relative, np.nan) if missing else relative),
             N_delta=(dims, N_delta), N=(dims, np.broadcast_to(N[:, None, None], N_delta.shape)), state=(dims, state),
             threshold_at=("system", threshold * (np.nan if missing else 1))),
        dict(system=["discs", "ellipses", "network"], place=np.arange(places), seed=np.arange(seeds)),
    )  # fmt: skip


ASPECTS = (1.0, 1.02, 1.05, 1.1, 1.2, 1.5, 2.0, 3.0)
MEASURED = (3.967, 4.33, 4.58, 4.90, 5.24, 5.61, 5.73, 5.68)


def counting_data(known=1.0, seeds=SEEDS):
    rng = np.random.default_rng(0)
    kept = np.full((len(ASPECTS), seeds), 63.0)
    N_delta = np.round(kept * (np.array(MEASURED)[:, None] + 0.05 * rng.normal(size=kept.shape)) / 2)
    N = np.where(np.array(ASPECTS)[:, None] > 1, 3, 2) * kept
    state = np.full(kept.shape, "unsat", "<U10")
    state[3, 1] = "unfinished"
    dims, rows = ("aspect", "seed"), len(ASPECTS)
    values = dict(phi_J=kept * 0 + 0.85, Z=2 * N_delta / kept, N_delta=N_delta, n_rattlers=64 - kept, soft=kept * 0, N=N,
                  converged=kept * 0 + 1, freedoms_2=2 * kept, freedoms_3=3 * kept, state=state)  # fmt: skip
    return xr.Dataset(
        dict(progress=known, compiling=float(known > 0), **{name: (dims, put(v, rows, known)) for name, v in values.items()}),
        dict(aspect=np.array(ASPECTS), seed=np.arange(seeds)),
    )  # fmt: skip


def table():
    """A stored table as benchmarks/ellipses_table.py writes it."""
    statistic = ["mean", "error", "min", "max"]
    Z = np.array(MEASURED)[:, None] + np.array([0, 0.02, -0.1, 0.1])
    Z[:, 1] = 0.02
    honest = np.where(np.array(ASPECTS) > 1, 6.0, 4.0)[:, None]
    dims = ("aspect", "statistic")
    return xr.Dataset(
        dict(Z=(dims, Z), ratio=(dims, Z / honest), ratio_2=(dims, Z / 4), ratio_3=(dims, Z / 6)),
        dict(aspect=np.array(ASPECTS), statistic=statistic), dict(label="n = 64, 20 packings"),
    )  # fmt: skip


def range_data(known=1.0, seeds=SEEDS):
    rng = np.random.default_rng(0)
    phi = np.linspace(0.68, 1.0, 11)
    over = np.maximum(phi - 0.836, 0)[:, None] + 0.0 * rng.normal(size=(11, seeds))
    jammed = over > 0
    n = 32.0
    energy = np.stack([0.03 * over**2, -3.09 + 6 * (phi[:, None] - 0.85) ** 2 + 0.02 * rng.normal(size=over.shape)])
    neighbours = 2.4 + 1.1 * (phi[:, None] - 0.6) + 0.02 * rng.normal(size=over.shape)
    N_delta = np.stack([np.where(jammed, 2 * n * (1 + 1.5 * over**0.5 / 2), 0), n * neighbours])
    state = np.stack([np.where(jammed, "unsat", "sat"), np.full(over.shape, "unsat")]).astype("<U10")
    state[0, 6, 1] = "unfinished"
    dims = ("system", "phi", "seed")
    values = dict(energy=energy, N_delta=N_delta, Z=2 * N_delta / n, N=np.full(N_delta.shape, 2 * n), pressure=energy * 0, state=state)
    values = {name: (dims, np.stack([put(each, 11, known) for each in found])) for name, found in values.items()}
    return xr.Dataset(
        dict(progress=known, compiling=float(known > 0), **values),
        dict(system=["discs", "lennard_jones"], phi=phi, seed=np.arange(seeds)),
    )  # fmt: skip


def threshold_data(known=1.0, seeds=SEEDS, at=0.8264, Z=3.95):
    rng = np.random.default_rng(0)
    steps = 60
    phi, energy, contacts = (np.full((steps, seeds), np.nan) for _ in range(3))
    phi_J = at + 0.006 * rng.normal(size=seeds)
    for i in range(seeds):
        up = np.arange(0.5, phi_J[i] + 0.01, 0.01)
        path = np.concatenate([up, phi_J[i] + (up[-1] - phi_J[i]) * 0.1 ** np.arange(1, 5)])
        over = np.maximum(path - phi_J[i], 0)
        phi[: len(path), i], energy[: len(path), i] = path, 0.35 * over**2
        contacts[: len(path), i] = np.where(over > 0, Z + 3.6 * over**0.5, 0)
    phi, energy, contacts = (put(each, steps, known) for each in (phi, energy, contacts))
    missing = np.nan if known < 1 else 1.0
    held = np.full(seeds, 30.0)
    one = dict(phi_J=phi_J * missing, Z=(held * 0 + Z) * missing, N_delta=(2 * held - 1) * missing, N=2 * held * missing,
               n_rattlers=(32 - held) * missing, soft=held * 0 * missing, mean_overlap=held * 0 + 1e-7,
               converged=np.where(np.arange(seeds) == 1, 0, 1) * missing)  # fmt: skip
    state = np.full(seeds, "unsat" if known == 1 else "running", "<U10")
    return xr.Dataset(
        dict(progress=known, compiling=float(known > 0), state=("seed", state), **{k: ("seed", v) for k, v in one.items()},
             phi_trace=(("step", "seed"), phi), energy_trace=(("step", "seed"), energy), overlap_trace=(("step", "seed"), energy**0.5),
             Z_trace=(("step", "seed"), contacts)),
        dict(step=np.arange(steps), seed=np.arange(seeds)),
    )  # fmt: skip


def compression_data(known=1.0, seeds=2):
    phi = np.arange(0.794, 0.8945, 0.002)
    rows = []
    for shift in (0.0, 0.006):
        over = np.maximum(phi[:, None] - 0.836 - shift - 0.004 * np.arange(seeds), 0)
        rows.append(over if not shift else np.maximum(over * (1 + shift), over))
    over = np.stack(rows)
    values = dict(energy=0.35 * over**2, pressure=0.4 * over, N_delta=60.0 * (over > 0), N=over * 0 + 60, n_rattlers=over * 0 + 2,
                  Z=np.where(over > 0, 3.97 + 3.6 * over**0.5, 0), converged=over * 0 + 1,
                  state=np.where(over > 0, "unsat", "sat").astype("<U10"))  # fmt: skip
    values["state"][0, 30, 0] = "unfinished"
    dims = ("direction", "phi", "seed")
    if known < 1:
        for name, v in values.items():
            values[name] = np.stack([put(v[0], len(phi), min(2 * known, 1)), put(v[1], len(phi), 0)])
    return xr.Dataset(
        dict(progress=known, compiling=float(known > 0), phi_now=0.8, **{k: (dims, v) for k, v in values.items()}),
        dict(direction=["up", "down"], phi=phi, seed=np.arange(seeds)),
    )  # fmt: skip


DATA = dict(density=density_data, which_N=counting_data, long_short_range=range_data, approach=threshold_data, protocol=compression_data)
VIEWS = [("density", dict(axis="relative")), ("density", dict(axis="own")), ("which_N", dict(count="2")), ("which_N", dict(count="3")),
         ("which_N", dict(count="honest")), ("long_short_range", {}), ("approach", {}), ("protocol", {})]  # fmt: skip
IDS = [f"{name}-{'-'.join(view.values())}" for name, view in VIEWS]
SIZES = [(900, 430), (760, 430), (640, 430), (366, 620)]


def context(name, **view):
    record = getattr(records, name)
    values = {**record.start, **view}
    return Context(values=values, behind=table() if name == "which_N" else None)


@pytest.mark.parametrize(("name", "view"), VIEWS, ids=IDS)
@pytest.mark.parametrize("size", [(900, 430), (366, 620)])
@pytest.mark.parametrize("dark", [False, True])
def test_blitted_frames_are_the_whole_picture(name, view, size, dark):
    """No actor is forgotten, none stays behind: not the kept, not the predicted, not those of another view."""
    ds, told = DATA[name](), context(name, **view)
    one = Stage(getattr(particles, name), *size, dark)
    before = context(name, **view)
    before.ghosts, before.prediction = [("kept", [DATA[name](seeds=2)])], ([0.8, 0.85, 1.1], [0, 1, 1])
    if name == "density":
        before.values = {**before.values, "axis": "own" if view["axis"] == "relative" else "relative"}
    one.png(ds, before)
    again = one.png(ds, told)
    assert again == Stage(getattr(particles, name), *size, dark).png(ds, told)
    check_whole(one, again)


def texts(one):
    """The words on a picture and their boxes; hidden axes have none."""
    found = [text for key in one.figure.legends for text in key.get_texts()] + list(one.figure.texts)
    for ax in one.figure.axes:
        if ax.get_visible():
            found += [*ax.texts, *ax.get_xticklabels(), *ax.get_yticklabels(), ax.xaxis.label, ax.yaxis.label, ax.title, ax._left_title]
    return [(t.get_text(), t.get_window_extent()) for t in found if t.get_text() and t.get_visible()]


@pytest.mark.parametrize(("name", "view"), VIEWS, ids=IDS)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("known", "kept"), [(1.0, True), (0.5, False), (0.0, False)])
def test_no_text_leaves_the_picture_or_lies_on_other_text(name, view, size, known, kept):
    one = Stage(getattr(particles, name), *size)
    told = context(name, **view)
    if kept:
        told.ghosts = [(f"kept: in the plane, depth 0.{i}6, n = 64", [DATA[name]()]) for i in range(3)]
    one.set(DATA[name](known), told)
    one.canvas.draw()
    boxes = texts(one)
    for words, box in boxes:
        assert box.x0 >= -1 and box.y0 >= -1, words
        assert box.x1 <= size[0] + 1 and box.y1 <= size[1] + 1, words
    for i, (words, box) in enumerate(boxes):
        for other, there in boxes[:i]:
            apart = box.x0 >= there.x1 - 1 or there.x0 >= box.x1 - 1 or box.y0 >= there.y1 - 2 or there.y0 >= box.y1 - 2
            assert apart, f"{words!r} lies on {other!r}"


@pytest.mark.parametrize("name", DATA)
def test_status_lines_say_the_main_number_in_words(name):
    record = getattr(records, name)
    for known in (0.0, 0.5, 1.0):
        words = record.status(DATA[name](known), record.start)
        assert "nan" not in words and len(words) > 20, words
    assert "not converged" in record.status(DATA[name](), record.start)
    says = dict(density="N_Δ/N = ", which_N="of 3n′", long_short_range="for Lennard-Jones", approach="φ_J = 0.8", protocol="last resist")
    assert says[name] in record.status(DATA[name](), record.start)


def marks(one):
    """The dots that are shown."""
    found = [line for ax in one.figure.axes for line in ax.lines if line.get_linestyle() == "None" and line.get_visible()]
    return [line for line in found if len(line.get_xdata())]


@pytest.mark.parametrize("name", DATA)
def test_nothing_known_is_drawn_as_nothing(name):
    """All NaN, and no variable `compiling` at all, as in a stored table."""
    ds = DATA[name](0.0).drop_vars("compiling")
    one = Stage(getattr(particles, name))
    assert one.png(ds, context(name)).startswith(b"\x89PNG")
    assert not [line for line in marks(one) if line in one.actors]


def test_a_prediction_for_the_discs_holds_on_both_axes_of_density():
    one, ds = Stage(particles.density), density_data()

    def drawn(axis, x):
        told = context("density", axis=axis)
        told.prediction = (x, [0.0, 0.0, 1.0])
        one.set(ds, told)
        dashed = style.LINES["prediction"]["linewidth"]
        (line,) = [line for ax in one.figure.axes for line in ax.lines if line.get_linewidth() == dashed and line.get_visible()]
        assert line.axes.get_visible()
        return line.get_xdata()

    phi = np.array([0.7, 0.834, 0.95])
    assert set(phi) <= set(drawn("own", phi))
    assert set(phi / 0.834) <= set(drawn("relative", phi))
    assert {0.8, 1.0, 1.2} <= set(drawn("relative", [0.8, 1.0, 1.2])), "beyond 1: it was drawn against φ/φ_J"
    assert drawn("own", [0.8, 1.0, 1.2]).max() <= 1.0


def test_a_predicted_step_stays_a_step_and_ends_at_the_axes():
    x, y = (np.array(v) for v in ([0.8, 0.84, 0.84, 0.95], [0.0, 0.0, 6.0, 6.0]))
    assert [list(v) for v in marks_module.within(x, y, 0.7, 0.9)] == [[0.8, 0.84, 0.84, 0.9], [0, 0, 6, 6]]
    assert [len(v) for v in marks_module.within(x, y, 0.1, 0.2)] == [0, 0]


def test_hidden_axes_draw_nothing():
    one, ds = Stage(particles.density), density_data()
    one.set(ds, context("density", axis="own"))
    one.set(ds, context("density", axis="relative"))
    shown = {artist.axes for artist in one.actors if artist.get_visible() and getattr(artist, "axes", None) is not None}
    assert all(ax.get_visible() for ax in shown)


def test_unfinished_seeds_are_open():
    one = Stage(particles.density)
    one.set(density_data(), context("density"))
    assert sum(len(line.get_xdata()) for line in marks(one) if line.get_markerfacecolor() == "none") == 1


def test_a_system_without_a_threshold_is_not_drawn_relative_to_one_and_the_line_says_so():
    ds = density_data()
    ds.threshold_at[2] = np.nan
    ds.relative[2] = np.nan
    assert np.isnan(jump.per_seed(ds, "network", "relative")[0]).all()
    one = Stage(particles.density)
    one.set(ds, context("density"))
    assert not [line for line in marks(one) if line.get_marker() == "s"]
    assert "networks: no threshold within this budget" in records.density_status(ds, records.density.start)
    assert np.isfinite(jump.per_seed(ds, "network", "density")[0]).all()


def test_a_legend_names_a_prediction_only_where_there_is_one():
    for name in ("density", "long_short_range", "protocol"):
        one, told = Stage(getattr(particles, name)), context(name)
        (key,) = one.figure.legends
        for prediction in (None, ([0.8, 0.85, 0.9], [0, 1, 1]), None):
            told.prediction = prediction
            one.set(DATA[name](), told)
            assert key.get_texts()[-1].get_visible() == (prediction is not None)


def test_the_stored_contacts_are_shown_beside_the_same_sizes_only():
    from lsviz.figure.particles import counting

    assert counting.stored_table(context("which_N")) is not None
    assert counting.stored_table(context("which_N", ratio=1.0)) is None


def test_counted_with_two_or_three_the_same_contacts_mislead():
    ds = counting_data()
    from lsviz.figure.particles import counting

    at = dict(zip(ASPECTS, range(len(ASPECTS))))
    two, three, honest = (np.median(ds.N_delta.values / counting.freedoms(ds, c), 1) for c in ("2", "3", "honest"))
    assert two[at[1.1]] > 1.1 and three[at[1.0]] < 0.7
    assert honest[at[1.0]] == two[at[1.0]] and honest[at[1.1]] == three[at[1.1]]


def test_root_energy_meets_zero_at_phi_J():
    ds = threshold_data()
    values = paths._read(ds)
    assert np.allclose(paths.zero_crossing(values["phi"], values["root"]), ds.phi_J.values, atol=1e-9)


REFERENCE = {1.0: (0.8340, 0.0011, 3.967, 0.005), 1.05: (0.8539, 0.0008, 4.58, 0.02), 1.1: (0.8660, 0.0009, 4.90, 0.02),
             1.5: (0.8911, 0.0005, 5.61, 0.02), 2.0: (0.8827, 0.0007, 5.73, 0.02)}  # fmt: skip


def test_the_stored_table_is_ours_small_and_agrees_with_what_was_measured_before():
    """φ_J and Z at n = 64 within three combined errors of another program's; it says how it was made; N_Δ is never above 3n′ − 1."""
    table = records.ellipses_table()
    assert (data.STORE / "ellipses.json").stat().st_size < 8000
    assert {"command", "date", "seconds", "version", "label", "n", "seeds", "accuracy"} <= set(table.attrs)
    for aspect, (phi_J, error, Z, Z_error) in REFERENCE.items():
        mean, own = (table.sel(aspect=aspect, statistic=name) for name in ("mean", "error"))
        assert abs(float(mean.phi_J) - phi_J) < 3 * np.hypot(float(own.phi_J), error), aspect
        assert abs(float(mean.Z) - Z) < 3 * np.hypot(float(own.Z), Z_error), aspect
        highest = table.ratio_3.sel(aspect=aspect, statistic="max")
        assert float(highest) <= 1 - 1 / (3 * 64) + 1e-4
    assert abs(float(table.ratio.sel(aspect=1.0, statistic="mean")) - 0.992) < 0.003
    assert table.left_out.sum() <= 0.05 * table.attrs["seeds"] * table.sizes["aspect"]


@pytest.mark.parametrize("name", ["density", "which_N", "long_short_range"])
def test_axes_do_not_jump(name):
    one = Stage(getattr(particles, name))
    one.png(DATA[name](0.0), context(name))
    before = one.boxes()
    one.png(DATA[name](), context(name))
    assert one.boxes() == before


@pytest.mark.parametrize("name", ["density", "long_short_range", "approach", "protocol"])
def test_axes_that_wait_for_a_prediction_give_nothing_away(name):
    one = Stage(getattr(particles, name))
    one.png()
    shown = [text.get_text() for ax in one.figure.axes for text in ax.texts if text.get_visible() and not text.get_animated()]
    assert not shown
    one.png(DATA[name](), context(name))
    assert any(text.get_visible() for ax in one.figure.axes for text in ax.texts)
