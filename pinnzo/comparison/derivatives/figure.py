"""A comparison of derivative estimators as a figure: errors against evaluations, and time against dimension."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullFormatter, ScalarFormatter

from pinnzo.comparison.output import BLACK, BLUE, BROWN, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION

if TYPE_CHECKING:
    from pinnzo.comparison.crossover import Crossover

    from .result import ComparedFunction, DerivativeComparison

# The names of the command line keep their colours.
COLOURS = {
    "smolyak": BLACK,
    "paper": BLUE,
    "smolyak-odd": SKY,
    "smolyak-nested": BROWN,
    "finite-difference": GREEN,
    "finite-difference-4": ORANGE,
    "monte-carlo": VERMILION,
    "random-directions": PURPLE,
    "autodiff": GREY,
    "functional": GREY,
}
MARKERS = "osD^vPX*"
APART = 1.4
"""Estimators with about as many evaluations are drawn beside each other, by this factor at least."""


def draw(comparison: DerivativeComparison) -> Figure:
    """One panel a function, with a colour an estimator and a marker a term, and one for the crossover."""
    panels_wanted = len(comparison.functions) + (comparison.crossover is not None)
    figure = Figure(figsize=(max(8.5, 1 + 5.2 * panels_wanted), 6.2), layout="constrained")
    panels: Any = figure.subplots(1, panels_wanted, squeeze=False)[0]
    if len(comparison.functions) > 1:
        panels[1].sharey(panels[0])
    colours = _colours(comparison)
    for panel, function in zip(panels, comparison.functions, strict=False):
        _errors(comparison, function, panel, colours)
    if comparison.crossover is not None:
        _times(comparison.crossover, panels[-1], colours)
    figure.suptitle(
        f"{comparison.problem}: derivatives in {comparison.dimension} variables at {comparison.points:,} points",
        fontsize=11,
    )
    look = {"frameon": False, "fontsize": 9}
    estimators, signs = _handles(comparison, colours)
    figure.legend(
        handles=estimators,
        loc="outside lower left",
        ncols=3 if panels_wanted > 1 else 2,
        title="evaluations a point",
        title_fontsize=9,
        alignment="left",
        **look,
    )
    figure.legend(handles=signs, loc="outside lower right", ncols=2, **look)
    return figure


def _colours(comparison: DerivativeComparison) -> dict[str, str]:
    names = list(dict.fromkeys(r.name for r in comparison.results))
    spare = [c for name, c in COLOURS.items() if name not in names and c != GREY] or list(COLOURS.values())
    own = [name for name in names if name not in COLOURS]
    return COLOURS | {name: spare[i % len(spare)] for i, name in enumerate(own)}


def _positions(comparison: DerivativeComparison) -> dict[tuple[str, str], float]:
    """Where results are drawn along the axis of evaluations: moved right where they would hide each other."""
    counts: dict[str, int] = {}
    for result in comparison.results:
        if not result.refusal:
            counts.setdefault(result.name, result.evaluations)
    places: dict[str, float] = {}
    last = 0.0
    for name, count in sorted(counts.items(), key=lambda pair: pair[1]):
        last = places[name] = max(float(count), last * APART)
    return {(r.name, r.dtype): places[r.name] for r in comparison.results if r.name in places}


def _errors(comparison: DerivativeComparison, function: ComparedFunction, panel: Any, colours: dict[str, str]) -> None:
    places = _positions(comparison)
    count = len(comparison.terms)
    for result in comparison.results:
        errors = result.of(function.name)
        if errors is None:
            continue
        filled = result.dtype == "float64"
        for i, error in enumerate(errors.terms):
            if not math.isfinite(error) or error == 0:
                continue  # a logarithmic axis knows no zero, which only the truth itself has
            shift = 1.08 ** (i - (count - 1) / 2)
            panel.plot(
                places[result.name, result.dtype] * shift,
                error,
                MARKERS[i % len(MARKERS)],
                color=colours[result.name],
                markerfacecolor=colours[result.name] if filled else "none",
                # A ring around a dot shows both where rounding makes no difference.
                markersize=5 if filled else 8.5,
                markeredgewidth=0 if filled else 1.3,
                zorder=3,
            )
    panel.set(xscale="log", yscale="log", xlabel="network evaluations a point (nearly equal ones side by side)")
    if places:
        panel.set_xlim(min(places.values()) / 1.6, max(places.values()) * 1.6)
    panel.set_ylabel("relative error of a term")
    panel.set_title(f"f: {function.name}", fontsize=10)
    panel.grid(alpha=0.25, which="major")


def _times(crossover: Crossover, panel: Any, colours: dict[str, str]) -> None:
    for curve in crossover.curves:
        style = {"linestyle": (0, (4, 1.5))} if curve.uses_backpropagation else {}
        panel.plot(
            curve.dimensions,
            curve.seconds,
            marker="x" if curve.name == "functional" else "o",
            markersize=5,
            color=colours.get(curve.name, BLACK),
            label=curve.label,
            **style,
        )
    if crossover.faster_from is not None:
        panel.axvline(crossover.faster_from, color=GREY, linewidth=1, linestyle=":", zorder=1)
    panel.set(xscale="log", yscale="log", xlabel="variables D", ylabel="seconds a call")
    ticks = sorted({d for curve in crossover.curves for d in curve.dimensions})
    panel.set_xticks(ticks)
    panel.xaxis.set_major_formatter(ScalarFormatter())
    panel.xaxis.set_minor_formatter(NullFormatter())
    panel.set_title(
        f"gradient and Laplacian at {crossover.points:,} points\n(the default stencil is {crossover.outcome})",
        fontsize=10,
    )
    panel.grid(alpha=0.25, which="major")
    # Room above the curves for the legend.
    times = [time for curve in crossover.curves for time in curve.seconds if time > 0]
    if times:
        low, high = min(times), max(times)
        panel.set_ylim(low / 1.5, high * max(6.0, (high / low) ** 0.6))
    panel.legend(frameon=False, fontsize=8, loc="upper left")


def _handles(comparison: DerivativeComparison, colours: dict[str, str]) -> tuple[list[Line2D], list[Line2D]]:
    """What the legends show: the estimators, then terms and dtypes."""

    def handle(label: str, marker: str, colour: str, face: str) -> Line2D:
        return Line2D([], [], linestyle="", marker=marker, color=colour, markerfacecolor=face, label=label)

    labels = {r.name: f"{r.label}: {r.evaluations:,}" for r in comparison.results if not r.refusal}
    estimators = [handle(label, "s", colours[name], colours[name]) for name, label in labels.items()]
    terms = []
    for i, name in enumerate(comparison.terms):
        zero = any(not function.scales[i] for function in comparison.functions)
        label = f"{name} (absolute where it is zero)" if zero else name
        terms.append(handle(label, MARKERS[i % len(MARKERS)], GREY, GREY))
    looks = {"float64": ("filled: float64", GREY), "float32": ("hollow: float32", "none")}
    named = {r.dtype for r in comparison.results}
    dtypes = [handle(label, "o", GREY, face) for dtype, (label, face) in looks.items() if dtype in named]
    # Columns of equal length, so that each holds one kind of signs.
    rows = max(len(terms), len(dtypes))
    blank = handle("", "", GREY, "none")
    signs = [*terms, *[blank] * (rows - len(terms)), *dtypes, *[blank] * (rows - len(dtypes))]
    return estimators, signs
