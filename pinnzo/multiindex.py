"""Multi-indices and the linear differential operators that are written with them."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TypeAlias

from pinnzo.errors import ShapeError

MultiIndex: TypeAlias = "tuple[tuple[int, int], ...]"
"""A derivative ∂^α as pairs (axis, order), sorted by axis, without zeros: ``()`` is the value itself."""

Order: TypeAlias = "Sequence[int] | Mapping[int, int]"
"""How users write a multi-index: D derivative orders, or ``{axis: order}``."""


def multi_index(order: Order, dimension: int) -> MultiIndex:
    """Bring a user's multi-index into the canonical form.

    Args:
        order: a tuple of ``dimension`` derivative orders, or a mapping ``{axis: order}``.
        dimension: the number of variables D.

    Returns:
        The pairs (axis, order) with order > 0, sorted by axis.

    Raises:
        ShapeError: the tuple has another length than D, or an axis or order is out of range.

    Example:
        >>> multi_index((0, 2, 1), 3)
        ((1, 2), (2, 1))
        >>> multi_index({2: 1}, 3)
        ((2, 1),)
    """
    try:
        if isinstance(order, Mapping):
            pairs = [(operator.index(axis), operator.index(n)) for axis, n in order.items()]
        else:
            pairs = [(axis, operator.index(n)) for axis, n in enumerate(order)]
    except TypeError:
        raise ShapeError(
            f"order is {order!r}: give one derivative order for each variable, a whole number, or a mapping "
            "{axis: order}."
        ) from None
    if not isinstance(order, Mapping) and len(pairs) != dimension:
        raise ShapeError(
            f"order has {len(pairs)} entries, but there are {dimension} variables: give one derivative "
            "order for each variable, or a mapping {axis: order}."
        )
    for axis, n in pairs:
        if not 0 <= axis < dimension:
            raise ShapeError(f"order names axis {axis}, but the axes are 0 … {dimension - 1}.")
        if n < 0:
            raise ShapeError(f"order asks for derivative {n} along axis {axis}: orders are 0 or more.")
    return tuple(sorted((axis, n) for axis, n in pairs if n))


def degree(index: MultiIndex) -> int:
    """The total order |α|."""
    return sum(n for _, n in index)


def add(first: MultiIndex, second: MultiIndex) -> MultiIndex:
    """The multi-index of ∂^α ∂^β, which is α + β."""
    total = dict(first)
    for axis, n in second:
        total[axis] = total.get(axis, 0) + n
    return tuple(sorted(total.items()))


def sub_indices(index: MultiIndex) -> Iterator[tuple[MultiIndex, MultiIndex, int]]:
    """All (β, α − β, binomial coefficient C(α, β)) with β ≤ α: the terms of the product rule for ∂^α."""
    axes = [axis for axis, _ in index]
    orders = [n for _, n in index]
    for lower in product(*(range(n + 1) for n in orders)):
        beta = tuple((axis, k) for axis, k in zip(axes, lower, strict=True) if k)
        rest = tuple((axis, n - k) for axis, n, k in zip(axes, orders, lower, strict=True) if n > k)
        yield beta, rest, math.prod(math.comb(n, k) for n, k in zip(orders, lower, strict=True))


@dataclass(frozen=True)
class LinearOperator:
    """A linear differential operator with constant coefficients, Σ_α c_α ∂^α.

    Attributes:
        terms: pairs (α, c_α), sorted by α, with c_α ≠ 0.

    Example:
        >>> LinearOperator.laplacian(range(2))
        LinearOperator(terms=((((0, 2),), 1.0), (((1, 2),), 1.0)))
    """

    terms: tuple[tuple[MultiIndex, float], ...]

    @classmethod
    def from_terms(cls, terms: Mapping[MultiIndex, float] | Iterable[tuple[MultiIndex, float]]) -> LinearOperator:
        """Sum up terms that share a multi-index and drop those that cancel."""
        total: dict[MultiIndex, float] = {}
        pairs: Iterable[tuple[MultiIndex, float]] = terms.items() if isinstance(terms, Mapping) else terms  # pyright: ignore[reportAssignmentType]
        for index, coefficient in pairs:
            total[index] = total.get(index, 0.0) + float(coefficient)
        return cls(tuple(sorted((index, c) for index, c in total.items() if c)))

    @classmethod
    def derivative(cls, index: MultiIndex) -> LinearOperator:
        """The single derivative ∂^α; ``()`` gives the identity."""
        return cls(((index, 1.0),))

    @classmethod
    def laplacian(cls, axes: Iterable[int]) -> LinearOperator:
        """Σ_i ∂_i² over the given axes."""
        return cls.from_terms((((axis, 2),), 1.0) for axis in axes)

    @classmethod
    def directional(cls, direction: Sequence[float] | Mapping[int, float]) -> LinearOperator:
        """b·∇ for a constant vector b, given by its D entries or as ``{axis: entry}``.

        Example:
            >>> LinearOperator.directional([2, 0, -1])
            LinearOperator(terms=((((0, 1),), 2.0), (((2, 1),), -1.0)))
        """
        entries = direction.items() if isinstance(direction, Mapping) else enumerate(direction)
        return cls.from_terms((((int(axis), 1),), float(c)) for axis, c in entries)

    @classmethod
    def diffusion(cls, matrix: Sequence[Sequence[float]], axes: Sequence[int] | None = None) -> LinearOperator:
        """∇·(A∇) for a constant matrix A over the given axes, by default 0, 1, ….

        Example:
            >>> LinearOperator.diffusion([[2, 1], [1, 3]])
            LinearOperator(terms=((((0, 1), (1, 1)), 2.0), (((0, 2),), 2.0), (((1, 2),), 3.0)))
        """
        at = range(len(matrix)) if axes is None else axes
        if any(len(row) != len(matrix) for row in matrix) or len(at) != len(matrix):
            raise ShapeError(f"matrix has {len(matrix)} rows, but needs as many columns, and one of the axes for each.")
        return cls.from_terms(
            (add(((i, 1),), ((j, 1),)), float(c))
            for i, row in zip(at, matrix, strict=True)
            for j, c in zip(at, row, strict=True)
        )

    @classmethod
    def biharmonic(cls, axes: Iterable[int]) -> LinearOperator:
        """Δ² = Σ_ij ∂_i²∂_j² over the given axes.

        Example:
            >>> LinearOperator.biharmonic(range(2))
            LinearOperator(terms=((((0, 2), (1, 2)), 2.0), (((0, 4),), 1.0), (((1, 4),), 1.0)))
        """
        known = list(axes)
        return cls.from_terms((add(((i, 2),), ((j, 2),)), 1.0) for i in known for j in known)

    @property
    def order(self) -> int:
        """The highest |α| among the terms."""
        return max((degree(index) for index, _ in self.terms), default=0)

    @property
    def is_identity(self) -> bool:
        """Whether the operator is u ↦ u."""
        return self.terms == (((), 1.0),)
