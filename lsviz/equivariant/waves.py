"""Aliasing in one dimension: a wave on a ring of points, every s-th of them, and the blur that saves what can be saved."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from jaxtyping import Float

from ..experiment import Table, experiment

RING = 48  # points: every allowed stride divides them
FINE = 8  # points of a drawn curve from one point of the ring to the next
BLURS = {"none": (1,), "1 2 1": (1, 2, 1), "1 4 6 4 1": (1, 4, 6, 4, 1)}  # before they are divided by their sum


@experiment(cost="slider")
def aliasing(
    *, waves: int = 16, stride: int = 2, blur: str = "none", rectified: str = "no", seeds: Any = 3
) -> Iterator[Table]:
    """A wave cos(ωt + φ) on a ring, blurred, of which every s-th point is kept: what wave do the kept points show, and how much of it?

    `waves` of it go round 48 points: ω = 2π waves/48, at most π. A seed draws the phase φ. (seed, sample): wave, blurred, and kept, NaN
    where dropped. (seed, fine_sample): wave_fine, between the points as well, and apparent_wave, the slowest wave through all kept
    points. (seed, wave_number): spectrum of the wave, and spectrum_kept of what is kept, the amplitude of each number of waves round the
    ring; NaN where the kept points cannot show it. (seed, offset): pooled, the mean of the kept points when the wave is first shifted by
    0 … s points: a network's stride and global mean; constant unless something is aliased to frequency zero. (wave_number), for every
    wave there is: apparent_scan, the frequency it shows, and blur_response, what the blur leaves of it. Scalars: frequency ω;
    apparent_frequency, sω folded into [0, π], as radians per point of the whole ring, that over s; blur_left at ω; nyquist = π/s,
    the highest frequency that every s-th point can show.
    rectified: "first" takes max(0, ·) of the wave, which makes new waves at 0, 2ω, 4ω, …; "after" of the kept points, as a network does
    after a stride: kept, spectrum_kept and pooled are then of those. apparent_wave is that of the part at ω.
    Shannon's theorem; Azulay and Weiss 2019, arXiv:1805.12177; Zhang 2019, arXiv:1904.11486.
    """
    ring, numbers, fine = np.arange(RING), np.arange(RING // 2 + 1), np.arange(RING * FINE) / FINE
    table = Table(seed=seeds, sample=ring, fine_sample=fine, wave_number=numbers, offset=np.arange(stride + 1))
    for name in ("wave", "blurred", "kept"):
        table.add(name, "seed sample")
    table.add("wave_fine", "seed fine_sample").add("apparent_wave", "seed fine_sample")
    table.add("spectrum", "seed wave_number").add("spectrum_kept", "seed wave_number").add("pooled", "seed offset")
    table.add("apparent_scan", "wave_number").add("blur_response", "wave_number")
    for name in ("frequency", "apparent_frequency", "blur_left", "nyquist"):
        table.add(name)
    omega = 2 * np.pi * waves / RING
    phases = np.array([np.random.default_rng(seed).uniform(0, 2 * np.pi) for seed in seeds])[:, None]

    def wave(t: Any) -> Any:
        pure = np.cos(omega * t + phases)
        return np.maximum(pure, 0) if rectified == "first" else pure

    def after(kept: Any) -> Any:
        return np.maximum(kept, 0) if rectified == "after" else kept

    smooth = blurred(wave(ring), blur)
    keep = ring % stride == 0
    table.set(wave=wave(ring), blurred=smooth, wave_fine=wave(fine), spectrum=amplitudes(wave(ring)))
    table.kept[:, keep] = after(smooth[:, keep])
    table.spectrum_kept[:, : RING // stride // 2 + 1] = amplitudes(after(smooth[:, keep]))
    table.set(pooled=np.stack([after(np.roll(smooth, k, 1)[:, keep]).mean(1) for k in range(stride + 1)], 1))
    # On every s-th point ω cannot be told from ω − 2πj/s: the slowest of them, and the phase it keeps.
    turn = 2 * np.pi / stride
    slow = omega - turn * np.round(omega / turn)
    share = (0.5 if rectified == "first" and 0 < waves < RING // 2 else 1.0) * response(omega, blur)
    table.set(apparent_wave=share * np.cos(slow * fine + phases))
    scan = 2 * np.pi * numbers / RING
    table.set(apparent_scan=apparent(scan, stride), blur_response=response(scan, blur))
    table.set(
        frequency=omega,
        nyquist=np.pi / stride,
        blur_left=response(omega, blur),
        apparent_frequency=apparent(omega, stride),
    )
    yield table


def apparent(omega: Any, stride: int) -> Any:
    """The slowest frequency that agrees with ω on every stride-th point, in radians per point, from 0 to π/stride: sω mod 2π, folded
    into [0, π], over s.
    """
    folded = np.mod(np.multiply(omega, stride), 2 * np.pi)
    return np.minimum(folded, 2 * np.pi - folded) / stride


def response(omega: Any, blur: str) -> Any:
    """What a blur leaves of a wave of frequency ω: a binomial of 2m + 1 taps leaves cos(ω/2) to the power 2m."""
    return np.cos(np.multiply(omega, 0.5)) ** (len(BLURS[blur]) - 1)


def blurred(signal: Float[np.ndarray, "*S ring"], blur: str) -> Float[np.ndarray, "*S ring"]:
    """The signal on a ring, averaged with its neighbours."""
    taps = BLURS[blur]
    return np.stack([weight * np.roll(signal, k - len(taps) // 2, -1) for k, weight in enumerate(taps)]).sum(0) / sum(
        taps
    )


def amplitudes(signal: Float[np.ndarray, "*S ring"]) -> Float[np.ndarray, "*S numbers"]:
    """Amplitude of every number of waves round the ring."""
    n = signal.shape[-1]
    found = np.abs(np.fft.rfft(signal)) * 2 / n
    found[..., 0] /= 2
    if n % 2 == 0:
        found[..., -1] /= 2
    return found
