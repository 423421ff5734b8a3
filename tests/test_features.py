"""Further inputs of a network: SymPy expressions of the variables beside the coordinates."""

import dataclasses

import pytest
import sympy as sp
import torch
from running import quick

import pinnzo as pz
from pinnzo.assembly import Assembly
from pinnzo.derivatives.default import default_estimator
from pinnzo.features import compile_features, measured
from pinnzo.fields import NetworkField
from pinnzo.multiindex import LinearOperator
from pinnzo.networks import build_network
from pinnzo.settings import RunSettings, settings_from_json, settings_to_json

x = pz.coordinates("x", 3)
t = sp.Symbol("t", real=True)
u = sp.Function("u")(*x, t)
DOMAIN = pz.Gaussian(x, mean=1, std=2) * pz.Box({t: (0, 2)})
PROBLEM = pz.Problem(sp.Eq(u.diff(t), pz.laplacian(u, x)), DOMAIN, [sp.Eq(u.subs(t, 0), x[0])])
FEATURES = [sum(s**2 for s in x) / 3, sp.exp(-t) * sp.Abs(x[1])]
RADIUS = sum(s**2 for s in pz.problem("poisson-2d").variables)
RANGES = [(0.0, 8.0), (-1.0, 3.0)]
KINDS = {
    "dense": pz.MLP(width=8, features=FEATURES, feature_ranges=RANGES),
    "one layer": pz.MLP(width=8, depth=1, activation="tanh", features=FEATURES, feature_ranges=RANGES),
    "tensor train": pz.TensorTrainMLP(width=8, features=FEATURES, feature_ranges=RANGES),
    "all compressed": pz.TensorTrainMLP(width=8, compress_first=True, features=FEATURES, feature_ranges=RANGES),
    "stated layers": pz.TensorTrainMLP(
        width=8,
        depth=1,
        layers=(pz.TensorTrainMatrix((2, 3), (4, 2), (2,)), None),
        features=FEATURES,
        feature_ranges=RANGES,
    ),
}
kinds = pytest.mark.parametrize("settings", KINDS.values(), ids=KINDS)


def built(settings, dtype=torch.float64):
    network = Assembly(PROBLEM, RunSettings(network=settings)).network
    theta = network.initial(torch.Generator().manual_seed(0), dtype)
    return network, theta, PROBLEM.sampler.interior(6, torch.Generator().manual_seed(1), dtype)


def by_hand(network, theta, points):
    """The network in plain torch, with its features written out."""
    radial = points[:, :3].square().sum(1) / 3
    decay = torch.exp(-points[:, 3]) * points[:, 1].abs()
    # Gaussian coordinates run from mean - 2 std to mean + 2 std, here from -3 to 5; time from 0 to 2.
    columns = [*((points[:, :3] - 1) / 4).T, points[:, 3] - 1, radial / 4 - 1, (decay - 1) / 2]
    hidden = torch.stack(columns, dim=1)
    for i, layer in enumerate(network.layers):
        weight = theta[layer.weight]
        dense = layer.matrix.dense(weight[None])[0] if layer.matrix else weight.reshape(layer.outputs, layer.inputs)
        hidden = hidden @ dense.T + theta[layer.bias]
        hidden = network.activation.function(hidden) if i < len(network.layers) - 1 else hidden
    return hidden[:, 0]


@kinds
@pytest.mark.parametrize("grad", [True, False])
@pytest.mark.parametrize(("dtype", "accuracy"), [(torch.float32, 1e-5), (torch.float64, 1e-13)])
def test_values(settings, grad, dtype, accuracy):
    network, theta, points = built(settings, dtype)
    with torch.set_grad_enabled(grad):
        values = network.values(theta, points)[:, 0]
    assert values.dtype == dtype
    torch.testing.assert_close(values, by_hand(network, theta, points), rtol=0, atol=accuracy)


@kinds
def test_values_at_are_values_at_shifted_points(settings):
    network, theta, points = built(settings)
    nodes = 0.1 * torch.randn(7, 4, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    shifted = (points[:, None] + nodes).reshape(-1, 4)
    several = torch.stack([theta, 0.5 * theta, -theta])
    got = network.bind(several).values_at(points, nodes)
    wanted = torch.stack([by_hand(network, one, shifted).reshape(6, 7, 1) for one in several])
    torch.testing.assert_close(got, wanted, rtol=0, atol=1e-13)


def test_inputs_at_run_point_by_point():
    for settings in (KINDS["dense"], pz.MLP(width=8)):
        network, theta, points = built(settings)
        bound = network.bind(theta[None])
        nodes = torch.eye(4, dtype=torch.float64)[:2]
        shifted = (points[:, None] + nodes).reshape(-1, 4)
        assert bound.inputs_at(points, nodes).shape == (network.layers[0].inputs, 12)
        torch.testing.assert_close(bound.inputs_at(points, nodes), bound.inputs(shifted))


@kinds
def test_parameters_are_counted_with_the_features(settings):
    network, theta, _ = built(settings)
    assert network.inputs == 4
    assert network.layers[0].inputs == 6
    assert dataclasses.replace(settings, inputs=4).parameter_count == network.parameter_count == len(theta)


def test_parameter_counts():
    assert pz.MLP(width=8, depth=1, inputs=4, features=FEATURES).parameter_count == 8 * 6 + 8 + 9
    assert pz.TensorTrainMLP(width=32, inputs=21).parameter_count == 873
    assert pz.TensorTrainMLP(width=32, inputs=21, features=FEATURES[:1]).parameter_count == 905
    assert pz.TensorTrainMLP(width=8, inputs=4, features=FEATURES).dense() == pz.MLP(
        width=8, inputs=4, features=FEATURES
    )


@pytest.mark.parametrize("name", ["dense", "tensor train"])
def test_the_default_stencil_agrees_with_automatic_differentiation(name):
    # Without the kink of |x2|.
    network, theta, points = built(dataclasses.replace(KINDS[name], features=[FEATURES[0], sp.exp(-t) * x[1]]))
    field = NetworkField(network.bind(theta[None]), network.width)
    rows = [LinearOperator.derivative(((3, 1),)), LinearOperator.laplacian(range(3))]
    scale = [(-3.0, 5.0)] * 3 + [(0.0, 2.0)]
    exact = pz.Autodiff().discretise(rows, 4).apply(field, points)
    estimate = default_estimator(rows, scale, torch.float64).discretise(rows, 4).apply(field, points)
    torch.testing.assert_close(estimate.detach(), exact.detach(), rtol=5e-3, atol=5e-4)


def test_features_are_scaled_by_their_range_in_the_domain():
    settings = pz.MLP(features=FEATURES)
    (low, high), (other_low, other_high) = measured(settings, PROBLEM).feature_ranges
    assert 0 <= low < 1
    assert 10 < high < 60
    assert 0 <= other_low < 0.05
    assert 3 < other_high < 9
    features = compile_features(settings, PROBLEM)
    points = PROBLEM.sampler.interior(1000, torch.Generator().manual_seed(5))
    values = features.function(points)
    assert values.shape == (1000, 2)
    assert float((values.abs() <= 1).double().mean()) > 0.99
    assert measured(settings, PROBLEM) == measured(settings, PROBLEM)
    given = pz.MLP(features=FEATURES, feature_ranges=RANGES)
    assert measured(given, PROBLEM) is given
    assert measured(pz.MLP(), PROBLEM) == pz.MLP()
    assert compile_features(torch.nn.Linear(4, 1), PROBLEM) is None


def test_settings_survive_as_json():
    for settings in (*KINDS.values(), pz.MLP(features=FEATURES), pz.MLP(features=[])):
        assert settings_from_json(settings_to_json(settings)) == settings


def test_a_solution_keeps_its_features(tmp_path):
    solution = quick(network=pz.TensorTrainMLP(width=8, features=[RADIUS]))
    assert solution.parameter_count == 81 + 8
    solution.save(tmp_path)
    again = pz.load(tmp_path)
    points = torch.rand(20, 2, dtype=torch.float64)
    assert torch.equal(again(points), solution(points))
    assert again.settings.network == solution.settings.network
    assert len(again.settings.network.feature_ranges) == 1


def test_a_run_with_features_goes_on_exactly(tmp_path):
    network = pz.MLP(width=6, features=[RADIUS])
    whole = quick(network=network)
    quick(network=network, budget=pz.Budget(steps=2), checkpoint=tmp_path)
    assert torch.equal(pz.resume(tmp_path, budget=pz.Budget(steps=4), progress=False).theta, whole.theta)


def test_features_leave_no_graph():
    network, theta, points = built(KINDS["tensor train"])
    theta.requires_grad_()
    with torch.inference_mode():
        bound = network.bind(theta[None])
        for out in (bound.values(points), bound.values_at(points, points[:2])):
            assert out.grad_fn is None


MISTAKES = {
    "text": (lambda: pz.MLP(features="x1**2"), "features='x1\\*\\*2' must be a list"),
    "one expression": (lambda: pz.MLP(features=x[0] ** 2), "must be a list"),
    "text in the list": (lambda: pz.MLP(features=["x1**2"]), r"features\[0\]='x1"),
    "equation": (lambda: pz.TensorTrainMLP(features=[x[0], sp.Eq(x[0], 1)]), r"features\[1\]"),
    "matrix": (lambda: pz.MLP(features=[sp.Matrix([x[0]])]), "scalar"),
    "ranges without features": (lambda: pz.MLP(feature_ranges=[(0, 1)]), "each of the 0 features"),
    "ranges of another number": (lambda: pz.MLP(features=FEATURES, feature_ranges=[(0, 1)]), "each of the 2 features"),
    "empty range": (lambda: pz.MLP(features=[x[0]], feature_ranges=[(1, 1)]), "low < high"),
    "endless range": (lambda: pz.MLP(features=[x[0]], feature_ranges=[(0, float("inf"))]), "low < high"),
    "number for ranges": (lambda: pz.MLP(features=[x[0]], feature_ranges=3), "low < high"),
    "the unknown": (lambda: built(pz.MLP(features=[u])), r"features\[0\] contains u"),
    "a derivative of the unknown": (lambda: built(pz.MLP(features=[x[0], u.diff(x[0])])), r"features\[1\] contains u"),
    "a stranger": (lambda: built(pz.MLP(features=[sp.Symbol("k")])), r"features\[0\] contains k"),
    "a stranger of a variable's name": (lambda: built(pz.MLP(features=[sp.Symbol("x1")])), "same name"),
    "not finite": (lambda: built(pz.MLP(features=[sp.log(x[0])])), r"features\[0\] = log\(x1\) is NaN"),
    "infinite": (lambda: built(pz.MLP(features=[sp.oo * sp.Integer(1)])), "infinity"),
    "constant": (lambda: built(pz.MLP(features=[sp.Integer(3)])), "constant"),
    "constant in disguise": (lambda: built(pz.MLP(features=[sp.sin(t) ** 2 + sp.cos(t) ** 2])), "constant"),
    "not in torch": (lambda: built(pz.MLP(features=[sp.zeta(t + 2)])), "zeta"),
    "imaginary": (lambda: built(pz.MLP(features=[sp.I * t])), "real"),
    "built without being compiled": (lambda: pz.MLP(features=FEATURES).build(4), "2 features, but 0"),
    "built by hand": (lambda: build_network(pz.MLP(features=FEATURES), 4), "2 features, but 0"),
    "layers that do not fit": (
        lambda: dataclasses.replace(KINDS["stated layers"], inputs=5),
        r"layers\[0\] maps 6 numbers",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_named(name):
    make, named = MISTAKES[name]
    with pytest.raises(pz.PinnzoError, match=named):
        make()
