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
KINDS = ("discs", "ellipses", "balls", "lennard_jones")
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
    Symbol("budget", "budget", "budget", "How many steps (iterations) downhill a network or a packing may take.", kind="int", low=1, high=10**7),
    Symbol("recipe", "recipe", "recipe", "Which preprocessing, scale, loss and descent go together: ours of a second (live), or the talk's (talk).",
           kind="str", choices=("live", "talk")),
    Symbol("alpha", "α̃", "output scale", "The predictor is α̃ (f − f₀): small α̃ learns features, large α̃ is lazy.", low=1e-9, high=1e9),
    Symbol("early_stop", "early stop", "early stop", "The iteration at which training is stopped, whatever is left.", kind="int", low=1, high=10**7),
    Symbol("seeds", "seeds", "seeds", "The random starts: one network or packing each; the training points stay the same.", kind="seeds"),
    Symbol("add", "add", "neurons added", "How many neurons per layer a stuck network is given.", low=0.1, high=10000),
    Symbol("learning_rate", "η", "step size", "How far one step of gradient descent goes against the gradient.", low=1e-6, high=1000),
    Symbol("kind", "kind", "kind of particle", "Discs, ellipses and balls push where they overlap (finite range); Lennard-Jones discs push and pull far beyond touching.",
           kind="str", choices=KINDS),
    Symbol("phi", "φ", "packing fraction", "The part of the space that the particles fill.", low=0.01, high=1.5),
    Symbol("phis", "φ", "packing fractions", "The packing fractions of a scan.", kind="floats", low=0.01, high=1.5),
    Symbol("n", "n", "number of particles", "How many particles are in the periodic box.", kind="int", low=4, high=20000),
    Symbol("aspect", "a", "aspect ratio", "An ellipse's length over its width; 1 is a disc. It acts on ellipses alone.", low=1, high=30),
    Symbol("aspects", "a", "aspect ratios", "The aspect ratios of a scan.", kind="floats", low=1, high=30),
    Symbol("ratio", "ratio", "size ratio", "How much larger the larger half of the particles is.", low=0.1, high=10),
    Symbol("start", "start", "protocol", "How a packing is made: thrown at random at this φ, or pressed slowly up to it.", kind="str",
           choices=("random", "pressed")),
    Symbol("low", "φ", "lowest packing fraction", "Where the path of compression begins and ends.", low=0.01, high=1.5),
    Symbol("high", "φ", "highest packing fraction", "Where the path of compression turns round.", low=0.01, high=1.5),
    Symbol("phi_step", "Δφ", "step of the packing fraction", "How far φ is changed before the packing settles again.", low=1e-4, high=0.5),
    Symbol("phi_start", "φ₀", "first packing fraction", "Where the search for φ_J begins with particles thrown at random.", low=0.01, high=1.5),
    Symbol("accuracy", "accuracy", "overlap at the end", "The search for φ_J ends when the mean overlap is this small.", low=1e-8, high=0.1),
    Symbol("push", "push", "what is pushed", "One particle, or all along the softest mode; everything else may give way.", kind="str",
           choices=("disc", "mode")),
    Symbol("which", "which", "which one", "The number of the particle, or of the mode counted from the softest, that is pushed.", kind="int", low=0, high=60000),
    Symbol("noise", "noise", "noise", "How far the points of the toy are scattered off their curves.", low=0, high=10),
)

QUANTITIES = _table(
    Symbol("w", "w", "parameters", "All weights and biases of a network in one list of numbers.", kind="floats"),
    Symbol("f", "f", "output", "f(w, x): what the network with parameters w answers at the point x; its sign is the class.", kind="floats"),
    Symbol("x", "x", "input", "One point: d numbers.", kind="floats"),
    Symbol("y", "y", "label", "The right answer for a point: +1 or −1.", kind="int"),
    Symbol("N", "N", "number of freedoms", "What may move: the weights of a network (biases are not counted), or the coordinates of the particles that are no rattlers.", kind="int"),
    Symbol("size", "size", "length of w", "All parameters, biases included.", kind="int"),
    Symbol("N_delta", "N_Δ", "number of unmet constraints", "The constraints that are not met: points below the margin (y f < 1), or pairs of particles that overlap (Lennard-Jones, which are never free: pairs nearer than 1.5 σ)."),
    Symbol("gap", "Δ", "gap to the margin", "Δ = 1 − y f: positive when the point is below the margin, 1 when f answers nothing, more when it is wrong."),
    Symbol("margin", "margin", "margin", "The distance from zero that every answer must reach: y f ≥ 1."),
    Symbol("loss", "loss", "training loss", "The mean loss over the training points. Under the quadratic hinge, a point adds ½Δ² below the margin and nothing beyond it."),
    Symbol("state", "state", "how it ended", "sat: all constraints met; unsat: stuck, its loss hardly falls any more (a packing: jammed); unfinished: still falling; dead: one answer everywhere; failed: its numbers broke.",
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
    Symbol("seed", "seed", "seed", "The random start of one network or packing.", kind="int"),
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
    Symbol("test_error", "error", "test error", "The share of points never trained on whose sign the network gets wrong."),
    Symbol("ensemble_error", "error of the mean", "test error of the mean output", "The share of test points whose sign the mean output of n networks gets wrong: outputs are averaged, not errors."),
    Symbol("ensemble_spread", "± between groups", "spread of that error", "How much it differs from one group of n networks to the next."),
    Symbol("ensemble_error_se", "± error of the mean", "standard error of that error", "The error of the mean output of all networks would change this much with other seeds (jackknife)."),
    Symbol("ensemble_error_all", "error of the mean", "test error of the mean output of all", "The share of test points whose sign the mean output of all networks gets wrong."),
    Symbol("average", "n", "networks averaged", "How many networks' outputs are averaged.", kind="int"),
    Symbol("f_rms", "‖f‖", "size of the output", "The root mean square of f over the test points."),
    Symbol("f_median", "median |f|", "typical output", "The median of |f| over the test points: a few huge outputs do not move it."),
    Symbol("f_rms_sat", "‖f‖", "size of the output of satisfied networks", "The median of ‖f‖ over the networks that satisfy all their points."),
    Symbol("f_mean_rms", "‖f̄‖", "size of the mean output", "The root mean square over the test points of f averaged over seeds."),
    Symbol("fluctuation", "‖f − f̄‖", "fluctuation of the output", "How far the networks of one size stand from their mean, in root mean square over seeds and test points."),
    Symbol("fluctuation_slope", "slope", "exponent of the fluctuation", "The exponent of ‖f − f̄‖/‖f̄‖ in N; theory −1/4."),
    Symbol("fluctuation_slope_se", "± slope", "standard error of that exponent", "From the scatter about the line."),
    Symbol("variance_slope", "slope", "exponent of the variance", "The exponent of the variance of f over seeds in N, above N*; theory −1/2."),
    Symbol("variance_slope_se", "± slope", "standard error of that exponent", "From the scatter about the line."),
    Symbol("excess", "ε − ε∞", "error above its limit", "The mean test error less that of the mean output of the widest networks."),
    Symbol("excess_slope", "slope", "exponent of the excess", "The exponent of ε − ε∞ in N; theory −1/2."),
    Symbol("excess_slope_se", "± slope", "standard error of that exponent", "From the scatter about the line."),
    Symbol("exponent", "exponent", "exponent of ‖f‖", "‖f‖ ∝ (N − N*)^exponent for satisfied networks; predicted −1."),
    Symbol("exponent_se", "± exponent", "standard error of the exponent", "From seeds drawn again, N* anew each time (bootstrap)."),
    Symbol("exponent_background", "exponent", "exponent of ‖f‖ above a background", "The exponent of ‖f‖ − background, the background chosen so that the logarithms lie best on a line."),
    Symbol("exponent_background_se", "± exponent", "standard error of that exponent", "From seeds drawn again, N* and background anew each time (bootstrap)."),
    Symbol("background", "background", "background of ‖f‖", "The size that f keeps far above jamming."),
    Symbol("removed", "Δ error", "what averaging removes", "The single networks' mean test error less that of the mean output."),
    Symbol("best_N", "N", "size of the best average", "The N at which the mean output of all networks has the smallest test error.", kind="int"),
    Symbol("best_error", "error", "error of the best average", "The smallest test error of a mean output of all networks."),
    Symbol("stop", "stop", "stopping time", "The iteration at which training is stopped.", kind="int"),
    Symbol("test_error_trace", "error", "test error when stopped there", "The test error of a network whose training is stopped at this iteration."),
    Symbol("f_rms_trace", "‖f‖", "size of the output when stopped there", "The root mean square of f over the test points at this iteration."),
    Symbol("ensemble_error_trace", "error of the mean", "test error of the mean output when stopped there", "The test error of the mean of all outputs at this iteration."),
    Symbol("regime", "regime", "regime", "How the networks were trained: by gradient flow where the theory holds, or by Adam.", kind="str", choices=("flow", "adam")),
    Symbol("f_line", "f", "output on the line", "What each network answers between the two points."),
    Symbol("f_line_mean", "f̄", "mean output on the line", "The mean of what all networks answer between the two points."),
    Symbol("Theta", "Θ", "tangent kernel", "Θ(x, x′) = ∇_w f(x) · ∇_w f(x′): how learning at x′ moves the answer at x."),
    Symbol("alpha", "α̃", "output scale", "The factor before f that sets lazy (large) or feature (small) learning."),
    Symbol("T", "T", "temperature", "How strongly a random deformation bends an image."),
    Symbol("c", "c", "cutoff", "The shortest wave in a random deformation."),
    Symbol("phi", "φ", "packing fraction", "The part of the space that the particles fill."),
    Symbol("phi_now", "φ", "present packing fraction", "The φ of the packing that is shown."),
    Symbol("phi_J", "φ_J", "jamming point", "The packing fraction at which a packing is just held: its energy is zero there, and nothing can move but rattlers, and the whole together."),
    Symbol("phi_half", "φ½", "threshold of random throws", "The packing fraction at which half of the random throws jam."),
    Symbol("phi_half_low", "φ½ (16 %)", "threshold, lower", "The 16th percentile of φ½ when seeds are drawn again (bootstrap)."),
    Symbol("phi_half_high", "φ½ (84 %)", "threshold, upper", "The 84th percentile of φ½ when seeds are drawn again (bootstrap)."),
    Symbol("n", "n", "number of particles", "How many particles are in the periodic box.", kind="int"),
    Symbol("Z", "Z", "contacts of a particle", "The mean number of contacts of a particle, rattlers aside: Z = 2 N_Δ/n′."),
    Symbol("n_rattlers", "rattlers", "number of rattlers", "Particles that nothing holds: fewer contacts than d + 1, counted again and again."),
    Symbol("energy", "U", "energy of a particle", "The sum over all pairs of ½ max(0, 1 − r/σ)²: zero when nothing overlaps. Pictures show it divided by the number of particles."),
    Symbol("pressure", "p", "pressure", "What the particles press on the box with: Σ r·(−dU/dr) over d times the volume."),
    Symbol("overlap", "h", "overlap", "1 − r/σ: how far two particles overlap, as a share of the distance σ at which they touch."),
    Symbol("mean_overlap", "⟨h⟩", "mean overlap", "The mean of the overlaps that are positive."),
    Symbol("converged", "converged", "settled", "1 when the forces that are left are small against the overlaps, or nothing overlaps."),
    Symbol("soft", "soft", "modes without stiffness", "Modes that no contact makes stiff at first order: the most contacts there could be, less those there are."),
    Symbol("position", "x, y", "position", "Where the centre of a particle lies in the box.", unit="small diameters"),
    Symbol("angle", "θ", "angle", "How an ellipse is turned.", unit="rad"),
    Symbol("major", "R√a", "longer semi-axis", "Half the length of a particle.", unit="small diameters"),
    Symbol("minor", "R/√a", "shorter semi-axis", "Half the width of a particle.", unit="small diameters"),
    Symbol("rattler", "rattler", "rattler", "1 for a particle that nothing holds."),
    Symbol("box", "box", "side of the box", "The side of the periodic square or cube.", unit="small diameters"),
    Symbol("contact_i", "i", "first particle", "The first particle of a contact."),
    Symbol("contact_j", "j", "second particle", "The second particle of a contact."),
    Symbol("contact_force", "force", "force of a contact", "−dU/dr: positive when the two push each other."),
    Symbol("particle", "i", "particle", "The number of a particle.", kind="int"),
    Symbol("axis", "axis", "axis", "x, y (and z).", kind="str"),
    Symbol("contact", "contact", "contact", "The number of a contact.", kind="int"),
    Symbol("direction", "direction", "direction", "The way of the path (up, down), or where a particle is pushed."),
    Symbol("energy_trace", "U", "energy at each step", "How the energy falls on the way."),
    Symbol("overlap_trace", "⟨h⟩", "mean overlap at each step", "How the mean overlap falls on the way to φ_J."),
    Symbol("phi_trace", "φ", "packing fraction at each step", "The packing fractions on the way to φ_J."),
    Symbol("Z_trace", "Z", "contacts of a particle at each step", "Z on the way to φ_J."),
    Symbol("compiling", "compiling", "kernels compiled", "The share of the compiled kernels that is ready: 1 but for the first run on a computer."),
    Symbol("stiffness", "κ", "stiffness of a mode", "An eigenvalue of the Hessian of the energy: what a small push along its mode costs, ½κs²."),
    Symbol("flat", "flat", "flat modes", "How many modes cost nothing."),
    Symbol("mode", "mode", "mode", "The number of a mode, from the softest.", kind="int"),
    Symbol("pushed", "pushed", "direction of the push", "How far each particle goes when the push begins."),
    Symbol("distance", "s", "distance of the push", "How far the particle or the mode has been pushed.", unit="small diameters"),
    Symbol("energy_pushed", "U", "energy when pushed", "The total energy when pushed that far, all else giving way."),
    Symbol("position_pushed", "x, y", "position when pushed", "Where the particles lie when pushed that far.", unit="small diameters"),
    Symbol("angle_pushed", "θ", "angle when pushed", "How the ellipses are turned when pushed that far.", unit="rad"),
    Symbol("push_step", "step", "step of the push", "The number of a step of the push.", kind="int"),
    Symbol("difference", "difference", "difference of two minima", "Root mean square displacement between two packings, like particles matched and the whole shifted.", unit="small diameters"),
    Symbol("same_contacts", "shared", "contacts in common", "The share of contacts that two packings have in common."),
    Symbol("energy_line", "U", "energy between two minima", "The energy of a particle on the straight line between two packings."),
    Symbol("fraction", "t", "part of the way", "The part of the straight way from one packing to the next."),
    Symbol("pair", "pair", "pair", "The number of a pair of packings.", kind="int"),
    Symbol("one", "seed", "packing", "The seed of one packing.", kind="int"),
    Symbol("other", "seed", "other packing", "The seed of another packing.", kind="int"),
    Symbol("line", "step", "step on the line", "The number of a step on the line between two packings.", kind="int"),
    Symbol("system", "system", "system", "What is jammed: discs, ellipses, a network, Lennard-Jones discs.", kind="str"),
    Symbol("place", "place", "place", "The number of a density.", kind="int"),
    Symbol("density", "density", "density", "φ of particles, P/N of networks."),
    Symbol("relative", "density", "relative density", "The density over the density at which half of the systems jam."),
    Symbol("threshold_at", "threshold", "threshold", "The density at which half of the systems jam."),
    Symbol("aspect", "a", "aspect ratio", "An ellipse's length over its width; 1 is a disc."),
    Symbol("freedoms_2", "2n′", "two freedoms a particle", "Two coordinates for each particle that is no rattler."),
    Symbol("freedoms_3", "3n′", "three freedoms a particle", "Two coordinates and an angle for each particle that is no rattler."),
)

SYMBOLS: dict[str, Symbol] = {**ARGUMENTS, **QUANTITIES}
