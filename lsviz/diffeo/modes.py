"""The sine waves of a random deformation, how strong each is, and the checks that all functions of the chapter share."""

import math
import operator
from functools import lru_cache
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from ..experiment import tidy
from ..symbols import ARGUMENTS

SHARE = 32  # neighbours that share a generator
# The second half of a generator's key says whose numbers it draws; below these are the seeds whose images have a field each.
SEEDS, NOISE = 2**64 - 1, 2**64 - 2


class Modes(NamedTuple):
    """All waves sin(iπx) sin(jπy) up to the cutoff, longest first: a larger cutoff appends to those of a smaller one."""

    i: np.ndarray
    j: np.ndarray
    weight: np.ndarray  # 1/√(i² + j²): the standard deviation at T = 1
    flat: np.ndarray  # place in a c × c table, row i, column j


@lru_cache(maxsize=64)
def modes(c: int) -> Modes:
    """The waves with √(i² + j²) < c + ½: the rule of the authors' code (their paper: i² + j² ≤ c², which lacks some at the rim)."""
    i, j = (table.ravel() for table in np.meshgrid(np.arange(1, c + 1), np.arange(1, c + 1), indexing="ij"))
    square = i * i + j * j
    order = np.argsort(square, kind="stable")
    order = order[np.sqrt(square[order]) < c + 0.5]
    return Modes(i[order], j[order], 1 / np.sqrt(square[order]), (i[order] - 1) * c + j[order] - 1)


def draws(c: int, members: Any, family: int) -> Float[np.ndarray, "K 2 waves"]:
    """Coefficients C_ij at T = 1 of the two components of a field for every member of a family, N(0, 1/(i² + j²)).

    Neighbours share a NumPy generator, `Generator(Philox(key=[member // 32, family]))`, which draws for each wave in turn; so a
    member has the same numbers whoever is drawn beside it, and its long waves stay when c grows. (A generator for each would take
    longer to make than all that is done with it.)
    """
    found = modes(c)
    waves = 2 * found.i.size
    bits = np.random.Philox(0)
    normal = np.random.Generator(bits).standard_normal
    key = [0, family]
    state: Any = {**bits.state, "state": dict(counter=(0, 0, 0, 0), key=key), "buffer": (0, 0, 0, 0), "buffer_pos": 4}
    blocks: dict[int, int] = {}
    places = [blocks.setdefault(member // SHARE, len(blocks)) * SHARE + member % SHARE for member in members]
    tables = np.empty((len(blocks), waves, SHARE))
    for block, table in zip(blocks, tables, strict=True):
        key[0] = block
        bits.state = state
        normal(out=table)
    drawn = tables.transpose(0, 2, 1).reshape(-1, waves)[places]
    return drawn.reshape(len(places), -1, 2).transpose(0, 2, 1) * found.weight


def sines(c: int, n: int) -> Float[np.ndarray, "c n"]:
    """sin(iπx) for i = 1..c at the n pixels from border to border, where it is exactly zero."""
    table = np.sin(math.pi * np.arange(1, c + 1)[:, None] * np.linspace(0, 1, n))
    table[:, [0, -1]] = 0
    return table


def slopes(c: int, n: int) -> Float[np.ndarray, "c n"]:
    """iπ cos(iπx), the derivative of `sines`."""
    i = math.pi * np.arange(1, c + 1)[:, None]
    table = i * np.cos(i * np.linspace(0, 1, n))
    return table


FEW, SMALL = (
    8,
    128,
)  # waves, and pixels a side, up to which a table of whole waves is shorter work than two of their sines


def superpose(
    C: Float[np.ndarray, "K 2 waves"],
    c: int,
    n: int,
    along: tuple[bool, bool] = (False, False),
    xp: ModuleType = np,
    dtype: Any = None,
) -> Float[Any, "K 2 n n"]:
    """Σ_ij C_ij X_i(x) Y_j(y) on n × n points: rows are y, columns x. Two matrix products for all together, or one for few waves.

    along: whether the derivative along x, and along y, is wanted instead of the sine.
    """
    found, tables = modes(c), _tables(c, n, along, xp, dtype)
    shape = (*C.shape[:2], n, n)
    if len(tables) == 1:
        return (_in(C.reshape(-1, found.i.size), xp, dtype) @ tables[0]).reshape(shape)
    spread = np.zeros((C.shape[0] * 2, c * c))
    spread[:, found.flat] = C.reshape(-1, found.i.size)
    along_x, along_y = tables
    partial = (_in(spread.reshape(-1, c), xp, dtype) @ along_y).reshape(-1, c, n).swapaxes(1, 2)
    return (partial.reshape(-1, c) @ along_x).reshape(shape)


@lru_cache(maxsize=32)
def _tables(c: int, n: int, along: tuple[bool, bool], xp: ModuleType, dtype: Any) -> tuple[Any, ...]:
    """X_i(x) and Y_j(y), or their products for every wave."""
    found = modes(c)
    X, Y = (slopes(c, n) if derive else sines(c, n) for derive in along)
    if found.i.size <= FEW and n <= SMALL:
        return (_in((Y[found.j - 1, :, None] * X[found.i - 1, None, :]).reshape(-1, n * n), xp, dtype),)
    return _in(X, xp, dtype), _in(Y, xp, dtype)


def _in(array: np.ndarray, xp: ModuleType, dtype: Any) -> Any:
    """A NumPy array in another library and precision."""
    if xp is np:
        return array if dtype is None else array.astype(dtype, copy=False)
    return xp.tensor(array, dtype=dtype or xp.float64)


def seeds_of(seeds: Any) -> Any:
    """The seeds as numbers, a count n meaning range(n). ValueError names them."""
    if isinstance(seeds, range) and 0 < len(seeds) <= 4096 and seeds[0] >= 0 <= seeds[-1]:
        return seeds
    tidied = tidy(ARGUMENTS["seeds"], seeds)
    if max(tidied) >= NOISE:
        raise ValueError(f"seeds: got {max(tidied)}; allowed: whole numbers below {NOISE}")
    return tidied


def temperature_of(T: Any, name: str = "T") -> float:
    """A temperature, or another number ≥ 0. ValueError names it."""
    try:
        value = float(T)
    except (TypeError, ValueError):
        value = math.nan
    if not 0 <= value < math.inf:
        raise ValueError(f"{name}: got {T!r}; allowed: a number ≥ 0")
    return value


def cutoff_of(c: Any, least: int = 1) -> int:
    """A cutoff, from `least` on: 2 where ln c must be positive. ValueError names it."""
    why = " (its logarithm stands in a denominator)" if least == 2 else ""
    return _whole("c", c, least, 500, why)


def pixels_of(n: Any) -> int:
    """Pixels along a side. ValueError names them."""
    return _whole("n", n, 3, 4096, "")


def _whole(name: str, value: Any, low: int, high: int, why: str) -> int:
    try:
        number = (
            int(value) if isinstance(value, (float, np.floating)) and value == int(value) else operator.index(value)
        )
    except (TypeError, ValueError, OverflowError):
        number = low - 1
    if isinstance(value, bool) or not low <= number <= high:
        raise ValueError(f"{name}: got {value!r}; allowed: a whole number from {low} to {high}{why}")
    return number
