"""The two sides of training: an objective that answers forward queries, and a trainer that asks them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import torch

T = TypeVar("T")


class Objective(ABC):
    """A loss as a function of the parameters, answered by forward passes alone.

    Attributes:
        parameter_count: the length d of a parameter vector.
        evaluations: network evaluations spent so far (one = one network at one point).
        evaluations_per_query: network evaluations that the loss of one parameter vector costs.
        normal_dtype: in which normal equations of its least-squares problems are formed and solved.
    """

    parameter_count: int
    evaluations: int
    evaluations_per_query: int = 1
    normal_dtype: torch.dtype = torch.float64

    @abstractmethod
    def losses(self, theta: torch.Tensor) -> torch.Tensor:
        """The loss of K parameter vectors, (K, d) → (K,), all on the points of the current step."""

    def residuals(self, theta: torch.Tensor) -> torch.Tensor:
        """The weighted residual vectors, (K, d) → (K, M), whose sums of squares are the losses."""
        raise TypeError(
            f"{type(self).__name__} has no residual vector, only a loss: use a trainer that needs the loss alone."
        )

    def outputs(self, theta: torch.Tensor) -> torch.Tensor:
        """All that a forward query tells, (K, d) → (K, M): the residuals, where the loss is their sum of squares."""
        return self.residuals(theta)

    def loss_of(self, outputs: torch.Tensor) -> float:
        """The loss of outputs (M,) that are known already."""
        return float(outputs @ outputs)

    def least_squares(self, outputs: torch.Tensor, jacobian: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The least-squares problem min ‖A s + ρ‖² whose normal equations are those of a Gauss–Newton step s.

        For a loss ℓ(o) of outputs o, A and ρ satisfy 2 AᵀA = JᵀHJ and 2 Aᵀρ = Jᵀg, with the gradient g and the
        Hessian H of ℓ at the outputs (the generalised Gauss–Newton matrix; Schraudolph 2002).

        Args:
            outputs: o, (M,).
            jacobian: J = ∂o/∂θ, (M, n); A may take its memory.

        Returns:
            ρ and A: the residuals and J themselves where the loss is a sum of squares.
        """
        return outputs, jacobian

    def differences(
        self, theta: torch.Tensor, indices: torch.Tensor, step: float, outputs: torch.Tensor
    ) -> torch.Tensor:
        """What the outputs change by when one parameter is perturbed; objectives may know a fast way.

        Args:
            theta: θ, (d,).
            indices: the coordinates i, (K,), without repetition.
            step: μ, of either sign.
            outputs: those at θ, (M,).

        Returns:
            outputs(θ + μ e_i) − outputs(θ), (K, M)
        """
        return self.outputs(perturbed(theta, indices, step)) - outputs

    def losses_at_coordinates(self, theta: torch.Tensor, indices: torch.Tensor, steps: Sequence[float]) -> torch.Tensor:
        """The losses at θ + μ e_i, for one μ after the other: (len(steps), K)."""
        batch = torch.cat([perturbed(theta, indices, step) for step in steps])
        return self.losses(batch).reshape(len(steps), -1)

    @property
    def numbers_per_coordinate(self) -> int:
        """The numbers that one coordinate takes in ``losses_at_coordinates``; callers size their queries by it."""
        return self.parameter_count

    def share(
        self,
        function: Callable[[T], torch.Tensor],
        jobs: Sequence[T],
        shapes: Sequence[tuple[int, ...]],
        costs: Sequence[float],
        like: torch.Tensor,
    ) -> list[torch.Tensor]:
        """``[function(job) for job in jobs]``, by all threads and processes that the objective works with.

        Args:
            function: of one job; it may run in any thread.
            jobs: the same in every process.
            shapes: of the results.
            costs: what each job costs, in any unit.
            like: a tensor with the dtype and the device of the results.
        """
        return [function(job) for job in jobs]

    def parts(self, theta: torch.Tensor) -> dict[str, float]:
        """The terms that the loss is a weighted sum of, without their weights, for one θ (d,)."""
        raise TypeError(f"{type(self).__name__} has no terms, only one loss: there is nothing to balance.")

    def reweight(self, factors: Mapping[str, float]) -> None:
        """Multiply the weights of terms, as they were set in the beginning, by factors from now on."""
        raise TypeError(f"{type(self).__name__} has no terms, only one loss: there is nothing to balance.")

    @property
    def blocks(self) -> tuple[slice, ...]:
        """Parts of θ that belong together, such as the layers of a network; they cover all of it."""
        return (slice(0, self.parameter_count),)

    @abstractmethod
    def draw(self, generator: torch.Generator, scale: float = 1.0) -> None:
        """Draw fresh points (or a fresh batch of data) for the next step.

        Args:
            generator: the source of randomness.
            scale: how many times the usual number.
        """

    def adapt(self, theta: torch.Tensor, step: int, generator: torch.Generator, scale: float = 1.0) -> None:  # noqa: B027
        """Take note of the parameters, (d,), before fresh points are drawn; for samplings that depend on them.

        Args:
            theta: the parameters.
            step: the number of finished steps.
            generator: the source of randomness.
            scale: how many times the usual number of points will be drawn.
        """

    @property
    def memory(self) -> dict[str, torch.Tensor]:
        """What ``adapt`` has learnt, for a checkpoint."""
        return {}

    def restore(self, memory: dict[str, torch.Tensor], device: torch.device) -> None:  # noqa: B027
        """Take over what a checkpoint held as ``memory``; where it is empty, forget."""


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
        hold: for how many steps training points are held before fresh ones are drawn.
        points: the collocation points of a step that suit it where the user gives none.
    """

    uses_backpropagation: bool = False
    hold: int = 1
    points: int = 100

    def batch_scale(self, step: int) -> float:
        """How many times the usual number of points is drawn before step ``step`` (counted from 0)."""
        return 1.0

    def fitted(self, noise: float) -> Trainer:
        """The same with perturbations that were left to choose chosen for noise of the residuals.

        Args:
            noise: ρ, the standard deviation in units of the residuals' changes by parameters of order one.
        """
        return self

    @abstractmethod
    def init(self, theta: torch.Tensor, seed: int) -> TrainerState:
        """The state before the first step, from initial parameters (d,)."""

    @abstractmethod
    def step(self, objective: Objective, state: TrainerState) -> TrainerState:
        """One step on the objective's current points: the new state; ``state`` is left as it was."""

    def validated(self, state: TrainerState, loss: float) -> TrainerState:
        """Take note of a loss on held-out points, measured between steps."""
        return state


def perturbation_for(noise: float, central: bool) -> float:
    """The perturbation size μ at which noise of the values and curvature do the same harm to a difference quotient.

    Differences of values with noise ρ over μ have errors of order ρ/μ; those from curvature are of order μ one-sided
    and μ² central. So μ = ρ^(1/2) or ρ^(1/3), for parameters of order one.

    Example:
        >>> perturbation_for(1e-4, central=False)
        0.01
    """
    return noise ** (1 / 3 if central else 1 / 2)
