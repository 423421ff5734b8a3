"""A multilayer perceptron that can propagate jets."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn

from benchmarks.peers.plain_torch.jets import Jet


class Perceptron(nn.Module):
    """Layers of equal width with sine or tanh between them, Xavier weights and biases of zero.

    Args:
        inputs: how many, a feature included.
        widths: of the hidden layers.
        activation: "sine" or "tanh".
    """

    def __init__(self, inputs: int, widths: list[int], activation: str) -> None:
        super().__init__()
        sizes = [inputs, *widths, 1]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in itertools.pairwise(sizes))
        self.activation = activation
        for layer in self.layers:
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, inputs: Tensor) -> Tensor:
        """(N, D) to (N,)."""
        act = torch.sin if self.activation == "sine" else torch.tanh
        hidden = inputs
        for layer in self.layers[:-1]:
            hidden = act(layer(hidden))
        return self.layers[-1](hidden).squeeze(1)

    def jet(self, points: Tensor, space: int, feature: Jet | None = None) -> Jet:
        """Value, gradient and Laplacian in one pass.

        Args:
            points: (N, D).
            space: how many of the D the Laplacian is taken in.
            feature: one more input, a function of the points.
        """
        first, *middle, last = self.layers
        weights = first.weight.T  # (inputs, H)
        if feature is None:
            z, slopes, curvature = first(points), weights[None], None
        else:
            z = first(torch.cat([points, feature.value[:, None]], 1))
            slopes = weights[None, :-1] + feature.gradient[:, :, None] * weights[-1]
            curvature = feature.laplacian * weights[-1]
        for layer in [*middle, last]:
            value, slope, bend = self._activate(z)
            curved = bend * slopes[:, :space].square().sum(1)
            if curvature is not None:
                curved = curved + slope * curvature
            if layer is last:
                break
            # The gradients of all coordinates are one product of matrices.
            slopes = (slope[:, None] * slopes) @ layer.weight.T
            z, curvature = layer(value), curved @ layer.weight.T
        row = last.weight[0]
        gradient = ((slope * row)[:, None] @ slopes.transpose(1, 2)).squeeze(1)
        return Jet(last(value).squeeze(1), gradient, curved @ row, space)

    def _activate(self, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        if self.activation == "sine":
            value = z.sin()
            return value, z.cos(), -value
        value = z.tanh()
        slope = 1 - value.square()
        return value, slope, -2 * value * slope
