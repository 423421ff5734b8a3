"""Periodic conditions, and when they are built in.

A network that sees cos and sin of 2π(x − a)/(b − a) in place of x is periodic with all its derivatives, and so is
u = A + B f if A and B are. That says more than u(a) = u(b) alone: u = x² − x solves u'' = 2 with u(0) = u(1), and is
lost if its slope has to be periodic too. So a condition is built in only where the whole problem is periodic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import sympy as sp
import torch

from pinnzo.symbolic.boundary import Sampler, hold
from pinnzo.symbolic.conditions import ParsedCondition
from pinnzo.symbolic.quantities import Lowered
from pinnzo.symbolic.torch_code import evaluate, torch_function

Period: TypeAlias = "tuple[int, float, float]"
"""A coordinate along which u is periodic: (axis, low, high)."""

TOLERANCE = 1e-9


@dataclass(frozen=True)
class Periodic:
    """What is built in by a periodic network: the coordinates, and the conditions that follow."""

    periods: tuple[Period, ...] = ()
    conditions: tuple[ParsedCondition, ...] = ()


def find_periodic(
    parts: Sequence[tuple[sp.Expr, sp.Expr]],
    conditions: Sequence[ParsedCondition],
    equations: Sequence[Lowered],
    sampler: Sampler,
) -> Periodic:
    """The coordinates along which the network shall be periodic.

    These are the ones where each unknown and its derivatives below the order of the equations are declared to be equal
    at both ends, and where the coefficients and sources of the equations, the data of the other conditions, and the A
    and B of each unknown are equal there too. Conditions of ``enforce="hard"`` need A and B alone.

    Args:
        parts: A and B of each unknown.
        conditions: of the problem.
        equations: of the problem.
        sampler: of its domain.
    """
    periods: list[Period] = []
    built: list[ParsedCondition] = []
    columns = dict(zip(sampler.domain.variables, sampler.domain.scale(), strict=True))
    declared = [c for c in conditions if c.periodic_axis is not None and c.enforce != "soft"]
    for axis in dict.fromkeys(c.periodic_axis for c in declared if c.periodic_axis is not None):
        low, high = columns[sampler.variables[axis]]
        period = (axis, low, high)
        chains = [_chain(declared, axis, component) for component in range(len(parts))]
        orders = [max(e.order(axis, component) for e in equations) for component in range(len(parts))]
        others = [*equations, *(c.lowered for c in conditions if c.periodic_axis is None and not _holds(c, axis))]
        found = [c for chain in chains for c in chain]
        wanted = any(c.enforce == "hard" for c in found)
        complete = all(len(chain) >= order for chain, order in zip(chains, orders, strict=True))
        natural = complete and all(_same_at_ends(e, period, sampler) for e in others)
        most = max((*orders, *map(len, chains)))
        smooth = all(is_periodic(e, period, most, sampler) for part in parts for e in part)
        if found and smooth and (wanted or natural):
            periods.append(period)
            built += found
    return Periodic(tuple(periods), tuple(built))


def _chain(declared: Sequence[ParsedCondition], axis: int, component: int) -> list[ParsedCondition]:
    """The conditions on an unknown and its derivatives of order 1, 2 …, up to the first that is missing."""
    here = {c.order: c for c in declared if c.periodic_axis == axis and c.component == component}
    return [here[k] for k in range(len(here)) if all(i in here for i in range(k + 1))]


def _holds(condition: ParsedCondition, axis: int) -> bool:
    return any(a == axis for place in condition.places for a, _ in place)


def _ends(period: Period, sampler: Sampler) -> list[torch.Tensor]:
    axis, low, high = period
    points = sampler.interior(64, torch.Generator().manual_seed(0))
    return [hold(points, ((axis, sp.Float(end, 17)),)) for end in (low, high)]


def _same_at_ends(lowered: Lowered, period: Period, sampler: Sampler) -> bool:
    """Whether an expression depends on a coordinate in the same way at both ends, judged at random points."""
    function = torch_function([sampler.variables, list(lowered.quantities)], [lowered.expression])
    generator = torch.Generator().manual_seed(0)
    quantities = torch.rand(len(lowered.quantities), 64, generator=generator, dtype=torch.float64)
    first, second = (torch.as_tensor(function(x.T, list(quantities))[0]) for x in _ends(period, sampler))
    return _close(first, second)


def is_periodic(expression: sp.Expr, period: Period, order: int, sampler: Sampler) -> bool:
    """Whether an expression and its derivatives up to an order are equal at both ends, judged at random points."""
    symbol = sampler.variables[period[0]]
    if symbol not in expression.free_symbols:
        return True
    derivatives = [expression.diff(symbol, k) for k in range(order + 1)]
    pairs = zip(*(evaluate(derivatives, x, sampler.variables) for x in _ends(period, sampler)), strict=True)
    return all(_close(first, second) for first, second in pairs)


def _close(first: torch.Tensor, second: torch.Tensor) -> bool:
    size = 1.0 + first.abs().max()
    return bool(((first - second).abs() <= TOLERANCE * size).all())
