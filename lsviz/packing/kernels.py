"""What a processor does for a packing: near pairs, energies, forces and FIRE, fused and compiled by numba.

One seed at a time, in coordinates q = x0, y0, …, then θ√I for ellipses (`system.Packing` says what w is). A list of near pairs keeps for
each pair the box vector that brings the second particle next to the first; it holds as long as no particle has moved by half the skin,
wherever the coordinates are. Compiled code is cached beside the package, or in the user's cache where that cannot be written.
"""

import inspect
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit

DISCS, BALLS, ELLIPSES, LENNARD_JONES = range(4)
CUT, SHELL = 2.5, 1.5  # of Lennard-Jones: where the force ends, and how far the first shell goes, in σ
V_CUT = 4 * (CUT**-12 - CUT**-6)
TINY = 1e-300  # keeps a distance of zero from being divided by
D_CUT = 4 * (-12 * CUT**-13 + 6 * CUT**-7)  # its slope there, per σ


def jit(function: Callable) -> Any:
    """Compiled at its first call, and cached. What a test's type checker has wrapped around the function is taken off: it cannot be."""
    return njit(cache=True, nogil=True, error_model="numpy")(inspect.unwrap(function))


@jit
def near_pairs(q, n, dim, box, reach, skin, start, near, shift):
    """Pairs closer than reach_i + reach_j + skin: `near[start[i]:start[i+1]]` are partners j of i, r_j + shift their images.

    Every pair stands once, with either of its two. Returns how many there are; −1 if `near` is too short.
    """
    cells = min(int(box / (2 * reach.max() + skin)), int((n / 2) ** (1 / dim)) + 1)
    if cells < 3:
        return _every_pair(q, n, dim, box, reach, skin, start, near, shift)
    return _pairs_by_cell(q, n, dim, box, reach, skin, cells, start, near, shift)


@jit
def _every_pair(q, n, dim, box, reach, skin, start, near, shift):
    found, one = 0, 1 / box
    for i in range(n):
        start[i] = found
        if found + n > near.size:
            return -1
        x, y, near_enough = q[dim * i], q[dim * i + 1], reach[i] + skin
        z = q[dim * i + 2] if dim == 3 else 0.0
        for j in range(i + 1, n):
            dx, dy = q[dim * j] - x, q[dim * j + 1] - y
            sx, sy, sz = -box * math.floor(dx * one + 0.5), -box * math.floor(dy * one + 0.5), 0.0
            r2 = (dx + sx) ** 2 + (dy + sy) ** 2
            if dim == 3:
                dz = q[dim * j + 2] - z
                sz = -box * math.floor(dz * one + 0.5)
                r2 += (dz + sz) ** 2
            if r2 < (near_enough + reach[j]) ** 2:
                near[found] = j
                shift[found, 0], shift[found, 1] = sx, sy
                if dim == 3:
                    shift[found, 2] = sz
                found += 1
    start[n] = found
    return found


@jit
def _pairs_by_cell(q, n, dim, box, reach, skin, cells, start, near, shift):
    """Each particle looks at those behind it in its own cell, and into half of the cells around: the others look at it.

    Particles are sorted by cell, so the cells of one row lie side by side. Every candidate is written down and only the count
    depends on whether it is near: a branch here would be guessed wrong half the time, at ten times the price.
    """
    deep, one = cells if dim == 3 else 1, 1 / box
    first = np.zeros(
        cells * cells * deep + 2, np.int32
    )  # in the end, cell c holds the slots first[c] … first[c + 1] − 1
    place, slot, order = np.empty((n, 3), np.int32), np.empty(n, np.int32), np.empty(n, np.int32)
    sorted_ = np.empty((n, 7))  # by slot: where in the box, reach, and by how much that was moved
    home = np.zeros((n, 3))
    for i in range(n):
        place[i, 2] = 0
        for a in range(dim):
            u = q[dim * i + a] * one
            home[i, a] = math.floor(u)
            place[i, a] = min(int((u - home[i, a]) * cells), cells - 1)
        first[(place[i, 2] * cells + place[i, 1]) * cells + place[i, 0] + 2] += 1
    for c in range(2, first.size):
        first[c] += first[c - 1]
    for i in range(n):
        c = (place[i, 2] * cells + place[i, 1]) * cells + place[i, 0] + 1
        s = first[c]
        first[c] += 1
        slot[i], order[s], sorted_[s, 3] = s, i, reach[i]
        sorted_[s, 2] = sorted_[s, 6] = 0.0
        for a in range(dim):
            sorted_[s, 4 + a] = box * home[i, a]
            sorted_[s, a] = q[dim * i + a] - sorted_[s, 4 + a]
    found = 0
    for i in range(n):
        start[i] = found
        me, left, right = sorted_[slot[i]], place[i, 0] - 1, place[i, 0] + 1
        limit = me[3] + skin
        for row in range(5 if dim == 3 else 2):  # (0, 0), (1, 0), then those of the next layer: (−1, 1), (0, 1), (1, 1)
            cy, cz = place[i, 1] + (row if row < 2 else row - 3), place[i, 2] + (1 if row > 1 else 0)
            wy = -1 if cy < 0 else (1 if cy >= cells else 0)
            wz = 1 if cz >= deep else 0
            base = ((cz - wz * deep) * cells + cy - wy * cells) * cells
            for part in range(2):  # the row's cells inside the box, then the one across its edge
                wx = 0
                if part == 0:
                    low, high = first[base + max(left, 0)], first[base + min(right, cells - 1) + 1]
                    if row == 0:
                        low = slot[i] + 1
                elif right >= cells:
                    wx, low, high = 1, first[base], first[base + 1]
                elif left < 0 and row > 0:
                    wx, low, high = -1, first[base + cells - 1], first[base + cells]
                else:
                    break
                if found + high - low > near.size:
                    return -1
                x, y, z = box * wx - me[0], box * wy - me[1], box * wz - me[2]
                for t in range(low, high):
                    near[found] = order[t]
                    shift[found, 0] = box * wx + me[4] - sorted_[t, 4]
                    shift[found, 1] = box * wy + me[5] - sorted_[t, 5]
                    r2 = (sorted_[t, 0] + x) ** 2 + (sorted_[t, 1] + y) ** 2
                    if dim == 3:
                        shift[found, 2] = box * wz + me[6] - sorted_[t, 6]
                        r2 += (sorted_[t, 2] + z) ** 2
                    found += r2 < (limit + sorted_[t, 3]) ** 2
    start[n] = found
    return found


@jit
def _discs(q, n, major, start, near, shift, force):
    energy = 0.0
    for i in range(n):
        x, y, radius = q[2 * i], q[2 * i + 1], major[i]
        fx = fy = 0.0
        for k in range(start[i], start[i + 1]):
            j = near[k]
            dx, dy, sigma = q[2 * j] + shift[k, 0] - x, q[2 * j + 1] + shift[k, 1] - y, radius + major[j]
            r2 = dx * dx + dy * dy
            one = 1 / (sigma * math.sqrt(r2 + TINY))
            h = max(0.0, 1 - r2 * one)  # without a branch, which would be guessed wrong too often
            energy += h * h
            push = h * one
            fx -= push * dx
            fy -= push * dy
            force[2 * j] += push * dx
            force[2 * j + 1] += push * dy
        force[2 * i] += fx
        force[2 * i + 1] += fy
    return 0.5 * energy


@jit
def _balls(q, n, major, start, near, shift, force):
    energy = 0.0
    for i in range(n):
        x, y, z, radius = q[3 * i], q[3 * i + 1], q[3 * i + 2], major[i]
        fx = fy = fz = 0.0
        for k in range(start[i], start[i + 1]):
            j = near[k]
            dx, dy, dz = q[3 * j] + shift[k, 0] - x, q[3 * j + 1] + shift[k, 1] - y, q[3 * j + 2] + shift[k, 2] - z
            sigma = radius + major[j]
            r2 = dx * dx + dy * dy + dz * dz
            one = 1 / (sigma * math.sqrt(r2 + TINY))
            h = max(0.0, 1 - r2 * one)
            energy += h * h
            push = h * one
            fx -= push * dx
            fy -= push * dy
            fz -= push * dz
            force[3 * j] += push * dx
            force[3 * j + 1] += push * dy
            force[3 * j + 2] += push * dz
        force[3 * i] += fx
        force[3 * i + 1] += fy
        force[3 * i + 2] += fz
    return 0.5 * energy


@jit
def _lennard_jones(q, n, major, start, near, shift, force):
    energy = 0.0
    for i in range(n):
        x, y, radius = q[2 * i], q[2 * i + 1], major[i]
        for k in range(start[i], start[i + 1]):
            j = near[k]
            dx, dy, sigma = q[2 * j] + shift[k, 0] - x, q[2 * j + 1] + shift[k, 1] - y, radius + major[j]
            u2 = (dx * dx + dy * dy) / (sigma * sigma)
            if u2 < CUT * CUT:
                u = math.sqrt(u2)
                six = 1 / (u2 * u2 * u2)
                energy += 4 * six * (six - 1) - V_CUT - (u - CUT) * D_CUT
                push = -((24 * six - 48 * six * six) / u - D_CUT) / (sigma * sigma * u)
                force[2 * i] -= push * dx
                force[2 * i + 1] -= push * dy
                force[2 * j] += push * dx
                force[2 * j + 1] += push * dy
    return energy


@jit
def contact(rx, ry, a0, a1, a2, da, b0, b1, b2, db):
    """Perram & Wertheim's F = max over λ of λ(1−λ) rᵀ[(1−λ)A + λB]⁻¹r, with the λ that reaches it and v = M⁻¹r.

    A = (a0 a1; a1 a2) of determinant da is Rot(θ) diag(major², minor²) Rot(θ)ᵀ, B likewise. 10.1016/0021-9991(85)90171-8.
    The root of a quartic by Newton's method within a bracket, from a start that is exact for discs.
    """
    n0 = a2 * rx * rx - 2 * a1 * rx * ry + a0 * ry * ry  # rᵀ adj(A) r
    n1 = b2 * rx * rx - 2 * b1 * rx * ry + b0 * ry * ry
    m = a0 * b2 + b0 * a2 - 2 * a1 * b1
    c0, c1, c2, c3, c4 = n0 * da, 2 * n1 * da, n1 * (m + da) - n0 * (m + db), -2 * n0 * db, -n1 * db
    root = math.sqrt(math.sqrt(da / db))
    lam, low, high = root / (1 + root), 0.0, 1.0
    for _ in range(60):
        s = 1 - lam
        ss, sl, ll = s * s, s * lam, lam * lam
        value = ss * (c0 * ss + c1 * sl + c2 * ll) + ll * (c3 * sl + c4 * ll)
        slope = (
            -4 * c0 * ss * s
            + c1 * ss * (s - 3 * lam)
            + 2 * c2 * sl * (s - lam)
            + c3 * ll * (3 * s - lam)
            + 4 * c4 * ll * lam
        )
        if value > 0:
            low = lam
        else:
            high = lam
        step = -value / slope if slope != 0 else 0.0
        lam += step
        if abs(step) < 1e-13:
            break
        if lam <= low or lam >= high:
            lam = 0.5 * (low + high)
    s = 1 - lam
    m0, m1, m2 = s * a0 + lam * b0, s * a1 + lam * b1, s * a2 + lam * b2
    det = m0 * m2 - m1 * m1
    vx, vy = (m2 * rx - m1 * ry) / det, (m0 * ry - m1 * rx) / det
    return lam * s * (rx * vx + ry * vy), lam, vx, vy


@jit
def matrices(q, n, major, minor, gyration, shape):
    """A = Rot(θ) diag(major², minor²) Rot(θ)ᵀ and its determinant for every ellipse, into `shape` (n, 4)."""
    for i in range(n):
        theta = q[2 * n + i] / gyration[i]
        c, s, a, b = math.cos(theta), math.sin(theta), major[i] ** 2, minor[i] ** 2
        shape[i, 0], shape[i, 1], shape[i, 2], shape[i, 3] = (
            a * c * c + b * s * s,
            (a - b) * c * s,
            a * s * s + b * c * c,
            a * b,
        )


@jit
def _ellipses(q, n, major, minor, gyration, start, near, shift, force, shape, frozen):
    matrices(q, n, major, minor, gyration, shape)
    energy = 0.0
    for i in range(n):
        x, y, a0, a1, a2, da = q[2 * i], q[2 * i + 1], shape[i, 0], shape[i, 1], shape[i, 2], shape[i, 3]
        for k in range(start[i], start[i + 1]):
            j = near[k]
            dx, dy = q[2 * j] + shift[k, 0] - x, q[2 * j + 1] + shift[k, 1] - y
            r2 = dx * dx + dy * dy
            if r2 >= (major[i] + major[j]) ** 2 or r2 == 0:
                if r2 == 0:
                    energy += 1.0
                continue
            b0, b1, b2, db = shape[j, 0], shape[j, 1], shape[j, 2], shape[j, 3]
            # F at any λ is a lower bound of the maximum: most near pairs are told apart without looking for λ
            m0, m1, m2 = a0 + b0, a1 + b1, a2 + b2
            if 0.5 * (m2 * dx * dx - 2 * m1 * dx * dy + m0 * dy * dy) >= m0 * m2 - m1 * m1:
                continue
            big, lam, vx, vy = contact(dx, dy, a0, a1, a2, da, b0, b1, b2, db)
            if big >= 1:
                continue
            root = math.sqrt(big)
            h = 1 - root
            energy += h * h
            push = h * lam * (1 - lam) / root
            force[2 * i] -= push * vx
            force[2 * i + 1] -= push * vy
            force[2 * j] += push * vx
            force[2 * j + 1] += push * vy
            if not frozen:  # vᵀJAv, J a quarter turn
                force[2 * n + i] -= (
                    push * (1 - lam) * (vy * (a0 * vx + a1 * vy) - vx * (a1 * vx + a2 * vy)) / gyration[i]
                )
                force[2 * n + j] -= push * lam * (vy * (b0 * vx + b1 * vy) - vx * (b1 * vx + b2 * vy)) / gyration[j]
    return 0.5 * energy


@jit
def energy_force(kind, q, n, major, minor, gyration, frozen, start, near, shift, force, shape):
    """Energy of one seed; its force −∂U/∂q into `force`. The list of near pairs must hold."""
    force[:] = 0
    if kind == DISCS:
        return _discs(q, n, major, start, near, shift, force)
    if kind == BALLS:
        return _balls(q, n, major, start, near, shift, force)
    if kind == ELLIPSES:
        return _ellipses(q, n, major, minor, gyration, start, near, shift, force, shape, frozen)
    return _lennard_jones(q, n, major, start, near, shift, force)


@jit
def moved(q, n, dim, ref):
    """The largest squared displacement of a particle since the list was made at `ref`."""
    most = 0.0
    for i in range(n):
        r2 = 0.0
        for a in range(dim):
            d = q[dim * i + a] - ref[dim * i + a]
            r2 += d * d
        most = max(most, r2)
    return most


@jit
def fire(kind, q, v, force, memory, n, dim, box, major, minor, gyration, frozen, reach, skin, held,
         start, near, shift, ref, shape, steps, dt_max, rest, quiet):  # fmt: skip
    """Up to `steps` steps of FIRE (`descent.fire`, Bitzek et al. 2006) from q, all in place.

    memory: dt, α, downhill steps, energy, fresh (1: nothing known yet), largest |force|. `held` (size) ≠ 0: the direction along which
    nothing moves. Ends early where the energy is ≤ rest·n, or every |force| ≤ quiet times √(energy/n), the mean overlap (Lennard-Jones:
    ≤ quiet). Returns the steps made; −1 − steps if the list of near pairs must be longer.
    """  # fmt: skip
    size, hold = q.size, held.size == q.size
    dt, a, free, energy = memory[0], memory[1], memory[2], memory[3]
    if memory[4] == 1:
        if near_pairs(q, n, dim, box, reach, skin, start, near, shift) < 0:
            return -1
        ref[:] = q
        energy = energy_force(kind, q, n, major, minor, gyration, frozen, start, near, shift, force, shape)
        if hold:
            _project(force, held)
        memory[3], memory[4] = energy, 0
    done = 0
    while done < steps:
        power = speed = slope = most = 0.0
        for i in range(size):
            power += force[i] * v[i]
            speed += v[i] * v[i]
            slope += force[i] * force[i]
            most = max(most, abs(force[i]))
        memory[5] = most
        if kind == LENNARD_JONES:
            if most <= quiet:
                break
        elif energy <= rest * n or most <= quiet * math.sqrt(energy / n):
            break
        if not math.isfinite(energy):
            break
        if power > 0:
            keep, turn = 1 - a, a * math.sqrt(speed) / math.sqrt(slope)
            if free > 5:
                dt, a = min(dt * 1.1, dt_max), a * 0.99
            free += 1
        else:
            keep, turn, free = 0.0, 0.0, 0.0
            dt, a = dt * 0.5, 0.1
        for i in range(size):
            v[i] = keep * v[i] + (turn + dt) * force[i]
            q[i] += dt * v[i]
        if 4 * moved(q, n, dim, ref) >= skin * skin:
            if near_pairs(q, n, dim, box, reach, skin, start, near, shift) < 0:
                memory[0], memory[1], memory[2], memory[3], memory[4] = dt, a, free, energy, 1
                return -2 - done  # this step is made, its force not yet known
            ref[:] = q
        energy = energy_force(kind, q, n, major, minor, gyration, frozen, start, near, shift, force, shape)
        if hold:
            _project(force, held)
        done += 1
    memory[0], memory[1], memory[2], memory[3] = dt, a, free, energy
    return done


@jit
def _project(force, held):
    along = 0.0
    for i in range(force.size):
        along += force[i] * held[i]
    for i in range(force.size):
        force[i] -= along * held[i]


@jit
def _lennard_jones_slope(u):
    """dU/du, shifted to vanish at the cut."""
    six = 1 / (u * u * u * u * u * u)
    return (24 * six - 48 * six * six) / u - D_CUT


@jit
def pair_gaps(kind, q, n, dim, major, minor, gyration, start, near, shift, shape, first, second, gap, virial, push):
    """For every listed pair: its numbers, its gap, r·(−dU/dr) and −dU/dr. Returns how many pairs."""
    if kind == ELLIPSES:
        matrices(q, n, major, minor, gyration, shape)
    for i in range(n):
        for k in range(start[i], start[i + 1]):
            j = near[k]
            first[k], second[k] = min(i, j), max(i, j)
            dx, dy = q[dim * j] + shift[k, 0] - q[dim * i], q[dim * j + 1] + shift[k, 1] - q[dim * i + 1]
            r2, sigma = dx * dx + dy * dy, major[i] + major[j]
            if dim == 3:
                r2 += (q[dim * j + 2] + shift[k, 2] - q[dim * i + 2]) ** 2
            if kind == LENNARD_JONES:
                u = math.sqrt(r2) / sigma
                slope = _lennard_jones_slope(u) if u < CUT else 0.0
                gap[k] = 1 - u / SHELL
                virial[k], push[k] = -u * slope, -slope / sigma
                continue
            if kind == ELLIPSES:
                big = 0.0
                if r2 > 0:
                    big = contact(dx, dy, shape[i, 0], shape[i, 1], shape[i, 2], shape[i, 3],
                                  shape[j, 0], shape[j, 1], shape[j, 2], shape[j, 3])[0]  # fmt: skip
                root = math.sqrt(big)
                sigma = math.sqrt(r2) / root if root > 0 else sigma
            else:
                root = math.sqrt(r2) / sigma
            gap[k] = 1 - root
            virial[k], push[k] = max(gap[k], 0.0) * root, max(gap[k], 0.0) / sigma
    return start[n]


@jit
def hessian(kind, q, n, dim, major, minor, gyration, start, near, shift, shape, out):
    """∂²U/∂q∂q into `out` (size, size), in the coordinates q."""
    out[:] = 0
    if kind == ELLIPSES:
        matrices(q, n, major, minor, gyration, shape)
        block = np.empty((6, 6))
        where = np.empty(6, np.int64)
    r = np.zeros(3)
    for i in range(n):
        for k in range(start[i], start[i + 1]):
            j = near[k]
            r2 = 0.0
            for a in range(dim):
                r[a] = q[dim * j + a] + shift[k, a] - q[dim * i + a]
                r2 += r[a] * r[a]
            sigma = major[i] + major[j]
            if kind == ELLIPSES:
                if r2 < sigma * sigma and r2 > 0 and _pair_hessian(r[0], r[1], shape[i], shape[j], block):
                    where[0], where[1], where[2] = 2 * i, 2 * i + 1, 2 * n + i
                    where[3], where[4], where[5] = 2 * j, 2 * j + 1, 2 * n + j
                    for a in range(6):
                        for b in range(6):
                            value = block[a, b]
                            if a % 3 == 2:
                                value /= gyration[i if a < 3 else j]
                            if b % 3 == 2:
                                value /= gyration[i if b < 3 else j]
                            out[where[a], where[b]] += value
                continue
            length = math.sqrt(r2)
            if kind == LENNARD_JONES:
                u = length / sigma
                if u >= CUT:
                    continue
                six = 1 / (u * u * u * u * u * u)
                slope = _lennard_jones_slope(u) / sigma
                bend = (624 * six * six - 168 * six) / (u * u) / (sigma * sigma)
            else:
                if length >= sigma or length == 0:
                    continue
                slope, bend = -(1 - length / sigma) / sigma, 1 / (sigma * sigma)
            across = slope / length
            for a in range(dim):
                for b in range(dim):
                    value = (bend - across) * r[a] * r[b] / r2 + (across if a == b else 0.0)
                    out[dim * i + a, dim * i + b] += value
                    out[dim * j + a, dim * j + b] += value
                    out[dim * i + a, dim * j + b] -= value
                    out[dim * j + a, dim * i + b] -= value


@jit
def _pair_hessian(rx, ry, shape_a, shape_b, block):
    """∂²(½h²) in (r_A, θ_A, r_B, θ_B) into `block`; False where the ellipses do not overlap.

    F(z) = max over λ of f(z, λ), so F_zz = f_zz − f_zλ f_λz / f_λλ; z = (r, θ_A, θ_B).
    """
    a0, a1, a2, da = shape_a
    b0, b1, b2, db = shape_b
    big, lam, vx, vy = contact(rx, ry, a0, a1, a2, da, b0, b1, b2, db)
    if big >= 1:
        return False
    s = 1 - lam
    g, root = lam * s, math.sqrt(big)
    v = np.array([vx, vy])
    m0, m1, m2 = s * a0 + lam * b0, s * a1 + lam * b1, s * a2 + lam * b2
    inverse = np.array([[m2, -m1], [-m1, m0]]) / (m0 * m2 - m1 * m1)
    A, B = np.array([[a0, a1], [a1, a2]]), np.array([[b0, b1], [b1, b2]])
    Av, Bv, Cv = _turned(A, v), _turned(B, v), _times(B - A, v)  # A′v, B′v, (B − A)v
    MA, MB, MC = _times(inverse, Av), _times(inverse, Bv), _times(inverse, Cv)
    vAv, vBv = v[0] * Av[0] + v[1] * Av[1], v[0] * Bv[0] + v[1] * Bv[1]
    vCv = v[0] * Cv[0] + v[1] * Cv[1]
    # A″ = 2(tr A − 2A) for a two-dimensional A turned by θ
    v2, Aw, Bw = v[0] * v[0] + v[1] * v[1], _times(A, v), _times(B, v)
    vA2 = 2 * ((a0 + a2) * v2 - 2 * (v[0] * Aw[0] + v[1] * Aw[1]))
    vB2 = 2 * ((b0 + b2) * v2 - 2 * (v[0] * Bw[0] + v[1] * Bw[1]))
    one = np.array([2 * g * v[0], 2 * g * v[1], -g * s * vAv, -g * lam * vBv])
    two = np.empty((4, 4))
    mixed = np.empty(4)
    for a in range(2):
        for b in range(2):
            two[a, b] = 2 * g * inverse[a, b]
        two[a, 2] = two[2, a] = -2 * g * s * MA[a]
        two[a, 3] = two[3, a] = -2 * g * lam * MB[a]
        mixed[a] = 2 * (1 - 2 * lam) * v[a] - 2 * g * MC[a]
    two[2, 2] = -g * s * (vA2 - 2 * s * (Av[0] * MA[0] + Av[1] * MA[1]))
    two[3, 3] = -g * lam * (vB2 - 2 * lam * (Bv[0] * MB[0] + Bv[1] * MB[1]))
    two[2, 3] = two[3, 2] = 2 * g * s * lam * (Av[0] * MB[0] + Av[1] * MB[1])
    mixed[2] = -(s * s - 2 * g) * vAv + 2 * g * s * (Av[0] * MC[0] + Av[1] * MC[1])
    mixed[3] = -(2 * g - lam * lam) * vBv + 2 * g * lam * (Bv[0] * MC[0] + Bv[1] * MC[1])
    curve = -2 * (rx * vx + ry * vy) - 2 * (1 - 2 * lam) * vCv + 2 * g * (Cv[0] * MC[0] + Cv[1] * MC[1])
    h = 1 - root
    for a in range(4):
        for b in range(4):
            full = two[a, b] - mixed[a] * mixed[b] / curve
            two[a, b] = one[a] * one[b] / (4 * big) * (1 + h / root) - h * full / (2 * root)
    # r = r_B − r_A
    for a in range(2):
        for b in range(2):
            block[a, b] = block[3 + a, 3 + b] = two[a, b]
            block[a, 3 + b] = block[3 + a, b] = -two[a, b]
        for c in range(2):
            block[a, 2 + 3 * c] = block[2 + 3 * c, a] = -two[a, 2 + c]
            block[3 + a, 2 + 3 * c] = block[2 + 3 * c, 3 + a] = two[a, 2 + c]
    block[2, 2], block[5, 5], block[2, 5], block[5, 2] = two[2, 2], two[3, 3], two[2, 3], two[2, 3]
    return True


@jit
def _times(matrix, v):
    return np.array([matrix[0, 0] * v[0] + matrix[0, 1] * v[1], matrix[1, 0] * v[0] + matrix[1, 1] * v[1]])


@jit
def _turned(matrix, v):
    """A′v with A′ = JA − AJ the change of A when it turns."""
    a, b, c = matrix[0, 0], matrix[0, 1], matrix[1, 1]
    return np.array([-2 * b * v[0] + (a - c) * v[1], (a - c) * v[0] + 2 * b * v[1]])
