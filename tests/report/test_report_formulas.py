"""Formulas of a report: what they say, and that no name gets through as markup."""

import re
from xml.etree import ElementTree

import pytest
import sympy as sp

import pinnzo as pz
from pinnzo.report.domain import domain_markup
from pinnzo.report.mathml import ELEMENTS, formula, listing, math_element
from pinnzo.report.nodes import IndexedSum, Partial, shortened
from pinnzo.report.printer import elided
from pinnzo.report.statement import statement

x, y, t = sp.symbols("x y t", real=True)
u = sp.Function("u")(x, t)
FIVE = pz.coordinates("x", 5)


def tree(expression, unknowns=()):
    return ElementTree.fromstring(formula(expression, unknowns))


def read(expression, unknowns=()):
    """The text of a formula without its structure."""
    return "".join(tree(expression, unknowns).itertext()).replace("\u2062", "")


def math_of(page):
    return re.findall(r"<math.*?</math>", page, re.DOTALL)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (sp.Eq(u.diff(t), sp.Rational(1, 2) * u.diff(x, 2)), "∂u∂t=12∂2u∂x2"),
        (u.diff(x, t), "∂2u∂t∂x"),
        (pz.laplacian(u, (x,)) - pz.gradient_norm_squared(u, (x,)), "Δu−‖∇u‖2"),
        (pz.divergence(sp.exp(x) * pz.gradient(u, (x,)), (x,)), "∇·(ex∇u)"),
        (pz.laplacian(pz.laplacian(u, (x,)), (x,)), "Δ(Δu)"),
        (u.subs(t, 0), "u(x,0)"),
        (u.diff(t).subs(t, 0), "∂u∂t|t=0"),
        (sp.exp(-2 * t) * sp.sin(sp.pi * x), "sin(πx)e−2t"),
        (1 - x, "1−x"),
        (-t + x, "x−t"),
        (sp.Float(-1 / 3), "−0.333333"),
        (sp.Float(2.5e-7), "2.5·10−7"),
        (sp.log(x), "ln(x)"),
        (sp.conjugate(sp.Symbol("z")), "z¯"),
        (sum(sp.Abs(s) for s in FIVE) + t, "t+∑i=15|xi|"),
        (sum(s**2 for s in FIVE[:3]), "x12+x22+x32"),
    ],
)  # fmt: skip
def test_reads_as_in_a_book(expression, expected):
    assert read(expression, [u]) == expected


def test_a_derivative_is_a_fraction_with_powers_of_the_coordinate_below():
    fraction = tree(u.diff(x, 2), [u]).find(".//mfrac")
    top, bottom = fraction
    assert [e.tag for e in top] == ["msup", "mi"]
    (sign, power) = bottom
    assert sign.text == "∂"
    assert power.tag == "msup"
    assert [e.text for e in power] == ["x", "2"]


def test_sums_over_coordinates_are_found_also_with_derivatives_and_signs():
    v = sp.Function("v")(*FIVE)
    found = shortened(sum(-s * v.diff(s) for s in FIVE) + v, [v])
    (total,) = found.atoms(IndexedSum)
    assert total.args[0] == sp.Symbol("x_i") * Partial(sp.Symbol("v"), sp.Tuple(sp.Symbol("x_i"), 1))
    assert total.args[2:] == (1, 5)
    assert found.coeff(total) == -1
    # One term differs, and one is missing.
    assert not shortened(sum(s**2 for s in FIVE[:3]) + 2 * FIVE[3] ** 2, []).atoms(IndexedSum)
    assert not shortened(sum(s for s in (*FIVE[:2], *FIVE[3:])), []).atoms(IndexedSum)


def test_long_lists_are_cut_in_their_numbered_part():
    many = (*pz.coordinates("x", 20), t)
    assert [str(s) for s in elided(many)] == ["x1", "x2", "None", "x20", "t"]
    assert elided(FIVE) == list(FIVE)
    assert "".join(ElementTree.fromstring(math_element(listing(many))).itertext()) == "x1,x2,…,x20,t"


@pytest.mark.parametrize(
    "name", ["black-scholes-barenblatt", "darcy", "kovasznay", "korteweg-de-vries", "inverse-heat"]
)
def test_bundled_problems_are_valid_mathml(name):
    problem = pz.problem(name)
    formulas = math_of(statement(problem))
    assert len(formulas) > 3
    for text in formulas:
        for node in ElementTree.fromstring(text.replace("displaystyle=true", 'displaystyle="true"')).iter():
            assert node.tag in ELEMENTS | {"math"}
            assert node.tag != "mfrac" or len(node) == 2


@pytest.mark.parametrize(
    "expression",
    [
        sp.conjugate(sp.Symbol("z")), sp.re(sp.Symbol("z")), sp.Piecewise((x, x > 0), (t, sp.And(t > 1, x < 0)), (0, True)),
        sp.Heaviside(x), sp.besselj(0, x), sp.atan2(x, t), sp.polygamma(1, x), sp.gamma(x), sp.Mod(x, 2), sp.Max(x, t, 0),
        sp.Integral(sp.exp(x * t), (t, 0, 1)), sp.Sum(x**t, (t, 0, 3)), sp.Product(x + t, (t, 0, 3)), sp.floor(x), sp.frac(x),
        sp.sinc(x), sp.Matrix([[x, t]]), x**sp.Rational(2, 3), x**sp.Rational(-1, 3), sp.sign(x), sp.erf(x), sp.S.NaN,
        sp.Not(x > 0, evaluate=False), sp.Derivative(x * u, x), sp.UnevaluatedExpr(x),
    ],
    ids=lambda e: type(e).__name__,
)  # fmt: skip
def test_whatever_an_equation_may_hold_is_shown(expression):
    assert {node.tag for node in tree(expression, [u]).iter()} <= ELEMENTS | {"math"}
    assert read(expression, [u])


def test_what_sympy_cannot_print_is_text():
    class Odd(sp.Expr):
        def _mathml_presentation(self, printer):
            raise NotImplementedError

        def _sympystr(self, printer):
            return "odd < even"

    assert formula(Odd()) == "<math><mtext>odd &lt; even</mtext></math>"


def test_names_are_never_markup():
    bad = "<img src=q onerror=alert(1)>"
    symbol, function = sp.Symbol(bad, real=True), sp.Function("&lt;b&gt;")
    for expression in (symbol**2, function(symbol), function(symbol).diff(symbol), function(symbol).subs(symbol, 1)):
        shown = formula(expression, [function(symbol)])
        assert "<img" not in shown
        assert "<b>" not in shown
        assert bad in read(symbol) or "img" in read(symbol)
    assert read(function(symbol), [function(symbol)]) == "<b>"


def test_long_known_sides_are_named_and_shown_on_a_click():
    source = sum(sp.sin(i * x) * sp.cos(i * t) for i in range(1, 80))
    problem = pz.Problem(
        sp.Eq(u.diff(t) - u.diff(x, 2), source), pz.Box({x: (0, 1), t: (0, 1)}), [sp.Eq(u.subs(t, 0), 0)]
    )
    page = statement(problem)
    assert "<details><summary><math><mi>g</mi></math>, a known function</summary>" in page
    assert "sin(79*x)*cos(79*t)" in page
    assert max(map(len, math_of(page))) < 2000


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        (pz.Box({x: (0, 1), y: (0, 1)}), "x,y∈[0,1]"),
        (pz.Box({x: (-0.5, 1), y: (0, sp.pi / 2)}), "x∈[−0.5,1],y∈[0,π2]"),
        (pz.Ball((x, y), radius=2), "‖(x,y)‖≤2"),
        (pz.Ball((x, y), center=(0, 1)), "‖(x,y)−(0,1)‖≤1"),
        (pz.Shell((x, y), inner=1, outer=2), "1≤‖(x,y)‖≤2"),
        (pz.Simplex((x, y)), "(x,y) in a simplex"),
        (pz.Gaussian((x, y), mean=1, std=2), "(x,y)∼N(1,22)"),
        (pz.Box({x: (-1, 1), y: (-1, 1)}) - pz.Ball((x, y), radius=0.5), "{x,y∈[−1,1]}∖{‖(x,y)‖≤0.5}"),
    ],
)
def test_domains(domain, expected):
    w = sp.Function("w")(x, y)
    problem = pz.Problem(sp.Eq(pz.laplacian(w, (x, y)), 1), domain)
    assert "".join(ElementTree.fromstring(math_element(domain_markup(problem))).itertext()) == expected


def test_conditions_say_how_they_are_kept():
    page = statement(pz.problem("inverse-heat"))
    assert 'boundary <span class="tag">built in exactly</span>' in page
    assert 'measurements <span class="tag">penalty</span>' in page
    assert "measured at 50 points" in page
    assert "the unknown coefficient <math><mi>k</mi></math>" in page


def test_a_brownian_motion_is_called_one():
    domain = pz.Gaussian((x, y), mean=0, std=1, time=t) * pz.Box({t: (0, 1)})
    w = sp.Function("w")(x, y, t)
    shown = math_element(domain_markup(pz.Problem(sp.Eq(w.diff(t), pz.laplacian(w, (x, y))), domain)))
    assert (
        "".join(ElementTree.fromstring(shown).itertext()) == "(x,y)∼N(0,12), a Brownian motion in t at its end,t∈[0,1]"
    )
