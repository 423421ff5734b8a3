from __future__ import annotations

import numpy as np
import pytest
import torch
from derivative_checks import SmoothFunction, random_points

from pinnzo.derivatives import FiniteDifference, LinearOperator, MonteCarloStein, RandomDirections, SmolyakStein
from pinnzo.derivatives.default import default_estimator
from pinnzo.derivatives.steps import balanced_steps, scale_of
from pinnzo.errors import SettingError

LAPLACIAN = LinearOperator.laplacian(range(2))
AUTO = [SmolyakStein(2, "auto", "odd"), FiniteDifference("auto"), RandomDirections(4, "auto")]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("estimator", AUTO)
@pytest.mark.parametrize("quotient", [False, True])
def test_balanced_steps_are_near_the_best(estimator, dtype, quotient):
    """The error of the Laplacian, over steps: that of "auto" is within 10 of the best.

    And the difference quotient in a parameter with μ = ε^(1/3), which trainers take, is right to 2e-3, or 5 % in single
    precision.
    """
    points = random_points(200, 2).to(dtype)
    function = SmoothFunction(2, seed=0)
    mu = torch.finfo(dtype).eps ** (1 / 3)

    def estimate(chosen) -> torch.Tensor:
        here = chosen.laplacian(function, points).double()
        if not quotient:
            return here
        return (chosen.laplacian(lambda x: function(x * (1 + mu)), points).double() - here) / mu

    def exact_at(x: torch.Tensor) -> torch.Tensor:
        return sum(torch.from_numpy(function.derivative(order, x)) for order in ((2, 0), (0, 2)))

    x = points.double()
    exact = exact_at(x)
    if quotient:
        exact = ((1 + mu) ** 2 * exact_at(x * (1 + mu)) - exact) / mu

    def error(chosen) -> float:
        return float((estimate(chosen) - exact).norm() / exact.norm())

    name = "sigma" if isinstance(estimator, SmolyakStein) else "step"
    others = [error(type(estimator)(**{**vars(estimator), name: float(h)})) for h in np.geomspace(1e-4, 0.5, 15)]
    assert error(estimator) < ((2e-3 if dtype is torch.float64 else 0.05) if quotient else 10 * min(others))


def test_steps_follow_the_extent_and_the_dtype():
    scale = [(0.0, 1.0), (0.0, 100.0)]
    double, single = (balanced_steps([LAPLACIAN], scale, dtype) for dtype in (torch.float64, torch.float32))
    assert double[1] == pytest.approx(100 * double[0])
    assert single[0] > 100 * double[0]
    fourth = balanced_steps([LinearOperator.biharmonic([0])], scale, torch.float64)
    assert fourth[0] > double[0]


def test_fitted_replaces_auto_alone():
    given = SmolyakStein(2, (0.1, 0.2), "odd")
    assert given.fitted([LAPLACIAN], [(0, 1), (0, 1)], torch.float64) is given
    fitted = MonteCarloStein(sigma="auto").fitted([LAPLACIAN], [(0, 1), (0, 10)], torch.float64)
    assert fitted.sigma[1] == pytest.approx(10 * fitted.sigma[0])
    chosen = default_estimator([LAPLACIAN], [(0, 1), (0, 1)], torch.float64)
    assert chosen == SmolyakStein(2, "auto", "odd").fitted([LAPLACIAN], [(0, 1), (0, 1)], torch.float64)


def test_anisotropic_functions():
    """sin(x) + sin(y/100) on [0, 1] × [0, 100]: one step for both would see nothing of y, or too much of x."""
    points = random_points(50, 2) * torch.tensor([1.0, 100.0], dtype=torch.float64)
    for estimator in AUTO:
        found = estimator.derivatives(lambda x: torch.sin(x[:, 0]) + torch.sin(x[:, 1] / 100), points, [(2, 0), (0, 2)])
        exact = torch.stack([-torch.sin(points[:, 0]), -torch.sin(points[:, 1] / 100) / 1e4])
        assert float(((found - exact).norm(dim=1) / exact.norm(dim=1)).max()) < 1e-4


def test_scale_of_points():
    assert scale_of(torch.zeros(0, 2)) == [(0.0, 1.0)] * 2
    assert scale_of(torch.tensor([[3.0]])) == [(3.0, 6.0)]


@pytest.mark.parametrize("bad", [0, -1.0, float("nan"), (), (0.1, 0), "automatic", True, None])
@pytest.mark.parametrize("kind", [FiniteDifference, RandomDirections])
def test_bad_steps(kind, bad):
    with pytest.raises(SettingError, match="step"):
        kind(step=bad)
