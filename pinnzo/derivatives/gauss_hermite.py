"""Gauss–Hermite rules for the standard normal distribution, and the polynomials He_m."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from numpy.polynomial import hermite_e


def hermite_at_zero(order: int) -> int:
    """He_m(0): 0 for odd m, else ±(m − 1)!!."""
    return 0 if order % 2 else (-1) ** (order // 2) * math.prod(range(1, order, 2))


def weight_at_zero(points: int) -> Fraction:
    """The weight of the node 0 in the n-point rule: (n − 1)! / (n He_{n−1}(0)²), or 0 for even n."""
    if points % 2 == 0:
        return Fraction(0)
    return Fraction(math.factorial(points - 1), points * hermite_at_zero(points - 1) ** 2)


def gauss_hermite(points: int) -> tuple[np.ndarray, np.ndarray]:
    """The nodes of the n-point rule in ascending order, without 0, and their weights."""
    nodes, weights = hermite_e.hermegauss(points)
    keep = np.arange(points) != (points - 1) / 2
    return nodes[keep], (weights / weights.sum())[keep]
