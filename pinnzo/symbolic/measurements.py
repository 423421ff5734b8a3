"""Values of the unknown that are known at points of the domain."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp
import torch

from pinnzo.errors import DeclarationError, SettingError, ShapeError
from pinnzo.symbolic.domains import Ball, Box, Domain

LARGEST_BATCH = 1000
"""Of the measurements of one condition, at most so many take part in a step unless the user gives a number."""

SLACK = 1e-9
"""How far outside the domain a point may lie, relative to the domain's extent."""


@dataclass(frozen=True, eq=False)
class Data:
    """Measurements: expression = values at given points of the domain, as a penalty.

    They tell the solution apart where the conditions alone do not, or pull it towards observations. The mean squared
    misfit is added to the loss with a weight, as that of any soft condition.

    Attributes:
        expression: the unknown function applied to its variables, or an expression in it and its derivatives.
        points: where, (N, D), with columns in the order of the unknown's variables; kept as a float64 tensor.
        values: the measured values, (N,); kept as a float64 tensor.
        name: how the condition is called in weights and reports.
        weight: of the penalty, 100 by default.
        batch: how many of the measurements, drawn at random, take part in a step; by default all, and 1000 where there
            are more.

    Raises:
        ShapeError: the points or the values have another shape.
        DeclarationError: they are no finite numbers.
        SettingError: the weight, the name or the batch is out of range.

    Example:
        >>> import sympy as sp
        >>> import pinnzo as pz
        >>> x = sp.Symbol("x", real=True)
        >>> u = sp.Function("u")(x)
        >>> problem = pz.Problem(sp.Eq(u.diff(x, 2), 0), pz.Box({x: (0, 1)}),
        ...                      [sp.Eq(u.subs(x, 0), 1), pz.Data(u, points=[[0.25], [0.75]], values=[1.5, 2.5])])
        >>> [c.name for c in problem.ansatz.soft]
        ['measurements']
    """

    expression: Any
    points: Any
    values: Any
    name: str = "measurements"
    weight: float | None = None
    batch: int | None = None

    def __post_init__(self) -> None:
        check_penalty(self.name, self.weight)
        points, values = _numbers(self.points, "points"), _numbers(self.values, "values")
        if points.ndim != 2 or not points.numel():
            raise ShapeError(
                f"points of Data has shape {tuple(points.shape)}: give one row of coordinates for each measurement, "
                "shape (N, D) with N ≥ 1."
            )
        if values.shape != (len(points),):
            raise ShapeError(
                f"values of Data has shape {tuple(values.shape)} for points of shape {tuple(points.shape)}: give one "
                f"value for each point, shape ({len(points)},)."
            )
        object.__setattr__(self, "points", points)
        object.__setattr__(self, "values", values)
        if self.batch is not None:
            object.__setattr__(self, "batch", _whole(self.batch))

    def __repr__(self) -> str:
        return f"Data({self.expression}, {len(self.values)} points, name={self.name!r})"

    @property
    def per_step(self) -> int:
        """How many measurements take part in a step."""
        return min(len(self.values), LARGEST_BATCH if self.batch is None else self.batch)

    def draw(
        self, count: int, generator: torch.Generator, dtype: torch.dtype = torch.float64
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Points (P, D) and values (P,) of P = min(count, N) measurements, all of them or different ones at random."""
        points, values = (part.to(generator.device, dtype) for part in (self.points, self.values))
        if count >= len(values):
            return points, values
        which = torch.randperm(len(values), generator=generator, device=generator.device)[:count]
        return points[which], values[which]

    def check_inside(self, domain: Domain, variables: tuple[sp.Symbol, ...]) -> None:
        """Refuse points of another dimension, or outside the domain.

        Raises:
            ShapeError: the points have another number of columns than the unknown has variables.
            DeclarationError: names the first point outside.
        """
        if self.points.shape[1] != len(variables):
            raise ShapeError(
                f"points of Data {self.name!r} has shape {tuple(self.points.shape)}, but the unknown has "
                f"{len(variables)} variables: give one column for each of {', '.join(map(str, variables[:8]))}"
                f"{', …' if len(variables) > 8 else ''}."
            )
        for factor in domain.factors:
            inside = self.points[:, [variables.index(s) for s in factor.variables]]
            if isinstance(factor, Box):
                low, high = torch.tensor(factor.scale(), dtype=torch.float64).T
                slack = SLACK * (high - low)
                outside = ((inside < low - slack) | (inside > high + slack)).any(1)
            elif isinstance(factor, Ball):
                center = torch.tensor(factor.center, dtype=torch.float64)
                outside = (inside - center).norm(dim=1) > (1 + SLACK) * factor.radius
            else:
                continue
            if outside.any():
                which = int(outside.to(torch.uint8).argmax())
                shown = ", ".join(f"{s} = {v:.4g}" for s, v in zip(factor.variables[:4], inside[which], strict=False))
                raise DeclarationError(
                    f"Point {which} of Data {self.name!r} lies outside the domain, at {shown}: measurements "
                    f"must lie in {factor!r}."
                )


def check_penalty(name: Any, weight: Any) -> None:
    """Refuse a name that is no text and a weight that is no positive number.

    Raises:
        SettingError: says which.
    """
    if weight is not None and (
        isinstance(weight, bool) or not isinstance(weight, (int, float)) or not 0 < weight < math.inf
    ):
        raise SettingError(f"weight is {weight!r}: give a finite number greater than 0.")
    if name is not None and (not isinstance(name, str) or not name):
        raise SettingError(f"The name of a condition is {name!r}: give a text.")


def _numbers(given: Any, what: str) -> torch.Tensor:
    try:
        array = given.detach().cpu().numpy() if isinstance(given, torch.Tensor) else np.asarray(given)
        if np.iscomplexobj(array):
            raise TypeError
        numbers = torch.tensor(np.asarray(array, dtype=np.float64))
    except (TypeError, ValueError, RuntimeError, OverflowError):
        raise DeclarationError(f"{what} of Data are no real numbers: give an array, a tensor or lists.") from None
    if not numbers.isfinite().all():
        raise DeclarationError(f"{what} of Data hold NaN or infinity: leave such measurements out.")
    return numbers


def _whole(batch: Any) -> int:
    try:
        number = operator.index(batch) if not isinstance(batch, bool) else 0
    except TypeError:
        number = 0
    if number < 1:
        raise SettingError(f"batch of Data is {batch!r}: give the number of measurements of a step, at least 1.")
    return number
