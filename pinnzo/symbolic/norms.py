"""Squared gradients of u = A + B f from directional derivatives of f."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sympy as sp
import torch

from pinnzo.multiindex import LinearOperator
from pinnzo.symbolic.calculus import Differentiator
from pinnzo.symbolic.quantities import Quantity
from pinnzo.symbolic.torch_code import columns, torch_function


def gradient_axes(quantity: Quantity) -> tuple[int, ...] | None:
    """The axes S of a quantity Σ_{i ∈ S} (∂_i u)², or None for other ones."""
    axes = [op.terms[0][0][0][0] for op in quantity.operators if _is_partial(op)]
    plain = quantity.squared and len(axes) == len(quantity.operators) and len(set(axes)) == len(axes)
    return tuple(axes) if plain else None


def _is_partial(operator: LinearOperator) -> bool:
    return len(operator.terms) == 1 and operator.terms[0][1] == 1.0 and [m for _, m in operator.terms[0][0]] == [1]


class SquaredNorm:
    """Σ_{i ∈ S} (∂_i u)² at one place.

    Attributes:
        needs_network: whether the value of f is needed, because B depends on a coordinate in S.
    """

    def __init__(
        self, axes: Sequence[int], A: Differentiator, B: Differentiator, variables: Sequence[sp.Symbol]
    ) -> None:
        first = [((axis, 1),) for axis in axes]
        slopes = [B.derivative(index) for index in first]
        self.needs_network = any(slope != 0 for slope in slopes)
        self._count = len(first)
        expressions = [B.derivative(()), *(A.derivative(index) for index in first)]
        self._known = torch_function([variables], expressions + slopes if self.needs_network else expressions)

    def prepare(self, x: torch.Tensor, directions: torch.Tensor) -> PreparedNorm:
        """Compute what depends on points (P, D) and on directions w_k, (V, S), with E Σ_k w_k w_kᵀ = I."""
        values = torch.stack(columns(self._known, x), dim=1)
        w = directions.to(x)
        a = values[:, 1 : 1 + self._count]
        if not self.needs_network:
            return PreparedNorm(values[:, :1], a.square().sum(1), a @ w.T)
        b = values[:, 1 + self._count :]
        return PreparedNorm(values[:, :1], a.square().sum(1), a @ w.T, 2 * (a * b).sum(1), b.square().sum(1), b @ w.T)


@dataclass(frozen=True, eq=False)
class PreparedNorm:
    """A squared norm on fixed points and directions.

    With s = ∇A + f ∇B, which is known exactly, ∇u = s + B ∇f and

        |∇u|² = |s|² + B (2 s·∇f + B |∇f|²),

    where s·∇f and |∇f|² are replaced by Σ_k (w_k·s)(w_k·∇f) and Σ_k (w_k·∇f)², whose means they are.

    Attributes:
        factor: B, (P, 1).
        constant: |∇A|², (P,).
        projected: w_k·∇A, (P, V).
        linear: 2 ∇A·∇B, (P,), and the following two; None where ∇B is zero.
        quadratic: |∇B|², (P,).
        slopes: w_k·∇B, (P, V).
    """

    factor: torch.Tensor
    constant: torch.Tensor
    projected: torch.Tensor
    linear: torch.Tensor | None = None
    quadratic: torch.Tensor | None = None
    slopes: torch.Tensor | None = None

    def value(self, derivatives: torch.Tensor, network: torch.Tensor | None) -> torch.Tensor:
        """The squared norm (K, P) from w_k·∇f, (K, P, V), and f, (K, P)."""
        known, s = self.constant, self.projected
        if self.slopes is not None:
            assert network is not None
            assert self.linear is not None
            assert self.quadratic is not None
            known = known + network * (self.linear + network * self.quadratic)
            s = s + network[..., None] * self.slopes
        moved = self.factor * derivatives
        return known + (moved * (2 * s + moved)).sum(-1)

    def part(self, points: slice) -> PreparedNorm:
        """The same at some of the points."""
        return PreparedNorm(*(None if v is None else v[points] for v in vars(self).values()))

    @property
    def known(self) -> torch.Tensor:
        """All that has to be finite, (P, …)."""
        given = [v if v.ndim == 2 else v[:, None] for v in vars(self).values() if v is not None]
        return torch.cat(given, dim=1)
