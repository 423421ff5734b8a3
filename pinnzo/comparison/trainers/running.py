"""One run of a comparison, watched without taking its time."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field, replace

import torch

from pinnzo.assembly import ERROR_POINTS, Assembly
from pinnzo.derivatives import Autodiff, Estimator
from pinnzo.errors import StencilError
from pinnzo.parallel import one_thread_kernels
from pinnzo.progress import ProgressDisplay
from pinnzo.settings import RunSettings
from pinnzo.solution import Solution
from pinnzo.symbolic.problem import Problem
from pinnzo.training.fit import Hooks, RunState, fit, start

from .result import TrainerRun

TIMED_STEPS, TIMED_SECONDS = 3, 0.5
FACTOR = 1.03
"""Parameters are kept whenever the training time has grown by this factor: some hundred times in a run."""


@dataclass
class _Snapshots:
    """Parameters on the way; their errors are computed when the run is over, so that the clock sees nothing of it."""

    display: ProgressDisplay
    taken: list[tuple[float, int, torch.Tensor]] = field(default_factory=list)

    def __call__(self, now: RunState) -> None:
        self.display.update(now)
        if not self.taken or now.seconds >= FACTOR * self.taken[-1][0]:
            self.taken.append((now.seconds, now.evaluations, now.trainer.theta.detach().clone()))


def run_trainer(problem: Problem, settings: RunSettings, name: str, label: str, progress: bool) -> TrainerRun:
    """Train once, as ``solve`` does, and measure the errors on the way afterwards.

    Args:
        problem: with an exact solution.
        settings: of the run.
        name: of the trainer, as on the command line.
        label: the same for people.
        progress: show how it goes, on standard error.
    """
    assembly = Assembly(problem, settings)
    trainer, budget = settings.trainer, settings.budget
    balancing = assembly.balance_state()
    state = start(trainer, assembly.initial(), assembly.run_seed, assembly.generator("points"), balancing)
    error = None if budget.target_error is None else assembly.error_function()
    with ProgressDisplay(f"{label}, seed {settings.seed}", budget, progress) as display:
        snapshots = _Snapshots(display)
        hooks = Hooks(snapshots, error)
        outcome = fit(trainer, assembly.objective, assembly.validation, state, budget, hooks, balance=settings.balance)
    solution = Solution(assembly, outcome.result, outcome.status)
    last = outcome.last
    if last.trainer.step and last.seconds > snapshots.taken[-1][0]:
        snapshots.taken.append((last.seconds, last.evaluations, last.trainer.theta))
    with torch.inference_mode(), one_thread_kernels():
        few = assembly.reference("history", ERROR_POINTS)
        errors = [(seconds, spent, assembly.relative_error(theta, *few)) for seconds, spent, theta in snapshots.taken]
    accuracy = solution.error()
    return TrainerRun(
        name=name,
        label=label,
        trainer=trainer,
        derivatives=type(solution.estimator).__name__,
        seed=settings.seed,
        relative_l2=accuracy.relative_l2,
        zero_network=accuracy.zero_network,
        affine_network=accuracy.affine_network,
        loss=solution.loss,
        parameters=solution.parameter_count,
        evaluations=solution.evaluations,
        steps=solution.steps,
        seconds=solution.seconds,
        status=solution.status,
        curve=tuple(point for point in errors if math.isfinite(point[2])),
    )


def fastest(problem: Problem, settings: RunSettings) -> Estimator | None:
    """Of the run's own estimator and automatic differentiation, the one whose training steps take less time."""
    autodiff = replace(settings, derivatives=Autodiff())
    try:
        by_autodiff = _seconds_of_a_step(problem, autodiff)
    except StencilError:
        return settings.derivatives
    return autodiff.derivatives if by_autodiff < _seconds_of_a_step(problem, settings) else settings.derivatives


def _seconds_of_a_step(problem: Problem, settings: RunSettings) -> float:
    """The shortest of a few steps; the first one, which also sets things up, counts only if it is long."""
    assembly = Assembly(problem, settings)
    objective, trainer = assembly.objective, settings.trainer
    state, times = trainer.init(assembly.initial(), assembly.run_seed), []
    objective.draw(assembly.generator("points"))
    with torch.enable_grad(), one_thread_kernels():
        while len(times) < TIMED_STEPS and sum(times) < TIMED_SECONDS:
            began = time.perf_counter()
            state = trainer.step(objective, state)
            times.append(time.perf_counter() - began)
    return min(times)
