"""Exact derivatives of known SymPy expressions."""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp

from pinnzo.multiindex import LinearOperator, MultiIndex
from pinnzo.symbolic.domains import Domain
from pinnzo.symbolic.quantities import exact_number


class Differentiator:
    """Takes derivatives of one expression and remembers those it has taken.

    Args:
        expression: what to differentiate.
        variables: the coordinates, in the order of the axes.
    """

    def __init__(self, expression: sp.Expr, variables: Sequence[sp.Symbol]) -> None:
        self.variables = variables
        self._known: dict[MultiIndex, sp.Expr] = {(): expression}
        self._symbols: dict[sp.Expr, frozenset[sp.Basic]] = {}

    def derivative(self, index: MultiIndex) -> sp.Expr:
        """∂^α of the expression."""
        if index not in self._known:
            *rest, (axis, count) = index
            lower = (*rest, (axis, count - 1)) if count > 1 else tuple(rest)
            self._known[index] = self._partial(self.derivative(lower), self.variables[axis])
        return self._known[index]

    def _partial(self, e: sp.Expr, symbol: sp.Symbol) -> sp.Expr:
        """One derivative. In high dimension nearly all terms of a sum lack the symbol: they are passed over."""
        if symbol not in self._free(e):
            return sp.Integer(0)
        if e.is_Add:
            return sp.Add(*(self._partial(a, symbol) for a in e.args if symbol in self._free(a)))
        if e.is_Mul:
            args = e.args
            dependent = [i for i, a in enumerate(args) if symbol in self._free(a)]
            return sp.Add(*(sp.Mul(*args[:i], self._partial(args[i], symbol), *args[i + 1 :]) for i in dependent))
        return e.diff(symbol)

    def _free(self, e: sp.Expr) -> frozenset[sp.Basic]:
        if e not in self._symbols:
            self._symbols[e] = frozenset(e.free_symbols)
        return self._symbols[e]

    def apply(self, operator: LinearOperator) -> sp.Expr:
        """Σ_α c_α ∂^α of the expression."""
        return sp.Add(*(exact_number(c) * self.derivative(index) for index, c in operator.terms))


def refine(expression: sp.Expr, domain: Domain) -> sp.Expr:
    """Simplify what depends on the sign of coordinates alone, such as |x| where the domain has x > 0.

    Example:
        >>> from pinnzo.symbolic import Box
        >>> x = sp.Symbol("x", real=True)
        >>> refine(sp.Abs(x), Box({x: (0, 1)}))
        x
    """
    expression = sp.sympify(expression)
    signed: dict[sp.Basic, sp.Basic] = {}
    for factor in domain.factors:
        if not factor.bounded:
            continue
        for symbol, (low, high) in zip(factor.variables, factor.scale(), strict=True):
            if low >= 0:
                signed[symbol] = sp.Dummy(symbol.name, positive=True)
            elif high <= 0:
                signed[symbol] = sp.Dummy(symbol.name, negative=True)
    back = {dummy: symbol for symbol, dummy in signed.items()}
    return expression.xreplace(signed).xreplace(back)
