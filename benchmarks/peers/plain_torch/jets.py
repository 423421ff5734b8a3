"""Jets: scalar functions of the points with their gradient and Laplacian, propagated forwards.

Through a network this is the "forward Laplacian" (Li et al. 2024, arXiv 2307.08214): one pass in place of one pass of
reverse mode for every dimension, and what it gives is differentiated in the weights by a single reverse pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Union

import torch
from torch import Tensor

Scalar = Union["Jet", Tensor]


@dataclass(frozen=True)
class Jet:
    """A function's value (N,), gradient in all inputs (N or 1, D) and Laplacian in space, (N,) or a number.

    Attributes:
        space: how many inputs, the first ones, the Laplacian is taken in.
    """

    value: Tensor
    gradient: Tensor
    laplacian: Tensor | float
    space: int

    def __add__(self, other: Jet | float) -> Jet:
        if not isinstance(other, Jet):
            return Jet(self.value + other, self.gradient, self.laplacian, self.space)
        return Jet(
            self.value + other.value, self.gradient + other.gradient, self.laplacian + other.laplacian, self.space
        )

    __radd__ = __add__

    def __mul__(self, other: Jet | float) -> Jet:
        if not isinstance(other, Jet):
            return Jet(self.value * other, self.gradient * other, self.laplacian * other, self.space)
        crossed = (self.gradient[:, : self.space] * other.gradient[:, : self.space]).sum(1)
        return Jet(
            self.value * other.value,
            self.value[:, None] * other.gradient + other.value[:, None] * self.gradient,
            self.value * other.laplacian + other.value * self.laplacian + 2 * crossed,
            self.space,
        )

    __rmul__ = __mul__

    def __neg__(self) -> Jet:
        return self * -1.0

    def __rsub__(self, other: float) -> Jet:
        return -self + other

    def __truediv__(self, other: float) -> Jet:
        return self * (1 / other)

    def exp(self) -> Jet:
        """The exponential."""
        value = self.value.exp()
        return self._chain(value, value, value)

    def log(self) -> Jet:
        """The natural logarithm."""
        inverse = 1 / self.value
        return self._chain(self.value.log(), inverse, -inverse.square())

    def _chain(self, value: Tensor, slope: Tensor, curvature: Tensor) -> Jet:
        steepness = self.gradient[:, : self.space].square().sum(1)
        return Jet(value, slope[:, None] * self.gradient, slope * self.laplacian + curvature * steepness, self.space)


class Coordinates:
    """What an ansatz is made of: functions of the points, as jets or, for reverse mode, as tensors.

    Args:
        points: (N, D), time last where there is one.
        space: how many of the D are space.
        jets: whether derivatives are propagated.
    """

    def __init__(self, points: Tensor, space: int, jets: bool) -> None:
        self.points, self.space, self.jets = points, space, jets

    def __getitem__(self, index: int) -> Scalar:
        """One coordinate; -1 is time."""
        return self._linear(self.points[:, index], [index])

    @property
    def total(self) -> Scalar:
        """The sum of the coordinates in space."""
        return self._linear(self.points[:, : self.space].sum(1), list(range(self.space)))

    @property
    def squared(self) -> Scalar:
        """The square of the norm in space."""
        x = self.points[:, : self.space]
        value = x.square().sum(1)
        if not self.jets:
            return value
        gradient = torch.nn.functional.pad(2 * x, (0, self.points.shape[1] - self.space))
        return Jet(value, gradient, 2.0 * self.space, self.space)

    def _linear(self, value: Tensor, indices: list[int]) -> Scalar:
        if not self.jets:
            return value
        gradient = self.points.new_zeros(1, self.points.shape[1])
        gradient[:, indices] = 1
        return Jet(value, gradient, 0.0, self.space)
