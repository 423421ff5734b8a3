"""A domain as a formula."""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp

from pinnzo.report.mathml import listing, markup, operator
from pinnzo.symbolic.domains import Ball, Box, Difference, Domain, Gaussian, Product, Shell, Simplex
from pinnzo.symbolic.problem import Problem


def domain_markup(problem: Problem) -> str:
    """Markup of the domain: intervals, norms, or what is taken away."""
    return _joined([_one(factor) for factor in problem.domain.factors])


def _joined(parts: Sequence[str]) -> str:
    return f'{operator(",")}<mspace width="1em"></mspace>'.join(parts)


def _one(domain: Domain) -> str:
    if isinstance(domain, Box):
        return _intervals(domain)
    if isinstance(domain, Ball):
        return _norm(domain) + operator("≤") + _number(domain.radius)
    if isinstance(domain, Shell):
        return _number(domain.inner) + operator("≤") + _norm(domain) + operator("≤") + _number(domain.outer)
    if isinstance(domain, Gaussian):
        law = f"{_number(domain.mean)}{operator(',')}<msup>{_number(domain.std)}<mn>2</mn></msup>"
        motion = (
            ""
            if domain.time is None
            else f"<mtext> a Brownian motion in </mtext>{markup(domain.time)}<mtext>, at its end </mtext>"
        )
        return _point(domain) + operator("∼") + motion + "<mi>N</mi>" + operator("(") + law + operator(")")
    if isinstance(domain, Difference):
        return (
            operator("{")
            + _of(domain.base)
            + operator("}")
            + operator("∖")
            + operator("{")
            + _of(domain.removed)
            + operator("}")
        )
    kind = "a simplex" if isinstance(domain, Simplex) else f"a {type(domain).__name__}"
    return _point(domain) + f"<mtext> in {kind}</mtext>"


def _of(domain: Domain) -> str:
    return _joined([_one(factor) for factor in (domain.factors if isinstance(domain, Product) else (domain,))])


def _intervals(box: Box) -> str:
    """Coordinates with equal ranges share one interval."""
    groups: dict[tuple[float, float], list[sp.Symbol]] = {}
    for symbol, ends in box.intervals.items():
        groups.setdefault(ends, []).append(symbol)
    return _joined(
        [
            listing(symbols)
            + operator("∈")
            + operator("[")
            + _number(low)
            + operator(",")
            + _number(high)
            + operator("]")
            for (low, high), symbols in groups.items()
        ]
    )


def _point(domain: Domain) -> str:
    many = len(domain.variables) > 1
    return operator("(") + listing(domain.variables) + operator(")") if many else listing(domain.variables)


def _norm(domain: Ball | Shell) -> str:
    center = (
        ""
        if not any(domain.center)
        else operator("−")
        + (
            _number(domain.center[0])
            if len(set(domain.center)) == 1
            else operator("(") + listing([sp.Float(c) for c in domain.center]) + operator(")")
        )
    )
    return operator("‖") + _point(domain) + center + operator("‖")


def _number(value: float) -> str:
    """A number, as the multiple of π that it is where it is one."""
    if value and abs(value / float(sp.pi) * 12 - round(value / float(sp.pi) * 12)) < 1e-12:
        return markup(sp.Rational(round(value / float(sp.pi) * 12), 12) * sp.pi)
    return markup(sp.Integer(int(value)) if value == int(value) else sp.Float(value))
