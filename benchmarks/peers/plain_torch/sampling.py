"""Random points in the domains of the problems and on their edges."""

from __future__ import annotations

import torch
from torch import Generator, Tensor


def cube(count: int, dimension: int, draw: Generator) -> Tensor:
    """Uniform in the unit cube, (N, D)."""
    return torch.rand(count, dimension, generator=draw, dtype=torch.float64)


def faces(count: int, dimension: int, draw: Generator) -> Tensor:
    """Uniform on the surface of the unit cube."""
    points = cube(count, dimension, draw)
    axis = torch.randint(dimension, (count,), generator=draw)
    points[torch.arange(count), axis] = torch.randint(2, (count,), generator=draw).to(points)
    return points


def normal(count: int, dimension: int, draw: Generator) -> Tensor:
    """Standard normal."""
    return torch.randn(count, dimension, generator=draw, dtype=torch.float64)


def sphere(count: int, dimension: int, draw: Generator) -> Tensor:
    """Uniform on the unit sphere."""
    return torch.nn.functional.normalize(normal(count, dimension, draw), dim=1)


def ball(count: int, dimension: int, draw: Generator, by_volume: bool) -> Tensor:
    """In the unit ball, uniform by volume or with a uniform radius."""
    radius = cube(count, 1, draw)
    return (radius ** (1 / dimension) if by_volume else radius) * sphere(count, dimension, draw)


def with_time(x: Tensor, draw: Generator) -> Tensor:
    """With a last column of times, uniform in (0, 1)."""
    return torch.cat([x, cube(len(x), 1, draw)], 1)


def initially(x: Tensor) -> Tensor:
    """With a last column of zeros."""
    return torch.nn.functional.pad(x, (0, 1))
