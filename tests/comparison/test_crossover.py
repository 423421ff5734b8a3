"""Stencils against automatic differentiation, from few to many variables."""

from __future__ import annotations

import pytest
import torch

import pinnzo as pz
from pinnzo.comparison import Crossover, CrossoverCurve
from pinnzo.comparison.crossover import functional, measure_crossover


def made_up(stencil, nested, functional=None):
    dimensions = (2, 10, 50)
    curves = [CrossoverCurve("smolyak", "stencil", False, dimensions[: len(stencil)], stencil)]
    curves.append(CrossoverCurve("autodiff", "nested", True, dimensions[: len(nested)], nested))
    if functional:
        curves.append(CrossoverCurve("functional", "functional", True, dimensions[: len(functional)], functional))
    return Crossover("a network", 100, tuple(curves))


def test_both_ways_of_automatic_differentiation_agree():
    network = pz.MLP(width=8, activation="tanh").build(3, ([0.0] * 3, [1.0] * 3))
    theta = network.initial(torch.Generator().manual_seed(0), torch.float64)
    x = torch.rand(5, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    orders = [{i: m} for m in (1, 2) for i in range(3)]
    expected = pz.Autodiff().derivatives(lambda p: network.values(theta, p)[:, 0], x, orders)
    with torch.inference_mode():  # as it is called in a comparison
        found = functional(network, theta, x)
    torch.testing.assert_close(found[:, 0], expected[3:].sum(0))
    torch.testing.assert_close(found[:, 1:], expected[:3].T)


def test_all_methods_are_timed_in_all_dimensions():
    told = []
    crossover = measure_crossover((2, 3), 10, begin=told.append)
    assert told == ["crossover, D = 2", "crossover, D = 3"]
    names = {curve.name for curve in crossover.curves}
    assert names == {"smolyak", "finite-difference-4", "random-directions", "autodiff", "functional"}
    for curve in crossover.curves:
        assert curve.dimensions == (2, 3)
        assert min(curve.seconds) > 0
        assert curve.uses_backpropagation == (curve.name in ("autodiff", "functional"))
    assert crossover.notes == ()


def test_a_slow_curve_ends_and_says_so():
    crossover = measure_crossover((2, 3), 10, time_limit=0.0)
    assert all(curve.dimensions == (2,) for curve in crossover.curves)
    assert len(crossover.notes) == len(crossover.curves)
    assert "more than the limit of 0 s: its curve ends there" in crossover.notes[0]


@pytest.mark.parametrize(
    ("stencil", "nested", "functional", "start", "words"),
    [
        ((1.0, 2.0, 3.0), (0.5, 2.5, 9.0), None, 10, "is the faster one from D = 10 on (measured: 2, 10 and 50; faster means by a tenth)"),
        ((1.0, 2.0, 3.0), (2.0, 3.0, 4.0), None, 2, "always the faster one in D = 2 to 50"),
        ((1.0, 2.0, 3.0), (0.5, 1.0, 2.0), None, None, "never the faster one in D = 2 to 50"),
        ((1.0, 2.0, 3.0), (2.0, 1.0, 2.0), None, None, "is not the faster one at D = 50, the largest D"),
        # A tie is no victory.
        ((1.0, 2.0, 3.0), (1.05, 2.05, 3.05), None, None, "never the faster one in D = 2 to 50"),
        # The faster way counts, and one that passed the limit of time is slower.
        ((1.0, 2.0, 3.0), (0.5, 2.5, 9.0), (9.0, 1.0, 9.0), 50, "from D = 50 on"),
        ((1.0, 2.0, 3.0), (0.5, 1.0), None, 50, "from D = 50 on"),
    ],
)  # fmt: skip
def test_where_the_stencil_becomes_faster(stencil, nested, functional, start, words):
    crossover = made_up(stencil, nested, functional)
    assert crossover.faster_from == start
    assert words in crossover.sentence
    assert crossover.to_json()["faster_from"] == start
