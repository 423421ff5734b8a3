"""What one setting does, all others as they were: "KIND/VALUE" or "KIND/LINE/VALUE", with several seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from benchmarks.tables.drawings import Drawing
from benchmarks.tables.runs import Run, Spread, checked, records_of, runs_of
from benchmarks.tables.words import (
    NOT_MEASURED,
    baselines,
    power,
    provenance,
    refusals,
    seeds,
    short,
    spread,
    table,
    verdict,
    whole,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SEEDS = 2
KINDS = {
    "rank": "TT rank",
    "width": "width",
    "rge-queries": "random directions a step",
    "rge-mu": "perturbation size μ",
    "cge-share": "share of coordinates a step",
    "sigma": "smoothing step σ",
    "level": "level of the sparse grid",
    "dtype": "type of numbers",
    "batch": "points a step",
}
"""What is varied, for people."""
TRAINERS = {
    "levenberg-marquardt": "Levenberg–Marquardt",
    "hybrid": "hybrid",
    "rge": "random directions (RGE), Adam",
    "cge": "coordinates (CGE), Adam",
}
"""Names of lines, for people."""
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
WIDE = 8.0
"""The ratio of the greatest to the least value from which on a logarithmic axis shows them."""


@dataclass(frozen=True)
class Ablation:
    """One setting that is varied.

    Attributes:
        kind: which one.
        runs: by line, such as a trainer, and value, in the order of the values.
    """

    kind: str
    runs: Mapping[tuple[str, str], Sequence[Run]]

    @property
    def lines(self) -> list[str]:
        """The lines, empty where there is only one without a name."""
        return list(dict.fromkeys(line for line, _ in self.runs))

    @property
    def every(self) -> list[Run]:
        """All runs."""
        return [run for of_seeds in self.runs.values() for run in of_seeds]


def tables(records: Sequence[Mapping[str, Any]]) -> Mapping[str, str]:
    """One table a setting."""
    return {f"ablation-{kind}": _table(ablation) for kind, ablation in _ablations(records).items()}


def figures(records: Sequence[Mapping[str, Any]]) -> Mapping[str, Drawing]:
    """The error against the values of each setting."""
    return {
        f"ablation-{kind}": Drawing(
            f"Error against {KINDS[kind]}", records_of(ablation.every), partial(_draw, ablation)
        )
        for kind, ablation in _ablations(records).items()
        if ablation.runs
    }


def number(value: str) -> float | None:
    """A value as a number, or None of a word."""
    try:
        return float(value)
    except ValueError:
        return None


def _ablations(records: Sequence[Mapping[str, Any]]) -> dict[str, Ablation]:
    found: dict[str, dict[tuple[str, str], list[Run]]] = {kind: {} for kind in KINDS}
    for (kind, *line, value), of_seeds in runs_of(records).items():
        checked((kind,), KINDS)
        found[kind]["/".join(line), value] = of_seeds
    return {kind: Ablation(kind, dict(sorted(runs.items(), key=_place))) for kind, runs in found.items()}


def _place(entry: tuple[tuple[str, str], Any]) -> tuple[str, float, str]:
    """Lines stay together; in each, numbers come before words."""
    (line, value), _ = entry
    as_number = number(value)
    return line, float("inf") if as_number is None else as_number, value


def _table(ablation: Ablation) -> str:
    if not ablation.runs:
        return NOT_MEASURED
    named = any(ablation.lines)
    rows = []
    for (line, value), runs in ablation.runs.items():
        figures = [
            Spread.of(getattr(run, name) for run in runs).mean
            for name in ("seconds", "steps", "evaluations", "parameters")
        ]
        took, steps, evaluations, parameters = figures
        note = seeds(runs, SEEDS)
        error = verdict(runs) or spread(Spread.of(run.error for run in runs)) + (f" ({note})" if note else "")
        numbers = [short(took), whole(steps), power(evaluations), whole(parameters)]
        rows.append([*([TRAINERS.get(line, line)] if named else []), value, error, *numbers])
    head = [KINDS[ablation.kind], "error at the end", "seconds", "steps", "evaluations", "parameters"]
    if named:
        head.insert(0, "trainer")
    return f"{table(head, rows)}\n\n{_below(ablation)}"


def _below(ablation: Ablation) -> str:
    """The problems with their baselines, and where the runs were made."""
    by_problem: dict[str, list[Run]] = {}
    for run in ablation.every:
        by_problem.setdefault(_problem(run), []).append(run)
    words = [baselines(runs, problem) for problem, runs in by_problem.items()]
    return " ".join([*words, *refusals(ablation.every), provenance(ablation.every)])


def _problem(run: Run) -> str:
    """Name and settings of the problem that a run solved."""
    settings = run.record["settings"]
    return ", ".join([f"`{settings['problem']}`", *(f"{name} {v}" for name, v in settings["of_problem"].items())])


def _draw(ablation: Ablation) -> Figure:
    """Means with bars of one standard deviation, and a dot for each run."""
    from matplotlib.figure import Figure

    from benchmarks.tables.curves import finish
    from pinnzo.plotting.style import COLUMN, print_style

    values = list(dict.fromkeys(value for _, value in ablation.runs))
    numbers = [number(value) for value in values]
    words = any(n is None for n in numbers)
    at: dict[str, Any] = {value: i if words else n for i, (value, n) in enumerate(zip(values, numbers, strict=True))}
    with print_style():
        figure = Figure(figsize=(1.3 * COLUMN, 2.9), layout="constrained")
        axes: Any = figure.subplots()
        for colour, line in zip(COLOURS, ablation.lines, strict=False):
            of_line = {value: runs for (name, value), runs in ablation.runs.items() if name == line}
            spreads = {value: Spread.of(run.error for run in runs) for value, runs in of_line.items()}
            known = {value: s for value, s in spreads.items() if s.mean is not None}
            if not known:
                continue
            places = [at[value] for value in known]
            axes.errorbar(
                places, [s.mean for s in known.values()],
                # A bar down to zero or below has no end on a logarithmic axis.
                yerr=[
                    [min(s.deviation or 0.0, 0.9 * s.mean) for s in known.values()],
                    [s.deviation or 0.0 for s in known.values()],
                ],
                color=colour, marker="o", markersize=3.5, capsize=2, elinewidth=0.8, linestyle="none" if words else "-",
                label=TRAINERS.get(line, line) or "mean ± standard deviation",
            )  # fmt: skip
            dots = [(at[value], run.error) for value, runs in of_line.items() for run in runs if run.error is not None]
            axes.plot(*zip(*dots, strict=True), ".", color=colour, alpha=0.35, markersize=4)
        errors = [run.error for run in ablation.every if run.error is not None]
        finish(axes, "", KINDS[ablation.kind], errors, ablation.every)
        _scale(axes, at, words)
        figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)
    return figure


def _scale(axes: Any, at: Mapping[str, Any], words: bool) -> None:
    """Values are marked where they are, by their own words."""
    low, high = min(at.values()), max(at.values())
    axes.set_xscale("log" if not words and low > 0 and high / low >= WIDE else "linear")
    axes.set_xticks(list(at.values()), list(at))
    axes.minorticks_off()
    if words:
        axes.set_xlim(low - 0.5, high + 0.5)
