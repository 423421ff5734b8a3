"""Sketched Gauss–Newton matrices: exact gradients, curvature right on average, trials judged on other samples."""

from __future__ import annotations

import pytest
import torch

from pinnzo.errors import SettingError
from pinnzo.networks import MLP, BlackBox
from pinnzo.training import CrossEntropy, DataObjective, LevenbergMarquardt, SketchedObjective, SquaredError

SAMPLES, CLASSES = 40, 3
LOSSES = {"cross-entropy": CrossEntropy(), "squared error": SquaredError()}


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def network_of(depth=1):
    return MLP(width=5, depth=depth, outputs=CLASSES, activation="tanh", inputs=2).build()


def objective_of(loss="cross-entropy", network=None, batch=20, held_out=10, **settings):
    labels = torch.arange(SAMPLES) % CLASSES
    targets = labels if loss == "cross-entropy" else normal(SAMPLES, CLASSES, seed=3)
    inputs = normal(SAMPLES, 2) + 3 * labels[:, None] - 3
    return SketchedObjective(
        inputs, targets, network or network_of(), LOSSES[loss], batch, held_out, dtype=torch.float64, **settings
    )


def normal_equations(objective, theta, seed=0):
    """2 AᵀA and 2 Aᵀρ at θ, and the same of the exact matrix on the same samples."""
    with torch.inference_mode():
        objective.draw(torch.Generator().manual_seed(seed))
        outputs = objective.outputs(theta[None])[0]
        jacobian = LevenbergMarquardt().jacobian(objective, theta, outputs)
        residual, matrix = objective.least_squares(outputs, jacobian)
        return 2 * matrix.T @ matrix, 2 * matrix.T @ residual


def exact(objective, theta):
    fitted = objective._batch.part(slice(0, objective.fitted))
    full = DataObjective(fitted.inputs, fitted.targets, objective.network, objective.loss, dtype=torch.float64)
    with torch.inference_mode():
        outputs = full.outputs(theta[None])[0]
        jacobian = LevenbergMarquardt().jacobian(full, theta, outputs)
        residual, matrix = full.least_squares(outputs, jacobian)
        return 2 * matrix.T @ matrix, 2 * matrix.T @ residual


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("depth", [1, 2])
def test_the_gradient_is_exact(loss, depth):
    network = network_of(depth)
    theta = network.initial(torch.Generator().manual_seed(1), torch.float64)
    objective = objective_of(loss, network)
    _, found = normal_equations(objective, theta)
    _, expected = exact(objective, theta)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-4 * float(expected.abs().max()))


@pytest.mark.parametrize("loss", LOSSES)
def test_the_curvature_is_right_on_average(loss):
    theta = network_of().initial(torch.Generator().manual_seed(1), torch.float64)
    objective = objective_of(loss, batch=39, held_out=1)
    sketched, wanted = 0.0, 0.0
    for seed in range(400):
        sketched = sketched + normal_equations(objective, theta, seed)[0]
        wanted = wanted + exact(objective, theta)[0] if seed < 40 else wanted
    difference = sketched / 400 - wanted / 40
    assert float(difference.norm()) < 0.05 * float((wanted / 40).norm())


def test_a_black_box_answers_the_same():
    network = network_of()
    theta = network.initial(torch.Generator().manual_seed(1), torch.float64)
    box = BlackBox(network.values, theta).build(2)
    for a, b in zip(
        normal_equations(objective_of(), theta), normal_equations(objective_of(network=box), theta), strict=True
    ):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-4 * float(a.abs().max()))


def test_losses_are_those_of_other_samples():
    objective = objective_of()
    objective.draw(torch.Generator().manual_seed(0))
    theta = network_of().initial(torch.Generator().manual_seed(1), torch.float64)[None]
    held = objective._batch.part(slice(20, 30))
    expected = CrossEntropy().value(objective.network.values(theta, held.inputs), held.targets)
    before = objective.evaluations
    torch.testing.assert_close(objective.losses(theta), expected)
    assert objective.evaluations == before + 10
    torch.testing.assert_close(objective.loss_of(objective.outputs(theta)[0]), float(expected[0]))


@pytest.mark.parametrize(
    "trainer",
    [LevenbergMarquardt(), LevenbergMarquardt(directions=10), LevenbergMarquardt(blockwise=True)],
    ids=["all", "directions", "blockwise"],
)
def test_training(trainer):
    objective, theta = objective_of(), network_of().initial(torch.Generator().manual_seed(1), torch.float64)
    state, generator = trainer.init(theta, 0), torch.Generator().manual_seed(0)
    with torch.inference_mode():
        for _ in range(40):
            objective.draw(generator)
            state = trainer.step(objective, state)
    assert objective.accuracy(state.theta) > 0.7 > objective.accuracy(theta)


def test_threads_change_nothing():
    theta = network_of().initial(torch.Generator().manual_seed(1), torch.float64)
    for a, b in zip(
        normal_equations(objective_of(), theta), normal_equations(objective_of(workers=2), theta), strict=True
    ):
        assert torch.equal(a, b)


def test_growing_batches():
    objective = objective_of()
    generator = torch.Generator().manual_seed(0)
    objective.draw(generator, 1.2)
    assert len(objective._batch) == 24 + 12
    objective.draw(generator, 100.0)
    assert len(objective._batch) <= SAMPLES


@pytest.mark.parametrize(("batch", "held_out"), [(0, 1), (1, 0), (31, 10)])
def test_wrong_numbers(batch, held_out):
    with pytest.raises(SettingError, match="at most the 40 samples"):
        objective_of(batch=batch, held_out=held_out)
