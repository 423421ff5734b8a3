"""Conditions on the whole boundary: Dirichlet, Neumann, Robin and others."""

import json

import pytest
import sympy as sp
import torch
from running import quick
from test_compiler import exact_rows

import pinnzo as pz
from pinnzo.errors import DeclarationError
from pinnzo.symbolic.compiler import CompiledProblem
from pinnzo.symbolic.serialise import problem_from_json, problem_to_json

x = pz.coordinates("x", 3)
t = sp.Symbol("t", real=True)
u = sp.Function("u")(*x)
BALL = pz.Ball(x, radius=2, center=(1, 0, -0.5))
SQUARE = pz.Box({x: (0, 1)})
EXACT = x[0] ** 2 * x[1] + sp.exp(x[2])
POISSON = sp.Eq(pz.laplacian(u, x), pz.laplacian(EXACT, x).doit())
NORMAL = pz.normal_derivative(u, BALL)
SLOPE = pz.normal_derivative(EXACT, BALL)
KINDS = {
    "Neumann": pz.Boundary(NORMAL, SLOPE),
    "Neumann by hand": pz.Boundary(sum((s - c) * u.diff(s) for s, c in zip(x, BALL.center, strict=True)), 2 * SLOPE),
    "Robin": pz.Boundary(NORMAL + 3 * u, SLOPE + 3 * EXACT),
    "oblique": pz.Boundary(u.diff(x[0]) - u.diff(x[1]), 2 * x[0] * x[1] - x[0] ** 2),
    "Laplacian": pz.Boundary(pz.laplacian(u, x), POISSON.rhs),
    "nonlinear": pz.Boundary(pz.gradient_norm_squared(u, x) * u, pz.gradient_norm_squared(EXACT, x).doit() * EXACT),
    "variable factor": pz.Boundary(x[0] * u, x[0] * EXACT),
}
kinds = pytest.mark.parametrize("condition", KINDS.values(), ids=KINDS)


def poisson(*conditions, domain=BALL, **settings):
    return pz.Problem(POISSON, domain, list(conditions), **settings)


def test_normal_derivative_is_the_slope_along_rays():
    point = BALL.sample_sphere(1, torch.Generator().manual_seed(0))[0].tolist()
    s = sp.Symbol("s")
    normal = [(p - c) / 2 for p, c in zip(point, BALL.center, strict=True)]
    along = EXACT.subs({xi: p + s * n for xi, p, n in zip(x, point, normal, strict=True)})
    slope = SLOPE.subs(dict(zip(x, point, strict=True)))
    assert float(along.diff(s).subs(s, 0)) == pytest.approx(float(slope), rel=1e-12)
    assert pz.normal_derivative(u, pz.Ball(x)) == sum(xi * u.diff(xi) for xi in x)


@kinds
def test_a_solution_is_held_against_the_condition(condition):
    problem = poisson(condition, exact=EXACT)
    assert problem.ansatz.hard == ()
    assert [c.name for c in problem.ansatz.soft] == ["boundary"]
    if condition is KINDS["Laplacian"]:
        return
    # The equation admits this one too.
    with pytest.raises(DeclarationError, match="the condition 'boundary'"):
        poisson(condition, exact=EXACT + x[0] + 1)


@kinds
def test_residuals_and_their_points(condition):
    problem = poisson(condition)
    (compiled,) = CompiledProblem(problem).conditions
    (points,) = problem.sampler.condition(problem.conditions[0], 20, torch.Generator().manual_seed(0))
    torch.testing.assert_close((points - torch.tensor(BALL.center)).norm(dim=1), torch.full((20,), 2.0).double())
    rows = [exact_rows(row, [EXACT, EXACT + x[0]], points, x) for row in compiled.rows]
    residual = compiled.prepare([points]).residual(rows)
    assert float(residual[0].abs().max()) < 1e-9
    if condition is not KINDS["Laplacian"]:
        assert float(residual[1].abs().max()) > 1e-2


@kinds
def test_conditions_can_be_saved(condition):
    problem = poisson(condition, exact=EXACT)
    again = problem_from_json(json.loads(json.dumps(problem_to_json(problem))))
    assert again.declared_conditions == problem.declared_conditions
    assert [c.text for c in again.conditions] == [c.text for c in problem.conditions]


def test_files_that_know_dirichlet_data_alone():
    data = problem_to_json(poisson(pz.Boundary(u, EXACT)))
    del data["conditions"][0]["of"]
    assert problem_from_json(data).declared_conditions == (pz.Boundary(u, EXACT),)


def test_dirichlet_and_neumann_data_are_two_things():
    problem = poisson(pz.Boundary(u, EXACT), pz.Boundary(NORMAL, SLOPE), exact=EXACT)
    assert problem.ansatz.hard == ("boundary",)
    assert [c.name for c in problem.ansatz.soft] == ["boundary (2)"]


@pytest.mark.parametrize(
    ("domain", "first", "second"),
    [
        (BALL, pz.Boundary(NORMAL, SLOPE), pz.Boundary(NORMAL, 0)),
        (BALL, pz.Boundary(NORMAL, SLOPE), pz.Boundary(-3 * NORMAL, SLOPE)),
        (BALL, pz.Boundary(NORMAL, SLOPE), KINDS["Neumann by hand"]),
        (BALL, pz.Boundary(u, EXACT), pz.Boundary(2 * u, EXACT)),
        (BALL, pz.Boundary(NORMAL + 2 * u, 0), pz.Boundary(NORMAL + 2 * u, 1)),
        (SQUARE, pz.Boundary(u.diff(x[0]), 0), sp.Eq(u.diff(x[0]).subs(x[0], 0), 1)),
        (SQUARE, pz.Boundary(u, 0), sp.Eq(u.subs(x[0], 0), 1)),
    ],
)
def test_the_same_twice_is_refused(domain, first, second):
    with pytest.raises(DeclarationError, match="same thing"):
        poisson(first, second, domain=domain)


def test_conditions_that_are_not_the_same_are_accepted():
    assert len(poisson(pz.Boundary(NORMAL + u, 0), pz.Boundary(NORMAL + 2 * u, 0)).conditions) == 2
    assert len(poisson(pz.Boundary(u, 0), sp.Eq(u.diff(x[0]).subs(x[0], 0), 1), domain=SQUARE).conditions) == 2


def test_a_multiple_of_the_unknown_is_dirichlet_data():
    problem = poisson(pz.Boundary(-2 * u, 8))
    assert (problem.ansatz.A, problem.ansatz.hard) == (-4, ("boundary",))


def test_only_dirichlet_data_can_be_hard():
    with pytest.raises(DeclarationError, match="cannot be built into an ansatz"):
        poisson(pz.Boundary(NORMAL, SLOPE, enforce="hard"))


def test_time_beside_the_ball():
    w = sp.Function("w")(*x, t)
    exact = sp.exp(-t) * EXACT
    heat = sp.Eq(w.diff(t) - pz.laplacian(w, x), (exact.diff(t) - pz.laplacian(exact, x)).doit())
    conditions = [sp.Eq(w.subs(t, 0), EXACT), pz.Boundary(pz.normal_derivative(w, BALL), sp.exp(-t) * SLOPE, weight=10)]
    problem = pz.Problem(heat, BALL * pz.Box({t: (0, 1)}), conditions, exact=exact)
    assert problem.ansatz.hard == ("t = 0",)
    solution = quick(problem, weights={"boundary": 3.0})
    assert solution.steps == 4
    assert solution.loss < float("inf")
