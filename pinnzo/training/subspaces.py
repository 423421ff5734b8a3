"""Where a Gauss–Newton step may go: along coordinates, or along a few directions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from .base import Objective
    from .levenberg_marquardt import LevenbergMarquardt


class Subspace(ABC):
    """An n-dimensional subspace of the parameters, with an orthonormal basis."""

    @abstractmethod
    def differentiate(
        self, trainer: LevenbergMarquardt, objective: Objective, theta: torch.Tensor, outputs: torch.Tensor
    ) -> torch.Tensor:
        """The derivative of the outputs (M,) along the basis, (M, n)."""

    @abstractmethod
    def restrict(self, vector: torch.Tensor) -> torch.Tensor:
        """The coordinates (n,) of the part of a vector (d,) that lies in the subspace."""

    @abstractmethod
    def expand(self, inner: torch.Tensor) -> torch.Tensor:
        """The vectors (k, d) with coordinates (k, n)."""

    @abstractmethod
    def remember(self, velocity: torch.Tensor, step: torch.Tensor) -> torch.Tensor:
        """The velocity (d,) after a step (d,) in this subspace."""


class Coordinates(Subspace):
    """Some coordinates of θ.

    Args:
        indices: which, (n,); None for all.
        count: the length d of θ.
    """

    def __init__(self, indices: torch.Tensor | None, count: int) -> None:
        self.indices, self.count = indices, count

    def differentiate(
        self, trainer: LevenbergMarquardt, objective: Objective, theta: torch.Tensor, outputs: torch.Tensor
    ) -> torch.Tensor:
        """The Jacobian's columns."""
        if self.indices is None:
            return trainer.jacobian(objective, theta, outputs)
        return trainer.jacobian(objective, theta, outputs, self.indices)

    def restrict(self, vector: torch.Tensor) -> torch.Tensor:
        """The entries of the vector."""
        return vector if self.indices is None else vector[self.indices]

    def expand(self, inner: torch.Tensor) -> torch.Tensor:
        """The entries in their places, zeros elsewhere."""
        if self.indices is None:
            return inner
        out = inner.new_zeros(len(inner), self.count)
        out[:, self.indices] = inner
        return out

    def remember(self, velocity: torch.Tensor, step: torch.Tensor) -> torch.Tensor:
        """The step; coordinates that did not take part keep theirs."""
        if self.indices is None:
            return step.clone()
        velocity = velocity.clone()
        velocity[self.indices] = step[self.indices]
        return velocity


class Directions(Subspace):
    """The span of a few directions.

    Args:
        basis: orthonormal rows, (n, d).
    """

    def __init__(self, basis: torch.Tensor) -> None:
        self.basis = basis

    def differentiate(
        self, trainer: LevenbergMarquardt, objective: Objective, theta: torch.Tensor, outputs: torch.Tensor
    ) -> torch.Tensor:
        """Differences along the directions; a step of √d μ moves each parameter by about μ."""
        mu = trainer.perturbation(theta) * theta.numel() ** 0.5
        columns = []
        for some in self.basis.split(trainer.max_batch):
            ahead = objective.outputs(theta + mu * some)
            if trainer.central:
                columns.append((ahead - objective.outputs(theta - mu * some)) / (2 * mu))
            else:
                columns.append((ahead - outputs) / mu)
        return torch.cat(columns).T

    def restrict(self, vector: torch.Tensor) -> torch.Tensor:
        """Projections on the directions."""
        return self.basis @ vector

    def expand(self, inner: torch.Tensor) -> torch.Tensor:
        """Combinations of the directions."""
        return inner @ self.basis

    def remember(self, velocity: torch.Tensor, step: torch.Tensor) -> torch.Tensor:
        """The step alone."""
        return step.clone()


def random_directions(count: int, previous: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Orthonormal rows, at most d: the direction of the previous step (d,), unless it is 0, and random ones.

    Example:
        >>> basis = random_directions(2, torch.tensor([3.0, 0.0, 0.0]), torch.Generator().manual_seed(0))
        >>> basis.shape, bool((basis[0].abs() == torch.tensor([1.0, 0.0, 0.0])).all())
        (torch.Size([3, 3]), True)
    """
    drawn = torch.randn(count, previous.numel(), generator=generator, dtype=torch.float64).to(previous.device)
    rows = torch.cat([previous[None].double(), drawn]) if bool(previous.any()) else drawn
    basis, _ = torch.linalg.qr(rows[: previous.numel()].T)
    return basis.T.to(previous.dtype)
