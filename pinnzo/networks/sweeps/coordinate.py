"""The changes of all outputs when one parameter after the other is perturbed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

from pinnzo.networks.base import Sweep

from .cores import CorePart
from .node_weights import NodeWeights
from .parts import OutputsPart, Part, UnitsPart
from .unperturbed import Trace, Unperturbed

if TYPE_CHECKING:
    from pinnzo.networks.layered import LayeredNetwork


class CoordinateSweep(Sweep):
    """The changes f(x; θ + μ e_i) − f(x; θ) for K coordinates i, as if they were K networks.

    Args:
        network: f.
        theta: θ, (d,).
        indices: the coordinates i, (K,), without repetition.
        step: μ, of either sign.
    """

    def __init__(self, network: LayeredNetwork, theta: torch.Tensor, indices: torch.Tensor, step: float) -> None:
        self.base = network.bind(theta[None])
        self.count, self.outputs = len(indices), network.outputs
        rows = torch.full((network.parameter_count,), -1, dtype=torch.long)
        rows[indices.cpu()] = torch.arange(len(indices))
        model = Unperturbed(network, theta, step)
        self._parts: list[Part] = []
        for k, layer in enumerate(network.layers):
            weights, biases = rows[layer.weight], rows[layer.bias]
            if layer.matrix is not None:
                start = 0
                for core, shape in enumerate(layer.matrix.core_shapes):
                    self._parts.append(CorePart(model, k, core, weights[start : start + math.prod(shape)]))
                    start += math.prod(shape)
                weights = weights[:0]
            kind = UnitsPart if k < model.last else OutputsPart
            self._parts.append(kind(model, k, weights.reshape(layer.outputs, -1), biases))
        self._parts = [part for part in self._parts if part.wanted]
        self._model, self._scratch, self.inner = model, network.scratch, 4 * network.width
        # Of the parameters' changes next to nothing but sums over nodes is held, of which there are 2 I + 1 or more.
        held = math.ceil(self.count * self.outputs / (2 * network.layers[0].inputs))
        self.width = max(*(part.width for part in self._parts), min(4 * network.width, held))

    def values(self, x: torch.Tensor) -> torch.Tensor:
        """The changes at points ``x`` of shape (P, D); returns (K, P, outputs)."""
        return self._changes(self.base.inputs(x)).transpose(1, 2)

    def values_at(self, x: torch.Tensor, nodes: torch.Tensor) -> torch.Tensor:
        """The changes at x_p + δ_j, nodes (J, D); returns (K, P, J, outputs)."""
        changes = self._changes(self.base.inputs_at(x, nodes))
        return changes.unflatten(2, (x.shape[0], nodes.shape[0])).permute(0, 2, 3, 1)

    def sums_at(self, x: torch.Tensor, nodes: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """The sums Σ_j w_pjr of the changes at x_p + δ_j; see ``Sweep.sums_at``."""
        sums = NodeWeights(weights)
        changes = self._changes(self.base.inputs_at(x, nodes), sums)
        return changes.unflatten(2, (weights.shape[2], x.shape[0])).permute(0, 3, 2, 1)

    def _changes(self, inputs: torch.Tensor, sums: NodeWeights | None = None) -> torch.Tensor:
        """The changes (K, outputs, S) for S columns of first-layer inputs (I, S), or their sums (K, outputs, R·P)."""
        shape = (self.count, self.outputs, inputs.shape[1] if sums is None else sums.results)
        out = self._scratch.take("changes", shape, inputs)
        if out is None:
            out = inputs.new_empty(shape)
        trace = Trace(self._model, inputs, sums)
        for part in self._parts:
            part.fill(trace, out)
        return out
