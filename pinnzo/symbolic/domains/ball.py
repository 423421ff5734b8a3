"""A solid ball."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias, get_args

import sympy as sp
import torch

from pinnzo.errors import DeclarationError
from pinnzo.symbolic.domains.base import Domain, Part, center_of, distinct_symbols, finite_number
from pinnzo.symbolic.domains.spheres import direction_uniforms, directions, log_sphere_area

Radial: TypeAlias = Literal["volume", "uniform"]
"""How the distance from a ball's centre is distributed."""


class Ball(Domain):
    """A solid ball ‖x − c‖ ≤ r.

    Points are uniform in volume, or uniform in their distance from the centre, with a density ∝ ‖x − c‖^{1−D} that
    gives every shell of the same thickness the same weight. In 100 dimensions half of the volume lies within 0.7 % of
    the radius from the sphere, so that the inside is hardly sampled by volume.

    Args:
        x: its coordinates.
        radius: r > 0.
        center: c, a number for all coordinates or one for each.
        radial: the distribution of ‖x − c‖: "volume" (∝ ‖x − c‖^{D−1}) or "uniform".

    Raises:
        DeclarationError: the radius is not positive, the centre has another length than ``x``, or the radial
            distribution is unknown.

    Example:
        >>> from pinnzo.symbolic import coordinates
        >>> Ball(coordinates("x", 3), radius=2).radius
        2.0
    """

    def __init__(self, x: Any, radius: float = 1.0, center: Any = 0.0, radial: Radial = "volume") -> None:
        self.variables = distinct_symbols(x, "Ball")
        self.radius = finite_number(radius, "radius of Ball")
        if self.radius <= 0:
            raise DeclarationError(f"radius of Ball is {self.radius}: it must be greater than 0.")
        self.center = center_of(center, self.variables, "Ball", self.radius)
        if radial not in get_args(Radial):
            raise DeclarationError(f"radial of Ball is {radial!r}: choose one of {', '.join(get_args(Radial))}.")
        self.radial: Radial = radial

    @property
    def uniforms(self) -> int:
        """One number for the radius, the others for the direction; in one dimension one for both."""
        return 1 if self.dimension == 1 else 1 + direction_uniforms(self.dimension)

    def from_uniform(self, unit: torch.Tensor) -> torch.Tensor:
        center = torch.tensor(self.center, dtype=unit.dtype, device=unit.device)
        if self.dimension == 1:
            return center + self.radius * (2 * unit - 1)
        radii = self.radius * self._shares(unit[:, :1])
        return center + radii * directions(unit[:, 1:], self.dimension)

    def sample(self, count: int, generator: torch.Generator, dtype: torch.dtype = torch.float64) -> torch.Tensor:
        unit = torch.rand(count, 1, generator=generator, dtype=dtype, device=generator.device)
        center = torch.tensor(self.center, dtype=dtype, device=generator.device)
        sphere = self.sample_sphere(count, generator, dtype)
        return center + (sphere - center) * self._shares(unit)

    def sample_sphere(self, count: int, generator: torch.Generator, dtype: torch.dtype = torch.float64) -> torch.Tensor:
        """Draw independent points uniformly on the boundary ‖x − c‖ = r, (count, D)."""
        normal = torch.randn(count, self.dimension, generator=generator, dtype=dtype, device=generator.device)
        center = torch.tensor(self.center, dtype=dtype, device=generator.device)
        return center + self.radius * normal / normal.norm(dim=1, keepdim=True)

    def inside(self, points: torch.Tensor, margin: float = 0.0) -> torch.Tensor:
        return self.radius - self._offsets(points).norm(dim=1) >= margin

    def scale(self) -> tuple[tuple[float, float], ...]:
        return tuple((c - self.radius, c + self.radius) for c in self.center)

    @property
    def boundary_uniforms(self) -> int:
        """Those of a direction."""
        return direction_uniforms(self.dimension)

    @property
    def log_boundary_area(self) -> float:
        """Of the sphere."""
        return log_sphere_area(self.dimension, self.radius)

    def boundary_from_uniform(self, unit: torch.Tensor) -> torch.Tensor:
        center = torch.tensor(self.center, dtype=unit.dtype, device=unit.device)
        return center + self.radius * directions(unit, self.dimension)

    def nearest(self, points: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        offsets = self._offsets(points)
        norms = offsets.norm(dim=1)
        return (norms - self.radius).abs(), offsets / norms[:, None].clamp(min=torch.finfo(points.dtype).tiny)

    def boundary_parts(self) -> list[Part]:
        offsets = [s - sp.nsimplify(c) for s, c in zip(self.variables, self.center, strict=True)]
        radius = sp.nsimplify(self.radius)
        norm = sp.sqrt(sp.Add(*(d**2 for d in offsets)))
        return [(sp.Abs(norm - radius), tuple(d / radius for d in offsets))]

    def _shares(self, unit: torch.Tensor) -> torch.Tensor:
        """‖x − c‖/r from uniform numbers."""
        return unit ** (1.0 / self.dimension) if self.radial == "volume" else unit

    def _offsets(self, points: torch.Tensor) -> torch.Tensor:
        return points - torch.tensor(self.center, dtype=points.dtype, device=points.device)

    def __repr__(self) -> str:
        radial = "" if self.radial == "volume" else f", radial={self.radial!r}"
        return f"Ball({self.variables}, radius={self.radius}, center={self.center}{radial})"
