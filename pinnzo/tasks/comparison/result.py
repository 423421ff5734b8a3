"""What a comparison of classifiers gives, and ways to show and keep it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pinnzo.comparison.output import json_number, save_comparison
from pinnzo.settings import settings_to_json
from pinnzo.training import Budget, Trainer

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from rich.table import Table

PUBLISHED = (
    ("back-propagation", 2.66),
    ("feedback alignment", 2.82),
    ("forward gradients, weights perturbed", 9.25),
    ("forward gradients, activations perturbed", 3.24),
)
"""Test errors on MNIST in per cent, with networks of their own."""

SOURCE = (
    "the smaller networks of Ren, Kornblith, Liao & Hinton, Scaling forward gradient with local losses, ICLR 2023, "
    "arXiv 2210.03310"
)

NOTE = "Trained by back-propagation; backward passes are not counted as network evaluations: compare it by seconds."


@dataclass(frozen=True)
class ClassifierRun:
    """One trainer on one network.

    Attributes:
        network: "tensor-train" or "dense".
        name: of the trainer, as on the command line.
        label: the same for people.
        trainer: its settings.
        batch: images of a step.
        parameters: the number of trained parameters.
        test_accuracy: of the parameters with the lowest loss on the validation images.
        validation_loss: that loss; NaN where it was never finite.
        queries: how many times the loss of a batch was asked for: network evaluations by images of a step.
        evaluations: network evaluations (one = one network at one image), validation included.
        steps: training steps.
        seconds: training time.
        seed: fixes the run.
        status: why it stopped, as a sentence.
        curve: (seconds, evaluations, validation error) on the way.
    """

    network: str
    name: str
    label: str
    trainer: Trainer
    batch: int
    parameters: int
    test_accuracy: float
    validation_loss: float
    queries: int
    evaluations: int
    steps: int
    seconds: float
    seed: int
    status: str
    curve: tuple[tuple[float, int, float], ...] = field(default=(), repr=False)

    @property
    def uses_backpropagation(self) -> bool:
        """Whether it is a baseline that needs more than forward passes."""
        return self.trainer.uses_backpropagation

    def to_json(self, curve: bool = True) -> dict[str, Any]:
        """As JSON data, with or without the errors on the way."""
        data = {name: json_number(value) for name, value in vars(self).items() if name not in ("trainer", "curve")}
        data |= {"trainer": settings_to_json(self.trainer), "uses_backpropagation": self.uses_backpropagation}
        if curve:
            data["curve"] = [list(point) for point in self.curve]
        return data


@dataclass(frozen=True)
class ClassifierComparison:
    """Trainers of classifiers with the same images and budget.

    Attributes:
        task: its name.
        images: how many there are to train on, to choose parameters by, and to test.
        budget: of each run.
        runs: all runs.
        status: whether all of them were made, as a sentence.
        threads: that forward passes are shared out among; back-propagation runs on one.
    """

    task: str
    images: tuple[int, int, int]
    budget: Budget
    runs: tuple[ClassifierRun, ...]
    status: str
    threads: int = 1

    def table(self) -> Table:
        """The comparison as a table for the terminal."""
        from .tables import rich_table

        return rich_table(self)

    def markdown(self) -> str:
        """The comparison as a page of Markdown, with published figures beside it."""
        from .tables import markdown

        return markdown(self)

    def figure(self) -> Figure:
        """Validation error against time and against network evaluations."""
        from .figure import draw

        return draw(self)

    def to_json(self, curves: bool = True) -> dict[str, Any]:
        """As JSON data, with or without the errors on the way."""
        return {
            "task": self.task,
            "images": dict(zip(("train", "validation", "test"), self.images, strict=True)),
            "budget": {name: value for name, value in asdict(self.budget).items() if value is not None},
            "threads": self.threads,
            "runs": [run.to_json(curves) for run in self.runs],
            "published": {"test_error_percent": dict(PUBLISHED), "source": SOURCE},
            "status": self.status,
            "note": NOTE,
        }

    def save(self, folder: str | Path) -> tuple[Path, ...]:
        """Write compare-mnist.json, .md and .png to a folder, each in one step; returns their paths.

        Raises:
            StorageError: they cannot be written.
        """
        return save_comparison(folder, "compare-mnist", self.to_json(), self.markdown(), self.figure())
