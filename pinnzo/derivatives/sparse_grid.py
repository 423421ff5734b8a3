"""The node set of a Smolyak sparse grid, as indices into a table of 1-D nodes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, combinations, product
from typing import TypeAlias

import numpy as np

from pinnzo.derivatives.growth import Growth, NodeTable
from pinnzo.derivatives.summed_grids import SummedGrids, count_nodes

Signature: TypeAlias = "tuple[tuple[int, int], ...]"
"""What a node's weight depends on, but for a factor: the pairs (largest level of the axis, kind of the 1-D node) of
its non-zero coordinates, sorted."""


@dataclass(frozen=True)
class SparseGrid:
    """The nodes of a sparse grid.

    Attributes:
        codes: the 1-D node of each coordinate, an index into a ``NodeTable``, (D, J); 0 is the coordinate 0.
        weight: the product of the 1-D weights of the non-zero coordinates, (J,).
        signature: what ``signatures`` has at this place belongs to the node, (J,).
        signatures: the different signatures.
    """

    codes: np.ndarray
    weight: np.ndarray
    signature: np.ndarray
    signatures: tuple[Signature, ...]

    @classmethod
    def build(cls, levels: Sequence[int], growth: Growth, table: NodeTable) -> SparseGrid:
        """Enumerate the nodes: which coordinates are non-zero × their levels × the nodes of these levels."""
        caps, dimension, top = np.asarray(levels), len(levels), max(levels)
        count = count_nodes(levels, growth, dimension)
        codes = np.zeros((dimension, count), dtype=np.int16)
        signature, weight = np.zeros(count, dtype=np.int32), np.ones(count)
        found: dict[Signature, int] = {}
        members = [np.flatnonzero(table.level == k) for k in range(top)]
        grids = None if growth == "nested" else SummedGrids.of(levels, growth)
        moved = np.flatnonzero(caps > 1)
        start = 0
        for n in range(min(len(moved), top - 1) + 1):
            flat = np.fromiter(chain.from_iterable(combinations(moved.tolist(), n)), dtype=np.intp)
            subsets = flat.reshape(-1, n) if n else np.zeros((1, 0), dtype=np.intp)
            for raised in _compositions(n, top - 1):
                axes = subsets[(caps[subsets] > np.array(raised, dtype=int)).all(1)]
                if grids is not None:
                    axes = axes[grids.contain(axes, raised)]
                choices = np.array(list(product(*(members[k] for k in raised))), dtype=np.int16)
                shape = (len(axes), len(choices))
                if 0 in shape:
                    continue
                block = slice(start, start + shape[0] * shape[1])
                columns = np.arange(block.start, block.stop).reshape(shape)
                for i in range(n):
                    codes[axes[:, i, None], columns] = choices[:, i]
                weight[columns] = table.weight[choices].prod(axis=1)
                signature[columns] = _signatures(caps[axes], table.kind[choices], found)
                start = block.stop
        return cls(codes, weight, signature, tuple(found))


def _signatures(caps: np.ndarray, kinds: np.ndarray, found: dict[Signature, int]) -> np.ndarray:
    """Number the signatures of a block of axes with ``caps`` (S, n) and nodes of ``kinds`` (C, n): (S, C)."""
    if caps.shape[1] == 0:
        return np.full((1, 1), found.setdefault((), len(found)))
    if (caps == caps[0, 0]).all():  # spares the sorting of what may be millions of rows
        caps = caps[:1]
    rows, row_of = np.unique(caps, axis=0, return_inverse=True)
    columns, column_of = np.unique(kinds, axis=0, return_inverse=True)
    numbers = np.empty((len(rows), len(columns)), dtype=np.int32)
    for i, row in enumerate(rows.tolist()):
        for j, column in enumerate(columns.tolist()):
            pairs = tuple(sorted(zip(row, column, strict=True)))
            numbers[i, j] = found.setdefault(pairs, len(found))
    return numbers[row_of.reshape(-1, 1), column_of.reshape(1, -1)]  # one row is broadcast to all axes


def _compositions(parts: int, most: int) -> Iterator[tuple[int, ...]]:
    """All tuples of ``parts`` numbers ≥ 1 with a sum of at most ``most``."""
    if parts == 0:
        yield ()
        return
    for first in range(1, most - parts + 2):
        for rest in _compositions(parts - 1, most - first):
            yield (first, *rest)
