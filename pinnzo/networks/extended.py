"""A network beside whose parameters there are others, which it does not depend on."""

from __future__ import annotations

from collections.abc import Callable

import torch

from pinnzo.networks.base import BoundNetwork, Network, Sweep


class ExtendedNetwork(Network):
    """A network whose θ has further entries at its end, such as the unknown coefficients of an equation.

    Args:
        network: which sees all parameters but the last ones.
        count: of further parameters; they begin at 0.
    """

    def __init__(self, network: Network, count: int) -> None:
        self.network, self.count = network, count
        self.inputs, self.outputs, self.width = network.inputs, network.outputs, network.width
        self.parameter_count = network.parameter_count + count

    @property
    def blocks(self) -> tuple[slice, ...]:
        """Those of the network, and the further parameters."""
        return (*self.network.blocks, slice(self.network.parameter_count, self.parameter_count))

    def initial(self, generator: torch.Generator, dtype: torch.dtype) -> torch.Tensor:
        """The network's own initial parameters, and zeros."""
        theta = self.network.initial(generator, dtype)
        return torch.cat([theta, theta.new_zeros(self.count)])

    def bind(self, theta: torch.Tensor) -> BoundNetwork:
        """Fill in K parameter vectors, ``theta`` of shape (K, d)."""
        return self.network.bind(theta[:, : self.network.parameter_count])

    def sweep(self, theta: torch.Tensor, indices: torch.Tensor, step: float) -> Sweep | None:
        """The network's changes, which are 0 for further parameters; see ``Network.sweep``."""
        own = indices < self.network.parameter_count
        # Without any parameter of the network, one of them stands for how it is swept.
        some = indices[own] if bool(own.any()) else torch.zeros_like(indices[:1])
        sweep = self.network.sweep(theta[: self.network.parameter_count], some, step)
        return sweep if sweep is None or bool(own.all()) else _PartlyZero(sweep, own, self.outputs)


class _PartlyZero(Sweep):
    """The changes of a sweep in some places, and zero in the others."""

    def __init__(self, sweep: Sweep, own: torch.Tensor, outputs: int) -> None:
        self._sweep, self._own, self.outputs = sweep, own, outputs
        self.width, self.inner = sweep.width, sweep.inner

    def values(self, x: torch.Tensor) -> torch.Tensor:
        return self._filled(x, (len(x),), lambda: self._sweep.values(x))

    def values_at(self, x: torch.Tensor, nodes: torch.Tensor) -> torch.Tensor:
        return self._filled(x, (len(x), len(nodes)), lambda: self._sweep.values_at(x, nodes))

    def sums_at(self, x: torch.Tensor, nodes: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        return self._filled(x, (len(x), weights.shape[2]), lambda: self._sweep.sums_at(x, nodes, weights))

    def _filled(self, x: torch.Tensor, shape: tuple[int, ...], changes: Callable[[], torch.Tensor]) -> torch.Tensor:
        values = x.new_zeros(len(self._own), *shape, self.outputs)
        if bool(self._own.any()):
            values[self._own] = changes()
        return values
