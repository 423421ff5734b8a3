"""Derivatives as weighted sums of shifted function values."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
import torch

from pinnzo.derivatives.base import Discretisation, Field
from pinnzo.derivatives.evaluation import plain_sums, weighted_sums
from pinnzo.derivatives.swept_sums import swept_sums
from pinnzo.errors import SettingError, StencilError
from pinnzo.multiindex import LinearOperator, MultiIndex, Order, multi_index

MAX_NODES = 2_000_000
MAX_NUMBERS = 400_000_000  # nodes times variables: 3.2 GB

# Terms of an operator may cancel at a node; what rounding leaves there is no reason to evaluate the node.
_CANCELLED = 1e-13


class Stencil(ABC):
    """Nodes δ_j and, for each derivative, weights w_j^α: ∂^α f(x) ≈ Σ_j w_j^α f(x + δ_j).

    A stencil is *consistent* for α when Σ_j w_j^α δ_j^β / β! = [β = α] for every |β| ≤ |α|. Weights that are
    not are refused, never returned.

    Attributes:
        dimension: the number of variables D.
        nodes: the shifts δ_j, float64, (J, D).

    Example:
        >>> import pinnzo.derivatives as pd
        >>> stencil = pd.FiniteDifference(step=0.5).stencil(1)
        >>> stencil.nodes.tolist(), stencil.weights((2,)).tolist()
        ([[0.0], [-0.5], [0.5]], [-8.0, 4.0, 4.0])
    """

    dimension: int
    nodes: torch.Tensor

    @abstractmethod
    def _weights(self, index: MultiIndex) -> np.ndarray:
        """The weights of ∂^α, float64, (J,), with exact zeros where the derivative does not need the node."""

    def weights(self, order: Order) -> torch.Tensor:
        """The weights of one derivative.

        Args:
            order: a multi-index, as a tuple of D derivative orders or a mapping ``{axis: order}``.

        Returns:
            float64, (J,)

        Raises:
            ShapeError: ``order`` does not fit the D variables.
            StencilError: the stencil cannot see this derivative.
        """
        return torch.from_numpy(self._finite_weights(multi_index(order, self.dimension)))

    def _finite_weights(self, index: MultiIndex) -> np.ndarray:
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            weights = self._weights(index)
        if not np.isfinite(weights).all():
            raise StencilError(
                f"The weights of the derivative {dict(index)} ({{axis: order}}) leave the range of numbers: take a "
                "larger step, or a lower order."
            )
        return weights

    def row(self, operator: LinearOperator) -> torch.Tensor:
        """The weights of Σ_α c_α ∂^α, float64, (J,).

        Raises:
            ShapeError: a term names an axis that is not there.
            StencilError: the stencil cannot see one of the derivatives.
        """
        total = np.zeros(self.nodes.shape[0])
        size = np.zeros_like(total)
        for index, coefficient in operator.terms:
            term = coefficient * self._finite_weights(multi_index(dict(index), self.dimension))
            total += term
            size += np.abs(term)
        total[np.abs(total) <= _CANCELLED * size] = 0.0
        return torch.from_numpy(total)


class NodeSums(Discretisation):
    """Linear operators as weighted sums over nodes.

    Attributes:
        nodes: the shifts that are evaluated, float64, (J, D); the centre comes first where it is needed.
        weights: float64, (J, R).
        totals: the exact column sums Σ_j w_jr, float64, (R,).
    """

    nodes: torch.Tensor
    weights: torch.Tensor
    totals: torch.Tensor

    def apply(self, field: Field, x: torch.Tensor) -> torch.Tensor:
        """The rows of K functions at points x (P, D): (K, P, R)."""
        return weighted_sums(field, x, self.nodes.to(x), self.weights.to(x), totals=self.totals.to(x))

    def apply_to_changes(self, field: Field, x: torch.Tensor) -> torch.Tensor:
        """The rows of K small changes of a function at points x (P, D): (K, P, R)."""
        nodes, weights = self.nodes.to(x), self.weights.to(x)
        sums = swept_sums(field, x, nodes, weights)
        return plain_sums(field, x, nodes, weights) if sums is None else sums


class StencilDiscretisation(NodeSums):
    """Linear operators on the nodes of a stencil; nodes that no operator needs are left out.

    The identity (alone or as a term u of an operator) is the function's value at the point itself, never a
    smoothed one.
    """

    def __init__(self, stencil: Stencil, rows: Sequence[LinearOperator]) -> None:
        self.rows = tuple(rows)
        nodes = stencil.nodes
        weights = torch.zeros(len(self.rows), nodes.shape[0], dtype=torch.float64)
        identity = torch.zeros(len(self.rows), dtype=torch.float64)
        for r, operator in enumerate(self.rows):
            identity[r] = dict(operator.terms).get((), 0.0)
            weights[r] = stencil.row(LinearOperator.from_terms(t for t in operator.terms if t[0]))
        totals = weights.sum(1)
        totals[totals.abs() <= _CANCELLED * weights.abs().sum(1)] = 0.0
        centre = (nodes == 0).all(1)
        used = (weights != 0).any(0)
        # Without any node there would be no K to answer with.
        if identity.any() or (used & centre).any() or not used.any():
            at_centre = weights[:, centre].sum(1) + identity
            used = used & ~centre
            self.nodes = torch.cat([nodes.new_zeros(1, nodes.shape[1]), nodes[used]])
            self.weights = torch.cat([at_centre[None], weights[:, used].T])
        else:
            self.nodes, self.weights = nodes[used], weights[:, used].T.contiguous()
        self.totals = totals + identity
        self.evaluations_per_point = self.nodes.shape[0]


class Smoothing(NodeSums):
    """The mean Σ_j w_j f(x + δ_j) that stands for E f(x + σz), by a stencil's weights of order zero."""

    def __init__(self, stencil: Stencil) -> None:
        self.rows = (LinearOperator.derivative(()),)
        weights = stencil.weights({})
        used = weights != 0
        self.nodes, self.weights = stencil.nodes[used], weights[used, None]
        self.totals = weights.sum()[None]
        self.evaluations_per_point = self.nodes.shape[0]


def check_dimension(dimension: int) -> None:
    """Refuse a number of variables that is no whole number of at least 1.

    Raises:
        SettingError: it is none.
    """
    if isinstance(dimension, bool) or not isinstance(dimension, (int, np.integer)) or not 1 <= dimension <= MAX_NUMBERS:
        raise SettingError(
            f"dimension is {dimension!r}, but a stencil needs at least one variable, a whole number of them, and at "
            f"most {MAX_NUMBERS:,}."
        )


def check_size(count: int, dimension: int, remedy: str, *, limit: int = MAX_NODES) -> None:
    """Refuse a stencil that takes too long or does not fit into memory, before it is built.

    Raises:
        StencilError: more than ``limit`` nodes, or more than 4e8 node coordinates.
    """
    if count > limit or count * dimension > MAX_NUMBERS:
        raise StencilError(
            f"This stencil would have {count:,} nodes in {dimension} variables; the limit is {limit:,} "
            f"nodes and {MAX_NUMBERS:,} node coordinates. {remedy}"
        )
