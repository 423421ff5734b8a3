"""Systems: several equations in several unknown functions, against SymPy's own substitution."""

import pytest
import sympy as sp
import torch

import pinnzo as pz
from pinnzo.errors import DeclarationError, PinnzoError, SettingError, ShapeError
from pinnzo.symbolic.calculus import Differentiator
from pinnzo.symbolic.compiler import CompiledProblem
from pinnzo.symbolic.serialise import problem_from_json, problem_to_json

x, y, t = sp.symbols("x y t", real=True)
u, v, p = (sp.Function(name)(x, y) for name in "uvp")
BOX = pz.Box({x: (0, 1), y: (0, 2)})
FLOW = [
    sp.Eq(u * u.diff(x) + v * u.diff(y) + p.diff(x), pz.laplacian(u, (x, y)) / 7),
    sp.Eq(u * v.diff(x) + v * v.diff(y) + p.diff(y), pz.laplacian(v, (x, y)) / 7 + sp.sin(x * y)),
    sp.Eq(u.diff(x) + v.diff(y), pz.gradient_norm_squared(p, (x, y)) - u.diff(x, y)),
]
PARTS = {u: (x * y, 1 + x), v: (sp.cos(y), sp.Integer(2)), p: (sp.Integer(0), sp.exp(-x))}
NETWORK = [sp.sin(x + 2 * y), x**2 * y, sp.exp(x - y)]


def flow(**more):
    return pz.Problem(FLOW, BOX, ansatz=PARTS, **more)


def exact_rows(rows, functions, points):
    """Rows of known functions, by SymPy: (C, P, R)."""
    table = []
    for f in functions:
        calculus = Differentiator(f, (x, y))
        columns = [sp.lambdify((x, y), calculus.apply(row), "numpy")(*points.numpy().T) for row in rows]
        table.append(torch.stack([torch.as_tensor(c, dtype=torch.float64).expand(len(points)) for c in columns], -1))
    return torch.stack(table)


def by_substitution(equation, solutions, points):
    whole = equation.lhs - equation.rhs
    for unknown, solution in solutions.items():
        whole = whole.replace(unknown.func, sp.Lambda((x, y), solution))
    values = sp.lambdify((x, y), whole.doit(), "numpy")(*points.numpy().T)
    return torch.as_tensor(values, dtype=torch.float64).expand(len(points))


@pytest.mark.parametrize("order", [(u, v, p), (p, u, v)])
@pytest.mark.parametrize("estimate", ["network", "solution"])
def test_residuals_are_those_that_sympy_substitutes(order, estimate):
    problem = flow(functions=order)
    compiled = CompiledProblem(problem, estimate)
    points = problem.sampler.interior(9, torch.Generator().manual_seed(0))
    solutions = {w: PARTS[w][0] + PARTS[w][1] * f for w, f in zip(order, NETWORK, strict=True)}
    given = NETWORK if estimate == "network" else list(solutions.values())
    rows = exact_rows(compiled.equation.rows[0], given, points)
    # Two networks: the second one's outputs are twice those of the first.
    both = torch.cat([rows, rows * 2])
    found = compiled.equation.prepare([points]).residual([both])
    assert found.shape == (2, 9 * 3)
    wanted = torch.stack([by_substitution(e, solutions, points) for e in FLOW], dim=1)
    torch.testing.assert_close(found[0].reshape(9, 3), wanted, rtol=1e-12, atol=1e-12)
    assert not torch.allclose(found[1], found[0])


def test_equations_share_the_rows_that_they_have_in_common():
    compiled = CompiledProblem(flow())
    (rows,) = compiled.equation.rows
    assert len(rows) == len(set(rows))
    # f, f_x, f_y, f_xx, f_yy, f_xy in all combinations that A and B need: no more than the derivatives up to order 2.
    assert {max((sum(m for _, m in index) for index, _ in row.terms), default=0) for row in rows} <= {0, 1, 2}


def test_functions_come_in_the_order_of_their_names_or_in_the_given_one():
    assert pz.Problem(FLOW, BOX, ansatz=PARTS).functions == (p, u, v)
    problem = flow(functions=[u, v, p])
    assert problem.functions == (u, v, p)
    assert [problem.component(w) for w in (v, v.func, "v")] == [1, 1, 1]
    with pytest.raises(SettingError, match="not one of the unknown functions"):
        problem.component("w")


def test_each_unknown_has_an_ansatz_of_its_own():
    data = [pz.Boundary(u, 1), sp.Eq(v.subs(x, 0), sp.sin(y)), sp.Eq(p.diff(x).subs(x, 1), 0)]
    problem = pz.Problem(FLOW, BOX, data, functions=[u, v, p])
    assert problem.ansatz.hard == ("u at boundary", "v at x = 0")
    assert [c.name for c in problem.ansatz.soft] == ["p at x = 1"]
    (A, B), (second, factor), (third, one) = problem.ansatz.parts
    assert (A, second, third, one) == (1, sp.sin(y), 0, 1)
    assert B.subs(x, 0) == B.subs(y, 2) == factor.subs(x, 0) == 0
    assert factor.subs(x, 1) != 0


def test_an_ansatz_for_one_unknown_leaves_the_others_to_the_conditions():
    problem = pz.Problem(FLOW, BOX, [pz.Boundary(u, 1), sp.Eq(p.subs(x, 0), 3)], ansatz={p: (3, x)})
    assert problem.ansatz.hard == ("p at x = 0", "u at boundary")
    assert problem.ansatz.parts[0] == (3, x)


def test_the_same_condition_on_two_unknowns_is_not_the_same_condition():
    problem = pz.Problem(FLOW, BOX, [sp.Eq(w.subs(x, 0), 0) for w in (u, v, p)])
    assert problem.ansatz.hard == ("p at x = 0", "u at x = 0", "v at x = 0")
    with pytest.raises(DeclarationError, match="same thing"):
        pz.Problem(FLOW, BOX, [sp.Eq(u.subs(x, 0), 0), sp.Eq(u.subs(x, 0), 1)])


def test_a_condition_on_several_unknowns_is_soft():
    problem = pz.Problem(FLOW, BOX, [sp.Eq(u.subs(x, 0) + v.subs(x, 0), 1)])
    (condition,) = problem.ansatz.soft
    assert condition.name == "u, v at x = 0"
    compiled = CompiledProblem(problem)
    points = problem.sampler.condition(condition, 5, torch.Generator().manual_seed(0))
    rows = exact_rows(compiled.conditions[0].rows[0], NETWORK, points[0])
    found = compiled.conditions[0].prepare(points).residual([rows])
    # Alphabetical: p, u, v.
    wanted = sum(sp.lambdify((x, y), NETWORK[i], "numpy")(*points[0].numpy().T) for i in (1, 2)) - 1
    torch.testing.assert_close(found[0], torch.as_tensor(wanted))


def periodic(w, order=0):
    left, right = w.diff(x, order), w.diff(x, order)
    return pz.Condition(sp.Eq(left.subs(x, 0), right.subs(x, 1)), name=f"{w.func} {order}")


def test_a_system_is_periodic_where_all_its_unknowns_are():
    a, b = sp.Function("a")(x, t), sp.Function("b")(x, t)
    box = pz.Box({x: (0, 1), t: (0, 1)})
    system = [sp.Eq(a.diff(t), b.diff(x, 2)), sp.Eq(b.diff(t), -a.diff(x, 2))]
    start = [sp.Eq(w.subs(t, 0), sp.sin(2 * sp.pi * x)) for w in (a, b)]
    ends = [periodic(w, order) for w in (a, b) for order in (0, 1)]
    whole = pz.Problem(system, box, [*start, *ends])
    assert whole.ansatz.periods == ((0, 0.0, 1.0),)
    assert whole.ansatz.soft == ()
    part = pz.Problem(system, box, [*start, *ends[:3]])
    assert part.ansatz.periods == ()
    assert [c.name for c in part.ansatz.soft] == ["a 0", "a 1", "b 0"]


a, b = sp.Function("a")(x), sp.Function("b")(x)
LINE, PAIR = pz.Box({x: (0, 1)}), [sp.Eq(a.diff(x), b), sp.Eq(b.diff(x), -a)]
START = [sp.Eq(a.subs(x, 0), 0), sp.Eq(b.subs(x, 0), 1)]
SOLUTIONS = {
    "list": [sp.sin(x), sp.cos(x)],
    "mapping": {b: sp.cos(x), a: sp.sin(x)},
    "function": lambda points: torch.cat([points.sin(), points.cos()], dim=1),
    "functions": [lambda points: points[:, 0].sin(), lambda points: points[:, 0].cos()],
    "both": {a: sp.sin(x), b: lambda points: points[:, 0].cos()},
}


@pytest.mark.parametrize("form", SOLUTIONS)
def test_exact_solutions_of_a_system(form):
    problem = pz.Problem(PAIR, LINE, START, exact=SOLUTIONS[form])
    points = torch.linspace(0, 1, 4, dtype=torch.float64)[:, None]
    torch.testing.assert_close(problem.exact_values(points), torch.cat([points.sin(), points.cos()], dim=1))


MISTAKES = {
    "wrong for the second equation": ([sp.sin(x), sp.cos(x) + x], "equation 1|equation 2"),
    "wrong start": ([sp.sin(x + 1), sp.cos(x + 1)], "the condition 'a at x = 0'"),
    "function that is wrong": (lambda points: torch.cat([points.sin(), 1 + points], dim=1), "equation 1: by finite"),
    "one for two": (sp.sin(x), "an expression for each of"),
    "three for two": ([x, x, x], "exact has 3 entries"),
    "half": ({a: sp.sin(x)}, r"exact says nothing of b\(x\)"),
    "of another": ({a: sp.sin(x), b: sp.cos(x), p: x}, r"exact names p\(x, y\)"),
    "one column": (lambda points: points[:, 0], r"return 2 values for each point, shape \(128, 2\)"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_wrong_solutions_of_a_system(name):
    exact, named = MISTAKES[name]
    with pytest.raises((DeclarationError, ShapeError), match=named):
        pz.Problem(PAIR, LINE, START, exact=exact)


c = sp.Function("c")(x, y)
BAD_SYSTEMS = {
    "fewer equations than unknowns": (lambda: pz.Problem([*PAIR[:1]], LINE), "2 unknown functions.*a list of 2 equations"),
    "two equations for three": (lambda: pz.Problem(FLOW[:2], BOX), "3 unknown functions.*a list of 3 equations"),
    "no equation": (lambda: pz.Problem([], LINE), "empty list"),
    "different variables": (lambda: pz.Problem([PAIR[0], sp.Eq(c.diff(y), b)], BOX), "different variables"),
    "no list of functions": (lambda: pz.Problem(PAIR, LINE, functions=[a]), "name each of them once"),
    "foreign function": (lambda: pz.Problem(PAIR, LINE, functions=[a, c]), "name each of them once"),
    "ansatz of one for two": (lambda: pz.Problem(PAIR, LINE, ansatz=(0, x)), "a mapping from some of"),
    "ansatz of another": (lambda: pz.Problem(PAIR, LINE, ansatz={c: (0, x)}), "a mapping from some of"),
    "unknown in a condition": (lambda: pz.Problem(PAIR, LINE, [sp.Eq(c.subs(x, 0), 0)]), "c, which is not the unknown"),
    "second equation at a constant": (lambda: pz.Problem([PAIR[0], sp.Eq(b.subs(x, 0), a)], LINE), "that is a condition"),
    "second equation without meaning": (lambda: pz.Problem([*PAIR, sp.Eq(a - a, x)], LINE), "trivially|nothing|cancels"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_SYSTEMS)
def test_systems_that_cannot_be_meant(name):
    declare, named = BAD_SYSTEMS[name]
    with pytest.raises(PinnzoError, match=named):
        declare()


def test_more_equations_than_unknowns_are_allowed():
    problem = pz.Problem([*PAIR, sp.Eq(a**2 + b**2, 1)], LINE, START, exact=[sp.sin(x), sp.cos(x)])
    assert CompiledProblem(problem).equation.count == 3


def test_systems_survive_being_written_to_json():
    problem = pz.Problem(
        FLOW, BOX, [pz.Boundary(u, 1), sp.Eq(p.subs(x, 0), 3)], ansatz={p: (3, x)}, functions=[u, v, p]
    )
    again = problem_from_json(problem_to_json(problem))
    assert again.equations == problem.equations
    assert again.functions == problem.functions
    assert again.ansatz.parts == problem.ansatz.parts
    assert again.ansatz.hard == problem.ansatz.hard
    solved = problem_from_json(problem_to_json(pz.Problem(PAIR, LINE, START, exact=SOLUTIONS["mapping"])))
    assert solved.exact == (sp.sin(x), sp.cos(x))
    given = pz.Problem(PAIR, LINE, START, exact=SOLUTIONS["both"])
    assert problem_from_json(problem_to_json(given)).exact is None


def test_a_system_is_shown_as_one():
    assert r"\begin{aligned}" in pz.Problem(PAIR, LINE)._repr_latex_()
    assert "parts=" in repr(pz.Problem(PAIR, LINE).ansatz)
