"""Figures of solutions and of training runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import sympy as sp
from matplotlib.figure import Figure

from pinnzo.slices import Slice
from pinnzo.training import History

VALUES, ERRORS = "viridis", "magma"
BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#777777"  # Okabe & Ito: told apart by all kinds of colour vision


def plot_slices(slices: Sequence[Slice], title: str = "") -> Figure:
    """Draw slices over the same one or two variables, one row each, with exact solutions and errors where known.

    Args:
        slices: one for each unknown function.
        title: of the figure.
    """
    first = slices[0]
    line, known = len(first.axes) == 1, first.exact is not None
    columns = (1 + known) if line else (1 + 2 * known)
    figure = Figure(figsize=((4.5 if line else 3.9) * columns, 3.4 * len(slices)), layout="constrained")
    for panels, slice_ in zip(figure.subplots(len(slices), columns, squeeze=False), slices, strict=True):
        draw = _line if len(slice_.axes) == 1 else _plane
        draw(slice_, figure, panels, "" if len(slices) == 1 else slice_.name)
    figure.suptitle(" — ".join(part for part in (title, _held(first)) if part), fontsize=10)
    return figure


def plot_history(history: History, title: str = "", zero_network: float | None = None) -> Figure:
    """Draw the loss and the error against network evaluations and against seconds.

    Args:
        history: of the run.
        title: of the figure.
        zero_network: the relative error of the ansatz with f ≡ 0, drawn as a line.
    """
    error = history.column("error")
    known = bool(np.isfinite(error).any())
    figure = Figure(figsize=(9, 3.4 * (1 + known)), layout="constrained")
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
        panel.grid(alpha=0.25)
    figure.suptitle(title, fontsize=10)
    return figure


def _range(values: np.ndarray) -> tuple[float, float]:
    """The least and the greatest finite value; an exact solution may not be defined on all of a plane."""
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)


def _label(symbol: sp.Symbol) -> str:
    return f"${sp.latex(symbol)}$"


def _held(slice_: Slice) -> str:
    if not slice_.at:
        return ""
    values: dict[float, list[sp.Symbol]] = {}
    for symbol, value in slice_.at.items():
        values.setdefault(value, []).append(symbol)
    groups = []
    for value, symbols in values.items():
        names = [_label(s) for s in symbols]
        shown = ", ".join(names) if len(names) <= 3 else f"{names[0]}, …, {names[-1]}"
        groups.append(f"{shown} = {value:g}")
    return "; ".join(groups)


def _line(slice_: Slice, figure: Figure, panels: Any, name: str) -> None:
    (x,), axis = slice_.coordinates, _label(slice_.axes[0])
    panels[0].plot(x, slice_.values, color=BLUE, label="pinnzo")
    panels[0].set(xlabel=axis, ylabel=_label(sp.Symbol(slice_.name)))
    if slice_.exact is not None:
        panels[0].plot(x, slice_.exact, color=ORANGE, linestyle="--", label="exact")
        panels[0].legend(frameon=False)
        panels[1].plot(x, np.abs(slice_.values - slice_.exact), color=BLUE)
        panels[1].set(xlabel=axis, ylabel=f"|error{f' of {name}' if name else ''}|")
        panels[1].set_ylim(bottom=0)
        panels[1].ticklabel_format(axis="y", scilimits=(-2, 3))
    for panel in panels:
        panel.grid(alpha=0.25)


def _plane(slice_: Slice, figure: Figure, panels: Any, name: str) -> None:
    prefix = f"{_label(sp.Symbol(name))}: " if name else ""
    fields = [("solution", slice_.values, VALUES)]
    if slice_.exact is not None:
        fields.append(("exact", slice_.exact, VALUES))
        fields.append(("|error|", np.abs(slice_.values - slice_.exact), ERRORS))
    shared = np.stack([values for _, values, colours in fields if colours == VALUES])
    for panel, (what, values, colours) in zip(panels, fields, strict=True):
        # Solution and exact solution share one scale, the error has its own.
        low, high = _range(shared) if colours == VALUES else (0.0, _range(values)[1])
        mesh = panel.pcolormesh(*slice_.coordinates, values.T, cmap=colours, vmin=low, vmax=high, shading="gouraud")
        bar = figure.colorbar(mesh, ax=panel)
        bar.formatter.set_powerlimits((-2, 3))
        panel.set(title=prefix + what, xlabel=_label(slice_.axes[0]))
    panels[0].set_ylabel(_label(slice_.axes[1]))
