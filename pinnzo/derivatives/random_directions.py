"""Laplacians, squared gradients and the like from a few random directions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np
import torch

from pinnzo.derivatives.base import Estimator, columns_of
from pinnzo.derivatives.directional_plan import DirectionalDiscretisation, DirectionalPlan
from pinnzo.derivatives.families import Distribution
from pinnzo.derivatives.monte_carlo import check_flag, check_seed
from pinnzo.derivatives.steps import Scale, Step, balanced_steps, check_step, per_variable, scale_of
from pinnzo.errors import SettingError
from pinnzo.multiindex import LinearOperator


@dataclass(frozen=True)
class RandomDirections(Estimator):
    r"""Differential operators of many variables from V random directions (Hutchinson's trace estimator).

    For random v with E v vᵀ = I the Hessian H and the gradient g of f give

        E[vᵀ H v] = Δf,   E[(v·g)²] = |g|²,   E[(b·v)(v·g)] = b·g,   E[D⁴f(v, v, v, v)] = 3 Δ²f  (Gaussian v only),

    and the derivatives along v are central differences of 2 evaluations, so that 2 V + 1 evaluations serve all of
    them in any dimension. ∇·(A∇f) with a constant A takes the directions A^{1/2} v, by eigenvectors and signs. What
    takes no more than V directions is computed completely, with nothing random in it: an operator of at most V axes,
    and up to V directional derivatives b·∇f, such as the one in time.

    The variances, divided by V:

    =============================  ==================================  ==========================
    distribution                   Δf                                  \|∇f\|²
    =============================  ==================================  ==========================
    ``"rademacher"``, v_i = ±1     2 Σ_{i≠j} H_ij²                     2 (\|g\|⁴ − Σ_i g_i⁴)
    ``"gaussian"``                 2 Σ_ij H_ij²                        2 \|g\|⁴
    ``"coordinates"``, √D e_i      D Σ_i H_ii² − (Δf)²                 D Σ_i g_i⁴ − \|g\|⁴
    =============================  ==================================  ==========================

    Coordinates without replacement have (D − V)/(D − 1) times that. So coordinates are exact for functions whose
    second derivatives are all equal, Rademacher directions for sums of functions of one variable each.

    The estimates are unbiased up to the O(h²) of the differences, and so is every residual that is linear in them; an
    equation that is not, such as one with (Δu)², is refused where the estimates are random. The mean *square* of a
    residual is larger than its exact value by the residual's variance.

    All points and all perturbed networks of a training step see the same directions, and each step others.

    Attributes:
        directions: the number V.
        step: how far the first nodes lie from the point: a step h for all variables, one for each, or "auto" to balance
            truncation against rounding for the equation, the domain and the dtype. A node x + δ has Σ_i (δ_i/h_i)² = 1.
        distribution: of v, see above.
        replacement: whether a coordinate may be drawn twice, with ``"coordinates"``.
        seed: of the draw that is used outside training, where no generator is given.

    Raises:
        SettingError: a setting has no meaning.

    References:
        Hutchinson, Commun. Stat. Simul. Comput. 18 (1989); Hu, Shi, Karniadakis, Kawaguchi, Hutchinson trace estimation
        for high-dimensional and high-order physics-informed neural networks (2024); Hu, Shukla, Karniadakis, Kawaguchi,
        Tackling the curse of dimensionality with physics-informed neural networks (2024); Shi, Hu, Lin, Kawaguchi,
        Stochastic Taylor derivative estimator (2024).

    Example:
        >>> points = torch.ones(1, 100, dtype=torch.float64)
        >>> RandomDirections(16, step=0.1).laplacian(lambda x: (x**2).sum(1), points)
        tensor([200.0000], dtype=torch.float64)
    """

    directions: int = 16
    step: Step = "auto"
    distribution: Distribution = "rademacher"
    replacement: bool = False
    seed: int = 0

    projects_gradients = True

    def __post_init__(self) -> None:
        count = self.directions
        if not isinstance(count, (int, np.integer)) or isinstance(count, bool) or count < 1:
            raise SettingError(f"directions is {count!r}, but has to be a whole number of 1 or more: 16, say.")
        check_step("step", self.step)
        if self.distribution not in get_args(Distribution):
            names = ", ".join(get_args(Distribution))
            raise SettingError(f"distribution is {self.distribution!r}, but has to be one of {names}.")
        check_flag("replacement", self.replacement)
        if self.replacement and self.distribution != "coordinates":
            raise SettingError(f'replacement is a setting of "coordinates"; distribution is {self.distribution!r}.')
        check_seed(self.seed)

    def fitted(
        self, rows: Sequence[LinearOperator], scale: Scale, dtype: torch.dtype, noise: float = 0.0
    ) -> RandomDirections:
        """The same with numbers in place of "auto"."""
        return (
            self if self.step != "auto" else replace(self, step=tuple(balanced_steps(rows, scale, dtype, noise=noise)))
        )

    def discretise(
        self, rows: Sequence[LinearOperator], dimension: int, norms: Sequence[tuple[int, ...]] = ()
    ) -> DirectionalDiscretisation:
        """Prepare linear operators on the draw of the estimator's seed; ``drawn`` gives others.

        Args:
            rows: operators of first and second order, and biharmonic ones.
            dimension: the number of variables D.
            norms: for squared gradients the axes of each; see ``DirectionalDiscretisation``.

        Raises:
            StencilError: an operator has other derivatives, or its estimate would be biased, or the directions would
                take too much memory.
        """
        step = per_variable("step", self.step, dimension)
        plan = DirectionalPlan(rows, norms, step, self.directions, self.distribution, self.replacement)
        return plan.draw(torch.Generator().manual_seed(int(self.seed)))

    def gradient_norm_squared(
        self,
        f: Callable[[torch.Tensor], torch.Tensor],
        points: torch.Tensor,
        axes: Sequence[int] | None = None,
        *,
        generator: torch.Generator | None = None,
    ) -> torch.Tensor:
        """Estimate Σ_i (∂_i f)² over the given axes, by default all; see ``Estimator.gradient_norm_squared``."""
        from pinnzo.derivatives.evaluation import check_points

        dimension = check_points(points)
        norm = tuple(range(dimension) if axes is None else axes)
        discretisation = self.fitted([], scale_of(points), points.dtype).discretise([], dimension, [norm])
        return columns_of(discretisation, f, points, generator).square().sum(0)
