"""Numbers that lesson 2 reads off a learner's own run of particles: one small function of a Dataset each."""

from typing import Any

import numpy as np

JAMMED = "unsat"  # states have the names of networks


def middle(values: Any) -> float:
    """Median of what is known; NaN of nothing."""
    values = np.asarray(values, float)
    values = values[np.isfinite(values)]
    return float(np.median(values)) if values.size else float("nan")


# ---- a compression: up in small steps, and down again


def firsts(ds: Any, name: str = "phi", direction: str = "up") -> np.ndarray:
    """Per seed: `name` of the jammed packing of lowest φ on the way up or down; NaN where none is."""
    way = ds.sel(direction=direction).sortby("phi")
    held = way.state.transpose("phi", "seed").values == JAMMED
    values = np.broadcast_to(way[name].values if name != "phi" else way.phi.values[:, None], held.shape)
    rows = held.argmax(0)
    return np.where(held.any(0), values[rows, np.arange(held.shape[1])], np.nan)


def first_energy(ds: Any) -> float:
    """φ at which energy first appears when a packing is pressed (median over seeds)."""
    return middle(firsts(ds))


def first_contacts(ds: Any) -> float:
    """Z of the first packing with energy (median over seeds)."""
    return middle(firsts(ds, "Z"))


def step(at: float, height: float) -> tuple[list[float], list[float]]:
    """A predicted Z(φ) as a curve: nothing up to φ = `at`, `height` from there on. Its riser leans by a millionth, to be a function."""
    return [0.0, at, at + 1e-6, 1.2], [0.0, 0.0, height, height]


def returns(values: dict[str, Any], ds: Any) -> bool | str:
    """A goal: at least two packings of the same discs come back the way they went, to a step in φ."""
    if values["kind"] != "discs" or values["aspect"] != 1 or values["ratio"] != 1.4:
        return "These are other particles. Put back discs, the larger ones 1.4 times as wide."
    apart = firsts(ds, direction="down") - firsts(ds)
    if len(apart) < 2 or np.isnan(apart).any():
        return "Too little to compare: let at least two packings be pressed until they resist."
    moved = int((np.abs(apart) > values["phi_step"] + 1e-9).sum())
    return moved == 0 or f"{moved} of {len(apart)} packings lose their contacts at another φ than the one at which they found them."


def held_loosely(most: float) -> Any:
    """A goal: particles in the plane that are held at φ ≤ `most`, where discs and ellipses are loose."""

    def goal(values: dict[str, Any], ds: Any) -> bool | str:
        if values["kind"] == "balls":
            return "Balls fill space, not the plane: their φ_J is a smaller number, but they have one."
        if values["phi"] > most:
            return f"φ = {values['phi']:.3f}; wanted is {most:g} or less."
        if str(ds.state.values[0]) not in (JAMMED, "sat"):
            return "These are not at rest: their budget has ended. Give them more iterations."
        return bool(ds.Z[0] > 0 and ds.N[0] > 0 and ds.state.values[0] == JAMMED) or "Nothing holds them here: Z = 0."

    return goal


def steps(ds: Any) -> dict[str, Any]:
    """The largest step of N_Δ/N between neighbouring densities, for discs (`jump`) and for Lennard-Jones particles (`step`)."""
    ratio = (ds.N_delta / ds.N).sortby("phi").median("seed")
    return {name: float(np.abs(ratio.sel(system=system).diff("phi")).max())
            for name, system in (("jump", "discs"), ("step", "lennard_jones"))}  # fmt: skip


# ---- one threshold


def counted(ds: Any, seed: int = 0) -> dict[str, Any]:
    """Words for a worked number: discs n, rattlers, n′ that bear, 2n′, N_Δ, Z of one packing at its threshold."""
    one = ds.isel(seed=seed)
    n, left = int(ds.n), int(one.n_rattlers)
    bear, pairs = n - left, int(one.N_delta)
    return dict(n=n, rattlers=left, bear=bear, freedoms=2 * bear, contacts=pairs, Z=float(one.Z), phi=float(one.phi_J))


def isostatic(ds: Any) -> bool:
    """Every packing of discs has exactly N_Δ = 2n′ − 1."""
    return bool((ds.N_delta.values == 2 * (int(ds.n) - ds.n_rattlers.values) - 1).all())


def rattlers_kept(ds: Any) -> np.ndarray:
    """N_Δ/2n at threshold when rattlers are counted as if they bore. ValueError, for a learner, when there is none."""
    if (ds.N.values != 2 * (float(ds.n) - ds.n_rattlers.values)).any():
        raise ValueError("These are not discs: the question is about discs in the plane, of a = 1. Put them back there, then check again.")
    if not float(ds.n_rattlers.sum()):
        raise ValueError("None of these discs is a rattler, so nothing goes wrong. Take more packings (seeds) there, then check again.")
    return ds.N_delta.values / (2 * float(ds.n))


def steepness(ds: Any) -> float:
    """How many times smaller energy becomes when φ − φ_J is ten times smaller: 10 to the slope of log E against log Δφ; median over seeds.

    ValueError, for a learner, when the approach ended too far away.
    """
    found = []
    for k in range(ds.sizes["seed"]):
        over = ds.phi_trace.isel(seed=k).values - float(ds.phi_J[k])
        energy = ds.energy_trace.isel(seed=k).values
        use = np.isfinite(over) & np.isfinite(energy) & (over > 1e-5) & (over < 3e-2) & (energy > 1e-18)
        if use.sum() > 2:
            found.append(10 ** np.polyfit(np.log10(over[use]), np.log10(energy[use]), 1)[0])
    if not found and np.isfinite(ds.phi_J.values).any():
        raise ValueError("This run stops too far from φ_J. Take a smaller overlap at the end there (More controls), then check again.")
    return middle(found)


# ---- flat directions


def free(ds: Any) -> float:
    """How many directions cost nothing (first packing)."""
    return float(ds.flat[0])


def costless(ds: Any) -> float:
    """How many directions of a jammed packing cost nothing: shifts of the whole, and every freedom of a rattler.

    ValueError, for a learner, when this packing is loose.
    """
    rattlers, bear = float(ds.n_rattlers[0]), float(ds.n) - float(ds.n_rattlers[0])
    if str(ds.state.values[0]) != JAMMED or bear <= 0:
        raise ValueError("This packing is not jammed. Raise φ there, then check again.")
    return ds.sizes["axis"] + rattlers * float(ds.N[0]) / bear


# ---- ellipses


def held_by(ds: Any, aspect: float, freedoms: str = "N") -> float:
    """N_Δ/N at threshold of the ellipses whose aspect is nearest to `aspect` (median over packings)."""
    one = ds.sel(aspect=aspect, method="nearest")
    return middle((one.N_delta / one[freedoms]).where(one.state == JAMMED))


def slightly_long(ds: Any) -> float:
    """N_Δ/3n′ of ellipses of aspect 1.1."""
    return held_by(ds, 1.1)


# ---- elsewhere


JOINTS = 10


def rods(ds: Any) -> float:
    """The least number of rods that make a plane truss rigid: 2 for each joint, less its two shifts and its turn."""
    return 2.0 * JOINTS - 3.0
