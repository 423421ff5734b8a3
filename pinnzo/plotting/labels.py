"""Labels: SymPy expressions set as mathematics, with units."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import sympy as sp
from matplotlib.mathtext import MathTextParser

from pinnzo.errors import SettingError
from pinnzo.slices import Axis, Diagonal
from pinnzo.symbolic.problem import Problem

NAMED = 3
"""Of more variables than these only the first and the last are named."""


def maths(expression: Any) -> str:
    r"""An expression between dollar signs, or plain text where matplotlib cannot set it.

    Example:
        >>> maths(sp.Symbol("theta_1")), maths(sp.Symbol("cost in $"))
        ('$\\theta_{1}$', 'cost in \\$')
    """
    written = f"${_latex(expression)}$"
    return written if is_readable(written) else plain(str(expression))


def plain(text: str) -> str:
    """Text in which a dollar sign is a dollar sign."""
    return text.replace("$", r"\$")


@lru_cache(maxsize=1024)
def is_readable(label: str) -> bool:
    """Whether matplotlib can set the mathematics in a label."""
    try:
        MathTextParser("path").parse(label)
    except ValueError:
        return False
    return True


def name_of(function: str) -> str:
    """The name of an unknown function, as mathematics."""
    return maths(sp.Symbol(function))


@dataclass(frozen=True)
class Units:
    """The units of variables and unknown functions, by their names, ready to be shown."""

    by_symbol: Mapping[str, str] = field(default_factory=dict)
    by_function: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, problem: Problem, given: Mapping[Any, Any] | None) -> Units:
        """Read units by variable, tuple of variables, unknown function or its name.

        Raises:
            SettingError: they are no mapping, or one belongs to nothing in the problem.
        """
        if given is not None and not isinstance(given, Mapping):
            raise SettingError(f"units is {given!r}: give a mapping such as {{x: 'm', u: 'K'}}.")
        symbols: dict[str, str] = {}
        functions: dict[str, str] = {}
        for key, unit in (given or {}).items():
            shown = _unit(unit, key)
            for part in key if isinstance(key, tuple) else (key,):
                if part in problem.variables:
                    symbols[part.name] = shown
                    continue
                try:
                    found = problem.functions[problem.component(part)]
                except SettingError:
                    raise SettingError(
                        f"units has {part!r}, which is neither a variable nor an unknown function of the problem: they "
                        f"are {', '.join(map(str, problem.variables))} and {', '.join(map(str, problem.functions))}."
                    ) from None
                functions[found.func.__name__] = shown
        return cls(symbols, functions)

    def axis(self, axis: Axis) -> str:
        """The label of an axis."""
        if not isinstance(axis, Diagonal):
            return self._with(maths(axis), self.by_symbol.get(axis.name))
        names = [_latex(s) for s in axis.variables]
        units = {self.by_symbol.get(s.name) for s in axis.variables}
        unit = units.pop() if len(units) == 1 else None
        if axis.shared:
            written = " = ".join(names if len(names) <= NAMED else [names[0], r"\ldots", names[-1]])
            return self._with(_or_plain(f"${written}$", " = ".join(map(str, axis.variables))), unit)
        written = ", ".join(names if len(names) <= NAMED else [names[0], r"\ldots", names[-1]])
        label = _or_plain(f"${written}$", ", ".join(map(str, axis.variables)))
        if len(names) > NAMED:
            return f"share of the diagonal of {label}"
        start, end = (", ".join(f"{number:g}" for number in point) for point in (axis.start, axis.end))
        return self._with(f"{label} from ({start}) to ({end})", unit)

    def function(self, name: str) -> str:
        """The label of an unknown function."""
        return self._with(name_of(name), self.by_function.get(name))

    def error(self, label: str, name: str) -> str:
        """The label of an error of an unknown function."""
        return self._with(label, self.by_function.get(name))

    def unit_of(self, function: str) -> str:
        """The unit of an unknown function in brackets, or nothing."""
        return f"({self.by_function[function]})" if function in self.by_function else ""

    def value(self, symbols: Sequence[sp.Symbol], value: float, digits: int = 6) -> str:
        """What is said of variables that are held at a value."""
        names = [maths(s) for s in symbols]
        shown = ", ".join(names) if len(names) <= NAMED else f"{names[0]}, …, {names[-1]}"
        unit = self.by_symbol.get(symbols[0].name)
        return f"{shown} = {value:.{digits}g}{f' {unit}' if unit else ''}"

    def held(self, at: Mapping[sp.Symbol, float]) -> str:
        """What is said of all variables that are held."""
        groups: dict[tuple[float, str | None], list[sp.Symbol]] = {}
        for symbol, value in at.items():
            groups.setdefault((value, self.by_symbol.get(symbol.name)), []).append(symbol)
        return "; ".join(self.value(symbols, value) for (value, _), symbols in groups.items())

    @staticmethod
    def _with(label: str, unit: str | None) -> str:
        return f"{label} ({unit})" if unit else label


def _latex(expression: Any) -> str:
    """TeX in which words are upright, as letters that follow each other are a product in italics."""
    written = sp.latex(expression)
    word = re.match(r"[^\W\d_]{2,}", written) if isinstance(expression, sp.Symbol) else None
    return rf"\mathrm{{{word[0]}}}{written[word.end() :]}" if word else written


def _or_plain(written: str, otherwise: str) -> str:
    return written if is_readable(written) else plain(otherwise)


def _unit(unit: Any, key: Any) -> str:
    """A unit as the user wrote it, with mathematics between dollar signs, or a SymPy expression of units."""
    if isinstance(unit, sp.Basic):
        return maths(unit)
    if not isinstance(unit, str):
        raise SettingError(f"The unit of {key} is {unit!r}: give text such as 'm/s', or SymPy's units.")
    return unit if is_readable(unit) else plain(unit)
