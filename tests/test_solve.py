"""``solve``: seeds, defaults, stopping, and what it refuses."""

import math
import time

import numpy as np
import pytest
import sympy as sp
import torch
from running import disc, never_finite, quick

import pinnzo as pz
from pinnzo.progress import ProgressDisplay
from pinnzo.training import fit as fitting


def test_one_seed_fixes_the_run(solution):
    again, other = quick(), quick(seed=1)
    assert again.history.same_run(solution.history)
    assert torch.equal(again.theta, solution.theta)
    assert not torch.equal(other.theta, solution.theta)
    assert not other.history.same_run(solution.history)


@pytest.mark.parametrize("trainer", [pz.HybridZO(), pz.CoordinateGradient(), pz.LevenbergMarquardt()])
def test_the_number_of_workers_changes_nothing(monkeypatch, trainer):
    runs = []
    for workers in (1, 2):
        monkeypatch.setattr("pinnzo.assembly.default_workers", lambda workers=workers: workers)
        runs.append(quick(trainer=trainer))
    assert runs[0].history.same_run(runs[1].history)
    assert torch.equal(runs[0].theta, runs[1].theta)


def test_torchs_own_generator_plays_no_part(solution):
    torch.manual_seed(123)
    before = torch.random.get_rng_state()
    assert quick().history.same_run(solution.history)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_name_is_as_good_as_a_declaration(solution):
    assert torch.equal(quick(pz.problem("poisson-2d")).theta, solution.theta)


def test_numpy_numbers_and_torch_dtypes_are_settings_too(solution):
    same = quick(points=np.int64(20), seed=np.int32(0), dtype=torch.float64, device=torch.device("cpu"))
    assert torch.equal(same.theta, solution.theta)


def test_single_precision_throughout():
    solution = quick(dtype="float32")
    assert solution.theta.dtype == torch.float32
    assert solution(np.full((2, 2), 0.5)).dtype == np.float32
    assert solution.residual(np.full((2, 2), 0.5)).dtype == np.float32
    assert math.isfinite(solution.error().relative_l2)


@pytest.mark.parametrize(
    ("budget", "status"),
    [
        (pz.Budget(steps=3), "The budget of 3 steps was used up; give more steps to go on."),
        (pz.Budget(seconds=0.05), "The time budget of 0.05 s was used up; give more seconds to go on."),
        (pz.Budget(evaluations=6000), "The budget of 6000 network evaluations was used up; give more evaluations to go on."),
    ],
    ids=["steps", "seconds", "evaluations"],
)  # fmt: skip
def test_the_status_names_the_budget(budget, status):
    solution = quick(budget=budget, trainer=pz.LevenbergMarquardt())
    assert solution.status == status
    assert solution.steps >= 1
    assert solution.history[-1].step == solution.steps == len(solution.history)


def test_the_error_that_the_status_claims_is_that_of_the_solution():
    solution = quick(points=200, trainer=pz.LevenbergMarquardt(), budget=pz.Budget(steps=60, target_error=0.1))
    reached = solution.error().relative_l2
    assert reached <= 0.1
    assert f"The target error of 0.1 was reached: the error is {reached:.3g}" in solution.status
    assert solution.steps < 60


def test_a_target_that_was_missed_is_reported():
    status = quick(budget=pz.Budget(steps=2, target_error=1e-9)).status
    assert "2 steps was used up" in status
    assert "target error of 1e-09 was not reached: the error is" in status


def test_the_best_parameters_are_kept(solution):
    measured = solution.history.column("validation")
    assert solution.loss == np.nanmin(measured)
    harmful = quick(trainer=pz.ZerothOrder(learning_rate=1e6))
    untrained = quick(budget=pz.Budget(seconds=1e-9))
    assert untrained.steps == 0
    assert harmful.loss == untrained.loss  # of the initial parameters
    assert torch.equal(harmful.theta, untrained.theta)
    assert "initial parameters, which are kept" in harmful.status


@pytest.mark.parametrize(
    "trainer",
    [pz.HybridZO(), pz.CoordinateGradient(), pz.LevenbergMarquardt(), pz.FirstOrder()],
    ids=lambda t: type(t).__name__,
)
def test_a_loss_that_is_never_finite_is_no_success(trainer):
    solution = quick(never_finite(), trainer=trainer)
    assert "never finite, so the initial parameters are kept" in solution.status
    assert not math.isfinite(solution.loss)
    assert solution.summary()["loss"] is None
    assert torch.equal(solution.theta, quick(never_finite(), budget=pz.Budget(seconds=1e-9)).theta)
    assert solution.theta.isfinite().all()


@pytest.mark.parametrize(
    "estimator", [pz.SmolyakStein(level=2, sigma=0.01, growth="odd"), pz.FiniteDifference(), pz.Autodiff()]
)
def test_every_estimator_serves(estimator, solution):
    assert quick(derivatives=estimator).loss == pytest.approx(solution.loss, rel=0.05)


def test_modules_and_black_boxes_are_trained_as_they_are():
    torch.manual_seed(0)
    module = torch.nn.Sequential(torch.nn.Linear(2, 6), torch.nn.Tanh(), torch.nn.Linear(6, 1))
    before = [p.detach().clone() for p in module.parameters()]
    solution = quick(network=module, trainer=pz.LevenbergMarquardt())
    assert solution.loss < 0.5 * quick(network=module, budget=pz.Budget(seconds=1e-9)).loss
    assert all(torch.equal(a, b) for a, b in zip(before, module.parameters(), strict=True))

    box = pz.BlackBox(lambda theta, x: np.sin(x @ theta[:2]) * theta[2], theta=np.ones(3), numpy=True)
    assert quick(network=box, trainer=pz.LevenbergMarquardt()).parameter_count == 3


@pytest.mark.parametrize("kind", ["module", "black box"])
def test_modules_and_black_boxes_are_never_asked_by_two_threads_at_once(monkeypatch, kind):
    # A module's parameters are put into it for a call; a black box may be a device.
    inside = []

    def values(x, weights):
        inside.append(1)
        assert len(inside) == 1
        time.sleep(1e-4)
        inside.pop()
        return torch.sin(x @ weights)

    class Module(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weights = torch.nn.Parameter(torch.ones(2, dtype=torch.float64))

        def forward(self, x):
            return values(x, self.weights)

    network = Module() if kind == "module" else pz.BlackBox(lambda theta, x: values(x, theta), theta=[1.0, 1.0])
    runs = []
    for workers in (1, 4):
        monkeypatch.setattr("pinnzo.assembly.default_workers", lambda workers=workers: workers)
        runs.append(quick(network=network, trainer=pz.RandomGradient(samples=16)))
    assert runs[0].history.same_run(runs[1].history)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"points": 0}, "points is 0"),
        ({"points": 2.5}, "points is 2.5"),
        ({"points": True}, "points is True"),
        ({"seed": -1}, "seed is -1"),
        ({"seed": "a"}, "seed is 'a'"),
        ({"dtype": "int8"}, "dtype is 'int8': choose float32 or float64"),
        ({"device": "abacus"}, "device 'abacus' cannot be used"),
        ({"device": "meta"}, "device 'meta' cannot be used"),
        ({"budget": 3}, "budget is 3: pass a Budget"),
        ({"budget": pz.Budget(steps=1, target_error=0.1)}, "no exact solution to measure it by"),
        ({"trainer": pz.HybridZO}, r"did you mean HybridZO\(\)\?"),
        ({"trainer": "hybrid"}, "trainer must be a trainer"),
        ({"network": pz.MLP}, "is not a network"),
        ({"network": pz.MLP(width=8, outputs=2)}, "2 outputs: a problem with one unknown needs 1"),
        ({"network": torch.nn.Linear(3, 1)}, r"points of shape \(2, 2\)"),
        ({"network": pz.networks.paper_hjb()}, "inputs=21, but the problem has 2 variables"),
        ({"derivatives": "smolyak"}, "derivatives is 'smolyak': pass an estimator"),
        ({"derivatives": pz.SmolyakStein(level=1)}, "level"),
        ({"estimate": "both"}, "estimate is 'both'"),
        ({"weights": {"edge": 1.0}}, "weights names 'edge'"),
        ({"weights": [1.0]}, "weights is"),
    ],
    ids=lambda value: str(value)[:40],
)  # fmt: skip
def test_settings_that_do_not_fit_are_refused(settings, named, tmp_path):
    checkpoint = tmp_path / "new" / "run"
    with pytest.raises(pz.PinnzoError, match=named):
        quick(disc(), checkpoint=checkpoint, **settings)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("weight", [0, -1.0, math.nan, math.inf, "10", True])
def test_a_weight_is_a_positive_number(weight):
    with pytest.raises(pz.PinnzoError, match="weight of 'boundary' is"):
        quick("poisson", weights={"boundary": weight})


def test_an_equation_is_no_problem():
    with pytest.raises(pz.PinnzoError, match="pass a Problem"):
        pz.solve(sp.Symbol("x"))


class Interrupting(pz.HybridZO):
    def step(self, objective, state):
        if state.step == 3:
            raise KeyboardInterrupt
        return super().step(objective, state)


def test_an_interrupt_keeps_the_best_and_the_checkpoint(tmp_path):
    stopped = quick(trainer=Interrupting(), budget=pz.Budget(steps=10), checkpoint=tmp_path)
    assert stopped.steps == len(stopped.history) == 3
    assert stopped.status.startswith("The run was interrupted after 3 steps; the best parameters so far are kept.")
    assert stopped.loss == np.nanmin(stopped.history.column("validation"))
    resumed = pz.resume(tmp_path, trainer=pz.HybridZO(), budget=pz.Budget(steps=6), progress=False)
    assert resumed.history.same_run(quick(trainer=pz.HybridZO(), budget=pz.Budget(steps=6)).history)


@pytest.mark.parametrize("place", ["in the display", "after the record of a step"])
def test_an_interrupt_between_steps_leaves_a_state_that_agrees_with_itself(monkeypatch, tmp_path, place):
    calls = []

    def interrupting(original):
        def interrupted(*arguments):
            result = original(*arguments)
            calls.append(1)
            if len(calls) == 2:
                raise KeyboardInterrupt
            return result

        return interrupted

    if place == "in the display":
        monkeypatch.setattr(ProgressDisplay, "update", interrupting(ProgressDisplay.update))
    else:
        monkeypatch.setattr(fitting, "_advance", interrupting(fitting._advance))
    stopped = quick(checkpoint=tmp_path)
    assert len(calls) == 2
    assert len(stopped.history) == stopped.steps
    monkeypatch.undo()
    assert pz.resume(tmp_path, progress=False).history.same_run(quick().history)


def test_an_interrupt_at_the_very_end_still_returns(monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(fitting, "_finally_judged", interrupt)
    assert math.isfinite(quick().loss)
