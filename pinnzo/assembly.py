"""A problem and settings put together: everything that training and evaluation need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import sympy as sp
import torch

from pinnzo.derivatives import Estimator
from pinnzo.derivatives.default import default_estimator
from pinnzo.derivatives.steps import residual_noise
from pinnzo.errors import SettingError, StorageError
from pinnzo.features import agreed_periods, compile_features, measured, with_outputs
from pinnzo.fields import as_columns
from pinnzo.networks import build_network
from pinnzo.networks.black_box import BlackBoxNetwork
from pinnzo.networks.extended import ExtendedNetwork
from pinnzo.networks.modules import ModuleNetwork
from pinnzo.parallel import default_workers
from pinnzo.ranks import Ranks
from pinnzo.seeding import generator, stream_seed
from pinnzo.settings import DTYPES, RunSettings
from pinnzo.symbolic.compiler import CompiledProblem
from pinnzo.symbolic.expressions import listed
from pinnzo.symbolic.problem import Problem
from pinnzo.training.residual_objective import ResidualObjective
from pinnzo.training.sampling import ResidualAdaptive

VALIDATION_POINTS = 1000
ERROR_POINTS = 1000
TEST_POINTS = 10_000
EVALUATED_NUMBERS = 1 << 22
"""Hidden units that one call computes at once when a solution is evaluated at many points."""


class Assembly:
    """A compiled problem with its network, estimator and objectives.

    Args:
        problem: the declaration.
        settings: of the run.
        ranks: the processes that share the work of the objectives, by default this one.

    Raises:
        SettingError: the network does not fit the problem.
        DeclarationError: a feature of the network is no function of the problem's variables, or of no use.
        StencilError: the estimator cannot see a derivative of the problem.
    """

    def __init__(self, problem: Problem, settings: RunSettings, ranks: Ranks | None = None) -> None:
        network = with_outputs(measured(settings.network, problem), len(problem.functions))
        network, problem = agreed_periods(network, problem)
        if network is not settings.network:
            settings = replace(settings, network=network)
        self.problem, self.settings, self.ranks = problem, settings, ranks or Ranks()
        self.dtype = DTYPES[settings.dtype]
        self.device = torch.device(settings.device)
        projected = settings.derivatives is not None and settings.derivatives.projects_gradients
        self.compiled = CompiledProblem(problem, settings.estimate, projected)
        columns = dict(zip(problem.domain.variables, problem.domain.scale(), strict=True))
        self.scale = [columns[s] for s in problem.variables]
        low, high = (list(ends) for ends in zip(*self.scale, strict=True))
        features = compile_features(settings.network, problem)
        built = build_network(settings.network, problem.dimension, (low, high), features)
        if built.outputs != self.compiled.outputs:
            several = f"the unknowns {listed(problem.functions)}"
            raise SettingError(
                f"network has {built.outputs} outputs: a problem with "
                f"{several if self.compiled.outputs > 1 else 'one unknown'} needs {self.compiled.outputs}."
            )
        # A module holds the parameters while it is called, and what stands behind a black box is not known: neither
        # may be asked by two threads at once.
        self._workers = 1 if isinstance(built, (ModuleNetwork, BlackBoxNetwork)) else default_workers()
        more = self.compiled.coefficients.count
        self.network = ExtendedNetwork(built, more) if more else built
        spaces = self.compiled.rows, self.scale, self.dtype
        chosen = settings.derivatives or default_estimator(*spaces, built.noise)
        # A class of the user's own need not know of noise.
        self.estimator: Estimator = chosen.fitted(*spaces, built.noise) if built.noise else chosen.fitted(*spaces)
        if built.noise:
            trainer = settings.trainer.fitted(residual_noise(self.compiled.rows, built.noise))
            self.settings = replace(settings, trainer=trainer)

    @property
    def run_seed(self) -> int:
        """The seed of the trainer's own randomness."""
        return stream_seed(self.settings.seed, "trainer")

    def balance_state(self) -> dict[str, Any]:
        """The state of the rule that balances weights before the first step; empty without one."""
        rule = self.settings.balance
        return {} if rule is None else rule.init(self.objective.balanced, stream_seed(self.settings.seed, "balance"))

    def generator(self, purpose: str) -> torch.Generator:
        """A generator of this run's seed on its device."""
        return generator(self.settings.seed, purpose, self.device)

    def initial(self) -> torch.Tensor:
        """The initial parameters (d,)."""
        return self.network.initial(self.generator("parameters"), self.dtype)

    @cached_property
    def objective(self) -> ResidualObjective:
        """The loss that is trained on."""
        return self._objective(self.settings.points, self.settings.sampling)

    @cached_property
    def validation(self) -> ResidualObjective:
        """The same loss on points of its own, drawn once."""
        objective = self._objective(max(VALIDATION_POINTS, self.settings.points))
        objective.draw(self.generator("validation"))
        return objective

    def use_workers(self, count: int) -> None:
        """Share the work of a step among so many threads from now on; results do not depend on their number."""
        self._workers = count
        for name in ("objective", "validation"):
            vars(self).pop(name, None)

    def values(self, theta: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        """The solution at points x (N, D) for one θ (d,): (N,), or (N, C) for C unknown functions."""
        bound = self.network.bind(theta[None])
        chunk = max(1, EVALUATED_NUMBERS // self.network.width)
        parts = []
        for part in x.split(chunk):
            A, B = self.compiled.ansatz(part)
            parts.append(A + B * bound.values(part)[0].T)
        return as_columns(torch.cat(parts, dim=1) if parts else x.new_zeros(self.compiled.outputs, 0))

    def unknowns(self, theta: torch.Tensor) -> dict[sp.Symbol, float]:
        """The unknown coefficients in θ (d,)."""
        found = self.compiled.coefficients
        values = found.values(theta[None, self.network.parameter_count - found.count :])
        return {s: float(value) for s, value in zip(found.symbols, values, strict=True)}

    def error_function(self) -> Callable[[torch.Tensor], float] | None:
        """The relative L2 error of parameters on points of its own, or None where no exact solution is known.

        An error that meets the target of the budget is measured again, by the points that ``Solution.error`` takes.
        """
        if self.problem.exact is None:
            return None
        target = self.settings.budget.target_error or 0.0
        few = self.reference("history", ERROR_POINTS)

        def error(theta: torch.Tensor) -> float:
            seen = self.relative_error(theta, *few)
            return self.relative_error(theta, *self._test) if seen <= target else seen

        return error

    def reference(self, purpose: str, count: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Points (N, D) for a purpose and the exact solution there in float64, (N,) or (N, C)."""
        x = self.problem.sampler.interior(count, self.generator(purpose), self.dtype)
        exact = self.problem.exact_values(x)
        assert exact is not None
        return x, exact

    def relative_error(self, theta: torch.Tensor, x: torch.Tensor, exact: torch.Tensor) -> float:
        """‖u − u*‖₂ / ‖u*‖₂ at points x (N, D) with the exact values (N,) or (N, C)."""
        return float((self.values(theta, x).double() - exact).norm() / exact.norm())

    def check_parameters(self, theta: torch.Tensor, path: Path) -> None:
        """Refuse parameters from a file that are not those of this network.

        Raises:
            StorageError: they have another number or type.
        """
        if theta.shape != (self.network.parameter_count,):
            raise StorageError(
                f"{path} holds {theta.numel()} parameters, but its network has {self.network.parameter_count}: give "
                "the network that was trained."
            )
        if theta.dtype != self.dtype:
            raise StorageError(f"{path} holds {theta.dtype} parameters, but its run had dtype {self.settings.dtype}.")

    @cached_property
    def _test(self) -> tuple[torch.Tensor, torch.Tensor]:
        return self.reference("test", TEST_POINTS)

    def _objective(self, points: int, sampling: str | ResidualAdaptive = "uniform") -> ResidualObjective:
        return ResidualObjective(
            self.compiled,
            self.network,
            self.estimator,
            points,
            self.settings.weights,
            self.dtype,
            self._workers,
            self.ranks,
            sampling,
            self.settings.points,
        )
