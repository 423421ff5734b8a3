"""The section that states the problem: equations, conditions, domain, ansatz and exact solution as formulas."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sympy as sp

from pinnzo.report.domain import domain_markup
from pinnzo.report.markup import details, section, text
from pinnzo.report.mathml import formula, grouped, listing, markup, math_element, operator
from pinnzo.symbolic.conditions import Boundary
from pinnzo.symbolic.measurements import Data
from pinnzo.symbolic.problem import Problem

LONGEST = 6_000
"""Characters of markup of one side of an equation that is shown as a formula, about two lines."""

LONGEST_TEXT = 20_000
"""Characters of a longer expression, which is shown as text on a click."""


def statement(problem: Problem) -> str:
    """The section on the problem."""
    functions = problem.functions
    names = operator(",").join(markup(u, functions) for u in functions)
    unknown = math_element(names + operator("=") + names + grouped(listing(problem.variables)))
    if len(functions) > 1:
        unknown = math_element(names)
    several = "s" if len(functions) > 1 else ""
    of = math_element(grouped(listing(problem.variables)))
    count = len(problem.equations)
    what = "One equation" if count == 1 else f"A system of {count} equations"
    intro = (
        f"<p>{what} for the unknown function{several} {unknown}{' of ' + of if several else ''}"
        f"{_coefficients(problem)}.</p>"
    )
    equations = "".join(_display(equation, problem) for equation in problem.equations)
    rows = [
        ("Domain", f'<div class="formula">{math_element(domain_markup(problem), block=True)}</div>'),
        *_conditions(problem),
        ("Ansatz", _ansatz(problem)),
        ("Exact solution", _exact(problem)),
    ]
    listed = "".join(f"<div><dt>{term}</dt><dd>{said}</dd></div>" for term, said in rows)
    return section(
        "equation", "The equation" if len(problem.equations) == 1 else "The equations", intro,
        f'<div class="equations">{equations}</div>', f'<dl class="statement">{listed}</dl>',
    )  # fmt: skip


def _coefficients(problem: Problem) -> str:
    symbols = list(problem.unknowns)
    if not symbols:
        return ""
    return f" and the unknown coefficient{'s' if len(symbols) > 1 else ''} {math_element(listing(symbols))}"


def _display(equation: Any, problem: Problem) -> str:
    """An equation as a displayed formula; a known side that is too long is named, and shown on a click."""
    sides, hidden = [], ""
    for side in equation.args:
        shown = markup(side, problem.functions)
        if len(shown) > LONGEST:
            known = not side.has(*problem.functions)
            shown = markup(sp.Symbol("g" if known else "F"))
            what = f"{math_element(shown)}, a {'known function' if known else 'long expression'}"
            hidden += details(what, _as_text(side))
        sides.append(shown)
    inside = operator("=").join(sides)
    return f'<div class="formula">{math_element(inside, block=True)}</div>{hidden}'


def _expression(expression: Any, problem: Problem, before: str = "") -> str:
    shown = markup(expression, problem.functions)
    if len(shown) > LONGEST:
        return details(f"{math_element(before + operator('…'))} a long expression", _as_text(expression))
    return f'<div class="formula">{math_element(before + shown, block=True)}</div>'


def _as_text(expression: Any) -> str:
    written = str(expression)
    more = " …" if len(written) > LONGEST_TEXT else ""
    return f'<pre class="long">{text(written[:LONGEST_TEXT])}{more}</pre>'


def _conditions(problem: Problem) -> Iterable[tuple[str, str]]:
    hard = set(problem.ansatz.hard)
    for declared, parsed in zip(problem.declared_conditions, problem.conditions, strict=True):
        if isinstance(declared, Data):
            what = (
                f"<p>{formula(declared.expression, problem.functions)} measured at {len(declared.values):,} points</p>"
            )
        elif isinstance(declared, Boundary):
            equation = sp.Eq(declared.expression, declared.value, evaluate=False)
            what = _display(equation, problem) + "<p>on the whole spatial boundary</p>"
        else:
            what = _display(declared.equation, problem)
        how = "built in exactly" if parsed.name in hard else "penalty"
        yield f'{text(parsed.name)} <span class="tag">{how}</span>', what


def _ansatz(problem: Problem) -> str:
    """The ansatz u = A + B f with A and B, of every unknown function."""
    parts = []
    several = len(problem.functions) > 1
    for u, (A, B) in zip(problem.functions, problem.ansatz.parts, strict=True):
        network = sp.Symbol(f"f_{u.func.__name__}" if several else "f")
        equals = markup(u, problem.functions) + operator("=")
        known = "" if A == 0 else markup(A, problem.functions) + operator("+")
        factor = ""
        if B != 1:
            factor = markup(B, problem.functions)
            factor = grouped(factor) if isinstance(B, sp.Add) or B.is_number else factor
        if len(known) + len(factor) > LONGEST:
            written = f"A = {A}\nB = {B}"
            named = equals + markup(sp.Symbol("A")) + operator("+") + markup(sp.Symbol("B") * network)
            parts.append(details(math_element(named), _as_text(written)))
        else:
            inside = f"{equals}{known}{factor}{operator(chr(0x2062))}{markup(network)}"
            parts.append(f'<div class="formula">{math_element(inside, block=True)}</div>')
    what = "the outputs of the network" if several else "the network"
    names = (
        listing([sp.Symbol(f"f_{u.func.__name__}") for u in problem.functions]) if several else markup(sp.Symbol("f"))
    )
    return "".join(parts) + f"<p>with {what} {math_element(names)}</p>"


def _exact(problem: Problem) -> str:
    if problem.exact is None:
        return "<p>not known</p>"
    given = problem.exact if isinstance(problem.exact, (tuple, list)) else [problem.exact]
    if not all(isinstance(e, sp.Basic) for e in given):
        return "<p>computed by a Python function</p>"
    return "".join(
        _expression(e, problem, markup(u, problem.functions) + operator("="))
        for u, e in zip(problem.functions, given, strict=True)
    )
