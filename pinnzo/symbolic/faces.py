"""Where Dirichlet data are prescribed, and how an ansatz u = A + B f is made to satisfy them there.

A takes its data *from the boundary alone*: constant data; initial data carried along time; data of opposite faces
interpolated; data on a sphere carried along rays. So nothing that boundary data written as an expression may say
about the inside of the domain reaches the network.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sympy as sp
import torch

from pinnzo.symbolic.boundary import Sampler
from pinnzo.symbolic.conditions import ParsedCondition
from pinnzo.symbolic.quantities import Place
from pinnzo.symbolic.torch_code import evaluate

MAX_INTERPOLATED_AXES = 3
"""Spatial coordinates whose faces are interpolated; the number of terms grows as 3 to this power."""
MAX_RAY_AXES = 10
"""Coordinates of a ball whose boundary data are carried along rays; beyond, the derivatives of A grow too large."""
MAX_CONSTANT_AXES = 6
"""Spatial coordinates with one constant value on all faces; beyond, the product in B is tiny nearly everywhere."""


@dataclass(frozen=True)
class Group(ABC):
    """Conditions that are built in together."""

    conditions: tuple[ParsedCondition, ...]

    @abstractmethod
    def extend(self, A: sp.Expr, B: sp.Expr, sampler: Sampler) -> tuple[sp.Expr, sp.Expr]:
        """A corrected to agree with these conditions too, and B multiplied by what vanishes where they hold."""


@dataclass(frozen=True)
class _Faces(Group):
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
            if not vanishes(mismatch, sampler):
                blend = sp.Integer(1) if len(self.ends) == 1 else position if upper else opposite
                correction += blend * mismatch
        factor = 4 * position * opposite if len(self.ends) == 2 else opposite if True in self.ends else position
        return A + correction, B * factor


@dataclass(frozen=True)
class _Sphere(Group):
    """Dirichlet data on the sphere of a ball."""

    def extend(self, A: sp.Expr, B: sp.Expr, sampler: Sampler) -> tuple[sp.Expr, sp.Expr]:
        ball, (condition,) = sampler.ball, self.conditions
        assert ball is not None
        assert condition.data is not None
        radius = sp.nsimplify(ball.radius)
        offsets = [s - sp.nsimplify(c) for s, c in zip(ball.variables, ball.center, strict=True)]
        squared = sp.Add(*(d**2 for d in offsets)) / radius**2
        mismatch = condition.data - A
        if len(offsets) == 1:
            # The sphere is two points, and rays from the centre would leave a kink there.
            low, high = ball.scale()[0]
            ends = {False: condition.data, True: condition.data}
            return _Faces(self.conditions, sampler.variables.index(ball.variables[0]), low, high, ends).extend(
                A, B, sampler
            )
        if mismatch.free_symbols.intersection(ball.variables):
            on_sphere: dict[Any, Any] = {
                s: sp.nsimplify(c) + d / sp.sqrt(squared)
                for s, c, d in zip(ball.variables, ball.center, offsets, strict=True)
            }
            # Carried along rays the data would jump at the centre; the factor ρ² keeps A continuously differentiable.
            projected = mismatch.subs(on_sphere, simultaneous=True)
            correction = sp.Integer(0) if vanishes(projected, sampler) else squared * projected
        else:
            correction = mismatch
        return A + correction, B * (1 - squared)


@dataclass(frozen=True)
class _Spheres(Group):
    """Dirichlet data on both spheres of a shell a ≤ ‖x − c‖ ≤ b.

    A carries the data of each sphere along rays and blends them linearly in ρ² = ‖x − c‖²; B vanishes at a and b.
    """

    def extend(self, A: sp.Expr, B: sp.Expr, sampler: Sampler) -> tuple[sp.Expr, sp.Expr]:
        shell, (condition,) = sampler.shell, self.conditions
        assert shell is not None
        assert condition.data is not None
        inner, outer = sp.nsimplify(shell.inner), sp.nsimplify(shell.outer)
        offsets = [s - sp.nsimplify(c) for s, c in zip(shell.variables, shell.center, strict=True)]
        squared = sp.Add(*(d**2 for d in offsets))
        above, below = squared - inner**2, outer**2 - squared
        width = outer**2 - inner**2
        mismatch = condition.data - A
        correction = mismatch
        if mismatch.free_symbols.intersection(shell.variables):
            correction = sp.Integer(0)
            for radius, blend in ((inner, below), (outer, above)):
                on_sphere: dict[Any, Any] = {
                    s: sp.nsimplify(c) + radius * d / sp.sqrt(squared)
                    for s, c, d in zip(shell.variables, shell.center, offsets, strict=True)
                }
                projected = mismatch.subs(on_sphere, simultaneous=True)
                if not vanishes(projected, sampler):
                    correction += blend / width * projected
        return A + correction, B * 4 * above * below / width**2


def group_conditions(conditions: Sequence[ParsedCondition], sampler: Sampler) -> list[Group]:
    """The Dirichlet conditions that may be built in, in groups: time first, then the sphere or the faces of space."""
    usable = [c for c in conditions if c.enforce != "soft"]
    ends: dict[int, dict[bool, tuple[sp.Expr, ParsedCondition]]] = {}
    spheres: list[Group] = []
    for c in usable:
        if c.data is None:
            continue
        if c.on_whole_boundary:
            data = c.data
            if (ball := sampler.ball) is not None:
                if len(ball.variables) > MAX_RAY_AXES and data.free_symbols.intersection(ball.variables):
                    continue
                spheres.append(_Sphere((c,)))
                continue
            if (shell := sampler.shell) is not None:
                if len(shell.variables) <= MAX_RAY_AXES or not data.free_symbols.intersection(shell.variables):
                    spheres.append(_Spheres((c,)))
                continue
            for axis, _, _ in sampler.box_faces:
                ends.setdefault(axis, {}).update({False: (data, c), True: (data, c)})
        else:
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
class _BoxFaces(Group):
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


def vanishes(expression: sp.Expr, sampler: Sampler) -> bool:
    """Whether an expression is zero throughout the domain, judged at random points."""
    if expression == 0:
        return True
    points = sampler.interior(64, torch.Generator().manual_seed(0))
    terms = torch.stack(evaluate(sp.Add.make_args(expression), points, sampler.variables))
    return bool((terms.sum(0).abs() <= 1e-12 * terms.abs().sum(0)).all())
