"""Levenberg–Marquardt with a back-propagated Jacobian, the baseline of the forward-only one."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from pinnzo.errors import SettingError

from .base import Objective
from .levenberg_marquardt import LevenbergMarquardt

NODES = 1 << 13
"""Network evaluations whose intermediate values, for the rows taken at once, still fit in a processor's cache."""


@dataclass(frozen=True)
class AutodiffGaussNewton(LevenbergMarquardt):
    r"""The steps of ``LevenbergMarquardt`` with the exact Jacobian ∂r/∂θ, by automatic differentiation.

    A baseline: it needs back-propagation, one backward pass for each of the M residuals. They are taken several at a
    time, as many as the cache holds. The backward passes are no network evaluations: compare seconds.

    Attributes:
        damping: λ at the first step.
        momentum: β in [0, 1).
        max_batch: rows of the Jacobian that are computed at once, at most; 1 for functions that cannot be batched.

    Raises:
        SettingError: a number is out of range, or ``step_size`` or ``central`` is given: the Jacobian is exact.

    Example:
        >>> AutodiffGaussNewton(momentum=0.0).uses_backpropagation
        True
    """

    max_batch: int = 16

    uses_backpropagation = True

    def __post_init__(self) -> None:
        super().__post_init__()
        differences = {"step_size": self.step_size, "central": self.central, "directions": self.directions}
        if name := next((name for name, value in differences.items() if value), None):
            raise SettingError(
                f"AutodiffGaussNewton: {name} is a setting of differences, and this Jacobian is exact: leave it out, "
                "or take LevenbergMarquardt."
            )

    def fitted(self, noise: float) -> AutodiffGaussNewton:
        """The same: an exact Jacobian has no perturbations."""
        return self

    def jacobian(
        self, objective: Objective, theta: torch.Tensor, outputs: torch.Tensor, indices: torch.Tensor | None = None
    ) -> torch.Tensor:
        """∂r/∂θ by back-propagation, (M, n).

        Args:
            objective: answers for its current points, with torch operations.
            theta: where, (d,).
            outputs: r(θ), (M,); its graph was not kept, so that it is computed again.
            indices: the n coordinates, all d of them by default.

        Raises:
            SettingError: the residuals carry no autograd graph.
        """
        with torch.inference_mode(False), torch.enable_grad():
            at = theta.detach().clone().requires_grad_()
            values = objective.outputs(at[None])[0]
            if not values.requires_grad:
                raise SettingError(
                    "AutodiffGaussNewton needs residuals made of torch operations, but these carry no autograd graph "
                    "(a black box, or a function that leaves torch): take LevenbergMarquardt, which needs values only."
                )
            at_once = max(1, min(self.max_batch, NODES // max(1, objective.evaluations_per_query)))
            if at_once == 1:
                rows = [torch.autograd.grad(v, at, retain_graph=True, materialize_grads=True)[0] for v in values]
                jacobian = torch.stack(rows)
            else:
                parts = []
                for rows in torch.eye(len(values), dtype=values.dtype, device=values.device).split(at_once):
                    (part,) = torch.autograd.grad(
                        values, at, rows, retain_graph=True, is_grads_batched=True, materialize_grads=True
                    )
                    parts.append(part)
                jacobian = torch.cat(parts)
        return jacobian if indices is None else jacobian[:, indices]
