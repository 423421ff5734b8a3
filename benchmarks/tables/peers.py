"""pinnzo beside other packages: "PROBLEM/METHOD/VARIANT"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from benchmarks.tables.curves import Curve, error_against_time, several_panels
from benchmarks.tables.drawings import Drawing
from benchmarks.tables.runs import Run, checked, records_of, runs_of
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

OWN = "pinnzo"
MAIN = "levenberg-marquardt"
PACKAGES = {"deepxde": "DeepXDE", "pina": "PINA", "torch": "plain PyTorch"}
PEER_VARIANTS = {"documented": "documented", "small": "small"}
VARIANTS = {
    OWN: {MAIN: "Levenberg–Marquardt", "hybrid": "hybrid ZO"},
    **dict.fromkeys(PACKAGES, PEER_VARIANTS),
}
COLOURS = {MAIN: "#0072B2", "hybrid": "#56B4E9", "deepxde": "#D55E00", "pina": "#009E73", "torch": "#CC79A7"}


@dataclass(frozen=True)
class Problem:
    """What all solve.

    Attributes:
        title: for people.
        variables: of its points, time included.
    """

    title: str
    variables: int


PROBLEMS = {
    "hjb-20": Problem("Hamilton–Jacobi–Bellman, linear solution", 21),
    "hjb-lq-20": Problem("Hamilton–Jacobi–Bellman, logarithmic end values", 21),
    "poisson-5": Problem("Poisson, PINNacle's", 5),
    "heat-5": Problem("heat in a ball, PINNacle's", 6),
    "poisson-2d": Problem("Poisson on a square", 2),
    "heat-100": Problem("heat, quadratic solution", 101),
    "two-body-10": Problem("Poisson in a ball, two-body solution", 10),
    "two-body-100": Problem("Poisson in a ball, two-body solution", 100),
}
SHOWN_FIRST = ("hjb-20", "poisson-5", "heat-5")


class Comparison:
    """The runs on one problem.

    Args:
        runs: by method and variant.
    """

    def __init__(self, runs: Mapping[tuple[str, str], Run]) -> None:
        self.runs = runs

    @property
    def own(self) -> Run | None:
        """The run of pinnzo with its default trainer."""
        return self.runs.get((OWN, MAIN))

    def better(self, peer: str) -> Run | None:
        """The run of a peer with the lowest error on the way."""
        runs = [run for (method, _), run in self.runs.items() if method == peer]
        return min(runs, key=_lowest, default=None)

    @property
    def best(self) -> Run | None:
        """The best run of all peers, if one has a finite error."""
        runs = [run for peer in PACKAGES if (run := self.better(peer)) is not None and run.lowest is not None]
        return min(runs, key=_lowest, default=None)


def tables(records: Sequence[Mapping[str, Any]]) -> Mapping[str, str]:
    """One table a problem, one of all variants, and the one of the README."""
    found = _comparisons(records)
    return {
        "peers-readme": _summary(found),
        "peers-variants": _variants(found),
        **{f"peers-{name}": _methods(comparison) for name, comparison in found.items()},
    }


def figures(records: Sequence[Mapping[str, Any]]) -> Mapping[str, Drawing]:
    """The error against time: one figure a problem, and one of three problems."""
    found = {name: comparison for name, comparison in _comparisons(records).items() if comparison.runs}
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


def sooner(own: Run, peer: Run) -> str:
    """How many times sooner one of two runs reached what both have reached: the lowest error of the worse one.

    Args:
        own: of pinnzo.
        peer: of another package.
    """
    mine, theirs = own.lowest_traced, peer.lowest_traced
    if mine is None or theirs is None:
        return NONE
    target = max(mine, theirs)
    at, other = own.reached(target), peer.reached(target)
    assert at is not None
    assert other is not None
    first, ratio = ("pinnzo", other / at) if at <= other else (PACKAGES[peer.words[1]], at / other)
    ahead = f"{first} {times(ratio)} times sooner"
    return ahead if mine <= theirs else f"not reached; pinnzo's lowest error: {ahead}"


def _comparisons(records: Sequence[Mapping[str, Any]]) -> dict[str, Comparison]:
    """All problems, measured or not. Of several seeds, the first one counts."""
    runs = {
        checked(words, PROBLEMS, VARIANTS, VARIANTS.get("".join(words[1:2]), ())): of_seeds[0]
        for words, of_seeds in runs_of(records).items()
    }
    return {
        name: Comparison(
            {
                (method, variant): runs[name, method, variant]
                for method, variants in VARIANTS.items()
                for variant in variants
                if (name, method, variant) in runs
            }
        )
        for name in PROBLEMS
    }


def _methods(comparison: Comparison) -> str:
    if not comparison.runs:
        return NOT_MEASURED
    head = [
        "method", "error at the end", "lowest error", "seconds", "steps", "evaluations", "parameters",
        "memory, MB (whole process)", "lines to declare",
    ]  # fmt: skip
    rows = [_row(_name((OWN, variant)), comparison.runs.get((OWN, variant))) for variant in VARIANTS[OWN]]
    for peer, name in PACKAGES.items():
        run = comparison.better(peer)
        rows.append(_row(name if run is None else _name(run.words[1:]), run))
    runs = list(comparison.runs.values())
    return f"{table(head, rows)}\n\n{' '.join([baselines(runs), *refusals(runs), provenance(runs)])}"


def _row(name: str, run: Run | None) -> list[str]:
    if run is None or run.verdict:
        return [name, NONE if run is None else str(run.verdict), *[NONE] * 7]
    return [
        name, power(run.error), power(run.lowest), short(run.seconds), whole(run.steps), power(run.evaluations),
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
    return f"{table(['problem', *map(_name, columns)], rows)}\n\n{_versions(runs)} {provenance(runs)}"


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
        "problem", "variables", "pinnzo's error", "seconds", "best peer", "its lowest error", "seconds until then",
        "who reached it sooner", "peer's error / pinnzo's", "zero network", "best affine network",
    ]  # fmt: skip
    rows = [_summary_row(name, comparison) for name, comparison in found.items()]
    return f"{table(head, rows)}\n\n{provenance(runs)}"


def _summary_row(name: str, comparison: Comparison) -> list[str]:
    own, peer = comparison.own, comparison.best
    left = [name, str(PROBLEMS[name].variables)]
    mine = [NONE, NONE] if own is None else [power(own.error), short(own.seconds)]
    right = [NONE, NONE] if own is None else [power(own.zero_network), power(own.affine_network)]
    if peer is None:
        return [*left, *mine, *[NONE] * 5, *right]
    theirs = [_name(peer.words[1:]), power(peer.lowest), short(peer.reached_lowest)]
    if own is None:
        return [*left, *mine, *theirs, NONE, NONE, *right]
    assert peer.lowest is not None
    if own.error is not None and own.error < peer.lowest:
        mine[0] = bold(mine[0])
    else:
        theirs[1] = bold(theirs[1])
    ratio = times(peer.lowest / own.error) if own.error else NONE
    return [*left, *mine, *theirs, sooner(own, peer), ratio, *right]


def _curves(comparison: Comparison) -> list[Curve]:
    """Both trainers of pinnzo and the better variant of each peer as main curves; the other variants beside them."""
    curves = []
    for (method, variant), run in comparison.runs.items():
        label = _name((method, variant)) + ("" if run.trace else ": no finite error")
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


def _name(words: Sequence[str]) -> str:
    """A method and its variant for people."""
    method, variant = words
    return f"{PACKAGES.get(method, method)}, {VARIANTS[method][variant]}"


def _lowest(run: Run) -> float:
    return float("inf") if run.lowest is None else run.lowest
