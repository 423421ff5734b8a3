"""Films of slices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import sympy as sp
from matplotlib.animation import FuncAnimation
from matplotlib.backends.backend_agg import FigureCanvasAgg

from pinnzo.errors import SettingError
from pinnzo.plotting.figure import SliceFigure
from pinnzo.plotting.gif import GifWriter, palette
from pinnzo.plotting.labels import plain
from pinnzo.plotting.look import Look
from pinnzo.plotting.style import ERRORS, SIGNED, VALUES, print_style
from pinnzo.settings import whole_number
from pinnzo.slices import Axis, Slice

SCREEN_DPI = 110
DIGITS = 3
"""Of the value that runs."""
OF_MATPLOTLIB = {"codec", "bitrate", "extra_args", "metadata"}
"""Options that only its own writers have."""


class Film(FuncAnimation):
    """An animation of matplotlib whose GIF files keep the colours of its colour bars."""

    def __init__(self, *arguments: Any, maps: Sequence[str], fps: float, **options: Any) -> None:
        super().__init__(*arguments, interval=1000 / fps, **options)
        self._maps, self._fps = maps, fps

    def save(self, filename: Any, writer: Any = None, fps: Any = None, *more: Any, **options: Any) -> None:
        """Write the film to a file; Pillow is enough for GIF.

        Args:
            filename: where to.
            writer: of matplotlib; by default, or as "pillow", that of this package where the name ends in .gif.
            fps: frames a second, by default those of the film.
            more: further arguments of ``matplotlib.animation.Animation.save``.
            options: the same by their names; ``metadata`` and the like leave the writing to matplotlib.
        """
        plain_gif = str(filename).lower().endswith(".gif") and writer in (None, "pillow")
        if plain_gif and not more and not OF_MATPLOTLIB & set(options):
            writer, fps = GifWriter(fps or self._fps, palette(self._maps)), None
        super().save(filename, writer, fps, *more, **options)


def frame_values(
    over: Any,
    frames: Any,
    ranges: Mapping[sp.Symbol, tuple[float, float]],
    axes: Sequence[Axis],
    at: Mapping[Any, Any] | None,
) -> list[float]:
    """The values that a variable takes from frame to frame.

    Raises:
        SettingError: it is no variable, or is an axis or held as well; or there are fewer than two frames.
    """
    if over not in ranges:
        raise SettingError(f"over is {over!r}, which is not one of the variables {', '.join(map(str, ranges))}.")
    for axis in axes:
        if over in getattr(axis, "variables", (axis,)):
            raise SettingError(f"over is {over}, which is also an axis of the slice: choose another.")
    if over in (at or {}):
        raise SettingError(f"{over} is held in at=, but it also runs from frame to frame: choose one.")
    if not hasattr(frames, "__len__") or isinstance(frames, str):
        count = whole_number(frames, 2, "frames", "the number of frames")
        return np.linspace(*ranges[over], count).tolist()
    if len(frames) < 2:
        raise SettingError(f"frames is {frames!r}: give two values of {over} or more, or the number of frames.")
    return list(frames)


def animate_slices(
    slices: Sequence[Sequence[Slice]], over: sp.Symbol, fps: float = 15, title: str = "", look: Look | None = None
) -> Film:
    """Draw slices one after the other, on scales that hold all of them.

    Args:
        slices: for each frame those of all unknown functions.
        over: the variable whose value tells the frames apart.
        fps: frames a second.
        title: of the figure.
        look: how they are drawn.

    Raises:
        SettingError: ``fps`` is not a positive number.
    """
    if isinstance(fps, bool) or not isinstance(fps, (int, float)) or not 0 < fps <= 1000:
        raise SettingError(f"fps is {fps!r}: give the number of frames a second, between 0 and 1000.")
    look = look or Look()
    others = look.units.held({s: v for s, v in slices[0][0].at.items() if s != over})
    fixed = [part for part in (plain(title), others) if part]

    def titled(frame: Sequence[Slice]) -> str:
        return " — ".join([*fixed, look.units.value([over], frame[0].at[over], DIGITS)])

    shown = SliceFigure(slices[0], title, look, [s for frame in slices for s in frame])
    shown.show(slices[0], titled(slices[0]))
    figure = shown.figure
    figure.set_dpi(SCREEN_DPI)
    FigureCanvasAgg(figure)
    with print_style():
        figure.draw_without_rendering()
    # What is laid out anew for every frame trembles.
    figure.set_layout_engine("none")

    def update(index: int) -> list[Any]:
        shown.show(slices[index], titled(slices[index]))
        return []

    maps = (VALUES, SIGNED if look.error == "signed" else ERRORS)
    return Film(figure, update, frames=len(slices), maps=maps, fps=fps, blit=False)
