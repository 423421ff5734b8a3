"""``pinnzo report`` and ``solve --report``: files, JSON, and sentences for what cannot be."""

import json
import re

import pytest
import torch
from running import command, quick
from safetensors.torch import save_file

import pinnzo as pz

SMALL = ("--width", 8, "--points", 20, "--steps", 2, "--quiet")
DECLARED = """
import sympy as sp
import pinnzo as pz

x = sp.Symbol("x", real=True)
u = sp.Function("u")(x)
given = pz.Problem(
    sp.Eq(u.diff(x, 2), -2), pz.Box({x: (0, 1)}), [pz.Boundary(u, 0)], exact=lambda p: p[:, 0] * (1 - p[:, 0])
)
"""


def error_of(result):
    assert result.exit_code == 2
    assert "Traceback" not in result.stderr
    return " ".join(result.stderr.split())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("run")
    quick(pz.problem("hjb", dimension=2)).save(place)
    return place


def test_report_is_written_into_the_folder(folder):
    result = command("report", folder)
    assert result.exit_code == 0, result.output
    assert result.stdout == f"{folder / 'report.html'}\n"
    assert (folder / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_json_has_the_figures_and_the_file(folder, tmp_path):
    target = tmp_path / "new" / "page.html"
    result = command(
        "report", folder, "--output", target, "--plane", "x1,t", "--plane", "x2", "--over", "x2", "--at", "x1=0.2",
        "--json",
    )  # fmt: skip
    # x1 cannot be both held and an axis.
    assert "at holds x1" in error_of(result)
    result = command("report", folder, "--output", target, "--plane", "x1,t", "--plane", "x1", "--over", "x2", "--json")
    data = json.loads(result.stdout.splitlines()[-1])
    assert data["report"] == str(target)
    assert data["report_bytes"] == target.stat().st_size
    summary = json.loads((folder / "summary.json").read_text())
    assert {key: data[key] for key in summary} == summary
    assert re.findall(r"<h3>(.*?)</h3>", target.read_text(encoding="utf-8")) == ["Plane x₁, t", "Line x₁"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--plane", "x1,y"), "'y', which is not a variable of the problem"),
        (("--plane", "x1,x2,t"), "a plane has two different variables"),
        (("--over", "z"), "over has 'z'"),
        (("--at", "t"), "--at 't' is not of the form name=value"),
        (("--at", "t=now"), "is not a number"),
    ],
)
def test_wrong_options_are_sentences(folder, options, message):
    assert message in error_of(command("report", folder, *options))


def test_folders_of_other_things_are_sentences(folder, tmp_path):
    assert "holds no solution.safetensors" in error_of(command("report", tmp_path / "missing"))
    assert f"--output {folder} is a folder" in error_of(command("report", folder, "--output", folder))
    (tmp_path / "solution.safetensors").write_bytes(b"no such thing")
    assert "is damaged" in error_of(command("report", tmp_path))


@pytest.mark.parametrize("name", ["solution", "checkpoint"])
def test_a_classifier_has_no_report(tmp_path, name):
    save_file({"theta": torch.zeros(1)}, tmp_path / f"{name}.safetensors", metadata={"pinnzo": '{"task": {}}'})
    assert "holds a classifier of images" in error_of(command("report", tmp_path))


def test_a_checkpoint_has_no_report_yet(tmp_path):
    command("solve", "poisson-2d", *SMALL, "--checkpoint", tmp_path)
    assert f"`pinnzo resume {tmp_path} --output DIR` ends the run" in error_of(command("report", tmp_path))


def test_a_network_of_the_users_own_is_a_sentence(tmp_path):
    module = torch.nn.Sequential(torch.nn.Linear(2, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1))
    quick(network=module).save(tmp_path)
    message = error_of(command("report", tmp_path))
    assert "pass network=" in message
    assert ".report('report.html')" in message


def test_a_declaration_can_be_given_again(tmp_path):
    declared = tmp_path / "mine.py"
    declared.write_text(DECLARED)
    command("solve", declared, *SMALL, "--output", tmp_path / "run")
    page = tmp_path / "run" / "report.html"
    assert command("report", tmp_path / "run").exit_code == 0
    assert "No exact solution is known" in page.read_text(encoding="utf-8")
    assert command("report", tmp_path / "run", "--problem", declared).exit_code == 0
    assert "best affine network" in page.read_text(encoding="utf-8")
    assert "There is no problem file" in error_of(command("report", tmp_path / "run", "--problem", "gone.py"))


def test_solve_writes_it_beside_the_solution(tmp_path):
    result = command("solve", "poisson-2d", *SMALL, "--output", tmp_path / "run", "--report", "--json")
    data = json.loads(result.stdout)
    assert data["report"] == str(tmp_path / "run" / "report.html")
    assert "<h1>poisson-2d</h1>" in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")


def test_solve_without_output_writes_a_file_of_the_problems_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = command("solve", "poisson-2d", *SMALL, "--report")
    assert result.exit_code == 0, result.output
    assert "The report is in poisson-2d-report.html." in result.stdout
    assert [f.name for f in tmp_path.iterdir()] == ["poisson-2d-report.html"]


def test_solve_refuses_before_it_begins_what_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    result = command("solve", "poisson-2d", "--seconds", 1000, "--output", tmp_path / "file", "--report")
    assert "cannot be written to" in error_of(result)
