"""Stein's derivative estimator with a Monte-Carlo average in place of the expectation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.polynomial import hermite_e

from pinnzo.derivatives.base import Estimator
from pinnzo.derivatives.stencil import Smoothing, Stencil, StencilDiscretisation, check_dimension, check_size
from pinnzo.derivatives.steps import Scale, Step, balanced_steps, check_step, per_variable
from pinnzo.errors import SettingError
from pinnzo.multiindex import LinearOperator, MultiIndex, degree


@dataclass(frozen=True)
class MonteCarloStein(Estimator):
    """Stein's formula for the derivatives of the smoothed function, with random nodes.

    With f_σ(x) = E f(x + σz), z ~ N(0, I), Stein's identity reads

        ∂^α f_σ(x) = E[f(x + σz) ∏_i He_{α_i}(z_i)/σ_i^{α_i}].

    The expectation becomes the mean over N draws of z. Antithetic draws use x + σz and x − σz, which takes half of the
    terms of f's expansion away; subtracting f(x), which does not change the expectation (a control variate), takes the
    constant away. For first and second derivatives the variance then stays bounded as σ → 0; with the derivatives of
    order m it grows like σ^{2(k − m)} otherwise, k the order of the first term of the expansion that is left.

    The estimate of ∂^α f_σ is unbiased with a variance of Var[f(x + σz) He_α(z)/σ^|α|]/N (of the antithetic, reduced
    expression), and ∂^α f_σ itself differs from ∂^α f by σ²/2 Δ∂^α f to leading order. A power of an estimate, such as
    the squared gradient, has a bias of its variance.

    All perturbed networks of a training step see the same draw, and each step another one.

    Attributes:
        samples: the number N of draws; antithetic ones cost two evaluations each, and one more serves the point
            itself. He et al. use 2,048, Zhao et al. 1,024.
        sigma: the smoothing step σ > 0 in the units of the variables; a tuple gives one for each variable, "auto"
            balances bias against rounding for the equation, the domain and the dtype.
        antithetic: whether −z is used with z.
        control_variate: whether f(x) is subtracted.
        seed: of the draw that is used outside training, where no generator is given.

    Raises:
        SettingError: a setting has no meaning.

    References:
        Stein, Ann. Statist. 9 (1981); He et al., Learning physics-informed neural networks without stacked
        back-propagation (2023); Zhao et al., arXiv 2308.09858.

    Example:
        >>> points = torch.tensor([[0.5, 1.0]], dtype=torch.float64)
        >>> MonteCarloStein(samples=20_000).derivatives(lambda x: (x**2).sum(1), points, [(1, 0), {1: 2}])
        tensor([[1.0379],
                [2.1023]], dtype=torch.float64)
    """

    samples: int = 1024
    sigma: Step = 0.1
    antithetic: bool = True
    control_variate: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.samples, (int, np.integer)) or isinstance(self.samples, bool) or self.samples < 1:
            raise SettingError(f"samples is {self.samples!r}, but has to be a whole number of 1 or more: 1024, say.")
        check_step("sigma", self.sigma)
        check_flag("antithetic", self.antithetic)
        check_flag("control_variate", self.control_variate)
        check_seed(self.seed)

    def fitted(
        self, rows: Sequence[LinearOperator], scale: Scale, dtype: torch.dtype, noise: float = 0.0
    ) -> MonteCarloStein:
        """The same with numbers in place of "auto"."""
        return (
            self
            if self.sigma != "auto"
            else replace(self, sigma=tuple(balanced_steps(rows, scale, dtype, noise=noise)))
        )

    def stencil(self, dimension: int, generator: torch.Generator | None = None) -> MonteCarloStencil:
        """Draw nodes.

        Args:
            dimension: the number of variables D.
            generator: where the draws come from; by default one with the estimator's seed.

        Raises:
            SettingError: ``sigma`` has another number of entries.
            StencilError: there would be more than 2,000,000 nodes or 4e8 node coordinates.
        """
        check_dimension(dimension)
        check_size((2 if self.antithetic else 1) * int(self.samples) + 1, dimension, "Take fewer samples.")
        source = generator or torch.Generator().manual_seed(int(self.seed))
        z = torch.randn(self.samples, dimension, generator=source, dtype=torch.float64, device=source.device)
        return MonteCarloStencil(self, z.cpu().numpy())

    def smoothing(self, dimension: int) -> Smoothing:
        """The smoothed function f_σ on the nodes of this estimator."""
        return Smoothing(self.stencil(dimension))

    def discretise(self, rows: Sequence[LinearOperator], dimension: int) -> MonteCarloDiscretisation:
        """Prepare linear operators on the draw of the estimator's seed; ``drawn`` gives others."""
        return MonteCarloDiscretisation(self, rows, dimension)


class MonteCarloStencil(Stencil):
    """Nodes 0, σz and −σz of given draws z (N, D); its weights are consistent on average over the draws.

    ``weights`` of order zero are those of the mean that smooths f.
    """

    def __init__(self, settings: MonteCarloStein, z: np.ndarray) -> None:
        self.settings = settings
        self.dimension = z.shape[1]
        self.sigma = per_variable("sigma", settings.sigma, self.dimension)
        self._z = z
        self._hermite: dict[tuple[int, int], np.ndarray] = {}
        shifts = z * self.sigma
        parts = [np.zeros((1, self.dimension)), shifts, -shifts][: 3 if settings.antithetic else 2]
        self.nodes = torch.from_numpy(np.concatenate(parts))

    def _weights(self, index: MultiIndex) -> np.ndarray:
        settings, order = self.settings, degree(index)
        terms = np.full(len(self._z), 1.0 / len(self._z))
        for axis, m in index:
            terms *= self._at_draws(axis, m) / self.sigma[axis] ** m
        sides = [terms / 2, terms / 2 * (-1) ** order] if settings.antithetic else [terms]
        cancels = settings.antithetic and order % 2
        centre = -terms.sum() if order and settings.control_variate and not cancels else 0.0
        return np.concatenate([np.array([centre]), *sides])

    def _at_draws(self, axis: int, order: int) -> np.ndarray:
        """He_m(z_i) at all draws, (N,)."""
        if (axis, order) not in self._hermite:
            self._hermite[axis, order] = hermite_e.hermeval(self._z[:, axis], np.eye(order + 1)[order])
        return self._hermite[axis, order]


class MonteCarloDiscretisation(StencilDiscretisation):
    """Linear operators on one draw of nodes."""

    def __init__(
        self,
        settings: MonteCarloStein,
        rows: Sequence[LinearOperator],
        dimension: int,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(settings.stencil(dimension, generator), rows)
        self.settings = settings

    def drawn(self, generator: torch.Generator) -> MonteCarloDiscretisation:
        """The same operators on fresh nodes."""
        return MonteCarloDiscretisation(self.settings, self.rows, self.nodes.shape[1], generator)


def check_seed(seed: int) -> None:
    """Check the seed of an estimator.

    Raises:
        SettingError: it is no whole number from 0 to 2⁶⁴ − 1.
    """
    if not isinstance(seed, (int, np.integer)) or isinstance(seed, bool) or not 0 <= seed < 2**64:
        raise SettingError(f"seed is {seed!r}, but has to be a whole number of 0 or more, and less than 2**64.")


def check_flag(name: str, value: bool) -> None:
    """Check a setting that is on or off.

    Raises:
        SettingError: it is neither True nor False.
    """
    if not isinstance(value, (bool, np.bool_)):
        raise SettingError(f"{name} is {value!r}, but has to be True or False.")
