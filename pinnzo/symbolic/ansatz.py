"""The ansatz u = A + B f that builds conditions into the solution exactly.

How A uses the data, and why only where they hold, is said in ``faces``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import sympy as sp
import torch

from pinnzo.errors import DeclarationError
from pinnzo.symbolic.boundary import Sampler
from pinnzo.symbolic.calculus import refine
from pinnzo.symbolic.conditions import ParsedCondition
from pinnzo.symbolic.expressions import known_expression
from pinnzo.symbolic.faces import MAX_INTERPOLATED_AXES, group_conditions, vanishes
from pinnzo.symbolic.torch_code import evaluate

NOT_SMOOTH = (sp.Abs, sp.sign, sp.Max, sp.Min, sp.Heaviside, sp.floor, sp.ceiling, sp.Piecewise, sp.Mod, sp.frac)


@dataclass(frozen=True)
class Ansatz:
    """u = A + B f, with the network f.

    Attributes:
        A: satisfies the hard conditions.
        B: vanishes where they hold.
        hard: names of the conditions that are built in.
        soft: the conditions that are left to penalties.
    """

    A: sp.Expr
    B: sp.Expr
    hard: tuple[str, ...] = ()
    soft: tuple[ParsedCondition, ...] = field(default=(), repr=False)


def given_ansatz(pair: Any, conditions: Sequence[ParsedCondition], sampler: Sampler) -> Ansatz:
    """The user's own A and B; the conditions that they satisfy for every network are hard, the rest are soft.

    Raises:
        DeclarationError: not a pair of expressions of the variables, not finite in the domain, or B vanishes.
    """
    if isinstance(pair, (str, sp.Basic)) or not isinstance(pair, Sequence) or len(pair) != 2:
        raise DeclarationError(f"ansatz is {pair!r}: give a pair (A, B) of SymPy expressions.")
    A, B = (
        refine(known_expression(part, f"ansatz {name}", sampler.variables), sampler.domain)
        for name, part in zip("AB", pair, strict=True)
    )
    points = sampler.interior(64, torch.Generator().manual_seed(0))
    values = evaluate((A, B), points, sampler.variables)
    for name, part, value in zip("AB", (A, B), values, strict=True):
        if not value.isfinite().all():
            raise DeclarationError(f"ansatz {name} = {part} is NaN or infinite inside the domain: it must be finite.")
    if vanishes(B, sampler):
        raise DeclarationError("ansatz B is zero: u = A + B f would not depend on the network.")
    hard = [c for c in conditions if _is_exact(c, A, B, sampler)]
    return _finish(A, B, hard, conditions)


def build_ansatz(conditions: Sequence[ParsedCondition], sampler: Sampler) -> Ansatz:
    """Build in as many conditions as an ansatz can satisfy exactly.

    Conditions along one coordinate (or on the sphere of a ball) form a group, taken time first. Each group corrects
    the A found so far by the mismatch on its own faces, which keeps the earlier groups' data wherever the
    conditions agree at the corners (transfinite interpolation as a Boolean sum; Gordon & Hall 1973). A group that
    would break an earlier one, or has data with kinks, stays soft.
    """
    domain = sampler.domain
    A, B = sp.Integer(0), sp.Integer(1)
    hard: list[ParsedCondition] = []
    for group in group_conditions(conditions, sampler):
        data = [refine(c.data, domain) for c in group.conditions if c.data is not None]
        if any(d.has(*NOT_SMOOTH) for d in data):
            continue
        new_A, new_B = group.extend(A, B, sampler)
        if all(_is_exact(c, new_A, new_B, sampler) for c in (*hard, *group.conditions)):
            A, B = refine(new_A, domain), new_B
            hard.extend(group.conditions)
    return _finish(A, B, hard, conditions)


def _finish(A: sp.Expr, B: sp.Expr, hard: Sequence[ParsedCondition], conditions: Sequence[ParsedCondition]) -> Ansatz:
    names = tuple(c.name for c in hard)
    soft = tuple(c for c in conditions if c.name not in names)
    if failed := [c.name for c in soft if c.enforce == "hard"]:
        raise DeclarationError(
            f"The condition {failed[0]!r} cannot be built into an ansatz: only smooth Dirichlet data can, on faces of "
            f"a box in up to {MAX_INTERPOLATED_AXES} spatial coordinates or on a ball, that agree at the corners. "
            "Leave enforce at 'auto', or give your own ansatz=(A, B)."
        )
    return Ansatz(A, B, names, soft)


def _is_exact(condition: ParsedCondition, A: sp.Expr, B: sp.Expr, sampler: Sampler) -> bool:
    """Whether u = A + B f satisfies a Dirichlet condition for every f: A equals the data there, and B vanishes."""
    if condition.data is None:
        return False
    (points,) = sampler.condition(condition, 64, torch.Generator().manual_seed(0))
    values, factor, data = evaluate((A, B, condition.data), points, sampler.variables)
    size = 1.0 + max(float(values.abs().max()), float(data.abs().max()))
    return not math.isnan(size) and bool(((values - data).abs() <= 1e-9 * size).all() and (factor.abs() <= 1e-9).all())
