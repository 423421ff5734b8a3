"""Exact derivatives of known SymPy expressions."""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp

from pinnzo.multiindex import LinearOperator, MultiIndex
from pinnzo.symbolic.domains import Ball, Box, Domain


class Differentiator:
    """Takes derivatives of one expression and remembers those it has taken.

    Args:
        expression: what to differentiate.
        variables: the coordinates, in the order of the axes.
    """

    def __init__(self, expression: sp.Expr, variables: Sequence[sp.Symbol]) -> None:
        self.variables = variables
        self._known: dict[MultiIndex, sp.Expr] = {(): expression}
        self._terms_of: dict[sp.Symbol, list[sp.Expr]] = {}
        for term in sp.Add.make_args(expression):
            for symbol in term.free_symbols:
                self._terms_of.setdefault(symbol, []).append(term)

    def derivative(self, index: MultiIndex) -> sp.Expr:
        """∂^α of the expression."""
        if index not in self._known:
            (axis, count), rest = index[0], index[1:]
            symbol = self.variables[axis]
            if not rest:
                # A sum of many terms, each in few variables, is the common case in high dimension.
                terms = self._terms_of.get(symbol, [])
                self._known[index] = sp.Add(*(term.diff(symbol, count) for term in terms))
            else:
                self._known[index] = self.derivative(rest).diff(symbol, count)
        return self._known[index]

    def apply(self, operator: LinearOperator) -> sp.Expr:
        """Σ_α c_α ∂^α of the expression."""
        return sp.Add(*(_number(c) * self.derivative(index) for index, c in operator.terms))


def _number(c: float) -> sp.Expr:
    return sp.Integer(int(c)) if c == int(c) else sp.Float(c)


def refine(expression: sp.Expr, domain: Domain) -> sp.Expr:
    """Simplify what depends on the sign of coordinates alone, such as |x| where the domain has x > 0.

    Example:
        >>> x = sp.Symbol("x", real=True)
        >>> refine(sp.Abs(x), Box({x: (0, 1)}))
        x
    """
    expression = sp.sympify(expression)
    signed: dict[sp.Basic, sp.Basic] = {}
    for factor in domain.factors:
        if not isinstance(factor, (Box, Ball)):
            continue
        for symbol, (low, high) in zip(factor.variables, factor.scale(), strict=True):
            if low >= 0:
                signed[symbol] = sp.Dummy(symbol.name, positive=True)
            elif high <= 0:
                signed[symbol] = sp.Dummy(symbol.name, negative=True)
    back = {dummy: symbol for symbol, dummy in signed.items()}
    return expression.xreplace(signed).xreplace(back)
