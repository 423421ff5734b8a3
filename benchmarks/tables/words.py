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
        >>> power(3.24e-5), power(1.7e9), power(1.0), power(0), power(None)
        ('3.2e-5', '1.7e9', '1.0', '0', '–')
    """
    if value is None or not math.isfinite(value):
        return NONE
    if value == 0:
        return "0"
    digits, exponent = f"{value:.1e}".split("e")
    return f"{digits}e{int(exponent)}" if int(exponent) else digits


def whole(value: float | None) -> str:
    """A whole number.

    Example:
        >>> whole(274433), whole(None)
        ('274,433', '–')
    """
    return NONE if value is None else f"{value:,.0f}"


def short(value: float | None) -> str:
    """A time or a size: two digits, or all before the point.

    Example:
        >>> short(0.3812), short(60.04), short(1234.5), short(None)
        ('0.38', '60', '1,234', '–')
    """
    if value is None:
        return NONE
    return f"{value:,.0f}" if value >= 9.95 else f"{float(f'{value:.2g}'):g}"


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


def verdict(runs: Sequence[Run]) -> str | None:
    """Why none of the runs has numbers, if none has: the words of the first one."""
    verdicts = [run.verdict for run in runs]
    return verdicts[0] if all(verdicts) else None


def refusals(runs: Sequence[Run]) -> list[str]:
    """The sentences with which cases were refused, each of them once."""
    sentences = [str(run.record["result"]["refused"]) for run in runs if run.verdict == "refused"]
    return [f"Refused: {sentence}" for sentence in dict.fromkeys(sentences)]


def baselines(runs: Sequence[Run], problem: str | None = None) -> str:
    """The errors of networks that have learnt nothing, of the first run that has them.

    Args:
        runs: on one problem.
        problem: its name, where it is to be said.
    """
    run = next((run for run in runs if run.zero_network is not None), None)
    zero, affine = (None, None) if run is None else (run.zero_network, run.affine_network)
    begin = "Zero network" if problem is None else f"On {problem}: zero network"
    return f"{begin} {power(zero)}, best affine network {power(affine)}."


def provenance(runs: Sequence[Run]) -> str:
    """When, on what, and with which code the runs were made."""
    records = sorted((run.record for run in runs), key=lambda record: record["date"])
    days = dict.fromkeys(record["date"][:10] for record in (records[0], records[-1]))
    commits = list(dict.fromkeys(record["commit"] for record in records if record["commit"]))
    between = f"commits {commits[0]} to {commits[-1]}" if len(commits) > 1 else f"commit {''.join(commits) or NONE}"
    machines = sorted({f"{r['machine']['processor']}, {r['machine']['cores']} cores" for r in records})
    return f"Measured {' to '.join(days)}, {between}, on {' and on '.join(machines)}."
