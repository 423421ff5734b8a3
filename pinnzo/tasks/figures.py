"""Figures of a classifier: how it learnt, what it confuses, and the images that it gets wrong."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from .classifier import Classifier

BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#777777"
COLUMNS = 8


def learning_curves(classifier: Classifier) -> Figure:
    """Cross-entropy and error rate on the validation images against network evaluations and against seconds."""
    history = classifier.history
    figure = Figure(figsize=(9, 6), layout="constrained")
    panels: Any = figure.subplots(2, 2, squeeze=False, sharex="col", sharey="row")
    validation, error = history.column("validation"), 100 * history.column("error")
    measured = np.isfinite(validation)
    for column, (name, label) in enumerate((("evaluations", "network evaluations"), ("seconds", "training time (s)"))):
        x = history.column(name)
        upper, lower = panels[0][column], panels[1][column]
        upper.semilogy(x, history.column("loss"), color=GREY, alpha=0.6, linewidth=0.8, label="images of a step")
        upper.semilogy(x[measured], validation[measured], color=BLUE, label="validation images")
        if (error[measured] > 0).any():
            lower.set_yscale("log")
        lower.plot(x[measured], error[measured], color=BLUE, label="validation images")
        tested = 100 * (1 - classifier.test_accuracy)
        lower.axhline(tested, color=ORANGE, linestyle="--", label=f"test images, at the end: {tested:.2f} %")
        lower.set_xlabel(label)
        for panel in (upper, lower):
            panel.grid(alpha=0.25, which="both")
    panels[0][0].set_ylabel("cross-entropy")
    panels[1][0].set_ylabel("wrong labels (%)")
    panels[0][0].legend(frameon=False)
    panels[1][0].legend(frameon=False)
    figure.suptitle(_title(classifier), fontsize=10)
    return figure


def confusion_matrix(classifier: Classifier) -> Figure:
    """How many test images with one label get another; the colours leave the right ones out."""
    counts = classifier.confusion
    wrong = counts - np.diag(np.diag(counts))
    figure = Figure(figsize=(6.2, 5.6), layout="constrained")
    panel: Any = figure.subplots()
    shown = panel.imshow(wrong, cmap="Oranges", vmin=0, vmax=max(1, wrong.max()))
    for i, row in enumerate(counts):
        for j, count in enumerate(row):
            if count:
                colour = BLUE if i == j else "white" if wrong[i, j] > 0.6 * wrong.max() else "black"
                panel.text(j, i, f"{count}", ha="center", va="center", color=colour, fontsize=8)
    panel.set(xlabel="label given", ylabel="right label", xticks=range(len(counts)), yticks=range(len(counts)))
    figure.colorbar(shown, ax=panel, label="wrong labels")
    figure.suptitle(_title(classifier), fontsize=10)
    return figure


def mistakes(classifier: Classifier, count: int = 40) -> Figure:
    """Test images that get the wrong label, the most confident mistakes first."""
    test = classifier.data.test
    logits = classifier.logits(test.images)
    probability = np.exp(logits - logits.max(1, keepdims=True))
    probability /= probability.sum(1, keepdims=True)
    given = logits.argmax(1)
    wrong = np.flatnonzero(given != test.labels)
    order = wrong[np.argsort(-probability[wrong, given[wrong]], kind="stable")][:count]
    rows = max(1, math.ceil(len(order) / COLUMNS))
    figure = Figure(figsize=(9, 0.7 + 1.3 * rows), layout="constrained")
    panels: Any = figure.subplots(rows, COLUMNS, squeeze=False)
    for panel in panels.flat:
        panel.set_axis_off()
    for panel, index in zip(panels.flat, order, strict=False):
        panel.imshow(test.images[index], cmap="gray_r", vmin=0, vmax=classifier.data.peak)
        panel.set_title(f"{given[index]} ({probability[index, given[index]]:.0%}), is {test.labels[index]}", fontsize=7)
    shown = "" if len(order) == len(wrong) else f", {len(order)} shown"
    figure.suptitle(f"{_title(classifier)}: {len(wrong)} wrong of {len(test):,}{shown}", fontsize=10)
    return figure


def _title(classifier: Classifier) -> str:
    trainer = type(classifier.settings.trainer).__name__
    return (
        f"{classifier.data.name}, {trainer}, {classifier.parameter_count:,} parameters, "
        f"test accuracy {classifier.test_accuracy:.2%}"
    )
