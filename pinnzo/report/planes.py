"""Which planes through the domain are drawn, and what the slider runs over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sympy as sp

from pinnzo.errors import SettingError
from pinnzo.symbolic.problem import Problem

MOST_PLANES = 6


@dataclass(frozen=True)
class Plane:
    """A plane, or a line, through the domain.

    Attributes:
        axes: the two variables, or the one, that it runs along.
        over: the further variable that the slider changes, or None where there is none.
        at: values of other variables; those not named are at the middle of their range.
    """

    axes: tuple[sp.Symbol, ...]
    over: sp.Symbol | None
    at: Mapping[sp.Symbol, float]


def choose_planes(
    problem: Problem,
    planes: Sequence[Sequence[Any]] | None = None,
    over: Any = None,
    at: Mapping[Any, float] | None = None,
) -> list[Plane]:
    """The planes that are drawn.

    By default the first two coordinates of space and, where there is time, the first one against it. In two variables
    that is one plane without a further variable, and a line with the other variable under the slider. The slider runs
    over time where that is not in the plane, else over the first coordinate that is not.

    Args:
        problem: the declaration.
        planes: pairs of variables, or single ones for a line; symbols or their names.
        over: the variable of the slider, in all planes that do not contain it.
        at: values of variables that are held; by default the middle of their range.

    Raises:
        SettingError: a name is no variable, a plane has another number of different variables than two or one, or a
            variable is both held and in a plane or under the slider.

    Example:
        >>> import pinnzo as pz
        >>> [(p.axes, p.over) for p in choose_planes(pz.problem("hjb", dimension=3))]
        [((x1, x2), t), ((x1, t), x2)]
        >>> [(p.axes, p.over) for p in choose_planes(pz.problem("heat", dimension=1), [("x1",)])]
        [((x1,), t)]
    """
    held = {_variable(problem, name, "at"): value for name, value in (at or {}).items()}
    slider = None if over is None else _variable(problem, over, "over")
    if slider in held:
        raise SettingError(f"at holds {slider}, which over puts under the slider: choose one.")
    chosen = _default_axes(problem) if planes is None else [_axes(problem, plane) for plane in planes]
    if not 1 <= len(chosen) <= MOST_PLANES:
        raise SettingError(f"planes has {len(chosen)} entries: give from 1 to {MOST_PLANES}.")
    if slider is not None and all(slider in axes for axes in chosen):
        raise SettingError(f"over is {slider}, which every plane contains already: choose another variable or plane.")
    found = []
    for axes in dict.fromkeys(chosen):
        if both := set(axes) & set(held):
            raise SettingError(f"at holds {both.pop()}, which is also an axis of a plane: choose one.")
        free = [s for s in _space(problem) if s not in axes and s not in held]
        if problem.time is not None and problem.time not in axes and problem.time not in held:
            free.insert(0, problem.time)
        run = slider if slider is not None and slider not in axes else next(iter(free), None)
        found.append(Plane(axes, run, held))
    return found


def _space(problem: Problem) -> list[sp.Symbol]:
    return [s for s in problem.variables if s != problem.time]


def _default_axes(problem: Problem) -> list[tuple[sp.Symbol, ...]]:
    space, time = _space(problem), [] if problem.time is None else [problem.time]
    if problem.dimension == 1:
        return [problem.variables]
    if problem.dimension == 2:
        return [(*space, *time), (space[0],)]
    last = time[0] if time else space[2]
    return [(space[0], space[1]), (space[0], last)]


def _axes(problem: Problem, plane: Iterable[Any]) -> tuple[sp.Symbol, ...]:
    names = [plane] if isinstance(plane, (str, sp.Symbol)) else list(plane)
    axes = tuple(_variable(problem, name, "planes") for name in names)
    if len(axes) not in (1, 2) or len(set(axes)) != len(axes):
        raise SettingError(
            f"planes has {', '.join(map(str, names)) or 'an empty entry'}: a plane has two different variables, and a "
            "line has one."
        )
    return axes


def _variable(problem: Problem, name: Any, where: str) -> sp.Symbol:
    for symbol in problem.variables:
        if name in (symbol, symbol.name):
            return symbol
    known = [s.name for s in problem.variables]
    shown = known if len(known) <= 12 else [*known[:6], "…", *known[-2:]]
    raise SettingError(
        f"{where} has {str(name)!r}, which is not a variable of the problem; they are {', '.join(shown)}."
    )
