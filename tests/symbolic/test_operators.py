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
