"""Points on the boundary of a domain, for conditions and for checks."""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp
import torch

from pinnzo.errors import DeclarationError
from pinnzo.multiindex import LinearOperator
from pinnzo.symbolic.conditions import ParsedCondition
from pinnzo.symbolic.domains import Ball, Box, Domain
from pinnzo.symbolic.quantities import Place
from pinnzo.symbolic.torch_code import evaluate


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

    def interior(self, count: int, generator: torch.Generator, dtype: torch.dtype = torch.float64) -> torch.Tensor:
        """Points of the domain, (count, D)."""
        return self.domain.sample(count, generator, dtype)[:, self._columns]

    def condition(
        self,
        condition: ParsedCondition,
        count: int,
        generator: torch.Generator,
        dtype: torch.dtype = torch.float64,
    ) -> list[torch.Tensor]:
        """Points where a condition holds: for each of its places (count, D), equal but for the held coordinates."""
        if condition.measured is not None:
            return [condition.measured.draw(count, generator, dtype)[0]]
        points = self.interior(count, generator, dtype)
        if condition.on_whole_boundary:
            return [self._move_to_boundary(points, generator)]
        return [hold(points, place) for place in condition.places]

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

    def check_boundary(self) -> None:
        """Refuse ``Boundary`` on a domain whose spatial boundary is not one sphere or the faces of one box."""
        balls = sum(isinstance(f, Ball) for f in self.domain.factors)
        if balls + bool(self.box_faces) != 1:
            raise DeclarationError(
                f"Boundary needs a domain with one spatial boundary, of a ball or of a box, but the domain is "
                f"{self.domain}: write a condition for each face instead."
            )

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
        return [("periodic", condition.periodic_axis, condition.order)]
    linear: list[tuple[LinearOperator, sp.Expr]] = []
    for symbol, quantity in lowered.quantities.items():
        slope = lowered.expression.diff(symbol)
        if quantity.squared or not slope.free_symbols.isdisjoint(lowered.quantities):
            return []
        terms = quantity.operators[0].terms
        scaled = LinearOperator(tuple((index, c / terms[0][1]) for index, c in terms))
        linear.append((scaled, slope * terms[0][1]))
    if len(linear) == 1:
        what: object = linear[0][0]
    elif condition.on_whole_boundary:
        # The same sum times another number or function of the coordinates prescribes the same thing; whether it is
        # the same is judged at a few points.
        linear.sort(key=lambda pair: pair[0].terms)
        points = sampler.interior(4, torch.Generator().manual_seed(0))
        slopes = torch.stack(evaluate([slope for _, slope in linear], points, sampler.variables))
        ratios = (slopes / slopes[0]).tolist()
        what = tuple((op, *(float(f"{r:.9g}") for r in row)) for (op, _), row in zip(linear, ratios, strict=True))
    else:
        return []
    if condition.on_whole_boundary:
        if sampler.ball is not None:
            return [(what, "sphere")]
        return [(what, ((axis, end),)) for axis, *ends in sampler.box_faces for end in ends]
    (place,) = lowered.places
    return [(what, tuple((axis, float(value)) for axis, value in place))]


def point_text(point: torch.Tensor, sampler: Sampler) -> str:
    """A point for a message."""
    shown = [f"{s} = {float(v):.4g}" for s, v in zip(sampler.variables, point, strict=True)]
    return ", ".join(shown if len(shown) <= 4 else [*shown[:3], "…"])


def hold(points: torch.Tensor, place: Place) -> torch.Tensor:
    """The points with the place's coordinates put in."""
    held = points.clone()
    for axis, value in place:
        held[:, axis] = float(value)
    return held
