from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from derivative_checks import SineNetwork, random_points

from pinnzo.derivatives import Autodiff, FiniteDifference, SmolyakStein
from pinnzo.derivatives.evaluation import FunctionField, check_points, weighted_sums
from pinnzo.derivatives.tiles import tile_shape
from pinnzo.errors import NonFiniteError, ShapeError
from pinnzo.multiindex import LinearOperator

NODES = random_points(11, 3) - 0.5
WEIGHTS = random_points(11, 4) - 0.5


def direct(field, x):
    return field.values_at(x, NODES) @ WEIGHTS


@pytest.mark.parametrize("tile", [1, 40, 300, 2000, 2**30])
@pytest.mark.parametrize("count", [0, 1, 2, 17])
def test_tiles_do_not_change_the_result(tile, count):
    field, x = SineNetwork(3, 8, count=2), random_points(17, 3)[:count]
    expected = direct(field, x)
    field.evaluations = 0
    result = weighted_sums(field, x, NODES, WEIGHTS, tile_elements=tile)
    assert field.evaluations == count * 11
    torch.testing.assert_close(result, expected, rtol=0, atol=1e-13)


def test_tiles_stay_within_the_budget():
    network = SineNetwork(40, 16, count=2)
    x = random_points(50, 40)
    discretisation = SmolyakStein(3).discretise([LinearOperator.laplacian(range(40))], 40)
    weighted_sums(network, x, discretisation.nodes, discretisation.weights, tile_elements=2**14)
    assert 2**14 / 2 < 2 * 16 * network.largest <= 2**14


@pytest.mark.parametrize(("pairs", "points", "nodes"), [(1, 5, 5), (7, 100, 3), (1000, 1, 10**6), (64, 64, 64)])
def test_tile_shapes(pairs, points, nodes):
    p, j = tile_shape(pairs, points, nodes)
    assert 1 <= p <= points
    assert 1 <= j <= nodes
    assert pairs / 2 <= p * j <= pairs or (p, j) == (points, nodes)


def test_inference_mode_leaves_no_graph():
    network = SineNetwork(3, 8)
    network.first.requires_grad_()
    with torch.inference_mode():
        assert weighted_sums(network, random_points(5, 3), NODES, WEIGHTS, tile_elements=64).is_inference()


def test_gradients_in_the_parameters_flow_through():
    network, x = SineNetwork(3, 8, count=2), random_points(5, 3)
    network.second.requires_grad_()
    (expected,) = torch.autograd.grad(direct(network, x).square().sum(), network.second)
    tiled = weighted_sums(network, x, NODES, WEIGHTS, tile_elements=64)
    (result,) = torch.autograd.grad(tiled.square().sum(), network.second)
    torch.testing.assert_close(result, expected)


@pytest.mark.parametrize("estimator", [Autodiff(), FiniteDifference(), SmolyakStein()])
def test_bad_points_are_named(estimator):
    def f(x):
        return x.sum(1)

    for points in (torch.zeros(3), torch.zeros(2, 3, 1), torch.zeros(4, 0)):
        with pytest.raises(ShapeError, match=r"points has shape .* shape \(N, D\)"):
            estimator.derivatives(f, points, [])
    with pytest.raises(ShapeError, match=r"points has dtype torch\.int64"):
        estimator.derivatives(f, torch.zeros(2, 2, dtype=torch.int64), [])
    with pytest.raises(ShapeError, match="points is a ndarray"):
        estimator.derivatives(f, np.zeros((2, 2)), [])
    with pytest.raises(NonFiniteError, match="points has NaN"):
        estimator.derivatives(f, torch.tensor([[0.0, math.nan]]), [])
    with pytest.raises(ShapeError, match="order has 3 entries"):
        estimator.derivatives(f, torch.zeros(4, 2), [(1, 0, 0)])
    assert check_points(torch.zeros(4, 2)) == 2


@pytest.mark.parametrize("estimator", [Autodiff(), FiniteDifference(), SmolyakStein()])
def test_functions_that_return_columns_are_refused(estimator):
    with pytest.raises(ShapeError, match=r"not \(\d+, 1\): return f\(x\)\[:, 0\]"):
        estimator.derivatives(lambda x: x[:, :1], random_points(7, 2), [(1, 0)])
    with pytest.raises(ShapeError, match=r"f returned shape \(\)"):
        estimator.derivatives(lambda x: x.sum(), random_points(7, 2), [(1, 0)])
    with pytest.raises(ShapeError, match="f returned a float"):
        estimator.derivatives(lambda x: 1.0, random_points(7, 2), [(1, 0)])


def test_function_field_shapes():
    field = FunctionField(lambda x: x[:, 0] * x[:, 1])
    x, nodes = random_points(4, 2), random_points(3, 2)
    assert field.values(x).shape == (1, 4)
    expected = (x[:, None, 0] + nodes[:, 0]) * (x[:, None, 1] + nodes[:, 1])
    torch.testing.assert_close(field.values_at(x, nodes)[0], expected)
