"""Where a slice lies: its axes, the values of what is held, and the points in between."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import sympy as sp

from pinnzo.errors import SettingError
from pinnzo.slices.diagonal import Diagonal

Axis: TypeAlias = "sp.Symbol | Diagonal"
"""What a slice runs along."""

SEARCHED, HALVINGS = 2001, 50
"""Points of a line at which its part in the domain is looked for, and bisections of the ends of that part."""


def members(axis: Axis) -> tuple[sp.Symbol, ...]:
    """The variables that run along an axis."""
    return axis.variables if isinstance(axis, Diagonal) else (axis,)


def check_axes(axes: Sequence[Any], variables: Sequence[sp.Symbol]) -> None:
    """Refuse what is no line or plane.

    Raises:
        SettingError: not one or two axes, a variable that occurs twice, or an unknown one.
    """
    running = [symbol for axis in axes for symbol in members(axis)]
    for symbol in running:
        check_variable(symbol, variables)
    if len(axes) not in (1, 2) or len(set(axes)) != len(axes):
        raise SettingError(f"A slice runs over one variable or two different ones, not {tuple(axes)}.")
    if twice := [s for s in running if running.count(s) > 1]:
        raise SettingError(f"{twice[0]} runs along both axes of the slice: choose one of them.")


def check_variable(symbol: Any, variables: Sequence[sp.Symbol]) -> None:
    """Refuse what is none of the variables.

    Raises:
        SettingError: it is not.
    """
    if isinstance(symbol, (tuple, list)):
        raise SettingError(f"{symbol!r} is not a variable: name its members, or pass Diagonal({symbol!r}) as an axis.")
    if symbol not in variables:
        raise SettingError(f"{symbol!r} is not one of the variables {', '.join(map(str, variables))}.")


def held_values(
    at: Mapping[Any, Any] | None,
    axes: Sequence[Axis],
    variables: Sequence[sp.Symbol],
    middle: Mapping[sp.Symbol, float],
) -> dict[sp.Symbol, float]:
    """The values of all variables that do not run along an axis, in the order of ``variables``.

    Args:
        at: what the user gave: numbers by variable, or by a tuple of variables, which stands for those of them that
            neither run along an axis nor have an entry of their own.
        axes: what runs.
        variables: all of them.
        middle: where those are that ``at`` does not name.

    Raises:
        SettingError: ``at`` names an unknown variable, one that runs along an axis, or no finite number.
    """
    if at is not None and not isinstance(at, Mapping):
        raise SettingError(f"at is {at!r}: give a mapping such as {{t: 0.5}}.")
    running = {symbol for axis in axes for symbol in members(axis)}
    found: dict[sp.Symbol, float] = {}
    given = dict(at or {})
    for key in sorted(given, key=lambda k: not isinstance(k, tuple)):  # single variables have the last word
        for symbol in key if isinstance(key, tuple) else (key,):
            check_variable(symbol, variables)
        if not isinstance(key, tuple):
            if key in running:
                raise SettingError(f"{key} is held in at=, but it is also an axis of the slice: choose one.")
            found[key] = _finite(key, given[key])
        elif free := [symbol for symbol in key if symbol not in running]:
            found.update({symbol: _finite(symbol, given[key]) for symbol in free})
        else:
            raise SettingError(f"at= holds {key}, but all of these run along an axis of the slice: leave them out.")
    return {s: found.get(s, middle[s]) for s in variables if s not in running}


def several_values(at: Mapping[Any, Any] | None) -> list[dict[Any, Any]]:
    """One mapping for each value of the variable that is held at a list of them.

    Raises:
        SettingError: two variables have lists, or a list is empty.

    Example:
        >>> several_values({"x": 1, "t": [0, 0.5]})
        [{'x': 1, 't': 0}, {'x': 1, 't': 0.5}]
    """
    if at is not None and not isinstance(at, Mapping):
        raise SettingError(f"at is {at!r}: give a mapping such as {{t: 0.5}}.")
    given = dict(at or {})
    lists = [key for key, value in given.items() if _is_list(value)]
    if not lists:
        return [given]
    if len(lists) > 1:
        raise SettingError(f"at= has several values for {lists[0]} and for {lists[1]}: give one of them one value.")
    (key,) = lists
    if not len(given[key]):
        raise SettingError(f"at= has an empty list for {key}: give it a number, or several.")
    return [{**given, key: value} for value in given[key]]


def positions(
    variables: Sequence[sp.Symbol],
    axes: Sequence[Axis],
    at: Mapping[sp.Symbol, float],
    coordinates: Sequence[np.ndarray],
) -> np.ndarray:
    """The points (…, D) with these coordinates along the axes, which are broadcast against each other."""
    coordinates = np.broadcast_arrays(*coordinates)
    columns: dict[sp.Symbol, Any] = dict(at)
    for axis, s in zip(axes, coordinates, strict=True):
        columns.update(axis.positions(s) if isinstance(axis, Diagonal) else {axis: s})
    points = np.empty((*coordinates[0].shape, len(variables)))
    for index, symbol in enumerate(variables):
        points[..., index] = columns[symbol]
    return points


def part_inside(limits: tuple[float, float], inside: Callable[[np.ndarray], np.ndarray]) -> tuple[float, float]:
    """The ends of the part of a line that lies in the domain; of all of it, holes included, where it has several."""
    s = np.linspace(*limits, SEARCHED)
    held = np.flatnonzero(inside(s))
    if not held.size:
        return limits
    first, last = int(held[0]), int(held[-1])
    low = s[0] if first == 0 else bisect(s[[first]], s[[first - 1]], inside)[0]
    high = s[-1] if last == len(s) - 1 else bisect(s[[last]], s[[last + 1]], inside)[0]
    return float(low), float(high)


def bisect(within: np.ndarray, without: np.ndarray, inside: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """The last points in the domain on the ways from points in it, (n, …), to points outside."""
    for _ in range(HALVINGS):
        half = (within + without) / 2
        chosen = inside(half)
        chosen = chosen.reshape(chosen.shape + (1,) * (half.ndim - chosen.ndim))
        within, without = np.where(chosen, half, within), np.where(chosen, without, half)
    return within


def _is_list(value: Any) -> bool:
    return hasattr(value, "__len__") and not isinstance(value, str) and getattr(value, "ndim", 1) == 1


def _finite(symbol: sp.Symbol, value: Any) -> float:
    if _is_list(value):
        raise SettingError(f"at= holds {symbol} at several values, {value!r}: slice takes one, plot_slice draws all.")
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise SettingError(f"at= holds {symbol} at {value!r}: give a finite number.")
    return number
