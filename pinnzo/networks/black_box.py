"""A function that only answers forward queries, as a network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from pinnzo.checks import check_flags
from pinnzo.errors import SettingError
from pinnzo.networks.base import BoundNetwork, Network
from pinnzo.networks.modules import as_columns


@dataclass(frozen=True, eq=False)
class BlackBox:
    """Anything that maps parameters and points to values: a simulator, a device, another framework.

    Args:
        values: ``values(theta, x)`` with theta (d,) and x (P, D) returns (P,), (P, 1) or (P, outputs), as a
            tensor or a NumPy array. It is called once for each parameter vector.
        theta: the initial parameters, (d,).
        numpy: pass ``theta`` and ``x`` as NumPy arrays instead of tensors.
        width: numbers that one evaluation holds at once; callers choose the size of their batches by it.

    Raises:
        SettingError: ``values`` cannot be called or ``theta`` is no vector.

    Example:
        >>> box = BlackBox(lambda theta, x: np.tanh(x @ theta), theta=np.ones(3), numpy=True)
        >>> network = box.build(inputs=3)
        >>> network.values(torch.ones(3, dtype=torch.float64), torch.zeros(5, 3, dtype=torch.float64)).shape
        torch.Size([5, 1])
    """

    values: Callable[[Any, Any], Any]
    theta: Any = field(repr=False)
    numpy: bool = False
    width: int = 64

    def __post_init__(self) -> None:
        if not callable(self.values):
            raise SettingError(f"values={self.values!r} cannot be called: pass a function values(theta, x).")
        check_flags("BlackBox", numpy=self.numpy)
        try:
            theta = torch.as_tensor(self.theta)
        except (TypeError, ValueError, RuntimeError) as error:
            raise SettingError(f"theta is no vector of numbers: {error}.") from None
        if theta.ndim != 1 or theta.numel() == 0:
            raise SettingError(f"theta has shape {tuple(theta.shape)}: pass the initial parameters as a vector (d,).")
        if not theta.is_floating_point():
            theta = theta.double()
        object.__setattr__(self, "theta", theta.detach().clone())
        if not isinstance(self.width, int) or self.width < 1:
            raise SettingError(f"width={self.width!r} must be a positive whole number.")

    @property
    def parameter_count(self) -> int:
        """Length of θ."""
        return self.theta.numel()

    def build(self, inputs: int | None = None, scaling: object = None) -> BlackBoxNetwork:
        """Make the network; ``scaling`` is ignored. See ``NetworkSettings.build``.

        Raises:
            SettingError: the number of inputs is missing.
        """
        del scaling
        if inputs is None:
            raise SettingError("the number of inputs of a black box is not known: give inputs=.")
        return BlackBoxNetwork(self, inputs)


class BlackBoxNetwork(Network):
    """A black box with a known number of inputs."""

    def __init__(self, box: BlackBox, inputs: int) -> None:
        self.box = box
        self.inputs = inputs
        self.parameter_count = box.parameter_count
        self.width = box.width
        points = torch.zeros(2, inputs, dtype=box.theta.dtype, device=box.theta.device)
        self.outputs = self.query(box.theta, points).shape[1]

    def initial(self, generator: torch.Generator, dtype: torch.dtype) -> torch.Tensor:
        """A copy of the initial parameters that were given (d,); nothing is drawn."""
        return self.box.theta.to(generator.device, dtype, copy=True)

    def bind(self, theta: torch.Tensor) -> BoundBlackBox:
        """Fill in K parameter vectors, ``theta`` of shape (K, d)."""
        return BoundBlackBox(self, theta)

    def query(self, theta: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        """Ask for the values of one parameter vector: (P, outputs) in the type of ``x``."""
        if self.box.numpy:
            answer = self.box.values(theta.numpy(force=True), x.numpy(force=True))
        else:
            answer = self.box.values(theta, x)
        if isinstance(answer, np.ndarray):
            answer = torch.from_numpy(np.ascontiguousarray(answer))
        return as_columns(answer, x, "the black box").to(x)


class BoundBlackBox(BoundNetwork):
    """A black box with K parameter vectors filled in."""

    def __init__(self, network: BlackBoxNetwork, theta: torch.Tensor) -> None:
        self.network = network
        self.theta = theta

    def values(self, x: torch.Tensor) -> torch.Tensor:
        """Evaluate at points ``x`` of shape (P, D); returns (K, P, outputs)."""
        return torch.stack([self.network.query(theta, x) for theta in self.theta])
