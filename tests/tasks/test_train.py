"""Training of classifiers: every trainer, what chooses the parameters, checkpoints, storage and figures."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
import torch
from idx_files import bars, write
from torch import nn

import pinnzo as pz
from pinnzo import tasks
from pinnzo.errors import SettingError, ShapeError, StorageError
from pinnzo.tasks import storage
from pinnzo.training.fit import fit


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return tasks.load_mnist(write(tmp_path_factory.mktemp("bars")), verify=False)


def quick(data, steps=5, **settings):
    settings = {"network": tasks.tensor_train_classifier(16, 16, 2, 3), "batch": 50, **settings}
    return tasks.train_classifier(data, budget=pz.Budget(steps=steps), progress=False, **settings)


@pytest.mark.parametrize("name", tasks.CLASSIFICATION_TRAINERS)
def test_every_trainer(data, name):
    before = quick(data, 1, trainer=tasks.classification_trainer(name))
    after = quick(data, 60, trainer=tasks.classification_trainer(name))
    assert after.summary()["validation_loss"] < before.summary()["validation_loss"]
    assert after.history.column("error")[-1] <= 1


def test_levenberg_marquardt_learns(data):
    classifier = quick(data, 15)
    assert classifier.test_accuracy > 0.9
    assert classifier.test_accuracy == np.mean(classifier(data.test.images) == data.test.labels)
    assert classifier.confusion.sum() == 40
    assert np.trace(classifier.confusion) == round(40 * classifier.test_accuracy)
    assert classifier.validation_accuracy > 0.8


def test_test_images_take_no_part(data):
    """Other test images change no parameter and no number of the training."""
    random = np.random.default_rng(5)
    other = tasks.LabelledImages(random.integers(0, 255, (9, 4, 4)).astype(np.uint8), random.integers(0, 3, 9))
    swapped = quick(dataclasses.replace(data, test=other))
    same = quick(data)
    assert torch.equal(swapped.theta, same.theta)
    assert swapped.history.same_run(same.history)


def test_validation_images_choose_but_are_not_trained_on(data):
    """They decide which parameters are kept, and change none on the way there."""
    random = np.random.default_rng(5)
    other = tasks.LabelledImages(random.integers(0, 255, (9, 4, 4)).astype(np.uint8), random.integers(0, 3, 9))
    swapped, same = quick(dataclasses.replace(data, validation=other)), quick(data)
    assert torch.equal(swapped.state.trainer.theta, same.state.trainer.theta)
    assert min(same.history.column("validation")) == pytest.approx(same.summary()["validation_loss"])


def test_no_autograd_graph_can_exist(data, monkeypatch):
    seen = []

    def watched(*arguments, **settings):
        objective = arguments[1]
        inner = objective.differences

        def differences(*given):
            seen.append((torch.is_inference_mode_enabled(), torch.is_grad_enabled()))
            return inner(*given)

        monkeypatch.setattr(objective, "differences", differences)
        return fit(*arguments, **settings)

    monkeypatch.setattr("pinnzo.runs.fit", watched)
    quick(data, 2)
    assert seen == [(True, False)] * 2


@pytest.mark.parametrize("name", ["levenberg-marquardt", "hybrid", "first-order"])
def test_a_resumed_run_is_that_without_a_stop(data, tmp_path, name):
    trainer = tasks.classification_trainer(name)
    whole = quick(data, 8, trainer=trainer)
    quick(data, 3, trainer=trainer, checkpoint=tmp_path)
    resumed = tasks.resume_classifier(tmp_path, budget=pz.Budget(steps=8), progress=False)
    assert torch.equal(resumed.theta, whole.theta)
    assert resumed.history.same_run(whole.history)


def test_the_images_of_a_checkpoint(data, tmp_path):
    quick(data, 1, checkpoint=tmp_path)
    images, labels = bars(240, 9)
    other = tasks.ImageData.split("bars", tasks.LabelledImages(images, labels), data.test, 20, classes=3)
    with pytest.raises(StorageError, match="not those that"):
        tasks.resume_classifier(tmp_path, data=other)
    moved = dataclasses.replace(data, origin=str(tmp_path / "gone"))
    quick(moved, 1, checkpoint=tmp_path)
    with pytest.raises(StorageError, match=r"pass data="):
        tasks.resume_classifier(tmp_path)
    assert tasks.resume_classifier(tmp_path, data=data, progress=False).history.column("step").tolist() == [1]


def test_a_module_of_ones_own(data, tmp_path):
    module = nn.Sequential(nn.Linear(16, 8), nn.Tanh(), nn.Linear(8, 3))
    quick(data, 2, network=module, checkpoint=tmp_path)
    with pytest.raises(StorageError, match="pass network="):
        tasks.resume_classifier(tmp_path)
    with pytest.raises(StorageError, match="pass the network of the run"):
        tasks.resume_classifier(tmp_path, network=nn.Linear(16, 3))
    resumed = tasks.resume_classifier(tmp_path, network=module, budget=pz.Budget(steps=3), progress=False)
    assert len(resumed.history) == 3


def test_equations_and_classifiers_are_told_apart(data, tmp_path):
    pz.solve("poisson-2d", budget=pz.Budget(steps=1), points=20, checkpoint=tmp_path / "pde", progress=False)
    with pytest.raises(StorageError, match="not the state of a classifier"):
        tasks.resume_classifier(tmp_path / "pde")
    with pytest.raises(StorageError, match=r"holds no checkpoint\.safetensors"):
        tasks.resume_classifier(tmp_path)
    assert not storage.is_classifier(tmp_path)


def test_storage(data, tmp_path):
    classifier = quick(data)
    classifier.save(tmp_path)
    names = {"solution.safetensors", "summary.json", "history.jsonl", "history.png", "confusion.png", "mistakes.png"}
    assert {path.name for path in tmp_path.iterdir()} == names
    loaded = tasks.load_classifier(tmp_path)
    assert loaded.summary() == classifier.summary() == json.loads((tmp_path / "summary.json").read_text())
    np.testing.assert_array_equal(loaded.predictions, classifier.predictions)
    # The matrix of the trainer, d × d, stays out.
    assert loaded.state.trainer.memory == {}


def test_figures(data):
    classifier = quick(data, 1)
    wrong = round(40 * (1 - classifier.test_accuracy))
    mistakes = classifier.plot_mistakes(count=5)
    assert sum(len(axes.images) for axes in mistakes.axes) == min(5, wrong) > 0
    matrix = classifier.plot_confusion().axes[0]
    assert sum(int(text.get_text()) for text in matrix.texts) == 40
    curves = classifier.plot_history().axes
    assert [panel.get_xlabel() for panel in curves[2:]] == ["network evaluations", "training time (s)"]


def test_no_mistakes_no_pictures(data):
    classifier = quick(data, 1)
    classifier.predictions = data.test.labels
    assert classifier.test_accuracy == 1
    assert classifier.plot_confusion() is not None


def test_wrong_use(data):
    with pytest.raises(SettingError, match="There is no trainer 'lbfgs'"):
        tasks.classification_trainer("lbfgs")
    with pytest.raises(SettingError, match="4 outputs, but there are 3 classes"):
        quick(data, network=tasks.dense_classifier(16, 8, 4))
    with pytest.raises(SettingError, match="inputs"):
        quick(data, network=tasks.dense_classifier(15, 8, 3))
    with pytest.raises(SettingError, match="points is 0"):
        quick(data, batch=0)
    with pytest.raises(SettingError, match="rank"):
        tasks.tensor_train_classifier(rank=0)
    with pytest.raises(ShapeError, match="this classifier takes"):
        quick(data, 1)(np.zeros((2, 5, 5)))
