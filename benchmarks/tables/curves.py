"""How errors are drawn: on logarithmic axes, with those of networks that have learnt nothing."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from benchmarks.tables.runs import Run
from benchmarks.tables.words import power
from pinnzo.plotting.style import GREY, PAGE, print_style

BASELINES = (("zero network", "zero_network", ":"), ("best affine network", "affine_network", "-."))
ROOM = 3.0
"""The factor between the lowest error and the lower end of the axis."""


@dataclass(frozen=True)
class Curve:
    """The error of one run on the way.

    Attributes:
        label: in the legend.
        run: with its trace.
        colour: of the line.
        main: drawn as a solid line, else as a thin dashed one.
    """

    label: str
    run: Run
    colour: str
    main: bool


def error_against_time(title: str, curves: Sequence[Curve]) -> Figure:
    """One panel with its legend beside it."""
    with print_style():
        figure = Figure(figsize=(PAGE, 3.3), layout="constrained")
        axes = figure.subplots()
        _draw(axes, title, curves)
        figure.legend(*axes.get_legend_handles_labels(), loc="outside right upper", frameon=False)
    return figure


def several_panels(panels: Mapping[str, Sequence[Curve]]) -> Figure:
    """Panels side by side with one legend below them."""
    with print_style():
        figure = Figure(figsize=(1.4 * PAGE, 3.2), layout="constrained")
        handles: dict[str, Any] = {}
        for axes, (title, curves) in zip(
            figure.subplots(1, len(panels), squeeze=False)[0], panels.items(), strict=True
        ):
            _draw(axes, title, curves)
            for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
                handles.setdefault(label, handle)
        figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=4, frameon=False)
    return figure


def finish(axes: Any, title: str, across: str, errors: Iterable[float], runs: Sequence[Run]) -> None:
    """Logarithmic axes with labels, a grid, and the baselines of the runs.

    Args:
        axes: that hold the curves.
        title: above them.
        across: what the horizontal axis shows.
        errors: that are drawn; they set the range of the axis.
        runs: one of them has the baselines.
    """
    if not any(len(line.get_xdata()) for line in axes.lines):
        axes.set_xlim(1, 10)  # a logarithmic axis chooses none without a curve
    shown = [error for error in errors if error > 0]
    low = min(shown, default=1e-3) / ROOM
    for label, name, dashes in BASELINES:
        value = next((v for run in runs if (v := getattr(run, name)) is not None), None)
        if value is None:
            continue
        if value >= low:
            axes.axhline(value, color=GREY, linestyle=dashes, linewidth=0.9, label=label, zorder=1)
            shown.append(value)
        else:
            text = f"{label} {power(value)} ↓"
            axes.annotate(text, (0.02, 0.02), xycoords="axes fraction", fontsize=6.5, color=GREY)
    axes.set_ylim(low, max(shown, default=1.0) * 2)
    axes.set(xscale="log", yscale="log", title=title, xlabel=across, ylabel="relative $L_2$ error")
    axes.grid(which="major")
    axes.spines[["top", "right"]].set_visible(False)


def mean_curve(curves: Sequence[Sequence[tuple[float, float]]]) -> list[tuple[float, float]]:
    """The mean of errors seen at different moments, interpolated between them on logarithmic axes.

    Args:
        curves: positions and errors of each run.

    Returns:
        The positions of the first curve that lie within all of them, and the means there.
    """
    positive = [[(position, error) for position, error in curve if error > 0] for curve in curves]
    logs = [np.log(np.array(curve)) for curve in positive if curve]
    if not logs:
        return []
    first, last = max(c[0, 0] for c in logs), min(c[-1, 0] for c in logs)
    at = logs[0][:, 0]
    at = np.unique(np.concatenate([[first], at[(at > first) & (at < last)], [last]])) if first <= last else at[:0]
    means = np.mean([np.exp(np.interp(at, c[:, 0], c[:, 1])) for c in logs], axis=0)
    return [(math.exp(position), float(mean)) for position, mean in zip(at, means, strict=True)]


def _draw(axes: Any, title: str, curves: Sequence[Curve]) -> None:
    for curve in curves:
        style = {"linestyle": "-", "zorder": 3} if curve.main else {"linestyle": "--", "linewidth": 0.8, "zorder": 2}
        times, errors = zip(*curve.run.trace, strict=True) if curve.run.trace else ((), ())
        axes.plot(times, errors, color=curve.colour, label=curve.label, **style)
    errors = [error for curve in curves for _, error in curve.run.trace]
    finish(axes, title, "training time, s", errors, [curve.run for curve in curves])
