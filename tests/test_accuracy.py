"""Errors and baselines against values that were worked out otherwise."""

import dataclasses
import math

import numpy as np
import pytest
import sympy as sp
import torch
from running import disc, quick

import pinnzo as pz


def test_errors_are_those_of_the_definition(solution):
    found = solution.error(points=500)
    x, exact = solution._assembly.reference("test", 500)
    torch.testing.assert_close(exact, torch.sin(np.pi * x).prod(1))
    gap = solution(x.numpy()) - exact.numpy()
    assert found.points == 500
    assert found.relative_l2 == pytest.approx(np.sqrt((gap**2).sum() / (exact.numpy() ** 2).sum()))
    assert found.max_abs == pytest.approx(abs(gap).max())
    assert found.rmse == pytest.approx(np.sqrt((gap**2).mean()))


def test_the_same_question_has_the_same_answer(solution):
    assert solution.error() == solution.error()
    assert solution.error(200) != solution.error(300)


def test_points_of_the_test_were_never_trained_on(monkeypatch):
    drawn = []
    sampler = type(pz.problem("poisson-2d").sampler)
    interior = sampler.interior

    def recorded(self, *arguments):
        points = interior(self, *arguments)
        drawn.append(points.clone())
        return points

    monkeypatch.setattr(sampler, "interior", recorded)
    solution = quick()
    trained_on = torch.cat(drawn)
    drawn.clear()
    solution.error(100)
    test, fitted_on = drawn
    for fresh in (test, fitted_on):
        assert not (fresh[:, None] == trained_on[None]).all(2).any()
    assert not (test[:, None] == fitted_on[None]).all(2).any()


def test_baselines_of_the_papers_problem():
    error = quick("hjb", budget=pz.Budget(steps=1)).error()
    # Σ x_i against Σ x_i + 1 − t in the mean square: E (1 − t)² = 1/3 over E (Σ x_i + 1 − t)².
    square = 20 / 12 + 10**2 + 2 * 10 * 0.5 + 1 / 3
    assert error.zero_network == pytest.approx(math.sqrt(1 / 3 / square), rel=2e-2)
    assert error.zero_network == pytest.approx(5.45e-2, rel=5e-3)
    assert error.affine_network < 1e-10  # f = 1 is exact


def test_baselines_with_soft_and_with_homogeneous_conditions():
    assert quick("poisson").error().zero_network == pytest.approx(1)
    assert quick("poisson-2d").error().zero_network == pytest.approx(1)


def test_the_affine_baseline_is_the_best_there_is():
    x = pz.coordinates("x", 2)
    u = sp.Function("u")(*x)
    # A free quadratic: its best affine fit on the square is Σ x_i − 1/3 with the mean square 2/180.
    problem = pz.Problem(sp.Eq(u, x[0] ** 2 + x[1] ** 2), pz.Box({x: (0, 1)}), exact=x[0] ** 2 + x[1] ** 2)
    error = quick(problem).error()
    assert error.affine_network == pytest.approx(math.sqrt((2 / 180) / (2 / 5 + 2 / 9)), rel=3e-2)
    assert error.zero_network == pytest.approx(1)


def test_the_affine_baseline_with_columns_that_depend_on_each_other():
    solution = quick(disc(exact=1 - sum(s**2 for s in pz.coordinates("x", 2))))
    assert solution.error().affine_network < 1e-12  # f = 1 again


def test_an_exact_solution_of_zero_has_no_relative_error():
    solution = quick(disc_of_zero())
    error = solution.error()
    assert error.rmse > 0
    assert not math.isfinite(error.relative_l2)
    assert solution.summary()["relative_l2"] is None


def disc_of_zero():
    x = pz.coordinates("x", 2)
    u = sp.Function("u")(*x)
    return pz.Problem(sp.Eq(pz.laplacian(u, x), u), pz.Ball(x), [pz.Boundary(u, 0)], exact=0)


def test_without_an_exact_solution_there_is_no_error():
    solution = quick(disc())
    with pytest.raises(pz.PinnzoError, match="no exact solution"):
        solution.error()
    assert solution.summary()["relative_l2"] is None
    assert np.isnan(solution.history.column("error")).all()


@pytest.mark.parametrize("points", [0, -1, 2.5, None, True])
def test_wrong_numbers_of_points(solution, points):
    with pytest.raises(pz.PinnzoError, match="points is"):
        solution.error(points)
    assert solution.error(np.int64(3)).points == 3


def test_an_accuracy_is_a_record(solution):
    names = [f.name for f in dataclasses.fields(solution.error())]
    assert names == ["relative_l2", "max_abs", "rmse", "zero_network", "affine_network", "points", "by_function"]
