"""What a benchmark gives: one row a problem, and ways to show and keep them."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pinnzo.comparison.output import json_number, save_comparison
from pinnzo.training import Budget

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from rich.table import Table


@dataclass(frozen=True)
class BenchmarkRow:
    """One problem, solved with the default settings.

    Numbers that are not known are NaN: errors where there is no exact solution, everything where the run failed.

    Attributes:
        name: of the problem.
        status: why the run stopped, or why it failed, as a sentence.
        seed: fixes the run.
        settings: of the problem, where they are not the defaults.
        dimension: the number of variables, time included; 0 where the problem could not be declared.
        relative_l2: the error of the solution.
        zero_network: the error of the ansatz with f ≡ 0.
        affine_network: the error with the best affine f.
        loss: of the solution, on held-out points.
        seconds: training time.
        steps: training steps.
        evaluations: network evaluations spent.
        parameters: the number of trained parameters.
        failed: whether there is no solution.
        complete: whether the run had its whole budget.
    """

    name: str
    status: str
    seed: int = 0
    settings: dict[str, Any] = field(default_factory=dict)
    dimension: int = 0
    relative_l2: float = math.nan
    zero_network: float = math.nan
    affine_network: float = math.nan
    loss: float = math.nan
    seconds: float = math.nan
    steps: int = 0
    evaluations: int = 0
    parameters: int = 0
    failed: bool = False
    complete: bool = True

    @property
    def ratio(self) -> float:
        """The error over that of the zero network: the share that training has left of it."""
        return self.relative_l2 / self.zero_network if self.zero_network else math.nan

    def to_json(self) -> dict[str, Any]:
        """As JSON data; None stands for what is not known."""
        data = {name: json_number(value) for name, value in asdict(self).items()}
        data["dimension"] = self.dimension or None
        if self.failed:
            data |= dict.fromkeys(("steps", "evaluations", "parameters"))
        return {**data, "ratio": json_number(self.ratio)}


@dataclass(frozen=True)
class Benchmark:
    """Problems solved with the default settings, within the same budget each.

    Attributes:
        rows: one a problem.
        budget: of each run.
        seed: of each run.
        status: whether all of them were made, as a sentence.
        threads: that forward passes are shared out among.
    """

    rows: tuple[BenchmarkRow, ...]
    budget: Budget
    seed: int
    status: str
    threads: int = 1

    @property
    def failed(self) -> tuple[BenchmarkRow, ...]:
        """The problems without a solution."""
        return tuple(row for row in self.rows if row.failed)

    def table(self) -> Table:
        """The benchmark as a table for the terminal."""
        from .tables import rich_table

        return rich_table(self)

    def markdown(self) -> str:
        """The benchmark as a page of Markdown."""
        from .tables import markdown

        return markdown(self)

    def figure(self) -> Figure:
        """The error of each problem beside those of its two baselines."""
        from .figure import draw
        from .tables import heading

        return draw(self.rows, heading(self))

    def to_json(self) -> dict[str, Any]:
        """As JSON data."""
        return {
            "budget": {name: value for name, value in asdict(self.budget).items() if value is not None},
            "seed": self.seed,
            "threads": self.threads,
            "problems": [row.to_json() for row in self.rows],
            "status": self.status,
        }

    def save(self, folder: str | Path) -> tuple[Path, ...]:
        """Write benchmark.json, .md and .png to a folder, each in one step; returns their paths.

        Raises:
            StorageError: they cannot be written.
        """
        return save_comparison(folder, "benchmark", self.to_json(), self.markdown(), self.figure())
