"""Every trainer of classification on the tensor-train and on the dense network, with the same time for each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from pinnzo.errors import SettingError
from pinnzo.parallel import default_workers
from pinnzo.tasks.classifier import Classifier
from pinnzo.tasks.defaults import CLASSIFICATION_TRAINERS, classification_trainer
from pinnzo.tasks.images import ImageData
from pinnzo.tasks.networks import dense_classifier, tensor_train_classifier
from pinnzo.tasks.train import train_classifier
from pinnzo.training import Budget, LevenbergMarquardt, Trainer

from .result import ClassifierComparison, ClassifierRun

LABELS = {
    "levenberg-marquardt": "forward-only Gauss–Newton",
    "hybrid": "hybrid zeroth-order",
    "rge": "RGE",
    "cge": "CGE",
    "first-order": "AdamW",
}
ORDER = ("first-order", "rge", "cge", "hybrid", "levenberg-marquardt")
NETWORKS = ("tensor-train", "dense")
INTERRUPTED = "The run was interrupted"


def compare_classifiers(
    data: ImageData,
    trainers: Sequence[str] | None = None,
    networks: Sequence[str] = NETWORKS,
    *,
    width: int | None = None,
    rank: int = 6,
    seed: int = 0,
    budget: Budget | None = None,
    progress: bool = True,
) -> ClassifierComparison:
    """Train classifiers with each trainer on each network, on equal terms.

    Each trainer has the settings and the batch of ``classification_trainer``. On networks with more than 20,000
    parameters Gauss–Newton steps search 50 random directions, since the Jacobian of all coordinates does not fit. A
    step that is longer than the budget is finished: dense CGE may take much more time than the others.

    Args:
        data: the images.
        trainers: names as on the command line; by default all.
        networks: "tensor-train", "dense" or both.
        width: hidden units, 1024 by default (64 for small images).
        rank: of the tensor trains.
        seed: fixes the runs.
        budget: of each run, 60 seconds by default.
        progress: show how it goes, on standard error.

    Returns:
        The runs, whose ``table()``, ``figure()`` and ``to_json()`` show them. Ctrl-C ends the comparison with what is
        there.

    Raises:
        PinnzoError: a setting does not fit; the message names it and the remedy.
    """
    names = tuple(trainers) if trainers is not None else ORDER
    for name in names:
        classification_trainer(name)
    if not names or not networks:
        raise SettingError(f"Nothing to compare: choose trainers among {', '.join(CLASSIFICATION_TRAINERS)}.")
    pixels = data.shape[0] * data.shape[1]
    width = width if width is not None else 1024 if pixels > 100 else 64
    built = {kind: _network(kind, pixels, width, rank, data.classes) for kind in networks}
    budget = budget or Budget(seconds=60.0)
    runs: list[ClassifierRun] = []
    status = f"All {len(names) * len(built)} runs were made."
    for kind, network in built.items():
        for name in names:
            trainer, label = _trainer(name, network.parameter_count)
            classifier = train_classifier(
                data, network=network, trainer=trainer, seed=seed, budget=budget, progress=progress
            )
            if classifier.state.trainer.step:
                runs.append(_run(classifier, kind, name, label))
            if classifier.status.startswith(INTERRUPTED):
                if not runs:
                    raise KeyboardInterrupt
                status = f"The comparison was interrupted in the run of {label} on the {kind} network."
                return _comparison(data, budget, runs, status)
    return _comparison(data, budget, runs, status)


def _comparison(data: ImageData, budget: Budget, runs: list[ClassifierRun], status: str) -> ClassifierComparison:
    images = (len(data.train), len(data.validation), len(data.test))
    return ClassifierComparison(data.name, images, budget, tuple(runs), status, default_workers())


def _network(kind: str, pixels: int, width: int, rank: int, classes: int) -> Any:
    if kind not in NETWORKS:
        raise SettingError(f"There is no network {kind!r}; choose among {', '.join(NETWORKS)}.")
    if kind == "dense":
        return dense_classifier(pixels, width, classes)
    return tensor_train_classifier(pixels, width, rank, classes)


def _trainer(name: str, parameters: int) -> tuple[Trainer, str]:
    trainer = classification_trainer(name, parameters)
    directions = trainer.directions if isinstance(trainer, LevenbergMarquardt) else None
    return trainer, LABELS[name] if directions is None else f"{LABELS[name]}, {directions} directions"


def _run(classifier: Classifier, kind: str, name: str, label: str) -> ClassifierRun:
    state, settings = classifier.state, classifier.settings
    curve = tuple(
        (record.seconds, record.evaluations, record.error)
        for record in classifier.history
        if math.isfinite(record.error)
    )
    return ClassifierRun(
        network=kind,
        name=name,
        label=label,
        trainer=settings.trainer,
        batch=settings.points,
        parameters=classifier.parameter_count,
        test_accuracy=classifier.test_accuracy,
        validation_loss=state.best_loss if math.isfinite(state.best_loss) else math.nan,
        queries=round(state.evaluations / settings.points),
        evaluations=state.evaluations,
        steps=state.trainer.step,
        seconds=state.seconds,
        seed=settings.seed,
        status=classifier.status,
        curve=curve,
    )
