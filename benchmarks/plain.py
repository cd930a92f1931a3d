"""How it is done without lsviz: one network at a time, torch.nn.Sequential, autograd, an optimizer from torch."""

from typing import Any

import torch

ACTIVATIONS = {"relu": torch.nn.ReLU, "swish": torch.nn.SiLU}


class PlainNetwork:
    """A dense network of the given widths on points (x, y) under the quadratic hinge; `step()` is one optimizer step."""

    def __init__(self, widths: tuple[int, ...], points: Any, act: str, optimizer: str, dtype: torch.dtype) -> None:
        torch.manual_seed(0)
        self.x, self.y = torch.tensor(points.x, dtype=dtype), torch.tensor(points.y, dtype=dtype)
        layers: list[torch.nn.Module] = []
        for fan_in, fan_out in zip((self.x.shape[1], *widths[:-1]), widths, strict=True):
            layers += [torch.nn.Linear(fan_in, fan_out, dtype=dtype), ACTIVATIONS[act]()]
        self.net = torch.nn.Sequential(*layers, torch.nn.Linear(widths[-1], 1, dtype=dtype))
        maker = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}[optimizer]
        self.optimizer = maker(self.net.parameters(), lr=1e-3)

    def step(self) -> None:
        """Forward, backward, update."""
        self.optimizer.zero_grad()
        gap = 1 - self.y * self.net(self.x)[:, 0]
        (0.5 * torch.relu(gap) ** 2).mean().backward()
        self.optimizer.step()
