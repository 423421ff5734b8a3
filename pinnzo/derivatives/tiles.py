"""Tiles of points and nodes that stay in the cache."""

from __future__ import annotations

import math

import torch

# Measured on a 32 MB L3: times are flat between 2**18 and 2**20 elements and rise on both sides, by call
# overhead below and by memory traffic above.
TILE_ELEMENTS = 2**19

# From so many rows on, weights are searched for tiles of nodes that serve few of them.
SPARSE_ROWS = 32


def tile_shape(pairs: int, points: int, nodes: int) -> tuple[int, int]:
    """How many points and nodes go into one tile of at most ``pairs`` (point, node) pairs.

    Tiles are as square as they can be: a network's first layer is linear, so a tile of p points and j nodes
    costs it p + j rows and not p·j.

    Example:
        >>> tile_shape(1024, 10_000, 925), tile_shape(1024, 10_000, 3), tile_shape(1024, 2, 925)
        ((32, 32), (341, 3), (2, 512))
    """
    pairs = max(pairs, 1)
    j = max(1, min(nodes, max(math.isqrt(pairs), pairs // max(points, 1))))
    return max(1, min(points, pairs // j)), j


def aligned_parts(count: int, most: int) -> list[slice]:
    """``count`` points in parts of at most ``most``, of equal size but for the last.

    Rows of a matrix product that begin on a cache line save up to a sixth of its time: sizes are multiples of 16.

    Example:
        >>> [part.stop for part in aligned_parts(100, 50)], [part.stop for part in aligned_parts(20, 9)]
        ([48, 96, 100], [7, 14, 20])
    """
    unit = 16 if most >= 16 else 1
    pieces = math.ceil(count / (most // unit * unit))
    size = unit * math.ceil(count / (unit * pieces))
    return [slice(start, min(start + size, count)) for start in range(0, count, size)]


NodeTile = tuple[torch.Tensor, torch.Tensor, "torch.Tensor | None"]


def node_tiles(nodes: torch.Tensor, weights: torch.Tensor, size: int) -> list[NodeTile]:
    """Nodes in tiles, with their weights (J, R'), and which R' rows these are of where they leave most of R out."""
    count = math.ceil(nodes.shape[0] / size)
    tiles: list[NodeTile] = []
    for node_tile, weight_tile in zip(
        torch.tensor_split(nodes, count), torch.tensor_split(weights, count), strict=True
    ):
        # Of a gradient in many variables a tile serves few components: the others' zeros would take more time than
        # a narrow network.
        rows = (weight_tile != 0).any(0).nonzero()[:, 0] if weights.shape[1] >= SPARSE_ROWS else None
        if rows is not None and 2 * len(rows) <= weights.shape[1]:
            tiles.append((node_tile, weight_tile[:, rows], rows))
        else:
            tiles.append((node_tile, weight_tile, None))
    return tiles
