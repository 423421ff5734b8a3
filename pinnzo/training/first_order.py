"""Back-propagation, the baseline that the forward-only trainers are compared with."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch.optim import Optimizer

from pinnzo.errors import SettingError

from .base import Objective, Trainer, TrainerState
from .update import OptionsLike, Update


@dataclass(frozen=True)
class FirstOrder(Trainer):
    """An optimiser of ``torch.optim`` with the exact gradient, by automatic differentiation.

    A baseline: the one trainer that needs more than forward passes. The objective has to be differentiable
    by torch, and neither it nor this trainer may run under ``torch.inference_mode()``. A step whose loss,
    gradient or result is not finite leaves θ as it is, and ``memory["skipped"]`` counts it.

    Attributes:
        optimizer: a name in ``torch.optim`` in any case, or a class.
        learning_rate: the learning rate at the first step.
        optimizer_options: its further keyword arguments, as a mapping; kept as sorted pairs.
        scheduler: a name in ``torch.optim.lr_scheduler`` or a class, advanced once a step
            (``ReduceLROnPlateau``: once a validation).
        scheduler_options: its keyword arguments.

    Example:
        >>> FirstOrder(learning_rate=1e-2, scheduler="ExponentialLR", scheduler_options={"gamma": 0.999})
        FirstOrder(optimizer='Adam', learning_rate=0.01, ..., scheduler='ExponentialLR', ...)
    """

    optimizer: str | type[Optimizer] = "Adam"
    learning_rate: float = 1e-3
    optimizer_options: OptionsLike = ()
    scheduler: str | type | None = None
    scheduler_options: OptionsLike = ()

    uses_backpropagation = True

    def __post_init__(self) -> None:
        if self.optimizer is torch.optim.LBFGS or str(self.optimizer).lower() == "lbfgs":
            raise SettingError(
                "FirstOrder: torch refuses the optimizer 'LBFGS' without a function to evaluate: take the trainer "
                "LBFGS(), which has one."
            )
        for name in ("optimizer", "optimizer_options", "scheduler", "scheduler_options"):
            object.__setattr__(self, name, getattr(self._update, name))

    def init(self, theta: torch.Tensor, seed: int) -> TrainerState:
        """The state before the first step, from initial parameters (d,)."""
        generator = torch.Generator().manual_seed(seed)
        return TrainerState(theta.detach().clone(), 0, generator.get_state(), memory=self._update.start())

    def step(self, objective: Objective, state: TrainerState) -> TrainerState:
        """One exact gradient and one update on the objective's current points; ``state`` stays as it was."""
        with torch.inference_mode(False), torch.enable_grad():
            theta = state.theta.detach().clone().requires_grad_()
            loss = objective.losses(theta[None])[0]
            gradient = gradient_of("FirstOrder", loss, theta)
        with torch.no_grad():
            if math.isfinite(loss.item()):
                new, memory = self._update.apply(state.theta, gradient, state.memory)
            else:
                new, memory = state.theta, self._update.skip(state.memory)
        return TrainerState(new, state.step + 1, state.generator, loss.item(), memory)

    def validated(self, state: TrainerState, loss: float) -> TrainerState:
        """Take note of a loss on held-out points; only ``ReduceLROnPlateau`` heeds it."""
        return replace(state, memory=self._update.validated(state.memory, loss))

    @cached_property
    def _update(self) -> Update:
        return Update(
            "FirstOrder",
            self.optimizer,
            self.learning_rate,
            self.optimizer_options,
            self.scheduler,
            self.scheduler_options,
        )


def gradient_of(owner: str, loss: torch.Tensor, theta: torch.Tensor) -> torch.Tensor:
    """The gradient of a loss by automatic differentiation, zero where the loss does not depend on θ.

    Raises:
        SettingError: the loss carries no autograd graph.
    """
    if not loss.requires_grad:
        raise SettingError(
            f"{owner} needs a loss made of torch operations on the parameters, but this one carries no autograd graph "
            "(a black box, or a function that leaves torch): take LevenbergMarquardt, which needs values only."
        )
    return torch.autograd.grad(loss, theta, materialize_grads=True)[0]
