"""Initial, terminal and boundary conditions: how they are written, and what they say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias, get_args

import sympy as sp
from sympy.core.function import AppliedUndef

from pinnzo.errors import DeclarationError, SettingError
from pinnzo.symbolic.domains import Domain
from pinnzo.symbolic.expressions import INFINITE, known_expression, listed, scalar_expression, stranger_hint
from pinnzo.symbolic.lowering import lower
from pinnzo.symbolic.quantities import Lowered, Place

Enforcement: TypeAlias = Literal["auto", "hard", "soft"]


def _check_options(name: str | None, weight: float | None, enforce: str) -> None:
    if enforce not in get_args(Enforcement):
        raise SettingError(f"enforce is {enforce!r}: choose one of {', '.join(get_args(Enforcement))}.")
    if weight is not None and (not isinstance(weight, (int, float)) or not 0 < weight < float("inf")):
        raise SettingError(f"weight is {weight!r}: give a finite number greater than 0.")
    if name is not None and (not isinstance(name, str) or not name):
        raise SettingError(f"The name of a condition is {name!r}: give a text.")


@dataclass(frozen=True)
class Boundary:
    """expression = value on the whole spatial boundary of a box, a ball, a shell, a simplex or a difference of them.

    ``Boundary(u, g)`` states Dirichlet data, ``Boundary(normal_derivative(u, ball), g)`` Neumann data, and
    ``Boundary(normal_derivative(u, ball) + k * u, g)`` a Robin condition. Only Dirichlet data can be hard.

    Attributes:
        expression: the unknown function applied to its variables, or an expression in it and its derivatives.
        value: an expression of the variables; only its values on the boundary are used.
        name: how the condition is called in weights and reports.
        weight: of the penalty, where the condition is soft.
        enforce: "hard" builds it into the ansatz, "soft" makes it a penalty, "auto" prefers hard.
    """

    expression: Any
    value: Any
    name: str | None = None
    weight: float | None = None
    enforce: Enforcement = "auto"

    def __post_init__(self) -> None:
        _check_options(self.name, self.weight, self.enforce)


@dataclass(frozen=True)
class Condition:
    """An equation on part of the boundary, with a name, a weight or a way of enforcement of its own.

    Attributes:
        equation: such as ``sp.Eq(u.subs(t, 0), g)``.
        name: how the condition is called in weights and reports.
        weight: of the penalty, where the condition is soft.
        enforce: "hard" builds it into the ansatz, "soft" makes it a penalty, "auto" prefers hard.
    """

    equation: Any
    name: str | None = None
    weight: float | None = None
    enforce: Enforcement = "auto"

    def __post_init__(self) -> None:
        _check_options(self.name, self.weight, self.enforce)


@dataclass(frozen=True, eq=False)
class ParsedCondition:
    """A condition, understood.

    Attributes:
        name: unique among the problem's conditions.
        weight: of the penalty, or None for the default.
        enforce: what the user asked for.
        lowered: ``lhs − rhs`` in quantities of the unknown.
        places: the faces that it speaks of, as held coordinates; empty for the whole spatial boundary.
        data: g, where the condition reads u = g at one face or on the boundary; else None.
        text: the condition as the user wrote it.
    """

    name: str
    weight: float | None
    enforce: Enforcement
    lowered: Lowered
    places: tuple[Place, ...]
    data: sp.Expr | None
    text: str

    @property
    def on_whole_boundary(self) -> bool:
        """Whether the condition holds on the whole spatial boundary."""
        return not self.places


def parse_conditions(conditions: Sequence[Any], unknown: AppliedUndef, domain: Domain) -> tuple[ParsedCondition, ...]:
    """Understand all conditions of a problem and check that each lies on the boundary of the domain.

    Raises:
        DeclarationError: a condition is not an equation in the unknown, is not on the boundary, or was given the
            name of another one.
    """
    given = [c.name for c in conditions if isinstance(c, (Boundary, Condition)) and c.name is not None]
    if twice := {n for n in given if given.count(n) > 1}:
        raise DeclarationError(f"Several conditions are called {listed(twice)}: give each a name of its own.")
    parsed: list[ParsedCondition] = []
    for condition in conditions:
        new = _parse(condition, unknown, domain)
        if new.name not in given:
            taken = {*given, *(p.name for p in parsed)}
            names = (new.name, *(f"{new.name} ({i})" for i in range(2, len(conditions) + len(given) + 2)))
            new = replace(new, name=next(n for n in names if n not in taken))
        parsed.append(new)
    return tuple(parsed)


def _parse(condition: Any, unknown: AppliedUndef, domain: Domain) -> ParsedCondition:
    if condition in (sp.true, sp.false, True, False):
        raise DeclarationError(
            f"A condition evaluated to {condition} before it reached Problem: it does not contain {unknown} any more."
        )
    if isinstance(condition, Boundary):
        return _parse_boundary(condition, unknown)
    if not isinstance(condition, Condition) or not isinstance(condition.equation, sp.Equality):
        raise DeclarationError(
            f"{condition!r} is not a condition: write a SymPy equation sp.Eq(u.subs(t, 0), g), or Boundary(u, g)."
        )
    equation = condition.equation
    if not all(isinstance(side, sp.Expr) and not getattr(side, "is_Matrix", False) for side in equation.args):
        raise DeclarationError(f"The condition {equation} is not scalar: write one condition for each component.")
    difference = equation.lhs - equation.rhs
    _check_symbols(difference, unknown, str(equation))
    lowered = lower(difference, unknown)
    if not lowered.quantities:
        raise DeclarationError(f"The condition {equation} does not contain the unknown {unknown}.")
    for place in lowered.places:
        _check_place(place, unknown, domain, equation)
    name = condition.name or ", ".join(dict.fromkeys(_place_name(p, unknown) for p in lowered.places))
    return ParsedCondition(
        name,
        condition.weight,
        condition.enforce,
        lowered,
        lowered.places,
        _dirichlet_data(lowered),
        str(equation),
    )


def _parse_boundary(condition: Boundary, unknown: AppliedUndef) -> ParsedCondition:
    value = known_expression(condition.value, "The value of Boundary", unknown.args)
    expression = scalar_expression(condition.expression, "The expression of Boundary")
    if not expression.has(unknown):
        raise DeclarationError(
            f"Boundary is about {expression}, which does not contain the problem's unknown {unknown} at its own "
            "variables: write Boundary(u, g), or an expression in u and its derivatives."
        )
    text = f"{unknown.func if expression == unknown else expression} = {value} on the boundary"
    _check_symbols(expression, unknown, text)
    lowered = lower(expression - value, unknown)
    if lowered.places not in ((), ((),)):
        raise DeclarationError(
            f"The condition {text} holds a coordinate at a constant: leave that out, since Boundary speaks of the "
            "whole boundary, or write it as an equation for one face."
        )
    name = condition.name or "boundary"
    data = value if expression == unknown else _dirichlet_data(lowered)
    return ParsedCondition(name, condition.weight, condition.enforce, lowered, (), data, text)


def _check_symbols(expression: Any, unknown: AppliedUndef, text: str) -> None:
    others = {a.func for a in expression.atoms(AppliedUndef)} - {unknown.func}
    if others:
        raise DeclarationError(f"The condition {text} contains {listed(others)}, which is not the unknown.")
    if expression.has(*INFINITE):
        raise DeclarationError(f"The condition {text} contains NaN or infinity: every term must be finite.")
    if strangers := expression.free_symbols - set(unknown.args):
        raise DeclarationError(
            f"The condition {text} contains {listed(strangers)}, which is not one of the variables "
            f"{listed(unknown.args)}: {stranger_hint(strangers, unknown.args)}."
        )


def _place_name(place: Place, unknown: AppliedUndef) -> str:
    return ", ".join(f"{unknown.args[axis]} = {value}" for axis, value in place)


def _check_place(place: Place, unknown: AppliedUndef, domain: Domain, equation: Any) -> None:
    if not place:
        raise DeclarationError(
            f"The condition {equation} holds everywhere, not on the boundary: hold a coordinate at an end of its "
            "range, as in u.subs(t, 0), or use Boundary(u, g)."
        )
    intervals = domain.intervals
    for axis, value in place:
        symbol = unknown.args[axis]
        if symbol not in intervals:
            raise DeclarationError(
                f"The condition {equation} holds {symbol} at {value}, but {symbol} does not run over an interval of a "
                "box: use Boundary(u, g) for the boundary of a ball, a shell or a simplex."
            )
        if not any(abs(float(value) - end) <= 1e-12 * max(1.0, abs(end)) for end in intervals[symbol]):
            low, high = intervals[symbol]
            raise DeclarationError(
                f"The condition {equation} is off the boundary: it holds {symbol} at {value}, but the domain's ends "
                f"are {low:g} and {high:g}."
            )


def _dirichlet_data(lowered: Lowered) -> sp.Expr | None:
    """g, if the condition can be read as u = g at one face of one coordinate, or on the whole boundary."""
    if len(lowered.quantities) != 1:
        return None
    ((symbol, quantity),) = lowered.quantities.items()
    operator = quantity.operators[0]
    if quantity.squared or len(quantity.place) > 1 or operator.order > 0:
        return None
    slope = lowered.expression.diff(symbol)
    if not slope.is_number:
        return None
    scale = slope * operator.terms[0][1]
    rest = lowered.expression.xreplace({symbol: sp.Integer(0)})
    return sp.nsimplify(-1 / scale) * rest
