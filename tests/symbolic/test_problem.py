import json

import pytest
import sympy as sp
import torch

import pinnzo as pz
from pinnzo.errors import DeclarationError, PinnzoError, StorageError
from pinnzo.symbolic.compiler import CompiledProblem
from pinnzo.symbolic.serialise import expression_from_json, problem_from_json, problem_to_json
from pinnzo.symbolic.torch_code import torch_function

x = pz.coordinates("x", 2)
x1, x2 = x
t = sp.Symbol("t", real=True)
u = sp.Function("u")(*x, t)
BOX = pz.Box({x: (0, 1), t: (0, 1)})
HEAT = sp.Eq(u.diff(t), pz.laplacian(u, x))
v = sp.Function("u")(*x)
POISSON = sp.Eq(pz.laplacian(v, x), 1)


def values(expression, points, variables):
    (value,) = torch_function([variables], [expression])(points.T)
    return torch.as_tensor(value, dtype=points.dtype).expand(len(points))


G = sp.exp(x1) * sp.cos(x2)
# Condition on data g, domain, equation, and a function that vanishes where the condition holds.
PLACES = {
    "initial": (lambda g: [sp.Eq(u.subs(t, 0), g)], BOX, HEAT, t * sp.sin(x1)),
    "terminal": (lambda g: [sp.Eq(u.subs(t, 1), g)], BOX, HEAT, (1 - t) * x2),
    "box": (lambda g: [pz.Boundary(v, g)], pz.Box({x: (0, 1)}), POISSON, x1 * (1 - x1) * x2 * (1 - x2)),
    "two faces": (lambda g: [sp.Eq(v.subs(x1, 0), g.subs(x1, 0)), sp.Eq(v.subs(x1, 1), g.subs(x1, 1))], pz.Box({x: (0, 1)}), POISSON, x1 * (1 - x1)),
    "ball": (lambda g: [pz.Boundary(v, g)], pz.Ball(x, radius=2), POISSON, 4 - x1**2 - x2**2),
}  # fmt: skip


@pytest.mark.parametrize("name", PLACES)
def test_an_ansatz_uses_data_only_where_the_condition_holds(name):
    conditions, domain, equation, vanishing = PLACES[name]
    plain = pz.Problem(equation, domain, conditions(G))
    disguised = pz.Problem(equation, domain, conditions(G + vanishing * sp.exp(x2)))
    assert plain.ansatz.soft == disguised.ansatz.soft == ()
    points = plain.sampler.interior(50, torch.Generator().manual_seed(0))
    first, second = (values(p.ansatz.A, points, p.variables) for p in (plain, disguised))
    torch.testing.assert_close(first, second, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("name", PLACES)
def test_hard_conditions_hold_for_every_network(name):
    conditions, domain, equation, _ = PLACES[name]
    problem = pz.Problem(equation, domain, conditions(G))
    network = sp.sin(3 * x1) + x2**2 + 5
    whole = problem.ansatz.A + problem.ansatz.B * network
    for condition in problem.conditions:
        (points,) = problem.sampler.condition(condition, 40, torch.Generator().manual_seed(1))
        wanted = values(condition.data, points, problem.variables)
        torch.testing.assert_close(values(whole, points, problem.variables), wanted, rtol=1e-9, atol=1e-9)


def test_initial_and_boundary_data_together():
    g = sp.sin(sp.pi * x1) * sp.sin(sp.pi * x2)
    problem = pz.Problem(HEAT, BOX, [sp.Eq(u.subs(t, 0), g), pz.Boundary(u, 0)])
    assert set(problem.ansatz.hard) == {"t = 0", "boundary"}
    assert g == problem.ansatz.A


def test_corners_that_disagree_leave_the_later_condition_soft():
    problem = pz.Problem(HEAT, BOX, [sp.Eq(u.subs(t, 0), 1), pz.Boundary(u, 0)])
    assert problem.ansatz.hard == ("t = 0",)
    assert [c.name for c in problem.ansatz.soft] == ["boundary"]
    with pytest.raises(DeclarationError, match="boundary"):
        pz.Problem(HEAT, BOX, [sp.Eq(u.subs(t, 0), 1), pz.Boundary(u, 0, enforce="hard")])


def test_absolute_values_are_resolved_by_the_domain_or_stay_soft():
    data = [sp.Eq(u.subs(t, 1), sp.Abs(x1) + sp.Abs(x2))]
    assert x1 + x2 == pz.Problem(HEAT, BOX, data).ansatz.A
    assert pz.Problem(HEAT, pz.Box({x: (-1, 1), t: (0, 1)}), data).ansatz.hard == ()


REFUSED = {
    "wrong symbol": (lambda: pz.Problem(sp.Eq(u.diff(t), sp.Symbol("x1") * u), BOX), "x1"),
    "parameter": (lambda: pz.Problem(sp.Eq(u.diff(t), sp.Symbol("k", real=True) * u), BOX), "k"),
    "off the boundary": (lambda: pz.Problem(HEAT, BOX, [sp.Eq(u.subs(t, sp.Rational(1, 2)), 0)]), "off the boundary"),
    "condition everywhere": (lambda: pz.Problem(HEAT, BOX, [sp.Eq(u, 0)]), "everywhere"),
    "wrong equation": (lambda: pz.Problem(HEAT, BOX, exact=x1**2 * t), "does not satisfy the equation"),
    "wrong data": (lambda: pz.Problem(HEAT, BOX, [sp.Eq(u.subs(t, 0), x1**2)], exact=x1**2 + 2 * t + 1), "t = 0"),
    "unknown function": (lambda: CompiledProblem(pz.Problem(sp.Eq(u.diff(t), sp.zeta(u)), BOX)), "zeta"),
    "NaN in a source": (lambda: pz.Problem(sp.Eq(u.diff(t), sp.log(x1 - 2)), BOX), "NaN"),
    "NaN in data": (lambda: pz.Problem(HEAT, BOX, [sp.Eq(u.subs(t, 0), sp.sqrt(x1 - 2))]), "NaN"),
    "infinity": (lambda: pz.Problem(sp.Eq(u.diff(t), sp.oo), BOX), "infinity"),
    "true": (lambda: pz.Problem(sp.Eq(1, 1), BOX), "equation"),
    "two unknowns": (lambda: pz.Problem(sp.Eq(u.diff(t), sp.Function("w")(x1)), BOX), "2 unknown functions"),
    "not real": (lambda: pz.Problem(sp.Eq(sp.Function("u")(sp.Symbol("s")), 1), pz.Box({sp.Symbol("s"): (0, 1)})), "real"),
    "missing variable": (lambda: pz.Problem(HEAT, pz.Box({x: (0, 1)})), "lacks t"),
    "superfluous variable": (lambda: pz.Problem(POISSON, BOX), "t besides"),
    "shifted argument": (lambda: pz.Problem(sp.Eq(v, v.subs(x1, x1 + 1)), pz.Box({x: (0, 1)})), "u"),
    "exact of a wrong symbol": (lambda: pz.Problem(HEAT, BOX, exact=sp.Symbol("z")), "z"),
    "exact of a wrong shape": (lambda: pz.Problem(HEAT, BOX, exact=lambda p: p[:, :1]), "shape"),
    "exact against data": (lambda: pz.Problem(HEAT, BOX, [sp.Eq(u.subs(t, 0), x1)], exact=lambda p: 0 * p[:, 0]), "t = 0"),
    "not a list": (lambda: pz.Problem(HEAT, BOX, sp.Eq(u.subs(t, 0), 0)), "list"),
    "same name": (lambda: pz.Problem(HEAT, BOX, [sp.Eq(u.subs(t, 0), 0)] * 2), "name"),
    "boundary of space": (lambda: pz.Problem(POISSON, pz.Gaussian(x), [pz.Boundary(v, 0)]), "Boundary"),
    "ansatz": (lambda: pz.Problem(HEAT, BOX, ansatz=(1,)), "ansatz"),
    "ansatz without network": (lambda: pz.Problem(HEAT, BOX, ansatz=(x1, 0)), "B is zero"),
    "time": (lambda: pz.Problem(HEAT, BOX, time=sp.Symbol("s")), "time"),
    "domain": (lambda: pz.Problem(HEAT, (0, 1)), "domain"),
    "empty box": (lambda: pz.Box({x: (1, 1)}), "low"),
    "endless box": (lambda: pz.Box({x: (0, sp.oo)}), "finite"),
    "twice": (lambda: pz.Box({x: (0, 1), x1: (0, 1)}), "twice"),
    "overlap": (lambda: pz.Box({x: (0, 1)}) * pz.Ball(x), "x1"),
    "radius": (lambda: pz.Ball(x, radius=0), "radius"),
    "spread": (lambda: pz.Gaussian(x, std=-1), "std"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_contradictions_are_refused_with_a_sentence(name):
    declare, named = REFUSED[name]
    with pytest.raises(PinnzoError, match=named) as caught:
        declare()
    assert len(str(caught.value)) > 20


@pytest.mark.parametrize(
    ("domain", "inside"),
    [
        (pz.Box({x: (-1, 3), t: (0, 2)}), lambda p: (p[:, :2].abs() <= 3).all() and (p[:, 2] <= 2).all()),
        (pz.Ball(x, radius=2, center=(1, 0)), lambda p: ((p - torch.tensor([1.0, 0.0])).norm(dim=1) <= 2).all()),
    ],
)
def test_samples_lie_inside_and_fill_the_domain(domain, inside):
    points = domain.sample(4000, torch.Generator().manual_seed(0))
    assert inside(points)
    for column, (low, high) in zip(points.T, domain.scale(), strict=True):
        assert float(column.mean()) == pytest.approx((low + high) / 2, abs=0.05 * (high - low))


def test_ball_is_sampled_uniformly():
    radius = pz.Ball(pz.coordinates("x", 3)).sample(20000, torch.Generator().manual_seed(0)).norm(dim=1)
    assert float((radius < 0.5).double().mean()) == pytest.approx(1 / 8, abs=0.01)


@pytest.mark.parametrize("name", ["hjb", "poisson", "poisson-2d", "heat"])
def test_a_saved_problem_is_the_same_problem(name):
    problem = pz.problem(name)
    again = problem_from_json(json.loads(json.dumps(problem_to_json(problem))))
    assert again.equation == problem.equation
    assert (again.ansatz.A, again.ansatz.B, again.ansatz.hard) == (
        problem.ansatz.A,
        problem.ansatz.B,
        problem.ansatz.hard,
    )
    assert again.exact == problem.exact
    assert [c.name for c in again.ansatz.soft] == [c.name for c in problem.ansatz.soft]


@pytest.mark.parametrize(
    "tree", [["eval", "1"], ["Symbol"], ["Float", "__import__('os')", 53], ["Rational", "x", "1"], [], 5, ["Add", 3]]
)  # fmt: skip
def test_no_text_of_a_file_is_evaluated(tree):
    with pytest.raises(StorageError):
        expression_from_json(tree)


@pytest.mark.parametrize("dimension", [1, 2, 7, 100])
def test_bundled_problems_in_many_dimensions(dimension):
    assert pz.problem("hjb", dimension=dimension).dimension == dimension + 1
    if dimension < 100:
        assert pz.problem("poisson", dimension=dimension).dimension == dimension
        assert pz.problem("heat", dimension=dimension).dimension == dimension + 1
