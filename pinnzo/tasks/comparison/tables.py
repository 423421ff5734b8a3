"""A comparison of classifiers as a table: for the terminal, and in Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from pinnzo.comparison.output import markdown_table

from .result import NOTE, PUBLISHED, SOURCE

if TYPE_CHECKING:
    from .result import ClassifierComparison

COLUMNS = (
    "network", "trainer", "parameters", "test accuracy", "loss queries", "evaluations", "batch", "steps", "seconds",
)  # fmt: skip


def heading(comparison: ClassifierComparison) -> str:
    """What all runs have in common, in one line."""
    budget, (train, validation, test) = comparison.budget, comparison.images
    limits = [
        f"{budget.seconds:g} s" if budget.seconds else "",
        f"{budget.steps} steps" if budget.steps else "",
        f"{budget.evaluations:g} network evaluations" if budget.evaluations else "",
    ]
    seed = comparison.runs[0].seed if comparison.runs else 0
    return (
        f"{comparison.task}: {train:,} images to train on, {validation:,} to choose parameters by, {test:,} to test; "
        f"{' or '.join(limit for limit in limits if limit)} each, seed {seed}, "
        f"{comparison.threads} thread{'s' if comparison.threads > 1 else ''}"
    )


def rows(comparison: ClassifierComparison) -> list[list[str]]:
    """One row of text a run."""
    return [
        [
            run.network, run.label + ("*" if run.uses_backpropagation else ""), f"{run.parameters:,}",
            f"{run.test_accuracy:.2%}", f"{run.queries:,}", f"{run.evaluations:.1e}", f"{run.batch:,}",
            f"{run.steps:,}", f"{run.seconds:.0f}",
        ]
        for run in comparison.runs
    ]  # fmt: skip


def rich_table(comparison: ClassifierComparison) -> Table:
    """The table for the terminal."""
    table = Table(title=escape(heading(comparison)), title_justify="left", box=None, padding=(0, 2, 0, 0))
    for name in COLUMNS:
        table.add_column(name, justify="left" if name in ("network", "trainer") else "right", no_wrap=True)
    for row in rows(comparison):
        table.add_row(*map(escape, row))
    return table


def published_lines() -> list[str]:
    """The published figures, as sentences."""
    figures = ", ".join(f"{method} {error:.2f} %" for method, error in PUBLISHED)
    return [f"Published test errors on MNIST, other networks and training times: {figures} ({SOURCE})."]


def markdown(comparison: ClassifierComparison) -> str:
    """A page with the table, the published figures, and what has to be said about both."""
    text = markdown_table(COLUMNS, rows(comparison))
    published = markdown_table(("method", "test error"), [(method, f"{error:.2f} %") for method, error in PUBLISHED])
    note = f"\\* {NOTE}\n\n" if any(run.uses_backpropagation for run in comparison.runs) else ""
    return (
        f"# Trainers of classifiers compared\n\n{heading(comparison)}.\n\n{text}\n\n{note}{comparison.status}\n\n"
        f"## Published\n\n{published}\n\nFrom {SOURCE}; they are not tensor trains, and were trained for other times.\n"
    )
