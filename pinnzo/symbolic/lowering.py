"""From a SymPy expression in unknown functions to a plain expression in a few computable quantities.

Every maximal part that is a linear operator with constant coefficients applied to one of them becomes one
:class:`Quantity`, and so does every squared gradient, whether the user wrote an operator node or the sum itself.
What remains is an ordinary expression of the coordinates and of the quantities' symbols.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import sympy as sp
from sympy.core.function import AppliedUndef, UndefinedFunction
from sympy.matrices.expressions.matexpr import MatrixElement

from pinnzo.errors import DeclarationError
from pinnzo.multiindex import LinearOperator, MultiIndex, add
from pinnzo.symbolic.expressions import listed
from pinnzo.symbolic.nodes import Divergence, Gradient, GradientNormSquared, Laplacian
from pinnzo.symbolic.quantities import Lowered, Place, Quantity, exact_number, real_number

Terms: TypeAlias = "dict[MultiIndex, float]"
Where: TypeAlias = "tuple[int, Place]"
"""Which of the unknown functions, and at which place."""

EVALUATED = (sp.Derivative, sp.Subs, sp.Sum, sp.Product, Laplacian, GradientNormSquared, Divergence)
"""Nodes that are evaluated where they are no linear operators."""


def lower(expression: sp.Expr, *unknowns: AppliedUndef) -> Lowered:
    """Lower an expression in unknown functions, such as ``lhs − rhs`` of an equation.

    Args:
        expression: any SymPy expression with derivatives of the unknowns, operators such as ``laplacian``, and
            values of the unknowns at constant coordinates.
        unknowns: the functions applied to their variables, u(x1, …, xD), the same for all.

    Raises:
        DeclarationError: an unknown occurs in a way that no derivative or value at a point describes.
    """
    return lower_all([expression], unknowns)[0]


def lower_all(expressions: Sequence[sp.Expr], unknowns: Sequence[AppliedUndef]) -> list[Lowered]:
    """Lower several expressions, which share the symbols of quantities that they have in common; see ``lower``."""
    lowering = _Lowering(unknowns)
    return [lowering.lowered(expression) for expression in expressions]


class _Lowering:
    def __init__(self, unknowns: Sequence[AppliedUndef]) -> None:
        self.unknowns = unknowns
        self.functions = [u.func for u in unknowns]
        self.variables: tuple[Any, ...] = unknowns[0].args
        self.axis = {s: i for i, s in enumerate(self.variables)}
        self.symbols: dict[Quantity, sp.Symbol] = {}
        self.met: dict[sp.Symbol, Quantity] = {}

    def lowered(self, expression: sp.Expr) -> Lowered:
        self.met = {}
        found = self.visit(expression)
        return Lowered(found, self.met)

    def visit(self, e: Any) -> Any:
        if not e.has(*self.functions):
            return e.doit() if e.has(*EVALUATED, sp.Integral, sp.MatMul, sp.UnevaluatedExpr) else e
        if (linear := self.linear(e)) is not None:
            return self.row(*linear)
        if isinstance(e, (sp.Integral, sp.Limit)):
            raise DeclarationError(f"{e} cannot be compiled: integrals and limits of the unknown are not supported.")
        if isinstance(e, sp.Add):
            return self.sum_of(e.args)
        if isinstance(e, GradientNormSquared) and (parts := self.gradient(e)) is not None:
            return self.squared(*parts)
        if (evaluated := self.evaluated(e)) != e:
            return self.visit(evaluated)
        if isinstance(e, (AppliedUndef, sp.Derivative, sp.Subs)):
            raise DeclarationError(
                f"{e} cannot be compiled: use values and derivatives of {listed(self.unknowns)}, with a coordinate "
                "held at a constant in conditions."
            )
        return e.func(*(self.visit(a) for a in e.args))

    def evaluated(self, e: Any) -> Any:
        """One step of evaluation, for nodes that are derivatives of something non-linear."""
        if isinstance(e, EVALUATED):
            # Real, so that SymPy knows |u|' = sign(u) u'.
            real = {f: UndefinedFunction(f.__name__, real=True) for f in self.functions}
            found = {a: real[a.func](*a.args) for a in e.atoms(AppliedUndef) if a.func in real}
            return e.xreplace(found).doit().xreplace({b: a for a, b in found.items()})
        if isinstance(e, MatrixElement):
            return e.parent.as_explicit()[e.i, e.j]
        return e.args[0] if isinstance(e, sp.UnevaluatedExpr) else e

    # ---- linear operators -------------------------------------------------------------------------------

    def linear(self, e: Any) -> tuple[Where, Terms] | None:
        """The constant-coefficient linear operator that ``e`` applies to the unknown, if it is one."""
        if isinstance(e, AppliedUndef):
            return (self.where(e), {(): 1.0}) if e.func in self.functions else None
        if isinstance(e, sp.Mul):
            numbers = [a for a in e.args if a.is_number]
            rest = [a for a in e.args if not a.is_number]
            if len(rest) != 1 or (inner := self.linear(rest[0])) is None:
                return None
            factor = real_number(sp.Mul(*numbers), e)
            return inner[0], {index: factor * c for index, c in inner[1].items()}
        if isinstance(e, sp.Add):
            return self.linear_sum(e.args)
        if isinstance(e, sp.Derivative):
            return self.linear_derivative(e)
        if isinstance(e, Laplacian):
            axes = [self.axis.get(s) for s in e.coordinates]
            return self.shifted(e.expression, [((axis, 2),) for axis in axes if axis is not None], len(axes))
        if isinstance(e, Divergence):
            return self.linear_divergence(e)
        if isinstance(e, sp.Subs):
            return self.linear_substitution(e)
        return None

    def linear_sum(self, terms: Sequence[Any]) -> tuple[Where, Terms] | None:
        where: Where | None = None
        total: Terms = {}
        for term in terms:
            part = self.linear(term)
            if part is None or (where is not None and part[0] != where):
                return None
            where = part[0]
            for index, c in part[1].items():
                total[index] = total.get(index, 0.0) + c
        return None if where is None else (where, total)

    def linear_derivative(self, e: sp.Derivative) -> tuple[Where, Terms] | None:
        index: MultiIndex = ()
        for symbol, count in e.variable_count:
            if symbol not in self.axis or not count.is_Integer:
                return None
            index = add(index, ((self.axis[symbol], int(count)),))
        return self.shifted(e.expr, [index], 1)

    def linear_divergence(self, e: Divergence) -> tuple[Where, Terms] | None:
        field, factor = e.args[0], sp.Integer(1)
        if isinstance(field, sp.MatMul) and len(field.args) == 2 and field.args[0].is_number:
            factor, field = field.args
        if not isinstance(field, Gradient) or tuple(field.args[1]) != e.coordinates:
            return None
        inner = self.linear(Laplacian(field.args[0], e.coordinates))
        return None if inner is None else (inner[0], {i: real_number(factor, e) * c for i, c in inner[1].items()})

    def linear_substitution(self, e: sp.Subs) -> tuple[Where, Terms] | None:
        inner = self.linear(e.expr)
        if inner is None:
            return None
        component, held = inner[0]
        place = dict(held)
        for symbol, value in zip(e.variables, e.point, strict=True):
            if symbol not in self.axis or value.free_symbols:
                return None
            place.setdefault(self.axis[symbol], value)
        return (component, tuple(sorted(place.items()))), inner[1]

    def shifted(self, expression: Any, indices: Sequence[MultiIndex], wanted: int) -> tuple[Where, Terms] | None:
        """Σ ∂^index of a linear expression."""
        inner = self.linear(expression)
        if inner is None or len(indices) < wanted:
            return None
        held = {axis for axis, _ in inner[0][1]}
        total: Terms = {}
        for index in indices:
            if held.intersection(axis for axis, _ in index):
                raise DeclarationError(
                    f"{expression} is differentiated along a coordinate that is held at a constant: take the "
                    "derivative first, then put the constant in, as in u.diff(x).subs(x, 0)."
                )
            for old, c in inner[1].items():
                new = add(old, index)
                total[new] = total.get(new, 0.0) + c
        return inner[0], total

    def where(self, e: AppliedUndef) -> Where:
        component = self.functions.index(e.func)
        unknown = self.unknowns[component]
        if len(e.args) != len(self.variables):
            raise DeclarationError(f"{e} has another number of arguments than {unknown}.")
        held = []
        for axis, (argument, variable) in enumerate(zip(e.args, self.variables, strict=True)):
            if argument == variable:
                continue
            if argument.free_symbols:
                raise DeclarationError(
                    f"{e} takes {e.func} away from its own variables: use {unknown}, with constants "
                    "for some coordinates in conditions."
                )
            held.append((axis, argument))
        return component, tuple(held)

    # ---- sums --------------------------------------------------------------------------------------------

    def sum_of(self, terms: Sequence[Any]) -> sp.Expr:
        """Gather the linear terms, and the squares, that share a coefficient, so that each group is one quantity."""
        rows: dict[tuple[sp.Expr, Where], Terms] = {}
        squares: dict[tuple[sp.Expr, Where], list[LinearOperator]] = {}
        rest: list[Any] = []
        for term in terms:
            factors = sp.Mul.make_args(term)
            free = [a for a in factors if not a.has(*self.functions)]
            dependent = [a for a in factors if a.has(*self.functions)]
            one = dependent[0] if len(dependent) == 1 else None
            if one is not None and (linear := self.linear(one)) is not None:
                number = sp.Mul(*(a for a in free if a.is_number))
                coefficient = sp.Mul(*(a for a in free if not a.is_number))
                factor = real_number(number, term)
                group = rows.setdefault((coefficient, linear[0]), {})
                for index, c in linear[1].items():
                    group[index] = group.get(index, 0.0) + factor * c
            elif one is not None and (parts := self.squares(one)) is not None:
                squares.setdefault((sp.Mul(*free), parts[0]), []).extend(parts[1])
            elif not dependent:
                rest.append(self.visit(term))
            else:
                rest.append(sp.Mul(*(self.visit(a) for a in factors)))
        for (coefficient, where), operators in squares.items():
            rest.append(coefficient * self.squared(where, tuple(operators)))
        for (coefficient, where), group in rows.items():
            rest.append(self.visit(coefficient) * self.row(where, group))
        return sp.Add(*rest)

    def squares(self, e: Any) -> tuple[Where, tuple[LinearOperator, ...]] | None:
        if isinstance(e, GradientNormSquared):
            return self.gradient(e)
        if isinstance(e, sp.Pow) and e.exp == 2 and (linear := self.linear(e.base)) is not None:
            return linear[0], (LinearOperator.from_terms(linear[1]),)
        return None

    def gradient(self, e: GradientNormSquared) -> tuple[Where, tuple[LinearOperator, ...]] | None:
        parts = [self.linear(sp.Derivative(e.expression, s)) for s in e.coordinates if s in self.axis]
        known = [p for p in parts if p is not None]
        if len(known) < len(e.coordinates) or len({p[0] for p in known}) != 1:
            return None
        return known[0][0], tuple(LinearOperator.from_terms(terms) for _, terms in known)

    # ---- quantities --------------------------------------------------------------------------------------

    def row(self, where: Where, terms: Terms) -> sp.Expr:
        component, place = where
        operator = LinearOperator.from_terms(terms)
        coefficients = {c for _, c in operator.terms}
        if len(coefficients) != 1:
            return self.symbol(Quantity(place, (operator,), component=component)) if operator.terms else sp.Integer(0)
        # With a common factor taken out, −2u and u, or Δu and Δu/3, share their quantity.
        (factor,) = coefficients
        plain = LinearOperator(tuple((index, 1.0) for index, _ in operator.terms))
        return exact_number(factor) * self.symbol(Quantity(place, (plain,), component=component))

    def squared(self, where: Where, operators: tuple[LinearOperator, ...]) -> sp.Symbol:
        component, place = where
        return self.symbol(Quantity(place, operators, squared=True, component=component))

    def symbol(self, quantity: Quantity) -> sp.Symbol:
        symbol = self.symbols.setdefault(quantity, sp.Dummy(f"q{len(self.symbols)}", real=True))
        self.met[symbol] = quantity
        return symbol
