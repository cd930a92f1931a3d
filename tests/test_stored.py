"""Stored maps: what is sent is what was stored, what is missing is said by name, and one cell of each is computed again."""

import json
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from lsviz import apps
from lsviz.app import Curve, Layer, StoredMap, stored, wire
from lsviz.data import STORE
from lsviz.frontend import Map

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "fixtures"), str(HERE.parent / "benchmarks")]
from phase_diagram import row  # noqa: E402
from stored_map import made_up, record  # noqa: E402


@pytest.fixture
def small():
    """3 × 4 cells, two frames, three seeds."""
    return made_up(columns=4, rows=3, frames=2, seeds=3)


def sent(ds, **changes):
    """The traits of its map, the bytes as arrays."""
    made = wire.Wire(record(ds, **changes))
    traits = made.traits()
    shape = tuple(made.ds.sizes[name] for name in made.dims)
    layers, fields = len(made.record.layers), len(made.fields)
    arrays = dict(
        cells=np.frombuffer(traits["cells"], np.uint8).reshape(layers, *shape),
        detail=np.frombuffer(traits["detail"], np.uint8).reshape(*shape, -1),
        fields=np.frombuffer(traits["fields"], "<f4").reshape(fields, *shape),
        palettes=np.frombuffer(traits["palettes"], np.uint8).reshape(layers, 2, 250, 3),
    )
    if traits["states"]:
        arrays["states"] = np.frombuffer(traits["states"], np.uint8).reshape(*shape, -1)
    return traits["spec"], arrays


# --- every stored map ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", apps.maps())
def test_record(name):
    found = apps.get(name)
    assert isinstance(found, StoredMap) and found.name == name
    assert getattr(apps, name) is found, "a module of the same name would hide it"
    assert name in dir(apps) and name not in apps.names()
    assert len(found.title.split()) >= 6, "the title is the claim, a full sentence"
    assert found.presets
    start = time.perf_counter()
    shown = found.open()
    assert time.perf_counter() - start < 5
    traits = shown.wire.traits()
    size = sum(len(v) for v in traits.values() if isinstance(v, bytes)) + len(json.dumps(traits["spec"]))
    assert size < 300_000
    for values in found.presets.values():
        shown.select(**values)
        for axis, value in values.items():
            if axis in shown.values and not isinstance(value, str):
                assert abs(shown.values[axis] / value - 1) < 0.2, "a preset that the grid does not have"
        assert shown.map.address == shown.wire.address(shown._place())


@pytest.mark.parametrize("name", apps.maps())
def test_it_says_who_made_it(name):
    attrs = apps.get(name).open().ds.attrs
    assert attrs["command"].startswith("python ")
    assert attrs["seconds"] > 0 and attrs["date"].startswith("20") and attrs["label"] and attrs["version"]


# --- what is sent -------------------------------------------------------------------------------------------------------


def test_bytes_are_what_was_stored(small):
    spec, arrays = sent(small)
    share, nothing = small.share.values, np.isnan(small.share.values)
    cells = arrays["cells"][0]
    assert (cells == 255).tolist() == nothing.tolist()
    assert np.abs(cells[~nothing] / 249 - share[~nothing]).max() <= 0.5 / 249 + 1e-12
    ratio = small.ratio.values
    above, inside = ratio > 1.6, ratio <= 1.6
    assert above.any() and inside.any()
    assert (arrays["detail"][above] == 254).all()
    assert (arrays["detail"][np.isnan(ratio)] == 255).all()
    assert np.abs(arrays["detail"][inside] / 250 * 1.6 - ratio[inside]).max() <= 0.8 / 250 + 1e-12
    named = np.array([*(state["name"] for state in spec["states"]), *["waiting"] * 253], object)
    assert (np.where(arrays["states"] == 255, "waiting", named[np.minimum(arrays["states"], 200)]) == small.state.values).all()
    names = [field["name"] for field in spec["fields"]]
    assert names == ["share", "left"]
    np.testing.assert_array_equal(arrays["fields"], np.stack([small[n].values for n in names]).astype("<f4"))
    assert spec["holes"] and json.dumps(spec)


def test_order_along_the_axes_does_not_matter(small):
    shuffled = small.isel(h=[2, 0, 3, 1], P=[1, 2, 0]).transpose("seed", "h", "L", "P")
    one, other = wire.Wire(record(small)).traits(), wire.Wire(record(shuffled)).traits()
    assert one == other


def test_two_axes_and_one_cell_are_maps_too(small):
    flat = small.isel(L=0, drop=True)
    spec, arrays = sent(flat, frame="", words=("h = {h}", "{share}"))
    assert spec["frame"] is None and arrays["cells"].shape == (2, 3, 4)
    one = flat.isel(h=[0], P=[0])
    spec, arrays = sent(one, frame="", words=("h = {h}",), detail="", state="")
    assert arrays["cells"].shape == (2, 1, 1) and spec["detail"] is None
    assert len(spec["x"]["edges"]) == 2 and spec["y"]["edges"][0] < 100 < spec["y"]["edges"][1]


def test_words_along_an_axis(small):
    named = small.assign_coords(h=["relu", "swish", "tanh", "erf"])
    spec, _ = sent(named, presets={"tanh": dict(h="tanh")}, curves=None)
    assert [words for _, words in spec["x"]["ticks"]] == ["relu", "swish", "tanh", "erf"]
    assert spec["presets"] == [dict(words="tanh", column=2)]


def test_all_missing_is_drawn_as_missing(small):
    _, arrays = sent(small.assign(share=small.share * np.nan, left=small.left * np.nan, ratio=small.ratio * np.nan))
    assert (arrays["cells"] == 255).all() and (arrays["detail"] == 255).all()


@pytest.mark.parametrize("log", [False, True])
def test_cells_meet_half_way(log):
    values = [1.0, 2.0, 8.0]
    edges = wire.edges_of(values, log)
    if log:
        assert np.allclose(edges, [0.5**0.5, 2**0.5, 4, 16])
    else:
        assert np.allclose(edges, [0.5, 1.5, 5, 11])
    assert wire.edges_of([3.0], log)[0] < 3 < wire.edges_of([3.0], log)[1]


def test_curves_have_points_for_every_frame(small):
    spec, _ = sent(small, curves=lambda ds: [Curve("a", [1.0, np.nan], [[1.0, 2.0], [3.0, 4.0]], source="stored", low=[0, 1], high=[2, 3])])
    [curve] = spec["curves"]
    assert curve["x"] == [[1.0, None]] * 2 and curve["y"] == [[1.0, 2.0], [3.0, 4.0]] and curve["low"] == [[0.0, 1.0]] * 2


def test_a_duration_is_said_in_its_own_unit():
    assert [wire.duration(s) for s in (3, 119, 600, 7200, 90_000)] == ["3 s", "119 s", "10 minutes", "2 hours", "25 hours"]
    assert wire.duration(400_000) == "111 hours"


def test_numbers_are_written_as_on_the_page():
    assert [wire.plain(v) for v in (3.0, 1302.0, 0.26666, 1234.5, 1.5e-5, 12.34)] == ["3", "1302", "0.267", "1234", "1.5e-05", "12.3"]


# --- moving it from Python ----------------------------------------------------------------------------------------------


def test_select_and_read_back():
    shown = record().open(h=20, P=900, L=4)
    assert shown.values["P"] == pytest.approx(943, abs=1) and shown.values["L"] == 4
    assert (shown.map.frame, shown.map.layer) == (3, 0)
    assert set(shown.cell.dims) == {"seed"} and float(shown.cell.h) == shown.values["h"]
    shown.select(layer="left")
    assert shown.values["layer"] == "left"
    for bad, words in (
        (dict(h="many"), "h: got 'many'; allowed: a number"),
        (dict(P=-1), "P: got -1; allowed: a number > 0"),
        (dict(layer="no"), "layer: got 'no'; allowed: share, left"),
        (dict(nonsense=1), "nonsense: made_up has no such axis; allowed: h, P, L, layer"),
    ):
        with pytest.raises(ValueError, match=words):
            shown.select(**bad)
    before = shown.values
    other = record().open()
    other.select(**shown.map.address)
    assert other.values == before


def test_links_restore_and_what_they_do_not_know_stays(monkeypatch):
    monkeypatch.setenv("QUERY_STRING", "made_up.h=20&made_up.layer=left&other.h=3")
    shown = record().open()
    assert shown.widget
    assert shown.values["layer"] == "left" and shown.values["h"] == pytest.approx(20, abs=0.5)
    shown._restore({"h": "nothing", "depth": "3", "L": "2"})
    assert shown.values["L"] == 2
    assert shown.values["h"] == pytest.approx(20, abs=0.5)


def test_the_widget_has_a_title_and_a_name():
    widget = record().open().widget
    assert "lsviz-app" in widget._dom_classes
    assert "A made-up map" in widget.children[0].value


# --- what cannot be shown -----------------------------------------------------------------------------------------------

BROKEN = {
    "no dimension": (dict(x="width"), {}, "x: got 'width'; allowed: a dimension with coordinates, here L, P, h, seed"),
    "no frame": (dict(frame="T"), {}, "frame: got 'T'"),
    "no variable": (dict(layers=(Layer("loss", "loss"),)), {}, "words: got 'loss'; allowed: a variable of the stored Dataset"),
    "a seed too many": (dict(layers=(Layer("ratio", "ratio"),)), {}, "'ratio' runs along seed, too; allowed: L, P, h"),
    "no layer": (dict(layers=()), {}, "layers: got none"),
    "no ramp": (dict(layers=(Layer("share", "share", ramp="jet"),)), {}, "ramp: got 'jet'; allowed: satisfied"),
    "upside down": (dict(layers=(Layer("share", "share", 1, 0),)), {}, "layers: share from 1 to 0"),
    "words as numbers": (dict(layers=(Layer("word", "w"),)), dict(word=("h", list("abcd"))), "'word' holds no numbers"),
    "no detail": (dict(detail="loss"), {}, "detail: got 'loss'"),
    "detail without seeds": (dict(detail="share", state=""), {}, "detail: 'share' runs along L, P, h"),
    "unknown state": ({}, dict(state=(("L", "P", "h", "seed"), np.full((2, 3, 4, 3), "lost"))), "state: got lost; allowed: sat"),
    "log of nothing": (dict(log=("h",)), dict(h=[0.0, 1, 2, 3]), "h: got 0; allowed on a logarithmic axis"),
    "log of words": (dict(log=("h",)), dict(h=list("abcd")), "h: words have no logarithm"),
    "twice the same": ({}, dict(h=[1.0, 1, 2, 3]), "h: got .*; allowed: different finite numbers"),
    "not a number": ({}, dict(h=[np.nan, 1, 2, 3]), "h: got .*; allowed: different finite numbers"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_wrong_is_named(case, small):
    changes, parts, words = BROKEN[case]
    ds = small.assign({k: v for k, v in parts.items() if k != "h"}).assign_coords({k: v for k, v in parts.items() if k == "h"})
    with pytest.raises(ValueError, match=words):
        record(ds, **{**dict(presets={}, curves=None), **changes}).open()


@pytest.mark.parametrize("name", wire.PROVENANCE)
def test_what_does_not_say_where_it_comes_from_is_not_shown(name, small):
    del small.attrs[name]
    with pytest.raises(ValueError, match=f"its attribute '{name}' is missing"):
        record(small).open()


def test_other_things_are_refused(small):
    with pytest.raises(ValueError, match="data: got DataArray; allowed"):
        record(small).__class__(**{**record(small).__dict__, "data": small.share}).open()
    with pytest.raises(ValueError, match="h: it is empty"):
        record(small.isel(h=[])).open()
    with pytest.raises(ValueError, match="bytes on the way to the browser; allowed"):
        record(made_up(columns=400, rows=300, seeds=8)).open()


def test_a_cell_shows_a_box_instead_of_a_traceback(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    record(x="width")._ipython_display_()
    record()._ipython_display_()
    assert isinstance(shown[0], Map) and "x: got 'width'" in shown[0].error
    assert shown[1].children


# --- the phase diagram of jamming ---------------------------------------------------------------------------------------


def test_the_phase_diagram_is_small_and_whole():
    file = STORE / "phase_diagram.json"
    assert file.stat().st_size < 300_000
    ds = apps.phase_diagram.open().ds
    assert set(ds.P.values) >= {100, 150, 200, 300, 400, 500} and ds.sizes["N"] >= 12 and ds.sizes["seed"] == 8
    assert set(ds.labels.values) == {"parity", "random"}
    ratio = ds.N.values[None] / ds.P.values[:, None]
    assert (ratio.min(1) <= 0.12).all() and (ratio.max(1) >= 1.3).all(), "no row of the map ends before its transition"
    assert ((ds.N_delta == 0) == (ds.state == "sat")).all()


@pytest.mark.parametrize(("labels", "P", "N"), [("parity", 100, 38), ("random", 200, 118)])
def test_one_cell_computed_again(labels, P, N):
    ds = apps.phase_diagram.open().ds.sel(labels=labels, P=P, N=N)
    width = next(h / 2 for h in range(2, 200) if net(h / 2) == N)
    found = row(P, labels, (width,), ds.sizes["seed"], ds.attrs["budget"]).isel(N=0)
    assert int(found.N) == N
    # Bit for bit where it was made; another linear algebra may lead a network near the threshold elsewhere.
    assert abs(int((found.state == "sat").sum()) - int(ds.satisfied)) <= 3
    assert (found.N_delta.values == ds.N_delta.values).mean() >= 0.5


def net(h):
    from lsviz import network

    return network.dense(10, h, 2).N


def test_thresholds_are_those_of_the_stored_seeds():
    from lsviz.apps.stored import phase_curves, phase_table, phase_thresholds

    ds = phase_table()
    digits, coins = phase_thresholds(ds)[..., 0]
    assert np.isfinite(digits).all() and (np.diff(digits) > 0).all()
    assert (digits < coins).all() and (coins < ds.P.values).all(), "both far below N = P: the claim of the map"
    slope = np.polyfit(np.log(ds.P.values), np.log(digits), 1)[0]
    assert 0.5 < slope < 0.8, "slower than P"
    assert [curve.words for curve in phase_curves(ds)] == ["N = P", "N*(P)"]
    assert stored.Curve is Curve


def test_the_card_of_the_store_names_it():
    assert "`phase_diagram.json`" in (STORE / "README.md").read_text("utf-8")


def test_median_is_of_the_unsatisfied_alone():
    ds = apps.phase_diagram.open().ds
    cell = ds.sel(labels="parity", P=300, N=60)
    left = cell.N_delta.values[cell.N_delta.values > 0]
    assert float(cell.left) == pytest.approx(np.median(left) / 60)
    assert float(ds.sel(labels="parity", P=100, N=1302).unmet) == 0
    assert np.isnan(float(ds.sel(labels="parity", P=100, N=1302).left))
    assert isinstance(ds, xr.Dataset)
