"""Sizes, fonts and colours of all figures: made for print, and told apart by all kinds of colour vision."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl

VALUES, ERRORS, SIGNED = "viridis", "magma", "RdBu_r"
"""Colour maps: values and absolute errors by rising lightness, signed errors from blue to red through white."""
BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#777777"  # Okabe & Ito
COLUMN, PAGE = 3.4, 7.0
"""Widths in inches: of a column and of a page of text in print."""
DPI = 200

SETTINGS: dict[Any, Any] = {
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "figure.titlesize": 9,
    "axes.linewidth": 0.6,
    "axes.titlepad": 4,
    "axes.labelpad": 2.5,
    "grid.linewidth": 0.4,
    "grid.alpha": 0.3,
    "lines.linewidth": 1.3,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "axes.formatter.use_mathtext": True,
    "mathtext.fontset": "dejavusans",
}


@contextmanager
def print_style() -> Iterator[None]:
    """The settings of matplotlib for what is made within; those of the user come back afterwards."""
    with mpl.rc_context(SETTINGS):
        yield
