"""Trainers compared on equal terms, and what is made of the comparison."""

from __future__ import annotations

import json
import math

import pytest
import torch
from matplotlib.image import imread
from running import command, disc

import pinnzo as pz
from pinnzo.comparison import TrainerRun, TrainerSummary
from pinnzo.comparison.trainers import compare as module
from pinnzo.comparison.trainers import running
from pinnzo.comparison.trainers.tables import statuses
from pinnzo.errors import DeclarationError, SettingError
from pinnzo.training import TRAINERS

SMALL = ("poisson-2d", "--width", 8, "--points", 20, "--quiet")


def compare(problem="poisson-2d", trainers=None, **settings):
    settings = {
        "network": pz.TensorTrainMLP(width=8),
        "points": 20,
        "budget": pz.Budget(steps=3),
        "progress": False,
        **settings,
    }
    return pz.compare_trainers(problem, trainers, **settings)


def made_up(seed, error, curve=(), name="rge", seconds=1.0):
    trainer = pz.LBFGS() if name == "lbfgs" else pz.HybridZO()
    return TrainerRun(
        name, name.upper(), trainer, "SmolyakStein", seed, error, 0.5, 0.1, 1e-3, 81, 100, 10, seconds, "Done.", curve
    )  # fmt: skip


@pytest.fixture(scope="module")
def everything():
    return compare(seeds=2)


def test_all_trainers_on_equal_terms(everything):
    assert [s.runs[0].name for s in everything.summaries] == list(TRAINERS)
    assert everything.seeds == (0, 1)
    assert len(everything.runs) == 14
    assert everything.status == "All 7 trainers were run."
    for run in everything.runs:
        assert (run.parameters, run.steps) == (81, 3)
        assert run.zero_network == pytest.approx(everything.zero_network, rel=0.1)
        assert len(run.curve) >= 1
        assert run.derivatives == "SmolyakStein" or run.uses_backpropagation
    baselines = {run.name for run in everything.runs if run.uses_backpropagation}
    assert baselines == {"first-order", "lbfgs", "autodiff-gauss-newton"}


def test_a_run_is_that_of_solve(everything):
    same = pz.solve(
        "poisson-2d", trainer=pz.LevenbergMarquardt(), network=pz.TensorTrainMLP(width=8), points=20, seed=1,
        budget=pz.Budget(steps=3), progress=False,
    )  # fmt: skip
    (run,) = (r for r in everything.runs if r.name == "levenberg-marquardt" and r.seed == 1)
    assert run.relative_l2 == same.error().relative_l2
    assert (run.loss, run.evaluations) == (same.loss, same.evaluations)
    seconds, evaluations, errors = zip(*run.curve, strict=True)
    assert list(seconds) == sorted(seconds)
    assert evaluations[0] == same.history[0].evaluations
    assert errors[0] == pytest.approx(same.history[0].error, rel=1e-12)
    assert errors[-1] == pytest.approx(same.history[-1].error, rel=1e-12)


def test_seconds_to_an_error_are_those_of_its_first_sight():
    run = made_up(0, 1e-3, ((0.1, 10, 0.5), (0.2, 20, 9e-3), (0.3, 30, 2e-2), (0.4, 40, 1e-3)))
    assert run.seconds_to(1e-2) == 0.2
    assert run.seconds_to(1e-3) == 0.4
    assert run.seconds_to(1e-4) == math.inf
    assert run.to_json()["seconds_to"] == {"0.01": 0.2, "0.001": 0.4, "0.0001": None, "1e-05": None}


def test_medians_over_the_seeds():
    runs = [made_up(i, e, ((float(i + 1), 1, e),), seconds=i) for i, e in enumerate((3e-3, math.nan, 2e-3))]
    summary = TrainerSummary(tuple(runs))
    assert summary.median("relative_l2") == 3e-3
    assert summary.median("seconds") == 1
    assert summary.seconds_to(1e-2) == 3.0
    assert summary.seconds_to(2.5e-3) == math.inf
    assert summary.typical is runs[0]


def test_the_tables_say_it_all(everything):
    from rich.console import Console

    console = Console(width=140, record=True, quiet=False, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(everything.table())
    console.file.close()
    for text in (console.export_text(), everything.markdown()):
        for word in (
            "81 parameters",
            "20 points",
            "3 steps each",
            "seeds 0 and 1",
            "zero network",
            "best affine network",
        ):
            assert word in text
        for word in ("hybrid zeroth-order", "RGE", "CGE", "Levenberg–Marquardt", "Adam", "L-BFGS", "Gauss–Newton"):
            assert word in text
        assert "s to 1e-4" in text
    assert "backward passes are not counted" in everything.markdown()
    assert "\\*" not in compare(trainers=["rge"]).markdown()
    assert everything.markdown().count("The budget of 3 steps was used up") == 7
    (line,) = statuses(everything)
    assert line.startswith("hybrid zeroth-order, RGE, CGE, ")


def test_the_figure_shows_every_trainer(everything):
    figure = everything.figure()
    panels = figure.axes
    assert [panel.get_xlabel() for panel in panels] == ["training time (s)", "network evaluations"]
    assert all(panel.get_xscale() == panel.get_yscale() == "log" for panel in panels)
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert len(labels) == 9
    named = {line.get_label(): line for line in panels[0].get_lines()}
    assert len({named[label].get_color() for label in labels[:7]}) == 7
    for label in labels[:7]:
        assert named[label].is_dashed() == ("(" in label)


def test_the_figure_of_runs_that_diverge():
    runs = (made_up(0, math.nan), made_up(0, 1e-3, ((0.1, 5, 1e30), (1.0, 10, 1e-3)), "own"))
    figure = pz.TrainerComparison("p", 2, 10, pz.Budget(steps=1), runs, "Done.").figure()
    assert any("never finite" in text.get_text() for text in figure.legends[0].get_texts())
    assert figure.axes[0].get_ylim()[1] < 10


@pytest.mark.parametrize(("faster", "chosen"), [(pz.Autodiff(), "Autodiff"), (None, "SmolyakStein")])
def test_baselines_get_what_is_faster_for_them(monkeypatch, faster, chosen):
    monkeypatch.setattr(
        running, "_seconds_of_a_step", lambda _, settings: 1.0 if settings.derivatives == faster else 2.0
    )
    comparison = compare(trainers=["rge", "lbfgs"])
    assert [run.derivatives for run in comparison.runs] == ["SmolyakStein", chosen]


def test_derivatives_that_are_asked_for():
    runs = compare(
        "poisson-2d", ["cge", "first-order"], derivatives=pz.FiniteDifference(), baseline_derivatives=None
    ).runs
    assert [run.derivatives for run in runs] == ["FiniteDifference"] * 2
    (run,) = compare(trainers=["first-order"], baseline_derivatives=pz.Autodiff()).runs
    assert run.derivatives == "Autodiff"


def test_trainers_of_the_users_own():
    comparison = compare(
        "poisson-2d", {"plain": pz.LevenbergMarquardt(momentum=0.0), "rge": pz.RandomGradient()}, seeds=[3]
    )
    assert [(run.name, run.label, run.seed) for run in comparison.runs] == [("plain", "plain", 3), ("rge", "RGE", 3)]
    assert comparison.runs[0].trainer == pz.LevenbergMarquardt(momentum=0.0)


def test_measuring_takes_no_training_time_and_leaves_torch_as_it_was():
    threads = torch.get_num_threads()
    compare(trainers=["rge", "lbfgs"])
    assert torch.get_num_threads() == threads
    assert torch.is_grad_enabled()
    assert not torch.is_inference_mode_enabled()


@pytest.mark.parametrize("within", [True, False], ids=["in a step", "between runs"])
def test_an_interrupt_ends_the_comparison_with_what_is_there(monkeypatch, within):
    if within:
        steps = []
        step = pz.LevenbergMarquardt.step

        def interrupted(self, objective, state):
            steps.append(1)
            if len(steps) == 3:
                raise KeyboardInterrupt
            return step(self, objective, state)

        monkeypatch.setattr(pz.LevenbergMarquardt, "step", interrupted)
    else:
        original = module.run_trainer

        def run_trainer(problem, settings, name, *rest):
            if name == "cge":
                raise KeyboardInterrupt
            return original(problem, settings, name, *rest)

        monkeypatch.setattr(module, "run_trainer", run_trainer)
    comparison = compare(trainers=["rge", "levenberg-marquardt", "cge"])
    assert [run.steps for run in comparison.runs] == [3, 2 if within else 3]
    assert comparison.status == "The comparison was interrupted; it holds what was run of RGE and Levenberg–Marquardt."


def test_an_interrupt_before_there_is_anything_is_one(monkeypatch):
    def run_trainer(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "run_trainer", run_trainer)
    with pytest.raises(KeyboardInterrupt):
        compare(trainers=["rge"])


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"trainers": ["adam"]}, "There is no trainer 'adam'; choose among hybrid, rge"),
        ({"trainers": []}, "trainers is empty"),
        ({"seeds": 0}, "seeds is 0: give the number of seeds"),
        ({"seeds": []}, "seeds is empty"),
        ({"seeds": [-1]}, "seeds is -1"),
        ({"baseline_derivatives": "slowest"}, "baseline_derivatives is 'slowest'"),
        ({"problem": disc()}, "problem has no exact solution"),
    ],
)
def test_wrong_use(settings, sentence):
    with pytest.raises(SettingError, match=sentence):
        compare(**settings)


def test_something_else_than_a_problem():
    with pytest.raises(DeclarationError, match="problem is 3"):
        compare(3)


def test_the_command_writes_everything_and_prints_json(tmp_path):
    folder = tmp_path / "new" / "folder"
    result = command(
        "compare",
        "trainers",
        *SMALL,
        "--trainers",
        "rge, lbfgs",
        "--steps",
        2,
        "--seeds",
        2,
        "--output",
        folder,
        "--json",
    )
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    (line,) = result.stdout.splitlines()
    data = json.loads(line)
    assert [t["name"] for t in data["trainers"]] == ["rge", "lbfgs"]
    assert data["seeds"] == [0, 1]
    assert data["budget"] == {"steps": 2}
    assert {f.name for f in folder.iterdir()} == {f"compare-trainers.{kind}" for kind in ("json", "md", "png")}
    stored = json.loads((folder / "compare-trainers.json").read_text())
    assert len(stored["trainers"][0]["runs"][0].pop("curve")["error"]) >= 1
    assert {k: v for k, v in stored.items() if k != "trainers"} == {k: v for k, v in data.items() if k != "trainers"}
    assert stored["trainers"][0]["runs"][0] == data["trainers"][0]["runs"][0]
    assert stored["trainers"][1]["runs"][0]["trainer"]["type"] == "LBFGS"
    assert imread(folder / "compare-trainers.png").ndim == 3


def test_the_command_for_people(tmp_path):
    result = command(
        "compare", "trainers", *SMALL[:-1], "--trainers", "cge,autodiff-gauss-newton", "--steps", 1, "--output", tmp_path,
        "--baseline-derivatives", "autodiff",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    for word in ("autodiff Gauss–Newton*", "Autodiff", "s to 1e-2", "zero network", "* Trained by back-propagation"):
        assert word in result.stdout
    assert result.stdout.splitlines()[-1] == str(tmp_path / "compare-trainers.png")
    assert "CGE, seed 0: step 1" in result.stderr


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--trainers", "adam"), "There is no trainer 'adam'; choose among hybrid"),
        (("--trainers", ""), "There is no trainer ''"),
        (("--seeds", 0), "seeds is 0: give the number of seeds, a whole number of at least 1"),
        (("--points", 0), "points is 0"),
        (("--seconds", 0), "seconds must be positive"),
        (("--output", "/dev/null/x"), "The folder /dev/null/x cannot be written to"),
        (("--set", "size=3"), "has no setting 'size'"),
    ],
)
def test_wrong_use_of_the_command(options, sentence):
    result = command("compare", "trainers", *SMALL, *options)
    assert result.exit_code == 2, result.output
    assert sentence in " ".join(result.stderr.split())
    assert result.stdout == ""
    assert isinstance(result.exception, SystemExit)


def test_an_unknown_problem():
    result = command("compare", "trainers", "magic")
    assert result.exit_code == 2
    assert "There is no problem 'magic'; the bundled ones are:" in " ".join(result.stderr.split())
