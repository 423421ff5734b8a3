"""Measurements as soft conditions, and conditions with numbers of points of their own."""

import json

import numpy as np
import pytest
import sympy as sp
import torch
from running import quick

import pinnzo as pz
from pinnzo.assembly import Assembly
from pinnzo.errors import PinnzoError, StorageError
from pinnzo.settings import RunSettings
from pinnzo.symbolic import serialise
from pinnzo.symbolic.serialise import problem_from_json, problem_to_json
from pinnzo.training.base import perturbed

x, y = sp.symbols("x y", real=True)
u = sp.Function("u")(x, y)
SQUARE = pz.Box({x: (0, 1), y: (0, 2)})
EQUATION = sp.Eq(u.diff(x, 2) + u.diff(y), 0)
POINTS, VALUES = np.array([[0.25, 0.5], [0.5, 1.5], [1.0, 2.0]]), np.array([1.0, -2.0, 0.5])
MANY = np.random.default_rng(0).uniform(size=(50, 2))


def declared(*conditions, domain=SQUARE, equation=EQUATION, **settings):
    return pz.Problem(equation, domain, list(conditions), **settings)


def objective_of(problem, **settings):
    return Assembly(problem, RunSettings(**{"points": 6, "network": pz.MLP(width=6), **settings})).objective


def drawn(objective, seed=0):
    objective.draw(torch.Generator().manual_seed(seed))
    return objective


def some_theta(objective, count=2):
    generator = torch.Generator().manual_seed(0)
    return torch.randn(count, objective.parameter_count, generator=generator, dtype=torch.float64)


def test_the_residual_is_the_misfit():
    problem = declared(pz.Data(u, POINTS, VALUES, weight=4.0))
    assembly = Assembly(problem, RunSettings(points=6, network=pz.MLP(width=6)))
    objective = drawn(assembly.objective)
    theta = some_theta(objective)
    for one, found in zip(theta, objective.residuals(theta)[:, 6:], strict=True):
        misfit = assembly.values(one, torch.tensor(POINTS)) - torch.tensor(VALUES)
        torch.testing.assert_close(found, (4 / 3) ** 0.5 * misfit)
    assert list(objective.parts(theta[0])) == ["equation", "measurements"]


def test_derivatives_may_be_measured_and_factors_may_depend_on_the_point():
    data = pz.Data(x * u.diff(y) + u, POINTS, VALUES, weight=1.0)
    assembly = Assembly(declared(data, sp.Eq(u.subs(x, 0), y)), RunSettings(points=6, network=pz.MLP(width=6)))
    objective = drawn(assembly.objective)
    theta = some_theta(objective, 1)
    points = torch.tensor(POINTS, requires_grad=True)
    value = assembly.values(theta[0], points)
    (slope,) = torch.autograd.grad(value.sum(), points)
    expected = (points[:, 0] * slope[:, 1] + value - torch.tensor(VALUES)) / 3**0.5
    torch.testing.assert_close(objective.residuals(theta)[0, 6:], expected.detach(), rtol=1e-4, atol=1e-4)


@torch.no_grad()
@pytest.mark.parametrize("estimate", ["network", "solution"])
def test_sweeps_and_tiles_see_the_measurements(monkeypatch, estimate):
    objective = drawn(objective_of(declared(pz.Data(u, MANY, MANY.sum(1))), estimate=estimate))
    theta = some_theta(objective, 1)[0]
    indices, before = torch.arange(len(theta)), objective.residuals(theta[None])[0]
    found = objective.differences(theta, indices, 1e-4, before)
    expected = objective.residuals(perturbed(theta, indices, 1e-4)) - before
    torch.testing.assert_close(found[:, 6:], expected[:, 6:], rtol=1e-9, atol=1e-12)
    # The plain difference has the rounding of second derivatives.
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)
    monkeypatch.setattr("pinnzo.training.residual_objective.SWEEP_TILE", 100)
    monkeypatch.setattr("pinnzo.training.residual_objective.TILE_ELEMENTS", 10)
    torch.testing.assert_close(objective.residuals(theta[None])[0], before, rtol=1e-9, atol=1e-6)
    assert float(objective.losses(theta[None])[0]) == pytest.approx(float(before.square().sum()))


def test_all_of_a_few_measurements_and_a_random_batch_of_many():
    few, many = (objective_of(declared(pz.Data(u, MANY, MANY[:, 0], batch=b))) for b in (None, 20))
    for seed in range(3):
        assert torch.equal(drawn(few, seed)._batches[1].points[0], torch.tensor(MANY))
    (first,), (second,) = (drawn(many, seed)._batches[1].points for seed in (0, 1))
    assert first.shape == (20, 2)
    assert len(first.unique(dim=0)) == 20
    assert not torch.equal(first, second)
    # Values go with their points.
    torch.testing.assert_close(many._batches[1].prepared.values, second[:, 0])
    assert drawn(many)._batches[1].count == 20
    many.draw(torch.Generator().manual_seed(0), 10.0)
    assert many._batches[1].count == 50
    huge = pz.Data(u, np.tile(MANY, (30, 1)), np.tile(MANY[:, 0], 30))
    assert drawn(objective_of(declared(huge)))._batches[1].count == 1000


def test_all_measurements_judge_the_result():
    assembly = Assembly(declared(pz.Data(u, MANY, MANY[:, 0], batch=5)), RunSettings(points=6))
    assert [batch.count for batch in assembly.validation._batches] == [1000, 50]


def test_measurements_tell_solutions_apart():
    w = sp.Function("w")(x)
    exact = 1 + 2 * x
    data = pz.Data(w, [[0.2], [0.9]], [1.4, 2.8])
    problem = pz.Problem(sp.Eq(w.diff(x, 2), 0), pz.Box({x: (0, 1)}), [data], exact=exact)
    assert quick(problem, budget=pz.Budget(steps=60)).error().relative_l2 < 1e-2


def test_noisy_measurements_do_not_contradict_a_solution():
    exact = sp.exp(-y) * sp.sin(x) + 0 * y
    assert declared(pz.Data(u, POINTS, VALUES), equation=sp.Eq(u.diff(y), u.diff(x, 2)), exact=exact).exact == exact


def test_two_sets_get_names_of_their_own():
    problem = declared(
        pz.Data(u, POINTS, VALUES), pz.Data(u, MANY, MANY[:, 0]), pz.Data(u, POINTS, VALUES, name="probe")
    )
    assert [c.name for c in problem.ansatz.soft] == ["measurements", "measurements (2)", "probe"]
    weights = {"probe": 3.0, "measurements (2)": 1.0}
    assert quick(problem, weights=weights, balance="relobralo").run.balance["factors"].keys() == {
        "equation",
        "measurements",
    }


def test_measurements_are_saved_with_the_problem(tmp_path):
    problem = declared(sp.Eq(u.subs(x, 0), y), pz.Data(u.diff(y), POINTS, VALUES, "probe", 3.0, 2))
    again = problem_from_json(json.loads(json.dumps(problem_to_json(problem)))).declared_conditions[1]
    original = problem.declared_conditions[1]
    assert (again.expression, again.name, again.weight, again.batch) == (u.diff(y), "probe", 3.0, 2)
    assert torch.equal(again.points, original.points)
    assert torch.equal(again.values, original.values)
    whole = quick(problem, budget=pz.Budget(steps=4))
    quick(problem, budget=pz.Budget(steps=2), checkpoint=tmp_path)
    assert torch.equal(pz.resume(tmp_path, budget=pz.Budget(steps=4), progress=False).theta, whole.theta)


def test_too_many_measurements_are_not_saved(monkeypatch, tmp_path):
    monkeypatch.setattr(serialise, "MAX_MEASURED_NUMBERS", 8)
    solution = quick(declared(pz.Data(u, POINTS, VALUES)))
    with pytest.raises(StorageError, match="hold 9 numbers, but at most 8 are saved"):
        solution.save(tmp_path)


BALL = pz.Ball((x, y), radius=2)
MISTAKES = {
    "one column": (lambda: pz.Data(u, [0.1, 0.2], [1, 2]), r"points of Data has shape \(2,\)"),
    "no points": (lambda: pz.Data(u, np.zeros((0, 2)), []), r"shape \(0, 2\)"),
    "values (N, 1)": (lambda: pz.Data(u, POINTS, VALUES[:, None]), r"values of Data has shape \(3, 1\)"),
    "too few values": (lambda: pz.Data(u, POINTS, VALUES[:2]), r"one value for each point, shape \(3,\)"),
    "NaN": (lambda: pz.Data(u, POINTS, [1, 2, np.nan]), "NaN or infinity"),
    "words": (lambda: pz.Data(u, POINTS, ["a", "b", "c"]), "values of Data are no real numbers"),
    "complex numbers": (lambda: pz.Data(u, POINTS, VALUES * 1j), "no real numbers"),
    "ragged points": (lambda: pz.Data(u, [[1, 2], [3]], [1, 2]), "no real numbers"),
    "weight": (lambda: pz.Data(u, POINTS, VALUES, weight=-1), "weight"),
    "weight that is a truth": (lambda: pz.Data(u, POINTS, VALUES, weight=True), "weight"),
    "name": (lambda: pz.Data(u, POINTS, VALUES, name=""), "name"),
    "batch": (lambda: pz.Data(u, POINTS, VALUES, batch=0), "batch of Data is 0"),
    "half a batch": (lambda: pz.Data(u, POINTS, VALUES, batch=0.5), "batch of Data is 0.5"),
    "three columns": (lambda: declared(pz.Data(u, np.ones((4, 3)), np.ones(4))), "one column for each of x, y"),
    "outside the box": (lambda: declared(pz.Data(u, [[0.5, 0.5], [0.5, 2.1]], [0, 0])), "Point 1 .* x = 0.5, y = 2.1"),
    "outside the ball": (lambda: declared(pz.Data(u, [[1.5, 1.5]], [0]), domain=BALL), "outside the domain"),
    "at a face": (lambda: declared(pz.Data(u.subs(x, 0), POINTS, VALUES)), "where it was measured is what points say"),
    "another unknown": (lambda: declared(pz.Data(sp.Function("w")(x, y), POINTS, VALUES)), "w, which is not the unknown"),
    "no unknown": (lambda: declared(pz.Data(x, POINTS, VALUES)), "Data is about x"),
    "text": (lambda: declared(pz.Data("u", POINTS, VALUES)), "expression of Data"),
    "a stranger": (lambda: declared(pz.Data(sp.Symbol("k") * u, POINTS, VALUES)), "k, which"),
    "name of another": (lambda: declared(*(pz.Data(u, POINTS, VALUES, name="a") for _ in "ab")), "name of its own"),
    "points in words": (lambda: pz.Boundary(u, 0, points="many"), "points of a condition"),
    "no points of a condition": (lambda: pz.Condition(sp.Eq(u.subs(x, 0), 0), points=0), "points of a condition"),
    "truth for points": (lambda: pz.Boundary(u, 0, points=True), "points of a condition"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_named(name):
    make, named = MISTAKES[name]
    with pytest.raises(PinnzoError, match=named):
        make()


def test_points_on_the_edge_of_the_domain_are_inside():
    edge = [[0, 0], [1, 2], [0.1 + 0.2 + 0.7, 0]]
    assert declared(pz.Data(u, edge, [0, 0, 0])).ansatz.soft
    assert declared(pz.Data(u, [[2, 0], [2**0.5, 2**0.5]], [0, 0]), domain=BALL).ansatz.soft


@pytest.mark.parametrize(
    ("points", "trained", "judged"), [(None, 50, 500), (7, 7, 70), (0.25, 25, 250), (2.0, 200, 2000)]
)
def test_conditions_have_points_of_their_own(points, trained, judged):
    conditions = (
        pz.Condition(sp.Eq(u.subs(x, 0), 0), points=points, enforce="soft"),
        pz.Condition(sp.Eq(u.diff(y).subs(y, 0), 0), name="flux", points=3),
    )
    problem = declared(*conditions)
    assembly = Assembly(problem, RunSettings(points=100))
    assert [b.count for b in drawn(assembly.objective)._batches] == [100, trained, 3]
    assert [b.count for b in assembly.validation._batches] == [1000, judged, 30]
    again = problem_from_json(json.loads(json.dumps(problem_to_json(problem))))
    assert again.declared_conditions == conditions
    assert [type(c.points) for c in again.conditions] == [type(points), int]


def test_the_whole_boundary_has_points_of_its_own():
    problem = declared(pz.Boundary(u, 0, points=9, enforce="soft"))
    objective = drawn(objective_of(problem))
    assert [b.count for b in objective._batches] == [6, 9]
    # Each term is a mean, whatever the number of points.
    theta = some_theta(objective, 1)
    parts = objective.parts(theta[0])
    assert float(objective.losses(theta)[0]) == pytest.approx(parts["equation"] + 100 * parts["boundary"])
