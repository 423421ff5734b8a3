"""Sparse grids against those of OpenTURNS and chaospy, which build them by other ways.

Both count levels from other beginnings, and chaospy leaves nodes twice that differ by rounding alone: their nodes are
merged before they are compared.
"""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import pinnzo as pz
from pinnzo.derivatives.growth import points_at

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # SWIG's types warn on import, in some releases of Python
    openturns = pytest.importorskip("openturns")
    chaospy = pytest.importorskip("chaospy")
    import numpoly  # the polynomials of chaospy
    from chaospy.quadrature import INTEGRATION_COLLECTION, frontend

GRIDS = [(1, 6), (2, 7), (3, 5), (4, 4), (6, 4), (10, 3), (30, 3), (50, 2)]
"""Dimensions and levels."""
SMALL = [(1, 4), (2, 5), (3, 4), (4, 3)]
GROWTHS = ("linear", "odd", "nested")


def sigmas(dimension):
    """Another smoothing step for each variable."""
    return tuple(np.linspace(0.4, 1.3, dimension).tolist())


def ours(dimension, level, growth):
    stencil = pz.SmolyakStein(level, sigmas(dimension), growth).stencil(dimension)
    return stencil.nodes.numpy(), stencil.weights({}).numpy()


def of_openturns(dimension, level):
    marginals = [openturns.GaussProductExperiment(openturns.Normal(0, sigma)) for sigma in sigmas(dimension)]
    nodes, weights = openturns.SmolyakExperiment(marginals, level).generateWithWeights()
    return np.array(nodes), np.array(weights).ravel()


def normal(dimension):
    return chaospy.J(*(chaospy.Normal(0, sigma) for sigma in sigmas(dimension)))


@pytest.fixture
def of_chaospy(monkeypatch):
    """Its sparse grids, also from those of its one-dimensional rules that our other growths take."""

    def odd(order, dist, **_):
        return INTEGRATION_COLLECTION["gaussian"](2 * order, dist)

    def nested(order, dist, **_):
        sizes = (1, 3, 9, 19)  # as its documentation lists the orders of this rule
        return INTEGRATION_COLLECTION["genz_keister_24"](sizes.index(points_at(order + 1, "nested")), dist)

    for name, rule in (("odd", odd), ("nested", nested)):
        monkeypatch.setitem(frontend.SHORT_NAME_TABLE, name, name)
        monkeypatch.setitem(INTEGRATION_COLLECTION, name, rule)

    def grid(dimension, level, growth):
        rule = "gaussian" if growth == "linear" else growth
        nodes, weights = chaospy.generate_quadrature(level - 1, normal(dimension), rule=rule, sparse=True, growth=False)
        return np.reshape(nodes, (dimension, -1)).T, weights

    return grid


def merged(nodes, weights, dimension):
    """Distinct nodes in a fixed order, each with the sum of its weights."""
    keys = np.round(nodes / np.array(sigmas(dimension)), 6) + 0.0
    distinct, first, which = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    total = np.zeros(len(distinct))
    np.add.at(total, which.ravel(), weights)
    return nodes[first], total


def assert_same_grid(found, expected, dimension):
    nodes, weights = merged(*found, dimension)
    assert len(nodes) == len(found[0]), "our own nodes are distinct"
    other_nodes, other_weights = merged(*expected, dimension)
    np.testing.assert_allclose(nodes, other_nodes, atol=1e-11)
    np.testing.assert_allclose(weights, other_weights, atol=1e-13 * np.abs(expected[1]).sum())


def monomials(dimension, degree, count=40):
    """Exponents of random monomials of just this degree."""
    generator = np.random.default_rng(1000 * dimension + degree)
    return generator.multinomial(degree, np.full(dimension, 1 / dimension), size=count)


def integrals(grid, exponents):
    nodes, weights = grid
    return np.array([weights @ np.prod(nodes**powers, axis=1) for powers in exponents])


@pytest.mark.parametrize(("dimension", "level"), GRIDS)
def test_linear_growth_is_the_grid_of_openturns(dimension, level):
    assert_same_grid(ours(dimension, level, "linear"), of_openturns(dimension, level), dimension)


@pytest.mark.parametrize("growth", GROWTHS)
@pytest.mark.parametrize(("dimension", "level"), [*SMALL, (7, 3), (21, 3)])
def test_every_growth_is_the_grid_of_chaospy(dimension, level, growth, of_chaospy):
    assert_same_grid(ours(dimension, level, growth), of_chaospy(dimension, level, growth), dimension)


@pytest.mark.parametrize(("dimension", "level"), GRIDS)
def test_integrals_beyond_exactness_are_those_of_openturns(dimension, level):
    """Where the rule is exact and where it is not: the same number comes out."""
    mine, other = ours(dimension, level, "linear"), of_openturns(dimension, level)
    for degree in (2 * level - 2, 2 * level, 2 * level + 2):
        exponents = monomials(dimension, degree)
        scale = integrals((np.abs(mine[0]), np.abs(mine[1])), exponents)
        np.testing.assert_array_less(
            np.abs(integrals(mine, exponents) - integrals(other, exponents)), 1e-12 * scale + 1e-13
        )


def polynomial(dimension, degree):
    """A random polynomial of chaospy with all monomials up to the degree."""
    terms = chaospy.monomial(0, degree + 1, dimensions=dimension)
    return chaospy.sum(np.random.default_rng(degree).normal(size=len(terms)) * terms)


@pytest.mark.parametrize("growth", GROWTHS)
@pytest.mark.parametrize(("dimension", "level"), SMALL)
def test_moments_are_the_exact_ones(dimension, level, growth):
    nodes, weights = ours(dimension, level, growth)
    p = polynomial(dimension, 2 * level - 1)
    values = p(*nodes.T)
    gap = abs(weights @ values - chaospy.E(p, normal(dimension)))
    assert gap < 1e-12 * (np.abs(weights) @ np.abs(values))


# NumPy warns of a mask that masks nothing when chaospy compares polynomials.
@pytest.mark.filterwarnings("ignore:'where' used without 'out':UserWarning")
@pytest.mark.parametrize("order", [(1,), (2,), (1, 1)])
@pytest.mark.parametrize(("dimension", "level"), [(2, 4), (3, 4), (4, 3)])
def test_stein_weights_differentiate_the_smoothed_polynomial(dimension, level, order):
    """Σ_j w_j p(δ_j) is the derivative at 0 of p * N(0, σ²), which is the mean of p's derivative."""
    stencil = pz.SmolyakStein(level, sigmas(dimension)).stencil(dimension)
    weights = stencil.weights((*order, *[0] * (dimension - len(order)))).numpy()
    p = polynomial(dimension, 2 * level - 1 - sum(order))
    derivative = p
    for axis, times in enumerate(order):
        for _ in range(times):
            derivative = numpoly.derivative(derivative, numpoly.variable(dimension)[axis])
    values = p(*stencil.nodes.numpy().T)
    gap = abs(weights @ values - chaospy.E(derivative, normal(dimension)))
    assert gap < 1e-12 * (np.abs(weights) @ np.abs(values))
