"""An expression made ready for printing: unknown functions without their arguments, derivatives and sums as nodes.

``u(x1, …, x20, t)`` twenty times in one equation hides the equation. Here u stands for it, ``Partial`` for its
derivatives, and a sum over numbered coordinates becomes one ``IndexedSum``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef

LEAST_TERMS = 4
"""Shorter sums are written out."""

NUMBERED = re.compile(r"^(.*?[^\d_])_?(\d+)$")


class Partial(sp.Expr):
    """A derivative that is printed and never taken: the expression, then pairs (coordinate, order)."""

    is_commutative = True


class Held(sp.Expr):
    """An expression at a place: the expression, then pairs (coordinate, value)."""

    is_commutative = True


class Exponential(sp.Expr):
    """A power of e, which is printed as one also where its exponent is negative."""

    is_commutative = True


class IndexedSum(sp.Expr):
    """A sum Σ over an index: the term at that index, the index, its first and its last value."""

    is_commutative = True


def shortened(expression: Any, unknowns: Collection[AppliedUndef]) -> Any:
    """The expression with unknown functions, their derivatives and long sums as what is printed for them.

    Args:
        expression: of SymPy.
        unknowns: the functions, applied to all of their variables.

    Example:
        >>> import pinnzo as pz
        >>> problem = pz.problem("hjb", dimension=5)
        >>> shortened(problem.unknown.diff(problem.time), problem.functions)
        Partial(u, (t, 1))
        >>> shortened(sum(problem.variables), problem.functions)
        t + IndexedSum(x_i, i, 1, 5)
    """
    if expression in unknowns:
        return sp.Symbol(expression.func.__name__)
    if isinstance(expression, sp.Derivative):
        pairs: Any = expression.variable_count
        return Partial(shortened(expression.expr, unknowns), *(sp.Tuple(*pair) for pair in pairs))
    if isinstance(expression, sp.Subs):
        variables, point = (tuple(part.args) for part in expression.args[1:])
        places = zip(variables, point, strict=True)
        return Held(shortened(expression.expr, unknowns), *(sp.Tuple(*pair) for pair in places))
    if not isinstance(expression, sp.Basic) or not expression.args:
        return expression
    arguments = [shortened(a, unknowns) for a in expression.args]
    if isinstance(expression, sp.exp):
        return Exponential(*arguments)
    if isinstance(expression, sp.Add):
        return sp.Add(*_summed(arguments))
    return expression if list(expression.args) == arguments else expression.func(*arguments)


def _summed(terms: Sequence[Any]) -> list[Any]:
    """The terms of a sum, those that differ by the number of one coordinate in one ``IndexedSum``."""
    groups: dict[tuple[str, Any], dict[int, Any]] = {}
    for position, term in enumerate(terms):
        numbered = {s: match for s in term.free_symbols if (match := NUMBERED.match(s.name))}
        if len(numbered) == 1:
            ((symbol, match),) = numbered.items()
            # A name that no coordinate has: sympy orders the factors of all terms in the same way then.
            template = term.xreplace({symbol: sp.Symbol(f"{match[1]}_i")})
            groups.setdefault((match[1], template), {})[int(match[2])] = term
        else:
            groups[("", sp.Integer(position))] = {0: term}
    pieces = []
    for (stem, template), members in groups.items():
        first, last = min(members), max(members)
        if stem and len(members) >= LEAST_TERMS and last - first + 1 == len(members):
            sign = -1 if template.could_extract_minus_sign() else 1
            pieces.append(sign * IndexedSum(sign * template, sp.Symbol("i"), sp.Integer(first), sp.Integer(last)))
        else:
            pieces.extend(members.values())
    return pieces
