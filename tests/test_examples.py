"""The scripts of ``examples``: each runs as it stands, draws, and is laid out as the gallery wants it."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

import pinnzo as pz

EXAMPLES = sorted((Path(__file__).parent.parent / "examples").glob("*.py"))
WITHOUT_EQUATION = {"digits", "estimators"}
TESTED_ELSEWHERE = {"photonic_layer"}


def run(path, monkeypatch, folder):
    """Run a script as its reader does, but with budgets of two steps."""
    few = pz.Budget(steps=2)
    monkeypatch.setattr(pz, "Budget", lambda **limits: few)
    monkeypatch.chdir(folder)
    return runpy.run_path(str(path), run_name="__main__")


def test_there_are_examples():
    wanted = {"my_own_pde", "variable_coefficient", "third_order", "predator_prey", "hjb_slices", "hard_and_soft"}
    wanted |= {"estimators", "digits", "torch_module", "unknown_conductivity"}
    assert wanted <= {path.stem for path in EXAMPLES}


@pytest.mark.parametrize(
    "path", [path for path in EXAMPLES if path.stem not in WITHOUT_EQUATION | TESTED_ELSEWHERE], ids=lambda p: p.stem
)
def test_solving_examples_run(path, monkeypatch, tmp_path):
    names = run(path, monkeypatch, tmp_path)
    solutions = [value for value in names.values() if isinstance(value, pz.Solution)]
    assert solutions
    for solution in solutions:
        assert solution.steps == 2
        assert solution.error().relative_l2 < solution.error().zero_network
    assert {file.suffix for file in tmp_path.iterdir()} == {".png"}


def test_the_classifier_learns(monkeypatch, tmp_path, capsys):
    pytest.importorskip("sklearn")
    names = run(EXAMPLES[0].with_name("digits.py"), monkeypatch, tmp_path)
    assert names["classifier"].state.trainer.step == 2
    assert names["classifier"].test_accuracy > 0.2  # the most frequent label has 13 %
    assert "nearest class mean: 90.6%" in capsys.readouterr().out
    assert {file.name for file in tmp_path.iterdir()} == {"digits-history.png", "digits-mistakes.png"}


def test_estimators_have_the_errors_of_the_page_on_derivatives(monkeypatch, tmp_path):
    results = run(EXAMPLES[0].with_name("estimators.py"), monkeypatch, tmp_path)["results"]
    count, error = results["sparse grid, level 2, odd (default)"]
    assert (count, round(error, 4)) == (43, 0.0020)
    assert results["finite differences, order 2"][1] == pytest.approx(error)
    assert results["sparse grid, level 3, linear (paper)"][0] == 925
    assert results["sparse grid, level 3, linear (paper)"][1] > 50 * error
    assert {file.name for file in tmp_path.iterdir()} == {"estimators.png"}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_are_laid_out_for_the_gallery(path):
    text = path.read_text(encoding="utf-8")
    title, line, blank, introduction = text.split("\n")[:4]
    assert title.startswith('"""')
    assert set(line) == {"="}
    assert len(line) == len(title) - 3
    assert blank == ""
    assert len(introduction) > 20
    assert re.search(r"^# %%$\n# \w", text, re.MULTILINE), "no text between the blocks of code"
    assert re.search(r"""["'][^"'\s/]+\.png["']""", text), "no figure"
    assert "baseline" in text or "zero_network" in text
