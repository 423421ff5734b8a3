"""What users pass as expressions, checked once at the border."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef

from pinnzo.errors import DeclarationError

INFINITE = (sp.nan, sp.oo, -sp.oo, sp.zoo)


def scalar_expression(value: Any, what: str) -> sp.Expr:
    """A number or SymPy expression as a SymPy expression.

    Text is refused: SymPy would run it as Python code, and make symbols of its own that are not the problem's.

    Raises:
        DeclarationError: ``value`` is something else, such as text, an equation or a matrix.
    """
    try:
        expression = sp.sympify(value, strict=True)
    except (sp.SympifyError, TypeError, ValueError, AttributeError):
        raise DeclarationError(f"{what} is {value!r}: give a number or a SymPy expression.") from None
    if isinstance(expression, sp.Equality):
        raise DeclarationError(f"{what} is the equation {expression}: give one side of it, an expression.")
    if not isinstance(expression, sp.Expr) or getattr(expression, "is_Matrix", False):
        raise DeclarationError(f"{what} is {value!r}: give one scalar SymPy expression.")
    return expression


def known_expression(value: Any, what: str, variables: Sequence[sp.Symbol]) -> sp.Expr:
    """A scalar expression of the variables alone, without an unknown function, NaN or infinity.

    Raises:
        DeclarationError: it contains something else; the message names it.
    """
    expression = scalar_expression(value, what)
    if functions := expression.atoms(AppliedUndef):
        raise DeclarationError(
            f"{what} contains {listed(functions)}: write it as an expression of {listed(variables)} alone."
        )
    if expression.has(*INFINITE):
        raise DeclarationError(f"{what} is {expression}, which contains NaN or infinity: it must be finite.")
    if strangers := expression.free_symbols - set(variables):
        raise DeclarationError(
            f"{what} contains {listed(strangers)}, which is not one of the variables {listed(variables)}: "
            f"{stranger_hint(strangers, variables)}."
        )
    return expression


def stranger_hint(strangers: Iterable[sp.Basic], variables: Iterable[sp.Symbol]) -> str:
    """What may have gone wrong with symbols that are not variables."""
    if {str(s) for s in strangers} & {s.name for s in variables}:
        return "a symbol of the same name with other assumptions is another symbol; reuse the one made by coordinates()"
    return "put a number in for each parameter, or declare it as one of the unknowns"


def listed(things: Iterable[Any]) -> str:
    """Their names; sets are put in alphabetical order."""
    return ", ".join(map(str, things) if isinstance(things, Sequence) else sorted(map(str, things)))
