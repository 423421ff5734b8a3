"""The L-BFGS baseline equals torch's own, one iteration a step, and can be stored in between."""

from __future__ import annotations

import pytest
import torch
from running import quick
from training_beds import Quadratic, Regression, snapshot

import pinnzo as pz
from pinnzo.errors import SettingError
from pinnzo.storage import _pack, _unpack
from pinnzo.training import LBFGS, TrainerState


def run(trainer, objective, state, steps):
    """Steps with points drawn anew as often as the trainer asks for them."""
    for _ in range(steps):
        objective.draw(torch.Generator().manual_seed(state.step // trainer.hold))
        state = trainer.step(objective, state)
    return state


def start(trainer):
    return trainer.init(Regression.start(), seed=0)


def test_equals_torchs_optimiser_on_fixed_points(regression):
    trainer = LBFGS(hold=100, history=4)
    state = run(trainer, regression, start(trainer), 12)

    objective, theta = Regression(), Regression.start().requires_grad_()
    objective.draw(torch.Generator().manual_seed(0))
    scale = 1 / objective.losses(theta.detach()[None])[0].item()
    optimizer = torch.optim.LBFGS([theta], 1.0, 12, 10_000, 0.0, 0.0, history_size=4, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = scale * objective.losses(theta[None])[0]
        loss.backward()
        return loss

    optimizer.step(closure)
    torch.testing.assert_close(state.theta, theta.detach(), rtol=1e-9, atol=1e-9)
    assert len(state.memory["old_dirs"]) == 4
    assert state.memory["skipped"] == 0
    # What a step has found is not evaluated again by the next one.
    assert regression.evaluations == objective.evaluations - objective.points


def test_a_quadratic_is_solved(quadratic):
    trainer = LBFGS()
    state = trainer.init(torch.zeros(5, dtype=torch.float64), seed=0)
    quadratic.constant = 0.5 * float(torch.full((5,), 0.5, dtype=torch.float64) @ -quadratic.g)
    for _ in range(25):
        state = trainer.step(quadratic, state)
    torch.testing.assert_close(state.theta, torch.full((5,), 0.5, dtype=torch.float64), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("factor", [1e-12, 1e12])
def test_the_scale_of_the_loss_does_not_matter(quadratic, factor):
    ends = []
    for f in (1.0, factor):
        # The constant makes the loss vanish at its minimum.
        objective = Quadratic(f * quadratic.g, f * quadratic.H, f * -0.25 * float(quadratic.g.sum()))
        trainer = LBFGS()
        state = trainer.init(torch.zeros(5, dtype=torch.float64), seed=0)
        for _ in range(4):
            state = trainer.step(objective, state)
        ends.append(state.theta)
    torch.testing.assert_close(ends[0], ends[1], rtol=1e-6, atol=1e-6)


def test_new_points_drop_the_memory(regression):
    trainer = LBFGS(hold=3)
    state = run(trainer, regression, start(trainer), 3)
    assert state.memory["n_iter"] == 3
    after = run(trainer, regression, state, 1)
    fresh = TrainerState(state.theta, 0, state.generator, memory={"skipped": 0})
    regression.draw(torch.Generator().manual_seed(1))
    assert torch.equal(after.theta, trainer.step(regression, fresh).theta)
    assert after.memory["n_iter"] == 1


def test_a_stored_state_goes_on_exactly_and_is_left_as_it_was(regression):
    trainer = LBFGS(hold=50)
    middle = run(trainer, regression, start(trainer), 5)
    before = snapshot(middle)
    straight = run(trainer, regression, middle, 5)
    assert snapshot(middle) == before
    tensors = {}
    packed = _pack(middle.memory, "memory", tensors)
    copies = {name: t.clone() for name, t in tensors.items()}
    again = TrainerState(middle.theta.clone(), middle.step, middle.generator, middle.loss, _unpack(packed, copies))
    resumed = run(trainer, regression, again, 5)
    assert torch.equal(straight.theta, resumed.theta)
    assert straight.loss == resumed.loss


def test_a_non_finite_loss_is_skipped(regression):
    trainer = LBFGS()
    state = run(trainer, regression, start(trainer), 2)
    regression.losses = lambda theta: theta.sum(1) * float("nan")
    fresh = TrainerState(state.theta, 0, state.generator, memory=state.memory)
    new = trainer.step(regression, fresh)
    assert torch.equal(new.theta, state.theta)
    assert new.memory == {"skipped": 1}
    assert new.step == 1


def test_solves_a_problem_and_is_saved(tmp_path):
    solution = quick(trainer=LBFGS(hold=7), checkpoint=tmp_path)
    assert solution.steps == 4
    more = pz.resume(tmp_path, budget=pz.Budget(steps=6), progress=False)
    assert more.steps == 6
    assert more.settings.trainer == LBFGS(hold=7)


@pytest.mark.parametrize("settings", [{"hold": 0}, {"history": 0}, {"learning_rate": 0.0}, {"line_search": 0.5}])
def test_settings_without_meaning_are_refused(settings):
    with pytest.raises(SettingError, match=f"LBFGS: {next(iter(settings))}"):
        LBFGS(**settings)
