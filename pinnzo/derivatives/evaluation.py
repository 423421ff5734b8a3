"""From functions of points to weighted sums over stencil nodes, in tiles that stay in the cache."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch

from pinnzo.arrays import in_memory
from pinnzo.derivatives.base import Field
from pinnzo.derivatives.changes import FieldWithChanges, sums_of_changes
from pinnzo.derivatives.tiles import TILE_ELEMENTS, node_tiles, tile_shape
from pinnzo.errors import NonFiniteError, ShapeError


def check_points(points: torch.Tensor) -> int:
    """Check points that a user passed.

    Args:
        points: (N, D), floating-point and finite.

    Returns:
        The number of variables D.

    Raises:
        ShapeError: ``points`` is no floating-point tensor of two axes.
        NonFiniteError: ``points`` has NaN or infinite entries.

    Example:
        >>> check_points(torch.zeros(5, 3))
        3
    """
    if not isinstance(points, torch.Tensor):
        raise ShapeError(
            f"points is a {type(points).__name__}, but has to be a torch tensor of shape (N, D): "
            "pass torch.as_tensor(points)."
        )
    in_memory(points, "points")
    if points.ndim != 2 or points.shape[1] == 0:
        raise ShapeError(
            f"points has shape {tuple(points.shape)}, but has to have shape (N, D): one row for each point, "
            "one column for each variable."
        )
    if not points.is_floating_point():
        raise ShapeError(f"points has dtype {points.dtype}, but has to be floating-point: pass points.double().")
    if not torch.isfinite(points).all():
        raise NonFiniteError("points has NaN or infinite entries: remove those rows before asking for derivatives.")
    return points.shape[1]


@dataclass(frozen=True)
class FunctionField:
    """A plain function of points, seen as one (K = 1) field.

    Attributes:
        f: maps points (N, D) to values (N,).
        width: a guess of the numbers that one evaluation of ``f`` holds at once; it sizes the tiles.
    """

    f: Callable[[torch.Tensor], torch.Tensor]
    width: int = 256

    def values(self, x: torch.Tensor) -> torch.Tensor:
        """The function at points x (P, D): (1, P).

        Raises:
            ShapeError: ``f`` does not return a tensor of shape (P,).
        """
        out = self.f(x)
        count = x.shape[0]
        if not isinstance(out, torch.Tensor):
            raise ShapeError(f"f returned a {type(out).__name__}, but has to return a torch tensor of shape (N,).")
        if out.shape != (count,):
            hint = ": return f(x)[:, 0] or f(x).squeeze(-1)." if out.shape == (count, 1) else "."
            raise ShapeError(
                f"f returned shape {tuple(out.shape)} for points of shape {tuple(x.shape)}, but a scalar "
                f"function has to return one value for each point, shape ({count},), not ({count}, 1){hint}"
            )
        if not out.is_floating_point() or out.layout is not torch.strided or out.device != x.device:
            raise ShapeError(
                f"f returned {out.dtype} numbers in the layout {out.layout} on {out.device}, but has to return real "
                f"floating-point numbers in a dense tensor on {x.device}, where the points are."
            )
        return out[None]

    def values_at(self, x: torch.Tensor, nodes: torch.Tensor) -> torch.Tensor:
        """The function at x_p + δ_j, nodes (J, D): (1, P, J)."""
        shifted = (x[:, None, :] + nodes[None, :, :]).reshape(-1, x.shape[1])
        return self.values(shifted).reshape(1, x.shape[0], nodes.shape[0])


def weighted_sums(
    field: Field,
    x: torch.Tensor,
    nodes: torch.Tensor,
    weights: torch.Tensor,
    *,
    totals: torch.Tensor | None = None,
    tile_elements: int = TILE_ELEMENTS,
) -> torch.Tensor:
    """The sums s_kpr = Σ_j w_jr f_k(x_p + δ_j), without ever holding all K·P·J values.

    They are computed as f(x + δ_0) Σ_j w_jr + Σ_{j>0} w_jr (f(x + δ_j) − f(x + δ_0)). The weights of a
    derivative are of the size 1/σ² and cancel; subtracting first keeps the rounding of the products out of
    the result.

    Args:
        field: K functions.
        x: points, (P, D).
        nodes: shifts, (J, D) with J ≥ 1; the centre δ = 0 should come first where there is one.
        weights: (J, R).
        totals: Σ_j w_jr where it is known exactly, (R,); by default it is summed up.
        tile_elements: the most numbers that the field takes at once for one tile.

    Returns:
        (K, P, R)

    Example:
        >>> nodes, weights = torch.tensor([[0.0], [0.5], [-0.5]]), torch.tensor([[-8.0], [4.0], [4.0]])
        >>> weighted_sums(FunctionField(lambda x: x[:, 0] ** 2), torch.zeros(2, 1), nodes, weights)
        tensor([[[2.],
                 [2.]]])
    """
    if totals is None:
        totals = weights.sum(0)
    if isinstance(field, FieldWithChanges) and nodes.shape[0] > 1 and x.shape[0] > 0 and not torch.is_grad_enabled():
        sums = sums_of_changes(field, x, nodes, weights, totals, tile_elements)
        if sums is not None:
            return sums
    pairs = max(1, tile_elements // field.width)
    if x.shape[0] * nodes.shape[0] <= pairs:
        values = field.values_at(x, nodes)
        centre = values[..., :1]
        return centre * totals + (values[..., 1:] - centre) @ weights[1:]
    tiles = torch.tensor_split(x, math.ceil(x.shape[0] / pairs))
    reference = torch.cat([field.values_at(tile, nodes[:1]) for tile in tiles], dim=1)
    if nodes.shape[0] == 1:
        return reference * totals
    p, j = tile_shape(pairs, x.shape[0], nodes.shape[0] - 1)
    point_tiles = max(1, math.ceil(x.shape[0] / p))
    tiles_of_nodes = node_tiles(nodes[1:], weights[1:], j)
    parts = []
    for x_tile, centre in zip(
        torch.tensor_split(x, point_tiles), torch.tensor_split(reference, point_tiles, dim=1), strict=True
    ):
        part = centre * totals
        for node_tile, weight_tile, rows in tiles_of_nodes:
            products = (field.values_at(x_tile, node_tile) - centre) @ weight_tile
            part = part + products if rows is None else part.index_add(2, rows, products)
        parts.append(part)
    return torch.cat(parts, dim=1)


def plain_sums(
    field: Field, x: torch.Tensor, nodes: torch.Tensor, weights: torch.Tensor, *, tile_elements: int = TILE_ELEMENTS
) -> torch.Tensor:
    """The sums s_kpr = Σ_j w_jr f_k(x_p + δ_j) as they stand, for functions without a large common part.

    Args:
        field: K functions. What they return is used before they are called again.
        x: points, (P, D).
        nodes: shifts, (J, D).
        weights: (J, R).
        tile_elements: the most numbers that the field takes at once for one tile.

    Returns:
        (K, P, R)
    """
    p, j = tile_shape(tile_elements // field.width, x.shape[0], nodes.shape[0])
    parts = []
    for x_tile in torch.tensor_split(x, max(1, math.ceil(x.shape[0] / p))):
        node_tiles = math.ceil(nodes.shape[0] / j)
        tiles = zip(torch.tensor_split(nodes, node_tiles), torch.tensor_split(weights, node_tiles), strict=True)
        total: torch.Tensor | None = None
        for node_tile, weight_tile in tiles:
            part = field.values_at(x_tile, node_tile) @ weight_tile
            total = part if total is None else total.add_(part)
        assert total is not None
        parts.append(total)
    return parts[0] if len(parts) == 1 else torch.cat(parts, dim=1)
