"""The training loop, with trainers and objectives that do exactly what they are told."""

import math
from dataclasses import dataclass, replace

import pytest
import torch

from pinnzo.training import Budget, Objective, Trainer, TrainerState
from pinnzo.training.fit import Hooks, fit, start


class Script(Objective):
    """Its loss is |θ|; one query costs what it is told."""

    parameter_count = 1

    def __init__(self, cost=1):
        self.evaluations, self.evaluations_per_query, self.draws = 0, cost, []

    def losses(self, theta):
        self.evaluations += len(theta) * self.evaluations_per_query
        return theta[:, 0].abs()

    def draw(self, generator, scale=1.0):
        self.draws.append(int(torch.randint(1 << 30, (), generator=generator)))


@dataclass(frozen=True)
class Play(Trainer):
    """Goes through given parameters, one a step, the last one again and again."""

    values: tuple = ()
    interrupt_at: int | None = None

    def init(self, theta, seed):
        return TrainerState(theta, 0, torch.Generator().manual_seed(seed).get_state(), memory={"seen": []})

    def step(self, objective, state):
        if state.step == self.interrupt_at:
            raise KeyboardInterrupt
        theta = torch.tensor([self.values[min(state.step, len(self.values) - 1)]], dtype=torch.float64)
        loss = float(objective.losses(theta[None])[0])
        return replace(state, theta=theta, step=state.step + 1, loss=loss)

    def validated(self, state, loss):
        return replace(state, memory={"seen": [*state.memory["seen"], loss]})


def play(values, initial=10.0, budget=None, state=None, hooks=None, validation_cost=1, **settings):
    trainer = Play(tuple(values), **settings)
    if state is None:
        theta = torch.tensor([initial], dtype=torch.float64)
        state = start(trainer, theta, 0, torch.Generator().manual_seed(5))
    objective, validation = Script(), Script(validation_cost)
    budget = budget or Budget(steps=len(values))
    return fit(trainer, objective, validation, state, budget, hooks), objective, validation


def test_the_lowest_validation_loss_wins():
    # At a cost of 0.02 queries a step every step is validated.
    outcome, *_ = play([5.0, 2.0, 3.0, 4.0], validation_cost=0)
    assert float(outcome.result.best_theta) == 2.0
    assert outcome.result.best_loss == 2.0
    assert float(outcome.result.trainer.theta) == 4.0
    assert outcome.result.history.column("validation").tolist() == [5, 2, 3, 4]
    assert outcome.status == "The budget of 4 steps was used up; give more steps to go on."


def test_the_initial_parameters_take_part():
    outcome, *_ = play([11.0, 12.0], validation_cost=0)
    assert float(outcome.result.best_theta) == 10.0
    assert "below that of the initial parameters, which are kept" in outcome.status


def test_the_last_parameters_take_part_without_changing_the_run():
    outcome, *_ = play([5.0, 4.0, 3.0], validation_cost=100)
    assert float(outcome.last.best_theta) == 5.0
    assert float(outcome.result.best_theta) == 3.0
    assert math.isnan(outcome.last.history[-1].validation)
    assert outcome.result.history[-1].validation == 3.0
    assert outcome.result.evaluations == outcome.last.evaluations + 100
    assert outcome.last.trainer.memory == {"seen": [5.0]}


def test_validation_takes_a_small_share():
    outcome, *_ = play([5.0] * 20_000, validation_cost=10)
    assert outcome.result.evaluations - 20_000 <= 0.025 * 20_000


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_values_that_are_not_finite_never_win(bad):
    outcome, *_ = play([bad, 7.0, bad], validation_cost=0)
    assert float(outcome.result.best_theta) == 7.0
    assert outcome.result.best_loss == 7.0


def test_nothing_finite_at_all():
    outcome, *_ = play([math.nan] * 3, initial=math.nan, validation_cost=0)
    assert outcome.result.best_loss == math.inf
    assert "The loss was never finite, so the initial parameters are kept" in outcome.status


def test_a_finite_start_before_nothing_finite():
    outcome, *_ = play([math.nan] * 3, validation_cost=0)
    assert float(outcome.result.best_theta) == 10.0
    assert "initial parameters, which are kept" in outcome.status


def test_no_step_at_all():
    outcome, objective, _ = play([1.0], budget=Budget(seconds=1e-12))
    assert objective.draws == []
    assert outcome.result.best_loss == 10.0
    assert outcome.last.best_loss == math.inf
    assert len(outcome.result.history) == 0


def test_evaluations_of_training_and_validation_are_limited_together():
    outcome, *_ = play([5.0] * 100, budget=Budget(evaluations=10), validation_cost=2)
    assert outcome.last.trainer.step == 6  # 4 for the first validation, of two parameter vectors
    assert outcome.last.evaluations == 10


def test_an_interrupt_is_a_reason_to_stop():
    outcome, *_ = play([5.0, 4.0, 3.0], interrupt_at=2)
    assert outcome.status.startswith("The run was interrupted after 2 steps")
    assert outcome.result.best_loss == 4.0
    early, *_ = play([5.0], interrupt_at=0)
    assert early.status.startswith("The run was interrupted after 0 steps")
    assert early.result.best_loss == 10.0


def test_other_exceptions_are_not_swallowed():
    def fail(state):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        play([5.0], hooks=Hooks(on_step=fail))


@pytest.mark.parametrize("cost", [0, 1, 3, 100])
@pytest.mark.parametrize("first", [1, 2, 5])
def test_points_and_records_go_on_where_they_stopped(cost, first):
    values = [9.0, 8.0, 7.0, 8.0, 6.0, 7.0, 5.0, 4.0]
    whole, objective, _ = play(values, validation_cost=cost)
    half, before, _ = play(values, budget=Budget(steps=first), validation_cost=cost)
    rest, after, _ = play(values, state=half.last, validation_cost=cost)
    assert before.draws + after.draws == objective.draws
    assert len(set(objective.draws)) == 8
    assert rest.result.history.same_run(whole.result.history)
    assert rest.last.trainer.memory == whole.last.trainer.memory
    assert rest.result.best_loss == whole.result.best_loss
    assert rest.last.evaluations == whole.last.evaluations
    assert rest.last.seconds > half.last.seconds


def test_a_target_is_met_by_what_is_returned():
    seen = []

    def error(theta):
        seen.append(float(theta))
        return 1.0 / float(theta)  # the opposite order of the loss

    outcome, *_ = play(
        [5.0, 100.0, 4.0], budget=Budget(steps=3, target_error=0.05), validation_cost=0, hooks=Hooks(error=error)
    )
    # 100 has an error of 0.01, but it is not what the run would return.
    assert outcome.last.trainer.step == 3
    assert "not reached: the error is 0.25" in outcome.status
    assert outcome.result.history.column("error").tolist() == [0.2, 0.01, 0.25]


def test_a_target_stops_the_run():
    hooks = Hooks(error=lambda theta: float(theta) / 100)
    outcome, *_ = play([5.0, 4.0, 3.0, 2.0], budget=Budget(steps=4, target_error=0.035), validation_cost=0, hooks=hooks)
    assert outcome.last.trainer.step == 3
    assert outcome.status.startswith("The target error of 0.035 was reached: the error is 0.03 after 3 steps")


def test_the_error_is_measured_only_for_the_record_without_a_target():
    asked = []
    hooks = Hooks(error=lambda theta: asked.append(float(theta)) or 1.0)
    play([5.0, 4.0], validation_cost=0, hooks=hooks)
    assert asked == [5.0, 4.0]


def test_hooks_see_every_step():
    states = []
    outcome, *_ = play([5.0, 4.0, 3.0], hooks=Hooks(on_step=states.append))
    assert [s.trainer.step for s in states] == [1, 2, 3]
    assert states[-1] is outcome.last
