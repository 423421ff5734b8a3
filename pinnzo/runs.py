"""A run from its first state to its end, with all that accompanies it: progress, checkpoints, history, callbacks."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from pinnzo.callbacks import HistoryFile, RunLog, Watch
from pinnzo.checkpoints import CHECKPOINT_SECONDS, Checkpoints
from pinnzo.errors import BlackBoxError, LostProcessError
from pinnzo.files import prepare_folder
from pinnzo.progress import ProgressDisplay
from pinnzo.ranks import Ranks
from pinnzo.storage import CHECKPOINT
from pinnzo.training import Balance, Budget, Trainer
from pinnzo.training.base import Objective
from pinnzo.training.fit import Hooks, Outcome, RunState, fit


@dataclass(frozen=True)
class Work:
    """What is to be trained.

    Attributes:
        name: of the problem or task.
        about: tells the settings in one line, for the log.
        header: tells what a checkpoint says of the run.
        trainer: does the steps.
        objective: of the training.
        validation: the same loss on points or samples that are not trained on.
        budget: when to stop.
        error: of parameters (d,), where it can be known; for the history and a target error only.
        ranks: the processes that share the work.
        balance: changes the weights of the terms of the loss.
        notes: what the user should know before the first step.
    """

    name: str
    about: Callable[[], str]
    header: Callable[[], Mapping[str, Any]]
    trainer: Trainer
    objective: Objective
    validation: Objective
    budget: Budget
    error: Callable[[torch.Tensor], float] | None = None
    ranks: Ranks = field(default_factory=Ranks)
    balance: Balance | None = None
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Company:
    """What accompanies a run.

    Attributes:
        checkpoint: a folder that gets the state of the run; None keeps nothing.
        checkpoint_seconds: between two checkpoints.
        progress: show how it goes, on standard error.
        history: a file that gets a JSON line after each step.
        callbacks: of the user.
    """

    checkpoint: str | Path | None = None
    checkpoint_seconds: float = CHECKPOINT_SECONDS
    progress: bool = True
    history: str | Path | None = None
    callbacks: Sequence[Any] = ()


def run(work: Work, state: RunState, company: Company) -> Outcome:
    """Train from a state until the budget is used up, the user interrupts, or a callback has seen enough.

    Of several processes the first one alone writes, shows and calls.

    Raises:
        LostProcessError: another process has ended.
        BlackBoxError: a black box failed before the first step, or in one of several processes.
    """
    ranks = work.ranks
    followed = [] if company.history is None else [HistoryFile(company.history)]
    watch = Watch(company.callbacks, [RunLog(work.name, work.about), *followed], active=ranks.first)
    folder = Path(company.checkpoint) if company.checkpoint is not None and ranks.first else None
    header = work.header() if folder is not None else {}
    # Nothing is left behind by settings that are refused: the folder is made once all of them have been checked.
    path = prepare_folder(folder) / CHECKPOINT if folder is not None else None
    notes = () if state.trainer.step else work.notes
    display = ProgressDisplay(work.name, work.budget, company.progress and ranks.first, notes=notes)
    checkpoints, latest = Checkpoints(path, header, company.checkpoint_seconds), state

    def on_step(now: RunState) -> None:
        nonlocal latest
        latest = now
        display.update(now)
        checkpoints.save_if_due(now)
        watch.step(now)

    hooks = Hooks(on_step, work.error)
    try:
        with watch, ranks.watching():
            watch.start(state)
            if not state.trainer.step:
                # Whatever happens from here on, resume finds something to go on with.
                checkpoints.save(state)
            with display:
                outcome = fit(
                    work.trainer, work.objective, work.validation, state, work.budget, hooks, ranks, work.balance
                )
            # The run is over: an interrupt has nothing to end any more.
            with contextlib.suppress(KeyboardInterrupt):
                checkpoints.save(outcome.last)
            outcome = dataclasses.replace(outcome, status=outcome.status + checkpoints.trouble)
            watch.end(outcome)
    except LostProcessError as error:
        raise LostProcessError(f"{error} {_what_is_left(company.checkpoint)}") from error
    except BlackBoxError:
        # In one of several processes, which now end; a run that has done no step has nothing to save.
        if latest.trainer.step:
            checkpoints.save(latest)
        raise
    return dataclasses.replace(outcome, status=outcome.status + "".join(file.trouble for file in followed))


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
