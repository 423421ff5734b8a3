"""A triangle, a tetrahedron, and so on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import sympy as sp
import torch

from pinnzo.checks import entries_of
from pinnzo.errors import DeclarationError
from pinnzo.symbolic.domains.base import Domain, Part, distinct_symbols, finite_number
from pinnzo.symbolic.domains.box import chosen


class Simplex(Domain):
    """The simplex x_i ≥ 0, Σ x_i ≤ size, or the one with given vertices, sampled uniformly.

    In barycentric coordinates x = Σ_k λ_k v_k it is λ ≥ 0; uniform λ are the gaps between D sorted uniform numbers
    (Devroye 1986, Non-Uniform Random Variate Generation, V.2).

    Args:
        x: its D coordinates.
        size: of the standard simplex, greater than 0.
        vertices: D + 1 points of D numbers, in place of the standard simplex.

    Raises:
        DeclarationError: the size is not positive, or the vertices have another shape or lie in one plane.

    Example:
        >>> from pinnzo.symbolic import coordinates
        >>> triangle = Simplex(coordinates("x", 2), vertices=[(0, 0), (2, 0), (0, 1)])
        >>> triangle.contains([[0.9, 0.5], [1.1, 0.5]])
        tensor([ True, False])
    """

    def __init__(self, x: Any, size: float = 1.0, vertices: Sequence[Sequence[float]] | None = None) -> None:
        self.variables = distinct_symbols(x, "Simplex")
        d = self.dimension
        if vertices is None:
            length = finite_number(size, "size of Simplex")
            if length <= 0:
                raise DeclarationError(f"size of Simplex is {length}: it must be greater than 0.")
            rows = [(0.0,) * d, *(tuple(length * (i == k) for i in range(d)) for k in range(d))]
        else:
            points = entries_of(vertices)
            if points is None:
                raise DeclarationError(f"vertices of Simplex is {vertices!r}: give a list of points.")
            rows = [entries_of(v) or (v,) for v in points]
            if len(rows) != d + 1 or any(len(row) != d for row in rows):
                raise DeclarationError(
                    f"vertices of Simplex has {len(rows)} points of {sorted({len(row) for row in rows})} numbers: give "
                    f"{d + 1} points of {d} numbers each for the coordinates {', '.join(map(str, self.variables))}."
                )
            length = None
        self.size = length
        numbers = [[finite_number(v, "a vertex of Simplex") for v in row] for row in rows]
        self._vertices = torch.tensor(numbers, dtype=torch.float64)
        edges = self._vertices[1:] - self._vertices[0]
        lengths = edges.norm(dim=1)
        flat = not bool((lengths > 0).all()) or float(torch.linalg.svdvals(edges / lengths[:, None]).min()) < 1e-10
        if flat:
            raise DeclarationError("The vertices of Simplex lie in one plane: its interior would be empty.")

    @property
    def vertices(self) -> tuple[tuple[float, ...], ...]:
        """The D + 1 corners."""
        return tuple(map(tuple, self._vertices.tolist()))

    @cached_property
    def _planes(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Outward unit normals (D + 1, D) and offsets (D + 1,) of the facets n·x = o; facet k is opposite vertex k."""
        ones = torch.ones(self.dimension + 1, 1, dtype=torch.float64)
        # λ = (x, 1) M, so the columns of M hold the gradients of the barycentric coordinates and their constants.
        inverse = torch.linalg.inv(torch.cat([self._vertices, ones], dim=1))
        gradients, constants = inverse[:-1].T, inverse[-1]
        norms = gradients.norm(dim=1)
        return -gradients / norms[:, None], constants / norms

    def from_uniform(self, unit: torch.Tensor) -> torch.Tensor:
        return _gaps(unit) @ self._vertices.to(unit)

    def inside(self, points: torch.Tensor, margin: float = 0.0) -> torch.Tensor:
        # Points of a facet are inside whatever the rounding.
        rounding = 64 * torch.finfo(points.dtype).eps * self.extent
        return (self._depths(points) >= margin - rounding).all(1)

    def scale(self) -> tuple[tuple[float, float], ...]:
        low, high = self._vertices.amin(0).tolist(), self._vertices.amax(0).tolist()
        return tuple(zip(low, high, strict=True))

    def middle(self) -> tuple[float, ...]:
        return tuple(self._vertices.mean(0).tolist())

    @property
    def boundary_uniforms(self) -> int:
        """One number chooses the facet; D − 1 more make a point of it."""
        return self.dimension

    @cached_property
    def _log_areas(self) -> torch.Tensor:
        """Of the facets: the height h_k over facet k has the volume V = A_k h_k / D."""
        normals, offsets = self._planes
        heights = offsets - (normals * self._vertices).sum(1)
        edges = self._vertices[1:] - self._vertices[0]
        log_volume = torch.linalg.slogdet(edges).logabsdet - math.lgamma(self.dimension + 1)
        return log_volume + math.log(self.dimension) - heights.log()

    @property
    def log_boundary_area(self) -> float:
        """Of all D + 1 facets."""
        return float(self._log_areas.logsumexp(0))

    def boundary_from_uniform(self, unit: torch.Tensor) -> torch.Tensor:
        d = self.dimension
        facet = chosen(self._log_areas.softmax(0).to(unit), unit[:, 0])
        others = torch.arange(d, device=unit.device).expand(len(unit), d)
        weights = unit.new_zeros(len(unit), d + 1)
        weights.scatter_(1, others + (others >= facet[:, None]), _gaps(unit[:, 1:]))
        return weights @ self._vertices.to(unit)

    def nearest(self, points: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        depths = self._depths(points)
        outside = (-depths).clamp(min=0).sum(1)
        distance, facet = depths.abs().min(1)
        return torch.maximum(distance, outside), self._planes[0].to(points)[facet]

    def boundary_parts(self) -> list[Part]:
        normals, offsets = self._planes
        depths = [
            sp.Float(o) - sp.Add(*(sp.Float(n) * s for n, s in zip(row, self.variables, strict=True)))
            for row, o in zip(normals.tolist(), offsets.tolist(), strict=True)
        ]
        outside = sp.Add(*(sp.Max(-d, 0) for d in depths))
        return [
            (sp.Abs(depth) + outside - sp.Max(-depth, 0), tuple(sp.Float(n) for n in row))
            for depth, row in zip(depths, normals.tolist(), strict=True)
        ]

    def _depths(self, points: torch.Tensor) -> torch.Tensor:
        """How far points are inside each facet, (N, D + 1)."""
        normals, offsets = (t.to(points) for t in self._planes)
        return offsets - points @ normals.T

    def __repr__(self) -> str:
        if self.size is not None:
            return f"Simplex({self.variables}, size={self.size})"
        return f"Simplex({self.variables}, vertices={self.vertices})"


def _gaps(unit: torch.Tensor) -> torch.Tensor:
    """The gaps between 0, the sorted numbers and 1: (N, n) → (N, n + 1)."""
    ordered = unit.sort(dim=1).values
    return torch.diff(ordered, dim=1, prepend=ordered.new_zeros(len(unit), 1), append=ordered.new_ones(len(unit), 1))
