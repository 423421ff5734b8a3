"""What data say where two conditions meet, and whether there are enough of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations, product

import torch

from pinnzo.errors import DeclarationError
from pinnzo.symbolic.boundary import Sampler, hold, point_text
from pinnzo.symbolic.conditions import ParsedCondition
from pinnzo.symbolic.quantities import Lowered
from pinnzo.symbolic.torch_code import evaluate
from pinnzo.symbolic.unknowns import Unknowns

TOLERANCE = 1e-9
"""How far apart data may be where two conditions meet, relative to their size."""

MOST_COMPARED = 12
"""Up to so many conditions each is compared with each; of more, all with those at one time."""


def corner_notes(conditions: Sequence[ParsedCondition], sampler: Sampler, unknowns: Unknowns) -> list[str]:
    """Sentences about data that contradict each other on an edge, judged at random points of it.

    Values of u that differ may well be meant, as when a hot body is put into cold water; but no ansatz satisfies both,
    and the solution jumps. So one of the two conditions has to be declared as soft. Derivatives that differ, as where a
    wall begins to be heated, are no contradiction, unless both are to be built in.

    Raises:
        DeclarationError: two conditions give u different values and neither is soft, or two that contradict each other
            are to be hard.
    """
    notes = []
    seen: set[frozenset[str]] = set()
    starts = [c for c in conditions if any(sampler.variables[a] == sampler.time for p in c.places for a, _ in p)]
    many = len(conditions) > MOST_COMPARED
    for first, second in product(starts, conditions) if many else permutations(conditions, 2):
        pair = frozenset((first.name, second.name))
        if pair in seen or (sentence := _disagreement(first, second, sampler, unknowns)) is None:
            continue
        seen.add(pair)
        if first.enforce == second.enforce == "hard":
            raise DeclarationError(f"{sentence}: they cannot both be hard. Correct one of them, or leave it soft.")
        if first.order == 0 and "soft" not in (first.enforce, second.enforce):
            raise DeclarationError(
                f"{sentence}. Correct one of them; or, if the solution is meant to jump there, declare one of them as "
                'soft, as in Boundary(u, g, enforce="soft") or Condition(equation, enforce="soft").'
            )
        notes.append(f"{sentence}, so at most one of them can be built in.")
    return notes


def _disagreement(first: ParsedCondition, second: ParsedCondition, sampler: Sampler, unknowns: Unknowns) -> str | None:
    """What two conditions say at a point where they meet, if it is not the same.

    The first one prescribes ∂ᵐu on a face of one coordinate, the second one u on faces of others or on a sphere.
    """
    data = second.dirichlet_data
    if (
        first.component != second.component
        or first.data is None
        or data is None
        or len(first.places) != 1
        or first.periodic_axis is not None
    ):
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
    name = unknowns.name(first.component)
    if first.order:
        of = f" of {name}" if len(unknowns.functions) > 1 else ""
        name = f"the derivative of order {first.order}{of} along {sampler.variables[axis]}"
    return (
        f"The conditions {first.name!r} and {second.name!r} disagree where they meet: at {where} {name} is {here:.4g} "
        f"by the first and {there:.4g} by the second"
    )


def absence_notes(equations: Sequence[Lowered], conditions: Sequence[ParsedCondition], sampler: Sampler) -> list[str]:
    """A sentence where nothing but a differential equation is known on a bounded domain."""
    indices = [index for e in equations for q in e.quantities.values() for op in q.operators for index, _ in op.terms]
    if conditions or not any(indices) or not sampler.domain.bounded:
        return []
    return [
        "The problem has no conditions, so that its solution is not unique: declare what is known at the boundary, "
        "such as conditions=[pz.Boundary(u, 0)] or sp.Eq(u.subs(t, 0), g), or give an ansatz=(A, B) of your own."
    ]


def time_notes(
    equations: Sequence[Lowered], conditions: Sequence[ParsedCondition], sampler: Sampler, unknowns: Unknowns
) -> list[str]:
    """Sentences where an unknown has fewer data in time than its order in time asks for, if there are any data."""
    if sampler.time is None or any(c.measured is not None for c in conditions):
        return []
    axis = sampler.variables.index(sampler.time)
    notes = []
    for component, unknown in enumerate(unknowns.functions):
        order = max(equation.order(axis, component) for equation in equations)
        about = [c for c in conditions if component in c.lowered.components]
        given = [c for c in about if any(a == axis for place in c.places for a, _ in place)]
        if not about or len(given) >= order:
            continue
        which = f"only {len(given)} of the conditions ({', '.join(repr(c.name) for c in given)}) is about it"
        t, data = sampler.time, ".diff({t}).subs({t}, 0), h" if given else ".subs({t}, 0), g"
        remedy = f"An initial {'velocity' if given else 'value'} is written as sp.Eq({unknown.func}{data.format(t=t)})"
        notes.append(
            f"{unknown.func} is differentiated {order} times along {sampler.time}, but "
            f"{which if given else 'none of the conditions is about it'}: unless more is known, the solution is not "
            f"unique. {remedy}."
        )
    return notes
