"""Coordinates that share work in a sweep: the entries of a tensor-train core."""

from __future__ import annotations

import torch

from . import tiles
from .parabolas import next_power_of_two
from .parts import Part
from .unperturbed import Trace, Unperturbed


class CorePart(Part):
    """One core of a tensor-train layer."""

    def __init__(self, model: Unperturbed, k: int, core: int, rows: torch.Tensor) -> None:
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

    def fill(self, trace: Trace, out: torch.Tensor) -> None:
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
        group = max(1, tiles.CHUNK_ELEMENTS // numbers)
        for start in range(0, len(moves), group):
            some = moves[start : start + group]
            values = trace.collected(self._values(trace, some, parabolas))
            self._write(out, self.rows[:, start : start + group], values)

    def _parabolas(self, trace: Trace, moves: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor] | None:
        """The activation's parabolas in the slice of each digit, (digits, 1, q, S), where they are good enough."""
        eta = next_power_of_two(float(moves.abs().max()))
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
        self, trace: Trace, moves: torch.Tensor, parabolas: tuple[torch.Tensor, torch.Tensor] | None
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
