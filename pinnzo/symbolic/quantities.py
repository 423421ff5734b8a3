"""What has to be computed of the unknown: the quantities that an expression is lowered to."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import sympy as sp

from pinnzo.errors import DeclarationError
from pinnzo.multiindex import LinearOperator

Place: TypeAlias = "tuple[tuple[int, sp.Expr], ...]"
"""Where the unknown is taken: the coordinates that are held at a constant, as sorted (axis, value)."""


@dataclass(frozen=True)
class Quantity:
    """What has to be computed of an unknown: one operator's value, or the sum of several operators' squares.

    Attributes:
        place: where.
        operators: of the unknown function, whose values, or squares, are added up.
        squared: whether it is the squares.
        component: which of the unknown functions.
    """

    place: Place
    operators: tuple[LinearOperator, ...]
    squared: bool = False
    component: int = 0


@dataclass(frozen=True, eq=False)
class Lowered:
    """An expression in coordinates, quantity symbols and unknown coefficients.

    Attributes:
        expression: free of the unknown functions.
        quantities: the meaning of each quantity symbol.
    """

    expression: sp.Expr
    quantities: dict[sp.Symbol, Quantity]

    @property
    def places(self) -> tuple[Place, ...]:
        """The distinct places, in order of appearance."""
        return tuple(dict.fromkeys(q.place for q in self.quantities.values()))

    @property
    def components(self) -> tuple[int, ...]:
        """Which of the unknown functions occur, in order of appearance."""
        return tuple(dict.fromkeys(q.component for q in self.quantities.values()))

    def order(self, axis: int, component: int) -> int:
        """The highest order of a derivative of one unknown function along a coordinate."""
        here = [q for q in self.quantities.values() if q.component == component]
        indices = [index for q in here for op in q.operators for index, _ in op.terms]
        return max((count for index in indices for a, count in index if a == axis), default=0)

    def at(self, numbers: Mapping[sp.Symbol, float]) -> Lowered:
        """The same with numbers in place of unknown coefficients."""
        if self.expression.free_symbols.isdisjoint(numbers):
            return self
        return Lowered(self.expression.xreplace({s: sp.Float(v, 17) for s, v in numbers.items()}), self.quantities)


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
