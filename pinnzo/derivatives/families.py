"""Families of directions whose second moments add up to a given matrix, drawn at random or complete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
import torch

from pinnzo.derivatives.stencil import MAX_NUMBERS, check_size
from pinnzo.errors import StencilError

Distribution: TypeAlias = Literal["rademacher", "gaussian", "coordinates"]


@dataclass(frozen=True, eq=False)
class Family:
    """Directions w_k with E Σ_k w_k w_kᵀ = L Lᵀ.

    So Σ_k w_kᵀ H w_k has the mean tr(L Lᵀ H), and Σ_k (w_k·g)² the mean |Lᵀ g|².

    Attributes:
        factor: the columns of L that are not zero, as rows (R, D).
        count: the number V of directions that are drawn.
        distribution: of the coefficients that mix the columns; "coordinates" takes some of the columns as they are.
        replacement: whether a column may be taken twice.
        complete: whether all R columns are used, so that nothing is random; by default where they are no more than V.
    """

    factor: np.ndarray
    count: int
    distribution: Distribution
    replacement: bool = False
    complete: bool = field(default=False)

    @classmethod
    def of(
        cls, factor: np.ndarray, count: int, distribution: Distribution, replacement: bool, *, mixed: bool = False
    ) -> Family:
        """A family that is complete where its rank allows it, unless ``mixed``."""
        complete = len(factor) <= count and not mixed
        if not complete:
            check_size(2 * count + 1, factor.shape[1], "Take fewer directions.")
        return cls(factor, count, distribution, replacement, complete)

    def draw(self, generator: torch.Generator) -> np.ndarray:
        """Directions w_k, (V, D), or (R, D) where the family is complete."""
        rank, count = len(self.factor), self.count
        if self.complete:
            return self.factor
        if self.distribution == "coordinates":
            if self.replacement:
                chosen = torch.randint(rank, (count,), generator=generator, device=generator.device)
            else:
                chosen = torch.randperm(rank, generator=generator, device=generator.device)[:count]
            return self.factor[chosen.cpu().numpy()] * (rank / count) ** 0.5
        shape = (count, rank)
        if self.distribution == "gaussian":
            mix = torch.randn(shape, generator=generator, dtype=torch.float64, device=generator.device)
        else:
            mix = 2.0 * torch.randint(2, shape, generator=generator, device=generator.device).double() - 1.0
        return mix.cpu().numpy() @ self.factor / count**0.5


def identity_factor(axes: Sequence[int], dimension: int) -> np.ndarray:
    """The factor of the identity on some axes, (R, D).

    Raises:
        StencilError: it would have more than 4e8 entries.
    """
    if len(axes) * dimension > MAX_NUMBERS:
        raise StencilError(
            f"RandomDirections would hold {len(axes):,} × {dimension:,} numbers for an operator; the limit is "
            f"{MAX_NUMBERS:,}. Take fewer variables."
        )
    factor = np.zeros((len(axes), dimension))
    factor[np.arange(len(axes)), list(axes)] = 1.0
    return factor


def signed_factors(form: Mapping[tuple[int, int], float], dimension: int) -> list[tuple[float, np.ndarray]]:
    """A symmetric matrix C as Σ sign · LᵀL with a factor for each sign.

    Args:
        form: the coefficients of ∂_i∂_j, i ≤ j, so that C_ii is the one of ∂_i² and C_ij half the one of ∂_i∂_j.
        dimension: the number of variables D.

    Returns:
        Pairs of a sign and a factor (R, D), with R the rank of that part. Equal eigenvalues are taken out of the
        factor, into the sign: c·I has the factor of I.

    Example:
        >>> [(sign, factor.shape) for sign, factor in signed_factors({(0, 0): 2.0, (1, 1): 2.0, (2, 2): -1.0}, 3)]
        [(2.0, (2, 3)), (-1.0, (1, 3))]
    """
    axes = sorted({axis for pair in form for axis in pair})
    if all(i == j for i, j in form):
        values = np.array([form[axis, axis] for axis in axes])
        vectors = identity_factor(axes, dimension)
    else:
        place = {axis: k for k, axis in enumerate(axes)}
        matrix = np.zeros((len(axes), len(axes)))
        for (i, j), c in form.items():
            matrix[place[i], place[j]] += c / 2
            matrix[place[j], place[i]] += c / 2
        values, columns = np.linalg.eigh(matrix)
        vectors = columns.T @ identity_factor(axes, dimension)
    found = []
    for sign in (1.0, -1.0):
        # What rounding leaves of a zero eigenvalue is no direction.
        part = sign * values > 1e-13 * np.abs(values).max()
        if part.any():
            size = np.abs(values[part])
            found.append((sign * float(size.max()), vectors[part] * np.sqrt(size / size.max())[:, None]))
    return found
