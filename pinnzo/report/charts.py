"""Charts as inline SVG whose colours come from the style sheet, so that they follow dark mode."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from pinnzo.report.markup import text
from pinnzo.report.ticks import linear_ticks, logarithmic_ticks

WIDTH, HEIGHT = 460, 300
LEFT, RIGHT, TOP, BOTTOM = 64, 26, 12, 44
MOST_POINTS = 600
"""Of a curve; a longer one is thinned out."""


@dataclass(frozen=True, eq=False)
class Curve:
    """A curve of a chart.

    Attributes:
        x: (N,).
        y: (N,); points that cannot be drawn leave a gap.
        kind: a class of the style sheet.
        label: in the legend; empty for none.
    """

    x: np.ndarray
    y: np.ndarray
    kind: str
    label: str = ""


@dataclass(frozen=True, eq=False)
class Level:
    """A horizontal line with a label.

    Attributes:
        y: where.
        kind: a class of the style sheet.
        label: in the legend.
    """

    y: float
    kind: str
    label: str


@dataclass(frozen=True)
class Axis:
    """An axis from one value to another.

    Attributes:
        low: its one end.
        high: its other end, which is greater.
        label: what it shows.
        logarithmic: whether it is, as axes of positive numbers may be.
    """

    low: float
    high: float
    label: str
    logarithmic: bool = False

    def place(self, value: np.ndarray) -> np.ndarray:
        """Where values are between the ends, as shares of the axis."""
        if self.logarithmic:
            low, high = math.log10(self.low), math.log10(self.high)
            with np.errstate(divide="ignore", invalid="ignore"):
                return (np.log10(value) - low) / (high - low)
        return (np.asarray(value) - self.low) / (self.high - self.low)

    def ticks(self) -> list[tuple[float, str]]:
        """Where it is marked, and how."""
        return logarithmic_ticks(self.low, self.high) if self.logarithmic else linear_ticks(self.low, self.high, 5)


def fitted(values: np.ndarray, label: str, logarithmic: bool = False) -> Axis:
    """An axis that holds all finite values, and for a logarithmic one all positive ones.

    Example:
        >>> fitted(np.array([3.0, 20.0]), "x", logarithmic=True)
        Axis(low=1.0, high=100.0, label='x', logarithmic=True)
    """
    usable = values[np.isfinite(values) & ((values > 0) | (not logarithmic))]
    low, high = (float(usable.min()), float(usable.max())) if usable.size else (1.0, 10.0)
    if logarithmic:
        first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
        return Axis(10.0**first, 10.0 ** max(last, first + 1), label, True)
    return Axis(low, high if high > low else low + 1, label)


def chart(title: str, x: Axis, y: Axis, draw: Sequence[Curve | Level] = (), bars: str = "") -> str:
    """A figure with a legend.

    Args:
        title: what is seen, for those who do not see it.
        x: the horizontal axis.
        y: the vertical axis.
        draw: curves and levels, the last one on top.
        bars: further markup that is drawn below them.
    """
    shown = "".join(_level(item, y) if isinstance(item, Level) else _curve(item, x, y) for item in draw)
    labelled = {item.label: item.kind for item in draw if item.label}
    legend = "".join(
        f'<span><svg class="key" viewBox="0 0 24 8" aria-hidden="true"><path class="{kind}" d="M1 4H23"/></svg>'
        f"{text(label)}</span>"
        for label, kind in labelled.items()
    )
    caption = f'<figcaption class="legend">{legend}</figcaption>' if legend else ""
    return (
        f'<figure class="chart"><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{text(title)}">'
        f"{_frame(x, y)}{bars}{shown}</svg>{caption}</figure>"
    )


def across(x: Axis) -> Callable[[np.ndarray], np.ndarray]:
    """Horizontal positions of values in the drawing."""
    return lambda value: LEFT + (WIDTH - LEFT - RIGHT) * x.place(value)


def down(y: Axis) -> Callable[[np.ndarray], np.ndarray]:
    """Vertical positions of values in the drawing."""
    return lambda value: HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * y.place(value)


def _frame(x: Axis, y: Axis) -> str:
    parts = []
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    for value, label in y.ticks():
        at = float(down(y)(np.array(value)))
        parts.append(f'<path class="grid" d="M{LEFT} {at:.1f}H{right}"/>')
        parts.append(f'<text x="{LEFT - 7}" y="{at + 4:.1f}" text-anchor="end">{label}</text>')
    for value, label in x.ticks():
        at = float(across(x)(np.array(value)))
        parts.append(f'<path class="axis" d="M{at:.1f} {bottom}v4"/>')
        parts.append(f'<text x="{at:.1f}" y="{bottom + 18}" text-anchor="middle">{label}</text>')
    parts.append(f'<path class="axis" d="M{LEFT} {TOP}V{bottom}H{right}"/>')
    parts.append(
        f'<text class="label" x="{(LEFT + right) / 2}" y="{HEIGHT - 6}" text-anchor="middle">{text(x.label)}</text>'
        f'<text class="label" transform="translate(13 {(TOP + bottom) / 2}) rotate(-90)" text-anchor="middle">'
        f"{text(y.label)}</text>"
    )
    return "".join(parts)


def _curve(curve: Curve, x: Axis, y: Axis) -> str:
    left, top = across(x)(curve.x), down(y)(curve.y)
    visible = np.isfinite(left) & np.isfinite(top)
    every = max(1, math.ceil(len(left) / MOST_POINTS))
    # The last point is where the run ended.
    kept = [i for i in range(len(left)) if i % every == 0 or i == len(left) - 1]
    path = ""
    for drawn, run in groupby(kept, lambda i: bool(visible[i])):
        if drawn:
            points = [f"{left[i]:.1f} {min(max(top[i], TOP - 20), HEIGHT):.1f}" for i in run]
            path += f"M{points[0]}h0" if len(points) == 1 else "M" + "L".join(points)
    return f'<path class="{curve.kind}" d="{path}"/>' if path else ""


def _level(level: Level, y: Axis) -> str:
    at = float(down(y)(np.array(level.y)))
    return f'<path class="{level.kind}" d="M{LEFT} {at:.1f}H{WIDTH - RIGHT}"/>' if math.isfinite(at) else ""
