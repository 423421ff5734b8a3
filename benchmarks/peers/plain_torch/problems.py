"""The problems of the comparison: geometry, equation, conditions and ansatz of each."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Generator, Tensor

from benchmarks.peers.plain_torch.jets import Coordinates
from benchmarks.peers.plain_torch.sampling import ball, cube, faces, initially, normal, sphere, with_time


@dataclass(frozen=True)
class Field:
    """The solution and its derivatives at points: value (N,), gradient in space (N, D), time (N,), Laplacian (N,)."""

    value: Tensor
    gradient: Tensor
    time: Tensor
    laplacian: Tensor


Residual = Callable[[Tensor, Tensor, Field], Tensor]
Draw = Callable[[int, Generator], Tensor]


@dataclass(frozen=True)
class Condition:
    """A penalty: where it holds, what is to vanish there as a function of x, t and the field, and its weight."""

    draw: Draw
    residual: Residual
    weight: float = 1.0
    order: int = 0


@dataclass(frozen=True)
class Problem:
    """An equation, and what else the solution has to do.

    Attributes:
        space: the number of coordinates in space.
        inputs: time included.
        draw: points of the interior.
        equation: what is to vanish there, of x (N, space), t (N,) and the field.
        conditions: penalties.
        ansatz: the solution from the coordinates and the network.
        feature: one more input of the network.
    """

    space: int
    inputs: int
    draw: Draw
    equation: Residual
    conditions: Sequence[Condition] = ()
    ansatz: Callable[[Coordinates, Any], Any] = lambda at, f: f
    feature: Callable[[Coordinates], Any] | None = None


def hjb(dimension: int) -> Problem:
    """u_t + Δu − ‖∇u‖²/D = −2, with u = Σ x_i + (1 − t) f."""
    return Problem(
        space=dimension,
        inputs=dimension + 1,
        draw=lambda n, draw: cube(n, dimension + 1, draw),
        equation=lambda x, t, u: u.time + u.laplacian - u.gradient.square().sum(1) / dimension + 2,
        ansatz=lambda at, f: at.total + (1 - at[-1]) * f,
    )


def hjb_lq(dimension: int, feature: bool = False) -> Problem:
    """u_t + Δu − ‖∇u‖² = 0 along Brownian paths, with u = ln((1 + ‖x‖²)/2) + (1 − t) f, where f may see ‖x‖²/D."""

    def paths(n: int, draw: Generator) -> Tensor:
        t = cube(n, 1, draw)
        return torch.cat([(2 * t).sqrt() * normal(n, dimension, draw), t], 1)

    return Problem(
        space=dimension,
        inputs=dimension + 1,
        draw=paths,
        equation=lambda x, t, u: u.time + u.laplacian - u.gradient.square().sum(1),
        ansatz=lambda at, f: ((1 + at.squared) / 2).log() + (1 - at[-1]) * f,
        feature=(lambda at: at.squared / dimension) if feature else None,
    )


def poisson(dimension: int) -> Problem:
    """−Δu = (π²/4) Σ sin(π x_i/2) on the unit cube, Dirichlet data as a penalty."""

    def sines(x: Tensor) -> Tensor:
        return (math.pi / 2 * x).sin().sum(1)

    return Problem(
        space=dimension,
        inputs=dimension,
        draw=lambda n, draw: cube(n, dimension, draw),
        equation=lambda x, t, u: u.laplacian + math.pi**2 / 4 * sines(x),
        conditions=[
            Condition(lambda n, draw: faces(n, dimension, draw), lambda x, t, u: u.value - sines(x), weight=100)
        ],
    )


def heat_nd(dimension: int) -> Problem:
    """u_t = Δu/D − (‖x‖²/D) e^(‖x‖²/2 + t) on the unit ball, initial and Neumann data as penalties."""

    def equation(x: Tensor, t: Tensor, u: Field) -> Tensor:
        squared = x.square().sum(1)
        return u.time - u.laplacian / dimension + squared / dimension * (squared / 2 + t).exp()

    return Problem(
        space=dimension,
        inputs=dimension + 1,
        draw=lambda n, draw: with_time(ball(n, dimension, draw, by_volume=True), draw),
        equation=equation,
        conditions=[
            Condition(
                lambda n, draw: initially(ball(n, dimension, draw, by_volume=True)),
                lambda x, t, u: u.value - (x.square().sum(1) / 2).exp(),
            ),
            Condition(
                lambda n, draw: with_time(sphere(n, dimension, draw), draw),
                lambda x, t, u: (x * u.gradient).sum(1) - (0.5 + t).exp(),
                order=1,
            ),
        ],
    )


def heat_nd_hard(dimension: int) -> Problem:
    """The same with u = e^(‖x‖²/2) + t f, Neumann data as a penalty."""

    def equation(x: Tensor, t: Tensor, u: Field) -> Tensor:
        squared = x.square().sum(1)
        return u.time - u.laplacian / dimension + squared / dimension * (squared / 2 + t).exp()

    return Problem(
        space=dimension,
        inputs=dimension + 1,
        draw=lambda n, draw: with_time(ball(n, dimension, draw, by_volume=True), draw),
        equation=equation,
        conditions=[
            Condition(
                lambda n, draw: with_time(sphere(n, dimension, draw), draw),
                lambda x, t, u: (x * u.gradient).sum(1) - (0.5 + t).exp(),
                order=1,
            )
        ],
        ansatz=lambda at, f: (at.squared / 2).exp() + at[-1] * f,
    )


def poisson_2d() -> Problem:
    """Δu = −2π² sin(πx) sin(πy) on the unit square, u = 0 on the boundary as a penalty."""
    return Problem(
        space=2,
        inputs=2,
        draw=lambda n, draw: cube(n, 2, draw),
        equation=lambda x, t, u: u.laplacian + 2 * math.pi**2 * (math.pi * x).sin().prod(1),
        conditions=[Condition(lambda n, draw: faces(n, 2, draw), lambda x, t, u: u.value)],
    )


def poisson_2d_hard() -> Problem:
    """The same with u = x(1 − x) y(1 − y) f."""
    return Problem(
        space=2,
        inputs=2,
        draw=lambda n, draw: cube(n, 2, draw),
        equation=lambda x, t, u: u.laplacian + 2 * math.pi**2 * (math.pi * x).sin().prod(1),
        ansatz=lambda at, f: at[0] * (1 - at[0]) * at[1] * (1 - at[1]) * f,
    )


def heat_high(dimension: int) -> Problem:
    """u_t = Δu on all of space, with u = ‖x‖²/(2D) + t f."""
    return Problem(
        space=dimension,
        inputs=dimension + 1,
        draw=lambda n, draw: with_time(normal(n, dimension, draw), draw),
        equation=lambda x, t, u: u.time - u.laplacian,
        ansatz=lambda at, f: at.squared / (2 * dimension) + at[-1] * f,
    )


def two_body_poisson(dimension: int, coefficients: Tensor) -> Problem:
    """Δu = g in the unit ball, with u = (1 − ‖x‖²) f."""

    def source(x: Tensor) -> Tensor:
        a, b, c = x[:, :-1], x[:, 1:], coefficients.to(x)
        sin_a, cos_a, sin_b, cos_b = a.sin(), a.cos(), b.sin(), b.cos()
        waves = a + cos_b + b * cos_a
        value, slope = waves.sin(), waves.cos()
        along_a, along_b = 1 - b * sin_a, cos_a - sin_b
        curvature = -slope * (b * cos_a + cos_b) - value * (along_a.square() + along_b.square())
        radial = slope * (a * along_a + b * along_b)
        return (1 - x.square().sum(1)) * (curvature @ c) - (4 * radial + 2 * dimension * value) @ c

    return Problem(
        space=dimension,
        inputs=dimension,
        draw=lambda n, draw: ball(n, dimension, draw, by_volume=False),
        equation=lambda x, t, u: u.laplacian - source(x),
        ansatz=lambda at, f: (1 - at.squared) * f,
    )
