"""Pictures of chapter 8: what they draw is what the Datasets hold; no words on words; a frame over cached scenery is the whole picture."""

import numpy as np
import pytest
from frames import check_whole, check_words

from lsviz import apps, experiment
from lsviz.apps import equivariance as chapter
from lsviz.figure import Context, Stage, equivariance
from lsviz.figure.equivariance import asked, saves, shifts, turns, waves

CALLS = {
    "symmetry_saves": dict(group="cyclic_4", sizes=(8, 16, 32, 64), seeds=3),
    "aliasing": dict(waves=20, seeds=(0, 1, 2)),
    "shift_it": dict(picture=1, probe=30, seeds=2),
    "turn_it": dict(picture=1, probe=20, seeds=2, turns=(0.0, 45.0, 90.0, 180.0, 270.0)),
}
FOUND: dict[str, object] = {}


def found(name, **more):
    """A small Dataset of an app's experiment, computed once."""
    key = f"{name}{more}"
    if key not in FOUND:
        FOUND[key] = experiment.get(apps.get(name).source)(**{**CALLS[name], **more})
    return FOUND[key]


def values(name, **more):
    return {**apps.get(name).defaults(), **more}


def stage_of(name, width, dark=False):
    app = apps.get(name)
    return Stage(getattr(equivariance, name), width, app.narrow[1] if width < 640 else app.size[1], dark)


def panel(one, name):
    return next(ax for ax in one.figure.axes if ax.get_label() == name)


def drawn(ax):
    """All points of all lines of marks and curves, without the empty ones."""
    return [np.column_stack(line.get_data()) for line in ax.lines if len(line.get_xdata())]


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(("width", "dark"), [(900, False), (366, True)])
def test_blitted_frames_are_the_whole_picture(name, width, dark):
    ds, one = found(name), stage_of(name, width, dark)
    one.png(ds, Context(values=values(name), ghosts=[("kept", [ds])], prediction=([1.0, 8.0], [0.5, 5.0])))
    again = one.png(ds, Context(values=values(name)))
    assert again == stage_of(name, width, dark).png(ds, Context(values=values(name)))
    check_whole(one, again)


OTHERS = [
    ("symmetry_saves", dict(target="not"), {}), ("aliasing", dict(blur="1 4 6 4 1", rectified="after", stride=4), {}),
    ("shift_it", dict(shift_nets=("stride", "max", "blur", "none", "flat")), dict(curve="change", shift=-7.25)),
    ("turn_it", {}, dict(curve="change", turn=330.0)), ("turn_it", {}, dict(curve="probability", turn=0.0)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "more", "seen"), [*((name, {}, {}) for name in CALLS), *OTHERS])
@pytest.mark.parametrize("width", [900, 760, 640, 366, 356])
def test_no_text_leaves_the_picture_or_lies_on_other_text(name, more, seen, width):
    one, ds = stage_of(name, width), found(name, **more)
    one.set(ds, Context(ghosts=[("kept: picture 3, stride, none", [ds])], values=values(name, **seen),
                        prediction=([1.0, 8.0], [0.5, 5.0])))  # fmt: skip
    check_words(one)


@pytest.mark.parametrize("name", CALLS)
def test_a_picture_of_nothing_known_yet(name):
    ds = found(name)
    given = ("progress", "group_size", "frequency", "apparent_frequency", "nyquist", "image", "shifted", "turned", "turned_back")
    empty = ds.assign({n: ds[n] * np.nan for n, v in ds.data_vars.items() if v.dtype.kind == "f" and n not in given})
    assert stage_of(name, 900).png(empty, Context(values=values(name))).startswith(b"\x89PNG")


def test_learning_curves_are_geometric_means_with_a_dot_for_each_seed():
    ds, one = found("symmetry_saves"), stage_of("symmetry_saves", 900)
    one.set(ds, Context(values=values("symmetry_saves", look=16)))
    lines = drawn(panel(one, "error"))
    for name in ("error_plain", "error_invariant"):
        table = ds[name].values
        assert any(np.allclose(line[:, 1], np.exp(np.log(table).mean(1))) for line in lines if len(line) == 4)
        assert any(np.allclose(line[:, 1], table.ravel()) for line in lines if len(line) == table.size)


def test_the_gain_is_a_bar_along_P_between_the_curves():
    ds, one = found("symmetry_saves"), stage_of("symmetry_saves", 900)
    for P in (8, 16):
        one.set(ds, Context(values=values("symmetry_saves", look=P)))
        at = saves.place_of(ds, P)
        bar = next(line for line in drawn(panel(one, "error")) if len(line) == 2 and line[0, 1] == line[1, 1])
        assert bar[1, 0] / bar[0, 0] == pytest.approx(float(ds.gain[at])) and bar[0, 0] == P
        assert bar[0, 1] == pytest.approx(float(np.exp(np.log(ds.error_invariant.values[at]).mean())))
        filled = [line for line in panel(one, "degree").lines if line.get_marker() == "s" and line.get_markerfacecolor() != "none"]
        assert len(filled[0].get_xdata()) == ds.resolved.values[at].sum()
    (low, high) = next(c.get_segments() for c in panel(one, "gain").collections if c.get_segments())[0][:, 1]
    assert (low, high) == pytest.approx((float(ds.gain_low[0]), float(ds.gain_high[0])))


def test_the_floor_is_drawn_where_the_function_is_not_invariant():
    for target, there in (("invariant", False), ("not", True)):
        ds, one = found("symmetry_saves", target=target), stage_of("symmetry_saves", 900)
        one.set(ds, Context(values=values("symmetry_saves")))
        dotted = [line for line in panel(one, "error").lines if line.get_linestyle() == ":" and len(line.get_xdata())]
        assert bool(dotted) == there
        said = chapter.saves_status(ds, values("symmetry_saves"))
        assert ("stays for ever" in said) == there


def test_moving_P_along_the_learning_curves_computes_nothing():
    session = apps.symmetry_saves.open("inline", most=256, seeds=3)
    result, png = session.result, session.png
    session.set(look=8)
    assert session.result is result and session.png != png and session.status.startswith("at P = 8 the symmetry saves a factor of ")
    assert f"{float(result.gain[0]):.1f} ({float(result.gain_low[0]):.1f} to {float(result.gain_high[0]):.1f})" in session.status
    assert "|G| = 6, counting allows" in session.status
    assert chapter.sizes(768) == (8, 16, 32, 64, 128, 256, 512, 768) and chapter.sizes(256)[-2:] == (128, 256)


def test_an_alias_has_a_colour_and_a_line_of_its_own():
    for number, other in ((5, False), (12, False), (13, True), (24, True)):
        ds, one = found("aliasing", waves=number), stage_of("aliasing", 900)
        one.set(ds, Context(values=values("aliasing")))
        assert waves.aliased(ds) == other
        shown = [line for line in panel(one, "wave").lines if len(line.get_xdata()) == ds.sizes["fine_sample"]]
        apparent = next(line for line in shown if line.get_linewidth() > 2)
        assert np.allclose(apparent.get_ydata(), ds.apparent_wave.values[0])
        assert (apparent.get_linestyle() == "--") == other
        kept = ds.kept.values[0]
        there = np.isfinite(kept)
        assert any(np.allclose(line, np.column_stack([ds.sample.values, kept])[there]) for line in drawn(panel(one, "wave"))
                   if len(line) == there.sum())  # fmt: skip


def test_the_line_of_the_wave_that_is_seen_goes_through_the_kept_points():
    ds = found("aliasing", waves=19, stride=3, blur="1 2 1")
    through = np.interp(ds.sample.values, ds.fine_sample.values, ds.apparent_wave.values[0])
    kept = ds.kept.values[0]
    assert np.allclose(through[np.isfinite(kept)], kept[np.isfinite(kept)])


def test_what_was_folded_is_told_from_what_was_there():
    ds, one = found("aliasing", waves=20), stage_of("aliasing", 900)
    one.set(ds, Context(values=values("aliasing")))
    diamonds = [line.get_xdata() for line in panel(one, "spectrum").lines if line.get_marker() == "D" and len(line.get_xdata())]
    assert np.allclose(np.rint(diamonds[0]), 4)
    slow = found("aliasing", waves=5, blur="1 2 1")
    one.set(slow, Context(values=values("aliasing")))
    assert not [line for line in panel(one, "spectrum").lines if line.get_marker() == "D" and len(line.get_xdata())]
    assert "can show up to 12, and shows 4 waves instead" in chapter.aliasing_status(ds, values("aliasing"))
    assert "shows them all, made smaller to 90 %" in chapter.aliasing_status(slow, values("aliasing", blur="1 2 1"))


def test_only_what_is_folded_to_zero_waves_lets_the_mean_see_a_shift():
    said = chapter.aliasing_status(found("aliasing", waves=20), values("aliasing"))
    assert "the mean of the kept points does not change" in said
    assert "changes by " in chapter.aliasing_status(found("aliasing", waves=24), values("aliasing", waves=24))


def test_curves_of_networks_have_a_line_for_each_seed_and_their_mean():
    ds, one = found("shift_it"), stage_of("shift_it", 900)
    one.set(ds, Context(values=values("shift_it")))
    cls = int(ds.picture_class)
    assert shifts.class_of(ds) == cls
    curve = panel(one, "curve")
    table = ds.probability_shift.values[..., cls]
    thin = [seg for c in curve.collections for seg in c.get_segments() if len(seg) == ds.sizes["shift_pixels"]]
    assert len(thin) == table.shape[0] * table.shape[1]
    for row in table:
        assert any(np.allclose(line[:, 1], row.mean(0)) for line in drawn(curve) if len(line) == row.shape[1])
        assert any(np.allclose(seg[:, 1], row[0]) for seg in thin)
    one.set(ds, Context(values=values("shift_it", curve="change")))
    assert curve.get_yscale() == "log"
    grown = next(line for line in drawn(curve) if len(line) == ds.sizes["shift_pixels"])
    change = np.clip(ds.output_change.values[0], shifts.VIEWS["change"][1][0] * 1.5, None)
    assert np.allclose(grown[:, 1], np.exp(np.log(change).mean(0)))


def test_answers_are_boxed_where_they_are_not_those_of_the_picture_as_it_is():
    one = Stage(lambda stage: _answers(stage), 900, 430)
    now, still = np.zeros((2, 3, 10)), np.zeros((2, 3, 10))
    now[:, :, 4], still[:, :, 4] = 1, 1
    now[1, 2] = np.eye(10)[9]
    now[0, 1] = np.nan
    one.answers.set(["stride", "blur"], now, still)
    cells = one.answers.cells
    assert [cell.get_text() for cell in cells[1]] == ["4", "4", "9"] and [cell.get_text() for cell in cells[0]] == ["4", "", "4"]
    boxed = [[cell.get_bbox_patch().get_edgecolor()[3] > 0 for cell in row] for row in cells[:2]]
    assert boxed == [[False, False, False], [False, False, True]]
    assert not cells[3][0].get_visible() and one.answers.names[3].get_text() == ""


def _answers(stage):
    stage.answers = asked.Answers(stage, 10, 10, ("stride", "blur"))
    return lambda ds, context: None


def test_rows_are_the_errors_of_all_seeds():
    for name, what, label in (("shift_it", "test_error", "error"), ("turn_it", "test_error", "upright")):
        ds, one = found(name), stage_of(name, 900)
        one.set(ds, Context(values=values(name)))
        points = np.concatenate(drawn(panel(one, label)))[:, 0]
        expected = 100 * np.concatenate([ds[what].values.ravel(), ds[what].values.mean(1)])
        assert np.allclose(np.sort(points), np.sort(np.clip(expected, 0, 15 if name == "shift_it" else 100)))


def test_a_shift_costs_no_scan_again_and_is_the_hand_s():
    session = apps.shift_it.open("inline", probe=50, seeds=2)
    first = session.result
    session.set(shift=8.0)
    assert np.array_equal(first.probability_shift, session.result.probability_shift)
    still = shifts.unshifted(session.result)
    stride = list(session.result.network.values).index("stride")
    assert np.allclose(session.result.probability[stride], still[stride], atol=1e-5), "by its total stride nothing changes"
    session.set(shift=-1.5)
    assert session.status.startswith("shift −1.5, class 0: stride p = ")
    assert not np.allclose(session.result.probability[stride], still[stride], atol=1e-3)


def test_networks_of_a_group_alone_are_asked_and_the_view_asks_nobody():
    session = apps.shift_it.open("inline", group="max+flat", probe=30, seeds=1)
    assert list(session.result.network.values) == ["max", "flat"]
    result, png = session.result, session.png
    session.set(curve="change")
    assert session.result is result and session.png != png


def test_angles_go_round_and_are_told_with_the_scan_s():
    ds, one = found("turn_it"), stage_of("turn_it", 900)
    one.set(ds, Context(values=values("turn_it", turn=100.0)))
    curve = [line for line in drawn(panel(one, "curve")) if len(line) == ds.sizes["turn_degrees"] + 1]
    assert curve and all(line[0, 1] == line[-1, 1] and line[-1, 0] == 360 for line in curve)
    error = 100 * ds.error_turn.values.mean(1)
    assert any(np.allclose(line[:-1, 1], error[0]) for line in curve)
    assert turns.place_of(ds, 350.0) == 0 and turns.place_of(ds, 100.0) == 2
    said = chapter.turn_status(ds, values("turn_it", turn=100.0, probe=20))
    assert said.startswith("turned by 100° (errors at 90°), class 0: plain p = ")
    assert "(errors at" not in chapter.turn_status(ds, values("turn_it", turn=90.0))


def test_the_floor_of_interpolation_is_drawn_beside_the_errors_and_not_beside_probabilities():
    ds, one = found("turn_it"), stage_of("turn_it", 900)
    for kind, there in (("error", True), ("change", True), ("probability", False)):
        one.set(ds, Context(values=values("turn_it", curve=kind)))
        dotted = [line for line in panel(one, "curve").lines if line.get_linewidth() == 1.6 and len(line.get_xdata())]
        assert len(dotted) == (3 if there else 0)


def test_at_quarter_turns_p4_answers_alike_and_a_plain_network_is_lost():
    ds = found("turn_it")
    quarter = ds.sel(turn_degrees=[0.0, 90.0, 180.0, 270.0])
    assert float(quarter.error_turn.sel(network="p4").std("turn_degrees").max()) < 1e-9
    plain = quarter.error_turn.sel(network="plain").mean("seed")
    assert float(plain.sel(turn_degrees=90)) > 3 * float(plain.sel(turn_degrees=0))
