"""Panels of slices along a line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist

from pinnzo.plotting.labels import name_of
from pinnzo.plotting.look import Look, Scale
from pinnzo.plotting.style import BLUE, ORANGE, VALUES
from pinnzo.slices import Slice

MARGIN = 0.05
"""Of the height of a panel, above and below the curves."""
DARK_TO_LIGHT = (0.0, 0.85)
"""The part of the colour map that curves take their colours from."""


def prepare_lines(panels: Sequence[Any], slice_: Slice, values: Scale, errors: Scale, look: Look, named: bool) -> None:
    """Give the panels of one unknown function their labels and limits.

    Args:
        panels: for the values and, where an exact solution is known, for the error.
        slice_: along the line.
        values: what the first panel shows.
        errors: what the second one shows.
        look: how it is drawn.
        named: whether the error says which function it is of.
    """
    units, axis = look.units, look.units.axis(slice_.axes[0])
    panels[0].set(xlabel=axis, ylabel=units.function(slice_.name))
    _set_limits(panels[0], values.low, values.high)
    if len(panels) > 1:
        of = f"error of {name_of(slice_.name)}" if named else "error"
        label = f"|{of}|" if look.error == "absolute" else of
        panels[1].set(xlabel=axis, ylabel=units.error(label, slice_.name))
        _set_limits(panels[1], errors.low, errors.high)
        if look.error == "absolute":
            panels[1].set_ylim(bottom=0)
        panels[1].ticklabel_format(axis="y", scilimits=(-2, 3))
    for panel in panels:
        panel.set_xlim(slice_.coordinates[0][0], slice_.coordinates[0][-1])
        panel.grid(True)


def draw_lines(
    panels: Sequence[Any], slices: Sequence[Slice], names: Sequence[str], look: Look, place: str
) -> list[Artist]:
    """Draw the curves of one unknown function: one pair of them, or one for each of several places.

    Args:
        panels: for the values and for the error.
        slices: along the line.
        names: what tells several slices apart, for the legend.
        look: how it is drawn.
        place: of the legend.
    """
    several = len(slices) > 1
    shades = mpl.colormaps[VALUES](np.linspace(*DARK_TO_LIGHT, len(slices))) if several else [BLUE]
    drawn: list[Artist] = []
    for slice_, name, shade in zip(slices, names if several else ["pinnzo"], shades, strict=True):
        (x,) = slice_.coordinates
        drawn += panels[0].plot(x, slice_.values, color=shade, label=name)
        if slice_.exact is not None:
            first = slice_ is slices[0]
            look_ = {"color": "black", "linewidth": 0.9} if several else {"color": ORANGE}
            drawn += panels[0].plot(x, slice_.exact, linestyle="--", label="exact" if first else None, **look_)
            error = look.errors(slice_)
            drawn += panels[1].plot(x, error, color=shade, label=name if several else None)
    if several:
        # The exact solution, which is drawn over all others, comes last.
        handles, labels = panels[0].get_legend_handles_labels()
        order = sorted(range(len(labels)), key=lambda i: labels[i] == "exact")
        panels[0].legend([handles[i] for i in order], [labels[i] for i in order], loc=place, frameon=False)
    elif slices[0].exact is not None:
        panels[0].legend(loc=place, frameon=False)
    return drawn


def _set_limits(panel: Any, low: float, high: float) -> None:
    margin = MARGIN * (high - low) or MARGIN * abs(high) or MARGIN
    panel.set_ylim(low - margin, high + margin)
