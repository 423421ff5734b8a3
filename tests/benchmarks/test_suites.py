"""The suites: every case can be told from the others, and its settings come back from JSON."""

import doctest
import json

import pytest

import pinnzo as pz
from benchmarks import __main__ as command
from benchmarks.paper import networks
from benchmarks.paper.networks import networks_for
from benchmarks.suites import SUITES, selected
from benchmarks.trial import run, trial
from pinnzo.settings import settings_for, settings_from_json


@pytest.fixture(scope="module")
def cases():
    return {name: suite() for name, suite in SUITES.items()}


def test_titles_are_unique(cases):
    titles = [case.title for suite in cases.values() for case in suite]
    assert len(set(titles)) == len(titles) > 100


def test_settings_come_back_from_json_and_fit_their_problem(cases):
    trials = [c for suite in cases.values() for c in suite if c.module == "benchmarks.trial" and c.seed == 0]
    problems = {}
    for case in trials:
        data = json.loads(json.dumps(case.settings))
        key = json.dumps([data["problem"], data["of_problem"]])
        problem = problems.setdefault(key, pz.problem(data["problem"], **data["of_problem"]))
        given = {name: settings_from_json(value) for name, value in data["solve"].items()}
        settings = settings_for(problem, given)
        assert all(getattr(settings, name) == value for name, value in given.items()), case.title
    assert len(trials) > 100


def test_every_problem_meets_every_package(cases):
    names = [case.name for case in cases["peers"]]
    for method in ("pinnzo/levenberg-marquardt", "pinnzo/hybrid", "deepxde/small", "pina/documented", "torch/small"):
        assert sum(name.endswith(f"/{method}") for name in names) == 8


@pytest.mark.parametrize(
    ("problem", "dense", "train"),
    [("hjb-20", 274_433, 1_929), ("black-scholes", 17_025, 833), ("burgers", 30_701, 1_241), ("darcy", 30_701, 1_241)],
)
def test_networks_have_the_sizes_of_the_papers(problem, dense, train):
    made = networks_for(problem)
    assert made["dense"].parameter_count == dense
    assert made["tensor-train"].parameter_count == train


def test_selection_by_whole_words():
    assert {case.suite for case in selected(["peers"])} == {"peers"}
    assert {case.name.split("/")[0] for case in selected(["peers/hjb-20"])} == {"hjb-20"}
    assert [case.name for case in selected(["peers/hjb-20/pinnzo/hybrid"])] == ["hjb-20/pinnzo/hybrid"]
    assert selected(["peers/hjb"]) == []


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_run_of_pinnzo_by_a_case(dtype):
    data = json.loads(json.dumps(trial("poisson-2d", seconds=60, budget=pz.Budget(steps=5), points=30, dtype=dtype)))
    result = run(data, seed=1)
    assert result["steps"] == 5
    assert result["relative_l2"] == pytest.approx(result["trace"][-1][1], rel=1e-3)
    assert result["relative_l2"] < result["zero_network"] == pytest.approx(1.0)
    assert result["evaluations"] == result["trace_evaluations"][-1] > 1000
    assert len(result["trace_evaluations"]) == len(result["trace"])
    assert json.dumps(result, allow_nan=False)


@pytest.mark.parametrize("module", [command, networks])
def test_examples(module):
    failed, tried = doctest.testmod(module)
    assert failed == 0 < tried
