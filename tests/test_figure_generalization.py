"""Pictures of chapter 4: what they draw is what the Datasets hold; no words on words; a frame over cached scenery is the whole picture."""


import numpy as np
import pytest
import xarray as xr
from frames import check_whole

from lsviz import apps
from lsviz.figure import Context, Stage, generalization
from lsviz.figure.generalization import cusp, laws, line, marks, slow

RNG = np.random.default_rng(0)
SEEDS, WIDTHS = 5, np.array([40.0, 60.0, 90.0, 140.0, 300.0, 700.0, 1400.0])


def scan(error=0.2, seeds=SEEDS, known=7, **more):
    """A Dataset as double_descent gives it: sizes from N* = 80 on fit; `known` sizes are found."""
    fits = WIDTHS[:, None] > np.linspace(70, 100, seeds)
    N_delta = np.where(fits, 0.0, 0.9 * WIDTHS[:, None] + np.arange(seeds))
    test_error = error * (1 + 0.1 * RNG.standard_normal((7, seeds)))
    f_rms = 200 / np.abs(WIDTHS[:, None] - 75) * np.exp(0.1 * RNG.standard_normal((7, seeds)))
    for table in (N_delta, test_error, f_rms):
        table[known:] = np.nan
    together = np.linspace(error, 0.6 * error, seeds)[:, None] * np.ones(7)
    return xr.Dataset(
        dict(N=("width", WIDTHS), P=300.0, progress=1.0, N_star=80.0, N_star_low=74.0, N_star_high=88.0,
             N_delta=(("width", "seed"), N_delta), test_error=(("width", "seed"), test_error), f_rms=(("width", "seed"), f_rms),
             state=(("width", "seed"), np.where(np.isnan(N_delta), "waiting", np.where(fits, "sat", "unsat")).astype("<U10")),
             ensemble_error=(("average", "width"), together), ensemble_spread=(("average", "width"), 0.01 + 0 * together),
             ensemble_error_se=("width", np.full(7, 0.004)), fluctuation=("width", np.sqrt(4000 / WIDTHS)), **more),
        dict(width=WIDTHS / 20, seed=np.arange(seeds), average=np.arange(1, seeds + 1)),
    )  # fmt: skip


def averages():
    return scan(variance_slope=-1.0, variance_slope_se=0.05)


def stopped():
    ds, stops = scan(), np.array([1, 5, 12, 50, 100])
    trace = np.stack([ds.test_error.values * (2 - i / 4) for i in range(5)])
    left = np.stack([ds.N_delta.values + 40 - 10 * i for i in range(5)])
    return ds.assign(
        test_error_trace=(("stop", "width", "seed"), trace), N_delta_trace=(("stop", "width", "seed"), left),
        ensemble_error_trace=(("stop", "width"), 0.7 * trace.mean(-1)),
    ).assign_coords(stop=stops)  # fmt: skip


def explosion():
    ds = scan(exponent=-0.8, exponent_se=0.05, exponent_background=-1.0, exponent_background_se=0.1, background=0.05)
    sat = ds.state == "sat"
    return ds.assign(f_rms_sat=ds.f_rms.where(sat).median("seed").where(sat.sum("seed") >= 3))


def on_the_line(N=74.0, spread=9.0):
    place = np.linspace(-0.25, 1.25, 31)
    f = np.cos(4 * place[:, None] + np.arange(SEEDS)) * spread
    return xr.Dataset(
        dict(N=N, P=300.0, progress=1.0, iterations=100.0, f_line=(("place", "seed"), f), f_line_mean=("place", f.mean(1)),
             test_error=("seed", np.full(SEEDS, 0.2)), state=("seed", np.array(["sat", "unsat", "sat", "unfinished", "sat"], "<U10")),
             ensemble_error_all=0.12, fluctuation=spread),
        dict(place=place, seed=np.arange(SEEDS)),
    )  # fmt: skip


def settled():
    N = np.array([150.0, 600.0, 3000.0, 12000.0])
    error = 0.1 + 0.5 * N[:, None] ** -0.5 * np.ones(SEEDS) + 0.001 * np.arange(SEEDS)
    table = np.stack([error, 1.1 * error])
    return xr.Dataset(
        dict(N=("width", N), P=200.0, progress=1.0, test_error=(("regime", "width", "seed"), table),
             state=(("regime", "width", "seed"), np.full(table.shape, "sat", "<U10")),
             fluctuation=(("regime", "width"), np.stack([N**-0.25, N**-0.1])), f_mean_rms=(("regime", "width"), np.ones((2, 4))),
             ensemble_error_all=(("regime", "width"), np.full((2, 4), 0.1)), excess=(("regime", "width"), table.mean(-1) - 0.1),
             fluctuation_slope=("regime", [-0.25, -0.1]), fluctuation_slope_se=("regime", [0.01, 0.01]),
             excess_slope=("regime", [-0.5, -0.4]), excess_slope_se=("regime", [0.03, 0.03])),
        dict(regime=["flow", "adam"], width=N, seed=np.arange(SEEDS)),
    )  # fmt: skip


PICTURES = [
    ("double_descent", scan), ("stopping", stopped), ("averaging", averages), ("explosion", explosion), ("twenty_networks", on_the_line),
    ("slow_decrease", settled),
]  # fmt: skip
WIDE = [900, 760, 640]


def stage_of(name, width, dark=False):
    app = apps.get(name)
    return Stage(getattr(generalization, name), width, app.narrow[1] if width < 640 else app.size[1], dark)


@pytest.mark.parametrize(("name", "data"), PICTURES)
@pytest.mark.parametrize(("width", "dark"), [(900, False), (366, True)])
def test_blitted_frames_are_the_whole_picture(name, data, width, dark):
    ds, one = data(), stage_of(name, width, dark)
    one.png(ds, Context(ghosts=[("kept", [ds])], prediction=([40.0, 1000.0], [20.0, 10.0])))
    again = one.png(ds)
    assert again == stage_of(name, width, dark).png(ds)
    check_whole(one, again)


@pytest.mark.parametrize(("name", "data"), PICTURES)
@pytest.mark.parametrize("width", [*WIDE, 366])
def test_no_text_leaves_the_picture_or_lies_on_other_text(name, data, width):
    one, ds = stage_of(name, width), data()
    one.set(ds, Context(ghosts=[("kept: P = 300, L = 2, budget 100", [ds])], values=dict(average=2, stop=12)))
    one.canvas.draw()
    height, found = one.height, [*one.figure.texts]
    found += [text for key in one.figure.legends for text in key.get_texts()]
    for ax in one.figure.axes:
        found += [
            *ax.texts,
            *ax.get_xticklabels(),
            *ax.get_yticklabels(),
            ax.xaxis.label,
            ax.yaxis.label,
            ax.title,
            ax._left_title,
        ]
    boxes = [(text.get_text(), text.get_window_extent()) for text in found if text.get_text() and text.get_visible()]
    for words, box in boxes:
        assert box.x0 >= -1 and box.y0 >= -1, words
        assert box.x1 <= width + 1 and box.y1 <= height + 1, words
    for i, (words, box) in enumerate(boxes):
        for other, there in boxes[:i]:
            apart = box.x0 >= there.x1 - 1 or there.x0 >= box.x1 - 1 or box.y0 >= there.y1 - 2 or there.y0 >= box.y1 - 2
            assert apart, f"{words!r} lies on {other!r}"


@pytest.mark.parametrize(("name", "data"), PICTURES[:4])
def test_every_stage_of_a_scan_can_be_drawn(name, data):
    """Nothing known, no threshold, one seed: a picture comes, and N* is not drawn where there is none."""
    ds, one = data(), stage_of(name, 900)
    words = [
        n
        for n, v in ds.variables.items()
        if v.dtype.kind == "f" and n not in ("N", "width", "P", "seed", "average", "stop")
    ]
    empty = ds.assign({n: ds[n] * np.nan for n in words}).assign(state=ds.state.where(False, "waiting"))
    one.png(empty)
    assert not any(
        text.get_text().startswith("$N^*$ =") and text.get_visible() for ax in one.figure.axes for text in ax.texts
    )
    one.png(ds.isel(seed=[0]))


def test_the_error_panel_holds_every_network_their_mean_and_the_mean_output():
    ds, one = scan(), stage_of("double_descent", 900)
    one.set(ds, Context())
    ax = one.figure.axes[0]
    assert ax.get_label() == "error"
    assert one.boxes()[0]["name"] == "error"
    assert one.boxes()[0]["xlog"] and not one.boxes()[0]["ylog"], "a prediction is drawn here: N against per cent"
    dots = [
        y for drawn in ax.lines if drawn.get_linestyle() == "None" and drawn.get_visible() for y in drawn.get_ydata()
    ]
    assert np.allclose(np.sort(dots), np.sort(100 * ds.test_error.values.ravel()))
    solid = [drawn for drawn in ax.lines if drawn.get_linestyle() == "-" and len(drawn.get_xdata()) == len(WIDTHS)]
    curves = [np.asarray(drawn.get_ydata(), float) for drawn in solid]
    assert any(np.allclose(curve, 100 * ds.test_error.mean("seed")) for curve in curves)
    assert any(np.allclose(curve, 100 * ds.ensemble_error[-1]) for curve in curves)


def test_a_stored_scan_stands_behind_named_and_a_missing_one_is_no_error(monkeypatch):
    from lsviz.apps import generalization as chapter

    ds, one = scan(), stage_of("double_descent", 900)
    stored = scan(0.1).assign_attrs(label="stored: P = 5000")
    one.set(ds, Context(behind=stored))
    ax = one.figure.axes[0]
    assert any(text.get_text() == "stored: P = 5000" for text in one.figure.texts)
    assert any(
        len(drawn.get_xdata()) == 7 and np.allclose(drawn.get_ydata(), 100 * stored.test_error.mean("seed"))
        for drawn in ax.lines
    )
    one.set(ds, Context())
    assert not any(text.get_text() == "stored: P = 5000" for text in one.figure.texts)
    monkeypatch.setattr(chapter, "stored_scans", lambda: dict(one=("stored: P = 5000", stored)))
    assert chapter.behind_descent(dict(stored="one")) is stored
    assert chapter.behind_descent(dict(stored="no")) is chapter.behind_descent({}) is None
    assert list(chapter.behind_control()["stored"].words) == ["no", "one"]
    assert "behind, stored: P = 5000: N* = 80" in chapter.descent_status(ds, dict(budget=100, stored="one"))
    monkeypatch.setattr(chapter, "stored_scans", dict)
    assert chapter.behind_control() == {}


def test_mean_and_its_standard_error():
    mean, error = marks.mean_of([[1.0, 2.0, 3.0], [np.nan, 4.0, 6.0], [np.nan, np.nan, 5.0], [np.nan] * 3])
    assert np.allclose(mean, [2, 5, 5, np.nan], equal_nan=True)
    assert np.allclose(error, [1 / np.sqrt(3), 1, np.nan, np.nan], equal_nan=True)


@pytest.mark.parametrize(("error", "top"), [(0.2, 27.0), (0.3, 45.0), (0.5, 65.0)])
def test_limits_hold_digits_few_points_and_coins(error, top):
    one = stage_of("double_descent", 900)
    one.set(scan(error), Context())
    assert one.figure.axes[0].get_ylim()[1] == top


def test_a_stopping_time_shows_its_own_errors():
    ds, one = stopped(), stage_of("stopping", 900)
    one.set(ds, Context(values=dict(stop=12)))
    ax = one.figure.axes[0]
    assert ax.get_title(loc="left") == "test error after 12 iterations"
    mean = 100 * ds.test_error_trace[2].mean("seed")
    assert any(len(drawn.get_xdata()) == 7 and np.allclose(drawn.get_ydata(), mean) for drawn in ax.lines)
    assert cusp.at_stop(ds, None) == 4
    assert cusp.at_stop(ds, 6) == 1
    assert set(cusp.states_at(ds, 2)) == {"unfinished"}, "not yet satisfied is not yet stuck"
    assert set(cusp.states_at(ds, 4)) == {"sat", "unsat"}


def test_the_axis_of_errors_grows_with_an_early_stopping_time():
    ds, one = stopped(), stage_of("stopping", 900)
    early = ds.assign(test_error_trace=ds.test_error_trace.where(ds.stop > 1, 0.41))
    for stop, top in ((1, 65.0), (100, 27.0)):
        one.set(early, Context(values=dict(stop=stop)))
        assert one.figure.axes[0].get_ylim()[1] == top


@pytest.mark.parametrize("width", [900, 366])
def test_the_count_of_what_lies_above_stays_inside_its_axes(width):
    one, ds = stage_of("double_descent", width), scan(0.2)
    one.set(ds.assign(test_error=ds.test_error.where(ds.seed > 1, 0.9)), Context())
    one.canvas.draw()
    ax = one.figure.axes[0]
    words = next(text for text in ax.texts if text.get_text().endswith("above the axis"))
    box, frame = words.get_window_extent(), ax.get_window_extent()
    assert words.get_text().startswith("14 ")
    assert box.x0 >= frame.x0
    assert box.x1 <= frame.x1


def test_a_prediction_is_named_once_there_is_one_and_for_what_it_was_made():
    one, ds, curve = stage_of("double_descent", 900), scan(), ([40.0, 90.0], [12.0, 18.0])
    entry = one.figure.legends[0].get_texts()[-1]
    assert not entry.get_text()
    one.set(ds, Context(prediction=curve))
    assert entry.get_text() == "your prediction"
    one.set(ds, Context(prediction=curve, prediction_for="budget 100"))
    assert "".join(entry.get_text().split()) == "yourprediction,budget100"
    phone = stage_of("double_descent", 366)
    phone.set(ds, Context(prediction=curve, prediction_for="budget 100, P = 300"))
    phone.canvas.draw()
    ax = phone.figure.axes[0]
    (said,) = [text for text in ax.texts if text.get_text().startswith("your") and text.get_visible()]
    assert said.get_window_extent().x0 >= ax.get_window_extent().x0


def test_visited_sizes_bracket_the_threshold():
    def size(N, *states):
        return on_the_line(N).assign(state=("seed", np.array([*states, "sat", "unsat"], "<U10")))

    stuck, fits = size(40.0, "unsat", "unsat", "sat"), size(120.0, "sat", "sat", "unsat")
    assert line.bracket([fits, stuck]) == (40, 120)
    assert line.bracket([fits]) is line.bracket([stuck]) is line.bracket([]) is None
    assert line.bracket([fits, stuck, size(90.0, "running", "sat", "sat")]) == (40, 120), "still training"
    assert line.bracket([fits, stuck, size(90.0, "sat", "sat", "sat")]) == (40, 90)
    one = stage_of("twenty_networks", 900)
    one.set(fits, Context(trail=[stuck]))
    assert any(
        text.get_text() == "$N^*$ in here" and text.get_visible() for ax in one.figure.axes for text in ax.texts
    )


def test_power_laws_go_through_their_points():
    x = np.array([10.0, 20.0, 80.0])
    for power, offset in ((-1.0, 0.0), (-0.5, 2.0)):
        along, drawn = laws.power_law(x, offset + 7 * x**power, power, offset, to=160.0)
        assert along[-1] == pytest.approx(160)
        assert np.allclose(drawn, offset + 7 * along**power)


def test_the_pictures_at_the_ends_are_the_points_of_the_line():
    """y = +1 (odd) first; a coin that gives the other digit +1 turns the pictures round."""
    from lsviz import data

    test = data.images("mnist", P=2, split="test")
    first, second = line.pair_of_images("mnist", "parity", 0, 0)
    assert np.array_equal(first, test.x[0]) and test.label[0] % 2 == 1
    assert np.array_equal(second, test.x[1])
    turned = next(
        seed for seed in range(20) if not np.array_equal(line.pair_of_images("mnist", "random", seed, 0)[0], first)
    )
    asked = data.load("mnist", P=2, split="test", labels="random", seed=turned)
    plain = data.load("mnist", P=2, split="test")
    assert np.array_equal(asked.x[0], plain.x[1])
    assert line.pair_of_images("random", "parity", 0, 0) is None


def test_the_predicted_slopes_are_drawn_as_predicted():
    ds, one = settled(), stage_of("slow_decrease", 900)
    one.set(ds, Context())
    for name, slope in (("fluctuation", -0.25), ("excess", -0.5)):
        ax = next(ax for ax in one.figure.axes if ax.get_label() == name)
        (drawn,) = [line for line in ax.lines if line.get_linestyle() == "--" and len(line.get_xdata())]
        x, y = (np.log(v) for v in drawn.get_data())
        assert np.polyfit(x, y, 1)[0] == pytest.approx(slope)
    single = slow.above_limit(ds, 0)
    assert np.allclose(single.mean(1), 100 * ds.excess[0])
    waiting = ds.assign(excess=ds.excess * np.nan, test_error=ds.test_error.where(ds.N < 10_000))
    one.png(waiting)
    assert np.isnan(slow.above_limit(waiting, 0)).all()


def test_sizes_that_were_visited_stay():
    one, now = stage_of("twenty_networks", 900), on_the_line()
    one.set(now, Context(trail=[on_the_line(300.0, 2.0), on_the_line(40.0, 20.0)]))
    ax = next(ax for ax in one.figure.axes if ax.get_label() == "fluctuation")
    assert any(
        list(drawn.get_xdata()) == [40.0, 74.0, 300.0] and list(drawn.get_ydata()) == [20.0, 9.0, 2.0]
        for drawn in ax.lines
    )


def test_the_app_words_are_the_numbers():
    ds = scan()
    told = apps.double_descent.status(ds, dict(budget=100))
    mean = ds.test_error.mean("seed").values
    assert f"{100 * mean.max():.1f} % at most (N = {WIDTHS[mean.argmax()]:.0f})" in told
    assert f"{100 * mean[-1]:.1f} % at N = 1400" in told
    assert "N* = 80 (P = 300)" in told
    assert "errs on 20.0 % at most" in apps.averaging.status(averages(), dict(average=1, budget=100))
    told = apps.explosion.status(explosion(), dict(budget=400))
    assert "(-0.80 ± 0.05)" in told
    assert "above it satisfied networks have at most" in told
    assert "N = 60)" not in told, "below N* = 80"
    assert "gradient flow: ‖f − f̄‖ ∝ N^(-0.25 ± 0.01)" in apps.slow_decrease.status(settled(), dict(budget=100))
    assert "stopped after 12 iterations" in apps.stopping.status(stopped(), dict(stop=12, budget=100))
