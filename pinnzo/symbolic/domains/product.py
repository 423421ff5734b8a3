"""Domains of different variables, joined."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import sympy as sp
import torch

from pinnzo.errors import DeclarationError
from pinnzo.symbolic.domains.base import Domain
from pinnzo.symbolic.domains.gaussian import Gaussian


class Product(Domain):
    """The product of domains in different variables, sampled independently; written ``a * b``."""

    def __init__(self, *factors: Domain) -> None:
        self._factors = factors
        self.variables = tuple(s for factor in factors for s in factor.variables)
        twice = sorted({str(s) for s in self.variables if self.variables.count(s) > 1})
        if twice:
            raise DeclarationError(f"Both factors of a product domain contain {', '.join(twice)}: name it in one only.")
        self._intervals = {s: ends for f in factors for s, ends in f.intervals.items()}
        self.bounded = all(f.bounded for f in factors)
        self.convex = all(f.convex for f in factors)
        self.rejects = any(f.rejects for f in factors)
        self.acceptance = math.prod(f.acceptance for f in factors)

    @property
    def factors(self) -> tuple[Domain, ...]:
        """The domains that this one is a product of."""
        return self._factors

    @property
    def intervals(self) -> dict[sp.Symbol, tuple[float, float]]:
        """Those of all factors."""
        return self._intervals

    @property
    def hull(self) -> Domain:
        """The product of the hulls."""
        return Product(*(f.hull for f in self._factors)) if self.rejects else self

    @property
    def uniforms(self) -> int:
        """Those of all factors, one after the other."""
        return sum(f.uniforms for f in self._factors)

    def from_uniform(self, unit: torch.Tensor) -> torch.Tensor:
        parts = unit.split([f.uniforms for f in self._factors], dim=1)
        return self._joined([f.from_uniform(part) for f, part in zip(self._factors, parts, strict=True)])

    def sample(self, count: int, generator: torch.Generator, dtype: torch.dtype = torch.float64) -> torch.Tensor:
        return self._joined([factor.sample(count, generator, dtype) for factor in self._factors])

    def accepts(self, points: torch.Tensor) -> torch.Tensor:
        return self._all(points, lambda factor, own: factor.accepts(own))

    def inside(self, points: torch.Tensor, margin: float = 0.0) -> torch.Tensor:
        return self._all(points, lambda factor, own: factor.inside(own, margin))

    def scale(self) -> tuple[tuple[float, float], ...]:
        return tuple(interval for factor in self._factors for interval in factor.scale())

    def middle(self) -> tuple[float, ...]:
        return tuple(mean for factor in self._factors for mean in factor.middle())

    def _joined(self, columns: Sequence[torch.Tensor]) -> torch.Tensor:
        """The points of all factors side by side, those of a Brownian motion contracted by its time."""
        points = torch.cat(list(columns), dim=1)
        for factor, own in zip(self._factors, columns, strict=True):
            if isinstance(factor, Gaussian) and factor.time is not None:
                low, high = self._intervals[factor.time]
                elapsed = (points[:, [self.variables.index(factor.time)]] - low) / (high - low)
                own.sub_(factor.mean).mul_(elapsed.sqrt()).add_(factor.mean)
        return torch.cat(list(columns), dim=1)

    def _all(self, points: torch.Tensor, test: Callable[[Domain, torch.Tensor], torch.Tensor]) -> torch.Tensor:
        parts = points.split([f.dimension for f in self._factors], dim=1)
        return torch.stack([test(f, own) for f, own in zip(self._factors, parts, strict=True)]).all(0)

    def __repr__(self) -> str:
        return " * ".join(map(repr, self._factors))
