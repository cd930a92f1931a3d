"""Apps of chapter 2: one packing under pressure, what gives way when it is pushed, and the many minima of one density."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..app import App, Ladder, Menu, Rung, Steps
from .jamming import count

DENSITIES = {"discs": (0.70, 0.96), "lennard_jones": (0.70, 0.96), "balls": (0.52, 0.78)}
STEP = 0.002
NUMBERS = (32, 64, 128, 256)
FEWEST = {"lennard_jones": 64}  # its forces reach far: fewer particles make too small a box
ASPECTS = Steps([1.0, 1.02, 1.05, 1.1, 1.2, 1.5, 2.0, 3.0])
BUDGETS = Steps([100, 300, 1000, 3000, 20_000], unit="iterations")
THROW = (0, 9)
RESTLESS = "Open marks are not at rest: forces were left over when the budget of iterations ended."


def densities(values: dict[str, Any]) -> list[Rung]:
    """φ in steps of 0.002, around where this kind of particle jams."""
    low, high = DENSITIES.get(values.get("kind", "discs"), DENSITIES["discs"])
    steps = np.arange(round((high - low) / STEP) + 1)
    return [Rung(phi, phi, f"{phi:.3f}") for phi in (low + STEP * steps).round(4).tolist()]


def numbers(values: dict[str, Any]) -> list[Rung]:
    """How many particles there may be."""
    return [Rung(float(n), n, str(n)) for n in NUMBERS if n >= FEWEST.get(values.get("kind", "discs"), 0)]


@dataclass(frozen=True)
class Densities(Ladder):
    """Steps to drag along; a number that is typed may lie between two of them, to three digits."""

    def nearest(self, values: dict[str, Any], at: float) -> Rung:
        rungs = self.rungs(values)
        phi = round(min(max(at, rungs[0].value), rungs[-1].value), 3)
        return Rung(phi, phi, f"{phi:.3f}")

    def position(self, values: dict[str, Any], value: float) -> float:
        return float(value)


PHI = Densities("φ", densities, follows=("kind",), long_name="packing fraction")
PARTICLES = Ladder("n", numbers, follows=("kind",), long_name="number of particles")


def thrown(values: dict[str, Any], *left_out: str) -> dict[str, Any]:
    """An experiment's arguments: which throw is a seed, and discs that are longer than wide are ellipses."""
    called = {name: value for name, value in values.items() if name not in ("throw", *left_out)}
    if "throw" in values:
        called["seeds"] = (values["throw"],)
    if called.get("kind", "discs") == "discs" and values.get("aspect", 1) != 1:
        called["kind"] = "ellipses"
    return called


def waiting(ds: Any) -> str:
    """What is said while there is no packing yet; "" once there is."""
    if "compiling" in ds and float(ds.compiling) < 1:
        return f"the forces are being compiled for this processor, once: {float(ds.compiling):.0%}"
    return "" if np.isfinite(ds.energy.values).all() else "no packing yet"


def tiny(value: float) -> str:
    """A small number as it is written by hand: 0.0031, 3.1 × 10⁻⁵, −2.5."""
    number, _, power = f"{abs(value):.2g}".partition("e")
    words = f"{number} × 10{str(int(power)).translate(RAISED)}" if power else number
    return f"−{words}" if value < 0 else words


RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def packing_status(ds: Any, values: dict[str, Any]) -> str:
    if words := waiting(ds):
        return words
    phi, Z, energy = float(ds.phi), float(ds.Z[0]), float(ds.energy[0])
    n, N, N_delta, rattlers = (
        round(float(ds.n)),
        *(round(float(ds[name][0])) for name in ("N", "N_delta", "n_rattlers")),
    )
    state, liquid = str(ds.state.values[0]), values.get("kind") == "lennard_jones"
    size = f"Z = {Z:.2f}, energy a particle {tiny(energy)}"
    if state == "sat":
        words = f"unjammed, nothing overlaps: N_Δ = 0, N = {N}"
    elif state == "running":
        words = f"settling, {N_delta} pairs in contact, energy a particle {tiny(energy)}"
    elif liquid:
        words = f"{at_rest('at rest, but nothing jams', state, values)}: N_Δ/N = {N_delta / N:.2f} ({N_delta} neighbours, N = {N}), {size}"
    else:
        share = f"N_Δ/N = {N_delta / N:.2f}" if N else "nothing is held"
        of = f"N_Δ = {N_delta}, N = {N} of {n - rattlers} particles, {count(rattlers, 'rattler')}"
        words = f"{at_rest('jammed', state, values)}: {share} ({of}), {size}"
    idle = values.get("kind") in ("balls", "lennard_jones") and values.get("aspect", 1) != 1
    unused = "; a changes nothing here: it makes ellipses of discs" if idle else ""
    return f"φ = {phi:.3f}: {words}; n = {n}{unused}{on_its_way(phi, values)}"


def at_rest(words: str, state: str, values: dict[str, Any]) -> str:
    """How a packing ended."""
    budget = values.get("budget", 20_000)
    return words if state == "unsat" else f"not converged within its budget of {budget} iterations"


def on_its_way(phi: float, values: dict[str, Any]) -> str:
    """The density that is wanted, while it is not reached."""
    return "" if abs(phi - float(values["phi"])) < 1e-6 else f", on the way to φ = {float(values['phi']):.3f}"


packing = App(
    name="packing",
    title="Pressed together, discs make way for one another, up to a density at which they no longer can",
    source="quench",
    picture="packing:packing",
    controls=dict(
        phi=PHI,
        aspect=ASPECTS,
        kind=Menu(
            {
                "discs": "discs (a > 1: ellipses)",
                "balls": "balls in space",
                "lennard_jones": "Lennard-Jones: attraction, too",
            },
            sign="particles",
        ),
    ),
    more=dict(
        n=PARTICLES,
        start=Menu({"pressed": "pressed slowly", "random": "thrown at random"}, sign="start"),
        throw=THROW,
        budget=BUDGETS,
    ),
    start=dict(phi=0.84, kind="discs", aspect=1.0, n=64, start="pressed", throw=1, budget=20_000),
    arguments=thrown,
    presets={
        "just below jamming": dict(phi=0.838),
        "at jamming": dict(phi=0.84),
        "far above": dict(phi=0.96),
        "ellipses": dict(aspect=1.5, phi=0.9),
        "Lennard-Jones": dict(kind="lennard_jones", phi=0.8),
        "balls": dict(kind="balls", phi=0.66),
    },
    status=packing_status,
    trail="phi",
    caption="Drag φ: the dots of every density you visit stay. Pressed slowly, each density is shown as reached from below, "
            "whichever way you drag; a packing that has locked may come loose once more when it is pressed on. "
            "Particles that leave the box on one side come in on the other. Colour: the largest overlap of a particle. "
            "Width of a line: its force against the mean force here (ellipses: the part along the line between centres). "
            "A rattler (no filling) is held by nothing and is not counted in N. "
            "Balls are seen along z, nearer ones over farther ones: there, circles may cross where no balls touch.",
    note=RESTLESS,
    doing="pressing",
)  # fmt: skip


def flat_status(ds: Any, values: dict[str, Any]) -> str:
    if words := waiting(ds):
        return words
    size, n = ds.sizes["mode"], ds.sizes["particle"]
    flat = int(ds.flat.values[0]) if np.isfinite(ds.flat.values[0]) else -1
    energy = np.asarray(ds.energy_pushed.transpose("push_step", "seed").values, float)[:, 0]
    rise = energy[np.isfinite(energy)] - energy[0]
    who = "one particle" if values["push"] == "disc" else "the softest mode"
    if np.isfinite(energy).sum() < 2:
        pushed = f"{who} is not pushed yet"
    elif np.abs(rise).max() < 1e-9:
        pushed = f"pushing {who} by one diameter costs nothing"
    else:
        pushed = f"pushing {who} costs up to {tiny(float(rise.max()))} on the way to one diameter"
        if rise.min() < -1e-9:
            pushed += ", and a deeper minimum is found on the way"
    state = str(ds.state.values[0])
    if state == "running":
        return f"φ = {float(ds.phi):.3f}: settling; n = {n}{on_its_way(float(ds.phi), values)}"
    found = "unjammed" if state == "sat" else at_rest("jammed", state, values)
    directions = "stiffnesses not known yet"
    if flat >= 0:
        directions = f"{flat} of {size} directions are flat ({why_flat(ds, flat, state)})"
    return f"φ = {float(ds.phi):.3f}, {found}: {pushed}; {directions}; n = {n}"


def why_flat(ds: Any, flat: int, state: str) -> str:
    """Which directions those are, as far as it is known without looking at them."""
    loose = 0 if state == "sat" else int(ds.n_rattlers[0])
    if not loose:
        return "2 always are: everything moves"
    theirs, they = (
        loose * ds.sizes["mode"] // ds.sizes["particle"],
        "the rattler" if loose == 1 else f"the {loose} rattlers",
    )
    return f"2 move everything, {theirs if flat == 2 + theirs else 'others'} only {they}"


flat_directions = App(
    name="flat_directions",
    title="Below jamming nothing resists a small push; above, only rattlers give way for nothing",
    source="flat_directions",
    picture="packing:flat_directions",
    controls=dict(
        phi=PHI,
        distance=Steps([round(0.025 * k, 3) for k in range(41)], unit="small diameters"),
        push=Menu({"disc": "one particle, to the right", "mode": "the softest mode"}, sign="push"),
    ),
    more=dict(aspect=ASPECTS, n=Steps([16, 32, 64], unit="particles"), which=(0, 15), throw=THROW),
    start=dict(phi=0.76, distance=0.6, push="disc", n=32, aspect=1.0, which=0),
    arguments=lambda values: thrown(values, "distance"),
    view=("distance",),
    presets={
        "above jamming": dict(phi=0.9),
        "softest mode, below": dict(push="mode", phi=0.72),
        "softest mode, above": dict(push="mode", phi=0.9),
        "ellipses, below": dict(aspect=1.5, phi=0.82),
        "ellipses, above": dict(aspect=1.1, phi=0.9),
    },
    status=flat_status,
    caption="Dashed: where the particles were at rest. One of them, or the softest mode, is moved along the arrow; all else gives way. "
            "The bluer a particle, the farther it went. A rattler (no filling) can be pushed for nothing above jamming, too. "
            "Where the energy drops, the packing has slipped into another place, below zero into a deeper one.",
    doing="pushing",
)  # fmt: skip


def minima_status(ds: Any, values: dict[str, Any]) -> str:
    if words := waiting(ds):
        return words
    energy, running = np.asarray(ds.energy.values, float), int((ds.state.values == "running").sum())
    held = energy > 1e-18
    jammed = int(held.sum()) - running
    words = f"φ = {float(ds.phi):.3f}: {jammed} of {count(len(energy), 'throw')} jammed"
    if running:
        return f"{words}, {running} still falling; n = {int(ds.n)}"
    if jammed:
        words += f", energies a particle from {tiny(float(energy[held].min()))} to {tiny(float(energy.max()))}"
    if open_ones := int((np.asarray(ds.converged.values) == 0).sum()):
        words += f", {open_ones} not converged within the budget of {values['budget']}"
    apart = np.asarray(ds.difference.values, float)[np.tril_indices(len(energy), -1)]
    if np.isfinite(apart).any():
        words += f"; no two closer than {np.nanmin(apart):.2f} small diameters (rms)"
    shared = np.asarray(ds.same_contacts.values, float)[np.tril(held[:, None] & held, -1)]
    if np.isfinite(shared).any():
        words += f", {np.nanmean(shared):.0%} of contacts in common{'' if held.all() else ' among the jammed'}"
    return f"{words}; n = {int(ds.n)}"


minima = App(
    name="minima",
    title="Above jamming there are very many minima: another throw, another end",
    source="glassiness",
    picture="packing:minima",
    controls=dict(phi=PHI, n=Steps([16, 32, 64], unit="particles"), seeds=(2, 12)),
    more=dict(aspect=ASPECTS, budget=BUDGETS),
    start=dict(phi=0.88, n=32, seeds=8, aspect=1.0, budget=20_000),
    arguments=thrown,
    presets={
        "far above": dict(phi=0.96),
        "below jamming": dict(phi=0.8),
        "ellipses": dict(aspect=1.5, phi=0.92),
        "more particles": dict(n=64),
    },
    status=minima_status,
    caption="The same particles are thrown at random, again and again, and roll downhill. Dots: where they end. Lines: the energy on the "
            "straight way from one end to the next, particles of one size matched to their nearest. That is one way among many: "
            "a lower one may exist, so a wall on it need not be a wall between the two. Squares: how far two ends are apart.",
    note=RESTLESS,
    doing="rolling downhill",
)  # fmt: skip
