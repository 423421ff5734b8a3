r"""Coordinate sweeps: what the outputs change by when one parameter after the other is perturbed.

A perturbed parameter leaves most of a layered network as it was. The activations of the unperturbed network are kept,
and only what a coordinate touches is evaluated anew:

- a weight or bias of a dense hidden layer changes one hidden unit, which is a rank-one update of the next layer. All
  weights that lead to a unit share its effect: the outputs, as a function of the unit's value, are followed by the
  parabola through perturbed values of the unit, which for perturbations of the usual sizes is exact to rounding;
- an entry (a, i, j, b) of a tensor-train core changes the outputs with the digit i alone, by a partial contraction
  V[a, j, b] that all entries of the core share;
- a parameter of the last layer changes one product.

Of a weighted sum over nodes, Σ_j w_j f(x + δ_j), the changes by all weights of a dense layer are a product of two
matrices at each point, (units, J) × (J, inputs): ``sums_at`` takes them from there, without the changes at the nodes.

Activations are perturbed by values z ± η and followed by a parabola between them. Where the perturbations of many
networks differ in factors that are the same at all points, their sums are brought into the order of matrix products.
Larger perturbations, and activations with kinks, are evaluated one by one.

The results are the changes of the perturbed forward passes, up to rounding, and count as that many passes: nothing is
differentiated, and a device that knows nothing but forward passes gives the same numbers. That a computer, which sees
inside the network, evaluates them together at a fraction of the cost is a matter of arithmetic: for two hidden layers
it ends up close to the operations of one pass forth and one back.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from pinnzo.networks.base import Sweep
from pinnzo.networks.layers import Layer

if TYPE_CHECKING:
    from pinnzo.networks.layered import LayeredNetwork

CHUNK_ELEMENTS = 2**19
"""Numbers that one vectorised operation works on: a megabyte in double precision, about the second-level cache."""

FEW_NODES = 4
"""Sums over up to so many nodes are added up one by one."""

PARABOLA_TOLERANCE = 100.0
"""In units of the rounding error: a parabola's error η³/15 may be as large as this, times a third derivative that is
of the order of 0.01 in networks of the usual scale."""

WEIGHTED_LIMIT = 16.0
"""A unit's change reaches the next layer times a weight, which is allowed so much: the parabola through the outputs
themselves bends as strongly."""


def largest_parabola(dtype: torch.dtype) -> float:
    """The largest change that is followed by a parabola; larger ones are evaluated one by one."""
    return (15 * PARABOLA_TOLERANCE * torch.finfo(dtype).eps) ** (1 / 3)


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
        model = _Model(network, theta, step)
        self._parts: list[_Part] = []
        for k, layer in enumerate(network.layers):
            weights, biases = rows[layer.weight], rows[layer.bias]
            if layer.matrix is not None:
                start = 0
                for core, shape in enumerate(layer.matrix.core_shapes):
                    self._parts.append(_Core(model, k, core, weights[start : start + math.prod(shape)]))
                    start += math.prod(shape)
                weights = weights[:0]
            kind = _Units if k < model.last else _Outputs
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
        trace = _Trace(self._model, inputs, sums)
        for part in self._parts:
            part.fill(trace, out)
        return out


class _Model:
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

    def after(self, trace: _Trace, k: int, z: torch.Tensor) -> torch.Tensor:
        """Changes of the outputs, (n, O, S), for n variants of the sums of hidden layer k, (n, units, S)."""
        h = self.activation(z)
        for layer in range(k + 1, self.last):
            h = self.activation(torch.matmul(self.weights[layer], h).add_(self.biases[layer]))
        return torch.matmul(self.weights[self.last], h.sub_(trace.hidden[self.last]))

    def from_units(self, trace: _Trace, k: int, units: torch.Tensor, changes: torch.Tensor) -> torch.Tensor:
        """Changes of the outputs, (n, O, S), when in variant v unit ``units[v]`` of layer k changes by (n, S)."""
        columns = self.weights[k + 1][:, units].T[:, :, None] * changes[:, None, :]
        return columns if k + 1 == self.last else self.after(trace, k + 1, columns.add_(trace.sums[k + 1]))

    def unit_effects(
        self, trace: _Trace, k: int, units: torch.Tensor, eta: float
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """(a, b), each (n, O, S): the outputs change by (a + b ε) ε when a unit of layer k changes by ε.

        Exact at ε = ±η; ``b`` is None where the outputs are linear in the unit.
        """
        columns = self.weights[k + 1][:, units]
        if k + 1 == self.last:
            return columns.T[:, :, None], None
        bound = _bound(eta * float(columns.abs().max()))
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
        group = max(1, CHUNK_ELEMENTS // trace.sums[k + 1].numel())
        for start in range(0, len(units), group):
            part = slice(start, start + group)
            moves = eta * columns[:, part].T[:, :, None]
            above = self.after(trace, k + 1, trace.sums[k + 1] + moves)
            below = self.after(trace, k + 1, trace.sums[k + 1] - moves)
            torch.sub(above, below, out=a[part]).mul_(0.5 / eta)
            torch.add(above, below, out=b[part]).mul_(0.5 / eta**2)
        return a, b


class _Trace:
    """The activations of the unperturbed network at S points.

    Attributes:
        inputs: of the first layer, (I, S).
        hidden: what enters each layer, (units, S).
        sums: of each hidden layer before its activation, (units, S).
        nodes: how the columns are summed up, where they are.
    """

    def __init__(self, model: _Model, inputs: torch.Tensor, nodes: NodeWeights | None = None) -> None:
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


class NodeWeights:
    """Weighted sums over J nodes at each of P points, of values in P·J columns with the node running fastest.

    Rows with few nodes, such as the components of a gradient, are gathered; the others are matrix products.

    Args:
        weights: w_pjr, (P, J, R).

    Attributes:
        results: the length R·P of a result, point by point for one row after the other.
    """

    def __init__(self, weights: torch.Tensor) -> None:
        self.shape = weights.shape
        points, count, rows = weights.shape
        self.results = rows * points
        used = (weights != 0).any(0)
        counts = used.sum(0)
        few = counts <= FEW_NODES
        self._many = [(r, weights[:, :, r].contiguous()) for r in (~few).nonzero()[:, 0].tolist()]
        self._rows = few.nonzero()[:, 0]
        # The nodes of each of these rows, (R', n); to rows with fewer some are added, with their weights of zero.
        n = max(1, int(counts[few].max())) if len(self._rows) else 1
        self._nodes = used[:, few].to(torch.uint8).T.topk(min(n, count), dim=1).indices
        self._weights = weights[:, self._nodes, self._rows[:, None]].permute(2, 1, 0)

    def of(self, values: torch.Tensor) -> torch.Tensor:
        """The sums (…, R·P) of values (…, P·J)."""
        points, count, rows = self.shape
        values = values.unflatten(-1, (points, count))
        out = values.new_empty(*values.shape[:-2], rows, points)
        for r, weights in self._many:
            out[..., r, :] = torch.linalg.vecdot(values, weights)
        if len(self._rows):
            by_node = values.transpose(-1, -2)
            total = 0.0
            for nodes, weights in zip(self._nodes.T, self._weights, strict=True):
                total = total + by_node[..., nodes, :] * weights
            out[..., self._rows, :] = total
        return out.flatten(-2)

    def add_products(self, out: torch.Tensor, a: torch.Tensor, h: torch.Tensor) -> None:
        """Add the sums of all products a_uo h_i, with a (U, O, P·J) and h (I, P·J), to ``out``, (U, I, O, R·P)."""
        points, count, rows = self.shape
        a, h = a.unflatten(-1, (points, count)), h.unflatten(-1, (points, count))
        out = out.unflatten(-1, (rows, points))
        by_point = h.permute(1, 2, 0)
        for r, weights in self._many:
            products = torch.bmm((a * weights).flatten(0, 1).transpose(0, 1), by_point)
            out[..., r, :] += products.unflatten(1, a.shape[:2]).permute(1, 3, 2, 0)
        if not len(self._rows):
            return
        group = max(1, CHUNK_ELEMENTS // (h.shape[0] * a.shape[1] * len(self._rows) * points))
        left, right = a.transpose(-1, -2)[:, None], h.transpose(-1, -2)[None, :, None]
        for start in range(0, len(a), group):
            part = slice(start, start + group)
            total = out[part][..., self._rows, :]
            for nodes, weights in zip(self._nodes.T, self._weights, strict=True):
                total.addcmul_(left[part][..., nodes, :] * weights, right[..., nodes, :])
            out[part][..., self._rows, :] = total


class _Part(ABC):
    """Coordinates that share work.

    Attributes:
        wanted: whether any of them is swept.
        width: numbers that one point takes beside the result.
    """

    wanted: bool
    width: int = 1

    @abstractmethod
    def fill(self, trace: _Trace, out: torch.Tensor) -> None:
        """Write the changes into their rows of ``out``, (K, O, S), or their sums, (K, O, R·P)."""


class _Block:
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


class _Units(_Part):
    """A hidden layer's biases and, if it is dense, its weights, unit by unit."""

    def __init__(self, model: _Model, k: int, weights: torch.Tensor, biases: torch.Tensor) -> None:
        self.model, self.k = model, k
        device = model.theta.device
        self.units = ((weights >= 0).any(1) | (biases >= 0)).nonzero()[:, 0].to(device)
        kept = self.units.cpu()
        self.fan_in = weights.shape[1]
        self.weights = _Block(weights[kept].reshape(-1))
        self.biases = _Block(biases[kept])
        self.wanted = len(kept) > 0

    def fill(self, trace: _Trace, out: torch.Tensor) -> None:
        inputs, step = trace.hidden[self.k], self.model.step
        eta = _bound(abs(step) * max(1.0, float(inputs.abs().max())))
        if eta > self.model.limit:
            self._fill_one_by_one(trace, out)
            return
        a, b = trace.increments(self.k, eta)
        a, b = a[self.units, None], b[self.units, None]
        first, second = self.model.unit_effects(trace, self.k, self.units, _bound(1.2 * eta))
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
        group = max(1, CHUNK_ELEMENTS // (self.fan_in * slope[0].numel()))
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

    def _fill_one_by_one(self, trace: _Trace, out: torch.Tensor) -> None:
        """Where no parabola is good enough: evaluate the activation for each coordinate."""
        inputs, k = trace.hidden[self.k], self.k
        moves = self.model.step * torch.cat([inputs, torch.ones_like(inputs[:1])])
        blocks = (
            (self.weights, self.weights.entries // max(1, self.fan_in), self.weights.entries % max(1, self.fan_in)),
            (self.biases, self.biases.entries, torch.full_like(self.biases.entries, len(inputs))),
        )
        group = max(1, CHUNK_ELEMENTS // (self.model.weights[k + 1].shape[0] * inputs.shape[1]))
        for block, unit, source in blocks:
            for entries in torch.arange(len(block)).split(group):
                units = self.units[unit[entries].to(self.units.device)]
                moved = self.model.activation(trace.sums[k][units] + moves[source[entries]])
                changes = moved.sub_(trace.hidden[k + 1][units])
                out[block.rows[entries]] = trace.collected(self.model.from_units(trace, k, units, changes))


class _Outputs(_Part):
    """The last layer's biases and, if it is dense, its weights."""

    def __init__(self, model: _Model, k: int, weights: torch.Tensor, biases: torch.Tensor) -> None:
        self.model = model
        self.weights, self.biases = weights, biases
        self.wanted = bool((weights >= 0).any() or (biases >= 0).any())

    def fill(self, trace: _Trace, out: torch.Tensor) -> None:
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


class _Core(_Part):
    """One core of a tensor-train layer."""

    def __init__(self, model: _Model, k: int, core: int, rows: torch.Tensor) -> None:
        self.model, self.k = model, k
        layer = model.layers[k]
        assert layer.matrix is not None
        digits = layer.matrix.core_shapes[core][1]
        self.rows = rows.reshape(layer.matrix.core_shapes[core]).transpose(0, 1).reshape(digits, -1)
        self.complete = bool((self.rows >= 0).all())
        self.wanted = bool((self.rows >= 0).any())
        left, right = layer.matrix.surroundings(model.theta[None, layer.weight], core)
        self.left, self.right = left[0], right[0]
        units = torch.arange(layer.outputs, device=model.theta.device)
        self.units = units.reshape(self.left.shape[0], digits, -1).transpose(0, 1).reshape(digits, -1)
        self.width = 2 * self.rows.shape[1] * self.units.shape[1]

    def fill(self, trace: _Trace, out: torch.Tensor) -> None:
        moves = self._moves(trace.hidden[self.k])
        if self.k == self.model.last:
            values = out.new_zeros(*self.rows.shape, *out.shape[1:])
            moves = trace.collected(moves)
            for value, units in zip(values, self.units, strict=True):
                value[:, units] = moves
            self._write(out, self.rows, values)
            return
        parabolas = self._parabolas(trace, moves)
        units = min(self.k + 1, self.model.last)
        numbers = max(self.units.numel(), self.model.weights[units].shape[0] * len(self.units)) * moves.shape[2]
        group = max(1, CHUNK_ELEMENTS // numbers)
        for start in range(0, len(moves), group):
            some = moves[start : start + group]
            values = trace.collected(self._values(trace, some, parabolas))
            self._write(out, self.rows[:, start : start + group], values)

    def _parabolas(self, trace: _Trace, moves: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor] | None:
        """The activation's parabolas in the slice of each digit, (digits, 1, q, S), where they are good enough."""
        eta = _bound(float(moves.abs().max()))
        if eta > self.model.limit:
            return None
        a, b = trace.increments(self.k, eta)
        if self._weighs_alone:
            weight = self.model.weights[self.model.last].T
            a, b = weight * a, weight * b
        return a[self.units][:, None], b[self.units][:, None]

    @property
    def _weighs_alone(self) -> bool:
        """With one output, next to this layer, its weights go into the parabolas, and of the product remains a sum."""
        return self.k + 1 == self.model.last and self.model.weights[-1].shape[0] == 1

    def _values(
        self, trace: _Trace, moves: torch.Tensor, parabolas: tuple[torch.Tensor, torch.Tensor] | None
    ) -> torch.Tensor:
        """Changes of the outputs, (digits, n, O, S), by moves (n, q, S) of the sums in the slice of each digit."""
        model, k = self.model, self.k
        if parabolas is not None:
            changes = torch.addcmul(parabolas[0], parabolas[1], moves).mul_(moves)
            if self._weighs_alone:
                return changes.sum(2, keepdim=True)
        else:
            changes = model.activation(trace.sums[k][self.units][:, None] + moves)
            changes.sub_(trace.hidden[k + 1][self.units][:, None])
        values = torch.matmul(model.weights[k + 1][:, self.units].transpose(0, 1)[:, None], changes)
        if k + 1 < model.last:
            moved = values.add_(trace.sums[k + 1]).flatten(0, 1)
            values = model.after(trace, k + 1, moved).unflatten(0, changes.shape[:2])
        return values

    def _write(self, out: torch.Tensor, rows: torch.Tensor, values: torch.Tensor) -> None:
        if self.complete:
            out[rows] = values
        else:
            wanted = rows >= 0
            out[rows[wanted]] = values[wanted.to(values.device)]

    def _moves(self, inputs: torch.Tensor) -> torch.Tensor:
        """Changes of the layer's sums in one digit's slice: (entries (a, j, b), slice (n_left, n_right), S)."""
        n_left, m_left, left_rank = self.left.shape
        right_rank, n_right, m_right = self.right.shape
        points = inputs.shape[1]
        h = inputs.reshape(-1, m_right, points)
        if m_right * right_rank * n_right > 1:
            h = torch.matmul(self.right.reshape(-1, m_right), h)
        left = self.model.step * self.left.transpose(1, 2).reshape(-1, m_left)
        v = torch.mm(left, h.reshape(m_left, -1)).reshape(n_left, left_rank, -1, right_rank, n_right, points)
        return v.permute(1, 2, 3, 0, 4, 5).reshape(-1, n_left * n_right, points)


def _bound(size: float) -> float:
    """The next power of two: coordinates of alike sizes then share their parabolas."""
    return 2.0 ** math.ceil(math.log2(size)) if 0 < size < math.inf else (1e-30 if size == 0 else size)
