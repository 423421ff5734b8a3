"""A comparison of trainers as a table: for the terminal, and in Markdown."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from pinnzo.comparison.output import error_text, listed, markdown_table

from .result import NOTE, THRESHOLDS

if TYPE_CHECKING:
    from .result import TrainerComparison, TrainerRun

BASELINES = {"zero_network": "zero network", "affine_network": "best affine network"}


def heading(comparison: TrainerComparison) -> str:
    """What all runs have in common, in one line."""
    budget = comparison.budget
    limits = {
        "seconds": f"{budget.seconds:g} s" if budget.seconds else "",
        "steps": f"{budget.steps} steps" if budget.steps else "",
        "evaluations": f"{budget.evaluations:g} network evaluations" if budget.evaluations else "",
    }
    seeds = comparison.seeds
    return (
        f"{comparison.problem}: {comparison.dimension} variables, {comparison.parameters:,} parameters, "
        f"{comparison.points} points, {listed([limit for limit in limits.values() if limit])} each, "
        f"{'seed' if len(seeds) == 1 else 'median of the seeds'} {listed(seeds)}, "
        f"{comparison.threads} thread{'s' if comparison.threads > 1 else ''}"
    )


def columns() -> list[str]:
    """The heads of the columns."""
    return [
        "trainer", "derivatives", "error", *(f"s to {_power(e)}" for e in THRESHOLDS),
        "evaluations", "steps", "seconds",
    ]  # fmt: skip


def rows(comparison: TrainerComparison) -> list[list[str]]:
    """One row of text a trainer, then the two networks that have learnt nothing or next to nothing."""
    found = []
    for summary in comparison.summaries:
        first = summary.runs[0]
        found.append(
            [
                _marked(first),
                first.derivatives,
                error_text(summary.median("relative_l2")),
                *(_time(summary.seconds_to(error)) for error in THRESHOLDS),
                f"{summary.median('evaluations'):.1e}",
                f"{summary.median('steps'):.0f}",
                f"{summary.median('seconds'):.1f}",
            ]
        )  # fmt: skip
    blank = [""] * (len(columns()) - 3)
    return found + [[label, "", error_text(getattr(comparison, name)), *blank] for name, label in BASELINES.items()]


def statuses(comparison: TrainerComparison) -> list[str]:
    """Why the trainers stopped: each sentence once, after the trainers that it is about."""
    groups: dict[str, list[str]] = {}
    for summary in comparison.summaries:
        groups.setdefault(summary.typical.status, []).append(summary.runs[0].label)
    return [f"{', '.join(labels)}: {status}" for status, labels in groups.items()]


def rich_table(comparison: TrainerComparison) -> Table:
    """The table for the terminal."""
    table = Table(title=escape(heading(comparison)), title_justify="left", box=None, padding=(0, 2, 0, 0))
    for name in columns():
        table.add_column(name, justify="left" if name in ("trainer", "derivatives") else "right", no_wrap=True)
    for row in rows(comparison):
        table.add_row(*map(escape, row))
    return table


def markdown(comparison: TrainerComparison) -> str:
    """A page with the table and what has to be said about it."""
    head = columns()
    status = {
        s.runs[0].label + ("*" if s.runs[0].uses_backpropagation else ""): s.typical.status
        for s in comparison.summaries
    }
    text = markdown_table([*head, "status"], [[*row, status.get(row[0], "")] for row in rows(comparison)])
    note = f"\\* {NOTE}\n\n" if any(run.uses_backpropagation for run in comparison.runs) else ""
    return f"# Trainers compared\n\n{heading(comparison)}.\n\n{text}\n\n{note}{comparison.status}\n"


def _marked(run: TrainerRun) -> str:
    """The label, with a star for what the note is about."""
    return run.label + ("*" if run.uses_backpropagation else "")


def _time(seconds: float) -> str:
    return "–" if math.isinf(seconds) else f"{seconds:.0f}" if seconds >= 9.95 else f"{seconds:.2g}"


def _power(error: float) -> str:
    return f"1e-{-round(math.log10(error))}"
