"""RGE against the closed forms of its mean and variance on quadratics."""

from __future__ import annotations

import pytest
import torch
from training_beds import Quadratic

from pinnzo.errors import SettingError
from pinnzo.training import RandomGradient

DIRECTIONS = ("rademacher", "gaussian", "sphere")
DRAWS = 20_000


def draws(estimator: RandomGradient, objective: Quadratic, theta: torch.Tensor) -> torch.Tensor:
    """``DRAWS`` estimates of a single direction each, (DRAWS, d), by one call with as many samples."""
    generator = torch.Generator().manual_seed(0)
    xi = RandomGradient(
        samples=DRAWS, step=estimator.step, directions=estimator.directions, antithetic=estimator.antithetic
    ).draw_directions(theta, generator)
    mu = estimator.step
    if estimator.antithetic:
        slopes = (objective.losses(theta + mu * xi) - objective.losses(theta - mu * xi)) / (2 * mu)
    else:
        slopes = (objective.losses(theta + mu * xi) - objective.losses(theta[None])) / mu
    return slopes[:, None] * xi


@pytest.mark.parametrize("directions", DIRECTIONS)
@pytest.mark.parametrize("antithetic", [True, False])
def test_estimate_is_the_mean_of_single_directions(quadratic, directions, antithetic):
    theta = torch.ones(5, dtype=torch.float64)
    estimator = RandomGradient(DRAWS, 0.5, directions, antithetic)
    estimate = estimator.estimate(quadratic, theta, torch.Generator().manual_seed(0))
    torch.testing.assert_close(estimate.gradient, draws(estimator, quadratic, theta).mean(0))


@pytest.mark.parametrize("directions", DIRECTIONS)
@pytest.mark.parametrize("antithetic", [True, False])
def test_unbiased_on_quadratics_for_every_step(quadratic, directions, antithetic):
    theta = torch.linspace(-1, 2, 5, dtype=torch.float64)
    samples = draws(RandomGradient(1, 0.7, directions, antithetic), quadratic, theta)
    deviation = samples.mean(0) - quadratic.gradient(theta)
    assert (deviation.abs() < 5 * samples.std(0) / DRAWS**0.5).all()


@pytest.mark.parametrize("directions", DIRECTIONS)
def test_variance_of_antithetic_estimates(quadratic, directions):
    theta = torch.linspace(-1, 2, 5, dtype=torch.float64)
    g = quadratic.gradient(theta)
    d, norm2 = len(g), g @ g
    entries = {
        "gaussian": norm2 + g**2,
        "rademacher": norm2 - g**2,
        "sphere": d / (d + 2) * (norm2 + 2 * g**2) - g**2,
    }[directions]
    total = {"gaussian": d + 1, "rademacher": d - 1, "sphere": d - 1}[directions] * norm2
    variance = draws(RandomGradient(1, 0.7, directions), quadratic, theta).var(0)
    torch.testing.assert_close(variance, entries, rtol=0.1, atol=0)
    torch.testing.assert_close(entries.sum(), total)


@pytest.mark.parametrize("directions", DIRECTIONS)
def test_curvature_adds_to_the_variance_of_one_sided_estimates(quadratic, directions):
    theta = torch.linspace(-1, 2, 5, dtype=torch.float64)
    g, H, mu = quadratic.gradient(theta), quadratic.H, 1.5
    d, T = len(g), H.trace() ** 2 + 2 * (H**2).sum()
    V = (d + 1 if directions == "gaussian" else d - 1) * (g @ g)
    W = {
        "gaussian": (d + 4) * T,
        "sphere": d**2 / (d + 2) * T,
        "rademacher": d * (T - 2 * (H.diagonal() ** 2).sum()),
    }[directions]
    variance = draws(RandomGradient(1, mu, directions, antithetic=False), quadratic, theta).var(0).sum()
    torch.testing.assert_close(variance, V + mu**2 / 4 * W, rtol=0.1, atol=0)


def test_more_samples_divide_the_variance(quadratic):
    theta = torch.ones(5, dtype=torch.float64)
    generator = torch.Generator().manual_seed(1)
    estimator = RandomGradient(samples=20)
    estimates = torch.stack([estimator.estimate(quadratic, theta, generator).gradient for _ in range(2000)])
    g = quadratic.gradient(theta)
    torch.testing.assert_close(estimates.var(0).sum(), 4 * (g @ g) / 20, rtol=0.1, atol=0)


@pytest.mark.parametrize("directions", DIRECTIONS)
def test_directions_have_unit_covariance(directions):
    xi = RandomGradient(DRAWS, directions=directions).draw_directions(torch.zeros(4), torch.Generator())
    torch.testing.assert_close(xi.T @ xi / DRAWS, torch.eye(4), rtol=0, atol=0.05)
    if directions != "gaussian":
        torch.testing.assert_close((xi**2).sum(1), torch.full((DRAWS,), 4.0))


def test_one_query_a_step_and_its_loss(quadratic):
    theta = torch.zeros(5, dtype=torch.float64)
    generator = torch.Generator().manual_seed(0)
    one_sided = RandomGradient(samples=7, antithetic=False)
    assert one_sided.estimate(quadratic, theta, generator).loss == 3.0
    RandomGradient(samples=7).estimate(quadratic, theta, generator)
    assert quadratic.queries == [8, 14]
    assert quadratic.evaluations == one_sided.queries + RandomGradient(samples=7).queries


def test_chunks_do_not_change_the_estimate(quadratic):
    theta = torch.ones(5, dtype=torch.float64)
    whole, parts = (
        RandomGradient(samples=9, max_batch=rows).estimate(quadratic, theta, torch.Generator().manual_seed(0))
        for rows in (None, 4)
    )
    torch.testing.assert_close(whole.gradient, parts.gradient, rtol=1e-12, atol=1e-12)
    assert quadratic.queries == [18, 4, 4, 4, 4, 2]


def test_keeps_the_dtype(quadratic):
    theta = torch.ones(5, dtype=torch.float32)
    single = Quadratic(quadratic.g.float(), quadratic.H.float())
    for directions in DIRECTIONS:
        estimate = RandomGradient(directions=directions).estimate(single, theta, torch.Generator())
        assert estimate.gradient.dtype == torch.float32


@pytest.mark.parametrize(
    "settings",
    [
        {"samples": 0},
        {"samples": 1.5},
        {"step": 0.0},
        {"step": float("nan")},
        {"directions": "cauchy"},
        {"max_batch": 0},
    ],
)
def test_refuses_meaningless_settings(settings):
    with pytest.raises(SettingError, match=next(iter(settings))):
        RandomGradient(**settings)
