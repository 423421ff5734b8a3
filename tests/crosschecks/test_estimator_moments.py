r"""The estimated gradients of a quadratic loss against closed forms of their whole covariance.

With the gradient g and the Hessian H at θ, one direction ξ gives the estimate

    antithetic:  (gᵀξ) ξ                        one-sided:  (gᵀξ + (μ/2) ξᵀHξ) ξ,

both of the mean g, since odd moments of ξ vanish. From the fourth moments of ξ, the antithetic covariance is

    Gaussian:    ‖g‖² I + g gᵀ
    Rademacher:  ‖g‖² I + g gᵀ − 2 diag(g²)
    sphere:      d/(d + 2) (‖g‖² I + 2 g gᵀ) − g gᵀ

and one-sided differences add (μ²/4) E[(ξᵀHξ)² ξξᵀ], from the sixth moments. With t = tr H and O = H without its diagonal
that expectation is

    Gaussian:    (t² + 2 ‖H‖²) I + 4 t H + 8 H²
    Rademacher:  (t² + 2 ‖O‖²) I + 4 t O + 8 (O² without its diagonal).

N directions divide all of it by N. Every entry of a mean and of a covariance of many estimates has to lie within five
standard errors, as the estimates' own spread gives them: one entry in 1.7 million strays so far, and the seed is fixed.
"""

from __future__ import annotations

import pytest
import torch

from pinnzo.training import CoordinateGradient, Objective, RandomGradient

ESTIMATES = 10_000
ERRORS = 5.0


class Quadratic(Objective):
    """L(θ) = gᵀθ + ½ θᵀHθ."""

    def __init__(self, g, H):
        self.g, self.H = g, H
        self.parameter_count, self.evaluations = len(g), 0

    def losses(self, theta):
        self.evaluations += len(theta)
        return theta @ self.g + 0.5 * ((theta @ self.H) * theta).sum(1)

    def draw(self, generator, scale=1.0):
        pass

    def gradient(self, theta):
        return self.g + self.H @ theta


def bed(dimension):
    """An indefinite quadratic with a gradient of unlike entries, and where it is looked at."""
    generator = torch.Generator().manual_seed(dimension)
    H = torch.randn(dimension, dimension, generator=generator, dtype=torch.float64)
    g = torch.randn(dimension, generator=generator, dtype=torch.float64) * torch.logspace(-1, 1, dimension)
    return Quadratic(g.double(), H + H.T), torch.randn(dimension, generator=generator, dtype=torch.float64)


def estimates(estimator, objective, theta, count=ESTIMATES):
    """So many estimates, (count, d), by one generator."""
    generator = torch.Generator().manual_seed(11)
    return torch.stack([estimator.estimate(objective, theta, generator).gradient for _ in range(count)])


def antithetic_covariance(g, directions):
    d, eye, outer = len(g), torch.eye(len(g), dtype=g.dtype), torch.outer(g, g)
    return {
        "gaussian": g @ g * eye + outer,
        "rademacher": g @ g * eye + outer - 2 * torch.diag(g**2),
        "sphere": d / (d + 2) * (g @ g * eye + 2 * outer) - outer,
    }[directions]


def curvature_term(H, directions):
    eye, t = torch.eye(len(H), dtype=H.dtype), H.trace()
    if directions == "gaussian":
        return (t**2 + 2 * (H**2).sum()) * eye + 4 * t * H + 8 * H @ H
    off = H - torch.diag(H.diagonal())
    square = off @ off
    return (t**2 + 2 * (off**2).sum()) * eye + 4 * t * off + 8 * (square - torch.diag(square.diagonal()))


def assert_moments(samples, mean, covariance):
    centred = samples - mean
    for found, expected in ((samples, mean), (centred[:, :, None] * centred[:, None, :], covariance)):
        # What has no spread at all, such as (g_2 ξ_1 ξ_2)² for signs ξ, still has roundings.
        roundings = 1e-12 * found.abs().max()
        errors = found.std(0) / len(found) ** 0.5
        assert ((found.mean(0) - expected).abs() <= ERRORS * errors + roundings).all()


@pytest.mark.parametrize("directions", ["gaussian", "rademacher", "sphere"])
@pytest.mark.parametrize(("dimension", "samples"), [(2, 1), (7, 1), (7, 4)])
def test_mean_and_covariance_of_antithetic_estimates(dimension, samples, directions):
    objective, theta = bed(dimension)
    g = objective.gradient(theta)
    found = estimates(RandomGradient(samples, step=0.7, directions=directions), objective, theta)
    assert_moments(found, g, antithetic_covariance(g, directions) / samples)


@pytest.mark.parametrize("directions", ["gaussian", "rademacher"])
@pytest.mark.parametrize(("samples", "step"), [(1, 0.5), (3, 2.0)])
def test_mean_and_covariance_of_one_sided_estimates(samples, step, directions):
    objective, theta = bed(5)
    g = objective.gradient(theta)
    estimator = RandomGradient(samples, step=step, directions=directions, antithetic=False)
    covariance = antithetic_covariance(g, directions) + step**2 / 4 * curvature_term(objective.H, directions)
    assert_moments(estimates(estimator, objective, theta), g, covariance / samples)


@pytest.mark.parametrize("dimension", [1, 4, 10])
def test_rademacher_moments_by_all_signs(dimension):
    """No chance in it: the closed forms against the sum over all 2^d directions."""
    objective, theta = bed(dimension)
    g, H, mu = objective.gradient(theta), objective.H, 0.8
    signs = 2.0 * torch.cartesian_prod(*[torch.arange(2)] * dimension).reshape(-1, dimension).double() - 1
    single = ((signs @ g) + mu / 2 * ((signs @ H) * signs).sum(1))[:, None] * signs
    covariance = antithetic_covariance(g, "rademacher") + mu**2 / 4 * curvature_term(H, "rademacher")
    torch.testing.assert_close(single.mean(0), g)
    torch.testing.assert_close(single.T @ single / len(single) - torch.outer(g, g), covariance)


@pytest.mark.parametrize("dimension", [1, 30])
@pytest.mark.parametrize("step", [1e-2, 3.0])
def test_coordinates_are_exact_or_biased_by_the_curvature(dimension, step):
    """A quadratic of either sign of curvature, far from its minimum, if it has one."""
    objective, theta = bed(dimension)
    g, generator = objective.gradient(theta), torch.Generator()
    central = CoordinateGradient(step=step, central=True).estimate(objective, theta, generator).gradient
    one_sided = CoordinateGradient(step=step).estimate(objective, theta, generator).gradient
    size = float(g.abs().max() + objective.H.abs().max())
    torch.testing.assert_close(central, g, rtol=0, atol=1e-10 * size)
    torch.testing.assert_close(one_sided, g + step / 2 * objective.H.diagonal(), rtol=0, atol=1e-10 * size)


@pytest.mark.parametrize("central", [True, False])
def test_skipped_coordinates_are_independent(central):
    objective, theta = bed(6)
    q = objective.gradient(theta) + (0.0 if central else 0.25) * objective.H.diagonal()
    found = estimates(CoordinateGradient(step=0.5, central=central, share=0.3), objective, theta)
    assert_moments(found, 0.3 * q, 0.3 * 0.7 * torch.diag(q**2))
