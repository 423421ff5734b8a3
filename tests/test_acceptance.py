"""The bundled problems at their default settings and full budget; run with ``pytest -m slow``."""

import pytest

import pinnzo as pz

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("seed", [0, 1])
def test_hjb_in_twenty_dimensions(seed):
    assert pz.solve("hjb", seed=seed, progress=False).error().relative_l2 <= 1e-2


@pytest.mark.parametrize("name", ["poisson", "poisson-2d", "heat"])
def test_ten_times_below_the_zero_network(name):
    error = pz.solve(name, progress=False).error()
    assert 10 * error.relative_l2 <= error.zero_network


def test_levenberg_marquardt_is_far_more_accurate():
    budget = pz.Budget(seconds=20)
    solution = pz.solve("poisson-2d", trainer=pz.LevenbergMarquardt(), points=200, budget=budget, progress=False)
    assert solution.error().relative_l2 <= 1e-4
