"""A straight line through the domain along which several variables move together."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sympy as sp

from pinnzo.errors import SettingError


@dataclass(frozen=True)
class Diagonal:
    """An axis of a slice along which several variables move together, from ``start`` to ``end``.

    Where all of them start at one number and end at one number, the axis' coordinate is their common value,
    x₁ = x₂ = … = s. Else it is the share s of the way, with x = (1 − s) start + s end, 0 ≤ s ≤ 1.

    Args:
        variables: two different ones or more.
        start: where the line begins: one number for all variables, or one for each; by default the lower ends of their
            ranges.
        end: where it ends; by default the upper ends of their ranges. Where one of the two is left out, the line is cut
            to its part in the domain.

    Raises:
        SettingError: fewer than two variables, no finite numbers, or no line between ``start`` and ``end``.

    Example:
        >>> import pinnzo as pz
        >>> x = pz.coordinates("x", 3)
        >>> pz.Diagonal(x, start=0, end=2).positions([0.0, 0.5])[x[1]].tolist()
        [0.0, 0.5]
        >>> falling = pz.Diagonal(x[:2], start=(0, 1), end=(1, 0))
        >>> falling.shared, falling.positions(0.25)[x[1]].tolist()
        (False, 0.75)
    """

    variables: tuple[sp.Symbol, ...]
    start: Any = None
    end: Any = None

    def __post_init__(self) -> None:
        given = self.variables
        symbols = tuple(given) if isinstance(given, Iterable) and not isinstance(given, str) else (given,)
        if len(symbols) < 2 or len(set(symbols)) != len(symbols) or not all(isinstance(s, sp.Symbol) for s in symbols):
            raise SettingError(f"Diagonal joins {given!r}: give a tuple of two different variables or more.")
        object.__setattr__(self, "variables", symbols)
        for name in ("start", "end"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, _numbers(getattr(self, name), len(symbols), name))
        if self.start is not None and self.start == self.end:
            raise SettingError(f"The start and the end of Diagonal are both {self.start}: give two different points.")

    @property
    def shared(self) -> bool:
        """Whether all variables have the same value everywhere on the line, which is then the axis' coordinate."""
        return len(set(self._ends(self.start))) == 1 == len(set(self._ends(self.end)))

    @property
    def limits(self) -> tuple[float, float]:
        """The coordinate at the start and at the end."""
        return (self._ends(self.start)[0], self._ends(self.end)[0]) if self.shared else (0.0, 1.0)

    def positions(self, s: Any) -> dict[sp.Symbol, np.ndarray]:
        """The values of all variables at coordinates of any shape."""
        s = np.asarray(s, dtype=float)
        if self.shared:
            return {symbol: s for symbol in self.variables}  # noqa: C420 (its type would have None in it)
        ends = zip(self.variables, self._ends(self.start), self._ends(self.end), strict=True)
        return {symbol: (1 - s) * low + s * high for symbol, low, high in ends}

    def within(self, ranges: Mapping[sp.Symbol, tuple[float, float]]) -> Diagonal:
        """The same line with the ends of these ranges for an end that was left out."""
        lows, highs = zip(*(ranges[s] for s in self.variables), strict=True)
        return replace(
            self, start=lows if self.start is None else self.start, end=highs if self.end is None else self.end
        )

    def _ends(self, end: tuple[float, ...] | None) -> tuple[float, ...]:
        if end is None:
            raise SettingError("This Diagonal has no start or no end yet: give both, or use it as an axis of a slice.")
        return end


def _numbers(given: Any, count: int, name: str) -> tuple[float, ...]:
    entries = tuple(given) if hasattr(given, "__len__") and not isinstance(given, str) else (given,) * count
    try:
        numbers = tuple(float(entry) for entry in entries)
    except (TypeError, ValueError):
        numbers = (math.nan,)
    if len(numbers) != count or not all(map(math.isfinite, numbers)):
        raise SettingError(f"{name} of Diagonal is {given!r}: give one finite number, or {count}: one a variable.")
    return numbers
