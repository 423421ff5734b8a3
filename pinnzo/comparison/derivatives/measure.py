"""One estimator measured on one problem in one dtype: its errors, and what a call costs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from pinnzo.comparison.memory import peak_memory
from pinnzo.comparison.timing import shortest
from pinnzo.derivatives import Estimator, SmolyakStein
from pinnzo.derivatives.base import Discretisation, Field
from pinnzo.derivatives.stencil import StencilDiscretisation
from pinnzo.errors import StencilError
from pinnzo.symbolic.compiler import CompiledResidual, PreparedResidual

from .estimators import Choice
from .functions import Function, NetworkFunction, Truth
from .result import DerivativeErrors, DerivativeResult
from .terms import CompiledTerms

DRAWS = 8
"""So many draws of a random estimator are made, and the root mean square of their errors is reported."""


@dataclass(frozen=True)
class _Case:
    """A function on its points, with the truth there.

    Attributes:
        name: of the function.
        points: (P, D) in the dtype.
        field: the function.
        terms: prepared for the points.
        equation: prepared for the points.
        truth: float64.
        scales: the root mean squares of the true terms, (T,).
    """

    name: str
    points: torch.Tensor
    field: Field
    terms: PreparedResidual
    equation: PreparedResidual
    truth: Truth
    scales: torch.Tensor


class Bench:
    """Everything that the estimators of one dtype have in common.

    Args:
        functions: whose derivatives are estimated; the last one is a network, and calls on it are timed.
        terms: of the equation, compiled for the ansatz.
        equation: its residual.
        scale: the range of each variable.
        points: (P, D) in the dtype.
    """

    def __init__(
        self,
        functions: Sequence[Function],
        terms: CompiledTerms,
        equation: CompiledResidual,
        scale: Sequence[tuple[float, float]],
        points: torch.Tensor,
    ) -> None:
        self.terms, self.equation, self.scale, self.points = terms, equation, scale, points
        self.dtype = points.dtype
        self.cases = [self._case(function) for function in functions]
        network = functions[-1]
        assert isinstance(network, NetworkFunction)
        self.network = network

    def measure(self, choice: Choice, generator: torch.Generator) -> DerivativeResult:
        """Errors and costs of one estimator, or why it refuses."""
        (rows,) = self.equation.rows
        dtype = str(self.dtype).removeprefix("torch.")
        estimator = choice.make(rows, self.scale, self.dtype)
        dimension = self.points.shape[1]
        try:
            whole = _draws(estimator.discretise(rows, dimension), generator)
            parts = _draws(estimator.discretise(self.terms.rows, dimension), generator)
            errors = tuple(self._errors(case, whole, parts) for case in self.cases)
        except StencilError as error:
            return DerivativeResult(choice.name, choice.label, estimator, dtype, refusal=str(error))

        field = self.network.field(self.dtype)
        return DerivativeResult(
            choice.name,
            choice.label,
            estimator,
            dtype,
            errors=errors,
            nodes=_nodes(estimator, whole[0], dimension),
            evaluations=whole[0].evaluations_per_point,
            amplification=_amplification(whole[0]),
            # A new field has no buffers yet: those that it keeps for the next call are part of what a call takes.
            peak_bytes=peak_memory(lambda: whole[0].apply(field, self.points)),
            seconds=shortest(lambda: whole[0].apply(field, self.points)),
            draws=len(whole),
        )

    def _case(self, function: Function) -> _Case:
        x = function.points(self.points)
        truth = function.truth(x)
        return _Case(
            function.name,
            x,
            function.field(x.dtype),
            self.terms.prepare(x),
            self.equation.prepare([x]),
            truth,
            truth.terms.square().mean(1).sqrt(),
        )

    def _errors(
        self, case: _Case, whole: Sequence[Discretisation], parts: Sequence[Discretisation]
    ) -> DerivativeErrors:
        terms, residuals = [], []
        for of_equation, of_terms in zip(whole, parts, strict=True):
            estimate = self.terms.values(case.terms, of_terms.apply(case.field, case.points)).double()
            terms.append((estimate - case.truth.terms).square().mean(1))
            residual = case.equation.residual([of_equation.apply(case.field, case.points)])[0].double()
            residuals.append((residual - case.truth.residual).square().mean())
        absolute = torch.stack(terms).mean(0).sqrt()
        relative = [
            error if _is_zero(scale) else error / scale
            for error, scale in zip(absolute.tolist(), case.scales.tolist(), strict=True)
        ]
        return DerivativeErrors(case.name, tuple(relative), float(torch.stack(residuals).mean().sqrt()))


def _is_zero(scale: float) -> bool:
    """Whether a term vanishes but for the rounding of its truth: its error is absolute."""
    return not scale > 1e-13


def scales_of(case: _Case) -> tuple[float, ...]:
    """The root mean squares of the true terms, with zeros where their errors are absolute."""
    return tuple(0.0 if _is_zero(scale) else scale for scale in case.scales.tolist())


def _draws(discretisation: Discretisation, generator: torch.Generator) -> list[Discretisation]:
    """A few draws of a random discretisation, or the deterministic one itself."""
    draw = getattr(discretisation, "drawn", None)
    if draw is None:
        return [discretisation]
    first = draw(generator)
    return [first] if first is discretisation else [first, *(draw(generator) for _ in range(DRAWS - 1))]


def _nodes(estimator: Estimator, discretisation: Discretisation, dimension: int) -> int | None:
    """The size of the stencil, nodes that the equation does not need included."""
    if isinstance(estimator, SmolyakStein):
        return estimator.stencil(dimension).nodes.shape[0]
    nodes = getattr(discretisation, "nodes", None)
    return None if nodes is None else int(nodes.shape[0])


def _amplification(discretisation: Discretisation) -> float:
    """The largest Σ_j |w_jr| of the rows r: what noise in the function's values is multiplied by at most."""
    if not isinstance(discretisation, StencilDiscretisation) or not discretisation.weights.shape[1]:
        return math.nan
    return float(discretisation.weights.abs().sum(0).max())
