"""The coefficients of Smolyak's combination of 1-D rules, in fractions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate
from typing import TypeAlias

from pinnzo.derivatives.sparse_grid import Signature

Series: TypeAlias = "list[Fraction]"
"""A power series in s, cut off after a number of terms; exact, so that what cancels is zero."""

Factor: TypeAlias = "tuple[int, int, int]"
"""One coordinate: largest level of the axis, kind of its 1-D node, lowest level whose rule is not left out."""


class Combination:
    """What multiplies the product of a node's 1-D weights and He values.

    Smolyak's rule is Σ_{l ∈ I} ⊗_i (U_{l_i} − U_{l_i − 1}), I = {l : Σ_i (l_i − 1) < L, l_i ≤ L_i}. With a
    variable s that counts l_i − 1, its weight at a node is the coefficient of s^{L−1} in (1 − s)^{−1} ∏_i a_i(s), where
    a_i(s) = Σ_{l ≤ L_i} s^{l−1} (v_l − v_{l−1}) and v_l is the value that the 1-D functional of level l has at the
    node's coordinate. A node that belongs to the Gauss rule of level l alone has a_i = v (s^{l−1} − s^l); the
    coordinate 0 and the nodes of nested rules belong to several levels, and what multiplies their v_l are rational
    numbers. So weights that cancel are zeros.

    Args:
        levels: the largest levels L_i.
        ratios: the v_l of each kind of 1-D node, l = 1 … L, divided by a common factor; kind 0 is the node 0.
    """

    def __init__(self, levels: Sequence[int], ratios: Sequence[Sequence[Fraction]]) -> None:
        self._length = max(levels)
        self._axes = Counter(levels)
        self._ratios = ratios
        self._first = [next((k for k, v in enumerate(ratio) if v), 0) for ratio in ratios]
        # Kinds that differ by a power of s share their series: all Gauss nodes below the largest level do.
        self._stripped: dict[tuple[int, int], tuple[Fraction, ...]] = {}
        self._products: dict[object, Series] = {}
        self._zeros: dict[tuple[int, int], Series] = {}

    def coefficient(self, signature: Signature, factors: tuple[Factor, ...] = ()) -> float:
        """The coefficient of nodes, with some coordinates treated apart.

        Args:
            signature: of the non-zero coordinates outside ``factors``.
            factors: the coordinates along the axes of a derivative, zero or not.

        Returns:
            0.0 where no such node exists.
        """
        shift = sum(self._first[kind] for _, kind in signature)
        if shift >= self._length:
            return 0.0
        cores = Counter((cap, self._core(cap, kind)) for cap, kind in signature)
        factors = tuple(sorted(factors))
        key = (frozenset(cores.items()), factors)
        if key not in self._products:
            self._products[key] = self._product(cores, factors)
        return float(self._products[key][self._length - 1 - shift])

    def _product(self, cores: Counter[tuple[int, tuple[Fraction, ...]]], factors: Sequence[Factor]) -> Series:
        rest = Counter(self._axes)
        rest.subtract(cap for cap, _, _ in factors)
        result = [Fraction(1)] + [Fraction(0)] * (self._length - 1)
        for (cap, core), count in cores.items():
            rest[cap] -= count
            result = multiply(result, power(list(core), count))
        if min(rest.values()) < 0:
            return [Fraction(0)] * self._length
        for cap, kind, lowest in factors:
            result = multiply(result, self._series(cap, kind, lowest))
        for zeros in rest.items():
            if zeros not in self._zeros:
                self._zeros[zeros] = power(self._series(zeros[0], 0, 1), zeros[1])
            result = multiply(result, self._zeros[zeros])
        return list(accumulate(result))  # the factor 1/(1 − s)

    def _core(self, cap: int, kind: int) -> tuple[Fraction, ...]:
        if (cap, kind) not in self._stripped:
            first = self._first[kind]
            self._stripped[cap, kind] = (*self._series(cap, kind, 1)[first:], *[Fraction(0)] * first)
        return self._stripped[cap, kind]

    def _series(self, cap: int, kind: int, lowest: int) -> Series:
        """Σ_{l ≤ cap} s^{l−1} (v_l − v_{l−1}), v_l = 0 below the lowest level."""
        values = [v if k >= lowest else Fraction(0) for k, v in enumerate(self._ratios[kind], start=1)]
        differences = [v - u for u, v in zip([Fraction(0), *values], values, strict=False)]
        return differences[:cap] + [Fraction(0)] * (self._length - cap)


def multiply(first: Series, second: Series) -> Series:
    """The product of two series of the same length."""
    left, right = ([(i, c) for i, c in enumerate(series) if c] for series in (first, second))
    result = [Fraction(0)] * len(first)
    for i, a in left:
        for j, b in right:
            if i + j >= len(result):
                break
            result[i + j] += a * b
    return result


def power(series: Series, exponent: int) -> Series:
    """A power of a series, by squaring."""
    result = [Fraction(1)] + [Fraction(0)] * (len(series) - 1)
    while exponent:
        if exponent % 2:
            result = multiply(result, series)
        exponent //= 2
        if exponent:
            series = multiply(series, series)
    return result
