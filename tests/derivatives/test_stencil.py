from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from derivative_checks import SineNetwork, multi_indices, random_points
from hypothesis import given, settings
from hypothesis import strategies as st

from pinnzo.derivatives import Autodiff, FiniteDifference, SmolyakStein, Stencil
from pinnzo.errors import ShapeError, StencilError
from pinnzo.multiindex import LinearOperator

IDENTITY = LinearOperator.derivative(())


@st.composite
def polynomial_cases(draw):
    """An estimator, a derivative α that it sees, and a polynomial of degree |α| + p − 1."""
    step = draw(st.floats(0.05, 2.0))
    accuracy, estimator = draw(
        st.sampled_from(
            [
                (2, FiniteDifference(step, 2)),
                (4, FiniteDifference(step, 4)),
                (2, SmolyakStein(2, step, "odd")),
            ]
            + [(2, SmolyakStein(level, step, growth)) for level in (3, 4, 5) for growth in ("linear", "odd", "nested")]
        )
    )
    dimension = draw(st.integers(1, 3))
    order = draw(st.sampled_from(multi_indices(dimension, 4)))
    coefficients = {beta: draw(st.floats(-1, 1)) for beta in multi_indices(dimension, sum(order) + accuracy - 1)}
    point = [draw(st.floats(-1, 1)) for _ in range(dimension)]
    return estimator, order, coefficients, point


@given(polynomial_cases())
@settings(max_examples=120, deadline=None, database=None, derandomize=True)
def test_exact_on_polynomials(case):
    estimator, order, coefficients, point = case

    def f(x):
        return sum(c * (x ** torch.tensor(beta)).prod(1) for beta, c in coefficients.items())

    exact = 0.0
    for beta, c in coefficients.items():
        if all(b >= a for a, b in zip(order, beta, strict=True)):
            exact += c * math.prod(math.perm(b, a) * p ** (b - a) for a, b, p in zip(order, beta, point, strict=True))
    points = torch.tensor([point], dtype=torch.float64)
    try:
        estimate = estimator.derivatives(f, points, [order])
    except StencilError:
        return
    stencil = (
        estimator.stencil(len(order), [order])
        if isinstance(estimator, FiniteDifference)
        else estimator.stencil(len(order))
    )
    scale = (stencil.weights(order) * f(points + stencil.nodes)).abs().sum()
    assert abs(estimate.item() - exact) <= 1e-12 * float(scale) + 1e-12


@pytest.mark.parametrize(
    "estimator",
    [
        SmolyakStein(3),
        SmolyakStein(2, growth="odd"),
        SmolyakStein(3, growth="odd"),
        SmolyakStein(3, growth="nested"),
        SmolyakStein((3, 3, 2, 2, 2, 2), growth="odd"),
        FiniteDifference(),
    ],
)
def test_rows_of_a_network(estimator):
    dimension, points = 6, random_points(15, 6)
    rows = [
        IDENTITY,
        LinearOperator.laplacian(range(dimension)),
        LinearOperator.derivative(((2, 1),)),
        LinearOperator.from_terms({(): 2.0, ((0, 2),): 1.0, ((5, 1),): -3.0}),
    ]
    network = SineNetwork(dimension, 16, count=3)
    exact = Autodiff().discretise(rows, dimension).apply(network, points)
    network.evaluations = 0
    discretisation = estimator.discretise(rows, dimension)
    estimate = discretisation.apply(network, points)
    assert estimate.shape == (3, 15, 4)
    assert network.evaluations == 15 * discretisation.evaluations_per_point
    torch.testing.assert_close(estimate, exact, rtol=0.1, atol=0.05)
    # The identity is the value itself, not the smoothed one.
    torch.testing.assert_close(estimate[..., 0], network.values(points), rtol=0, atol=1e-14)


def test_925_evaluations_serve_value_gradient_and_laplacian():
    rows = [
        IDENTITY,
        LinearOperator.laplacian(range(21)),
        *(LinearOperator.derivative(((i, 1),)) for i in range(21)),
    ]
    assert SmolyakStein(3).discretise(rows, 21).evaluations_per_point == 925


def test_only_nodes_with_weight_are_kept():
    estimator = SmolyakStein(2, growth="odd")
    first = LinearOperator.derivative(((1, 1),))
    assert estimator.discretise([first], 4).evaluations_per_point == 2
    assert estimator.discretise([first, IDENTITY], 4).evaluations_per_point == 3
    assert estimator.discretise([IDENTITY], 4).evaluations_per_point == 1
    # Without a middle point in the only rule, the centre is added for the value.
    discretisation = SmolyakStein(2).discretise([IDENTITY, LinearOperator.derivative(((0, 1),))], 1)
    assert discretisation.evaluations_per_point == 3
    values = discretisation.apply(SineNetwork(1, 4), random_points(2, 1))
    torch.testing.assert_close(values[..., 0], SineNetwork(1, 4).values(random_points(2, 1)))


def test_stencils_are_stencils():
    for stencil in (SmolyakStein().stencil(3), FiniteDifference().stencil(3)):
        assert isinstance(stencil, Stencil)
        assert stencil.nodes.dtype == stencil.weights((0, 1, 1)).dtype == torch.float64
        assert torch.equal(stencil.weights((0, 2, 0)), stencil.weights({1: 2}))
        combined = LinearOperator.from_terms({((0, 2),): 2.0, ((1, 1),): -1.0})
        expected = 2 * stencil.weights({0: 2}) - stencil.weights({1: 1})
        torch.testing.assert_close(stencil.row(combined), expected)
        with pytest.raises(ShapeError, match="order has 2 entries"):
            stencil.weights((1, 1))
        with pytest.raises(ShapeError, match="axis 3"):
            stencil.row(LinearOperator.laplacian(range(4)))


def test_no_rows():
    assert FiniteDifference().derivatives(lambda x: x.sum(1), random_points(4, 2), []).shape == (0, 4)


@pytest.mark.parametrize("estimator", [SmolyakStein(3), SmolyakStein(2, growth="odd"), FiniteDifference(0.1, 4)])
def test_single_precision(estimator):
    rows = [LinearOperator.laplacian(range(21)), LinearOperator.derivative(((0, 1),))]
    discretisation = estimator.discretise(rows, 21)
    points = random_points(50, 21).float()
    single = discretisation.apply(SineNetwork(21, 32, dtype=torch.float32), points)
    double = discretisation.apply(SineNetwork(21, 32), points.double())
    assert single.dtype == torch.float32
    rounding = np.finfo(np.float32).eps * discretisation.weights.square().sum(0).sqrt()
    assert ((single - double).square().mean((0, 1)).sqrt() < rounding).all()
    constant = estimator.derivatives(lambda x: torch.full((len(x),), 0.7), points, [{0: 2}, {1: 1}])
    assert (constant == 0).all()
