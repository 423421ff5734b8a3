"""The script that measures errors in many dimensions."""

import json
import runpy
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent / "benchmarks" / "high_dimension.py"


def run(monkeypatch, *words):
    monkeypatch.setattr(sys, "argv", [str(SCRIPT), *words])
    runpy.run_path(str(SCRIPT), run_name="__main__")


def test_a_case_is_measured(monkeypatch, tmp_path, capsys):
    file = tmp_path / "high.json"
    run(monkeypatch, "allen-cahn-20", "--seconds", "0.01", "--seed", "3", "--json", str(file))
    (row,) = json.loads(file.read_text())
    assert row["reference"] == pytest.approx(0.206355, abs=1e-6)
    assert row["relative_error_at_0"] == pytest.approx(abs(row["u(0, 0)"] / row["reference"] - 1))
    assert (row["parameters"], row["seed"], row["steps"]) == (905, 3, 1)
    assert 0 < row["affine_network"] < row["zero_network"]
    assert "905" in capsys.readouterr().out


def test_unknown_cases_are_named(monkeypatch, capsys):
    with pytest.raises(SystemExit):
        run(monkeypatch, "burgers-7")
    assert "the cases are allen-cahn-20" in capsys.readouterr().err
