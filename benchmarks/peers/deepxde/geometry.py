"""A geometry for points of a law of one's own: DeepXDE's geometries know uniform ones."""

from __future__ import annotations

from collections.abc import Callable

import deepxde as dde
import numpy as np


class Cloud(dde.geometry.geometry.Geometry):
    """Points that a function draws, without a boundary on which anything is asked for.

    Args:
        dimension: of the points, time included.
        draw: the points (N, D), of a generator that DeepXDE's seed has started, and their number.
    """

    def __init__(self, dimension: int, draw: Callable[[np.random.Generator, int], np.ndarray]) -> None:
        everywhere = np.full(dimension, np.inf)
        super().__init__(dimension, (-everywhere, everywhere), np.inf)
        self.draw = draw
        self.rng = np.random.default_rng(dde.config.random_seed)

    def inside(self, x: np.ndarray) -> np.ndarray:
        return np.full(len(x), True)

    def on_boundary(self, x: np.ndarray) -> np.ndarray:
        return np.full(len(x), False)

    def random_points(self, n: int, random: str = "pseudo") -> np.ndarray:
        return self.draw(self.rng, n).astype(dde.config.real(np))

    def random_boundary_points(self, n: int, random: str = "pseudo") -> np.ndarray:
        raise NotImplementedError("A cloud of points has no boundary.")
