"""What the array API standard lacks: the same text runs on NumPy and on torch, and NumPy in never imports torch.

Which of the two is chosen by the arrays. An experiment makes its own, so it asks `here` for them, and `engine` says where that is.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import ModuleType
from typing import Any

import numpy as np
from array_api_compat import array_namespace, is_numpy_array

ENGINES = ("numpy", "torch", "torch:cuda")
_engine: ContextVar[str] = ContextVar("engine", default="numpy")


@contextmanager
def engine(name: str) -> Iterator[None]:
    """Within this block `here` puts arrays on the named engine; torch works with one thread, as NumPy does.

    ValueError when there is no such engine on this machine.
    """
    if name not in ENGINES:
        raise ValueError(f"engine: got {name!r}; allowed: one of {', '.join(ENGINES)}")
    if name == "numpy":
        threads = None
    else:
        try:
            import torch
        except ImportError:
            raise ValueError(f"engine: got {name!r}, but torch is not installed: pip install 'lsviz[torch]'") from None
        if name == "torch:cuda" and not torch.cuda.is_available():
            raise ValueError(f"engine: got {name!r}, but torch finds no CUDA device on this machine")
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
    token = _engine.set(name)
    try:
        yield
    finally:
        _engine.reset(token)
        if threads is not None:
            torch.set_num_threads(threads)


def here(array: Any) -> Any:
    """A NumPy array on the engine in force, in its own precision; what is no NumPy array stays where it is."""
    name = _engine.get()
    if name == "numpy" or not isinstance(array, np.ndarray):
        return array
    import torch

    return torch.asarray(array, device="cuda" if name == "torch:cuda" else "cpu")


def namespace(*arrays: Any) -> ModuleType:
    """The array namespace of the arguments (numpy, or array_api_compat's torch)."""
    if all(type(array) is np.ndarray for array in arrays):
        return np
    return array_namespace(*arrays)


def like(array: np.ndarray, reference: Any) -> Any:
    """`array` (NumPy) in the namespace, precision and on the device of `reference`."""
    if is_numpy_array(reference):
        return np.asarray(array, dtype=reference.dtype if array.dtype.kind == "f" else None)
    xp = array_namespace(reference)
    dtype = reference.dtype if array.dtype.kind == "f" else None
    return xp.asarray(array, dtype=dtype, device=reference.device)


def numpy(array: Any) -> np.ndarray:
    """`array` as NumPy, from any engine."""
    return array if isinstance(array, np.ndarray) else array.detach().cpu().numpy()


def erf(x: Any) -> Any:
    """The error function."""
    if is_numpy_array(x):
        import scipy.special

        return scipy.special.erf(x)
    return x.erf()


def logistic(x: Any) -> Any:
    """1/(1 + e^−x) through tanh: no overflow at either end. A new array."""
    s = 0.5 * x
    s = np.tanh(s, out=s) if is_numpy_array(s) else s.tanh()
    s += 1
    s *= 0.5
    return s


def multiply(a: Any, b: Any, out: Any) -> None:
    """a * b written into `out`."""
    if is_numpy_array(out):
        np.multiply(a, b, out=out)
    else:
        out[...] = a * b


def softplus(x: Any) -> Any:
    """log(1 + e^x) without overflow."""
    xp = namespace(x)
    return xp.clip(x, 0, None) + xp.log1p(xp.exp(-xp.abs(x)))


def largest(x: Any, k: int) -> Any:
    """Indices (S, k) of the k largest entries of each row of x (S, P), in rising order of index."""
    if is_numpy_array(x):
        return np.sort(np.argpartition(x, x.shape[1] - k, axis=1)[:, x.shape[1] - k :], axis=1)
    return x.topk(k, dim=1).indices.sort(dim=1).values


def solve_positive(a: Any, b: Any) -> Any:
    """Solve a u = b for symmetric positive definite a (S, K, K), b (S, K); a row of NaN where Cholesky's factorisation fails."""
    if not is_numpy_array(a):
        import torch

        factor, info = torch.linalg.cholesky_ex(a)
        u = torch.cholesky_solve(b[..., None], factor)[..., 0]
        return torch.where((info == 0)[:, None], u, torch.nan)
    from scipy.linalg import get_lapack_funcs

    (solve,) = get_lapack_funcs(
        ("posv",), (a, b)
    )  # half the time of numpy.linalg.solve, and one failure leaves the other seeds alone
    u = np.empty_like(b)
    for one, rhs, row in zip(a, b, u, strict=True):
        _, solution, info = solve(one, rhs, lower=True)
        row[...] = solution if info == 0 else np.nan
    return u
