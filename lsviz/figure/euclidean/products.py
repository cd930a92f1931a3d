"""Two vectors and their products before and after a turn, and the paths of a tensor product of chosen irreps."""

from typing import Any

import numpy as np

from ..bodies import Body, arrows, axes, caption, surface
from ..diffeo.marks import axes_at
from ..stage import Context, Draw, Stage
from .marks import Key, Matrix, Numbers, fate, first, irrep, kept_of, title

SIGNS = ("a", "b", "a·b", "a × b", "matrix")
LIMIT, APART = 1.25, 1.9
MOST = 6  # irreps on a side of the table
KINDS = {"polar": ("o", "o"), "mixed": ("e", "o"), "axial": ("e", "e")}


def bodies(ds: Any, values: dict[str, Any]) -> list[Body]:
    """a, b (blue, green), a × b (orange) and the surface x̂ᵀT x̂ of the matrix (orange where < 0).

    What changes its sign with every coordinate turns with the object; what does not, a × b of two arrows, stands where the answer says.
    """
    room = [axes(1.5)]
    if not np.isfinite(first(ds, "a_turned")).all():
        return room
    odd = KINDS[str(values.get("vectors", "polar"))]
    found = list(room)
    now = [first(ds, "a_turned"), first(ds, "b_turned"), first(ds, "product_after")[1:4]]
    still = [first(ds, "vector_a"), first(ds, "vector_b"), first(ds, "product_before")[1:4]]
    arrow = [odd[0] == "o", odd[1] == "o", odd[0] != odd[1]]
    for name, colour, here, own, turns in zip(("a", "b", "a × b"), ("blue", "green", "orange"), now, still, arrow):
        at = own if turns else here
        if np.linalg.norm(at) > 1e-9:
            found.append(arrows((0, 0, 0), at[None], colour=colour, width=0.05 if name != "a × b" else 0.07, fixed=not turns))
            found.append(caption(name, at * (1 + 0.16 / np.linalg.norm(at)), colour=colour, fixed=not turns))
    polar, around = np.meshgrid(np.linspace(0, np.pi, 24), np.linspace(0, 2 * np.pi, 48, endpoint=False), indexing="ij")
    x = np.stack([np.sin(polar) * np.sin(around), np.cos(polar), np.sin(polar) * np.cos(around)], -1)
    r = np.einsum("pai,ij,paj->pa", x, first(ds, "traceless"), x)
    r = -r if odd[0] != odd[1] and values.get("mirror") == "yes" else r  # an odd matrix, of which the scene inverts the places alone
    return [*found, surface(np.abs(r)[..., None] * x, values=r, opacity=0.45)]


def tensor_product(stage: Stage) -> Draw:
    """a, b and the nine numbers of a ⊗ b by irrep, before and after; the traceless matrix; which l₃ each pair of irreps leads to."""
    W, H = stage.width, stage.height
    if stage.narrow:
        top = axes_at(stage, 34, 44, W - 44, 150, "vectors")
        square = axes_at(stage, 34, 286, 72, 72, "matrix")
        table = axes_at(stage, 12, 398, W - 22, 186, "paths")
        beside, words = 124.0, 292.0
    else:
        top = axes_at(stage, 40, 50, 0.5 * W - 40, H - 150, "vectors")
        table = axes_at(stage, 0.54 * W, 34, 0.45 * W, 190, "paths")
        square = axes_at(stage, 0.54 * W + 24, 302, 72, 72, "matrix")
        beside, words = 0.54 * W + 114, 300.0
    numbers = Numbers(stage, top, 5, LIMIT, gap=APART)
    matrix = Matrix(stage, square, [1, 1, 1], ["x", "y", "z"], 1.08)
    head = title(stage, top, "")
    title(stage, square, "traceless matrix, after the turn")
    told = "$(ab^T + ba^T)/2 - (a{\\cdot}b/3)\\,1$:\nthe numbers of $l = 2$;\nblue +, orange −"
    stage.figure.text(beside / W, 1 - words / H, told, va="top", color=stage.colours.faint, linespacing=1.3)
    paths = Paths(stage, table)
    key = Key(stage, H - (58 if stage.narrow else 50), "before", "after, obtained", "predicted: $D(g)\\,(a ⊗ b)$")

    def draw(ds: Any, context: Context) -> None:
        odd = KINDS[str(context.values.get("vectors", "polar"))]
        parity = "e" if odd[0] == odd[1] else "o"
        named = [(f"1{odd[0]}", 3), (f"1{odd[1]}", 3), *((f"{l}{parity}", 2 * l + 1) for l in range(3))]
        before, after, predicted = numbers_of(ds)
        feet, end = [], 0
        for sign, (_, size) in zip(SIGNS, named):
            here = slice(end, end := end + size)
            feet.append(f"{sign}\n{fate(before[here], after[here], predicted[here] if end > 6 else after[here], 1.0)}")
        head.set_text(f"two vectors, {named[0][0]} and {named[1][0]}, and a ⊗ b")
        old = kept_of(context)
        numbers.set(named, before, after, predicted, feet, None if old is None else numbers_of(old)[1])
        matrix.set(first(ds, "traceless_turned"))
        paths.set(ds)
        key.set(context)

    return draw


def numbers_of(ds: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """a, b and the nine products, one after another: before, after, and predicted (of the products alone)."""
    before = [first(ds, name) for name in ("vector_a", "vector_b", "product_before")]
    after = [first(ds, name) for name in ("a_turned", "b_turned", "product_after")]
    return np.concatenate(before), np.concatenate(after), np.concatenate([np.full(6, np.nan), first(ds, "product_predicted")])


class Paths:
    """A table: rows are irreps of the first tensor, columns of the second; in each cell the l₃ they lead to and its parity."""

    def __init__(self, stage: Stage, ax: Any):
        self.stage, self.ax = stage, ax
        ax.set(xlim=(0, 1), ylim=(1, 0), xticks=[], yticks=[])
        for spine in ax.spines.values():
            spine.set_visible(False)
        self.head = title(stage, ax, "", 6, 0)
        words = "in each cell: $l_3$ and parity, e even or o odd"
        told = stage.figure.text(ax.get_position().x0, ax.get_position().y0 - 6 / stage.height, words, va="top", color=stage.colours.faint)
        if not stage.narrow and stage.width < 880:
            told.set_fontsize(9)
        write = [[ax.text(0, 0, "", ha="center", va="center") for _ in range(MOST + 1)] for _ in range(MOST + 1)]
        self.cells = write
        stage.actor([cell for row in write for cell in row])

    def set(self, ds: Any) -> None:
        known = np.isfinite(ds.l_product.values)
        columns = ("l_first", "p_first", "l_second", "p_second", "l_product", "p_product")
        paths = np.stack([ds[name].values[known] for name in columns], -1)
        rows, across = (sorted({irrep(*path[side : side + 2]) for path in paths})[:MOST] for side in (0, 2))
        leads: dict[tuple[str, str], list[tuple[int, float]]] = {}
        for path in paths:
            leads.setdefault((irrep(*path[:2]), irrep(*path[2:4])), []).append((int(path[4]), path[5]))
        count = ds.path_count.values
        self.head.set_text(f"paths of first ⊗ second: {int(count)}" if np.isfinite(count) else "paths")
        step, wide = 1 / (MOST + 1), 1 / (max(len(across), 3) + 1)
        for i, row in enumerate(self.cells):
            for j, cell in enumerate(row):
                there = i <= len(rows) and j <= len(across) and (i or j)
                words, p = "", np.nan
                if there and i and j:
                    found = leads.get((rows[i - 1], across[j - 1]), [])
                    words, p = listed([l for l, _ in found]), found[0][1] if found else np.nan
                    words += "" if np.isnan(p) else f" {'e' if p > 0 else 'o'}"
                elif there:
                    words = f"{rows[i - 1]} ⊗" if i else across[j - 1]
                cell.set_text(words)
                cell.set_position(((j + 0.5) * wide, (i + 0.5) * step))
                colours = self.stage.colours
                shade = colours.ink if np.isnan(p) else colours.satisfied if p > 0 else colours.wrong
                cell.set_color(shade if i and j else colours.ink)
                cell.set_weight("normal" if i and j else "bold")
                cell.set_visible(bool(words))


def listed(degrees: list[int]) -> str:
    """0, 1, 2, 3 → "0–3"; 0, 2, 4 → "0,2,4"; none → a dot."""
    if not degrees:
        return "·"
    if len(degrees) > 2 and degrees == list(range(degrees[0], degrees[-1] + 1)):
        return f"{degrees[0]}–{degrees[-1]}"
    return ",".join(map(str, degrees))
