"""All of space."""

from __future__ import annotations

from typing import Any

import sympy as sp
import torch

from pinnzo.errors import DeclarationError
from pinnzo.symbolic.domains.base import Domain, distinct_symbols, finite_number
from pinnzo.symbolic.domains.spheres import normal_quantiles


class Gaussian(Domain):
    """All of space, sampled from independent normal distributions N(mean, std²).

    Args:
        x: its coordinates.
        mean: of every coordinate.
        std: of every coordinate, greater than 0.
        time: a coordinate of a box that this domain is joined with. The variance then grows in proportion to it, from
            0 at the beginning of its range to std² at the end: the points of a Brownian motion that starts at the
            mean, which is where optimal control and finance ask for solutions.

    Raises:
        DeclarationError: ``std`` is not positive, or ``time`` is not another coordinate.

    Example:
        >>> import sympy as sp
        >>> from pinnzo.symbolic import Box, coordinates
        >>> Gaussian(coordinates("x", 3), std=2).scale()[0]
        (-4.0, 4.0)
        >>> t = sp.Symbol("t", real=True)
        >>> path = Gaussian(coordinates("x", 3), std=2, time=t) * Box({t: (0, 1)})
    """

    bounded = False

    def __init__(self, x: Any, mean: float = 0.0, std: float = 1.0, time: sp.Symbol | None = None) -> None:
        self.variables = distinct_symbols(x, "Gaussian")
        self.mean = finite_number(mean, "mean of Gaussian")
        self.std = finite_number(std, "std of Gaussian")
        if self.std <= 0:
            raise DeclarationError(f"std of Gaussian is {self.std}: it must be greater than 0.")
        if time is not None and (not isinstance(time, sp.Symbol) or time in self.variables):
            raise DeclarationError(f"time of Gaussian is {time!r}: give the symbol of another coordinate, such as t.")
        self.time = time

    def from_uniform(self, unit: torch.Tensor) -> torch.Tensor:
        return self.mean + self.std * normal_quantiles(unit)

    def sample(self, count: int, generator: torch.Generator, dtype: torch.dtype = torch.float64) -> torch.Tensor:
        normal = torch.randn(count, self.dimension, generator=generator, dtype=dtype, device=generator.device)
        return self.mean + self.std * normal

    def inside(self, points: torch.Tensor, margin: float = 0.0) -> torch.Tensor:
        return points.isfinite().all(1)

    def scale(self) -> tuple[tuple[float, float], ...]:
        return ((self.mean - 2 * self.std, self.mean + 2 * self.std),) * self.dimension

    def __repr__(self) -> str:
        time = "" if self.time is None else f", time={self.time}"
        return f"Gaussian({self.variables}, mean={self.mean}, std={self.std}{time})"
