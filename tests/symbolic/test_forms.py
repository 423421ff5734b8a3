"""Many ways to write an equation, each against SymPy's own substitution of u = A + B f."""

import pytest
import sympy as sp
import torch
from test_compiler import FUNCTIONS, A, B, by_substitution, check, exact_rows, t, u, x, x1, x2

from pinnzo.symbolic import Box, Problem, divergence, gradient, gradient_norm_squared, laplacian
from pinnzo.symbolic.compiler import CompiledProblem

k = sp.Symbol("k", integer=True)
K = sp.Matrix([[1 + x1**2, x2], [0, 2]])
b = sp.Matrix([x2, -x1])
half, third = sp.Rational(1, 2), sp.Rational(1, 3)
squared = gradient_norm_squared(u, x)

FORMS = {
    "sum": sp.Sum(k * u.diff(x1), (k, 1, 3)) - u,
    "sum of powers": sp.Sum(u**k / k, (k, 1, 3)) - u.diff(t),
    "sum of sources": sp.Sum(sp.sin(k * x1), (k, 1, 3)) - u,
    "product": sp.Product(u + k, (k, 1, 2)) - u.diff(t),
    "integral of a source": u.diff(t) - sp.Integral(sp.cos(k), (k, 0, x1)),
    "numbers": 0.1 * u.diff(t) + sp.Float("0.3", 30) * u.diff(x1) - sp.pi * u + sp.E * u.diff(x2) + sp.sqrt(2) * u**2,
    "unevaluated derivative": sp.Derivative(u, x1, t, x1, evaluate=False) - sp.Derivative(u * x1, x1),
    "nested derivative": sp.Derivative(sp.Derivative(u**2, x1), t),
    "conservation law": sp.Derivative(x1 * u * u.diff(x1), x1),
    "Laplacian of a square": laplacian(u**2, x),
    "Laplacian of a squared gradient": laplacian(squared, x),
    "squared gradient of a Laplacian": gradient_norm_squared(laplacian(u, x), x),
    "squared gradient of a product": gradient_norm_squared(x1 * u, x),
    "partial operators": gradient_norm_squared(u, x1) + laplacian(u, (x1, t)),
    "derivatives of operators": squared.diff(x1) + laplacian(u, x).diff(t),
    "affine inside": laplacian(3 * u + x1**2, x) + laplacian(x1**2 * x2, x) * u,
    "porous medium": divergence(u**2 * gradient(u, x) / 3, x),
    "anisotropic": divergence(K * gradient(u, x), x),
    "anisotropic with drift": divergence(K.as_immutable() * gradient(u, x) + b * u, x),
    "field as a list": divergence([x1 * u, u.diff(x2)], x),
    "p-Laplacian": divergence(squared * gradient(u, x), x),
    "mean curvature": divergence(gradient(u, x) / sp.sqrt(1 + squared), x),
    "nested divergence": divergence(gradient(laplacian(u, x), x), x),
    "advection": (b.T * gradient(u, x))[0] + u,
    "quadratic form": (gradient(u, x).T * K * gradient(u, x))[0],
    "entry of a product": sp.MatMul(K.as_immutable(), gradient(u, x))[1, 0] + u,
    "norm of a column": gradient(u, x).doit().norm(),
    "determinant of the Hessian": sp.hessian(u, x).det() - u,
    "trace with a matrix": (K * sp.hessian(u, x)).trace(),
    "piecewise": u.diff(t) - sp.Piecewise((third, x1 > half), (x2, True)) - sp.Piecewise((u**2, u > 0), (u.diff(x1), True)),
    "maxima": u.diff(t) - sp.Max(u, 0) - sp.Min(x1, x2, u.diff(x1)),
    "obstacle": sp.Min(u.diff(t) - laplacian(u, x), u - sp.Max(1 - x1, 0)),
    "steps": u.diff(t) - sp.Heaviside(x1 - half) * u - sp.Heaviside(u),
    "signs": u.diff(t) - sp.sign(u.diff(x1)) * sp.Abs(u),
    "derivative of an absolute value": sp.Derivative(sp.Abs(u), x1) + u.diff(t),
    "exponents": sp.exp(u / 9) - 2 ** u.diff(x1) + x1**u,
    "roots": (u**2 + 1) ** third + u**-2 + sp.cbrt(x1) * u,
    "special functions": sp.gamma(x1 + 1) * u + sp.erf(u.diff(x1)) + sp.erfc(u) + sp.besselj(0, x1) * u + sp.Mod(x1, third),
    "atan2": sp.atan2(u, 2) + sp.atan2(1, u.diff(t) ** 2 + 1),
    "rounding": sp.floor(u) + sp.ceiling(x1 * 3) + sp.frac(u),
    "eikonal": sp.sqrt(squared) - 1,
    "squares with different coefficients": u.diff(x1) ** 2 + u.diff(x2) ** 2 - 2 * u.diff(t) ** 2 + 3 * u**2,
    "square of a sum": (u.diff(t) + laplacian(u, x)) ** 2 - u.diff(x1) ** 4,
    "variable coefficient": x1 * squared + x2 * u.diff(x1) ** 2,
    "quotient": u / (1 + u.diff(x1) ** 2),
    "fifth order": u.diff(x1, 3, x2, 2) + u.diff(t, 5),
    "rows that vanish": u.diff(x1, 3) * 0 + u.diff(t) + sp.Derivative(x2, x1) * u,
    "unevaluated arithmetic": sp.Add(u, u, evaluate=False) + sp.Mul(2, sp.Mul(3, u.diff(t), evaluate=False), evaluate=False),
    "unevaluated expression": sp.UnevaluatedExpr(u) * 2 + u.diff(t),
    "constants that are real together": sp.exp(sp.I * sp.pi) * u + u.diff(t) ** 2,
    "written like a complex number": u.diff(t) * sp.re(u) + sp.conjugate(u),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
def test_every_form_equals_substitution(name):
    problem = Problem(sp.Eq(FORMS[name], 0), Box({x: (0.1, 1), t: (0, 1)}), ansatz=(A, B))
    check(problem, FORMS[name].xreplace({}), FUNCTIONS, (*x, t), u)


@pytest.mark.parametrize("name", ["mean curvature", "variable coefficient", "fifth order", "obstacle"])
def test_whole_solution_rows(name):
    problem = Problem(sp.Eq(FORMS[name], 0), Box({x: (0.1, 1), t: (0, 1)}), ansatz=(A, B))
    compiled = CompiledProblem(problem, estimate="solution")
    points = problem.sampler.interior(5, torch.Generator().manual_seed(0))
    rows = exact_rows(compiled.equation.rows[0], [A + B * f for f in FUNCTIONS], points, (*x, t))
    wanted = [by_substitution(FORMS[name], f, points, (*x, t), u, (A, B)) for f in FUNCTIONS]
    got = compiled.equation.prepare([points]).residual([rows])
    torch.testing.assert_close(got, torch.stack(wanted), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("dimension", [1, 3])
def test_other_dimensions(dimension):
    from pinnzo.symbolic import coordinates

    many = coordinates("y", dimension)
    v = sp.Function("v")(*many)
    expression = (
        laplacian(laplacian(v, many), many) + v * gradient_norm_squared(v, many) + sum(many) * v.diff(many[0], 3)
    )
    f = sp.sin(sum(i * s for i, s in enumerate(many, 1)))
    problem = Problem(sp.Eq(expression, 0), Box({many: (0, 1)}), ansatz=(sp.cos(many[-1]), 1 + many[0] ** 2))
    check(problem, expression, [f, f**2, 1 + f], many, v)


def test_multiples_share_their_quantity():
    lowered = Problem(
        sp.Eq(u * u.diff(x1) - 3 * u.diff(x1) * sp.sin(x1) + (u.diff(x1) + 1) ** 3, 0), Box({x: (0, 1), t: (0, 1)})
    ).lowered
    assert len(lowered.quantities) == 2
