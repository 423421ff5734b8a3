"""Every coordinate of a sweep against the full evaluation of the perturbed network."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import pinnzo as pz
from pinnzo.networks import TensorTrainMatrix, paper_mnist, sweeps
from pinnzo.networks.activations import activation, activation_names
from pinnzo.training.base import perturbed

INPUTS = 5
NETWORKS = {
    "tensor train": pz.TensorTrainMLP(width=16, rank=2),
    "deep tensor train": pz.TensorTrainMLP(width=8, depth=4, rank=3, outputs=2),
    "compressed first layer": pz.TensorTrainMLP(width=16, compress_first=True),
    "compressed last layer": pz.TensorTrainMLP(
        width=16, depth=2, outputs=4, layers=(None, TensorTrainMatrix((4, 4), (4, 4), 2), TensorTrainMatrix((4, 4), (2, 2), 3)),
    ),
    "one hidden layer": pz.MLP(width=7, depth=1),
    "two hidden layers": pz.MLP(width=7, depth=2, outputs=3),
    "deep": pz.MLP(width=5, depth=4),
}  # fmt: skip


def built(name, act, dtype):
    network = NETWORKS[name]
    network = type(network)(**{**vars(network), "activation": act}).build(INPUTS, ([0.0] * INPUTS, [2.0] * INPUTS))
    theta = network.initial(torch.Generator().manual_seed(0), dtype)
    return network, theta + 0.1 * torch.rand(len(theta), generator=torch.Generator().manual_seed(1), dtype=dtype)


def plain(network, theta, indices, step, x, nodes):
    return network.bind(perturbed(theta, indices, step)).values_at(x, nodes) - network.bind(theta[None]).values_at(
        x, nodes
    )


@torch.no_grad()
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
@pytest.mark.parametrize("act", activation_names())
@pytest.mark.parametrize("name", NETWORKS)
def test_every_coordinate_is_that_of_the_full_evaluation(name, act, dtype):
    network, theta = built(name, act, dtype)
    generator = torch.Generator().manual_seed(2)
    x = torch.rand(6, INPUTS, generator=generator, dtype=dtype)
    nodes = 0.1 * torch.randn(4, INPUTS, generator=generator, dtype=dtype)
    indices = torch.arange(len(theta))
    epsilon = torch.finfo(dtype).eps
    for step in (epsilon ** (1 / 3), -(epsilon ** (1 / 3)), 0.1):
        found = network.sweep(theta, indices, step).values_at(x, nodes)
        expected = plain(network, theta, indices, step, x, nodes)
        assert found.shape == (len(theta), 6, 4, network.outputs)
        torch.testing.assert_close(found, expected, rtol=0, atol=200 * epsilon)


@torch.no_grad()
@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("chunk", [1, 300])
def test_small_chunks_and_any_choice_of_coordinates(monkeypatch, name, chunk):
    monkeypatch.setattr(sweeps.tiles, "CHUNK_ELEMENTS", chunk)
    network, theta = built(name, "tanh", torch.float64)
    generator = torch.Generator().manual_seed(2)
    x = torch.rand(3, INPUTS, generator=generator, dtype=torch.float64)
    nodes = torch.zeros(1, INPUTS, dtype=torch.float64)
    for count in (1, len(theta) // 2):
        indices = torch.randperm(len(theta), generator=generator)[:count]
        found = network.sweep(theta, indices, 1e-5).values_at(x, nodes)
        torch.testing.assert_close(found, plain(network, theta, indices, 1e-5, x, nodes), rtol=0, atol=1e-14)


@torch.no_grad()
@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_random_networks_and_random_coordinates(data):
    depth, rank = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 3))
    act = data.draw(st.sampled_from(activation_names()))
    width = data.draw(st.sampled_from([6, 8, 12, 16]))
    network = pz.TensorTrainMLP(width=width, depth=depth, rank=rank, activation=act).build(3)
    theta = network.initial(torch.Generator().manual_seed(data.draw(st.integers(0, 1000))), torch.float64)
    chosen = data.draw(st.sets(st.integers(0, len(theta) - 1), min_size=1, max_size=20))
    indices = torch.tensor(sorted(chosen))
    step = data.draw(st.sampled_from([6e-6, -6e-6, 1e-3, 0.3]))
    x = torch.rand(4, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    nodes = torch.zeros(1, 3, dtype=torch.float64)
    found = network.sweep(theta, indices, step).values(x)
    torch.testing.assert_close(found, plain(network, theta, indices, step, x, nodes)[:, :, 0], rtol=0, atol=1e-13)


@torch.no_grad()
def test_the_mnist_network_of_the_paper():
    network = paper_mnist().build(784)
    theta = network.initial(torch.Generator().manual_seed(0), torch.float64)
    x = torch.rand(3, 784, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    indices = torch.arange(0, len(theta), 7)
    found = network.sweep(theta, indices, 1e-5).values(x)
    expected = network.values(perturbed(theta, indices, 1e-5), x) - network.values(theta, x)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize("name", [name for name in activation_names() if activation(name).increment is not None])
def test_increments_are_exact_at_both_ends_and_of_third_order_between(name):
    act = activation(name)
    z = torch.linspace(-3, 3, 61, dtype=torch.float64)
    h = act.function(z)

    def error(eta, share):
        a, b = act.increment(z, h, eta)
        change = share * eta
        return float((h + (a + b * change) * change - act.function(z + change)).abs().max())

    for eta in (0.1, 0.05):
        assert error(eta, 1.0) < 1e-14
        assert error(eta, -1.0) < 1e-14
    if name != "identity":
        assert error(0.1, 0.5) / error(0.05, 0.5) == pytest.approx(8, rel=0.1)


def test_blocks_cover_the_parameters():
    for name in NETWORKS:
        network, theta = built(name, "sine", torch.float64)
        covered = torch.cat([torch.arange(len(theta))[block] for block in network.blocks])
        assert torch.equal(covered, torch.arange(len(theta)))
    # 5 inputs, width 16 as (4, 4): weights and bias, two cores and bias, weights and bias.
    assert len(built("tensor train", "sine", torch.float64)[0].blocks) == 7


@torch.no_grad()
@pytest.mark.parametrize("step", [6e-6, 0.1])
@pytest.mark.parametrize("name", NETWORKS)
def test_sums_over_nodes_are_those_of_the_changes(name, step):
    network, theta = built(name, "sine", torch.float64)
    generator = torch.Generator().manual_seed(2)
    x = torch.rand(6, INPUTS, generator=generator, dtype=torch.float64)
    nodes = 0.1 * torch.randn(9, INPUTS, generator=generator, dtype=torch.float64)
    # A dense row, rows with few nodes as of a gradient, one with a single node, and one without any.
    weights = torch.randn(6, 9, 6, generator=generator, dtype=torch.float64)
    for row, used in enumerate(([0, 1], [2, 3, 4], [5], [], [6, 8])):
        weights[:, [j for j in range(9) if j not in used], row + 1] = 0.0
    for indices in (torch.arange(len(theta)), torch.randperm(len(theta), generator=generator)[: len(theta) // 2]):
        sweep = network.sweep(theta, indices, step)
        found = sweep.sums_at(x, nodes, weights).clone()
        assert found.shape == (len(indices), 6, 6, network.outputs)
        expected = torch.einsum("kpjo,pjr->kpro", sweep.values_at(x, nodes), weights)
        torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-14)
