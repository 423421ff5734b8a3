"""A product of intervals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy as sp
import torch

from pinnzo.errors import DeclarationError
from pinnzo.symbolic.domains.base import Domain, Part, distinct_symbols, finite_number


class Box(Domain):
    """A product of intervals, sampled uniformly.

    Args:
        ranges: a mapping from a coordinate, or a tuple of coordinates, to (low, high).

    Raises:
        DeclarationError: a range is empty, unbounded or not a pair, or a coordinate occurs twice.

    Example:
        >>> import sympy as sp
        >>> from pinnzo.symbolic import coordinates
        >>> x, t = coordinates("x", 2), sp.Symbol("t", real=True)
        >>> Box({x: (0, 1), t: (0, 2)})
        Box({x1: (0.0, 1.0), x2: (0.0, 1.0), t: (0.0, 2.0)})
    """

    def __init__(self, ranges: Mapping[Any, tuple[Any, Any]]) -> None:
        intervals: dict[sp.Symbol, tuple[float, float]] = {}
        if not isinstance(ranges, Mapping) or not ranges:
            raise DeclarationError("Box needs a mapping {coordinate: (low, high)} with at least one entry.")
        for key, bounds in ranges.items():
            try:
                low_value, high_value = bounds
            except (TypeError, ValueError):
                raise DeclarationError(f"The range of {key} in Box is {bounds!r}: give a pair (low, high).") from None
            low = finite_number(low_value, f"The low end of {key}")
            high = finite_number(high_value, f"The high end of {key}")
            if low >= high:
                raise DeclarationError(f"The range of {key} in Box is ({low}, {high}): low must be less than high.")
            for symbol in distinct_symbols(key, "Box"):
                if symbol in intervals:
                    raise DeclarationError(f"Box names {symbol} twice: give each coordinate one range.")
                intervals[symbol] = (low, high)
        self.variables = tuple(intervals)
        self._intervals = intervals

    @property
    def intervals(self) -> dict[sp.Symbol, tuple[float, float]]:
        """The range of each coordinate."""
        return self._intervals

    def from_uniform(self, unit: torch.Tensor) -> torch.Tensor:
        low, high = self._ends(unit)
        return low + (high - low) * unit

    def inside(self, points: torch.Tensor, margin: float = 0.0) -> torch.Tensor:
        low, high = self._ends(points)
        return ((points - low >= margin) & (high - points >= margin)).all(1)

    def scale(self) -> tuple[tuple[float, float], ...]:
        return tuple(self._intervals.values())

    @property
    def boundary_uniforms(self) -> int:
        """One number chooses the face."""
        return 1 + self.dimension

    @property
    def log_boundary_area(self) -> float:
        """Of all 2D faces."""
        extents = torch.tensor([high - low for low, high in self.scale()], dtype=torch.float64)
        return float(extents.log().sum() + (2 / extents).sum().log())

    def boundary_from_uniform(self, unit: torch.Tensor) -> torch.Tensor:
        low, high = self._ends(unit)
        points = self.from_uniform(unit[:, 1:])
        # The area of a face is the volume divided by the extent across it.
        areas = (1 / (high - low)).repeat_interleave(2)
        face = chosen(areas, unit[:, 0])
        axis, rows = face // 2, torch.arange(len(points), device=unit.device)
        points[rows, axis] = torch.where(face % 2 == 1, high[axis], low[axis])
        return points

    def nearest(self, points: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        low, high = self._ends(points)
        depth = torch.stack([points - low, high - points], dim=2).flatten(1)
        outside = (-depth).clamp(min=0).sum(1)
        distance, face = depth.abs().min(1)
        normals = torch.zeros_like(points)
        normals.scatter_(1, (face // 2)[:, None], (2.0 * (face % 2) - 1).to(points.dtype)[:, None])
        return torch.maximum(distance, outside), normals

    def boundary_parts(self) -> list[Part]:
        ends = [(sp.nsimplify(low), sp.nsimplify(high)) for low, high in self.scale()]
        depths = [d for s, (low, high) in zip(self.variables, ends, strict=True) for d in (s - low, high - s)]
        outside = sp.Add(*(sp.Max(-d, 0) for d in depths))
        parts = []
        for i, depth in enumerate(depths):
            normal = [sp.Integer(0)] * self.dimension
            normal[i // 2] = sp.Integer(1 if i % 2 else -1)
            parts.append((sp.Abs(depth) + outside - sp.Max(-depth, 0), tuple(normal)))
        return parts

    def _ends(self, like: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        low, high = torch.tensor(self.scale(), dtype=like.dtype, device=like.device).T
        return low, high

    def __repr__(self) -> str:
        return "Box({" + ", ".join(f"{s}: {bounds}" for s, bounds in self._intervals.items()) + "})"


def chosen(weights: torch.Tensor, unit: torch.Tensor) -> torch.Tensor:
    """Which of several parts a number of the unit interval falls into, if they divide it by their weights: (N,).

    Example:
        >>> chosen(torch.tensor([1.0, 3.0]), torch.tensor([0.2, 0.3]))
        tensor([0, 1])
    """
    ends = weights.cumsum(0) / weights.sum()
    return torch.searchsorted(ends, unit.contiguous(), right=True).clamp(max=len(weights) - 1)
