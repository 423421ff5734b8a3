"""RGE, the randomised gradient estimator: differences of the loss along random directions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import torch

from pinnzo.checks import check_flags
from pinnzo.errors import SettingError

from .base import Objective
from .gradients import GradientEstimate, GradientEstimator, query, rows_at_once
from .settings import require_count, require_positive

Directions = Literal["rademacher", "gaussian", "sphere"]

MOST_SAMPLES = 1_000_000_000


@dataclass(frozen=True)
class RandomGradient(GradientEstimator):
    r"""The randomised gradient estimator (RGE).

    With N independent random directions ξ, E ξξᵀ = I, and the perturbation size μ,

        antithetic:  ĝ = (1/N) Σ [L(θ + μξ) − L(θ − μξ)] / (2μ) ξ      2N queries
        one-sided:   ĝ = (1/N) Σ [L(θ + μξ) − L(θ)] / μ ξ              N + 1 queries

    For a quadratic L with the gradient g and the Hessian H at θ, both have the mean g, for every μ (in
    general the mean is the gradient of a smoothed L, Nesterov & Spokoiny 2017). The antithetic estimate does
    not see H; entry i has the variance v_i / N, and the sum over the entries is V / N with

        gaussian:    v_i = ‖g‖² + g_i²                           V = (d + 1) ‖g‖²
        rademacher:  v_i = ‖g‖² − g_i²                           V = (d − 1) ‖g‖²
        sphere:      v_i = d/(d+2) (‖g‖² + 2g_i²) − g_i²         V = (d − 1) ‖g‖²

    The one-sided estimate adds (μ²/4) W to V, from the curvature, with T = (tr H)² + 2 ‖H‖_F²:

        gaussian: W = (d + 4) T     sphere: W = d²/(d + 2) T     rademacher: W = d (T − 2 Σ H_ii²)

    Attributes:
        samples: N, the number of directions.
        step: μ, the perturbation size.
        directions: how ξ is drawn: independent signs, N(0, I), or uniform on the sphere of radius √d.
        antithetic: two-sided differences; otherwise all directions share one query at θ.
        max_batch: the most parameter vectors in one query of the objective; None: as memory allows. It does
            not change the directions.

    Example:
        >>> RandomGradient(samples=10, step=0.1, directions="gaussian").queries
        20

    References:
        Nesterov & Spokoiny, Random gradient-free minimization of convex functions, 2017; Zhao et al.,
        arXiv 2308.09858; Malladi et al., Fine-tuning language models with just forward passes (MeZO), 2023.
    """

    samples: int = 10
    step: float = 0.01
    directions: Directions = "rademacher"
    antithetic: bool = True
    max_batch: int | None = None

    def __post_init__(self) -> None:
        require_count("RandomGradient", samples=self.samples)
        if self.samples > MOST_SAMPLES:
            raise SettingError(f"RandomGradient: samples is {self.samples}: give at most {MOST_SAMPLES:,}.")
        require_positive("RandomGradient", step=self.step)
        if self.max_batch is not None:
            require_count("RandomGradient", max_batch=self.max_batch)
        check_flags("RandomGradient", antithetic=self.antithetic)
        if self.directions not in get_args(Directions):
            raise SettingError(
                f"RandomGradient: directions must be one of {', '.join(get_args(Directions))}, got {self.directions!r}."
            )

    @property
    def queries(self) -> int:
        """The number of losses that one estimate asks for."""
        return 2 * self.samples if self.antithetic else self.samples + 1

    def estimate(self, objective: Objective, theta: torch.Tensor, generator: torch.Generator) -> GradientEstimate:
        """The estimate at ``theta``, (d,); its loss is the mean of the queries, or L(θ) when one-sided."""
        xi = self.draw_directions(theta, generator)
        mu = self.step
        if self.antithetic:
            shifts = torch.cat([mu * xi, -mu * xi])
        else:
            shifts = torch.cat([torch.zeros_like(theta)[None], mu * xi])
        losses = query(objective, theta, shifts, rows_at_once(self.max_batch, theta.numel()))
        if self.antithetic:
            slopes = (losses[: self.samples] - losses[self.samples :]) / (2 * mu)
            loss = losses.mean()
        else:
            slopes = (losses[1:] - losses[0]) / mu
            loss = losses[0]
        return GradientEstimate(slopes.to(xi.dtype) @ xi / self.samples, loss.item())

    def draw_directions(self, theta: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """N directions like ``theta``, (N, d), with E ξξᵀ = I.

        They are drawn on the CPU, so that a seed means the same run on every device.
        """
        size = (self.samples, theta.numel())
        if self.directions == "rademacher":
            signs = torch.randint(0, 2, size, generator=generator, dtype=torch.int8)
            return signs.to(theta).mul_(2).sub_(1)
        xi = torch.randn(size, generator=generator, dtype=theta.dtype)
        if self.directions == "sphere":
            # The radius √d, not 1: then E ξξᵀ = I and no factor d is needed in the estimate.
            xi *= math.sqrt(theta.numel()) / torch.linalg.vector_norm(xi, dim=1, keepdim=True)
        return xi.to(theta.device)
