"""Digits on a sphere, learned upright, asked in all orientations: by a network that minds turns, one invariant, and one equivariant."""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from ... import data
from ...experiment import Table, experiment
from ...nets.forward import one_thread
from .building import in_double
from .flattened import Flat, flat
from .spheres import degree_rms
from .voxels import gated

NETWORKS = ("mlp", "power_spectrum", "tensor_product")
CLASSES = 10
BATCH = 50
RATE = 1e-2
LOOKS = 11  # steps at which the accuracy is told
WIDTH = 64  # of the plain networks
MIDDLE = 4  # degrees of the products that the tensor network keeps
RINGS = 60  # of the grid on the sphere
TRAIN, TEST, ORDER = 0, 1, 2  # generators: turns of training digits, of those asked, order of the batches


@experiment(cost="watch")
def rotated_digits(
    *,
    network: str = "tensor_product",
    P: int = 500,
    trained_on: str = "upright",
    l_max: int = 8,
    steps: int = 200,
    P_test: int = 500,
    seeds: Any = 2,
) -> Iterator[Table]:
    """Which digit is it? Networks trained on P of them on the sphere, upright or each turned at random, and asked about others, both ways.

    (step, seed): loss, the mean cross entropy of the last batch; accuracy_upright and accuracy_turned over the same P_test digits, as
    they stand and each turned at random. Scalar N. A digit a_lm of degrees up to l_max, on the lower half of the sphere (`on_sphere`),
    is turned by Wigner's D on its coefficients, without any interpolation; each degree is divided by its root mean square over the
    training digits, which no turn changes.

    network: mlp, of the coefficients; power_spectrum, an mlp of Σ_m a_lm²/(2l + 1), which forgets how degrees stand to each other;
    tensor_product, h = gate(W (a ⊗ a)), then 32 invariants of h ⊗ h, then the ten classes: invariant by construction as well.
    Adam at 1e-2 falling to 0 as a cosine, batches of 50, the same for all seeds. Turned digits in training: each has one turn.
    Cohen, Geiger, Köhler, Welling 2018, arXiv:1801.10130, have this task. ValueError for another network.
    """
    looks = np.unique(np.linspace(0, steps, LOOKS).round().astype(int))
    table = Table(step=looks, seed=seeds)
    for name in ("loss", "accuracy_upright", "accuracy_turned"):
        table.add(name, "step seed")
    table.add("N")
    if network not in NETWORKS:
        raise ValueError(f"network: got {network!r}; allowed: one of {', '.join(NETWORKS)}")
    if l_max < 1:
        raise ValueError(f"l_max: got {l_max}; allowed: 1 to 11: a mean over the sphere knows no digit, as 8")
    yield table  # before e3nn is there

    import torch

    train, asked = data.images("mnist", P=P), data.images("mnist", P=P_test, split="test")
    upright, test = on_sphere(train.x, l_max), on_sphere(asked.x, l_max)
    size = degree_rms(upright)
    shown = turn_each(upright, TRAIN) if trained_on == "turned" else upright
    f, look_at = chosen(network, l_max)
    table.set(N=f.N)
    x, *tests = (torch.from_numpy(look_at(a / size)) for a in (shown, test, turn_each(test, TEST)))
    label, wanted = torch.from_numpy(train.label.astype(int)), torch.from_numpy(asked.label.astype(int))
    yield table

    w = torch.from_numpy(f.init(seeds))
    batches = _batches(P, steps)
    mean, square = torch.zeros_like(w), torch.zeros_like(w)
    for step in range(steps + 1):
        if step:
            rows = torch.from_numpy(batches[step - 1])
            loss, gradient = _loss(f, w, x[rows], label[rows])
            rate = RATE * 0.5 * (1 + np.cos(np.pi * (step - 1) / steps))
            mean.lerp_(gradient, 0.1)
            square.lerp_(gradient**2, 0.001)
            w = w - rate / (1 - 0.9**step) * mean / ((square / (1 - 0.999**step)).sqrt() + 1e-8)
        if step in looks:
            k = int(np.searchsorted(looks, step))
            if step:
                table.loss[k] = loss.numpy()
            for name, points in zip(("upright", "turned"), tests, strict=True):
                with torch.no_grad():
                    found = (f(w, points).argmax(-1) == wanted).double().mean(1).numpy()
                getattr(table, f"accuracy_{name}")[k] = found
        yield table.set(progress=(step + 1) / (steps + 2))


def on_sphere(images: Float[np.ndarray, "P n n"], l_max: int) -> Float[np.ndarray, "P coefficients"]:
    """Coefficients a_lm, l ≤ l_max, of pictures on the lower half of the sphere (y < 0), in e3nn's order, real and orthonormal Y_lm.

    A point (x, y, z) of the sphere sees the picture at (x, z)/(1 − y), stereographic projection from the pole +y: the equator is the
    circle that touches the picture's sides, and what lies outside it is lost. Rows run along z, columns along x, linear between pixels;
    60 × 119 places on the sphere. a = picture · matrix, which is kept.
    """
    return images.reshape(len(images), -1) @ _projection(images.shape[-1], l_max)


@lru_cache(maxsize=4)
def _projection(n: int, l_max: int) -> Float[np.ndarray, "pixels coefficients"]:
    import torch
    from e3nn import o3

    with in_double(), torch.no_grad():
        analysis = o3.FromS2Grid((RINGS, 2 * RINGS - 1), l_max, normalization="integral")
        x, y, z = analysis.grid.numpy()[analysis.grid[..., 1].numpy() < 0].T
        ring, place = np.nonzero(analysis.grid[..., 1].numpy() < 0)
        row, column = ((1 + across / (1 - y)) / 2 * (n - 1) for across in (z, x))
        top, left = (np.clip(np.floor(at).astype(int), 0, n - 2) for at in (row, column))
        seen = torch.zeros(n * n, *analysis.grid.shape[:2])
        for down in (0, 1):
            for right in (0, 1):
                share = np.abs(1 - down - (row - top)) * np.abs(1 - right - (column - left))
                seen[(top + down) * n + left + right, ring, place] = torch.from_numpy(share)
        return analysis(seen).numpy()


def turn_each(a: Float[np.ndarray, "P coefficients"], seed: int) -> Float[np.ndarray, "P coefficients"]:
    """Each function turned by a turn of its own, uniform over SO(3), drawn by the generator of `seed`: the first are the first of more."""
    import torch
    from e3nn import o3

    draws = np.random.default_rng(seed).random((len(a), 3))
    alpha, gamma = (torch.from_numpy(2 * np.pi * draws[:, k]) for k in (0, 2))
    beta = torch.from_numpy(np.arccos(1 - 2 * draws[:, 1]))
    turned = a.copy()
    with in_double(), torch.no_grad():
        for l in range(1, round(a.shape[1] ** 0.5)):
            part = slice(l * l, (l + 1) ** 2)
            turned[:, part] = np.einsum("pij,pj->pi", o3.wigner_D(l, alpha, beta, gamma).numpy(), a[:, part])
    return turned


@lru_cache(maxsize=8)
def chosen(network: str, l_max: int) -> tuple[Flat, Callable[[Any], Any]]:
    """One of `NETWORKS`, and what it looks at: from coefficients (P, (l_max + 1)²) in units of their degree to the x of f(w, x)."""
    import torch
    from e3nn import o3
    from torch import nn

    def plain(inputs: int) -> Flat:
        with in_double():
            return flat(nn.Sequential(nn.Linear(inputs, WIDTH), nn.SiLU(), nn.Linear(WIDTH, CLASSES)))

    if network == "mlp":
        return plain((l_max + 1) ** 2), lambda a: a
    if network == "power_spectrum":
        return plain(l_max + 1), power
    signal = o3.Irreps([(1, (l, 1)) for l in range(l_max + 1)])
    kept = [o3.Irrep(l, 1) for l in range(min(l_max, MIDDLE) + 1)]
    with in_double():
        product = o3.TensorSquare(signal, filter_ir_out=kept)
        gate = gated(o3.Irreps([(16 if ir.l == 0 else 8, ir) for ir in kept]))
        invariants = o3.Irreps("32x0e")
        body = _network()(product.irreps_out, gate, invariants)

    def products(a: Any) -> Any:
        """a ⊗ a in all ways: no weight is in them, so they are made once. W (a ⊗ a) with all W is a fully connected product."""
        with torch.no_grad(), one_thread():
            blocks = [product(torch.from_numpy(b)) for b in np.array_split(a, -(-len(a) // 500))]
        return torch.cat(blocks).numpy()

    return flat(body), products


def power(a: Float[np.ndarray, "P coefficients"]) -> Float[np.ndarray, "P degrees"]:
    """Σ_m a_lm²/(2l + 1)."""
    l_max = round(a.shape[1] ** 0.5) - 1
    return np.stack([(a[:, l * l : (l + 1) ** 2] ** 2).mean(1) for l in range(l_max + 1)], 1)


@lru_cache(maxsize=1)
def _network() -> Any:
    from e3nn import o3
    from torch import nn

    class Products(nn.Module):
        """gate(W (a ⊗ a)), invariants of its product with itself, and ten classes."""

        def __init__(self, before: Any, gate: Any, invariants: Any) -> None:
            super().__init__()
            self.first, self.gate = o3.Linear(before, gate.irreps_in), gate
            self.second = o3.FullyConnectedTensorProduct(gate.irreps_out, gate.irreps_out, invariants)
            self.act, self.end = nn.SiLU(), nn.Linear(invariants.dim, CLASSES)

        def forward(self, x: Any) -> Any:
            h = self.gate(self.first(x))
            return self.end(self.act(self.second(h, h)))

    return Products


def _batches(P: int, steps: int) -> Int[np.ndarray, "steps batch"]:
    """Points of each step, all before any comes again."""
    rng, size = np.random.default_rng(ORDER), min(BATCH, P)
    epochs = -(-steps // (P // size))
    order = [rng.permutation(P)[: P // size * size].reshape(-1, size) for _ in range(epochs)]
    return np.concatenate(order)[:steps]


def _loss(f: Flat, w: Any, x: Any, label: Any) -> tuple[Any, Any]:
    """Cross entropy (S,) and its gradient (S, N)."""
    import torch

    with one_thread(), torch.enable_grad():
        v = w.detach().requires_grad_(True)
        out = f(v, x)
        loss = torch.nn.functional.cross_entropy(out.flatten(0, 1), label.repeat(len(w)), reduction="none")
        each = loss.reshape(len(w), -1).mean(1)
        (gradient,) = torch.autograd.grad(each.sum(), v)
    return each.detach(), gradient
