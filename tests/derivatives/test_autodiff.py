from __future__ import annotations

import pytest
import torch
from derivative_checks import SineNetwork, SmoothFunction, multi_indices, random_points

from pinnzo.derivatives import Autodiff, FiniteDifference
from pinnzo.errors import ShapeError, StencilError
from pinnzo.multiindex import LinearOperator

ROWS = [
    LinearOperator.derivative(()),
    LinearOperator.laplacian(range(3)),
    LinearOperator.from_terms({(): 2.0, ((0, 1), (2, 1)): -1.5}),
]


@pytest.mark.parametrize("dimension", [2, 3])
def test_every_derivative_up_to_order_4(dimension):
    function, points = SmoothFunction(dimension, seed=3), random_points(10, dimension)
    orders = multi_indices(dimension, 4)
    result = Autodiff().derivatives(function, points, orders)
    assert result.shape == (len(orders), 10)
    for order, values in zip(orders, result, strict=True):
        exact = torch.as_tensor(function.derivative(order, points))
        torch.testing.assert_close(values, exact, rtol=1e-10, atol=1e-10)
    assert not result.requires_grad


def test_several_fields_at_once():
    network, points = SineNetwork(3, 8, count=4), random_points(6, 3)
    result = Autodiff().discretise(ROWS, 3).apply(network, points)
    assert result.shape == (4, 6, 3)
    expected = FiniteDifference(0.01, 4).discretise(ROWS, 3).apply(network, points)
    torch.testing.assert_close(result, expected, rtol=1e-6, atol=1e-6)


def test_it_leaves_inference_mode_for_its_own_work():
    expected = Autodiff().discretise(ROWS, 3).apply(SineNetwork(3, 8, count=2), random_points(6, 3))
    with torch.inference_mode():
        network, points = SineNetwork(3, 8, count=2), random_points(6, 3)
        assert network.first.is_inference()
        result = Autodiff().discretise(ROWS, 3).apply(network, points)
        assert torch.is_inference_mode_enabled()
    torch.testing.assert_close(result, expected)
    assert not result.requires_grad
    with torch.no_grad():
        network.second = network.second.clone().requires_grad_()
        assert not Autodiff().discretise(ROWS, 3).apply(network, points).requires_grad


def test_the_graph_is_kept_for_parameters_that_require_a_gradient():
    discretisation = Autodiff().discretise(ROWS, 3)
    network, points = SineNetwork(3, 8), random_points(6, 3)
    network.second.requires_grad_()
    loss = discretisation.apply(network, points).square().sum()
    (gradient,) = torch.autograd.grad(loss, network.second)
    direction = torch.randn(gradient.shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    losses = []
    for sign in (1, -1):
        moved = SineNetwork(3, 8)
        moved.second = moved.second + sign * 1e-5 * direction
        losses.append(discretisation.apply(moved, points).square().sum())
    assert (losses[0] - losses[1]).item() / 2e-5 == pytest.approx((gradient * direction).sum().item(), rel=1e-6)


def test_gradients_in_the_points():
    points = random_points(4, 2).requires_grad_()
    first = Autodiff().derivatives(lambda x: x[:, 0] ** 3 * x[:, 1], points, [(1, 0)])
    (slope,) = torch.autograd.grad(first.sum(), points)
    torch.testing.assert_close(slope[:, 0], 6 * points[:, 0] * points[:, 1])


def test_linear_functions_and_unused_variables():
    def f(x):
        return 2 * x[:, 0]

    result = Autodiff().derivatives(f, random_points(4, 3), [(1, 0, 0), (0, 1, 0), (2, 0, 0), (1, 1, 1)])
    assert torch.equal(result, torch.tensor([[2.0], [0.0], [0.0], [0.0]], dtype=torch.float64).expand(4, 4))


def test_a_function_outside_torch_is_refused():
    with pytest.raises(StencilError, match="no autograd graph"):
        Autodiff().derivatives(lambda x: torch.as_tensor(x.detach().numpy().sum(1)), random_points(4, 2), [(1, 0)])


def test_axes_are_checked():
    with pytest.raises(ShapeError, match="axis 2"):
        Autodiff().discretise([LinearOperator.laplacian(range(3))], 2)
    assert Autodiff().discretise(ROWS, 3).evaluations_per_point == 1
