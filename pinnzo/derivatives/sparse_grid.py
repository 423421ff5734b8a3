"""The node set of a Smolyak sparse grid, as indices into a table of 1-D nodes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, combinations, product
from typing import TypeAlias

import numpy as np

from pinnzo.derivatives.gauss_hermite import Growth, NodeTable, points_at

Series: TypeAlias = "list[Fraction]"
"""A power series in s, cut off after a number of terms; exact, so that what cancels is zero."""


def multiply(first: Series, second: Series) -> Series:
    """The product of two series of the same length."""
    return [sum((first[i] * second[n - i] for i in range(n + 1)), start=Fraction(0)) for n in range(len(first))]


def power(series: Series, exponent: int) -> Series:
    """A power of a series, by squaring."""
    result = [Fraction(1)] + [Fraction(0)] * (len(series) - 1)
    while exponent:
        if exponent % 2:
            result = multiply(result, series)
        series, exponent = multiply(series, series), exponent // 2
    return result


def on_grid(active: int, level_sum: int, level: int, growth: Growth, dimension: int) -> bool:
    """Whether a node is on one of the tensor grids that the combination technique sums.

    These are the grids of levels l with L − D ≤ Σ_i (l_i − 1) < L. Only few variables and a high level
    leave nodes out: those with no zero coordinate, whose levels are fixed, and the centre where the only rule
    has no middle point.
    """
    if dimension == 1 and active == 0:
        return points_at(level, growth) % 2 == 1
    return active < dimension or level_sum >= level - dimension


def count_nodes(level: int, growth: Growth, dimension: int) -> int:
    """The number of nodes, by counting.

    Example:
        >>> count_nodes(3, "linear", 21), count_nodes(3, "odd", 21), count_nodes(5, "linear", 21)
        (925, 967, 145293)
    """
    # How many non-zero 1-D nodes level k + 1 brings; as a power series in k.
    fresh = [Fraction(points_at(k + 1, growth) // 2 * 2) for k in range(level)]
    total = sum(power([Fraction(1), *fresh[1:]], dimension))
    if 2 * dimension < level:
        total -= sum(
            n for k, n in enumerate(power(fresh, dimension)) if not on_grid(dimension, k, level, growth, dimension)
        )
    return int(total) - (not on_grid(0, 0, level, growth, dimension))


@dataclass(frozen=True)
class SparseGrid:
    """The nodes of a sparse grid.

    Attributes:
        codes: the 1-D node of each coordinate, an index into a ``NodeTable``, (D, J); 0 is the coordinate 0.
        active: the number of non-zero coordinates, (J,).
        level_sum: Σ_i (l_i − 1) over the levels l_i of the non-zero coordinates, (J,).
        weight: the product of the 1-D weights of the non-zero coordinates, (J,).
    """

    codes: np.ndarray
    active: np.ndarray
    level_sum: np.ndarray
    weight: np.ndarray

    @classmethod
    def build(cls, level: int, growth: Growth, dimension: int, table: NodeTable) -> SparseGrid:
        """Enumerate the nodes: which coordinates are non-zero × their levels × the nodes of these levels."""
        count = count_nodes(level, growth, dimension)
        codes = np.zeros((dimension, count), dtype=np.int16)
        active, level_sum = np.zeros(count, dtype=np.int16), np.zeros(count, dtype=np.int16)
        weight = np.ones(count)
        members = [np.flatnonzero(table.level == k) for k in range(level)]
        start = 0
        for n in range(min(dimension, level - 1) + 1):
            flat = np.fromiter(chain.from_iterable(combinations(range(dimension), n)), dtype=np.intp)
            axes = flat.reshape(math.comb(dimension, n), n)
            for levels in _levels(n, level - 1):
                if not on_grid(n, sum(levels), level, growth, dimension):
                    continue
                choices = np.array(list(product(*(members[k] for k in levels))), dtype=np.int16)
                size = axes.shape[0] * choices.shape[0]
                columns = np.arange(start, start + size).reshape(axes.shape[0], choices.shape[0])
                for i in range(n):
                    codes[axes[:, i, None], columns] = choices[:, i]
                active[start : start + size] = n
                level_sum[start : start + size] = sum(levels)
                weight[columns] = table.weight[choices].prod(axis=1)
                start += size
        return cls(codes, active, level_sum, weight)


def _levels(parts: int, most: int) -> Iterator[tuple[int, ...]]:
    """All tuples of ``parts`` numbers ≥ 1 with a sum of at most ``most``."""
    if parts == 0:
        yield ()
        return
    for first in range(1, most - parts + 2):
        for rest in _levels(parts - 1, most - first):
            yield (first, *rest)
