"""What grows with the size of a problem: "WHAT/SIZE", one run each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from matplotlib.figure import Figure

from benchmarks.tables.drawings import Drawing
from benchmarks.tables.runs import Run, checked, records_of, runs_of
from benchmarks.tables.words import NONE, NOT_MEASURED, bold, power, provenance, short, table, whole
from pinnzo.plotting.style import PAGE, print_style

RESIDUALS = {
    "residual/stencil": "stencil",
    "residual/directions": "16 random directions",
    "residual/autodiff": "autodiff",
    "residual/nested_reverse": "nested reverse mode",
    "residual/forward_laplacian": "forward Laplacian",
}
STEPS = {
    "step/levenberg_marquardt": "Levenberg–Marquardt",
    "step/levenberg_marquardt_directions": "Levenberg–Marquardt, random directions",
    "step/random_gradient": "random gradient",
    "step/coordinate_gradient": "coordinate gradient",
    "step/gauss_newton": "Gauss–Newton by autodiff",
    "step/adam": "Adam, autodiff",
    "step/adam_stencil": "Adam, stencil",
}
COLOURS = ("#0072B2", "#56B4E9", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#000000")
SHARED = {"levenberg_marquardt": "Levenberg–Marquardt", "random_gradient": "random gradient"}
RATES = {
    "float32/1": "float32, 1 network", "float32/20": "float32, 20 at once", "float64/1": "float64, 1 network",
    "float64/20": "float64, 20 at once",
}  # fmt: skip


@dataclass(frozen=True)
class Group:
    """What is shown together.

    Attributes:
        what: that grows, the first word of a case.
        size: what it is called.
        symbol: by which it goes into a power.
        shown: what is measured, by its name in results.
    """

    what: str
    size: str
    symbol: str
    shown: Mapping[str, str]


GROUPS = {
    "dimension-residuals": Group("dimension", "variables", "D", RESIDUALS),
    "dimension-steps": Group("dimension", "variables", "D", STEPS),
    "points": Group("points", "points", "N", STEPS),
    "width": Group("width", "width", "W", STEPS),
    "rank": Group("rank", "TT rank", "R", STEPS),
}
KINDS = {*(group.what for group in GROUPS.values()), "processes", "rates"}

Sizes = Mapping[int, Run]
"""The runs by the size of what grows, from small to large."""


def tables(records: Sequence[Mapping[str, Any]]) -> Mapping[str, str]:
    """Times and memory, evaluations, accuracy, shared steps and rates."""
    found = _of_kinds(records)
    costs = {f"growth-{name}": _costs(group, found[group.what]) for name, group in GROUPS.items()}
    return {
        **costs,
        **{f"growth-{name}-evaluations": _evaluations(g, found[g.what]) for name, g in GROUPS.items()},
        "growth-accuracy": _accuracy(found["dimension"]),
        "growth-processes": _processes(found["processes"]),
        "growth-rates": _rates(found["rates"]),
    }


def figures(records: Sequence[Mapping[str, Any]]) -> Mapping[str, Drawing]:
    """Times and memory against what grows."""
    found = _of_kinds(records)
    return {
        f"growth-{name}": Drawing(
            f"Time and memory against {group.size}",
            records_of(list(found[group.what].values())),
            partial(_draw, group, found[group.what]),
        )
        for name, group in GROUPS.items()
        if found[group.what]
    }


def exponent(sizes: Mapping[int, float]) -> float | None:
    """By which power a cost grows between the two largest sizes.

    Example:
        >>> exponent({1: 9.0, 10: 1.0, 20: 4.0})
        2.0
    """
    if len(sizes) < 2:
        return None
    (small, low), (large, high) = sorted(sizes.items())[-2:]
    return math.log(high / low) / math.log(large / small)


def _of_kinds(records: Sequence[Mapping[str, Any]]) -> dict[str, Sizes]:
    found: dict[str, dict[int, Run]] = {kind: {} for kind in sorted(KINDS)}
    for words, runs in runs_of(records).items():
        kind, size = checked(words, KINDS, words[1:])
        found[kind][int(size)] = runs[0]
    return {kind: dict(sorted(sizes.items())) for kind, sizes in found.items()}


def _entries(sizes: Sizes, entry: str, name: str) -> dict[int, float]:
    """One number of each run that has it."""
    found = {size: (run.record["result"].get(entry) or {}).get(name) for size, run in sizes.items()}
    return {size: value for size, value in found.items() if value is not None}


def _columns(group: Group, sizes: Sizes) -> list[str]:
    """What was measured at any size."""
    return [name for name in group.shown if _entries(sizes, "milliseconds", name)]


def _costs(group: Group, sizes: Sizes) -> str:
    """Milliseconds, with megabytes in brackets; the least time of each size is bold."""
    if not sizes:
        return NOT_MEASURED
    columns = _columns(group, sizes)
    times = {name: _entries(sizes, "milliseconds", name) for name in columns}
    rows = []
    for size, run in sizes.items():
        least = min((times[name][size] for name in columns if size in times[name]), default=None)
        cells = [_cost(run, name, times[name].get(size), least) for name in columns]
        rows.append([whole(size), whole(run.parameters), *cells])
    powers = [exponent(times[name]) for name in columns]
    rows.append(["growth", "", *(NONE if p is None else f"{group.symbol}^{p:.1f}" for p in powers)])
    head = [group.size, "parameters", *(group.shown[name] for name in columns)]
    return "\n\n".join([table(head, rows), " ".join([*_left_out(group, sizes), provenance(list(sizes.values()))])])


def _cost(run: Run, name: str, milliseconds: float | None, least: float | None) -> str:
    if milliseconds is None:
        return NONE
    result = run.record["result"]
    memory = (result.get("peak_memory") or {}).get(name)
    time = bold(short(milliseconds)) if milliseconds == least else short(milliseconds)
    notes = [NONE if memory is None else short(memory / 1e6), *(["once"] if name in result.get("once", ()) else [])]
    return f"{time} ({', '.join(notes)})"


def _left_out(group: Group, sizes: Sizes) -> list[str]:
    """What was not measured, and why, in sentences."""
    return [
        f"Left out at {size}: {group.shown[name]} ({why})."
        for size, run in sizes.items()
        for name, why in (run.record["result"].get("left_out") or {}).items()
        if name in group.shown
    ]


def _evaluations(group: Group, sizes: Sizes) -> str:
    if not sizes:
        return NOT_MEASURED
    columns = _columns(group, sizes)
    counts = {name: _entries(sizes, "evaluations", name) for name in columns}
    rows = [[whole(size), *(power(counts[name].get(size)) for name in columns)] for size in sizes]
    return table([group.size, *(group.shown[name] for name in columns)], rows)


def _accuracy(sizes: Sizes) -> str:
    if not sizes:
        return NOT_MEASURED
    differences = {name: _entries(sizes, "difference", name) for name in RESIDUALS}
    columns = [name for name, found in differences.items() if found]
    rows = [[whole(size), *(power(differences[name].get(size)) for name in columns)] for size in sizes]
    return table(["variables", *(RESIDUALS[name] for name in columns)], rows)


def _processes(sizes: Sizes) -> str:
    if not sizes:
        return NOT_MEASURED
    rows = []
    for name, title in SHARED.items():
        numbers = {entry: _entries(sizes, entry, name) for entry in ("seconds", "speedup", "ceiling", "share")}
        for size, run in sizes.items():
            cores = run.record["result"].get("cores")
            rows.append([title, whole(size), whole(cores), *(short(found.get(size)) for found in numbers.values())])
    head = ["step", "processes", "cores", "seconds a step", "speedup", "ceiling", "speedup / processes"]
    return f"{table(head, rows)}\n\n{provenance(list(sizes.values()))}"


def _rates(sizes: Sizes) -> str:
    if not sizes:
        return NOT_MEASURED
    rates, shares = (
        {name: _entries(sizes, entry, name) for name in RATES} for entry in ("evaluations_per_second", "share_of_ideal")
    )
    rows = [[whole(size), *(_rate(rates[name].get(size), shares[name].get(size)) for name in RATES)] for size in sizes]
    return f"{table(['width', *RATES.values()], rows)}\n\n{provenance(list(sizes.values()))}"


def _rate(rate: float | None, share: float | None) -> str:
    return NONE if rate is None or share is None else f"{power(rate)} ({share:.2f})"


def _draw(group: Group, sizes: Sizes) -> Figure:
    """Time on the left, memory on the right."""
    with print_style():
        figure = Figure(figsize=(PAGE, 3.2), layout="constrained")
        panels: Any = figure.subplots(1, 2)
        for axes, entry, label, unit in zip(
            panels, ("milliseconds", "peak_memory"), ("time, ms", "peak memory of tensors, MB"), (1, 1e6), strict=True
        ):
            for colour, name in zip(COLOURS, group.shown, strict=False):
                heights = {size: value / unit for size, value in _entries(sizes, entry, name).items() if value > 0}
                if heights:
                    axes.plot(
                        *zip(*heights.items(), strict=True), "o-", markersize=3, color=colour, label=group.shown[name]
                    )
            if not axes.lines:
                axes.set(xlim=(1, 10), ylim=(1, 10))  # logarithmic axes choose none without a curve
            axes.set(xscale="log", yscale="log", xlabel=group.size, ylabel=label)
            axes.set_xticks(list(sizes), [whole(size) for size in sizes])
            axes.minorticks_off()
            axes.grid(which="major")
            axes.spines[["top", "right"]].set_visible(False)
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
    return figure
