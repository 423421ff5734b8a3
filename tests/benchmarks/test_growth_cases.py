"""The suite of growth: its cases, and what a measurement gives."""

from __future__ import annotations

import json
import os

import pytest
import torch

from benchmarks.growth import cases
from benchmarks.growth.equation import Size
from benchmarks.growth.handwritten import forward_laplacian, nested_reverse
from benchmarks.growth.measure import TRAINERS, measure
from benchmarks.growth.shared import shared
from benchmarks.growth.steps import STEPS, too_much


def test_cases_are_distinct_and_within_ten_minutes():
    titles = [case.title for case in cases()]
    assert len(set(titles)) == len(titles)
    assert {title.split("/")[1] for title in titles} == {*TRAINERS, "processes", "rates"}
    assert sum(case.seconds for case in cases()) <= 600
    for case in cases():
        assert case.suite == "growth"
        assert json.loads(json.dumps(case.settings)) == case.settings


def test_a_measurement_of_residuals_and_steps():
    found = measure({"what": "dimension", "variables": 3, "points": 5, "width": 8, "seed": 0})
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    steps = {f"step/{name}" for name in TRAINERS["dimension"]}
    ways = {f"residual/{name}" for name in ("stencil", "directions", "autodiff", "nested_reverse", "forward_laplacian")}
    for entry in ("milliseconds", "peak_memory", "evaluations"):
        assert set(found[entry]) == steps | ways, entry
        assert min(found[entry].values()) > 0, entry
    assert (found["variables"], found["points"], found["width"], found["rank"]) == (3, 5, 8, 2)
    assert found["evaluations"]["residual/stencil"] == 5 * 7
    assert found["evaluations"]["step/adam"] == 5
    # No more variables than directions: they are complete.
    assert found["difference"]["residual/directions"] < 1e-5
    assert found["left_out"] == {}
    assert {"torch", "pinnzo"} <= set(found["versions"])


def test_the_ways_by_hand_are_the_residual_of_the_compiled_problem():
    size = Size(variables=4, points=6, width=8)
    assembly = size.assembly()
    theta, x = assembly.initial(), size.points_of_a_step
    assembly.objective.draw(assembly.generator("points"))
    compiled = assembly.objective.residuals(theta[None])[0] * 6**0.5
    for by_hand in (nested_reverse, forward_laplacian):
        torch.testing.assert_close(by_hand(assembly.network, theta, x), compiled, rtol=1e-5, atol=1e-5)


def test_what_would_take_too_long_is_left_out_with_its_reason():
    small, large = Size(21, 100), Size(21, 3200)
    assert [name for name in STEPS if too_much(name, small, 873)] == []
    assert "3,200 rows" in too_much("gauss_newton", large, 873)
    assert "9,000 parameters" in too_much("levenberg_marquardt", small, 9000)
    assert too_much("random_gradient", large, 9000) is None
    with pytest.raises(ValueError, match="variables is 1"):
        Size(1, 100)


def test_processes_do_not_share_a_core():
    with pytest.raises(RuntimeError, match="leave out --core"):
        shared(1 + os.cpu_count())
