"""figure: a picture is a function of a Dataset; the same one moves in an app and stands in a file."""

import zlib

import numpy as np
import pytest
import xarray as xr
from frames import check_whole, unpack
from matplotlib.figure import Figure

from lsviz import apps, figure
from lsviz.apps import reference
from lsviz.figure import Context, Stage, dots, jamming, stage, style, threshold


def one_width(seeds=4, budget=10, fitted=2, N=40.0, P=100.0):
    """A Dataset as network_jamming gives it, with `fitted` satisfied seeds."""
    N_delta = np.array([0.0] * fitted + [0.8 * N] * (seeds - fitted))
    trace = np.linspace(60, 0, budget + 1)[:, None] + N_delta
    return xr.Dataset(
        dict(N=N, P=P, progress=1.0, iterations=float(budget), N_delta=("seed", N_delta), loss=("seed", N_delta / P),
             state=("seed", np.where(N_delta == 0, "sat", "unsat").astype("<U10")),
             N_delta_trace=(("step", "seed"), trace), loss_trace=(("step", "seed"), trace / P),
             gap_count=(("gap_bin", "seed"), np.full((50, seeds), 2.0))),
        dict(seed=np.arange(seeds), step=np.arange(budget + 1), gap_bin=np.linspace(-2.95, 1.95, 50)),
    )  # fmt: skip


def transition(seeds=4):
    N = np.array([20.0, 40.0, 80.0])
    N_delta = np.stack([np.full(seeds, 30.0), np.full(seeds, 30.0), np.zeros(seeds)])
    N_delta[0, 0] = np.nan
    state = np.where(N_delta > 0, "unsat", "sat").astype("<U10")
    state[0, 0] = "waiting"
    return xr.Dataset(
        dict(N=("width", N), h=("width", N / 20), P=100.0, progress=1.0, N_delta=(("width", "seed"), N_delta),
             loss=(("width", "seed"), N_delta), state=(("width", "seed"), state), N_star=50.0, N_star_low=45.0, N_star_high=60.0),
        dict(width=N / 20, seed=np.arange(seeds)),
    )  # fmt: skip


def contrast():
    return xr.concat([transition(), transition()], xr.DataArray(["hinge", "logistic"], dims="loss_name", name="loss_name"),
                     data_vars=["N_delta", "loss", "state"])  # fmt: skip


def escape():
    ds = one_width()
    return ds.assign(N_trace=("step", np.where(ds.step < 6, 20.0, 40.0)), N_before=20.0, N_delta_before=ds.N_delta)


def nothing():
    return None


def networks():
    """Stored networks of ReLU."""
    return reference.transition(dict(how="adam", L=3, P=1000))


PICTURES = [
    (jamming.one_width, one_width, nothing), (jamming.transition, transition, nothing), (jamming.transition, transition, networks),
    (jamming.contrast, contrast, nothing), (jamming.escape, escape, nothing), (threshold.threshold, transition, nothing),
    (threshold.threshold, transition, reference.thresholds),
]  # fmt: skip


def test_encode_is_png():
    pixels = np.random.default_rng(0).integers(0, 256, (7, 5, 4), dtype=np.uint8)
    assert (unpack(stage.encode(pixels)) == pixels).all()
    assert zlib.crc32(b"IEND") == 0xAE426082


@pytest.mark.parametrize(("picture", "data", "behind"), PICTURES)
@pytest.mark.parametrize("size", [(900, 430), (366, 620)])
@pytest.mark.parametrize("dark", [False, True])
def test_blitted_frames_are_the_whole_picture(picture, data, behind, size, dark):
    """A frame over cached scenery shows what a drawing of everything shows: no actor is forgotten, none stays behind."""
    ds, context = data(), Context(behind=behind())
    one = Stage(picture, *size, dark)
    one.png(ds, Context(ghosts=[("kept", [ds])], trail=[ds], prediction=([0.05, 1.0], [1.0, 0.0])))
    again = one.png(ds, context)
    assert again == Stage(picture, *size, dark).png(ds, context)
    assert unpack(again).shape == (size[1], size[0], 4)
    check_whole(one, again)


@pytest.mark.parametrize(("picture", "data", "behind"), PICTURES)
@pytest.mark.parametrize("size", [(900, 430), (760, 430), (640, 430), (366, 620), (356, 620)])
def test_no_text_leaves_the_picture_or_lies_on_other_text(picture, data, behind, size):
    width, height = size
    if picture is threshold.threshold:
        height = apps.threshold.size[1] if width >= 640 else apps.threshold.narrow[1]
    one = Stage(picture, width, height)
    kept = [("kept: P = 150, budget 20", [data()])] if picture in (jamming.transition, threshold.threshold) else []
    one.set(data(), Context(behind=behind(), ghosts=kept))
    one.canvas.draw()
    boxes = [(text.get_text(), text.get_window_extent()) for key in one.figure.legends for text in key.get_texts()]
    boxes += [(t.get_text(), t.get_window_extent()) for t in one.figure.texts if t.get_text() and t.get_visible()]
    for ax in one.figure.axes:
        legend = ax.get_legend()
        texts = [
            *ax.texts,
            *ax.get_xticklabels(),
            *ax.get_yticklabels(),
            ax.xaxis.label,
            ax.yaxis.label,
            ax.title,
            ax._left_title,
        ]
        texts += legend.get_texts() if legend else []
        for text in texts:
            if text.get_text() and text.get_visible():
                boxes.append((text.get_text(), text.get_window_extent()))
    for words, box in boxes:
        assert box.x0 >= -1 and box.y0 >= -1, words
        assert box.x1 <= width + 1 and box.y1 <= height + 1, words
    for i, (words, box) in enumerate(boxes):
        for other, there in boxes[:i]:
            apart = box.x0 >= there.x1 - 1 or there.x0 >= box.x1 - 1 or box.y0 >= there.y1 - 2 or there.y0 >= box.y1 - 2
            assert apart, f"{words!r} lies on {other!r}"


@pytest.mark.parametrize("dark", [False, True])
def test_readable(dark):
    """Text at least 12 points at 100 dots an inch, and enough contrast on the page (WCAG: 4.5 for text, 3 for marks)."""
    assert style.settings(dark)["font.size"] >= 12
    colours = style.palette(dark)

    def light(colour):
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))

    def contrast_with_page(colour):
        low, high = sorted([light(colour), light(colours.page)])
        return (high + 0.05) / (low + 0.05)

    assert contrast_with_page(colours.ink) > 7
    assert contrast_with_page(colours.faint) > 4.5
    for state in ("sat", "unsat", "unfinished", "dead", "failed", "running"):
        assert contrast_with_page(colours.states[state]) > 3, state


def test_states_differ_without_colour():
    marks = [(mark, filled) for mark, filled, *_ in style.MARKS.values()]
    assert len(set(marks)) == len(marks)
    dashes = [str((line["linestyle"], line["linewidth"])) for line in style.LINES.values()]
    assert len(set(dashes)) == len(dashes)


def test_points_that_touch_the_margin_are_on_the_satisfied_side():
    ds = one_width(seeds=2, fitted=2)
    count = np.zeros((50, 2))
    count[29], count[30] = 20.0, 30.0
    share = jamming.gap_shares(ds.assign(P=50.0, gap_count=(("gap_bin", "seed"), count.reshape(50, 2))))
    assert share[30] == 0
    assert share[29] == 1


def test_dots_by_state_and_at_the_edge():
    ax_stage = Stage(jamming.transition)
    marks = dots.Dots(ax_stage, ax_stage.figure.axes[0], top=1.6)
    marks.set([0.1, 0.2, 0.3, 0.4], [0.0, 0.5, 3.0, np.nan], np.array(["sat", "unsat", "unsat", "waiting"]))
    assert len(marks.lines["sat"].get_xdata()) == 1
    assert list(marks.lines["unsat"].get_xdata()) == [0.2]
    assert list(marks.over["unsat"].get_ydata()) == [marks.row]
    assert marks.row < 1.6, "a clipped mark stays inside the axes"
    assert marks.words.get_text() == "1 above the axis"


def test_medians_never_see_unknown_seeds():
    x, y, _ = dots.per_seed(transition(), parted=False)
    sizes, ratio = dots.medians(x, y)
    assert list(sizes) == [0.2, 0.4, 0.8]
    assert list(ratio) == [1.5, 0.75, 0.0]


def test_every_network_can_be_counted():
    """Eight networks of one size, all above the axis, stand apart; so do eight at zero."""
    for N, fitted in ((8.0, 0), (80.0, 8)):
        one = Stage(jamming.one_width)
        one.set(
            one_width(seeds=8, fitted=fitted, N=N, P=100.0).assign(
                N_delta=("seed", np.full(8, 0.0 if fitted else 30.0))
            )
        )
        ax = next(ax for ax in one.figure.axes if ax.get_label() == "ratio")
        marks = [
            line for line in ax.lines if line.get_linestyle() == "None" and line.get_visible() and len(line.get_xdata())
        ]
        (mark,) = marks
        at = ax.transData.transform(np.column_stack(mark.get_data()))[:, 0]
        assert len(at) == 8
        assert np.diff(at).min() > 3, "pixels"
        assert np.ptp(at) < 45


def test_what_was_kept_is_dots_and_a_changed_setting_turns_the_prediction_grey():
    one = Stage(jamming.transition)
    ds, curve = transition(), ([0.05, 1.0], [1.0, 0.0])
    one.set(ds, Context(ghosts=[("kept: P = 100", [ds])], prediction=curve))
    ax = one.figure.axes[0]
    assert any(text.get_text() == "kept: P = 100" and text.get_visible() for text in one.figure.texts)
    grey = [line for line in ax.lines if line.get_marker() == "s" and len(line.get_xdata())]
    assert [(line.get_linestyle(), len(line.get_xdata())) for line in grey] == [("None", 12)]
    words = [text for text in ax.texts if text.get_text().startswith("your prediction")]
    assert not words[0].get_visible(), "the legend names it"
    one.set(ds, Context(prediction=curve, prediction_for="P = 300"))
    assert words[0].get_text() == "your prediction, P = 300"
    assert words[0].get_visible()


def test_a_stopped_picture_says_so():
    one = Stage(jamming.transition)
    one.set(transition(), Context(stopped=True))
    assert "stopped" in [text.get_text() for text in one.figure.legends[0].get_texts()]
    one.set(transition(), Context())
    assert "stopped" not in [text.get_text() for text in one.figure.legends[0].get_texts()]


def test_empty_axes_have_no_numbers():
    one = Stage(jamming.escape)
    one.png()
    assert not len(one.figure.axes[0].get_xticks())
    one.png(escape())
    count = one.figure.axes[0]
    assert len(count.get_xticks()) > 2
    assert count.get_ylim()[1] == 100


def test_axes_do_not_jump_and_boxes_tell_where_they_are():
    one = Stage(jamming.one_width)
    one.png(one_width())
    before = one.boxes()
    one.png(one_width(N=150.0, fitted=4))
    assert one.boxes() == before
    ratio = next(box for box in before if box["name"] == "ratio")
    assert ratio["xlog"]
    assert not ratio["ylog"]
    assert ratio["xlim"] == [0.04, 2.0]
    left, bottom, right, top = ratio["box"]
    assert 0 < left < right < 1
    assert 0 < bottom < top < 1


def test_axis_can_be_turned():
    one = Stage(jamming.transition)
    one.png(transition(), Context(values=dict(axis="P/N")))
    assert one.boxes()[0]["xlim"] == [0.5, 25.0]
    one.png(transition(), Context(values=dict(axis="N/P")))
    assert one.boxes()[0]["xlim"] == [0.04, 2.0]


@pytest.mark.parametrize("width", [900, 366])
def test_every_stored_network_stands_behind_as_a_mark_and_no_line_joins_them(width):
    one, ds = Stage(jamming.transition, width, 620), networks()
    alone, before = one.png(transition()), one.boxes()
    axes, here = one.figure.axes[0], set(one.figure.axes[0].lines)
    assert one.png(transition(), Context(behind=ds)) != alone
    pale = one.colours.sources["stored"]
    marks = [line for line in axes.lines if line.get_color() == pale and line.get_visible() and line.get_marker() != "None"]
    assert here == set(axes.lines) and {line.get_linestyle() for line in marks} == {"None"}
    assert sum(len(line.get_xdata()) for line in marks) == ds.N_delta.size == 288
    (star,) = [line for line in axes.lines if line.get_color() == pale and line.get_linestyle() == "-"]
    assert list(star.get_xdata()) == [float(ds.N_star / ds.P)] * 2
    words = [text.get_text().replace("\u00a0", " ") for text in one.figure.texts if text.get_text() and text.get_visible()]
    assert words == ["stored: ReLU, Adam 30 000 steps,", "L = 3, P = 1000, 16 seeds", "half of them fit at $N^*/P$ = 0.21",
                     "stored, unfinished"]  # fmt: skip
    keys = [key for key in one.figure.artists if key.get_visible() and key.get_color() == pale]
    assert [(key.get_marker(), key.get_linestyle(), key.get_markerfacecolor()) for key in keys] == [
        ("o", "None", pale), ("None", "None", pale), ("None", "-", pale), ("o", "None", "none")]  # fmt: skip
    one.png(transition(), Context(behind=ds.assign(state=ds.state.where(ds.state != "unfinished", "unsat"))))
    assert not [text for text in one.figure.texts if "unfinished" in text.get_text()], "an entry for none is left out"
    one.png(transition(), Context(behind=ds, values=dict(axis="P/N")))
    assert list(star.get_xdata()) == [float(ds.P / ds.N_star)] * 2
    assert one.png(transition()) == alone and one.boxes() == before, "the axes come back, too"


def test_a_prediction_is_in_the_legend_where_there_is_one():
    one = Stage(jamming.transition)
    (key,) = one.figure.legends

    def named():
        return [text.get_text() for text in key.get_texts() if text.get_visible()]

    alone = one.png(transition())
    assert "your prediction" not in named()
    one.png(transition(), Context(prediction=([0.05, 1.0], [1.0, 0.0])))
    assert "your prediction" in named()
    assert one.png(transition()) == alone


def test_stored_networks_without_a_threshold_draw_no_line():
    one = Stage(jamming.transition)
    one.set(transition(), Context(behind=networks().assign(N_star=np.nan)))
    pale = [line for line in one.figure.axes[0].lines if line.get_color() == one.colours.sources["stored"] and line.get_visible()]
    assert {line.get_linestyle() for line in pale} == {"None"}


def test_the_threshold_of_the_run_stands_at_its_P_and_its_sizes_show_who_fits():
    one, ds = Stage(threshold.threshold), transition()
    one.set(ds, Context(trail=[ds.assign(P=200.0, N_star=80.0), ds.assign(P=300.0, N_star=np.nan)]))
    ax = next(ax for ax in one.figure.axes if ax.get_label() == "smooth")
    filled = [line for line in ax.lines if line.get_marker() == "o" and line.get_visible()]
    assert sorted(tuple(np.ravel(line.get_data())) for line in filled) == [(100.0, 50.0), (200.0, 80.0)]
    rest, fit = sorted(ax.collections, key=lambda bars: bars.get_linewidth()[0])
    assert [bar[0, 1] for bar in fit.get_segments()] == [80.0] and [bar[0, 1] for bar in rest.get_segments()] == [20.0, 40.0]
    one.set(ds.assign(N_star=np.nan), Context())
    assert any("no $N^*$" in text.get_text() for text in ax.texts)
    for state, told in (("sat", "$N^*$ below 20: most"), ("unsat", "$N^*$ above 80: few")):
        one.set(ds.assign(N_star=np.nan, state=ds.state.where(ds.state == "no", state)), Context())
        assert any(told in text.get_text() for text in ax.texts)
    one.set(ds.assign(N_star=np.nan), Context())
    assert not [line for line in ax.lines if line.get_marker() == "o" and line.get_visible()]


def test_stored_thresholds_are_drawn_where_they_are_and_the_law_is_that_of_the_data():
    one, ds = Stage(threshold.threshold, 900, 480), reference.thresholds()
    one.png(transition(), Context(behind=ds))
    drawn = {}
    for ax in one.figure.axes:
        for line in ax.lines:
            for curve, mark in style.SERIES.items():
                if line.get_marker() == mark and line.get_color() == one.colours.series[curve] and len(line.get_xdata()) > 1:
                    drawn[curve] = line.get_data()
    assert set(drawn) == set(ds.curve.values)
    for curve, (P, N) in drawn.items():
        row = ds.N_star.sel(curve=curve).dropna("P")
        assert list(P) == list(row.P) and list(N) == list(row.values)
    relu = next(ax for ax in one.figure.axes if ax.get_label() == "relu")
    five = ds.sel(curve="relu_5")
    (beyond,) = [line for line in relu.lines if line.get_color() == one.colours.series["relu_5"] and line.get_linestyle() == "--"]
    assert (beyond.get_ydata() == five.continued.sel(ahead=beyond.get_xdata()).values).all()
    words = " ".join(text.get_text() for text in relu.texts).replace("\n", " ").replace("\u00a0", " ")
    assert "published: the slide, L = 5: scanned here" in words and "stored: the slide's network" in words
    assert f"{float(five.exponent):.1f}" in words


@pytest.mark.parametrize("size", [(900, 480), (366, 780)])
def test_a_mark_and_its_words_are_joined(size):
    """The thin line ends at the mark, and begins beside the longest row of its words or above their middle."""
    one, ds = Stage(threshold.threshold, *size), reference.thresholds()
    one.set(transition(), Context(behind=ds))
    one.canvas.draw()
    joined = 0
    for ax in one.figure.axes:
        notes = [text for text in ax.texts if text.get_text().startswith(("published: ", "stored: "))]
        for line in (line for line in ax.lines if line.get_zorder() == 1.1):
            start, end = ax.transData.transform(np.transpose(line.get_data()))
            (box,) = [b for b in (note.get_window_extent() for note in notes) if b.padded(8).contains(*start)]
            assert not box.contains(*start) and not box.padded(-1).contains(*((start + end) / 2))
            assert line.get_ydata()[1] in ds.mark_N and not box.contains(*end)
            joined += 1
    assert joined == ds.sizes["mark"]


def test_stored_thresholds_leave_the_picture_when_nothing_stands_behind():
    one, ds = Stage(threshold.threshold), reference.thresholds()
    alone = one.png(transition())
    assert one.png(transition(), Context(behind=ds)) != alone
    other = one.png(transition(), Context(behind=ds.isel(curve=[0])))
    assert other == Stage(threshold.threshold).png(transition(), Context(behind=ds.isel(curve=[0])))
    assert one.png(transition()) == alone


def test_the_series_differ_by_their_marks():
    assert len(set(style.SERIES.values())) == len(style.SERIES) <= 7
    for dark in (False, True):
        assert set(style.palette(dark).series) == set(style.SERIES)


@pytest.mark.parametrize("kind", ["png", "pdf", "svg"])
def test_save(tmp_path, kind):
    path = figure.save(jamming.one_width, one_width(), tmp_path / f"x.{kind}")
    assert path.stat().st_size > 5000
    with pytest.raises(ValueError, match="allowed"):
        figure.save(jamming.one_width, one_width(), tmp_path / "x.docx")


def test_no_pyplot():
    import subprocess
    import sys

    code = """if True:
        import sys
        from lsviz import apps
        for name in apps.names():
            apps.get(name).draw()
        print("matplotlib.pyplot" in sys.modules, "torch" in sys.modules)
    """
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split() == [
        "False",
        "False",
    ]
    assert isinstance(Stage(jamming.escape).figure, Figure)


def grey(colours):
    """How bright colours are, 0 to 1."""
    return np.asarray(colours) / 255 @ [0.2126, 0.7152, 0.0722]


# What those see who lack one kind of cone: red-green (deuteranopia, protanopia) and blue-yellow (tritanopia); roughly, as linear maps
# after Viénot et al. 1999 and Brettel et al. 1997.
BLIND = {
    "deuteranopia": [[0.292, 0.708, 0], [0.292, 0.708, 0], [-0.022, 0.022, 1]],
    "protanopia": [[0.112, 0.888, 0], [0.112, 0.888, 0], [0.004, -0.004, 1]],
    "tritanopia": [[1, 0.15, -0.15], [0, 0.87, 0.13], [0, 0.87, 0.13]],
}


@pytest.mark.parametrize("dark", [False, True])
def test_ramps_can_be_told_apart_without_all_colours(dark):
    for name in ("unmet", "plain"):
        bright = grey(style.ramp(name, dark))
        assert (np.diff(bright if dark else -bright) > -0.005).all(), "a grey print keeps the order"
        assert abs(bright[-1] - bright[0]) > 0.5
    low, middle, high = style.ramp("satisfied", dark, 3) / 255
    for name, matrix in BLIND.items():
        seen = [np.asarray(matrix) @ colour**2.2 for colour in (low, middle, high)]
        assert min(np.linalg.norm(a - b) for a, b in ((seen[0], seen[1]), (seen[1], seen[2]), (seen[0], seen[2]))) > 0.25, name


def test_ramps():
    assert style.ramp("plain", False).shape == (250, 3) and style.ramp("plain", False).dtype == np.uint8
    assert style.ramp("satisfied", False)[-1].tolist() == [0x00, 0x72, 0xB2], "satisfied networks have their own colour"
    with pytest.raises(ValueError, match="ramp: got 'jet'; allowed: satisfied, unmet, plain"):
        style.ramp("jet", True)
