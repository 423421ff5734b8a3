"""How the 1-D rules of a sparse grid grow with the level, and a table of their nodes."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeAlias

import numpy as np
from numpy.polynomial import hermite_e

from pinnzo.derivatives.gauss_hermite import gauss_hermite, hermite_at_zero, weight_at_zero
from pinnzo.derivatives.genz_keister import EXACTNESS, genz_keister

Growth: TypeAlias = Literal["linear", "odd", "nested"]

# NumPy's Gauss–Hermite rules are tested up to 100 points, which is level 50 with odd growth. Level 26 needs
# polynomials of degree 51, which the largest nested rule just integrates.
MAX_LEVEL: dict[Growth, int] = {"linear": 50, "odd": 50, "nested": 26}


def points_at(level: int, growth: Growth) -> int:
    """The number of points of the 1-D rule at a level.

    Gauss–Hermite rules have 1, 2, 3 … (linear) or 1, 3, 5 … points (odd). The nested growth delays: level l
    has the smallest nested rule that is exact to degree 2l − 1, all that Smolyak's construction asks for.

    Example:
        >>> [points_at(level, "nested") for level in range(1, 10)]
        [1, 3, 3, 9, 9, 9, 9, 9, 19]
    """
    if growth == "linear":
        return level
    if growth == "odd":
        return 2 * level - 1
    return next(points for points, degree in EXACTNESS.items() if degree >= 2 * level - 1)


def lowest_level(order: int, growth: Growth) -> int:
    """The first level whose 1-D rule resolves He_m: exact to degree 2m, for on fewer points He_m is an alias.

    For Gauss rules, exact to degree 2n − 1, that means m + 1 points. No nested rule resolves m > 25; the answer
    is then beyond ``MAX_LEVEL``.
    """
    if growth == "linear":
        return order + 1
    if growth == "odd":
        return (order + 1) // 2 + 1
    below = max((degree for degree in EXACTNESS.values() if degree < 2 * order), default=-1)
    return (below + 1) // 2 + 1


@dataclass(frozen=True)
class NodeTable:
    """The nodes of the 1-D rules of levels 1 … L, each once, and their weights in all of these rules.

    A node other than 0 belongs to one Gauss rule only, since the roots of He_m and He_n have nothing but 0 in common;
    in the nested growth it belongs to all levels from its first one on.

    Attributes:
        z: the nodes, (T,); entry 0 is the node 0.
        weight: each node's weight in the first rule that has it, (T,); 1 for the node 0.
        level: the first level that has the node, minus one, (T,); 0 for the node 0.
        root_of: the m for which He_m is exactly zero at the node, (T,), or −1 where no such m matters.
        kind: which of the ``ratios`` belong to the node, (T,).
        ratios: for each kind, the weights in the rules of levels 1 … L divided by ``weight``, exact for Gauss
            rules, 0 and ±√3, so that what cancels is zero.
    """

    z: np.ndarray
    weight: np.ndarray
    level: np.ndarray
    root_of: np.ndarray
    kind: np.ndarray
    ratios: tuple[tuple[Fraction, ...], ...]

    @classmethod
    def build(cls, levels: int, growth: Growth) -> NodeTable:
        """Collect the rules up to the given level."""
        points = [points_at(level, growth) for level in range(1, levels + 1)]
        return _nested_table(points) if growth == "nested" else _gauss_table(points)

    def hermite(self, order: int) -> np.ndarray:
        """He_m at every node, (T,), with exact zeros at its roots."""
        values = hermite_e.hermeval(self.z, np.eye(order + 1)[order])
        values[self.root_of == order] = 0.0
        values[0] = hermite_at_zero(order)
        return values


def _gauss_table(points: list[int]) -> NodeTable:
    z, weight, kind = [np.zeros(1)], [np.ones(1)], [np.zeros(1, int)]
    ratios = [tuple(weight_at_zero(n) for n in points)]
    for k, n in enumerate(points[1:], start=1):
        nodes, weights = gauss_hermite(n)
        z.append(nodes)
        weight.append(weights)
        kind.append(np.full(len(nodes), k))
        ratios.append(tuple(Fraction(i == k) for i in range(len(points))))
    kinds = np.concatenate(kind)
    root_of = np.where(kinds > 0, np.array(points)[kinds], -1)
    return NodeTable(np.concatenate(z), np.concatenate(weight), kinds, root_of, kinds, tuple(ratios))


def _nested_table(points: list[int]) -> NodeTable:
    rules = [[w for _, w in genz_keister(n)] for n in points]
    kinds: dict[tuple[Fraction, ...], int] = {tuple(rule[0] for rule in rules): 0}
    rows = [(0.0, 1.0, 0, -1, 0)]
    for i, (square, _) in enumerate(genz_keister(points[-1])[1:], start=1):
        k = next(k for k, rule in enumerate(rules) if i < len(rule))
        first = rules[k][i]
        # Rounded quotients of numbers with 60 digits: their numerators would grow with each product.
        ratio = tuple((rule[i] / first).limit_denominator(10**40) if i < len(rule) else Fraction(0) for rule in rules)
        kind = kinds.setdefault(ratio, len(kinds))
        root = float(square) ** 0.5
        # The 3-point rule is the Gauss rule, with the roots of He_3.
        rows += [(z, float(first), k, 3 if i == 1 else -1, kind) for z in (-root, root)]
    z, weight, level, root_of, kind = (np.array(column) for column in zip(*rows, strict=True))
    return NodeTable(z, weight, level, root_of, kind, tuple(kinds))
