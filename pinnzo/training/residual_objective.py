"""The loss of a physics-informed network, as an objective that forward passes answer."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import torch

from pinnzo.derivatives.base import Estimator, Field
from pinnzo.derivatives.stencil import NodeSums
from pinnzo.derivatives.tiles import TILE_ELEMENTS
from pinnzo.errors import PinnzoError, SettingError
from pinnzo.fields import NetworkField, NetworkSweep, SolutionChange, SolutionField
from pinnzo.networks.base import Network, Sweep
from pinnzo.parallel import Workers
from pinnzo.ranks import Ranks
from pinnzo.symbolic.compiler import CompiledProblem, CompiledResidual

from .base import Objective
from .residual_terms import Batch, Part, Share, Term, chosen_weights, cost_of, drawn_batch, points_of
from .sampling import RULES, Candidates, ResidualAdaptive, as_sampling

T = TypeVar("T")

PIECES = 8
"""The parameter vectors of a step are shared out in at least so many pieces, where there are enough of them, and the
points in at most so many."""

SWEEP_TILE = 2**18
"""Numbers that a sweep takes at once: 2 MB, so that two processes do not crowd each other out of the shared cache."""

MEMORY_ELEMENTS = 1 << 25
"""The most numbers that the parameter batch and its dense weights may take at once (256 MB in float64)."""


class ResidualObjective(Objective):
    """Mean squared residual of the equations plus weighted mean squared residuals of the soft conditions.

    L(θ) = Σ_e mean_p r_e(x_p)² + Σ_c w_c mean_p r_c(x_p)². The residual vector holds r/√P and √w_c r_c/√P_c, so that
    its sum of squares is the loss. All parameter vectors of a step see the same points.

    Args:
        compiled: the problem.
        network: f, with one output for each unknown function; its last parameters are the unknown coefficients.
        estimator: of the derivatives.
        points: interior points of a step; a soft condition has half as many, unless it is declared with a number.
        weights: of soft conditions, by name.
        dtype: of points, and so of everything computed.
        workers: threads that share the parameter vectors of a step.
        ranks: processes that share them, by default this one.
        sampling: how the points are drawn, a name or ``ResidualAdaptive``.
        trained_points: the interior points of a training step, for an objective with more; declared numbers of points
            are increased in proportion. Those of a training step by default.

    Attributes:
        balanced: the terms whose weights were not given, by neither the run nor the declaration.

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
        ranks: Ranks | None = None,
        sampling: str | ResidualAdaptive = "uniform",
        trained_points: int | None = None,
    ) -> None:
        if isinstance(points, bool) or not isinstance(points, int) or points < 1:
            raise SettingError(f"points is {points!r}: give the number of collocation points of a step, at least 1.")
        self.compiled, self.network, self.estimator, self.dtype = compiled, network, estimator, dtype
        self.parameter_count = network.parameter_count
        self.evaluations = 0
        self.points = points
        self._terms = [self._term(compiled.equation, 1.0, points)]
        chosen = chosen_weights(compiled, weights or {})
        free = [c.name for c in compiled.problem.ansatz.soft if c.weight is None and c.name not in (weights or {})]
        self.balanced = ("equation", *free)
        for residual, condition in zip(compiled.conditions, compiled.problem.ansatz.soft, strict=True):
            count = points_of(condition, points, trained_points or points)
            self._terms.append(self._term(residual, chosen[residual.name], count))
        self.evaluations_per_query = sum(t.points * t.evaluations_per_point for t in self._terms)
        self._workers, self._ranks = Workers(workers), ranks or Ranks()
        self._batches: list[Batch] = []
        self.sampling = as_sampling(sampling)
        self._candidates: Candidates | None = None
        self._weights = [term.weight for term in self._terms]

    def _term(self, residual: CompiledResidual, weight: float, points: int) -> Term:
        return Term(residual, residual.discretise(self.estimator), weight, points)

    @property
    def terms(self) -> tuple[Term, ...]:
        """The equations, then the soft conditions."""
        return tuple(self._terms)

    @property
    def workers(self) -> int:
        """How many threads share the work of a step."""
        return self._workers.count

    @property
    def blocks(self) -> tuple[slice, ...]:
        """The parts of θ that the network names."""
        return self.network.blocks

    def draw(self, generator: torch.Generator, scale: float = 1.0) -> None:
        """Draw fresh points, ``scale`` times the usual number, and what is random in the estimator."""
        rule = RULES.get(self.sampling) if isinstance(self.sampling, str) else None
        sampler = self.compiled.problem.sampler
        soft = {c.name: c for c in self.compiled.problem.ansatz.soft}
        self._batches = []
        for i, term in enumerate(self._terms):
            count = max(1, round(scale * term.points))
            values = None
            if i > 0 and (measured := soft[term.residual.name].measured) is not None:
                x, values = measured.draw(count, generator, self.dtype)
                points = [x]
            elif i > 0:
                points = sampler.condition(soft[term.residual.name], count, generator, self.dtype, rule)
            elif self._candidates is not None:
                points = [self._candidates.pick(count, generator)]
            else:
                points = [sampler.interior(count, generator, self.dtype, rule)]
            self._batches.append(drawn_batch(term, points, generator, values))
        self.evaluations_per_query = sum(b.count * b.term.evaluations_per_point for b in self._batches)

    def adapt(self, theta: torch.Tensor, step: int, generator: torch.Generator, scale: float = 1.0) -> None:
        """Look for candidates where the residual of θ (d,) is large, if it is time for that."""
        if not isinstance(self.sampling, ResidualAdaptive):
            return
        needed = max(1, round(scale * self.points))
        known = self._candidates
        if known is not None and step - known.step < self.sampling.every and len(known.points) >= needed:
            return
        count = math.ceil(self.sampling.candidates * needed)
        points = self.compiled.problem.sampler.interior(count, generator, self.dtype)
        batch = drawn_batch(self._terms[0], [points], generator)
        parts = batch.parts(min(PIECES, count))
        with torch.no_grad():
            field, coefficients = self._field(theta[None]), self._coefficients(theta[None])

            def of_part(part: Part) -> torch.Tensor:
                residual = part[0].prepared.residual(part[0].rows(field), coefficients)[0]
                return residual.unflatten(0, (part[0].count, -1)).norm(dim=1)

            costs = [cost_of([part], theta[None]) for part in parts]
            found = self.share(of_part, parts, [(part.count,) for part, _ in parts], costs, theta)
            weights = self.sampling.weights(torch.cat(found))
        self.evaluations += sum(costs)
        self._candidates = Candidates(points, weights, step)

    @property
    def memory(self) -> dict[str, torch.Tensor]:
        """The candidates of the next steps."""
        return {} if self._candidates is None else self._candidates.memory()

    def restore(self, memory: dict[str, torch.Tensor], device: torch.device) -> None:
        """Go on with the candidates of a checkpoint."""
        self._candidates = Candidates.restored(memory, device) if memory else None

    def residuals(self, theta: torch.Tensor) -> torch.Tensor:
        """The weighted residual vectors, (K, d) → (K, M)."""
        self.evaluations += theta.shape[0] * self.evaluations_per_query
        return self._residuals(theta)

    def losses(self, theta: torch.Tensor) -> torch.Tensor:
        """The loss of K parameter vectors, (K, d) → (K,)."""
        self.evaluations += theta.shape[0] * self.evaluations_per_query
        vectors, shares = self._pieces(theta), self._shares()
        jobs = [(share, some) for share in shares for some in vectors]

        def of_job(job: tuple[Share, torch.Tensor]) -> torch.Tensor:
            return torch.cat(self._blocks(*job), dim=1).square().sum(1)

        # One number for each vector and share is all that travels between processes.
        sums = self.share(of_job, jobs, [(len(some),) for _, some in jobs], [cost_of(*job) for job in jobs], theta)
        return torch.cat(sums).reshape(len(shares), -1).sum(0)

    def differences(
        self, theta: torch.Tensor, indices: torch.Tensor, step: float, outputs: torch.Tensor
    ) -> torch.Tensor:
        """What the residuals change by when one parameter is perturbed, (K, M); see ``Objective.differences``.

        By a sweep, where the network has one: derivatives are linear, so the changes of the rows are the rows of the
        changes, and the rounding that the stencil leaves in the residuals themselves drops out.
        """
        sweep = self._sweep(theta, indices, step)
        if sweep is None:
            return super().differences(theta, indices, step, outputs)
        self.evaluations += len(indices) * self.evaluations_per_query
        of_part, parts = self._changes(theta, sweep, indices, step), self._parts(sweep.width)
        shapes = [(len(indices), batch.length) for batch, _ in parts]
        return torch.cat(
            self.share(of_part, parts, shapes, [cost_of([part], theta[None]) for part in parts], theta), dim=1
        )

    def losses_at_coordinates(self, theta: torch.Tensor, indices: torch.Tensor, steps: Sequence[float]) -> torch.Tensor:
        """The losses at θ + μ e_i, (len(steps), K); by a sweep, where the network has one."""
        if self._sweep(theta, indices[:1], steps[0]) is None:
            return super().losses_at_coordinates(theta, indices, steps)
        # The residuals at θ are the sweep's own: perturbed queries alone are counted.
        outputs = self._residuals(theta[None])
        losses = []
        for step in steps:
            sweep = self._sweep(theta, indices, step)
            assert sweep is not None
            self.evaluations += len(indices) * self.evaluations_per_query
            of_part, parts = self._changes(theta, sweep, indices, step), self._parts(sweep.width)
            jobs = list(zip(parts, outputs.split([batch.length for batch, _ in parts], dim=1), strict=True))

            def of_job(job: tuple[Part, torch.Tensor], of_part: Callable = of_part) -> torch.Tensor:
                part, before = job
                return (before + of_part(part)).square().sum(1)

            costs = [cost_of([part], theta[None]) for part in parts]
            losses.append(torch.stack(self.share(of_job, jobs, [(len(indices),)] * len(jobs), costs, theta)).sum(0))
        return torch.stack(losses)

    def share(
        self,
        function: Callable[[T], torch.Tensor],
        jobs: Sequence[T],
        shapes: Sequence[tuple[int, ...]],
        costs: Sequence[float],
        like: torch.Tensor,
    ) -> list[torch.Tensor]:
        """``[function(job) for job in jobs]``, shared out among the processes and their threads."""
        return self._ranks.map(lambda some: self._workers.map(function, some), jobs, shapes, costs, like)

    def parts(self, theta: torch.Tensor) -> dict[str, float]:
        """The mean squared residual of the equations and of each soft condition, without weights, for one θ (d,)."""
        self.evaluations += self.evaluations_per_query
        self._check_drawn()
        blocks = self._blocks([(batch, 1.0) for batch in self._batches], theta[None])
        return {
            t.residual.name: float(b.square().sum() / batch.count)
            for t, b, batch in zip(self._terms, blocks, self._batches, strict=True)
        }

    def reweight(self, factors: Mapping[str, float]) -> None:
        """Multiply the weights of terms by factors from now on; see ``Objective.reweight``."""
        for i, (term, weight) in enumerate(zip(self._terms, self._weights, strict=True)):
            new = weight * factors.get(term.residual.name, 1.0)
            self._terms[i] = replace(term, weight=new)
            if self._batches:
                batch = self._batches[i]
                self._batches[i] = replace(batch, term=replace(batch.term, weight=new))

    def _residuals(self, theta: torch.Tensor) -> torch.Tensor:
        vectors, shares = self._pieces(theta), self._shares()
        jobs = [(share, some) for share in shares for some in vectors]
        shapes = [(len(some), sum(batch.length for batch, _ in share)) for share, some in jobs]

        def of_job(job: tuple[Share, torch.Tensor]) -> torch.Tensor:
            return torch.cat(self._blocks(*job), dim=1)

        found = self.share(of_job, jobs, shapes, [cost_of(*job) for job in jobs], theta)
        if len(shares) == 1:
            return torch.cat(found)
        # From one block a share to one block a term, the order of the vector.
        blocks = []
        for i, share in enumerate(shares):
            rows = torch.cat(found[i * len(vectors) : (i + 1) * len(vectors)])
            blocks.append(rows.split([batch.length for batch, _ in share], dim=1))
        return torch.cat([block for term in zip(*blocks, strict=True) for block in term], dim=1)

    def _blocks(self, share: Share, theta: torch.Tensor) -> list[torch.Tensor]:
        """The weighted residuals of each term, (K, P·E)."""
        field, coefficients = self._field(theta), self._coefficients(theta)
        return [scale * batch.prepared.residual(batch.rows(field), coefficients) for batch, scale in share]

    def _changes(
        self, theta: torch.Tensor, sweep: Sweep, indices: torch.Tensor, step: float
    ) -> Callable[[Part], torch.Tensor]:
        """The function from a part to the changes of its weighted residuals, (K, P·E)."""
        changed = NetworkSweep(sweep, sweep.width, len(indices) * self.network.outputs)
        change = SolutionChange(changed, self.compiled.ansatz) if self.compiled.estimate == "solution" else changed
        centre, coefficients = self._field(theta[None]), self._coefficients(theta[None])
        moved_coefficients = self._moved_coefficients(theta, indices, step)

        def of_part(part: Part) -> torch.Tensor:
            batch, scale = part
            rows = batch.rows(centre)
            moved = batch.prepared.residual(batch.moved_rows(change, rows), moved_coefficients)
            return scale * (moved - batch.prepared.residual(rows, coefficients))

        return of_part

    def _field(self, theta: torch.Tensor) -> Field:
        """The functions whose derivatives are estimated, for parameters (K, d)."""
        network = NetworkField(self.network.bind(theta), self.network.width, len(theta) * self.network.outputs)
        return SolutionField(network, self.compiled.ansatz) if self.compiled.estimate == "solution" else network

    def _coefficients(self, theta: torch.Tensor) -> list[torch.Tensor]:
        """The unknown coefficients of parameters (K, d), each (K, 1)."""
        found = self.compiled.coefficients
        return found.values(theta[:, self.parameter_count - found.count :])

    def _moved_coefficients(self, theta: torch.Tensor, indices: torch.Tensor, step: float) -> list[torch.Tensor]:
        """The unknown coefficients of θ (d,), where one parameter in turn is perturbed, each (K, 1)."""
        found = self.compiled.coefficients
        first = self.parameter_count - found.count
        moved = theta[first:].repeat(len(indices), 1)
        for column in range(found.count):
            moved[indices == first + column, column] += step
        return found.values(moved)

    def _sweep(self, theta: torch.Tensor, indices: torch.Tensor, step: float) -> Sweep | None:
        """The network's sweep, where the residual can be had from changes and no graph is asked for."""
        self._check_drawn()
        linear = all(isinstance(rows, NodeSums) for term in self._terms for rows in term.rows)
        return None if torch.is_grad_enabled() or not linear else self.network.sweep(theta, indices, step)

    def _pieces(self, theta: torch.Tensor) -> Sequence[torch.Tensor]:
        """Parameter vectors (K, d) in pieces; like the parts below they do not depend on the number of workers."""
        # A tensor-train layer expands to a dense matrix for each parameter vector.
        per_vector = max(self.parameter_count, self.network.width**2)
        return theta.split(max(1, min(MEMORY_ELEMENTS // per_vector, theta.shape[0] // PIECES)))

    def _shares(self) -> list[Share]:
        """Shares of the points, some of each term, of at least a tile: for queries of few parameter vectors."""
        self._check_drawn()
        count = 1
        if not torch.is_grad_enabled():
            tiles = self.evaluations_per_query * self.network.width // TILE_ELEMENTS
            count = max(1, min(PIECES, tiles, *(batch.count for batch in self._batches)))
        return list(zip(*(batch.parts(count) for batch in self._batches), strict=True))

    def _parts(self, width: int) -> list[Part]:
        """The batches cut into parts that are one tile each, and the scale of each part's residuals.

        They do not depend on the number of workers, so that neither do the results.
        """
        parts = []
        for batch in self._batches:
            size = max(1, SWEEP_TILE // (width * max(rows.evaluations_per_point for rows in batch.term.rows)))
            parts += batch.parts(math.ceil(batch.count / size))
        return parts

    def _check_drawn(self) -> None:
        if not self._batches:
            raise PinnzoError("The objective has no points yet: call draw(generator) before it is asked for a loss.")
