"""The unperturbed network that a sweep starts from, and what a change inside it does to its outputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from pinnzo.networks.layers import Layer

from . import tiles
from .node_weights import NodeWeights
from .parabolas import largest_parabola, next_power_of_two

if TYPE_CHECKING:
    from pinnzo.networks.layered import LayeredNetwork

WEIGHTED_LIMIT = 16.0
"""A unit's change reaches the next layer times a weight, which is allowed so much: the parabola through the outputs
themselves bends as strongly."""


class Unperturbed:
    """The unperturbed parameters, layer by layer, and what a change inside the network does to its outputs."""

    def __init__(self, network: LayeredNetwork, theta: torch.Tensor, step: float) -> None:
        self.layers: Sequence[Layer] = network.layers
        self.activation = network.activation
        self.theta, self.step = theta, step
        self.last = len(network.layers) - 1
        self.weights = [
            theta[layer.weight].reshape(layer.outputs, layer.inputs)
            if layer.matrix is None
            else layer.matrix.dense(theta[None, layer.weight])[0]
            for layer in network.layers
        ]
        self.biases = [theta[layer.bias, None] for layer in network.layers]
        self.limit = largest_parabola(theta.dtype) if self.activation.increment is not None else 0.0

    def after(self, trace: Trace, k: int, z: torch.Tensor) -> torch.Tensor:
        """Changes of the outputs, (n, O, S), for n variants of the sums of hidden layer k, (n, units, S)."""
        h = self.activation(z)
        for layer in range(k + 1, self.last):
            h = self.activation(torch.matmul(self.weights[layer], h).add_(self.biases[layer]))
        return torch.matmul(self.weights[self.last], h.sub_(trace.hidden[self.last]))

    def from_units(self, trace: Trace, k: int, units: torch.Tensor, changes: torch.Tensor) -> torch.Tensor:
        """Changes of the outputs, (n, O, S), when in variant v unit ``units[v]`` of layer k changes by (n, S)."""
        columns = self.weights[k + 1][:, units].T[:, :, None] * changes[:, None, :]
        return columns if k + 1 == self.last else self.after(trace, k + 1, columns.add_(trace.sums[k + 1]))

    def unit_effects(
        self, trace: Trace, k: int, units: torch.Tensor, eta: float
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """(a, b), each (n, O, S): the outputs change by (a + b ε) ε when a unit of layer k changes by ε.

        Exact at ε = ±η; ``b`` is None where the outputs are linear in the unit.
        """
        columns = self.weights[k + 1][:, units]
        if k + 1 == self.last:
            return columns.T[:, :, None], None
        bound = next_power_of_two(eta * float(columns.abs().max()))
        if k + 2 == self.last and bound <= WEIGHTED_LIMIT * self.limit:
            # A unit moves the next layer's sums by amounts that are the same at all points, so that the changes of
            # all activations, as parabolas, add up to matrix products.
            a, b = trace.increments(k + 1, bound)
            last, columns = self.weights[self.last], columns.T[:, None, :]
            first = torch.mm((last * columns).flatten(0, 1), a)
            second = torch.mm((last * columns.square()).flatten(0, 1), b)
            return first.unflatten(0, (len(units), -1)), second.unflatten(0, (len(units), -1))
        a = trace.inputs.new_empty(len(units), self.weights[self.last].shape[0], trace.inputs.shape[1])
        b = torch.empty_like(a)
        group = max(1, tiles.CHUNK_ELEMENTS // trace.sums[k + 1].numel())
        for start in range(0, len(units), group):
            part = slice(start, start + group)
            moves = eta * columns[:, part].T[:, :, None]
            above = self.after(trace, k + 1, trace.sums[k + 1] + moves)
            below = self.after(trace, k + 1, trace.sums[k + 1] - moves)
            torch.sub(above, below, out=a[part]).mul_(0.5 / eta)
            torch.add(above, below, out=b[part]).mul_(0.5 / eta**2)
        return a, b


class Trace:
    """The activations of the unperturbed network at S points.

    Attributes:
        inputs: of the first layer, (I, S).
        hidden: what enters each layer, (units, S).
        sums: of each hidden layer before its activation, (units, S).
        nodes: how the columns are summed up, where they are.
    """

    def __init__(self, model: Unperturbed, inputs: torch.Tensor, nodes: NodeWeights | None = None) -> None:
        self.inputs, self.nodes = inputs, nodes
        self.hidden, self.sums = [inputs], []
        for weight, bias in zip(model.weights[: model.last], model.biases, strict=False):
            self.sums.append(torch.addmm(bias, weight, self.hidden[-1]))
            self.hidden.append(model.activation.function(self.sums[-1]))
        self._model = model
        self._increments: dict[tuple[int, float], tuple[torch.Tensor, torch.Tensor]] = {}

    def increments(self, k: int, eta: float) -> tuple[torch.Tensor, torch.Tensor]:
        """The activation's parabolas (a, b) at the sums of layer k, each (units, S)."""
        increment = self._model.activation.increment
        assert increment is not None
        if (k, eta) not in self._increments:
            self._increments[k, eta] = increment(self.sums[k], self.hidden[k + 1], eta)
        return self._increments[k, eta]

    def collected(self, changes: torch.Tensor) -> torch.Tensor:
        """Changes at the columns (…, S) as results: as they are, or as sums (…, R·P)."""
        return changes if self.nodes is None else self.nodes.of(changes)
