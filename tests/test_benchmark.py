"""All bundled problems solved within a budget each, and the figures that are kept of them."""

from __future__ import annotations

import json
import math
import runpy
import shutil
from pathlib import Path

import pytest
from matplotlib.image import imread
from running import command, disc, never_finite

import pinnzo as pz
from pinnzo import catalogue, measured
from pinnzo.comparison import BenchmarkRow
from pinnzo.comparison.problems import run as module
from pinnzo.errors import SettingError, StorageError

SMALL = {"seconds": None, "steps": 2, "progress": False}
KEYS = {
    "dimension", "kind", "reference", "relative_l2", "zero_network", "affine_network", "seconds", "parameters",
    "evaluations", "seed", "hard",
}  # fmt: skip


@pytest.fixture(scope="module")
def mixed():
    """One that is solved, one without an exact solution, one that fails."""
    return pz.benchmark(["poisson-2d", disc(name="disc"), never_finite()], seed=3, **SMALL)


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """Problems that may be written to."""
    folder = tmp_path / "problems"
    shutil.copytree(catalogue.problem_folder(), folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(catalogue, "problem_folder", lambda: folder)
    return folder / "measured.json"


def test_a_row_is_the_run_of_solve(mixed):
    row = mixed.rows[0]
    same = pz.solve("poisson-2d", seed=3, budget=pz.Budget(steps=2), progress=False)
    accuracy = same.error()
    assert (row.relative_l2, row.zero_network, row.affine_network) == (
        accuracy.relative_l2, accuracy.zero_network, accuracy.affine_network,
    )  # fmt: skip
    assert (row.loss, row.evaluations, row.parameters) == (same.loss, same.evaluations, same.parameter_count)
    assert (row.name, row.dimension, row.steps, row.seed, row.status) == ("poisson-2d", 2, 2, 3, same.status)
    assert row.ratio == row.relative_l2 / row.zero_network
    assert row.complete
    assert not row.failed


def test_a_problem_without_an_exact_solution_has_a_loss_and_one_that_fails_a_reason(mixed):
    _, plain, broken = mixed.rows
    assert math.isnan(plain.relative_l2)
    assert plain.loss > 0
    assert broken.failed
    assert "never finite" in broken.status
    assert mixed.failed == (broken,)
    assert mixed.status == "All 3 problems were run. Without a solution: problem."


def test_what_raises_is_a_row_and_the_others_are_run(monkeypatch, tmp_path):
    def fails(problem, **settings):
        if problem.name == "heat":
            raise RuntimeError("no\nluck")
        if problem.name == "hjb":
            raise SettingError("Choose another one.")
        return pz.solve(problem, **settings)

    monkeypatch.setattr(module, "solve", fails)
    result = pz.benchmark(["heat", "hjb", "poisson-2d"], **SMALL)
    assert [row.failed for row in result.rows] == [True, True, False]
    assert [row.status for row in result.rows[:2]] == ["It failed with RuntimeError: no luck", "Choose another one."]
    assert "| heat | – | – |" in result.markdown()
    assert result.to_json()["problems"][0]["steps"] is None
    assert len(result.save(tmp_path)) == 3
    shown = command("benchmark", "heat", "poisson-2d", "--steps", 1, "--quiet")
    assert shown.exit_code == 1
    assert "heat: It failed with RuntimeError: no luck" in shown.stdout


def test_what_is_saved(mixed, tmp_path):
    paths = mixed.save(tmp_path / "new")
    assert [path.name for path in paths] == ["benchmark.json", "benchmark.md", "benchmark.png"]
    data = json.loads(paths[0].read_text())
    assert data == mixed.to_json()
    assert data["budget"] == {"steps": 2}
    assert [row["name"] for row in data["problems"]] == ["poisson-2d", "disc", "problem"]
    assert data["problems"][1]["relative_l2"] is None
    page = paths[1].read_text()
    assert page.count("| poisson-2d |") == 1
    assert "default settings, 2 steps each, seed 3" in page
    assert imread(paths[2]).ndim == 3


def test_columns_without_anything_known_are_left_out():
    rows = (BenchmarkRow("a", "", relative_l2=1e-3, zero_network=1.0, dimension=2),)
    heads = [str(column.header) for column in pz.Benchmark(rows, pz.Budget(steps=1), 0, "").table().columns]
    assert heads == ["problem", "D", "error", "zero network", "error / zero", "seed"]


def test_the_figure_shows_errors_far_apart_and_points_to_what_is_off_the_page():
    rows = (
        BenchmarkRow("good", "", relative_l2=1e-6, zero_network=0.5, affine_network=1e-15),
        BenchmarkRow("bad", "", relative_l2=30.0, zero_network=0.5, affine_network=0.1),
        BenchmarkRow("broken", "No.", failed=True),
    )
    axes = pz.Benchmark(rows, pz.Budget(steps=1), 0, "").figure().axes[0]
    low, high = axes.get_xlim()
    assert low < 1e-6
    assert low > 1e-15
    assert high > 30
    assert [label.get_text() for label in axes.get_yticklabels()] == ["good", "bad", "broken"]
    assert {"no solution", "1.0e-15"} <= {text.get_text() for text in axes.texts}


@pytest.mark.parametrize("during", ["solve", "train"])
def test_an_interrupt_keeps_what_is_done(monkeypatch, during):
    def interrupted(problem, **settings):
        if problem.name == "poisson-2d" and during == "solve":
            raise KeyboardInterrupt
        solution = pz.solve(problem, **settings)
        if problem.name == "poisson-2d":
            solution.status = "The run was interrupted after 2 steps; the best parameters so far are kept."
        return solution

    monkeypatch.setattr(module, "solve", interrupted)
    result = pz.benchmark(["hjb", "poisson-2d", "heat"], settings={"dimension": 1}, **SMALL)
    names = ["hjb"] if during == "solve" else ["hjb", "poisson-2d"]
    assert [row.name for row in result.rows] == names
    assert [row.complete for row in result.rows] == [True, False][: len(names)]
    assert result.status == f"The benchmark was interrupted; it holds {' and '.join(names)}."
    with pytest.raises(KeyboardInterrupt):
        pz.benchmark("poisson-2d", **SMALL) if during == "solve" else _nothing_done(monkeypatch)


def _nothing_done(monkeypatch):
    def at_once(problem, **settings):
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "solve", at_once)
    pz.benchmark("heat", **SMALL)


def test_each_problem_gets_the_settings_that_it_has():
    result = pz.benchmark(["heat", "poisson_2d", "heat"], settings={"dimension": 1}, **SMALL)
    assert [(row.name, row.settings) for row in result.rows] == [("heat", {"dimension": 1}), ("poisson-2d", {})]
    assert result.table().columns[0]._cells[0] == "heat, dimension=1"


def test_all_problems_are_run_by_default(monkeypatch):
    def fails(problem, **settings):
        raise MemoryError

    monkeypatch.setattr(module, "solve", fails)
    monkeypatch.setattr(catalogue, "problem", lambda name, **settings: disc())
    result = pz.benchmark(**SMALL)
    assert [row.name for row in result.rows] == list(pz.problems())


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("nonsense",), "There is no problem 'nonsense'; the bundled ones are: "),
        (("heat", "--seconds", "0"), "seconds must be positive"),
        (("heat", "--seed", "-1"), "seed is -1"),
        (("heat", "--set", "dimension=0"), "dimension of 'heat' is 0: it must be at least 1"),
        (("poisson-2d", "--set", "dimension=3"), "None of the problems poisson-2d has a setting 'dimension'"),
        (("heat", "--set", "dimension=1", "--update"), "--update keeps the figures of the default settings"),
        (("heat", "--output", "/dev/null/x"), "The folder /dev/null/x cannot be written to"),
    ],
)
def test_wrong_use(arguments, sentence):
    result = command("benchmark", *arguments)
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert result.stdout == ""


def test_no_names_are_refused():
    with pytest.raises(SettingError, match="names is empty: choose among advection-diffusion"):
        pz.benchmark([], **SMALL)


def test_the_command(tmp_path):
    result = command("benchmark", "heat", "poisson-2d", "--seconds", 0.05, "--json", "--output", tmp_path / "out")
    assert result.exit_code == 0, result.output
    (line,) = result.stdout.splitlines()
    data = json.loads(line)
    assert data["budget"] == {"seconds": 0.05}
    assert [row["name"] for row in data["problems"]] == ["heat", "poisson-2d"]
    assert "heat (1 of 2)" in result.stderr
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"benchmark.json", "benchmark.md", "benchmark.png"}
    shown = command("benchmark", "poisson-2d", "--steps", 1, "--quiet")
    assert shown.stderr == ""
    for text in ("zero network", "affine network", "error / zero", "The problem was run."):
        assert text in shown.stdout


def test_the_kept_figures_belong_to_bundled_problems():
    data = json.loads((catalogue.problem_folder() / "measured.json").read_text(encoding="utf-8"))
    assert set(data) <= set(pz.problems())
    assert all(set(entry) == KEYS for entry in data.values())
    for entry in data.values():
        assert entry["kind"]
        assert entry["reference"]
        assert isinstance(entry["hard"], bool)
        assert entry["parameters"] > 0
        # An error without its baseline says nothing.
        assert (entry["relative_l2"] is None) == (entry["zero_network"] is None)


def test_list_has_the_kept_figures(checkout):
    rows = {row["name"]: row for row in json.loads(command("list", "--json").stdout)}
    assert all(set(row) == KEYS | {"name", "settings", "summary"} for row in rows.values())
    assert rows["hjb"]["dimension"] == 21
    checkout.write_text(json.dumps({"hjb": {"hard": True, "relative_l2": 1.2e-7}}))
    shown = command("list").stdout
    assert "hjb (hard)" in shown
    assert "1.2e-07" in shown
    rows = {row["name"]: row for row in json.loads(command("list", "--json").stdout)}
    assert rows["heat"]["relative_l2"] is rows["heat"]["hard"] is None
    checkout.unlink()
    assert "dimension=2" in command("list").stdout
    checkout.write_text("{")
    assert "cannot be read" in command("list").stderr


def test_update_keeps_what_people_wrote(checkout):
    before = measured.measured()
    result = command("benchmark", "heat", "--steps", 1, "--quiet", "--update", "--json")
    assert result.exit_code == 0, result.output
    after = measured.measured()
    (row,) = json.loads(result.stdout)["problems"]
    assert after["heat"].relative_l2 == pytest.approx(row["relative_l2"], rel=1e-2)
    assert (after["heat"].kind, after["heat"].reference) == (before["heat"].kind, before["heat"].reference)
    assert after["heat"].hard is before["heat"].hard
    assert {n: m for n, m in after.items() if n != "heat"} == {n: m for n, m in before.items() if n != "heat"}


@pytest.mark.parametrize(
    ("errors", "hard"),
    [((1e-4, 0.5, 0.1), False), ((0.2, 0.5, 0.3), True), ((2e-3, 0.5, 1e-3), True), ((1e-4, 0.5, 1e-15), False),
     ((None, None, None), None)],
)  # fmt: skip
def test_whether_a_new_problem_is_hard(checkout, errors, hard):
    checkout.unlink()
    measured.update({"heat": dict(zip(("relative_l2", "zero_network", "affine_network"), errors, strict=True))})
    assert measured.measured()["heat"].hard is hard


def test_an_installed_pinnzo_is_not_changed(monkeypatch, tmp_path):
    monkeypatch.setattr(measured, "__file__", str(tmp_path / "measured.py"))
    monkeypatch.setattr(catalogue, "problem_folder", lambda: tmp_path / "bundled_problems")
    result = command("benchmark", "heat", "--update")
    assert result.exit_code == 2


def test_damaged_figures_are_not_overwritten(checkout):
    checkout.write_text("[]")
    with pytest.raises(StorageError, match="cannot be read"):
        measured.update({"heat": {"relative_l2": 1.0}})
    assert checkout.read_text() == "[]"


def test_the_documentation_has_the_kept_figures():
    docs = Path(__file__).parent.parent / "docs"
    made = runpy.run_path(str(docs / "figures" / "benchmark.py"))
    page, readme = made["page"](), made["readme"]()
    assert (docs / "benchmark.md").read_text(encoding="utf-8") == page, "run: python docs/figures/benchmark.py"
    assert (docs.parent / "README.md").read_text(encoding="utf-8") == readme, "run: python docs/figures/benchmark.py"
    assert page in readme
    assert all(f"| {name}" in page for name in measured.measured())
