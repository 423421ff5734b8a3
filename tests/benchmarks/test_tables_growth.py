"""The tables and figures of growing problems, from made-up results."""

from __future__ import annotations

import pytest
import synthetic
from synthetic import cells

from benchmarks.tables import growth

TABLES = growth.tables(synthetic.growth())


def test_times_and_memory():
    rows = cells(TABLES["growth-dimension-residuals"])
    assert rows == {
        "variables": ["parameters", "stencil", "autodiff"],
        "2": ["20", "1 (1)", "**0.4** (0.4)"],
        "20": ["200", "**10** (10)", "40 (40)"],
        "200": ["2,000", "**100** (100)", "4,000 (–, once)"],
        "growth": ["", "D^1.0", "D^2.0"],
    }
    assert cells(TABLES["growth-dimension-steps"])["growth"] == ["", "D^1.0", "D^0.0"]


def test_what_was_left_out_is_said():
    text = TABLES["growth-width"]
    assert cells(text)["512"] == ["5,120", "–", "**3** (–)"]
    assert cells(text)["growth"] == ["", "–", "W^0.0"]
    assert "\n\nLeft out at 512: Levenberg–Marquardt (9,999 parameters, perturbed one by one). Measured 2026" in text


def test_evaluations_and_accuracy():
    assert cells(TABLES["growth-dimension-steps-evaluations"])["200"] == ["2.0e4", "2.0e4"]
    assert cells(TABLES["growth-width-evaluations"])["16"] == ["–", "–"]
    assert cells(TABLES["growth-accuracy"]) == {
        "variables": ["stencil"], "2": ["2.0e-5"], "20": ["2.0e-4"], "200": ["2.0e-3"],
    }  # fmt: skip


def test_processes_and_rates():
    assert cells(TABLES["growth-processes"])["random gradient"] == ["2", "2", "0.9", "1.8", "1.8", "0.9"]
    assert cells(TABLES["growth-rates"])["64"] == ["2.5e8 (1.23)", "–", "–", "1.2e8 (0.90)"]


def test_what_was_not_measured():
    assert TABLES["growth-points"] == TABLES["growth-rank-evaluations"] == "Not measured yet."
    assert set(growth.tables([]).values()) == {"Not measured yet."}
    assert growth.figures([]) == {}


def test_figures():
    figures = growth.figures(synthetic.growth())
    assert list(figures) == ["growth-dimension-residuals", "growth-dimension-steps", "growth-width"]
    time, memory = figures["growth-dimension-residuals"].draw().axes
    assert [line.get_label() for line in time.lines] == ["stencil", "autodiff"]
    assert list(time.lines[1].get_ydata()) == [0.4, 40.0, 4000.0]
    assert list(memory.lines[1].get_xdata()) == [2, 20]
    for drawing in figures.values():
        drawing.draw().draw_without_rendering()


@pytest.mark.parametrize("case", ["depth/3", "dimension", "dimension/2/3"])
def test_cases_without_a_place_are_refused(case):
    with pytest.raises(ValueError, match=f"no table for the case '{case}'"):
        growth.tables([synthetic.record(case, [1.0])])
