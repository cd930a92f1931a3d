"""Small networks: N and size, the same function as torch's own layers, batch statistics, and honest training."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from lsviz import data, diffeo, nets
from lsviz.nets.stored import FOLDER


def digits(P=40, split="train"):
    return data.images("mnist", P=P, split=split)


def sequential(name):
    """The same network from torch.nn, for those that are chains."""
    chains = {
        "fc3": [nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(),
                nn.Linear(128, 10)],
        "conv": [layer for a, b in ((1, 8), (8, 8), (8, 8), (8, 16)) for layer in (nn.Conv2d(a, b, 5), nn.ReLU())]
                + [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10)],
        "lenet_bn": [nn.Conv2d(1, 6, 5, padding=2, bias=False), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2),
                     nn.Conv2d(6, 16, 5, bias=False), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                     nn.Linear(400, 120, bias=False), nn.BatchNorm1d(120), nn.ReLU(), nn.Linear(120, 84, bias=False),
                     nn.BatchNorm1d(84), nn.ReLU(), nn.Linear(84, 10)],
        "stride_bn": [layer for a, b in ((1, 16), (16, 32), (32, 64))
                      for layer in (nn.Conv2d(a, b, 3, 2, 1, bias=False), nn.BatchNorm2d(b), nn.ReLU())]
                     + [nn.Flatten(), nn.Linear(1024, 10)],
    }  # fmt: skip
    return nn.Sequential(*chains[name])


def load(module, w):
    """Put w (size,) into a torch module: its parameters in order, then its running means and variances."""
    w = torch.as_tensor(w)
    place = 0
    with torch.no_grad():
        buffers = [b for b in module.buffers() if b.ndim]
        for p in [*module.parameters(), *buffers]:
            p.copy_(w[place : place + p.numel()].view_as(p))
            place += p.numel()
    assert place == len(w)


def jittered(net, seed=0):
    """Weights in which no part is trivial, running statistics included."""
    w = net.init((seed,))
    return w + 0.1 * np.random.default_rng(1).random(w.shape)


@pytest.mark.parametrize("name", ["fc3", "conv", "lenet_bn", "stride_bn"])
@pytest.mark.parametrize("batch", [False, True])
def test_the_same_function_as_torchs_own_layers(name, batch):
    net, module, x = nets.make(name), sequential(name), digits().x
    w = jittered(net)
    load(module, w[0])
    module.train(batch)
    with torch.no_grad():
        wanted = module(torch.tensor(x, dtype=torch.float32)[:, None]).numpy()
    found = net(w, x, batch)
    assert found.shape == (1, 40, 10) and isinstance(found, np.ndarray)
    np.testing.assert_allclose(found[0], wanted, rtol=1e-4, atol=1e-5)
    assert sum(p.numel() for p in module.parameters()) == net.N
    assert net.size - net.N == sum(b.numel() for b in module.buffers() if b.ndim)


def test_a_residual_block_by_hand():
    net = nets.make("resnet_bn")
    w, x = jittered(net), torch.tensor(digits(9).x, dtype=torch.float32)
    parts = list(
        torch.tensor(w[0], dtype=torch.float32).split(
            [p.numbers for p in net.parts] + [c for c in net.norms for _ in (0, 1)]
        )
    )
    stats, parts = parts[len(net.parts) :], [p.view(q.shape) for p, q in zip(parts, net.parts)]

    def norm(z, k, i):
        return nn.functional.batch_norm(z, stats[2 * i], stats[2 * i + 1], parts[k], parts[k + 1])

    conv, relu = nn.functional.conv2d, torch.relu
    z = relu(norm(conv(x[:, None], parts[0], padding=1), 1, 0))
    inner = relu(norm(conv(z, parts[3], padding=1), 4, 1))
    z = relu(norm(conv(inner, parts[6], padding=1), 7, 2) + z)  # the first block adds its input as it is
    for k, i in ((9, 3), (18, 6)):
        inner = relu(norm(conv(z, parts[k], stride=2, padding=1), k + 1, i))
        z = relu(
            norm(conv(inner, parts[k + 3], padding=1), k + 4, i + 1)
            + norm(conv(z, parts[k + 6], stride=2), k + 7, i + 2)
        )
    wanted = nn.functional.linear(z.mean((2, 3)), parts[27], parts[28])
    np.testing.assert_allclose(net(w, x.numpy())[0], wanted, rtol=1e-4, atol=1e-5)
    assert len(parts[: len(net.parts)]) == 29


@pytest.mark.parametrize("name", nets.NAMES)
def test_every_net_starts_with_outputs_of_order_one_and_knows_its_sizes(name):
    net = nets.make(name)
    w = net.init((4, 7))
    assert (
        w.shape == (2, net.size)
        and net.size == net.N + 2 * sum(net.norms)
        and (net.size > net.N) == name.endswith("_bn")
    )
    x = digits(100).x
    f = net(w, x, batch=True)
    assert f.shape == (2, 100, 10) and 0.03 < f.std() < 5
    np.testing.assert_allclose(net(w[1:], x, batch=True)[0], f[1], rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(net.init((7,))[0], w[1])
    shapes = [part for part in net.parts if part.width]
    start = 0
    for part in net.parts:
        if part in shapes and part.numbers > 2000:
            fan_in = np.prod(part.shape[1:])
            assert w[0, start : start + part.numbers].var() * fan_in == pytest.approx(
                1 if part.shape[0] == 10 else 2, rel=0.15
            )
        start += part.numbers
    assert nets.make(name, outputs=3)(nets.make(name, 3).init(1), x[:2], batch=True).shape == (1, 2, 3)


def test_batch_statistics_make_f_depend_on_the_batch_and_running_ones_do_not():
    net, x = nets.make("stride_bn"), digits(60).x
    w = jittered(net)
    few = slice(0, 20)
    np.testing.assert_allclose(net(w, x)[:, few], net(w, x[few]), rtol=1e-4, atol=1e-5)
    assert np.abs(net(w, x, batch=True)[:, few] - net(w, x[few], batch=True)).max() > 1e-2
    plain = nets.make("stride")
    w = plain.init(1)
    np.testing.assert_array_equal(plain(w, x, batch=True), plain(w, x))


def test_f_has_a_gradient_in_w():
    net, x = nets.make("lenet"), torch.tensor(digits(5).x, dtype=torch.float64)
    w = torch.tensor(jittered(net), requires_grad=True)  # no bias is 0: an empty picture would lie on the kink
    f = net(w, x)
    (gradient,) = torch.autograd.grad(f[0, 2, 3], w)
    direction = torch.randn(w.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    step = 1e-7
    with torch.no_grad():
        slope = (net(w + step * direction, x) - net(w - step * direction, x))[0, 2, 3] / (2 * step)
    assert float((gradient * direction).sum()) == pytest.approx(float(slope), rel=1e-5)


@pytest.mark.parametrize("name", ["fc1", "stride_bn"])
@pytest.mark.parametrize("kind", nets.RECIPES)
def test_a_step_is_torchs_own(name, kind):
    """Three steps on one batch, by torch's optimizers on torch's layers."""
    net, im = nets.make(name), digits(64)
    how = nets.recipe(kind, net)
    w = net.init((2,))
    *_, last = nets.train(net, w, im.x, im.label, steps=3, seeds=(2,), recipe=how)
    module = (
        sequential(name)
        if name != "fc1"
        else nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
    )
    load(module, torch.tensor(w[0], dtype=torch.float32))
    if how.optimizer == "sgd":
        optimizer = torch.optim.SGD(module.parameters(), how.rate, how.momentum, weight_decay=how.decay)
    else:
        optimizer = torch.optim.Adam(module.parameters(), how.rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 3) if how.cosine else None
    x, label = torch.tensor(im.x, dtype=torch.float32)[:, None], torch.tensor(im.label.astype(int))
    for _ in range(3):
        optimizer.zero_grad()
        nn.functional.cross_entropy(module(x), label).backward()
        optimizer.step()
        if schedule:
            schedule.step()
    its = torch.cat([p.detach().ravel() for p in [*module.parameters(), *(b for b in module.buffers() if b.ndim)]])
    np.testing.assert_allclose(last.w[0], its, rtol=0, atol=2e-4)
    assert float((its - torch.tensor(w[0])).abs().max()) > 1e-3


def test_training_learns_and_repeats_bit_for_bit_seed_by_seed():
    net, im, test = nets.make("stride_bn"), digits(300), digits(300, "test")
    how = nets.recipe("paper", net)
    w = net.init((3, 5))
    states = [(s.step, s.loss, s.w) for s in nets.train(net, w, im.x, im.label, steps=40, seeds=(3, 5), recipe=how)]
    assert [step for step, _, _ in states] == list(range(41)) and np.isnan(states[0][1]).all()
    loss, error = nets.judge(net, states[-1][2], im.x, im.label)
    assert (loss < 0.3).all() and (error < 0.1).all()
    assert (nets.judge(net, states[-1][2], test.x, test.label)[1] < 0.25).all()
    *_, alone = nets.train(net, w[1:], im.x, im.label, steps=40, seeds=(5,), recipe=how)
    assert torch.equal(alone.w[0], states[-1][2][1])
    *_, other = nets.train(net, w[1:], im.x, im.label, steps=40, seeds=(6,), recipe=how)
    assert not torch.equal(alone.w, other.w)  # other batches


def test_a_hinge_fits_too():
    net, im = nets.make("fc1"), digits(100)
    *_, last = nets.train(
        net, net.init(1), im.x, im.label, steps=60, seeds=(0,), recipe=nets.recipe("plain", net), loss="hinge"
    )
    assert nets.judge(net, last.w, im.x, im.label)[1][0] < 0.05 and last.loss[0] < 0.2


def test_torch_is_imported_when_first_used():
    script = "import sys\nfrom lsviz import nets\nn = nets.make('resnet_bn'); n.init(2); n.N; n.size\nassert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("name", lambda: nets.make("alexnet")),
        ("outputs", lambda: nets.make("fc1", 0)),
        ("w", lambda: nets.make("fc1")(np.zeros((2, 5)), np.zeros((1, 28, 28)))),
        ("recipe", lambda: nets.recipe("secret", nets.make("fc1"))),
        ("loss", lambda: next(nets.train(nets.make("fc1"), nets.make("fc1").init(1), digits(3).x, digits(3).label, steps=1, seeds=(0,),
                                         recipe=nets.recipe("plain", nets.make("fc1")), loss="l2"))),
        ("seeds", lambda: next(nets.train(nets.make("fc1"), nets.make("fc1").init(1), digits(3).x, digits(3).label, steps=1, seeds=(0, 1),
                                          recipe=nets.recipe("plain", nets.make("fc1"))))),
        ("x", lambda: next(nets.train(nets.make("fc1"), nets.make("fc1").init(1), digits(3).x, digits(2).label, steps=1, seeds=(0,),
                                      recipe=nets.recipe("plain", nets.make("fc1"))))),
    ],
)  # fmt: skip
def test_what_is_not_allowed_is_named(name, call):
    with pytest.raises(ValueError, match=rf"^{name}: got .*allowed"):
        call()


# --- the weights that come with the package ----------------------------------------------------------------------------


def test_six_stored_networks_are_small_and_say_how_they_were_trained():
    assert len(nets.STORED) == 6
    files = sorted(path.name for path in FOLDER.iterdir())
    assert files == sorted([*(f"{name}.npy" for name in nets.STORED), "nets.json"])
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) <= 1e6
    card = (data.STORE / "README.md").read_text("utf-8")
    for name in nets.STORED:
        told = nets.story(name)
        assert told["command"] == "python tools/train_nets.py" and told["P"] == 4096 and told["steps"] == 1000
        assert (told["N"], told["size"]) == (nets.make(name).N, nets.make(name).size)
        row = f"| `{name}` | {told['N']} | {100 * told['test_error']:.2f} % | {told['loss']:.4f} | {told['bytes']} |"
        assert row in card, row


@pytest.mark.parametrize("name", nets.STORED)
def test_a_stored_network_answers_as_its_story_says(name):
    """Its error on a part of the test set, and how stable it is: above 1 for three, below for those that end in a mean."""
    w, net, told = nets.stored(name), nets.make(name), nets.story(name)
    assert w.shape == (1, net.size) and w.dtype == float
    np.testing.assert_array_equal(w, w.astype(np.float16))
    test, train = digits(800, "test"), digits(400)
    _, (error,) = nets.judge(net, w, test.x, test.label)
    assert abs(error - told["test_error"]) < 4 * np.sqrt(told["test_error"] / 800)
    assert nets.judge(net, w, train.x, train.label)[0][0] < 0.2  # fitted
    R = diffeo.stability(lambda x: net(w, x)[0], test.x[:200].astype("f4"), T=1.4783e-3, c=3, seeds=1).R_f[0]
    assert (R > 1.5) == (name in ("fc3", "stride", "lenet")), R
    assert R > 1.5 or R < 0.6


def test_a_damaged_or_unknown_weight_file_is_named(tmp_path, monkeypatch):
    import shutil

    from lsviz.nets import stored

    with pytest.raises(ValueError, match=r"^name: got 'fc1'; allowed: one of fc3"):
        nets.stored("fc1")
    shutil.copytree(FOLDER, tmp_path / "nets")
    monkeypatch.setattr(sys.modules["lsviz.nets.stored"], "FOLDER", tmp_path / "nets")
    content = bytearray((tmp_path / "nets" / "lenet.npy").read_bytes())
    content[5000] ^= 1
    (tmp_path / "nets" / "lenet.npy").write_bytes(content)
    with pytest.raises(data.DamagedFile, match=r"lenet\.npy is missing or damaged.*git checkout -- lsviz/store/nets"):
        nets.stored("lenet")
    assert stored("stride").shape[0] == 1
    (tmp_path / "nets" / "stride.npy").unlink()
    with pytest.raises(data.DamagedFile, match="stride"):
        nets.stored("stride")
