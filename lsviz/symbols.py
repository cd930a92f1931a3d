"""The glossary: every symbol of the talk, once. It imports nothing of the package.

`ARGUMENTS` are what a learner moves and what `experiment` checks at the door; `QUANTITIES` are what comes back in a Dataset.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Symbol:
    """One symbol: how it is written, what it means, and what values it may take."""

    name: str
    sign: str
    long_name: str
    meaning: str
    unit: str = "1"
    kind: str = "float"  # int, float, str; ints, floats for tuples; seeds
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()

    def allowed(self) -> str:
        """The permitted values in words, for an error message."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        noun = {
            "int": "a whole number",
            "float": "a number",
            "ints": "whole numbers",
            "floats": "numbers",
            "str": "a word",
            "seeds": "a count from 1 to 4096, or different whole numbers ≥ 0",
        }[self.kind]
        if self.low is not None and self.high is not None:
            return f"{noun} from {self.low:g} to {self.high:g}"
        if self.low is not None:
            return f"{noun} ≥ {self.low:g}"
        return noun


def _table(*symbols: Symbol) -> dict[str, Symbol]:
    return {symbol.name: symbol for symbol in symbols}


ACTIVATIONS = ("swish", "relu", "tanh", "erf")
SCALES = ("standard", "ntk", "mean_field")
LOSSES = ("hinge", "logistic", "softhinge")
OPTIMIZERS = ("lm", "adam", "fire", "gd", "flow")

ARGUMENTS = _table(
    Symbol("dataset", "data", "data set", "Where the points come from: MNIST digits, Fashion items, or random directions.",
           kind="str", choices=("mnist", "fashion", "random")),
    Symbol("labels", "y", "labels", "The question asked of each point: is the digit odd or even (parity), or a coin's answer (random).",
           kind="str", choices=("parity", "random")),
    Symbol("preset", "preset", "preprocessing", "How pixels become d numbers: 'jamming' whitens the principal components, 'lazy' does not.",
           kind="str", choices=("jamming", "lazy")),
    Symbol("P", "P", "number of training points", "How many labelled points the network must fit.", kind="int", low=2, high=60000),
    Symbol("d", "d", "input dimension", "How many numbers describe one point; here principal components.", kind="int", low=1, high=30),
    Symbol("data_seed", "data seed", "choice of points", "Which P points are drawn from the data set.", kind="int", low=0, high=2**31),
    Symbol("h", "h", "width", "Neurons in a hidden layer; a fraction h = m/L spreads m neurons over L layers.", kind="float", low=1, high=10000),
    Symbol("widths", "h", "widths", "The widths of a scan.", kind="floats", low=1, high=10000),
    Symbol("L", "L", "number of hidden layers", "Depth: how many hidden layers the network has.", kind="int", low=1, high=20),
    Symbol("act", "φ", "activation", "The nonlinear function that each neuron applies.", kind="str", choices=ACTIVATIONS),
    Symbol("beta", "β", "sharpness of the activation", "The activation is act(βz)/β: at large β swish becomes a ReLU.", low=0.01, high=1000),
    Symbol("scale", "scale", "parametrisation", "How the weights of a layer are scaled with its width.", kind="str", choices=SCALES),
    Symbol("loss", "ℓ", "loss", "What is minimised: quadratic hinge (finite range), logistic (long range) or softhinge.", kind="str", choices=LOSSES),
    Symbol("optimizer", "optimizer", "descent", "How the loss is minimised: Levenberg–Marquardt, Adam, FIRE, plain or adaptive gradient descent.",
           kind="str", choices=OPTIMIZERS),
    Symbol("budget", "budget", "budget", "How many steps (iterations) a network may take.", kind="int", low=1, high=10**7),
    Symbol("seeds", "seeds", "seeds", "The random starts: one network each; the training points stay the same.", kind="seeds"),
    Symbol("add", "add", "neurons added", "How many neurons per layer a stuck network is given.", low=0.1, high=10000),
    Symbol("learning_rate", "η", "step size", "How far one step of gradient descent goes against the gradient.", low=1e-6, high=1000),
    Symbol("noise", "noise", "noise", "How far the points of the toy are scattered off their curves.", low=0, high=10),
)

QUANTITIES = _table(
    Symbol("w", "w", "parameters", "All weights and biases of a network in one list of numbers.", kind="floats"),
    Symbol("f", "f", "output", "f(w, x): what the network with parameters w answers at the point x; its sign is the class.", kind="floats"),
    Symbol("x", "x", "input", "One point: d numbers.", kind="floats"),
    Symbol("y", "y", "label", "The right answer for a point: +1 or −1.", kind="int"),
    Symbol("N", "N", "number of weights", "The network's weights; biases are not counted.", kind="int"),
    Symbol("size", "size", "length of w", "All parameters, biases included.", kind="int"),
    Symbol("N_delta", "N_Δ", "number of unsatisfied points", "How many points lie below the margin: y f < 1. The constraints that are not met."),
    Symbol("gap", "Δ", "gap to the margin", "Δ = 1 − y f: positive when the point is below the margin, 1 when f answers nothing, more when it is wrong."),
    Symbol("margin", "margin", "margin", "The distance from zero that every answer must reach: y f ≥ 1."),
    Symbol("loss", "loss", "training loss", "The mean loss over the training points. Under the quadratic hinge, a point adds ½Δ² below the margin and nothing beyond it."),
    Symbol("state", "state", "how a network ended", "sat: all points satisfied; unsat: stuck, its loss hardly falls any more; unfinished: still falling; dead: one answer everywhere; failed: its numbers broke.",
           kind="str", choices=("waiting", "running", "sat", "unsat", "unfinished", "dead", "failed")),
    Symbol("state_before", "state before", "how the small network ended", "How the network had ended before neurons were added.",
           kind="str", choices=("waiting", "running", "sat", "unsat", "unfinished", "dead", "failed")),
    Symbol("N_delta_before", "N_Δ before", "unsatisfied points of the small network", "N_Δ at the end of the small network's descent."),
    Symbol("N_star", "N*", "threshold", "The number of parameters at which half of the networks fit all their points, at this budget."),
    Symbol("N_star_low", "N* (16 %)", "threshold, lower", "The 16th percentile of N* when seeds are drawn again (bootstrap)."),
    Symbol("N_star_high", "N* (84 %)", "threshold, upper", "The 84th percentile of N* when seeds are drawn again (bootstrap)."),
    Symbol("h", "h", "width", "Neurons in a hidden layer; the mean where layers differ by one."),
    Symbol("width", "h", "width", "Neurons in a hidden layer; the mean where layers differ by one."),
    Symbol("P", "P", "number of training points", "How many labelled points the network must fit.", kind="int"),
    Symbol("seed", "seed", "seed", "The random start of one network.", kind="int"),
    Symbol("step", "step", "iteration", "One step of the descent.", kind="int"),
    Symbol("iterations", "iterations", "iterations done", "How many steps of the descent have been made.", kind="int"),
    Symbol("progress", "progress", "progress", "The part of the computation that is done, from 0 to 1."),
    Symbol("N_delta_trace", "N_Δ", "unsatisfied points at each iteration", "How N_Δ falls while the network trains."),
    Symbol("loss_trace", "loss", "loss at each iteration", "How the loss falls while the network trains."),
    Symbol("N_trace", "N", "parameters at each iteration", "How many parameters the network had at that step."),
    Symbol("h_trace", "h", "width at each iteration", "How wide the network was at that step."),
    Symbol("N_before", "N before", "parameters before growing", "The parameters of the small network.", kind="int"),
    Symbol("loss_jump", "jump of the loss", "change of the loss by growing", "What adding the neurons alone did to the loss: nothing."),
    Symbol("gap_bin", "Δ", "gap to the margin", "Centre of a bin of Δ = 1 − y f."),
    Symbol("gap_count", "points", "points per bin of the gap", "How many points have their gap in this bin."),
    Symbol("log_bin", "|Δ|", "distance to the margin", "Centre of a logarithmic bin of |Δ|."),
    Symbol("overlap_count", "points Δ > 0", "unsatisfied points per bin", "Points below the margin, by their distance to it (pressure-like scale Δ/√L)."),
    Symbol("slack_count", "points Δ < 0", "satisfied points per bin", "Points beyond the margin, by their distance to it."),
    Symbol("loss_name", "loss", "which loss", "The loss that was minimised.", kind="str", choices=LOSSES),
    Symbol("x1", "x₁", "first coordinate", "Where a point of the toy lies, from left to right."),
    Symbol("x2", "x₂", "second coordinate", "Where a point of the toy lies, from bottom to top."),
    Symbol("point", "i", "point", "The number of a training point.", kind="int"),
    Symbol("row", "x₂", "height on the map", "Where a cell of the map of f lies, from bottom to top."),
    Symbol("column", "x₁", "place on the map", "Where a cell of the map of f lies, from left to right."),
    Symbol("up", "up", "share of rising steps", "The share of steps on which the loss rose although they went against its gradient."),
    Symbol("Theta", "Θ", "tangent kernel", "Θ(x, x′) = ∇_w f(x) · ∇_w f(x′): how learning at x′ moves the answer at x."),
    Symbol("alpha", "α̃", "output scale", "The factor before f that sets lazy (large) or feature (small) learning."),
    Symbol("T", "T", "temperature", "How strongly a random deformation bends an image."),
    Symbol("c", "c", "cutoff", "The shortest wave in a random deformation."),
    Symbol("phi", "φ", "packing fraction", "The part of the space that the particles fill."),
)

SYMBOLS: dict[str, Symbol] = {**ARGUMENTS, **QUANTITIES}
