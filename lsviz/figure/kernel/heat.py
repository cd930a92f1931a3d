"""Θ(x_i, x_j) of two random networks and of the infinitely wide one, as maps on one scale of colours."""

from typing import Any

import numpy as np

from .. import style
from ..dots import KeptNames
from ..stage import Context, Draw, Stage
from .marks import SHAPES

LEVELS = 250
CLASSES = {"parity": ("odd", "even"), "random": ("heads", "tails")}
FULL = 0.6  # of Θ∞ on the diagonal: where the colours end. Most pairs lie far below the diagonal


def kernel_heat_map(stage: Stage) -> Draw:
    """Three maps: two networks with their own weights, and the limit without any. The limit fixes the colours, so they hold still."""
    colours, page = stage.colours, _frames(stage)
    table = np.concatenate([style.ramp("satisfied", colours.dark, LEVELS), np.full((LEVELS, 1), 255, np.uint8)], axis=1)
    maps = []
    for ax, name in zip(page[:3], ("network 1", "network 2", "infinite"), strict=True):
        ax.set(xticks=[], yticks=[], label=name)
        maps.append(stage.actor(ax.imshow(np.zeros((2, 2, 4), np.uint8), interpolation="nearest", extent=(0, 1, 1, 0), zorder=1)))
        for spine in ax.spines.values():
            spine.set_visible(False)
    titles = [stage.actor(ax.text(0, 1.02, "", transform=ax.transAxes, va="bottom", fontweight="bold")) for ax in page[:3]]
    said = [stage.actor(ax.text(1, 1.02, "", transform=ax.transAxes, va="bottom", ha="right")) for ax in page[:3]]
    edge = dict(color=colours.ink, linewidth=1.0, zorder=2)
    edges = [stage.actor([ax.axvline(0.5, **edge), ax.axhline(0.5, **edge)]) for ax in page[:3]]
    below = [[stage.actor(ax.text(0.5, -0.02, "", transform=ax.transAxes, va="top", ha="center")) for _ in range(2)] for ax in page[:3]]
    aside = [stage.actor(page[i].text(-0.02, 0.5, "", transform=page[i].transAxes, va="center", ha="right", rotation=90))
             for i in ((0, 2) if stage.narrow else (0,)) for _ in range(2)]  # fmt: skip
    bar = page[3]
    bar.set(label="scale", xticks=[], ylim=(-1, 1), xlim=(0, 1))
    bar.imshow(table[None, :, :].transpose(1, 0, 2), extent=(0, 1, -1, 1), origin="lower", aspect="auto")
    bar.yaxis.tick_right()
    bar.set_title(r"$\Theta$", loc="left")
    kept = KeptNames(stage, 20 if stage.narrow else 44, 24, SHAPES[:1])
    shown: list[Any] = [None]

    def draw(ds: Any, context: Context) -> None:
        limit = ds.theta_infinite.values
        if np.isfinite(limit).all():
            full = FULL * float(np.median(np.diag(limit)))
            if shown[0] != full:
                shown[0] = full
                bar.set_yticks([-1, 0, 1], [f"−{full:.1f}", "0", f"{full:.1f}"])
                stage.reset_scenery()
        else:
            full = shown[0] or 1.0
        for image, theta in zip(maps, [*ds.theta.values[:2], limit], strict=True):
            image.set_data(painted(theta, full, table))
        first = int(context.values.get("draw", 0))
        names = [f"network {first + 1}", f"network {first + 2}", "infinite width"]
        off = "" if stage.narrow else "off by "  # the narrow maps have no room for more
        far = [f"{off}{100 * v:.0f} %" if np.isfinite(v) else "" for v in ds.theta_deviation.values[:2]]
        for words, name in zip(titles, names, strict=True):
            words.set_text(name)
        for words, text in zip(said, [*far, ""], strict=True):
            words.set_text(text)
        share = float((ds.label.values > 0).mean())
        both = CLASSES.get(str(context.values.get("labels", "parity")), ("+1", "−1"))
        middles = (share / 2, (1 + share) / 2)
        for across, down in edges:
            across.set_xdata([share, share])
            down.set_ydata([share, share])
        for pair in below:
            for word, at, text in zip(pair, middles, both, strict=True):
                word.set_x(at)
                word.set_text(text)
        for i, word in enumerate(aside):
            word.set_y(1 - middles[i % 2])
            word.set_text(both[i % 2])
        kept.set([(f"{words}: {'' if stage.narrow else 'off by '}{_off(old[-1])}", old) for words, old in context.ghosts[-1:]])

    return draw


def _off(ds: Any) -> str:
    """Of the networks that were kept."""
    return " and ".join(f"{100 * v:.0f} %" for v in ds.theta_deviation.values[:2] if np.isfinite(v))


def painted(theta: Any, full: float, table: np.ndarray) -> np.ndarray:
    """Colours (P, P, 4) of a kernel: from −full to full; nothing where it is not known."""
    theta = np.asarray(theta, float)
    with np.errstate(invalid="ignore"):
        level = np.clip(theta * ((LEVELS - 1) / 2 / full) + LEVELS / 2, 0, LEVELS - 1)
    known = np.isfinite(level)
    if known.all():
        return table[level.astype(np.uint8)]
    found = table[np.where(known, level, 0).astype(np.uint8)]
    found[~known] = 0
    return found


def _frames(stage: Stage) -> list[Any]:
    """Three squares and a scale of colours, placed in pixels from the upper left corner."""
    width, height = stage.width, stage.height

    def box(left: float, top: float, across: float, down: float) -> Any:
        return stage.figure.add_axes((left / width, 1 - (top + down) / height, across / width, down / height))

    if stage.narrow:
        small = (width - 26 - 12 - 10) / 2
        low = 28 + small + 58
        large = min(width - 26 - 76, height - low - 54)
        return [box(26, 28, small, small), box(26 + small + 12, 28, small, small), box(26, low, large, large),
                box(26 + large + 16, low, 14, large)]  # fmt: skip
    side = min((width - 32 - 2 * 14 - 90) / 3, height - 28 - 54)
    return [*(box(32 + i * (side + 14), 28, side, side) for i in range(3)), box(32 + 3 * side + 2 * 14 + 16, 28, 14, side)]
