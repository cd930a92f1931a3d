"""Apps of chapter 2: particles jam. N_Δ/N of discs, ellipses and networks; which N; range, approach and protocol."""

from functools import cache
from typing import Any

import numpy as np

from .. import data
from ..app import App, Menu, Steps
from .jamming import count

KIND = Menu({"discs": "in the plane", "balls": "in space (balls)"}, sign="particles")
ASPECT = Steps([1.0, 1.02, 1.05, 1.1, 1.2, 1.5, 2.0, 3.0], unit="long axis over short axis, in the plane")
NUMBER = Steps([24, 32, 48, 64], unit="particles")
SIZES = Steps([1.0, 1.1, 1.2, 1.4, 1.6, 2.0], unit="large over small")
ACCURACY = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2)
BUDGET = Steps([500, 2000, 5000, 20000, 50000], unit="iterations")
POINTS = Steps([100, 200, 300, 500], unit="points")
OPEN_MARKS = "Open marks are unfinished: still moving when the budget ended."
DOING = "pressing"


def unfinished(state: Any) -> str:
    """How many of the packings did not come to rest, as the end of a sentence; nothing when all did."""
    state = np.asarray(state)
    left, whole = int((state == "unfinished").sum()), int(np.isin(state, ("sat", "unsat", "unfinished", "failed")).sum())
    broken = int((state == "failed").sum())
    said = [f"{left} of {whole} not converged within the budget (open)"] if left else []
    return "".join(f"; {words}" for words in [*said, *([f"{broken} failed"] if broken else [])])


def median(values: Any) -> float:
    """The median of the finite values; NaN without any."""
    values = np.asarray(values, float)
    values = values[np.isfinite(values)]
    return float(np.median(values)) if values.size else float("nan")


SYSTEM_WORDS = {"discs": "discs", "ellipses": "ellipses", "network": "networks"}


SEEN = (0.7, 1.45)  # densities over the threshold that the picture shows


def nearest_jammed(ds: Any, system: str) -> np.ndarray:
    """N_Δ/N of a system's jammed seeds at the density nearest to its threshold that shows any; none where the picture has none."""
    one = ds.sel(system=system)
    jammed, relative = one.state.values == "unsat", one.density.values / float(one.threshold_at)
    rows = [row for row in np.argsort(np.abs(np.log(relative))) if SEEN[0] <= relative[row] <= SEEN[1] and jammed[row].any()]
    if not rows:
        return np.empty(0)
    return (one.N_delta.values / one.N.values)[rows[0]][jammed[rows[0]]]


def jams(ds: Any, system: str, words: str) -> str:
    """Where a system jams and how high N_Δ/N is next to there; nothing while that is not known."""
    at = float(ds.threshold_at.sel(system=system))
    if not np.isfinite(at):
        over = not np.isin(ds.state.sel(system=system).values, ("waiting", "running")).any()
        return f"{words}: no threshold within this budget" if over else ""
    where = f"P/N = {at:.2g}" if system == "network" else f"φ = {at:.3f}"
    found = nearest_jammed(ds, system)
    if not len(found):
        return f"{words} jam at {where}"
    low, high = found.min(), found.max()
    spread = f" ({low:.2f} to {high:.2f})" if high - low > 0.005 else ""
    return f"{words} jam at {where} with N_Δ/N = {median(found):.2f}{spread}"


def density_status(ds: Any, values: dict[str, Any]) -> str:
    said = [words for words in (jams(ds, system, name) for system, name in SYSTEM_WORDS.items()) if words]
    if not said:
        known = int((ds.state.values != "waiting").sum())
        said = [f"no threshold yet; {known} of {ds.state.size} known"]
    return (f"{'; '.join(said)}; n = {int(values['n'])}, a = {values['aspect']:g}, P = {int(values['P'])}, "
            f"{count(ds.sizes['seed'], 'seed')}{unfinished(ds.state)}")  # fmt: skip


density = App(
    name="density",
    title="Discs, ellipses and networks jam alike: N_Δ is 0 far below a density of their own, and of the order of N above it",
    source="density_transition",
    picture="particles:density",
    controls=dict(aspect=Steps([1.02, 1.05, 1.1, 1.2, 1.5, 2.0, 3.0], unit="long axis over short axis"), n=NUMBER, P=POINTS),
    more=dict(
        seeds=(1, 16), budget=Steps([20, 40, 80, 150, 300], unit="iterations of a network"), data_seed=(0, 9),
        axis=Menu({"relative": "density over its threshold, all together", "own": "each against its own density"}, sign="axis"),
    ),
    start=dict(aspect=1.1, n=32, P=300, seeds=8, budget=150, axis="relative"),
    presets={
        "nearly discs": dict(aspect=1.02),
        "long ellipses": dict(aspect=3.0),
        "more particles": dict(n=64),
        "each against its own density": dict(axis="own"),
        "networks with too few iterations": dict(budget=40),
    },
    status=density_status,
    view=("axis",),
    caption="Each mark is one packing, or one network that learns P points. Its density is φ, or P/N; a threshold, φ½ or P/N*, is "
            "where half of the seeds jam, so near it some do and some do not. N: 2 for each disc, 3 for each ellipse (it can "
            "turn), without those that nothing holds; the weights of a network. How high networks jump "
            "depends on the seed and on P, and grows fast above P/N*. Without a threshold nothing is drawn against it.",
    note=OPEN_MARKS,
    doing=DOING,
)  # fmt: skip


@cache
def ellipses_table() -> Any:
    """The stored run behind `which_N` (n = 64, 20 packings an aspect ratio)."""
    return data.stored("ellipses")


COUNTS = Menu({"2": "2 for every particle", "3": "3 for every particle", "honest": "as many as cost something"}, sign="which N?")


def which_N_status(ds: Any, values: dict[str, Any]) -> str:
    """The same contacts in both counts, whichever is drawn."""
    aspects, counts = ds.aspect.values, [(ds.N_delta / ds[f"freedoms_{k}"]).values for k in (2, 3)]
    known = [i for i in range(len(aspects)) if np.isfinite(counts[0][i]).any()]
    shown = [i for i in known if aspects[i] in (1, 1.1)] or known[:2]
    said = [f"a = {aspects[i]:g}: Z = {median(ds.Z.values[i]):.2f}, N_Δ is {median(counts[0][i]):.2f} of 2n′ and "
            f"{median(counts[1][i]):.2f} of 3n′" for i in shown]  # fmt: skip
    return (f"{'; '.join(said) or 'no packing yet'} (n′: particles that something holds); n = {int(values['n'])}, "
            f"{count(ds.sizes['seed'], 'seed')}{unfinished(ds.state)}")  # fmt: skip


which_N = App(
    name="which_N",
    title="Between mixed discs and ellipses the contacts do not jump: what jumps is N, the number that they are counted against",
    source="counting",
    picture="particles:which_N",
    controls=dict(count=COUNTS, n=NUMBER, seeds=(1, 8)),
    more=dict(ratio=SIZES, accuracy=Steps([1e-4, 1e-3, 3e-3, 1e-2], unit="mean overlap at the end")),
    start=dict(count="honest", n=32, seeds=4, ratio=1.4, accuracy=1e-4),
    presets={
        "2 for every particle": dict(count="2"),
        "3 for every particle": dict(count="3"),
        "equal sizes: they order": dict(ratio=1.0),
        "more particles": dict(n=64),
    },
    status=which_N_status,
    view=("count",),
    behind=lambda values: ellipses_table(),
    caption="Packings of one density each: the one at which they jam. A disc that turns changes nothing, so its angle cannot count; "
            "an ellipse that turns pushes its neighbours. The same contacts, three numbers N. Particles of equal or nearly equal sizes "
            "order, and then their contacts can jump, too. The black line joins medians; behind it stands a stored run with sizes 1 : 1.4, "
            "its mean and a band from its smallest to its largest.",
    note="Open marks have not converged.",
    doing=DOING,
)


def jump_words(ds: Any, system: str) -> str:
    """How far N_Δ/N moves between neighbouring densities, at most."""
    one = ds.sel(system=system)
    middle = np.array([median(row) for row in (one.N_delta / one.N).values])
    steps = np.abs(np.diff(middle))
    return f"{np.nanmax(steps):.2f}" if np.isfinite(steps).any() else "not known yet"


def range_status(ds: Any, values: dict[str, Any]) -> str:
    return (f"largest step of N_Δ/N between neighbouring densities: {jump_words(ds, 'discs')} for discs, "
            f"{jump_words(ds, 'lennard_jones')} for Lennard-Jones (median); n = {int(values['n'])}, "
            f"{count(ds.sizes['seed'], 'seed')}{unfinished(ds.state)}")  # fmt: skip


long_short_range = App(
    name="long_short_range",
    title="A push that ends at contact has a threshold, for particles can escape it; Lennard-Jones particles cannot, and nothing jumps",
    source="range_of_force",
    picture="particles:long_short_range",
    controls=dict(n=Steps([48, 64, 96, 128], unit="particles"), seeds=(1, 16), budget=BUDGET),
    more=dict(ratio=SIZES),
    start=dict(n=64, seeds=4, budget=20000, ratio=1.4),
    presets={
        "more particles": dict(n=128),
        "one packing a density": dict(seeds=1),
        "a budget that is too short": dict(budget=500),
    },
    status=range_status,
    caption="Discs push each other only where they overlap. Lennard-Jones particles (Van der Waals) differ in two ways: they feel each "
            "other up to 2.5 diameters, and they attract. They are never free: for them N_Δ counts pairs nearer than 1.5 diameters. Their "
            "energy passes 0 near φ = 0.88, where pushes and pulls cancel in the sum; nothing begins there. The dots of one "
            "density are spread sideways.",
    note=OPEN_MARKS,
    doing=DOING,
)  # fmt: skip


def shape(values: dict[str, Any]) -> str:
    """The kind of particles; imported when first asked for, as it comes with the pictures."""
    from ..figure.particles import marks

    return marks.shape(values)


def shaped(values: dict[str, Any]) -> dict[str, Any]:
    """An experiment's arguments: discs that are longer than wide are ellipses."""
    return dict(values, kind=shape(values))


def some(values: dict[str, Any]) -> str:
    """What is packed, in words: "64 ellipses of a = 1.5"."""
    kind = shape(values)
    return f"{int(values['n'])} {kind}" + (f" of a = {values['aspect']:g}" if kind == "ellipses" else "")


MADE = Menu({"pressed": "pressed until it resists", "released": "thrown at a density that is too high, released"}, sign="made")
TOO_HIGH = 0.06  # above the expected φ_J


def approach_start(values: dict[str, Any]) -> dict[str, Any]:
    """Arguments of threshold: where the particles are thrown says how the packing is made."""
    from ..figure.particles.marks import expected

    called = {name: value for name, value in shaped(values).items() if name != "made"}
    above = expected(shape(values), float(values["aspect"])) + TOO_HIGH
    return dict(called, phi_start=0.5 if values["made"] == "pressed" else round(above, 3))


def approach_status(ds: Any, values: dict[str, Any]) -> str:
    phi_J, about = ds.phi_J.values, some(values)
    made = int(np.isfinite(ds.phi_trace.values).sum())
    if not np.isfinite(phi_J).any():
        phi = ds.phi_trace.values[np.isfinite(ds.phi_trace.values).any(1)]
        return f"{about}: at φ = {median(phi[-1]):.3f}, φ_J not known yet" if len(phi) else f"{about}: not started yet"
    born = median(ds.Z.values)
    said = f"φ_J = {median(phi_J):.4f}, where Z = {born:.2f} and N_Δ/N = {median(ds.N_delta.values / ds.N.values):.2f}"
    loose = f"{median(ds.n_rattlers.values):.0f} particles held by nothing are left out of Z"
    return (f"{about}: {said}; {loose}; {count(ds.sizes['seed'], 'packing')}, {count(made, 'minimisation')}"
            f"{not_converged(ds)}")  # fmt: skip


def not_converged(ds: Any) -> str:
    """How many seeds have not converged, by their own flag."""
    left = int((ds.converged.values == 0).sum())
    return f"; {left} of {ds.sizes['seed']} not converged (open)" if left else ""


approach = App(
    name="approach",
    title="Pressed or released, a packing has all its contacts at once: at φ_J its energy starts from 0, and Z jumps",
    source="threshold",
    picture="particles:approach",
    controls=dict(kind=KIND, aspect=ASPECT, n=Steps([24, 32, 64, 128], unit="particles")),
    more=dict(made=MADE, seeds=(1, 16), ratio=SIZES, accuracy=Steps(ACCURACY, unit="mean overlap at the end")),
    start=dict(kind="discs", n=64, seeds=4, aspect=1.0, ratio=1.4, accuracy=1e-6, made="pressed"),
    arguments=approach_start,
    presets={
        "balls": dict(kind="balls"),
        "made another way": dict(made="released"),
        "ellipses": dict(aspect=1.5),
        "nearly discs": dict(aspect=1.05),
        "16 packings": dict(seeds=16),
        "equal sizes": dict(ratio=1.0),
    },
    status=approach_status,
    caption="A packing is pressed in small steps until it first resists, then released and pressed again, ever closer to the density φ_J "
            "where its energy ends. Each packing has its own φ_J, a tick on the axis; a thin line joins its states. Packings of equal "
            "sizes may order and have more contacts.",
    note="Open marks have not converged.",
    doing=DOING,
)  # fmt: skip


DEPTHS = Steps([0.02, 0.04, 0.06, 0.1, 0.15], unit="in φ, beyond φ_J")


def compression_range(values: dict[str, Any]) -> dict[str, Any]:
    """Arguments of compression: from below the expected φ_J of this kind to `depth` above it."""
    from ..figure.particles.paths import BELOW, expected

    called = {name: value for name, value in shaped(values).items() if name != "depth"}
    at = expected(shape(values), float(values["aspect"]))
    return dict(called, low=round(at - BELOW, 3), high=round(at + float(values["depth"]), 3))


def first_contact(ds: Any, direction: str) -> tuple[list[float], list[float]]:
    """The lowest φ at which each packing resists on this way, and its Z there; packings that never do are left out."""
    one = ds.sel(direction=direction)
    jammed, phi, Z = one.state.values == "unsat", ds.phi.values, one.Z.values
    rows = [int(np.flatnonzero(column)[0]) for column in jammed.T if column.any()]
    seeds = [i for i, column in enumerate(jammed.T) if column.any()]
    return [float(phi[row]) for row in rows], [float(Z[row, i]) for row, i in zip(rows, seeds)]


def span(values: list[float], digits: int) -> str:
    """The range of some numbers, or the one that all are: "0.826 to 0.836"."""
    low, high = (f"{at:.{digits}f}" for at in (min(values), max(values)))
    return low if low == high else f"{low} to {high}"


def protocol_status(ds: Any, values: dict[str, Any]) -> str:
    said = []
    for direction, way in (("up", "pressed, they first resist at"), ("down", "let go, they last resist at")):
        at, Z = first_contact(ds, direction)
        if at and (direction == "up" or finished_down(ds)):
            said.append(f"{way} φ = {span(at, 3)} with Z = {span(Z, 2)}")
    now = f"{some(values)}: {'; '.join(said) or 'no contact yet'}"
    return f"{now}; steps of {values['phi_step']:g}, {count(ds.sizes['seed'], 'packing')}{unfinished(ds.state)}"


def finished_down(ds: Any) -> bool:
    """The way down is known to its end."""
    return bool((ds.state.sel(direction="down").values != "waiting").all())


protocol = App(
    name="protocol",
    title="Pressing a packing may move the density at which it jams, and hardly moves the contacts that it has there",
    source="compression",
    picture="particles:protocol",
    controls=dict(kind=KIND, depth=DEPTHS, n=NUMBER),
    more=dict(phi_step=Steps([0.001, 0.002, 0.004, 0.008], unit="in φ"), aspect=ASPECT, ratio=SIZES, seeds=(1, 8), budget=BUDGET),
    start=dict(kind="discs", depth=0.06, n=64, phi_step=0.002, aspect=1.0, ratio=1.4, seeds=4, budget=20000),
    arguments=compression_range,
    presets={
        "hardly pressed": dict(depth=0.02),
        "pressed hard": dict(depth=0.15),
        "large steps": dict(phi_step=0.008),
        "balls": dict(kind="balls"),
        "ellipses": dict(aspect=1.5),
        "equal sizes": dict(ratio=1.0),
    },
    status=protocol_status,
    caption="The same packings are pressed in small steps of φ and then let go by the same steps. Pressure says how hard they push "
            "outward. Where the two ways differ, particles have changed places and stayed there; where nothing moved, both ways are "
            "one. Contacts of equal sizes vary more. Some states have marks.",
    note=OPEN_MARKS,
    doing=DOING,
)
