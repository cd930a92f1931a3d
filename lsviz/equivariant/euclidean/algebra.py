"""Irreps of O(3) and the paths of their tensor products, as e3nn has them: l with parity even (e) or odd (o), 2l + 1 numbers each."""

from typing import Any, NamedTuple

EXAMPLE = "8x0e+4x1o"
MOST = 4096  # numbers: one matrix D of that many takes 134 MB
MOST_L = 11  # e3nn's spherical harmonics end there


class Path(NamedTuple):
    """One way (l1, p1) ⊗ (l2, p2) → (l3, p3) in which a product of two tensors holds a third; p is +1 (even) or −1 (odd)."""

    l1: int
    p1: int
    l2: int
    p2: int
    l3: int
    p3: int


def irreps(text: Any, name: str = "irreps") -> Any:
    """e3nn's Irreps of a text as "8x0e+4x1o", or of what already is one.

    ValueError that names the argument `name`: for a malformed or empty text, and for more numbers than fit (their D would not).
    """
    from e3nn import o3

    try:
        found = o3.Irreps(text)
    except (ValueError, TypeError, IndexError, AttributeError, AssertionError):
        raise ValueError(
            f"{name}: got {text!r}; allowed: irreps of O(3), multiplicity x degree and parity e or o, as {EXAMPLE!r}"
        ) from None
    if found.dim == 0:
        raise ValueError(f"{name}: got {text!r}, which has no numbers; allowed: at least one irrep, as {EXAMPLE!r}")
    if found.dim > MOST:
        raise ValueError(
            f"{name}: got {str(found)[:80]!r} of {found.dim} numbers, whose matrix D would take {8e-9 * found.dim**2:.3g} GB; "
            f"allowed: at most {MOST} numbers, as {EXAMPLE!r}"
        )
    if found.lmax > MOST_L:
        raise ValueError(f"{name}: got {str(found)[:80]!r}; allowed: degrees l ≤ {MOST_L}, as {EXAMPLE!r}")
    return found


def tensor_paths(irreps1: Any, irreps2: Any, out: Any = None, l_max: int | None = None) -> tuple[Path, ...]:
    """All paths of irreps1 ⊗ irreps2: l3 = |l1 − l2| … l1 + l2, p3 = p1 p2, each once; multiplicities do not count.

    out: keep what leads to one of these irreps; l_max: keep l3 ≤ l_max. ValueError for irreps that are none.
    """
    first, second = irreps(irreps1, "irreps1"), irreps(irreps2, "irreps2")
    wanted = None if out is None else {ir for _, ir in irreps(out, "out")}
    if l_max is not None and (isinstance(l_max, bool) or l_max != int(l_max) or l_max < 0):
        raise ValueError(f"l_max: got {l_max!r}; allowed: a whole number ≥ 0, as 2")
    return tuple(
        Path(one.l, one.p, two.l, two.p, three.l, three.p)
        for one in dict.fromkeys(ir for _, ir in first)
        for two in dict.fromkeys(ir for _, ir in second)
        for three in one * two
        if (wanted is None or three in wanted) and (l_max is None or three.l <= l_max)
    )
