"""Sums of alike terms, evaluated as one term for rows of coordinates."""

from itertools import pairwise

import pytest
import sympy as sp
import torch

import pinnzo as pz
from pinnzo.symbolic.repeated_terms import gathered
from pinnzo.symbolic.torch_code import torch_function

x = pz.coordinates("x", 20)
t, q = sp.symbols("t q", real=True)
pairs = list(pairwise(x))
PLACES = {s: i for i, s in enumerate((*x, t))}
FORMS = {
    "squares": sp.Add(*(xi**2 for xi in x)) + t,
    "coefficients": sp.Add(*((i + 1) * sp.sin(a + sp.cos(b)) / 3 for i, (a, b) in enumerate(pairs))),
    "two templates": sp.Add(*(a * sp.exp(b) - 2 * sp.cos(a * b) for a, b in pairs)) * t,
    "nested": sp.exp(-sp.Add(*(xi**2 for xi in x)) / 20) * (1 + sp.Add(*(sp.Abs(xi) for xi in x))),
    "sums in terms": sp.Add(*(sp.sin(a * t + sp.Add(*(b * xi for xi, b in pairs))) for a in x)),
    "short": sp.Add(*(xi**2 for xi in x[:5])),
    "quantities": q * sp.Add(*(xi * q for xi in x)) + sp.Add(*(xi**2 for xi in x)),
    "piecewise": sp.Piecewise((sp.Add(*(xi**2 for xi in x)), x[0] > t), (sp.Add(*(xi**3 for xi in x)), True)),
    "order of names": sp.Add(*(sp.atan2(x[i], x[(7 * i + 1) % 20]) for i in range(20))),
}


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_values_are_those_of_the_expression(name, dtype):
    points = torch.randn(21, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64).to(dtype)
    quantity = torch.randn(3, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64).to(dtype)
    form = FORMS[name]
    (value,) = torch_function([(*x, t), (q,)], [form])(points, [quantity])
    (again,) = torch_function([(*x, t), (q,)], [form])(list(points), [quantity])
    assert value.dtype == dtype
    assert torch.equal(value, again)
    numpy = sp.lambdify([(*x, t), q], form, "numpy")
    value = value.expand(3, 4)
    for k in range(3):
        for p in range(4):
            wanted = float(numpy(points[:, p].double().numpy(), float(quantity[k, p])))
            assert float(value[k, p]) == pytest.approx(wanted, rel=1e-12 if dtype == torch.float64 else 1e-3, abs=1e-5)


def test_what_is_gathered():
    (left,), sums = gathered([FORMS["two templates"]], PLACES)
    (total,) = sums.values()
    assert len(total.rows) == 19
    assert len(total.templates) == 2
    assert left.free_symbols == {t, *sums}
    assert gathered([FORMS["short"]], PLACES) == ([FORMS["short"]], {})


def test_derivatives_pass_through():
    function = torch_function([x], [FORMS["nested"].subs(t, 0)])
    point = torch.linspace(-1, 1, 20, dtype=torch.float64)
    gradient = torch.func.grad(lambda p: function(p)[0])(point)
    wanted = [float(FORMS["nested"].diff(xi).subs(dict(zip(x, point.tolist(), strict=True)))) for xi in x]
    torch.testing.assert_close(gradient, torch.tensor(wanted, dtype=torch.float64))
