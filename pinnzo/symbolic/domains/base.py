"""What every domain can do."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import sympy as sp
import torch

from pinnzo.arrays import real_tensor
from pinnzo.checks import entries_of
from pinnzo.errors import DeclarationError, ShapeError

Unit: TypeAlias = Callable[[int, int], torch.Tensor]
"""Points of the unit cube: (count, columns) → (count, columns)."""

Part: TypeAlias = tuple[sp.Expr, tuple[sp.Expr, ...]]
"""Part of a boundary: an expression that is zero there and positive elsewhere, and the outward unit normal."""

MAX_TRIES = 12
"""How often a rejection sampler doubles the number of its candidates before it gives up."""


LARGEST = 1e60
"""Of the numbers that describe a domain: squares of larger ones, and products, leave the range of numbers."""


FARTHEST = 1e9
"""Times its size a domain may lie away from the origin, where double precision leaves seven digits of it."""


class Domain(ABC):
    """A set of points with a probability measure to sample it by.

    ``a * b`` joins domains of different variables, ``a - b`` takes one domain away from another of the same variables.

    Attributes:
        variables: the coordinates, in the order of the columns that ``sample`` returns.
        bounded: whether ``scale`` holds all of it.
        convex: whether it is known to be convex.
        rejects: whether points are made by rejection, since no map from the unit cube to the domain is known.
        acceptance: about how many of the candidates are kept.
    """

    variables: tuple[sp.Symbol, ...]
    bounded: bool = True
    convex: bool = True
    rejects: bool = False
    acceptance: float = 1.0

    @property
    def dimension(self) -> int:
        """The number of coordinates D."""
        return len(self.variables)

    @property
    def factors(self) -> tuple[Domain, ...]:
        """The domains that this one is a product of."""
        return (self,)

    @property
    def intervals(self) -> Mapping[sp.Symbol, tuple[float, float]]:
        """The coordinates that run over an interval whose ends are faces of the boundary."""
        return {}

    @property
    def hull(self) -> Domain:
        """The domain before anything is taken away from it."""
        return self

    @property
    def uniforms(self) -> int:
        """How many numbers of the unit interval make one point."""
        return self.dimension

    @abstractmethod
    def from_uniform(self, unit: torch.Tensor) -> torch.Tensor:
        """Points made of uniform numbers, (N, uniforms) → (N, D), all in the domain unless it ``rejects`` some."""

    def accepts(self, points: torch.Tensor) -> torch.Tensor:
        """Which of the points that ``from_uniform`` made belong to the domain, (N, D) → (N,)."""
        return torch.ones(len(points), dtype=torch.bool, device=points.device)

    @abstractmethod
    def inside(self, points: torch.Tensor, margin: float = 0.0) -> torch.Tensor:
        """Which points (N, D) lie in the domain, at least ``margin`` from its boundary: (N,), bool.

        With a negative margin, points that are so little outside count too.
        """

    @abstractmethod
    def scale(self) -> tuple[tuple[float, float], ...]:
        """For each coordinate an interval that holds most of the domain; networks scale their inputs by it."""

    def middle(self) -> tuple[float, ...]:
        """The mean of points that are spread evenly; of a difference that before anything was taken away.

        Of an unbounded domain it is the mean of its distribution.
        """
        return tuple((low + high) / 2 for low, high in self.scale())

    def contains(self, points: Any) -> torch.Tensor:
        """Which points lie in the domain, boundary included, up to rounding.

        Args:
            points: (N, D), with the columns in the order of ``variables``.

        Returns:
            (N,), bool

        Raises:
            ShapeError: the points have another shape.
        """
        return self.inside(self._checked(points))

    def sample(self, count: int, generator: torch.Generator, dtype: torch.dtype = torch.float64) -> torch.Tensor:
        """Draw independent points, (count, D), on the generator's device."""

        def random(n: int, columns: int) -> torch.Tensor:
            return torch.rand(n, columns, generator=generator, dtype=dtype, device=generator.device)

        return self.spread(count, random)

    def spread(self, count: int, unit: Unit) -> torch.Tensor:
        """The points, (count, D), that a rule for the unit cube gives on this domain.

        Raises:
            DeclarationError: next to no point is accepted.
        """
        if not self.rejects:
            return self.from_uniform(unit(count, self.uniforms))
        # Four standard deviations more than it takes on average.
        asked = math.ceil((count + 4 * math.sqrt(count) + 8) / self.acceptance)
        for _ in range(MAX_TRIES):
            points = self.from_uniform(unit(asked, self.uniforms))
            points = points[self.accepts(points)]
            if len(points) >= count:
                return points[:count]
            asked *= 2
        raise DeclarationError(f"Of {asked // 2} candidates fewer than {count} lie in {self!r}: it cannot be sampled.")

    # The boundary.

    @property
    def boundary_uniforms(self) -> int:
        """How many uniform numbers make one point of the boundary; 0 where there is none."""
        return 0

    @property
    def log_boundary_area(self) -> float:
        """The logarithm of the area of what ``boundary_from_uniform`` covers; −∞ where there is no boundary."""
        return -math.inf

    def boundary_from_uniform(self, unit: torch.Tensor) -> torch.Tensor:
        """Points of the boundary, uniform in area: (N, boundary_uniforms) → (N, D)."""
        raise DeclarationError(f"{self!r} has no boundary.")

    def keeps_boundary(self, points: torch.Tensor) -> torch.Tensor:
        """Which of the points that ``boundary_from_uniform`` made are on the boundary, (N, D) → (N,)."""
        return torch.ones(len(points), dtype=torch.bool, device=points.device)

    def nearest(self, points: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """How far points (N, D) are off the boundary, (N,), and the outward normal at the nearest part, (N, D).

        The distance is exact near the boundary, and zero nowhere else.
        """
        return points.new_full((len(points),), math.inf), torch.zeros_like(points)

    def boundary_parts(self) -> list[Part]:
        """The boundary as expressions of the variables; the parts' distances are compared with each other."""
        return []

    def sample_boundary(
        self, count: int, generator: torch.Generator, dtype: torch.dtype = torch.float64
    ) -> torch.Tensor:
        """Draw independent points of the whole boundary, uniform in area: (count, D).

        Raises:
            DeclarationError: it has none.
        """
        from pinnzo.symbolic.domains.edge import Edge

        return Edge(self).sample(count, generator, dtype)

    def normals(self, points: Any) -> torch.Tensor:
        """The outward unit normals at points of the boundary, (N, D) → (N, D).

        On an edge, where two faces meet, it is that of one of them.

        Raises:
            ShapeError: the points have another shape.
            DeclarationError: a point is not on the boundary.
        """
        checked = self._checked(points)
        distances, normals = self.nearest(checked)
        far = distances > 1e-6 * self.extent
        if far.any():
            worst = int(distances.argmax())
            raise DeclarationError(
                f"The point {checked[worst].tolist()} is not on the boundary of {self!r}: normals exist there only."
            )
        return normals

    @property
    def extent(self) -> float:
        """The largest coordinate that occurs, by which rounding is judged."""
        return max(abs(end) for ends in self.scale() for end in ends)

    def check(self) -> None:
        """Refuse a domain that lacks a part that it speaks of.

        Raises:
            DeclarationError: the time of a ``Gaussian`` runs over no interval of a box.
        """
        for factor in self.factors:
            time = getattr(factor, "time", None)
            if time is not None and not any(time in f.intervals for f in self.factors):
                raise DeclarationError(
                    f"The time of {factor!r} has no range: join the domain with one, such as Box({{{time}: (0, 1)}})."
                )

    def _checked(self, points: Any) -> torch.Tensor:
        x = real_tensor(points, "points", f"(N, {self.dimension})")
        if x.ndim != 2 or x.shape[1] != self.dimension:
            raise ShapeError(
                f"points has shape {tuple(x.shape)}: give (N, {self.dimension}), one column for each of "
                f"{', '.join(map(str, self.variables))}."
            )
        return x if x.is_floating_point() else x.double()

    def __mul__(self, other: Domain) -> Domain:
        from pinnzo.symbolic.domains.product import Product

        if not isinstance(other, Domain):
            raise DeclarationError(f"{self!r} * {other!r}: only domains can be joined by *.")
        return Product(*self.factors, *other.factors)

    def __sub__(self, other: Domain) -> Domain:
        from pinnzo.symbolic.domains.difference import Difference

        if not isinstance(other, Domain):
            raise DeclarationError(f"{self!r} - {other!r}: only a domain can be taken away from a domain.")
        return Difference(self, other)


def finite_number(value: Any, what: str) -> float:
    """A float from whatever the user gave.

    Raises:
        DeclarationError: it is no finite number.
    """
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise DeclarationError(f"{what} is {value!r}: give a number.") from None
    if not math.isfinite(number):
        raise DeclarationError(f"{what} is {number}: give a finite number.")
    if abs(number) > LARGEST:
        raise DeclarationError(f"{what} is {number}: give a finite number of at most {LARGEST:g} in size.")
    return number


def distinct_symbols(x: Any, owner: str) -> tuple[sp.Symbol, ...]:
    """The coordinates that the user gave, one symbol or several.

    Raises:
        DeclarationError: there is none, one is no symbol, or one occurs twice.
    """
    symbols = (x,) if isinstance(x, sp.Symbol) else entries_of(x) or ()
    if not symbols or not all(isinstance(s, sp.Symbol) for s in symbols):
        raise DeclarationError(f"{owner} needs coordinates: pass a SymPy symbol or a tuple of symbols, not {x!r}.")
    if len(set(symbols)) != len(symbols):
        raise DeclarationError(f"{owner} names a coordinate twice in {symbols}.")
    return symbols


def center_of(center: Any, symbols: Sequence[sp.Symbol], owner: str, size: float) -> tuple[float, ...]:
    """A centre given as one number for all coordinates, or as one for each.

    Raises:
        DeclarationError: it has another length than there are coordinates, or lies so far from the origin that a domain
            of that size is lost in rounding.
    """
    centers = entries_of(center)
    if centers is None:
        centers = (center,) * len(symbols)
    if len(centers) != len(symbols):
        raise DeclarationError(f"center of {owner} has {len(centers)} entries for {len(symbols)} coordinates.")
    numbers = tuple(finite_number(c, f"center of {owner}") for c in centers)
    farthest = max(map(abs, numbers))
    if farthest > FARTHEST * size:
        raise DeclarationError(
            f"center of {owner} has a coordinate of size {farthest:g}, and the domain a size of {size:g}, which "
            "is lost in rounding there: shift the coordinates, so that the domain lies nearer to the origin."
        )
    return numbers
