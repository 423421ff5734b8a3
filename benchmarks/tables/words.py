"""Numbers, tables and what is said below them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from benchmarks.tables.runs import Run, Spread

NONE = "–"
NOT_MEASURED = "Not measured yet."


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown, without a newline at its end. Cells are Markdown themselves."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def bold(text: str) -> str:
    return f"**{text}**"


def power(value: float | None) -> str:
    """Two digits and a power of ten, for errors and for large counts.

    Example:
        >>> power(3.24e-5), power(1.7e9), power(0), power(None)
        ('3.2e-5', '1.7e9', '0', '–')
    """
    if value is None or not math.isfinite(value):
        return NONE
    if value == 0:
        return "0"
    digits, exponent = f"{value:.1e}".split("e")
    return f"{digits}e{int(exponent)}"


def whole(value: float | None) -> str:
    """A whole number.

    Example:
        >>> whole(274433), whole(None)
        ('274,433', '–')
    """
    return NONE if value is None else f"{value:,.0f}"


def seconds(value: float | None) -> str:
    """A time.

    Example:
        >>> seconds(0.3812), seconds(60.04), seconds(1234.5)
        ('0.38', '60', '1,234')
    """
    if value is None:
        return NONE
    return f"{value:,.0f}" if value >= 10 else f"{float(f'{value:.2g}'):g}"


def times(value: float) -> str:
    """A ratio.

    Example:
        >>> times(0.00123), times(1.0), times(98.7), times(12345.0)
        ('0.0012', '1.0', '99', '12,000')
    """
    if value >= 9.95:
        return f"{float(f'{value:.2g}'):,.0f}"
    return f"{value:.1f}" if value >= 1 else f"{float(f'{value:.2g}'):g}"


def megabytes(value: float | None) -> str:
    """Bytes as millions of them."""
    return NONE if value is None else f"{value / 1e6:,.0f}"


def spread(value: Spread) -> str:
    """A mean with its standard deviation.

    Example:
        >>> spread(Spread.of([1e-3, 3e-3])), spread(Spread.of([2e-4])), spread(Spread.of([]))
        ('2.0e-3 ± 1.4e-3', '2.0e-4', '–')
    """
    if value.deviation is None:
        return power(value.mean)
    return f"{power(value.mean)} ± {power(value.deviation)}"


def seeds(runs: Sequence[Run], expected: int) -> str | None:
    """What is to be said of the number of runs: nothing where as many as expected gave an error.

    Args:
        runs: with other seeds, but alike.
        expected: how many there should be.
    """
    finite = sum(run.error is not None for run in runs)
    if finite == expected == len(runs):
        return None
    text = f"{len(runs)} seed{'s' * (len(runs) != 1)}"
    return text if finite == len(runs) else f"{text}, {len(runs) - finite} without a finite error"


def baselines(runs: Sequence[Run]) -> str:
    """The errors of networks that have learnt nothing, of the first run that has them."""
    run = next((run for run in runs if run.zero_network is not None), None)
    zero, affine = (None, None) if run is None else (run.zero_network, run.affine_network)
    return f"Zero network {power(zero)}, best affine network {power(affine)}."


def provenance(runs: Sequence[Run]) -> str:
    """When, on what, and with which code the runs were made."""
    days = sorted({run.record["date"][:10] for run in runs if run.record.get("date")})
    commits = sorted({run.record["commit"] for run in runs if run.record.get("commit")})
    machines = sorted({_machine(run) for run in runs})
    days = [days[0], days[-1]] if len(days) > 2 else days
    parts = [" to ".join(days), f"commit {' and '.join(commits)}" if commits else "", " and ".join(machines)]
    return f"Measured {', '.join(part for part in parts if part)}."


def _machine(run: Run) -> str:
    machine = run.record.get("machine") or {}
    processor, cores = machine.get("processor"), machine.get("cores")
    words = [f"on {processor or machine['architecture']}"] if processor or machine.get("architecture") else []
    return ", ".join([*words, *([f"{cores} cores"] if cores else [])])
