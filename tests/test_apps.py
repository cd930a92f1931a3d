"""Apps: every record obeys the same rules, every control moves to both ends, every habit works. Loops over all records."""

import io
import random

import numpy as np
import pytest
import xarray as xr

from lsviz import apps, sweep
from lsviz.app import App, Ladder, Menu, Rung, Slider, Steps
from lsviz.app.controls import control, read, write
from lsviz.symbols import ARGUMENTS

NAMES = apps.names()
SHARED = pytest.mark.usefixtures("remembered")  # opened many times at the same values
# Small and quick values for what a test does not look at; only those an app has.
QUICK = dict(P=100, budget=20, seeds=2)
# How finely a packing settles, how wide and how long networks are trained, how many pictures are asked, where an app has that.
COARSE = dict(accuracy=1e-2, widest=160, horizon=10.0, probe=30)
# Networks that are quick; a P that is stored.
FEW = dict(who_is_stable=dict(group="fc3"), learned_not_born=dict(group="fc1+lenet"), stability_error=dict(P=1024),
           symmetry_saves=dict(most=256), shift_it=dict(group="stride+none"), turn_it=dict(group="plain+p4"),
           spherical_harmonics=dict(l=4), learn_from_one_orientation=dict(steps=30, layers=2),
           four_architectures=dict(group="message_passing+se3_transformer"))  # fmt: skip


# A number that every app of a chapter has: its name, another position of its slider, a value between two of them.
NUMBERS = dict(P=(150, 123), n=(48, 50), aspect=(2.0, 1.37), d=(5, 8), alpha=(2.0, 1.37), c=(5, 4), stride=(3, 4),
               layers=(2, 1), l_max=(3, 1), l=(2, 1), seeds=(3, 3))  # fmt: skip


def number_of(session):
    name = next(n for n in NUMBERS if n in session.values and not isinstance(session.controls[n], Ladder))
    return name, *NUMBERS[name]


def quick(name, mode="inline", **values):
    app = apps.get(name)
    if app.loading:  # what takes seconds to load is there, as for all pictures of a page but its first
        import e3nn  # noqa: F401
    few = {n: v for n, v in {**QUICK, **COARSE, **FEW.get(name, {})}.items() if n in app.all_controls}
    return app.open(mode, **{**few, **values})


@pytest.mark.parametrize("name", NAMES)
def test_record(name):
    app = apps.get(name)
    assert app.name == name
    assert getattr(apps, name) is app, "a module of the same name would hide it"
    assert len(app.controls) <= 3
    assert len(app.title.split()) >= 6, "the title is the claim, a full sentence"
    assert app.experiment.check(**app.call(app.defaults()))
    assert app.presets
    for words, values in app.presets.items():
        assert set(values) <= set(app.all_controls), words
        assert app.experiment.check(**app.call({**app.defaults(), **values}))
    with pytest.raises(ValueError, match="at most three"):
        App("x", "t", app.source, app.picture, dict(a=(1, 2), b=(1, 2), c=(1, 2), d=(1, 2)))


@pytest.mark.parametrize("name", NAMES)
def test_first_picture_needs_no_click(name):
    session = apps.get(name).open("first")
    assert session.error == ""
    assert session.png.startswith(b"\x89PNG")
    assert session.status
    assert session.picture.frame == session.png
    assert session.picture.alt == session.status


@SHARED
@pytest.mark.parametrize("name", NAMES)
def test_every_control_at_both_ends(name):
    """The first partial of each end is drawn, then the stream is closed. One control after the other, the rest as at the start."""
    session = quick(name, "first")
    for moved, kind in session.controls.items():
        session.values = dict(session.start)
        for side in (0, -1):
            value = kind.options(session.values)[side]
            session.set(**{moved: value})
            assert session.error == "", (moved, value)
            assert session.values[moved] == value
            assert session.picture.alt == session.status, (moved, value)
            assert len(session.png) > 1000, (moved, value)


# What must be so for a control to move something: with fewer steps nothing but a threshold is drawn of a network; turned examples
# teach no other network than this one.
SHOWN_BY = {("density", "data_seed"): dict(budget=80), ("learn_from_one_orientation", "augment"): dict(network="mlp")}


@SHARED
@pytest.mark.parametrize("name", NAMES)
def test_every_control_moves_something_visible(name):
    """Two seeded points between: each gives a picture of its own, matching its status line; Reset brings the first picture back."""
    enough = {"budget": 80} if name == "threshold" else {}  # with less there is none
    session = quick(name, **enough, **({"how": "lm"} if "how" in apps.get(name).all_controls else {}))
    opened = session.png
    for moved, kind in session.controls.items():
        if name == "stability_error" and moved != "dataset" and "stability_study" not in sweep.packaged():
            pytest.skip("the study is not stored in this copy")
        session.set(**SHOWN_BY.get((name, moved), {}))
        options = [v for v in kind.options(session.values) if v != session.values[moved]]
        most = dict(P=300, budget=300, seeds=4, L=3, widest=512, horizon=50, h=100, most=512, probe=100, steps=100, l_max=2).get(moved)
        most = 100 if (name, moved) == ("learned_not_born", "budget") else most
        cheap = [v for v in options if most is None or v <= most]
        seen = {session.png}
        chosen = random.Random(f"{name}.{moved}").sample(cheap, min(2, len(cheap)))
        for value in chosen:
            session.set(**{moved: value})
            assert session.error == "", (moved, value)
            assert session.picture.alt == session.status, (moved, value)
            seen.add(session.png)
        assert len(seen) == len(chosen) + 1, f"{moved} at {chosen} left a picture as it was"
        session.reset()
        assert session.png == opened, f"Reset after {moved}"


@SHARED
@pytest.mark.parametrize("name", NAMES)
def test_bad_values_go_into_the_box_and_the_app_goes_on(name):
    session = quick(name)
    knob, other, _ = number_of(session)
    good, status = dict(session.values), session.status
    for bad in (-5, *(() if ARGUMENTS[knob].low == 0 else (0,)), float("nan"), 10**10):
        session.set(**{knob: bad})
        assert session.error.startswith(f"{knob}: got")
        assert "allowed" in session.error
        assert session.picture.error == session.error
        assert session.picture.alt == session.status == status
        assert session.values == good
    session.set(**{knob: other})
    assert session.error == session.picture.error == ""
    assert session.values[knob] == other
    with pytest.raises(ValueError, match="no such control"):
        session.set(nonsense=1)


def test_too_many_points_for_the_data_set_is_said_and_left_behind():
    session = quick("one_width", dataset="mnist")
    session.set(P=59_900)  # allowed for some data set, but not for this one
    assert "P" in session.error
    assert session.values["P"] == 100
    session.set(P=150)
    assert session.error == ""


@SHARED
@pytest.mark.parametrize("name", NAMES)
def test_reset_keep_presets(name):
    session = quick(name)
    session.keep()
    assert len(session._context().ghosts) == 1
    session.player.mode = "first"
    first = next(iter(apps.get(name).presets))
    quick_too = {n: v for n, v in QUICK.items() if n in session.values and n not in apps.get(name).presets[first]}
    session.preset(first).set(**quick_too)
    assert session.error == ""
    with pytest.raises(ValueError, match="allowed"):
        session.preset("no such")
    session.reset()
    assert session.values == session.start
    assert not session._context().ghosts


@SHARED
@pytest.mark.parametrize("name", NAMES)
def test_link_round_trip(name):
    session = quick(name, "first")
    state = session.link
    assert all(isinstance(text, str) for text in state.values())
    other = apps.get(name).open("first")
    other.restore(state)
    assert other.values == session.values
    knob = number_of(session)[0]
    other.restore({knob: "many"})
    assert other.error.startswith(f"{knob}: got 'many'")
    other.restore({"nonsense": "1"})
    assert "no such control" in other.error
    other.restore(state)
    assert other.error == ""


@pytest.mark.parametrize("name", NAMES)
def test_saved_data_and_picture(name):
    """Computed here, with every picture on the way drawn."""
    session = quick(name)
    assert session.error == "" and session.finished
    with xr.open_dataset(io.BytesIO(session.save_data()), engine="h5netcdf") as ds:
        assert ds.attrs["experiment"] == session.experiment.name
        knob = number_of(session)[0]
        assert ds.attrs[knob] == write(session.values[knob])
        assert knob not in ds or float(ds[knob]) == session.values[knob]
    assert session.save_picture().startswith(b"\x89PNG")


@SHARED
@pytest.mark.parametrize("name", NAMES)
def test_widgets_follow_and_lead(name):
    session = quick(name, "first")
    board = session.widget and session._board
    name, _, between = number_of(session)
    knob, good = board.knobs[name], session.values[name]
    knob.main.value = next(v for v in session.controls[name].options(session.values) if v not in (good, knob.main.value))
    assert session.values[name] == knob.main.value == knob.field.value
    knob.field.value = between
    assert session.values[name] == between
    assert name not in session.result or session.result[name] == between
    knob.field.value = -3
    assert session.error.startswith(f"{name}: got -3")
    knob.field.value = good
    assert session.error == ""
    assert board.link.state == session.link
    for button in board.presets.values():
        button.click()
        assert session.error == ""


def test_ladder_keeps_its_place_when_P_moves():
    session = quick("one_width", "first", P=300, h=4.5)
    at = session.controls["h"].position(session.values, 4.5)
    session.set(P=1000)
    ladder = session.controls["h"]
    assert abs(np.log(ladder.position(session.values, session.values["h"]) / at)) < 0.1
    knob = session.widget and session._board.knobs["h"]
    knob.field.value = 0.5
    assert abs(float(session.result.N / session.result.P) - 0.5) < 0.05
    knob.field.value = -1
    assert session.error.startswith("h: got")


def test_trail_collects_finished_sizes_of_one_setting():
    session = quick("one_width")
    session.set(h=5)
    session.set(h=6)
    assert len(session._context().trail) == 2
    session.set(P=150)
    assert session._context().trail == []


def test_lock_hides_until_unlocked_and_predictions_are_drawn():
    session = quick("transition")
    shown = session.png
    session.lock("Draw your prediction first.")
    assert session.png != shown
    assert session.status == "Draw your prediction first."
    session.set(P=150)
    assert session.status == "Draw your prediction first."
    told = []
    session.on_result(told.append)
    session.unlock()
    assert float(told[-1].P) == 150
    before = session.png
    session.prediction = ([0.05, 0.2, 1.0], [1.0, 0.8, 0.0])
    assert session.png != before


def test_keep_says_what_was_kept_by_its_values():
    session = quick("transition", P=150)
    session.set(axis="P/N").keep()
    assert session.status.endswith("; kept: P = 150, L = 2, budget 20 (grey)")
    assert session.picture.alt == session.status
    session.keep()
    assert [words for words, _ in session._context().ghosts] == ["kept: P = 150, L = 2, budget 20"]
    session.set(labels="random")
    assert "kept" not in session.status


def test_a_prediction_says_what_it_was_made_for():
    session = quick("transition")
    session.prediction = ([0.05, 1.0], [1.0, 0.0])
    assert session._context().prediction_for == ""
    session.set(axis="P/N")
    assert session._context().prediction_for == ""
    session.set(P=150)
    assert session._context().prediction_for == "P = 100"
    session.set(P=100)
    assert session._context().prediction_for == ""


def test_status_counts_as_the_data_do():
    session = quick("one_width", P=300, h=3.0)
    ds = session.result
    stuck = ds.N_delta.values[ds.N_delta.values > 0]
    assert f"N_Δ/N = {np.median(stuck) / float(ds.N):.2f}" in session.status
    assert "2 seeds, 20 iterations" in session.status


def test_in_its_thread_the_app_answers_as_in_line():
    inline, threaded = quick("one_width"), quick("one_width", "thread")
    assert threaded.wait(20)
    xr.testing.assert_identical(inline.result, threaded.result)
    threaded.close()


def test_view_controls_compute_nothing():
    session = quick("transition")
    result, alone = session.result, session.png
    session.set(axis="P/N")
    assert session.result is result
    session.set(axis="N/P")
    assert session.png == alone
    session.set(stored="yes")
    assert session.result is result and session.png != alone
    session.set(stored="no")
    assert session.png == alone


def test_what_stands_behind_may_follow_the_values():
    """A function gives what stands behind the networks that are shown, not those that are asked for; None is nothing."""
    from dataclasses import replace

    asked = []
    session = replace(apps.transition, behind=lambda values: asked.append(dict(values))).open("inline", **QUICK)
    assert session._context().behind is None
    session.set(P=150)
    assert asked[-1]["P"] == 150
    session.values["P"], session.values["axis"] = 200, "P/N"  # moved, not answered yet
    session._context()
    assert (asked[-1]["P"], asked[-1]["axis"]) == (150, "P/N"), "the view is as it is now, the networks are those of the picture"
    ds = session.result
    assert replace(apps.transition, behind=ds).open("inline", **QUICK)._context().behind is ds


def test_stored_networks_stand_behind_with_their_budget_in_words():
    session = quick("transition")
    assert "stored" not in session.status
    session.set(stored="yes")
    assert "behind, stored: swish, 300 iterations, L = 2, P = 250, 16 seeds: N*/P = " in session.status
    session.set(beta=3.0)
    assert "; nothing stored belongs to these networks" in session.status and session._context().behind is None
    session.set(how="adam", L=4)
    assert "stored: ReLU, Adam 30\u00a0000 steps, L = 5, P = 500, 16 seeds" in session.status
    session.set(stored="no")
    assert "behind" not in session.status and session._context().behind is None


def test_the_threshold_says_its_brackets_and_the_law_of_its_stored_curve():
    session = quick("threshold", budget=80)
    ds, said = session.result, session.status
    sat, N, at = (ds.state == "sat").mean("seed").values, ds.N.values, float(ds.N_star)
    last = max(np.flatnonzero(sat < 0.5))
    assert N[last] <= at * (1 + 1e-9) and at <= N[last + 1] * (1 + 1e-9)
    assert f"P = 100: half of the networks fit at N* = {at:.0f} (between " in said and "N* ∝ P^0." in said
    session.set(P=150)
    assert [float(one.P) for one in session._context().trail] == [100]
    session.set(beta=2.0)
    assert "∝" not in session.status, "nothing stored belongs to them"


def test_a_threshold_outside_the_sizes_is_told_with_its_side():
    from lsviz.apps.jamming import outside_words

    ds = quick("threshold", budget=80).result
    every, none = (ds.assign(state=ds.state.where(ds.state == "no", word)) for word in ("sat", "unsat"))
    assert outside_words(every) == f"most fit at every size tried: N* lies below {ds.N.min():.0f}"
    assert outside_words(none) == f"most do not fit at any size tried: N* lies above {ds.N.max():.0f}"
    training = every.assign(state=every.state.copy())
    training.state[0, 0] = "running"
    assert outside_words(training) == outside_words(ds) == "no threshold inside these sizes yet"
    session = quick("threshold", budget=1)
    assert "N* lies above" in session.status


def test_controls():
    assert control((1, 5)) == Slider(1, 5)
    assert control([1, 2]) == Steps([1, 2])
    assert control(["a"]) == Menu({"a": "a"})
    with pytest.raises(ValueError, match="control"):
        control(3)
    ladder = Ladder("x", lambda values: [Rung(1.0, 10, "one"), Rung(2.0, 20, "two")])
    assert ladder.nearest({}, 1.3).value == 10
    assert ladder.nearest({}, 1.6).value == 20
    assert ladder.nearest({}, 0.0).value == 10
    assert read(write(4.5), 1.0) == 4.5
    assert read("3", 1) == 3
    with pytest.raises(ValueError, match="number"):
        read("x", 1)


def test_apps_are_found_by_name():
    assert apps.transition is apps.get("transition")
    assert "transition" in dir(apps)
    with pytest.raises(ValueError, match="allowed"):
        apps.get("nothing")
    with pytest.raises(AttributeError, match="nothing"):
        _ = apps.nothing


def test_the_page_decides_theme_width_and_sharpness():
    from matplotlib.image import imread

    session = quick("one_width")

    def shape():
        return imread(io.BytesIO(session.png)).shape[1::-1]

    light = session.png
    assert shape() == session.app.size
    session.picture.dark = True
    assert session.png != light
    session.picture.ratio = 2.0  # settled pictures are as fine as the screen; moving ones are not
    assert shape() == (1800, 2 * session.app.size[1])
    session.picture.width_px = 366
    assert shape() == (732, 2 * session.app.narrow[1])
    assert (session.picture.width, session.picture.height) == (366, session.app.narrow[1])
    assert session.picture.axes[2]["name"] == "ratio"


def test_nothing_to_save_is_said():
    session = quick("one_width", "first")
    session.result = None
    board = session.widget and session._board
    board._try(board._save_data)
    assert "nothing to save" in session.error
