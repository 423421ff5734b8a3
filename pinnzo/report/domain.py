"""A domain as a formula."""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp

from pinnzo.report.mathml import grouped, listing, markup, operator
from pinnzo.symbolic.domains import Ball, Box, Difference, Domain, Gaussian, Shell, Simplex
from pinnzo.symbolic.problem import Problem


def domain_markup(problem: Problem) -> str:
    """Markup of the domain: intervals, norms, or what is taken away."""
    return _product(problem.domain)


def _product(domain: Domain) -> str:
    return _joined([_factor(factor) for factor in domain.factors])


def _joined(parts: Sequence[str]) -> str:
    return f'{operator(",")}<mspace width="1em"></mspace>'.join(parts)


def _factor(domain: Domain) -> str:
    if isinstance(domain, Box):
        return _intervals(domain)
    if isinstance(domain, Ball):
        return _norm(domain) + operator("≤") + _number(domain.radius)
    if isinstance(domain, Shell):
        return _number(domain.inner) + operator("≤") + _norm(domain) + operator("≤") + _number(domain.outer)
    if isinstance(domain, Gaussian):
        return _point(domain) + operator("∼") + _law(domain)
    if isinstance(domain, Difference):
        return operator("∖").join(grouped(_product(part), "{", "}") for part in (domain.base, domain.removed))
    kind = "a simplex" if isinstance(domain, Simplex) else f"a {type(domain).__name__}"
    return _point(domain) + f"<mtext> in {kind}</mtext>"


def _intervals(box: Box) -> str:
    """Coordinates with equal ranges share one interval."""
    groups: dict[tuple[float, float], list[sp.Symbol]] = {}
    for symbol, ends in box.intervals.items():
        groups.setdefault(ends, []).append(symbol)
    return _joined(
        [
            listing(symbols) + operator("∈") + grouped(operator(",").join(map(_number, ends)), "[", "]")
            for ends, symbols in groups.items()
        ]
    )


def _law(domain: Gaussian) -> str:
    """A normal distribution, of a Brownian motion that at its end."""
    variance = f"<msup>{_number(domain.std)}<mn>2</mn></msup>"
    law = "<mi>N</mi>" + grouped(_number(domain.mean) + operator(",") + variance)
    if domain.time is None:
        return law
    return f"{law}<mtext>, a Brownian motion in </mtext>{markup(domain.time)}<mtext> at its end</mtext>"


def _point(domain: Domain) -> str:
    many = len(domain.variables) > 1
    return grouped(listing(domain.variables)) if many else listing(domain.variables)


def _norm(domain: Ball | Shell) -> str:
    """The distance from the centre; a centre with equal coordinates is one number."""
    center = domain.center
    away = ""
    if any(center):
        same = len(set(center)) == 1
        away = operator("−") + (_number(center[0]) if same else grouped(listing([_exact(c) for c in center])))
    return grouped(_point(domain) + away, "‖", "‖")


def _number(value: float) -> str:
    return markup(_exact(value))


def _exact(value: float) -> sp.Expr:
    """A number as the whole number or the twelfths of π that it is, where it is that.

    Example:
        >>> _exact(2.0), _exact(1.5707963267948966), _exact(0.3)
        (2, pi/2, 0.300000000000000)
    """
    twelfths = value / float(sp.pi) * 12
    if value == int(value):
        return sp.Integer(int(value))
    if abs(twelfths - round(twelfths)) < 1e-12 * abs(twelfths):
        return sp.Rational(round(twelfths), 12) * sp.pi
    return sp.Float(value)
