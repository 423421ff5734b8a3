"""How the loss and the error fell, against time and against network evaluations."""

from __future__ import annotations

import numpy as np

from pinnzo.accuracy import Accuracy
from pinnzo.report.charts import Axis, Curve, Level, chart, fitted
from pinnzo.report.markup import section
from pinnzo.report.readable import readable
from pinnzo.training import History

ABSCISSAS = (("seconds", "training time (s)", "time"), ("evaluations", "network evaluations", "network evaluations"))

FAR = 100.0
"""A baseline so many times below the best error would press the curve together: it is named, not drawn."""


def convergence(history: History, accuracy: Accuracy | None) -> str:
    """The section with the charts.

    Args:
        history: of the run.
        accuracy: the errors at its end with the baselines, or None where no exact solution is known.
    """
    if not history.records:
        return section("convergence", "Convergence", "<p>The run recorded no steps.</p>")
    parts, notes = [], []
    if accuracy is not None and np.isfinite(history.column("error")).any():
        levels, notes = _baselines(history, accuracy)
        parts += [_errors(history, name, label, short, levels) for name, label, short in ABSCISSAS]
    parts += [_losses(history, name, label, short) for name, label, short in ABSCISSAS]
    said = "".join(f'<p class="note">{note}</p>' for note in notes)
    return section("convergence", "Convergence", f'<div class="charts">{"".join(parts)}</div>', said)


def _baselines(history: History, accuracy: Accuracy) -> tuple[list[Level], list[str]]:
    errors = history.column("error")
    errors = errors[np.isfinite(errors) & (errors > 0)]
    lowest = errors.min() if errors.size else 1.0
    levels, notes = [], []
    for value, kind, label in (
        (accuracy.zero_network, "zero", "zero network"),
        (accuracy.affine_network, "affine", "best affine network"),
    ):
        if not np.isfinite(value) or value <= 0:
            continue
        if value * FAR < lowest:
            notes.append(f"The {label} has a relative error of {readable(value, 1)}, far below the charts.")
        else:
            levels.append(Level(value, kind, label))
    return levels, notes


def _abscissa(history: History, name: str, label: str) -> Axis:
    return fitted(np.append(history.column(name).astype(float), 0.0), label)


def _errors(history: History, name: str, label: str, short: str, levels: list[Level]) -> str:
    x, error = history.column(name).astype(float), history.column("error")
    measured = np.isfinite(error)
    y = fitted(np.append(error, [level.y for level in levels]), "relative L₂ error", logarithmic=True)
    curve = Curve(x[measured], error[measured], "error", "trained network")
    return chart(f"Relative L2 error against {short}", _abscissa(history, name, label), y, [*levels, curve])


def _losses(history: History, name: str, label: str, short: str) -> str:
    x, loss, held = history.column(name).astype(float), history.column("loss"), history.column("validation")
    measured = np.isfinite(held)
    y = fitted(np.append(loss, held), "loss", logarithmic=True)
    curves = [
        Curve(x, loss, "training", "training points"),
        Curve(x[measured], held[measured], "held-out", "held-out points"),
    ]
    return chart(f"Loss against {short}", _abscissa(history, name, label), y, curves)
