import math

import pytest
import sympy as sp
import torch

from pinnzo.errors import DeclarationError
from pinnzo.symbolic.torch_code import BESSEL, FUNCTIONS, RECIPROCALS, torch_function

a, b = sp.symbols("a b", real=True)
# Arguments inside the domain of every function.
ARGUMENTS = {"acosh": a + 2, "atanh": a / 2, "erfinv": a / 2, "acos": a / 2, "asin": a / 2, "log": a + 2}
EXPRESSIONS = [
    *(getattr(sp, n)(ARGUMENTS.get(n, a)) for n in (*FUNCTIONS, *RECIPROCALS) if n != "loggamma"),
    *(getattr(sp, name)(order, a + 2) for name, order in BESSEL),
    sp.loggamma(a + 2), sp.digamma(a + 2), sp.polygamma(2, a + 2), sp.gamma(a + 0.5), sp.gamma(a - 1.5), sp.sinc(a), sp.Mod(a, 3), sp.Mod(a, b),
    sp.atan2(a, b), sp.atan2(a, 2), sp.atan2(2, a), sp.Max(a, b), sp.Min(a, b, 0), sp.Max(1, a), sp.Heaviside(a),
    sp.Heaviside(a, 1), sp.Piecewise((a**2, a > 0), (b, True)), sp.Piecewise((1, a > b), (2, a <= b)),
    sp.Piecewise((1, sp.And(a > 0, b > 0)), (2, sp.Or(a < -1, sp.Ne(b, 0))), (3, True)), sp.Piecewise((a, sp.Not(a > 0)), (5, True)),
    sp.sqrt(a + 2), 1 / sp.sqrt(a + 2), 1 / (a + 3), a**3, (a + 2) ** sp.Rational(1, 3), (a + 2) ** b, 2**a, sp.pi * a, sp.exp(2) * a,
    sp.log(3) + a, (a + b) ** 2 + sp.sin(a + b), sp.Integer(7), sp.pi, a - a + 3,
]  # fmt: skip


@pytest.mark.parametrize("expression", EXPRESSIONS, ids=str)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_agrees_with_sympy(expression, dtype):
    points = [(-0.9, 0.4), (0.3, -0.7), (0.8, 1.2)]
    columns = [torch.tensor(c, dtype=dtype) for c in zip(*points, strict=True)]
    (value,) = torch_function([(a, b)], [expression])(columns)
    value = torch.as_tensor(value, dtype=torch.float64).expand(3)
    for got, (p, q) in zip(value.tolist(), points, strict=True):
        wanted = complex(sp.N(expression.subs({a: p, b: q}), 20)).real
        assert got == pytest.approx(
            wanted,
            rel=1e-11 if dtype == torch.float64 else 2e-4,
            abs=1e-12 if dtype == torch.float64 else 1e-5,
        )


def test_groups_broadcast_against_each_other():
    function = torch_function([(a,), (b,)], [a * b + a, sp.Integer(2)])
    x, q = torch.randn(5), torch.randn(3, 5)
    value, constant = function([x], [q])
    torch.testing.assert_close(value, x * q + x)
    assert constant == 2.0


def test_no_text_of_a_symbol_reaches_the_code():
    evil = sp.Symbol("__import__('os').system('false')", real=True)
    (value,) = torch_function([(evil,)], [evil**2])([torch.tensor(3.0)])
    assert value == 9


@pytest.mark.parametrize(
    ("expression", "named"),
    [
        (sp.zeta(a), "zeta"), (sp.LambertW(a + 3), "LambertW"), (sp.besselj(3, a), "besselj"), (sp.Function("g")(a), "g"),
        (sp.I * a, "real"), (sp.nan + 0 * a, "nan"), (sp.oo * 1, "oo"), (sp.DiracDelta(a), "Dirac"), (a + sp.Symbol("z"), "z"),
    ],
)  # fmt: skip
def test_what_torch_lacks_is_refused_by_name(expression, named):
    with pytest.raises(DeclarationError, match=named):
        torch_function([(a,)], [expression])


def test_piecewise_without_a_last_branch_is_nan_there():
    (value,) = torch_function([(a,)], [sp.Piecewise((a, a > 0))])([torch.tensor([-1.0, 1.0])])
    assert math.isnan(value[0])
    assert value[1] == 1


TWO = [
    sp.Piecewise((sp.Rational(1, 10), a > b), (sp.Rational(1, 5), True)), sp.Piecewise((a, a > 0), (b, True)),
    sp.Piecewise((0.1, a > 0)), sp.Heaviside(a - b, sp.Rational(1, 3)), sp.Heaviside(b, a), sp.Max(a, b, 2), sp.Min(sp.pi, a),
    sp.Max(b, sp.sqrt(2)), sp.atan2(b, a), sp.atan2(sp.pi, b), sp.atan2(a, sp.sqrt(2)), sp.Mod(5, b), sp.Mod(a, sp.pi), sp.frac(b),
    sp.Abs(a - b), sp.sign(b), a**b, sp.Piecewise((1, sp.Eq(a, b)), (sp.exp(a), b > sp.Rational(1, 2)), (3, True)),
]  # fmt: skip


@pytest.mark.parametrize("expression", TWO, ids=str)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("shape", [(), (2, 3), (4, 1, 3)])
def test_points_and_batches_broadcast_in_the_given_type(expression, dtype, shape):
    generator = torch.Generator().manual_seed(0)
    points = 0.1 + torch.rand(3, generator=generator, dtype=dtype)
    batch = 0.1 + torch.rand(shape, generator=generator, dtype=dtype)
    (value,) = torch_function([(a,), (b,)], [expression])([points], [batch])
    assert value.dtype == dtype
    one, other, value = torch.broadcast_tensors(points, batch, value)
    for p, q, got in zip(one.flatten().tolist(), other.flatten().tolist(), value.flatten().tolist(), strict=True):
        wanted = complex(sp.N(expression.subs({a: p, b: q}), 20)).real
        assert got == pytest.approx(wanted, rel=1e-12 if dtype == torch.float64 else 1e-4, nan_ok=True)


def test_shared_constants_are_no_arguments_of_torch_functions():
    root = sp.sqrt(sp.sqrt(2) + 1)
    expressions = [sp.sin(root) * a, sp.cos(root) + a, sp.Max(root, a * root), sp.tanh(sp.sin(root) + a)]
    values = torch_function([(a,)], expressions)([torch.tensor([0.5], dtype=torch.float64)])
    for value, expression in zip(values, expressions, strict=True):
        assert float(value) == pytest.approx(float(expression.subs(a, 0.5)), rel=1e-14)


def test_constants_that_are_real_together():
    """Cardano's formula writes three real roots with complex numbers."""
    root = sp.solve(b**3 - 3 * b + 1, b)[0]
    (value,) = torch_function([(a,)], [root + a])([torch.tensor([0.5], dtype=torch.float64)])
    assert float(value) == pytest.approx(0.5 + complex(sp.N(root)).real, rel=1e-12)


@pytest.mark.parametrize(("name", "order"), [(n, o) for n, o in BESSEL if n in ("besselj", "bessely")])
def test_bessel_functions_of_large_arguments_are_single_precision(name, order):
    """What torch gives; the check of exact solutions allows for it."""
    z = torch.linspace(5, 40, 50, dtype=torch.float64)
    expression = getattr(sp, name)(order, a)
    (value,) = torch_function([(a,)], [expression])([z])
    wanted = torch.as_tensor(sp.lambdify(a, expression, "scipy")(z.numpy()))
    torch.testing.assert_close(value, wanted, rtol=0, atol=2e-6)
