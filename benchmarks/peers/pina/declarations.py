"""The problems as PINA declares them: domains, conditions, equations; and the ansatz, where conditions are built in."""

# ruff: noqa: RUF012 -- domains and conditions are attributes of a class, as everywhere in PINA.

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from pina import Condition, LabelTensor
from pina.domain import CartesianDomain, EllipsoidDomain
from pina.equation import Equation, FixedValue
from pina.operator import grad, laplacian
from pina.problem import SpatialProblem, TimeDependentProblem
from torch import Tensor

from benchmarks.peers.pina.domains import Drawn, Product, names


@dataclass(frozen=True)
class Declared:
    """A problem of PINA's, and what it has no word for.

    Attributes:
        problem: the domains and conditions; the equation's condition is "interior".
        ansatz: the solution (N, 1) of the points and the network's output.
        feature: one more input (N, 1) of the network.
        weights: of the conditions.
    """

    problem: Any
    ansatz: Callable[[LabelTensor, Tensor], Tensor] = lambda points, f: f
    feature: Callable[[LabelTensor], Tensor] | None = None
    weights: Mapping[str, float] = field(default_factory=dict)


def hjb(dimension: int) -> Declared:
    """u_t + Δu − ‖∇u‖²/D = −2, with u = Σ x_i + (1 − t) f."""
    x = names(dimension)

    def equation(points: LabelTensor, u: LabelTensor) -> LabelTensor:
        slopes = grad(u, points, d=x).pow(2).sum(dim=1, keepdim=True)
        return grad(u, points, d=["t"]) + laplacian(u, points, d=x) - slopes / dimension + 2

    class HJB(SpatialProblem, TimeDependentProblem):
        output_variables = ["u"]
        spatial_domain = CartesianDomain({name: [0, 1] for name in x})
        temporal_domain = CartesianDomain({"t": [0, 1]})
        domains = {"interior": spatial_domain.update(temporal_domain)}
        conditions = {"interior": Condition(domain="interior", equation=Equation(equation))}

    return Declared(
        HJB(), ansatz=lambda points, f: points.extract(x).sum(dim=1, keepdim=True) + (1 - points.extract(["t"])) * f
    )


def hjb_lq(dimension: int, feature: bool = False) -> Declared:
    """u_t + Δu − ‖∇u‖² = 0 along Brownian paths, with u = ln((1 + ‖x‖²)/2) + (1 − t) f, where f may see ‖x‖²/D."""
    x = names(dimension)

    def equation(points: LabelTensor, u: LabelTensor) -> LabelTensor:
        slopes = grad(u, points, d=x).pow(2).sum(dim=1, keepdim=True)
        return grad(u, points, d=["t"]) + laplacian(u, points, d=x) - slopes

    def squared(points: LabelTensor) -> Tensor:
        return points.extract(x).pow(2).sum(dim=1, keepdim=True)

    def paths(n: int) -> Tensor:
        t = torch.rand(n, 1)
        return torch.cat([(2 * t).sqrt() * torch.randn(n, dimension), t], 1)

    class HJBLQ(SpatialProblem, TimeDependentProblem):
        output_variables = ["u"]
        spatial_domain = Drawn(x, lambda n: torch.randn(n, dimension))
        temporal_domain = CartesianDomain({"t": [0, 1]})
        domains = {"interior": Drawn([*x, "t"], paths)}
        conditions = {"interior": Condition(domain="interior", equation=Equation(equation))}

    return Declared(
        HJBLQ(),
        ansatz=lambda points, f: ((1 + squared(points)) / 2).log() + (1 - points.extract(["t"])) * f,
        feature=(lambda points: squared(points) / dimension) if feature else None,
    )


def poisson(dimension: int) -> Declared:
    """−Δu = (π²/4) Σ sin(π x_i/2) on the unit cube, Dirichlet data as a penalty."""
    x = names(dimension)

    def sines(points: LabelTensor) -> Tensor:
        return (torch.pi / 2 * points.extract(x)).sin().sum(dim=1, keepdim=True)

    class Poisson(SpatialProblem):
        output_variables = ["u"]
        spatial_domain = CartesianDomain({name: [0, 1] for name in x})
        domains = {"interior": spatial_domain, "boundary": spatial_domain.partial()}
        conditions = {
            "interior": Condition(
                domain="interior",
                equation=Equation(lambda points, u: laplacian(u, points, d=x) + torch.pi**2 / 4 * sines(points)),
            ),
            "boundary": Condition(domain="boundary", equation=Equation(lambda points, u: u - sines(points))),
        }

    return Declared(Poisson(), weights={"interior": 1, "boundary": 100})


def heat_nd(dimension: int) -> Declared:
    """u_t = Δu/D − (‖x‖²/D) e^(‖x‖²/2 + t) on the unit ball, initial and Neumann data as penalties."""
    x = names(dimension)

    def squared(points: LabelTensor) -> Tensor:
        return points.extract(x).pow(2).sum(dim=1, keepdim=True)

    def equation(points: LabelTensor, u: LabelTensor) -> LabelTensor:
        source = squared(points) / dimension * (squared(points) / 2 + points.extract(["t"])).exp()
        return grad(u, points, d=["t"]) - laplacian(u, points, d=x) / dimension + source

    def neumann(points: LabelTensor, u: LabelTensor) -> Tensor:
        normal = (points.extract(x) * grad(u, points, d=x)).sum(dim=1, keepdim=True)
        return normal - (0.5 + points.extract(["t"])).exp()

    class Heat(SpatialProblem, TimeDependentProblem):
        output_variables = ["u"]
        spatial_domain = EllipsoidDomain({name: [-1, 1] for name in x})
        temporal_domain = CartesianDomain({"t": [0, 1]})
        domains = {
            "interior": Product(spatial_domain, temporal_domain),
            "boundary": Product(spatial_domain.partial(), temporal_domain),
            "initial": Product(spatial_domain, CartesianDomain({"t": 0})),
        }
        conditions = {
            "interior": Condition(domain="interior", equation=Equation(equation)),
            "boundary": Condition(domain="boundary", equation=Equation(neumann)),
            "initial": Condition(
                domain="initial", equation=Equation(lambda points, u: u - (squared(points) / 2).exp())
            ),
        }

    return Declared(Heat())


def heat_nd_hard(dimension: int) -> Declared:
    """The same with u = e^(‖x‖²/2) + t f, Neumann data as a penalty."""
    x = names(dimension)

    def squared(points: LabelTensor) -> Tensor:
        return points.extract(x).pow(2).sum(dim=1, keepdim=True)

    def equation(points: LabelTensor, u: LabelTensor) -> LabelTensor:
        source = squared(points) / dimension * (squared(points) / 2 + points.extract(["t"])).exp()
        return grad(u, points, d=["t"]) - laplacian(u, points, d=x) / dimension + source

    def neumann(points: LabelTensor, u: LabelTensor) -> Tensor:
        normal = (points.extract(x) * grad(u, points, d=x)).sum(dim=1, keepdim=True)
        return normal - (0.5 + points.extract(["t"])).exp()

    class Heat(SpatialProblem, TimeDependentProblem):
        output_variables = ["u"]
        spatial_domain = EllipsoidDomain({name: [-1, 1] for name in x})
        temporal_domain = CartesianDomain({"t": [0, 1]})
        domains = {
            "interior": Product(spatial_domain, temporal_domain),
            "boundary": Product(spatial_domain.partial(), temporal_domain),
        }
        conditions = {
            "interior": Condition(domain="interior", equation=Equation(equation)),
            "boundary": Condition(domain="boundary", equation=Equation(neumann)),
        }

    return Declared(Heat(), ansatz=lambda points, f: (squared(points) / 2).exp() + points.extract(["t"]) * f)


def poisson_2d() -> Declared:
    """Δu = −2π² sin(πx) sin(πy) on the unit square, u = 0 on the boundary as a penalty."""

    def equation(points: LabelTensor, u: LabelTensor) -> Tensor:
        waves = (torch.pi * points.extract(["x"])).sin() * (torch.pi * points.extract(["y"])).sin()
        return laplacian(u, points, d=["x", "y"]) + 2 * torch.pi**2 * waves

    class Poisson(SpatialProblem):
        output_variables = ["u"]
        spatial_domain = CartesianDomain({"x": [0, 1], "y": [0, 1]})
        domains = {"interior": spatial_domain, "boundary": spatial_domain.partial()}
        conditions = {
            "interior": Condition(domain="interior", equation=Equation(equation)),
            "boundary": Condition(domain="boundary", equation=FixedValue(0.0)),
        }

    return Declared(Poisson())


def poisson_2d_hard() -> Declared:
    """The same with u = x(1 − x) y(1 − y) f."""

    def equation(points: LabelTensor, u: LabelTensor) -> Tensor:
        waves = (torch.pi * points.extract(["x"])).sin() * (torch.pi * points.extract(["y"])).sin()
        return laplacian(u, points, d=["x", "y"]) + 2 * torch.pi**2 * waves

    def ansatz(points: LabelTensor, f: Tensor) -> Tensor:
        x, y = points.extract(["x"]), points.extract(["y"])
        return x * (1 - x) * y * (1 - y) * f

    class Poisson(SpatialProblem):
        output_variables = ["u"]
        spatial_domain = CartesianDomain({"x": [0, 1], "y": [0, 1]})
        domains = {"interior": spatial_domain}
        conditions = {"interior": Condition(domain="interior", equation=Equation(equation))}

    return Declared(Poisson(), ansatz=ansatz)


def heat_high(dimension: int) -> Declared:
    """u_t = Δu on all of space, with u = ‖x‖²/(2D) + t f."""
    x = names(dimension)

    class Heat(SpatialProblem, TimeDependentProblem):
        output_variables = ["u"]
        spatial_domain = Drawn(x, lambda n: torch.randn(n, dimension))
        temporal_domain = CartesianDomain({"t": [0, 1]})
        domains = {"interior": Product(spatial_domain, temporal_domain)}
        conditions = {
            "interior": Condition(
                domain="interior",
                equation=Equation(lambda points, u: grad(u, points, d=["t"]) - laplacian(u, points, d=x)),
            )
        }

    def ansatz(points: LabelTensor, f: Tensor) -> Tensor:
        return points.extract(x).pow(2).sum(dim=1, keepdim=True) / (2 * dimension) + points.extract(["t"]) * f

    return Declared(Heat(), ansatz=ansatz)


def two_body_poisson(dimension: int, coefficients: Tensor) -> Declared:
    """Δu = g in the unit ball, with u = (1 − ‖x‖²) f."""
    x = names(dimension)

    def source(points: Tensor) -> Tensor:
        a, b, c = points[:, :-1], points[:, 1:], coefficients.to(points)
        sin_a, cos_a, sin_b, cos_b = a.sin(), a.cos(), b.sin(), b.cos()
        waves = a + cos_b + b * cos_a
        value, slope = waves.sin(), waves.cos()
        along_a, along_b = 1 - b * sin_a, cos_a - sin_b
        curvature = -slope * (b * cos_a + cos_b) - value * (along_a.square() + along_b.square())
        radial = slope * (a * along_a + b * along_b)
        return (1 - points.square().sum(1)) * (curvature @ c) - (4 * radial + 2 * dimension * value) @ c

    def equation(points: LabelTensor, u: LabelTensor) -> Tensor:
        return laplacian(u, points, d=x) - source(points.extract(x).tensor)[:, None]

    class TwoBody(SpatialProblem):
        output_variables = ["u"]
        spatial_domain = Drawn(
            x, lambda n: torch.rand(n, 1) * torch.nn.functional.normalize(torch.randn(n, dimension), dim=1)
        )
        domains = {"interior": spatial_domain}
        conditions = {"interior": Condition(domain="interior", equation=Equation(equation))}

    return Declared(TwoBody(), ansatz=lambda points, f: (1 - points.extract(x).pow(2).sum(dim=1, keepdim=True)) * f)
