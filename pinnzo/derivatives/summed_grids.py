"""Which nodes are on the tensor grids that the combination technique sums, and how many there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pinnzo.derivatives.growth import Growth, points_at


def count_nodes(level: int | Sequence[int], growth: Growth, dimension: int) -> int:
    """The number of nodes of a sparse grid, by counting.

    Args:
        level: one number, or the largest 1-D level of each variable.
        growth: how the number of points grows.
        dimension: the number of variables D.

    Example:
        >>> count_nodes(3, "linear", 21), count_nodes(3, "odd", 21), count_nodes(3, "nested", 21)
        (925, 967, 883)
        >>> count_nodes((3,) * 20 + (2,), "linear", 21)
        923
    """
    levels = [level] * dimension if isinstance(level, (int, np.integer)) else list(level)
    top = max(levels)
    fresh = _fresh(top, growth)
    # A power series in Σ_i (l_i − 1), cut off after L terms; per axis, 0 is one node and level k + 1 brings fresh[k].
    total = [1] + [0] * (top - 1)
    for cap, axes in Counter(levels).items():
        axis, exponent = [1, *fresh[1:cap]] + [0] * (top - cap), axes
        while exponent:
            if exponent % 2:
                total = _multiply(total, axis)
            axis, exponent = _multiply(axis, axis), exponent // 2
    return sum(total) - (0 if growth == "nested" else _left_out(levels, growth, fresh))


@dataclass(frozen=True)
class SummedGrids:
    """The tensor grids that the combination technique sums: those with a coefficient c_l ≠ 0.

    The index set I = {l : Σ_i (l_i − 1) < L, l_i ≤ L_i} has the coefficients c_l = Σ_e (−1)^{|e|} [l + e ∈ I], e ∈
    {0, 1}^D. With the slack r = L − 1 − Σ_i (l_i − 1) and the number f of axes with l_i < L_i that is
    Σ_{k ≤ r} (−1)^k C(f, k), and it differs from zero where f = 0 or r < f.

    A Gauss–Hermite node fixes the level of its non-zero coordinates. A zero coordinate may have all levels whose
    rules have a middle point: l − 1 is a multiple of g = 2 (linear growth) or 1 (odd). Raising it by g costs r as
    much, and costs f at most 1, in the last step to L_i. So r < f or f = 0 holds somewhere if it holds when the zero
    coordinates are raised as far as r allows, those steps that cost f last.

    Attributes:
        step: g.
        capacity: how far a zero coordinate can be raised without a cost to f, (D,).
        free: 1 for axes that stay below L_i while their coordinate is zero, (D,).
        last: 1 for axes whose last step reaches L_i, (D,).
    """

    levels: np.ndarray
    step: int
    capacity: np.ndarray
    free: np.ndarray
    last: np.ndarray

    @classmethod
    def of(cls, levels: Sequence[int], growth: Growth) -> SummedGrids:
        """The grids of the given largest levels; not for the nested growth, where all nodes are summed."""
        step, top = (2 if growth == "linear" else 1), np.asarray(levels) - 1
        highest = top // step * step
        last = (highest == top) & (top > 0)
        free = (top > 0) & ~last
        return cls(np.asarray(levels), step, highest - step * last, free.astype(int), last.astype(int))

    def contain(self, axes: np.ndarray, raised: Sequence[int]) -> np.ndarray:
        """Whether nodes are on the grids.

        Args:
            axes: the axes of the non-zero coordinates, one row for each set of nodes, (S, n).
            raised: their l_i − 1, n numbers.

        Returns:
            (S,)
        """
        below = (self.levels[axes] - 1 > np.array(raised, dtype=int)).sum(1)
        slack = self.levels.max() - 1 - sum(raised) - (self.capacity.sum() - self.capacity[axes].sum(1))
        free = below + self.free.sum() - self.free[axes].sum(1)
        return self.summed(slack, free, self.last.sum() - self.last[axes].sum(1))

    def summed(self, slack: np.ndarray, free: np.ndarray, last: np.ndarray) -> np.ndarray:
        """Whether r < f or f = 0 is reached, from r less all capacity, f, and the number of last steps."""
        slack = np.maximum(slack, slack % self.step)
        steps = np.minimum(last, slack // self.step)
        slack, free = slack - steps * self.step, free + last - steps
        return (free == 0) | (slack < free)


def _fresh(top: int, growth: Growth) -> list[int]:
    """How many non-zero 1-D nodes level k + 1 brings, k = 0 … L − 1."""
    sizes = [points_at(k + 1, growth) // 2 * 2 for k in range(top)]
    return [n - m for m, n in zip([0, *sizes], sizes, strict=False)] if growth == "nested" else sizes


def _left_out(levels: Sequence[int], growth: Growth, fresh: Sequence[int]) -> int:
    """The number of nodes that are on grids of the index set, but on none with a coefficient."""
    top, grids = max(levels), SummedGrids.of(levels, growth)
    moved = [i for i, cap in enumerate(levels) if cap > 1]
    if len(moved) >= top:  # then r < f, whatever the coordinates
        return 0
    # Σ_i (l_i − 1) of the non-zero coordinates, r less capacity, f, last steps: the number of nodes so far
    states: dict[tuple[int, int, int, int], int] = {(0, top - 1, 0, 0): 1}
    for i in moved:
        after: Counter[tuple[int, int, int, int]] = Counter()
        zero = (int(grids.capacity[i]), int(grids.free[i]), int(grids.last[i]))
        for (total, slack, free, last), count in states.items():
            after[total, slack - zero[0], free + zero[1], last + zero[2]] += count
            for k in range(1, min(levels[i], top - total)):
                after[total + k, slack - k, free + (k < levels[i] - 1), last] += count * fresh[k]
        # Further axes do not lower f + last and do not raise r: such nodes stay on the grids.
        states = {s: n for s, n in after.items() if s[0] + s[2] + s[3] < top and not (s[1] <= 0 and s[2] + s[3] > 1)}
    return sum(n for (_, *state), n in states.items() if not grids.summed(*(np.array(v) for v in state)))


def _multiply(first: list[int], second: list[int]) -> list[int]:
    return [sum(first[i] * second[n - i] for i in range(n + 1)) for n in range(len(first))]
