"""Uniform points on spheres from uniform numbers."""

from __future__ import annotations

import math

import torch


def direction_uniforms(dimension: int) -> int:
    """How many numbers of the unit interval make a direction in D dimensions."""
    return {1: 1, 2: 1, 3: 2}.get(dimension, dimension)


def directions(unit: torch.Tensor, dimension: int) -> torch.Tensor:
    """Unit vectors, uniform on the sphere in D dimensions, (N, direction_uniforms) → (N, D).

    An angle in two dimensions; in three, a height and an angle, since a sphere has the area of the cylinder around
    it (Archimedes); beyond, normal quantiles, divided by their norm.
    """
    if dimension == 1:
        return torch.where(unit < 0.5, -1.0, 1.0).to(unit.dtype)
    if dimension == 2:
        angle = 2 * math.pi * unit[:, 0]
        return torch.stack([angle.cos(), angle.sin()], dim=1)
    if dimension == 3:
        height, angle = 2 * unit[:, 0] - 1, 2 * math.pi * unit[:, 1]
        radius = (1 - height**2).clamp(min=0).sqrt()
        return torch.stack([radius * angle.cos(), radius * angle.sin(), height], dim=1)
    normal = normal_quantiles(unit)
    return normal / normal.norm(dim=1, keepdim=True)


def normal_quantiles(unit: torch.Tensor) -> torch.Tensor:
    """The quantiles of N(0, 1); the ends of the unit interval are moved inside it by a rounding error."""
    tiny = torch.finfo(unit.dtype).eps / 2
    return torch.special.ndtri(unit.clamp(tiny, 1 - tiny))


def log_sphere_area(dimension: int, radius: float) -> float:
    """The logarithm of the area of a sphere, log of 2 π^{D/2} r^{D−1} / Γ(D/2).

    Example:
        >>> round(math.exp(log_sphere_area(3, 1.0)) / math.pi, 12)
        4.0
    """
    half = dimension / 2
    return math.log(2) + half * math.log(math.pi) - math.lgamma(half) + (dimension - 1) * math.log(radius)
