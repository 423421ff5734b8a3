"""CGE, the coordinate-wise gradient estimator: a finite difference in every parameter."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from pinnzo.checks import check_flags
from pinnzo.errors import SettingError

from .base import Objective, perturbation_for
from .gradients import GradientEstimate, GradientEstimator, rows_at_once
from .settings import require_count, require_positive


@dataclass(frozen=True)
class CoordinateGradient(GradientEstimator):
    r"""The coordinate-wise gradient estimator (CGE).

    With the unit vectors e_i, the perturbation size μ and the set S of the coordinates that are not skipped,

        one-sided:  ĝ = Σ_{i∈S} [L(θ + μe_i) − L(θ)] / μ e_i              |S| + 1 queries
        central:    ĝ = Σ_{i∈S} [L(θ + μe_i) − L(θ − μe_i)] / (2μ) e_i    2|S| queries

    The error in an entry is O(μ) one-sided and O(μ²) central. For a quadratic L with the gradient g and the
    Hessian H at θ, an entry of S is q_i = g_i + (μ/2) H_ii one-sided, and exactly q_i = g_i central. Each
    coordinate is in S with the probability p = ``share``, independently, and nothing is rescaled, as in
    the paper's code; so ĝ_i has the mean p q_i and the variance p(1 − p) q_i², and no variance for p = 1.

    Attributes:
        step: μ. None chooses it for the precision ε of θ's dtype: s ε^(1/3) one-sided, s ε^(1/4) central, with the
            scale s = max(1, root mean square of θ). Losses that are exact to ε would allow √ε and ε^(1/3), but
            a stencil of step h leaves rounding of order ε/h² in its second derivatives.
        central: central differences, twice the queries.
        share: p, the probability that a coordinate takes part in an estimate.
        max_batch: the most parameter vectors in one query of the objective; None: as memory allows.

    Example:
        >>> CoordinateGradient(central=True).step_for(torch.zeros(5, dtype=torch.float64))
        0.0001220703125

    References:
        Zhao et al., arXiv 2308.09858; Chen et al., DeepZero: scaling up zeroth-order optimization for deep
        model training, 2024.
    """

    step: float | None = None
    central: bool = False
    share: float = 1.0
    max_batch: int | None = None

    def __post_init__(self) -> None:
        if self.step is not None:
            require_positive("CoordinateGradient", step=self.step)
        if self.max_batch is not None:
            require_count("CoordinateGradient", max_batch=self.max_batch)
        check_flags("CoordinateGradient", central=self.central)
        require_positive("CoordinateGradient", share=self.share)
        if self.share > 1:
            raise SettingError(f"CoordinateGradient: share is a probability, so at most 1, got {self.share}.")

    def fitted(self, noise: float) -> CoordinateGradient:
        """The same with a ``step`` for noise of the residuals, unless one was given."""
        return self if self.step is not None else replace(self, step=perturbation_for(noise, self.central))

    def step_for(self, theta: torch.Tensor) -> float:
        """The perturbation size μ at ``theta``, (d,)."""
        if self.step is not None:
            return self.step
        epsilon = torch.finfo(theta.dtype).eps
        scale = max(1.0, (torch.linalg.vector_norm(theta) / max(1, theta.numel()) ** 0.5).item())
        return scale * epsilon ** (1 / 4 if self.central else 1 / 3)

    def estimate(self, objective: Objective, theta: torch.Tensor, generator: torch.Generator) -> GradientEstimate:
        """The estimate at ``theta``, (d,); its loss is L(θ), or the mean of the queries when central."""
        mu = self.step_for(theta)
        chosen = self.draw_coordinates(theta, generator)
        rows = rows_at_once(self.max_batch, objective.numbers_per_coordinate)
        gradient = torch.zeros_like(theta)
        if not self.central or chosen.numel() == 0:
            # With no coordinate chosen a central estimate has no query of its own to take the loss from.
            base = objective.losses(theta[None])[0]
            # A split of nothing has one part, of which no objective has to answer anything.
            for part in chosen.split(rows) if chosen.numel() else ():
                above = objective.losses_at_coordinates(theta, part, (mu,))[0]
                gradient[part] = ((above - base) / mu).to(theta.dtype)
            return GradientEstimate(gradient, base.item())
        total = torch.zeros((), dtype=theta.dtype, device=theta.device)
        for part in chosen.split(max(1, rows // 2)):
            above, below = objective.losses_at_coordinates(theta, part, (mu, -mu))
            gradient[part] = ((above - below) / (2 * mu)).to(theta.dtype)
            total = total + (above + below).sum()
        return GradientEstimate(gradient, total.item() / (2 * chosen.numel()))

    def draw_coordinates(self, theta: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """The indices of the coordinates that take part, each with the probability ``share``."""
        if self.share >= 1:
            return torch.arange(theta.numel(), device=theta.device)
        mask = torch.rand(theta.numel(), generator=generator, dtype=torch.float64) < self.share
        return mask.nonzero()[:, 0].to(theta.device)
