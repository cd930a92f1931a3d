"""Any module of torch or e3nn as a function f(w, x) of one flat w, as kernels, batches of seeds and descents here want it."""

import math
from contextlib import nullcontext
from typing import Any

import numpy as np
from jaxtyping import Float

from ...experiment import tidy
from ...nets.forward import one_thread
from ...symbols import ARGUMENTS
from .building import in_double
from .records import as_tensors

KEPT = ("bias",)  # e3nn starts them at 0


class Flat:
    """A function f(w, x) made by `flat`: w holds all parameters of `module` one after another, in its order."""

    def __init__(self, module: Any, irreps_out: Any) -> None:
        self.module, self.irreps_out = module, irreps_out
        self.shapes = {name: tuple(p.shape) for name, p in module.named_parameters()}
        self.N = sum(map(math.prod, self.shapes.values()))
        self._buffers: dict[tuple[Any, Any], dict[str, Any]] = {}

    def __repr__(self) -> str:
        out = f", irreps_out={self.irreps_out}" if self.irreps_out is not None else ""
        return f"Flat({type(self.module).__name__}, N={self.N}{out})"

    def init(self, seeds: Any) -> Float[np.ndarray, "S N"]:
        """Random parameters, a generator a seed: layers of torch by their own `reset_parameters`, e3nn's weights standard normal, its
        biases 0, as e3nn itself does. A seed's numbers do not depend on the others.
        """
        return np.stack([self._init_one(np.random.default_rng(seed)) for seed in tidy(ARGUMENTS["seeds"], seeds)])

    def _init_one(self, rng: np.random.Generator) -> Float[np.ndarray, " N"]:
        import torch

        with in_double(int(rng.integers(2**62))), torch.no_grad():
            for module in reversed(list(self.module.modules())):  # a part before the whole, which may draw again
                draw = _own_draw(module)
                if draw is not None:
                    draw()
                    continue
                for name, parameter in module.named_parameters(recurse=False):
                    if name not in KEPT and not _normalises(module):
                        parameter.copy_(torch.from_numpy(rng.standard_normal(tuple(parameter.shape))))
            return torch.cat([p.reshape(-1) for p in self.module.parameters()]).double().numpy().copy()

    def __call__(self, w: Any, x: Any) -> Any:
        """f(w, x): w (N,) gives (items, …), w (S, N) gives (S, items, …), all seeds as one program (torch.func.vmap).

        x: what the module takes: an array, a record, or a plain tuple of several arguments. NumPy in, NumPy out, no gradient; if any
        of it is a tensor of torch, so is the answer, and grad, jacrev and vmap of torch.func go through. ValueError for a w of another
        length.
        """
        import torch
        from torch.utils import _pytree as pytree

        if getattr(w, "ndim", 0) not in (1, 2) or w.shape[-1] != self.N:
            raise ValueError(f"w: got shape {tuple(getattr(w, 'shape', ()))}; allowed: ({self.N},) or (S, {self.N})")
        tensors = [leaf for leaf in pytree.tree_leaves((w, x)) if isinstance(leaf, torch.Tensor)]
        if not isinstance(w, torch.Tensor):
            like = next((t for t in tensors if t.is_floating_point()), None)
            w = torch.from_numpy(np.array(w, None if w.dtype.kind == "f" else float))
            w = w if like is None else w.to(like.device, like.dtype)
        x = as_tensors(x, w)
        with one_thread(), nullcontext() if tensors else torch.no_grad():
            out = self._one(w, x) if w.ndim == 1 else torch.func.vmap(self._one, (0, None))(w, x)
        return out if tensors else out.numpy()

    def _one(self, w: Any, x: Any) -> Any:
        import torch

        pieces = w.split([math.prod(shape) for shape in self.shapes.values()])
        named = {name: piece.view(shape) for (name, shape), piece in zip(self.shapes.items(), pieces, strict=True)}
        arguments = x if type(x) is tuple else (x,)
        return torch.func.functional_call(self.module, {**named, **self._constants(w)}, arguments)

    def _constants(self, w: Any) -> dict[str, Any]:
        """The module's buffers in the precision and on the device of w."""
        key = (w.dtype, w.device)
        if key not in self._buffers:
            self._buffers[key] = {
                name: b.to(w.device, w.dtype) if b.is_floating_point() else b.to(w.device)
                for name, b in self.module.named_buffers()
            }
        return self._buffers[key]


def flat(module: Any, irreps_out: Any = None) -> Flat:
    """The module as f(w, x). Build it inside `in_double()`: e3nn keeps its constants in the precision in which it is built.

    irreps_out: how its last axis turns, told to whoever asks `.irreps_out`. ValueError for what is no module, has no parameters, or has
    parameters of its own that nothing here knows how to draw: give it a `reset_parameters()`.
    """
    from torch import nn

    from .algebra import irreps

    if not isinstance(module, nn.Module):
        raise ValueError(f"module: got {type(module).__name__}; allowed: a torch module, as torch.nn.Linear(3, 1)")
    if not any(p.numel() for p in module.parameters()):
        raise ValueError(
            f"module: got {type(module).__name__} without parameters; allowed: one with, as torch.nn.Linear(3, 1)"
        )
    for part in module.modules():
        own = [name for name, p in part.named_parameters(recurse=False)]
        if own and _own_draw(part) is None and not type(part).__module__.startswith("e3nn."):
            raise ValueError(
                f"module: got {type(part).__name__} with parameters {', '.join(own)} that nothing draws; allowed: modules of torch or "
                "e3nn, or one with a method reset_parameters()"
            )
    return Flat(module.double().eval(), None if irreps_out is None else irreps(irreps_out, "irreps_out"))


def _own_draw(module: Any) -> Any:
    """The method by which a module draws its parameters anew, if it has one."""
    return getattr(module, "reset_parameters", None) or getattr(module, "_reset_parameters", None)


def _normalises(module: Any) -> bool:
    from e3nn.nn import BatchNorm

    return isinstance(module, BatchNorm)
