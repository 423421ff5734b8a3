"""Stein's derivative estimator on Smolyak sparse grids of Gauss–Hermite or nested nodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np
import torch

from pinnzo.derivatives.base import Estimator
from pinnzo.derivatives.growth import MAX_LEVEL, Growth
from pinnzo.derivatives.smolyak_stencil import SmolyakStencil
from pinnzo.derivatives.stencil import Smoothing, StencilDiscretisation, check_dimension
from pinnzo.derivatives.steps import Scale, Step, balanced_steps, check_step
from pinnzo.errors import SettingError
from pinnzo.multiindex import LinearOperator


@dataclass(frozen=True)
class SmolyakStein(Estimator):
    """Stein's formula for the derivatives of the smoothed function, with a sparse grid for the expectation.

    With f_σ(x) = E f(x + σz), z ~ N(0, I), Stein's identity reads

        ∂^α f_σ(x) = E[f(x + σz) ∏_i He_{α_i}(z_i)/σ_i^{α_i}].

    Smolyak's combination of 1-D Gauss–Hermite rules turns the expectation into Σ_j w_j f(x + σ z_j). The
    result differs from ∂^α f by O(σ²): from level |α| + 2 on the bias of the smoothing, σ²/2 Δ∂^α f to leading order;
    at level |α| + 1 the rule's own error is of that order too, and grows with the number of variables.

    A 1-D rule with n points cannot see He_m for m ≥ n. Where level ≥ |α| + 1 these errors cancel in the
    combination and the weights are w_j ∏_i He_{α_i}(z_ji)/σ_i^{α_i}, as in the paper. Below that (odd and nested
    growth) the rules that do not resolve He_{α_i}, exact to a degree below 2α_i, are left out along axis i. With the
    first level ℓ(m) that resolves He_m, the stencil is consistent when level ≥ 1 + Σ_i (ℓ(α_i) − 1); ℓ(m) is m + 1
    for linear and 1 + ⌈m/2⌉ for odd growth. So level 2 with odd growth has the nodes 0 and ±√3 σ e_i and *is*
    central differences with step √3 σ.

    A tuple of levels L_i bounds the 1-D level of each variable, so that time, say, may have fewer points than
    space: the tensor grids are those of levels l_i ≤ L_i with Σ_i (l_i − 1) ≤ max_i L_i − 1. Then axis i needs
    L_i ≥ ℓ(α_i) besides, and with L_i = 1 it is never moved and has no derivatives.

    Nodes of the three growths in 21 variables::

        level      1      2      3      4        5
        linear     1     43    925  13329   145293
        odd        1     43    967  15093   183261
        nested     1     43    883  11649   112449

    Attributes:
        level: Smolyak's level L ≥ 1; the rule integrates polynomials of total degree 2L − 1. A tuple gives the
            largest 1-D level of each variable.
        sigma: the smoothing step σ > 0 in the units of the variables; a tuple gives one for each variable, "auto"
            balances truncation against rounding for the equation, the domain and the dtype.
        growth: ``"linear"`` for 1-D rules of 1, 2, 3 … points (the paper's), ``"odd"`` for 1, 3, 5 … points,
            ``"nested"`` for the rules of Genz and Keister, of which each level has the smallest that is exact
            enough: 1, 3, 3, 9 … points. The last two amplify noise less: Σ|w| = 841, 94 and 80 for 21 variables at
            level 3.
        max_nodes: a grid with more nodes is refused before it is built.

    Raises:
        SettingError: a setting has no meaning.

    References:
        Smolyak, Dokl. Akad. Nauk SSSR 148 (1963); Genz & Keister, J. Comput. Appl. Math. 71 (1996); He et al.,
        Learning physics-informed neural networks without stacked back-propagation (2023); Zhao et al.,
        arXiv 2308.09858.

    Example:
        >>> SmolyakStein(level=3, sigma=0.1).stencil(21).nodes.shape
        torch.Size([925, 21])
        >>> SmolyakStein(level=(3,) * 20 + (2,), sigma=0.1).stencil(21).nodes.shape
        torch.Size([923, 21])
        >>> from pinnzo.derivatives.summed_grids import count_nodes
        >>> [[count_nodes(level, growth, 21) for level in range(1, 6)] for growth in ("linear", "odd", "nested")]
        [[1, 43, 925, 13329, 145293], [1, 43, 967, 15093, 183261], [1, 43, 883, 11649, 112449]]
        >>> import torch
        >>> points = torch.tensor([[0.5, 1.0]], dtype=torch.float64)
        >>> SmolyakStein(level=2, growth="odd").derivatives(lambda x: (x**2).sum(1), points, [(1, 0), {1: 2}])
        tensor([[1.0000],
                [2.0000]], dtype=torch.float64)
    """

    level: int | tuple[int, ...] = 3
    sigma: Step = 0.1
    growth: Growth = "linear"
    max_nodes: int = 100_000

    def __post_init__(self) -> None:
        if not isinstance(self.growth, str) or self.growth not in get_args(Growth):
            raise SettingError(
                f'growth is {self.growth!r}, but has to be "linear" (1, 2, 3 … points a level), "odd" (1, 3, 5 …) '
                'or "nested" (1, 3, 3, 9 …).'
            )
        entries = self.level if isinstance(self.level, tuple) else (self.level,)
        if not entries:
            raise SettingError("level is an empty tuple: give a whole number, or one for each variable.")
        for entry in entries:
            if not _is_whole(entry) or entry < 1:
                raise SettingError(
                    f"level is {self.level!r}, but has to be a whole number of 1 or more, or a tuple of those with one "
                    "for each variable: use level=3, say."
                )
        most = MAX_LEVEL[self.growth]
        if max(entries) > most:
            rules = "nested rules" if self.growth == "nested" else "Gauss–Hermite rules"
            raise SettingError(f"level is {self.level!r}, but {rules} are known to level {most} here.")
        check_step("sigma", self.sigma)
        if not _is_whole(self.max_nodes) or self.max_nodes < 1:
            raise SettingError(
                f"max_nodes is {self.max_nodes!r}, but has to be a whole number of 1 or more: use max_nodes=100_000, "
                "say."
            )

    def fitted(
        self, rows: Sequence[LinearOperator], scale: Scale, dtype: torch.dtype, noise: float = 0.0
    ) -> SmolyakStein:
        """The same with numbers in place of "auto": √3 σ, the outer node of three, is the balanced step."""
        if self.sigma != "auto":
            return self
        return replace(self, sigma=tuple(h / 3**0.5 for h in balanced_steps(rows, scale, dtype, noise=noise)))

    def stencil(self, dimension: int) -> SmolyakStencil:
        """Build the sparse grid in ``dimension`` variables.

        Raises:
            SettingError: ``level`` or ``sigma`` has another number of entries.
            StencilError: the grid would have more than ``max_nodes`` nodes or 4e8 node coordinates.
        """
        check_dimension(dimension)
        return SmolyakStencil(self, dimension)

    def smoothing(self, dimension: int) -> Smoothing:
        """The smoothed function f_σ on the nodes of this estimator."""
        return Smoothing(self.stencil(dimension))

    def discretise(self, rows: Sequence[LinearOperator], dimension: int) -> StencilDiscretisation:
        """Prepare linear operators; only the nodes that they need are evaluated.

        Raises:
            StencilError: the level is too low for one of the derivatives, or the grid is too large.
        """
        return StencilDiscretisation(self.stencil(dimension), rows)


def _is_whole(value: object) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)
