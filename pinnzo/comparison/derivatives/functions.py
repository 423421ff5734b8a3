"""The functions whose derivatives are estimated, each with the truth that the estimates are compared with.

An estimator acts on the network f of the ansatz u = A + B f, as in training. Two functions tell different things:

* The exact solution, f = (u* − A)/B, has the derivatives that matter in the end, and SymPy knows them. Its values are
  computed in float64 and rounded to the dtype, so float32 shows the rounding of the values alone: no network can
  do better. Where f is affine every estimator is exact, and the comparison would say nothing.
* A network's values carry the rounding of all its layers, and its derivatives are what training meets. Automatic
  differentiation of the same parameters in float64 is the truth. A trained network says most.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import sympy as sp
import torch

from pinnzo.derivatives import Autodiff
from pinnzo.derivatives.base import Field
from pinnzo.derivatives.evaluation import FunctionField
from pinnzo.fields import NetworkField
from pinnzo.networks.base import Network
from pinnzo.symbolic.calculus import Differentiator
from pinnzo.symbolic.compiler import CompiledResidual
from pinnzo.symbolic.problem import Problem
from pinnzo.symbolic.torch_code import columns, torch_function

from .terms import CompiledTerms, Term

NEAR_ZERO = 1e-2
"""Points are left out where |B| is less than this share of its median: f = (u* − A)/B is 0/0 where B vanishes."""

AFFINE = 1e-9
"""A function is affine if the best affine one is as near as this, relative to its size."""


TRUTH_POINTS = 2000
"""At how many points the graph of automatic differentiation is held at once for the truth."""


@dataclass(frozen=True)
class Truth:
    """What the estimates are compared with.

    Attributes:
        terms: the values of the terms, float64, (T, P).
        residual: of the equation, float64, (P,).
    """

    terms: torch.Tensor
    residual: torch.Tensor


class Function(Protocol):
    """A function f with known derivatives."""

    name: str
    description: str

    def points(self, x: torch.Tensor) -> torch.Tensor:
        """Those of the points (P, D) where the comparison makes sense."""
        ...

    def field(self, dtype: torch.dtype) -> Field:
        """The function f with values of a dtype."""
        ...

    def truth(self, x: torch.Tensor) -> Truth:
        """The true terms at points x (P, D), for f with values of the dtype of x."""
        ...


class ExactFunction:
    """The network whose u is the exact solution, f = (u* − A)/B.

    Args:
        problem: with an exact solution that is a SymPy expression.
        terms: of its equation.
    """

    name = "exact solution"
    description = (
        "f = (u* − A)/B, the network of the exact solution: values computed in float64 and rounded to the dtype; "
        "the truth is SymPy's"
    )

    def __init__(self, problem: Problem, terms: tuple[Term, ...]) -> None:
        exact, ansatz = problem.exact, problem.ansatz
        assert isinstance(exact, sp.Expr)
        variables = problem.variables
        self._f = torch_function([variables], [(exact - ansatz.A) / ansatz.B])
        self._B = torch_function([variables], [ansatz.B])
        # With B = 0 there is no network in u = A + B f, and A is the exact solution.
        known = Differentiator(exact, variables), Differentiator(sp.Integer(0), variables)
        self._terms = CompiledTerms(terms, problem, [known])

    def points(self, x: torch.Tensor) -> torch.Tensor:
        """Points (P, D) that are not too near to the zeros of B."""
        size = columns(self._B, x)[0].abs()
        return x[size >= NEAR_ZERO * size.median()]

    def values(self, x: torch.Tensor) -> torch.Tensor:
        """F at points x (..., D), computed in float64, in the dtype of x: (...)."""
        return columns(self._f, x.double())[0].to(x.dtype)

    def field(self, dtype: torch.dtype) -> Field:
        """The function, whose values have the dtype of the points."""
        return FunctionField(self.values)

    def truth(self, x: torch.Tensor) -> Truth:
        """SymPy's derivatives of u*, whose residual is zero."""
        x = x.double()
        terms = self._terms.values(x, x.new_zeros(1, len(x), 0))
        return Truth(terms, x.new_zeros(len(x)))

    def is_affine(self, x: torch.Tensor) -> bool:
        """Whether f is an affine function of x (P, D) to rounding: then every estimator is exact for it."""
        values = self.values(x.double())
        basis = torch.cat([x.double(), x.new_ones(len(x), 1).double()], dim=1)
        rest = values - basis @ torch.linalg.lstsq(basis, values[:, None]).solution[:, 0]
        return bool(rest.norm() <= AFFINE * values.norm())


class NetworkFunction:
    """A network with given parameters.

    Args:
        network: with one output.
        theta: its parameters (d,).
        description: which network it is.
        terms: of the equation, compiled for the ansatz.
        equation: the residual of the equation.
    """

    name = "network"

    def __init__(
        self,
        network: Network,
        theta: torch.Tensor,
        description: str,
        terms: CompiledTerms,
        equation: CompiledResidual,
    ) -> None:
        self.network, self.theta = network, theta
        self.description = f"{description}; the truth is automatic differentiation of it in float64"
        self._terms, self._equation = terms, equation

    def points(self, x: torch.Tensor) -> torch.Tensor:
        """All points (P, D)."""
        return x

    def field(self, dtype: torch.dtype) -> NetworkField:
        """The network with its parameters and values in a dtype."""
        return NetworkField(self.network.bind(self.theta.to(dtype)[None]), self.network.width)

    def truth(self, x: torch.Tensor) -> Truth:
        """Derivatives by back-propagation in float64, of the parameters as they are in the dtype of x.

        Raises:
            StencilError: automatic differentiation cannot see into the network.
        """
        # Rounding the parameters gives another network; that is no error of an estimator.
        theta, exactly = self.theta.to(x.dtype).double(), x.double()
        field = NetworkField(self.network.bind(theta[None]), self.network.width)
        (rows,) = self._equation.rows
        both = tuple(dict.fromkeys((*self._terms.rows, *rows)))
        autodiff = Autodiff().discretise(both, x.shape[1])
        values = torch.cat([autodiff.apply(field, part) for part in exactly.split(TRUTH_POINTS)], dim=1)
        of_terms = values[..., [both.index(row) for row in self._terms.rows]]
        of_equation = values[..., [both.index(row) for row in rows]]
        return Truth(
            self._terms.values(exactly, of_terms),
            self._equation.prepare([exactly]).residual([of_equation])[0],
        )
