"""Central finite differences of any derivative, mixed ones included."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations, product
from typing import Any

import numpy as np
import sympy as sp
import torch

from pinnzo.derivatives.base import Estimator
from pinnzo.derivatives.stencil import Stencil, StencilDiscretisation, check_dimension, check_size
from pinnzo.derivatives.steps import Scale, Step, balanced_steps, check_step, per_variable
from pinnzo.errors import SettingError, StencilError
from pinnzo.multiindex import LinearOperator, MultiIndex, Order, multi_index


@dataclass(frozen=True)
class FiniteDifference(Estimator):
    """Central finite differences.

    Along one axis, ∂^m takes 2⌊(m + 1)/2⌋ − 1 + p points around the centre and has an error of O(h^p); mixed
    derivatives are tensor products of these, and nodes that derivatives share are evaluated once.

    Attributes:
        step: the grid spacing h > 0 in the units of the variables; a tuple gives one for each variable, "auto" balances
            truncation against rounding for the equation, the domain and the dtype.
        order: the order of accuracy p, 2 or 4.

    Raises:
        SettingError: a setting has no meaning.

    References:
        Fornberg, Generation of finite difference formulas on arbitrarily spaced grids, Math. Comp. 51 (1988).

    Example:
        >>> points = torch.tensor([[1.0, 2.0]], dtype=torch.float64)
        >>> estimator = FiniteDifference(step=0.1, order=4)
        >>> estimator.derivatives(lambda x: x[:, 0] ** 3 * x[:, 1], points, [(2, 1)])
        tensor([[6.0000]], dtype=torch.float64)
    """

    step: Step = 0.02
    order: int = 2

    def __post_init__(self) -> None:
        if not isinstance(self.order, (int, np.integer)) or self.order not in (2, 4):
            raise SettingError(f"order is {self.order!r}, but the order of accuracy has to be 2 or 4.")
        check_step("step", self.step)

    def fitted(
        self, rows: Sequence[LinearOperator], scale: Scale, dtype: torch.dtype, noise: float = 0.0
    ) -> FiniteDifference:
        """The same with numbers in place of "auto"."""
        if self.step != "auto":
            return self
        return replace(self, step=tuple(balanced_steps(rows, scale, dtype, self.order, noise)))

    def stencil(self, dimension: int, orders: Iterable[Order] | None = None) -> FiniteDifferenceStencil:
        """Collect the nodes that the given derivatives need.

        Args:
            dimension: the number of variables D.
            orders: multi-indices, each a tuple of D derivative orders or a mapping ``{axis: order}``; by
                default all with |α| ≤ 2.

        Raises:
            SettingError: ``step`` has another number of entries.
            ShapeError: an order does not fit the D variables.
            StencilError: there would be more than 2,000,000 nodes or 4e8 node coordinates.

        Example:
            >>> FiniteDifference().stencil(3).nodes.shape, FiniteDifference().stencil(3, [{0: 2}]).nodes.shape
            (torch.Size([19, 3]), torch.Size([3, 3]))
        """
        check_dimension(dimension)
        if orders is None:
            pairs = dimension * (dimension - 1) // 2
            _check_size(1 + self.order * dimension + self.order**2 * pairs, dimension, self.order)
            axes = range(dimension)
            indices: list[MultiIndex] = [()]
            indices += [((axis, m),) for axis in axes for m in (1, 2)]
            indices += [((i, 1), (j, 1)) for i, j in combinations(axes, 2)]
        else:
            indices = [multi_index(order, dimension) for order in orders]
        return FiniteDifferenceStencil(self, dimension, indices)

    def discretise(self, rows: Sequence[LinearOperator], dimension: int) -> StencilDiscretisation:
        """Prepare linear operators; only the nodes that they need are evaluated.

        Raises:
            StencilError: that would take too many nodes.
        """
        orders = {index: None for row in rows for index, _ in row.terms}
        return StencilDiscretisation(self.stencil(dimension, [dict(index) for index in orders]), rows)


class FiniteDifferenceStencil(Stencil):
    """The nodes of the given derivatives and their weights."""

    def __init__(self, settings: FiniteDifference, dimension: int, indices: Iterable[MultiIndex]) -> None:
        self.settings = settings
        self.dimension = dimension
        self.step = per_variable("step", settings.step, dimension)
        self.indices = frozenset(indices)
        # Offsets in units of the step, as pairs (axis, offset) without zeros; the centre is node 0.
        offsets: dict[tuple[tuple[int, int], ...], int] = {(): 0}
        for index in sorted(self.indices, key=lambda index: (len(index), index)):
            for offset, _ in _terms(index, settings.order):
                offsets.setdefault(offset, len(offsets))
            _check_size(len(offsets), dimension, settings.order)
        self._offsets = offsets
        shifts = np.zeros((len(offsets), dimension))
        for offset, j in offsets.items():
            for axis, k in offset:
                shifts[j, axis] = k * self.step[axis]
        self.nodes = torch.from_numpy(shifts)

    def _weights(self, index: MultiIndex) -> np.ndarray:
        if index not in self.indices:
            raise StencilError(
                f"This finite-difference stencil was not built for the derivative {dict(index)} "
                f"({{axis: order}}): name it in FiniteDifference(…).stencil({self.dimension}, orders=[…])."
            )
        weights = np.zeros(len(self._offsets))
        scale = np.prod([self.step[axis] ** m for axis, m in index])
        for offset, coefficient in _terms(index, self.settings.order):
            weights[self._offsets[offset]] = coefficient / scale
        return weights


def _check_size(count: int, dimension: int, accuracy: int) -> None:
    check_size(
        count,
        dimension,
        "Pass orders=[…] with the derivatives that are needed; first and pure second derivatives take "
        f"{1 + accuracy * dimension:,} nodes.",
    )


def _terms(index: MultiIndex, accuracy: int) -> Iterable[tuple[tuple[tuple[int, int], ...], float]]:
    """The offsets and coefficients of a derivative for a step of 1: the tensor product over its axes."""
    factors = [_central(m, accuracy) for _, m in index]
    for choice in product(*factors):
        offset = tuple((axis, k) for (axis, _), (k, _) in zip(index, choice, strict=True) if k)
        yield offset, float(np.prod([c for _, c in choice]))


@lru_cache
def _central(derivative: int, accuracy: int) -> tuple[tuple[int, float], ...]:
    """The (offset, coefficient) pairs of ∂^m on the fewest central points, without zeros."""
    half = (derivative + 1) // 2 - 1 + accuracy // 2
    points = range(-half, half + 1)
    at: Any = sp.S.Zero  # SymPy's annotation knows only its default
    coefficients = sp.finite_diff_weights(derivative, list(points), at)[derivative][-1]
    return tuple((k, float(c)) for k, c in zip(points, coefficients, strict=True) if c)
