"""One-dimensional Gauss–Hermite rules for the standard normal distribution, and the polynomials He_m."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeAlias

import numpy as np
from numpy.polynomial import hermite_e

Growth: TypeAlias = Literal["linear", "odd"]

# NumPy's Gauss–Hermite rules are tested up to 100 points, which is level 50 with odd growth.
MAX_LEVEL = 50


def points_at(level: int, growth: Growth) -> int:
    """The number of points of the 1-D rule at a level: 1, 2, 3 … (linear) or 1, 3, 5 … (odd)."""
    return level if growth == "linear" else 2 * level - 1


def lowest_level(order: int, growth: Growth) -> int:
    """The first level whose 1-D rule resolves He_m: it takes m + 1 points, on fewer He_m is an alias."""
    return order + 1 if growth == "linear" else (order + 1) // 2 + 1


def hermite_at_zero(order: int) -> int:
    """He_m(0): 0 for odd m, else ±(m − 1)!!."""
    return 0 if order % 2 else (-1) ** (order // 2) * math.prod(range(1, order, 2))


def weight_at_zero(points: int) -> Fraction:
    """The weight of the node 0 in the n-point rule: (n − 1)! / (n He_{n−1}(0)²), or 0 for even n."""
    if points % 2 == 0:
        return Fraction(0)
    return Fraction(math.factorial(points - 1), points * hermite_at_zero(points - 1) ** 2)


@dataclass(frozen=True)
class NodeTable:
    """The nodes of the 1-D rules of levels 1 … L, each once: entry 0 is the node 0, which the rules share.

    The roots of He_m and He_n have nothing but 0 in common, so each other node belongs to one level.

    Attributes:
        z: the nodes, (T,).
        weight: each node's weight in its own rule, (T,); 1 for the node 0.
        level: the level of the rule that a node belongs to, minus one, (T,); 0 for the node 0.
        points: the number of points of that rule, (T,).
    """

    z: np.ndarray
    weight: np.ndarray
    level: np.ndarray
    points: np.ndarray

    @classmethod
    def build(cls, levels: int, growth: Growth) -> NodeTable:
        """Collect the rules up to the given level."""
        z, weight, level, points = [np.zeros(1)], [np.ones(1)], [np.zeros(1, int)], [np.ones(1, int)]
        for k in range(1, levels):
            n = points_at(k + 1, growth)
            nodes, weights = hermite_e.hermegauss(n)
            # The middle node of an odd rule is the shared 0.
            keep = np.arange(n) != (n - 1) / 2
            z.append(nodes[keep])
            weight.append((weights / weights.sum())[keep])
            level.append(np.full(keep.sum(), k))
            points.append(np.full(keep.sum(), n))
        return cls(*(np.concatenate(parts) for parts in (z, weight, level, points)))

    def hermite(self, order: int, *, resolved: bool) -> np.ndarray:
        """He_m at every node but the first, where it is set to 1; (T,).

        Args:
            order: m.
            resolved: whether nodes of rules with m points or fewer get 0.
        """
        values = hermite_e.hermeval(self.z, np.eye(order + 1)[order])
        # He_m vanishes on its own roots: exactly, not up to rounding.
        values[self.points <= order if resolved else self.points == order] = 0.0
        values[0] = 1.0
        return values
