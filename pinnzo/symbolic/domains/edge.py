"""The boundary of a domain, as something to sample."""

from __future__ import annotations

import torch

from pinnzo.errors import DeclarationError
from pinnzo.symbolic.domains.base import Domain

PROBES = 4096
"""Points by which the share of a difference's boundary in that of its parts is judged."""


class Edge(Domain):
    """The whole boundary of a domain, sampled uniformly in area.

    Raises:
        DeclarationError: the domain has no boundary.
    """

    convex = False

    def __init__(self, domain: Domain) -> None:
        if not domain.boundary_uniforms:
            raise DeclarationError(f"{domain!r} has no boundary of its own to sample.")
        self.domain = domain
        self.variables = domain.variables
        self.rejects = domain.rejects
        if self.rejects:
            generator = torch.Generator().manual_seed(0)
            unit = torch.rand(PROBES, self.uniforms, generator=generator, dtype=torch.float64)
            kept = domain.keeps_boundary(self.from_uniform(unit))
            self.acceptance = max(1, int(kept.sum())) / PROBES

    @property
    def uniforms(self) -> int:
        """Those of the boundary."""
        return self.domain.boundary_uniforms

    def from_uniform(self, unit: torch.Tensor) -> torch.Tensor:
        return self.domain.boundary_from_uniform(unit)

    def accepts(self, points: torch.Tensor) -> torch.Tensor:
        return self.domain.keeps_boundary(points)

    def inside(self, points: torch.Tensor, margin: float = 0.0) -> torch.Tensor:
        return self.domain.nearest(points)[0] <= 256 * torch.finfo(points.dtype).eps * self.extent - margin

    def scale(self) -> tuple[tuple[float, float], ...]:
        return self.domain.scale()

    def __repr__(self) -> str:
        return f"the boundary of {self.domain!r}"
