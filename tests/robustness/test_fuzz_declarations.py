"""Random SymPy expressions as equations and data: refused with a sentence, or compiled to what SymPy computes."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp
import torch
from fuzzing import REFUSED, attempt, fuzz
from hypothesis import given
from hypothesis import strategies as st
from odd_values import ODD

import pinnzo as pz
from pinnzo.symbolic.calculus import Differentiator
from pinnzo.symbolic.compiler import CompiledProblem

x, t = sp.symbols("x t", real=True)
U = sp.Function("u")
u = U(x, t)
BOX = pz.Box({x: (0.2, 1), t: (0, 1)})
F = sp.sin(x + 2 * t) / 2 + x * t + 1
"""Stands in for the network."""

LEAVES = st.sampled_from(
    [u, u, u.diff(x), u.diff(t), u.diff(x, 2), u.diff(x, t), x, t, sp.Integer(2), sp.Rational(1, 3), sp.pi]
)
UNARY = [
    sp.sin,
    sp.cos,
    sp.exp,
    sp.tanh,
    sp.Abs,
    lambda a: a**2,
    lambda a: sp.sqrt(1 + a**2),
    lambda a: -a,
    sp.atan,
    sp.erf,
]
WILD = [
    sp.log, sp.sqrt, lambda a: 1 / a, sp.gamma, sp.zeta, sp.floor, sp.sign, sp.Heaviside, sp.DiracDelta, sp.asin, sp.besselj, sp.re,
    lambda a: a * sp.I, lambda a: a.subs(x, 0), lambda a: a.subs(t, x), lambda a: sp.Integral(a, (x, 0, 1)), lambda a: sp.Derivative(a, t),
    lambda a: pz.laplacian(a, (x, t)), lambda a: pz.gradient_norm_squared(a, (x,)), lambda a: a * sp.Symbol("k"), lambda a: a + sp.Function("w")(x),
    lambda a: sp.Piecewise((a, x > 0.5), (0, True)), lambda a: sp.Max(a, x), lambda a: a**a, lambda a: a * sp.nan, lambda a: a / 0, lambda a: a + sp.oo,
    lambda a: sp.Sum(a, (sp.Symbol("n"), 1, 3)), lambda a: sp.Eq(a, 0), lambda a: sp.Matrix([a]), lambda a: sp.Float("1e400") * a, sp.factorial,
    sp.LambertW, sp.Order, lambda a: sp.Limit(a, x, 0), lambda a: pz.divergence((a, a), (x, t)), lambda a: a.diff(x, 9), sp.conjugate,
]  # fmt: skip
BINARY = [lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a * b, lambda a, b: a / (2 + b**2), sp.Max]
tame = st.recursive(
    LEAVES,
    lambda inner: (
        st.builds(lambda f, a: f(a), st.sampled_from(UNARY), inner)
        | st.builds(lambda f, a, b: f(a, b), st.sampled_from(BINARY), inner, inner)
    ),
    max_leaves=5,
)


def by_sympy(expression, points):
    """The expression with F in place of u, by SymPy's own differentiation and printer."""
    whole = expression.replace(U, sp.Lambda((x, t), F)).doit()
    with np.errstate(all="ignore"):
        values = sp.lambdify((x, t), whole, ["scipy", "numpy"])(*points.numpy().T)
    # SciPy's Lambert function answers in complex numbers.
    return np.broadcast_to(np.asarray(np.real_if_close(values), dtype=float), (len(points),))


def by_pinnzo(compiled, points):
    calculus = Differentiator(F, (x, t))
    columns = [
        sp.lambdify((x, t), calculus.apply(row), ["scipy", "numpy"])(*points.numpy().T)
        for row in compiled.equation.rows[0]
    ]
    rows = torch.stack([torch.as_tensor(c, dtype=torch.float64).expand(len(points)) for c in columns], -1)[None]
    return compiled.equation.prepare([points]).residual([rows])[0].numpy()


def compile_equation(expression):
    return CompiledProblem(pz.Problem(sp.Eq(expression, 0, evaluate=False), BOX))


def compare(compiled, expression):
    points = BOX.sample(6, torch.Generator().manual_seed(1))
    np.testing.assert_allclose(by_pinnzo(compiled, points), by_sympy(expression, points), rtol=1e-8, atol=1e-8)


@fuzz(40)
@given(tame)
def test_equations_that_make_sense(expression):
    compiled = attempt("equations", expression, lambda: compile_equation(expression))
    if compiled is not REFUSED:
        compare(compiled, expression)


@fuzz(150)
@given(st.builds(lambda f, a: (f, a), st.sampled_from(range(len(WILD))), LEAVES | tame), st.booleans())
def test_equations_that_may_make_none(which, squared):
    operator, inside = which

    def declare():
        try:
            wild = WILD[operator](inside)
            wild = wild + u**2 if squared else wild
        except (TypeError, ValueError, AttributeError, NotImplementedError):
            # SymPy itself refuses to write it down.
            return None
        return wild, compile_equation(wild)

    answer = attempt("wild equations", (operator, inside, squared), declare)
    if answer is REFUSED or answer is None:
        return
    wild, compiled = answer
    if not wild.has(sp.Integral, sp.Sum, sp.Limit, sp.Heaviside, sp.DiracDelta):
        compare(compiled, wild)


CONDITIONS = st.builds(lambda f, a: (f, a), st.sampled_from([
    lambda a: sp.Eq(u.subs(t, 0), a, evaluate=False), lambda a: sp.Eq(u.subs(x, 0.2), a, evaluate=False), lambda a: pz.Boundary(u, a), lambda a: pz.Boundary(a, 0),
    lambda a: sp.Eq(u.subs(x, 1), u.subs(x, 0.2) + a, evaluate=False), lambda a: pz.Condition(sp.Eq(u.diff(x).subs(x, 1), a, evaluate=False)), lambda a: sp.Eq(a, 0, evaluate=False),
    lambda a: a, pz.Condition, lambda a: sp.Eq(u.subs(t, 0.5), a, evaluate=False), lambda a: sp.Eq(sp.sqrt(u.subs(t, 0)), a, evaluate=False),
]), tame | ODD | st.builds(lambda f, a: (f, a), st.sampled_from(range(len(WILD))), LEAVES))  # fmt: skip


@fuzz(150)
@given(CONDITIONS, st.booleans())
def test_conditions(condition, second):
    make, value = condition

    def declare():
        inside = value
        try:
            if (
                isinstance(value, tuple)
                and len(value) == 2
                and isinstance(value[0], int)
                and isinstance(value[1], sp.Basic)
            ):
                inside = WILD[value[0]](value[1])
            made = make(inside)
        except pz.PinnzoError:
            raise
        except Exception:
            # SymPy itself refuses to write it down.
            return None
        given = [made, pz.Boundary(u, 0, name="more", enforce="soft")] if second else [made]
        return CompiledProblem(pz.Problem(sp.Eq(u.diff(t), u.diff(x, 2)), BOX, given))

    answer = attempt("conditions", (make, value, second), declare)
    if isinstance(answer, CompiledProblem):
        points = BOX.sample(4, torch.Generator().manual_seed(1))
        assert np.isfinite(by_pinnzo(answer, points)).all()


PARTS = (
    "exact",
    "ansatz",
    "time",
    "name",
    "description",
    "features",
    "functions",
    "unknowns",
    "conditions",
    "domain",
    "equation",
)
HINTS = {
    "unknowns": st.sampled_from([sp.Symbol("k"), [sp.Symbol("k", real=True)], {sp.Symbol("k", positive=True): -1}, [x], {x: 1}]) | ODD,
    "exact": st.sampled_from([u, x, sp.exp(-t), {u: x}, [x, t], lambda p: p[:, 0], lambda p: p[:, 0] / 0, lambda p: None]) | ODD,
    "features": st.lists(st.sampled_from([x**2, u, sp.Symbol("k"), sp.log(x - 1), sp.I * x]) | ODD, max_size=2) | ODD,
    "ansatz": st.tuples(st.sampled_from([x, 0, u, sp.nan]) | ODD, st.sampled_from([1, 0, t, x - 5]) | ODD) | ODD,
}  # fmt: skip


@fuzz(120)
@given(st.lists(st.sampled_from(PARTS), min_size=1, max_size=2, unique=True).flatmap(
    lambda names: st.fixed_dictionaries({name: HINTS.get(name, ODD) for name in names})
))  # fmt: skip
def test_parts_of_problems(odd):
    whole = {"equation": sp.Eq(u.diff(t), u.diff(x, 2)), "domain": BOX, "conditions": [sp.Eq(u.subs(t, 0), x)], **odd}
    answer = attempt("parts of problems", odd, lambda: CompiledProblem(pz.Problem(**whole)))
    if answer is not REFUSED:
        assert np.isfinite(by_pinnzo(answer, BOX.sample(4, torch.Generator().manual_seed(1)))).all()


OPERATORS = (pz.laplacian, pz.gradient, pz.gradient_norm_squared, pz.divergence, pz.normal_derivative, pz.coordinates)


@pytest.mark.parametrize("operator", OPERATORS, ids=lambda o: o.__name__)
def test_operators(operator):
    @fuzz(30)
    @given(st.sampled_from([u, x, (u, u), "x"]) | ODD, st.sampled_from([x, (x, t), BOX, pz.Ball((x, t)), 2]) | ODD)
    def check(first, second):
        answer = attempt("operators", (operator.__name__, first, second), lambda: operator(first, second))
        assert answer is REFUSED or isinstance(answer, sp.Basic | tuple | sp.MatrixBase)

    check()
