"""The nodes and weights of Stein's derivative estimator on a sparse grid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from pinnzo.derivatives.combination import Combination, Factor
from pinnzo.derivatives.growth import MAX_LEVEL, NodeTable, lowest_level
from pinnzo.derivatives.sparse_grid import SparseGrid
from pinnzo.derivatives.stencil import MAX_NUMBERS, Stencil, check_size
from pinnzo.derivatives.steps import per_variable
from pinnzo.derivatives.summed_grids import count_nodes
from pinnzo.errors import StencilError
from pinnzo.multiindex import MultiIndex, degree

if TYPE_CHECKING:
    from pinnzo.derivatives.smolyak import SmolyakStein


class SmolyakStencil(Stencil):
    """The nodes and weights of ``SmolyakStein`` in D variables.

    ``weights`` of order zero are the quadrature weights w_j of the Gaussian measure N(0, σ²). Those of ∂^α are
    products of four parts: a coefficient of the combination (see ``Combination``), the 1-D weights of the node's
    non-zero coordinates, He_{α_i} of its coordinates along the axes of the derivative, and ∏_i σ_i^{−α_i}.

    Attributes:
        levels: the largest 1-D level of each variable, D numbers.
        sigma: the smoothing step of each variable, (D,).
    """

    def __init__(self, settings: SmolyakStein, dimension: int) -> None:
        self.settings = settings
        self.dimension = dimension
        self.sigma = per_variable("sigma", settings.sigma, dimension)
        levels = per_variable("level", settings.level, dimension)
        self.levels = tuple(int(level) for level in levels)
        _check_size(settings, count_nodes(self.levels, settings.growth, dimension), dimension)
        self._table = NodeTable.build(max(self.levels), settings.growth)
        self._grid = SparseGrid.build(self.levels, settings.growth, self._table)
        self._combination = Combination(self.levels, self._table.ratios)
        self._with_zeros: dict[tuple[Factor, ...], np.ndarray] = {}
        shifts = self._table.z[self._grid.codes]
        shifts *= self.sigma[:, None]
        self.nodes = torch.from_numpy(np.ascontiguousarray(shifts.T))

    def _weights(self, index: MultiIndex) -> np.ndarray:
        grid, growth = self._grid, self.settings.growth
        needed = {axis: lowest_level(m, growth) for axis, m in index}
        total = 1 + sum(level - 1 for level in needed.values())
        if max(self.levels) < total or any(self.levels[axis] < level for axis, level in needed.items()):
            raise StencilError(self._refusal(index, needed, total))
        resolved = max(self.levels) < degree(index) + 1
        zeros = [(self.levels[axis], 0, needed[axis] if resolved else 1) for axis, _ in index]
        hermite = [self._table.hermite(m) / self.sigma[axis] ** m for axis, m in index]
        weights = self._weights_with_zeros(tuple(sorted(zeros))) * np.prod([values[0] for values in hermite])
        codes = grid.codes[[axis for axis, _ in index]]
        # Most nodes have zeros along the axes of the derivative, and all axes share what is known about those.
        moved = np.flatnonzero(codes.any(0)) if index else np.zeros(0, dtype=np.intp)
        codes = codes[:, moved]
        values = grid.weight[moved] * self._coefficients(moved, codes, zeros)
        for factors, along in zip(hermite, codes, strict=True):
            values *= factors[along]
        weights[moved] = values
        return weights

    def _weights_with_zeros(self, factors: tuple[Factor, ...]) -> np.ndarray:
        """The weights without the He values that nodes have if they are zero along the axes of ``factors``."""
        if factors not in self._with_zeros:
            grid = self._grid
            by_signature = [self._combination.coefficient(signature, factors) for signature in grid.signatures]
            self._with_zeros[factors] = np.array(by_signature)[grid.signature] * grid.weight
        return self._with_zeros[factors]

    def _coefficients(self, nodes: np.ndarray, codes: np.ndarray, zeros: Sequence[Factor]) -> np.ndarray:
        """The coefficients of nodes with the given 1-D nodes along the axes of a derivative, (A,)."""
        kinds = self._table.kind[codes]
        group = self._grid.signature[nodes].astype(np.int64)
        first = np.arange(len(nodes))
        # Nodes of one signature and the same kinds along these axes share their coefficient. Numbering the groups anew
        # after each axis keeps the numbers small.
        for row in kinds:
            group = group * len(self._table.ratios) + row
            _, first, group = np.unique(group, return_index=True, return_inverse=True)
        found = np.zeros(len(first))
        for k, j in enumerate(first):
            rest = list(self._grid.signatures[self._grid.signature[nodes[j]]])
            factors = []
            for (cap, _, lowest), kind in zip(zeros, kinds[:, j].tolist(), strict=True):
                if kind:
                    rest.remove((cap, kind))
                factors.append((cap, kind, lowest))
            found[k] = self._combination.coefficient(tuple(rest), tuple(factors))
        return found[group]

    def _refusal(self, index: MultiIndex, needed: dict[int, int], total: int) -> str:
        settings = self.settings
        odd = 1 + sum(lowest_level(m, "odd") - 1 for _, m in index)
        possible = max(total, *needed.values()) <= MAX_LEVEL[settings.growth]
        other = f'level={odd} with growth="odd"' if odd < total else "FiniteDifference"
        level = settings.level
        if isinstance(level, tuple) and len(level) > 8:
            level = f"({', '.join(map(str, level[:8]))}, …)"
        reason = (
            f"SmolyakStein(level={level}, growth={settings.growth!r}) cannot see the derivative "
            f"{dict(index)} ({{axis: order}}): order m along an axis takes a 1-D rule that is exact to degree 2m (a "
            "Gauss rule of m + 1 points), and no tensor grid of this level has that along every axis of the derivative."
        )
        if not possible:
            return f"{reason} Rules of this growth end at level {MAX_LEVEL[settings.growth]}; use {other}."
        if isinstance(settings.level, tuple):
            entries = ", ".join(f"{level} for axis {axis}" for axis, level in needed.items())
            return (
                f"{reason} It needs a level of at least {entries}, and a largest level of at least {total}, with "
                f"growth={settings.growth!r}; raise these entries of level, or use {other}."
            )
        return f"{reason} It needs level={total} with growth={settings.growth!r}; use that, or {other}."


def _check_size(settings: SmolyakStein, count: int, dimension: int) -> None:
    """Refuse a grid that is too large, with what to do about it."""
    ways = []
    if count * dimension <= MAX_NUMBERS:
        ways.append(f"Raise the limit with max_nodes={count:_} if time and memory allow it, or take fewer nodes:")
    else:
        ways.append("Take fewer nodes:")
    ways.append(
        f'SmolyakStein(level=2, growth="odd") has {2 * dimension + 1:,} and sees first and pure second derivatives; '
        "FiniteDifference builds only those that an equation's derivatives need; RandomDirections(16) draws 16 "
        "random directions."
    )
    check_size(count, dimension, " ".join(ways), limit=settings.max_nodes)
