"""The gradient by back-propagation, which only the baselines ask for, and what to say where there is none."""

from __future__ import annotations

import math

import torch

from pinnzo.errors import SettingError

from .base import Objective

REMEDY = "take a trainer that needs forward passes only, such as LevenbergMarquardt or HybridZO."


def exact_gradient(owner: str, objective: Objective, theta: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The loss and its gradient at θ, a leaf (d,) that requires a gradient, with autograd switched on.

    Args:
        owner: the trainer that asks, for messages.
        objective: answers for its current points, with torch operations.
        theta: where.

    Raises:
        SettingError: the loss carries no autograd graph, the way back fails, or nothing comes back that way: the
            gradient is exactly zero in all parameters of a loss that is not.
    """
    loss = objective.losses(theta[None])[0]
    if not loss.requires_grad:
        raise SettingError(
            f"{owner} needs a network made of torch operations, but this one carries no autograd graph (a black box, "
            f"or a module that leaves torch): {REMEDY}"
        )
    try:
        (gradient,) = torch.autograd.grad(loss, theta, materialize_grads=True)
    except MemoryError:
        raise
    except Exception as error:
        told = f"{type(error).__name__}: {error}".removesuffix(": ")
        raise SettingError(
            f"{owner} needs back-propagation through the network, which failed ({told}): {REMEDY}"
        ) from error
    value = float(loss.detach())
    if value > 0 and math.isfinite(value) and not bool(gradient.any()):
        raise SettingError(
            f"{owner}: the gradient by back-propagation is zero in all parameters, at a loss of {value:.3g}. "
            f"Operations such as rounding have no other: {REMEDY}"
        )
    return loss, gradient
