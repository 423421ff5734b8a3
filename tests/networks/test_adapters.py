import numpy as np
import pytest
import torch
from torch import nn

from pinnzo.errors import SettingError, ShapeError
from pinnzo.networks import BlackBox, TorchModule, build_network
from pinnzo.networks.modules import ModuleNetwork


class OutsideTorch(nn.Module):
    """A forward pass that no back-propagation can follow."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([1.0, -2.0]))

    def forward(self, x):
        return torch.from_numpy(np.tanh(x.detach().numpy() @ self.weight.detach().numpy()))


def perceptron():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1))


def test_a_module_gives_its_own_values():
    module = perceptron()
    network = build_network(module, inputs=3)
    assert isinstance(network, ModuleNetwork)
    assert (network.inputs, network.outputs, network.width) == (3, 1, 8)
    theta = network.initial(torch.Generator(), torch.float32)
    x = torch.rand(5, 3)
    torch.testing.assert_close(network.values(theta, x), module(x))
    theta.zero_()
    assert module[0].weight.abs().sum() > 0


@pytest.mark.parametrize("vectorised", [False, True])
def test_a_module_takes_many_parameter_vectors(vectorised):
    module = perceptron()
    network = TorchModule(module, vectorised=vectorised).build(inputs=3)
    start = network.initial(torch.Generator(), torch.float64)
    theta = start + 0.1 * torch.randn(4, network.parameter_count, dtype=torch.float64)
    x = torch.rand(5, 3, dtype=torch.float64)
    before = [p.clone() for p in module.parameters()]
    with torch.inference_mode():
        together = network.values(theta, x)
        at_nodes = network.bind(theta).values_at(x, torch.zeros(2, 3, dtype=torch.float64))
    assert together.is_inference()
    assert together.shape == (4, 5, 1)
    assert all(torch.equal(a, b) for a, b in zip(before, module.parameters(), strict=True))
    module = module.double()
    for one, values in zip(theta, together, strict=True):
        nn.utils.vector_to_parameters(one, module.parameters())
        torch.testing.assert_close(values, module(x).detach())
    torch.testing.assert_close(at_nodes[:, :, 1], together)


def test_no_graph_is_built_when_gradients_are_off():
    network = build_network(perceptron(), inputs=3)
    theta = network.initial(torch.Generator(), torch.float32)
    with torch.no_grad():
        assert network.values(theta, torch.rand(5, 3)).grad_fn is None
    theta.requires_grad_()
    network.values(theta, torch.rand(5, 3)).sum().backward()
    assert theta.grad.abs().sum() > 0


def test_a_module_may_leave_torch():
    network = build_network(OutsideTorch(), inputs=2)
    theta = torch.tensor([[1.0, -2.0], [0.5, 0.0]])
    x = torch.rand(6, 2)
    with torch.inference_mode():
        values = network.values(theta, x)
    torch.testing.assert_close(values, torch.tanh(x @ theta.T).T[..., None])


def test_running_statistics_of_a_module_stay():
    module = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))
    network = build_network(module, inputs=3)
    with torch.inference_mode():
        network.values(torch.randn(2, network.parameter_count), torch.rand(9, 3))
    assert torch.equal(module[1].running_mean, torch.zeros(4))
    assert module[1].num_batches_tracked == 0


def test_unfit_modules_are_refused():
    with pytest.raises(SettingError, match="no parameters"):
        TorchModule(nn.Tanh())
    with pytest.raises(SettingError, match=r"fails on points of shape \(2, 4\)"):
        build_network(perceptron(), inputs=4)
    with pytest.raises(SettingError, match="give inputs="):
        build_network(perceptron())
    with pytest.raises(SettingError, match=r"no torch\.nn\.Module"):
        TorchModule(3)
    with pytest.raises(SettingError, match=r"\(P,\) or"):
        build_network(nn.Sequential(nn.Linear(2, 4), nn.Flatten(0)), inputs=2)


@pytest.mark.parametrize("numpy", [False, True])
@pytest.mark.parametrize("column", [False, True])
def test_a_black_box(numpy, column):
    calls = []

    def values(theta, x):
        calls.append((type(theta), type(x), x.shape))
        out = (np.tanh if numpy else torch.tanh)(x @ theta)
        return out[:, None] if column else out

    box = BlackBox(values, theta=np.array([1.0, 2.0]), numpy=numpy)
    network = build_network(box, inputs=2)
    assert box.parameter_count == network.parameter_count == 2
    assert network.outputs == 1
    theta = torch.tensor([[1.0, 2.0], [3.0, 4.0], [0.0, 1.0]])
    x = torch.rand(5, 2)
    with torch.inference_mode():
        out = network.values(theta, x)
        at_nodes = network.bind(theta).values_at(x, torch.zeros(4, 2))
    torch.testing.assert_close(out, torch.tanh(x @ theta.T).T[..., None])
    torch.testing.assert_close(at_nodes[:, :, 3], out)
    kind = np.ndarray if numpy else torch.Tensor
    assert all(issubclass(t, kind) and issubclass(p, kind) for t, p, _ in calls)
    assert [shape[0] for _, _, shape in calls] == [2, 5, 5, 5, 20, 20, 20]


def test_a_black_boxs_initial_parameters_are_copied():
    theta = torch.ones(2)
    box = BlackBox(lambda theta, x: x @ theta, theta)
    theta.zero_()
    start = box.build(inputs=2).initial(torch.Generator(), torch.float64)
    assert torch.equal(start, torch.ones(2, dtype=torch.float64))
    start.zero_()
    assert box.theta.sum() == 2


def test_unfit_black_boxes_are_refused():
    with pytest.raises(SettingError, match="cannot be called"):
        BlackBox(3, torch.ones(2))
    with pytest.raises(SettingError, match="as a vector"):
        BlackBox(lambda theta, x: x, torch.ones(2, 2))
    box = BlackBox(lambda theta, x: theta, torch.ones(3))
    with pytest.raises(ShapeError, match=r"returned shape \(3,\) for 2 points"):
        box.build(inputs=2)
    with pytest.raises(SettingError, match="give inputs="):
        box.build()
