"""What every network looks like from outside: a pure function of a flat parameter vector."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Protocol

import torch

from pinnzo.errors import ShapeError


class Neighbourhood(Protocol):
    """K networks at points x_p, and their changes f(x_p + δ_j) − f(x_p)."""

    values: torch.Tensor
    """The networks at the points, (K, P, outputs)."""

    def prepare(self, nodes: torch.Tensor) -> Any:
        """What is needed of nodes (J, D)."""
        ...

    def changes(self, points: slice, steps: Any) -> torch.Tensor:
        """The changes at some of the points by prepared nodes: (K, points, J, outputs)."""
        ...


class BoundNetwork(ABC):
    """A network with K parameter vectors filled in, ready to be evaluated on many batches of points.

    What depends on the parameters alone (dense matrices from tensor-train cores, say) is computed once, here.
    """

    @abstractmethod
    def values(self, x: torch.Tensor) -> torch.Tensor:
        """Evaluate at points ``x`` of shape (P, D); returns (K, P, outputs)."""

    def values_at(self, x: torch.Tensor, nodes: torch.Tensor) -> torch.Tensor:
        """Evaluate at every point shifted by every node, x_p + δ_j.

        Args:
            x: points, (P, D).
            nodes: shifts, (J, D).

        Returns:
            (K, P, J, outputs)
        """
        shifted = (x[:, None, :] + nodes[None, :, :]).reshape(-1, x.shape[1])
        flat = self.values(shifted)
        return flat.reshape(flat.shape[0], x.shape[0], nodes.shape[0], flat.shape[2])

    def around(self, x: torch.Tensor, pairs: int) -> Sequence[Neighbourhood] | None:
        """What helps with changes near points, if there is a better way to them than to subtract values.

        Args:
            x: points, (P, D).
            pairs: how many pairs of a point and a node a call will have at most.

        Returns:
            For each group of the K networks, one after the other, what its changes are computed from; None where
            values have to be subtracted.
        """
        return None


class Sweep(BoundNetwork):
    """Changes of a network by perturbed parameters; a result lives until the next call from the same thread.

    Attributes:
        width: numbers that one point takes at the same time, beside the result; callers size their tiles by it.
        inner: numbers that one point and node take while sums are made.
        outputs: components of each change.
    """

    width: int
    inner: int
    outputs: int

    def sums_at(self, x: torch.Tensor, nodes: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """The sums Σ_j w_pjr of the changes at x_p + δ_j.

        Args:
            x: points, (P, D).
            nodes: shifts, (J, D).
            weights: w_pjr, (P, J, R).

        Returns:
            (K, P, R, outputs)
        """
        return torch.einsum("kpjo,pjr->kpro", self.values_at(x, nodes), weights)


class WeightedChanges(Protocol):
    """Changes of a network by perturbed parameters, of which each point asks for weighted sums of the outputs."""

    width: int
    """Numbers that one point takes at the same time; callers size their tiles by it."""

    def values(self, x: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """At points ``x`` (P, D) for R weight vectors a point, (R, P, outputs): (R, P, K)."""
        ...


class Network(ABC):
    """A function of points and of a flat parameter vector θ; it holds no parameters itself.

    Attributes:
        inputs: the number of input coordinates D.
        outputs: the number of output components.
        parameter_count: the length d of θ.
        width: the widest layer, in units; callers size their tiles by it.
        noise: the standard deviation of the noise of a value, for a network that is a device.
    """

    inputs: int
    outputs: int
    parameter_count: int
    width: int
    noise: float = 0.0

    @abstractmethod
    def initial(self, generator: torch.Generator, dtype: torch.dtype) -> torch.Tensor:
        """Draw an initial θ of shape (d,) on the generator's device."""

    @abstractmethod
    def bind(self, theta: torch.Tensor) -> BoundNetwork:
        """Fill in K parameter vectors, ``theta`` of shape (K, d)."""

    @property
    def blocks(self) -> tuple[slice, ...]:
        """Parts of θ that belong together, such as a layer's bias or a tensor-train core."""
        return (slice(0, self.parameter_count),)

    def sweep(self, theta: torch.Tensor, indices: torch.Tensor, step: float) -> Sweep | None:
        """The changes f(x; θ + μ e_i) − f(x; θ) for many coordinates, if there is a cheap way to them.

        Args:
            theta: θ, (d,).
            indices: the coordinates i, (K,), without repetition.
            step: μ, of either sign.

        Returns:
            The changes, as if they were K networks; None where each perturbed network has to be evaluated in full.
        """
        return None

    def weighted_sweep(self, theta: torch.Tensor, indices: torch.Tensor, step: float) -> WeightedChanges | None:
        """The changes of a weighted sum of the outputs by many coordinates, if there is a cheaper way than ``sweep``.

        Args:
            theta: θ, (d,).
            indices: the coordinates i, (K,), without repetition.
            step: μ, of either sign.
        """
        return None

    def values(self, theta: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        """Evaluate the network.

        Args:
            theta: one parameter vector (d,), or K of them (K, d).
            x: points, (P, D).

        Returns:
            (P, outputs) for one parameter vector, (K, P, outputs) for K.

        Raises:
            ShapeError: an argument has another shape.
        """
        if theta.ndim not in (1, 2) or theta.shape[-1] != self.parameter_count:
            raise ShapeError(
                f"theta has shape {tuple(theta.shape)}, but this network has {self.parameter_count} "
                f"parameters: pass ({self.parameter_count},) or (K, {self.parameter_count})."
            )
        if x.ndim != 2 or x.shape[1] != self.inputs:
            raise ShapeError(
                f"x has shape {tuple(x.shape)}, but this network takes points of shape (P, {self.inputs})."
            )
        out = self.bind(torch.atleast_2d(theta)).values(x)
        return out[0] if theta.ndim == 1 else out
