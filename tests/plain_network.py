"""The oracle of hand-written networks: the same f in plain torch, for automatic derivatives."""

import torch

from lsviz.network import normalisation


def reference(net, w, x):
    """f written the plain way, for autograd: one network, points in rows."""
    a = x
    for i, layer in enumerate(net.layers):
        weight = w[layer.weight].reshape(layer.fan_out, layer.fan_in)
        s = {"standard": 1, "ntk": layer.fan_in**-0.5, "mean_field": layer.fan_in ** (-0.5 if i < net.L else -1)}[
            net.scale
        ]
        z = s * (a @ weight.T)
        if net.bias:
            z = z + w[layer.bias]
        if i == net.L:
            return z[:, 0]
        u = net.beta * z
        act = {"swish": torch.nn.functional.silu, "relu": torch.relu, "tanh": torch.tanh, "erf": torch.erf}[net.act](
            u
        ) / net.beta
        a = act * normalisation(net.act, net.beta)
    raise AssertionError
