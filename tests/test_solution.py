"""A solution as a function: values, residuals, and the points that it takes."""

import numpy as np
import pytest
import sympy as sp
import torch
from running import disc, quick

import pinnzo as pz


def points(count=5, seed=0):
    return np.random.default_rng(seed).random((count, 2))


def by_hand(solution):
    """U = B f of poisson-2d, with B = 16 x (1 − x) y (1 − y)."""

    def u(x):
        return 16 * (x * (1 - x)).prod(1) * solution.network.values(solution.theta, x)[:, 0]

    return u


def test_values_are_those_of_the_ansatz(solution):
    expected = by_hand(solution)(torch.from_numpy(points()))
    np.testing.assert_allclose(solution(points()), expected.numpy(), rtol=1e-14)


def test_kinds_of_points(solution):
    values = solution(points())
    assert isinstance(values, np.ndarray)
    assert values.shape == (5,)
    assert values.dtype == np.float64
    tensor = solution(torch.from_numpy(points()))
    assert isinstance(tensor, torch.Tensor)
    assert tensor.shape == (5,)
    np.testing.assert_array_equal(tensor.numpy(), values)
    np.testing.assert_array_equal(solution(points().tolist()), values)
    np.testing.assert_allclose(solution(points()[::-1]), values[::-1], rtol=1e-14)
    np.testing.assert_allclose(solution(np.asfortranarray(points())), values, rtol=1e-14)
    read_only = points()
    read_only.setflags(write=False)
    np.testing.assert_array_equal(solution(read_only), values)


@pytest.mark.parametrize("kind", [torch.int64, torch.bool, torch.float32, torch.bfloat16])
def test_tensors_of_another_type_get_values_in_that_of_the_run(solution, kind):
    x = torch.tensor([[0, 1], [1, 1]]).to(kind)
    for answer in (solution(x), solution.residual(x)):
        assert answer.shape == (2,)
        assert answer.dtype == torch.float64
    np.testing.assert_allclose(solution(x), 0, atol=1e-15)


def test_answers_are_ordinary_tensors_of_the_callers_own(solution):
    x = torch.from_numpy(points()).requires_grad_()
    values = solution(x)
    assert not values.requires_grad
    assert not values.is_inference()
    again = solution(x)
    values.zero_()
    assert again.abs().max() > 0


def test_no_points(solution):
    for empty in (np.zeros((0, 2)), torch.zeros(0, 2)):
        assert solution(empty).shape == (0,)
        assert solution.residual(empty).shape == (0,)


def test_very_many_points(monkeypatch):
    # Parts are rounded in other ways, and a stencil multiplies that by 1/h²: a step at which it stays small.
    solution = quick(derivatives=pz.FiniteDifference(0.005))
    x = points(200_000)
    values = solution(x)
    np.testing.assert_allclose(values[-3:], solution(x[-3:]), rtol=1e-13)
    expected = solution.residual(x[:25])
    monkeypatch.setattr("pinnzo.solution.RESIDUAL_POINTS", 7)
    np.testing.assert_allclose(solution.residual(x[:25]), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("bad", "named"),
    [
        ([0.5, 0.5], r"points has shape \(2,\), but must have shape \(N, 2\), with the columns x, y"),
        ([[0.5]], r"shape \(1, 1\)"),
        (np.zeros((2, 2, 2)), r"shape \(2, 2, 2\)"),
        (0.5, r"shape \(\)"),
        ([[0.5, float("nan")]], "NaN or infinity"),
        ([[0.5, float("inf")]], "NaN or infinity"),
        ("points", "points"),
        (None, "points"),
        ([[0.5, 0.5], [0.5]], "cannot be read as an array of numbers"),
        ([["a", "b"]], "cannot be read as an array of numbers"),
        ([[0.5j, 1.0]], "complex"),
        (torch.zeros(1, 2, dtype=torch.complex64), "complex"),
    ],
    ids=str,
)
def test_bad_points_are_refused(solution, bad, named):
    for ask in (solution, solution.residual):
        with pytest.raises(pz.PinnzoError, match=named):
            ask(bad)


def test_many_columns_are_named_in_short():
    with pytest.raises(pz.PinnzoError, match=r"\(N, 21\), with the columns x1, x2, x3, …, t"):
        quick("hjb", budget=pz.Budget(steps=1))(np.zeros((3, 20)))


def test_hard_conditions_hold_exactly(solution):
    edge = np.array([[0.0, 0.3], [1.0, 0.2], [0.6, 0.0], [0.1, 1.0]])
    np.testing.assert_allclose(solution(edge), 0, atol=1e-15)
    terminal = np.append(np.random.default_rng(1).random((4, 3)), np.ones((4, 1)), axis=1)
    hjb = quick(pz.problem("hjb", dimension=3))
    np.testing.assert_allclose(hjb(terminal), terminal[:, :3].sum(1), rtol=1e-14)


@pytest.mark.parametrize("estimate", ["network", "solution"])
def test_the_residual_agrees_with_automatic_differentiation(estimate):
    solution = quick(estimate=estimate, trainer=pz.LevenbergMarquardt())
    x = torch.from_numpy(points(6))
    laplacian = pz.Autodiff().derivatives(by_hand(solution), x, [(2, 0), (0, 2)]).sum(0)
    expected = laplacian + 2 * np.pi**2 * torch.sin(np.pi * x).prod(1)
    torch.testing.assert_close(solution.residual(x), expected, rtol=1e-3, atol=1e-3)


def test_the_residual_of_a_nonlinear_equation():
    solution = quick(pz.problem("hjb", dimension=2))
    x = torch.from_numpy(np.random.default_rng(0).random((6, 3)))

    def u(x):
        return x[:, :2].sum(1) + (1 - x[:, 2]) * solution.network.values(solution.theta, x)[:, 0]

    u_t, u_1, u_2, u_11, u_22 = pz.Autodiff().derivatives(u, x, [(0, 0, 1), (1, 0, 0), (0, 1, 0), (2, 0, 0), (0, 2, 0)])
    expected = u_t + u_11 + u_22 - (u_1**2 + u_2**2) / 2 + 2
    torch.testing.assert_close(solution.residual(x), expected, rtol=1e-4, atol=1e-4)


def test_the_residual_of_the_exact_solution_vanishes():
    constant = pz.BlackBox(lambda theta, x: theta[0] * torch.ones(len(x)), theta=[1.0])  # u = 1 − ‖x‖²
    solution = quick(disc(), network=constant, budget=pz.Budget(steps=1))
    np.testing.assert_allclose(solution.residual(points() / 2), 0, atol=1e-12)
    assert solution.loss < 1e-20
    assert solution.theta == 1  # no step could better it


def test_history_status_and_figures(solution):
    steps = solution.history.column("step")
    assert steps.tolist() == [1, 2, 3, 4]
    assert solution.steps == 4
    assert (np.diff(solution.history.column("evaluations")) > 0).all()
    assert (np.diff(solution.history.column("seconds")) >= 0).all()
    assert solution.history[-1].evaluations == solution.evaluations
    assert np.isfinite(solution.history.column("loss")).all()
    assert solution.parameter_count == len(solution.theta) == 81
    assert solution.status == "The budget of 4 steps was used up; give more steps to go on."
    assert "'poisson-2d', 81 parameters" in repr(solution)


def test_the_summary_is_json_with_the_figures_of_the_run(solution):
    summary = solution.summary()
    error = solution.error()
    assert summary["relative_l2"] == error.relative_l2
    assert summary["affine_network"] == error.affine_network
    assert summary["loss"] == solution.loss
    assert summary["problem"] == "poisson-2d"
    assert summary["dimension"] == 2
    assert summary["status"] == solution.status


def test_estimating_the_whole_solution_gives_the_same_run():
    network, whole = (quick(estimate=e, trainer=pz.LevenbergMarquardt()) for e in ("network", "solution"))
    assert whole.loss == pytest.approx(network.loss, rel=1e-2)


def test_a_problem_without_a_second_variable():
    x = sp.Symbol("x", real=True)
    u = sp.Function("u")(x)
    problem = pz.Problem(sp.Eq(u.diff(x, 2), -sp.sin(x)), pz.Box({x: (0, sp.pi)}), [pz.Boundary(u, 0)], exact=sp.sin(x))
    solution = quick(problem, trainer=pz.LevenbergMarquardt(), points=40, budget=pz.Budget(steps=15))
    assert solution.error().relative_l2 < 0.05
    assert solution([[0.0], [1.0]]).shape == (2,)


def test_a_solution_outside_its_domain_is_still_a_function():
    assert np.isfinite(quick(disc())([[2.0, 2.0]])).all()
