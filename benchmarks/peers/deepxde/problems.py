"""The problems as a user of DeepXDE declares them: each function is one declaration, from geometry to ansatz.

Time is the last coordinate. Derivatives are taken in reverse mode, which is DeepXDE's default and was four times as
fast as its forward mode on ``hjb``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import deepxde as dde
import numpy as np
import torch

from benchmarks.peers.deepxde.geometry import Cloud

Transform = Callable[..., torch.Tensor]


@dataclass(frozen=True)
class Declaration:
    """What DeepXDE is told of a problem.

    Attributes:
        geometry: where training points come from.
        equation: its residual, of points (N, D) and the solution there (N, 1).
        conditions: those that the loss has a term for.
        ansatz: the solution, of points and the network's output.
        features: the network's input, of points.
    """

    geometry: Any
    equation: Transform
    conditions: Sequence[Any] = ()
    ansatz: Transform | None = None
    features: Transform | None = None


def hjb(dimension: int) -> Declaration:
    """u_t + Δu − ‖∇u‖²/D = −2 on the unit cube, u(x, 1) = Σ x_i."""

    def equation(x: torch.Tensor, u: torch.Tensor) -> torch.Tensor:
        slope = dde.grad.jacobian(u, x, i=0)
        laplacian = sum(dde.grad.hessian(u, x, i=k, j=k) for k in range(dimension))
        return slope[:, -1:] + laplacian - slope[:, :-1].square().sum(1, keepdim=True) / dimension + 2

    return Declaration(
        geometry=dde.geometry.GeometryXTime(
            dde.geometry.Hypercube([0] * dimension, [1] * dimension), dde.geometry.TimeDomain(0, 1)
        ),
        equation=equation,
        ansatz=lambda x, f: x[:, :-1].sum(1, keepdim=True) + (1 - x[:, -1:]) * f,
    )


def hjb_lq(dimension: int, radial: bool = False) -> Declaration:
    """u_t + Δu − ‖∇u‖² = 0 along √2 W_t, u(x, 1) = ln((1 + ‖x‖²)/2); with ``radial`` the network sees ‖x‖²/D too."""

    def equation(x: torch.Tensor, u: torch.Tensor) -> torch.Tensor:
        slope = dde.grad.jacobian(u, x, i=0)
        laplacian = sum(dde.grad.hessian(u, x, i=k, j=k) for k in range(dimension))
        return slope[:, -1:] + laplacian - slope[:, :-1].square().sum(1, keepdim=True)

    def draw(rng: np.random.Generator, count: int) -> np.ndarray:
        time = rng.random((count, 1))
        return np.hstack((np.sqrt(2 * time) * rng.normal(size=(count, dimension)), time))

    def squared(x: torch.Tensor) -> torch.Tensor:
        return x[:, :-1].square().sum(1, keepdim=True)

    return Declaration(
        geometry=Cloud(dimension + 1, draw),
        equation=equation,
        ansatz=lambda x, f: ((1 + squared(x)) / 2).log() + (1 - x[:, -1:]) * f,
        features=(lambda x: torch.cat((x, squared(x) / dimension), 1)) if radial else None,
    )


def poisson(dimension: int) -> Declaration:
    """−Δu = (π²/4) Σ sin(π x_i/2) on the unit cube, u = Σ sin(π x_i/2) on its boundary."""

    def equation(x: torch.Tensor, u: torch.Tensor) -> torch.Tensor:
        laplacian = sum(dde.grad.hessian(u, x, i=k, j=k) for k in range(dimension))
        return laplacian + np.pi**2 / 4 * (np.pi / 2 * x.detach()).sin().sum(1, keepdim=True)

    def edge(x: np.ndarray) -> np.ndarray:
        return np.sin(np.pi / 2 * x).sum(1, keepdims=True)

    cube = dde.geometry.Hypercube([0] * dimension, [1] * dimension)
    return Declaration(
        geometry=cube,
        equation=equation,
        conditions=[dde.icbc.DirichletBC(cube, edge, lambda _, on_boundary: on_boundary)],
    )


def heat_nd(dimension: int) -> Declaration:
    """u_t = Δu/D − (‖x‖²/D) e^(‖x‖²/2 + t) on the unit ball; the initial and the Neumann data in the loss."""

    def equation(x: torch.Tensor, u: torch.Tensor) -> torch.Tensor:
        laplacian = sum(dde.grad.hessian(u, x, i=k, j=k) for k in range(dimension))
        squared, time = x[:, :-1].detach().square().sum(1, keepdim=True), x[:, -1:].detach()
        source = squared * (squared / 2 + time).exp()
        return dde.grad.jacobian(u, x, i=0, j=dimension) - (laplacian - source) / dimension

    def initial(x: np.ndarray) -> np.ndarray:
        return np.exp(np.square(x[:, :-1]).sum(1, keepdims=True) / 2)

    domain = dde.geometry.GeometryXTime(dde.geometry.Hypersphere([0] * dimension, 1), dde.geometry.TimeDomain(0, 1))
    return Declaration(
        geometry=domain,
        equation=equation,
        conditions=[
            dde.icbc.IC(domain, initial, lambda _, on_initial: on_initial),
            dde.icbc.NeumannBC(domain, lambda x: np.exp(0.5 + x[:, -1:]), lambda _, on_boundary: on_boundary),
        ],
    )


def heat_nd_hard(dimension: int) -> Declaration:
    """As ``heat_nd``, with the initial data built in."""

    def equation(x: torch.Tensor, u: torch.Tensor) -> torch.Tensor:
        laplacian = sum(dde.grad.hessian(u, x, i=k, j=k) for k in range(dimension))
        squared, time = x[:, :-1].detach().square().sum(1, keepdim=True), x[:, -1:].detach()
        source = squared * (squared / 2 + time).exp()
        return dde.grad.jacobian(u, x, i=0, j=dimension) - (laplacian - source) / dimension

    domain = dde.geometry.GeometryXTime(dde.geometry.Hypersphere([0] * dimension, 1), dde.geometry.TimeDomain(0, 1))
    return Declaration(
        geometry=domain,
        equation=equation,
        conditions=[dde.icbc.NeumannBC(domain, lambda x: np.exp(0.5 + x[:, -1:]), lambda _, on_boundary: on_boundary)],
        ansatz=lambda x, f: (x[:, :-1].square().sum(1, keepdim=True) / 2).exp() + x[:, -1:] * f,
    )


def poisson_2d() -> Declaration:
    """Δu = −2π² sin(πx) sin(πy) on the unit square; u = 0 on its boundary in the loss."""

    def equation(x: torch.Tensor, u: torch.Tensor) -> torch.Tensor:
        laplacian = dde.grad.hessian(u, x, i=0, j=0) + dde.grad.hessian(u, x, i=1, j=1)
        return laplacian + 2 * np.pi**2 * (np.pi * x.detach()).sin().prod(1, keepdim=True)

    square = dde.geometry.Rectangle([0, 0], [1, 1])
    return Declaration(
        geometry=square,
        equation=equation,
        conditions=[dde.icbc.DirichletBC(square, lambda _: 0, lambda _, on_boundary: on_boundary)],
    )


def poisson_2d_hard() -> Declaration:
    """As ``poisson_2d``, with u = 0 on the boundary built in."""

    def equation(x: torch.Tensor, u: torch.Tensor) -> torch.Tensor:
        laplacian = dde.grad.hessian(u, x, i=0, j=0) + dde.grad.hessian(u, x, i=1, j=1)
        return laplacian + 2 * np.pi**2 * (np.pi * x.detach()).sin().prod(1, keepdim=True)

    return Declaration(
        geometry=dde.geometry.Rectangle([0, 0], [1, 1]),
        equation=equation,
        ansatz=lambda x, f: (x * (1 - x)).prod(1, keepdim=True) * f,
    )


def heat_high(dimension: int) -> Declaration:
    """u_t = Δu with normal x, u(x, 0) = ‖x‖²/(2D)."""

    def equation(x: torch.Tensor, u: torch.Tensor) -> torch.Tensor:
        laplacian = sum(dde.grad.hessian(u, x, i=k, j=k) for k in range(dimension))
        return dde.grad.jacobian(u, x, i=0, j=dimension) - laplacian

    def draw(rng: np.random.Generator, count: int) -> np.ndarray:
        return np.hstack((rng.normal(size=(count, dimension)), rng.random((count, 1))))

    return Declaration(
        geometry=Cloud(dimension + 1, draw),
        equation=equation,
        ansatz=lambda x, f: x[:, :-1].square().sum(1, keepdim=True) / (2 * dimension) + x[:, -1:] * f,
    )


def two_body_poisson(dimension: int, coefficients: np.ndarray) -> Declaration:
    """Δu = g in the unit ball, u = 0 on it; g of (1 − ‖x‖²) Σ c_i sin(x_i + cos x_(i+1) + x_(i+1) cos x_i)."""

    def source(x: torch.Tensor) -> torch.Tensor:
        c = torch.as_tensor(coefficients, dtype=x.dtype)
        a, b = x[:, :-1], x[:, 1:]
        wave = a + b.cos() + b * a.cos()
        along_a, along_b = 1 - b * a.sin(), a.cos() - b.sin()
        value, slope = wave.sin(), wave.cos() * (a * along_a + b * along_b)
        curvature = -wave.cos() * (b * a.cos() + b.cos()) - value * (along_a.square() + along_b.square())
        inside = 1 - x.square().sum(1, keepdim=True)
        return inside * (curvature @ c)[:, None] - ((4 * slope + 2 * dimension * value) @ c)[:, None]

    def equation(x: torch.Tensor, u: torch.Tensor) -> torch.Tensor:
        laplacian = sum(dde.grad.hessian(u, x, i=k, j=k) for k in range(dimension))
        return laplacian - source(x.detach())

    def draw(rng: np.random.Generator, count: int) -> np.ndarray:
        direction = rng.normal(size=(count, dimension))
        return rng.random((count, 1)) * direction / np.linalg.norm(direction, axis=1, keepdims=True)

    return Declaration(
        geometry=Cloud(dimension, draw),
        equation=equation,
        ansatz=lambda x, f: (1 - x.square().sum(1, keepdim=True)) * f,
    )


def declaring(problem: str, network: str) -> Callable[..., Declaration]:
    """The function that declares a problem for a setting, without what stays to be given."""
    small = {"heat-nd": heat_nd_hard, "poisson-2d": poisson_2d_hard}
    either = {
        "hjb": hjb,
        "hjb-lq": hjb_lq,
        "poisson": poisson,
        "heat-nd": heat_nd,
        "poisson-2d": poisson_2d,
        "heat-high": heat_high,
        "two-body-poisson": two_body_poisson,
    }
    return small[problem] if network == "small" and problem in small else either[problem]
