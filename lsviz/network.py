"""Dense networks f(w, x) with w flat, written by hand: one pass forward and one backward leave two stacks per layer.

The activations A_l (fan_in × P) and the sensitivities D_l = ∂f/∂z_l (fan_out × P) give the gradient, the tangent kernel and the
Levenberg–Marquardt step without a Jacobian. Seeds lead, features first: (S, h, P). NumPy in, NumPy out; torch in, torch out.
Conventions: Geiger et al. 2019, arXiv:1809.09349 and its code.
"""

import math
from dataclasses import dataclass, replace
from functools import cache, cached_property
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from . import xp as xps
from .experiment import tidy
from .symbols import ARGUMENTS


class Layer(NamedTuple):
    """Where one layer stands in w: weights (fan_out, fan_in), then bias (fan_out).

    `scale` is s_l of the parametrisation times the normalisation of the activation that the layer reads, so that the large arrays hold
    plain act(βz)/β. A bias is the weight of one more input, constant 1/scale: z = scale · [W b] [a; 1/scale] = scale · W a + b.
    """

    fan_in: int
    fan_out: int
    weight: slice
    bias: slice
    scale: float


class Stacks(NamedTuple):
    """What a forward pass leaves: the input of every layer, the slope act′(z) of every hidden layer, and the output."""

    inputs: list[Any]  # A_0 (d, P), or (S, d, K) after `at`; then (S, n_l, P); with biases one more row, constant 1/s_l
    slopes: list[Any]  # (S, n_l, P), l = 1..L
    f: Any  # (S, P)

    def at(self, points: Any) -> "Stacks":
        """The stacks at chosen points, `points` (S, K) of indices, each seed its own."""
        xp = xps.namespace(points)
        seeds = xp.arange(points.shape[0], device=points.device)[:, None]
        first, *rest = self.inputs
        chosen = [xp.matrix_transpose(first.T[points])] if first.ndim == 2 else [_columns(first, seeds, points)]
        return Stacks(
            chosen + [_columns(a, seeds, points) for a in rest],
            [_columns(a, seeds, points) for a in self.slopes],
            self.f[seeds, points],
        )

    def seeds(self, index: Any) -> "Stacks":
        """The stacks of some seeds only."""
        first, *rest = self.inputs
        first = first if first.ndim == 2 else first[index]
        return Stacks([first] + [a[index] for a in rest], [a[index] for a in self.slopes], self.f[index])

    def replace(self, index: Any, other: "Stacks") -> None:
        """Overwrite the seeds `index` by those of `other`, in place (numbers only, the shared first input stays)."""
        for mine, new in zip(
            [*self.inputs[1:], *self.slopes, self.f], [*other.inputs[1:], *other.slopes, other.f], strict=True
        ):
            mine[index] = new[index]


def _columns(a: Any, seeds: Any, points: Any) -> Any:
    xp = xps.namespace(a)
    return xp.matrix_transpose(a[seeds, :, points])  # advanced indices lead: (S, K, n) → (S, n, K)


@dataclass(frozen=True)
class Dense:
    """A fully connected network with L hidden layers and one linear output, made by `dense`."""

    d: int
    h: float
    L: int
    act: str = "swish"
    beta: float = 1.0
    scale: str = "standard"
    bias: bool = True

    @cached_property
    def widths(self) -> tuple[int, ...]:
        """Neurons per hidden layer: m = round(h L) in all, the first layers take what does not divide."""
        m = round(self.h * self.L)
        return tuple((m + self.L - 1 - i) // self.L for i in range(self.L))

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """Every layer's place in w."""
        layers, start = [], 0
        sizes = (self.d, *self.widths, 1)
        for i, (fan_in, fan_out) in enumerate(pairwise(sizes)):
            stop = start + fan_in * fan_out
            end = stop + (fan_out if self.bias else 0)
            layers.append(Layer(fan_in, fan_out, slice(start, stop), slice(stop, end), self._layer_scale(i, fan_in)))
            start = end
        return tuple(layers)

    def _layer_scale(self, i: int, fan_in: int) -> float:
        s = normalisation(self.act, self.beta) if i > 0 else 1.0
        if self.scale == "standard":
            return s
        return s / fan_in if self.scale == "mean_field" and i == self.L else s / math.sqrt(fan_in)

    @cached_property
    def N(self) -> int:
        """Number of weights; biases are not counted: the N of the slides."""
        return sum(layer.fan_in * layer.fan_out for layer in self.layers)

    @cached_property
    def size(self) -> int:
        """Length of w: weights and biases."""
        return self.layers[-1].bias.stop

    def init(self, seeds: Any, like: Any = None) -> Any:
        """Random parameters w (S, size), one NumPy generator per seed; biases zero.

        "standard": orthonormal rows, in independent blocks of fan_in rows if fan_out > fan_in; "ntk", "mean_field": N(0, 1).
        `like`: an array whose engine, precision and device the result takes.
        """
        w = np.stack([self._init_one(np.random.default_rng(seed)) for seed in tidy(ARGUMENTS["seeds"], seeds)])
        return w if like is None else xps.like(w, like)

    def _init_one(self, rng: np.random.Generator) -> Float[np.ndarray, " size"]:
        w = np.zeros(self.size)
        for layer in self.layers:
            draw = _orthonormal if self.scale == "standard" else _normal
            w[layer.weight] = draw(rng, layer.fan_out, layer.fan_in).ravel()
        return w

    def __call__(self, w: Float[Any, "S size"], x: Float[Any, "P d"]) -> Float[Any, "S P"]:
        """f(w, x): one number per network and point."""
        self._check(w, x)
        return self.forward(w, self.features_first(x), slopes=False).f

    def features_first(self, x: Float[Any, "*S P d"]) -> Float[Any, "*S rows P"]:
        """The points as the input of the first layer: transposed, with the row of the bias."""
        xp = xps.namespace(x)
        columns = [x, xp.full_like(x[..., :1], 1 / self.layers[0].scale)] if self.bias else [x]
        return xp.concat([xp.matrix_transpose(a) for a in columns], axis=-2)

    def _check(self, w: Any, x: Any) -> None:
        if w.ndim != 2 or w.shape[1] != self.size:
            raise ValueError(f"w: got shape {tuple(w.shape)}; allowed: (S, {self.size})")
        if x.ndim != 2 or x.shape[1] != self.d:
            raise ValueError(f"x: got shape {tuple(x.shape)}; allowed: (P, {self.d})")

    def forward(self, w: Any, points: Any, slopes: bool = True) -> Stacks:
        """The stacks at all points, given as `features_first`. Without `slopes` only f is wanted."""
        inputs, gradients = [points], []
        for i, layer in enumerate(self.layers):
            z = _product(self._weight(w, i), inputs[-1])
            if i == self.L:
                return Stacks(inputs, gradients, z[:, 0])
            gradients.append(activate(z[:, : layer.fan_out], self.act, self.beta, slopes))
            inputs.append(z)
        raise AssertionError("a network has an output layer")

    def _matrix(self, w: Any, layer: Layer) -> Any:
        """scale · W (S, fan_out, fan_in): the scale is applied here, where the array is small."""
        return _scaled(w[:, layer.weight], layer.scale).reshape(w.shape[0], layer.fan_out, layer.fan_in)

    def _weight(self, w: Any, i: int) -> Any:
        """scale · [W b] of layer i (S, fan_out, fan_in + 1), or without the column where there are no biases.

        A hidden layer has one more row, which makes the next layer's constant input 1/scale out of its own.
        """
        layer = self.layers[i]
        if not self.bias:
            return self._matrix(w, layer)
        xp = xps.namespace(w)
        hidden = i < self.L
        shape = (w.shape[0], layer.fan_out + hidden, layer.fan_in + 1)
        weight = xp.zeros(shape, dtype=w.dtype, device=w.device)
        weight[:, : layer.fan_out, : layer.fan_in] = self._matrix(w, layer)
        weight[:, : layer.fan_out, layer.fan_in] = _scaled(w[:, layer.bias], layer.scale)
        if hidden:
            weight[:, layer.fan_out, layer.fan_in] = layer.scale / self.layers[i + 1].scale
        return weight

    def sensitivities(self, w: Any, stacks: Stacks, out: Any) -> list[Any]:
        """D_l = out · ∂f/∂z_l (S, fan_out, P) for every layer, `out` (S, P) weighs the output of each point."""
        d = out[:, None, :]
        result = [d]
        for layer, slope in zip(reversed(self.layers[1:]), reversed(stacks.slopes), strict=True):
            back = xps.namespace(w).matrix_transpose(self._matrix(w, layer))
            d = (
                back * d if layer.fan_out == 1 else back @ d
            )  # one output neuron: a broadcast, cheaper than a matrix product
            d *= slope
            result.append(d)
        return result[::-1]

    def pullback(self, stacks: Stacks, sensitivities: list[Any]) -> Any:
        """Jᵀu (S, size) for sensitivities that already carry u: s_l D_l A_lᵀ for the weights, the sum over points for the bias."""
        parts = []
        for layer, a, d in zip(self.layers, stacks.inputs, sensitivities, strict=True):
            parts.append(_scaled(_outer(d, a[..., : layer.fan_in, :]), layer.scale).reshape(d.shape[0], -1))
            if self.bias:
                parts.append(_total(d))
        return xps.namespace(stacks.f).concat(parts, axis=1)

    def kernel(self, stacks: Stacks, sensitivities: list[Any]) -> Any:
        """Tangent kernel (S, P, P): Θ = Σ_l (s_l² A_lᵀ A_l + 1) ∘ (D_lᵀ D_l), the 1 only with biases. No Jacobian.

        The whole matrix at once, its sensitivities weighed as they are: what a step of Levenberg–Marquardt needs. Large ones: `kernel.ntk`.
        """
        total = None
        for layer, a, d in zip(self.layers, stacks.inputs, sensitivities, strict=True):
            xp = xps.namespace(d)
            d = _scaled(d, layer.scale)  # s_l on the small stack, not on the P × P matrices
            part = xp.matrix_transpose(d) @ d if layer.fan_out > 1 else d[:, 0, :, None] * d
            part *= xp.matrix_transpose(a) @ a
            if total is None:
                total = part
            else:
                total += part
        return total

    def derivative(self, w: Any, stacks: Stacks, dw: Any) -> Any:
        """∂f/∂w · dw (S, P), how f answers a small step dw (S, size): one forward pass beside that of `stacks`, no Jacobian."""
        moved = None
        for i, (layer, a) in enumerate(zip(self.layers, stacks.inputs, strict=True)):
            dz = _product(self._matrix(dw, layer), a[..., : layer.fan_in, :])
            if self.bias:
                dz += dw[:, layer.bias, None]
            if moved is not None:
                dz += self._matrix(w, layer) @ moved
            if i == self.L:
                return dz[:, 0]
            dz *= stacks.slopes[i]
            moved = dz
        raise AssertionError("a network has an output layer")

    def jacobian(self, stacks: Stacks, sensitivities: list[Any]) -> Any:
        """Jᵀ (S, size, P), ∂f/∂w at every point, parameters first: for small networks, where size < P."""
        count, points = stacks.f.shape
        jt = xps.namespace(stacks.f).empty((count, self.size, points), dtype=stacks.f.dtype, device=stacks.f.device)
        for layer, a, d in zip(self.layers, stacks.inputs, sensitivities, strict=True):
            place = jt[:, layer.weight].reshape(count, layer.fan_out, layer.fan_in, points)  # a view
            xps.multiply(_scaled(d, layer.scale)[:, :, None], a[..., None, : layer.fan_in, :], place)
            if self.bias:
                jt[:, layer.bias] = d
        return jt

    def within(self, wide: "Dense", w: Float[np.ndarray, "S size"]) -> Float[np.ndarray, "S size2"]:
        """The same networks as parameters of a wider one: the neurons that they lack have no weights, and get no gradient either.

        So networks of many widths are one batch. Not where the scale depends on the width, nor where act(0) ≠ 0 (all here have 0).
        """
        new, place = np.zeros((len(w), wide.size)), np.arange(wide.size)
        for mine, its in zip(self.layers, wide.layers, strict=True):
            weight = place[its.weight].reshape(its.fan_out, its.fan_in)[: mine.fan_out, : mine.fan_in]
            new[:, weight.ravel()] = w[:, mine.weight]
            new[:, place[its.bias][: mine.fan_out if self.bias else 0]] = w[:, mine.bias]
        return new

    def grow(
        self, w: Float[np.ndarray, "S size"], h: float, seeds: Any
    ) -> tuple["Dense", Float[np.ndarray, "S size2"]]:
        """A wider network with the same f: new neurons listen (random weights) but nobody listens to them (zero weights).

        ValueError unless h adds at least one neuron, or for a scale that depends on the width.
        """
        wide = dense(self.d, h, self.L, self.act, self.beta, self.scale, self.bias)
        if (
            self.scale != "standard"
            or wide.size <= self.size
            or any(a > b for a, b in zip(self.widths, wide.widths, strict=True))
        ):
            raise ValueError(f"h: got {h!r}; allowed: more than {self.h:g}, with scale 'standard' (got {self.scale!r})")
        new = wide.init(seeds)
        for old_layer, layer in zip(self.layers, wide.layers, strict=True):
            weight = new[:, layer.weight].reshape(-1, layer.fan_out, layer.fan_in)
            rows, columns = old_layer.fan_out, old_layer.fan_in
            weight[:, :rows, columns:] = 0
            weight[:, :rows, :columns] = w[:, old_layer.weight].reshape(-1, rows, columns)
            new[:, layer.weight] = weight.reshape(len(new), -1)
            new[:, layer.bias][:, :rows] = w[:, old_layer.bias]
        return wide, new


def dense(
    d: int, h: float, L: int, act: str = "swish", beta: float = 1, scale: str = "standard", bias: bool = True
) -> Dense:
    """A fully connected network: d inputs, L hidden layers of mean width h (fractions add one neuron at a time), one output.

    z_l = s_l W_l a + b_l, a = act(β z)/β normalised so that E[a²] = 1 for z ~ N(0, 1). ValueError names the bad argument.
    """
    given = dict(d=d, h=h, L=L, act=act, beta=beta, scale=scale)
    rules = {
        **ARGUMENTS,
        "d": replace(ARGUMENTS["d"], high=None),
    }  # raw pixels are fine here, not only the shipped projections
    return Dense(**{name: tidy(rules[name], value) for name, value in given.items()}, bias=bool(bias))


def width_for(N: float, d: int, L: int) -> float:
    """The width h = m/L of the network whose number of weights is nearest to N."""
    m = L
    while dense(d, (m + 1) / L, L).N < N:
        m += 1 if m < 64 * L else max(1, m // 64)
    lower, upper = dense(d, m / L, L).N, dense(d, (m + 1) / L, L).N
    return m / L if abs(lower - N) <= abs(upper - N) else (m + 1) / L


@cache
def normalisation(act: str, beta: float) -> float:
    """The factor c that makes E[(c act(βz)/β)²] = 1 for z ~ N(0, 1), by the trapezoidal rule."""
    z = np.linspace(-12, 12, 24001)
    density = np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
    a = z.copy()
    activate(a, act, beta, False)
    return float(1 / np.sqrt(np.trapezoid(a**2 * density, z)))  # a Python float: keeps float32 in float32


def activate(z: Any, act: str, beta: float, slope: bool = True) -> Any:
    """Turn z into act(βz)/β, not normalised, in place; return the slope act′(βz) (None if not wanted)."""
    xp = xps.namespace(z)
    if act == "relu" and not isinstance(z, np.ndarray):
        mask = z > 0
        z.relu_()
        return mask if slope else None
    if act == "relu":
        mask = xp.astype(z > 0, z.dtype)
        z *= mask  # cheaper than max(z, 0), and the mask is the slope
        return mask if slope else None
    if act == "swish":  # βz σ(βz)/β, with σ through tanh: no overflow
        s = xps.logistic(z if beta == 1 else z * beta)
        z *= s
        if not slope:
            return None
        rest = 1 - s
        rest *= z
        if beta != 1:
            rest *= beta
        s += rest
        return s
    if act == "tanh":
        t = xp.tanh(z * beta)
        z[...] = t / beta
        return 1 - t * t if slope else None
    e = xps.erf(z * beta)
    derivative = (2 / math.sqrt(math.pi)) * xp.exp(-((beta * z) ** 2)) if slope else None
    z[...] = e / beta
    return derivative


def _product(weight: Any, a: Any) -> Any:
    """weight (S, o, i) times a (i, P) or (S, i, P); shared points make it one matrix product for all seeds."""
    if a.ndim == 2:
        return (weight.reshape(-1, a.shape[0]) @ a).reshape(weight.shape[0], weight.shape[1], a.shape[1])
    return weight @ a


def _outer(d: Any, a: Any) -> Any:
    """d (S, o, P) times aᵀ, a (i, P) or (S, i, P)."""
    xp = xps.namespace(d)
    if a.ndim == 2:
        return (d.reshape(-1, d.shape[-1]) @ a.T).reshape(d.shape[0], d.shape[1], a.shape[0])
    if d.shape[1] == 1:
        return xp.matrix_transpose(a @ xp.matrix_transpose(d))
    return d @ xp.matrix_transpose(a)


def _total(d: Any) -> Any:
    """Sum over points (S, o), as a matrix product: four times as fast as a sum along the last axis."""
    ones = xps.namespace(d).ones_like(d[0, 0])
    return (d.reshape(-1, d.shape[-1]) @ ones).reshape(d.shape[0], d.shape[1])


def _scaled(a: Any, factor: float) -> Any:
    return a if factor == 1 else a * factor


def _normal(rng: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    return rng.standard_normal((rows, columns))


def _orthonormal(rng: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    blocks = []
    for start in range(0, rows, columns):
        count = min(columns, rows - start)
        q, r = np.linalg.qr(rng.standard_normal((columns, count)))
        blocks.append((q * np.sign(np.diag(r))).T)
    return np.concatenate(blocks)
