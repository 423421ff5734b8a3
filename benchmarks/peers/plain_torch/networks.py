"""A multilayer perceptron that can propagate jets."""

from __future__ import annotations

import itertools
from typing import Any

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

        What is propagated of the gradient are its components in space, and those only for their squares: where there
        are more of them than units in the first layer, their coordinates in a basis of its weights do.

        Args:
            points: (N, D).
            space: how many of the D the Laplacian is taken in.
            feature: one more input, a function of the points.
        """
        first, *middle, last = self.layers
        weights, extra = first.weight[:, : points.shape[1]], first.weight[:, -1]
        basis = weights[:, :space]  # (H, space)
        steepness = basis.square().sum(1)
        inputs, along, curvature = points, None, None
        if feature is not None:
            inputs, along = torch.cat([points, feature.value[:, None]], 1), feature.gradient[:, :space]
            steepness = steepness + 2 * extra * (along @ basis.T) + extra.square() * along.square().sum(1)[:, None]
            curvature = feature.laplacian * extra
        elif space > len(basis):
            basis = torch.linalg.qr(basis.T).R.T
        value, slope, bend = self._activate(first(inputs))
        curved = bend * steepness if curvature is None else bend * steepness + slope * curvature
        slopes, gradients = [slope], None
        for layer in middle:
            into = layer.weight.T  # (H, next H)
            if gradients is None:
                # One product of matrices, since the first layer's gradients are the same at all points.
                joined = (basis[:, :, None] * into[:, None]).flatten(1)
                gradients = (slope @ joined).view(len(points), -1, into.shape[1])
                if along is not None:
                    gradients = gradients + along[:, :, None] * ((slope * extra) @ into)[:, None]
            else:
                gradients = (slope[:, None] * gradients) @ into
            curvature = curved @ into
            value, slope, bend = self._activate(layer(value))
            curved = slope * curvature + bend * _SumOfSquares.apply(gradients)
            slopes.append(slope)
        row = last.weight[0]
        back = row * slopes.pop()
        for layer in reversed(middle):
            back = (back @ layer.weight) * slopes.pop()
        gradient = back @ weights
        if feature is not None:
            gradient = gradient + (back @ extra)[:, None] * feature.gradient
        return Jet(last(value).squeeze(1), gradient, curved @ row, space)

    def _activate(self, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        if self.activation == "sine":
            value = z.sin()
            return value, z.cos(), -value
        value = z.tanh()
        slope = 1 - value.square()
        return value, slope, -2 * value * slope


class _SumOfSquares(torch.autograd.Function):
    """Over the middle axis of three, with one temporary in its reverse pass."""

    @staticmethod
    def forward(ctx: Any, gradients: Tensor) -> Tensor:
        ctx.save_for_backward(gradients)
        return gradients.square().sum(1)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        (gradients,) = ctx.saved_tensors
        return gradients * (2 * grad)[:, None]
