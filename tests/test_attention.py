"""Attention: weights that no turn or mirror changes, a smooth cutoff inside, and sums of 1."""

from functools import cache

import numpy as np
import pytest

from lsviz.equivariant import (
    INVERSION,
    attention_weights,
    equivariance_error,
    message_passing,
    move,
    points,
    random_rotations,
    reflection,
    se3_transformer,
    translation,
)
from lsviz.equivariant.euclidean import attention

START = "8x0e+4x1o"


def twenty(cutoff=2.0):
    rng = np.random.default_rng(0)
    return points(1.2 * rng.standard_normal((20, 3)), rng.standard_normal((20, 20)), cutoff)


@cache
def made(**more):
    f = se3_transformer(irreps_in=START, irreps_out="0e+1o", mul=3, hidden=8, cutoff=2.0, pool=False, **more)
    return f, f.init((0,))[0]


def test_attention_is_invariant_and_not_even():
    f, w = made()
    x = twenty()
    motions = (*random_rotations(3, 1), INVERSION, reflection((0.0, 1.0, 2.0)), translation((3.0, 0.0, 1.0)))
    alpha = attention_weights(f, w, x)
    assert alpha.shape == (x.edges.shape[1], 3)
    uniform = 1 / np.bincount(x.edges[1], minlength=20)[x.edges[1]]
    assert np.abs(alpha - uniform[:, None]).max(0).min() > 0.1  # each layer looks at some more than at others
    error = equivariance_error(
        lambda y: attention_weights(f, w, y), x, motions, lambda g, y: move(g, y, START), lambda g, y: y
    )
    assert error < 1e-11


def test_attention_adds_up_to_one_or_to_nothing():
    f, w = made()
    x = twenty()
    far = np.concatenate([x.positions, [[50.0, 0, 0]]])
    x = points(far, np.concatenate([x.features, x.features[:1]]), 2.0)
    alpha = attention_weights(f, w, x)
    total = np.zeros((21, 3))
    np.add.at(total, x.edges[1], alpha)
    met = np.bincount(x.edges[1], minlength=21) > 0
    assert not met[20] and met.sum() > 15
    np.testing.assert_allclose(total[met], 1, atol=1e-14)
    assert (total[~met] == 0).all()
    assert (alpha >= 0).all()


def test_attention_ends_smoothly_at_the_cutoff():
    f, w = made()
    features = np.random.default_rng(0).standard_normal((3, 20))

    def at(r, read=lambda x: f(w, x)):
        return read(points(np.array([[0, 0, 0], [0, r, 0], [1.0, 0, 0]]), features, 2.5))

    near, beyond = (at(r, lambda x: attention_weights(f, w, x)) for r in (1.999, 2.001))
    met_by_two = [
        0,
        1,
    ]  # edges to the first point: it has another neighbour, so α falls smoothly; a lone one has α = 1, and its W ends
    np.testing.assert_allclose(near[met_by_two], beyond[met_by_two], atol=1e-12)
    np.testing.assert_allclose(at(1.999), at(2.001), atol=1e-6)
    assert beyond.min() == 0 and beyond.max() == 1


def test_softmax_of_huge_numbers_and_of_none():
    torch = pytest.importorskip("torch")
    values = torch.tensor([1e4, 1e4 + 1, -1e4, -torch.inf, -torch.inf], dtype=torch.float64)
    index = torch.tensor([0, 0, 1, 1, 2])
    e = float(np.e)
    found = attention.softmax(values, index, 4)
    np.testing.assert_allclose(found, [1 / (1 + e), e / (1 + e), 1, 0, 0], rtol=1e-12)
    length = torch.tensor([0.5, 1.99999, 2.0, 3.0], dtype=torch.float64, requires_grad=True)
    weight = attention.softmax(attention.closing(length, 2.0), torch.tensor([0, 0, 0, 1]), 2)
    weight.square().sum().backward()
    assert torch.isfinite(length.grad).all() and weight[2] == 0 and weight[3] == 0


def test_equals_the_equation_written_out():
    """One layer, edge by edge: V f + U Σ √α v over √2, from the network's own parts."""
    torch = pytest.importorskip("torch")
    f, w = made(layers=1)
    x = twenty()
    alpha = attention_weights(f, w, x)[:, 0]
    layer = f.module.layers[0]
    with torch.no_grad():
        torch.nn.utils.vector_to_parameters(torch.tensor(w), f.module.parameters())
        from lsviz.equivariant import as_tensors
        from lsviz.equivariant.euclidean.graphs import edge_terms

        t = as_tensors(x, torch.tensor(w))
        edges = edge_terms(t, 1, 2.0, 10)
        key_w, value_w = layer.radial(edges.radial).chunk(2, -1)
        query = layer.query(t.features)
        for i in (0, 7):
            js = np.flatnonzero(x.edges[1] == i)
            logits = []
            for e in js:
                key = layer.product(t.features[x.edges[0, e]][None], edges.harmonics[e][None], key_w[e][None])[0]
                u = 10 * (1 - float(edges.length[e]) / 2.0)
                logits.append(float(query[i] @ key) / np.sqrt(len(key)) - 1 / u)
            weights = np.exp(logits) / np.exp(logits).sum()
            np.testing.assert_allclose(alpha[js], weights, rtol=1e-10)
            value = layer.product(t.features[x.edges[0, js]], edges.harmonics[js], value_w[js])
            heard = layer.after((torch.tensor(weights).sqrt()[:, None] * value).sum(0))
            wanted = (layer.itself(t.features[i]) + heard) / 2**0.5
            np.testing.assert_allclose(f(w, x)[i], wanted, rtol=1e-9, atol=1e-12)


def test_a_network_without_attention_is_named():
    f = message_passing(mul=1, hidden=2)
    with pytest.raises(ValueError, match=r"^f: got Flat.*allowed: a network with attention"):
        attention_weights(f, f.init(1)[0], points(np.eye(3)))
