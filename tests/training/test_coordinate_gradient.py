"""CGE: exactness, order of its error, and skipped coordinates."""

from __future__ import annotations

import pytest
import torch

from pinnzo.errors import SettingError
from pinnzo.training import CoordinateGradient


def exact_gradient(objective, theta):
    theta = theta.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(objective.losses(theta[None])[0], theta)
    return gradient


@pytest.mark.parametrize("step", [1e-3, 1.0])
def test_closed_forms_on_quadratics(quadratic, step):
    theta = torch.linspace(-1, 2, 5, dtype=torch.float64)
    g = quadratic.gradient(theta)
    central = CoordinateGradient(step=step, central=True).estimate(quadratic, theta, torch.Generator())
    one_sided = CoordinateGradient(step=step).estimate(quadratic, theta, torch.Generator())
    torch.testing.assert_close(central.gradient, g, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(one_sided.gradient, g + step / 2 * quadratic.H.diagonal(), rtol=1e-9, atol=1e-9)
    assert one_sided.loss == pytest.approx(quadratic.losses(theta[None]).item())


@pytest.mark.parametrize(("central", "order"), [(False, 1), (True, 2)])
def test_order_of_the_error(regression, central, order):
    theta = regression.start()
    exact = exact_gradient(regression, theta)
    errors = [
        (CoordinateGradient(step=h, central=central).estimate(regression, theta, torch.Generator()).gradient - exact)
        .norm()
        .item()
        for h in (2e-2, 1e-2)
    ]
    assert errors[0] / errors[1] == pytest.approx(2**order, rel=0.05)


@pytest.mark.parametrize(("central", "accuracy"), [(False, 1e-4), (True, 1e-6)])
def test_default_step_suits_the_precision(regression, central, accuracy):
    theta = regression.start()
    estimate = CoordinateGradient(central=central).estimate(regression, theta, torch.Generator())
    exact = exact_gradient(regression, theta)
    assert (estimate.gradient - exact).norm() < accuracy * exact.norm()


@pytest.mark.parametrize("central", [False, True])
def test_default_step_survives_the_rounding_of_stencils(regression, central):
    """A stencil of step 5e-3 leaves noise of about 1e-11 in the losses: a step of √ε would drown in it."""
    theta = regression.start()
    exact = exact_gradient(regression, theta)
    plain = regression.losses
    regression.losses = lambda batch: plain(batch) * (1 + 1e-11 * torch.sin(1e9 * batch.sum(1)))
    estimate = CoordinateGradient(central=central).estimate(regression, theta, torch.Generator())
    assert (estimate.gradient - exact).norm() < 1e-3 * exact.norm()


def test_default_step_follows_dtype_and_scale():
    assert CoordinateGradient().step_for(torch.zeros(3)) == pytest.approx(2 ** (-23 / 3))
    assert CoordinateGradient().step_for(torch.full((3,), 100.0)) == pytest.approx(100 * 2 ** (-23 / 3))
    assert CoordinateGradient(step=0.1).step_for(torch.full((3,), 100.0)) == 0.1


def test_mean_and_variance_of_a_share(quadratic):
    theta = torch.linspace(-1, 2, 5, dtype=torch.float64)
    generator = torch.Generator().manual_seed(0)
    p, mu = 0.3, 0.5
    estimator = CoordinateGradient(step=mu, share=p)
    samples = torch.stack([estimator.estimate(quadratic, theta, generator).gradient for _ in range(4000)])
    q = quadratic.gradient(theta) + mu / 2 * quadratic.H.diagonal()
    torch.testing.assert_close(samples.mean(0), p * q, rtol=0.1, atol=0)
    torch.testing.assert_close(samples.var(0), p * (1 - p) * q**2, rtol=0.1, atol=0)


@pytest.mark.parametrize("central", [False, True])
def test_chunks_do_not_change_the_estimate(regression, central):
    theta = regression.start()
    whole, parts = (
        CoordinateGradient(step=1e-3, central=central, max_batch=rows).estimate(regression, theta, torch.Generator())
        for rows in (None, 4)
    )
    torch.testing.assert_close(whole.gradient, parts.gradient, rtol=1e-9, atol=1e-9)
    assert whole.loss == pytest.approx(parts.loss)


def test_counts_queries_and_bounds_the_batches(quadratic):
    theta = torch.zeros(5, dtype=torch.float64)
    CoordinateGradient(max_batch=2).estimate(quadratic, theta, torch.Generator())
    assert quadratic.queries == [1, 2, 2, 1]
    quadratic.queries.clear()
    CoordinateGradient(max_batch=4, central=True).estimate(quadratic, theta, torch.Generator())
    assert quadratic.queries == [4, 4, 2]


def test_an_empty_share_still_knows_the_loss(quadratic):
    theta = torch.zeros(5, dtype=torch.float64)
    estimator = CoordinateGradient(share=1e-12, central=True)
    estimate = estimator.estimate(quadratic, theta, torch.Generator())
    assert estimate.loss == 3.0
    assert not estimate.gradient.any()


@pytest.mark.parametrize("settings", [{"step": -1.0}, {"share": 0.0}, {"share": 1.5}, {"max_batch": 0}])
def test_refuses_meaningless_settings(settings):
    with pytest.raises(SettingError, match=next(iter(settings))):
        CoordinateGradient(**settings)


@pytest.mark.parametrize(("theta", "scale"), [([4.0], 4), ([3.0, -4.0], 12.5**0.5), ([0.1, 0.1], 1), ([], 1)])
def test_the_perturbation_grows_with_the_parameters(theta, scale):
    """By their root mean square, from 1 on, times the root of the rounding unit that balances the two errors."""
    theta = torch.tensor(theta, dtype=torch.float64)
    epsilon = torch.finfo(torch.float64).eps
    assert CoordinateGradient().step_for(theta) == pytest.approx(scale * epsilon ** (1 / 3), rel=1e-12)
    assert CoordinateGradient(central=True).step_for(theta) == pytest.approx(scale * epsilon ** (1 / 4), rel=1e-12)
    assert CoordinateGradient(step=0.3).step_for(theta) == 0.3


def test_the_loss_of_an_estimate(quadratic):
    """That at θ, or the mean of the queries when central: L + μ²/2 times the mean of the Hessian's diagonal."""
    theta, mu = torch.linspace(-1, 2, 5, dtype=torch.float64), 0.5
    at_theta = float(quadratic.losses(theta[None]))
    one_sided, central = (
        CoordinateGradient(step=mu, central=central).estimate(quadratic, theta, torch.Generator()).loss
        for central in (False, True)
    )
    assert one_sided == pytest.approx(at_theta, rel=1e-12)
    assert central == pytest.approx(at_theta + mu**2 / 2 * float(quadratic.H.diagonal().mean()), rel=1e-12)
