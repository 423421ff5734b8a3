"""The terms of a residual loss: residuals with their discretisation, weight and points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import torch

from pinnzo.derivatives.base import Discretisation, Field
from pinnzo.derivatives.stencil import NodeSums
from pinnzo.errors import SettingError
from pinnzo.symbolic.compiler import CompiledProblem, CompiledResidual, PreparedResidual
from pinnzo.symbolic.conditions import ParsedCondition

DEFAULT_WEIGHT = 100.0
"""Of a soft condition: its residual has the size of u, the equation's that of u's derivatives."""


@dataclass(frozen=True, eq=False)
class Term:
    """One residual with the discretisation of its rows at each place, its weight and its usual number of points."""

    residual: CompiledResidual
    rows: tuple[Discretisation, ...]
    weight: float
    points: int

    @property
    def evaluations_per_point(self) -> int:
        return sum(rows.evaluations_per_point for rows in self.rows)


@dataclass(frozen=True, eq=False)
class Batch:
    """The points of one term: at each place (P, D), and all that depends on them alone."""

    term: Term
    points: Sequence[torch.Tensor]
    prepared: PreparedResidual

    @property
    def count(self) -> int:
        return len(self.points[0])

    @property
    def scale(self) -> float:
        """Of a residual in the vector whose sum of squares is the loss."""
        return (self.term.weight / self.count) ** 0.5

    @property
    def length(self) -> int:
        """Of the residual vector: one number for each point and equation."""
        return self.count * self.term.residual.count

    def parts(self, count: int) -> list[Part]:
        """The points in ``count`` parts; the scale of a part is that of the whole batch, so it goes with it."""
        if count == 1:
            return [(self, self.scale)]
        bounds = [self.count * i // count for i in range(count + 1)]
        slices = [slice(a, b) for a, b in pairwise(bounds)]
        return [(Batch(self.term, [x[s] for x in self.points], self.prepared.part(s)), self.scale) for s in slices]

    def rows(self, field: Field) -> list[torch.Tensor]:
        """The operators that the residual needs of K·C functions: for each place (K·C, P, R)."""
        return [rows.apply(field, x) for rows, x in zip(self.term.rows, self.points, strict=True)]

    def moved_rows(self, field: Field, rows: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """The rows (C, P, R) with those of K·C changes added: for each place (K·C, P, R)."""
        moved = []
        for discretisation, x, before in zip(self.term.rows, self.points, rows, strict=True):
            assert isinstance(discretisation, NodeSums)
            changed = discretisation.apply_to_changes(field, x)
            changed.unflatten(0, (-1, len(before))).add_(before)
            moved.append(changed)
        return moved


Part = tuple[Batch, float]
"""Points of one term and the scale of their residuals."""

Share = Sequence[Part]
"""Points of every term."""


def drawn_batch(
    term: Term, points: Sequence[torch.Tensor], generator: torch.Generator, values: torch.Tensor | None = None
) -> Batch:
    """The points of a term (and the values measured there), with what is random in the estimator drawn for them."""
    drawn = replace(term, rows=tuple(rows.drawn(generator) for rows in term.rows))
    return Batch(drawn, points, term.residual.prepare(points, drawn.rows, values))


def cost_of(share: Share, theta: torch.Tensor) -> float:
    """Network evaluations of the parameter vectors (K, d) at the points of a share."""
    return len(theta) * sum(batch.count * batch.term.evaluations_per_point for batch, _ in share)


def points_of(condition: ParsedCondition, points: int, trained: int) -> int:
    """Points of a soft condition, where the equation has ``points``, and ``trained`` in training."""
    if (measured := condition.measured) is not None:
        return measured.per_step if points == trained else min(len(measured.values), max(points, measured.per_step))
    if condition.points is None:
        return max(1, points // 2)
    share = condition.points if isinstance(condition.points, float) else condition.points / trained
    return max(1, round(share * points))


def chosen_weights(compiled: CompiledProblem, given: Mapping[str, float]) -> dict[str, float]:
    """The weights of all soft conditions, by name.

    Raises:
        SettingError: ``given`` names a condition that is not soft, or a weight is not positive and finite.
    """
    soft = {c.name: DEFAULT_WEIGHT if c.weight is None else c.weight for c in compiled.problem.ansatz.soft}
    if unknown := sorted(set(given) - set(soft)):
        names = ", ".join(map(repr, soft)) or "none"
        raise SettingError(f"weights names {unknown[0]!r}, but the soft conditions of this problem are: {names}.")
    for name, weight in given.items():
        if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not 0 < weight < float("inf"):
            raise SettingError(f"The weight of {name!r} is {weight!r}: give a finite number greater than 0.")
    return {**soft, **given}
