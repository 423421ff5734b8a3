"""Weighted sums over stencil nodes from changes of a field, which are better than differences of its values."""

from __future__ import annotations

import math
from typing import Any, Protocol, runtime_checkable

import torch

from pinnzo.derivatives.base import Field
from pinnzo.derivatives.tiles import aligned_parts, node_tiles, tile_shape
from pinnzo.parallel import default_workers, one_thread_kernels, shared_workers

# Threads share points where each gets work for a few hundred microseconds at least.
LEAST_SHARE = 2**18


class FieldChanges(Protocol):
    """A field of K functions near points x_p."""

    values: torch.Tensor
    """The functions at the points, (K, P)."""

    def prepare(self, nodes: torch.Tensor) -> Any:
        """What is needed of nodes (J, D), for all points."""
        ...

    def changes(self, points: slice, steps: Any) -> torch.Tensor:
        """The changes f(x_p + δ_j) − f(x_p) at some of the points by prepared nodes: (K, points, J)."""
        ...


@runtime_checkable
class FieldWithChanges(Field, Protocol):
    """A field that may know its changes without subtracting values; it can be asked from several threads."""

    @property
    def kept(self) -> int:
        """Numbers that belong to one point alone, for all K functions, in units of a few."""
        ...

    def around(self, x: torch.Tensor, pairs: int) -> FieldChanges | None:
        """The field near points x (P, D), for calls of at most ``pairs`` pairs of a point and a node.

        None, whatever the arguments, where values have to be subtracted.
        """
        ...


def sums_of_changes(
    field: FieldWithChanges,
    x: torch.Tensor,
    nodes: torch.Tensor,
    weights: torch.Tensor,
    totals: torch.Tensor,
    tile_elements: int,
) -> torch.Tensor | None:
    """The sums of ``weighted_sums``, to the relative precision of each change; None if the field does not know them.

    Points are taken in blocks, for which the field keeps what belongs to the points alone, and in each block come
    tiles of some of its points and some of the nodes. Blocks are shared out among as many threads as torch may use,
    each of which runs on its own until the end.

    Args:
        field: K functions.
        x: points, (P, D) with P ≥ 1.
        nodes: shifts, (J, D) with J ≥ 2.
        weights: (J, R).
        totals: Σ_j w_jr, (R,).
        tile_elements: the most numbers that the field takes at once for one tile.

    Returns:
        (K, P, R)
    """
    pairs = max(1, tile_elements // field.width)
    # What is kept of a point are a few numbers for each unit of each layer.
    block = max(1, tile_elements // (2 * field.kept))
    blocks = math.ceil(x.shape[0] / block)
    workers = default_workers() if x.device.type == "cpu" else 1
    if workers > 1:
        work = x.shape[0] * nodes.shape[0] * field.kept
        blocks = max(blocks, min(2 * workers, work // LEAST_SHARE, x.shape[0]))
    x_blocks = torch.tensor_split(x + nodes[:1], blocks)
    p, j = tile_shape(pairs, x_blocks[0].shape[0], nodes.shape[0] - 1)
    tiles_of_nodes = node_tiles(nodes[1:] - nodes[:1], weights[1:], j)
    if field.around(x_blocks[0][:1], 1) is None:
        return None

    def sums(points: torch.Tensor) -> torch.Tensor:
        near = field.around(points, p * j)
        assert near is not None
        total = near.values[..., None] * totals
        parts = aligned_parts(points.shape[0], p)
        for node_tile, weight_tile, rows in tiles_of_nodes:
            steps = near.prepare(node_tile)
            for part in parts:
                products = near.changes(part, steps) @ weight_tile
                sums_of_part = total[:, part]
                if rows is None:
                    sums_of_part.add_(products)
                else:
                    sums_of_part.index_add_(2, rows, products)
        return total

    if workers == 1 or blocks == 1:
        found = [sums(points) for points in x_blocks]
    else:
        with one_thread_kernels():
            found = shared_workers(workers).map(sums, x_blocks)
    return found[0] if blocks == 1 else torch.cat(found, dim=1)
