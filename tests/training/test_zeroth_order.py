"""The zeroth-order trainer: torch's optimisers by hand, explicit state, bad losses, settings."""

from __future__ import annotations

import dataclasses
import gc
import json
import time

import pytest
import torch
from torch.optim import lr_scheduler
from training_beds import Quadratic, Regression, run, snapshot, stored

from pinnzo.errors import SettingError
from pinnzo.training import CoordinateGradient, HybridZO, RandomGradient, ZerothOrder, as_trainer
from pinnzo.training.zeroth_order import sign_descent

OPTIMIZERS = {
    "SGD": {"momentum": 0.9, "nesterov": True},
    "Adam": {"betas": (0.8, 0.99), "amsgrad": True},
    "AdamW": {},
    "RMSprop": {"centered": True},
    "Adagrad": {},
    "Adadelta": {},
    "Adamax": {},
    "NAdam": {},
    "RAdam": {},
    "Rprop": {},
    "ASGD": {},
}
SCHEDULERS = {
    None: {},
    "ExponentialLR": {"gamma": 0.9},
    "StepLR": {"step_size": 3, "gamma": 0.5},
    "MultiStepLR": {"milestones": [2, 5], "gamma": 0.5},
    "CosineAnnealingLR": {"T_max": 10},
    "CosineAnnealingWarmRestarts": {"T_0": 4},
    "LinearLR": {},
    "OneCycleLR": {"max_lr": 0.1, "total_steps": 20},
    "CyclicLR": {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 3},
}
CASES = [(name, None) for name in OPTIMIZERS] + [("SGD", name) for name in SCHEDULERS if name]
CASES += [("Adam", "OneCycleLR"), ("RMSprop", "StepLR")]


def by_hand(name, scheduler, steps=8):
    """The parameters after each step of torch's own loop on the same estimates."""
    objective, theta = Regression(), Regression.start()
    optimizer = getattr(torch.optim, name)([theta], lr=0.02, **OPTIMIZERS[name])
    schedule = getattr(lr_scheduler, scheduler)(optimizer, **SCHEDULERS[scheduler]) if scheduler else None
    generator = torch.Generator().manual_seed(5)
    path = []
    for step in range(steps):
        objective.draw(torch.Generator().manual_seed(step))
        theta.grad = RandomGradient().estimate(objective, theta, generator).gradient
        optimizer.step()
        if schedule:
            schedule.step()
        path.append(theta.clone())
    return path


def trainer_for(name, scheduler):
    return ZerothOrder(
        optimizer=name.lower(),
        learning_rate=0.02,
        optimizer_options=OPTIMIZERS[name],
        scheduler=scheduler,
        scheduler_options=SCHEDULERS[scheduler],
    )


@pytest.mark.parametrize(("name", "scheduler"), CASES)
def test_equals_torch_by_hand(regression, name, scheduler):
    trainer = trainer_for(name, scheduler)
    states = run(trainer, regression, trainer.init(Regression.start(), seed=5), steps=8)
    for state, theta in zip(states, by_hand(name, scheduler), strict=True):
        torch.testing.assert_close(state.theta, theta, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("name", "scheduler"), CASES)
def test_a_stored_state_goes_on_exactly(regression, name, scheduler):
    trainer = trainer_for(name, scheduler)
    straight = run(trainer, regression, trainer.init(Regression.start(), seed=5), steps=8)
    again = stored(run(trainer, regression, trainer.init(Regression.start(), seed=5), steps=4)[-1])
    resumed = run(trainer, regression, again, steps=4)
    assert [s.loss for s in straight[4:]] == [s.loss for s in resumed]
    assert torch.equal(straight[-1].theta, resumed[-1].theta)


def test_plateau_scheduler_waits_for_validations(regression):
    trainer = ZerothOrder(
        optimizer="SGD",
        scheduler="ReduceLROnPlateau",
        scheduler_options={"patience": 1, "factor": 0.5},
    )
    (state,) = run(trainer, regression, trainer.init(Regression.start(), seed=0), steps=1)
    for loss in (1.0, 2.0, 2.0):
        state = stored(trainer.validated(state, loss))
    assert state.memory["group"]["lr"] == 5e-4
    (new,) = run(trainer, regression, state, steps=1)
    assert new.memory["group"]["lr"] == 5e-4


def test_sign_update(regression):
    trainer = ZerothOrder(
        RandomGradient(samples=2),
        learning_rate=0.01,
        scheduler="ExponentialLR",
        scheduler_options={"gamma": 0.5},
        sign=True,
    )
    theta = Regression.start()
    for k, state in enumerate(run(trainer, regression, trainer.init(theta, seed=0), steps=4)):
        moved = state.theta - theta
        torch.testing.assert_close(moved.abs(), torch.full_like(theta, 0.01 * 0.5**k))
        theta = state.theta


def test_converges_on_a_quadratic(quadratic):
    start = torch.full((5,), 3.0, dtype=torch.float64)
    coordinates = ZerothOrder(CoordinateGradient(central=True), optimizer="SGD", learning_rate=0.3)
    rounds = ZerothOrder(
        RandomGradient(samples=20), "Adam", 0.1, scheduler="ExponentialLR", scheduler_options={"gamma": 0.99}
    )
    signs = dataclasses.replace(rounds, sign=True)
    for trainer, tolerance in ((coordinates, 1e-6), (rounds, 1e-2), (signs, 1e-2)):
        state = run(trainer, quadratic, trainer.init(start, seed=0), steps=600)[-1]
        assert (state.theta - 0.5).abs().max() < tolerance
    assert state.step == 600


@pytest.mark.parametrize("trainer", [ZerothOrder(), HybridZO(switch_step=3)], ids=["zeroth-order", "hybrid"])
def test_a_seed_fixes_the_run(regression, trainer):
    first, second, other = (
        run(trainer, regression, trainer.init(Regression.start(), seed), steps=6) for seed in (1, 1, 2)
    )
    assert [s.loss for s in first] == [s.loss for s in second]
    assert torch.equal(first[-1].theta, second[-1].theta)
    assert not torch.equal(first[-1].theta, other[-1].theta)


def test_a_step_leaves_the_old_state_alone(regression):
    trainer = trainer_for("Adam", "OneCycleLR")
    state = run(trainer, regression, trainer.init(Regression.start(), seed=0), steps=2)[-1]
    before = snapshot(state)
    trainer.step(regression, state)
    trainer.validated(state, 1.0)
    assert snapshot(state) == before


@pytest.mark.parametrize("gradient", [RandomGradient(), CoordinateGradient()])
def test_non_finite_losses_do_not_destroy_the_parameters(regression, gradient):
    trainer = ZerothOrder(gradient, scheduler="ExponentialLR", scheduler_options={"gamma": 0.9})
    state = run(trainer, regression, trainer.init(Regression.start(), seed=0), steps=2)[-1]
    regression.poison = 1
    (skipped,) = run(trainer, regression, state, steps=1)
    assert torch.equal(skipped.theta, state.theta)
    assert skipped.memory["skipped"] == 1
    assert skipped.step == state.step + 1
    assert skipped.memory["scheduler"] == state.memory["scheduler"]
    (after,) = run(trainer, regression, skipped, steps=1)
    assert after.theta.isfinite().all()
    assert not torch.equal(after.theta, state.theta)
    assert after.memory["skipped"] == 1


def test_an_overflowing_step_is_skipped(quadratic):
    trainer = ZerothOrder(optimizer="SGD", learning_rate=1e38)
    start = torch.full((5,), 30.0)
    single = Quadratic(quadratic.g.float(), quadratic.H.float())
    (state,) = run(trainer, single, trainer.init(start, seed=0), steps=1)
    assert torch.equal(state.theta, start)
    assert state.memory["skipped"] == 1


@pytest.mark.parametrize("name", ["SGD", "Adam", "Adagrad"])
def test_no_autograd_graph_under_inference_mode(regression, name):
    trainer = ZerothOrder(optimizer=name, scheduler="ExponentialLR", scheduler_options={"gamma": 0.9})
    with torch.inference_mode():
        inside = run(trainer, regression, trainer.init(Regression.start(), seed=0), steps=3)
        assert all(s.theta.is_inference() and s.theta.grad_fn is None for s in inside)
    outside = run(trainer, regression, trainer.init(Regression.start(), seed=0), steps=3)
    assert not outside[-1].theta.requires_grad
    assert torch.equal(inside[-1].theta, outside[-1].theta)
    # A state made in inference mode is as good outside it.
    trainer.step(regression, inside[-1])


def test_no_graph_even_of_a_differentiable_objective(quadratic):
    quadratic.g.requires_grad_()
    trainer = ZerothOrder()
    (state,) = run(trainer, quadratic, trainer.init(torch.zeros(5, dtype=torch.float64), 0), steps=1)
    assert not state.theta.requires_grad


def test_old_tensors_are_freed_without_the_garbage_collector(regression):
    trainer = trainer_for("Adam", "StepLR")
    gc.collect()
    gc.disable()
    try:
        state = run(trainer, regression, trainer.init(torch.zeros(25, dtype=torch.float64), 0), steps=2)[-1]
        count = sum(type(o) is torch.Tensor for o in gc.get_objects())
        for _ in range(20):
            state = trainer.step(regression, state)
        assert sum(type(o) is torch.Tensor for o in gc.get_objects()) <= count + 2
    finally:
        gc.enable()


def test_overhead_of_a_step(quadratic):
    trainer = ZerothOrder()
    theta = torch.zeros(1000)
    memory: dict = {}
    times = []
    for _ in range(200):
        start = time.process_time()
        theta, memory = trainer._update.apply(theta, torch.ones(1000), memory)
        times.append(time.process_time() - start)
    # 0.2 to 0.3 ms on an idle core; the bound leaves room for a busy one.
    assert sorted(times)[len(times) // 2] < 2e-3


def test_settings_are_hashable_and_survive_json():
    trainer = trainer_for("Adam", "MultiStepLR")
    assert hash(trainer) == hash(trainer_for("Adam", "MultiStepLR"))
    settings = json.loads(json.dumps(dataclasses.asdict(trainer)))
    again = ZerothOrder(**{**settings, "gradient": RandomGradient(**settings["gradient"])})
    assert again == trainer


def test_as_trainer():
    trainer = HybridZO()
    assert as_trainer(trainer) is trainer
    assert as_trainer(CoordinateGradient()).gradient == CoordinateGradient()
    for wrong in (RandomGradient, "rge", None):
        with pytest.raises(SettingError, match="trainer must be"):
            as_trainer(wrong)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"optimizer": "Adamant"}, "optimizer must be a name in torch.optim"),
        ({"optimizer": "LBFGS"}, "torch refuses"),
        ({"optimizer": "SGD", "optimizer_options": {"betas": 1}}, "torch refuses"),
        ({"optimizer_options": {"betas": (2.0, 0.9)}}, "torch refuses"),
        ({"optimizer_options": 3}, "mapping"),
        ({"scheduler": "Cosine"}, "scheduler must be a name"),
        ({"scheduler": "StepLR"}, "torch refuses"),
        ({"scheduler_options": {"gamma": 0.9}}, "without a scheduler"),
        ({"sign": True, "optimizer_options": {"eps": 1e-8}}, "sign update"),
        ({"learning_rate": 0.0}, "learning_rate must be positive"),
        ({"learning_rate": "fast"}, "learning_rate must be a number"),
        ({"gradient": 3}, "gradient must be an estimator"),
    ],
)
def test_refuses_meaningless_settings(settings, message):
    with pytest.raises(SettingError, match=message):
        ZerothOrder(**settings)


def test_sign_descent_moves_every_parameter_by_its_learning_rate():
    """0.01 in each coordinate, against the sign of the derivative, and 0.9 of that from the hundredth step on."""
    objective = Quadratic(torch.zeros(3, dtype=torch.float64), torch.diag(torch.tensor([1.0, 4.0, 9.0]).double()))
    trainer = sign_descent(CoordinateGradient())
    state = trainer.init(torch.full((3,), 5.0, dtype=torch.float64), seed=0)
    moves = []
    for _ in range(101):
        new = trainer.step(objective, state)
        moves.append(new.theta - state.theta)
        state = new
    expected = torch.full((101, 3), -0.01, dtype=torch.float64)
    expected[100] *= 0.9
    torch.testing.assert_close(torch.stack(moves), expected, rtol=0, atol=1e-12)
