"""The one verb: solve a problem, or go on with a run that was stopped."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pinnzo import catalogue
from pinnzo.assembly import Assembly
from pinnzo.checkpoints import checked_interval
from pinnzo.derivatives import Estimator
from pinnzo.errors import DeclarationError, SettingError, memory_shortage_told
from pinnzo.memory import fit_workers
from pinnzo.memory_bound import memory_bound
from pinnzo.ranks import Ranks
from pinnzo.runs import Company, Work, run
from pinnzo.settings import settings_for
from pinnzo.solution import Solution
from pinnzo.storage import CHECKPOINT, header_of, read_run
from pinnzo.symbolic.problem import Problem
from pinnzo.training import Balance, Budget, ResidualAdaptive, Trainer
from pinnzo.training.fit import RunState, start


@memory_shortage_told()
def solve(
    problem: Problem | str,
    *,
    network: Any = None,
    derivatives: Estimator | None = None,
    trainer: Trainer | Any = None,
    points: int | None = None,
    seed: int | None = None,
    dtype: Any = None,
    device: Any = None,
    budget: Budget | None = None,
    checkpoint: str | Path | None = None,
    checkpoint_seconds: float | None = None,
    memory: int | float | str | None = None,
    estimate: str | None = None,
    weights: Mapping[str, float] | None = None,
    sampling: str | ResidualAdaptive | None = None,
    balance: Balance | str | None = None,
    progress: bool = True,
    history: str | Path | None = None,
    callbacks: Sequence[Any] = (),
) -> Solution:
    """Solve a partial differential equation with forward passes of a network only.

    Everything but the problem has a default that suits small to medium problems on a CPU. In a script that ``torchrun``
    has started in several processes, all of them call this, share the work and get the same solution.

    Args:
        problem: a declaration, or the name of a bundled one.
        network: f in u = A + B f: ``TensorTrainMLP`` (32 wide by default), ``MLP`` (by default three tanh layers, 12
            wide, where a problem in up to three variables is a system, or can sustain layers thinner than 1/200 of the
            domain), either with the problem's features, any ``torch.nn.Module``, or a ``BlackBox``.
        derivatives: the estimator of derivatives; by default the smallest sparse-grid Stein rule that sees all
            derivatives of the equation.
        trainer: the training method, ``LevenbergMarquardt`` by default; ``HybridZO`` is the paper's.
        points: collocation points of a step, by default 200 for Levenberg–Marquardt (1,000 where the network is
            that of three layers) and 100 for other trainers; a soft condition has half as many, unless it is declared
            with a number.
        seed: fixes initial parameters, points and perturbations, 0 by default.
        dtype: "float64" (the default) or "float32", or the torch dtype.
        device: "cpu" by default.
        budget: when to stop, 45 seconds by default.
        checkpoint: a folder that gets the state of the run, for ``resume``: before the first step, then every
            ``checkpoint_seconds``, and at the end.
        checkpoint_seconds: between two checkpoints, 10 by default; 0 for one after every step.
        memory: the most that the run may take, as a number of bytes or a text such as "2 GB"; by default the memory of
            the machine. A run whose estimate is higher is refused before it begins.
        estimate: "network" (the default) takes derivatives of f and treats A and B exactly; "solution" takes those
            of the whole u, as the paper does.
        weights: of the penalties of soft conditions, by name.
        sampling: how the points of each step are drawn: "uniform" (the default: independent points of the domain's own
            measure), "sobol" (scrambled Sobol points, mapped to the domain), "latin-hypercube", or "residual-adaptive",
            which is ``ResidualAdaptive()``: more points where the residual is large. Where the network is by
            default that of three layers, Levenberg–Marquardt takes ``ResidualAdaptive(k=1, c=2, candidates=3)``.
        balance: how the weights of the equation and of soft conditions that are not given (here or in the declaration)
            balance themselves from loss values: "relobralo", "softadapt", or settings such as ``ReLoBRaLo()``. By
            default weights are fixed, 100 for a condition. The loss on held-out points keeps fixed weights always.
        progress: show how it goes, on standard error.
        history: a file that gets a JSON line after each step, which can be followed while the run goes on. A resumed
            run that is given the same file continues it.
        callbacks: what is called on the way, such as ``EarlyStopping``, ``TensorBoard``, a ``Callback`` of one's own,
            or a function that takes the state after each step. An exception in one of them ends the run: its
            checkpoint is saved, then the exception is raised.

    Returns:
        The solution with the lowest loss on held-out points. Ctrl-C ends the run early and returns the best so far, and
        so does a ``BlackBox`` that no longer answers.

    Raises:
        PinnzoError: a setting does not fit; the message names it and the remedy.
        BlackBoxError: a black box failed before the first step was done.
        LostProcessError: another process of the run has ended.

    Example:
        >>> import pinnzo as pz
        >>> solution = pz.solve("hjb", budget=pz.Budget(steps=3), progress=False)
        >>> solution.status
        'The budget of 3 steps was used up; give more steps to go on.'
        >>> solution([[0.5] * 21]).shape
        (1,)
    """
    given = {
        "network": network, "derivatives": derivatives, "trainer": trainer, "points": points, "seed": seed,
        "dtype": dtype, "device": device, "budget": budget, "estimate": estimate, "weights": weights,
        "sampling": sampling,
        "balance": balance,
    }  # fmt: skip
    if isinstance(problem, str):
        problem = catalogue.problem(problem)
    if not isinstance(problem, Problem):
        raise DeclarationError(f"problem is {problem!r}: pass a Problem or the name of a bundled one.")
    interval, bound = checked_interval(checkpoint_seconds), memory_bound(memory)
    settings = settings_for(problem, given)
    ranks = Ranks.from_environment(settings.device)
    assembly = Assembly(problem, settings, ranks)
    fit_workers(assembly, bound)
    # A module of the user's own starts from what each process happened to draw for it.
    initial = ranks.broadcast(assembly.initial())
    balancing = assembly.balance_state()
    state = start(assembly.settings.trainer, initial, assembly.run_seed, assembly.generator("points"), balancing)
    return _run(assembly, state, Company(checkpoint, interval, progress, history, callbacks))


@memory_shortage_told()
def resume(
    folder: str | Path,
    *,
    budget: Budget | None = None,
    problem: Problem | None = None,
    network: Any = None,
    trainer: Any = None,
    derivatives: Estimator | None = None,
    checkpoint_seconds: float | None = None,
    memory: int | float | str | None = None,
    progress: bool = True,
    history: str | Path | None = None,
    callbacks: Sequence[Any] = (),
) -> Solution:
    """Go on with a run from its checkpoint, exactly as if it had not been stopped.

    The number of processes may be another one than before.

    Args:
        folder: what was given to ``solve`` as ``checkpoint``.
        budget: a new budget; its limits count from the beginning of the run. By default that of the run.
        problem: the declaration, where the checkpoint cannot hold all of it.
        network: the module or black box, where the network was one.
        trainer: the trainer, where it was of a class of the user's own.
        derivatives: the estimator, where it was of a class of the user's own.
        checkpoint_seconds: between two checkpoints, 10 by default.
        memory: the most that the run may take, as for ``solve``.
        progress: show how it goes, on standard error.
        history: a file of JSON lines, as of ``solve``; lines of steps after the checkpoint are cut off.
        callbacks: as of ``solve``; a checkpoint does not hold them.

    Raises:
        StorageError: there is no checkpoint, or it is damaged.
        LostProcessError: another process of the run has ended.
    """
    path = Path(folder) / CHECKPOINT
    interval, bound = checked_interval(checkpoint_seconds), memory_bound(memory)
    given = {"network": network, "trainer": trainer, "derivatives": derivatives}
    problem, settings, state, _ = read_run(path, problem, given)
    if budget is not None:
        settings = dataclasses.replace(settings, budget=budget)
    assembly = Assembly(problem, settings, Ranks.from_environment(settings.device))
    fit_workers(assembly, bound)
    assembly.check_parameters(state.trainer.theta, path)
    return _run(assembly, state, Company(folder, interval, progress, history, callbacks))


def _run(assembly: Assembly, state: RunState, company: Company) -> Solution:
    settings, problem = assembly.settings, assembly.problem
    if settings.budget.target_error is not None and problem.exact is None:
        raise SettingError("budget has a target_error, but the problem has no exact solution to measure it by.")
    work = Work(
        name=problem.name,
        about=lambda: _in_one_line(assembly),
        header=lambda: header_of(problem, settings),
        trainer=settings.trainer,
        objective=assembly.objective,
        validation=assembly.validation,
        budget=settings.budget,
        error=assembly.error_function(),
        ranks=assembly.ranks,
        balance=settings.balance,
        notes=problem.notes,
    )
    outcome = run(work, state, company)
    return Solution(assembly, outcome.result, outcome.status)


def _in_one_line(assembly: Assembly) -> str:
    """The settings of a run, for its log."""
    settings = assembly.settings
    return (
        f"{assembly.problem.dimension} variables, {assembly.network.parameter_count} parameters, "
        f"network {settings.network!r}, derivatives {assembly.estimator!r}, trainer {settings.trainer!r}, "
        f"{settings.points} points, seed {settings.seed}, {settings.dtype} on {settings.device}, {settings.budget!r}"
    )
