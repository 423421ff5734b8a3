import math

import pytest
import torch

from pinnzo.errors import SettingError
from pinnzo.training import LevenbergMarquardt, Objective
from pinnzo.training.levenberg_marquardt import damped_steps


class Residuals(Objective):
    """A residual vector given as a function of batches of parameter vectors."""

    def __init__(self, function, count):
        self.function, self.parameter_count, self.evaluations = function, count, 0

    def residuals(self, theta):
        self.evaluations += len(theta)
        return self.function(theta)

    def losses(self, theta):
        return self.residuals(theta).square().sum(1)

    def draw(self, generator, scale=1.0):
        pass


def curve(points, count):
    """A fit of exponentials, non-linear in half of the parameters, with a known solution."""
    t = torch.linspace(0, 1, points, dtype=torch.float64)
    truth = torch.linspace(0.5, 1.5, count, dtype=torch.float64)

    def values(theta):
        amplitudes, rates = theta[:, ::2, None], theta[:, 1::2, None]
        return (amplitudes * torch.exp(-rates * 3 * t)).sum(1)

    return Residuals(lambda theta: values(theta) - values(truth[None]), count), truth


def run(trainer, objective, theta, steps):
    state = trainer.init(theta, 0)
    for _ in range(steps):
        state = trainer.step(objective, state)
    return state


@pytest.mark.parametrize("shape", [(5, 9), (9, 5), (6, 6)])
def test_damped_steps_solve_the_normal_equations(shape):
    generator = torch.Generator().manual_seed(1)
    J = torch.randn(shape, generator=generator, dtype=torch.float64)
    r = torch.randn(shape[0], generator=generator, dtype=torch.float64)
    dampings = [1e-6, 1e-2, 3.0]
    for damping, step in zip(dampings, damped_steps(J, r, dampings), strict=True):
        wanted = -torch.linalg.solve(J.T @ J + damping * torch.eye(shape[1], dtype=torch.float64), J.T @ r)
        torch.testing.assert_close(step, wanted, rtol=1e-6, atol=1e-9)


def test_singular_jacobian_gives_a_finite_step():
    J = torch.zeros(4, 3, dtype=torch.float64)
    J[:, 0] = 1.0
    step = damped_steps(J, torch.ones(4, dtype=torch.float64), [1e-14])
    torch.testing.assert_close(step, torch.tensor([[-1.0, 0.0, 0.0]], dtype=torch.float64))


@pytest.mark.parametrize(("central", "order"), [(False, 1), (True, 2)])
def test_order_of_the_jacobian(central, order):
    objective, truth = curve(20, 4)
    theta = truth * 1.1
    exact = torch.func.jacrev(lambda th: objective.function(th[None])[0])(theta)
    errors = []
    for step in (1e-2, 5e-3):
        trainer = LevenbergMarquardt(step_size=step, central=central, max_batch=3)
        jacobian = trainer.jacobian(objective, theta, objective.function(theta[None])[0])
        errors.append(float((jacobian - exact).norm()))
    assert math.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.1)


@pytest.mark.parametrize("momentum", [0.0, 0.5])
def test_converges_to_rounding_where_the_residual_can_vanish(momentum):
    objective, truth = curve(30, 4)
    state = run(LevenbergMarquardt(momentum=momentum), objective, truth * 1.3, 60)
    assert float(objective.losses(state.theta[None])[0]) < 1e-20


def test_linear_least_squares_is_solved_in_one_step_without_damping():
    generator = torch.Generator().manual_seed(0)
    A = torch.randn(12, 5, generator=generator, dtype=torch.float64)
    b = torch.randn(12, generator=generator, dtype=torch.float64)
    objective = Residuals(lambda theta: theta @ A.T - b, 5)
    state = run(LevenbergMarquardt(damping=1e-10, step_size=1.0), objective, torch.zeros(5, dtype=torch.float64), 1)
    torch.testing.assert_close(state.theta, torch.linalg.lstsq(A, b[:, None]).solution[:, 0])


def test_damping_falls_where_the_model_predicts_the_decrease():
    # A linear residual gains what is predicted, with damping or without, so the smallest trial is lowered by a third.
    objective = Residuals(lambda theta: theta - torch.ones(3, dtype=torch.float64), 3)
    state = run(LevenbergMarquardt(damping=50.0), objective, torch.zeros(3, dtype=torch.float64), 1)
    assert state.memory["damping"] == pytest.approx(50.0 * 0.01 / 3)


def test_a_step_costs_d_plus_five_queries():
    objective, truth = curve(10, 4)
    run(LevenbergMarquardt(), objective, truth * 1.2, 1)
    assert objective.evaluations == 4 + 5


def test_rejected_step_keeps_the_parameters_and_drops_the_momentum():
    # Every move makes it worse: the minimum is where we stand.
    objective = Residuals(lambda theta: torch.cat([1 + theta.abs(), 1 + theta.square()], dim=1), 2)
    trainer = LevenbergMarquardt()
    state = trainer.init(torch.zeros(2, dtype=torch.float64), 0)
    state.memory["velocity"] = torch.ones(2, dtype=torch.float64)
    new = trainer.step(objective, state)
    assert torch.equal(new.theta, state.theta)
    assert new.memory["rejected"] == 1
    assert not new.memory["velocity"].any()
    assert new.memory["damping"] > state.memory["damping"]


@pytest.mark.parametrize("where", ["residual", "jacobian", "trial"])
def test_not_a_number_never_reaches_the_parameters(where):
    def function(theta):
        values = theta - 1.0
        bad = {
            "residual": theta.abs() >= 0,
            "jacobian": (theta != 0) & (theta < 1e-3),
            "trial": theta.norm(dim=1, keepdim=True) > 1e-4,
        }
        return torch.where(bad[where], math.nan, values)

    objective = Residuals(function, 3)
    # After a few rejections the damping shortens the trial steps into the region that is finite, and rightly so.
    state = run(LevenbergMarquardt(damping=1e-3), objective, torch.zeros(3, dtype=torch.float64), 2)
    assert torch.equal(state.theta, torch.zeros(3, dtype=torch.float64))
    assert state.memory["rejected"] == 2


def test_state_is_left_as_it_was():
    objective, truth = curve(10, 4)
    trainer = LevenbergMarquardt()
    state = trainer.init(truth * 1.2, 0)
    before = state.theta.clone()
    trainer.step(objective, state)
    assert torch.equal(state.theta, before)
    assert state.step == 0
    assert not state.memory["velocity"].any()


def test_float32_reaches_its_floor():
    t = torch.linspace(0, 1, 30)
    objective = Residuals(lambda theta: theta[:, :1] * torch.exp(-theta[:, 1:] * t) - 2 * torch.exp(-1.5 * t), 2)
    state = run(LevenbergMarquardt(), objective, torch.tensor([1.0, 1.0]), 40)
    torch.testing.assert_close(state.theta, torch.tensor([2.0, 1.5]), rtol=1e-5, atol=0)


@pytest.mark.parametrize(
    "settings",
    [{"damping": 0.0}, {"momentum": 1.0}, {"momentum": -0.1}, {"step_size": 0.0}, {"max_batch": 0}],
)
def test_settings_without_meaning_are_refused(settings):
    with pytest.raises(SettingError, match=next(iter(settings))):
        LevenbergMarquardt(**settings)


class Split(Residuals):
    """The same with the parameters in two blocks."""

    @property
    def blocks(self):
        return (slice(0, 2), slice(2, self.parameter_count))


def test_blocks_take_turns_and_leave_the_others_alone():
    objective, truth = curve(20, 4)
    objective = Split(objective.function, 4)
    trainer = LevenbergMarquardt(blockwise=True)
    first = run(trainer, objective, truth * 1.2, 1)
    assert not torch.equal(first.theta[:2], 1.2 * truth[:2])
    assert torch.equal(first.theta[2:], 1.2 * truth[2:])
    assert objective.evaluations == 2 + 5
    second = trainer.step(objective, first)
    assert torch.equal(second.theta[:2], first.theta[:2])
    assert not torch.equal(second.theta[2:], first.theta[2:])
    # Taking turns, it converges linearly: the blocks are strongly coupled.
    start, end = (
        float(objective.losses(th[None])[0]) for th in (truth * 1.1, run(trainer, objective, truth * 1.1, 200).theta)
    )
    assert end < 1e-3 * start


def test_random_directions_cost_k_queries_and_converge():
    generator = torch.Generator().manual_seed(0)
    A = torch.randn(40, 30, generator=generator, dtype=torch.float64)
    objective = Residuals(lambda theta: theta @ A.T - A.sum(1), 30)
    trainer = LevenbergMarquardt(directions=6, momentum=0.0, step_size=1e-3)
    state = run(trainer, objective, torch.zeros(30, dtype=torch.float64), 1)
    assert objective.evaluations == 6 + 5
    state = trainer.step(objective, state)
    assert objective.evaluations == 6 + 5 + 7 + 5  # the previous step is one more direction
    for _ in range(60):
        state = trainer.step(objective, state)
    start = float(objective.losses(torch.zeros(1, 30, dtype=torch.float64))[0])
    assert float(objective.losses(state.theta[None])[0]) < 1e-3 * start


def test_directions_are_the_same_for_the_same_seed_and_others_for_another():
    objective, truth = curve(20, 4)
    trainer = LevenbergMarquardt(directions=2)

    def theta(seed):
        return trainer.step(objective, trainer.init(truth * 1.2, seed)).theta

    assert torch.equal(theta(0), theta(0))
    assert not torch.equal(theta(0), theta(1))


@pytest.mark.parametrize(("scale", "factor"), [(1.0, 1 / 3), (-0.9, None)])
def test_gain_ratio_steers_the_damping(scale, factor):
    # A linear residual is predicted exactly, so that its gain ratio is 1; one that bends back gains next to nothing.
    objective = Residuals(lambda theta: 1 + theta if scale > 0 else 1 + theta + 40 * theta.square(), 2)
    trainer = LevenbergMarquardt(damping=1e-6, momentum=0.0, trials=(1.0,))
    state = run(trainer, objective, torch.zeros(2, dtype=torch.float64), 1)
    if factor is not None:
        assert state.memory["damping"] == pytest.approx(1e-6 * factor)
    else:
        assert state.memory["damping"] > 1e-6


def test_growing_batches():
    trainer = LevenbergMarquardt(growth=1.1, largest_batch=2.0)
    assert [trainer.batch_scale(step) for step in (0, 1, 100, 10**7)] == [1.0, pytest.approx(1.1), 2.0, 2.0]
    assert LevenbergMarquardt().batch_scale(50) == 1.0


@pytest.mark.parametrize(
    "settings",
    [{"growth": 0.9}, {"largest_batch": 0.5}, {"hold": 0}, {"directions": 0}, {"trials": ()}, {"trials": (-1.0,)},
     {"directions": 3, "blockwise": True}],
)  # fmt: skip
def test_modes_without_meaning_are_refused(settings):
    with pytest.raises(SettingError, match=next(iter(settings))):
        LevenbergMarquardt(**settings)


class Drawn(Objective):
    """Rows of a linear least-squares problem with noise, fewer in a batch than there are parameters."""

    def __init__(self):
        self.parameter_count, self.evaluations, self.draws = 30, 0, 0
        self.truth = torch.linspace(-1, 1, 30, dtype=torch.float64)

    def draw(self, generator, scale=1.0):
        self.draws += 1
        self.A = torch.randn(20, 30, generator=generator, dtype=torch.float64) / 20**0.5
        self.noise = 0.3 * torch.randn(20, generator=generator, dtype=torch.float64) / 20**0.5

    def residuals(self, theta):
        return (theta - self.truth) @ self.A.T + self.noise

    def losses(self, theta):
        return self.residuals(theta).square().sum(1)


def test_fresh_points_tell_a_damping_that_overfits():
    errors = []
    for fresh in (False, True):
        objective, trainer, generator = Drawn(), LevenbergMarquardt(fresh=fresh), torch.Generator().manual_seed(0)
        state = trainer.init(torch.zeros(30, dtype=torch.float64), 0)
        for _ in range(60):
            objective.draw(generator)
            state = trainer.step(objective, state)
        errors.append(float((state.theta - objective.truth).norm() / objective.truth.norm()))
        assert objective.draws == 60 * (1 + fresh)
    assert errors[1] < errors[0] / 2


def test_fresh_points_replace_held_ones():
    with pytest.raises(SettingError, match="exclude each other"):
        LevenbergMarquardt(fresh=True, hold=2)


def test_a_step_that_does_not_help_on_fresh_points_is_rejected():
    objective = Residuals(lambda theta: torch.cat([1 + theta.abs(), 1 + theta.square()], dim=1), 2)
    trainer = LevenbergMarquardt(fresh=True)
    state = trainer.init(torch.zeros(2, dtype=torch.float64), 0)
    new = trainer.step(objective, state)
    assert torch.equal(new.theta, state.theta)
    assert new.memory["damping"] == pytest.approx(10 * state.memory["damping"])
