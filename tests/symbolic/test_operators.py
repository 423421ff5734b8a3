import pickle

import pytest
import sympy as sp

from pinnzo.errors import DeclarationError, SettingError
from pinnzo.symbolic import coordinates, divergence, gradient, gradient_norm_squared, laplacian

x = coordinates("x", 3)
t = sp.Symbol("t", real=True)
u = sp.Function("u")(*x, t)
SMOOTH = sp.sin(x[0]) * sp.exp(x[1] * t) + x[2] ** 3


@pytest.mark.parametrize("bad", [0, -1, 1.5, True, "3"])
def test_coordinates_need_a_count(bad):
    with pytest.raises(SettingError, match="count"):
        coordinates("x", bad)


def test_coordinates_are_real_and_reusable():
    assert all(s.is_real for s in x)
    assert coordinates("x", 3) == x


def test_operators_stay_unevaluated_until_doit():
    for operator in (laplacian, gradient_norm_squared):
        node = operator(u, x)
        assert not node.has(sp.Derivative)
        assert node.doit().has(sp.Derivative)


def test_doit_of_a_known_function():
    assert laplacian(SMOOTH, x).doit() == SMOOTH.diff(x[0], 2) + SMOOTH.diff(x[1], 2) + SMOOTH.diff(x[2], 2)
    assert sp.expand(gradient_norm_squared(SMOOTH, x).doit() - sum(SMOOTH.diff(s) ** 2 for s in x)) == 0
    assert gradient(SMOOTH, x).doit() == sp.Matrix([SMOOTH.diff(s) for s in x])
    assert sp.expand(divergence(gradient(SMOOTH, x), x).doit() - laplacian(SMOOTH, x).doit()) == 0


def test_they_combine_and_compare_like_expressions():
    assert laplacian(u, x) == laplacian(u, x)
    assert hash(laplacian(u, x)) == hash(laplacian(u, x))
    assert laplacian(u, x) + laplacian(u, x) == 2 * laplacian(u, x)
    assert laplacian(u, x) != laplacian(u, x[:2])
    assert pickle.loads(pickle.dumps(laplacian(SMOOTH, x))) == laplacian(SMOOTH, x)


def test_printing():
    plain = sp.Function("u")(*x[:2])
    assert str(laplacian(plain, x[:2])) == "laplacian(u(x1, x2), (x1, x2))"
    assert sp.latex(laplacian(plain, x[:2])).startswith(r"\Delta u")
    assert r"\nabla" in sp.latex(gradient_norm_squared(plain, x[:2]) ** 2)
    assert r"\nabla \cdot" in sp.latex(divergence(x[0] * gradient(plain, x[:2]), x[:2]))


def test_substitution_of_another_variable_reaches_inside():
    assert laplacian(u, x).subs(t, 1) == laplacian(u.subs(t, 1), x)


def test_substitution_of_an_own_coordinate_waits_for_the_derivative():
    node = laplacian(SMOOTH, x).subs(x[2], 2)
    assert sp.expand(node.doit() - laplacian(SMOOTH, x).doit().subs(x[2], 2)) == 0


@pytest.mark.parametrize("operator", [laplacian, gradient_norm_squared])
def test_derivative_of_an_operator(operator):
    derivative = operator(SMOOTH, x).diff(t).doit()
    assert sp.expand(derivative - operator(SMOOTH, x).doit().diff(t)) == 0


def test_replacing_the_function_inside():
    assert sp.expand(laplacian(u, x).subs(u, SMOOTH).doit() - laplacian(SMOOTH, x).doit()) == 0


def test_divergence_of_lists_and_matrices():
    field = [x[1] * SMOOTH, SMOOTH**2, x[0]]
    wanted = sum(f.diff(s) for f, s in zip(field, x, strict=True))
    assert sp.expand(divergence(field, x).doit() - wanted) == 0
    assert sp.expand(divergence(sp.Matrix(field), x).doit() - wanted) == 0
    A = sp.Matrix([[2, 1, 0], [1, 3, 0], [0, 0, 1]])
    explicit = sum((A * sp.Matrix([SMOOTH.diff(s) for s in x]))[i].diff(x[i]) for i in range(3))
    assert sp.expand(divergence(A * gradient(SMOOTH, x), x).doit() - explicit) == 0


@pytest.mark.parametrize("bad", [(), (x[0], x[0]), (1,), "x"])
def test_coordinates_of_operators_are_checked(bad):
    with pytest.raises(DeclarationError, match=r"laplacian"):
        laplacian(u, bad)


def test_divergence_needs_one_component_for_each_coordinate():
    with pytest.raises(DeclarationError, match="component"):
        divergence([u, u], x)


def test_substituting_one_coordinate_for_another_waits_too():
    node = laplacian(SMOOTH, x[:2]).subs(x[0], x[1])
    assert sp.expand(node.doit() - laplacian(SMOOTH, x[:2]).doit().subs(x[0], x[1])) == 0
    assert laplacian(u, x).subs(x[0], sp.Symbol("z", real=True)).coordinates[0].name == "z"


def test_gradients_stay_unevaluated_in_products():
    g = gradient(u, x)
    for product in (2 * g, g * x[0], -g, g / 3, sp.eye(3) * g, sp.Matrix([[1, 2, 3]]) * g):
        assert product.has(type(g))
    assert (2 * g).doit() == 2 * g.doit()
    assert (g / 3).doit() == g.doit() / 3
    assert (-g).doit() == -g.doit()


def test_gradients_differentiate_and_substitute():
    g = gradient(SMOOTH, x)
    assert g.diff(t).doit() == g.doit().diff(t)
    assert g.diff(x[0]).doit() == g.doit().diff(x[0])
    assert g.subs(t, 1).doit() == g.doit().subs(t, 1)
    assert g.subs(x[0], 2).doit() == g.doit().subs(x[0], 2)
    assert g.shape == (3, 1)
    assert g.as_explicit().doit() == g.doit()


def test_algebra():
    node, square = laplacian(u, x), gradient_norm_squared(u, x)
    assert node.is_commutative
    assert node * square == square * node
    assert sp.expand((node + 1) ** 2) == node**2 + 2 * node + 1
    assert sp.collect(x[0] * node + 2 * node, node) == (x[0] + 2) * node
    assert sp.solve(sp.Eq(node + x[0], 0), node) == [-x[0]]
    assert node.func(*node.args) == node
    assert node.xreplace({u: SMOOTH}) == laplacian(SMOOTH, x)
    assert node.replace(u, SMOOTH) == laplacian(SMOOTH, x)
    assert node.free_symbols == {*x, t}


@pytest.mark.parametrize("printer", [str, sp.latex, sp.pretty, sp.srepr, sp.mathml], ids=lambda p: p.__name__)
def test_every_printer_prints_them(printer):
    g = gradient(u, x)
    for node in (laplacian(u, x) ** 2, gradient_norm_squared(u + t, x) ** 3, divergence(x[0] * g, x), 2 * g):
        assert printer(node)
        assert printer(sp.Eq(node, 0)) if not node.is_Matrix else True


def test_latex_keeps_operands_together():
    v = sp.Function("u")(x[0])
    assert sp.latex(laplacian(v, x[0])) == r"\Delta u{\left(x_{1} \right)}"
    assert sp.latex(laplacian(v + t, x[0])).startswith(r"\Delta \left(")
    assert sp.latex(gradient(t * v, x[0])).startswith(r"\nabla \left(")
    # A superscript upon a superscript is an error in LaTeX.
    assert "^2^" not in sp.latex(gradient_norm_squared(v, x[0]) ** 2)
