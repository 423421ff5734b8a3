"""Derivatives from changes that networks pass from layer to layer, against the plain difference of values."""

from __future__ import annotations

import math

import pytest
import torch
from derivative_checks import random_points

from pinnzo.derivatives import FiniteDifference, SmolyakStein
from pinnzo.derivatives import changes as changes_module
from pinnzo.derivatives.evaluation import weighted_sums
from pinnzo.derivatives.tiles import node_tiles
from pinnzo.fields import NetworkField, SolutionField
from pinnzo.multiindex import LinearOperator
from pinnzo.networks import MLP, TensorTrainMLP
from pinnzo.networks.changes import TanhChange
from pinnzo.networks.scratch import Scratch

CUBE = ([0.0] * 3, [1.0] * 3)
NODES = torch.cat([torch.zeros(1, 3), 0.02 * torch.eye(3), -0.02 * torch.eye(3)]).double()
WEIGHTS = random_points(7, 4) - 0.5
SETTINGS = {
    "one hidden layer": MLP(width=8, depth=1, activation="tanh"),
    "two": MLP(width=8, depth=2, activation="tanh"),
    "four": MLP(width=8, depth=4, activation="tanh"),
    "tensor trains": TensorTrainMLP(width=64, depth=3, activation="tanh", compress_first=True),
    "sine": MLP(width=8, depth=2, activation="sine"),
}


class Plain:
    """The same field, which does not know its changes."""

    def __init__(self, field):
        self.field, self.width = field, field.width
        self.values, self.values_at = field.values, field.values_at


def field_of(settings, count, dtype=torch.float64, inputs=3, size=1.0):
    network = settings.build(inputs, scaling=([0.0] * inputs, [1.0] * inputs))
    generator = torch.Generator().manual_seed(3)
    theta = torch.stack([network.initial(generator, dtype) for _ in range(count)]) * size
    return NetworkField(network.bind(theta), network.width, count)


def dense(field, x, nodes=NODES, weights=WEIGHTS):
    return field.values_at(x, nodes) @ weights


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("tile", [1, 500, 2**19])
def test_sums_are_those_of_the_values(name, count, tile):
    field, x = field_of(SETTINGS[name], count), random_points(9, 3)
    with torch.inference_mode():
        found = weighted_sums(field, x, NODES, WEIGHTS, tile_elements=tile)
        torch.testing.assert_close(found, dense(field, x), rtol=1e-12, atol=1e-13)
        shifted = weighted_sums(field, x, NODES[1:], WEIGHTS[1:], tile_elements=tile)  # no centre among the nodes
        torch.testing.assert_close(shifted, dense(field, x, NODES[1:], WEIGHTS[1:]), rtol=1e-12, atol=1e-13)
        assert weighted_sums(field, x[:0], NODES, WEIGHTS).shape == (count, 0, 4)


@pytest.mark.parametrize("size", [0.1, 1.0, 4.0, 30.0])
@pytest.mark.parametrize("step", [1e-4, 0.1, 1.0, 10.0])
def test_steps_and_parameters_of_any_size(size, step):
    field, x = field_of(SETTINGS["four"], 2, size=size), random_points(9, 3)
    nodes = NODES * (step / 0.02)
    with torch.inference_mode():
        found = weighted_sums(field, x, nodes, WEIGHTS)
        torch.testing.assert_close(found, dense(field, x, nodes), rtol=1e-11, atol=1e-12 * size**2)


def test_features_and_autograd_take_the_plain_path():
    field, x = field_of(SETTINGS["two"], 1), random_points(4, 3)
    assert field.around(x, 7) is None  # autograd is on
    torch.testing.assert_close(weighted_sums(field, x, NODES, WEIGHTS), dense(field, x))


def test_solutions_know_their_changes():
    network, x = field_of(SETTINGS["two"], 2), random_points(5, 3)
    field = SolutionField(network, lambda x: (x.square().sum(-1)[None], x.prod(-1)[None]))
    with torch.inference_mode():
        assert field.around(x, 7) is not None
        torch.testing.assert_close(weighted_sums(field, x, NODES, WEIGHTS), dense(field, x), rtol=1e-12, atol=1e-13)


def test_single_precision_loses_less():
    x = random_points(50, 3)
    rows = [LinearOperator.laplacian(range(3))]
    stencil = FiniteDifference(step=0.05).discretise(rows, 3)
    double = field_of(SETTINGS["two"], 1, torch.float32)
    exact = field_of(SETTINGS["two"], 1)
    with torch.inference_mode():
        theta = [p.product.weight.double() for p in (double.bound.first, *double.bound.others)]
        for layer, weight in zip((exact.bound.first, *exact.bound.others), theta, strict=True):
            layer.product.weight = weight
        for layer, single in zip(
            (exact.bound.first, *exact.bound.others), (double.bound.first, *double.bound.others), strict=True
        ):
            layer.bias = single.bias.double()
        expected = stencil.apply(exact, x)
        changes = (stencil.apply(double, x.float()) - expected).abs().max()
        values = (stencil.apply(Plain(double), x.float()) - expected).abs().max()
    assert changes < values / 5


def both_changes(z, steps):
    """The changes at z (P, 1) by steps (P, J), each as a unit of its own: of shared steps and of any."""
    change, steps = TanhChange(z[None]), steps[None]
    shared = change.of_sums(slice(None), 3, change.prepare(steps), torch.empty_like(steps)[:, :, None])
    single = change.of_steps(slice(None), 3, steps.clone()[:, :, None], torch.empty_like(steps)[:, :, None])
    return shared[0, :, 0], single[0, :, 0]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("largest", [1e-6, 0.02, 0.07, 0.36, 0.9, 5.0, 100.0])
def test_tanh_changes(dtype, largest):
    z = torch.tensor([-50.0, -5.0, -1.0, -1e-3, 0.0, 0.5, 2.0, 9.0, 50.0], dtype=dtype)[:, None]
    steps = torch.linspace(-largest, largest, 41, dtype=dtype).expand(9, -1).contiguous()
    a, b = z.double(), steps.double()
    exact = torch.sinh(b) / (torch.cosh(a + b) * torch.cosh(a))
    eps = torch.finfo(dtype).eps
    with torch.no_grad():
        of_sums, of_steps = both_changes(z, steps)
    # Of a change as large as the function itself, rounding of the argument counts.
    allowed = 8 * eps * min(1.0, largest) if largest <= 1 else 100 * eps
    assert (of_sums - exact).abs().max() <= allowed
    assert (of_steps - exact).abs().max() <= max(allowed, eps)


def test_a_broken_network_is_reported_and_not_hidden():
    steps = torch.tensor([[0.1, float("nan")], [float("inf"), 0.1]])
    z = torch.zeros(2, 1)
    with torch.no_grad():
        of_sums, of_steps = both_changes(z, steps)
    assert of_steps.isnan().tolist() == of_sums.isnan().tolist() == [[False, True], [False, False]]


def test_threads_do_not_change_the_result(monkeypatch):
    field, x = field_of(SETTINGS["two"], 2), random_points(40, 3)
    with torch.inference_mode():
        expected = weighted_sums(field, x, NODES, WEIGHTS, tile_elements=500)
        monkeypatch.setattr(changes_module, "default_workers", lambda: 2)
        found = weighted_sums(field, x, NODES, WEIGHTS, tile_elements=500)
    assert found.is_inference()
    torch.testing.assert_close(found, expected, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("activation", ["tanh", "sine"])
def test_gradients_in_many_variables_leave_zero_weights_out(activation):
    dimension = 60
    field = field_of(MLP(width=8, activation=activation), 2, inputs=dimension)
    x = random_points(5, dimension)
    rows = [LinearOperator.derivative(((i, 1),)) for i in range(dimension)] + [LinearOperator.laplacian(range(60))]
    stencil = SmolyakStein(2, sigma=0.01, growth="odd").discretise(rows, dimension)
    tiles = node_tiles(stencil.nodes, stencil.weights, 7)
    assert all(rows is not None and len(rows) <= 8 for _, _, rows in tiles)
    with torch.inference_mode():
        found = weighted_sums(field, x, stencil.nodes, stencil.weights, totals=stencil.totals, tile_elements=8 * 35)
        values = field.values_at(x, stencil.nodes)
        expected = (values - values[..., :1]) @ stencil.weights + values[..., :1] * stencil.totals
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)


def test_many_nodes_in_many_variables_stream_through_small_tiles():
    """80,401 nodes in 200 variables: no tile holds more than the bound."""
    dimension, width = 200, 8
    field = field_of(MLP(width=width, activation="tanh"), 1, inputs=dimension)
    x = random_points(2, dimension)
    stencil = SmolyakStein(3, sigma=0.05).discretise([LinearOperator.laplacian(range(dimension))], dimension)
    assert stencil.evaluations_per_point == 80_401
    sizes = []

    class Recorded(Scratch):
        def take(self, slot, shape, like):
            sizes.append(math.prod(shape))
            return super().take(slot, shape, like)

    field.bound.scratch = Recorded()
    with torch.inference_mode():
        found = stencil.apply(field, x)
        assert 2**18 < max(sizes) <= 2**19
        sizes.clear()
        fewer = weighted_sums(field, x, stencil.nodes, stencil.weights, totals=stencil.totals, tile_elements=2**14)
        assert 2**13 < max(sizes) <= 2**14
    torch.testing.assert_close(found, fewer, rtol=1e-8, atol=1e-8)
