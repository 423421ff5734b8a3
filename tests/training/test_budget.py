"""Budgets: which limit ends a run, and how it says so."""

from __future__ import annotations

import pytest

from pinnzo.errors import SettingError
from pinnzo.training import Budget


@pytest.mark.parametrize(
    ("budget", "spent", "words"),
    [
        (Budget(seconds=60), (60.1, 1, 1, None), ("time budget of 60 s was used up", "more seconds")),
        (Budget(steps=10), (1.0, 10, 1, None), ("budget of 10 steps was used up", "more steps")),
        (Budget(evaluations=1e9), (1.0, 1, 10**9, None), ("1e+09 network evaluations", "more evaluations")),
        (
            Budget(target_error=0.01),
            (1.0, 7, 1, 0.009),
            ("target error of 0.01 was reached", "0.009", "7 steps"),
        ),
        (Budget(steps=1, target_error=0.01), (1.0, 1, 1, 0.5), ("1 steps", "not reached: the error is 0.5")),
        (Budget(steps=1, target_error=0.01), (1.0, 1, 1, None), ("not reached: the error is not known",)),
    ],
)
def test_says_why_it_stops(budget, spent, words):
    reason = budget.reason_to_stop(*spent)
    assert reason.endswith(".")
    assert all(word in reason for word in words)


def test_goes_on_within_the_budget():
    budget = Budget(seconds=60, steps=10, evaluations=100, target_error=0.01)
    assert budget.reason_to_stop(59.9, 9, 99, 0.011) is None
    assert budget.reason_to_stop(59.9, 9, 99, None) is None
    assert budget.reason_to_stop(59.9, 9, 99, float("nan")) is None


def test_the_target_comes_before_the_limits():
    assert "was reached" in Budget(steps=5, target_error=0.1).reason_to_stop(1.0, 5, 1, 0.05)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "budget of nothing"),
        ({"seconds": 0}, "seconds must be positive"),
        ({"seconds": float("inf")}, "seconds must be positive and finite"),
        ({"steps": -1}, "steps must be a whole number"),
        ({"steps": 1.5}, "steps must be a whole number"),
        ({"steps": True}, "steps must be a whole number"),
        ({"evaluations": float("nan")}, "evaluations must be positive"),
        ({"target_error": "small"}, "target_error must be a number"),
    ],
)
def test_refuses_meaningless_settings(settings, message):
    with pytest.raises(SettingError, match=message):
        Budget(**settings)
