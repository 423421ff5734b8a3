"""The loss of a physics-informed network, as an objective that forward passes answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from pinnzo.derivatives.base import Discretisation, Estimator
from pinnzo.errors import PinnzoError, SettingError
from pinnzo.fields import NetworkField, SolutionField
from pinnzo.networks.base import Network
from pinnzo.parallel import Workers
from pinnzo.symbolic.compiler import CompiledProblem, CompiledResidual, PreparedResidual

from .base import Objective

DEFAULT_WEIGHT = 100.0
"""Of a soft condition: its residual has the size of u, the equation's that of u's derivatives."""

PIECES = 8
"""The parameter vectors of a step are shared out in at least so many pieces, where there are enough of them."""

MEMORY_ELEMENTS = 1 << 25
"""The most numbers that the parameter batch and its dense weights may take at once (256 MB in float64)."""


@dataclass(frozen=True, eq=False)
class _Term:
    """One residual with the discretisation of its rows at each place, its weight and its number of points."""

    residual: CompiledResidual
    rows: tuple[Discretisation, ...]
    weight: float
    points: int


class ResidualObjective(Objective):
    """Mean squared residual of the equation plus weighted mean squared residuals of the soft conditions.

    L(θ) = mean_p r(x_p)² + Σ_c w_c mean_p r_c(x_p)². The residual vector holds r/√P and √w_c r_c/√P_c, so that its
    sum of squares is the loss. All parameter vectors of a step see the same points.

    Args:
        compiled: the problem.
        network: f, with one output.
        estimator: of the derivatives.
        points: interior points of a step; each soft condition has half as many.
        weights: of soft conditions, by name.
        dtype: of points, and so of everything computed.
        workers: threads that share the parameter vectors of a step.

    Raises:
        SettingError: ``points`` is not positive, or ``weights`` names a condition that is not soft.
        StencilError: the estimator cannot see one of the derivatives.
    """

    def __init__(
        self,
        compiled: CompiledProblem,
        network: Network,
        estimator: Estimator,
        points: int = 100,
        weights: Mapping[str, float] | None = None,
        dtype: torch.dtype = torch.float64,
        workers: int = 1,
    ) -> None:
        if isinstance(points, bool) or not isinstance(points, int) or points < 1:
            raise SettingError(f"points is {points!r}: give the number of collocation points of a step, at least 1.")
        self.compiled, self.network, self.estimator, self.dtype = compiled, network, estimator, dtype
        self.parameter_count = network.parameter_count
        self.evaluations = 0
        self.points = points
        self._terms = [self._term(compiled.equation, 1.0, points)]
        chosen = _chosen_weights(compiled, weights or {})
        for residual in compiled.conditions:
            self._terms.append(self._term(residual, chosen[residual.name], max(1, points // 2)))
        self.evaluations_per_query = sum(t.points * sum(r.evaluations_per_point for r in t.rows) for t in self._terms)
        self._workers = Workers(workers)
        self._batch: list[tuple[list[torch.Tensor], PreparedResidual]] = []

    def _term(self, residual: CompiledResidual, weight: float, points: int) -> _Term:
        dimension = len(residual.variables)
        rows = tuple(self.estimator.discretise(place, dimension) for place in residual.rows)
        return _Term(residual, rows, weight, points)

    def draw(self, generator: torch.Generator) -> None:
        """Draw fresh points."""
        sampler = self.compiled.problem.sampler
        soft = {c.name: c for c in self.compiled.problem.ansatz.soft}
        self._batch = []
        for i, term in enumerate(self._terms):
            if i == 0:
                points = [sampler.interior(term.points, generator, self.dtype)]
            else:
                points = sampler.condition(soft[term.residual.name], term.points, generator, self.dtype)
            self._batch.append((points, term.residual.prepare(points)))

    def residuals(self, theta: torch.Tensor) -> torch.Tensor:
        """The weighted residual vectors, (K, d) → (K, M)."""
        # A tensor-train layer expands to a dense matrix for each parameter vector. The pieces do not depend on the
        # number of workers, so that neither do the results.
        per_vector = max(self.parameter_count, self.network.width**2)
        piece = max(1, min(MEMORY_ELEMENTS // per_vector, theta.shape[0] // PIECES))
        self.evaluations += theta.shape[0] * self.evaluations_per_query
        return torch.cat(self._workers.map(self._residuals, theta.split(piece)))

    def losses(self, theta: torch.Tensor) -> torch.Tensor:
        """The loss of K parameter vectors, (K, d) → (K,)."""
        return self.residuals(theta).square().sum(1)

    def parts(self, theta: torch.Tensor) -> dict[str, float]:
        """The mean squared residual of the equation and of each soft condition, without weights, for one θ (d,)."""
        self.evaluations += self.evaluations_per_query
        blocks = self._blocks(theta[None])
        return {t.residual.name: float(b.square().mean()) for t, b in zip(self._terms, blocks, strict=True)}

    def _residuals(self, theta: torch.Tensor) -> torch.Tensor:
        blocks = self._blocks(theta)
        scales = [(t.weight / t.points) ** 0.5 for t in self._terms]
        return torch.cat([scale * block for scale, block in zip(scales, blocks, strict=True)], dim=1)

    def _blocks(self, theta: torch.Tensor) -> list[torch.Tensor]:
        if not self._batch:
            raise PinnzoError("The objective has no points yet: call draw(generator) before it is asked for a loss.")
        network = NetworkField(self.network.bind(theta), self.network.width)
        field = SolutionField(network, self.compiled.ansatz) if self.compiled.estimate == "solution" else network
        blocks = []
        for term, (points, prepared) in zip(self._terms, self._batch, strict=True):
            values = [rows.apply(field, x) for rows, x in zip(term.rows, points, strict=True)]
            blocks.append(prepared.residual(values))
        return blocks


def _chosen_weights(compiled: CompiledProblem, given: Mapping[str, float]) -> dict[str, float]:
    soft = {c.name: DEFAULT_WEIGHT if c.weight is None else c.weight for c in compiled.problem.ansatz.soft}
    if unknown := sorted(set(given) - set(soft)):
        names = ", ".join(map(repr, soft)) or "none"
        raise SettingError(f"weights names {unknown[0]!r}, but the soft conditions of this problem are: {names}.")
    for name, weight in given.items():
        if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not 0 < weight < float("inf"):
            raise SettingError(f"The weight of {name!r} is {weight!r}: give a finite number greater than 0.")
    return {**soft, **given}
