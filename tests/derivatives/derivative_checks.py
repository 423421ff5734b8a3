"""What several tests of the derivative estimators share."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import product

import numpy as np
import sympy as sp
import torch


def multi_indices(dimension: int, most: int, least: int = 0) -> list[tuple[int, ...]]:
    """All α with least ≤ |α| ≤ most."""
    return [a for a in product(range(most + 1), repeat=dimension) if least <= sum(a) <= most]


def consistency_defect(stencil, order: tuple[int, ...]) -> float:
    """The largest |Σ_j w_j δ_j^β/β! − [β = α]| over |β| ≤ |α|, relative to the size of what is summed."""
    nodes, weights = stencil.nodes.numpy(), stencil.weights(order).numpy()
    worst = 0.0
    for beta in multi_indices(len(order), sum(order)):
        monomial = (nodes ** np.array(beta)).prod(1) / math.prod(map(math.factorial, beta))
        defect = abs(weights @ monomial - (beta == tuple(order)))
        worst = max(worst, defect / max(1.0, np.abs(weights * monomial).sum()))
    return worst


@dataclass(frozen=True)
class SmoothFunction:
    """A random smooth function of D variables whose derivatives SymPy knows."""

    dimension: int
    seed: int

    @cached_property
    def _symbols(self):
        return sp.symbols(f"x:{self.dimension}", real=True)

    @cached_property
    def _expression(self):
        rng = np.random.default_rng(self.seed)

        def linear():
            slopes = rng.uniform(0.5, 1.0, self.dimension) * rng.choice([-1, 1], self.dimension)
            return sum(sp.Float(c) * x for c, x in zip(slopes, self._symbols, strict=True)) + sp.Float(rng.uniform())

        return sp.sin(linear()) + sp.exp(linear() / 2) * sp.cos(linear())

    def __call__(self, points: torch.Tensor) -> torch.Tensor:
        return self._compiled(*points.T)

    @cached_property
    def _compiled(self):
        return sp.lambdify(self._symbols, self._expression, _TORCH)

    def derivative(self, order: tuple[int, ...], points: torch.Tensor) -> np.ndarray:
        """The exact ∂^α at points (N, D): (N,)."""
        return _exact(self, order)(*points.numpy().T)


_TORCH = [{"sin": torch.sin, "cos": torch.cos, "exp": torch.exp}]


@cache
def _exact(function: SmoothFunction, order: tuple[int, ...]):
    symbols = function._symbols
    pairs = [(x, n) for x, n in zip(symbols, order, strict=True) if n]
    expression = sp.diff(function._expression, *pairs) if pairs else function._expression
    return sp.lambdify(symbols, expression, "numpy")


class SineNetwork:
    """K networks sin(sin(xA + b)B)c with random parameters, as a field."""

    def __init__(self, dimension: int, width: int, count: int = 1, dtype: torch.dtype = torch.float64) -> None:
        generator = torch.Generator().manual_seed(0)

        def normal(*shape: int) -> torch.Tensor:
            return torch.randn(count, *shape, generator=generator, dtype=torch.float32).to(dtype)

        self.width = count * width  # all K are evaluated at once
        self.first, self.bias = normal(dimension, width) / dimension**0.5, normal(1, width)
        self.second, self.last = normal(width, width) / width**0.5, normal(width, 1) / width**0.5
        self.evaluations = 0
        self.largest = 0

    def values(self, x: torch.Tensor) -> torch.Tensor:
        self.evaluations += len(x)
        self.largest = max(self.largest, len(x))
        return (torch.sin(torch.sin(x @ self.first + self.bias) @ self.second) @ self.last)[..., 0]

    def values_at(self, x: torch.Tensor, nodes: torch.Tensor) -> torch.Tensor:
        flat = self.values((x[:, None] + nodes).reshape(-1, x.shape[1]))
        return flat.reshape(len(flat), len(x), len(nodes))


def random_points(count: int, dimension: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.rand(count, dimension, generator=generator, dtype=torch.float64)
