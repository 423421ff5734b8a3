"""The command ``pinnzo mnist``: train a classifier of images."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table

import pinnzo as pz
from pinnzo import tasks
from pinnzo.cli_logs import logging_to
from pinnzo.cli_options import AsJson, CheckpointEvery, Evaluations, HistoryPath, LogPath, Quiet, Steps, Verbose
from pinnzo.errors import SettingError
from pinnzo.storage import check_folder

TaskTrainers = Literal["levenberg-marquardt", "hybrid", "rge", "cge", "first-order"]
TaskNetworks = Literal["tensor-train", "dense"]


def mnist(
    data: Annotated[
        Path | None, typer.Option(help="Folder with the four IDX files; else $PINNZO_DATA, else a download.")
    ] = None,
    digits: Annotated[bool, typer.Option("--digits", help="Take scikit-learn's small digits instead.")] = False,
    no_verify: Annotated[
        bool, typer.Option("--no-verify", help="Take other data in the same format: do not check the SHA-256 sums.")
    ] = False,
    trainer: Annotated[TaskTrainers, typer.Option(help="The training method.")] = "levenberg-marquardt",
    network: Annotated[TaskNetworks, typer.Option(help="tensor-train is the paper's, by default.")] = "tensor-train",
    width: Annotated[int | None, typer.Option(help="Hidden units, by default 1024 (64 for the digits).")] = None,
    rank: Annotated[int | None, typer.Option(help="Tensor-train rank, 6 by default.")] = None,
    batch: Annotated[int | None, typer.Option(help="Images of a step; by default what suits the trainer.")] = None,
    seed: Annotated[int, typer.Option(help="Fixes the run.")] = 0,
    dtype: Annotated[str, typer.Option(help="float32 or float64.")] = "float32",
    seconds: Annotated[
        float | None, typer.Option(help="Stop after so many seconds of training; 60 unless a limit is given.")
    ] = None,
    steps: Steps = None,
    evaluations: Evaluations = None,
    output: Annotated[Path | None, typer.Option(help="Write parameters, history and figures to this folder.")] = None,
    checkpoint: Annotated[Path | None, typer.Option(help="Keep the state of the run here, for resume.")] = None,
    checkpoint_every: CheckpointEvery = None,
    history: HistoryPath = None,
    log: LogPath = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Train a classifier of handwritten digits, with forward passes only."""
    if digits and (data is not None or no_verify):
        raise SettingError("--digits takes no files: leave --data and --no-verify out, or --digits.")
    if output is not None:
        check_folder(output)
    images = tasks.load_digits() if digits else tasks.load_mnist(data, verify=not no_verify)
    chosen = _network(network, images, width, rank)
    with logging_to(log, verbose):
        classifier = tasks.train_classifier(
            images,
            network=chosen,
            trainer=tasks.classification_trainer(trainer, chosen.parameter_count),
            batch=batch,
            seed=seed,
            dtype=dtype,
            budget=_budget(seconds, steps, evaluations),
            checkpoint=checkpoint,
            checkpoint_seconds=checkpoint_every,
            progress=not quiet,
            history=history,
        )
    finish(classifier, output, as_json)


def finish(classifier: tasks.Classifier, output: Path | None, as_json: bool) -> None:
    """Write what was asked for, and show how well the test images are told apart."""
    if output is not None:
        classifier.save(output)
    summary = classifier.summary()
    if as_json:
        sys.stdout.write(json.dumps(summary, allow_nan=False) + "\n")
    else:
        _show(summary, output)
    if summary["validation_loss"] is None:
        raise typer.Exit(1)


def _network(kind: str, images: tasks.ImageData, width: int | None, rank: int | None) -> Any:
    pixels = images.shape[0] * images.shape[1]
    width = width if width is not None else 1024 if pixels > 100 else 64
    if kind == "dense":
        if rank is not None:
            raise SettingError("--rank is a setting of tensor trains: leave it out with --network dense.")
        return tasks.dense_classifier(pixels, width, images.classes)
    return tasks.tensor_train_classifier(pixels, width, 6 if rank is None else rank, images.classes)


def _budget(seconds: float | None, steps: int | None, evaluations: float | None) -> pz.Budget | None:
    if seconds is steps is evaluations is None:
        return None
    return pz.Budget(seconds=seconds, steps=steps, evaluations=None if evaluations is None else int(evaluations))


def _show(summary: dict[str, Any], output: Path | None) -> None:
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    for key, label in {
        "test_accuracy": "test accuracy", "validation_accuracy": "validation accuracy",
        "train_loss": "loss on the training images",
        "validation_loss": "loss on the validation images", "parameters": "parameters", "evaluations":
        "network evaluations", "steps": "steps", "seconds": "training time (s)", "seed": "seed",
    }.items():  # fmt: skip
        value = summary[key]
        if value is not None:
            shown = f"{value:.2%}" if key.endswith("accuracy") else f"{value:,.4g}"
            table.add_row(label, f"{value:,}" if isinstance(value, int) else shown)
    console = Console()
    console.print(table)
    console.print(summary["status"], markup=False, highlight=False, soft_wrap=True)
    if output is not None:
        console.print(f"Parameters, history and figures are in {output}.", markup=False, soft_wrap=True)
