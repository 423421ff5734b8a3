"""The back-propagated Jacobian agrees with the forward-only one."""

from __future__ import annotations

import pytest
import torch
from running import quick
from training_beds import Regression

import pinnzo as pz
from pinnzo.assembly import Assembly
from pinnzo.errors import SettingError
from pinnzo.settings import RunSettings
from pinnzo.training import AutodiffGaussNewton, LevenbergMarquardt


@pytest.mark.parametrize("derivatives", [None, pz.Autodiff()], ids=["stencil", "autodiff"])
@pytest.mark.parametrize("problem", ["poisson-2d", "poisson", "heat"])
def test_equals_central_differences(problem, derivatives):
    settings = RunSettings(points=12, network=pz.TensorTrainMLP(width=8), derivatives=derivatives)
    assembly = Assembly(pz.problem(problem), settings)
    objective, theta = assembly.objective, assembly.initial()
    objective.draw(torch.Generator().manual_seed(0))
    residual = objective.residuals(theta[None])[0].detach()
    with torch.no_grad():  # by sweeps, which leave the stencil's rounding out
        wanted = LevenbergMarquardt(central=True, step_size=1e-5).jacobian(objective, theta, residual)
    for at_once in (1, 5, 16):
        jacobian = AutodiffGaussNewton(max_batch=at_once).jacobian(objective, theta, residual)
        assert jacobian.shape == (len(residual), len(theta))
        assert not jacobian.requires_grad
        torch.testing.assert_close(jacobian, wanted, rtol=1e-5, atol=1e-6 * float(wanted.abs().max()))


def test_large_residual_vectors_are_taken_row_by_row(regression, monkeypatch):
    regression.evaluations_per_query = 1 << 20
    grad, batched = torch.autograd.grad, []
    monkeypatch.setattr(
        torch.autograd, "grad", lambda *a, **k: batched.append(k.get("is_grads_batched")) or grad(*a, **k)
    )
    theta = Regression.start()
    AutodiffGaussNewton().jacobian(regression, theta, regression.residuals(theta[None])[0])
    assert batched == [None] * regression.points


def test_a_step_is_that_of_the_forward_only_method(regression):
    ends = []
    for trainer in (AutodiffGaussNewton(), LevenbergMarquardt(central=True, step_size=1e-5)):
        state = trainer.init(Regression.start(), seed=0)
        for _ in range(3):
            state = trainer.step(regression, state)
        ends.append(state.theta)
    torch.testing.assert_close(*ends, rtol=1e-4, atol=1e-4)


def test_residuals_without_a_graph_are_refused(regression):
    inner = regression.residuals
    regression.residuals = lambda theta: torch.as_tensor(inner(theta.detach()).numpy())
    trainer = AutodiffGaussNewton()
    with pytest.raises(SettingError, match=r"carry no autograd graph .* take LevenbergMarquardt"):
        trainer.step(regression, trainer.init(Regression.start(), seed=0))


@pytest.mark.parametrize("settings", [{"step_size": 1e-3}, {"central": True}, {"max_batch": 0}, {"damping": -1.0}])
def test_settings_without_meaning_are_refused(settings):
    with pytest.raises(SettingError, match=next(iter(settings))):
        AutodiffGaussNewton(**settings)


def test_solves_a_problem_with_backpropagation_and_resumes_exactly(tmp_path):
    assert AutodiffGaussNewton().uses_backpropagation
    whole = quick(trainer=AutodiffGaussNewton(), derivatives=pz.Autodiff())
    quick(trainer=AutodiffGaussNewton(), derivatives=pz.Autodiff(), checkpoint=tmp_path, budget=pz.Budget(steps=2))
    resumed = pz.resume(tmp_path, budget=pz.Budget(steps=4), progress=False)
    assert resumed.history.same_run(whole.history)
    assert whole.loss < 0.1 * whole.history[0].loss
