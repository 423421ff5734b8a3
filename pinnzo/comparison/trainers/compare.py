"""Every trainer on one problem with the same network, points, seeds and budget."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pinnzo import catalogue
from pinnzo.comparison.output import listed
from pinnzo.derivatives import Estimator
from pinnzo.errors import DeclarationError, SettingError
from pinnzo.parallel import default_workers
from pinnzo.settings import settings_for, whole_number
from pinnzo.symbolic.problem import Problem
from pinnzo.training import TRAINERS, Budget, FirstOrder, Trainer, as_trainer, trainer_named

from .result import TrainerComparison, TrainerRun
from .running import fastest, run_trainer

LABELS = {
    "hybrid": "hybrid zeroth-order",
    "rge": "RGE",
    "cge": "CGE",
    "levenberg-marquardt": "Levenberg–Marquardt",
    "first-order": "Adam",
    "lbfgs": "L-BFGS",
    "autodiff-gauss-newton": "autodiff Gauss–Newton",
}
ADAM: dict[str, Any] = {"learning_rate": 1e-2, "scheduler": "ExponentialLR", "scheduler_options": {"gamma": 0.999}}
"""A rate that suits some seconds: on the 20-dimensional HJB equation it is five times more accurate than 1e-3."""
POINTS = 200
INTERRUPTED = "The run was interrupted"


def compare_trainers(
    problem: Problem | str = "hjb",
    trainers: Sequence[str] | Mapping[str, Trainer] | None = None,
    *,
    network: Any = None,
    derivatives: Estimator | None = None,
    baseline_derivatives: Estimator | Literal["fastest"] | None = "fastest",
    points: int = POINTS,
    seeds: int | Sequence[int] = 1,
    dtype: Any = None,
    budget: Budget | None = None,
    progress: bool = True,
) -> TrainerComparison:
    """Run trainers on one problem on equal terms.

    Args:
        problem: a declaration with an exact solution, or the name of a bundled one.
        trainers: names of the command line, or trainers under names of your own; by default all, the
            back-propagation baselines Adam, L-BFGS and autodiff Gauss–Newton included. All have their default
            settings, except that Adam begins with the learning rate 0.01 and multiplies it by 0.999 a step.
        network: as for ``solve``.
        derivatives: the estimator, as for ``solve``.
        baseline_derivatives: the estimator of the back-propagation trainers; "fastest" times a few steps with
            ``derivatives`` and with ``Autodiff()`` for each of them, None takes ``derivatives``.
        points: collocation points of a step.
        seeds: how many seeds, 0, 1, …, or which.
        dtype: as for ``solve``.
        budget: of each run, 10 seconds by default.
        progress: show how it goes, on standard error.

    Returns:
        The runs, whose ``table()``, ``figure()`` and ``to_json()`` show them. Ctrl-C ends the comparison with what
        is there.

    Raises:
        PinnzoError: a setting does not fit; the message names it and the remedy.

    Example:
        >>> budget = Budget(evaluations=100_000)
        >>> comparison = compare_trainers("poisson-2d", ["rge", "lbfgs"], budget=budget, progress=False)
        >>> [run.label for run in comparison.runs]
        ['RGE', 'L-BFGS']
    """
    chosen = _chosen(trainers)
    numbers = _seeds(seeds)
    if isinstance(problem, str):
        problem = catalogue.problem(problem)
    if not isinstance(problem, Problem):
        raise DeclarationError(f"problem is {problem!r}: pass a Problem or the name of a bundled one.")
    if problem.exact is None:
        raise SettingError("problem has no exact solution to compare the trainers by: give one as Problem(exact=…).")
    if baseline_derivatives not in ("fastest", None) and not isinstance(baseline_derivatives, Estimator):
        raise SettingError(f"baseline_derivatives is {baseline_derivatives!r}: pass an estimator, 'fastest' or None.")
    given = {"network": network, "derivatives": derivatives, "dtype": dtype}
    settings = settings_for(problem, {**given, "points": points, "budget": budget or Budget(seconds=10)})
    runs: list[TrainerRun] = []
    status = f"All {len(chosen)} trainers were run." if len(chosen) > 1 else "The trainer was run."
    try:
        for name, trainer in chosen.items():
            label = LABELS.get(name, name)
            estimator = derivatives
            if trainer.uses_backpropagation:
                estimator = baseline_derivatives
                if isinstance(estimator, str):
                    estimator = fastest(problem, dataclasses.replace(settings, trainer=trainer))
            own = dataclasses.replace(settings, trainer=trainer, derivatives=estimator or derivatives)
            for seed in numbers:
                run = run_trainer(problem, dataclasses.replace(own, seed=seed), name, label, progress)
                runs += [run] if run.steps else []
                if run.status.startswith(INTERRUPTED):
                    raise KeyboardInterrupt
    except KeyboardInterrupt:
        if not runs:
            raise
        done = listed(list(dict.fromkeys(run.label for run in runs)))
        status = f"The comparison was interrupted; it holds what was run of {done}."
    return TrainerComparison(
        problem.name, problem.dimension, points, settings.budget, tuple(runs), status, default_workers()
    )


def _chosen(trainers: Sequence[str] | Mapping[str, Trainer] | None) -> dict[str, Trainer]:
    """The trainers by name, in the order asked for."""
    if isinstance(trainers, Mapping):
        chosen = {str(name): as_trainer(trainer) for name, trainer in trainers.items()}
    else:
        names = tuple(TRAINERS) if trainers is None else (trainers,) if isinstance(trainers, str) else trainers
        chosen = {name: FirstOrder(**ADAM) if name == "first-order" else trainer_named(name) for name in names}
    if not chosen:
        raise SettingError(f"trainers is empty: choose among {', '.join(TRAINERS)}.")
    return chosen


def _seeds(seeds: int | Sequence[int]) -> tuple[int, ...]:
    if isinstance(seeds, Sequence) and not isinstance(seeds, str):
        if not seeds:
            raise SettingError("seeds is empty: give at least one seed.")
        return tuple(dict.fromkeys(whole_number(seed, 0, "seeds", "numbers that fix runs") for seed in seeds))
    return tuple(range(whole_number(seeds, 1, "seeds", "the number of seeds")))
