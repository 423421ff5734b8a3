"""A comparison of classifiers as a figure: validation error against time and against network evaluations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure

from pinnzo.comparison.output import BLACK, BLUE, GREEN, GREY, ORANGE, SKY

if TYPE_CHECKING:
    from .result import ClassifierComparison

COLOURS = {"hybrid": BLUE, "rge": SKY, "cge": GREEN, "levenberg-marquardt": BLACK, "first-order": ORANGE}
AXES = ("training time (s)", "network evaluations")


def draw(comparison: ClassifierComparison) -> Figure:
    """Two log–log panels with one line a run; dense networks are dashed."""
    figure = Figure(figsize=(11, 5.2), layout="constrained")
    panels: Any = figure.subplots(1, 2, sharey=True)
    for run in comparison.runs:
        style = (0, (4, 1.5)) if run.network == "dense" else "-"
        colour = COLOURS.get(run.name, GREY)
        label = f"{run.label}, {run.network}: {1 - run.test_accuracy:.1%} test error"
        for column, panel in enumerate(panels):
            points = [(point[column], 100 * point[2]) for point in run.curve if point[column] > 0]
            x, y = [x for x, _ in points], [y for _, y in points]
            panel.plot(x, y, color=colour, linestyle=style, linewidth=1.6, label=label)
            panel.plot(x[-1:], y[-1:], "o", color=colour, markersize=4)
    for panel, name in zip(panels, AXES, strict=True):
        panel.set(xscale="log", yscale="log", xlabel=name)
        panel.grid(alpha=0.25, which="both")
    panels[0].set_ylabel("wrong labels of the validation images (%)")
    panels[1].set_title("backward passes are not counted", fontsize=9)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False, fontsize=8, handlelength=3.2)
    figure.suptitle(f"{comparison.task}: solid tensor-train, dashed dense", fontsize=11)
    return figure
