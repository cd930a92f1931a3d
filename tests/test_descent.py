"""Descents: one by one against batched, NumPy against torch, the dual step against the explicit Jacobian, LM against long Adam."""

from types import SimpleNamespace

import numpy as np
import pytest

from lsviz import data, descent
from lsviz.descent import captured
from lsviz.descent.levenberg_marquardt import _step
from lsviz.jamming import Fit, hinge, unsatisfied
from lsviz.network import dense

torch = pytest.importorskip("torch")
torch.set_num_threads(1)

RULES = {
    "gd": lambda fit, w, n: descent.gradient_descent(fit, w, budget=n, learning_rate=0.3),
    "adam": lambda fit, w, n: descent.adam(fit, w, budget=n, learning_rate=0.01),
    "fire": lambda fit, w, n: descent.fire(fit, w, budget=n),
    "flow": lambda fit, w, n: descent.gradient_flow(fit, w, budget=n),
    "lm": lambda fit, w, n: descent.levenberg_marquardt(fit, w, budget=n),
}


def last(states):
    for state in states:
        pass
    return state


@pytest.fixture(scope="module")
def points():
    return data.load("mnist", P=120)


def as_torch(points):
    return SimpleNamespace(x=torch.tensor(points.x), y=torch.tensor(points.y))


@pytest.mark.parametrize("rule", RULES)
def test_batched_equals_one_by_one_equals_torch(rule, points):
    net = dense(10, 3.5, 2)
    w = net.init(5)
    batch = last(RULES[rule](hinge(net, points), w, 5))
    alone = [last(RULES[rule](hinge(net, points), w[s : s + 1], 5)) for s in range(5)]
    other = last(RULES[rule](hinge(net, as_torch(points)), torch.tensor(w), 5))
    np.testing.assert_allclose(np.concatenate([state.w for state in alone]), batch.w, atol=1e-10)
    np.testing.assert_allclose(other.w.numpy(), batch.w, atol=1e-10)
    assert np.abs(batch.w - w).max() > 1e-3  # it moved: the comparison could fail


@pytest.mark.parametrize("rule", ["gd", "adam", "fire", "flow"])
def test_the_gpus_driver_equals_one_step_at_a_time(rule, points, monkeypatch):
    """Without a GPU its step runs unrecorded. One seed is broken from the start, some become satisfied on the way and keep still."""
    net, budget = dense(10, 9, 2), 240
    w = torch.tensor(net.init(6))
    w[4, 3] = torch.nan
    steps = list(map(copied, RULES[rule](hinge(net, as_torch(points)), w, budget)))
    monkeypatch.setattr(captured, "wanted", lambda w: True)
    monkeypatch.setattr(captured, "LOOKS", 40)
    seen = list(map(copied, RULES[rule](hinge(net, as_torch(points)), w, budget)))
    assert {state.step for state in seen} <= set(captured.looks(budget)) and len(seen) <= 42 and 180 in captured.looks(budget)
    assert seen[-1].step == captured.looks(budget)[captured.looks(budget) >= steps[-1].step][0]  # where nothing moves, it ends
    for state in seen:
        other = steps[min(state.step, steps[-1].step)]
        np.testing.assert_allclose(state.w, other.w, atol=1e-9)
        np.testing.assert_allclose(state.gaps, other.gaps, atol=1e-8)
        np.testing.assert_allclose(state.loss, other.loss, atol=1e-10)
        np.testing.assert_array_equal(state.failed, [False] * 4 + [True, False])
    if rule in ("adam", "fire"):
        assert (unsatisfied(seen[-1].gaps) == 0).sum() > (unsatisfied(seen[0].gaps) == 0).sum()  # some left on the way


def copied(state):
    return SimpleNamespace(step=state.step, **{name: np.array(getattr(state, name)) for name in ("w", "gaps", "loss", "failed")})


def test_a_seed_that_breaks_on_the_gpu_keeps_its_last_good_step(points, monkeypatch):
    monkeypatch.setattr(captured, "wanted", lambda w: True)
    net = dense(10, 3, 2)
    w = torch.tensor(net.init(3)) * torch.tensor([[1.0], [1e20], [1.0]]).double()  # its loss is finite, its next one is not
    found = last(RULES["gd"](Fit(net, as_torch(points), "hinge"), w, 5))
    assert found.failed.tolist() == [False, True, False] and found.step == 5
    assert torch.isfinite(found.w).all() and torch.isfinite(found.loss[[0, 2]]).all()
    np.testing.assert_array_equal(found.w[1], w[1])


@pytest.mark.parametrize("loss", ["hinge", "softhinge", "logistic"])
@pytest.mark.parametrize("rule", RULES)
def test_loss_falls(rule, loss, points):
    net = dense(10, 4, 2, "tanh")
    states = RULES[rule](Fit(net, points, loss), net.init(3), 60)
    start = next(states).loss.copy()
    assert (last(states).loss < 0.8 * start).all()


def test_same_final_count_in_both_engines_and_batch_sizes():
    points = data.load("mnist", P=300)
    for h in (3, 4.5, 7):
        net = dense(10, h, 2)
        batch = unsatisfied(last(RULES["lm"](hinge(net, points), net.init(6), 80)).gaps)
        other = unsatisfied(last(RULES["lm"](hinge(net, as_torch(points)), torch.tensor(net.init(6)), 80)).gaps).numpy()
        alone = [int(unsatisfied(last(RULES["lm"](hinge(net, points), net.init([s]), 80)).gaps)[0]) for s in range(6)]
        np.testing.assert_array_equal(other, batch)
        np.testing.assert_array_equal(alone, batch)


@pytest.mark.parametrize("h", [2, 12])  # 2: many more points than parameters (primal); 12: fewer (dual)
@pytest.mark.parametrize("mu", [1e-3, 1.0])
def test_step_is_the_explicit_jacobians(h, mu, points):
    net, fit = dense(10, h, 2), None
    fit = hinge(net, points)
    w = net.init(4)
    view = fit.look(w)
    change = _step(fit, w, view, np.full(4, mu))
    for s in range(4):
        active = view.gaps[s] > 0
        stacks = net.forward(w[s : s + 1], net.features_first(points.x[active]))
        jacobian = net.jacobian(stacks, net.sensitivities(w[s : s + 1], stacks, points.y[None, active]))[0].T
        expected = np.linalg.solve(jacobian.T @ jacobian + mu * np.eye(net.size), jacobian.T @ view.gaps[s, active])
        np.testing.assert_allclose(change[s], expected, rtol=1e-7, atol=1e-9)


def test_second_order_never_climbs(points):
    net = dense(10, 3, 2)
    losses = np.array([state.loss.copy() for state in RULES["lm"](hinge(net, points), net.init(6), 60)])
    assert (np.diff(losses, axis=0) <= 0).all()


@pytest.mark.parametrize("rule", ["lm", "adam"])
def test_a_broken_seed_is_frozen_and_the_others_keep_their_numbers(rule, points):
    net = dense(10, 4, 2)
    w = net.init(4)
    good = last(RULES[rule](hinge(net, points), w, 8)).w
    w[2, 0] = np.nan
    with np.errstate(invalid="ignore"):
        state = last(RULES[rule](hinge(net, points), w, 8))
    np.testing.assert_array_equal(state.failed, [False, False, True, False])
    np.testing.assert_allclose(state.w[[0, 1, 3]], good[[0, 1, 3]], atol=1e-10)


def test_too_large_a_step_raises_the_loss(points):
    net = dense(10, 4, 2)
    states = descent.gradient_descent(hinge(net, points), net.init(4), budget=5, learning_rate=50)
    start = next(states).loss.copy()
    with np.errstate(over="ignore", invalid="ignore"):
        assert (last(states).loss > start).any()


def test_satisfied_seeds_leave_the_batch():
    points = data.load("mnist", P=60)
    net = dense(10, 8, 2)
    states = list(RULES["lm"](hinge(net, points), net.init(5), 200))
    assert len(states) < 60  # all satisfied: the descent ends by itself
    assert (unsatisfied(states[-1].gaps) == 0).all()


def test_lm_and_long_adam_agree():
    """Both end all satisfied far above the jump and all stuck, with N_Δ of the order of N, far below it."""
    points = data.load("mnist", P=150)
    for h, sat in ((2, False), (9, True)):
        net = dense(10, h, 2)
        fit = hinge(net, points)
        second = unsatisfied(last(RULES["lm"](fit, net.init(4), 200)).gaps) / net.N
        first = unsatisfied(last(descent.adam(fit, net.init(4), budget=6000, learning_rate=0.02)).gaps) / net.N
        if sat:
            assert (second == 0).all() and (first == 0).all()
        else:
            assert (
                abs(second.mean() - first.mean()) < 2 * (second.std() + first.std())
                and second.min() > 0.4
                and first.min() > 0.4
            )
