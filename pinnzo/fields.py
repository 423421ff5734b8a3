"""Scalar functions of points that estimators differentiate: the network f, and the whole solution u = A + B f."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from pinnzo.networks.base import BoundNetwork

AnsatzFunction = Callable[[torch.Tensor], "tuple[torch.Tensor, torch.Tensor]"]


@dataclass(frozen=True, eq=False)
class NetworkField:
    """K networks with one output each.

    Attributes:
        bound: the networks.
        layer_width: their widest layer.
        count: the number K.
    """

    bound: BoundNetwork
    layer_width: int
    count: int = 1

    @property
    def width(self) -> int:
        """Numbers that one point takes: networks are evaluated one group after the other, their values stay."""
        return max(self.layer_width, self.count)

    def values(self, x: torch.Tensor) -> torch.Tensor:
        """F at points x (P, D): (K, P)."""
        return self.bound.values(x)[..., 0]

    def values_at(self, x: torch.Tensor, nodes: torch.Tensor) -> torch.Tensor:
        """F at x_p + δ_j, nodes (J, D): (K, P, J)."""
        return self.bound.values_at(x, nodes)[..., 0]

    def changes_at(self, x: torch.Tensor, nodes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor] | None:
        """F at points x (P, D), and what it changes by at x_p + δ_j: (K, P) and (K, P, J), where there is a way."""
        found = self.bound.changes_at(x, nodes)
        return None if found is None else (found[0][..., 0], found[1][..., 0])


@dataclass(frozen=True, eq=False)
class SolutionField:
    """K solutions u = A + B f.

    Attributes:
        network: the networks f.
        ansatz: A and B as a function of points (..., D).
    """

    network: NetworkField
    ansatz: AnsatzFunction

    @property
    def width(self) -> int:
        """Numbers that one point takes."""
        return self.network.width

    def values(self, x: torch.Tensor) -> torch.Tensor:
        """U at points x (P, D): (K, P)."""
        A, B = self.ansatz(x)
        return A + B * self.network.values(x)

    def values_at(self, x: torch.Tensor, nodes: torch.Tensor) -> torch.Tensor:
        """U at x_p + δ_j, nodes (J, D): (K, P, J)."""
        A, B = self.ansatz(x[:, None, :] + nodes)
        return A + B * self.network.values_at(x, nodes)

    def changes_at(self, x: torch.Tensor, nodes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor] | None:
        """U at points x (P, D), and its changes ΔA + f ΔB + (B + ΔB) Δf at x_p + δ_j: (K, P) and (K, P, J)."""
        found = self.network.changes_at(x, nodes)
        if found is None:
            return None
        values, changes = found
        A, B = self.ansatz(x)
        shifted_A, shifted_B = self.ansatz(x[:, None, :] + nodes)
        known = (shifted_A - A[..., None]) + (shifted_B - B[..., None]) * values[..., None]
        return A + B * values, known + shifted_B * changes


@dataclass(frozen=True, eq=False)
class SolutionChange:
    """The changes B Δf of the solution u = A + B f by changes Δf of the network.

    Attributes:
        network: the changes Δf.
        ansatz: A and B as a function of points (..., D).
    """

    network: NetworkField
    ansatz: AnsatzFunction

    @property
    def width(self) -> int:
        """Numbers that one point takes."""
        return self.network.width

    def values(self, x: torch.Tensor) -> torch.Tensor:
        """The changes at points x (P, D): (K, P)."""
        return self.ansatz(x)[1] * self.network.values(x)

    def values_at(self, x: torch.Tensor, nodes: torch.Tensor) -> torch.Tensor:
        """The changes at x_p + δ_j, nodes (J, D): (K, P, J)."""
        return self.ansatz(x[:, None, :] + nodes)[1] * self.network.values_at(x, nodes)
