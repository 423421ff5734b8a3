"""The training loop: draw points, step, validate, remember the best, stop for a stated reason."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from pinnzo.errors import BlackBoxError
from pinnzo.parallel import one_thread_kernels
from pinnzo.ranks import Ranks

from .balancing import Balance
from .base import Objective, Trainer, TrainerState
from .budget import Budget
from .callbacks import StopTraining
from .history import History, Record

VALIDATION_SHARE = 0.02
"""Of all network evaluations, at most about this share goes into validation."""


@dataclass(frozen=True)
class RunState:
    """Everything that a run needs to go on exactly as if it had not been stopped.

    Attributes:
        trainer: the trainer's state.
        points: the state of the generator that draws points, a uint8 tensor; while points are held, that from which
            they were drawn.
        best_theta: the parameters with the lowest validation loss.
        best_loss: that loss.
        evaluations: network evaluations so far, validation included.
        validated_at: the evaluations at the last validation.
        seconds: training time so far.
        history: what has been recorded.
        objective: what the objective remembers of earlier parameters to draw points by.
        balance: the state of the rule that balances the weights; empty without one.
    """

    trainer: TrainerState
    points: torch.Tensor
    best_theta: torch.Tensor
    best_loss: float = math.inf
    evaluations: int = 0
    validated_at: int = 0
    seconds: float = 0.0
    history: History = field(default_factory=History)
    objective: dict[str, torch.Tensor] = field(default_factory=dict)
    balance: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Hooks:
    """What the loop calls on its way.

    Attributes:
        on_step: with the state after each step; it may raise ``StopTraining`` to end the run.
        error: the error of parameters (d,) against a known solution, for the history and a target error only.
    """

    on_step: Callable[[RunState], None] | None = None
    error: Callable[[torch.Tensor], float] | None = None


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        last: the state to go on from. It is that of an uninterrupted run at this step.
        result: the same with the last parameters judged as well, which the run itself might have done later.
        status: why it stopped, as a sentence.
    """

    last: RunState
    result: RunState
    status: str


def start(
    trainer: Trainer,
    theta: torch.Tensor,
    seed: int,
    points: torch.Generator,
    balance: Mapping[str, Any] | None = None,
) -> RunState:
    """The state before the first step."""
    return RunState(trainer.init(theta, seed), points.get_state(), theta.clone(), balance=balance or {})


def fit(
    trainer: Trainer,
    objective: Objective,
    validation: Objective,
    state: RunState,
    budget: Budget,
    hooks: Hooks | None = None,
    ranks: Ranks | None = None,
    balance: Balance | None = None,
) -> Outcome:
    """Train until the budget is used up, a hook or the user ends the run, or a black box no longer answers.

    The best parameters are those with the lowest loss on the validation objective, whose points are drawn once and
    never trained on; the initial parameters take part.

    Args:
        trainer: does the steps.
        objective: of the training; its points are drawn anew for each step.
        validation: the same loss on its own fixed points.
        state: where to begin, from ``start`` or from a checkpoint.
        budget: when to stop; its limits count from the beginning of the run, not of this call.
        hooks: what to call on the way.
        ranks: the processes that share the work of the objectives. All of them run this loop; the first one's clock
            counts, an interrupt of the first one, and what its hook wants.
        balance: changes the weights of the training loss whenever fresh points are drawn, from the values of its terms
            there. The validation loss keeps its weights.

    Raises:
        BlackBoxError: a black box failed before the first step was done, or in one of several processes.
        LostProcessError: another process has ended.
        DriftError: the processes no longer have the same parameters.
    """
    hooks, ranks = hooks or Hooks(), ranks or Ranks()
    generator = torch.Generator(device=state.trainer.theta.device)
    generator.set_state(state.points)
    points: torch.Tensor | None = None
    objective.restore(state.objective, state.trainer.theta.device)
    weighing = state.balance
    objective.evaluations, validation.evaluations = state.evaluations, 0
    began = time.perf_counter() - state.seconds
    guard = torch.enable_grad if trainer.uses_backpropagation else torch.inference_mode
    answers = True
    with guard(), one_thread_kernels():
        try:
            ranks.check_equal(state.trainer.theta)
            error = _best_error(state, budget, hooks)
            if balance is not None:
                objective.reweight(state.balance["factors"])
            seconds, interrupted = _moment(ranks, began)
            while True:
                if interrupted:
                    raise KeyboardInterrupt
                spent = objective.evaluations + validation.evaluations
                loss = state.best_loss if math.isfinite(state.best_loss) else None
                reason = budget.reason_to_stop(seconds, state.trainer.step, spent, error, loss)
                if reason is not None:
                    break
                if points is None or state.trainer.step % trainer.hold == 0:
                    # A run that goes on within a hold draws its points again, from where the generator stood.
                    begun = state.trainer.step - state.trainer.step % trainer.hold
                    scale = trainer.batch_scale(begun)
                    objective.adapt(state.trainer.theta, begun, generator, scale)
                    points = generator.get_state()
                    objective.draw(generator, scale)
                    if balance is not None and begun == state.trainer.step:
                        weighing = balance.update(state.balance, _parts(objective, state.trainer.theta))
                        objective.reweight(weighing["factors"])
                stepped = trainer.step(objective, state.trainer)
                spent = objective.evaluations + validation.evaluations
                judged = None
                if _validation_is_due(state, spent, validation, stepped.step):
                    ranks.check_equal(stepped.theta)
                    judged = _judge(validation, state, stepped.theta, hooks)
                    stepped = trainer.validated(stepped, judged.loss)
                seconds, interrupted = _moment(ranks, began)
                record = Record(
                    stepped.step,
                    stepped.loss,
                    math.nan if judged is None else judged.loss,
                    math.nan if judged is None else judged.error,
                    objective.evaluations + validation.evaluations,
                    seconds,
                )
                held = stepped.step % trainer.hold != 0
                drawn_from = points if held else generator.get_state()
                state = _advance(state, stepped, drawn_from, judged, record, objective.memory, weighing)
                if judged is not None:
                    error = _best_error(state, budget, hooks)
                reason = _wanted_end(hooks, state, ranks)
                if reason is not None:
                    break
        except BlackBoxError as failed:
            if state.trainer.step == 0 or ranks.size > 1:
                raise
            reason = f"{failed} The run ended after {state.trainer.step} steps; the best parameters so far are kept."
            answers = False
        except KeyboardInterrupt:
            reason = f"The run was interrupted after {state.trainer.step} steps; the best parameters so far are kept."
        # An interrupt may have come between the record of a step and the state after it.
        del state.history.records[state.trainer.step :]
        try:
            result = _finally_judged(state, validation, hooks) if answers else state
        except KeyboardInterrupt:
            result = state
        except BlackBoxError as failed:
            if ranks.size > 1:
                raise
            result, reason = state, f"{reason} The last parameters could not be judged: {failed}"
    return Outcome(state, result, reason + _verdict(result))


def _wanted_end(hooks: Hooks, state: RunState, ranks: Ranks) -> str | None:
    """Call the hook; why it wants the run to end, as the first process's hook says, or None."""
    reason = ""
    if hooks.on_step is not None:
        try:
            hooks.on_step(state)
        except StopTraining as stop:
            reason = stop.reason
    if ranks.size > 1:
        text = torch.tensor(list(reason.encode()), dtype=torch.uint8)
        length = int(ranks.broadcast(torch.tensor([len(text)])))
        if not length:
            return None
        # The others have to know how much there is to receive.
        reason = bytes(ranks.broadcast(text if ranks.first else text.new_zeros(length)).tolist()).decode()
    return reason or None


def _moment(ranks: Ranks, began: float) -> tuple[float, bool]:
    """The seconds of training and whether to stop for an interrupt, as the first process has them."""
    seconds, interrupted = time.perf_counter() - began, ranks.interrupted
    if ranks.size == 1:
        return seconds, interrupted
    seconds, stop = ranks.broadcast(torch.tensor([seconds, float(interrupted)], dtype=torch.float64)).tolist()
    return seconds, bool(stop)


@dataclass(frozen=True)
class _Judgement:
    """The loss on held-out points, the error if it is known, and the lowest loss so far with its parameters."""

    loss: float
    error: float
    best_loss: float
    best_theta: torch.Tensor


def _judge(validation: Objective, state: RunState, theta: torch.Tensor, hooks: Hooks) -> _Judgement:
    best_loss, best_theta = state.best_loss, state.best_theta
    # A run that only makes things worse gives the initial parameters back.
    first = state.trainer.step == 0 and theta is not state.trainer.theta
    rivals = torch.stack([theta, best_theta]) if first else theta[None]
    loss, *initial = validation.losses(rivals).tolist()
    if initial and math.isfinite(initial[0]):
        best_loss = initial[0]
    if math.isfinite(loss) and loss < best_loss:
        best_loss, best_theta = loss, theta.clone()
    return _Judgement(loss, math.nan if hooks.error is None else hooks.error(theta), best_loss, best_theta)


def _validation_is_due(state: RunState, spent: int, validation: Objective, step: int) -> bool:
    return step == 1 or spent - state.validated_at >= validation.evaluations_per_query / VALIDATION_SHARE


def _best_error(state: RunState, budget: Budget, hooks: Hooks) -> float | None:
    """The error of the parameters that the run would return now; only a target error asks for it."""
    if budget.target_error is None or hooks.error is None or not math.isfinite(state.best_loss):
        return None
    return hooks.error(state.best_theta)


def _parts(objective: Objective, theta: torch.Tensor) -> dict[str, float]:
    with torch.no_grad():
        return objective.parts(theta)


def _advance(
    state: RunState,
    stepped: TrainerState,
    points: torch.Tensor,
    judged: _Judgement | None,
    record: Record,
    memory: dict[str, torch.Tensor],
    balance: Mapping[str, Any],
) -> RunState:
    state.history.append(record)
    return RunState(
        trainer=stepped,
        points=points,
        best_theta=state.best_theta if judged is None else judged.best_theta,
        best_loss=state.best_loss if judged is None else judged.best_loss,
        evaluations=record.evaluations,
        validated_at=state.validated_at if judged is None else record.evaluations,
        seconds=record.seconds,
        history=state.history,
        objective=memory,
        balance=balance,
    )


def _finally_judged(state: RunState, validation: Objective, hooks: Hooks) -> RunState:
    """Judge the last parameters too; they are often the best."""
    records = state.history.records
    if records and state.validated_at == state.evaluations:
        return state
    before = validation.evaluations
    judged = _judge(validation, state, state.trainer.theta, hooks)
    evaluations = state.evaluations + validation.evaluations - before
    if records:
        last = replace(records[-1], validation=judged.loss, error=judged.error, evaluations=evaluations)
        records = [*records[:-1], last]
    return replace(
        state,
        best_theta=judged.best_theta,
        best_loss=judged.best_loss,
        evaluations=evaluations,
        validated_at=evaluations,
        history=History(list(records)),
    )


def _verdict(state: RunState) -> str:
    """What the user must know about a run that has not learnt anything."""
    if not state.trainer.step:
        return ""
    if not math.isfinite(state.best_loss):
        return (
            " The loss was never finite, so the initial parameters are kept: check the equation for values of u "
            "where it is undefined."
        )
    if state.best_loss not in state.history.column("validation"):
        return (
            " No loss on held-out points was below that of the initial parameters, which are kept: give more steps, "
            "or a smaller learning rate."
        )
    return ""
