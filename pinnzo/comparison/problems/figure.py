"""A benchmark as a figure: the error of each problem beside the errors of the networks that have learnt nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure

from pinnzo.comparison.output import BLUE, GREY, ORANGE, error_text

if TYPE_CHECKING:
    from .result import BenchmarkRow

BASELINES = (("affine_network", "best affine network", "D", ORANGE), ("zero_network", "zero network", "s", GREY))
LEAST = 1e-8
"""The left end of an axis without any error."""
MARGIN, ARROW_MARGIN = 0.05, 0.12
"""The share of the axis left of the least error, and the same with an arrow to what is off the page."""


def draw(rows: Sequence[BenchmarkRow], title: str) -> Figure:
    """One line a problem, from its error (a dot) to that of the zero network (a square), on a logarithmic axis.

    A baseline far below all errors, such as that of an affine solution, is an arrow at the edge with its number.
    """
    figure = Figure(figsize=(8.5, 1.6 + 0.36 * len(rows)), layout="constrained")
    axes: Any = figure.subplots()
    errors = [row.relative_l2 for row in rows if _shown(row.relative_l2)]
    zeros = [row.zero_network for row in rows if _shown(row.relative_l2) and _shown(row.zero_network)]
    least, high = min(errors, default=LEAST), max([1.0, *errors, *zeros]) * 3
    low = least * (least / high) ** MARGIN
    affine = [row.affine_network for row in rows if _shown(row.relative_l2)]
    if any(value < low for value in affine):
        low = least * (least / high) ** ARROW_MARGIN
    for height, row in enumerate(rows):
        if not _shown(row.relative_l2):
            loss = f"; loss {error_text(row.loss)}" if math.isfinite(row.loss) else ""
            axes.text(
                low * 1.3,
                height,
                "no solution" if row.failed else f"no exact solution{loss}",
                va="center",
                fontsize=8,
                color="#444444",
                style="italic",
            )
            continue
        if _shown(row.zero_network):
            axes.plot([row.relative_l2, row.zero_network], [height] * 2, color="#C8C8C8", linewidth=1.5, zorder=1)
        for name, _, marker, colour in BASELINES:
            value = getattr(row, name)
            if math.isfinite(value) and value < low:
                axes.plot(low, height, "<", color=colour, markersize=7, zorder=2, clip_on=False)
                axes.annotate(error_text(value), (low, height), (0, 6), textcoords="offset points", fontsize=7)
            elif _shown(value):
                axes.plot(value, height, marker, markerfacecolor="white", markeredgecolor=colour,
                          markeredgewidth=1.6, markersize=6, zorder=2)  # fmt: skip
        axes.plot(row.relative_l2, height, "o", color=BLUE, markersize=7, zorder=3)
    axes.plot([], [], "o", color=BLUE, markersize=7, label="solution")
    for _, label, marker, colour in BASELINES:
        axes.plot([], [], marker, markerfacecolor="white", markeredgecolor=colour, markeredgewidth=1.6, markersize=6,
                  linestyle="none", label=label)  # fmt: skip
    axes.set(xscale="log", xlim=(low, high), ylim=(max(1, len(rows)) - 0.5, -0.5), xlabel="relative $L_2$ error")
    axes.set_yticks(range(len(rows)), [row.name for row in rows])
    axes.tick_params(axis="y", length=0, pad=10)
    axes.grid(alpha=0.25, which="major", axis="x")
    axes.spines[["top", "right", "left"]].set_visible(False)
    figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    figure.suptitle(title, fontsize=10)
    return figure


def _shown(value: float) -> bool:
    """Whether a logarithmic axis has a place for it."""
    return math.isfinite(value) and value > 0
