"""Classifiers and their checkpoints on disk."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from pinnzo.errors import PinnzoError, StorageError
from pinnzo.networks import build_network
from pinnzo.settings import RunSettings, settings_to_json
from pinnzo.storage import (
    CHECKPOINT,
    HISTORY,
    SOLUTION,
    SUMMARY,
    prepare_folder,
    read_run,
    replacing,
    write_run,
    write_text,
)
from pinnzo.training.fit import RunState

from .classifier import Classifier
from .images import ImageData
from .mnist import load_digits, load_mnist

FIGURES = ("history.png", "confusion.png", "mistakes.png")


def header_of(data: ImageData, settings: RunSettings) -> dict[str, Any]:
    """What a file says of the task and the settings."""
    return {"task": _description(data), "settings": settings_to_json(settings)}


def is_classifier(folder: Path, name: str = CHECKPOINT) -> bool:
    """Whether a folder has the state of a classifier's run, and not that of an equation's."""
    try:
        with safe_open(folder / name, framework="pt") as file:
            return "task" in json.loads((file.metadata() or {}).get("pinnzo", "{}"))
    except (OSError, SafetensorError, ValueError):
        return False


def read_checkpoint(
    folder: Path, data: ImageData | None = None, network: Any = None, name: str = CHECKPOINT
) -> tuple[ImageData, RunSettings, RunState]:
    """Read the state of a run, and the images that it was about.

    Raises:
        StorageError: there is none, or it is damaged, or the images are others.
    """
    path = folder / name
    if path.is_file() and not is_classifier(folder, name):
        raise StorageError(f"{path} is not the state of a classifier: `pinnzo resume {folder}` goes on with equations.")
    # Something stands in for the declaration of a problem that such a file does not have.
    nothing: Any = object()
    _, settings, state, body = read_run(path, nothing, {"network": network})
    return _data_of(body["task"], data, path), settings, state


def save_classifier(classifier: Classifier, folder: Path) -> Path:
    """Write parameters, summary, history and figures."""
    prepare_folder(folder)
    header = {**header_of(classifier.data, classifier.settings), "status": classifier.status}
    # What the trainer remembers is for a checkpoint: it can be many times as large as the classifier.
    bare = dataclasses.replace(classifier.state, trainer=dataclasses.replace(classifier.state.trainer, memory={}))
    write_run(folder / SOLUTION, bare, header)
    write_text(folder / SUMMARY, json.dumps(classifier.summary(), allow_nan=False) + "\n")
    write_text(folder / HISTORY, classifier.history.to_json_lines())
    drawn = (classifier.plot_history(), classifier.plot_confusion(), classifier.plot_mistakes())
    for figure, name in zip(drawn, FIGURES, strict=True):
        with replacing(folder / name) as temporary:
            figure.savefig(temporary, dpi=150, format="png")
    return folder


def load_classifier(folder: str | Path, data: ImageData | None = None, network: Any = None) -> Classifier:
    """Read what ``Classifier.save`` wrote.

    Args:
        folder: where.
        data: the images, where they are not MNIST's or scikit-learn's or have moved.
        network: the module, where the network was one.

    Raises:
        StorageError: there is none, or it is damaged, or the images are others.
    """
    path = Path(folder)
    data, settings, state = read_checkpoint(path, data, network, SOLUTION)
    try:
        status = str(json.loads((path / SUMMARY).read_text(encoding="utf-8"))["status"])
    except (OSError, ValueError, KeyError, TypeError):
        status = "The classifier was read from a folder without a readable summary."
    built = build_network(settings.network, data.shape[0] * data.shape[1])
    return Classifier(data, built, settings, state, status)


def _description(data: ImageData) -> dict[str, Any]:
    return {
        "name": data.name,
        "origin": data.origin,
        "shape": list(data.shape),
        "classes": data.classes,
        "images": [len(data.train), len(data.validation), len(data.test)],
        "checksum": data.checksum,
    }


def _data_of(task: dict[str, Any], data: ImageData | None, path: Path) -> ImageData:
    """The images of a run: those that are passed, or those that it names."""
    if data is None:
        try:
            if task["name"] == "digits":
                data = load_digits()
            elif task["origin"]:
                data = load_mnist(task["origin"], verify=task["name"] == "mnist")
            else:
                raise StorageError("they were passed from memory")
        except PinnzoError as error:
            raise StorageError(f"The images of {path} are not to be had (pass data=…): {error}") from None
    if _description(data)["checksum"] != task["checksum"]:
        raise StorageError(f"The images are not those that {path} was trained on: pass the right ones as data=….")
    return data
