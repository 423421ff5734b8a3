"""Where the images come from, and how they are split."""

import gzip
import os
import sys

import numpy as np
import pytest
import torch
from idx_files import NAMES, bars, encoded, write

from pinnzo.errors import SettingError, ShapeError, StorageError
from pinnzo.tasks import (
    ImageData,
    LabelledImages,
    classification_trainer,
    load_digits,
    load_mnist,
    mnist,
    train_classifier,
)
from pinnzo.training import Budget

REAL = os.environ.get(mnist.VARIABLE)


@pytest.fixture
def nothing(monkeypatch):
    """Neither a folder in the environment nor pooch."""
    monkeypatch.delenv(mnist.VARIABLE, raising=False)
    monkeypatch.setitem(sys.modules, "pooch", None)


@pytest.mark.parametrize("packed", [False, True])
def test_data_of_ones_own(tmp_path, packed):
    data = load_mnist(write(tmp_path / "bars", packed), verify=False)
    assert (data.name, data.classes, data.shape) == ("bars", 3, (4, 4))
    assert (len(data.train), len(data.validation), len(data.test)) == (220, 20, 40)
    images, labels = bars(240, 1)
    np.testing.assert_array_equal(np.concatenate([data.train.images, data.validation.images]), images)
    np.testing.assert_array_equal(np.concatenate([data.train.labels, data.validation.labels]), labels)
    inputs = data.inputs(data.test, torch.float32)
    assert inputs.shape == (40, 16)
    torch.testing.assert_close(inputs.reshape(-1), torch.tensor(data.test.images.reshape(-1) / 255).float())


def test_other_data_are_refused_with_both_sums(tmp_path):
    folder = write(tmp_path)
    with pytest.raises(StorageError, match="--no-verify") as error:
        load_mnist(folder)
    assert mnist.SUMS[NAMES[0]] in str(error.value)
    assert str(folder / NAMES[0]) in str(error.value)


def test_environment_variable(tmp_path, monkeypatch):
    monkeypatch.setenv(mnist.VARIABLE, str(write(tmp_path)))
    assert len(load_mnist(verify=False).test) == 40


def test_without_any_data(nothing):
    with pytest.raises(StorageError, match=r"--data DIR .*PINNZO_DATA; .*--digits\. pip install"):
        load_mnist()


def test_a_download_that_fails(nothing, monkeypatch):
    class Offline:
        @staticmethod
        def os_cache(name):
            from pathlib import Path

            return Path(name)

        @staticmethod
        def create(path, address, registry):
            assert set(registry) == {f"{name}.gz" for name in NAMES}
            return Offline

        @staticmethod
        def fetch(name):
            raise ConnectionError("no network")

    monkeypatch.setitem(sys.modules, "pooch", Offline)
    with pytest.raises(StorageError, match=r"cannot be downloaded from .* \(ConnectionError\): give the folder"):
        load_mnist()


def test_a_folder_without_a_file(tmp_path):
    write(tmp_path)
    (tmp_path / NAMES[2]).unlink()
    with pytest.raises(StorageError, match=f"holds no {NAMES[2]} or {NAMES[2]}.gz: give the folder"):
        load_mnist(tmp_path, verify=False)


def test_images_and_labels_of_unequal_length(tmp_path):
    write(tmp_path)
    (tmp_path / NAMES[1]).write_bytes(encoded(np.zeros(7)))
    with pytest.raises(StorageError, match=f"{NAMES[0]} holds 240 images, but .*{NAMES[1]} holds 7 labels"):
        load_mnist(tmp_path, verify=False)


def test_the_other_spelling(tmp_path):
    write(tmp_path)
    for name in NAMES:
        content = (tmp_path / name).read_bytes()
        (tmp_path / name).unlink()
        (tmp_path / (name.replace("-idx", ".idx") + ".gz")).write_bytes(gzip.compress(content))
    assert len(load_mnist(tmp_path, verify=False).train) == 220


def test_digits():
    pytest.importorskip("sklearn")
    data = load_digits()
    assert (len(data.train), len(data.validation), len(data.test)) == (1257, 180, 360)
    assert data.inputs(data.train, torch.float64).max() == 1


def test_digits_without_scikit_learn(monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "sklearn"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(SettingError, match="digits"):
        load_digits()


def test_wrong_data():
    images, labels = bars(10, 0)
    part = LabelledImages(images, labels)
    with pytest.raises(ShapeError, match="each image needs one label"):
        LabelledImages(images, labels[:-1], "mine")
    with pytest.raises(ShapeError, match=r"pass images \(N, height, width\)"):
        LabelledImages(images[0], labels)
    with pytest.raises(ShapeError, match="same size"):
        ImageData("x", part, part, LabelledImages(images[:, :2], labels), classes=3)
    with pytest.raises(SettingError, match="labels from 0 to 2, but there are 2 classes"):
        ImageData("x", part, part, part, classes=2)
    with pytest.raises(SettingError, match="peak"):
        ImageData("x", part, part, part, peak=0.0)
    for held_out in (0, 10):
        with pytest.raises(SettingError, match="held_out"):
            ImageData.split("x", part, part, held_out=held_out)


@pytest.mark.skipif(not REAL, reason=f"{mnist.VARIABLE} is not set")
def test_the_real_files():
    data = load_mnist()
    assert (len(data.train), len(data.validation), len(data.test)) == (55_000, 5_000, 10_000)
    assert np.bincount(data.test.labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


@pytest.mark.slow
@pytest.mark.skipif(not REAL, reason=f"{mnist.VARIABLE} is not set")
def test_the_hybrid_on_the_real_images():
    """Coordinate-wise differences after some random directions: about a hundred steps of either."""
    trainer = classification_trainer("hybrid", 3962)
    classifier = train_classifier(load_mnist(), trainer=trainer, budget=Budget(steps=300), progress=False)
    assert not classifier.settings.trainer.uses_backpropagation
    assert classifier.parameter_count == 3962
    assert classifier.test_accuracy > 0.85
