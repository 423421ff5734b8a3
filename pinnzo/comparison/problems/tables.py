"""A benchmark as a table: for the terminal, and in Markdown."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from pinnzo.comparison.output import error_text, markdown_table

if TYPE_CHECKING:
    from .result import Benchmark, BenchmarkRow

DASH = "–"
COLUMNS: dict[str, Callable[[BenchmarkRow], str]] = {
    "problem": lambda row: ", ".join([row.name, *(f"{key}={value}" for key, value in row.settings.items())]),
    "D": lambda row: str(row.dimension or DASH),
    "error": lambda row: error_text(row.relative_l2),
    "loss": lambda row: DASH if math.isfinite(row.relative_l2) else error_text(row.loss),
    "zero network": lambda row: error_text(row.zero_network),
    "affine network": lambda row: error_text(row.affine_network),
    "error / zero": lambda row: error_text(row.ratio),
    "seconds": lambda row: f"{row.seconds:.1f}" if math.isfinite(row.seconds) else DASH,
    "steps": lambda row: f"{row.steps:,}" if row.steps else DASH,
    "evaluations": lambda row: f"{row.evaluations:.1e}" if row.evaluations else DASH,
    "parameters": lambda row: f"{row.parameters:,}" if row.parameters else DASH,
    "seed": lambda row: str(row.seed),
}
"""The heads of the columns, and their texts."""
NOTE = (
    "error: relative L2, where the exact solution is known, else the loss on held-out points; zero and affine network: "
    "the errors of the same ansatz with the network replaced by zero and by the best affine function; D: variables, "
    "time included."
)


def heading(benchmark: Benchmark) -> str:
    """What all runs have in common, in one line."""
    budget = benchmark.budget
    limits = [f"{budget.seconds:g} s"] if budget.seconds else []
    limits += [f"{budget.steps} steps"] if budget.steps else []
    return (
        f"default settings, {' or '.join(limits)} each, seed {benchmark.seed}, "
        f"{benchmark.threads} thread{'s' if benchmark.threads > 1 else ''}"
    )


def columns_of(rows: Sequence[BenchmarkRow]) -> tuple[list[str], list[list[str]]]:
    """The heads and the rows of text, without columns in which nothing is known."""
    texts = {head: [text(row) for row in rows] for head, text in COLUMNS.items()}
    known = {head: column for head, column in texts.items() if set(column) != {DASH}}
    return list(known), [list(row) for row in zip(*known.values(), strict=True)]


def statuses(benchmark: Benchmark) -> list[str]:
    """Why the runs stopped: each sentence once, after the problems that it is about."""
    groups: dict[str, list[str]] = {}
    for row in benchmark.rows:
        groups.setdefault(row.status, []).append(row.name)
    return [f"{', '.join(names)}: {status}" for status, names in groups.items()]


def rich_table(benchmark: Benchmark) -> Table:
    """The table for the terminal."""
    table = Table(title=escape(heading(benchmark)), title_justify="left", box=None, padding=(0, 2, 0, 0))
    heads, rows = columns_of(benchmark.rows)
    for head in heads:
        table.add_column(head, justify="left" if head == "problem" else "right")
    for row in rows:
        table.add_row(*map(escape, row))
    return table


def markdown(benchmark: Benchmark) -> str:
    """A page with the table and what has to be said about it."""
    heads, rows = columns_of(benchmark.rows)
    text = markdown_table(
        [*heads, "status"], [[*row, found.status] for row, found in zip(rows, benchmark.rows, strict=True)]
    )
    return f"# Problems solved\n\n{heading(benchmark)}.\n\n{text}\n\n{NOTE}\n\n{benchmark.status}\n"
