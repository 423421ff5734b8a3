"""pinnzo beside other packages: "PROBLEM/METHOD/VARIANT"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from benchmarks.tables.comparison import (
    MAIN,
    OWN,
    PACKAGES,
    PROBLEMS,
    VARIANTS,
    Comparison,
    comparisons,
    name_of,
    sooner,
)
from benchmarks.tables.curves import Curve, error_against_time, several_panels
from benchmarks.tables.drawings import Drawing
from benchmarks.tables.runs import Run, records_of
from benchmarks.tables.words import (
    NONE,
    NOT_MEASURED,
    baselines,
    bold,
    megabytes,
    power,
    provenance,
    refusals,
    short,
    table,
    times,
    whole,
)

SHOWN_FIRST = ("hjb-20", "poisson-5", "heat-5")
TARGETS = (1e-2, 1e-3, 1e-4, 1e-5)
COLOURS = {MAIN: "#0072B2", "hybrid": "#56B4E9", "deepxde": "#D55E00", "pina": "#009E73", "torch": "#CC79A7"}


def tables(records: Sequence[Mapping[str, Any]]) -> Mapping[str, str]:
    """One table a problem, one of all variants, and the one of the README."""
    found = comparisons(records)
    return {
        "peers-readme": _summary(found),
        "peers-variants": _variants(found),
        **{f"peers-{name}": _methods(comparison) for name, comparison in found.items()},
    }


def figures(records: Sequence[Mapping[str, Any]]) -> Mapping[str, Drawing]:
    """The error against time: one figure a problem, and one of three problems."""
    found = {name: comparison for name, comparison in comparisons(records).items() if comparison.runs}
    drawings = {
        f"peers-{name}": Drawing(
            f"Error against time on {name}",
            records_of(list(comparison.runs.values())),
            partial(error_against_time, f"{name}: {PROBLEMS[name].title}", _curves(comparison)),
        )
        for name, comparison in found.items()
    }
    first = {name: found[name] for name in SHOWN_FIRST if name in found}
    if first:
        panels = {f"{name}: {PROBLEMS[name].title}": _main_curves(c) for name, c in first.items()}
        runs = [run for comparison in first.values() for run in comparison.runs.values()]
        drawings["peers-readme"] = Drawing(
            f"Error against time on {', '.join(first)}", records_of(runs), partial(several_panels, panels)
        )
    return drawings


def _methods(comparison: Comparison) -> str:
    if not comparison.runs:
        return NOT_MEASURED
    head = [
        "method", "error at the end", "lowest error", f"seconds to {', '.join(power(t) for t in TARGETS)}", "seconds",
        "steps", "evaluations", "parameters", "memory, MB (whole process)", "lines to declare",
    ]  # fmt: skip
    rows = [_row(name_of((OWN, variant)), comparison.runs.get((OWN, variant))) for variant in VARIANTS[OWN]]
    for peer, name in PACKAGES.items():
        run = comparison.better(peer)
        rows.append(_row(name if run is None else name_of(run.words[1:]), run))
    runs = list(comparison.runs.values())
    return f"{table(head, rows)}\n\n{' '.join([baselines(runs), *refusals(runs), provenance(runs)])}"


def _row(name: str, run: Run | None) -> list[str]:
    if run is None or run.verdict:
        return [name, NONE if run is None else str(run.verdict), *[NONE] * 8]
    return [
        name, power(run.error), power(run.lowest), ", ".join(short(run.reached(target)) for target in TARGETS),
        short(run.seconds), whole(run.steps), power(run.evaluations),
        whole(run.parameters), f"{megabytes(run.own_memory)} ({megabytes(run.memory)})", whole(run.lines),
    ]  # fmt: skip


def _variants(found: Mapping[str, Comparison]) -> str:
    runs = [run for comparison in found.values() for run in comparison.runs.values()]
    if not runs:
        return NOT_MEASURED
    columns = [(method, variant) for method, variants in VARIANTS.items() for variant in variants]
    rows = [
        [name, *(power(run.error if (run := comparison.runs.get(column)) else None) for column in columns)]
        for name, comparison in found.items()
    ]
    return f"{table(['problem', *map(name_of, columns)], rows)}\n\n{_versions(runs)} {provenance(runs)}"


def _versions(runs: Sequence[Run]) -> str:
    """What the methods were run with."""
    by_method: dict[str, list[str]] = {}
    for run in runs:
        versions = run.record["result"].get("versions") or {}
        text = ", ".join(f"{name} {version}" for name, version in versions.items())
        if text and text not in by_method.setdefault(run.words[1], []):
            by_method[run.words[1]].append(text)
    return " ".join(f"{PACKAGES.get(m, m)}: {'; '.join(texts)}." for m, texts in by_method.items() if texts)


def _summary(found: Mapping[str, Comparison]) -> str:
    runs = [run for comparison in found.values() for run in comparison.runs.values()]
    if not runs:
        return NOT_MEASURED
    head = [
        "problem", "variables", "pinnzo's error", "seconds", "evaluations", "parameters", "lowest error of the peers",
        "who reached it sooner", "peer's error / pinnzo's", "zero network, best affine one",
    ]  # fmt: skip
    rows = [_summary_row(name, comparison) for name, comparison in found.items()]
    return f"{table(head, rows)}\n\nSeed 0. {provenance(runs)}"


def _summary_row(name: str, comparison: Comparison) -> list[str]:
    own, peer = comparison.own, comparison.best
    left = [name, str(PROBLEMS[name].variables)]
    if own is None:
        return [*left, *[NONE] * 4, NONE if peer is None else _reached(peer), *[NONE] * 3]
    mine = [power(own.error), short(own.seconds), power(own.evaluations), whole(own.parameters)]
    right = f"{power(own.zero_network)}, {power(own.affine_network)}"
    if peer is None or peer.lowest is None:
        return [*left, *mine, *[NONE] * 3, right]
    ahead = own.error is not None and own.error < peer.lowest
    if ahead:
        mine[0] = bold(mine[0])
    ratio = times(peer.lowest / own.error) if own.error else NONE
    return [*left, *mine, _reached(peer, winner=not ahead), sooner(own, peer), ratio, right]


def _reached(peer: Run, winner: bool = False) -> str:
    """The lowest error of a peer, whose it is, and when it was reached."""
    error = power(peer.lowest)
    return f"{bold(error) if winner else error} ({name_of(peer.words[1:])}, {short(peer.reached_lowest)} s)"


def _curves(comparison: Comparison) -> list[Curve]:
    """Both trainers of pinnzo and the better variant of each peer as main curves; the other variants beside them."""
    curves = []
    for (method, variant), run in comparison.runs.items():
        label = name_of((method, variant)) + ("" if run.trace else ": no finite error")
        main = method == OWN or run is comparison.better(method)
        curves.append(Curve(label, run, COLOURS[variant if method == OWN else method], main))
    return curves


def _main_curves(comparison: Comparison) -> list[Curve]:
    """The main ones alone, under names that they have on every problem."""
    curves = [curve for curve in _curves(comparison) if curve.main]
    packages = [PACKAGES.get(curve.run.words[1]) for curve in curves]
    return [
        replace(curve, label=f"{package}, better variant") if package else curve
        for curve, package in zip(curves, packages, strict=True)
    ]
