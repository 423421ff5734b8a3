"""Unknown coefficients of equations and conditions: how they are declared, compiled and checked."""

import math

import pytest
import sympy as sp
import torch

import pinnzo as pz
from pinnzo.errors import PinnzoError
from pinnzo.symbolic.coefficients import Coefficients
from pinnzo.symbolic.compiler import CompiledProblem
from pinnzo.symbolic.serialise import problem_from_json, problem_to_json

x, t, c = sp.symbols("x t c", real=True)
k = sp.Symbol("k", positive=True)
u = sp.Function("u")(x, t)
BOX = pz.Box({x: (0, 1), t: (0, 1)})
HEAT = sp.Eq(u.diff(t), k * u.diff(x, 2) + c * u.diff(x) ** 2)
MEASURED = pz.Data(u, [[0.5, 0.5], [0.25, 0.75]], [1.0, 2.0])


def heat(*conditions, equation=HEAT, unknowns=(k, c), **more):
    return pz.Problem(equation, BOX, [MEASURED, *conditions], unknowns=unknowns, **more)


def test_guesses():
    assert heat().unknowns == {k: 1.0, c: 1.0}
    assert heat(unknowns={k: 0.5, c: 0}).unknowns == {k: 0.5, c: 0.0}


def test_coefficients_begin_at_their_guesses_and_keep_their_sign():
    found = Coefficients({k: 0.5, c: -2.0, sp.Symbol("d", real=True): 0.0})
    first, second, third = found.values(torch.tensor([[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]], dtype=torch.float64))
    assert first.T.tolist()[0] == pytest.approx([0.5, 0.5 * math.e])
    assert second.T.tolist()[0] == [-2.0, 0.0]
    assert third.T.tolist()[0] == [0.0, 1.0]
    assert (Coefficients({k: 1.0}).values(torch.tensor([[-50.0]]))[0] > 0).all()


def test_the_residual_depends_on_coefficients_as_the_equation_says():
    compiled = CompiledProblem(heat())
    points = compiled.problem.sampler.interior(5, torch.Generator().manual_seed(0))
    rows = torch.rand(2, 5, len(compiled.equation.rows[0]), generator=torch.Generator().manual_seed(1)).double()
    values = {op.terms[0][0]: rows[..., i] for i, op in enumerate(compiled.equation.rows[0])}
    numbers = [torch.tensor([[0.3], [0.7]]).double(), torch.tensor([[-1.0], [2.0]]).double()]
    found = compiled.equation.prepare([points]).residual([rows], numbers)
    wanted = values[((1, 1),)] - numbers[0] * values[((0, 2),)] - numbers[1] * values[((0, 1),)] ** 2
    torch.testing.assert_close(found, wanted)


def test_a_condition_with_an_unknown_coefficient_is_soft():
    robin = sp.Eq(u.diff(x).subs(x, 1) + c * u.subs(x, 1), 0)
    problem = heat(sp.Eq(u.subs(x, 0), c), robin, pz.Condition(sp.Eq(u.subs(t, 0), x)))
    assert problem.ansatz.hard == ("t = 0",)
    assert [s.name for s in problem.ansatz.soft] == ["measurements", "x = 0", "x = 1"]
    assert c in problem.ansatz.soft[1].lowered.expression.free_symbols
    boundary = heat(pz.Boundary(u, c))
    assert [s.name for s in boundary.ansatz.soft] == ["measurements", "boundary"]


EXACT = {u: sp.exp(-(sp.pi**2) * t / 5) * sp.sin(sp.pi * x), k: sp.Rational(1, 5), c: 0}


def test_an_exact_solution_is_checked_with_the_true_coefficients():
    problem = heat(exact=EXACT)
    assert problem.exact_unknowns == {k: 0.2, c: 0.0}
    with pytest.raises(PinnzoError, match="does not satisfy the equation"):
        heat(exact={**EXACT, k: 0.3})
    with pytest.raises(PinnzoError, match="does not satisfy the equation"):
        heat(exact={**EXACT, c: 0.1})


def test_they_survive_being_written_to_json():
    problem = heat(sp.Eq(u.subs(x, 0), 0), unknowns={k: 0.5, c: 0}, exact=EXACT)
    again = problem_from_json(problem_to_json(problem))
    assert again.unknowns == problem.unknowns
    assert next(iter(again.unknowns)).is_positive
    assert again.exact_unknowns == problem.exact_unknowns
    assert again.exact == problem.exact


BAD = {
    "no data": (lambda: pz.Problem(HEAT, BOX, unknowns=[k, c]), "nothing was measured"),
    "not declared": (lambda: heat(unknowns=[k]), "c, which is not a variable.*declare it as one of the unknowns"),
    "idle": (lambda: heat(unknowns=[k, c, sp.Symbol("d", real=True)]), "d occurs in no equation and no condition"),
    "a variable": (lambda: heat(unknowns=[k, x]), "x, which is a variable"),
    "complex": (lambda: heat(equation=sp.Eq(u.diff(t), sp.Symbol("z") * u), unknowns=[sp.Symbol("z")]), "not declared real"),
    "no symbols": (lambda: heat(unknowns=["k"]), "SymPy symbols"),
    "one symbol": (lambda: heat(unknowns=k), "a list of symbols"),
    "text": (lambda: heat(unknowns="k"), "a list of symbols"),
    "guess below zero": (lambda: heat(unknowns={k: -1, c: 1}), "greater than 0"),
    "guess in words": (lambda: heat(unknowns={k: "a", c: 1}), "greater than 0"),
    "guess without end": (lambda: heat(unknowns={k: 1, c: math.inf}), "finite"),
    "exact without coefficient": (lambda: heat(exact=sp.sin(x)), r"exact says nothing of c, k: give a mapping"),
    "exact with half of them": (lambda: heat(exact={u: x, k: 1}), "exact says nothing of c"),
    "exact with a formula for one": (lambda: heat(exact={u: x, k: x, c: 0}), "exact k contains x"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_mistakes(name):
    declare, named = BAD[name]
    with pytest.raises(PinnzoError, match=named):
        declare()
