from __future__ import annotations

import json
import math
import re
import time
import warnings
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from derivative_checks import consistency_defect, multi_indices
from numpy.polynomial import hermite_e

from pinnzo.derivatives import SmolyakStein
from pinnzo.derivatives.gauss_hermite import weight_at_zero
from pinnzo.derivatives.growth import NodeTable
from pinnzo.derivatives.summed_grids import count_nodes
from pinnzo.errors import SettingError, StencilError
from pinnzo.multiindex import LinearOperator

REFERENCE = json.loads((Path(__file__).parent / "data" / "smolyak_rules.json").read_text())


def lowest_level(order, growth):
    if growth == "nested":  # 3 points are exact to degree 5, so they resolve He_1 and He_2; 9 resolve He_3 to He_7
        return 1 + sum(0 if m == 0 else 1 if m <= 2 else 3 for m in order)
    return sum(order) + 1 if growth == "linear" else 1 + sum(math.ceil(m / 2) for m in order)


@pytest.mark.parametrize("rule", REFERENCE["rules"], ids=lambda r: f"{r['growth']}-D{r['dimension']}-L{r['level']}")
def test_reference_rules(rule):
    dimension, growth = rule["dimension"], rule["growth"]
    stencil = SmolyakStein(rule["level"], 1.0, growth, max_nodes=rule["nodes"]).stencil(dimension)
    nodes, weights = stencil.nodes.numpy(), stencil.weights((0,) * dimension).numpy()
    assert nodes.shape == (rule["nodes"], dimension)
    assert count_nodes(rule["level"], growth, dimension) == rule["nodes"]
    scale = np.abs(weights).sum()
    assert scale == pytest.approx(rule["sum_abs"], rel=1e-11)
    assert weights.min() == pytest.approx(rule["min"], rel=1e-11, abs=1e-11)
    assert weights.max() == pytest.approx(rule["max"], rel=1e-10)
    for name, value in rule["moments"].items():
        powers = [(int(i), int(n)) for i, n in re.findall(r"x(\d+)\^(\d+)", name)]
        terms = weights * np.prod([nodes[:, i] ** n for i, n in powers], axis=0)
        assert terms.sum() == pytest.approx(value, rel=1e-9, abs=1e-13 * np.abs(terms).sum() + 1e-9), name


def test_one_dimensional_rules():
    for growth in ("linear", "odd"):
        table = NodeTable.build(5, growth)
        for k, n in enumerate({"linear": [1, 2, 3, 4, 5], "odd": [1, 3, 5, 7, 9]}[growth]):
            rule = REFERENCE["one_dimensional"][str(n)]
            outer = [(z, w) for z, w in zip(rule["nodes"], rule["weights"], strict=True) if abs(z) > 1e-9]
            own = table.level == k if k else np.zeros_like(table.level, bool)
            np.testing.assert_allclose(table.z[own], [z for z, _ in outer], rtol=1e-14)
            np.testing.assert_allclose(table.weight[own], [w for _, w in outer], rtol=1e-13)
            assert float(weight_at_zero(n)) == pytest.approx(1 - sum(w for _, w in outer), abs=1e-14)


def test_the_925_nodes():
    stencil = SmolyakStein(level=3, sigma=1.0).stencil(21)
    nodes, weights = stencil.nodes, stencil.weights({})
    assert nodes.shape == (925, 21)
    assert len(torch.unique(nodes.round(decimals=9), dim=0)) == 925
    squared, active = nodes.square().sum(1), (nodes != 0).sum(1)
    pair = active == 2
    for mask, count, weight in (
        (active == 0, 1, 204.0),
        ((active == 1) & torch.isclose(squared, torch.tensor(1.0, dtype=torch.float64)), 42, -10.0),
        ((active == 1) & torch.isclose(squared, torch.tensor(3.0, dtype=torch.float64)), 42, 1 / 6),
        (pair, 840, 0.25),
    ):
        assert mask.sum() == count
        torch.testing.assert_close(weights[mask], torch.full((count,), weight, dtype=torch.float64))
    assert torch.equal(nodes[0], torch.zeros(21, dtype=torch.float64))


def test_noise_amplification_at_21_variables():
    quiet, loud = (SmolyakStein(3, 1.0, growth).stencil(21).weights({}).abs().sum() for growth in ("odd", "linear"))
    assert loud == pytest.approx(841)
    assert quiet == pytest.approx(94.33, abs=0.01)


@pytest.mark.parametrize("dimension", [2, 7, 21])
def test_openturns_agrees(dimension):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its SWIG types warn on import
        import openturns as ot
    experiment = ot.SmolyakExperiment([ot.GaussProductExperiment(ot.Normal(1))] * dimension, 3)
    theirs, their_weights = (np.array(part) for part in experiment.generateWithWeights())
    stencil = SmolyakStein(level=3, sigma=1.0).stencil(dimension)
    ours, our_weights = stencil.nodes.numpy(), stencil.weights({}).numpy()
    assert theirs.shape == ours.shape

    def ordered(nodes, weights):
        rounded = np.round(nodes, 7) + 0.0
        order = np.lexsort(rounded.T)
        return nodes[order], weights.ravel()[order]

    for mine, other in zip(ordered(ours, our_weights), ordered(theirs, their_weights), strict=True):
        np.testing.assert_allclose(mine, other, atol=1e-10)


def combination(level, growth, order):
    """The weights by Smolyak's combination technique, node by node."""
    dimension, resolved = len(order), level < sum(order) + 1
    weights = {}
    for levels in product(range(1, level + 1), repeat=dimension):
        q = sum(levels) - dimension
        if not max(0, level - dimension) <= q <= level - 1:
            continue
        sign = (-1) ** (level - 1 - q) * math.comb(dimension - 1, level - 1 - q)
        points = [k if growth == "linear" else 2 * k - 1 for k in levels]
        if resolved and any(n <= m for n, m in zip(points, order, strict=True)):
            sign = 0
        rules = []
        for n, m in zip(points, order, strict=True):
            z, w = hermite_e.hermegauss(n)
            he = hermite_e.hermeval(z, [0] * m + [1])
            rules.append([(round(a, 9) + 0.0, b) for a, b in zip(z, w / w.sum() * he, strict=True)])
        for combo in product(*rules):
            key = tuple(z for z, _ in combo)
            weights[key] = weights.get(key, 0.0) + sign * math.prod(w for _, w in combo)
    return weights


@pytest.mark.parametrize("growth", ["linear", "odd"])
@pytest.mark.parametrize(("dimension", "level"), [(1, 2), (1, 4), (2, 3), (2, 5), (3, 2), (3, 4)])
def test_closed_form_equals_the_combination_technique(dimension, level, growth):
    stencil = SmolyakStein(level, 1.0, growth).stencil(dimension)
    keys = [tuple(round(z, 9) + 0.0 for z in node) for node in stencil.nodes.tolist()]
    for order in multi_indices(dimension, 4):
        if level >= lowest_level(order, growth):
            expected = combination(level, growth, order)
            assert set(keys) == set(expected)
            np.testing.assert_allclose(stencil.weights(order), [expected[key] for key in keys], atol=1e-11)


@pytest.mark.parametrize("growth", ["linear", "odd", "nested"])
@pytest.mark.parametrize("level", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("sigma", [0.1, (0.05, 0.2, 1.5)])
def test_consistent_or_refused(level, growth, sigma):
    stencil = SmolyakStein(level, sigma, growth).stencil(3)
    for order in multi_indices(3, 4):
        if level >= lowest_level(order, growth):
            assert consistency_defect(stencil, order) < 1e-12, order
        else:
            with pytest.raises(StencilError, match=f"level={lowest_level(order, growth)}"):
                stencil.weights(order)


def test_four_points_do_not_see_the_fourth_derivative():
    with pytest.raises(StencilError, match=r"\{0: 4\}.*It needs level=5") as refusal:
        SmolyakStein(level=4).stencil(1).weights((4,))
    assert 'level=3 with growth="odd"' in str(refusal.value)
    assert np.abs(hermite_e.hermeval(hermite_e.hermegauss(4)[0], [0, 0, 0, 0, 1])).max() < 1e-12


def test_level_2_odd_is_central_differences():
    sigma, dimension = 0.1, 5
    step, zero = math.sqrt(3) * sigma, torch.zeros((), dtype=torch.float64)
    stencil = SmolyakStein(2, sigma, "odd").stencil(dimension)
    assert stencil.nodes.shape == (2 * dimension + 1, dimension)
    for axis in range(dimension):
        along = stencil.nodes[:, axis]
        others_zero = stencil.nodes.abs().sum(1) == along.abs()
        first, second = stencil.weights({axis: 1}), stencil.weights({axis: 2})
        expected = torch.where(others_zero, along.sign() / (2 * step), zero)
        torch.testing.assert_close(first, expected, rtol=1e-13, atol=0)
        expected = torch.where(along != 0, 1 / step**2 + zero, zero)
        expected[0] = -2 / step**2
        torch.testing.assert_close(second, expected, rtol=1e-13, atol=0)
    with pytest.raises(StencilError, match="level=3"):
        stencil.weights({0: 1, 3: 1})


def test_weights_that_cancel_are_exact_zeros():
    # The centre's quadrature weight is 1 − 3·(1/3).
    assert SmolyakStein(2, 1.0, "odd").stencil(3).weights({})[0] == 0
    # ±√3 e_i has ‖z‖² = D, so the Laplacian does not need it.
    row = SmolyakStein(3, 0.1).stencil(3).row(LinearOperator.laplacian(range(3)))
    assert (row == 0).sum() == 6


def test_high_dimension_is_fast():
    start = time.perf_counter()
    stencil = SmolyakStein(level=3).stencil(100)
    row = stencil.row(LinearOperator.laplacian(range(100)))
    assert time.perf_counter() - start < 2
    assert stencil.nodes.shape == (20_201, 100)
    assert row @ stencil.nodes.square().sum(1) == pytest.approx(200, rel=1e-9)
    assert SmolyakStein(2, 0.1, "odd").stencil(1000).nodes.shape == (2001, 1000)


def test_a_grid_that_does_not_fit_is_refused_before_it_is_built():
    start = time.perf_counter()
    with pytest.raises(StencilError, match=r"2,002,001 nodes in 1000 variables.*FiniteDifference"):
        SmolyakStein(level=3).stencil(1000)
    with pytest.raises(StencilError, match="limit"):
        SmolyakStein(level=20).stencil(60)
    assert time.perf_counter() - start < 2


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"level": 0}, "level is 0"),
        ({"level": 2.5}, "level is 2.5"),
        ({"level": True}, "level is True"),
        ({"level": 99}, "level 50"),
        ({"sigma": 0.0}, "sigma is 0.0"),
        ({"sigma": -1}, "sigma is -1"),
        ({"sigma": math.inf}, "sigma is inf"),
        ({"sigma": "0.1"}, "sigma is '0.1'"),
        ({"sigma": (0.1, 0.0)}, "positive"),
        ({"sigma": ()}, "empty"),
        ({"growth": "fast"}, "growth is 'fast'.*nested"),
    ],
)
def test_bad_settings(settings, message):
    with pytest.raises(SettingError, match=message):
        SmolyakStein(**settings)


def test_sigma_needs_one_entry_a_variable():
    with pytest.raises(SettingError, match="sigma has 2 entries, but there are 3 variables"):
        SmolyakStein(sigma=(0.1, 0.2)).stencil(3)
    with pytest.raises(SettingError, match="dimension"):
        SmolyakStein().stencil(0)
