"""How the tests run: what belongs together in one process; and annotations checked by what they need."""

import functools
import gc
import inspect
import typing
from typing import Any

import jaxtyping
import pytest


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With `-n`, hand out tests one by one, but notebooks and sweeps whole (they share a kernel, a cluster), and an app's to one
    process, which remembers what it computed."""
    from xdist.scheduler import LoadScopeScheduling

    class Together(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file, _, test = nodeid.partition("::")
            if file.endswith("test_apps.py") and test.endswith("]"):
                return test.partition("[")[2]
            return file if file.endswith((".ipynb", "test_sweep.py")) else nodeid

    return Together(config, log)


def pytest_collection_finish() -> None:
    """What is imported by now stays: the collector need not walk through it hundreds of times, and need not come so often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def _has_arrays(annotation: Any) -> bool:
    """Whether an annotation speaks of arrays; one in quotes may."""
    if isinstance(annotation, str):
        return "[" in annotation
    if inspect.isclass(annotation) and issubclass(annotation, jaxtyping.AbstractArray):
        return True
    return any(map(_has_arrays, typing.get_args(annotation)))


def _jaxtyped(of: Any = None, *, typechecker: Any) -> Any:
    """jaxtyping's decorator where there are arrays; elsewhere its type checker alone: the same checks, without the book of
    shapes that jaxtyping keeps for every call, which took half of the tests' time."""
    if of is None:
        return functools.partial(_jaxtyped, typechecker=typechecker)
    if not inspect.isfunction(of) or any(map(_has_arrays, of.__annotations__.values())):
        return _JAXTYPED(of, typechecker=typechecker)
    checked = typechecker(of)

    @functools.wraps(of)
    def call(*args: Any, **kwargs: Any) -> Any:
        return (of if jaxtyping.config.jaxtyping_disable else checked)(*args, **kwargs)

    return call


# The import hook of `--jaxtyping-packages` asks for the decorator by this name.
_JAXTYPED, jaxtyping.jaxtyped = jaxtyping.jaxtyped, _jaxtyped
