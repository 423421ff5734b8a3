"""The edge of the domain in a plane."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from contourpy import contour_generator

from pinnzo.slices.places import bisect


def outline(
    held: np.ndarray, coordinates: Sequence[np.ndarray], inside: Callable[[np.ndarray], np.ndarray]
) -> tuple[np.ndarray, ...]:
    """Closed polygons around the part of a plane that lies in the domain, holes included.

    They are traced on the grid, and every corner is then moved along its grid line to where the domain ends.

    Args:
        held: which nodes of the grid are in the domain, (n, m), bool.
        coordinates: of the grid, (n,) and (m,).
        inside: which points of the plane (k, 2) are in the domain, (k,).

    Returns:
        One array (k, 2) of corners for each polygon.
    """
    # A frame of nodes outside closes the polygons at the ends of the grid. All of this is in node numbers.
    framed = np.pad(held, 1)
    loops = [np.asarray(loop)[:, ::-1] - 1 for loop in contour_generator(z=framed.astype(float)).lines(0.5)]
    last = np.array(held.shape) - 1

    def plane(nodes: np.ndarray) -> np.ndarray:
        return np.stack([np.interp(n, np.arange(len(c)), c) for n, c in zip(nodes.T, coordinates, strict=True)], axis=1)

    polygons = []
    for loop in loops:
        ends = np.stack([np.floor(loop), np.ceil(loop)]).astype(int)
        # Every corner is between two nodes, of which one is in the domain.
        first = framed[tuple((ends[0] + 1).T)][:, None]
        within, without = np.where(first, ends[0], ends[1]), np.where(first, ends[1], ends[0])
        beyond = ((without < 0) | (without > last)).any(axis=1)[:, None]
        without = np.where(beyond, within, without)
        polygons.append(plane(bisect(within.astype(float), without.astype(float), lambda nodes: inside(plane(nodes)))))
    return tuple(polygons)
