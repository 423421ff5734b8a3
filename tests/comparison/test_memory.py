"""The memory of a call is what torch's allocator says, in the order of time."""

from __future__ import annotations

import os

import torch

from pinnzo.comparison.memory import peak_memory

MEGA = 1_000_000


def floats(number):
    return torch.zeros(number, dtype=torch.float64)


def test_the_most_that_is_held_at_once():
    def call():
        first = floats(MEGA)  # 8 MB
        second = floats(2 * MEGA)  # 24 MB in all
        del second
        third = floats(MEGA)  # 16 MB in all
        return first, third

    assert peak_memory(call) == 24 * MEGA


def test_temporaries_within_an_operator_count():
    a = floats(MEGA)
    # The product of a sum: 8 MB for the sum, 8 MB for the product; the number 2.0 takes a few bytes for a while.
    assert 16 * MEGA <= peak_memory(lambda: (a + a) * a) < 16.001 * MEGA


def test_what_was_there_before_is_not_counted():
    old = floats(MEGA)
    assert peak_memory(lambda: old.add_(1.0)) < 1000
    assert peak_memory(lambda: None) == 0


def test_it_works_in_inference_mode_and_for_backward_passes():
    with torch.inference_mode():
        assert peak_memory(lambda: floats(1000)) == 8000
    x = floats(MEGA).requires_grad_()
    # x³ keeps x² and the gradient needs memory too: more than the result alone.
    assert peak_memory(lambda: torch.autograd.grad((x**3).sum(), x)) >= 16 * MEGA


def test_it_is_silent_and_leaves_the_environment_alone(capfd, monkeypatch):
    monkeypatch.delenv("KINETO_LOG_LEVEL", raising=False)
    peak_memory(lambda: floats(10))
    assert "KINETO_LOG_LEVEL" not in os.environ
    monkeypatch.setenv("KINETO_LOG_LEVEL", "3")
    peak_memory(lambda: floats(10))
    assert os.environ["KINETO_LOG_LEVEL"] == "3"
    assert capfd.readouterr() == ("", "")
