"""The hybrid: when it switches, what it carries over, and that it trains."""

from __future__ import annotations

import pytest
import torch
from training_beds import Regression, run, snapshot, stored

from pinnzo.errors import SettingError
from pinnzo.training import CoordinateGradient, HybridZO, RandomGradient, ZerothOrder


def stages(states):
    return [state.memory["stage"] for state in states]


def test_switch_at_a_step(regression):
    trainer = HybridZO(switch_step=3)
    states = run(trainer, regression, trainer.init(Regression.start(), seed=0), steps=5)
    assert stages(states) == [1, 1, 1, 2, 2]


def test_switch_at_a_plateau(regression):
    trainer = HybridZO(patience=3)
    (state,) = run(trainer, regression, trainer.init(Regression.start(), seed=0), steps=1)
    seen = []
    for loss in (5.0, 4.0, 4.5, 4.0, 3.0, 3.5, float("nan"), 3.0):
        state = stored(trainer.validated(state, loss))
        seen.append(state.memory["stage"])
    assert seen == [1, 1, 1, 1, 1, 1, 1, 2]
    states = run(trainer, regression, state, steps=1)
    assert stages(states) == [2]
    assert states[-1].memory["inner"]["optimizer"]


def test_a_fixed_step_is_not_brought_forward_by_a_plateau(regression):
    trainer = HybridZO(patience=1, switch_step=100)
    state = trainer.init(Regression.start(), seed=0)
    for _ in range(5):
        state = trainer.validated(state, 1.0)
    assert state.memory["stage"] == 1


def test_each_stage_is_its_own_trainer(regression):
    first = ZerothOrder(RandomGradient(samples=3), learning_rate=0.01, sign=True)
    second = ZerothOrder(CoordinateGradient(), "SGD", 0.1, {"momentum": 0.9})
    trainer = HybridZO(first, second, switch_step=4)
    hybrid = run(trainer, regression, trainer.init(Regression.start(), seed=0), steps=8)
    alone = run(first, regression, first.init(Regression.start(), seed=0), steps=4)
    assert [s.loss for s in hybrid[:4]] == [s.loss for s in alone]
    start = second.init(alone[-1].theta, seed=9)
    start = type(start)(start.theta, 4, start.generator, memory=start.memory)
    assert [s.loss for s in hybrid[4:]] == [s.loss for s in run(second, regression, start, steps=4)]


@pytest.mark.parametrize("stop", [2, 5])
def test_a_stored_state_goes_on_exactly(regression, stop):
    trainer = HybridZO(switch_step=4)
    straight = run(trainer, regression, trainer.init(Regression.start(), seed=5), steps=8)
    resumed = run(trainer, regression, stored(straight[stop - 1]), steps=8 - stop)
    assert [s.loss for s in straight[stop:]] == [s.loss for s in resumed]
    assert torch.equal(straight[-1].theta, resumed[-1].theta)


def test_a_step_leaves_the_old_state_alone(regression):
    trainer = HybridZO(switch_step=1, patience=1)
    state = run(trainer, regression, trainer.init(Regression.start(), seed=0), steps=1)[-1]
    before = snapshot(state)
    trainer.step(regression, state)
    trainer.validated(state, 1.0)
    assert snapshot(state) == before


def test_non_finite_losses_are_counted_over_both_stages(regression):
    trainer = HybridZO(switch_step=2)
    state = trainer.init(Regression.start(), seed=0)
    for _ in range(4):
        regression.poison = 1
        (state,) = run(trainer, regression, state, steps=1)
    assert state.memory["inner"]["skipped"] == 4
    assert torch.equal(state.theta, Regression.start())


def test_the_papers_settings():
    trainer = HybridZO.paper(steps_per_epoch=50, switch_step=500)
    assert trainer.first.gradient == RandomGradient(10, 0.1, "gaussian", antithetic=True)
    assert (trainer.first.sign, trainer.first.learning_rate) == (True, 5e-3)
    assert dict(trainer.first.scheduler_options) == {"step_size": 50, "gamma": 0.8}
    assert trainer.second.gradient == CoordinateGradient(step=0.1, share=0.5)
    assert (trainer.second.optimizer, trainer.second.learning_rate) == ("SGD", 1e-3)
    assert dict(trainer.second.optimizer_options) == {"momentum": 0.9}
    assert (trainer.switch_step, trainer.patience) == (500, 5)


def test_trains_a_network(regression):
    trainer = HybridZO(switch_step=600)
    with torch.inference_mode():
        states = run(trainer, regression, trainer.init(Regression.start(), seed=0), steps=1200)
    losses = torch.tensor([state.loss for state in states])
    assert losses[550:600].mean() < 0.05 * losses[:5].mean()
    assert losses[-50:].mean() < losses[550:600].mean()


@pytest.mark.parametrize(
    "settings", [{"patience": 0}, {"switch_step": 0}, {"first": RandomGradient()}, {"second": None}]
)
def test_refuses_meaningless_settings(settings):
    with pytest.raises(SettingError, match=next(iter(settings))):
        HybridZO(**settings)


def test_the_default_stages():
    first, second = HybridZO().first, HybridZO().second
    assert (first.gradient.samples, first.gradient.step, first.gradient.directions) == (10, 0.1, "rademacher")
    assert (first.sign, first.learning_rate) == (True, 0.01)
    assert dict(first.scheduler_options) == {"gamma": 0.9, "step_size": 100}
    assert (second.gradient.share, second.learning_rate, second.optimizer) == (0.5, 5e-4, "Adam")
    assert dict(second.scheduler_options) == {"gamma": 0.98}
