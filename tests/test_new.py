"""A declaration to start from."""

from __future__ import annotations

import json
import runpy

import pytest
from running import command

import pinnzo as pz
from pinnzo.catalogue import entries_of


def test_the_file_is_solved_as_it_stands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    written = command("new", "my_problem.py")
    assert written.exit_code == 0, written.output
    assert written.stdout == "my_problem.py is written; solve it with: pinnzo solve my_problem.py\n"
    result = command("solve", "my_problem.py", "--steps", 2, "--points", 20, "--width", 8, "--quiet", "--json")
    assert result.exit_code == 0, result.output
    data = json.loads(result.stdout)
    assert (data["problem"], data["dimension"], data["steps"]) == ("my_problem", 4, 2)
    assert data["relative_l2"] < data["zero_network"]


def test_the_problem_has_the_name_of_the_file(tmp_path):
    command("new", tmp_path / "3-d melt.py")
    text = (tmp_path / "3-d melt.py").read_text(encoding="utf-8")
    assert "my_problem" not in text
    assert "pinnzo solve 3-d melt.py" in text
    (entry,) = entries_of(tmp_path / "3-d melt.py").values()
    assert entry.build().name == "3-d melt"
    for part in ("Coordinates", "unknown", "equation", "domain", "conditions", "exact solution", "Features"):
        assert part in text


def _with_few_steps(path, monkeypatch, folder):
    """Run a script as its reader does, but with a budget of two steps."""
    few = pz.Budget(steps=2)
    monkeypatch.setattr(pz, "Budget", lambda **limits: few)
    monkeypatch.chdir(folder)
    return runpy.run_path(str(path), run_name="__main__")


def test_the_file_runs_in_python(tmp_path, monkeypatch, capsys):
    command("new", tmp_path / "mine.py")
    names = _with_few_steps(tmp_path / "mine.py", monkeypatch, tmp_path)
    assert names["solution"].steps == 2
    assert (tmp_path / "mine.png").is_file()
    assert "relative_l2" in capsys.readouterr().out


def test_a_file_is_replaced_only_on_request(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("mine")
    refused = command("new", path)
    assert refused.exit_code == 2
    assert f"{path} is there already: choose another name, or replace it with --force." in refused.stderr
    assert path.read_text() == "mine"
    assert command("new", path, "--force").exit_code == 0
    assert "pz.Problem(" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("mine", "'mine' is no name for a problem file: give one that ends in .py."),
        ("mine.txt", "is no name for a problem file"),
        (".py", "is no name for a problem file"),
        ('a".py', "is no name for a problem file"),
        ("a\nb.py", "is no name for a problem file"),
        ("nowhere/mine.py", "There is no folder nowhere: make it first, or choose another one."),
        ("folder.py", "folder.py is a folder: choose another name."),
    ],
)
@pytest.mark.parametrize("force", [(), ("--force",)])
def test_wrong_names(tmp_path, monkeypatch, name, sentence, force):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.py").mkdir()
    result = command("new", name, *force)
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["folder.py"]


def test_the_template_is_part_of_the_package():
    """As installed: hatch takes all files of the package that are under version control."""
    from importlib.resources import files

    assert files("pinnzo.templates").joinpath("problem.py").is_file()
