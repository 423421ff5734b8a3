"""The thinnest layer that an equation can sustain."""

import math

import pytest
import sympy as sp

import pinnzo as pz
from pinnzo.symbolic.thin_layers import thinnest_layer

X, T = sp.symbols("x t", real=True)
U = sp.Function("u")(X, T)
W = sp.Function("w")(X)


def line(equation, extent=1.0, data=0):
    return pz.Problem(equation, pz.Box({X: (0, extent)}), [pz.Boundary(W, data)])


def evolution(equation, initial, extent=1.0):
    return pz.Problem(equation, pz.Box({X: (0, extent), T: (0, 1)}), [sp.Eq(U.subs(T, 0), initial)])


@pytest.mark.parametrize("epsilon", [1e-2, 1e-4, 1e-8])
def test_diffusion_against_advection_and_reaction(epsilon):
    advection = line(sp.Eq(W.diff(X) - epsilon * W.diff(X, 2), 1))
    assert thinnest_layer(advection) == pytest.approx(epsilon)
    reaction = line(sp.Eq(4 * W - epsilon * W.diff(X, 2), 1))
    assert thinnest_layer(reaction) == pytest.approx(math.sqrt(epsilon) / 2)


def test_it_is_a_share_of_the_domain_and_sees_all_orders():
    assert thinnest_layer(line(sp.Eq(W.diff(X) - W.diff(X, 2) / 10, 1), extent=5)) == pytest.approx(0.02)
    fourth = line(sp.Eq(W.diff(X, 4) / 1000 + W.diff(X), 1))
    assert thinnest_layer(fourth) == pytest.approx(0.1)


def test_a_nonlinear_equation_is_linearised_at_the_size_of_its_data():
    # Three times as large a velocity makes the layer three times as thin.
    for size in (1, 3):
        burgers = evolution(sp.Eq(U.diff(T) + U * U.diff(X), U.diff(X, 2) / 100), size * sp.cos(X))
        assert thinnest_layer(burgers) == pytest.approx(0.01 / size, rel=1e-2)
    cubic = evolution(sp.Eq(U.diff(T), U.diff(X, 2) / 10_000 - U**3), sp.Integer(1))
    assert thinnest_layer(cubic) == pytest.approx(math.sqrt(1e-4 / 3), rel=1e-3)


def test_coefficients_that_vary_count_by_their_size_over_the_domain():
    varying = line(sp.Eq(W.diff(X) - X**2 * W.diff(X, 2) / 100, 1))
    assert thinnest_layer(varying) == pytest.approx(0.01 / math.sqrt(5), rel=0.1)


@pytest.mark.parametrize("name", ["poisson-2d", "heat", "wave", "plate"])
def test_without_competing_orders_there_is_none(name):
    assert thinnest_layer(pz.problem(name)) == math.inf


def test_orders_that_cancel_are_not_there():
    cancelled = line(sp.Eq(W.diff(X, 2) + sp.pi * W - sp.pi * W, 1))
    assert thinnest_layer(cancelled) == math.inf


def test_squared_gradients_and_kinks_do_no_harm():
    x = pz.coordinates("x", 2)
    v = sp.Function("v")(*x)
    equation = sp.Eq(pz.laplacian(v, x) + pz.gradient_norm_squared(v, x) + sp.Abs(v), 1)
    assert thinnest_layer(pz.Problem(equation, pz.Ball(x), [pz.Boundary(v, 0)])) == pytest.approx(0.5, rel=1e-3)
