"""Weighted sums of the changed outputs against the changes themselves."""

import pytest
import torch

from pinnzo.networks import MLP, TensorTrainMLP
from pinnzo.tasks import tensor_train_classifier

NETWORKS = {
    "dense": MLP(width=7, depth=1, outputs=4, activation="tanh", inputs=6),
    "dense, scaled": MLP(width=7, depth=1, outputs=4, activation="sine", inputs=6),
    "first compressed": TensorTrainMLP(width=8, depth=1, outputs=4, activation="gelu", compress_first=True, inputs=6),
    "both compressed": tensor_train_classifier(inputs=12, width=16, rank=3, classes=5),
}


def built(name):
    settings = NETWORKS[name]
    scaling = ([0.0] * 6, [1.0] * 6) if "scaled" in name else None
    return settings.build(scaling=scaling)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("some", [False, True])
def test_they_are_those_of_perturbed_passes(name, some):
    network, generator = built(name), torch.Generator().manual_seed(0)
    theta = network.initial(generator, torch.float64)
    x = torch.rand(9, network.inputs, generator=generator, dtype=torch.float64)
    weights = torch.randn(2, 9, network.outputs, generator=generator, dtype=torch.float64)
    indices = torch.randperm(network.parameter_count, generator=generator)
    indices = indices[:11] if some else indices
    step = 1e-6
    with torch.inference_mode():
        sweep = network.weighted_sweep(theta, indices, step)
        found = sweep.values(x, weights)
        perturbed = theta.repeat(len(indices), 1)
        perturbed[torch.arange(len(indices)), indices] += step
        changes = network.values(perturbed, x) - network.values(theta, x)
    assert found.shape == (2, 9, len(indices))
    expected = torch.einsum("kpo,rpo->rpk", changes, weights)
    # Of the order of μ²: the chord is a central difference.
    torch.testing.assert_close(found, expected, rtol=0, atol=2e-5 * float(expected.abs().max()))


def test_a_chord_across_a_kink():
    """At a kink the chord has half the slope, whatever the sign of the perturbation."""
    network = MLP(width=1, depth=1, outputs=1, activation="relu", inputs=1).build()
    theta = torch.tensor([1.0, 0.0, 1.0, 0.0], dtype=torch.float64)
    x, weights = torch.zeros(1, 1, dtype=torch.float64), torch.ones(1, 1, 1, dtype=torch.float64)
    for step in (0.1, -0.1):
        found = network.weighted_sweep(theta, torch.arange(4), step).values(x, weights)
        torch.testing.assert_close(found[0, 0], step * torch.tensor([0.0, 0.5, 0.0, 1.0], dtype=torch.float64))


def test_deeper_networks_have_none():
    network = MLP(width=4, depth=2, outputs=2, inputs=3).build()
    theta = torch.zeros(network.parameter_count)
    assert network.weighted_sweep(theta, torch.arange(2), 0.1) is None
