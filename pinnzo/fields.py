"""Scalar functions of points that estimators differentiate: the network f, and the whole solution u = A + B f.

Those of K networks with C outputs are K·C functions, the outputs of one network next to each other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from pinnzo.networks.base import BoundNetwork, Neighbourhood, Sweep

AnsatzFunction = Callable[[torch.Tensor], "tuple[torch.Tensor, torch.Tensor]"]


@dataclass(frozen=True, eq=False)
class NetworkField:
    """K networks with C outputs each.

    Attributes:
        bound: the networks.
        layer_width: their widest layer.
        count: the number K·C of functions.
    """

    bound: BoundNetwork
    layer_width: int
    count: int = 1

    @property
    def width(self) -> int:
        """Numbers that one point takes: networks are evaluated one group after the other, their values stay."""
        return max(self.layer_width, self.count)

    @property
    def kept(self) -> int:
        """Hidden units of a layer, of all networks."""
        return self.layer_width * self.count

    def values(self, x: torch.Tensor) -> torch.Tensor:
        """F at points x (P, D): (K·C, P)."""
        return flat(self.bound.values(x))

    def values_at(self, x: torch.Tensor, nodes: torch.Tensor) -> torch.Tensor:
        """F at x_p + δ_j, nodes (J, D): (K·C, P, J)."""
        return flat(self.bound.values_at(x, nodes))

    def around(self, x: torch.Tensor, pairs: int) -> NetworkChanges | None:
        """F near points x (P, D), where there is a better way to its changes than to subtract values."""
        parts = self.bound.around(x, pairs)
        return None if parts is None else NetworkChanges(parts)


@dataclass(frozen=True, eq=False)
class NetworkSweep(NetworkField):
    """The changes of networks by perturbed parameters; ``bound`` is a sweep."""

    bound: Sweep

    def inner(self, nodes: int, rows: int) -> int | None:
        """Numbers that one point takes while sums are made."""
        return max(self.count * rows // 8, self.bound.inner * nodes)

    def sums_at(self, x: torch.Tensor, nodes: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """The sums Σ_j w_jr f(x_p + δ_j), weights (J, R): (K·C, P, R)."""
        return flat(self.bound.sums_at(x, nodes, weights.expand(len(x), *weights.shape)))


class NetworkChanges:
    """K networks near points, in groups; see ``FieldChanges`` for the methods."""

    def __init__(self, parts: Sequence[Neighbourhood]) -> None:
        self._parts = parts
        self.values = _joined([part.values for part in parts])

    def prepare(self, nodes: torch.Tensor) -> list[Any]:
        """What is needed of nodes (J, D)."""
        return [part.prepare(nodes) for part in self._parts]

    def changes(self, points: slice, steps: list[Any]) -> torch.Tensor:
        """The changes at some of the points by prepared nodes: (K·C, points, J)."""
        return _joined([part.changes(points, some) for part, some in zip(self._parts, steps, strict=True)])


def flat(values: torch.Tensor) -> torch.Tensor:
    """The outputs (K, …, C) of all networks as functions, (K·C, …)."""
    return values[..., 0] if values.shape[-1] == 1 else values.movedim(-1, 1).flatten(0, 1)


def as_columns(values: torch.Tensor) -> torch.Tensor:
    """Functions (C, N) as users see them: (N,) if there is one, else (N, C)."""
    return values[0] if len(values) == 1 else values.T


def _joined(groups: list[torch.Tensor]) -> torch.Tensor:
    return flat(groups[0] if len(groups) == 1 else torch.cat(groups))


def _with(parts: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """A or B of each unknown function, (C, …), for each of K·C functions with values (K·C, …)."""
    return parts if len(parts) == 1 else parts.repeat(len(values) // len(parts), *(1,) * (parts.ndim - 1))


@dataclass(frozen=True, eq=False)
class SolutionField:
    """K solutions u = A + B f.

    Attributes:
        network: the networks f.
        ansatz: A and B of each unknown function, each (C, ...), as a function of points (..., D).
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
        values = self.network.values(x)
        return _with(A, values) + _with(B, values) * values

    def values_at(self, x: torch.Tensor, nodes: torch.Tensor) -> torch.Tensor:
        """U at x_p + δ_j, nodes (J, D): (K, P, J)."""
        A, B = self.ansatz(x[:, None, :] + nodes)
        values = self.network.values_at(x, nodes)
        return _with(A, values) + _with(B, values) * values

    @property
    def kept(self) -> int:
        """Hidden units of a layer, of all networks."""
        return self.network.kept

    def around(self, x: torch.Tensor, pairs: int) -> SolutionChanges | None:
        """U near points x (P, D), where there is a better way to its changes than to subtract values."""
        network = self.network.around(x, pairs)
        return None if network is None else SolutionChanges(network, self.ansatz, x)


class SolutionChanges:
    """K solutions near points: changes ΔA + f ΔB + (B + ΔB) Δf; see ``FieldChanges`` for the methods."""

    def __init__(self, network: NetworkChanges, ansatz: AnsatzFunction, x: torch.Tensor) -> None:
        self._network, self._ansatz, self._x = network, ansatz, x
        self._A, self._B = (_with(part, network.values) for part in ansatz(x))
        self.values = self._A + self._B * network.values

    def prepare(self, nodes: torch.Tensor) -> tuple[torch.Tensor, list[Any]]:
        """What is needed of nodes (J, D)."""
        return nodes, self._network.prepare(nodes)

    def changes(self, points: slice, steps: tuple[torch.Tensor, list[Any]]) -> torch.Tensor:
        """The changes at some of the points by prepared nodes: (K, points, J)."""
        values = self._network.values[:, points, None]
        A, B = (_with(part, values) for part in self._ansatz(self._x[points, None, :] + steps[0]))
        known = (A - self._A[:, points, None]) + (B - self._B[:, points, None]) * values
        return known + B * self._network.changes(points, steps[1])


@dataclass(frozen=True, eq=False)
class SolutionChange:
    """The changes B Δf of the solution u = A + B f by changes Δf of the network.

    Attributes:
        network: the changes Δf.
        ansatz: as for ``SolutionField``.
    """

    network: NetworkSweep
    ansatz: AnsatzFunction

    @property
    def width(self) -> int:
        """Numbers that one point takes."""
        return self.network.width

    def inner(self, nodes: int, rows: int) -> int | None:
        """Numbers that one point takes while sums are made; the unknowns of a system would need sums of their own."""
        return self.network.inner(nodes, rows) if self.network.bound.outputs == 1 else None

    def sums_at(self, x: torch.Tensor, nodes: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """The sums Σ_j w_jr B(x_p + δ_j) Δf(x_p + δ_j), weights (J, R): (K, P, R)."""
        _, B = self.ansatz(x[:, None, :] + nodes)
        return flat(self.network.bound.sums_at(x, nodes, B[0, :, :, None] * weights))

    def values(self, x: torch.Tensor) -> torch.Tensor:
        """The changes at points x (P, D): (K, P)."""
        values = self.network.values(x)
        return _with(self.ansatz(x)[1], values) * values

    def values_at(self, x: torch.Tensor, nodes: torch.Tensor) -> torch.Tensor:
        """The changes at x_p + δ_j, nodes (J, D): (K, P, J)."""
        values = self.network.values_at(x, nodes)
        return _with(self.ansatz(x[:, None, :] + nodes)[1], values) * values
