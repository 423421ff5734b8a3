"""Gauss–Newton steps with an averaged matrix."""

from __future__ import annotations

import pytest
import torch

from pinnzo.errors import SettingError
from pinnzo.networks import MLP
from pinnzo.training import AveragedGaussNewton, DataObjective, SketchedObjective, SquaredError


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def linear(samples=200):
    """A linear regression: the identity as activation, and data that are a linear function."""
    network = MLP(width=3, depth=1, outputs=2, activation="identity").build(inputs=3)
    inputs = normal(samples, 3)
    return network, inputs, inputs @ normal(3, 2, seed=1)


def run(trainer, objective, theta, steps, seed=0):
    state, generator = trainer.init(theta, seed), torch.Generator().manual_seed(seed)
    with torch.inference_mode():
        for _ in range(steps):
            objective.draw(generator, trainer.batch_scale(state.step))
            state = trainer.step(objective, state)
    return state


def test_one_step_without_averages_is_the_damped_one():
    network, inputs, targets = linear()
    objective = DataObjective(inputs, targets, network, SquaredError())
    theta = network.initial(torch.Generator().manual_seed(2), torch.float64)
    trainer = AveragedGaussNewton(damping=0.1, average=0.0, momentum=0.0, length=1.0, trials=(1.0,), step_size=1e-6)
    state = run(trainer, objective, theta, 1)
    x = theta.clone().requires_grad_()
    jacobian = torch.autograd.functional.jacobian(lambda t: network.values(t, inputs).flatten(), x) / 200**0.5
    residual = (network.values(theta, inputs) - targets).flatten() / 200**0.5
    matrix = jacobian.T @ jacobian
    damping = 0.1
    step = -torch.linalg.solve(matrix + damping * torch.eye(len(theta)), jacobian.T @ residual)
    torch.testing.assert_close(state.theta - theta, step, rtol=1e-3, atol=1e-5)


def test_averages_are_those_of_all_batches():
    network, inputs, targets = linear()
    objective = DataObjective(inputs, targets, network, SquaredError(), batch=50)
    theta = network.initial(torch.Generator().manual_seed(2), torch.float64)
    # No length gains anything, so that θ stays and the matrices of the batches differ in their samples alone.
    trainer = AveragedGaussNewton(average=0.5, momentum=0.5)
    generator, state, expected = torch.Generator().manual_seed(0), trainer.init(theta, 0), 0.0
    monotone = objective.losses
    with torch.inference_mode():
        for _ in range(3):
            objective.draw(generator)
            outputs = objective.outputs(theta[None])[0]
            jacobian = objective.differences(theta, torch.arange(len(theta)), 6e-6, outputs).T / 6e-6
            _, matrix = objective.least_squares(outputs, jacobian)
            expected = 0.5 * expected + 0.5 * matrix.T @ matrix
            objective.losses = lambda batch: monotone(batch) + 1e6
            state = trainer.step(objective, state)
            objective.losses = monotone
    assert state.memory["rejected"] == 3
    assert torch.equal(state.theta, theta)
    torch.testing.assert_close(state.memory["curvature"].tril(), expected.tril(), rtol=1e-3, atol=1e-4)
    assert state.memory["length"] == pytest.approx(0.15 / 27)


@pytest.mark.parametrize("sketched", [False, True])
def test_classification_with_batches_smaller_than_the_parameters(sketched):
    labels = torch.arange(600) % 3
    inputs = normal(600, 2) + 3 * labels[:, None]
    network = MLP(width=20, depth=1, outputs=3, activation="tanh").build(inputs=2)
    kind = SketchedObjective if sketched else DataObjective
    objective = kind(inputs, labels, network, batch=40) if not sketched else kind(inputs, labels, network, None, 40, 40)
    theta = network.initial(torch.Generator().manual_seed(1), torch.float64)
    state = run(AveragedGaussNewton(growth=1.01), objective, theta, 60)
    assert objective.accuracy(state.theta) > 0.85 > objective.accuracy(theta)


def test_a_step_leaves_its_state_as_it_was():
    network, inputs, targets = linear()
    objective = DataObjective(inputs, targets, network, SquaredError(), batch=50)
    trainer, theta = AveragedGaussNewton(), network.initial(torch.Generator().manual_seed(2), torch.float64)
    state = run(trainer, objective, theta, 2)
    before = {k: v.clone() if isinstance(v, torch.Tensor) else v for k, v in state.memory.items()}
    with torch.inference_mode():
        first, second = trainer.step(objective, state), trainer.step(objective, state)
    assert torch.equal(first.theta, second.theta)
    for name, value in before.items():
        torch.testing.assert_close(state.memory[name], value, rtol=0, atol=0)


def test_what_is_not_finite_is_rejected():
    network, inputs, targets = linear()
    objective = DataObjective(inputs, targets, network, SquaredError())
    theta = torch.full((network.parameter_count,), float("nan"), dtype=torch.float64)
    state = run(AveragedGaussNewton(), objective, theta, 2)
    assert (state.step, state.memory["rejected"], state.memory["updates"]) == (2, 2, 0)


@pytest.mark.parametrize(
    "setting",
    [
        {"damping": 0.0}, {"average": 1.0}, {"momentum": -0.1}, {"length": 0.0}, {"trials": ()}, {"trials": (0.0,)},
        {"step_size": -1.0}, {"growth": 0.5}, {"largest_batch": 0.5},
    ],
    ids=str,
)  # fmt: skip
def test_wrong_settings(setting):
    with pytest.raises(SettingError, match=next(iter(setting))):
        AveragedGaussNewton(**setting)


def test_too_many_parameters():
    with pytest.raises(SettingError, match=r"at most 20000 parameters, or LevenbergMarquardt\(directions=50\)"):
        AveragedGaussNewton().init(torch.zeros(20_001), 0)
