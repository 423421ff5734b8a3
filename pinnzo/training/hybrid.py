"""The paper's hybrid: random directions first, coordinate-wise differences once they get no further."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from pinnzo.errors import SettingError

from .base import Objective, Trainer, TrainerState
from .coordinate_gradient import CoordinateGradient
from .random_gradient import RandomGradient
from .settings import require_count
from .zeroth_order import ZerothOrder, sign_descent


def first_stage() -> ZerothOrder:
    """The default first stage of ``HybridZO``.

    The paper's sign-RGE with Rademacher directions, twice its learning rate and a decay of 0.9 every 100
    steps, which on HJB-20 with 873 weights came closer in as many steps than the paper's values.
    """
    return sign_descent(RandomGradient(samples=10, step=0.1))


def second_stage() -> ZerothOrder:
    """The default second stage of ``HybridZO``.

    CGE with Adam, which makes up for how unlike the sizes of the entries are. In short trials on HJB-20 it
    kept what the first stage had reached, with a small gain or none; the paper's momentum lost it.
    """
    return ZerothOrder(
        CoordinateGradient(share=0.5),
        learning_rate=5e-4,
        scheduler="ExponentialLR",
        scheduler_options={"gamma": 0.98},
    )


@dataclass(frozen=True)
class HybridZO(Trainer):
    """Two zeroth-order trainers, one after the other.

    The first makes fast progress from few queries a step; its noise, of order √(d/N) ‖∇L‖, then holds it
    up. The second sees every coordinate by itself, at up to d + 1 queries a step. The second stage starts
    with an optimiser of its own from the parameters that the first has reached.

    Attributes:
        first: the trainer of the first stage.
        second: the trainer of the second stage.
        switch_step: the number of steps of the first stage; None switches at a plateau instead.
        patience: a plateau is this many validations in a row without a new lowest loss. The default is
            more than the paper's 5, which noise alone brings about while there is still progress.

    The default stages are not the paper's either, which ``HybridZO.paper()`` gives exactly.

    Example:
        >>> HybridZO.paper().second.gradient
        CoordinateGradient(step=0.1, central=False, share=0.5, max_batch=None)

    References:
        Zhao et al., Tensor-compressed back-propagation-free training for (physics-informed) neural
        networks, arXiv 2308.09858.
    """

    first: ZerothOrder = field(default_factory=first_stage)
    second: ZerothOrder = field(default_factory=second_stage)
    switch_step: int | None = None
    patience: int = 30

    def __post_init__(self) -> None:
        for name, stage in (("first", self.first), ("second", self.second)):
            if not isinstance(stage, ZerothOrder):
                raise SettingError(f"HybridZO: {name} must be a ZerothOrder trainer, got {stage!r}.")
        require_count("HybridZO", patience=self.patience)
        if self.switch_step is not None:
            require_count("HybridZO", switch_step=self.switch_step)

    @classmethod
    def paper(cls, steps_per_epoch: int = 100, switch_step: int | None = None) -> HybridZO:
        """The settings of the paper's authors' code (the configurations of May 2023).

        First sign-RGE: Gaussian, N = 10, antithetic, μ = 0.1, learning rate 5e-3, times 0.8 an epoch. Then
        CGE: μ = 0.1, each coordinate skipped with probability 0.5, SGD of learning rate 1e-3 and momentum
        0.9. The switch comes after 5 validations without improvement, or at ``switch_step``.

        Args:
            steps_per_epoch: fresh points have no epochs of their own, so their length is a choice.
            switch_step: switch after so many steps instead (MNIST: at epoch 10 of 40).
        """
        first = ZerothOrder(
            RandomGradient(samples=10, step=0.1, directions="gaussian"),
            learning_rate=5e-3,
            scheduler="StepLR",
            scheduler_options={"step_size": steps_per_epoch, "gamma": 0.8},
            sign=True,
        )
        second = ZerothOrder(
            CoordinateGradient(step=0.1, share=0.5),
            optimizer="SGD",
            learning_rate=1e-3,
            optimizer_options={"momentum": 0.9},
        )
        return cls(first, second, switch_step=switch_step, patience=5)

    def fitted(self, noise: float) -> HybridZO:
        """The same with fitted stages."""
        return replace(self, first=self.first.fitted(noise), second=self.second.fitted(noise))

    def init(self, theta: torch.Tensor, seed: int) -> TrainerState:
        """The state before the first step, from initial parameters (d,)."""
        state = self.first.init(theta, seed)
        return replace(state, memory={"stage": 1, "bad_validations": 0, "inner": state.memory})

    def step(self, objective: Objective, state: TrainerState) -> TrainerState:
        """One step of the stage that is on; ``state`` is left as it was."""
        memory = state.memory
        if memory["stage"] == 1 and self.switch_step is not None and state.step >= self.switch_step:
            memory = self._switched(state)
        new = self._stage(memory).step(objective, replace(state, memory=memory["inner"]))
        return replace(new, memory={**memory, "inner": new.memory})

    def validated(self, state: TrainerState, loss: float) -> TrainerState:
        """Take note of a loss on held-out points: a plateau of the first stage ends it."""
        inner = self._stage(state.memory).validated(replace(state, memory=state.memory["inner"]), loss)
        memory = {**state.memory, "inner": inner.memory}
        if math.isfinite(loss) and loss < memory.get("best_validation", math.inf):
            memory = {**memory, "best_validation": loss, "bad_validations": 0}
        else:
            memory = {**memory, "bad_validations": memory["bad_validations"] + 1}
        state = replace(state, memory=memory)
        if memory["stage"] == 1 and self.switch_step is None and memory["bad_validations"] >= self.patience:
            return replace(state, memory=self._switched(state))
        return state

    def _stage(self, memory: dict[str, Any]) -> ZerothOrder:
        return self.first if memory["stage"] == 1 else self.second

    def _switched(self, state: TrainerState) -> dict[str, Any]:
        """The memory at the start of the second stage; the random generator simply runs on."""
        inner = self.second.init(state.theta, seed=0).memory
        inner = {**inner, "skipped": state.memory["inner"].get("skipped", 0)}
        return {**state.memory, "stage": 2, "bad_validations": 0, "inner": inner}
