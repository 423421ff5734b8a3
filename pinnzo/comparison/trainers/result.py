"""What a comparison of trainers gives: runs, their medians over the seeds, and ways to show and keep them."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from pinnzo.comparison.output import json_number, save_comparison
from pinnzo.settings import settings_to_json
from pinnzo.training import Budget, Trainer

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from rich.table import Table

THRESHOLDS = (1e-2, 1e-3, 1e-4, 1e-5)
"""The errors whose first time is reported."""
NOTE = (
    "Trained by back-propagation, on one thread; backward passes are not counted as network evaluations: compare it "
    "by seconds."
)


@dataclass(frozen=True)
class TrainerRun:
    """One trainer with one seed.

    Attributes:
        name: of the trainer, as on the command line.
        label: the same for people.
        trainer: its settings.
        derivatives: the estimator of derivatives.
        seed: fixes the run.
        relative_l2: the error of the solution; NaN where it was never finite.
        zero_network: the error of the ansatz with f ≡ 0.
        affine_network: the error with the best affine f.
        loss: of the solution, on held-out points.
        parameters: the number of trained parameters.
        evaluations: network evaluations spent.
        steps: training steps.
        seconds: training time.
        status: why it stopped, as a sentence.
        curve: errors on the way as triples (seconds, evaluations, error).
    """

    name: str
    label: str
    trainer: Trainer
    derivatives: str
    seed: int
    relative_l2: float
    zero_network: float
    affine_network: float
    loss: float
    parameters: int
    evaluations: int
    steps: int
    seconds: float
    status: str
    curve: tuple[tuple[float, int, float], ...] = field(default=(), repr=False)

    @property
    def uses_backpropagation(self) -> bool:
        """Whether it is a baseline that needs more than forward passes."""
        return self.trainer.uses_backpropagation

    def seconds_to(self, error: float) -> float:
        """The training time at which the error was first seen to be this small; infinite if it never was."""
        return next((seconds for seconds, _, seen in self.curve if seen <= error), math.inf)

    def to_json(self, curve: bool = True) -> dict[str, Any]:
        """As JSON data, with or without the errors on the way."""
        data = {name: json_number(value) for name, value in vars(self).items() if name not in ("trainer", "curve")}
        data |= {"trainer": settings_to_json(self.trainer), "uses_backpropagation": self.uses_backpropagation}
        data["seconds_to"] = {f"{e:g}": json_number(self.seconds_to(e)) for e in THRESHOLDS}
        if curve:
            columns = list(zip(*self.curve, strict=True)) or [(), (), ()]
            data["curve"] = dict(zip(("seconds", "evaluations", "error"), map(list, columns), strict=True))
        return data


@dataclass(frozen=True)
class TrainerSummary:
    """One trainer: medians over its seeds.

    Attributes:
        runs: its runs, one a seed.
    """

    runs: tuple[TrainerRun, ...]

    def median(self, name: str) -> float:
        """The median of one of the numbers of a run."""
        values = [float(getattr(run, name)) for run in self.runs]
        return median(math.inf if math.isnan(value) else value for value in values)

    def seconds_to(self, error: float) -> float:
        """The median time to an error, infinite unless more than half of the runs got there."""
        return median(run.seconds_to(error) for run in self.runs)

    @property
    def typical(self) -> TrainerRun:
        """The run with the median error (the worse of the middle two)."""
        ordered = sorted(self.runs, key=lambda run: math.inf if math.isnan(run.relative_l2) else run.relative_l2)
        return ordered[len(ordered) // 2]

    def to_json(self, curves: bool = True) -> dict[str, Any]:
        """As JSON data: the medians, and the runs."""
        first = self.runs[0]
        names = ("relative_l2", "loss", "evaluations", "steps", "seconds")
        return {
            "name": first.name,
            "label": first.label,
            "uses_backpropagation": first.uses_backpropagation,
            "derivatives": first.derivatives,
            "parameters": first.parameters,
            **{name: json_number(self.median(name)) for name in names},
            "seconds_to": {f"{e:g}": json_number(self.seconds_to(e)) for e in THRESHOLDS},
            "status": self.typical.status,
            "runs": [run.to_json(curves) for run in self.runs],
        }


@dataclass(frozen=True)
class TrainerComparison:
    """Trainers on one problem with the same network, points, seeds and budget.

    Attributes:
        problem: its name.
        dimension: the number of its variables.
        points: collocation points of a step.
        budget: of each run.
        runs: all runs, trainer after trainer.
        status: whether all of them were made, as a sentence.
        threads: that forward passes are shared out among; back-propagation runs on one.
    """

    problem: str
    dimension: int
    points: int
    budget: Budget
    runs: tuple[TrainerRun, ...]
    status: str
    threads: int = 1

    @property
    def summaries(self) -> tuple[TrainerSummary, ...]:
        """One summary a trainer, in the order of the runs."""
        groups: dict[str, list[TrainerRun]] = {}
        for run in self.runs:
            groups.setdefault(run.name, []).append(run)
        return tuple(TrainerSummary(tuple(group)) for group in groups.values())

    @property
    def parameters(self) -> int:
        """The number of trained parameters."""
        return self.runs[0].parameters

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds of the runs."""
        return tuple(sorted({run.seed for run in self.runs}))

    @property
    def zero_network(self) -> float:
        """The error of the ansatz with f ≡ 0."""
        return median(run.zero_network for run in self.runs)

    @property
    def affine_network(self) -> float:
        """The error of the ansatz with the best affine f."""
        return median(run.affine_network for run in self.runs)

    def table(self) -> Table:
        """The comparison as a table for the terminal."""
        from .tables import rich_table

        return rich_table(self)

    def markdown(self) -> str:
        """The comparison as a page of Markdown."""
        from .tables import markdown

        return markdown(self)

    def figure(self) -> Figure:
        """Error against time and against network evaluations."""
        from .figure import draw

        return draw(self)

    def to_json(self, curves: bool = True) -> dict[str, Any]:
        """As JSON data, with or without the errors on the way."""
        return {
            "problem": self.problem,
            "dimension": self.dimension,
            "parameters": self.parameters,
            "points": self.points,
            "threads": self.threads,
            "seeds": list(self.seeds),
            "budget": {name: value for name, value in asdict(self.budget).items() if value is not None},
            "zero_network": json_number(self.zero_network),
            "affine_network": json_number(self.affine_network),
            "trainers": [summary.to_json(curves) for summary in self.summaries],
            "status": self.status,
            "note": NOTE,
        }

    def save(self, folder: str | Path) -> tuple[Path, ...]:
        """Write compare-trainers.json, .md and .png to a folder, each in one step; returns their paths.

        Raises:
            StorageError: they cannot be written.
        """
        return save_comparison(folder, "compare-trainers", self.to_json(), self.markdown(), self.figure())
