from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.polynomial import hermite_e

from pinnzo.derivatives.genz_keister import EXACTNESS, genz_keister
from pinnzo.derivatives.growth import MAX_LEVEL, NodeTable, lowest_level, points_at

# Genz & Keister's generators for the weight exp(−x²), in the order in which the rules bring them
PUBLISHED = [0.0, 1.2247448713915890, 0.52403354748695764, 2.0232301911005157, 2.9592107790638380]


def normal_moment(degree):
    return math.prod(range(1, degree, 2)) if degree % 2 == 0 else 0


@pytest.mark.parametrize("points", EXACTNESS)
def test_exact_on_monomials_and_no_further(points):
    rule = genz_keister(points)

    def error(degree):
        total = sum((1 if square == 0 else 2) * weight * square ** (degree // 2) for square, weight in rule)
        return abs(total / normal_moment(degree) - 1)

    assert all(error(degree) < 1e-40 for degree in range(0, EXACTNESS[points] + 1, 2))
    assert error(EXACTNESS[points] + 1) > 1e-9


def test_nested_real_and_distinct():
    smaller = ()
    for points in EXACTNESS:
        squares = [square for square, _ in genz_keister(points)]
        assert len(squares) == (points + 1) // 2
        assert squares[0] == 0
        assert all(square > 0 for square in squares[1:])
        assert len({round(float(square), 9) for square in squares}) == len(squares)
        assert tuple(squares[: len(smaller)]) == tuple(smaller)
        smaller = squares


def test_published_generators():
    found = [math.sqrt(square / 2) for square, _ in genz_keister(9)]
    np.testing.assert_allclose(found, PUBLISHED, rtol=1e-15)


def test_three_points_are_the_gauss_rule():
    (_, centre), (square, outer) = genz_keister(3)
    assert (square, centre * 3, outer * 6) == (3, 2, 1)


@pytest.mark.parametrize("level", range(1, MAX_LEVEL["nested"] + 1))
def test_each_level_has_the_smallest_rule_that_is_exact_enough(level):
    points = points_at(level, "nested")
    assert EXACTNESS[points] >= 2 * level - 1
    assert all(degree < 2 * level - 1 for n, degree in EXACTNESS.items() if n < points)


@pytest.mark.parametrize("growth", ["linear", "odd", "nested"])
def test_the_lowest_level_is_the_first_that_resolves(growth):
    for order in range(26):
        level = lowest_level(order, growth)

        def exactness(at):
            return EXACTNESS[points_at(at, growth)] if growth == "nested" else 2 * points_at(at, growth) - 1

        assert exactness(level) >= 2 * order
        assert level == 1 or exactness(level - 1) < 2 * order
    assert lowest_level(26, "nested") > MAX_LEVEL["nested"]


def test_table_of_nested_rules():
    levels = 16
    table = NodeTable.build(levels, "nested")
    assert len(np.unique(table.z)) == len(table.z) == 35
    for level in range(1, levels + 1):
        points = points_at(level, "nested")
        weights = np.array([float(table.ratios[kind][level - 1]) for kind in table.kind]) * table.weight
        assert np.count_nonzero(table.level < level) == points
        assert (weights[table.level >= level] == 0).all()
        for degree in range(EXACTNESS[points] + 1):
            terms = weights * table.z**degree
            assert terms.sum() == pytest.approx(normal_moment(degree), rel=1e-12, abs=1e-12 * np.abs(terms).sum())


@pytest.mark.parametrize("growth", ["linear", "odd", "nested"])
def test_hermite_polynomials_are_exactly_zero_at_their_roots(growth):
    table = NodeTable.build(5, growth)
    for order in range(10):
        values = table.hermite(order)
        expected = hermite_e.hermeval(table.z, [0] * order + [1])
        np.testing.assert_allclose(values, expected, atol=1e-10 * max(1, np.abs(expected).max()))
        scale = hermite_e.hermeval(1j * np.abs(table.z), [0] * order + [1])
        np.testing.assert_array_equal(values == 0, np.abs(expected) <= 1e-12 * np.abs(scale))
