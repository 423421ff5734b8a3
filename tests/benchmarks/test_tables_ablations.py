"""The tables and figures of one setting at a time, from made-up results."""

from __future__ import annotations

import pytest
import synthetic
from synthetic import cells

from benchmarks.tables import ablations

TABLES = ablations.tables(synthetic.ablations())


def test_lines_and_values_are_in_order():
    rows = [line.strip("| ").split(" | ") for line in TABLES["ablation-rank"].splitlines()[2:10]]
    assert [row[:2] for row in rows] == [
        [line, value] for line in ("hybrid", "Levenberg–Marquardt") for value in ("2", "4", "10", "full")
    ]
    assert rows[0][2:] == ["7.5e-3 ± 3.5e-3", "2", "1,000", "2.0e2", "4,321"]


def test_one_line_has_no_name():
    rows = cells(TABLES["ablation-sigma"])
    assert rows["smoothing step σ"][0] == "error at the end"
    assert list(rows)[1:] == ["0.001", "0.1", "1"]
    assert "On `hjb`, dimension 20: zero network 5.0e-1" in TABLES["ablation-sigma"]


def test_values_may_have_several_words():
    made = [synthetic.record(f"level/levenberg-marquardt/{value}", [1e-3]) for value in ("4 odd", "2 odd", "3 linear")]
    rows = ablations.tables(made)["ablation-level"].splitlines()[2:5]
    assert [row.split(" | ")[1] for row in rows] == ["2 odd", "3 linear", "4 odd"]
    ablations.figures(made)["ablation-level"].draw().draw_without_rendering()


def test_a_value_that_gave_no_result():
    made = synthetic.record("sigma/10", [1.0]) | {"result": {"unfinished": 60.0}}
    rows = cells(ablations.tables([*synthetic.ablations(), made])["ablation-sigma"])
    assert rows["10"] == ["unfinished after 60 s", "–", "–", "–", "–"]
    for records in ([*synthetic.ablations(), made], [made]):
        ablations.figures(records)["ablation-sigma"].draw().draw_without_rendering()


def test_fewer_seeds_are_said():
    assert cells(TABLES["ablation-dtype"])["float32"][0] == "1.0e-3 (1 seed)"


def test_figures():
    figures = ablations.figures(synthetic.ablations())
    assert list(figures) == ["ablation-rank", "ablation-sigma", "ablation-dtype"]
    scales = {name: drawing.draw().axes[0].get_xscale() for name, drawing in figures.items()}
    assert scales == {"ablation-rank": "linear", "ablation-sigma": "log", "ablation-dtype": "linear"}
    ticks = figures["ablation-rank"].draw().axes[0].get_xticklabels()
    for drawing in figures.values():
        drawing.draw().draw_without_rendering()
    assert [tick.get_text() for tick in ticks] == ["2", "4", "10", "full"]


def test_cases_without_a_place_are_refused():
    with pytest.raises(ValueError, match="no table for the case"):
        ablations.tables([synthetic.record("colour/red", [1.0])])
