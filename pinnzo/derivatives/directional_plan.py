"""Which directions the operators of an equation take, and which of them have to be random."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from pinnzo.derivatives.directional_sums import DirectionalSums
from pinnzo.derivatives.families import Distribution, Family, identity_factor, signed_factors
from pinnzo.derivatives.stencil import NodeSums
from pinnzo.errors import ShapeError, StencilError
from pinnzo.multiindex import LinearOperator, MultiIndex, degree


@dataclass
class _Parts:
    """An operator sorted by order: c₀ + b·∇ + Σ C_ij ∂_i∂_j + c Δ² on some axes."""

    identity: float = 0.0
    first: dict[int, float] = field(default_factory=dict)
    second: dict[tuple[int, int], float] = field(default_factory=dict)
    fourth: dict[MultiIndex, float] = field(default_factory=dict)

    @classmethod
    def of(cls, operator: LinearOperator, dimension: int) -> _Parts:
        parts = cls()
        for index, c in operator.terms:
            if any(not 0 <= axis < dimension for axis, _ in index):
                raise ShapeError(f"An operator has the derivative {dict(index)}, but the axes are 0 … {dimension - 1}.")
            axes = [axis for axis, m in index for _ in range(m)]
            if not axes:
                parts.identity = c
            elif len(axes) == 1:
                parts.first[axes[0]] = c
            elif len(axes) == 2:
                parts.second[axes[0], axes[1]] = c
            elif degree(index) == 4:
                parts.fourth[index] = c
            else:
                raise StencilError(
                    f"RandomDirections knows first and second derivatives and the biharmonic operator, but not "
                    f"{dict(index)} ({{axis: order}}): use FiniteDifference or SmolyakStein."
                )
        return parts

    def biharmonic(self) -> tuple[tuple[int, ...], float]:
        """The axes and the factor of c Δ².

        Raises:
            StencilError: the terms of fourth order are not of this form.
        """
        axes = tuple(sorted({axis for index in self.fourth for axis, _ in index}))
        c = self.fourth.get(((axes[0], 4),), 0.0)
        if self.fourth != {index: c * factor for index, factor in LinearOperator.biharmonic(axes).terms}:
            raise StencilError(
                "RandomDirections knows no other operator of fourth order than the biharmonic Δ², since the mean of a "
                "fourth derivative along random directions is one of those: use FiniteDifference or SmolyakStein."
            )
        return axes, c


class DirectionalPlan:
    """The directions of some operators, before random ones are drawn.

    Args:
        rows: operators of first and second order, and biharmonic ones.
        norms: for squared gradients the axes of each.
        step: h, (D,).
        count: the number V of random directions.
        distribution: of them.
        replacement: whether coordinates may be drawn twice.

    Attributes:
        random_rows: which rows have something random in them.
        random_norms: which norms have.

    Raises:
        ShapeError: an operator or a norm names an axis that is not there.
        StencilError: an operator has other derivatives, or its estimate would be biased, or there would be more than
            2,000,000 nodes or 4e8 numbers in the directions.
    """

    def __init__(
        self,
        rows: Sequence[LinearOperator],
        norms: Sequence[tuple[int, ...]],
        step: np.ndarray,
        count: int,
        distribution: Distribution,
        replacement: bool,
    ) -> None:
        self.rows, self.norms, self.step = tuple(rows), tuple(norms), step
        self._count, self._replacement = count, replacement
        self._distribution: Distribution = distribution
        self._families: dict[bytes, Family] = {}
        # (order, family, row, coefficient): Σ_w D^order_w f times the coefficient.
        self._moments: list[tuple[int, bytes, int, float]] = []
        self._exact: list[tuple[np.ndarray, int]] = []
        # (family, vectors b as columns (D, n), their rows): Σ_w (b·w) D_w f.
        self._projected: list[tuple[bytes, np.ndarray, list[int]]] = []
        self._identity = np.zeros(len(self.rows))
        first: dict[tuple[tuple[int, float], ...], list[int]] = {}
        sorted_rows = [_Parts.of(operator, len(step)) for operator in self.rows]
        for axis in (axis for axes in self.norms for axis in axes):
            if not 0 <= axis < len(step):
                raise ShapeError(f"A squared gradient names axis {axis}, but the axes are 0 … {len(step) - 1}.")
        for r, parts in enumerate(sorted_rows):
            if parts.fourth:
                self._add_biharmonic(r, *parts.biharmonic())
        for r, parts in enumerate(sorted_rows):
            self._identity[r] = parts.identity
            for scale, factor in signed_factors(parts.second, len(step)) if parts.second else ():
                self._moments.append((2, self._family(factor), r, scale))
            if parts.first:
                first.setdefault(tuple(sorted(parts.first.items())), []).append(r)
        self._norm_families = [self._family(identity_factor(axes, len(step))) for axes in self.norms]
        self._add_first(first)
        random = {key for key, family in self._families.items() if not family.complete}
        self.random_rows = frozenset(
            [r for _, key, r, _ in self._moments if key in random]
            + [r for key, _, rows in self._projected if key in random for r in rows]
        )
        self.random_norms = frozenset(n for n, key in enumerate(self._norm_families) if key in random)

    def draw(self, generator: torch.Generator) -> DirectionalDiscretisation:
        """Draw the random directions and set the sums up."""
        drawn = {key: family.draw(generator) for key, family in self._families.items()}
        projections = [drawn[key] for key in self._norm_families]
        sums = DirectionalSums(self.step, len(self.rows) + sum(map(len, projections)))
        sums.identity[: len(self.rows)] = self._identity
        for order, key, row, coefficient in self._moments:
            for w in drawn[key]:
                sums.add(order, w, [row], coefficient)
        for b, row in self._exact:
            sums.add(1, b, [row], 1.0)
        for key, vectors, rows in self._projected:
            # E Σ_w (b·w) w·g = b·g for a family of the identity.
            for w, shares in zip(drawn[key], drawn[key] @ vectors, strict=True):
                sums.add(1, w, rows, shares)
        column = len(self.rows)
        for directions in projections:
            for w in directions:
                sums.add(1, w, [column], 1.0)
                column += 1
        held = [torch.from_numpy(w[:, list(axes)]) for w, axes in zip(projections, self.norms, strict=True)]
        return DirectionalDiscretisation(self, held, *sums.collect())

    def _family(self, factor: np.ndarray, *, mixed: bool = False) -> bytes:
        key = bytes([mixed]) + factor.tobytes()
        if key not in self._families:
            if not mixed:
                family = Family.of(factor, self._count, self._distribution, self._replacement)
                # Gaussian directions that another operator needs anyway serve this one too.
                other = bytes([True]) + factor.tobytes()
                if other in self._families and not family.complete:
                    return other
            else:
                family = Family.of(factor, self._count, "gaussian", False, mixed=True)
            self._families[key] = family
        return key

    def _add_biharmonic(self, row: int, axes: tuple[int, ...], c: float) -> None:
        factor = identity_factor(axes, len(self.step))
        if len(axes) == 1:
            self._moments.append((4, self._family(factor), row, c))
            return
        if self._distribution != "gaussian":
            raise StencilError(
                f"RandomDirections with distribution={self._distribution!r} would be biased for the biharmonic "
                'operator: only Gaussian directions have E[v_i⁴] = 3. Use distribution="gaussian".'
            )
        # A family of V directions has the factor V^-1/2 in each of them, and E D⁴f(v, v, v, v) = 3 Δ²f.
        self._moments.append((4, self._family(factor, mixed=True), row, c * self._count / 3))

    def _add_first(self, vectors: dict[tuple[tuple[int, float], ...], list[int]]) -> None:
        """Directional derivatives: each by itself where they are few, else from a family's directions."""
        left = dict(vectors)
        for key, family in list(self._families.items()):
            axes = _axes_of_identity(family.factor)
            if family.complete or axes is None:
                continue
            inside = {b: rows for b, rows in left.items() if axes.issuperset(axis for axis, _ in b)}
            if len(inside) > self._count:
                self._project(inside, key)
                left = {b: rows for b, rows in left.items() if b not in inside}
        if len(left) > self._count:
            support = sorted({axis for b in left for axis, _ in b})
            self._project(left, self._family(identity_factor(support, len(self.step))))
            return
        for b, rows in left.items():
            self._exact += [(self._vector(b), row) for row in rows]

    def _project(self, vectors: dict[tuple[tuple[int, float], ...], list[int]], key: bytes) -> None:
        pairs = [(b, row) for b, rows in vectors.items() for row in rows]
        columns = np.stack([self._vector(b) for b, _ in pairs], axis=1)
        self._projected.append((key, columns, [row for _, row in pairs]))

    def _vector(self, entries: tuple[tuple[int, float], ...]) -> np.ndarray:
        vector = np.zeros(len(self.step))
        for axis, c in entries:
            vector[axis] = c
        return vector


class DirectionalDiscretisation(NodeSums):
    """Operators on drawn directions, then the projected gradients of the norms.

    After the R columns of the rows come, norm after norm, those of w_k·∇f for its directions w_k. The sum of their
    squares has the mean Σ_i (∂_i f)² over the axes of the norm.

    Attributes:
        projections: for each norm the directions' entries at its axes, (V, axes), or all axes where they are few.
    """

    def __init__(
        self,
        plan: DirectionalPlan,
        projections: Sequence[torch.Tensor],
        nodes: torch.Tensor,
        weights: torch.Tensor,
        totals: torch.Tensor,
    ) -> None:
        self.plan, self.rows = plan, plan.rows
        self.projections = tuple(projections)
        self.nodes, self.weights, self.totals = nodes, weights, totals
        self.random_rows, self.random_norms = plan.random_rows, plan.random_norms
        self.evaluations_per_point = len(nodes)

    def drawn(self, generator: torch.Generator) -> DirectionalDiscretisation:
        """The same operators on fresh directions."""
        return self.plan.draw(generator)


def _axes_of_identity(factor: np.ndarray) -> set[int] | None:
    """The axes on which a factor is that of the identity, if it is one."""
    rows, axes = np.nonzero(factor)
    plain = len(rows) == len(factor) and bool((factor[rows, axes] == 1.0).all())
    return {int(axis) for axis in axes} if plain else None
