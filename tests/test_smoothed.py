"""The Gaussian-smoothed solution that the paper evaluates."""

from itertools import product

import numpy as np
import pytest
import torch
from numpy.polynomial import hermite_e

import pinnzo as pz
from pinnzo.errors import SettingError, StencilError


@pytest.fixture(scope="module")
def solution():
    return pz.solve(
        pz.problem("hjb", dimension=2),
        network=pz.TensorTrainMLP(width=8),
        derivatives=pz.SmolyakStein(level=3, sigma=0.1),
        budget=pz.Budget(steps=3),
        points=50,
        progress=False,
    )


def test_it_is_the_mean_over_gaussian_shifts(solution):
    """Against a tensor Gauss–Hermite rule of 12 points an axis."""
    nodes, weights = hermite_e.hermegauss(12)
    z = np.array(list(product(nodes, repeat=3)))
    w = np.array([np.prod(ws) for ws in product(weights / weights.sum(), repeat=3)])
    points = np.random.default_rng(0).uniform(size=(4, 3))
    mean = np.array([w @ solution(p + 0.1 * z) for p in points])
    np.testing.assert_allclose(solution.smoothed(points, pz.SmolyakStein(level=6, sigma=0.1)), mean, rtol=1e-9)
    np.testing.assert_allclose(solution.smoothed(points), mean, rtol=1e-4)
    samples = pz.MonteCarloStein(samples=20_000, sigma=0.1)
    np.testing.assert_allclose(solution.smoothed(points, samples), mean, rtol=1e-3)


def test_its_bias_is_half_of_sigma_squared_times_the_laplacian(solution):
    points = torch.rand(20, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    laplacian = pz.Autodiff().laplacian(_values(solution), points)
    gaps = [solution.smoothed(points, pz.SmolyakStein(4, sigma)) - solution(points) for sigma in (0.1, 0.05)]
    expected = 0.5 * 0.05**2 * laplacian
    assert float((gaps[1] - expected).norm() / expected.norm()) < 0.05
    ratio = float(gaps[0].norm() / gaps[1].norm())
    assert np.log2(ratio) == pytest.approx(2, abs=0.1)


def _values(solution):
    return lambda x: solution._assembly.values(solution.theta, x)


def test_it_is_judged_like_the_solution(solution):
    sharp, smooth = solution.error(500), solution.error(500, smoothed=True)
    assert smooth.zero_network == sharp.zero_network
    assert smooth.relative_l2 != sharp.relative_l2
    assert smooth.relative_l2 == pytest.approx(sharp.relative_l2, abs=0.01)


def test_kinds_of_input(solution):
    assert isinstance(solution.smoothed([[0.1, 0.2, 0.3]]), np.ndarray)
    assert solution.smoothed(torch.zeros(0, 3, dtype=torch.float64)).shape == (0,)


@pytest.mark.parametrize("estimator", [pz.FiniteDifference(), pz.Autodiff(), pz.RandomDirections()])
def test_estimators_that_do_not_smooth_are_refused(solution, estimator):
    with pytest.raises(StencilError, match="does not smooth"):
        solution.smoothed([[0.1, 0.2, 0.3]], estimator)


def test_what_is_no_estimator_is_refused(solution):
    with pytest.raises(SettingError, match=r"derivatives is 'smolyak'.*SmolyakStein"):
        solution.smoothed(np.zeros((1, 3)), "smolyak")
