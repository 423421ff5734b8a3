"""The tables and figures of pinnzo beside other packages, from made-up results."""

from __future__ import annotations

import pytest
import synthetic
from synthetic import cells

import pinnzo as pz
from benchmarks.tables import peers
from benchmarks.tables.comparison import PROBLEMS, sooner
from benchmarks.tables.runs import Run

TABLES = peers.tables(synthetic.peers())


def test_a_problem_shows_the_better_variants():
    rows = cells(TABLES["peers-hjb-20"])
    assert rows["method"][:3] == ["error at the end", "lowest error", "seconds to 1.0e-2, 1.0e-3, 1.0e-4, 1.0e-5"]
    assert rows["pinnzo, Levenberg–Marquardt"] == [
        "2.0e-7", "2.0e-7", "1, 2, 2, 2", "8", "1,000", "8.0e2", "4,321", "120 (300)", "–",
    ]  # fmt: skip
    assert rows["DeepXDE, small"] == [
        "2.0e-4", "1.0e-4", "2, 4, 4, –", "8", "1,000", "–", "4,321", "120 (300)", "17",
    ]  # fmt: skip
    assert {"PINA, documented", "plain PyTorch, small", "pinnzo, hybrid ZO"} < set(rows)
    assert len(rows) == 6
    assert TABLES["peers-hjb-20"].endswith(
        "\n\nZero network 5.0e-1, best affine network 1.0e-15. "
        "Measured 2026-11-26, commit 0123456789ab, on Abacus 1, 2 cores."
    )


def test_what_was_not_measured():
    assert TABLES["peers-heat-5"] == "Not measured yet."
    assert set(peers.tables([]).values()) == {"Not measured yet."}
    assert peers.figures([]) == {}
    (only,) = [r for r in synthetic.peers() if r["case"].endswith("deepxde/small")]
    tables = peers.tables([only])
    assert cells(tables["peers-hjb-20"])["pinnzo, hybrid ZO"] == ["–"] * 9
    assert cells(tables["peers-hjb-20"])["PINA"] == ["–"] * 9
    assert "Zero network –, best affine network –." in tables["peers-hjb-20"]
    assert cells(tables["peers-readme"])["hjb-20"] == [
        "21", "–", "–", "–", "–", "1.0e-4 (DeepXDE, small, 4 s)", "–", "–", "–",
    ]  # fmt: skip


def test_all_variants():
    rows = cells(TABLES["peers-variants"])
    assert rows["problem"][2:4] == ["DeepXDE, documented", "DeepXDE, small"]
    assert rows["hjb-20"] == ["2.0e-7", "4.0e-2", "9.0e-3", "2.0e-4", "9.0e-3", "–", "–", "5.0e-3"]
    assert rows["poisson-5"] == ["–"] * 8
    assert "\n\nDeepXDE: python 3.11.0. PINA: python 3.11.0." in TABLES["peers-variants"]


def test_the_summary():
    """The best peer has 1e-4 after 4 s, where pinnzo was below it after 2 s."""
    rows = cells(TABLES["peers-readme"])
    assert rows["hjb-20"] == [
        "21", "**2.0e-7**", "8", "8.0e2", "4,321", "1.0e-4 (DeepXDE, small, 4 s)", "pinnzo 2.0 times sooner", "500",
        "5.0e-1, 1.0e-15",
    ]  # fmt: skip
    assert list(rows)[1:] == list(PROBLEMS)


def test_a_peer_that_is_ahead_is_said_to_be():
    """pinnzo ends with 1e-2 after 8 s, which the peer had after 1 s."""
    own = synthetic.record("hjb-20/pinnzo/levenberg-marquardt", [1e-1, 5e-2, 2e-2, 1e-2])
    peer = synthetic.record("hjb-20/torch/small", [1e-2, 1e-3, 1e-4, 4e-5], own=False)
    row = cells(peers.tables([own, peer])["peers-readme"])["hjb-20"]
    assert row[1] == "1.0e-2"
    assert row[5] == "**4.0e-5** (plain PyTorch, small, 8 s)"
    assert row[6:8] == ["not reached; pinnzo's lowest error: plain PyTorch 8.0 times sooner", "0.004"]


@pytest.mark.parametrize(
    ("own", "peer", "words"),
    [
        ([1.0, 1e-3], [1e-3, 2e-3], "PINA 2.0 times sooner"),
        ([1e-2, 2e-2], [1.0, 1e-3], "not reached; pinnzo's lowest error: pinnzo 2.0 times sooner"),
        ([1e-3], [1e-3], "pinnzo 1.0 times sooner"),
        ([None], [1e-3], "–"),
    ],
)
def test_who_was_sooner(own, peer, words):
    runs = [
        Run(synthetic.record("hjb-20/pinnzo/levenberg-marquardt", own)),
        Run(synthetic.record("hjb-20/pina/small", peer, own=False)),
    ]
    assert sooner(*runs) == words


def test_a_run_without_any_error_is_the_worse_variant_and_no_best_peer():
    broken = synthetic.record("hjb-20/pina/small", [None, None], own=False)
    peers.figures([broken])["peers-hjb-20"].draw().draw_without_rendering()
    tables = peers.tables([broken])
    assert cells(tables["peers-hjb-20"])["PINA, small"][:4] == ["–", "–", "–, –, –, –", "2"]
    assert cells(tables["peers-readme"])["hjb-20"][5] == "–"


def test_cases_without_a_place_are_refused():
    for case in ("hjb-20/fenics/small", "hjb-30/pina/small", "hjb-20/pina", "hjb-20/pina/hybrid"):
        with pytest.raises(ValueError, match=f"no table for the case '{case}'"):
            peers.tables([synthetic.record(case, [1.0])])


@pytest.mark.parametrize(
    ("name", "problem", "settings"),
    [
        ("hjb-20", "hjb", {"dimension": 20}),
        ("hjb-lq-20", "hjb-lq", {"dimension": 20}),
        ("poisson-5", "poisson", {"dimension": 5}),
        ("heat-5", "heat-nd", {"dimension": 5}),
        ("poisson-2d", "poisson-2d", {}),
        ("heat-100", "heat-high", {"dimension": 100}),
        ("two-body-10", "two-body-poisson", {"dimension": 10}),
    ],
)
def test_the_variables_are_those_of_the_problem(name, problem, settings):
    assert PROBLEMS[name].variables == len(pz.problem(problem, **settings).variables)


def test_figures():
    figures = peers.figures(synthetic.peers() + synthetic.peers("poisson-5"))
    assert list(figures) == ["peers-hjb-20", "peers-poisson-5", "peers-readme"]
    (axes,) = figures["peers-hjb-20"].draw().axes
    labels = {line.get_label(): line.get_linestyle() for line in axes.lines}
    assert labels["DeepXDE, small"] == "-"
    assert labels["DeepXDE, documented"] == "--"
    assert labels["zero network"] == ":"
    assert "PINA, small: no finite error" in labels
    assert "best affine network 1.0e-15 ↓" in [text.get_text() for text in axes.texts]
    panels = figures["peers-readme"].draw()
    assert len(panels.axes) == 2
    assert "DeepXDE, better variant" in [text.get_text() for text in panels.legends[0].get_texts()]
    assert not [line for axes in panels.axes for line in axes.lines if line.get_linestyle() == "--"]
