"""A domain with another one taken away."""

from __future__ import annotations

import math
from functools import cached_property

import sympy as sp
import torch

from pinnzo.errors import DeclarationError
from pinnzo.symbolic.domains.base import Domain, Part
from pinnzo.symbolic.domains.gaussian import Gaussian
from pinnzo.symbolic.domains.product import Product

PROBES = 4096
"""Points by which the size of what is left is judged when a difference is declared."""

LEAST_SHARE = 0.01
"""Of the first domain that must be left: beyond a hundred candidates for each point sampling is hopeless."""


class Difference(Domain):
    """The points of one domain that are not in another of the same variables; written ``a - b``.

    The interior is sampled by rejection. The boundary is that of ``a`` outside ``b`` and that of ``b`` inside ``a``,
    in proportion to their areas; in many dimensions that of a small hole is next to nothing beside that of a box.

    Raises:
        DeclarationError: the variables differ, nothing or next to nothing is left, or nothing is taken away.

    Example:
        >>> from pinnzo.symbolic import Ball, Box, coordinates
        >>> x = coordinates("x", 2)
        >>> plate = Box({x: (0, 1)}) - Ball(x, radius=0.2, center=0.5)
        >>> plate.contains([[0.5, 0.5], [0.1, 0.1]])
        tensor([False,  True])
        >>> l_shape = Box({x: (-1, 1)}) - Box({x: (0, 1)})
        >>> l_shape.normals([[0.0, 0.5], [-1.0, 0.5]])
        tensor([[ 1., -0.],
                [-1.,  0.]], dtype=torch.float64)
    """

    convex = False
    rejects = True

    def __init__(self, base: Domain, removed: Domain) -> None:
        self.base, self.removed = base, removed
        for part in (base, removed):
            if isinstance(part, Product):
                raise DeclarationError(
                    f"{part!r} is a product: take the difference of its factors first, and join the rest by * "
                    "after that."
                )
        if set(base.variables) != set(removed.variables):
            names = [", ".join(map(str, part.variables)) for part in (base, removed)]
            raise DeclarationError(
                f"A difference needs two domains of the same variables, but they have {names[0]} and {names[1]}: take "
                "the difference first and join other variables, such as time, by * after that."
            )
        if not removed.bounded:
            raise DeclarationError(f"{removed!r} is all of space, so nothing is left of {base!r}.")
        if isinstance(base, Gaussian) and base.time is not None:
            raise DeclarationError("Nothing can be taken away from a Gaussian that grows with time: leave out time=.")
        self.variables = base.variables
        self.bounded = base.bounded
        self._columns = [base.variables.index(s) for s in removed.variables]
        self._inverse = [removed.variables.index(s) for s in base.variables]
        self.acceptance = base.acceptance * self._share()

    def _share(self) -> float:
        """How much of the first domain is left."""
        generator = torch.Generator().manual_seed(0)
        share = float((~self._in_removed(self.base.sample(PROBES, generator))).double().mean())
        if share < LEAST_SHARE:
            left = "nothing" if share == 0 else f"only {share:.2%}"
            raise DeclarationError(
                f"Of {self.base!r} {left} is left once {self.removed!r} is taken away (by {PROBES} random points): "
                "give a smaller domain to take away, or describe what is left directly."
            )
        if share == 1.0:
            # A hole may be too small to be met by chance.
            hole = self.removed.sample(PROBES, generator)[:, self._inverse]
            if not self.base.inside(hole).any():
                raise DeclarationError(
                    f"{self.removed!r} does not meet {self.base!r}, so nothing is taken away: leave it out, or move it."
                )
        return share

    @property
    def intervals(self) -> dict[sp.Symbol, tuple[float, float]]:
        """Those of the first domain: its faces are still there, apart from what is taken away."""
        return dict(self.base.intervals)

    @property
    def hull(self) -> Domain:
        """That of the first domain."""
        return self.base.hull

    @property
    def uniforms(self) -> int:
        """Those of the first domain."""
        return self.base.uniforms

    def from_uniform(self, unit: torch.Tensor) -> torch.Tensor:
        return self.base.from_uniform(unit)

    def accepts(self, points: torch.Tensor) -> torch.Tensor:
        return self.base.accepts(points) & ~self._in_removed(points)

    def inside(self, points: torch.Tensor, margin: float = 0.0) -> torch.Tensor:
        # A point of the hole's own boundary belongs to what is left, whatever the rounding.
        margin_of_hole = -margin if margin else self._rounding(points)
        return self.base.inside(points, margin) & ~self._in_removed(points, margin_of_hole)

    def scale(self) -> tuple[tuple[float, float], ...]:
        return self.base.scale()

    def middle(self) -> tuple[float, ...]:
        return self.base.middle()

    @property
    def boundary_uniforms(self) -> int:
        """One number chooses the domain whose boundary a point comes from."""
        return 1 + max(self.base.boundary_uniforms, self.removed.boundary_uniforms)

    @property
    def log_boundary_area(self) -> float:
        """Of both boundaries as a whole."""
        areas = self.base.log_boundary_area, self.removed.log_boundary_area
        largest = max(areas)
        return largest + math.log(sum(math.exp(a - largest) for a in areas))

    @cached_property
    def _removed_share(self) -> float:
        """Of both boundaries' area."""
        return math.exp(self.removed.log_boundary_area - self.log_boundary_area)

    def boundary_from_uniform(self, unit: torch.Tensor) -> torch.Tensor:
        of_removed = unit[:, 0] < self._removed_share
        points = unit.new_empty(len(unit), self.dimension)
        for mask, part in ((of_removed, self.removed), (~of_removed, self.base)):
            if mask.any():
                made = part.boundary_from_uniform(unit[mask, 1 : 1 + part.boundary_uniforms])
                points[mask] = made[:, self._inverse] if part is self.removed else made
        return points

    def keeps_boundary(self, points: torch.Tensor) -> torch.Tensor:
        rounding = self._rounding(points)
        hole = points[:, self._columns]
        of_base = self.base.keeps_boundary(points) & ~self.removed.inside(hole, -rounding)
        of_removed = self.removed.keeps_boundary(hole) & self.base.inside(points, rounding)
        # Where the two boundaries coincide, nothing is left on either side.
        return torch.where(self.base.nearest(points)[0] <= rounding, of_base, of_removed)

    def nearest(self, points: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        to_base, normals = self.base.nearest(points)
        to_removed, inward = self.removed.nearest(points[:, self._columns])
        closer = to_base <= to_removed
        return torch.where(closer, to_base, to_removed), torch.where(
            closer[:, None], normals, -inward[:, self._inverse]
        )

    def boundary_parts(self) -> list[Part]:
        inward = [(d, tuple(-n[i] for i in self._inverse)) for d, n in self.removed.boundary_parts()]
        return [*self.base.boundary_parts(), *inward]

    def _in_removed(self, points: torch.Tensor, margin: float = 0.0) -> torch.Tensor:
        return self.removed.inside(points[:, self._columns], margin)

    def _rounding(self, points: torch.Tensor) -> float:
        return 256 * torch.finfo(points.dtype).eps * max(self.extent, self.removed.extent)

    def __repr__(self) -> str:
        removed = f"({self.removed!r})" if isinstance(self.removed, Difference) else f"{self.removed!r}"
        return f"{self.base!r} - {removed}"
