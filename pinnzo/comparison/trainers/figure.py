"""A comparison of trainers as a figure: error against time and against network evaluations."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure

from pinnzo.comparison.output import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    listed,
)

if TYPE_CHECKING:
    from .result import TrainerComparison, TrainerRun

# The names of the command line keep their colours.
COLOURS = {
    "hybrid": BLUE,
    "rge": SKY,
    "cge": GREEN,
    "levenberg-marquardt": BLACK,
    "first-order": ORANGE,
    "lbfgs": VERMILION,
    "autodiff-gauss-newton": PURPLE,
}
AXES = (("seconds", "training time (s)"), ("evaluations", "network evaluations"))


def draw(comparison: TrainerComparison) -> Figure:
    """Two log–log panels with one line a trainer; back-propagation is dashed, and pale lines are further seeds."""
    figure = Figure(figsize=(11, 5.2), layout="constrained")
    panels: Any = figure.subplots(1, 2, sharey=True)
    spare = [colour for name, colour in COLOURS.items() if name not in {run.name for run in comparison.runs}]
    lowest, highest = math.inf, comparison.zero_network
    for i, summary in enumerate(comparison.summaries):
        typical = summary.typical
        colour = COLOURS.get(typical.name) or (spare or list(COLOURS.values()))[i % len(spare or COLOURS)]
        style: dict[str, Any] = {"color": colour, "linestyle": (0, (4, 1.5)) if typical.uses_backpropagation else "-"}
        error = summary.median("relative_l2")
        label = f"{typical.label} ({typical.derivatives})" if typical.uses_backpropagation else typical.label
        label += f": {error:.1e}" if math.isfinite(error) else ": never finite"
        for run in summary.runs:
            main = run is typical
            look = {"linewidth": 1.8, "label": label, "zorder": 3} if main else {"linewidth": 0.8, "alpha": 0.35}
            for panel, (kind, _) in zip(panels, AXES, strict=True):
                x, y = _curve(run, kind)
                panel.plot(x, y, **style, **look)
                if main and x:
                    panel.plot(x[-1], y[-1], "o", color=colour, markersize=5, zorder=4)
            errors = [error for *_, error in run.curve if error > 0]
            lowest, highest = min([lowest, *errors]), max([highest, *errors[-1:]])
    _baselines(comparison, panels, lowest)
    for panel, (_, label) in zip(panels, AXES, strict=True):
        panel.set(xscale="log", yscale="log", xlabel=label)
        panel.grid(alpha=0.25, which="major")
    # One run that blows up must not press all others into one line.
    if math.isfinite(lowest) and highest > 0:
        panels[0].set_ylim(lowest / 2, highest * 5)
    panels[0].set_ylabel("relative $L_2$ error")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False, fontsize=9, handlelength=3.2)
    seeds = comparison.seeds
    figure.suptitle(
        f"{comparison.problem}: {comparison.dimension} variables, {comparison.parameters:,} parameters, "
        f"{comparison.points} points, {'seed' if len(seeds) == 1 else 'median of seeds'} {listed(seeds)}",
        fontsize=11,
    )
    if any(run.uses_backpropagation for run in comparison.runs):
        panels[1].set_title("dashed: back-propagation, whose backward passes are not counted here", fontsize=9)
        panels[0].set_title("dashed: back-propagation", fontsize=9)
    return figure


def _curve(run: TrainerRun, kind: str) -> tuple[list[float], list[float]]:
    column = 0 if kind == "seconds" else 1
    points = [(float(point[column]), point[2]) for point in run.curve if point[column] > 0 and point[2] > 0]
    return [x for x, _ in points], [y for _, y in points]


def _baselines(comparison: TrainerComparison, panels: Any, lowest: float) -> None:
    """The errors of the networks that have learnt nothing or next to nothing, as lines where they are on the page."""
    for error, name, style in (
        (comparison.zero_network, "zero network", ":"),
        (comparison.affine_network, "best affine network", "-."),
    ):
        shown = error > lowest / 2
        for panel in panels:
            if shown:
                panel.axhline(error, color=GREY, linestyle=style, linewidth=1.2, zorder=1)
        # An affine solution is a common test problem; its line would be some ten decades below all others.
        where = "" if shown else " (below the page)"
        panels[0].plot([], [], color=GREY, linestyle=style, linewidth=1.2, label=f"{name}: {error:.1e}{where}")
