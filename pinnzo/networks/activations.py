"""Activation functions by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.nn import functional

from pinnzo.errors import SettingError


@dataclass(frozen=True)
class Activation:
    """A scalar function applied to every hidden unit.

    Attributes:
        name: what the settings call it.
        function: maps a tensor to a new one.
        overwrite: the same, but the result may take its argument's memory; used where no graph is recorded.
        gain: variance of the weights times the number of inputs that keeps the scale of the signal.
    """

    name: str
    function: Callable[[torch.Tensor], torch.Tensor]
    overwrite: Callable[[torch.Tensor], torch.Tensor]
    gain: float = 1.0

    def __call__(self, h: torch.Tensor) -> torch.Tensor:
        """Apply the function; ``h`` itself may be overwritten when autograd is off."""
        return self.function(h) if torch.is_grad_enabled() else self.overwrite(h)


def _same(h: torch.Tensor) -> torch.Tensor:
    return h


# relu has no second derivative: it serves classification, not equations of second order.
_ACTIVATIONS = {
    activation.name: activation
    for activation in (
        Activation("sine", torch.sin, torch.sin_),
        Activation("tanh", torch.tanh, torch.tanh_),
        Activation("gelu", functional.gelu, functional.gelu, gain=2.0),
        Activation("silu", functional.silu, lambda h: functional.silu(h, inplace=True), gain=2.0),
        Activation("softplus", functional.softplus, functional.softplus, gain=2.0),
        Activation("relu", torch.relu, torch.relu_, gain=2.0),
        Activation("identity", _same, _same),
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
