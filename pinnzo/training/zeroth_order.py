"""Training with an estimated gradient: any estimator, with any optimiser of torch or the sign update."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import cached_property

import torch
from torch.optim import Optimizer

from pinnzo.errors import SettingError

from .base import Objective, Trainer, TrainerState
from .gradients import GradientEstimator
from .random_gradient import RandomGradient
from .update import OptionsLike, Update


@dataclass(frozen=True)
class ZerothOrder(Trainer):
    r"""A gradient estimator with an optimiser of ``torch.optim`` and a learning-rate scheduler.

    A step estimates ĝ ≈ ∇L(θ) on the objective's current points and hands it to the optimiser, or, with
    ``sign=True``, does θ ← θ − lr sign(ĝ), which is blind to the size of ĝ and so to outliers among the
    queries. A step whose loss, gradient or result is not finite leaves θ as it is; ``memory["skipped"]``
    counts such steps.

    Attributes:
        gradient: the estimator.
        optimizer: a name in ``torch.optim`` in any case, or a class. Not used by the sign update.
        learning_rate: the learning rate at the first step.
        optimizer_options: its further keyword arguments, as a mapping; kept as sorted pairs.
        scheduler: a name in ``torch.optim.lr_scheduler`` or a class, advanced once a step
            (``ReduceLROnPlateau``: once a validation); None keeps the learning rate.
        scheduler_options: its keyword arguments.
        sign: take the sign update.

    Raises:
        SettingError: when torch does not know the optimiser or the scheduler, refuses their options, or needs
            more than a gradient (LBFGS).

    Example:
        >>> trainer = ZerothOrder(optimizer="sgd", optimizer_options={"momentum": 0.9})
        >>> trainer.optimizer, trainer.optimizer_options
        ('SGD', (('momentum', 0.9),))
        >>> trainer.init(torch.zeros(3), seed=0).step
        0

    References:
        Zhao et al., arXiv 2308.09858; Malladi et al., MeZO, 2023.
    """

    gradient: GradientEstimator = field(default_factory=RandomGradient)
    optimizer: str | type[Optimizer] = "Adam"
    learning_rate: float = 1e-3
    optimizer_options: OptionsLike = ()
    scheduler: str | type | None = None
    scheduler_options: OptionsLike = ()
    sign: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.gradient, GradientEstimator):
            raise SettingError(
                f"ZerothOrder: gradient must be an estimator such as RandomGradient() or "
                f"CoordinateGradient(), got {self.gradient!r}."
            )
        for name in ("optimizer", "optimizer_options", "scheduler", "scheduler_options"):
            object.__setattr__(self, name, getattr(self._update, name))

    def fitted(self, noise: float) -> ZerothOrder:
        """The same with a fitted gradient estimator."""
        return replace(self, gradient=self.gradient.fitted(noise))

    def init(self, theta: torch.Tensor, seed: int) -> TrainerState:
        """The state before the first step, from initial parameters (d,)."""
        generator = torch.Generator().manual_seed(seed)
        return TrainerState(theta.detach().clone(), 0, generator.get_state(), memory=self._update.start())

    @torch.no_grad()
    def step(self, objective: Objective, state: TrainerState) -> TrainerState:
        """One estimate and one update on the objective's current points; ``state`` is left as it was."""
        generator = torch.Generator()
        generator.set_state(state.generator)
        estimate = self.gradient.estimate(objective, state.theta, generator)
        if math.isfinite(estimate.loss):
            theta, memory = self._update.apply(state.theta, estimate.gradient, state.memory)
        else:
            theta, memory = state.theta, self._update.skip(state.memory)
        return TrainerState(theta, state.step + 1, generator.get_state(), estimate.loss, memory)

    def validated(self, state: TrainerState, loss: float) -> TrainerState:
        """Take note of a loss on held-out points; only ``ReduceLROnPlateau`` heeds it."""
        return replace(state, memory=self._update.validated(state.memory, loss))

    @cached_property
    def _update(self) -> Update:
        return Update(
            "ZerothOrder",
            self.optimizer,
            self.learning_rate,
            self.optimizer_options,
            self.scheduler,
            self.scheduler_options,
            self.sign,
        )


def sign_descent(gradient: GradientEstimator) -> ZerothOrder:
    """An estimator with the sign update, learning rate 0.01, times 0.9 every 100 steps."""
    return ZerothOrder(
        gradient,
        learning_rate=1e-2,
        scheduler="StepLR",
        scheduler_options={"step_size": 100, "gamma": 0.9},
        sign=True,
    )
