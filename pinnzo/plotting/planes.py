"""Panels of slices in a plane: images, contours and surfaces."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.cm import ScalarMappable
from matplotlib.colors import BoundaryNorm, Normalize
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.ticker import MaxNLocator
from matplotlib.tri import Triangulation
from scipy.interpolate import RegularGridInterpolator

from pinnzo.plotting.look import Scale
from pinnzo.plotting.style import SIGNED
from pinnzo.slices import Slice

LEVELS = 11
"""About how many steps contours have."""
SLACK = 1e-3
"""Values that are so little above or below a level, in parts of the range, open no step of their own."""
FACES = 60
"""Along each side of a surface."""
NEIGHBOURS = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if (i, j) != (0, 0)]


def mappable(scale: Scale, kind: str) -> ScalarMappable:
    """The colours of a scale, in steps for contours."""
    return ScalarMappable(_norm(scale, kind), scale.colours)


def draw_plane(panel: Any, slice_: Slice, array: np.ndarray, scale: Scale, kind: str) -> list[Artist]:
    """Draw an array of values on a plane.

    Args:
        panel: axes of matplotlib, in three dimensions for surfaces.
        slice_: where the values are.
        array: the values, of the shape of those of the slice.
        scale: its colours.
        kind: "image", "contour" or "surface".

    Returns:
        What was drawn, to be removed before something else takes its place.
    """
    if not np.isfinite(array).any():
        return []
    if kind == "surface":
        return [_surface(panel, slice_, array, scale)]
    filled = _continued(array, slice_.inside) if slice_.outline else array
    style: Any = {"cmap": scale.colours, "norm": _norm(scale, kind)}
    drawn: list[Any]
    if kind == "contour":
        levels = style["norm"].boundaries
        filled = filled.clip(levels[0], levels[-1])
        drawn = [panel.contourf(*slice_.coordinates, filled.T, levels=levels, **style)]
        # Viewers show white seams between faces that have no edges.
        drawn[0].set(edgecolor="face", linewidth=0.3)
        between = levels[(levels > np.nanmin(filled)) & (levels < np.nanmax(filled))]
        if len(between):
            lines = {"colors": "black", "linewidths": 0.4, "alpha": 0.6, "linestyles": "solid"}
            drawn.append(panel.contour(*slice_.coordinates, filled.T, levels=between, **lines))
    else:
        # Colours cannot run smoothly to where there is no value, other than outside the outline.
        blank = ~np.isfinite(filled) & (slice_.inside if slice_.outline else True)
        shading = "nearest" if blank.any() else "gouraud"
        values = np.ma.masked_invalid(filled.T)
        drawn = [panel.pcolormesh(*slice_.coordinates, values, shading=shading, rasterized=True, **style)]
    if slice_.outline:
        edge = Path.make_compound_path(*[_closed(polygon) for polygon in slice_.outline])
        for artist in drawn:
            artist.set_clip_path(edge, panel.transData)
        drawn.append(panel.add_patch(PathPatch(edge, fill=False, edgecolor="0.2", linewidth=0.6)))
    panel.set_xlim(slice_.coordinates[0][0], slice_.coordinates[0][-1])
    panel.set_ylim(slice_.coordinates[1][0], slice_.coordinates[1][-1])
    return drawn


def _closed(polygon: np.ndarray) -> Path:
    return Path(np.concatenate([polygon, polygon[:1]]), closed=True)


def _norm(scale: Scale, kind: str) -> Normalize:
    low, high = scale.low, scale.high
    if low == high:
        low, high = low - 0.1 * (abs(low) or 1), high + 0.1 * (abs(high) or 1)
    if kind != "contour":
        return Normalize(low, high)
    slack = SLACK * (high - low)
    ticks = MaxNLocator(LEVELS, steps=[1, 2, 2.5, 5, 10]).tick_values(low + slack, high - slack)
    if scale.colours == SIGNED:
        # Zero is in the middle of a step, which is white.
        step = ticks[1] - ticks[0]
        above = step * (np.arange(max(1, np.ceil((high - slack) / step - 0.5) + 1)) + 0.5)
        ticks = np.concatenate([-above[::-1], above])
    return BoundaryNorm(ticks, 256)


def _surface(panel: Any, slice_: Slice, array: np.ndarray, scale: Scale) -> Artist:
    norm = _norm(scale, "surface")
    panel.set_zlim(norm.vmin, norm.vmax)
    style: Any = {"cmap": scale.colours, "norm": norm, "linewidth": 0.1, "rasterized": True}
    if slice_.outline:
        surface = panel.plot_trisurf(*_triangles(slice_, array), **style)
    else:
        x, y = np.meshgrid(*slice_.coordinates, indexing="ij")
        surface = panel.plot_surface(x, y, array, rcount=FACES, ccount=FACES, **style)
    surface.set_edgecolor("face")
    return surface


def _triangles(slice_: Slice, array: np.ndarray) -> tuple[Triangulation, np.ndarray]:
    """Triangles between the grid's nodes in the domain and the corners of its outline, with values at all of these."""
    step = max(1, max(array.shape) // FACES)
    coarse = np.zeros_like(slice_.inside)
    coarse[::step, ::step] = slice_.inside[::step, ::step] & np.isfinite(array[::step, ::step])
    x, y = np.meshgrid(*slice_.coordinates, indexing="ij")
    edge = np.concatenate(slice_.outline)
    nodes = np.concatenate([np.stack([x[coarse], y[coarse]], axis=1), edge])
    # Values at the edge are those of the continued array, bilinear between its nodes.
    field = RegularGridInterpolator(slice_.coordinates, np.nan_to_num(_continued(array, slice_.inside)))
    values = np.concatenate([array[coarse], field(edge)])
    # Both axes count alike, whatever their units.
    extent = np.array([s[-1] - s[0] for s in slice_.coordinates])
    faces = Triangulation(*(nodes / extent).T).triangles
    centres = nodes[faces].mean(axis=1)
    # In the domain is what an odd number of polygons surround: one around a hole takes it out.
    within = np.logical_xor.reduce([_closed(polygon).contains_points(centres) for polygon in slice_.outline])
    return Triangulation(*nodes.T, triangles=faces[within]), values


def _continued(array: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """An array continued linearly to the nodes next to the domain, so that the cells on its edge have colours."""
    known = np.pad(np.where(inside, array, np.nan), 2, constant_values=np.nan)
    n, m = array.shape

    def shifted(i: int, j: int) -> np.ndarray:
        return known[2 + i : 2 + i + n, 2 + j : 2 + j + m]

    near = np.stack([shifted(i, j) for i, j in NEIGHBOURS])
    ahead = np.stack([shifted(2 * i, 2 * j) for i, j in NEIGHBOURS])
    guesses = np.where(np.isfinite(ahead), 2 * near - ahead, near)
    counts = np.isfinite(guesses).sum(0)
    means = np.divide(np.nansum(guesses, 0), counts, where=counts > 0, out=np.full(array.shape, np.nan))
    return np.where(inside, array, means)
