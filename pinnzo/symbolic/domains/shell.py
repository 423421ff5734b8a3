"""The space between two spheres."""

from __future__ import annotations

import math
from typing import Any

import sympy as sp
import torch

from pinnzo.errors import DeclarationError
from pinnzo.symbolic.domains.base import Domain, Part, center_of, distinct_symbols, finite_number
from pinnzo.symbolic.domains.spheres import direction_uniforms, directions, log_sphere_area


class Shell(Domain):
    """A spherical shell a ≤ ‖x − c‖ ≤ b, in two dimensions an annulus, sampled uniformly.

    Its boundary is both spheres, in proportion to their areas a^{D−1} : b^{D−1}; the outward normal of the inner one
    points to the centre.

    Args:
        x: its coordinates.
        inner: a > 0.
        outer: b > a.
        center: c, a number for all coordinates or one for each.

    Raises:
        DeclarationError: not 0 < a < b, or the centre has another length than ``x``.

    Example:
        >>> from pinnzo.symbolic import coordinates
        >>> ring = Shell(coordinates("x", 2), inner=1, outer=2)
        >>> ring.contains([[0.5, 0.0], [0.0, 1.5]])
        tensor([False,  True])
        >>> ring.normals([[1.0, 0.0], [0.0, 2.0]])
        tensor([[-1., -0.],
                [ 0.,  1.]], dtype=torch.float64)
    """

    convex = False

    def __init__(self, x: Any, inner: float, outer: float, center: Any = 0.0) -> None:
        self.variables = distinct_symbols(x, "Shell")
        self.inner = finite_number(inner, "inner of Shell")
        self.outer = finite_number(outer, "outer of Shell")
        if self.inner <= 0:
            raise DeclarationError(
                f"inner of Shell is {self.inner}: it must be greater than 0; without a hole, use Ball."
            )
        if self.inner >= self.outer:
            raise DeclarationError(
                f"inner of Shell is {self.inner} and outer is {self.outer}: inner must be less than outer."
            )
        self.center = center_of(center, self.variables, "Shell", self.outer - self.inner)

    @property
    def uniforms(self) -> int:
        """One number for the radius, the others for the direction."""
        return 1 + direction_uniforms(self.dimension)

    def from_uniform(self, unit: torch.Tensor) -> torch.Tensor:
        hole = (self.inner / self.outer) ** self.dimension
        radii = self.outer * (hole + (1 - hole) * unit[:, :1]) ** (1 / self.dimension)
        return self._center(unit) + radii * directions(unit[:, 1:], self.dimension)

    def inside(self, points: torch.Tensor, margin: float = 0.0) -> torch.Tensor:
        norms = (points - self._center(points)).norm(dim=1)
        return (norms - self.inner >= margin) & (self.outer - norms >= margin)

    def scale(self) -> tuple[tuple[float, float], ...]:
        return tuple((c - self.outer, c + self.outer) for c in self.center)

    @property
    def boundary_uniforms(self) -> int:
        """One number chooses the sphere."""
        return 1 + direction_uniforms(self.dimension)

    @property
    def log_boundary_area(self) -> float:
        """Of both spheres."""
        return log_sphere_area(self.dimension, self.outer) + math.log1p(self._ratio)

    def boundary_from_uniform(self, unit: torch.Tensor) -> torch.Tensor:
        inner = unit[:, :1] < self._ratio / (1 + self._ratio)
        radii = torch.where(inner, self.inner, self.outer).to(unit.dtype)
        return self._center(unit) + radii * directions(unit[:, 1:], self.dimension)

    def nearest(self, points: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        offsets = points - self._center(points)
        norms = offsets.norm(dim=1, keepdim=True)
        to_inner, to_outer = (norms - self.inner).abs(), (norms - self.outer).abs()
        rays = offsets / norms.clamp(min=torch.finfo(points.dtype).tiny)
        return torch.minimum(to_inner, to_outer)[:, 0], torch.where(to_inner < to_outer, -rays, rays)

    def boundary_parts(self) -> list[Part]:
        offsets = [s - sp.nsimplify(c) for s, c in zip(self.variables, self.center, strict=True)]
        norm = sp.sqrt(sp.Add(*(d**2 for d in offsets)))
        radii = (sp.nsimplify(self.outer), sp.nsimplify(-self.inner))
        return [(sp.Abs(norm - abs(r)), tuple(d / r for d in offsets)) for r in radii]

    @property
    def _ratio(self) -> float:
        """The area of the inner sphere divided by that of the outer."""
        return (self.inner / self.outer) ** (self.dimension - 1)

    def _center(self, like: torch.Tensor) -> torch.Tensor:
        return torch.tensor(self.center, dtype=like.dtype, device=like.device)

    def __repr__(self) -> str:
        return f"Shell({self.variables}, inner={self.inner}, outer={self.outer}, center={self.center})"
