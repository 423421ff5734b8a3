"""One estimator measured on one problem in one dtype: its errors, and what a call costs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from pinnzo.comparison.memory import peak_memory
from pinnzo.comparison.timing import shortest
from pinnzo.derivatives import Estimator, SmolyakStein
from pinnzo.derivatives.base import Discretisation, Field
from pinnzo.derivatives.stencil import NodeSums
from pinnzo.errors import StencilError
from pinnzo.symbolic.compiler import CompiledResidual

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
        truth: float64.
        scales: the root mean squares of the true terms, (T,).
    """

    name: str
    points: torch.Tensor
    field: Field
    truth: Truth
    scales: torch.Tensor


@dataclass(frozen=True)
class Target:
    """What is estimated: the terms one by one, and the residual with its joined operators, as in training."""

    terms: CompiledTerms
    equation: CompiledResidual


class Bench:
    """Everything that the estimators of one dtype have in common.

    Args:
        functions: whose derivatives are estimated; the last one is a network, and calls on it are timed.
        targets: what is estimated, from all partial derivatives and from projected gradients.
        scale: the range of each variable.
        points: (P, D) in the dtype.
    """

    def __init__(
        self,
        functions: Sequence[Function],
        targets: Mapping[bool, Target],
        scale: Sequence[tuple[float, float]],
        points: torch.Tensor,
    ) -> None:
        self.targets, self.scale, self.points = targets, scale, points
        self.dtype = points.dtype
        self.cases = [self._case(function) for function in functions]
        network = functions[-1]
        assert isinstance(network, NetworkFunction)
        self.network = network

    def measure(self, choice: Choice, generator: torch.Generator) -> DerivativeResult:
        """Errors and costs of one estimator, or why it refuses."""
        (rows,) = self.targets[False].equation.rows
        dtype = str(self.dtype).removeprefix("torch.")
        estimator = choice.make(rows, self.scale, self.dtype).fitted(rows, self.scale, self.dtype)
        target = self.targets[estimator.projects_gradients]
        dimension = self.points.shape[1]
        try:
            whole = _draws(target.equation.discretise(estimator)[0], generator)
            parts = _draws(target.terms.compiled.discretise(estimator)[0], generator)
            errors = tuple(_errors(target, case, whole, parts) for case in self.cases)
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
            truth,
            truth.terms.square().mean(1).sqrt(),
        )


def _errors(
    target: Target, case: _Case, whole: Sequence[Discretisation], parts: Sequence[Discretisation]
) -> DerivativeErrors:
    """The errors on one function, over all draws."""
    x = case.points
    terms, residuals = [], []
    for of_equation, of_terms in zip(whole, parts, strict=True):
        estimate = target.terms.values(x, of_terms.apply(case.field, x), of_terms).double()
        terms.append((estimate - case.truth.terms).square().mean(1))
        prepared = target.equation.prepare([x], [of_equation])
        residual = prepared.residual([of_equation.apply(case.field, x)])[0].double()
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
    first = discretisation.drawn(generator)
    if first is discretisation:
        return [discretisation]
    return [first, *(discretisation.drawn(generator) for _ in range(DRAWS - 1))]


def _nodes(estimator: Estimator, discretisation: Discretisation, dimension: int) -> int | None:
    """The size of the stencil, nodes that the equation does not need included."""
    if isinstance(estimator, SmolyakStein):
        return estimator.stencil(dimension).nodes.shape[0]
    nodes = getattr(discretisation, "nodes", None)
    return None if nodes is None else int(nodes.shape[0])


def _amplification(discretisation: Discretisation) -> float:
    """The largest Σ_j |w_jr| of the rows r: what noise in the function's values is multiplied by at most."""
    if not isinstance(discretisation, NodeSums) or not discretisation.weights.shape[1]:
        return math.nan
    return float(discretisation.weights.abs().sum(0).max())
