"""What a comparison of derivative estimators gives, and ways to show and keep it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pinnzo.comparison.crossover import Crossover
from pinnzo.comparison.output import json_number, save_comparison
from pinnzo.derivatives import Autodiff, Estimator
from pinnzo.settings import settings_to_json

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from rich.table import Table


@dataclass(frozen=True)
class DerivativeErrors:
    """The errors of one estimator on one function f.

    Attributes:
        function: its name, "exact solution" or "network".
        terms: for each term ‖estimate − truth‖/‖truth‖ over the points, or the root mean square of the difference
            where the true term is zero; over several draws of a random estimator, the root mean square.
        residual: the root mean square of the difference in the residual of the equation.
    """

    function: str
    terms: tuple[float, ...]
    residual: float


@dataclass(frozen=True)
class DerivativeResult:
    """One estimator in one dtype.

    Attributes:
        name: as on the command line.
        label: the same for people.
        estimator: its settings.
        dtype: "float64" or "float32".
        errors: one entry a function.
        nodes: of the stencil, or None where there is none.
        evaluations: network evaluations a point, of the nodes that the equation needs; 1 for automatic
            differentiation, whose backward passes are not counted.
        amplification: the largest Σ|w| of the linear operators of f that are estimated (the numbers that the ansatz
            multiplies them by included), which multiplies noise in its values at most; NaN without weights.
        seconds: of one call on the network for all points, on one thread; the shortest of a few.
        peak_bytes: the most memory that such a call takes.
        draws: how many of a random estimator the errors are taken over; 1 for a deterministic one.
        refusal: why the estimator cannot be used for the equation; then there are no figures.
    """

    name: str
    label: str
    estimator: Estimator
    dtype: str
    errors: tuple[DerivativeErrors, ...] = ()
    nodes: int | None = None
    evaluations: int = 0
    amplification: float = math.nan
    seconds: float = math.nan
    peak_bytes: int = 0
    draws: int = 1
    refusal: str = ""

    @property
    def uses_backpropagation(self) -> bool:
        """Whether it needs more than forward passes."""
        return isinstance(self.estimator, Autodiff)

    def of(self, function: str) -> DerivativeErrors | None:
        """The errors on one function, if the estimator did not refuse."""
        return next((errors for errors in self.errors if errors.function == function), None)

    def to_json(self, terms: tuple[str, ...]) -> dict[str, Any]:
        """As JSON data, for the given names of the terms."""
        data = {name: json_number(value) for name, value in vars(self).items() if name not in ("estimator", "errors")}
        if self.refusal:
            figures = ("nodes", "evaluations", "amplification", "seconds", "peak_bytes", "draws")
            data |= dict.fromkeys(figures)
        data["refusal"] = self.refusal or None
        data["estimator"] = settings_to_json(self.estimator)
        data["errors"] = {
            e.function: {
                "terms": dict(zip(terms, map(json_number, e.terms), strict=True)),
                "residual": json_number(e.residual),
            }
            for e in self.errors
        }
        return data


@dataclass(frozen=True)
class ComparedFunction:
    """A function whose derivatives were estimated.

    Attributes:
        name: "exact solution" or "network".
        description: what it is and where its truth is from.
        scales: the root mean squares of the true terms; 0 where errors are absolute.
    """

    name: str
    description: str
    scales: tuple[float, ...]


@dataclass(frozen=True)
class DerivativeComparison:
    """Derivative estimators on the terms of one equation.

    Attributes:
        problem: its name.
        dimension: the number of its variables.
        points: at how many points the estimators were compared.
        seed: fixes points, network and draws.
        terms: the names of the terms.
        functions: whose derivatives were estimated.
        results: estimator after estimator, one for each dtype.
        crossover: the times against automatic differentiation, if they were asked for.
        notes: what has to be known to read the figures.
        status: whether everything was measured, as a sentence.
    """

    problem: str
    dimension: int
    points: int
    seed: int
    terms: tuple[str, ...]
    functions: tuple[ComparedFunction, ...]
    results: tuple[DerivativeResult, ...]
    crossover: Crossover | None
    notes: tuple[str, ...]
    status: str

    def table(self) -> Table:
        """The comparison as a table for the terminal."""
        from .tables import rich_table

        return rich_table(self)

    def markdown(self) -> str:
        """The comparison as a page of Markdown."""
        from .tables import markdown

        return markdown(self)

    def figure(self) -> Figure:
        """Errors against network evaluations, and the times against automatic differentiation."""
        from .figure import draw

        return draw(self)

    def to_json(self) -> dict[str, Any]:
        """As JSON data."""
        return {
            "problem": self.problem,
            "dimension": self.dimension,
            "points": self.points,
            "seed": self.seed,
            "terms": list(self.terms),
            "functions": [
                {
                    "name": f.name,
                    "description": f.description,
                    "scales": dict(zip(self.terms, map(json_number, f.scales), strict=True)),
                }
                for f in self.functions
            ],
            "estimators": [result.to_json(self.terms) for result in self.results],
            "crossover": self.crossover.to_json() if self.crossover else None,
            "notes": list(self.notes),
            "status": self.status,
        }

    def save(self, folder: str | Path) -> tuple[Path, ...]:
        """Write compare-derivatives.json, .md and .png to a folder, each in one step; returns their paths.

        Raises:
            StorageError: they cannot be written.
        """
        return save_comparison(folder, "compare-derivatives", self.to_json(), self.markdown(), self.figure())
