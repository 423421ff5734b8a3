"""What a problem asks for: unknown functions of the same variables, and unknown coefficients."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef

from pinnzo.errors import DeclarationError
from pinnzo.symbolic.expressions import listed

GENERIC = 0.7310585786300049
"""Stands for a coefficient whose guess is 0 where an equation is checked: 0 would hide the terms with it."""


@dataclass(frozen=True)
class Unknowns:
    """The unknowns of a problem.

    Attributes:
        functions: the unknown functions, applied to their variables.
        coefficients: unknown numbers in the equations, with the guesses that the search begins at.
    """

    functions: tuple[AppliedUndef, ...]
    coefficients: Mapping[sp.Symbol, float] = field(default_factory=dict)

    @property
    def variables(self) -> tuple[sp.Symbol, ...]:
        """The arguments of the functions."""
        return self.functions[0].args  # type: ignore[return-value]

    @property
    def symbols(self) -> tuple[sp.Symbol, ...]:
        """All that an equation may contain besides the functions."""
        return (*self.variables, *self.coefficients)

    @property
    def trial(self) -> dict[sp.Symbol, float]:
        """Numbers for the coefficients, of the guesses' sign, with which an equation can be checked."""
        return {s: guess or GENERIC for s, guess in self.coefficients.items()}

    def name(self, component: int) -> str:
        """How one of the functions is called."""
        return self.functions[component].func.__name__


def find_functions(equations: Sequence[sp.Equality], given: Any = None) -> tuple[AppliedUndef, ...]:
    """The unknown functions of equations, in the given order or else in that of their names.

    Raises:
        DeclarationError: there is none, one is used with different variables, two have different ones, or ``given`` is
            not about these.
    """
    applied = {a for equation in equations for a in equation.atoms(AppliedUndef)}
    functions = {a.func for a in applied}
    what = f"The equation {equations[0]}" if len(equations) == 1 else f"The system of {len(equations)} equations"
    if not functions:
        raise DeclarationError(f"{what} contains none of unknown functions: write it with one, sp.Function('u')(x).")
    found = []
    for function in sorted(functions, key=lambda f: f.__name__):
        here = {a for a in applied if a.func == function}
        candidates = [a for a in here if all(isinstance(s, sp.Symbol) for s in a.args)]
        if len(candidates) != 1 or len(set(candidates[0].args)) != len(candidates[0].args):
            raise DeclarationError(
                f"The unknown occurs as {listed(here)}: use it with the same list of distinct variables throughout."
            )
        found.append(candidates[0])
    if len(variables := {u.args for u in found}) > 1:
        raise DeclarationError(
            f"{what} has unknown functions of different variables, {listed(found)}: give all of them the variables "
            f"{listed(max(variables, key=len))}, in the same order."
        )
    if len({u.func.__name__ for u in found}) < len(found):
        raise DeclarationError(f"{what} has several unknown functions of one name: give each a name of its own.")
    if len(found) > len(equations):
        hint = "leave out the others" if len(equations) == 1 else "add what is missing, or put numbers in"
        raise DeclarationError(
            f"{what} contains {len(found)} unknown functions ({listed(found)}), but a system needs as many equations "
            f"as unknown functions: pass a list of {len(found)} equations, or {hint}."
        )
    return tuple(found) if given is None else _ordered(found, given)


def _ordered(found: Sequence[AppliedUndef], given: Any) -> tuple[AppliedUndef, ...]:
    wanted = list(given) if isinstance(given, Sequence) and not isinstance(given, str) else [given]
    if not all(isinstance(w, sp.Basic) for w in wanted) or set(wanted) != set(found) or len(wanted) != len(found):
        raise DeclarationError(
            f"functions is {given!r}, but the unknown functions of the equations are {listed(found)}: name each of "
            "them once, in the order that the columns of the solution shall have."
        )
    return tuple(wanted)


def checked_coefficients(given: Any, variables: Iterable[sp.Symbol]) -> dict[sp.Symbol, float]:
    """Unknown coefficients with their guesses; a list of symbols stands for guesses of 1.

    Raises:
        DeclarationError: one is no real symbol, or one of the variables, or its guess is no number of its sign.
    """
    if given is None:
        return {}
    if isinstance(given, sp.Symbol) or not isinstance(given, (Mapping, Sequence)) or isinstance(given, str):
        raise DeclarationError(
            f"unknowns is {given!r}: give a list of symbols, [k], or a mapping to the numbers that the search begins "
            "at, {k: 1.0}."
        )
    for symbol in given:
        if not isinstance(symbol, sp.Symbol):
            raise DeclarationError(f"unknowns has {symbol!r}: unknown coefficients are SymPy symbols.")
    guesses = dict(given) if isinstance(given, Mapping) else dict.fromkeys(given, 1.0)
    for symbol, guess in guesses.items():
        if symbol in variables:
            raise DeclarationError(f"unknowns has {symbol}, which is a variable of the unknown function.")
        if symbol.is_real is not True:
            raise DeclarationError(
                f"The unknown coefficient {symbol} is not declared real: use sp.Symbol({symbol.name!r}, real=True), or "
                "positive=True where it is."
            )
        number = math.nan
        if isinstance(guess, (int, float, sp.Number)) and not isinstance(guess, bool):
            number = float(guess)
        if not math.isfinite(number) or (symbol.is_positive and number <= 0):
            kind = "a number greater than 0" if symbol.is_positive else "a finite number"
            raise DeclarationError(f"The guess of the unknown coefficient {symbol} is {guess!r}: give {kind}.")
        guesses[symbol] = number
    return guesses
