"""What a gradient estimator is: forward queries of an objective in, an estimate of its gradient out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch

from .base import Objective

# 2²⁴ numbers are 64 MB in single precision: enough rows to keep the cores busy, few enough for any machine.
LARGEST_BATCH = 2**24


@dataclass(frozen=True)
class GradientEstimate:
    """An estimate of the gradient and the loss that came with it.

    Attributes:
        gradient: the estimated gradient, (d,).
        loss: the loss at θ itself, or the mean loss of the queries around it where θ is not queried.
    """

    gradient: torch.Tensor
    loss: float


class GradientEstimator(ABC):
    """A rule that estimates ∇L(θ) from values of L; its subclasses are frozen dataclasses of settings.

    All queries of one estimate use the points that the objective has drawn last (common random numbers):
    with other points for each query the noise of the loss, divided by the perturbation size μ, would drown
    the difference.
    """

    def fitted(self, noise: float) -> GradientEstimator:
        """The same with a perturbation that was left to choose chosen for noise; see ``Trainer.fitted``."""
        return self

    @abstractmethod
    def estimate(self, objective: Objective, theta: torch.Tensor, generator: torch.Generator) -> GradientEstimate:
        """The estimate at ``theta``, (d,); random numbers come from ``generator``, a CPU generator."""


def query(objective: Objective, theta: torch.Tensor, shifts: torch.Tensor, max_batch: int) -> torch.Tensor:
    """The losses at θ + each row of ``shifts``, (K, d) → (K,), at most ``max_batch`` rows at once."""
    if len(shifts) <= max_batch:
        return objective.losses(theta + shifts)
    return torch.cat([objective.losses(theta + part) for part in shifts.split(max_batch)])


def rows_at_once(max_batch: int | None, numbers: int) -> int:
    """How many perturbed vectors of so many numbers a query may hold: the user's choice, or what fits in memory."""
    return max_batch if max_batch is not None else max(1, LARGEST_BATCH // max(1, numbers))
