"""The equation of all sizes, put together with a network and each estimator."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch

import pinnzo as pz
from pinnzo.assembly import Assembly
from pinnzo.derivatives import Estimator
from pinnzo.settings import WIDTH, RunSettings

DIRECTIONS = 16


@dataclass(frozen=True)
class Size:
    """One size of the problem ``hjb`` and of the default network.

    Attributes:
        variables: time among them.
        points: of a residual vector, and so of a step.
        width: units of each of the two hidden layers.
        rank: of the tensor train between them.
    """

    variables: int
    points: int
    width: int = WIDTH
    rank: int = 2

    def __post_init__(self) -> None:
        if self.variables < 2:
            raise ValueError(f"variables is {self.variables}: there are time and at least one of space.")

    @cached_property
    def problem(self) -> pz.Problem:
        """``hjb`` in so many variables."""
        return pz.problem("hjb", dimension=self.variables - 1)

    def assembly(self, derivatives: Estimator | None = None) -> Assembly:
        """With an estimator, by default that which pinnzo chooses; on one thread."""
        network = pz.TensorTrainMLP(width=self.width, rank=self.rank)
        assembly = Assembly(self.problem, RunSettings(network=network, points=self.points, derivatives=derivatives))
        assembly.use_workers(1)
        return assembly

    @cached_property
    def points_of_a_step(self) -> torch.Tensor:
        """Those that the objective of every assembly draws first."""
        assembly = self.assembly()
        return self.problem.sampler.interior(self.points, assembly.generator("points"), assembly.dtype)
