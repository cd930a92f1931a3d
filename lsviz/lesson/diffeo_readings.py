"""Numbers that lesson 7 reads off a learner's own run: who minds a deformation more than noise of the same size, and what that tells."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from lsviz import data
from lsviz.diffeo import AUTHORS, geometric_mean
from lsviz.diffeo.chosen import correlations
from lsviz.diffeo.relative import probes

NAMES = {
    "fc3": "the fully connected network", "conv_bn": "the convolutions without pooling", "stride": "the convolutions with stride",
    "lenet": "LeNet", "vgg_bn": "the small VGG", "resnet_bn": "the small ResNet",
}  # fmt: skip
HERE = 0.125  # T/T_max at which the lesson asks: the authors' δ of one pixel
PIXELS = 784


# ---- predictions


def ratio(stage: str) -> Callable[[Any], float]:
    """Change by a deformation over change by noise of the same size, each the median over draws of one picture; at this stage."""

    def read(ds: Any) -> float:
        one = ds.sel(stage=stage)
        return float(np.nanmedian(one.change_deformed) / np.nanmedian(one.change_noisy))

    return read


def stability(ds: Any, net: str, stage: str) -> float:
    """R_f of a network in a scan over temperatures, at the temperature where the lesson asks: geometric mean over seeds."""
    place = np.abs(np.log(ds.temperature.values / float(np.ravel(ds.T_max)[0]) / HERE)).argmin()
    one = ds.sel(network=net) if "network" in ds.dims else ds
    return geometric_mean(one.R_f.sel(stage=stage).isel(temperature=int(place)).values)


def born(ds: Any) -> float:
    """R_f before training: geometric mean over the convolutional networks of a run."""
    return geometric_mean(np.array([stability(ds, net, "before") for net in map(str, ds.network.values) if not net.startswith("fc")]))


def learned(net: str) -> Callable[[Any], float]:
    """R_f of this network after training."""
    return lambda ds: stability(ds, net, "after")


# ---- tasks


def folds_inside(values: dict[str, Any], ds: Any) -> bool | str:
    """A goal: half of the draws fold although the temperature is allowed."""
    share = np.asarray(ds.fold_share)
    T, low, top = float(ds.T), float(ds.T_min), float(ds.T_max)
    if share.size < 16:
        return "With so few draws chance decides. Take at least 16."
    if not low <= T <= top * (1 + 1e-6):
        return f"T is {'above T_max' if top < T else 'below T_min'}, and nothing was claimed there."
    return bool((share > 0).mean() >= 0.5) or f"{int((share > 0).sum())} of {share.size} draws fold; wanted: half of them."


def small_but_wrong(values: dict[str, Any], ds: Any) -> bool | str:
    """A goal: a network that minds noise five times more than a deformation, and is wrong about every second picture."""
    networks = [ds.isel(network=i) for i in range(ds.sizes["network"])]
    found = [(geometric_mean(one.R_f.values), float(np.nanmean(one.test_error))) for one in networks]
    if any(R < 0.2 and error > 0.5 for R, error in found):
        return True
    R, error = min(found)
    return f"The smallest R_f of this run is {R:.2g}, of a network that errs on {100 * error:.0f} %. Wanted: below 0.2, and above 50 %."


def tells_nothing(values: dict[str, Any], ds: Any) -> bool | str:
    """A goal: among at least six networks of the stored study the ranks of R_f and of the error have little to do with each other."""
    if not float(ds.stored):
        return "The study is not stored in this copy, so there is nothing to choose from."
    found = correlations(ds, values)
    counted = sum(row.counted for row in found.rows)
    if counted < 6:
        return f"{counted} networks are counted. Among a few chance rules: keep at least 6."
    value, se = found.R_f
    told = f"{counted} networks counted; rank correlation {value:.2f} ± {se:.2f}".replace("-", "−")
    return bool(value < 0.3) or f"{told}; wanted: below 0.3."


# ---- exercises


def hotter(ds: Any, delta: float = 3.0) -> float:
    """T/T_max at which the displacement would be `delta` pixels: its square is proportional to T."""
    return float(ds.T / ds.T_max * (delta / ds.delta) ** 2)


def noise_lost(ds: Any, net: str = "fc3") -> np.ndarray:
    """By which factor G_f of a network has fallen from the start of its training to the end, for every seed."""
    if net not in ds.network.values:
        raise ValueError(f"Your run has no {NAMES[net].removeprefix('the ')}. Press Reset there, then check again.")
    trace = ds.G_f_trace.sel(network=net).transpose("step", "seed").values
    return trace[0] / trace[-1]


def blurred_stability(told: dict[str, Any]) -> float:
    """R_f of the coarser of the two blurs of `blurred`."""
    return float(told["coarse_R"])


def law(told: dict[str, Any]) -> float:
    """0.2 √R_f in per cent."""
    return float(told["law"])


# ---- words


def unlike_noise(warm: Any, hot: Any) -> dict[str, Any]:
    """Words for what T is not: where noise and deformation change a picture, and how both grow from one temperature to a higher one."""
    far = _far_from_ink(warm)
    told: dict[str, Any] = {}
    for name in ("deformed", "noisy"):
        change = (warm[name].values - warm.image.values) ** 2
        told[name] = 100 * float(change[:, far].sum() / change.sum())
    length = [float((ds.noise_norm**2).mean()) for ds in (warm, hot)]
    return told | dict(blank=100 * float(far.mean()), times=float(hot.T / warm.T), grown=length[1] / length[0],
                       further=float(hot.delta / warm.delta))  # fmt: skip


def _far_from_ink(ds: Any) -> np.ndarray:
    """Pixels to which no draw of this run can bring ink."""
    reach = int(np.ceil(np.hypot(ds.field_x, ds.field_y).max())) + 1
    ink = ds.image.values > ds.image.values.min() + 1e-9
    rows, columns = np.nonzero(ink)
    y, x = np.indices(ink.shape)
    near = np.zeros_like(ink)
    for row, column in zip(rows, columns, strict=True):
        near |= (abs(y - row) <= reach) & (abs(x - column) <= reach)
    return ~near


def six(found: Mapping[str, Any]) -> dict[str, Any]:
    """Words for networks before and after training at one temperature each: R_f, D_f, G_f and the test error."""

    def mean(ds: Any, name: str, stage: str) -> float:
        return geometric_mean(ds[name].sel(stage=stage).values.ravel())

    nets, curves = list(found), list(found.values())
    after = {name: np.array([mean(ds, name, "after") for ds in curves]) for name in ("R_f", "D_f", "G_f")}
    conv = [i for i, net in enumerate(nets) if not net.startswith("fc")]
    before = np.array([mean(curves[i], "R_f", "before") for i in conv])
    error = np.array([100 * float(ds.test_error.sel(stage="after")) for ds in curves])
    low, high = (conv[int(at)] for at in (after["R_f"][conv].argmin(), after["R_f"][conv].argmax()))
    least, best = int(after["D_f"].argmin()), int(error.argmin())
    return dict(count=len(conv), born=geometric_mean(before), born_low=before.min(), born_high=before.max(),
                low=after["R_f"][low], low_net=NAMES[nets[low]], high=after["R_f"][high], high_net=NAMES[nets[high]],
                D_low=after["D_f"].min(), D_high=after["D_f"].max(), D_span=after["D_f"].max() / after["D_f"].min(),
                G_span=after["G_f"].max() / after["G_f"].min(), least_net=NAMES[nets[least]], least_error=error[least],
                best_net=NAMES[nets[best]], best_error=error[best], best_D=after["D_f"][best])  # fmt: skip


def blurred(T: float, side: int = 7, coarse: int = 14, probe: int = 500) -> dict[str, Any]:
    """Words for a network that only blurs: means over blocks of `side` × `side` pixels, of digits deformed and with noise.

    Each output is the sum over a block divided by its side, a direction of length 1 in the space of pixels: noise leaves as many 784ths of
    its square as there are outputs, whatever the blur.
    """
    images = data.images("mnist", P=probe, split="test").x
    ((moved, _),) = probes(images, T, 3, (0,))
    change = moved - images
    told: dict[str, Any] = dict(side=side, coarse=coarse, probe=probe)
    for name, width in (("", side), ("coarse_", coarse)):
        count = 28 // width
        sums = change.reshape(probe, count, width, count, width).sum((2, 4)) / width
        kept, noise = float((sums**2).sum() / (change**2).sum()), count**2 / PIXELS
        told |= {f"{name}outputs": count**2, f"{name}kept": kept, f"{name}noise": noise, f"{name}R": kept / noise}
    return told


def root(dataset: str, net: str = "ResNet") -> dict[str, Any]:
    """Words for 0.2 √R_f beside the error that the authors stored, at their largest P."""
    point = max((point for point in AUTHORS if (point.net, point.dataset) == (net, dataset)), key=lambda point: point.P)
    found = 20 * point.R_f**0.5
    error = 100 * point.test_error
    return dict(P=point.P, R=point.R_f, error=error, law=found, root=point.R_f**0.5, factor=max(found, error) / min(found, error))
