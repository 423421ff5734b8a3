import math
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from pinnzo.errors import SettingError, ShapeError
from pinnzo.networks import (
    MLP,
    TensorTrainMatrix,
    TensorTrainMLP,
    build_network,
    layered,
    paper_hjb,
    paper_mnist,
)
from pinnzo.networks.activations import activation_names

CASES = {
    "dense": MLP(width=8, depth=2, inputs=3),
    "one hidden layer, tanh": MLP(width=8, depth=1, activation="tanh", inputs=3, outputs=2),
    "tensor train": TensorTrainMLP(width=16, depth=3, inputs=3),
    "all layers compressed": TensorTrainMLP(width=16, depth=2, inputs=3, compress_first=True, outputs=2),
    "contracted": TensorTrainMLP(width=256, depth=2, inputs=3, rank=2),
}
cases = pytest.mark.parametrize("settings", CASES.values(), ids=CASES)


def reference(network, theta, x):
    """One network, layer by layer, as a textbook has it."""
    act = network.activation.function
    if network.scaling is not None:
        slope, shift = network.scaling
        x = x * slope[:, 0].to(x) + shift[:, 0].to(x)
    for k, layer in enumerate(network.layers):
        if layer.matrix is None:
            weight = theta[layer.weight].reshape(layer.outputs, layer.inputs)
        else:
            weight = layer.matrix.dense(theta[None, layer.weight])[0]
        x = x @ weight.T + theta[layer.bias]
        if k < len(network.layers) - 1:
            x = act(x)
    return x


def drawn(network, count, dtype=torch.float64):
    generator = torch.Generator().manual_seed(0)
    theta = torch.stack([network.initial(generator, dtype) for _ in range(count)])
    x = torch.rand(6, network.inputs, generator=generator, dtype=dtype)
    nodes = 0.1 * torch.randn(7, network.inputs, generator=generator, dtype=dtype)
    return theta, x, nodes


def test_parameter_counts():
    assert paper_hjb().parameter_count == 1929
    assert paper_hjb().dense().parameter_count == 274_433
    assert paper_mnist().parameter_count == 3962
    assert paper_mnist().dense().parameter_count == 814_090
    assert TensorTrainMLP(width=32, depth=2, rank=2, inputs=21).parameter_count == 873
    for settings in (paper_hjb(), paper_mnist(), *CASES.values()):
        network = settings.build()
        assert network.parameter_count == settings.parameter_count
        assert network.initial(torch.Generator(), torch.float32).shape == (settings.parameter_count,)


@cases
@pytest.mark.parametrize("grad", [True, False])
@pytest.mark.parametrize(("dtype", "accuracy"), [(torch.float32, 1e-5), (torch.float64, 1e-13)])
def test_values(settings, grad, dtype, accuracy):
    network = settings.build(scaling=([0.0, -1.0, -math.inf], [1.0, 3.0, math.inf]))
    theta, x, _ = drawn(network, 3, dtype)
    with torch.set_grad_enabled(grad):
        together = network.values(theta, x)
        alone = torch.stack([network.values(one, x) for one in theta])
    expected = torch.stack([reference(network, one, x) for one in theta])
    assert together.dtype == dtype
    assert together.shape == (3, 6, settings.outputs)
    torch.testing.assert_close(together, expected, rtol=0, atol=accuracy)
    torch.testing.assert_close(alone, expected, rtol=0, atol=accuracy)


@cases
@pytest.mark.parametrize("grad", [True, False])
@pytest.mark.parametrize("points", [1, 6, 40])
def test_values_at_are_values_at_shifted_points(settings, grad, points):
    network = settings.build(scaling=([0.0, -1.0, -2.0], [1.0, 3.0, 2.0]))
    theta, _, nodes = drawn(network, 3)
    x = torch.rand(points, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    shifted = (x[:, None] + nodes).reshape(-1, 3)
    expected = torch.stack([reference(network, one, shifted) for one in theta])
    with torch.set_grad_enabled(grad):
        for count in (1, 3):
            got = network.bind(theta[:count]).values_at(x, nodes)
            assert got.shape == (count, points, 7, settings.outputs)
            torch.testing.assert_close(got, expected[:count].reshape(got.shape), rtol=0, atol=1e-13)


@cases
def test_many_networks_are_evaluated_in_groups(settings, monkeypatch):
    network = settings.build()
    theta, x, nodes = drawn(network, 7)
    bound = network.bind(theta)
    whole = bound.values(x), bound.values_at(x, nodes)
    monkeypatch.setattr(layered, "CACHED_ELEMENTS", 2 * network.width * 42)
    assert [part.first.bias.shape[0] for part in bound.parts(42)] == [2, 2, 2, 1]
    torch.testing.assert_close(bound.values(x), whole[0])
    torch.testing.assert_close(bound.values_at(x, nodes), whole[1])


def test_single_precision_noise_of_a_second_difference():
    # The addition theorem must not be noisier than the sine of the sum.
    network = TensorTrainMLP(width=32, inputs=21).build(scaling=([0.0] * 21, [1.0] * 21))
    theta = network.initial(torch.Generator().manual_seed(0), torch.float32)[None]
    x = torch.rand(60, 21, generator=torch.Generator().manual_seed(1))
    step = 0.1
    nodes = torch.cat([torch.zeros(1, 21), step * torch.eye(21), -step * torch.eye(21)])
    weights = torch.tensor([-42.0] + [1.0] * 42, dtype=torch.float64) / step**2
    with torch.inference_mode():
        bound = network.bind(theta)
        shifted = (x[:, None] + nodes).reshape(-1, 21)
        direct = bound.values(shifted).reshape(60, 43).double() @ weights
        summed = bound.values_at(x, nodes)[0, :, :, 0].double() @ weights
        exact = network.bind(theta.double()).values_at(x.double(), nodes.double())[0, :, :, 0] @ weights
    noise = [(estimate - exact).square().mean().sqrt().item() for estimate in (direct, summed)]
    assert noise[1] < 1.5 * noise[0]


@cases
def test_gradients_agree_with_differences(settings):
    network = settings.build()
    theta, x, nodes = drawn(network, 2)
    theta.requires_grad_()
    x.requires_grad_()
    bound = network.bind(theta)
    loss = bound.values(x).square().sum() + bound.values_at(x, nodes).sin().sum()
    gradients = torch.autograd.grad(loss, (theta, x))
    generator = torch.Generator().manual_seed(3)
    directions = [torch.randn(v.shape, dtype=v.dtype, generator=generator) for v in (theta, x)]

    def moved(step):
        with torch.no_grad():
            other = network.bind(theta + step * directions[0])
            y = x + step * directions[1]
            return other.values(y).square().sum() + other.values_at(y, nodes).sin().sum()

    slope = sum((g * d).sum() for g, d in zip(gradients, directions, strict=True))
    torch.testing.assert_close(slope.detach(), (moved(1e-6) - moved(-1e-6)) / 2e-6, rtol=1e-5, atol=1e-5)


@cases
@pytest.mark.parametrize(("points", "count"), [(6, 2), (1, 1)])
def test_inference_mode_leaves_no_graph_and_no_trace(settings, points, count):
    network = settings.build()
    theta, x, nodes = drawn(network, count)
    x, nodes = x[:points], nodes[:points]
    theta.requires_grad_()
    copies = theta.detach().clone(), x.clone(), nodes.clone()
    with torch.inference_mode():
        bound = network.bind(theta)
        for out in (bound.values(x), bound.values_at(x, nodes)):
            assert out.is_inference()
            assert out.grad_fn is None
            assert not out.requires_grad
    # In-place operations must not reach what the caller owns.
    for before, after in zip(copies, (theta, x, nodes), strict=True):
        assert torch.equal(before, after)


@pytest.mark.parametrize("name", activation_names())
def test_activations_agree_in_place(name):
    network = MLP(width=8, depth=2, activation=name, inputs=3).build()
    theta, x, _ = drawn(network, 1)
    with torch.inference_mode():
        fast = network.values(theta, x)
    torch.testing.assert_close(fast, network.values(theta, x))
    torch.testing.assert_close(fast[0], reference(network, theta[0], x))


@pytest.mark.parametrize("activation", ["sine", "tanh", "relu"])
@pytest.mark.parametrize("kind", [MLP, TensorTrainMLP])
def test_initial_signal_keeps_its_scale_with_depth(kind, activation):
    x = 2 * torch.rand(200, 10, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) - 1
    generator = torch.Generator().manual_seed(1)
    spread = []
    for depth in (1, 6):
        network = kind(width=64, depth=depth, activation=activation, inputs=10).build()
        draws = [network.values(network.initial(generator, torch.float64), x) for _ in range(20)]
        spread.append(torch.stack(draws).square().mean().sqrt().item())
    assert 0.1 < spread[0] < 2
    assert 0.3 < spread[1] / spread[0] < 3


def test_a_seed_gives_the_same_network_in_either_precision():
    network = TensorTrainMLP(width=16, inputs=3).build()
    single = network.initial(torch.Generator().manual_seed(5), torch.float32)
    double = network.initial(torch.Generator().manual_seed(5), torch.float64)
    torch.testing.assert_close(single, double.float())


def test_explicit_layers():
    middle = TensorTrainMatrix((2, 4), (4, 2), (3,))
    settings = TensorTrainMLP(width=8, depth=2, inputs=3, layers=(None, middle, None))
    assert settings.parameter_count == 32 + (middle.parameter_count + 8) + 9
    theta, x, _ = drawn(settings.build(), 1)
    torch.testing.assert_close(settings.build().values(theta[0], x), reference(settings.build(), theta[0], x))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MLP(width=0), "width=0 must be a positive"),
        (lambda: MLP(depth=0), "depth=0 must be a positive"),
        (lambda: MLP(activation="sin"), "choose one of sine"),
        (lambda: TensorTrainMLP(width=31), "take a width such as 32"),
        (lambda: TensorTrainMLP(rank=0), "rank=0"),
        (lambda: TensorTrainMLP(width=32, modes=(4, 4)), "modes=.* make 16 units"),
        (lambda: TensorTrainMLP(width=8, layers=(None, None)), "depth=2 makes 3 layers"),
        (
            lambda: TensorTrainMLP(width=8, layers=(None, TensorTrainMatrix((4, 4), (4, 2)), None)),
            r"layers\[1\] maps 16 numbers to 8",
        ),
        (lambda: TensorTrainMLP(width=8, layers=(None, 3, None)), "contains 3"),
        (lambda: TensorTrainMLP(width=8, layers=(None,) * 3, compress_first=True), "leave modes and"),
        (lambda: MLP().parameter_count, "give inputs="),
        (lambda: MLP(inputs=3).build(4), "set inputs=4"),
        (lambda: MLP().build(2, scaling=([0.0], [1.0])), "2 inputs"),
        (lambda: MLP().build(1, scaling=([1.0], [1.0])), "must exceed"),
        (lambda: build_network(3), "is not a network"),
        (lambda: build_network(MLP), "is not a network"),
        (lambda: build_network(MLP(inputs=3).build(), 4), "set inputs=4"),
    ],
)
def test_bad_settings_say_what_to_do(make, message):
    with pytest.raises((SettingError, ShapeError), match=message):
        make()


def test_bad_shapes_are_refused():
    network = MLP(inputs=3).build()
    theta = network.initial(torch.Generator(), torch.float32)
    with pytest.raises(ShapeError, match="theta has shape"):
        network.values(theta[1:], torch.zeros(2, 3))
    with pytest.raises(ShapeError, match="x has shape"):
        network.values(theta, torch.zeros(2, 4))
    with pytest.raises(ShapeError, match="bind takes K"):
        network.bind(theta)


@cases
def test_results_outlive_later_calls(settings):
    # Intermediate results share memory from call to call; what a caller holds must not.
    network = settings.build()
    theta, x, nodes = drawn(network, 2)
    bound = network.bind(theta)
    with torch.inference_mode():
        held = [bound.values(x), bound.values_at(x, nodes)]
        copies = [values.clone() for values in held]
        bound.values(x + 1)
        bound.values_at(x + 1, nodes)
    assert all(torch.equal(a, b) for a, b in zip(held, copies, strict=True))
    # The same network in another mode, and with a graph.
    with torch.no_grad():
        assert torch.equal(bound.values_at(x, nodes), copies[1])
    torch.testing.assert_close(bound.values_at(x, nodes), copies[1].clone())


def test_threads_do_not_share_intermediate_results():
    network = TensorTrainMLP(width=64, depth=3, inputs=3).build()
    theta, x, nodes = drawn(network, 2)
    bound = network.bind(theta)
    shifts = [x + 0.1 * k for k in range(40)]

    def work(points):
        with torch.inference_mode():
            return bound.values_at(points, nodes)

    alone = [work(points) for points in shifts]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(work, shifts))
    assert all(torch.equal(a, b) for a, b in zip(alone, together, strict=True))


def test_initial_biases_of_a_given_size():
    network = MLP(width=50, depth=2, bias=1.5).build(3)
    theta = network.initial(torch.Generator().manual_seed(0), torch.float64)
    for layer in network.layers[:-1]:
        assert 1.3 < float(theta[layer.bias].abs().max()) < 1.5
    with pytest.raises(SettingError, match="bias"):
        MLP(bias=-1.0)
