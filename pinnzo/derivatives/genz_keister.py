"""Nested rules for the standard normal distribution: 1, 3, 9, 19 and 35 points, each containing the one before.

A rule with the nodes p(z) = 0 is extended by the roots of the even polynomial E of degree k for which p·E is
orthogonal to all polynomials of a lower degree than k, as Kronrod did it for Gauss–Legendre rules. The new rule
has n + k points and is exact up to degree n + 2k. Everything is derived here in rational numbers from
the moments E[z^{2i}] = (2i − 1)!!; only the roots are rounded, to 60 digits.

References:
    Genz & Keister, Fully symmetric interpolatory rules for multiple integrals over infinite regions with
    Gaussian weight, J. Comput. Appl. Math. 71 (1996).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from functools import cache

import sympy as sp

EXACTNESS = {1: 1, 3: 5, 9: 15, 19: 29, 35: 51}
"""The rules: their number of points, and the degree up to which polynomials are integrated exactly."""

_DIGITS = 60


@cache
def genz_keister(points: int) -> tuple[tuple[Fraction, Fraction], ...]:
    """The rule with that many points, as pairs (z², weight of +z and of −z each).

    The pair of the node 0 comes first; the pairs of a smaller rule come before those that it lacks, with the
    same z². The numbers are exact for 0 and ±√3 and good to some 50 digits for the other nodes.

    Args:
        points: 1, 3, 9, 19 or 35.

    Example:
        >>> genz_keister(3)
        ((Fraction(0, 1), Fraction(2, 3)), (Fraction(3, 1), Fraction(1, 6)))
        >>> [round(float(square) ** 0.5, 6) for square, _ in genz_keister(9)]
        [0.0, 1.732051, 0.741095, 2.86128, 4.184956]
    """
    polynomial, squares = _nodes(points)
    weights = [_mean(polynomial) / polynomial[0]]
    for square in squares:
        # In y = z² the rule has the nodes 0 and y_i; its Lagrange polynomial at y_i is y q(y) / (y_i q(y_i)).
        quotient = _divide(polynomial, square)
        weights.append(_mean([Fraction(0), *quotient]) / (2 * square * _value(quotient, square)))
    return tuple(zip([Fraction(0), *squares], weights, strict=True))


@cache
def _nodes(points: int) -> tuple[list[Fraction], list[Fraction]]:
    """P with p(z) = z P(z²), as coefficients from the constant term up, and the roots of P."""
    if points == 1:
        return [Fraction(1)], []
    sizes = list(EXACTNESS)
    smaller = sizes[sizes.index(points) - 1]
    polynomial, squares = _nodes(smaller)
    extension = _extension(polynomial, (points - smaller) // 2)
    product = [Fraction(0)] * (len(polynomial) + len(extension) - 1)
    for i, a in enumerate(polynomial):
        for j, b in enumerate(extension):
            product[i + j] += a * b
    return product, squares + _roots(extension)


def _extension(polynomial: Sequence[Fraction], count: int) -> list[Fraction]:
    """The monic E(y) of degree ``count`` with E[z P(z²) E(z²) z^{2j+1}] = 0 for j < count."""

    def entry(j: int, power: int) -> sp.Expr:
        value = sum((c * _moment(i + power + j + 1) for i, c in enumerate(polynomial)), start=Fraction(0))
        return sp.Rational(value.numerator, value.denominator)

    matrix = sp.Matrix(count, count, entry)
    solution = matrix.LUsolve(sp.Matrix(count, 1, lambda j, _: -entry(j, count)))
    return [Fraction(int(c.p), int(c.q)) for c in solution] + [Fraction(1)]


def _roots(polynomial: Sequence[Fraction]) -> list[Fraction]:
    """The roots in ascending order; all are real and positive for the rules above."""
    if len(polynomial) == 2:
        return [-polynomial[0]]
    coefficients = [sp.Rational(c.numerator, c.denominator) for c in reversed(polynomial)]
    roots = sp.Poly(coefficients, sp.Symbol("y")).nroots(n=_DIGITS)
    return sorted(Fraction(round(root * 10**_DIGITS), 10**_DIGITS) for root in roots)


def _moment(i: int) -> int:
    """E[z^{2i}] = (2i − 1)!!."""
    return math.prod(range(1, 2 * i, 2))


def _mean(polynomial: Sequence[Fraction]) -> Fraction:
    """E[q(z²)]."""
    return sum((c * _moment(i) for i, c in enumerate(polynomial)), start=Fraction(0))


def _value(polynomial: Sequence[Fraction], y: Fraction) -> Fraction:
    return sum((c * y**i for i, c in enumerate(polynomial)), start=Fraction(0))


def _divide(polynomial: Sequence[Fraction], root: Fraction) -> list[Fraction]:
    """P(y) / (y − root) without the remainder."""
    quotient = [polynomial[-1]]
    for c in reversed(polynomial[1:-1]):
        quotient.append(c + root * quotient[-1])
    return quotient[::-1]
