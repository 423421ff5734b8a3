"""What data say where two conditions meet, and whether initial data are complete."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations, product

import torch

from pinnzo.errors import DeclarationError
from pinnzo.symbolic.boundary import Sampler, hold, point_text
from pinnzo.symbolic.conditions import ParsedCondition
from pinnzo.symbolic.quantities import Lowered
from pinnzo.symbolic.torch_code import evaluate

TOLERANCE = 1e-9
"""How far apart data may be where two conditions meet, relative to their size."""

MOST_COMPARED = 12
"""Up to so many conditions each is compared with each; of more, all with those at one time."""


def corner_notes(conditions: Sequence[ParsedCondition], sampler: Sampler) -> list[str]:
    """Sentences about data that contradict each other on an edge, judged at random points of it.

    Such problems may well be meant, as when a hot body is put into cold water; but no ansatz satisfies both, and the
    solution has no derivatives there.

    Raises:
        DeclarationError: both conditions are to be built in.
    """
    notes = []
    seen: set[frozenset[str]] = set()
    starts = [c for c in conditions if any(sampler.variables[a] == sampler.time for p in c.places for a, _ in p)]
    many = len(conditions) > MOST_COMPARED
    for first, second in product(starts, conditions) if many else permutations(conditions, 2):
        pair = frozenset((first.name, second.name))
        if pair in seen or (sentence := _disagreement(first, second, sampler)) is None:
            continue
        seen.add(pair)
        if first.enforce == second.enforce == "hard":
            raise DeclarationError(f"{sentence}: they cannot both be hard. Correct one of them, or leave it soft.")
        notes.append(f"{sentence}, so at most one of them can be built in.")
    return notes


def _disagreement(first: ParsedCondition, second: ParsedCondition, sampler: Sampler) -> str | None:
    """What two conditions say at a point where they meet, if it is not the same.

    The first one prescribes ∂ᵐu on a face of one coordinate, the second one u on faces of others or on a sphere.
    """
    data = second.dirichlet_data
    if first.data is None or data is None or len(first.places) != 1 or first.periodic_axis is not None:
        return None
    ((axis, _),) = first.places[0]
    if any(a == axis for place in second.places for a, _ in place):
        return None
    if second.on_whole_boundary and sampler.variables[axis] != sampler.time:
        return None
    (points,) = sampler.condition(second, 64, torch.Generator().manual_seed(0))
    points = hold(points, first.places[0])
    values = evaluate((first.data, data.diff(sampler.variables[axis], first.order)), points, sampler.variables)
    gap = (values[0] - values[1]).abs()
    size = 1.0 + max(float(v.abs().max()) for v in values)
    worst = int(gap.nan_to_num(0.0, 0.0, 0.0).argmax())
    if not torch.stack(values).isfinite().all() or gap[worst] <= TOLERANCE * size:
        return None
    here, there = (float(v[worst]) for v in values)
    where = point_text(points[worst], sampler)
    what = "u is" if not first.order else f"the derivative of order {first.order} along {sampler.variables[axis]} is"
    return (
        f"The conditions {first.name!r} and {second.name!r} disagree where they meet: at {where} {what} {here:.4g} by "
        f"the first and {there:.4g} by the second"
    )


def time_notes(equation: Lowered, conditions: Sequence[ParsedCondition], sampler: Sampler) -> list[str]:
    """A sentence where an equation of second order in time has fewer data in time than a unique solution needs."""
    if sampler.time is None:
        return []
    axis = sampler.variables.index(sampler.time)
    indices = [index for q in equation.quantities.values() for op in q.operators for index, _ in op.terms]
    order = max((count for index in indices for a, count in index if a == axis), default=0)
    given = [c for c in conditions if any(a == axis for place in c.places for a, _ in place)]
    if order < 2 or not given or len(given) >= order or any(c.measured is not None for c in conditions):
        return []
    return [
        f"The equation is of order {order} in {sampler.time}, but only {len(given)} of the conditions "
        f"({', '.join(repr(c.name) for c in given)}) is about it: unless more is known, the solution is not unique. An "
        f"initial velocity is written as sp.Eq(u.diff({sampler.time}).subs({sampler.time}, 0), h)."
    ]
