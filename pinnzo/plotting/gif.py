"""Films as GIF files, in the colours of the figures."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any, cast

import matplotlib as mpl
import numpy as np
from matplotlib.animation import AbstractMovieWriter
from matplotlib.colors import to_rgb
from PIL import Image

from pinnzo.plotting.style import BLUE, ORANGE

SHADES, GREYS, TINTS = 100, 32, 12
"""Of each colour map, of grey, and of each colour of curves: 256 together, which a GIF can hold."""


def palette(maps: Sequence[str]) -> np.ndarray:
    """256 colours (256, 3), uint8: the shades of two colour maps, greys, and the colours of curves on white.

    A palette that is made from the frames has next to none of the colours that cover little of them, so that it changes
    those of colour bars.
    """
    steps = np.linspace(0, 1, SHADES)
    tints = np.linspace(0, 1, TINTS, endpoint=False)[:, None]
    colours = [mpl.colormaps[name](steps)[:, :3] for name in maps]
    colours.append(np.repeat(np.linspace(0, 1, GREYS)[:, None], 3, axis=1))
    colours += [(1 - tints) * to_rgb(ink) + tints for ink in (BLUE, ORANGE)]
    return np.rint(255 * np.concatenate(colours)).astype(np.uint8)


class GifWriter(AbstractMovieWriter):
    """Writes the frames of an animation to a GIF file in given colours.

    Args:
        fps: frames a second.
        colours: (256, 3), uint8.
    """

    def __init__(self, fps: float, colours: np.ndarray) -> None:
        super().__init__(fps=cast(Any, fps))  # any number of frames a second will do
        self._palette = Image.new("P", (1, 1))
        self._palette.putpalette(colours.tobytes())
        self._frames: list[Image.Image] = []

    def setup(self, fig: Any, outfile: Any, dpi: float | None = None) -> None:
        """Begin a film."""
        cast(Any, super()).setup(fig, outfile, dpi=dpi)
        self._frames = []

    def grab_frame(self, **savefig_kwargs: Any) -> None:
        """Add the figure as it is."""
        buffer = BytesIO()
        self.fig.savefig(buffer, **{**savefig_kwargs, "format": "png", "dpi": self.dpi})
        frame = Image.open(buffer).convert("RGB")
        self._frames.append(frame.quantize(palette=self._palette, dither=Image.Dither.NONE))

    def finish(self) -> None:
        """Write the file."""
        first, *others = self._frames
        duration = 10 * max(1, round(100 / self.fps))  # GIF counts in hundredths of a second
        first.save(self.outfile, format="GIF", save_all=True, append_images=others, duration=duration, loop=0)
