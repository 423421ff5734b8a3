"""Exact solutions given as functions of points are checked by their values and by finite differences."""

import pytest
import sympy as sp
import torch

import pinnzo as pz
from pinnzo.errors import DeclarationError

x = pz.coordinates("x", 3)
t = sp.Symbol("t", real=True)
u = sp.Function("u")(*x, t)
HEAT = sp.Eq(u.diff(t), pz.laplacian(u, x))
START = [sp.Eq(u.subs(t, 0), sum(xi**2 for xi in x))]
DOMAINS = {
    "box": pz.Box({x: (-1, 30), t: (0, 1)}),
    "ball": pz.Ball(x, radius=0.5, center=(3, 0, 0)) * pz.Box({t: (0, 2)}),
    "space": pz.Gaussian(x, std=2) * pz.Box({t: (0, 0.1)}),
}
domains = pytest.mark.parametrize("domain", DOMAINS.values(), ids=DOMAINS)


def square(points):
    return points[:, :3].square().sum(1)


@domains
def test_a_solution_is_accepted(domain):
    assert pz.Problem(HEAT, domain, START, exact=lambda p: square(p) + 6 * p[:, 3]).exact is not None
    wave = lambda p: torch.exp(-p[:, 3]) * torch.sin(p[:, 0]) + square(p) + 6 * p[:, 3]  # noqa: E731
    assert pz.Problem(HEAT, domain, exact=wave).exact is not None


@domains
def test_a_function_that_fits_the_data_but_not_the_equation_is_refused(domain):
    with pytest.raises(DeclarationError, match="by finite differences the residual is") as caught:
        pz.Problem(HEAT, domain, START, exact=lambda p: square(p) + 5 * p[:, 3])
    assert "-1 at x1 = " in str(caught.value)


def test_it_is_not_asked_outside_the_domain():
    def exact(points):
        inside = (points >= torch.tensor([-1.0, -1, -1, 0])).all() and (points <= torch.tensor([30.0, 30, 30, 1])).all()
        assert inside
        return square(points) + 6 * points[:, 3]

    assert pz.Problem(HEAT, DOMAINS["box"], START, exact=exact).exact is exact


def test_references_with_noise_or_kinks_have_the_benefit_of_the_doubt():
    generator = torch.Generator().manual_seed(0)

    def simulated(points):
        return square(points) + 6 * points[:, 3] + 1e-4 * torch.randn(len(points), generator=generator)

    assert pz.Problem(HEAT, DOMAINS["space"], START, exact=simulated).exact is simulated
    y = sp.Symbol("y", real=True)
    v = sp.Function("v")(y)
    eikonal = sp.Eq(v.diff(y) ** 2, 1)
    assert pz.Problem(eikonal, pz.Box({y: (-1, 1)}), exact=lambda p: p[:, 0].abs()).exact is not None


def test_arrays_and_nonlinear_equations():
    burgers = sp.Eq(u.diff(t) + u * u.diff(x[0]), 0)
    box = pz.Box({x: (0, 1), t: (0, 1)})
    assert pz.Problem(burgers, box, exact=lambda p: (p[:, 0] / (1 + p[:, 3])).numpy()).exact is not None
    with pytest.raises(DeclarationError, match="does not satisfy the equation"):
        pz.Problem(burgers, box, exact=lambda p: (p[:, 0] / (2 + p[:, 3] ** 2)).numpy())


def test_hundreds_of_variables_are_too_dear_to_difference():
    y = pz.coordinates("y", 1100)
    v = sp.Function("v")(*y)
    problem = pz.Problem(sp.Eq(v.diff(y[0]), 0), pz.Box({y: (0, 1)}), exact=lambda p: p[:, 0])
    assert problem.exact is not None
