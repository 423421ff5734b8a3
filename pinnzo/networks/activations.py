"""Activation functions by name."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch.nn import functional

from pinnzo.errors import SettingError
from pinnzo.networks.changes import Change, TanhChange

Increment: TypeAlias = Callable[[torch.Tensor, torch.Tensor, float], "tuple[torch.Tensor, torch.Tensor]"]
"""From z, σ(z) and η to (a, b): σ(z + ε) − σ(z) = (a + b ε) ε, exact at ε = ±η and for smaller ε up to O(η³)."""


@dataclass(frozen=True)
class Activation:
    """A scalar function applied to every hidden unit.

    Attributes:
        name: what the settings call it.
        function: maps a tensor to a new one.
        overwrite: the same, but the result may take its argument's memory; used where no graph is recorded.
        gain: variance of the weights times the number of inputs that keeps the scale of the signal.
        increment: its small changes as parabolas; None where it has kinks, which no parabola follows.
        change: its changes without a subtraction, where there is a way that is no slower than the function.
    """

    name: str
    function: Callable[[torch.Tensor], torch.Tensor]
    overwrite: Callable[[torch.Tensor], torch.Tensor]
    gain: float = 1.0
    increment: Increment | None = None
    change: type[Change] | None = None

    def __call__(self, h: torch.Tensor) -> torch.Tensor:
        """Apply the function; ``h`` itself may be overwritten when autograd is off."""
        return self.function(h) if torch.is_grad_enabled() else self.overwrite(h)


def _same(h: torch.Tensor) -> torch.Tensor:
    return h


def _interpolated(function: Callable[[torch.Tensor], torch.Tensor]) -> Increment:
    """The parabola through the function's values at z − η, z and z + η."""

    def increment(z: torch.Tensor, h: torch.Tensor, eta: float) -> tuple[torch.Tensor, torch.Tensor]:
        above, below = function(z + eta) - h, function(z - eta) - h
        return (above - below) / (2 * eta), (above + below) / (2 * eta**2)

    return increment


# The addition theorems give the values at z ± η without evaluating the function again, and their differences without
# the rounding of a subtraction.
def _sine_increment(z: torch.Tensor, h: torch.Tensor, eta: float) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.cos(z) * (math.sin(eta) / eta), h * (-2 * (math.sin(eta / 2) / eta) ** 2)


def _tanh_increment(z: torch.Tensor, h: torch.Tensor, eta: float) -> tuple[torch.Tensor, torch.Tensor]:
    slope = math.tanh(eta) / eta
    square = h.square()
    a = (1 - square) * slope / (1 - square * (slope * eta) ** 2)
    return a, -slope * h * a


def _identity_increment(z: torch.Tensor, h: torch.Tensor, eta: float) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.ones_like(z), torch.zeros_like(z)


# relu has no second derivative: it serves classification, not equations of second order.
_ACTIVATIONS = {
    activation.name: activation
    for activation in (
        Activation("sine", torch.sin, torch.sin_, increment=_sine_increment),
        Activation("tanh", torch.tanh, torch.tanh_, increment=_tanh_increment, change=TanhChange),
        Activation("gelu", functional.gelu, functional.gelu, 2.0, _interpolated(functional.gelu)),
        Activation(
            "silu", functional.silu, lambda h: functional.silu(h, inplace=True), 2.0, _interpolated(functional.silu)
        ),
        Activation("softplus", functional.softplus, functional.softplus, 2.0, _interpolated(functional.softplus)),
        Activation("relu", torch.relu, torch.relu_, gain=2.0),
        Activation("identity", _same, _same, increment=_identity_increment),
    )
}


def activation_names() -> tuple[str, ...]:
    """The names that settings accept."""
    return tuple(_ACTIVATIONS)


def activation(name: str) -> Activation:
    """Look an activation function up.

    Raises:
        SettingError: there is none of this name.

    Example:
        >>> activation("sine").name
        'sine'
    """
    found = _ACTIVATIONS.get(name) if isinstance(name, str) else None
    if found is None:
        raise SettingError(f"activation={name!r} is unknown: choose one of {', '.join(_ACTIVATIONS)}.")
    return found
