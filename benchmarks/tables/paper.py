"""The paper's own table: "PROBLEM/DERIVATIVES/NETWORK/TRAINING" with several seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from benchmarks.tables.drawings import Drawing
from benchmarks.tables.runs import Run, Spread, checked, records_of, runs_of
from benchmarks.tables.words import (
    NONE,
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

SEEDS = 3
PROBLEMS = {"hjb-20": "HJB in 20 dimensions", "black-scholes": "Black–Scholes", "burgers": "Burgers", "darcy": "Darcy"}
DERIVATIVES = {
    "autodiff": "autodiff", "monte-carlo": "Monte-Carlo Stein", "sparse-grid": "the paper's sparse grid",
    "default": "pinnzo's default",
}  # fmt: skip
NETWORKS = {"dense": "dense", "tensor-train": "tensor train"}
TRAINING = {
    "back-propagation": "back-propagation", "rge": "random directions (RGE)", "cge": "coordinates (CGE)",
    "hybrid": "hybrid", "levenberg-marquardt": "Levenberg–Marquardt",
}  # fmt: skip
COLOURS = {
    "back-propagation": "#000000", "rge": "#E69F00", "cge": "#009E73", "hybrid": "#56B4E9",
    "levenberg-marquardt": "#0072B2",
}  # fmt: skip
DASHES = {"dense": "--", "tensor-train": "-"}
PANELS = ("sparse-grid", "default")

Runs = Mapping[tuple[str, str, str], Sequence[Run]]
"""By derivatives, network and training."""


def tables(records: Sequence[Mapping[str, Any]]) -> Mapping[str, str]:
    """Errors after equal times and after equal numbers of evaluations, and costs, of each problem."""
    found = _of_problems(records)
    errors = {f"paper-{name}": _errors(runs) for name, runs in found.items()}
    equal = {f"paper-{name}-evaluations": _equal_evaluations(runs) for name, runs in found.items()}
    return errors | equal | {f"paper-{name}-cost": _costs(runs) for name, runs in found.items()}


def figures(records: Sequence[Mapping[str, Any]]) -> Mapping[str, Drawing]:
    """The mean error against network evaluations, by sparse grids of the paper's level and of the default one."""
    drawings = {}
    for name, runs in _of_problems(records).items():
        shown = {words: of_seeds for words, of_seeds in runs.items() if words[0] in PANELS}
        if shown:
            kept = records_of([run for of_seeds in shown.values() for run in of_seeds])
            caption = f"Mean error against network evaluations on {PROBLEMS[name]}"
            drawings[f"paper-{name}"] = Drawing(caption, kept, partial(_draw, shown))
    return drawings


def _of_problems(records: Sequence[Mapping[str, Any]]) -> Mapping[str, Runs]:
    found: dict[str, dict[tuple[str, str, str], list[Run]]] = {name: {} for name in PROBLEMS}
    for words, of_seeds in runs_of(records).items():
        problem, derivatives, network, training = checked(words, PROBLEMS, DERIVATIVES, NETWORKS, TRAINING)
        found[problem][derivatives, network, training] = of_seeds
    return found


def _errors(runs: Runs) -> str:
    if not runs:
        return NOT_MEASURED
    columns = [name for name in DERIVATIVES if any(words[0] == name for words in runs)]
    rows = [
        [
            TRAINING[training],
            NETWORKS[network],
            *(_cell(runs.get((column, network, training), [])) for column in columns),
        ]
        for network, training in _rows(runs)
    ]
    head = ["training", "network", *(DERIVATIVES[column] for column in columns)]
    return f"{table(head, rows)}\n\n{_below(runs)}"


def _cell(runs: Sequence[Run]) -> str:
    if not runs:
        return NONE
    if text := verdict(runs):
        return text
    evaluations, took = (Spread.of(getattr(run, name) for run in runs).mean for name in ("evaluations", "seconds"))
    notes = [power(evaluations), f"{short(took)} s", seeds(runs, SEEDS)]
    return f"{spread(Spread.of(run.error for run in runs))} ({', '.join(note for note in notes if note)})"


def _equal_evaluations(runs: Runs) -> str:
    """Errors when every cell of a row had spent as many evaluations as the one that made fewest.

    Automatic differentiation is left out: its passes back are no evaluations, so that the numbers would not compare.
    """
    if not runs:
        return NOT_MEASURED
    columns = [name for name in DERIVATIVES if name != "autodiff" and any(words[0] == name for words in runs)]
    rows = []
    for network, training in _rows(runs):
        cells = {column: runs.get((column, network, training), []) for column in columns}
        spent = [run.evaluations for of_seeds in cells.values() for run in of_seeds if run.evaluations]
        if len([of_seeds for of_seeds in cells.values() if of_seeds and not verdict(of_seeds)]) > 1:
            least = min(spent)
            errors = [_by(of_seeds, least) for of_seeds in cells.values()]
            rows.append([TRAINING[training], NETWORKS[network], power(least), *errors])
    head = ["training", "network", "evaluations", *(DERIVATIVES[column] for column in columns)]
    return table(head, rows)


def _by(runs: Sequence[Run], evaluations: float) -> str:
    if not runs or verdict(runs):
        return NONE
    error = Spread.of(run.error_by(evaluations) for run in runs)
    return "no step yet" if error.mean is None else spread(error)


def _costs(runs: Runs) -> str:
    if not runs:
        return NOT_MEASURED
    rows = []
    for network, training in _rows(runs):
        for derivatives, name in DERIVATIVES.items():
            of_seeds = runs.get((derivatives, network, training), [])
            if of_seeds and not verdict(of_seeds):
                parameters, evaluations, steps, took = (
                    Spread.of(getattr(run, figure) for run in of_seeds).mean
                    for figure in ("parameters", "evaluations", "steps", "seconds")
                )
                numbers = [whole(parameters), power(evaluations), whole(steps), short(took)]
                rows.append([TRAINING[training], NETWORKS[network], name, *numbers])
    head = ["training", "network", "derivatives", "parameters", "evaluations", "steps", "seconds"]
    return table(head, rows)


def _rows(runs: Runs) -> list[tuple[str, str]]:
    """The pairs of network and training that there are."""
    there = {words[1:] for words in runs}
    return [(network, training) for training in TRAINING for network in NETWORKS if (network, training) in there]


def _below(runs: Runs) -> str:
    every = [run for of_seeds in runs.values() for run in of_seeds]
    return " ".join([baselines(every), *refusals(every), provenance(every)])


def _draw(runs: Runs) -> Figure:
    from matplotlib.figure import Figure

    from benchmarks.tables.curves import finish, mean_curve
    from pinnzo.plotting.style import PAGE, print_style

    every = [run for of_seeds in runs.values() for run in of_seeds]
    curves = {words: mean_curve([run.by_evaluations for run in of_seeds]) for words, of_seeds in runs.items()}
    errors = [error for curve in curves.values() for _, error in curve]
    with print_style():
        figure = Figure(figsize=(PAGE, 3.3), layout="constrained")
        handles: dict[str, Any] = {}
        for axes, column in zip(figure.subplots(1, len(PANELS), sharey=True), PANELS, strict=True):
            for network, training in _rows(runs):
                if curve := curves.get((column, network, training)):
                    label = f"{TRAINING[training]}, {NETWORKS[network]}"
                    axes.plot(
                        *zip(*curve, strict=True), color=COLOURS[training], linestyle=DASHES[network], label=label
                    )
            finish(axes, DERIVATIVES[column], "network evaluations", errors, every)
            axes.label_outer()
            shown, labels = axes.get_legend_handles_labels()
            handles |= dict(zip(labels, shown, strict=True))
        figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=3, frameon=False)
    return figure
