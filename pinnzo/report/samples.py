"""Values of solution and error on planes, packed for the page."""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from pinnzo.report.names import shown_name
from pinnzo.report.planes import Plane

if TYPE_CHECKING:
    from pinnzo.solution import Solution

FRAMES = 21
"""Positions of a slider."""

LARGEST_GRID, SMALLEST_GRID, LINE = 81, 25, 201
"""Grid points along an axis of a plane, at most and at least, and of a line."""

BYTES = 1_600_000
"""Of all packed values of a page, unless the smallest grids take more."""

HOLE = 65535
"""Stands for NaN among packed values."""

SLACK = 1e-9
"""How far outside the domain a grid point may lie, relative to its extent: those of the boundary are drawn."""


def sample_planes(solution: Solution, planes: Sequence[Plane]) -> list[dict[str, Any]]:
    """What the page draws of each plane, as JSON data: axes, slider, and packed values of every function.

    Args:
        solution: what is looked at.
        planes: where.
    """
    fields = len(solution.problem.functions) * (1 if solution.problem.exact is None else 2)
    frames = sum(FRAMES if p.over is not None else 1 for p in planes if len(p.axes) == 2)
    # A packed value takes two bytes, and base64 four characters for three bytes.
    fits = math.isqrt(int(BYTES * 3 / 8 / max(1, frames * fields)))
    points = max(SMALLEST_GRID, min(LARGEST_GRID, fits))
    return [_sample(solution, plane, points if len(plane.axes) == 2 else LINE) for plane in planes]


def pack(values: np.ndarray) -> dict[str, Any]:
    """Values as 16-bit whole numbers between their least and greatest; one that is not finite is a hole.

    Args:
        values: an array of any shape, in the order of the page.

    Returns:
        ``low`` and ``high``, and ``data``, little-endian in base64.

    Example:
        >>> pack(np.array([0.0, 1.0, np.nan]))
        {'low': 0.0, 'high': 1.0, 'data': 'AAD+////'}
    """
    finite = np.isfinite(values)
    low, high = (float(values[finite].min()), float(values[finite].max())) if finite.any() else (0.0, 0.0)
    steps = np.full(values.shape, HOLE, dtype="<u2")
    # Halves, so that the difference of the ends does not overflow.
    width = high / 2 - low / 2
    scaled = (values[finite] / 2 - low / 2) / width if width > 0 else np.zeros(int(finite.sum()))
    steps[finite] = np.rint(scaled * (HOLE - 1)).astype("<u2")
    return {"low": low, "high": high, "data": base64.b64encode(steps.tobytes()).decode()}


def _sample(solution: Solution, plane: Plane, points: int) -> dict[str, Any]:
    problem = solution.problem
    ranges = dict(zip(problem.domain.variables, problem.domain.scale(), strict=True))
    positions = [None] if plane.over is None else np.linspace(*ranges[plane.over], FRAMES).tolist()
    functions = []
    coordinates, held = (), {}
    for unknown in problem.functions:
        found, errors = [], []
        for position in positions:
            at = {**plane.at, **({} if position is None else {plane.over: position})}
            piece = solution.slice(*plane.axes, at=at, points=points, of=unknown)
            outside = ~_inside(solution, piece.coordinates, plane, piece.at)
            # Rows of a picture run along the first axis, from the lowest value of the second up.
            found.append(np.where(outside, np.nan, piece.values).T)
            if piece.exact is not None:
                errors.append(np.where(outside, np.nan, piece.values - piece.exact).T)
            coordinates, held = piece.coordinates, piece.at
        values, gaps = np.stack(found), np.stack(errors) if errors else None
        packed = {"name": shown_name(unknown.func.__name__), "solution": pack(values), "range": _range(values, gaps)}
        functions.append(packed if gaps is None else {**packed, "error": pack(gaps)})
    axes = [
        {"name": shown_name(s.name), "low": float(c[0]), "high": float(c[-1]), "points": len(c)}
        for s, c in zip(plane.axes, coordinates, strict=True)
    ]
    over = None if plane.over is None else {"name": shown_name(plane.over.name), "values": positions}
    caption = _caption({s: v for s, v in held.items() if s != plane.over})
    return {"axes": axes, "over": over, "held": caption, "functions": functions}


def _range(values: np.ndarray, gaps: np.ndarray | None) -> list[float]:
    """The least and the greatest value of the solution and the exact solution, which share their colours."""
    both = values if gaps is None else np.stack([values, values - gaps])
    finite = both[np.isfinite(both)]
    return [float(finite.min()), float(finite.max())] if finite.size else [0.0, 0.0]


def _inside(solution: Solution, coordinates: Sequence[np.ndarray], plane: Plane, at: Any) -> np.ndarray:
    """Which grid points are in the domain; around it a solution says nothing of the problem."""
    problem = solution.problem
    mesh = np.meshgrid(*coordinates, indexing="ij")
    own = problem.domain.variables
    columns = [mesh[plane.axes.index(s)].ravel() if s in plane.axes else np.full(mesh[0].size, at[s]) for s in own]
    x = torch.from_numpy(np.stack(columns, axis=1))
    inside = problem.domain.inside(x, -SLACK * problem.domain.extent)
    return inside.numpy().reshape(mesh[0].shape)


def _caption(held: dict[Any, float]) -> str:
    """The variables that are held, those of equal values together: x₃, …, x₂₀ = 0.5."""
    groups: dict[float, list[str]] = {}
    for symbol, value in held.items():
        groups.setdefault(value, []).append(shown_name(symbol.name))
    parts = []
    for value, names in groups.items():
        shown = names if len(names) <= 4 else [*names[:2], "…", names[-1]]
        parts.append(f"{', '.join(shown)} = {value:.4g}".replace("-", "−"))
    return "; ".join(parts)
