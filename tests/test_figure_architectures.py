"""Pictures of learning from one orientation and of four architectures: what they draw is what the Datasets hold; no words on words."""

import numpy as np
import pytest
from frames import check_whole, check_words

from lsviz import apps, experiment, sweep
from lsviz.apps import architectures as records
from lsviz.figure import Context, Stage, euclidean
from lsviz.figure.euclidean import learning, scan

CALLS = {
    "learn_from_one_orientation": dict(network="message_passing", steps=20, rotations=4, seeds=2),
    "four_architectures": dict(networks=scan.ORDER, turns=(0.0, 90.0, 180.0), turn=90.0, about="grid", seeds=2, precision="single"),
}
FOUND = {}


def found(name, **more):
    key = f"{name}{more}"
    if key not in FOUND:
        FOUND[key] = experiment.get(apps.get(name).source)(**{**CALLS[name], **more})
    return FOUND[key]


def values(name, **more):
    return {**apps.get(name).defaults(), **{k: v for k, v in CALLS[name].items() if k in apps.get(name).all_controls}, **more}


def context(name, ghosts=(), **more):
    app, chosen = apps.get(name), values(name, **more)
    behind = app.behind(chosen) if callable(app.behind) else None
    return Context(values=chosen, behind=behind, ghosts=[("kept: network plain network, seeds 2", [ds]) for ds in ghosts],
                   prediction=([5.0, 18.0], [0.5, 0.9]))  # fmt: skip


def stage_of(name, width, dark=False):
    app = apps.get(name)
    return Stage(getattr(euclidean, name), width, app.narrow[1] if width < 640 else app.size[1], dark)


def panel(one, name):
    return next(ax for ax in one.figure.axes if ax.get_label() == name)


def curves(ax):
    return [np.asarray(line) for lines in ax.collections if hasattr(lines, "get_segments") for line in lines.get_segments()]


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(("width", "dark"), [(900, False), (366, True)])
def test_blitted_frames_are_the_whole_picture(name, width, dark):
    ds, one = found(name), stage_of(name, width, dark)
    one.png(ds, context(name, [ds]))
    plain = Context(values=values(name))
    again = one.png(ds, plain)
    assert again == stage_of(name, width, dark).png(ds, plain)
    check_whole(one, again)


@pytest.mark.parametrize(("name", "seen"), [*((name, {}) for name in CALLS), ("four_architectures", dict(curve="right"))])
@pytest.mark.parametrize("width", [900, 760, 640, 380, 366])
def test_no_text_leaves_the_picture_or_lies_on_other_text(name, seen, width):
    one, ds = stage_of(name, width), found(name)
    one.set(ds, context(name, [ds], **seen))
    check_words(one)


@pytest.mark.parametrize("name", CALLS)
def test_a_picture_of_nothing_known_yet(name):
    ds = found(name)
    given = ("progress", "cells", "cells_turned", "field_seen", "wanted")
    empty = ds.assign({n: ds[n] * np.nan for n, v in ds.data_vars.items() if v.dtype.kind == "f" and n not in given})
    assert stage_of(name, 900).png(empty, Context(values=values(name))).startswith(b"\x89PNG")
    assert "…" in apps.get(name).status(empty, values(name))


def test_a_line_for_each_seed_and_the_mean_of_all():
    ds, one = found("learn_from_one_orientation"), stage_of("learn_from_one_orientation", 900)
    one.set(ds, context("learn_from_one_orientation"))
    table = 100 * ds.accuracy_turned.values.T
    assert np.array_equal([line[:, 1] for line in curves(panel(one, "curve")) if len(line) == table.shape[1]], table)
    lines = [np.asarray(line.get_ydata(), float) for line in panel(one, "curve").lines]
    assert any(np.array_equal(line, table.mean(0)) for line in lines)
    right = 100 * ds.right_turned.values
    marks = [np.asarray(line.get_xdata(), float) for line in panel(one, "shapes").lines]
    assert any(np.array_equal(mark, right.ravel()) for mark in marks) and any(np.array_equal(mark, right.mean(1)) for mark in marks)


def test_stored_plain_networks_stand_behind_and_need_turned_examples():
    behind = records.plain_networks(dict(outputs="pseudoscalar"))
    named = learning.named_curves(behind, 200)
    assert [words for words, _, _ in named] == ["one orientation", "6\u2009400 turned shapes", "64\u2009000 turned shapes"]
    last = [curve[-1] for _, _, curve in named]
    assert last[0] < 35 < 60 < last[1] < last[2] and last[2] > 95
    assert learning.named_curves(None, 200) == [] and all(steps.max() <= 50 for _, steps, _ in learning.named_curves(behind, 50))
    assert records.PLAIN in sweep.packaged()


def test_curves_are_E_and_the_share_told_right_and_floors_are_dotted():
    ds, one = found("four_architectures"), stage_of("four_architectures", 900)
    x, E, floor = scan.curves(ds, "error")
    assert np.isnan(E[..., 0]).all() and np.array_equal(E[..., 1:], ds.equivariance.values[..., 1:]) and x.tolist() == [0, 90, 180]
    assert np.isfinite(floor[-2:, :, 1:]).all() and np.isnan(floor[:3]).all()
    one.set(ds, context("four_architectures"))
    assert any(np.allclose(line[:, 1], ds.equivariance.values[4, 0, 1:]) for line in curves(panel(one, "curve")) if len(line) == 2)
    one.set(ds, context("four_architectures", curve="right"))
    assert panel(one, "curve").get_yscale() == "linear"
    right = 100 * ds.right_turn.values
    assert any(np.allclose(line[:, 1], right[4, 0]) for line in curves(panel(one, "curve")) if len(line) == 3)
    assert scan.place_of(ds, 100.0) == 1


def test_the_status_says_the_main_number():
    name = "four_architectures"
    ds = found(name)
    said = apps.get(name).status(ds, values(name, turn=90.0))
    assert "turned by 90° about z, single precision" in said and f"plain voxel net E = {ds.equivariance.values[4, :, 1].max():.2g}" in said
    name = "learn_from_one_orientation"
    ds = found(name)
    said = apps.get(name).status(ds, values(name))
    assert f"{100 * float(ds.accuracy_turned[-1].mean()):.0f} % right when turned at random" in said and "after 20 steps, 2 seeds" in said


def test_the_curve_is_a_view_and_computes_nothing():
    session = apps.four_architectures.open("inline", group="message_passing+se3_transformer", seeds=1)
    result, png = session.result, session.png
    session.set(curve="right")
    assert session.result is result and session.png != png and session.error == ""
