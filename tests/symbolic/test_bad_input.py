"""Each mistake is a PinnzoError with a sentence that names it; no traceback of SymPy or torch reaches a user."""

import pytest
import sympy as sp

import pinnzo as pz
from pinnzo.errors import PinnzoError
from pinnzo.symbolic.compiler import CompiledProblem

x, y, t = sp.symbols("x y t", real=True)
other_x = sp.Symbol("x")
U = sp.Function("u")
u, v = U(x, t), U(x, y)
BOX, SQUARE = pz.Box({x: (0, 1), t: (0, 1)}), pz.Box({x: (0, 1), y: (0, 1)})
HEAT = sp.Eq(u.diff(t), u.diff(x, 2))
LAPLACE = sp.Eq(pz.laplacian(v, (x, y)), 0)
START = sp.Eq(u.subs(t, 0), x)


def equation(right, left=None):
    return lambda: pz.Problem(sp.Eq(u.diff(t) if left is None else left, right, evaluate=False), BOX)


def heat(*conditions, **settings):
    return lambda: pz.Problem(HEAT, BOX, list(conditions), **settings)


def boundary(value, domain=SQUARE):
    return lambda: pz.Problem(LAPLACE, domain, [pz.Boundary(v, value)])


MISTAKES = {
    # the equation
    "same name in the equation": (equation(other_x * u), "same name"),
    "same name in a condition": (heat(sp.Eq(u.subs(t, 0), other_x)), "same name"),
    "same name in exact": (heat(exact=other_x), "same name"),
    "same name in the domain": (lambda: pz.Problem(HEAT, pz.Box({other_x: (0, 1), t: (0, 1)})), "same name"),
    "parameter": (equation(sp.Symbol("k") * u), "k, which is not a variable"),
    "function that torch lacks": (equation(sp.zeta(u)), "zeta"),
    "function that torch lacks in data": (heat(sp.Eq(u.subs(t, 0), sp.zeta(x + 2))), "zeta"),
    "function that torch lacks in a condition": (heat(sp.Eq(sp.zeta(u.subs(t, 0)), 1)), "zeta"),
    "function that torch lacks in exact": (heat(exact=sp.zeta(x + 2)), "zeta"),
    "Bessel function of an order that torch lacks": (equation(sp.besselj(7, x)), "besselj"),
    "NaN": (equation(sp.nan), "NaN"),
    "infinity": (equation(sp.oo), "infinity"),
    "logarithm of something negative": (equation(sp.log(x - 2)), "NaN or infinite at x"),
    "data that are NaN": (heat(sp.Eq(u.subs(t, 0), sp.log(x - 2))), "NaN or infinite at x"),
    "trivially true": (lambda: pz.Problem(sp.Eq(u, u), BOX), "True"),
    "trivially false": (lambda: pz.Problem(sp.Eq(1, 2), BOX), "False"),
    "unknown that cancels": (equation(u + u.diff(t), u.diff(t) + u), "cancels"),
    "unknown that cancels when multiplied out": (equation(u**2 + 2 * u + 1, (u + 1) ** 2), "cancels"),
    "expression, not an equation": (lambda: pz.Problem(u.diff(t), BOX), "sp.Eq"),
    "text, not an equation": (lambda: pz.Problem("u_t = 0", BOX), "sp.Eq"),
    "matrix equation": (lambda: pz.Problem(sp.Eq(pz.gradient(v, (x, y)), sp.Matrix([0, 0])), SQUARE), "not scalar"),
    "explicit matrices": (lambda: pz.Problem(sp.Eq(sp.Matrix([v]), sp.Matrix([0])), SQUARE), "not scalar"),
    "two unknowns": (equation(sp.Function("w")(x, t)), "2 unknown functions"),
    "no unknown": (lambda: pz.Problem(sp.Eq(x, t), BOX), "none"),
    "variable that is not real": (lambda: pz.Problem(sp.Eq(U(other_x), 1), pz.Box({other_x: (0, 1)})), "real"),
    "shifted argument": (equation(U(x + 1, t)), "away from its own variables"),
    "shifted argument alone": (equation(0, U(x + 1, t)), "distinct variables"),
    "swapped arguments": (equation(U(t, x)), "distinct variables"),
    "fewer arguments": (equation(U(x)), "distinct variables"),
    "repeated argument": (lambda: pz.Problem(sp.Eq(U(x, x), 1), BOX), "distinct variables"),
    "imaginary coefficient": (equation(sp.I * u), "real"),
    "imaginary coefficient of a square": (equation(sp.I * u**2), "real"),
    "imaginary source": (equation(sp.I), "real"),
    "imaginary data": (heat(sp.Eq(u.subs(t, 0), sp.I * x)), "real"),
    "imaginary coefficient in a condition": (heat(sp.Eq(sp.I * u.subs(t, 0), x)), "real"),
    "number beyond floats": (equation(sp.Integer(10) ** 400 * u), "finite"),
    "integral of the unknown": (equation(sp.Integral(u, (x, 0, 1))), "integrals"),
    "derivative of unknown order": (equation(0, u.diff((t, sp.Symbol("n", integer=True)))), "n, which"),
    "coordinate held in the equation": (equation(u.subs(x, 0)), "that is a condition"),
    "Dirac delta": (lambda: CompiledProblem(heat(ansatz=(sp.Abs(x - sp.Rational(1, 2)), 1))()), "Dirac"),
    # domains
    "empty range": (lambda: pz.Box({x: (1, 0)}), "low must be less"),
    "no range": (lambda: pz.Box({}), "at least one"),
    "endless range": (lambda: pz.Box({x: (0, sp.oo)}), "finite"),
    "range that is NaN": (lambda: pz.Box({x: (0, float("nan"))}), "finite"),
    "symbolic range": (lambda: pz.Box({x: (0, t)}), "number"),
    "imaginary range": (lambda: pz.Box({x: (0, sp.I)}), "number"),
    "huge range": (lambda: pz.Box({x: (0, 10**400)}), "number"),
    "text for a coordinate": (lambda: pz.Box({"x": (0, 1)}), "symbol"),
    "one end": (lambda: pz.Box({x: 1}), "pair"),
    "coordinate twice": (lambda: pz.Box({(x, x): (0, 1)}), "twice"),
    "coordinate in two ranges": (lambda: pz.Box({(x, t): (0, 1), x: (0, 2)}), "twice"),
    "coordinate in two factors": (lambda: BOX * pz.Box({x: (0, 1)}), "x"),
    "domain times a number": (lambda: BOX * 3, "only domains"),
    "missing variable": (lambda: pz.Problem(HEAT, pz.Box({x: (0, 1)})), "lacks t"),
    "superfluous variable": (lambda: pz.Problem(HEAT, BOX * pz.Box({y: (0, 1)})), "y besides"),
    "no domain": (lambda: pz.Problem(HEAT, {x: (0, 1)}), "pass a Box"),
    "centre of another dimension": (lambda: pz.Ball((x, y), center=(1,)), "center"),
    "centre in words": (lambda: pz.Ball((x, y), center="ab"), "center"),
    "list of means": (lambda: pz.Gaussian((x, y), mean=[0, 1]), "mean"),
    # exact
    "exact that is wrong": (heat(exact=x**2), r"equation: the residual is -2 at x = "),
    "exact against data": (heat(sp.Eq(u.subs(t, 0), 0), exact=x), "t = 0.*residual is"),
    "exact (N, 1)": (heat(exact=lambda p: p[:, :1]), r"shape \(\d+, 1\)"),
    "exact without a shape": (heat(exact=lambda p: 1.0), r"shape \(\)"),
    "exact that fails": (heat(exact=lambda p: p[:, 7]), "IndexError"),
    "exact that returns nothing": (heat(exact=lambda p: None), "exact"),
    "exact that returns NaN": (heat(exact=lambda p: 0 * p[:, 0] / 0), "NaN"),
    "exact that is complex": (heat(exact=lambda p: p[:, 0] * 1j), "complex"),
    "exact that is NaN": (heat(exact=sp.log(x - 3)), "NaN"),
    "exact as text": (heat(exact="x**2"), "SymPy expression"),
    "exact as an equation": (heat(exact=sp.Eq(u, x)), "one side"),
    "exact as a matrix": (heat(exact=sp.Matrix([x])), "scalar"),
    "exact with the unknown": (heat(exact=u), "u\\(x, t\\)"),
    # conditions
    "off the boundary": (heat(sp.Eq(u.subs(t, 0.5), x)), "off the boundary"),
    "on a diagonal": (heat(sp.Eq(u.subs(x, t), x)), "away from"),
    "derivative along a held coordinate": (heat(sp.Eq(sp.Derivative(u.subs(t, 0), t, evaluate=False), 0)), "first"),
    "derivative that has become zero": (heat(sp.Eq(u.subs(t, 0).diff(t), 0)), "True"),
    "other unknown in a condition": (heat(sp.Eq(sp.Function("w")(x, 0), 0)), "w, which is not the unknown"),
    "condition without the unknown": (heat(sp.Eq(x, 0)), "does not contain"),
    "condition that cancels": (heat(sp.Eq((u.subs(t, 0) + 1) ** 2, u.subs(t, 0) ** 2 + 2 * u.subs(t, 0) + 1)), "cancels"),
    "condition everywhere": (heat(HEAT), "everywhere"),
    "condition on no interval": (lambda: pz.Problem(HEAT, pz.Gaussian(x) * pz.Box({t: (0, 1)}), [sp.Eq(u.subs(x, 0), 0)]), "interval"),
    "text for a condition": (heat("u=0"), "not a condition"),
    "nothing for a condition": (heat(None), "not a condition"),
    "inequality": (heat(u.subs(t, 0) > 0), "not a condition"),
    "matrix condition": (heat(sp.Eq(sp.Matrix([u.subs(t, 0)]), sp.Matrix([x]))), "scalar"),
    "NaN in a condition": (heat(sp.Eq(u.subs(t, 0), sp.oo)), "infinity"),
    "one condition, no list": (lambda: pz.Problem(HEAT, BOX, START), "list"),
    "conditions in a dictionary": (lambda: pz.Problem(HEAT, BOX, {"start": START}), "list"),
    "the same twice": (heat(START, START), "same thing"),
    "contradiction": (heat(START, pz.Condition(sp.Eq(2 * u.subs(t, 0), x), name="b")), "same thing"),
    "two slopes": (heat(sp.Eq(u.diff(x).subs(x, 0), 0), sp.Eq(u.diff(x).subs(x, 0), 1)), "same thing"),
    "boundary and a face": (lambda: pz.Problem(LAPLACE, SQUARE, [pz.Boundary(v, 0), sp.Eq(v.subs(x, 0), 1)]), "same thing"),
    "boundary twice": (lambda: pz.Problem(LAPLACE, SQUARE, [pz.Boundary(v, 0), pz.Boundary(v, 1, name="b")]), "same thing"),
    "periodic twice": (heat(*[pz.Condition(sp.Eq(u.subs(x, 0), u.subs(x, 1)), name=n) for n in "ab"]), "same thing"),
    "values and slopes twice": (heat(sp.Eq(u.subs(x, 0), 0), sp.Eq(u.diff(x).subs(x, 0), 1), sp.Eq(-u.diff(x).subs(x, 0), 2)), "same thing"),
    "corner": (heat(*(pz.Condition(c, enforce="hard") for c in (START, sp.Eq(u.subs(x, 1), t + 3)))),
               r"at x = 1, t = 0 u is 1 by the first and 3 by the second: they cannot both be hard"),
    "corner of velocities": (
        heat(START, *(pz.Condition(c, enforce="hard") for c in (sp.Eq(u.diff(t).subs(t, 0), 5), sp.Eq(u.subs(x, 0), 2 * t)))),
        r"at x = 0, t = 0 the derivative of order 1 along t is 5 by the first and 2 by the second"),
    "name twice": (heat(pz.Condition(START, name="a"), pz.Condition(sp.Eq(u.subs(x, 0), 0), name="a")), "name of its own"),
    "weight in words": (lambda: pz.Condition(START, weight="a"), "weight"),
    "weight below zero": (lambda: pz.Condition(START, weight=-1), "weight"),
    "enforcement": (lambda: pz.Condition(START, enforce="maybe"), "enforce"),
    "number for a name": (lambda: pz.Condition(START, name=3), "name"),
    "slope that cannot be hard": (heat(pz.Condition(sp.Eq(u.diff(x).subs(x, 0), 0), enforce="hard")), "ansatz"),
    "boundary of space": (boundary(0, pz.Gaussian((x, y))), "Boundary"),
    "boundary of a ball and an interval": (
        lambda: pz.Problem(sp.Eq(pz.laplacian(v, x), 0), pz.Ball(x) * pz.Box({y: (0, 1)}), [pz.Boundary(v, 0)]), "Boundary"),
    "boundary of time alone": (lambda: pz.Problem(sp.Eq(U(t).diff(t), 0), pz.Box({t: (0, 1)}), [pz.Boundary(U(t), 0)]), "Boundary"),
    "boundary of another unknown": (lambda: pz.Problem(LAPLACE, SQUARE, [pz.Boundary(u, 0)]), "unknown"),
    "boundary of a coordinate": (lambda: pz.Problem(LAPLACE, SQUARE, [pz.Boundary(x, 0)]), "does not contain"),
    "boundary of text": (lambda: pz.Problem(LAPLACE, SQUARE, [pz.Boundary("v", 0)]), "expression of Boundary"),
    "boundary of a stranger": (lambda: pz.Problem(LAPLACE, SQUARE, [pz.Boundary(sp.Symbol("k") * v, 0)]), "k, which"),
    "boundary of two unknowns": (lambda: pz.Problem(LAPLACE, SQUARE, [pz.Boundary(v + sp.Function("w")(x, y), 0)]), "w, which"),
    "boundary at one face": (lambda: pz.Problem(LAPLACE, SQUARE, [pz.Boundary(v.diff(x).subs(x, 0), 0)]), "holds a coordinate"),
    "boundary at another point": (lambda: pz.Problem(LAPLACE, SQUARE, [pz.Boundary(U(x, 0), 0)]), "does not contain"),
    "boundary that cancels": (lambda: pz.Problem(LAPLACE, SQUARE, [pz.Boundary((v + 1) ** 2 - v**2 - 2 * v, 0)]), "cancels"),
    "boundary of an equation": (lambda: pz.Problem(LAPLACE, SQUARE, [pz.Boundary(sp.Eq(v, 0), 0)]), "one side"),
    "normal of a box": (lambda: pz.normal_derivative(v, SQUARE), "each face"),
    "normal of coordinates": (lambda: pz.normal_derivative(v, (x, y)), "pass a Ball"),
    "boundary data in words": (boundary("x"), "SymPy expression"),
    "no boundary data": (boundary(None), "SymPy expression"),
    "boundary data as a function": (boundary(lambda p: p), "SymPy expression"),
    "boundary data with the unknown": (boundary(v.diff(x)), "u"),
    "boundary data as a matrix": (boundary(sp.Matrix([1])), "scalar"),
    "boundary data that are NaN": (boundary(float("nan")), "NaN"),
    "boundary data that are NaN there": (boundary(sp.sqrt(x - 2)), "NaN"),
    # the ansatz, time and names
    "half an ansatz": (heat(ansatz=x), "pair"),
    "three parts": (heat(ansatz=(x, t, 1)), "pair"),
    "ansatz in words": (heat(ansatz=("x", "t")), "SymPy expression"),
    "ansatz of nothing": (heat(ansatz=(None, None)), "SymPy expression"),
    "ansatz without network": (heat(ansatz=(x, 0)), "B is zero"),
    "ansatz without network in disguise": (heat(ansatz=(x, (x + 1) ** 2 - x**2 - 2 * x - 1)), "B is zero"),
    "ansatz of a stranger": (heat(ansatz=(y, 1)), "y"),
    "ansatz of the unknown": (heat(ansatz=(u, 1)), "u"),
    "ansatz that is NaN": (heat(ansatz=(sp.nan, 1)), "NaN"),
    "ansatz that is NaN inside": (heat(ansatz=(sp.log(x - 2), 1)), "NaN"),
    "imaginary ansatz": (heat(ansatz=(sp.I * x, 1)), "real"),
    "ansatz that torch lacks": (heat(ansatz=(sp.zeta(x + 2), 1)), "zeta"),
    "time that is no variable": (heat(time=y), "time"),
    "time in words": (heat(time="t"), "time"),
    "number for the problem's name": (heat(name=3), "name"),
    # operators
    "operator on text": (lambda: pz.laplacian("x +", x), "laplacian"),
    "operator in nothing": (lambda: pz.laplacian(v, None), "coordinates"),
    "operator in a number": (lambda: pz.gradient_norm_squared(v, 3), "coordinates"),
    "operator on a matrix": (lambda: pz.gradient(sp.Matrix([v, v]), (x, y)), "scalar"),
    "divergence of a scalar": (lambda: pz.divergence(v, (x, y)), "vector"),
    "divergence of text": (lambda: pz.divergence("ab", (x, y)), "vector"),
    "coordinates by number": (lambda: pz.coordinates(3, 2), "stem"),
    "coordinates by a list": (lambda: pz.coordinates("x,y", 2), "stem"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_named(name):
    declare, named = MISTAKES[name]
    with pytest.raises(PinnzoError, match=named) as caught:
        declare()
    message = str(caught.value)
    assert len(message) > 30
    assert message.endswith((".", ")")) or ": " in message


def test_text_is_never_run(tmp_path):
    trace = tmp_path / "trace"
    code = f"__import__('pathlib').Path({str(trace)!r}).touch()"
    for declare in (heat(exact=code), boundary(code), heat(ansatz=(code, 1)), lambda: pz.laplacian(code, x)):
        with pytest.raises(PinnzoError):
            declare()
    assert not trace.exists()
