"""The two sides of training: an objective that answers forward queries, and a trainer that asks them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any

import torch


class Objective(ABC):
    """A loss as a function of the parameters, answered by forward passes alone.

    Attributes:
        parameter_count: the length d of a parameter vector.
        evaluations: network evaluations spent so far (one = one network at one point).
        evaluations_per_query: network evaluations that the loss of one parameter vector costs.
    """

    parameter_count: int
    evaluations: int
    evaluations_per_query: int = 1

    @abstractmethod
    def losses(self, theta: torch.Tensor) -> torch.Tensor:
        """The loss of K parameter vectors, (K, d) → (K,), all on the points of the current step."""

    def residuals(self, theta: torch.Tensor) -> torch.Tensor:
        """The weighted residual vectors, (K, d) → (K, M), whose sums of squares are the losses."""
        raise TypeError(
            f"{type(self).__name__} has no residual vector, only a loss: use a trainer that needs the loss alone."
        )

    def residuals_at_coordinates(self, theta: torch.Tensor, indices: torch.Tensor, step: float) -> torch.Tensor:
        """The residual vectors at θ + step·e_i for each index, (K, M); objectives may know a faster way to them."""
        return self.residuals(perturbed(theta, indices, step))

    @abstractmethod
    def draw(self, generator: torch.Generator) -> None:
        """Draw fresh points (or a fresh batch of data) for the next step."""


def perturbed(theta: torch.Tensor, indices: torch.Tensor, step: float) -> torch.Tensor:
    """θ + step·e_i for each index: (d,) → (K, d).

    Example:
        >>> perturbed(torch.zeros(3), torch.tensor([0, 2]), 0.5)
        tensor([[0.5000, 0.0000, 0.0000],
                [0.0000, 0.0000, 0.5000]])
    """
    batch = theta.repeat(len(indices), 1)
    batch[torch.arange(len(indices), device=theta.device), indices] += step
    return batch


@dataclass(frozen=True)
class TrainerState:
    """All that a trainer carries from one step to the next; a checkpoint holds exactly this.

    Attributes:
        theta: the parameter vector, (d,).
        step: the number of finished steps.
        generator: the state of the trainer's random generator, a uint8 tensor.
        loss: the last loss seen on the step's own points; NaN before the first step.
        memory: what else the trainer remembers, nested dicts of tensors and plain numbers, strings and lists.
    """

    theta: torch.Tensor
    step: int
    generator: torch.Tensor
    loss: float = float("nan")
    memory: dict[str, Any] = field(default_factory=dict)


class Trainer(ABC):
    """A training method; its subclasses are frozen dataclasses of settings, without state of their own.

    Attributes:
        uses_backpropagation: whether the steps run with autograd switched on (baselines only).
    """

    uses_backpropagation: bool = False

    @abstractmethod
    def init(self, theta: torch.Tensor, seed: int) -> TrainerState:
        """The state before the first step, from initial parameters (d,)."""

    @abstractmethod
    def step(self, objective: Objective, state: TrainerState) -> TrainerState:
        """One step on the objective's current points: the new state; ``state`` is left as it was."""

    def validated(self, state: TrainerState, loss: float) -> TrainerState:
        """Take note of a loss on held-out points, measured between steps."""
        return state
