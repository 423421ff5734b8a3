"""Domains that PINA lacks: a product of two, such as a ball and an interval, and one with a distribution of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from pina import LabelTensor
from pina.domain import BaseDomain
from torch import Tensor


def names(dimension: int) -> list[str]:
    """Of the coordinates in space, in alphabetical order, which PINA sorts them by."""
    return [f"x{i:03d}" for i in range(dimension)]


class Drawn(BaseDomain):
    """A domain whose points a function draws.

    Args:
        variables: the names of the columns.
        draw: gives (N, number of variables).
    """

    _sample_modes = ("random",)

    def __init__(self, variables: Sequence[str], draw: Callable[[int], Tensor]) -> None:
        super().__init__()
        self._names, self._draw = list(variables), draw

    @property
    def variables(self) -> list[str]:
        """The names of the columns."""
        return self._names

    def sample(self, n: int, mode: str = "random", variables: Any = "all") -> LabelTensor:
        """N points."""
        return LabelTensor(self._draw(n), self._names)

    def is_inside(self, point: LabelTensor, check_border: bool = False) -> bool:
        """Not needed for training."""
        raise NotImplementedError

    def partial(self) -> BaseDomain:
        """Not needed for training."""
        raise NotImplementedError


class Product(Drawn):
    """The points of one domain, each with an independent one of another."""

    def __init__(self, first: BaseDomain, second: BaseDomain) -> None:
        super().__init__([*first.variables, *second.variables], self._both)
        self._factors = first, second

    def _both(self, n: int) -> Tensor:
        return torch.cat([factor.sample(n, "random").tensor for factor in self._factors], 1)
