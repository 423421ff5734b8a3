"""The command line: results on standard output, everything else on standard error."""

import json
import logging
import os
import subprocess
import sys

import numpy as np
import pytest
from matplotlib.image import imread
from running import command

import pinnzo as pz

SMALL = ("--width", 8, "--points", 20)
NEEDED = {
    "relative_l2",
    "zero_network",
    "affine_network",
    "loss",
    "parameters",
    "evaluations",
    "steps",
    "seconds",
    "status",
}
FILES = {"solution.safetensors", "summary.json", "history.jsonl", "slice.png", "history.png"}


def test_json_is_the_last_line_and_the_only_one(tmp_path):
    result = command("solve", "poisson-2d", "--steps", 2, *SMALL, "--json", "--output", tmp_path / "new" / "run")
    assert result.exit_code == 0, result.output
    (line,) = result.stdout.splitlines()
    data = json.loads(line)
    assert set(data) >= NEEDED | {"seed", "problem", "dimension", "dtype"}
    assert data["steps"] == 2
    assert data["parameters"] == 81
    assert data["status"] == "The budget of 2 steps was used up; give more steps to go on."
    assert all(isinstance(data[name], float) for name in ("relative_l2", "zero_network", "affine_network", "loss"))
    assert {f.name for f in (tmp_path / "new" / "run").iterdir()} == FILES
    assert json.loads((tmp_path / "new" / "run" / "summary.json").read_text()) == data
    assert imread(tmp_path / "new" / "run" / "slice.png").ndim == 3


def test_a_run_is_that_of_the_library(tmp_path):
    command(
        "solve", "hjb", "--set", "dimension=2", "--trainer", "levenberg-marquardt", "--derivatives", "smolyak",
        "--level", 3, "--sigma", 0.05, "--growth", "odd", "--network", "dense", "--width", 6, "--depth", 1,
        "--activation", "tanh", "--points", 30, "--seed", 4, "--dtype", "float32", "--steps", 3,
        "--output", tmp_path, "--quiet",
    )  # fmt: skip
    same = pz.solve(
        pz.problem("hjb", dimension=2),
        trainer=pz.LevenbergMarquardt(),
        derivatives=pz.SmolyakStein(level=3, sigma=0.05, growth="odd"),
        network=pz.MLP(width=6, depth=1, activation="tanh"),
        points=30,
        seed=4,
        dtype="float32",
        budget=pz.Budget(steps=3),
        progress=False,
    )
    loaded = pz.load(tmp_path)
    assert loaded.history.same_run(same.history)
    np.testing.assert_array_equal(loaded.theta, same.theta)


@pytest.mark.parametrize("trainer", pz.training.TRAINERS)
def test_every_trainer(trainer):
    result = command("solve", "poisson-2d", "--trainer", trainer, "--steps", 1, *SMALL, "--json", "--quiet")
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    assert json.loads(result.stdout)["steps"] == 1


@pytest.mark.parametrize(
    "options",
    [
        ("--derivatives", "smolyak"), ("--level", "3"), ("--derivatives", "finite-difference", "--step", "0.01", "--order", "4"),
        ("--step", "0.01"), ("--derivatives", "autodiff"), ("--derivatives", "monte-carlo", "--samples", "8", "--sigma", "auto"),
        ("--derivatives", "random-directions", "--directions", "2", "--distribution", "coordinates"),
        ("--level", "2,2", "--growth", "odd"), ("--level", "3", "--growth", "nested", "--sigma", "0.1,0.05"), ("--estimate", "solution"), ("--evaluations", "1e4"),
        ("--seconds", "0.1"), ("--target-error", "10"), ("--weight", "boundary=3"), ("--rank", "3"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_options(options):
    budget = () if options[0] in ("--evaluations", "--seconds", "--target-error") else ("--steps", 1)
    result = command("solve", "poisson", *SMALL, "--quiet", *options, *budget, "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["steps"] >= 1


def test_the_table_for_people(tmp_path):
    result = command("solve", "poisson-2d", "--steps", 2, *SMALL, "--output", tmp_path / "[run]")
    assert result.exit_code == 0
    for text in ("relative L2 error", "zero network", "best affine network", "parameters", "The budget of 2 steps"):
        assert text in result.stdout
    assert f"Solution, history and figures are in {tmp_path / '[run]'}." in result.stdout
    assert result.stderr.startswith("poisson-2d: step 1, loss ")
    assert "relative" not in result.stderr


def test_the_papers_network():
    result = command("solve", "hjb", "--network", "paper", "--steps", 1, "--points", 2, "--quiet", "--json")
    assert json.loads(result.stdout)["parameters"] == 1929


def test_list():
    rows = json.loads(command("list", "--json").stdout)
    assert isinstance(rows, list)
    entries = {row["name"]: row for row in rows}
    assert set(entries) >= {"hjb", "poisson", "poisson-2d", "heat"}
    assert entries["hjb"]["settings"] == {"dimension": 20}
    assert all(row["summary"] for row in rows)
    shown = command("list")
    assert shown.exit_code == 0
    assert all(name in shown.stdout for name in entries)


def test_plot(tmp_path):
    command("solve", "hjb", "--set", "dimension=2", "--steps", 1, *SMALL, "--quiet", "--output", tmp_path)
    before = (tmp_path / "slice.png").read_bytes()
    result = command("plot", tmp_path, "--axes", "x1, t", "--at", "x2=0.25")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [str(tmp_path / "slice.png"), str(tmp_path / "history.png")]
    assert (tmp_path / "slice.png").read_bytes() != before
    assert command("plot", tmp_path, "--axes", "t").exit_code == 0
    assert command("plot", tmp_path).exit_code == 0
    assert (tmp_path / "slice.png").read_bytes() == before
    assert {f.name for f in tmp_path.iterdir()} == FILES


def test_resume(tmp_path):
    run = ("poisson-2d", *SMALL, "--quiet", "--json")
    whole = json.loads(command("solve", *run, "--steps", 5).stdout)
    command("solve", *run, "--steps", 2, "--checkpoint", tmp_path / "run")
    result = command("resume", tmp_path / "run", "--steps", 5, "--quiet", "--json", "--output", tmp_path / "out")
    assert result.exit_code == 0, result.output
    resumed = json.loads(result.stdout)
    assert {**resumed, "seconds": None} == {**whole, "seconds": None}
    assert {f.name for f in (tmp_path / "out").iterdir()} == FILES


def test_a_run_that_never_was_finite_is_not_a_success(tmp_path):
    file = tmp_path / "broken.py"
    file.write_text(
        "import sympy as sp, pinnzo as pz\nx = pz.coordinates('x', 2)\nu = sp.Function('u')(*x)\n"
        "p = pz.Problem(sp.Eq(pz.laplacian(u, x) + sp.log(u), 0), pz.Ball(x), [pz.Boundary(u, -1)])\n"
    )
    result = command("solve", file, "--steps", 2, *SMALL, "--json", "--quiet", "--output", tmp_path / "run")
    assert result.exit_code == 1
    data = json.loads(result.stdout)
    assert data["loss"] is None
    assert "never finite" in data["status"]
    assert command("solve", file, "--steps", 2, *SMALL, "--quiet").exit_code == 1


def test_help_names_every_command_and_option():
    help_ = command("--help").stdout
    for name in ("solve", "resume", "list", "plot", "compare", "benchmark", "new"):
        assert name in help_
    wide = {"COLUMNS": "200", "TERMINAL_WIDTH": "200"}
    from typer.testing import CliRunner

    options = CliRunner().invoke(pz.cli.app, ["solve", "--help"], env=wide).stdout
    for option in ("--set", "--trainer", "--level", "--sigma", "--growth", "--checkpoint", "--json", "--output"):
        assert option in options


def test_the_module_is_the_program(tmp_path):
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "error"}
    arguments = ("solve", "poisson-2d", "--steps", "2", "--width", "8", "--points", "20", "--json", "--output", "run")
    done = subprocess.run(
        [sys.executable, "-m", "pinnzo", *arguments],
        cwd=tmp_path, capture_output=True, text=True, env=environment, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["steps"] == 2
    assert len(done.stdout.splitlines()) == 1
    assert "step 1, loss" in done.stderr
    assert "\x1b" not in done.stderr
    assert {f.name for f in (tmp_path / "run").iterdir()} == FILES
    assert [f.name for f in tmp_path.iterdir()] == ["run"]


def test_history_log_and_records(tmp_path):
    history, log = tmp_path / "h.jsonl", tmp_path / "logs" / "run.log"
    small = ("--width", 8, "--points", 20, "--quiet", "--checkpoint", tmp_path / "run")
    result = command("solve", "poisson-2d", "--steps", 2, *small, "--history", history, "--log", log, "--verbose")
    assert result.exit_code == 0, result.output
    assert [json.loads(line)["step"] for line in history.read_text().splitlines()] == [1, 2]
    assert "poisson-2d starts: 2 variables, 81 parameters" in result.stderr
    assert "step 1: loss" not in result.stderr
    assert log.read_text().count("DEBUG pinnzo.run: poisson-2d step ") == 2
    result = command("resume", tmp_path / "run", "--steps", 4, "--quiet", "--history", history, "--log", log)
    assert result.exit_code == 0, result.output
    assert [json.loads(line)["step"] for line in history.read_text().splitlines()] == [1, 2, 3, 4]
    assert "poisson-2d goes on after step 2" in log.read_text()
    assert "goes on" not in result.stderr
    assert logging.getLogger("pinnzo").level == logging.NOTSET


def test_a_target_loss():
    result = command("solve", "poisson-2d", "--width", 8, "--target-loss", 10, "--quiet", "--json")
    assert json.loads(result.stdout)["status"].startswith("The target loss of 10 was reached")


def test_a_log_that_cannot_be_written(tmp_path):
    result = command("solve", "poisson-2d", "--steps", 1, "--log", tmp_path)
    assert result.exit_code == 2
    assert "choose another file" in result.stderr
