"""The one verb: solve a problem, or go on with a run that was stopped."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pinnzo import catalogue
from pinnzo.assembly import Assembly
from pinnzo.derivatives import Estimator
from pinnzo.errors import DeclarationError, LostProcessError, SettingError, StorageError, memory_shortage_told
from pinnzo.progress import ProgressDisplay
from pinnzo.ranks import Ranks
from pinnzo.settings import settings_for
from pinnzo.solution import Solution
from pinnzo.storage import CHECKPOINT, header_of, prepare_folder, read_run, write_run
from pinnzo.symbolic.problem import Problem
from pinnzo.training import Balance, Budget, ResidualAdaptive, Trainer
from pinnzo.training.fit import Hooks, RunState, fit, start

CHECKPOINT_SECONDS = 10.0


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
    estimate: str | None = None,
    weights: Mapping[str, float] | None = None,
    sampling: str | ResidualAdaptive | None = None,
    balance: Balance | str | None = None,
    progress: bool = True,
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
        checkpoint: a folder that gets the state of the run every ten seconds, for ``resume``.
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

    Returns:
        The solution with the lowest loss on held-out points. Ctrl-C ends the run early and returns the best so far.

    Raises:
        PinnzoError: a setting does not fit; the message names it and the remedy.
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
    settings = settings_for(problem, given)
    ranks = Ranks.from_environment(settings.device)
    assembly = Assembly(problem, settings, ranks)
    # A module of the user's own starts from what each process happened to draw for it.
    initial = ranks.broadcast(assembly.initial())
    balancing = assembly.balance_state()
    state = start(settings.trainer, initial, assembly.run_seed, assembly.generator("points"), balancing)
    return _run(assembly, state, checkpoint, progress)


@memory_shortage_told()
def resume(
    folder: str | Path,
    *,
    budget: Budget | None = None,
    problem: Problem | None = None,
    network: Any = None,
    trainer: Any = None,
    derivatives: Estimator | None = None,
    progress: bool = True,
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
        progress: show how it goes, on standard error.

    Raises:
        StorageError: there is no checkpoint, or it is damaged.
        LostProcessError: another process of the run has ended.
    """
    path = Path(folder) / CHECKPOINT
    given = {"network": network, "trainer": trainer, "derivatives": derivatives}
    problem, settings, state, _ = read_run(path, problem, given)
    if budget is not None:
        settings = dataclasses.replace(settings, budget=budget)
    assembly = Assembly(problem, settings, Ranks.from_environment(settings.device))
    assembly.check_parameters(state.trainer.theta, path)
    return _run(assembly, state, folder, progress)


def _run(assembly: Assembly, state: RunState, checkpoint: str | Path | None, progress: bool) -> Solution:
    settings, problem = assembly.settings, assembly.problem
    if settings.budget.target_error is not None and problem.exact is None:
        raise SettingError("budget has a target_error, but the problem has no exact solution to measure it by.")
    ranks, objective, validation = assembly.ranks, assembly.objective, assembly.validation
    folder = Path(checkpoint) if checkpoint is not None and ranks.first else None
    header = header_of(problem, settings) if folder is not None else {}
    # Nothing is left behind by settings that are refused: the folder is made once all of them have been checked.
    path = prepare_folder(folder) / CHECKPOINT if folder is not None else None
    notes = () if state.trainer.step else problem.notes
    display = ProgressDisplay(problem.name, settings.budget, progress and ranks.first, notes=notes)
    saved_at = time.monotonic()
    trouble = ""

    def save(now: RunState) -> None:
        nonlocal saved_at, trouble
        if path is None:
            return
        try:
            write_run(path, now, header)
            trouble = ""
        except StorageError as error:
            # A full disk is no reason to lose the run.
            trouble = f" {error}"
        saved_at = time.monotonic()

    def on_step(now: RunState) -> None:
        display.update(now)
        if time.monotonic() - saved_at >= CHECKPOINT_SECONDS:
            save(now)

    hooks = Hooks(on_step, assembly.error_function())
    try:
        with ranks.watching():
            with display:
                outcome = fit(
                    settings.trainer, objective, validation, state, settings.budget, hooks, ranks, settings.balance
                )
            save(outcome.last)
    except LostProcessError as error:
        raise LostProcessError(f"{error} {_what_is_left(checkpoint)}") from error
    return Solution(assembly, outcome.result, outcome.status + trouble)


def _what_is_left(checkpoint: str | Path | None) -> str:
    """How to go on after a run has ended in the middle."""
    if checkpoint is None:
        return "No state of the run was kept: give checkpoint=DIR (--checkpoint DIR), so that resume can go on."
    if not (Path(checkpoint) / CHECKPOINT).is_file():
        return f"{checkpoint} holds no checkpoint yet: start the run again."
    return (
        f"The last checkpoint in {checkpoint} is intact: `pinnzo resume {checkpoint}` goes on, with any number of "
        "processes."
    )
