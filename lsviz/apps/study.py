"""The stored study of networks, R_f against the test error, called like an experiment; and what is said of it."""

from collections.abc import Generator
from functools import cache
from typing import Any

import numpy as np

from .. import sweep
from ..diffeo import AUTHORS
from ..diffeo.chosen import correlations
from ..experiment import Cost, tidy
from ..symbols import ARGUMENTS, NETS

SWEEP = "stability_study"
NAMES = {
    "fc1": "fully connected, one layer", "fc3": "fully connected, three layers", "conv": "convolutions, no pooling",
    "stride": "convolutions with stride", "lenet": "LeNet", "vgg": "small VGG", "resnet": "small ResNet",
}  # fmt: skip
NAMES |= {f"{name}_bn": f"{words}, batch norm" for name, words in NAMES.items()}
SHORT = {"fc1": "FC1", "fc3": "FC3", "conv": "conv", "stride": "stride", "lenet": "LeNet", "vgg": "VGG", "resnet": "ResNet"}
SHORT |= {f"{name}_bn": f"{words}+bn" for name, words in SHORT.items()}
FITTED_WORDS = {"no": "unfitted left out", "yes": "unfitted counted, too"}
SPANS = {"one": "at this P", "all": "all P together"}


class Study:
    """All networks of one data set at every stored P, as one Dataset; the P asked for is the nearest stored one.

    (net, P_stored, seed): R_f, D_f, G_f after training (median, as in the paper's figures), R_f_before, test_error, loss. (authors_point):
    the authors' preliminary R_f and error, with their net and P. P_shown: the stored P nearest to that asked. Attributes say what is
    counted: `unfitted` ("yes" or "no"), `included` (networks joined by "+"), `span` ("one" P or "all"). Without a stored study
    there are no networks of ours, and `stored` is 0.
    """

    cost: Cost = "slider"
    engines = ("numpy",)
    name = __name__ = SWEEP

    @property
    def nets(self) -> tuple[str, ...]:
        """The networks of the study; all there are when none is stored."""
        found = _results()
        return tuple(str(name) for name in found.net.values) if found is not None else NETS

    @property
    def defaults(self) -> dict[str, Any]:
        return dict(P=1024, dataset="mnist", unfitted="no", included="+".join(self.nets), span="one")

    def check(self, **arguments: Any) -> dict[str, Any]:
        """ValueError names what is not allowed."""
        for name in arguments:
            if name not in self.defaults:
                raise ValueError(f"{name}: {self.name} has no such argument; allowed: {', '.join(self.defaults)}")
        checked = {**self.defaults, **arguments}
        checked |= {name: tidy(ARGUMENTS[name], checked[name]) for name in ("P", "dataset")}
        if checked["dataset"] == "random":
            raise ValueError("dataset: got 'random'; allowed: mnist, fashion, which have pictures")
        for name, words in (("unfitted", FITTED_WORDS), ("span", SPANS)):
            if checked[name] not in words:
                raise ValueError(f"{name}: got {checked[name]!r}; allowed: {', '.join(words)}")
        for net in filter(None, str(checked["included"]).split("+")):
            if net not in self.nets:
                raise ValueError(f"included: got {net!r}; allowed: any of {', '.join(self.nets)}, joined by +")
        return checked

    def __call__(self, **arguments: Any) -> Any:
        """The Dataset."""
        checked = self.check(**arguments)
        choice = {name: checked[name] for name in ("unfitted", "included", "span")}
        return _of(checked["dataset"], checked["P"]).assign_attrs(choice)

    def stream(self, **arguments: Any) -> Generator[Any, None, None]:
        """The Dataset alone: it is stored."""
        found = self(**arguments)
        return (ds for ds in [found])


@cache
def _results() -> Any:
    return sweep.results(SWEEP) if SWEEP in sweep.packaged() else None


@cache
def _of(dataset: str, P: int) -> Any:
    import xarray as xr

    authors = [point for point in AUTHORS if point.dataset == dataset]
    keys = dict(authors_net="net", authors_P="P", authors_R_f="R_f", authors_error="test_error")
    columns: dict[str, Any] = {name: ("authors_point", [getattr(one, key) for one in authors]) for name, key in keys.items()}
    found = _results()
    if found is None:
        dims = ("net", "P_stored", "seed")
        empty = {name: (dims, np.empty((0, 0, 0))) for name in ("R_f", "D_f", "G_f", "R_f_before", "test_error", "loss")}
        coords: dict[str, Any] = dict(net=np.empty(0, "<U9"), P_stored=np.empty(0, int), seed=np.empty(0, int))
        return xr.Dataset({**columns, **empty, "stored": 0.0, "P_shown": np.nan, "progress": 1.0}, coords)
    one = found.sel(dataset=dataset, estimator="median").rename(P="P_stored")
    after = one.sel(stage="after")
    table = xr.Dataset({name: after[name] for name in ("R_f", "D_f", "G_f", "test_error", "loss")})
    table = table.assign(R_f_before=one.R_f.sel(stage="before")).reset_coords(drop=True).transpose("net", "P_stored", "seed")
    held = table.P_stored.values
    shown = held[np.abs(np.log(held / P)).argmin()]
    return table.assign(columns).assign(stored=1.0, P_shown=float(shown), progress=1.0, delta=float(np.nanmean(one.delta)))


def study_told(ds: Any, values: dict[str, Any]) -> str:
    """What is counted, and how R_f and D_f go with the error."""
    if not float(ds.stored):
        return "The study of our networks is not stored in this copy: only the authors' preliminary points are shown"
    rows, R, D = correlations(ds, values)
    where = "all stored P" if values.get("span") == "all" else f"P = {float(ds.P_shown):.0f}"
    counted, unfitted = sum(row.counted for row in rows), sum(not row.fitted for row in rows)
    words = f"{where}: {counted} of {len(rows)} networks counted, {unfitted} do not fit their pictures"
    if not np.isfinite(R.value):
        return f"{words}; too few for a rank correlation"
    return (f"{words}; rank correlation of the error with R_f {R.value:.2f} ± {R.error:.2f}, with D_f {D.value:.2f} ± {D.error:.2f}")


STUDY = Study()
