"""R_f and the test error of stored networks, the authors' preliminary points beside them, and the rank correlation of what is counted."""

import itertools
from typing import Any

import numpy as np

from ...diffeo.chosen import correlations
from ...symbols import NETS
from ..dots import Prediction
from ..generalization.marks import Level, beside, hollow, kept_names, key
from ..stage import Context, Draw, Stage
from .marks import kind_of, look, short
from .stable import R_axis

R_ENDS, D_ENDS, ERRORS = (0.01, 20.0), (3e-3, 1.0), (0.25, 100.0)
AUTHORS = {"ResNet": "*", "EfficientNet": "P"}


def stability_error(stage: Stage) -> Draw:
    """Error against R_f, and against D_f: a mark for each network at each P, small dots for its seeds; the rank correlations."""
    ax, (by_D, rank) = beside(stage, 0.46, under=136, foot=116, apart=48)
    colours = stage.colours
    for one, ends in ((ax, R_ENDS), (by_D, D_ENDS)):
        R_axis(one, ends, "x")
        one.set_yscale("log")
        one.set_ylim(*ERRORS)
        one.set_yticks([0.3, 1, 3, 10, 30], ["", "1 %", "", "10 %", ""] if one is by_D else ["0.3 %", "1 %", "3 %", "10 %", "30 %"])
        one.set_yticks([], minor=True)
        one.grid(axis="y")
    ax.set_title("test error against $R_f$")
    by_D.set_title("and against $D_f$")
    ax.set_label("error against R_f")
    by_D.set_label("error against D_f")
    rank.set(xlim=(-1.05, 1.05), ylim=(1.6, -0.6), label="correlation")
    rank.set_xticks([-1, 0, 1], ["−1", "0", "1"])
    rank.set_yticks([0, 1], ["$R_f$", "$D_f$"])
    rank.tick_params(axis="y", length=0)
    rank.axvline(0, color=colours.ink, linewidth=1, zorder=1)
    rank.set_title("rank correlation with the error" if stage.narrow or stage.width >= 880 else "rank correlation")
    marks: dict[tuple[str, str, str], Any] = {}
    panels = {"R_f": ax, "D_f": by_D}
    authors = {net: stage.actor(ax.plot([], [], linestyle="none", marker=mark, markersize=8, color=colours.faint, markerfacecolor="none",
                                        markeredgewidth=1.1, zorder=2)[0]) for net, mark in AUTHORS.items()}  # fmt: skip
    value = [stage.actor(rank.plot([], [], marker="o", markersize=9, color=colours.ink, linewidth=2.2, zorder=4)[0]) for _ in range(2)]
    bars = [stage.actor(rank.plot([], [], color=colours.ink, linewidth=2.2, zorder=3)[0]) for _ in range(2)]
    kept = Level(stage, rank, colours.sources["ghost"], "s", **{**hollow(stage), "linewidth": 0})
    note = stage.actor(ax.text(0.985, 0.03, "grey, open:\nauthors, preliminary", transform=ax.transAxes, ha="right", color=colours.faint))
    labels = Labels(stage, ax)
    words = stage.actor(ax.text(0.5, 0.5, "", transform=ax.transAxes, ha="center", va="center"))
    below = -(24 if stage.narrow else 28) / (rank.get_position().height * stage.height)
    whom = stage.actor(rank.text(1, below, "", va="top", ha="right", color=colours.faint, transform=rank.transAxes))
    prediction = Prediction(stage, ax)
    key(stage, [("counted", dict(color=colours.ink, marker="o", markersize=8, linewidth=0)),
                ("not counted", dict(color=colours.ink, marker="o", markersize=8, linewidth=0, markerfacecolor="none")),
                ("does not fit", dict(color=colours.ink, marker="x", markersize=8, linewidth=0)),
                ("edged: batch norm", dict(color=colours.faint, marker="o", markersize=8, linewidth=0, **edge_of(stage, "lenet_bn"))),
                *((f"authors: {net}", dict(color=colours.faint, marker=mark, markersize=8, linewidth=0, markerfacecolor="none"))
                  for net, mark in AUTHORS.items())], columns=3)  # fmt: skip
    named = kept_names(stage, below=True)

    def mark_of(net: str, kind: str, name: str) -> Any:
        if (net, kind, name) not in marks:
            mark, colour = look(stage, net)
            looks: dict[str, dict[str, Any]] = {
                "counted": dict(marker=mark, markersize=9, zorder=5, **edge_of(stage, net)),
                "open": dict(marker=mark, markersize=9, markerfacecolor="none", markeredgewidth=1.4, zorder=4),
                "unfitted": dict(marker="x", markersize=7, markeredgewidth=1.6, zorder=6),
                "seed": dict(marker="o", markersize=4, markeredgewidth=0, alpha=0.6, zorder=3),
            }
            small = {"markersize": 0.75 * looks[kind]["markersize"]} if name == "D_f" else {}
            marks[net, kind, name] = stage.actor(panels[name].plot([], [], linestyle="none", color=colour, **{**looks[kind], **small})[0])
        return marks[net, kind, name]

    def draw(ds: Any, context: Context) -> None:
        found = correlations(ds, {**ds.attrs, **context.values})
        for artist in marks.values():
            artist.set_data([], [])
        words.set_text("" if float(ds.stored) else "our study is not stored\nin this copy")
        for name, ends in (("R_f", R_ENDS), ("D_f", D_ENDS)):
            for net in {row.net for row in found.rows}:
                mine = [row for row in found.rows if row.net == net]
                for kind, chosen in (("counted", [r for r in mine if r.counted]), ("open", [r for r in mine if not r.counted]),
                                     ("unfitted", [r for r in mine if not r.fitted])):  # fmt: skip
                    place = [np.clip([getattr(r, name) for r in chosen], *ends), np.clip([100 * r.test_error for r in chosen], *ERRORS)]
                    mark_of(net, kind, name).set_data(*place)
                seeds = ds.sel(net=net, P_stored=[r.P for r in mine])
                values, errors = seeds[name].values.ravel(), 100 * seeds.test_error.values.ravel()
                mark_of(net, "seed", name).set_data(np.clip(values, *ends), np.clip(errors, *ERRORS))
        counted = f"{sum(row.counted for row in found.rows)} of {len(found.rows)} networks"
        whom.set_text(f"{counted}, fitted or not" if context.values.get("unfitted") == "yes" else f"{counted}, only those that fit")
        whom.set_visible(bool(found.rows))
        one_P = context.values.get("span") != "all"
        named_rows = [row for row in found.rows if one_P]
        shown = ds.sel(net=[row.net for row in named_rows], P_stored=[row.P for row in named_rows[:1]])
        near = [(R, 100 * e) for R, e in zip(shown.R_f.values.ravel(), shown.test_error.values.ravel(), strict=True) if np.isfinite(R * e)]
        if context.values.get("authors", "yes") == "yes":
            near += list(zip(ds.authors_R_f.values, 100 * ds.authors_error.values, strict=True))
        labels.set([(row.net, float(np.clip(row.R_f, *R_ENDS)), 100 * row.test_error) for row in named_rows], near)
        note.set_visible(context.values.get("authors", "yes") == "yes")
        for net, line in authors.items():
            chosen = np.asarray(ds.authors_net.values == net) & (context.values.get("authors", "yes") == "yes")
            line.set_data(ds.authors_R_f.values[chosen], 100 * ds.authors_error.values[chosen])
        for i, one in enumerate((found.R_f, found.D_f)):
            value[i].set_data([one.value], [i])
            bars[i].set_data(np.clip([one.value - one.error, one.value + one.error], -1, 1), [i, i])
        old = context.ghosts[-1][1][-1] if context.ghosts else None
        kept.set([], [])
        if old is not None:
            before = correlations(old, old.attrs)
            kept.set([before.R_f.value, before.D_f.value], [0.3, 1.3])
        named.set(context.ghosts[-1:])
        prediction.set(context)

    return draw


def edge_of(stage: Stage, net: str) -> dict[str, Any]:
    """The edge of a mark: in ink for a network with batch normalisation."""
    norm = kind_of(net)[1]
    return dict(markeredgecolor=stage.colours.ink if norm else stage.colours.page, markeredgewidth=1.3 if norm else 0.8)


# Where a name may stand beside its mark: pixels right and up, and how it is aligned.
SIDES = ((9, 0, "left"), (-9, 0, "right"), (0, 14, "center"), (0, -14, "center"), (9, 12, "left"), (9, -12, "left"), (-9, 12, "right"),
         (-9, -12, "right"), (0, 27, "center"), (0, -27, "center"))  # fmt: skip


class Labels:
    """The names of networks beside their marks, each where it lies on no other name and no other mark; left out where it fits nowhere."""

    def __init__(self, stage: Stage, ax: Any):
        self.ax = ax
        size = 9.0
        self.high = size * 1.45
        self.words = stage.actor([ax.text(1, 1, "", va="center", fontsize=size, zorder=7) for _ in NETS])
        self.stage = stage

    def set(self, places: list[tuple[str, float, float]], others: list[tuple[float, float]]) -> None:
        """(network, R_f, error in per cent); `others`: points that a name leaves free where it can."""
        for word in self.words:
            word.set_text("")
        if not places:
            return
        scale = self.stage.ratio
        at = self.ax.transData.transform([(R, error) for _, R, error in places]) / scale
        (left, bottom), (right, top) = self.ax.transAxes.transform([(0, 0), (1, 1)]) / scale
        free = [(x - 4, y - 4, x + 4, y + 4) for x, y in self.ax.transData.transform(np.reshape(others, (-1, 2))) / scale]
        taken = [(x - 6, y - 6, x + 6, y + 6) for x, y in at]
        for word, (net, _, _), (x, y) in zip(self.words, places, at, strict=False):
            wide = 0.6 * self.high * len(short(net))
            word.set_color(look(self.stage, net)[1])
            for clear, (dx, dy, side) in itertools.product((True, False), SIDES):
                x0 = x + dx - {"left": 0, "right": wide, "center": wide / 2}[side]
                box = (x0, y + dy - self.high / 2, x0 + wide, y + dy + self.high / 2)
                inside = box[0] > left and box[2] < right + 8 and box[1] > bottom and box[3] < top
                if inside and not any(_overlap(box, other) for other in [*taken, *(free if clear else [])]):
                    taken.append(box)
                    word.set_text(short(net))
                    word.set_position(self.ax.transData.inverted().transform(((x + dx) * scale, (y + dy) * scale)))
                    word.set_horizontalalignment(side)
                    break


def _overlap(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return bool(one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3])
