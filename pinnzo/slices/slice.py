"""Values of a solution on a grid of a line or a plane."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import sympy as sp
import torch

from pinnzo.errors import SettingError
from pinnzo.settings import whole_number
from pinnzo.slices.diagonal import Diagonal
from pinnzo.slices.outline import outline
from pinnzo.slices.places import Axis, check_axes, held_values, part_inside, positions


@dataclass(frozen=True, eq=False)
class Slice:
    """Values on a grid; ``np.asarray(slice)`` gives those of the solution.

    Attributes:
        axes: the one or two variables, or diagonals, that run.
        coordinates: their grid coordinates, one array (n,) each.
        values: the solution, (n,) or (n, n), the first axis running with the first variable; NaN outside the domain.
        exact: the exact solution there, or None.
        at: the values of all other variables.
        name: of the unknown function.
        variables: all variables, in the order of the columns of points.
        inside: which points of the grid are in the domain, of the shape of ``values``.
        outline: of a plane that leaves the domain, polygons (k, 2) around what is in it; else empty.
    """

    axes: tuple[Axis, ...]
    coordinates: tuple[np.ndarray, ...]
    values: np.ndarray
    exact: np.ndarray | None
    at: dict[sp.Symbol, float]
    name: str
    variables: tuple[sp.Symbol, ...]
    inside: np.ndarray = field(repr=False)
    outline: tuple[np.ndarray, ...] = field(default=(), repr=False)

    @property
    def points(self) -> np.ndarray:
        """The points of the grid, (n, D) or (n, n, D), with columns in the order of the problem's variables."""
        return positions(self.variables, self.axes, self.at, _mesh(self.coordinates))

    @property
    def error(self) -> np.ndarray | None:
        """The signed error, solution − exact solution, or None."""
        return None if self.exact is None else self.values - self.exact

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return np.array(self.values, dtype=dtype)


def make_slice(
    evaluate: Callable[[torch.Tensor], torch.Tensor],
    exact: Callable[[torch.Tensor], torch.Tensor | None],
    variables: Sequence[sp.Symbol],
    ranges: Mapping[sp.Symbol, tuple[float, float]],
    middle: Mapping[sp.Symbol, float],
    inside: Callable[[torch.Tensor], torch.Tensor],
    axes: Sequence[Axis],
    at: Mapping[Any, Any] | None,
    points: int,
    outside: bool = False,
    name: str = "u",
) -> Slice:
    """Evaluate on a line or plane.

    Args:
        evaluate: the solution at points (N, D).
        exact: the exact solution there, or None.
        variables: the names of the columns.
        ranges: the ends of each variable's axis.
        middle: where variables are that neither run nor are held.
        inside: which points are in the domain.
        axes: what runs.
        at: what is held.
        points: of the grid along each axis.
        outside: keep the values at points outside the domain, which are NaN otherwise.
        name: of the unknown function.

    Raises:
        SettingError: not one or two different axes, an unknown variable, no grid, or no point in the domain.
    """
    check_axes(axes, variables)
    points = whole_number(points, 2, "points", "the number of grid points along an axis")
    held = held_values(at, axes, variables, middle)
    placed = tuple(axis.within(ranges) if isinstance(axis, Diagonal) else axis for axis in axes)

    def at_positions(*coordinates: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(positions(variables, placed, held, coordinates).reshape(-1, len(variables)))

    def is_inside(*coordinates: np.ndarray) -> np.ndarray:
        return inside(at_positions(*coordinates)).cpu().numpy()

    limits = [axis.limits if isinstance(axis, Diagonal) else ranges[axis] for axis in placed]
    for i, axis in enumerate(axes):
        if isinstance(axis, Diagonal) and None in (axis.start, axis.end):
            # The other axis stays at its middle meanwhile.
            others = [np.asarray(sum(ends) / 2) for ends in limits]
            limits[i] = part_inside(limits[i], lambda s, i=i, o=others: is_inside(*o[:i], s, *o[i + 1 :]))
    coordinates = tuple(np.linspace(*ends, points) for ends in limits)
    mesh = _mesh(coordinates)
    shape = (points,) * len(axes)
    x = at_positions(*mesh)
    kept = inside(x).cpu()
    if not (outside or kept.any()):
        raise SettingError(
            "No point of this slice lies in the domain: hold the other variables elsewhere by at=, "
            "or see what the network says outside by outside=True."
        )
    reference, values = exact(x), evaluate(x).cpu().double()
    edges: tuple[np.ndarray, ...] = ()
    if not (outside or kept.all()):
        values = values.masked_fill(~kept, torch.nan)
        reference = None if reference is None else reference.masked_fill(~kept.to(reference.device), torch.nan)
        if len(axes) == 2:
            edges = outline(kept.numpy().reshape(shape), coordinates, lambda p: is_inside(p[:, 0], p[:, 1]))
    return Slice(
        placed,
        coordinates,
        values.numpy().reshape(shape),
        None if reference is None else reference.cpu().numpy().reshape(shape),
        held,
        name,
        tuple(variables),
        kept.numpy().reshape(shape),
        edges,
    )


def _mesh(coordinates: Sequence[np.ndarray]) -> list[np.ndarray]:
    return list(np.meshgrid(*coordinates, indexing="ij"))
