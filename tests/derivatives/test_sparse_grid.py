"""Sparse grids with one level for each variable, and with nested rules, against the combination technique."""

from __future__ import annotations

import json
import math
import time
from contextlib import suppress
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from derivative_checks import consistency_defect, multi_indices
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.polynomial import hermite_e

from pinnzo.derivatives import SmolyakStein
from pinnzo.derivatives.genz_keister import EXACTNESS, genz_keister
from pinnzo.derivatives.growth import lowest_level, points_at
from pinnzo.derivatives.summed_grids import count_nodes
from pinnzo.errors import SettingError, StencilError
from pinnzo.multiindex import LinearOperator
from pinnzo.settings import settings_from_json, settings_to_json

GROWTHS = ["linear", "odd", "nested"]
LEVELS = [(1,), (4,), (9,), (1, 1), (3, 1), (2, 3), (4, 2), (1, 6), (9, 2), (2, 2, 3), (3, 1, 4), (4, 4, 3), (2, 1, 5)]


def one_dimensional_rule(level, growth):
    """Nodes, weights and exactness, from NumPy or from the derived rules."""
    points = points_at(level, growth)
    if growth == "nested":
        pairs = [(math.sqrt(square), float(w)) for square, w in genz_keister(points)]
        z = [pairs[0][0], *(sign * a for a, _ in pairs[1:] for sign in (-1, 1))]
        w = [pairs[0][1], *(b for _, b in pairs[1:] for _ in range(2))]
        return np.array(z), np.array(w), EXACTNESS[points]
    z, w = hermite_e.hermegauss(points)
    return z, w / w.sum(), 2 * points - 1


def combination(levels, growth, order):
    """The weights of ∂^α by the combination technique, node by node: Σ_l c_l ⊗_i U_{l_i}."""
    dimension, top = len(levels), max(levels)
    resolved = top < sum(order) + 1

    def in_set(index):
        return sum(index) - dimension < top and all(a <= b for a, b in zip(index, levels, strict=True))

    weights = {}
    for index in filter(in_set, product(*(range(1, cap + 1) for cap in levels))):
        neighbours = product((0, 1), repeat=dimension)
        sign = sum((-1) ** sum(e) * in_set([a + b for a, b in zip(index, e, strict=True)]) for e in neighbours)
        if sign == 0:
            continue
        rules = []
        for level, m in zip(index, order, strict=True):
            z, w, exactness = one_dimensional_rule(level, growth)
            he = hermite_e.hermeval(z, [0] * m + [1]) * (not resolved or exactness >= 2 * m)
            rules.append([(round(a, 9) + 0.0, b) for a, b in zip(z, w * he, strict=True)])
        for combo in product(*rules):
            key = tuple(z for z, _ in combo)
            weights[key] = weights.get(key, 0.0) + sign * math.prod(w for _, w in combo)
    return weights


def seen(order, levels, growth):
    needed = [lowest_level(m, growth) for m in order]
    return max(levels) > sum(needed) - len(order) and all(a <= b for a, b in zip(needed, levels, strict=True))


@pytest.mark.parametrize("growth", GROWTHS)
@pytest.mark.parametrize("levels", LEVELS, ids=str)
def test_nodes_and_weights_are_those_of_the_combination_technique(levels, growth):
    dimension = len(levels)
    stencil = SmolyakStein(levels, 1.0, growth).stencil(dimension)
    keys = [tuple(round(z, 9) + 0.0 for z in node) for node in stencil.nodes.tolist()]
    assert len(set(keys)) == len(keys) == count_nodes(levels, growth, dimension)
    for order in multi_indices(dimension, 4):
        if seen(order, levels, growth):
            expected = combination(levels, growth, order)
            assert set(keys) == set(expected)
            wanted = np.array([expected[key] for key in keys])
            np.testing.assert_allclose(stencil.weights(order), wanted, atol=1e-12 * max(1, np.abs(wanted).max()))


@given(st.lists(st.integers(1, 7), min_size=1, max_size=3).map(tuple), st.sampled_from(GROWTHS))
@settings(max_examples=60, deadline=None, database=None, derandomize=True)
def test_counting_agrees_with_the_combination_technique(levels, growth):
    nodes = combination(levels, growth, (0,) * len(levels))
    assert count_nodes(levels, growth, len(levels)) == len(nodes)
    stencil = SmolyakStein(levels, 1.0, growth).stencil(len(levels))
    assert len(torch.unique(stencil.nodes.round(decimals=9), dim=0)) == stencil.nodes.shape[0] == len(nodes)


@given(st.lists(st.integers(1, 6), min_size=1, max_size=4).map(tuple), st.sampled_from(GROWTHS), st.data())
@settings(max_examples=100, deadline=None, database=None, derandomize=True)
def test_monomials_that_the_index_set_covers_are_integrated_exactly(levels, growth, data):
    """Level l is exact to degree 2l − 1, so z^γ is integrated if Σ ⌊γ_i/2⌋ < max L_i and ⌊γ_i/2⌋ < L_i."""
    slack, powers = max(levels) - 1, []
    for cap in levels:
        half = data.draw(st.integers(0, min(cap - 1, slack)))
        powers.append(2 * half + data.draw(st.integers(0, 1)))
        slack -= half
    stencil = SmolyakStein(levels, 1.0, growth).stencil(len(levels))
    terms = stencil.weights({}) * (stencil.nodes ** torch.tensor(powers)).prod(1)
    exact = math.prod(0 if n % 2 else math.prod(range(1, n, 2)) for n in powers)
    assert terms.sum() == pytest.approx(exact, abs=1e-12 * max(1.0, float(terms.abs().sum())))


@pytest.mark.parametrize("level", [1, 2, 3, 4, 5, 9])
def test_nested_rules_are_exact_to_the_total_degree(level):
    stencil = SmolyakStein(level, 1.0, "nested").stencil(3)
    weights = stencil.weights({})
    for powers in multi_indices(3, 2 * level - 1):
        terms = weights * (stencil.nodes ** torch.tensor(powers)).prod(1)
        exact = math.prod(0 if n % 2 else math.prod(range(1, n, 2)) for n in powers)
        assert terms.sum() == pytest.approx(exact, abs=1e-13 * max(1.0, float(terms.abs().sum()))), powers


@pytest.mark.parametrize("growth", GROWTHS)
@pytest.mark.parametrize(
    "levels", [(1, 1, 1), (2, 2, 1), (3, 2, 1), (2, 2, 3), (5, 2, 3), (1, 5, 4), (6, 3, 3)], ids=str
)
@pytest.mark.parametrize("sigma", [0.1, (0.05, 0.2, 1.5)], ids=str)
def test_consistent_or_refused(levels, growth, sigma):
    stencil = SmolyakStein(levels, sigma, growth).stencil(3)
    for order in multi_indices(3, 4):
        if seen(order, levels, growth):
            assert consistency_defect(stencil, order) < 1e-12, order
        else:
            total = 1 + sum(lowest_level(m, growth) - 1 for m in order)
            with pytest.raises(StencilError, match=f"largest level of at least {total}, with growth='{growth}'"):
                stencil.weights(order)


@given(
    st.lists(st.tuples(st.integers(1, 7), st.integers(0, 3), st.floats(0.01, 10)), min_size=1, max_size=3),
    st.sampled_from(GROWTHS),
)
@settings(max_examples=150, deadline=None, database=None, derandomize=True)
def test_what_is_not_refused_is_consistent(axes, growth):
    levels, order, sigma = zip(*axes, strict=True)
    stencil = SmolyakStein(levels, sigma, growth).stencil(len(axes))
    if seen(order, levels, growth):
        assert consistency_defect(stencil, order) < 1e-12
    else:
        with pytest.raises(StencilError, match="raise these entries of level"):
            stencil.weights(order)


@pytest.mark.parametrize("growth", GROWTHS)
@pytest.mark.parametrize(("dimension", "level"), [(1, 4), (2, 5), (3, 4), (21, 3)])
def test_equal_levels_are_the_same_as_one(dimension, level, growth):
    one, many = (SmolyakStein(of, 0.1, growth).stencil(dimension) for of in (level, (level,) * dimension))
    assert torch.equal(one.nodes, many.nodes)
    for order in ({}, {0: 1}, {0: 2}, {0: 2} if level == 3 else {0: 3}, {0: 1, dimension - 1: 1}):
        assert torch.equal(one.weights(order), many.weights(order))


def test_a_variable_of_level_1_is_not_moved():
    stencil = SmolyakStein((3, 1, 3), 0.1, "odd").stencil(3)
    flat = SmolyakStein(3, 0.1, "odd").stencil(2)
    assert torch.equal(stencil.nodes[:, [0, 2]], flat.nodes)
    assert (stencil.nodes[:, 1] == 0).all()
    torch.testing.assert_close(stencil.weights((2, 0, 1)), flat.weights((2, 1)), rtol=1e-14, atol=0)
    with pytest.raises(StencilError, match=r"\{1: 1\}.*at least 2 for axis 1"):
        stencil.weights((0, 1, 0))


def test_fewer_points_in_time_than_in_space():
    levels = (3,) * 20 + (2,)
    estimator = SmolyakStein(levels, 0.1, "odd")
    assert estimator.stencil(21).nodes[:, 20].unique().numel() == 3
    rows = [LinearOperator.laplacian(range(20)), LinearOperator.derivative(((20, 1),))]
    points = torch.rand(4, 21, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    estimate = estimator.derivatives(lambda x: x[:, :20].square().sum(1) * x[:, 20], points, [{20: 1}, {3: 2}])
    torch.testing.assert_close(estimate[1], 2 * points[:, 20])
    # The time derivative is that of the smoothed function: 20 σ² is the bias of Σ x².
    torch.testing.assert_close(estimate[0], points[:, :20].square().sum(1) + 20 * 0.01)
    assert estimator.discretise(rows, 21).evaluations_per_point <= count_nodes(levels, "odd", 21)


def test_nested_weights_that_cancel_are_exact_zeros():
    # ±√3 has the weight 1/6 in the rule of levels 2 and 3, so a pair of them has 1/36.
    stencil = SmolyakStein(3, 1.0, "nested").stencil(3)
    active = (stencil.nodes != 0).sum(1)
    weights = stencil.weights({})
    torch.testing.assert_close(weights[active == 2], torch.full((12,), 1 / 36, dtype=torch.float64))
    # The centre of level 2 in three variables has 1 − 3·(1/3).
    assert SmolyakStein(2, 1.0, "nested").stencil(3).weights({})[0] == 0
    # He_3 vanishes at ±√3, where level 3 has all its nodes: level 4 is the first that sees a third derivative.
    third = SmolyakStein(4, 1.0, "nested").stencil(2)
    at_root = torch.isclose(third.nodes[:, 0].abs(), torch.tensor(3.0, dtype=torch.float64).sqrt())
    assert at_root.any()
    assert (third.weights((3, 0))[at_root] == 0).all()


def test_nested_level_2_is_central_differences():
    nested, odd = (SmolyakStein(2, 0.1, growth).stencil(5) for growth in ("nested", "odd"))
    torch.testing.assert_close(nested.nodes, odd.nodes, rtol=1e-15, atol=0)
    for order in ({0: 1}, {4: 2}):
        torch.testing.assert_close(nested.weights(order), odd.weights(order), rtol=1e-14, atol=0)


def test_derivatives_beyond_the_largest_nested_rule_are_refused():
    with pytest.raises(StencilError, match='end at level 26; use level=14 with growth="odd"'):
        SmolyakStein(26, 0.1, "nested").stencil(1).weights((26,))


@pytest.mark.parametrize(
    ("given_settings", "message"),
    [
        ({"level": ()}, "level is an empty tuple"),
        ({"level": (2, 0)}, r"level is \(2, 0\), but has to be a whole number of 1 or more"),
        ({"level": (2, 2.5)}, "tuple of those with one for each variable"),
        ({"level": [2, 3]}, r"level is \[2, 3\]"),
        ({"level": (2, 51)}, "known to level 50"),
        ({"level": 27, "growth": "nested"}, "nested rules are known to level 26"),
        ({"max_nodes": 0}, "max_nodes is 0"),
        ({"max_nodes": 1e5}, "max_nodes is 100000.0"),
        ({"max_nodes": True}, "max_nodes is True"),
    ],
)
def test_bad_settings(given_settings, message):
    with pytest.raises(SettingError, match=message):
        SmolyakStein(**given_settings)


def test_settings_are_saved():
    estimator = SmolyakStein((2, 2, 3), (0.1, 0.1, 0.2), "nested", max_nodes=1000)
    assert settings_from_json(json.loads(json.dumps(settings_to_json(estimator)))) == estimator


def test_refusals_do_not_list_a_thousand_levels():
    with pytest.raises(StencilError, match=r"\(2, 2, 2, 2, 2, 2, 2, 2, …\)") as refusal:
        SmolyakStein((2,) * 1000, 0.1, "odd").stencil(1000).weights({0: 1, 999: 1})
    assert "at least 2 for axis 0, 2 for axis 999, and a largest level of at least 3" in str(refusal.value)


def test_level_needs_one_entry_a_variable():
    with pytest.raises(SettingError, match="level has 2 entries, but there are 3 variables: give one for each"):
        SmolyakStein(level=(2, 3)).stencil(3)


def test_the_node_limit():
    assert count_nodes(3, "linear", 250) == 125_501
    start = time.perf_counter()
    with pytest.raises(StencilError) as refusal:
        SmolyakStein(level=3).stencil(250)
    assert time.perf_counter() - start < 2
    for part in (
        "125,501 nodes",
        "limit is 100,000",
        "max_nodes=125_501",
        "501 and",
        "FiniteDifference",
        "RandomDirections(16)",
    ):
        assert part in str(refusal.value)
    assert SmolyakStein(level=3).stencil(200).nodes.shape == (80_401, 200)
    assert SmolyakStein(level=3, max_nodes=925).stencil(21).nodes.shape == (925, 21)
    with pytest.raises(StencilError, match="limit is 924"):
        SmolyakStein(level=3, max_nodes=924).stencil(21)


def test_memory_is_bounded_whatever_the_node_limit():
    with pytest.raises(StencilError, match="400,000,000 node coordinates") as refusal:
        SmolyakStein(level=3, max_nodes=10**9).stencil(1000)
    assert "max_nodes=" not in str(refusal.value)


def memory(name):
    """VmRSS, the memory in use, or VmHWM, its peak, in bytes; None where the system does not tell."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith(name)), None)


def forget_the_peak():
    """What earlier tests took does not count; the peak only stays too high where that cannot be reset."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


@pytest.mark.parametrize(
    ("level", "growth", "dimension", "nodes"), [(3, "linear", 200, 80_401), (2, "odd", 1000, 2001)]
)
def test_many_variables_are_fast_and_small(level, growth, dimension, nodes):
    rows = [LinearOperator.laplacian(range(dimension))]
    rows += [LinearOperator.derivative(((axis, 1),)) for axis in range(dimension)]
    forget_the_peak()
    before, old_peak = memory("VmRSS"), memory("VmHWM")
    start = time.perf_counter()
    discretisation = SmolyakStein(level, 0.1, growth).discretise(rows, dimension)
    assert time.perf_counter() - start < 20
    assert nodes - 1 <= discretisation.evaluations_per_point <= nodes
    assert discretisation.weights.shape[1] == dimension + 1
    if before is not None and memory("VmHWM") > old_peak:
        assert memory("VmHWM") - before < 2 * 2**30
    moved = discretisation.nodes.square().sum(1)
    assert discretisation.weights[:, 0] @ moved == pytest.approx(2 * dimension, rel=1e-9)
    first = discretisation.weights[:, 1:].T @ discretisation.nodes
    torch.testing.assert_close(first, torch.eye(dimension, dtype=torch.float64), rtol=0, atol=1e-10)
