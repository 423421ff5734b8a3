"""Trainers of classifiers compared."""

from __future__ import annotations

import json
import math

import pytest
from idx_files import write
from matplotlib.image import imread
from running import command

import pinnzo as pz
from pinnzo import tasks
from pinnzo.errors import SettingError
from pinnzo.tasks import defaults
from pinnzo.tasks.comparison import compare
from pinnzo.tasks.comparison.result import PUBLISHED, SOURCE


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return tasks.load_mnist(write(tmp_path_factory.mktemp("bars")), verify=False)


@pytest.fixture(scope="module")
def comparison(data):
    return tasks.compare_classifiers(data, width=16, rank=2, budget=pz.Budget(steps=3), progress=False)


def test_every_trainer_on_both_networks(comparison):
    assert [(run.network, run.name) for run in comparison.runs] == [
        (network, name) for network in ("tensor-train", "dense") for name in compare.ORDER
    ]
    assert set(compare.ORDER) == set(tasks.CLASSIFICATION_TRAINERS)
    parameters = {run.network: run.parameters for run in comparison.runs}
    assert parameters["dense"] == 17 * 16 + 17 * 3
    assert all(run.steps == 3 and 0 <= run.test_accuracy <= 1 for run in comparison.runs)
    assert comparison.status == "All 10 runs were made."


def test_loss_queries(comparison):
    """RGE asks 2·10 times a step, CGE d + 1 times, and the validation images count too."""
    runs = {run.name: run for run in comparison.runs if run.network == "tensor-train"}
    assert runs["rge"].queries >= 60
    assert runs["cge"].queries >= 3 * runs["cge"].parameters > runs["rge"].queries


def test_what_is_written(comparison, tmp_path):
    data, page, figure = comparison.save(tmp_path / "new")
    stored = json.loads(data.read_text())
    assert stored["published"] == {"test_error_percent": dict(PUBLISHED), "source": SOURCE}
    assert stored["runs"][0]["label"] == "AdamW"
    text = page.read_text()
    assert "AdamW\\*" in text
    assert all(f"{error:.2f} %" in text for _, error in PUBLISHED)
    assert imread(figure).ndim == 3


def test_large_networks_search_directions(monkeypatch, data):
    monkeypatch.setattr(defaults, "LARGE", 100)
    monkeypatch.setattr(defaults, "DIRECTIONS", 5)
    found = tasks.compare_classifiers(
        data, ["levenberg-marquardt"], ["dense"], width=16, budget=pz.Budget(steps=1), progress=False
    )
    assert found.runs[0].label == "forward-only Gauss–Newton, 5 directions"
    assert found.runs[0].trainer.directions == 5


def test_interrupt(monkeypatch, data):
    trained = []

    def interrupted(*arguments, **settings):
        classifier = tasks.train_classifier(*arguments, **settings)
        trained.append(classifier)
        if len(trained) == 2:
            classifier.status = "The run was interrupted after 1 steps."
        return classifier

    monkeypatch.setattr(compare, "train_classifier", interrupted)
    found = tasks.compare_classifiers(data, width=16, rank=2, budget=pz.Budget(steps=1), progress=False)
    assert len(found.runs) == 2
    assert found.status == "The comparison was interrupted in the run of RGE on the tensor-train network."


def test_wrong_use(data):
    with pytest.raises(SettingError, match="There is no trainer 'lbfgs'"):
        tasks.compare_classifiers(data, ["lbfgs"])
    with pytest.raises(SettingError, match="There is no network 'sparse'"):
        tasks.compare_classifiers(data, networks=["sparse"])
    with pytest.raises(SettingError, match="Nothing to compare"):
        tasks.compare_classifiers(data, [])


def test_command(tmp_path):
    options = ("--data", write(tmp_path / "bars"), "--no-verify", "--width", 16, "--rank", 2, "--steps", 1, "--quiet")
    result = command("compare", "mnist", *options, "--trainers", "rge,first-order", "--output", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "RGE" in result.stdout
    assert "9.25 %" in result.stdout
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        f"compare-mnist{s}" for s in (".json", ".md", ".png")
    }
    result = command("compare", "mnist", *options, "--trainers", "rge", "--networks", "tensor-train", "--json")
    (run,) = json.loads(result.stdout)["runs"]
    assert math.isfinite(run["validation_loss"])
