"""Train a classifier, or go on with a run that was stopped."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pinnzo.checkpoints import checked_interval
from pinnzo.errors import SettingError, StorageError
from pinnzo.networks import build_network
from pinnzo.networks.base import Network
from pinnzo.parallel import default_workers
from pinnzo.runs import Company, Work, run
from pinnzo.seeding import generator, stream_seed
from pinnzo.settings import DTYPES, RunSettings
from pinnzo.training import Budget, Trainer, as_trainer
from pinnzo.training.fit import RunState, start

from .classifier import Classifier
from .defaults import classification_trainer, default_batch
from .images import ImageData
from .networks import tensor_train_classifier
from .objectives import HeldOut, training_objective
from .storage import header_of, read_checkpoint

SECONDS = 60.0


def train_classifier(
    data: ImageData,
    *,
    network: Any = None,
    trainer: Trainer | Any = None,
    batch: int | None = None,
    seed: int = 0,
    dtype: Any = "float32",
    budget: Budget | None = None,
    checkpoint: str | Path | None = None,
    checkpoint_seconds: float | None = None,
    progress: bool = True,
    history: str | Path | None = None,
    callbacks: Sequence[Any] = (),
) -> Classifier:
    """Train a classifier on images, by default with forward passes only.

    Trained on ``data.train``; the parameters with the lowest cross-entropy on ``data.validation`` are kept. The test
    images take no part.

    Args:
        data: the images, as from ``load_mnist``.
        network: settings, a network or a torch module with as many inputs as pixels; the paper's tensor-train network
            for MNIST by default, and one of its kind for images of another size.
        trainer: the training method, forward-only Gauss–Newton steps by default.
        batch: images of a step; by default what suits the trainer.
        seed: fixes initial parameters, batches and perturbations.
        dtype: "float32" (the default) or "float64".
        budget: when to stop, 60 seconds by default.
        checkpoint: a folder that gets the state of the run, for ``resume_classifier``: before the first step, then each
            ``checkpoint_seconds``, and at the end.
        checkpoint_seconds: between two checkpoints, 10 by default; 0 for one after every step.
        progress: show how it goes, on standard error.
        history: a file that gets a JSON line after each step, which can be followed.
        callbacks: what is called on the way, as of ``pinnzo.solve``.

    Returns:
        The classifier. Ctrl-C ends the run early and returns the best so far.

    Raises:
        PinnzoError: a setting does not fit; the message names it and the remedy.
    """
    interval = checked_interval(checkpoint_seconds)
    inputs = data.shape[0] * data.shape[1]
    if network is None:
        network = tensor_train_classifier(inputs, width=1024 if inputs > 100 else 64, classes=data.classes)
    if trainer is None:
        parameters = build_network(network, inputs).parameter_count
        trainer = classification_trainer("levenberg-marquardt", parameters)
    trainer = as_trainer(trainer)
    settings = RunSettings(
        network=network,
        trainer=trainer,
        points=default_batch(trainer) if batch is None else batch,
        seed=seed,
        dtype=dtype,
        budget=budget or Budget(seconds=SECONDS),
    )
    built = _built(settings, data)
    initial = built.initial(generator(settings.seed, "parameters"), DTYPES[settings.dtype])
    state = start(settings.trainer, initial, stream_seed(settings.seed, "trainer"), generator(settings.seed, "batches"))
    return _run(data, built, settings, state, Company(checkpoint, interval, progress, history, callbacks))


def resume_classifier(
    folder: str | Path,
    *,
    data: ImageData | None = None,
    network: Any = None,
    budget: Budget | None = None,
    checkpoint_seconds: float | None = None,
    progress: bool = True,
    history: str | Path | None = None,
    callbacks: Sequence[Any] = (),
) -> Classifier:
    """Go on with a run from its checkpoint, exactly as if it had not been stopped.

    Args:
        folder: what was given to ``train_classifier`` as ``checkpoint``.
        data: the images, where they are not MNIST's or scikit-learn's or have moved.
        network: the module, where the network was one.
        budget: a new budget; its limits count from the beginning of the run.
        checkpoint_seconds: between two checkpoints, 10 by default.
        progress: show how it goes, on standard error.
        history: a file of JSON lines, as of ``train_classifier``; lines of steps after the checkpoint are cut off.
        callbacks: as of ``train_classifier``; a checkpoint does not hold them.

    Raises:
        StorageError: there is no checkpoint, or it is damaged, or the images are others.
    """
    interval = checked_interval(checkpoint_seconds)
    data, settings, state = read_checkpoint(Path(folder), data, network)
    if budget is not None:
        settings = dataclasses.replace(settings, budget=budget)
    built = _built(settings, data)
    if built.parameter_count != state.trainer.theta.numel():
        raise StorageError(
            f"{folder} holds {state.trainer.theta.numel()} parameters, but this network has {built.parameter_count}: "
            "pass the network of the run."
        )
    return _run(data, built, settings, state, Company(folder, interval, progress, history, callbacks))


def _built(settings: RunSettings, data: ImageData) -> Network:
    network = build_network(settings.network, data.shape[0] * data.shape[1])
    if network.outputs != data.classes:
        raise SettingError(
            f"The network has {network.outputs} outputs, but there are {data.classes} classes: set "
            f"outputs={data.classes}."
        )
    return network


def _run(data: ImageData, network: Network, settings: RunSettings, state: RunState, company: Company) -> Classifier:
    dtype, workers = DTYPES[settings.dtype], default_workers()
    validation = HeldOut(data, data.validation, network, dtype, workers)
    work = Work(
        name=data.name,
        about=lambda: _in_one_line(network, settings),
        header=lambda: header_of(data, settings),
        trainer=settings.trainer,
        objective=training_objective(data, network, settings.trainer, settings.points, dtype, workers),
        validation=validation,
        budget=settings.budget,
        error=validation.error_rate,
    )
    outcome = run(work, state, company)
    return Classifier(data, network, settings, outcome.result, outcome.status)


def _in_one_line(network: Network, settings: RunSettings) -> str:
    """The settings of a run, for its log."""
    return (
        f"{network.parameter_count} parameters, network {settings.network!r}, trainer {settings.trainer!r}, "
        f"{settings.points} images a step, seed {settings.seed}, {settings.dtype}, {settings.budget!r}"
    )
