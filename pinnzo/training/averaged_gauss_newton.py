"""Forward-only Gauss–Newton steps for data, whose batches are smaller than the number of parameters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from pinnzo.checks import as_tuple, check_within
from pinnzo.errors import SettingError

from .base import Objective, Trainer, TrainerState
from .levenberg_marquardt import LevenbergMarquardt
from .settings import require_count, require_positive

BLOCKS = 8
MOST_PARAMETERS = 20_000
SHORTEST, LONGEST = 1e-3, 1.0


@dataclass(frozen=True)
class AveragedGaussNewton(Trainer):
    r"""Damped Gauss–Newton steps with a matrix that is averaged over the batches.

    ``LevenbergMarquardt`` solves with the matrix of one batch. Where a batch has fewer rows than there are parameters,
    that matrix knows nothing of most directions: the step is noise there, and only a large damping, with which it is a
    step of gradient descent, is accepted. The matrix changes slowly, though. Here G and the gradient g are averages,

        G ← ρ G + (1 − ρ) AᵀA,    g ← β g + (1 − β) Aᵀr,    θ ← θ − α (G + λ I)⁻¹ g,

    with A and r from ``Objective.least_squares``, whose Jacobian comes from d perturbed forward queries (both averages
    are divided by the sum of their weights). Of some lengths α the one with the lowest loss is taken, and the next step
    tries lengths around it; a step that gains nothing at any length is rejected and shortened.

    A step costs d + 1 + T loss queries for T lengths, a Cholesky factorisation of G, and the memory of two d × d
    matrices: up to some 5,000 parameters. Losses should be judged on other samples than those of the matrix, as
    ``SketchedObjective`` does.

    Attributes:
        damping: λ, for least-squares problems whose sum of squares is the loss or has its curvature.
        average: ρ in [0, 1).
        momentum: β in [0, 1).
        length: α of the first step.
        trials: the factors of α that are tried.
        step_size: μ; None takes ε^(1/3) of the dtype.
        growth: the batch grows by this factor a step, 1 for a constant batch.
        largest_batch: how many times the usual number of samples the batch may grow to.

    Raises:
        SettingError: a number is out of range.

    Example:
        >>> AveragedGaussNewton().init(torch.zeros(2), seed=0).memory["curvature"]
        tensor([[0., 0.],
                [0., 0.]])

    References:
        Martens & Grosse, K-FAC, 2015 (averaged curvature); Schraudolph 2002 (generalised Gauss–Newton matrix).
    """

    points = 200

    damping: float = 1e-3
    average: float = 0.95
    momentum: float = 0.5
    length: float = 0.15
    trials: Sequence[float] = (1 / 3, 1.0, 3.0)
    step_size: float | None = None
    growth: float = 1.0
    largest_batch: float = 8.0

    def __post_init__(self) -> None:
        owner = type(self).__name__
        object.__setattr__(self, "trials", as_tuple(owner, "trials", self.trials))
        require_positive(owner, damping=self.damping, length=self.length, growth=self.growth)
        require_positive(owner, largest_batch=self.largest_batch)
        require_count(owner, trials=len(self.trials))
        for factor in self.trials:
            require_positive(owner, trials=factor)
        if self.step_size is not None:
            require_positive(owner, step_size=self.step_size)
        check_within(owner, 0.0, 1.0, average=self.average, momentum=self.momentum)
        check_within(owner, 1.0, math.inf, growth=self.growth, largest_batch=self.largest_batch)

    def batch_scale(self, step: int) -> float:
        """How many times the usual number of samples step ``step`` takes."""
        return min(self.largest_batch, math.exp(min(700.0, step * math.log(self.growth))))

    def init(self, theta: torch.Tensor, seed: int) -> TrainerState:
        """The state before the first step, from initial parameters (d,).

        Raises:
            SettingError: there are more than 20,000 of them, for which matrices d × d are too large.
        """
        if len(theta) > MOST_PARAMETERS:
            raise SettingError(
                f"AveragedGaussNewton keeps a matrix of {len(theta)} × {len(theta)} numbers: take a network with at "
                f"most {MOST_PARAMETERS} parameters, or LevenbergMarquardt(directions=50)."
            )
        memory = {
            "curvature": theta.new_zeros(len(theta), len(theta)),
            "gradient": torch.zeros_like(theta),
            "length": self.length,
            "updates": 0,
            "rejected": 0,
        }
        return TrainerState(theta.clone(), 0, torch.Generator().manual_seed(seed).get_state(), memory=memory)

    def step(self, objective: Objective, state: TrainerState) -> TrainerState:
        """One step on the objective's current samples; ``state`` is left as it was."""
        theta, memory = state.theta, state.memory
        outputs = objective.outputs(theta[None])[0]
        loss = objective.loss_of(outputs)
        jacobian = LevenbergMarquardt(step_size=self.step_size).jacobian(objective, theta, outputs)
        residual, matrix = objective.least_squares(outputs, jacobian)
        if not bool(residual.isfinite().all()) or not bool(matrix.isfinite().all()):
            return self._rejected(state, memory, math.nan)
        updates = memory["updates"] + 1
        curvature = self._averaged(objective, matrix, memory["curvature"])
        gradient = self.momentum * memory["gradient"] + (1 - self.momentum) * (matrix.T @ residual)
        memory = {**memory, "curvature": curvature, "gradient": gradient, "updates": updates}
        direction = self._direction(objective, curvature / (1 - self.average**updates), gradient)
        if direction is None:
            return self._rejected(state, memory, loss)
        direction = direction / (1 - self.momentum**updates)
        lengths = [min(max(memory["length"] * factor, SHORTEST), LONGEST) for factor in self.trials]
        tried = theta + theta.new_tensor(lengths)[:, None] * direction
        losses = [trial if math.isfinite(trial) else math.inf for trial in objective.losses(tried).tolist()]
        best = losses.index(min(losses))
        if not losses[best] < loss:
            return self._rejected(state, memory, loss)
        memory = {**memory, "length": lengths[best]}
        return replace(state, theta=tried[best], step=state.step + 1, loss=loss, memory=memory)

    def _averaged(self, objective: Objective, matrix: torch.Tensor, curvature: torch.Tensor) -> torch.Tensor:
        """ρ G + (1 − ρ) AᵀA, of which only the lower triangle is filled, and read."""
        count = matrix.shape[1]
        size = math.ceil(count / BLOCKS)
        starts = range(0, count, size)
        stops = [min(start + size, count) for start in starts]
        shapes = [(stop - start, stop) for start, stop in zip(starts, stops, strict=True)]
        products = objective.share(
            lambda start: matrix[:, start : start + size].T @ matrix[:, : start + size],
            starts,
            shapes,
            [float(math.prod(shape)) for shape in shapes],
            matrix,
        )
        new = self.average * curvature
        for start, product in zip(starts, products, strict=True):
            new[start : start + size, : start + size].add_(product, alpha=1 - self.average)
        return new

    def _direction(self, objective: Objective, curvature: torch.Tensor, gradient: torch.Tensor) -> torch.Tensor | None:
        """−(G + λ I)⁻¹ g; None where rounding leaves G without a Cholesky factor."""
        matrix = curvature.to(objective.normal_dtype)
        matrix.diagonal().add_(self.damping)
        lower, failed = torch.linalg.cholesky_ex(matrix)
        if int(failed):
            return None
        return -torch.cholesky_solve(gradient.to(matrix)[:, None], lower)[:, 0].to(gradient)

    def _rejected(self, state: TrainerState, memory: dict[str, Any], loss: float) -> TrainerState:
        shorter = max(SHORTEST, min(self.trials) * memory["length"])
        memory = {**memory, "length": shorter, "rejected": memory["rejected"] + 1}
        return replace(state, step=state.step + 1, loss=loss, memory=memory)
