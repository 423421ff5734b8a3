"""The training loop: draw points, step, validate, remember the best, stop for a stated reason."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import torch

from pinnzo.parallel import one_thread_kernels

from .base import Objective, Trainer, TrainerState
from .budget import Budget
from .history import History, Record

VALIDATION_SHARE = 0.02
"""Of all network evaluations, at most about this share goes into validation."""


@dataclass(frozen=True)
class RunState:
    """Everything that a run needs to go on exactly as if it had not been stopped.

    Attributes:
        trainer: the trainer's state.
        points: the state of the generator that draws points, a uint8 tensor.
        best_theta: the parameters with the lowest validation loss.
        best_loss: that loss.
        evaluations: network evaluations so far, validation included.
        validated_at: the evaluations at the last validation.
        seconds: training time so far.
        history: what has been recorded.
    """

    trainer: TrainerState
    points: torch.Tensor
    best_theta: torch.Tensor
    best_loss: float = math.inf
    evaluations: int = 0
    validated_at: int = 0
    seconds: float = 0.0
    history: History = field(default_factory=History)


@dataclass(frozen=True)
class Hooks:
    """What the loop calls on its way.

    Attributes:
        on_step: with the state after each step.
        error: the error of parameters (d,) against a known solution, for the history and a target error only.
    """

    on_step: Callable[[RunState], None] | None = None
    error: Callable[[torch.Tensor], float] | None = None


def start(trainer: Trainer, theta: torch.Tensor, seed: int, points: torch.Generator) -> RunState:
    """The state before the first step."""
    return RunState(trainer.init(theta, seed), points.get_state(), theta.clone())


def fit(
    trainer: Trainer,
    objective: Objective,
    validation: Objective,
    state: RunState,
    budget: Budget,
    hooks: Hooks | None = None,
) -> tuple[RunState, str]:
    """Train until the budget is used up, or the user interrupts.

    The best parameters are those with the lowest loss on the validation objective, whose points are drawn once and
    never trained on.

    Args:
        trainer: does the steps.
        objective: of the training; its points are drawn anew for each step.
        validation: the same loss on its own fixed points.
        state: where to begin, from ``start`` or from a checkpoint.
        budget: when to stop; its limits count from the beginning of the run, not of this call.
        hooks: what to call on the way.

    Returns:
        The last state, and why the run stopped, as a sentence.
    """
    hooks = hooks or Hooks()
    generator = torch.Generator(device=state.trainer.theta.device)
    generator.set_state(state.points)
    objective.evaluations, validation.evaluations = state.evaluations, 0
    began = time.perf_counter() - state.seconds
    error: float | None = None
    guard = torch.enable_grad if trainer.uses_backpropagation else torch.inference_mode
    with guard(), one_thread_kernels():
        try:
            while True:
                seconds, spent = time.perf_counter() - began, objective.evaluations + validation.evaluations
                reason = budget.reason_to_stop(seconds, state.trainer.step, spent, error)
                if reason is not None:
                    break
                objective.draw(generator)
                stepped = trainer.step(objective, state.trainer)
                spent = objective.evaluations + validation.evaluations
                due = _validation_is_due(state, spent, validation, stepped.step)
                before = validation.evaluations
                loss = float(validation.losses(stepped.theta[None])[0]) if due else math.nan
                if due:
                    stepped = trainer.validated(stepped, loss)
                    error = hooks.error(stepped.theta) if hooks.error is not None else None
                state = _advance(
                    state, stepped, generator, loss, error if due else None,
                    objective.evaluations + validation.evaluations, time.perf_counter() - began,
                    cost=validation.evaluations - before,
                )  # fmt: skip
                if hooks.on_step is not None:
                    hooks.on_step(state)
        except KeyboardInterrupt:
            reason = f"The run was interrupted after {state.trainer.step} steps; the best parameters so far are kept."
        state = _final_validation(state, validation, hooks)
    if len(state.history) and not math.isfinite(state.best_loss):
        reason += (
            " The loss was never finite, so the initial parameters are kept: check the equation for values of u "
            "where it is undefined."
        )
    return state, reason


def _validation_is_due(state: RunState, spent: int, validation: Objective, step: int) -> bool:
    return step == 1 or spent - state.validated_at >= validation.evaluations_per_query / VALIDATION_SHARE


def _advance(
    state: RunState,
    stepped: TrainerState,
    generator: torch.Generator,
    loss: float,
    error: float | None,
    evaluations: int,
    seconds: float,
    cost: int,
) -> RunState:
    state.history.append(
        Record(stepped.step, stepped.loss, loss, math.nan if error is None else error, evaluations, seconds)
    )
    better = math.isfinite(loss) and loss < state.best_loss
    return RunState(
        trainer=stepped,
        points=generator.get_state(),
        best_theta=stepped.theta.clone() if better else state.best_theta,
        best_loss=loss if better else state.best_loss,
        evaluations=evaluations,
        validated_at=evaluations if cost else state.validated_at,
        seconds=seconds,
        history=state.history,
    )


def _final_validation(state: RunState, validation: Objective, hooks: Hooks) -> RunState:
    """Judge the last parameters too; they are often the best."""
    if not len(state.history) or math.isfinite(state.history[-1].validation):
        return state
    before = validation.evaluations
    loss = float(validation.losses(state.trainer.theta[None])[0])
    last = state.history[-1]
    error = hooks.error(state.trainer.theta) if hooks.error is not None else math.nan
    evaluations = state.evaluations + validation.evaluations - before
    state.history.records[-1] = Record(last.step, last.loss, loss, error, evaluations, last.seconds)
    better = math.isfinite(loss) and loss < state.best_loss
    return RunState(
        state.trainer, state.points, state.trainer.theta.clone() if better else state.best_theta,
        loss if better else state.best_loss, evaluations, evaluations, state.seconds, state.history,
    )  # fmt: skip
