import pytest
import sympy as sp

from pinnzo.errors import DeclarationError
from pinnzo.multiindex import LinearOperator
from pinnzo.symbolic import coordinates, divergence, gradient, gradient_norm_squared, laplacian
from pinnzo.symbolic.lowering import Quantity, lower

x = coordinates("x", 3)
t = sp.Symbol("t", real=True)
u = sp.Function("u")(*x, t)
LAPLACIAN = LinearOperator.laplacian(range(3))
GRADIENT = tuple(LinearOperator.derivative(((i, 1),)) for i in range(3))
VALUE = LinearOperator.derivative(())


def meaning(expression):
    """The lowered expression as a function of its quantities, independent of the order of the symbols."""
    lowered = lower(expression, u)
    names = {
        s: sp.Symbol(f"Q({q.place}, {q.operators}, {q.squared})", real=True) for s, q in lowered.quantities.items()
    }
    return lowered.expression.xreplace(names)


def quantities(expression):
    return set(lower(expression, u).quantities.values())


SAME = [
    (laplacian(u, x), sum(u.diff(s, 2) for s in x)),
    (gradient_norm_squared(u, x), sum(u.diff(s) ** 2 for s in x)),
    (divergence(gradient(u, x), x), laplacian(u, x)),
    (divergence(3 * gradient(u, x), x), 3 * laplacian(u, x)),
    (laplacian(laplacian(u, x), x), sum(u.diff(s, 2, r, 2) for s in x for r in x)),
    (u.diff(t) + laplacian(u, x) - gradient_norm_squared(u, x) / 20, u.diff(t) + sum(u.diff(s, 2) - u.diff(s) ** 2 / 20 for s in x)),
    (sp.Derivative(u**2, x[0]), 2 * u * u.diff(x[0])),
    (divergence((1 + x[0] ** 2) * gradient(u, x), x), (1 + x[0] ** 2) * laplacian(u, x) + 2 * x[0] * u.diff(x[0])),
    ((sp.Matrix([[1, 2, 3]]) * gradient(u, x))[0], u.diff(x[0]) + 2 * u.diff(x[1]) + 3 * u.diff(x[2])),
    (gradient(u, x)[1, 0], u.diff(x[1])),
    (sp.Sum(sp.Symbol("k") * u, (sp.Symbol("k"), 1, 3)), 6 * u),
    (laplacian(x[0] * u, x).doit(), x[0] * laplacian(u, x) + 2 * u.diff(x[0])),
    (laplacian(x[0] * u, x), x[0] * laplacian(u, x) + 2 * u.diff(x[0])),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), SAME, ids=lambda e: str(e)[:40])
def test_two_ways_of_writing_are_the_same(one, other):
    assert sp.expand(meaning(one) - meaning(other)) == 0


def test_linear_terms_with_numbers_become_one_quantity():
    heat = u.diff(t) - sp.pi * laplacian(u, x) + 3 * u
    terms = [(((3, 1),), 1.0), ((), 3.0), *((((i, 2),), -float(sp.pi)) for i in range(3))]
    assert quantities(heat) == {Quantity((), (LinearOperator.from_terms(terms),))}


def test_terms_with_a_common_variable_coefficient_become_one_quantity():
    lowered = lower(x[0] * u.diff(x[0], 2) + x[0] * u.diff(x[1], 2) + sp.sin(t) * u, u)
    operators = {q.operators[0] for q in lowered.quantities.values()}
    assert operators == {LinearOperator.laplacian(range(2)), VALUE}


def test_squared_gradient_inside_a_function():
    surface = sp.sqrt(1 + gradient_norm_squared(u, x))
    written_out = sp.sqrt(1 + sum(u.diff(s) ** 2 for s in x))
    assert quantities(surface) == quantities(written_out) == {Quantity((), GRADIENT, squared=True)}


def test_values_at_a_place():
    lowered = lower(u.subs(x[0], 0) - u.subs(x[0], 1), u)
    assert lowered.places in ((((0, 1),), ((0, 0),)), (((0, 0),), ((0, 1),)))
    neumann = lower(u.diff(x[1]).subs(x[1], 0) - t, u)
    assert set(neumann.quantities.values()) == {
        Quantity(((1, sp.Integer(0)),), (LinearOperator.derivative(((1, 1),)),))
    }
    tangential = lower(laplacian(u, x).subs(t, 1), u)
    assert set(tangential.quantities.values()) == {Quantity(((3, sp.Integer(1)),), (LAPLACIAN,))}


def test_derivatives_that_cancel_leave_no_quantity():
    assert quantities(u.diff(t) - u.diff(t) + x[0]) == set()


def test_known_operators_without_the_unknown_are_evaluated():
    assert sp.expand(meaning(laplacian(x[0] ** 2, x) + u) - meaning(u + 2)) == 0


@pytest.mark.parametrize(
    "expression",
    [
        sp.Function("u")(x[0] + 1, x[1], x[2], t),
        sp.Function("u")(x[1], x[0], x[2], t),
        sp.Function("u")(x[0], t),
        u.subs(x[0], 0).diff(x[1]) + sp.Derivative(u.subs(x[0], 0), x[0], evaluate=False),
        sp.Integral(u, x[0]),
    ],
    ids=str,
)  # fmt: skip
def test_what_has_no_derivative_form_is_refused(expression):
    with pytest.raises(DeclarationError):
        lower(expression, u)


def test_hundred_variables_written_out_are_fast():
    import time

    many = coordinates("x", 100)
    v = sp.Function("u")(*many, t)
    expression = v.diff(t) + sum(v.diff(s, 2) for s in many) - sum(v.diff(s) ** 2 for s in many) / 100
    start = time.process_time()
    lowered = lower(expression, v)
    assert time.process_time() - start < 2
    assert len(lowered.quantities) == 2
