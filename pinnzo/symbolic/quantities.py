"""What has to be computed of the unknown: the quantities that an expression is lowered to."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypeAlias

import sympy as sp

from pinnzo.errors import DeclarationError
from pinnzo.multiindex import LinearOperator

Place: TypeAlias = "tuple[tuple[int, sp.Expr], ...]"
"""Where the unknown is taken: the coordinates that are held at a constant, as sorted (axis, value)."""


@dataclass(frozen=True)
class Quantity:
    """What has to be computed of the unknown: one operator's value, or the sum of several operators' squares."""

    place: Place
    operators: tuple[LinearOperator, ...]
    squared: bool = False


@dataclass(frozen=True, eq=False)
class Lowered:
    """An expression in coordinates and quantity symbols.

    Attributes:
        expression: free of the unknown.
        quantities: the meaning of each quantity symbol.
    """

    expression: sp.Expr
    quantities: dict[sp.Symbol, Quantity]

    @property
    def places(self) -> tuple[Place, ...]:
        """The distinct places, in order of appearance."""
        return tuple(dict.fromkeys(q.place for q in self.quantities.values()))


def exact_number(c: float) -> sp.Expr:
    """A float as an integer where it is one."""
    return sp.Integer(int(c)) if c == int(c) else sp.Float(c)


def real_number(number: sp.Expr, term: Any) -> float:
    """A coefficient as a float.

    Raises:
        DeclarationError: it is complex or not finite.
    """
    value = complex(number)
    if value.imag or not math.isfinite(value.real):
        raise DeclarationError(
            f"The coefficient {number} in {term} is not a finite real number: only real equations can be compiled."
        )
    return value.real
