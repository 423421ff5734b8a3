"""The ansatz u = A + B f that builds conditions into the solution exactly.

A comes from the data *on the boundary alone*: constant data; initial data carried along time; data of opposite faces
interpolated; data on a sphere carried along rays. So nothing that boundary data written as an expression may say
about the inside of the domain reaches the network.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import sympy as sp
import torch

from pinnzo.errors import DeclarationError
from pinnzo.symbolic.boundary import Sampler
from pinnzo.symbolic.calculus import refine
from pinnzo.symbolic.conditions import ParsedCondition
from pinnzo.symbolic.lowering import Place
from pinnzo.symbolic.torch_code import torch_function

MAX_INTERPOLATED_AXES = 3
"""Spatial coordinates whose faces are interpolated; the number of terms grows as 3 to this power."""
MAX_RAY_AXES = 10
"""Coordinates of a ball whose boundary data are carried along rays; beyond, the derivatives of A grow too large."""
MAX_CONSTANT_AXES = 6
"""Spatial coordinates with one constant value on all faces; beyond, the product in B is tiny nearly everywhere."""

NOT_SMOOTH = (sp.Abs, sp.sign, sp.Max, sp.Min, sp.Heaviside, sp.floor, sp.ceiling, sp.Piecewise)


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


def given_ansatz(A: sp.Expr, B: sp.Expr, conditions: Sequence[ParsedCondition], sampler: Sampler) -> Ansatz:
    """The user's own A and B; the conditions that they satisfy for every network are hard, the rest are soft."""
    for name, part in (("A", A), ("B", B)):
        if strangers := part.free_symbols - set(sampler.variables):
            raise DeclarationError(f"ansatz {name} = {part} contains {strangers}, which are not variables.")
    if B == 0:
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
    for group in _groups(conditions, sampler):
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


@dataclass(frozen=True)
class _Group(ABC):
    """Conditions that are built in together."""

    conditions: tuple[ParsedCondition, ...]

    @abstractmethod
    def extend(self, A: sp.Expr, B: sp.Expr, sampler: Sampler) -> tuple[sp.Expr, sp.Expr]:
        """A corrected to agree with these conditions too, and B multiplied by what vanishes where they hold."""


@dataclass(frozen=True)
class _Faces(_Group):
    """Dirichlet data at one or both ends of one coordinate."""

    axis: int
    low: float
    high: float
    ends: dict[bool, sp.Expr]

    def extend(self, A: sp.Expr, B: sp.Expr, sampler: Sampler) -> tuple[sp.Expr, sp.Expr]:
        symbol = sampler.variables[self.axis]
        low, extent = sp.nsimplify(self.low), sp.nsimplify(self.high - self.low)
        position = (symbol - low) / extent
        opposite = (low + extent - symbol) / extent
        correction: sp.Expr = sp.Integer(0)
        for upper, g in self.ends.items():
            place: Place = ((self.axis, low + extent if upper else low),)
            mismatch = _at(g - A, place, sampler)
            if not _vanishes(mismatch, sampler):
                blend = sp.Integer(1) if len(self.ends) == 1 else position if upper else opposite
                correction += blend * mismatch
        factor = 4 * position * opposite if len(self.ends) == 2 else opposite if True in self.ends else position
        return A + correction, B * factor


@dataclass(frozen=True)
class _Sphere(_Group):
    """Dirichlet data on the sphere of a ball."""

    def extend(self, A: sp.Expr, B: sp.Expr, sampler: Sampler) -> tuple[sp.Expr, sp.Expr]:
        ball, (condition,) = sampler.ball, self.conditions
        assert ball is not None
        assert condition.data is not None
        radius = sp.nsimplify(ball.radius)
        offsets = [s - sp.nsimplify(c) for s, c in zip(ball.variables, ball.center, strict=True)]
        squared = sp.Add(*(d**2 for d in offsets)) / radius**2
        mismatch = condition.data - A
        if mismatch.free_symbols.intersection(ball.variables):
            on_sphere: dict[Any, Any] = {
                s: sp.nsimplify(c) + d / sp.sqrt(squared)
                for s, c, d in zip(ball.variables, ball.center, offsets, strict=True)
            }
            # Carried along rays the data would jump at the centre; the factor ρ² keeps A continuously differentiable.
            projected = mismatch.subs(on_sphere, simultaneous=True)
            correction = sp.Integer(0) if _vanishes(projected, sampler) else squared * projected
        else:
            correction = mismatch
        return A + correction, B * (1 - squared)


def _groups(conditions: Sequence[ParsedCondition], sampler: Sampler) -> list[_Group]:
    usable = [c for c in conditions if c.enforce != "soft"]
    ends: dict[int, dict[bool, tuple[sp.Expr, ParsedCondition]]] = {}
    spheres: list[_Group] = []
    for c in usable:
        if c.on_whole_boundary:
            data = c.data
            assert data is not None
            if (ball := sampler.ball) is not None:
                if len(ball.variables) > MAX_RAY_AXES and data.free_symbols.intersection(ball.variables):
                    continue
                spheres.append(_Sphere((c,)))
                continue
            for axis, _, _ in sampler.box_faces:
                ends.setdefault(axis, {}).update({False: (data, c), True: (data, c)})
        elif c.data is not None:
            ((axis, value),) = c.places[0]
            low, high = _interval(axis, sampler)
            ends.setdefault(axis, {})[abs(float(value) - high) < abs(float(value) - low)] = (c.data, c)
    faces = []
    for axis, found in ends.items():
        owners = tuple(dict.fromkeys(c for _, c in found.values()))
        low, high = _interval(axis, sampler)
        faces.append(_Faces(owners, axis, low, high, {upper: g for upper, (g, _) in found.items()}))
    time = [g for g in faces if sampler.variables[g.axis] == sampler.time]
    space = [g for g in faces if sampler.variables[g.axis] != sampler.time]
    values = {d for g in space for d in g.ends.values()}
    constant = len(values) == 1 and not next(iter(values)).free_symbols
    limit = MAX_CONSTANT_AXES if constant else MAX_INTERPOLATED_AXES
    if not space or len(space) > limit:
        return [*time, *spheres]
    owners = tuple(dict.fromkeys(c for g in space for c in g.conditions))
    return [*time, *spheres, _BoxFaces(owners, tuple(space))]


@dataclass(frozen=True)
class _BoxFaces(_Group):
    """All constrained spatial faces of a box, which are accepted or left soft as a whole."""

    faces: tuple[_Faces, ...]

    def extend(self, A: sp.Expr, B: sp.Expr, sampler: Sampler) -> tuple[sp.Expr, sp.Expr]:
        for face in self.faces:
            A, B = face.extend(A, B, sampler)
        return A, B


def _interval(axis: int, sampler: Sampler) -> tuple[float, float]:
    symbol = sampler.variables[axis]
    return dict(zip(sampler.domain.variables, sampler.domain.scale(), strict=True))[symbol]


def _at(expression: sp.Expr, place: Place, sampler: Sampler) -> sp.Expr:
    return expression.subs({sampler.variables[axis]: value for axis, value in place})


def _evaluate(expressions: Sequence[sp.Expr], points: torch.Tensor, sampler: Sampler) -> list[torch.Tensor]:
    values = torch_function([sampler.variables], expressions)(points.T)
    return [torch.as_tensor(v, dtype=points.dtype).expand(len(points)) for v in values]


def _vanishes(expression: sp.Expr, sampler: Sampler) -> bool:
    """Whether an expression is zero throughout the domain, judged at random points."""
    if expression == 0:
        return True
    points = sampler.interior(64, torch.Generator().manual_seed(0))
    terms = torch.stack(_evaluate(sp.Add.make_args(expression), points, sampler))
    return bool((terms.sum(0).abs() <= 1e-12 * terms.abs().sum(0)).all())


def _is_exact(condition: ParsedCondition, A: sp.Expr, B: sp.Expr, sampler: Sampler) -> bool:
    """Whether u = A + B f satisfies a Dirichlet condition for every f: A equals the data there, and B vanishes."""
    if condition.data is None:
        return False
    (points,) = sampler.condition(condition, 64, torch.Generator().manual_seed(0))
    values, factor, data = _evaluate((A, B, condition.data), points, sampler)
    size = 1.0 + max(float(values.abs().max()), float(data.abs().max()))
    return not math.isnan(size) and bool(((values - data).abs() <= 1e-9 * size).all() and (factor.abs() <= 1e-9).all())
