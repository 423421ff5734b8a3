"""The figure of a training run."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from pinnzo.plotting.labels import plain
from pinnzo.plotting.style import BLUE, DPI, GREY, ORANGE, PAGE, print_style
from pinnzo.training import History


def plot_history(history: History, title: str = "", zero_network: float | None = None) -> Figure:
    """Draw the loss and the error against network evaluations and against seconds.

    Args:
        history: of the run.
        title: of the figure.
        zero_network: the relative error of the ansatz with f ≡ 0, drawn as a line.
    """
    error = history.column("error")
    known = bool(np.isfinite(error).any())
    with print_style():
        figure = Figure(figsize=(PAGE, 0.3 + 2.3 * (1 + known)), dpi=DPI, layout="constrained")
        _draw(figure, history, known, zero_network)
        figure.suptitle(plain(title))
    return figure


def _draw(figure: Figure, history: History, known: bool, zero_network: float | None) -> None:
    error = history.column("error")
    panels: Any = figure.subplots(1 + known, 2, squeeze=False, sharex="col")
    for column, (name, label) in enumerate((("evaluations", "network evaluations"), ("seconds", "training time (s)"))):
        x = history.column(name)
        loss = panels[0][column]
        validation = history.column("validation")
        measured = np.isfinite(validation)
        loss.semilogy(x, history.column("loss"), color=GREY, alpha=0.5, linewidth=0.8, label="training points")
        loss.semilogy(x[measured], validation[measured], color=BLUE, label="held-out points")
        panels[-1][column].set_xlabel(label)
        if known:
            shown = np.isfinite(error)
            panels[1][column].semilogy(x[shown], error[shown], color=ORANGE, label="trained network")
            if zero_network:
                panels[1][column].axhline(zero_network, color=GREY, linestyle="--", label="zero network")
    panels[0][0].set_ylabel("loss")
    panels[0][0].legend(frameon=False)
    if known:
        panels[1][0].set_ylabel("relative $L_2$ error")
        panels[1][0].legend(frameon=False)
    for panel in panels.flat:
        panel.grid(True)
