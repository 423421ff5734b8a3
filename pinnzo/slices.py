"""Values of a solution on a line or a plane through its domain."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp
import torch

from pinnzo.errors import SettingError
from pinnzo.settings import whole_number


@dataclass(frozen=True, eq=False)
class Slice:
    """Values on a grid; ``np.asarray(slice)`` gives those of the solution.

    Attributes:
        axes: the one or two variables that run.
        coordinates: their grid coordinates, one array (n,) each.
        values: the solution, (n,) or (n, n), the first axis running with the first variable.
        exact: the exact solution there, or None.
        at: the values of all other variables.
        name: of the unknown function.
    """

    axes: tuple[sp.Symbol, ...]
    coordinates: tuple[np.ndarray, ...]
    values: np.ndarray
    exact: np.ndarray | None
    at: dict[sp.Symbol, float]
    name: str = "u"

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return np.array(self.values, dtype=dtype)


def make_slice(
    evaluate: Callable[[torch.Tensor], torch.Tensor],
    exact: Callable[[torch.Tensor], torch.Tensor | None],
    variables: Sequence[sp.Symbol],
    scale: Sequence[tuple[float, float]],
    axes: Sequence[sp.Symbol],
    at: Mapping[sp.Symbol, float] | None,
    points: int,
    inside: Callable[[torch.Tensor], torch.Tensor] | None = None,
    name: str = "u",
) -> Slice:
    """Evaluate on a line or plane; variables that are not named stay at the middle of their range.

    Where ``inside`` is given, values are NaN at points (N, D) for which it says no.

    Raises:
        SettingError: not one or two different variables, an unknown variable, or no grid.
    """
    at = dict(at or {})
    for symbol in (*axes, *at):
        if symbol not in variables:
            raise SettingError(f"{symbol!r} is not one of the variables {', '.join(map(str, variables))}.")
    if len(axes) not in (1, 2) or len(set(axes)) != len(axes):
        raise SettingError(f"A slice runs over one variable or two different ones, not {tuple(axes)}.")
    if both := set(axes) & set(at):
        raise SettingError(f"{both.pop()} is held in at=, but it is also an axis of the slice: choose one.")
    points = whole_number(points, 2, "points", "the number of grid points along an axis")
    ranges = dict(zip(variables, scale, strict=True))
    held = {s: _finite(s, at.get(s, sum(ranges[s]) / 2)) for s in variables if s not in axes}
    coordinates = tuple(np.linspace(*ranges[s], points) for s in axes)
    mesh = np.meshgrid(*coordinates, indexing="ij")
    columns = [mesh[axes.index(s)].ravel() if s in axes else np.full(mesh[0].size, held[s]) for s in variables]
    x = torch.from_numpy(np.stack(columns, axis=1))
    reference, values = exact(x), evaluate(x).cpu().double()
    if inside is not None:
        outside = ~inside(x)
        values = values.masked_fill(outside, math.nan)
        reference = None if reference is None else reference.masked_fill(outside.to(reference.device), math.nan)
    return Slice(
        tuple(axes),
        coordinates,
        values.numpy().reshape(mesh[0].shape),
        None if reference is None else reference.cpu().numpy().reshape(mesh[0].shape),
        held,
        name,
    )


def _finite(symbol: sp.Symbol, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise SettingError(f"at= holds {symbol} at {value!r}: give a finite number.")
    return number
