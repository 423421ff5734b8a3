"""L-BFGS with back-propagated gradients, a baseline that the forward-only trainers are compared with."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import torch

from .base import Objective, Trainer, TrainerState
from .exact_gradient import exact_gradient
from .settings import require_count, require_positive


@dataclass(frozen=True)
class LBFGS(Trainer):
    r"""``torch.optim.LBFGS`` with a strong-Wolfe line search and the exact gradient.

    A baseline: it needs back-propagation. One step is one iteration. The curvature pairs of L-BFGS have a meaning only
    while the loss stays the same function, so points are held for ``hold`` steps; with new points the memory is dropped
    and the method begins again with steepest descent. Give it many points: it fits those that it has closely.

    The loss is divided by its value on the first of its points, so that torch's absolute thresholds, which were made
    for losses near 1, do not end the progress of a small one. A step whose loss or gradient is not finite, or that
    finds no lower point, leaves θ as it is and drops the memory; ``memory["skipped"]`` counts such steps.

    Attributes:
        hold: steps on the same points; the trainer's steps 0, hold, 2 hold … expect new ones.
        history: the number of curvature pairs kept.
        learning_rate: the step length that the line search tries first.
        line_search: the most evaluations of one line search.

    Raises:
        SettingError: a number is out of range.

    Example:
        >>> LBFGS(hold=50).uses_backpropagation
        True

    References:
        Liu & Nocedal, On the limited memory BFGS method for large scale optimization, 1989.
    """

    hold: int = 100
    history: int = 50
    learning_rate: float = 1.0
    line_search: int = 25

    uses_backpropagation = True

    def __post_init__(self) -> None:
        require_count("LBFGS", hold=self.hold, history=self.history, line_search=self.line_search)
        require_positive("LBFGS", learning_rate=self.learning_rate)

    def init(self, theta: torch.Tensor, seed: int) -> TrainerState:
        """The state before the first step, from initial parameters (d,)."""
        generator = torch.Generator().manual_seed(seed)
        return TrainerState(theta.detach().clone(), 0, generator.get_state(), memory={"skipped": 0})

    def step(self, objective: Objective, state: TrainerState) -> TrainerState:
        """One iteration on the objective's current points; ``state`` is left as it was."""
        skipped = state.memory["skipped"]
        memory = {"skipped": skipped} if state.step % self.hold == 0 else state.memory
        with torch.inference_mode(False):
            closure = _Closure(objective, state.theta, memory)
            optimizer = self._optimizer(closure.theta, memory)
            closure()
            # Where loss or gradient is not finite at θ already, torch's line search has nothing to begin with.
            if (found := closure.found()) is not None:
                optimizer.step(closure)
                found = closure.found()
            new = closure.theta.detach().clone()
        loss = closure.first_loss
        if found is None or not found.loss < loss:
            # Curvature that leads nowhere is worth nothing: the next step begins with steepest descent.
            return replace(state, step=state.step + 1, loss=loss, memory={"skipped": skipped + 1})
        # ``al`` is torch's scratch space; tensors are shared with it, but never changed by a later step.
        kept: dict[str, Any] = {name: value for name, value in optimizer.state[closure.theta].items() if name != "al"}
        kept |= {"skipped": skipped, "scale": closure.scale, "loss": found.loss, "gradient": found.gradient}
        return replace(state, theta=new, step=state.step + 1, loss=loss, memory=kept)

    def _optimizer(self, theta: torch.Tensor, memory: dict[str, Any]) -> torch.optim.LBFGS:
        """Torch's optimiser with the state that was remembered, and thresholds that never end a step."""
        optimizer = torch.optim.LBFGS(
            [theta],
            lr=self.learning_rate,
            max_iter=1,
            max_eval=1 + self.line_search,
            tolerance_grad=0.0,
            tolerance_change=0.0,
            history_size=self.history,
            line_search_fn="strong_wolfe",
        )
        for name, value in memory.items():
            if name not in ("skipped", "scale", "loss", "gradient"):
                # Torch appends to its lists and overwrites the previous gradient.
                optimizer.state[theta][name] = _copied(value)
        return optimizer


@dataclass(frozen=True)
class _Evaluation:
    """The scaled loss and gradient at θ."""

    theta: torch.Tensor
    loss: float
    gradient: torch.Tensor


class _Closure:
    """Loss and gradient for torch's optimiser; it keeps what it has found, so that no point is evaluated twice."""

    def __init__(self, objective: Objective, theta: torch.Tensor, memory: dict[str, Any]) -> None:
        self.objective = objective
        self.theta = theta.detach().clone().requires_grad_()
        self.scale: float = memory.get("scale", math.nan)
        self._seen: list[_Evaluation] = []
        if "gradient" in memory:
            self._seen.append(_Evaluation(theta, memory["loss"], memory["gradient"].clone()))

    @property
    def first_loss(self) -> float:
        """The loss at the θ that the step began with."""
        return self._seen[0].loss

    def found(self) -> _Evaluation | None:
        """The finite evaluation at the θ that the optimiser has gone to, if there is one."""
        finite = (e for e in reversed(self._seen) if math.isfinite(e.loss) and bool(e.gradient.isfinite().all()))
        return next((e for e in finite if torch.equal(e.theta, self.theta.detach())), None)

    def __call__(self) -> float:
        known = (
            self._seen[0] if len(self._seen) == 1 and torch.equal(self._seen[0].theta, self.theta.detach()) else None
        )
        if known is None:
            known = self._evaluate()
            self._seen.append(known)
        self.theta.grad = known.gradient.clone() * self.scale
        return known.loss * self.scale

    def _evaluate(self) -> _Evaluation:
        with torch.enable_grad():
            loss, gradient = exact_gradient("LBFGS", self.objective, self.theta)
        value = loss.item()
        if math.isnan(self.scale):
            self.scale = 1 / value if math.isfinite(value) and value > 0 and math.isfinite(1 / value) else 1.0
        return _Evaluation(self.theta.detach().clone(), value, gradient.detach())


def _copied(value: Any) -> Any:
    return value.clone() if isinstance(value, torch.Tensor) else list(value) if isinstance(value, list) else value
