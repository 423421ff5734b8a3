"""Coordinates that share work in a sweep: the units of a hidden layer, and the outputs."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch

from . import tiles
from .node_weights import NodeWeights
from .parabolas import next_power_of_two
from .unperturbed import Trace, Unperturbed


class Part(ABC):
    """Coordinates that share work.

    Attributes:
        wanted: whether any of them is swept.
        width: numbers that one point takes beside the result.
    """

    wanted: bool
    width: int = 1

    @abstractmethod
    def fill(self, trace: Trace, out: torch.Tensor) -> None:
        """Write the changes into their rows of ``out``, (K, O, S), or their sums, (K, O, R·P)."""


class Block:
    """Which entries of a block of coordinates go to which rows of the result.

    Args:
        rows: for each entry its row, or -1 if it is not swept, (n,).
    """

    def __init__(self, rows: torch.Tensor) -> None:
        self.entries = (rows >= 0).nonzero()[:, 0]
        self.rows = rows[self.entries]
        self.complete = len(self.entries) == len(rows)
        first = int(self.rows[0]) if len(self.rows) else 0
        adjacent = bool((self.rows == torch.arange(first, first + len(self.rows))).all())
        self.view = slice(first, first + len(self.rows)) if self.complete and adjacent else None

    def __len__(self) -> int:
        return len(self.entries)

    def write(self, out: torch.Tensor, values: torch.Tensor) -> None:
        """Copy the entries that are wanted out of a complete block (n, O, S)."""
        out[self.rows] = values if self.complete else values[self.entries]


class UnitsPart(Part):
    """A hidden layer's biases and, if it is dense, its weights, unit by unit."""

    def __init__(self, model: Unperturbed, k: int, weights: torch.Tensor, biases: torch.Tensor) -> None:
        self.model, self.k = model, k
        device = model.theta.device
        self.units = ((weights >= 0).any(1) | (biases >= 0)).nonzero()[:, 0].to(device)
        kept = self.units.cpu()
        self.fan_in = weights.shape[1]
        self.weights = Block(weights[kept].reshape(-1))
        self.biases = Block(biases[kept])
        self.wanted = len(kept) > 0

    def fill(self, trace: Trace, out: torch.Tensor) -> None:
        inputs, step = trace.hidden[self.k], self.model.step
        eta = next_power_of_two(abs(step) * max(1.0, float(inputs.abs().max())))
        if eta > self.model.limit:
            self._fill_one_by_one(trace, out)
            return
        a, b = trace.increments(self.k, eta)
        a, b = a[self.units, None], b[self.units, None]
        first, second = self.model.unit_effects(trace, self.k, self.units, next_power_of_two(1.2 * eta))
        # The parabola of a parabola; its terms beyond the second order are below rounding.
        bend = first * b if second is None else torch.addcmul(first * b, second, a.square())
        slope = first * a
        if len(self.biases):
            self.biases.write(out, trace.collected(torch.add(slope, bend, alpha=step) * step))
        if not len(self.weights):
            return
        if trace.nodes is not None:
            self._fill_sums(trace.nodes, inputs, slope, bend, out)
            return
        moves = (step * inputs)[None, :, None]
        group = max(1, tiles.CHUNK_ELEMENTS // (self.fan_in * slope[0].numel()))
        view = None if self.weights.view is None else out[self.weights.view].unflatten(0, (-1, self.fan_in))
        values = view if view is not None else out.new_empty(len(self.units), self.fan_in, *out.shape[1:])
        for start in range(0, len(self.units), group):
            part = slice(start, start + group)
            torch.addcmul(slope[part, None], bend[part, None], moves, out=values[part]).mul_(moves)
        if view is None:
            self.weights.write(out, values.flatten(0, 1))

    def _fill_sums(
        self, nodes: NodeWeights, inputs: torch.Tensor, slope: torch.Tensor, bend: torch.Tensor, out: torch.Tensor
    ) -> None:
        """The weights' sums Σ_j w_j (slope + bend · move) · move, with the moves step · input."""
        step, squares = self.model.step, inputs.square()
        view = None if self.weights.view is None else out[self.weights.view].unflatten(0, (-1, self.fan_in))
        values = view if view is not None else out.new_empty(len(self.units), self.fan_in, *out.shape[1:])
        values.zero_()
        nodes.add_products(values, slope * step, inputs)
        nodes.add_products(values, bend * step**2, squares)
        if view is None:
            self.weights.write(out, values.flatten(0, 1))

    def _fill_one_by_one(self, trace: Trace, out: torch.Tensor) -> None:
        """Where no parabola is good enough: evaluate the activation for each coordinate."""
        inputs, k = trace.hidden[self.k], self.k
        moves = self.model.step * torch.cat([inputs, torch.ones_like(inputs[:1])])
        blocks = (
            (self.weights, self.weights.entries // max(1, self.fan_in), self.weights.entries % max(1, self.fan_in)),
            (self.biases, self.biases.entries, torch.full_like(self.biases.entries, len(inputs))),
        )
        group = max(1, tiles.CHUNK_ELEMENTS // (self.model.weights[k + 1].shape[0] * inputs.shape[1]))
        for block, unit, source in blocks:
            for entries in torch.arange(len(block)).split(group):
                units = self.units[unit[entries].to(self.units.device)]
                moved = self.model.activation(trace.sums[k][units] + moves[source[entries]])
                changes = moved.sub_(trace.hidden[k + 1][units])
                out[block.rows[entries]] = trace.collected(self.model.from_units(trace, k, units, changes))


class OutputsPart(Part):
    """The last layer's biases and, if it is dense, its weights."""

    def __init__(self, model: Unperturbed, k: int, weights: torch.Tensor, biases: torch.Tensor) -> None:
        self.model = model
        self.weights, self.biases = weights, biases
        self.wanted = bool((weights >= 0).any() or (biases >= 0).any())

    def fill(self, trace: Trace, out: torch.Tensor) -> None:
        step, hidden = self.model.step, trace.hidden[-1]
        for o in range(len(self.biases)):
            if self.biases[o] >= 0:
                out[self.biases[o]] = 0.0
                out[self.biases[o], o] = trace.collected(torch.full_like(hidden[0], step))
            sources = (self.weights[o] >= 0).nonzero()[:, 0]
            if len(sources):
                rows = self.weights[o, sources]
                out[rows] = 0.0
                out[rows, o] = trace.collected(step * hidden[sources])
