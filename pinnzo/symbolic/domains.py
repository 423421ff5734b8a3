"""Where a problem is posed: boxes, balls, unbounded Gaussian domains, and their products."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any

import sympy as sp
import torch

from pinnzo.errors import DeclarationError


class Domain(ABC):
    """A set of points with a probability measure to sample it by; ``*`` joins domains of different variables.

    Attributes:
        variables: the coordinates, in the order of the columns that ``sample`` returns.
    """

    variables: tuple[sp.Symbol, ...]

    @property
    def dimension(self) -> int:
        """The number of coordinates D."""
        return len(self.variables)

    @property
    def factors(self) -> tuple[Domain, ...]:
        """The domains that this one is a product of."""
        return (self,)

    @abstractmethod
    def sample(self, count: int, generator: torch.Generator, dtype: torch.dtype = torch.float64) -> torch.Tensor:
        """Draw independent points, (count, D), on the generator's device."""

    @abstractmethod
    def scale(self) -> tuple[tuple[float, float], ...]:
        """For each coordinate an interval that holds most of the domain; networks scale their inputs by it."""

    def check(self) -> None:
        """Refuse a domain that lacks a part that it speaks of.

        Raises:
            DeclarationError: the time of a ``Gaussian`` runs over no interval of a box.
        """
        intervals = {s for factor in self.factors if isinstance(factor, Box) for s in factor.intervals}
        for factor in self.factors:
            if isinstance(factor, Gaussian) and factor.time is not None and factor.time not in intervals:
                raise DeclarationError(
                    f"The time of {factor!r} has no range: join the domain with one, such as Box({{{factor.time}: "
                    "(0, 1)})."
                )

    def __mul__(self, other: Domain) -> Domain:
        if not isinstance(other, Domain):
            raise DeclarationError(f"{self!r} * {other!r}: only domains can be joined by *.")
        return Product(*self.factors, *other.factors)


def _number(value: Any, what: str) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise DeclarationError(f"{what} is {value!r}: give a number.") from None
    if not math.isfinite(number):
        raise DeclarationError(f"{what} is {number}: give a finite number.")
    return number


def _symbols(x: Any, owner: str) -> tuple[sp.Symbol, ...]:
    symbols = (x,) if isinstance(x, sp.Symbol) else tuple(x) if isinstance(x, Iterable) else ()
    if not symbols or not all(isinstance(s, sp.Symbol) for s in symbols):
        raise DeclarationError(f"{owner} needs coordinates: pass a SymPy symbol or a tuple of symbols, not {x!r}.")
    if len(set(symbols)) != len(symbols):
        raise DeclarationError(f"{owner} names a coordinate twice in {symbols}.")
    return symbols


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
            low = _number(low_value, f"The low end of {key}")
            high = _number(high_value, f"The high end of {key}")
            if low >= high:
                raise DeclarationError(f"The range of {key} in Box is ({low}, {high}): low must be less than high.")
            for symbol in _symbols(key, "Box"):
                if symbol in intervals:
                    raise DeclarationError(f"Box names {symbol} twice: give each coordinate one range.")
                intervals[symbol] = (low, high)
        self.variables = tuple(intervals)
        self.intervals = intervals

    def sample(self, count: int, generator: torch.Generator, dtype: torch.dtype = torch.float64) -> torch.Tensor:
        unit = torch.rand(count, self.dimension, generator=generator, dtype=dtype, device=generator.device)
        low, high = torch.tensor(self.scale(), dtype=dtype, device=generator.device).T
        return low + (high - low) * unit

    def scale(self) -> tuple[tuple[float, float], ...]:
        return tuple(self.intervals.values())

    def __repr__(self) -> str:
        return "Box({" + ", ".join(f"{s}: {bounds}" for s, bounds in self.intervals.items()) + "})"


class Ball(Domain):
    """A solid ball ‖x − c‖ ≤ r, sampled uniformly.

    Args:
        x: its coordinates.
        radius: r > 0.
        center: c, a number for all coordinates or one for each.

    Raises:
        DeclarationError: the radius is not positive, or the centre has another length than ``x``.

    Example:
        >>> from pinnzo.symbolic import coordinates
        >>> Ball(coordinates("x", 3), radius=2).radius
        2.0
    """

    def __init__(self, x: Any, radius: float = 1.0, center: Any = 0.0) -> None:
        self.variables = _symbols(x, "Ball")
        self.radius = _number(radius, "radius of Ball")
        if self.radius <= 0:
            raise DeclarationError(f"radius of Ball is {self.radius}: it must be greater than 0.")
        centers = tuple(center) if hasattr(center, "__len__") else (center,) * len(self.variables)
        if len(centers) != len(self.variables):
            raise DeclarationError(f"center of Ball has {len(centers)} entries for {len(self.variables)} coordinates.")
        self.center = tuple(_number(c, "center of Ball") for c in centers)

    def sample(self, count: int, generator: torch.Generator, dtype: torch.dtype = torch.float64) -> torch.Tensor:
        unit = torch.rand(count, 1, generator=generator, dtype=dtype, device=generator.device)
        center = torch.tensor(self.center, dtype=dtype, device=generator.device)
        sphere = self.sample_sphere(count, generator, dtype)
        return center + (sphere - center) * unit ** (1.0 / self.dimension)

    def sample_sphere(self, count: int, generator: torch.Generator, dtype: torch.dtype = torch.float64) -> torch.Tensor:
        """Draw independent points uniformly on the boundary ‖x − c‖ = r, (count, D)."""
        normal = torch.randn(count, self.dimension, generator=generator, dtype=dtype, device=generator.device)
        center = torch.tensor(self.center, dtype=dtype, device=generator.device)
        return center + self.radius * normal / normal.norm(dim=1, keepdim=True)

    def scale(self) -> tuple[tuple[float, float], ...]:
        return tuple((c - self.radius, c + self.radius) for c in self.center)

    def __repr__(self) -> str:
        return f"Ball({self.variables}, radius={self.radius}, center={self.center})"


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
        >>> from pinnzo.symbolic import coordinates
        >>> Gaussian(coordinates("x", 3), std=2).scale()[0]
        (-4.0, 4.0)
        >>> t = sp.Symbol("t", real=True)
        >>> path = Gaussian(coordinates("x", 3), std=2, time=t) * Box({t: (0, 1)})
    """

    def __init__(self, x: Any, mean: float = 0.0, std: float = 1.0, time: sp.Symbol | None = None) -> None:
        self.variables = _symbols(x, "Gaussian")
        self.mean = _number(mean, "mean of Gaussian")
        self.std = _number(std, "std of Gaussian")
        if self.std <= 0:
            raise DeclarationError(f"std of Gaussian is {self.std}: it must be greater than 0.")
        if time is not None and (not isinstance(time, sp.Symbol) or time in self.variables):
            raise DeclarationError(f"time of Gaussian is {time!r}: give the symbol of another coordinate, such as t.")
        self.time = time

    def sample(self, count: int, generator: torch.Generator, dtype: torch.dtype = torch.float64) -> torch.Tensor:
        normal = torch.randn(count, self.dimension, generator=generator, dtype=dtype, device=generator.device)
        return self.mean + self.std * normal

    def scale(self) -> tuple[tuple[float, float], ...]:
        return ((self.mean - 2 * self.std, self.mean + 2 * self.std),) * self.dimension

    def __repr__(self) -> str:
        time = "" if self.time is None else f", time={self.time}"
        return f"Gaussian({self.variables}, mean={self.mean}, std={self.std}{time})"


class Product(Domain):
    """The product of domains in different variables, sampled independently; written ``a * b``."""

    def __init__(self, *factors: Domain) -> None:
        self._factors = factors
        self.variables = tuple(s for factor in factors for s in factor.variables)
        twice = sorted({str(s) for s in self.variables if self.variables.count(s) > 1})
        if twice:
            raise DeclarationError(f"Both factors of a product domain contain {', '.join(twice)}: name it in one only.")
        self._intervals = {s: ends for f in factors if isinstance(f, Box) for s, ends in f.intervals.items()}

    @property
    def factors(self) -> tuple[Domain, ...]:
        """The domains that this one is a product of."""
        return self._factors

    def sample(self, count: int, generator: torch.Generator, dtype: torch.dtype = torch.float64) -> torch.Tensor:
        columns = [factor.sample(count, generator, dtype) for factor in self._factors]
        points = torch.cat(columns, dim=1)
        for factor, own in zip(self._factors, columns, strict=True):
            if isinstance(factor, Gaussian) and factor.time is not None:
                low, high = self._intervals[factor.time]
                elapsed = (points[:, [self.variables.index(factor.time)]] - low) / (high - low)
                own.sub_(factor.mean).mul_(elapsed.sqrt()).add_(factor.mean)
        return torch.cat(columns, dim=1)

    def scale(self) -> tuple[tuple[float, float], ...]:
        return tuple(interval for factor in self._factors for interval in factor.scale())

    def __repr__(self) -> str:
        return " * ".join(map(repr, self._factors))
