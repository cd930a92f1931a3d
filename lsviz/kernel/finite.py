"""Tangent kernels of finite networks: dense ones from their two stacks, any other f(w, x) by torch's automatic derivatives."""

from itertools import pairwise, starmap
from typing import Any

from jaxtyping import Float

from .. import xp as xps
from ..network import Dense
from . import checks

# Points: a tile of Θ and its factors stay in the cache, and the symmetric ones are small, for NumPy fills them up slowly.
ROWS, COLUMNS = 192, 2048
AT_ONCE = 64e6  # bytes of stacks, or of a Jacobian, that are held at once beyond the first network's


def ntk(net: Any, w: Any, x: Any, x2: Any = None) -> Float[Any, "S P P2"]:
    """Tangent kernel Θ(w, x, x′) = ∇_w f(w, x) · ∇_w f(w, x′) (S, P, P′) for w (S, size), x (P, d), x2 (P′, d).

    Without x2 that of x with itself. net: from `network.dense`: Θ = Σ_l (s_l² A_lᵀ A_l [+ 1]) ∘ (D_lᵀ D_l), tile by tile, only the lower
    triangle when it is symmetric; memory P² + P·Σ(widths), never P·N. Or any function f(w, x) → (S, P) or (S, P, 1) of torch tensors: by
    `torch.func`, for x of any shape (P, …) with a Jacobian in pieces; for x a record (a tuple) of tensors whole, and P is what f gives.
    Equation: arXiv:1806.07572, (1). ValueError for shapes that do not match, numbers that are not finite, and for a kernel that does
    not fit into memory.
    """
    if not isinstance(net, Dense):
        return _by_autograd(net, w, x, x2)
    checks.points("x", x, net.d)
    if x2 is not None:
        checks.points("x2", x2, net.d)
    net._check(w, x)
    xp = xps.namespace(w)
    other = x if x2 is None else x2
    shape = (w.shape[0], x.shape[0], other.shape[0])
    rows = x.shape[0] + (0 if x2 is None else x2.shape[0])
    one_network = 3 * sum(net.widths) * rows * w.dtype.itemsize  # activations, slopes, sensitivities
    checks.fits("x", shape, w, one_network)
    theta = xp.empty(shape, dtype=w.dtype, device=w.device)
    group = max(1, int(AT_ONCE // one_network))
    for s in range(0, w.shape[0], group):
        some = w[s : s + group]
        mine = _stacks(net, some, x)
        theirs = mine if x2 is None else _stacks(net, some, x2)
        for i in range(0, x.shape[0], ROWS):
            rows = slice(i, i + ROWS)
            edges = [*range(0, i, COLUMNS), i, i + ROWS] if x2 is None else range(0, other.shape[0] + COLUMNS, COLUMNS)
            for columns in starmap(slice, pairwise(edges)):
                tile = _tile(mine, rows, theirs, columns)
                theta[s : s + group, rows, columns] = tile
                if x2 is None:
                    theta[s : s + group, columns, rows] = xp.matrix_transpose(tile)
    return theta


def _stacks(net: Dense, w: Any, x: Any) -> tuple[list[Any], list[Any]]:
    """A_l of every layer and D_l of all but the last, where it is 1, times s_l: on the small stacks, not on the P × P matrices."""
    stacks = net.forward(w, net.features_first(x))
    sensitivities = net.sensitivities(w, stacks, xps.namespace(w).ones_like(stacks.f))[:-1]
    stacks.inputs[-1] *= net.layers[-1].scale
    for layer, d in zip(net.layers, sensitivities, strict=False):
        d *= layer.scale
    return stacks.inputs, sensitivities


def _tile(mine: tuple[list[Any], list[Any]], rows: slice, theirs: tuple[list[Any], list[Any]], columns: slice) -> Any:
    """Σ_l (A_lᵀ A_l) ∘ (D_lᵀ D_l) at some pairs of points; where both are the same, NumPy does symmetric products in half the time."""

    def product(a: Any, b: Any) -> Any:
        return xps.namespace(a).matrix_transpose(a[..., rows]) @ b[..., columns]

    total = product(mine[0][-1], theirs[0][-1])
    for a, d, a2, d2 in zip(*mine, *theirs, strict=False):
        part = product(d, d2)
        part *= product(a, a2)
        total += part
    return total


def _by_autograd(f: Any, w: Any, x: Any, x2: Any) -> Any:
    import torch

    if not callable(f):
        raise ValueError(f"net: got {type(f).__name__}; allowed: a dense network, or a function f(w, x)")
    if not isinstance(w, torch.Tensor) or w.ndim != 2:
        got = f"shape {tuple(w.shape)}" if isinstance(w, torch.Tensor) else type(w).__name__
        raise ValueError(f"w: got {got}; allowed: a torch tensor (S, size), where net is no dense network")
    for name, points in (("x", x), ("x2", x2)):
        if points is not None:
            for part in points if isinstance(points, tuple) and points else (points,):
                if not isinstance(part, torch.Tensor) or part.ndim < 1:
                    raise ValueError(f"{name}: got {type(part).__name__}; allowed: a torch tensor (P, …), as w is one")
                checks.finite(name, part)
    other = x if x2 is None else x2
    P, P2 = _items(f, w, x), _items(f, w, other)
    shape = (w.shape[0], P, P2)
    checks.fits("x", shape, w)
    theta = w.new_empty(shape)
    piece = max(1, int(AT_ONCE // (w.element_size() * w.shape[1])))
    steps = [many if isinstance(points, tuple) else piece for points, many in ((x, P), (other, P2))]

    def jacobian(one: Any, points: Any) -> Any:
        def outputs(v: Any) -> Any:
            found = f(v[None], points)
            wanted = (1, found.shape[1] if isinstance(points, tuple) and found.ndim > 1 else points.shape[0])
            if found.shape not in (wanted, (*wanted, 1)):
                raise ValueError(
                    f"net: its outputs have shape {tuple(found.shape)}; allowed: (S, P) or (S, P, 1), one number a point"
                )
            return found.reshape(-1)

        return torch.func.jacrev(outputs)(one)

    for s in range(w.shape[0]):
        for i in range(0, P, steps[0]):
            mine = jacobian(w[s], _some(x, i, piece))
            for j in range(0, i + 1 if x2 is None else P2, steps[1]):
                theirs = mine if x2 is None and i == j else jacobian(w[s], _some(other, j, piece))
                tile = mine @ theirs.T
                theta[s, i : i + steps[0], j : j + steps[1]] = tile
                if x2 is None and i != j:
                    theta[s, j : j + steps[1], i : i + steps[0]] = tile.T
    return theta


def _items(f: Any, w: Any, points: Any) -> int:
    """P: a tensor's length; of a record, how many numbers f gives."""
    if not isinstance(points, tuple):
        return points.shape[0]
    found = f(w[:1], points)
    return found.shape[1] if found.ndim > 1 else 1


def _some(points: Any, start: int, piece: int) -> Any:
    """Some of the points; a record is in one piece, for its parts belong together."""
    return points if isinstance(points, tuple) else points[start : start + piece]


def kernel_change(theta: Any, theta0: Any) -> Any:
    """ΔΘ = ‖Θ − Θ₀‖/‖Θ₀‖ (…), Frobenius norms over the last two axes (…, P, P′): arXiv:1906.08034, IV. ValueError for unlike shapes."""
    if theta.ndim < 2 or tuple(theta.shape[-2:]) != tuple(theta0.shape[-2:]):
        raise ValueError(
            f"theta: got shape {tuple(theta.shape)}; allowed: (…, P, P′) as theta0, of shape {tuple(theta0.shape)}"
        )
    xp = xps.namespace(theta, theta0)
    return _norm(xp, theta - theta0) / _norm(xp, theta0)


def _norm(xp: Any, a: Any) -> Any:
    return xp.sqrt(xp.sum(a * a, axis=(-2, -1)))


class Linearized:
    """f(w, x) of the tangent plane at w0, made by `linearized`: linear in w, so its kernel is that of w0 for ever."""

    def __init__(self, net: Any, w0: Any) -> None:
        self.net, self.w0 = net, w0

    def __call__(self, w: Any, x: Any) -> Float[Any, "S P"]:
        """f(w0, x) + ∇_w f(w0, x) · (w − w0)."""
        if w.shape != self.w0.shape:
            raise ValueError(f"w: got shape {tuple(w.shape)}; allowed: {tuple(self.w0.shape)}, as w0")
        if isinstance(self.net, Dense):
            self.net._check(w, x)
            stacks = self.net.forward(self.w0, self.net.features_first(x))
            return stacks.f + self.net.derivative(self.w0, stacks, w - self.w0)
        import torch

        return sum(torch.func.jvp(lambda v: self.net(v, x), (self.w0,), (w - self.w0,))[:2])


def linearized(net: Any, w0: Float[Any, "S size"]) -> Linearized:
    """The network replaced by its tangent plane at w0: again an f(w, x). arXiv:1902.06720, (8).

    net: from `network.dense`, or any f(w, x) of torch tensors. ValueError for w0 of another shape than the network's.
    """
    if isinstance(net, Dense) and (w0.ndim != 2 or w0.shape[1] != net.size):
        raise ValueError(f"w0: got shape {tuple(w0.shape)}; allowed: (S, {net.size})")
    return Linearized(net, w0)
