"""Any module as f(w, x) of one flat w: it computes what the module does, in batches of seeds, under torch.func, and for kernels."""

import math

import numpy as np
import pytest
import torch
from e3nn import nn as enn
from e3nn import o3

from lsviz import equivariant as eq
from lsviz import kernel


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


class Sums(torch.nn.Module):
    """A small network on a record: sums over neighbours, then over graphs."""

    def __init__(self):
        super().__init__()
        self.mix = o3.Linear("4x0e", "1x0e", biases=True)
        self.net = enn.FullyConnectedNet([5, 8, 4], torch.nn.functional.silu)

    def forward(self, p):
        start, end = p.edges
        basis = eq.smooth_radial((p.positions[start] - p.positions[end]).norm(dim=1), 2.5, 5)
        messages = self.net(basis) * p.features[start]
        at = torch.zeros(len(p.positions), 4, dtype=messages.dtype).index_add(0, end, messages)
        return torch.zeros(int(p.graph[-1]) + 1, 1, dtype=at.dtype).index_add(0, p.graph, self.mix(at))


def make(name):
    """(module, x, whether e3nn's)."""
    with eq.in_double():
        match name:
            case "linear":
                return o3.Linear("2x0e+1o", "3x0e+2x1o", biases=[True, False]), numbers(6, 5)
            case "product":
                return o3.FullyConnectedTensorProduct("2x0e+1o", "0e+1o", "2x0e+1o+1e"), (numbers(6, 5), numbers(6, 4, seed=1))
            case "gate":
                gate = enn.Gate("2x0e", [torch.tanh], "1x0e", [torch.sigmoid], "1x1o")
                return torch.nn.Sequential(o3.Linear("2x0e+1o", gate.irreps_in), gate), numbers(6, 5)
            case "mlp":
                return torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1)), numbers(6, 4)
            case "convolution":
                layers = torch.nn.Conv3d(1, 3, 3), torch.nn.BatchNorm3d(3), torch.nn.Flatten(), torch.nn.Linear(81, 2)
                return torch.nn.Sequential(*layers), numbers(4, 1, 5, 5, 5)
            case "record":
                return Sums(), eq.batch([eq.as_points(name) for name in ("L", "T", "square")])


every = pytest.mark.parametrize("name", ["linear", "product", "gate", "mlp", "convolution", "record"])


@every
def test_f_is_the_module_with_w_in_it(name):
    module, x = make(name)
    f = eq.flat(module)
    w = f.init(3)
    assert w.shape == (3, f.N) and w.dtype == np.float64 and sum(p.numel() for p in module.parameters()) == f.N
    torch.nn.utils.vector_to_parameters(torch.tensor(w[1]), module.parameters())
    tensors = eq.as_tensors(x, torch.tensor(0.0, dtype=torch.float64))
    with torch.no_grad():
        theirs = module(*(tensors if type(tensors) is tuple else (tensors,))).numpy()
    np.testing.assert_allclose(f(w[1], x), theirs, atol=1e-14)
    assert abs(theirs).max() > 0.01
    batch = f(w, x)
    assert batch.shape == (3, *theirs.shape) and isinstance(batch, np.ndarray)
    for one, row in zip(batch, w, strict=True):
        np.testing.assert_allclose(one, f(row, x), atol=1e-13)
    assert abs(batch[0] - batch[1]).max() > 1e-3


@every
def test_a_seed_draws_the_same_numbers_alone_and_nothing_global_moves(name):
    module, _ = make(name)
    f = eq.flat(module)
    state, dtype = torch.random.get_rng_state(), torch.get_default_dtype()
    w = f.init((5, 2, 9))
    np.testing.assert_array_equal(w[1:2], f.init((2,)))
    np.testing.assert_array_equal(w, f.init((5, 2, 9)))
    np.testing.assert_array_equal(w[1:2], eq.flat(make(name)[0]).init((2,)))  # nor on how the module was before
    assert abs(w[0] - w[1]).max() > 0.1
    assert torch.equal(state, torch.random.get_rng_state()) and torch.get_default_dtype() == dtype


def test_who_draws_how():
    with eq.in_double():
        product = eq.flat(o3.FullyConnectedTensorProduct("16x0e+16x1o", "0e+1o", "16x0e+16x1o"))
        linear = eq.flat(o3.Linear("3x0e", "2x0e", biases=True))
    w = product.init(4)
    assert abs(w.mean()) < 0.1 and w.std() == pytest.approx(1, abs=0.05)  # e3nn: standard normal
    assert not linear.init(2)[:, -2:].any() and linear.shapes["bias"] == (2,)  # and its biases 0
    torch_w = eq.flat(torch.nn.Linear(100, 50)).init(2)
    assert abs(torch_w).max() == pytest.approx(0.1, rel=0.01)  # torch: uniform within 1/√fan-in
    attention = eq.flat(torch.nn.MultiheadAttention(6, 2)).init(2)  # its method has another name
    assert abs(attention[:, :108]).max() > 0.3 and abs(attention[0] - attention[1]).max() > 0.1
    both = eq.flat(torch.nn.Sequential(torch.nn.BatchNorm1d(3), enn.BatchNorm("2x0e+1o"))).init(1)[0]
    np.testing.assert_array_equal(both, [1, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0])  # normalisations start at 1 and 0


def test_torch_in_torch_out_with_gradients():
    module, x = make("record")
    f = eq.flat(module)
    w = torch.tensor(f.init(2), requires_grad=True)
    out = f(w, x)
    assert isinstance(out, torch.Tensor) and out.requires_grad and out.shape == (2, 3, 1)
    (out**2).sum().backward()
    each = [torch.func.grad(lambda v: (f(v, x) ** 2).sum())(row) for row in w.detach()]
    np.testing.assert_allclose(w.grad, torch.stack(each), rtol=1e-10)
    together = torch.func.vmap(torch.func.grad(lambda v: (f(v, x) ** 2).sum()))(w.detach())
    np.testing.assert_allclose(together, w.grad, rtol=1e-10)
    record = eq.as_tensors(x, w)
    force = torch.func.grad(lambda r: f(w[0].detach(), record._replace(positions=r)).sum())(record.positions)
    assert torch.isfinite(force).all() and abs(force.reshape(3, 4, 3).sum(1)).max() < 1e-12 < abs(force).max()
    assert not isinstance(f(w.detach().numpy(), x), torch.Tensor) and isinstance(f(w.detach().numpy(), record), torch.Tensor)


def test_single_precision_computes_in_it():
    module, x = make("product")
    f = eq.flat(module)
    w = f.init(2)
    low = f(torch.tensor(w, dtype=torch.float32), x)
    assert low.dtype == torch.float32 and f(w.astype(np.float32), x).dtype == np.float32
    np.testing.assert_allclose(low, f(w, x), atol=1e-5)
    assert f(w, x).dtype == np.float64  # and the module stayed as it was


@pytest.mark.parametrize("name", ["mlp", "record"])
def test_the_tangent_kernel_is_that_of_an_explicit_jacobian(name, monkeypatch):
    module, x = make(name)
    f = eq.flat(module)
    w = torch.tensor(f.init(2))
    x = eq.as_tensors(x, w)
    J = torch.stack([torch.func.jacrev(lambda v: f(v, x)[:, 0])(row) for row in w])
    expected = J @ J.mT
    np.testing.assert_allclose(kernel.ntk(f, w, x), expected, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(kernel.ntk(lambda w, x: f(w, x)[..., 0], w, x, x), expected, rtol=1e-11, atol=1e-13)
    monkeypatch.setattr("lsviz.kernel.finite.AT_ONCE", 1)  # point by point
    np.testing.assert_allclose(kernel.ntk(f, w, x), expected, rtol=1e-11, atol=1e-13)
    h = 1e-6  # and by differences
    step = torch.zeros(f.N, dtype=w.dtype)
    step[f.N // 2] = h
    np.testing.assert_allclose((f(w[0] + step, x) - f(w[0] - step, x))[:, 0] / (2 * h), J[0, :, f.N // 2], atol=1e-7)


def test_kernels_of_other_records_and_of_other_outputs():
    f = eq.flat(make("record")[0])
    w = torch.tensor(f.init(1))
    one, two = (eq.as_tensors(eq.batch([eq.as_points(n) for n in names]), w) for names in (("L", "T"), ("square", "line", "corner")))
    all_ = eq.as_tensors(eq.batch([eq.as_points(n) for n in ("L", "T", "square", "line", "corner")]), w)
    np.testing.assert_allclose(kernel.ntk(f, w, one, two), kernel.ntk(f, w, all_)[:, :2, 2:], rtol=1e-11)
    g = eq.flat(make("convolution")[0])
    with pytest.raises(ValueError, match=r"^net: its outputs have shape \(1, 4, 2\); allowed: \(S, P\)"):
        kernel.ntk(g, torch.tensor(g.init(1)), torch.tensor(numbers(4, 1, 5, 5, 5)))
    with pytest.raises(ValueError, match=r"^x: got ndarray; allowed: a torch tensor"):
        kernel.ntk(f, w, eq.as_points("L"))


MOTIONS = (*eq.random_rotations(3, 0), eq.INVERSION, eq.reflection((1, 2, 3)))


def test_products_and_gates_are_equivariant_in_double_precision():
    product, x = make("product")
    f = eq.flat(product, "2x0e+1o+1e")
    w = f.init(1)[0]
    move = lambda m, x: (eq.act("2x0e+1o")(m, x[0]), eq.act("0e+1o")(m, x[1]))  # noqa: E731
    assert abs(f(w, x)[:, 2:]).max() > 0.1  # vectors are there
    assert eq.equivariance_error(lambda x: f(w, x), x, MOTIONS, move, eq.act(f.irreps_out)) < 1e-13
    assert eq.equivariance_error(lambda x: f(w, x), x, [eq.INVERSION], move, eq.act("2x0e+2x1o")) > 0.1  # 1e is not 1o
    gate, x = make("gate")
    f = eq.flat(gate, "2x0e+1o")
    w = f.init(1)[0]
    assert abs(f(w, x)[:, 2:]).max() > 0.1
    assert eq.equivariance_error(lambda x: f(w, x), x, MOTIONS, eq.act("2x0e+1o"), eq.act(f.irreps_out)) < 1e-13
    relu = lambda x: np.maximum(f(w, x), 0)  # noqa: E731
    assert eq.equivariance_error(relu, x, MOTIONS, eq.act("2x0e+1o"), eq.act(f.irreps_out)) > 0.1


def test_built_in_single_precision_a_product_is_not_equivariant_to_double():
    """Why `in_double` is there."""
    f = eq.flat(o3.FullyConnectedTensorProduct("1o", "1o", "2e"))
    move = lambda m, x: (eq.act("1o")(m, x[0]), eq.act("1o")(m, x[1]))  # noqa: E731
    x = numbers(6, 3), numbers(6, 3, seed=1)
    assert 1e-10 < eq.equivariance_error(lambda x: f(f.init(1)[0], x), x, MOTIONS, move, eq.act("2e")) < 1e-6


class Own(torch.nn.Module):
    def __init__(self, draws):
        super().__init__()
        self.a = torch.nn.Parameter(torch.zeros(3))
        if draws:
            self.reset_parameters = lambda: torch.nn.init.normal_(self.a, std=2)

    def forward(self, x):
        return x @ self.a[:, None]


def test_modules_of_ones_own_draw_by_themselves_or_are_refused():
    f = eq.flat(Own(True))
    assert f.init(500).std() == pytest.approx(2, rel=0.05)
    with pytest.raises(ValueError, match=r"^module: got Own with parameters a that nothing draws; allowed.*reset_parameters"):
        eq.flat(Own(False))


@pytest.mark.parametrize("wrong, words", [
    (lambda: eq.flat(math.sin), r"^module: got .*allowed: a torch module, as"),
    (lambda: eq.flat(torch.nn.Tanh()), r"^module: got Tanh without parameters"),
    (lambda: eq.flat(torch.nn.Linear(2, 1), "1q"), r"^irreps_out: got '1q'"),
    (lambda: eq.flat(torch.nn.Linear(2, 1))(np.ones(4), np.ones((1, 2))), r"^w: got shape \(4,\); allowed: \(3,\) or \(S, 3\)"),
    (lambda: eq.flat(torch.nn.Linear(2, 1)).init(-1), r"^seeds: got -1"),
])  # fmt: skip
def test_what_is_no_module_is_named(wrong, words):
    with pytest.raises(ValueError, match=words):
        wrong()
