"""The tables and figures of the paper's table, from made-up results."""

from __future__ import annotations

import numpy as np
import pytest
import synthetic

from benchmarks.tables import paper
from benchmarks.tables.curves import mean_curve
from benchmarks.tables.runs import Run

TABLES = paper.tables(synthetic.paper())


def test_errors():
    rows = [line.strip("| ").split(" | ") for line in TABLES["paper-hjb-20"].splitlines()]
    assert rows[0] == ["training", "network", "Monte-Carlo Stein", "the paper's sparse grid", "pinnzo's default"]
    assert rows[2:6] == [
        ["back-propagation", "dense", "–", "–", "2.0e-3 ± 0 (4.0e2, 4 s)"],
        [
            "random directions (RGE)",
            "tensor train",
            "5.0e-2 ± 0 (4.0e2, 4 s, 3 seeds, 1 without a finite error)",
            "–",
            "–",
        ],
        ["hybrid", "tensor train", "–", "2.0e-2 ± 1.4e-2 (4.0e2, 4 s, 2 seeds)", "–"],
        ["Levenberg–Marquardt", "tensor train", "–", "–", "2.0e-4 ± 1.0e-4 (4.0e2, 4 s)"],
    ]
    assert rows[7][0].startswith("Zero network 5.0e-1, best affine network 1.0e-15. Measured")


def test_costs():
    rows = TABLES["paper-hjb-20-cost"].splitlines()
    assert rows[-1] == "| Levenberg–Marquardt | tensor train | pinnzo's default | 4,321 | 4.0e2 | 1,000 | 4 |"
    assert len(rows) == 6


def test_what_was_not_measured():
    assert TABLES["paper-burgers"] == TABLES["paper-darcy-cost"] == "Not measured yet."
    assert list(paper.figures(synthetic.paper())) == ["paper-hjb-20"]


def test_the_figure_has_means():
    left, right = paper.figures(synthetic.paper())["paper-hjb-20"].draw().axes
    curves = {line.get_label(): line for axes in (left, right) for line in axes.lines}
    assert curves["back-propagation, dense"].get_linestyle() == "--"
    x, y = curves["Levenberg–Marquardt, tensor train"].get_data()
    np.testing.assert_allclose(x, [100, 200, 400])
    np.testing.assert_allclose(y, [1e-1, 1e-2, 2e-4])


def test_a_panel_may_be_empty():
    """Without a curve, and with runs that have no finite error."""
    for record in (synthetic.paper()[0], synthetic.record("hjb-20/sparse-grid/dense/rge", [None])):
        paper.figures([record])["paper-hjb-20"].draw().draw_without_rendering()


def test_means_at_moments_that_differ():
    """On logarithmic axes both are straight lines."""
    curve = mean_curve([[(1, 1.0), (100, 1e-2)], [(10, 1e-3), (1000, 1e-5)], []])
    np.testing.assert_allclose(curve, [(10, (1e-1 + 1e-3) / 2), (100, (1e-2 + 1e-4) / 2)])
    assert mean_curve([[(1, 1.0), (2, 1.0)], [(3, 1.0), (4, 1.0)]]) == []
    assert mean_curve([]) == []


def test_evaluations_that_cannot_be_told_are_not_drawn():
    run = Run(synthetic.record("hjb-20/default/dense/rge", [1.0, None, 0.1]))
    assert run.by_evaluations == []


def test_cases_without_a_place_are_refused():
    with pytest.raises(ValueError, match="no table for the case 'hjb-20/default/dense/adam'"):
        paper.tables([synthetic.record("hjb-20/default/dense/adam", [1.0])])


def test_what_cannot_be_run_is_said():
    def without(case, **result):
        return synthetic.record(case, [1.0]) | {"result": result}

    name = "hjb-20/default/dense"
    records = [without(f"{name}/cge", unfinished=100.0), without(f"{name}/hybrid", refused="Too many nodes.")]
    rows = paper.tables([*synthetic.paper(), *records])["paper-hjb-20"].splitlines()
    assert "| coordinates (CGE) | dense | – | – | unfinished after 100 s |" in rows
    assert "| hybrid | dense | – | – | refused |" in rows
    assert "best affine network 1.0e-15. Refused: Too many nodes. Measured 2026-11-26" in rows[-1]
    assert "dense" not in paper.tables(records)["paper-hjb-20-cost"]
    paper.figures(records)["paper-hjb-20"].draw().draw_without_rendering()


def test_errors_after_equal_numbers_of_evaluations():
    """The cell that made fewest is at its end; the others are where they stood by then, at moments 100, 200, 400."""
    few = synthetic.record("hjb-20/default/dense/rge", [0.3, 0.2], 0)
    many = [synthetic.record("hjb-20/sparse-grid/dense/rge", [0.5, 0.1 + 0.2 * seed, 0.01], seed) for seed in (0, 1)]
    exact = synthetic.record("hjb-20/autodiff/dense/rge", [0.5, 0.4], 0, trace_evaluations=[1, 2], evaluations=2)
    alone = synthetic.record("hjb-20/default/dense/cge", [0.3], 0)
    *_, row = paper.tables([few, *many, exact, alone])["paper-hjb-20-evaluations"].splitlines()
    assert row == "| random directions (RGE) | dense | 2.0e2 | 2.0e-1 ± 1.4e-1 | 2.0e-1 |"


def test_a_cell_without_a_step_so_far_says_so():
    quick = synthetic.record("hjb-20/default/dense/rge", [0.3, 0.2], 0)
    slow = synthetic.record("hjb-20/sparse-grid/dense/rge", [0.5], 0, trace_evaluations=[900], evaluations=900)
    *_, row = paper.tables([quick, slow])["paper-hjb-20-evaluations"].splitlines()
    assert row == "| random directions (RGE) | dense | 2.0e2 | no step yet | 2.0e-1 |"
