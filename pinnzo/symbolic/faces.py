"""Where data are prescribed, and how an ansatz u = A + B f is made to satisfy them there.

At a face these are the value of u and, beside it, its derivatives across the face up to some order: an initial value
with an initial velocity, say. A takes its data *from the boundary alone*: constant data; initial data carried along
time; data of opposite faces interpolated; data on a sphere carried along rays. So nothing that boundary data written
as an expression may say about the inside of the domain reaches the network.
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
    """Data at one or both ends of one coordinate: for each end u, ∂u, ∂²u … along the coordinate."""

    axis: int
    low: float
    high: float
    ends: dict[bool, tuple[sp.Expr, ...]]

    def extend(self, A: sp.Expr, B: sp.Expr, sampler: Sampler) -> tuple[sp.Expr, sp.Expr]:
        """Two-point Hermite interpolation of the mismatch; with values at one end alone, the value carried along."""
        symbol = sampler.variables[self.axis]
        low, extent = sp.nsimplify(self.low), sp.nsimplify(self.high - self.low)
        position = (symbol - low) / extent
        opposite = (low + extent - symbol) / extent
        counts = {upper: len(self.ends.get(upper, ())) for upper in (False, True)}
        correction: sp.Expr = sp.Integer(0)
        for upper, data in self.ends.items():
            place: Place = ((self.axis, low + extent if upper else low),)
            near, far = (opposite, position) if upper else (position, opposite)
            inward = -extent if upper else extent
            for order, g in enumerate(data):
                mismatch = _at(g - A.diff(symbol, order), place, sampler)
                if not vanishes(mismatch, sampler):
                    blend = _hermite(order, counts[upper], counts[not upper], near, far)
                    correction += inward**order * blend * mismatch
        factor = position ** counts[False] * opposite ** counts[True]
        total = sum(counts.values())
        # The largest value is 1.
        peak = sp.Mul(*(sp.Rational(n, total) ** n for n in counts.values()))
        return A + correction, B * factor / peak


def _hermite(order: int, here: int, there: int, near: sp.Expr, far: sp.Expr) -> sp.Expr:
    """The polynomial whose derivative of one order is 1 at this end, the other prescribed ones being 0.

    Args:
        order: of that derivative.
        here: how many derivatives, from order 0 on, are prescribed at this end.
        there: how many at the other end.
        near: the distance from this end, in units of the extent.
        far: the distance from the other end.
    """
    rest = sp.Add(*(sp.binomial(there - 1 + j, j) * near**j for j in range(here - order))) if there else sp.Integer(1)
    return far**there * near**order / sp.factorial(order) * rest


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
            ends = {False: (condition.data,), True: (condition.data,)}
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


def group_conditions(
    conditions: Sequence[ParsedCondition], sampler: Sampler, derivatives: Sequence[int] = ()
) -> list[Group]:
    """The conditions that may be built in, in groups: time first, then the sphere or the faces of space.

    Args:
        conditions: of the problem.
        sampler: of its domain.
        derivatives: the axes along which derivatives across a face are built in too, where u itself is given there.
    """
    usable = [c for c in conditions if c.enforce != "soft"]
    ends: dict[int, dict[bool, dict[int, ParsedCondition]]] = {}
    spheres: list[Group] = []
    for c in usable:
        if c.data is None:
            continue
        if c.on_whole_boundary:
            if (ball := sampler.ball) is not None:
                if len(ball.variables) > MAX_RAY_AXES and c.data.free_symbols.intersection(ball.variables):
                    continue
                spheres.append(_Sphere((c,)))
                continue
            if (shell := sampler.shell) is not None:
                if len(shell.variables) <= MAX_RAY_AXES or not c.data.free_symbols.intersection(shell.variables):
                    spheres.append(_Spheres((c,)))
                continue
            for axis, _, _ in sampler.box_faces:
                for upper in (False, True):
                    ends.setdefault(axis, {}).setdefault(upper, {})[0] = c
        else:
            ((axis, value),) = c.places[0]
            low, high = _interval(axis, sampler)
            upper = abs(float(value) - high) < abs(float(value) - low)
            if c.order == 0 or axis in derivatives:
                ends.setdefault(axis, {}).setdefault(upper, {})[c.order] = c
    faces = []
    for axis, found in ends.items():
        # Derivatives up to the first one that is missing; without the value of u there is nothing to build on.
        chains = {upper: _chain(by_order) for upper, by_order in found.items() if 0 in by_order}
        if not chains:
            continue
        owners = tuple(dict.fromkeys(c for chain in chains.values() for c in chain))
        low, high = _interval(axis, sampler)
        data = {upper: tuple(c.data for c in chain if c.data is not None) for upper, chain in chains.items()}
        faces.append(_Faces(owners, axis, low, high, data))
    time = [g for g in faces if sampler.variables[g.axis] == sampler.time]
    space = [g for g in faces if sampler.variables[g.axis] != sampler.time]
    values = {d for g in space for chain in g.ends.values() for d in chain}
    constant = len(values) == 1 and not next(iter(values)).free_symbols
    limit = MAX_CONSTANT_AXES if constant else MAX_INTERPOLATED_AXES
    if not space or len(space) > limit:
        return [*time, *spheres]
    owners = tuple(dict.fromkeys(c for g in space for c in g.conditions))
    return [*time, *spheres, _BoxFaces(owners, tuple(space))]


def _chain(by_order: dict[int, ParsedCondition]) -> list[ParsedCondition]:
    """The conditions of order 0, 1, 2 … up to the first that is missing."""
    chain: list[ParsedCondition] = []
    while len(chain) in by_order:
        chain.append(by_order[len(chain)])
    return chain


def derivative_axes(conditions: Sequence[ParsedCondition]) -> list[int]:
    """The axes across whose faces derivatives are prescribed that may be built in."""
    wanted = [c for c in conditions if c.enforce != "soft" and c.data is not None and c.order > 0]
    return list(dict.fromkeys(c.places[0][0][0] for c in wanted))


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
