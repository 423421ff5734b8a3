"""Forward-only Levenberg–Marquardt: damped Gauss–Newton steps from coordinate perturbations."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import torch

from pinnzo.errors import SettingError

from .base import Objective, Trainer, TrainerState
from .settings import require_count, require_positive

TRIALS = (0.01, 0.1, 1.0, 10.0)
REJECTED = 100.0
LEAST_DAMPING = 1e-14


@dataclass(frozen=True)
class LevenbergMarquardt(Trainer):
    r"""Gauss–Newton steps whose Jacobian comes from forward passes.

    A forward query returns the whole residual vector r(θ) ∈ R^M, not one number. The d perturbed residuals give
    the Jacobian J_mi ≈ [r_m(θ + μ e_i) − r_m(θ)]/μ (or its central form), and the step solves

        min_s ‖J s + r‖² + λ ‖s − β s₋‖²,    s = β s₋ − (JᵀJ + λ I)⁻¹ Jᵀ (r + β J s₋),

    with the previous step s₋ and the momentum β (Goldshlager et al. 2024), as a d × d or an M × M system, whichever
    is smaller. One eigendecomposition serves all dampings λ × 0.01, 0.1, 1 and 10; the step whose loss on the same
    points is lowest is taken, and its damping is the next one. If none lowers the loss, the parameters stay, the
    momentum is dropped and λ grows a hundredfold.

    A step costs d + 5 loss queries (2d + 5 with central differences), which is why tensor-train networks, with about
    10³ parameters, suit it.

    Attributes:
        damping: λ at the first step, for residual vectors whose sum of squares is the loss.
        momentum: β in [0, 1). Fresh points every step make it worthwhile: each batch alone is overfitted.
        step_size: μ; None takes ε^(1/3) of the dtype, which balances truncation against the rounding that the stencils
            leave in the residuals.
        central: use central differences in the parameters.
        max_batch: perturbed parameter vectors that are evaluated at once.

    Raises:
        SettingError: a number is out of range.

    Example:
        >>> LevenbergMarquardt(momentum=0.0).momentum
        0.0

    References:
        Levenberg 1944; Marquardt 1963; Cartis & Roberts, derivative-free Gauss–Newton, 2019; Goldshlager et al.,
        SPRING, 2024; Müller & Zeinhofer, energy natural gradients, 2023.
    """

    damping: float = 1e-3
    momentum: float = 0.5
    step_size: float | None = None
    central: bool = False
    max_batch: int = 4096

    def __post_init__(self) -> None:
        require_positive("LevenbergMarquardt", damping=self.damping)
        if self.step_size is not None:
            require_positive("LevenbergMarquardt", step_size=self.step_size)
        require_count("LevenbergMarquardt", max_batch=self.max_batch)
        if not 0 <= self.momentum < 1:
            raise SettingError(f"LevenbergMarquardt: momentum must lie in [0, 1), got {self.momentum!r}.")

    def init(self, theta: torch.Tensor, seed: int) -> TrainerState:
        """The state before the first step, from initial parameters (d,)."""
        memory = {"damping": self.damping, "velocity": torch.zeros_like(theta), "rejected": 0}
        return TrainerState(theta.clone(), 0, torch.Generator().manual_seed(seed).get_state(), memory=memory)

    def step(self, objective: Objective, state: TrainerState) -> TrainerState:
        """One Gauss–Newton step on the objective's current points; ``state`` is left as it was."""
        theta, memory = state.theta, state.memory
        residual = objective.residuals(theta[None])[0]
        loss = float(residual @ residual)
        jacobian = self.jacobian(objective, theta, residual)
        velocity = self.momentum * memory["velocity"]
        if not math.isfinite(loss) or not bool(jacobian.isfinite().all()):
            return self._rejected(state, loss)
        dampings = [max(memory["damping"] * factor, LEAST_DAMPING) for factor in TRIALS]
        steps = velocity + damped_steps(jacobian, residual + jacobian @ velocity, dampings)
        losses = objective.losses(theta + steps).nan_to_num(math.inf, math.inf, math.inf)
        best = int(losses.argmin())
        if not float(losses[best]) < loss:
            return self._rejected(state, loss)
        memory = {**memory, "damping": dampings[best], "velocity": steps[best].clone()}
        return replace(state, theta=theta + steps[best], step=state.step + 1, loss=loss, memory=memory)

    def jacobian(self, objective: Objective, theta: torch.Tensor, residual: torch.Tensor) -> torch.Tensor:
        """∂r/∂θ by differences, (M, d).

        Args:
            objective: answers for its current points.
            theta: where, (d,).
            residual: r(θ), (M,).
        """
        mu = self.step_size if self.step_size is not None else torch.finfo(theta.dtype).eps ** (1 / 3)
        columns = []
        for indices in torch.arange(theta.numel(), device=theta.device).split(self.max_batch):
            ahead = objective.differences(theta, indices, mu, residual)
            if self.central:
                behind = objective.differences(theta, indices, -mu, residual)
                columns.append((ahead - behind) / (2 * mu))
            else:
                columns.append(ahead / mu)
        return torch.cat(columns).T

    def _rejected(self, state: TrainerState, loss: float) -> TrainerState:
        memory: dict[str, Any] = {
            **state.memory,
            # A damping that has grown without bound would take as long to come down again.
            "damping": min(state.memory["damping"] * REJECTED, 1 / LEAST_DAMPING),
            "velocity": torch.zeros_like(state.theta),
            "rejected": state.memory["rejected"] + 1,
        }
        return replace(state, step=state.step + 1, loss=loss, memory=memory)


def damped_steps(jacobian: torch.Tensor, residual: torch.Tensor, dampings: list[float]) -> torch.Tensor:
    """−(JᵀJ + λ I)⁻¹ Jᵀ r for several λ, from one eigendecomposition of the smaller of JᵀJ and J Jᵀ.

    Args:
        jacobian: J, (M, d).
        residual: r, (M,).
        dampings: λ > 0.

    Returns:
        (len(dampings), d)

    Example:
        >>> damped_steps(torch.eye(2), torch.tensor([2.0, 4.0]), [1.0])
        tensor([[-1., -2.]])
    """
    dual = jacobian.shape[0] < jacobian.shape[1]
    gram = jacobian @ jacobian.T if dual else jacobian.T @ jacobian
    values, vectors = torch.linalg.eigh(gram)
    values = values.clamp_min(0.0)
    right = vectors.T @ (residual if dual else jacobian.T @ residual)
    inverse = 1.0 / (values + torch.tensor(dampings, dtype=values.dtype, device=values.device)[:, None])
    solved = (right * inverse) @ vectors.T
    return -(solved @ jacobian if dual else solved)
