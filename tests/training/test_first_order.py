"""The back-propagation baseline equals the loop that everybody writes."""

from __future__ import annotations

import pytest
import torch
from training_beds import Regression, run, stored

from pinnzo.errors import SettingError
from pinnzo.training import FirstOrder, ZerothOrder


def test_equals_an_adam_loop_by_hand(regression):
    trainer = FirstOrder(learning_rate=0.02, scheduler="ExponentialLR", scheduler_options={"gamma": 0.9})
    states = run(trainer, regression, trainer.init(Regression.start(), seed=0), steps=10)

    objective, theta = Regression(), Regression.start().requires_grad_()
    optimizer = torch.optim.Adam([theta], lr=0.02)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.9)
    for step in range(10):
        objective.draw(torch.Generator().manual_seed(step))
        optimizer.zero_grad()
        loss = objective.losses(theta[None])[0]
        loss.backward()
        optimizer.step()
        scheduler.step()
        assert states[step].loss == pytest.approx(loss.item(), rel=1e-12)
        torch.testing.assert_close(states[step].theta, theta.detach(), rtol=1e-12, atol=1e-12)
    assert not states[-1].theta.requires_grad


def test_says_that_it_propagates_back():
    assert FirstOrder().uses_backpropagation
    assert not ZerothOrder().uses_backpropagation


def test_a_stored_state_goes_on_exactly(regression):
    trainer = FirstOrder("RMSprop", 0.01)
    straight = run(trainer, regression, trainer.init(Regression.start(), seed=0), steps=6)
    resumed = run(trainer, regression, stored(straight[2]), steps=3)
    assert torch.equal(straight[-1].theta, resumed[-1].theta)


def test_a_non_finite_loss_is_skipped(regression):
    trainer = FirstOrder()
    state = trainer.init(Regression.start(), seed=0)
    regression.poison = 1
    (new,) = run(trainer, regression, state, steps=1)
    assert torch.equal(new.theta, state.theta)
    assert new.memory["skipped"] == 1


def test_refuses_what_needs_more_than_a_gradient():
    with pytest.raises(SettingError, match="FirstOrder: torch refuses"):
        FirstOrder("LBFGS")
