"""Initial, terminal and boundary conditions: how they are written, and what they say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias, get_args

import sympy as sp
from sympy.core.function import AppliedUndef

from pinnzo.errors import DeclarationError, SettingError
from pinnzo.symbolic.domains import Domain
from pinnzo.symbolic.expressions import INFINITE, known_expression, listed, scalar_expression, stranger_hint
from pinnzo.symbolic.lowering import lower
from pinnzo.symbolic.measurements import Data, check_penalty
from pinnzo.symbolic.quantities import Lowered, Place
from pinnzo.symbolic.unknowns import Unknowns

Enforcement: TypeAlias = Literal["auto", "hard", "soft"]


def _check_options(name: str | None, weight: float | None, enforce: str, points: Any) -> None:
    if enforce not in get_args(Enforcement):
        raise SettingError(f"enforce is {enforce!r}: choose one of {', '.join(get_args(Enforcement))}.")
    check_penalty(name, weight)
    good = isinstance(points, (int, float)) and not isinstance(points, bool) and 0 < points < float("inf")
    if points is not None and not good:
        raise SettingError(
            f"points of a condition is {points!r}: give a whole number, for so many each step, or a float such as "
            "0.5, for so many times the equation's points."
        )


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
        points: of a step, where the condition is soft: a whole number for so many, a float for so many times the
            equation's; by default half as many as the equation has.
    """

    expression: Any
    value: Any
    name: str | None = None
    weight: float | None = None
    enforce: Enforcement = "auto"
    points: float | None = None

    def __post_init__(self) -> None:
        _check_options(self.name, self.weight, self.enforce, self.points)


@dataclass(frozen=True)
class Condition:
    """An equation on part of the boundary, with a name, a weight or a way of enforcement of its own.

    Attributes:
        equation: such as ``sp.Eq(u.subs(t, 0), g)``.
        name: how the condition is called in weights and reports.
        weight: of the penalty, where the condition is soft.
        enforce: "hard" builds it into the ansatz, "soft" makes it a penalty, "auto" prefers hard.
        points: of a step, where the condition is soft: a whole number for so many, a float for so many times the
            equation's; by default half as many as the equation has.
    """

    equation: Any
    name: str | None = None
    weight: float | None = None
    enforce: Enforcement = "auto"
    points: float | None = None

    def __post_init__(self) -> None:
        _check_options(self.name, self.weight, self.enforce, self.points)


@dataclass(frozen=True, eq=False)
class ParsedCondition:
    """A condition, understood.

    Attributes:
        name: unique among the problem's conditions.
        weight: of the penalty, or None for the default.
        enforce: what the user asked for.
        lowered: ``lhs − rhs`` in quantities of the unknown.
        places: the faces that it speaks of, as held coordinates; empty for the whole spatial boundary.
        component: the unknown function that it is about, the first one of several.
        data: g, where the condition reads ∂ᵐu = g at one face, with derivatives across it, or u = g on the boundary;
            else None.
        text: the condition as the user wrote it.
        order: m, how often u is differentiated where there are data: 0 for Dirichlet data, 1 for a velocity; the same
            for a periodic condition.
        points: of a step: an int for so many, a float for so many times the equation's, or None for the default.
        measured: the measurements, where the condition is about these: ∂u = values at their points.
        periodic_axis: the coordinate, where the condition says that ∂ᵐu along it is equal at both of its ends.
    """

    name: str
    weight: float | None
    enforce: Enforcement
    lowered: Lowered
    places: tuple[Place, ...]
    data: sp.Expr | None
    text: str
    order: int = 0
    periodic_axis: int | None = None
    points: float | None = None
    measured: Data | None = None
    component: int = 0

    def at(self, numbers: Mapping[sp.Symbol, float]) -> ParsedCondition:
        """The same with numbers in place of unknown coefficients."""
        return replace(self, lowered=self.lowered.at(numbers)) if numbers else self

    @property
    def dirichlet_data(self) -> sp.Expr | None:
        """g, where the condition reads u = g; else None."""
        return self.data if self.order == 0 else None

    @property
    def on_whole_boundary(self) -> bool:
        """Whether the condition holds on the whole spatial boundary."""
        return not self.places


def parse_conditions(conditions: Sequence[Any], unknowns: Unknowns, domain: Domain) -> tuple[ParsedCondition, ...]:
    """Understand all conditions of a problem and check that each lies on the boundary of the domain.

    Raises:
        DeclarationError: a condition is not an equation in the unknowns, is not on the boundary, or was given the
            name of another one.
    """
    named = [c for c in conditions if isinstance(c, (Boundary, Condition, Data))]
    given = [c.name for c in named if c.name is not None and not (isinstance(c, Data) and c.name == Data.name)]
    if twice := {n for n in given if given.count(n) > 1}:
        raise DeclarationError(f"Several conditions are called {listed(twice)}: give each a name of its own.")
    parsed: list[ParsedCondition] = []
    for condition in conditions:
        new = _parse(condition, unknowns, domain)
        if new.name not in given:
            taken = {*given, *(p.name for p in parsed)}
            names = (new.name, *(f"{new.name} ({i})" for i in range(2, len(conditions) + len(given) + 2)))
            new = replace(new, name=next(n for n in names if n not in taken))
        parsed.append(new)
    return tuple(parsed)


def _parse(condition: Any, unknowns: Unknowns, domain: Domain) -> ParsedCondition:
    if condition is sp.true or condition is sp.false or isinstance(condition, bool):
        raise DeclarationError(
            f"A condition evaluated to {condition} before it reached Problem: it does not contain {_any(unknowns)} any "
            "more."
        )
    if isinstance(condition, Boundary):
        return _parse_boundary(condition, unknowns)
    if isinstance(condition, Data):
        return _parse_measurements(condition, unknowns, domain)
    if not isinstance(condition, Condition) or not isinstance(condition.equation, sp.Equality):
        raise DeclarationError(
            f"{condition!r} is not a condition: write a SymPy equation sp.Eq(u.subs(t, 0), g), Boundary(u, g), or "
            "Data(u, points, values)."
        )
    equation = condition.equation
    if not all(isinstance(side, sp.Expr) and not getattr(side, "is_Matrix", False) for side in equation.args):
        raise DeclarationError(f"The condition {equation} is not scalar: write one condition for each component.")
    difference = equation.lhs - equation.rhs
    _check_symbols(difference, unknowns, str(equation))
    lowered = lower(difference, *unknowns.functions)
    if not lowered.quantities:
        raise DeclarationError(f"The condition {equation} does not contain the unknown {_any(unknowns)}.")
    unknown = unknowns.functions[lowered.components[0]]
    for place in lowered.places:
        _check_place(place, unknown, domain, equation)
    _check_places(lowered.places, unknown, equation)
    name = condition.name or _condition_name(lowered, unknowns)
    axis = None
    data, order = _face_data(lowered, unknowns)
    if (periodic := _periodicity(lowered)) is not None:
        axis, order = periodic
    return ParsedCondition(
        name,
        condition.weight,
        condition.enforce,
        lowered,
        lowered.places,
        data,
        str(equation),
        order,
        axis,
        condition.points,
        component=lowered.components[0],
    )


def _parse_boundary(condition: Boundary, unknowns: Unknowns) -> ParsedCondition:
    value = known_expression(condition.value, "The value of Boundary", unknowns.symbols)
    expression = scalar_expression(condition.expression, "The expression of Boundary")
    if not expression.has(*unknowns.functions):
        raise DeclarationError(
            f"Boundary is about {expression}, which does not contain the problem's unknown {_any(unknowns)} at its own "
            "variables: write Boundary(u, g), or an expression in u and its derivatives."
        )
    is_value = expression in unknowns.functions
    text = f"{expression.func if is_value else expression} = {value} on the boundary"
    _check_symbols(expression, unknowns, text)
    lowered = lower(expression - value, *unknowns.functions)
    if lowered.places not in ((), ((),)):
        raise DeclarationError(
            f"The condition {text} holds a coordinate at a constant: leave that out, since Boundary speaks of the "
            "whole boundary, or write it as an equation for one face."
        )
    component = lowered.components[0]
    name = condition.name or _name_of("boundary", lowered, unknowns)
    known = value.free_symbols.isdisjoint(unknowns.coefficients)
    data = (value if known else None) if is_value else _face_data(lowered, unknowns)[0]
    return ParsedCondition(
        name,
        condition.weight,
        condition.enforce,
        lowered,
        (),
        data,
        text,
        points=condition.points,
        component=component,
    )


def _parse_measurements(condition: Data, unknowns: Unknowns, domain: Domain) -> ParsedCondition:
    expression = scalar_expression(condition.expression, "The expression of Data")
    text = f"{expression} = {len(condition.values)} measurements"
    _check_symbols(expression, unknowns, text)
    lowered = lower(expression, *unknowns.functions)
    if lowered.places != ((),):
        raise DeclarationError(
            f"Data is about {expression}: give the unknown {_any(unknowns)} at its own variables, or an expression in "
            "it and its derivatives; where it was measured is what points say."
        )
    condition.check_inside(domain, unknowns.variables)
    return ParsedCondition(
        condition.name,
        condition.weight,
        "soft",
        lowered,
        lowered.places,
        None,
        text,
        measured=condition,
        component=lowered.components[0],
    )


def _any(unknowns: Unknowns) -> str:
    """The unknown functions for a message."""
    return " or ".join(map(str, unknowns.functions))


def _name_of(where: str, lowered: Lowered, unknowns: Unknowns) -> str:
    """A condition's name by where it holds, and in a system by the functions that it is about."""
    if len(unknowns.functions) == 1:
        return where
    return f"{', '.join(unknowns.name(c) for c in lowered.components)} at {where}"


def _condition_name(lowered: Lowered, unknowns: Unknowns) -> str:
    unknown = unknowns.functions[0]
    return _name_of(", ".join(dict.fromkeys(_place_name(p, unknown) for p in lowered.places)), lowered, unknowns)


def _check_symbols(expression: Any, unknowns: Unknowns, text: str) -> None:
    others = {a.func for a in expression.atoms(AppliedUndef)} - {u.func for u in unknowns.functions}
    if others:
        raise DeclarationError(f"The condition {text} contains {listed(others)}, which is not the unknown.")
    if expression.has(*INFINITE):
        raise DeclarationError(f"The condition {text} contains NaN or infinity: every term must be finite.")
    if strangers := expression.free_symbols - set(unknowns.symbols):
        raise DeclarationError(
            f"The condition {text} contains {listed(strangers)}, which is not one of the variables "
            f"{listed(unknowns.variables)}: {stranger_hint(strangers, unknowns.variables)}."
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
                f"are {low:g} and {high:g}. What is known at points inside is written as Data(u, points, values)."
            )


def _check_places(places: Sequence[Place], unknown: AppliedUndef, equation: Any) -> None:
    """Points are drawn once for all places, so these must hold the same coordinates, and differ in one of them."""
    for place in places[1:]:
        first, other = dict(places[0]), dict(place)
        if first.keys() != other.keys() or sum(first[axis] != other[axis] for axis in first) > 1:
            here, there = (_place_name(p, unknown) for p in (places[0], place))
            raise DeclarationError(
                f"The condition {equation} compares {unknown.func} at {here} with {unknown.func} at {there}: it may "
                "only compare the two ends of one coordinate, with all other coordinates the same on both sides."
            )


def _periodicity(lowered: Lowered) -> tuple[int, int] | None:
    """The axis and m, if the condition can be read as ∂ᵐu(a) = ∂ᵐu(b) along one coordinate that runs from a to b."""
    if len(lowered.quantities) != 2 or len(lowered.places) != 2 or len(lowered.components) != 1:
        return None
    slopes = []
    for symbol, quantity in lowered.quantities.items():
        terms = quantity.operators[0].terms
        slope = lowered.expression.diff(symbol)
        if quantity.squared or len(quantity.place) != 1 or len(terms) != 1 or not slope.is_number:
            return None
        slopes.append(slope * terms[0][1])
    first, second = (q.operators[0].terms[0][0] for q in lowered.quantities.values())
    rest = lowered.expression.xreplace(dict.fromkeys(lowered.quantities, sp.Integer(0)))
    axis, order = lowered.places[0][0][0], sum(count for _, count in first)
    if rest != 0 or abs(sum(slopes)) > 1e-12 * abs(slopes[0]) or first != second or first not in ((), ((axis, order),)):
        return None
    return axis, order


def _face_data(lowered: Lowered, unknowns: Unknowns) -> tuple[sp.Expr | None, int]:
    """The data g and the order m, if the condition reads ∂ᵐu = g across one face, or u = g on the whole boundary."""
    if len(lowered.quantities) != 1:
        return None, 0
    ((symbol, quantity),) = lowered.quantities.items()
    terms = quantity.operators[0].terms
    if quantity.squared or len(quantity.place) > 1 or len(terms) != 1:
        return None, 0
    ((index, coefficient),) = terms
    order = sum(count for _, count in index)
    if order and (not quantity.place or index != ((quantity.place[0][0], order),)):
        return None, 0
    slope = lowered.expression.diff(symbol)
    if not slope.is_number:
        return None, 0
    rest = lowered.expression.xreplace({symbol: sp.Integer(0)})
    if not rest.free_symbols.isdisjoint(unknowns.coefficients):
        return None, 0
    return sp.nsimplify(-1 / (slope * coefficient)) * rest, order
