"""Points on the boundary of a domain, for conditions and for checks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TypeAlias

import sympy as sp
import torch

from pinnzo.errors import DeclarationError
from pinnzo.multiindex import LinearOperator
from pinnzo.symbolic.conditions import ParsedCondition
from pinnzo.symbolic.domains import Ball, Box, Difference, Domain, Edge, Product, Shell, Simplex
from pinnzo.symbolic.quantities import Place
from pinnzo.symbolic.torch_code import evaluate

Rule: TypeAlias = Callable[[int, int, torch.Generator], torch.Tensor]
"""How the unit cube is sampled: (count, columns, generator) → (count, columns)."""

SOLIDS = (Ball, Shell, Simplex, Difference)
"""The domains with a boundary of their own, apart from boxes, whose faces may belong to time."""

MOST_TRIES = 10
"""How often the candidates for points of a face are doubled before it is taken to be no part of the boundary."""


class Sampler:
    """Draws points of a domain, and of its boundary, with columns in the order of the problem's variables.

    Args:
        domain: the domain.
        variables: the problem's variables.
        time: the variable that counts as time, not space, if any.
    """

    def __init__(self, domain: Domain, variables: Sequence[sp.Symbol], time: sp.Symbol | None) -> None:
        self.domain = domain
        self.variables = tuple(variables)
        self.time = time
        self._columns = [domain.variables.index(s) for s in self.variables]

    def interior(
        self,
        count: int,
        generator: torch.Generator,
        dtype: torch.dtype = torch.float64,
        rule: Rule | None = None,
    ) -> torch.Tensor:
        """Points of the domain, (count, D): independent ones, or those that a rule for the unit cube gives."""
        return self.arranged(_points(self.domain, count, generator, dtype, rule))

    def arranged(self, points: torch.Tensor) -> torch.Tensor:
        """Points of the domain with the columns in the order of the problem's variables."""
        return points[:, self._columns]

    def inside(self, points: torch.Tensor) -> torch.Tensor:
        """Which points (N, D), with columns in the order of the problem's variables, are in the domain: (N,)."""
        return self.domain.inside(points[:, [self.variables.index(s) for s in self.domain.variables]])

    def condition(
        self,
        condition: ParsedCondition,
        count: int,
        generator: torch.Generator,
        dtype: torch.dtype = torch.float64,
        rule: Rule | None = None,
    ) -> list[torch.Tensor]:
        """Points where a condition holds: for each of its places (count, D), equal but for the held coordinates."""
        if condition.measured is not None:
            return [condition.measured.draw(count, generator, dtype)[0]]
        if condition.on_whole_boundary:
            if rule is None and (self.solid is None or isinstance(self.solid, Ball)):
                return [self._move_to_boundary(self.interior(count, generator, dtype), generator)]
            points = _points(self._edge, count, generator, dtype, rule)
            return [points[:, [self._edge.variables.index(s) for s in self.variables]]]
        if self.domain.rejects:
            return self._held_inside(condition, count, generator, dtype, rule)
        points = self.interior(count, generator, dtype, rule)
        return [hold(points, place) for place in condition.places]

    @property
    def solid(self) -> Domain | None:
        """The domain whose boundary is the spatial boundary, if it is no box."""
        return next((f for f in self.domain.factors if isinstance(f, SOLIDS)), None)

    @property
    def shell(self) -> Shell | None:
        """The shell whose two spheres are the spatial boundary, if they are."""
        return next((f for f in self.domain.factors if isinstance(f, Shell)), None)

    @property
    def ball(self) -> Ball | None:
        """The ball whose sphere is the spatial boundary, if it is one."""
        return next((f for f in self.domain.factors if isinstance(f, Ball)), None)

    @property
    def box_faces(self) -> list[tuple[int, float, float]]:
        """The spatial coordinates that run over intervals, as (axis, low, high)."""
        return [
            (self.variables.index(s), low, high)
            for f in self.domain.factors
            if isinstance(f, Box)
            for s, (low, high) in f.intervals.items()
            if s != self.time
        ]

    @property
    def solid_faces(self) -> list[tuple[int, float, float]]:
        """The faces that a difference has from a box, as (axis, low, high)."""
        intervals = {} if self.solid is None else self.solid.intervals
        return [(self.variables.index(s), low, high) for s, (low, high) in intervals.items()]

    def check_boundary(self) -> None:
        """Refuse ``Boundary`` on a domain whose spatial boundary is not that of one of its factors."""
        solids = sum(isinstance(f, SOLIDS) for f in self.domain.factors)
        if solids + bool(self.box_faces) != 1:
            raise DeclarationError(
                f"Boundary needs a domain with one spatial boundary, of a ball or of a box, but the domain is "
                f"{self.domain}: write a condition for each face instead."
            )
        if isinstance(self.solid, Difference) and self.time in self.solid.variables:
            raise DeclarationError(
                f"Boundary speaks of space, but {self.solid!r} has the time {self.time} as well: take the difference "
                "in space and join it with time by *, or name another variable as time."
            )

    @cached_property
    def _edge(self) -> Domain:
        """The spatial boundary, joined with what else there is."""
        if (solid := self.solid) is not None:
            return Product(*(Edge(f) if f is solid else f for f in self.domain.factors))
        boxes = {s: ends for f in self.domain.factors if isinstance(f, Box) for s, ends in f.intervals.items()}
        time = {s: boxes.pop(s) for s in [self.time] if s in boxes}
        others = [f for f in self.domain.factors if not isinstance(f, Box)]
        return Product(Edge(Box(boxes)), *others, *([Box(time)] if time else []))

    def _held_inside(
        self,
        condition: ParsedCondition,
        count: int,
        generator: torch.Generator,
        dtype: torch.dtype,
        rule: Rule | None,
    ) -> list[torch.Tensor]:
        """Points of the faces of a domain that something was taken away from: all places must be left."""
        hull = self.domain.hull
        asked = count
        for _ in range(MOST_TRIES):
            points = self.arranged(_points(hull, asked, generator, dtype, rule))
            held = [hold(points, place) for place in condition.places]
            each = [self._is_left(x, place) for x, place in zip(held, condition.places, strict=True)]
            left = torch.stack(each).all(0)
            if int(left.sum()) >= count:
                return [x[left][:count] for x in held]
            asked *= 2
        raise DeclarationError(
            f"Next to nothing of the place of the condition '{condition.text}' is left in the domain {self.domain}."
        )

    def _is_left(self, points: torch.Tensor, place: Place) -> torch.Tensor:
        """Which points of a face have not been taken away with something else, (N, D) → (N,)."""
        held = {self.variables[axis] for axis, _ in place}
        left = torch.ones(len(points), dtype=torch.bool, device=points.device)
        for factor in self.domain.factors:
            own = points[:, [self.variables.index(s) for s in factor.variables]]
            left &= factor.accepts(own) if held.isdisjoint(factor.variables) else factor.keeps_boundary(own)
        return left

    def _move_to_boundary(self, points: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        if (ball := self.ball) is not None:
            axes = [self.variables.index(s) for s in ball.variables]
            points[:, axes] = ball.sample_sphere(len(points), generator, points.dtype)
            return points
        faces = self.box_faces
        # The area of a face is the volume divided by the extent across it.
        areas = torch.tensor([1.0 / (high - low) for _, low, high in faces], device=points.device)
        which = torch.multinomial(areas, len(points), replacement=True, generator=generator)
        upper = torch.rand(len(points), generator=generator, device=points.device) < 0.5
        for i, (axis, low, high) in enumerate(faces):
            points[(which == i) & upper, axis] = high
            points[(which == i) & ~upper, axis] = low
        return points


def check_overlap(conditions: Sequence[ParsedCondition], sampler: Sampler) -> None:
    """Refuse two conditions that prescribe the same thing at the same place, be they alike or in contradiction.

    Raises:
        DeclarationError: quotes both.
    """
    prescribed: dict[object, ParsedCondition] = {}
    for condition in conditions:
        for what in _prescribed(condition, sampler):
            other = prescribed.setdefault(what, condition)
            if other is not condition:
                raise DeclarationError(
                    f"The conditions '{other.text}' and '{condition.text}' prescribe the same thing at the same place: "
                    "keep one of them; in place of Boundary, write a condition for each face."
                )


def _prescribed(condition: ParsedCondition, sampler: Sampler) -> list[object]:
    """What a condition prescribes where, if it is one linear operator's value, or on the whole boundary their sum."""
    lowered = condition.lowered
    if condition.measured is not None:
        return []
    if condition.periodic_axis is not None:
        return [("periodic", condition.component, condition.periodic_axis, condition.order)]
    linear: list[tuple[tuple[int, LinearOperator], sp.Expr]] = []
    for symbol, quantity in lowered.quantities.items():
        slope = lowered.expression.diff(symbol)
        if quantity.squared or not slope.free_symbols.isdisjoint(lowered.quantities):
            return []
        terms = quantity.operators[0].terms
        scaled = LinearOperator(tuple((index, c / terms[0][1]) for index, c in terms))
        linear.append(((quantity.component, scaled), slope * terms[0][1]))
    if len(linear) == 1:
        what: object = linear[0][0]
    elif condition.on_whole_boundary:
        # The same sum times another number or function of the coordinates prescribes the same thing; whether it is
        # the same is judged at a few points.
        linear.sort(key=lambda pair: (pair[0][0], pair[0][1].terms))
        points = sampler.interior(4, torch.Generator().manual_seed(0))
        slopes = torch.stack(evaluate([slope for _, slope in linear], points, sampler.variables))
        ratios = (slopes / slopes[0]).tolist()
        what = tuple((op, *(float(f"{r:.9g}") for r in row)) for (op, _), row in zip(linear, ratios, strict=True))
    else:
        return []
    if condition.on_whole_boundary:
        if sampler.solid is not None:
            faces = [(what, ((axis, end),)) for axis, *ends in sampler.solid_faces for end in ends]
            return [(what, "whole boundary"), *faces]
        return [(what, ((axis, end),)) for axis, *ends in sampler.box_faces for end in ends]
    (place,) = lowered.places
    return [(what, tuple((axis, float(value)) for axis, value in place))]


def point_text(point: torch.Tensor, sampler: Sampler) -> str:
    """A point for a message."""
    shown = [f"{s} = {float(v):.4g}" for s, v in zip(sampler.variables, point, strict=True)]
    return ", ".join(shown if len(shown) <= 4 else [*shown[:3], "…"])


def _points(
    domain: Domain, count: int, generator: torch.Generator, dtype: torch.dtype, rule: Rule | None
) -> torch.Tensor:
    """Points of a domain, independent ones or by a rule."""
    if rule is None:
        return domain.sample(count, generator, dtype)
    return domain.spread(count, lambda n, columns: rule(n, columns, generator)).to(dtype)


def hold(points: torch.Tensor, place: Place) -> torch.Tensor:
    """The points with the place's coordinates put in."""
    held = points.clone()
    for axis, value in place:
        held[:, axis] = float(value)
    return held
