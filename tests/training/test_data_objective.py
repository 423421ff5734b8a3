"""Losses of data: least-squares problems of the Gauss–Newton method, sweeps, batches, and training runs."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import optimize
from torch import nn

from pinnzo.errors import NonFiniteError, PinnzoError, SettingError, ShapeError
from pinnzo.networks import MLP, BlackBox, TensorTrainMLP
from pinnzo.networks.modules import TorchModule
from pinnzo.training import (
    AutodiffGaussNewton,
    CoordinateGradient,
    CrossEntropy,
    DataObjective,
    FirstOrder,
    HybridZO,
    LevenbergMarquardt,
    RandomGradient,
    SquaredError,
    ZerothOrder,
    data_objective,
)
from pinnzo.training.base import perturbed

LOSSES = {"cross-entropy": CrossEntropy(), "squared error": SquaredError()}


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=seeded(seed), dtype=torch.float64)


def targets_for(loss, samples, outputs, seed=5):
    if isinstance(loss, SquaredError):
        return normal(samples, outputs, seed=seed)
    return torch.randint(outputs, (samples,), generator=seeded(seed))


def small(kind="MLP", samples=30, loss=None, **settings):
    """An objective of 30 samples in R³ with 4 outputs, and parameters somewhere."""
    settings = {"dtype": torch.float64, **settings}
    network = {
        "MLP": MLP(width=6, depth=2, outputs=4, activation="tanh"),
        "relu": MLP(width=6, depth=1, outputs=4, activation="relu"),
        "tensor train": TensorTrainMLP(width=8, depth=2, rank=2, outputs=4),
    }[kind].build(inputs=3)
    loss = loss or CrossEntropy()
    objective = DataObjective(normal(samples, 3), targets_for(loss, samples, 4), network, loss, **settings)
    return objective, network.initial(seeded(1), torch.float64) + 0.1 * normal(network.parameter_count, seed=2)


def rings(samples=300, classes=3, seed=0):
    """Noisy rings around each other in the plane, which no line separates."""
    labels = torch.arange(samples) % classes
    angle = 2 * math.pi * torch.rand(samples, generator=seeded(seed), dtype=torch.float64)
    radius = 0.5 + labels + 0.08 * normal(samples, seed=seed + 1)
    return radius[:, None] * torch.stack([angle.cos(), angle.sin()], 1), labels


def run(trainer, objective, theta, steps):
    guard = torch.enable_grad if trainer.uses_backpropagation else torch.inference_mode
    with guard():
        state, generator = trainer.init(theta, 0), seeded()
        for _ in range(steps):
            objective.draw(generator, trainer.batch_scale(state.step))
            state = trainer.step(objective, state)
    return state


# The least-squares problem


@pytest.mark.parametrize("spread", [0.1, 1.0, 3.0])
@pytest.mark.parametrize("name", LOSSES)
def test_least_squares_has_the_gradient_and_the_gauss_newton_matrix_of_autodiff(name, spread):
    loss, samples, outputs, count = LOSSES[name], 7, 5, 9
    o, J = spread * normal(samples, outputs), normal(samples * outputs, count, seed=3)
    targets = targets_for(loss, samples, outputs)

    def value(flat):
        return loss.value(flat.unflatten(0, (samples, outputs)), targets)

    g = torch.func.grad(value)(o.flatten())
    H = torch.func.jacrev(torch.func.grad(value))(o.flatten())
    residual, A = loss.least_squares(o, J.clone(), targets)
    torch.testing.assert_close(2 * A.T @ A, J.T @ H @ J, rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(2 * A.T @ residual, J.T @ g, rtol=1e-10, atol=1e-10)


def test_cross_entropy_is_that_of_torch():
    o, labels = normal(2, 6, 3), torch.tensor([0, 1, 2, 2, 1, 0])
    for outputs, value in zip(o, CrossEntropy().value(o, labels), strict=True):
        torch.testing.assert_close(value, nn.functional.cross_entropy(outputs, labels))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_confident_error_stays_finite_and_has_the_exact_gradient(dtype):
    o = torch.tensor([[300.0, 0.0, -300.0], [0.0, 40.0, 0.0]], dtype=dtype)
    labels = torch.tensor([2, 0])
    J = torch.eye(6, dtype=dtype)
    residual, A = CrossEntropy().least_squares(o, J.clone(), labels)
    assert residual.isfinite().all()
    assert A.isfinite().all()
    g = torch.func.grad(lambda outputs: CrossEntropy().value(outputs, labels))(o).flatten()
    torch.testing.assert_close(2 * A.T @ residual, g, rtol=1e-5, atol=1e-6)


def test_a_floor_changes_the_curvature_alone():
    o, labels = 2 * normal(1, 4), torch.tensor([1])
    residual, S = CrossEntropy(floor=0.1).least_squares(o, torch.eye(4, dtype=torch.float64), labels)
    exact = o.softmax(1)[0]
    assert (exact < 0.1).any()
    torch.testing.assert_close(2 * S.T @ residual, exact - torch.eye(4, dtype=torch.float64)[1])
    p = exact.clamp_min(0.1) / exact.clamp_min(0.1).sum()
    torch.testing.assert_close(2 * S.T @ S, p.diag() - torch.outer(p, p))


def test_the_jacobian_may_be_transposed_or_not():
    o, labels, J = normal(4, 3), torch.tensor([0, 1, 2, 0]), normal(12, 5, seed=1)
    _, rows = CrossEntropy().least_squares(o, J.clone(), labels)
    _, columns = CrossEntropy().least_squares(o, J.T.contiguous().T, labels)
    torch.testing.assert_close(rows, columns)


# Forward queries


@pytest.mark.parametrize("name", LOSSES)
def test_losses_are_those_of_the_outputs(name):
    objective, theta = small(loss=LOSSES[name])
    batch = theta + 0.1 * normal(20, len(theta), seed=4)
    outputs = objective.outputs(batch)
    assert outputs.shape == (20, 30 * 4)
    assert objective.evaluations == 20 * 30
    losses = objective.losses(batch)
    assert objective.evaluations == 40 * 30
    torch.testing.assert_close(losses, torch.tensor([objective.loss_of(o) for o in outputs], dtype=torch.float64))
    direct = objective.network.values(theta, normal(30, 3))
    torch.testing.assert_close(objective.outputs(theta[None])[0], direct.flatten())


@torch.no_grad()
@pytest.mark.parametrize("step", [1e-5, -1e-3, 0.5])
@pytest.mark.parametrize("kind", ["MLP", "relu", "tensor train"])
def test_differences_are_those_of_perturbed_vectors(kind, step):
    objective, theta = small(kind, batch=20)
    objective.draw(seeded())
    outputs = objective.outputs(theta[None])[0]
    for indices in (torch.arange(len(theta)), torch.randperm(len(theta), generator=seeded())[:7]):
        spent = objective.evaluations
        found = objective.differences(theta, indices, step, outputs)
        assert objective.evaluations - spent == 20 * len(indices)
        expected = objective.outputs(perturbed(theta, indices, step)) - outputs
        torch.testing.assert_close(found, expected, rtol=1e-7, atol=1e-12)


@torch.no_grad()
@pytest.mark.parametrize("kind", ["MLP", "relu", "tensor train"])
def test_losses_at_coordinates_are_those_of_perturbed_vectors(kind, monkeypatch):
    monkeypatch.setattr(data_objective, "TILE_ELEMENTS", 1000)
    objective, theta = small(kind)
    indices, steps = torch.tensor([9, 0, 25]), (1e-3, -1e-3)
    found = objective.losses_at_coordinates(theta, indices, steps)
    assert objective.evaluations == 6 * 30
    for step, losses in zip(steps, found, strict=True):
        torch.testing.assert_close(losses, objective.losses(perturbed(theta, indices, step)), rtol=1e-10, atol=0)


@torch.no_grad()
@torch.no_grad()
def test_coordinates_of_large_networks_are_asked_for_as_the_changed_outputs_fit(monkeypatch):
    """A sweep writes no parameter vectors out: what counts is the 10 · 4 changed outputs, not the parameters."""
    objective, theta = small("MLP", samples=10)
    asked = []
    plain = DataObjective.losses_at_coordinates

    def counted(self, theta, indices, steps):
        asked.append(len(indices))
        return plain(self, theta, indices, steps)

    monkeypatch.setattr(DataObjective, "losses_at_coordinates", counted)
    monkeypatch.setattr("pinnzo.training.gradients.LARGEST_BATCH", 40 * 50)
    found = CoordinateGradient(step=1e-5).estimate(objective, theta, seeded()).gradient
    assert asked == [50] * (len(theta) // 50) + [len(theta) % 50]
    in_ones = CoordinateGradient(step=1e-5, max_batch=1).estimate(objective, theta, seeded()).gradient
    torch.testing.assert_close(found, in_ones, rtol=0, atol=1e-9)
    with torch.enable_grad():
        assert objective.numbers_per_coordinate == len(theta)


@torch.no_grad()
def test_differences_of_a_thousandth_give_the_gradient_in_single_precision():
    objective, theta = small("relu", samples=100, dtype=torch.float32)
    theta = theta.float()
    with torch.enable_grad():
        leaf = theta.clone().requires_grad_()
        (exact,) = torch.autograd.grad(objective.losses(leaf[None])[0], leaf)
    found = CoordinateGradient(step=1e-3).estimate(objective, theta, seeded()).gradient
    assert (found - exact).norm() < 0.01 * exact.norm()


def test_networks_without_a_sweep_are_asked_in_full():
    network = TorchModule(nn.Linear(3, 4).double()).build(inputs=3)
    objective = DataObjective(normal(10, 3), torch.arange(10) % 4, network)
    theta, indices = normal(network.parameter_count), torch.tensor([2, 5])
    outputs = objective.outputs(theta[None])[0]
    expected = objective.outputs(perturbed(theta, indices, 0.1)) - outputs
    torch.testing.assert_close(objective.differences(theta, indices, 0.1, outputs), expected)
    losses = objective.losses_at_coordinates(theta, indices, (0.1,))
    torch.testing.assert_close(losses[0], objective.losses(perturbed(theta, indices, 0.1)))


@pytest.mark.parametrize("limit", [1, 300])
@pytest.mark.parametrize("workers", [1, 2])
def test_pieces_tiles_and_workers_change_rounding_alone(workers, limit, monkeypatch):
    def answers(objective):
        with torch.inference_mode():
            indices = torch.arange(len(theta))
            batch = perturbed(theta, indices, 1e-3)
            outputs = objective.outputs(theta[None])[0]
            differences = objective.differences(theta, indices, 1e-3, outputs)
            return objective.losses(batch), differences, objective.losses_at_coordinates(theta, indices, (1e-3,))

    alone, theta = small("tensor train")
    shared, _ = small("tensor train", workers=workers)
    expected = answers(alone)
    assert all(torch.equal(a, b) for a, b in zip(answers(shared), expected, strict=True))
    monkeypatch.setattr(data_objective, "MEMORY_ELEMENTS", limit)
    monkeypatch.setattr(data_objective, "TILE_ELEMENTS", limit)
    for found, wanted in zip(answers(shared), expected, strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-9, atol=1e-12)


def test_accuracy_is_the_share_of_right_answers_among_all_samples():
    box = BlackBox(lambda theta, x: theta[0] * x, torch.ones(1, dtype=torch.float64))
    inputs = torch.eye(3, dtype=torch.float64).repeat(2, 1)
    objective = DataObjective(inputs, [0, 1, 2, 0, 1, 0], box.build(inputs=3), batch=2)
    assert objective.accuracy(torch.ones(1, dtype=torch.float64)) == pytest.approx(5 / 6)
    assert objective.evaluations == 6


def test_no_autograd_graph_is_needed_and_one_is_there_if_asked_for():
    objective, theta = small()
    with torch.inference_mode():
        assert not objective.losses(theta[None]).requires_grad
    loss = objective.losses(theta.clone().requires_grad_()[None])
    assert loss.requires_grad


# Batches


def test_batches_are_drawn_without_replacement_and_from_the_seed_alone():
    network = BlackBox(lambda theta, x: theta[0] * x, torch.ones(1, dtype=torch.float64)).build(inputs=1)
    numbers, one = torch.arange(50.0, dtype=torch.float64)[:, None], torch.ones(1, 1, dtype=torch.float64)
    objective = DataObjective(numbers, numbers, network, SquaredError(), batch=20)

    def drawn(seed, scale=1.0):
        objective.draw(seeded(seed), scale)
        assert objective.losses(one) == 0  # targets are those of the samples
        return objective.outputs(one)[0]

    first = drawn(0)
    assert len(first) == len(first.unique()) == 20
    assert torch.equal(first, drawn(0))
    assert not torch.equal(first, drawn(1))
    assert len(drawn(0, 1.5)) == objective.evaluations_per_query == 30
    assert torch.equal(drawn(0, 100.0), numbers[:, 0])


def test_a_batch_comes_before_losses_unless_it_is_all():
    objective, theta = small(batch=10)
    with pytest.raises(PinnzoError, match="draw"):
        objective.losses(theta[None])
    objective, theta = small()
    assert objective.losses(theta[None]).isfinite().all()


# Training


@pytest.mark.parametrize("network", [MLP(width=12, depth=1, outputs=3), TensorTrainMLP(width=8, rank=2, outputs=3)])
def test_levenberg_marquardt_separates_rings_in_a_few_steps(network):
    inputs, labels = rings()
    built = network.build(inputs=2)
    theta = built.initial(seeded(), torch.float64)
    objective = DataObjective(inputs, labels, built)
    state = run(LevenbergMarquardt(), objective, theta, 15)
    test = DataObjective(*rings(seed=10), built)
    assert test.accuracy(state.theta) > 0.99
    # Each step costs as much as a coordinate-wise gradient, or more than a back-propagated one: count steps.
    loss = objective.losses(state.theta[None])
    for trainer in (FirstOrder("SGD", 0.1), FirstOrder("Adam", 0.03)):
        descended = run(trainer, objective, theta, 15)
        assert objective.losses(descended.theta[None]) > 3 * loss


def test_it_is_the_step_of_a_back_propagated_jacobian():
    objective, theta = small()
    exact = run(AutodiffGaussNewton(), objective, theta, 3)
    swept = run(LevenbergMarquardt(central=True), objective, theta, 3)
    torch.testing.assert_close(swept.theta, exact.theta, rtol=1e-5, atol=1e-6)


def test_logistic_regression_of_overlapping_classes_reaches_the_optimum():
    labels = torch.arange(200) % 2
    inputs = normal(200, 2, seed=8) + labels[:, None]
    network = TorchModule(nn.Linear(2, 2).double()).build(inputs=2)
    objective = DataObjective(inputs, labels, network)
    theta = torch.zeros(network.parameter_count, dtype=torch.float64)
    state = run(LevenbergMarquardt(momentum=0.0), objective, theta, 12)

    x, sign = np.column_stack([inputs.numpy(), np.ones(200)]), 2 * labels.numpy() - 1
    best = optimize.minimize(lambda w: np.logaddexp(0, -sign * (x @ w)).mean(), np.zeros(3), tol=1e-12)
    assert objective.losses(state.theta[None]).item() == pytest.approx(best.fun, abs=1e-10)
    weight, bias = state.theta.split([4, 2])
    found = [*(weight[2:] - weight[:2]).tolist(), float(bias[1] - bias[0])]
    assert found == pytest.approx(best.x, abs=1e-4)


def test_regression_of_vectors_converges():
    inputs = normal(100, 2)
    targets = torch.stack([inputs.sum(1).sin(), inputs.prod(1)], 1)
    network = MLP(width=10, depth=1, outputs=2).build(inputs=2)
    objective = DataObjective(inputs, targets, network, SquaredError())
    state = run(LevenbergMarquardt(), objective, network.initial(seeded(), torch.float64), 40)
    assert objective.losses(state.theta[None]) < 1e-4


@pytest.mark.parametrize(
    "trainer",
    [
        HybridZO(),
        ZerothOrder(RandomGradient(), learning_rate=0.02),
        ZerothOrder(CoordinateGradient(), learning_rate=0.05),
        LevenbergMarquardt(directions=10),
        LevenbergMarquardt(blockwise=True, growth=1.1),
        FirstOrder(learning_rate=0.05),
    ],
    ids=["hybrid", "rge", "cge", "directions", "blockwise", "first-order"],
)
def test_every_trainer_lowers_the_loss(trainer):
    objective, theta = small("tensor train", samples=60, batch=40)
    everything, _ = small("tensor train", samples=60)
    state = run(trainer, objective, theta, 20)
    assert everything.losses(state.theta[None]) < everything.losses(theta[None])


def test_single_precision_serves():
    inputs, labels = rings()
    network = MLP(width=12, depth=1, outputs=3, activation="relu").build(inputs=2)
    objective = DataObjective(inputs, labels, network, dtype=torch.float32)
    state = run(LevenbergMarquardt(), objective, network.initial(seeded(), torch.float32), 20)
    assert state.theta.dtype == torch.float32
    assert objective.accuracy(state.theta) > 0.98


# Wrong use


@pytest.mark.parametrize(
    ("changes", "error", "names"),
    [
        ({"targets": torch.tensor([0, 1, 4])}, SettingError, "targets holds the label 4"),
        ({"targets": torch.tensor([0, -1, 2])}, SettingError, "targets holds the label -1"),
        ({"targets": torch.tensor([0, 1])}, ShapeError, "targets"),
        ({"targets": torch.tensor([[0], [1], [2]])}, ShapeError, "targets"),
        ({"targets": torch.tensor([0.0, 1.0, 2.0])}, SettingError, "targets"),
        ({"targets": torch.zeros(3), "loss": SquaredError()}, ShapeError, "targets"),
        ({"targets": torch.full((3, 4), math.nan), "loss": SquaredError()}, NonFiniteError, "targets"),
        ({"inputs": torch.tensor([[0.0, math.nan, 0.0]] * 3)}, NonFiniteError, "inputs"),
        ({"inputs": torch.full((3, 3), math.inf)}, NonFiniteError, "inputs"),
        ({"targets": ["cat", "dog", "cat"]}, SettingError, "targets"),
        ({"inputs": [[1, 2, 3], [1, 2]]}, SettingError, "inputs"),
        ({"inputs": torch.zeros(3, 2)}, ShapeError, "inputs"),
        ({"inputs": torch.zeros(3)}, ShapeError, "inputs"),
        ({"inputs": torch.zeros(0, 3), "targets": torch.zeros(0, dtype=torch.long)}, ShapeError, "inputs"),
        ({"batch": 4}, SettingError, "batch is 4"),
        ({"batch": 0}, SettingError, "batch is 0"),
        ({"batch": 1.5}, SettingError, "batch"),
    ],
)
def test_bad_data_is_refused_by_name(changes, error, names):
    network = MLP(width=4, outputs=4).build(inputs=3)
    given = {"inputs": torch.zeros(3, 3), "targets": torch.tensor([0, 1, 2]), "network": network, **changes}
    with pytest.raises(error, match=names):
        DataObjective(**given)


@pytest.mark.parametrize("floor", [0.0, -1.0, 0.5, math.nan, True])
def test_a_floor_without_meaning_is_refused(floor):
    with pytest.raises(SettingError, match="floor"):
        CrossEntropy(floor=floor)


def test_vectors_have_no_accuracy():
    objective, theta = small(loss=SquaredError())
    with pytest.raises(SettingError, match="labels"):
        objective.accuracy(theta)


def test_residuals_are_not_made_up():
    objective, theta = small()
    with pytest.raises(TypeError, match="DataObjective has no residual vector"):
        objective.residuals(theta[None])


def test_arrays_of_numpy_are_as_good_as_tensors():
    network = MLP(width=4, outputs=4).build(inputs=3)
    images = np.frombuffer(bytes(range(9)), np.uint8).reshape(3, 3)  # read-only, as from a file
    labels = np.array([0, 1, 3], dtype=np.uint8)
    objective = DataObjective(images, labels, network)
    assert objective.losses(torch.zeros(1, network.parameter_count, dtype=torch.float64)).item() == pytest.approx(
        math.log(4)
    )


def test_plain_numbers_keep_their_double_precision():
    network = BlackBox(lambda theta, x: theta[0] * x, torch.ones(1, dtype=torch.float64)).build(inputs=1)
    objective = DataObjective([[0.1], [0.2]], [0.3, 0.6], network, SquaredError())
    assert objective.losses(torch.full((1, 1), 3.0, dtype=torch.float64)).item() < 1e-30
