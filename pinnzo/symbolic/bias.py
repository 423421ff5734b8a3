"""Whether an expression stays unbiased when some of its quantities are random estimates."""

from __future__ import annotations

from collections.abc import Set

import sympy as sp
from sympy.core.relational import Relational


def nonlinear_symbol(expression: sp.Expr, symbols: Set[sp.Symbol]) -> sp.Symbol | None:
    """One of the symbols in which an expression is not linear, or None where it is linear in all of them together.

    An estimate X of a number m has E X = m, but E X² = m² + Var X: only expressions that are linear in the random
    quantities, with coefficients free of them, keep their mean.

    Example:
        >>> x, p, q = sp.symbols("x p q")
        >>> nonlinear_symbol(x**2 * p + sp.sin(x) * q, {p, q}), nonlinear_symbol(x + p * q, {p, q}) in {p, q}
        (None, True)
    """
    for term in sp.Add.make_args(expression):
        inside = sorted(term.free_symbols & symbols, key=str)
        # Derivatives do not see a jump between the pieces of a function.
        switches = {symbol for condition in term.atoms(Relational) for symbol in condition.free_symbols}
        for symbol in inside:
            if symbol in switches:
                return symbol
            if term.diff(symbol).free_symbols & symbols:
                expanded = sp.expand(term)
                if expanded != term:
                    return nonlinear_symbol(expanded, symbols)
                return symbol
    return None
