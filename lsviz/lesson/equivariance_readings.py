"""Numbers that lesson 8 reads off a learner's own run: which shifts and turns a network minds, and how many points a symmetry saves."""

from collections.abc import Callable
from typing import Any

import numpy as np

from lsviz import nets
from lsviz.equivariant import equivariance_error, turn
from lsviz.equivariant.networks import probes, shipped

SHIFTS = np.arange(-8, 9)  # pixels where a curve is drawn over the picture of shifts
ANGLES = np.arange(0, 361, 30)  # degrees where one is drawn over the picture of turns
P = 64  # points at which the lesson asks for a gain
S4 = dict(group="S4", most=768, look=P)
EXACT = 1e-12  # of the answers' length, in double precision


# ---- predictions


def drawn_at(place: float, what: str) -> Callable[[Any, Any], float]:
    """The height of a curve drawn by hand at this shift or angle. ValueError, for a learner, where it was not drawn there."""

    def read(x: Any, y: Any) -> float:
        if not len(x) or not min(x) <= place <= max(x):
            raise ValueError(f"Draw it over the whole axis: it says nothing at the {what} {place:g}.")
        return float(np.interp(place, x, y))

    return read


def held(net: str, pixels: float = 1.0) -> Callable[[Any], float]:
    """Probability of the picture's class after a shift: mean over the seeds of a network. NaN for a picture without a class."""

    def read(ds: Any) -> float:
        if not np.isfinite(ds.picture_class):
            return float("nan")
        one = ds.probability_shift.sel(network=net, shift_pixels=pixels, output=int(ds.picture_class))
        return float(one.mean())

    return read


def changed(net: str, pixels: int = 1) -> Callable[[Any], float]:
    """Per cent of the pictures whose class changes under a shift: mean over the seeds of a network."""
    return lambda ds: 100 * float(ds.top_change.sel(network=net, whole_shift=pixels).mean())


def wrong(net: str, degrees: float = 90.0) -> Callable[[Any], float]:
    """Test error of a network on turned pictures, in per cent: mean over seeds."""
    return lambda ds: 100 * float(ds.error_turn.sel(network=net, turn_degrees=degrees).mean())


def saved(ds: Any) -> float:
    """How many times fewer points the averaged kernel needs, at P = 64."""
    return float(ds.gain.sel(size_P=P)) if P in ds.size_P.values else float("nan")


# ---- tasks


def exact_before(values: dict[str, Any], ds: Any) -> str | tuple[bool, str]:
    """A goal: a shift by less than the total stride, not zero, that leaves every answer of a network with a stride exactly as it is."""
    shift, strides = abs(float(values["shift"])), ds.total_stride.values
    S = int(strides.max())
    if S < 2:
        return "None of these networks has a stride. Take others."
    if shift % S == 0:
        return f"{values['shift']:g} pixels are a multiple of the total stride {S}: that was claimed.".replace("-", "−")
    change = ds.output_change.sel(shift_pixels=float(values["shift"])).max("seed").values
    still = [str(net) for net, s, c in zip(ds.network.values, strides, change, strict=True) if s > 1 and c < EXACT]
    if still:
        return True, f"{' and '.join(still)} changed by less than {EXACT:g} of its answers' length."
    return f"The least that a network with a stride changes here is {np.nanmin(change[strides > 1]):.1g} of its answers' length."


def blurred_and_seen(values: dict[str, Any], ds: Any) -> bool | str:
    """A goal: although it was blurred by the broader blur, the mean of the kept points changes when the wave is shifted."""
    if values["blur"] != "1 4 6 4 1":
        return "The claim is about the broader blur, 1 4 6 4 1. Choose it first."
    moved = float(np.ptp(ds.pooled.values, axis=1).max())
    return moved > 0.02 or f"Under shifts the mean of the kept points changes by {moved:.2g} at most; wanted: 0.02."


def lost_between(values: dict[str, Any], ds: Any) -> str | tuple[bool, str]:
    """A goal: an angle between quarter turns, not half-way: p4 errs on 35 % there, and interpolation alone does not explain it."""
    if "p4" not in ds.network.values:
        return "The claim is about p4. Choose networks with it."
    place = _nearest(ds, float(values["turn"]))
    known, asked = float(ds.turn_degrees[place]), float(values["turn"])
    if known % 90 == 45:
        nearest = "" if asked % 360 == known else f"Errors are known at some angles only; the one nearest to {asked:g}° is {known:g}°. "
        return f"{nearest}{known:g}° is half-way between two quarter turns. Find another."
    one = ds.sel(network="p4").isel(turn_degrees=place)
    error, back = 100 * float(one.error_turn.mean()), 100 * float(one.error_back.mean())
    told = f"At {float(one.turn_degrees):g}° p4 errs on {error:.0f} %; on pictures turned there and back on {back:.0f} %"
    return (True, f"{told}.") if error >= 35 and back < error / 2 else f"{told}. Wanted: 35 % or more."


def worse_than_plain(values: dict[str, Any], ds: Any) -> str | tuple[bool, str]:
    """A goal: with the most points of the run the averaged kernel errs more than twice as much as the plain one."""
    last = ds.isel(size_P=int(ds.size_P.values.argmax()))
    plain, averaged = (float(np.exp(np.log(last[f"error_{name}"]).mean())) for name in ("plain", "invariant"))
    told = f"At P = {int(last.size_P)} the plain kernel's error is {plain:.2g}, that of the averaged one {averaged:.2g}"
    return (True, f"{told}.") if averaged > 2 * plain else f"{told}. Wanted: more than twice as much."


def _nearest(ds: Any, angle: float) -> int:
    """The angle of a run's scan that is nearest, round the circle."""
    return int(np.abs((ds.turn_degrees.values - angle + 180) % 360 - 180).argmin())


# ---- exercises


def exact_shifts(ds: Any, net: str = "stride") -> float:
    """How many of all whole shifts, down and to the right, leave every answer of a network as it is. ValueError without that network."""
    if net not in ds.network.values:
        raise ValueError(f"Your run has no network called {net}. Press Reset there, then check again.")
    return float((ds.sizes["pixel_row"] // int(ds.exact_every.sel(network=net))) ** 2)


def next_alias(ds: Any) -> float:
    """How many waves the kept points would show if one wave more went round the ring; at the most that it can show, one fewer."""
    points = ds.sizes["sample"]
    kept = points // round(np.pi / float(ds.nyquist))
    number = round(float(ds.frequency) * points / (2 * np.pi))
    number += 1 if 2 * number < points else -1
    return float(min(number % kept, -number % kept))


def times_wrong(ds: Any) -> np.ndarray:
    """How many times more pictures the plain network gets wrong than p4 when all are turned by 90°, for every seed."""
    if not {"plain", "p4"} <= set(ds.network.values):
        raise ValueError("Your run lacks plain or p4. Press Reset there, then check again.")
    one = ds.error_turn.sel(turn_degrees=90.0)
    return (one.sel(network="plain") / one.sel(network="p4").mean("seed")).values


def points_needed(ds: Any) -> float:
    """With how many points the plain kernel errs as little as the averaged one does with 32. ValueError where its curve is too short."""
    gain = float(ds.gain.sel(size_P=32))
    if not np.isfinite(gain):
        raise ValueError("In your run the plain kernel does not get there. Press Reset there, then check again.")
    return 32 * gain


# ---- words


def torus(ds: Any) -> dict[str, Any]:
    """Words for networks under a shift by one pixel: per cent of changed classes, mean, least and most over seeds, and mean test error."""
    told: dict[str, Any] = {}
    for net in map(str, ds.network.values):
        one = 100 * ds.sel(network=net)
        change, error = one.top_change.sel(whole_shift=1).values, one.test_error.values
        told |= {net: change.mean(), f"{net}_low": change.min(), f"{net}_high": change.max(), f"{net}_error": error.mean()}
    return told | dict(probe=200)


def rolled(probe: int = 20) -> dict[str, Any]:
    """Words for the last channels and the answers of trained networks under quarter turns: E of each claim, the largest over seeds.

    rolled: the channels of p4, turned and their orientations rolled; turned: turned only; invariant: taken as if nothing moved along;
    answers: the outputs of p4; plain: those of the plain network.
    """
    x = probes(probe)[0]
    found: dict[str, list[float]] = {}

    def say(name: str, f: Any, act: Any) -> None:
        found.setdefault(name, []).append(equivariance_error(f, x, (1, 2, 3), turn, act))

    for name in ("p4", "plain"):
        net, rows = shipped(f"turn_{name}")
        for w in rows.values():
            if name == "p4":
                f = _channels(net, w)
                say("rolled", f, lambda g, y: np.roll(turn(g, y), g, 2))
                say("turned", f, turn)
                say("still", f, _stays)
            say("invariant" if name == "p4" else "plain", lambda x, net=net, w=w: net(w, x)[0], _stays)
    told = {name: max(errors) for name, errors in found.items()}
    return told | {f"{name}_told": ten_to(told[name]) for name in ("rolled", "invariant")}


def ten_to(value: float) -> str:
    """A small number with one digit and a power of ten, as HTML."""
    digit, power = f"{value:.0e}".split("e")
    return f"{digit} · 10<sup>{int(power)}</sup>".replace("-", "−")


def _channels(net: nets.Net, w: Any) -> Callable[[Any], np.ndarray]:
    """The last channels of a network before its mean: (P, channels, orientations, rows, columns)."""
    return lambda x: np.asarray(net.features(w, x)[0])


def _stays(g: Any, y: Any) -> Any:
    return y


def counted(ds: Any, at: int = 0) -> dict[str, Any]:
    """Words for counting harmonics: all and invariant ones of the degrees that are resolved at a number of points."""
    every, few = (np.concatenate([[1], ds[name].values]).astype(int) for name in ("harmonics", "harmonics_invariant"))
    used = np.concatenate([[True], ds.resolved.isel(size_P=at).values == 1])
    rows, few_rows = (", ".join(map(str, numbers[used])) for numbers in (every, few))
    return dict(P=int(ds.size_P[at]), top=int(np.flatnonzero(used).max()), rows=rows, few_rows=few_rows, total=int(every[used].sum()),
                few=int(few[used].sum()), gain=every[used].sum() / few[used].sum(), size=int(ds.group_size),
                last=float(ds.inverse_gamma[-1]), degree=int(ds.degree[-1]))  # fmt: skip


def steady(ds: Any) -> dict[str, Any]:
    """Words for a gain that does not grow with P: the numbers of points where it is known, the gains there, and the largest over |G|."""
    known = np.isfinite(ds.gain.values)
    P, gain, size = ds.size_P.values[known], ds.gain.values[known], int(ds.group_size)
    return dict(P=", ".join(f"{n:.0f}" for n in P), gains=", ".join(f"{g:.1f}" for g in gain), size=size, most=gain.max() / size,
                times=P.max() / P.min(), seeds=ds.sizes["seed"])  # fmt: skip
