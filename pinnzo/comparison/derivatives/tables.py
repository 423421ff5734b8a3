"""A comparison of derivative estimators as a table: for the terminal, and in Markdown."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from pinnzo.comparison.output import error_text, markdown_table, markdown_text

if TYPE_CHECKING:
    from .result import ComparedFunction, DerivativeComparison, DerivativeResult

COSTS = ("nodes", "evaluations", "Σ|w|", "ms", "MB")


def heading(comparison: DerivativeComparison) -> str:
    """What all rows have in common, in one line."""
    return (
        f"{comparison.problem}: derivatives in {comparison.dimension} variables at {comparison.points:,} points, "
        f"seed {comparison.seed}"
    )


def columns(comparison: DerivativeComparison) -> list[str]:
    """The heads of the columns."""
    return ["function f", "estimator", "dtype", *(comparison.terms), "residual", *COSTS]


def rows(comparison: DerivativeComparison, function: ComparedFunction) -> list[list[str]]:
    """One row of text an estimator and dtype, for one function; refusals have dashes."""
    return [[function.name, r.label, r.dtype, *_errors(r, function), *_costs(r)] for r in comparison.results]


def remarks(comparison: DerivativeComparison) -> list[str]:
    """What has to be said beside the table: the functions, notes, the crossover, the status."""
    said = [f"{f.name}: {f.description}." for f in comparison.functions]
    said += comparison.notes
    if comparison.crossover is not None:
        crossover = comparison.crossover
        said.append(
            f"Gradient and Laplacian in D variables ({crossover.network}; {crossover.points:,} points): "
            f"{crossover.sentence[0].lower()}{crossover.sentence[1:]}"
        )
        said += crossover.notes
    return [*said, comparison.status]


def crossover_rows(comparison: DerivativeComparison) -> tuple[list[str], list[list[str]]]:
    """The times of the crossover in milliseconds: heads and rows, both empty where there are none."""
    crossover = comparison.crossover
    if crossover is None:
        return [], []
    sizes = sorted({d for curve in crossover.curves for d in curve.dimensions})
    body = []
    for curve in crossover.curves:
        times = (curve.at(d) for d in sizes)
        body.append([curve.label, *("–" if time is None else _milliseconds(time) for time in times)])
    return ["ms for D =", *map(str, sizes)], body


def rich_table(comparison: DerivativeComparison) -> Table:
    """The table for the terminal."""
    table = Table(title=escape(heading(comparison)), title_justify="left", box=None, padding=(0, 2, 0, 0))
    for i, name in enumerate(columns(comparison)):
        table.add_column(name, justify="left" if i < 3 else "right", no_wrap=True)
    for function in comparison.functions:
        for row in rows(comparison, function):
            table.add_row(*map(escape, row))
        table.add_row()
    return table


def crossover_table(comparison: DerivativeComparison) -> Table | None:
    """The times against automatic differentiation for the terminal, if they were measured."""
    head, body = crossover_rows(comparison)
    if not body:
        return None
    table = Table(box=None, padding=(0, 2, 0, 0))
    for i, name in enumerate(head):
        table.add_column(name, justify="left" if i == 0 else "right", no_wrap=True)
    for row in body:
        table.add_row(*map(escape, row))
    return table


def markdown(comparison: DerivativeComparison) -> str:
    """A page with the tables and what has to be said about them."""
    body = [row for function in comparison.functions for row in rows(comparison, function)]
    parts = [f"# Derivatives compared\n\n{heading(comparison)}.", markdown_table(columns(comparison), body)]
    head, times = crossover_rows(comparison)
    if times:
        parts.append(markdown_table(head, times))
    parts.append("\n".join(f"- {markdown_text(remark)}" for remark in remarks(comparison)))
    return "\n\n".join(parts) + "\n"


def _errors(result: DerivativeResult, function: ComparedFunction) -> list[str]:
    errors = result.of(function.name)
    if errors is None:
        return ["refused", *[""] * len(function.scales)]
    stars = ("" if scale else "*" for scale in function.scales)
    terms = [f"{error_text(error)}{star}" for error, star in zip(errors.terms, stars, strict=True)]
    return [*terms, error_text(errors.residual)]


def _costs(result: DerivativeResult) -> list[str]:
    if result.refusal:
        return [""] * len(COSTS)
    return [
        "–" if result.nodes is None else f"{result.nodes:,}",
        f"{result.evaluations:,}",
        f"{result.amplification:.1e}" if math.isfinite(result.amplification) else "–",
        _milliseconds(result.seconds),
        f"{result.peak_bytes / 1e6:.1f}",
    ]


def _milliseconds(seconds: float) -> str:
    ms = seconds * 1e3
    return f"{ms:,.0f}" if ms >= 9.95 else f"{ms:.2g}"
