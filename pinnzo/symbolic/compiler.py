"""The compiler: from a declared problem to residual functions over batches of points and network values.

With u = A + B f, every linear operator of u becomes an operator of A, known exactly, plus a sum of coefficient
functions times operators of f (the product rule). The latter are the *rows* that a derivative estimator computes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sympy as sp
import torch

from pinnzo.errors import NonFiniteError, StencilError
from pinnzo.multiindex import LinearOperator
from pinnzo.symbolic.bias import nonlinear_symbol
from pinnzo.symbolic.calculus import Differentiator
from pinnzo.symbolic.norms import gradient_axes
from pinnzo.symbolic.problem import Problem
from pinnzo.symbolic.quantities import Lowered, Place, Quantity
from pinnzo.symbolic.sites import PreparedSite, Site
from pinnzo.symbolic.torch_code import columns, torch_function

if TYPE_CHECKING:
    from pinnzo.derivatives.base import Discretisation, Estimator


class CompiledResidual:
    """``lhs − rhs`` of an equation or a condition as a function of points and network rows.

    Attributes:
        name: of the condition, or "equation".
        rows: for each place the operators R that have to be applied to the network there.
        norms: for each place the axes of the squared gradients that are taken from directions.
    """

    def __init__(
        self, name: str, lowered: Lowered, problem: Problem, A: Differentiator, B: Differentiator, projected: bool
    ) -> None:
        self.name = name
        self.variables = problem.variables
        self.quantities = list(lowered.quantities.items())
        # A residual without the unknown's quantities still has points of its own.
        self.places: tuple[Place, ...] = lowered.places or ((),)
        self._sites: list[Site] = []
        self._norms = {q: axes for _, q in self.quantities if projected and (axes := gradient_axes(q)) is not None}
        for place in self.places:
            here = [q for _, q in self.quantities if q.place == place]
            wanted = dict.fromkeys(op for q in here if q not in self._norms for op in q.operators)
            norms = dict.fromkeys(self._norms[q] for q in here if q in self._norms)
            self._sites.append(Site(list(wanted), list(norms), A, B, self.variables))
        self.rows = tuple(site.rows for site in self._sites)
        self.norms = tuple(site.norms for site in self._sites)
        self.expression = lowered.expression
        self._function = torch_function([self.variables, [s for s, _ in self.quantities]], [lowered.expression])

    def discretise(self, estimator: Estimator) -> tuple[Discretisation, ...]:
        """Make the rows of each place computable.

        Raises:
            StencilError: the estimator cannot see one of the derivatives, or would make the residual biased.
        """
        found = []
        for rows, norms in zip(self.rows, self.norms, strict=True):
            wanted = (rows, len(self.variables), norms) if norms else (rows, len(self.variables))
            found.append(estimator.discretise(*wanted))
        random = {s for s, q in self.quantities if self._is_random(q, found[self.places.index(q.place)])}
        powers = {s for s, q in self.quantities if s in random and q.squared and q not in self._norms}
        worst = next(iter(powers), None) or nonlinear_symbol(self.expression, random)
        if worst is not None:
            raise StencilError(
                f"{type(estimator).__name__} would make the residual of {self.name!r} biased: it is not linear in "
                f"{_describe(dict(self.quantities)[worst])}, and an estimate X of a number m has E[X²] = m² + Var X. "
                "Take as many directions as there are variables, which is exact, or SmolyakStein or FiniteDifference."
            )
        return tuple(found)

    def _is_random(self, quantity: Quantity, discretisation: Discretisation) -> bool:
        site = self._sites[self.places.index(quantity.place)]
        if quantity in self._norms:
            # Its linear part needs no separate look: both come from the same directions.
            return site.norms.index(self._norms[quantity]) in discretisation.random_norms
        touched = {target for row in discretisation.random_rows for target in site.uses(row)}
        return any(site.operators.index(op) in touched for op in quantity.operators)

    def prepare(
        self,
        points: Sequence[torch.Tensor],
        discretisations: Sequence[Discretisation] | None = None,
        values: torch.Tensor | None = None,
    ) -> PreparedResidual:
        """Compute all that depends on the points alone.

        Args:
            points: for each place the points (P, D).
            discretisations: for each place what computes the rows there; needed where there are ``norms``.
            values: measurements (P,) that are taken from the residual.

        Raises:
            NonFiniteError: a coefficient or a part of the ansatz is not finite at one of the points.
        """
        drawn = [d.projections for d in discretisations] if discretisations else [()] * len(points)
        sites = [site.prepare(x, w) for site, x, w in zip(self._sites, points, drawn, strict=True)]
        for site, x in zip(sites, points, strict=True):
            finite = site.finite
            if not finite.all():
                worst = x[int((~finite).to(torch.uint8).argmax())]
                where = ", ".join(f"{s} = {float(v):.4g}" for s, v in zip(self.variables[:4], worst, strict=False))
                raise NonFiniteError(f"The ansatz makes {self.name!r} infinite or NaN at {where}: give another ansatz.")
        return PreparedResidual(self, points[0], sites, values)

    def gather(self, quantity: Quantity, operators: Sequence[torch.Tensor]) -> torch.Tensor:
        """A quantity's value (K, P) from the operators of u at all places."""
        where = self.places.index(quantity.place)
        known = self._sites[where].operators
        if quantity in self._norms:
            return operators[where][..., len(known) + self._sites[where].norms.index(self._norms[quantity])]
        columns = [known.index(op) for op in quantity.operators]
        if not quantity.squared:
            return operators[where][..., columns[0]]
        first, last = columns[0], columns[-1] + 1
        contiguous = columns == list(range(first, last))
        return operators[where][..., slice(first, last) if contiguous else columns].square().sum(-1)

    def evaluate(self, x: torch.Tensor, quantities: Sequence[torch.Tensor]) -> torch.Tensor:
        """The residual from the values of all quantities."""
        return torch.as_tensor(self._function(x.T, quantities)[0], dtype=x.dtype, device=x.device)


@dataclass(frozen=True, eq=False)
class PreparedResidual:
    """A residual on fixed points, as a function of the network rows alone."""

    compiled: CompiledResidual
    points: torch.Tensor
    sites: list[PreparedSite]
    values: torch.Tensor | None = None

    def part(self, points: slice) -> PreparedResidual:
        """The same residual at some of the points."""
        sites = [site.part(points) for site in self.sites]
        values = None if self.values is None else self.values[points]
        return PreparedResidual(self.compiled, self.points[points], sites, values)

    def residual(self, rows: Sequence[torch.Tensor]) -> torch.Tensor:
        """Residuals (K, P) from rows of f, for each place (K, P, R)."""
        operators = [site.combine(values) for site, values in zip(self.sites, rows, strict=True)]
        quantities = [self.compiled.gather(q, operators) for _, q in self.compiled.quantities]
        residual = self.compiled.evaluate(self.points, quantities).expand(rows[0].shape[0], len(self.points))
        return residual if self.values is None else residual - self.values


def _describe(quantity: Quantity) -> str:
    """What a quantity is, for a message."""
    if quantity.squared:
        return "a square of its derivatives"
    orders = sorted({sum(m for _, m in index) for index, _ in quantity.operators[0].terms})
    return f"an operator of {len(quantity.operators[0].terms)} derivatives of order {', '.join(map(str, orders))}"


class CompiledProblem:
    """A problem's equation and soft conditions as residual functions, and its ansatz as torch functions.

    Args:
        problem: the declaration.
        estimate: "network" if rows are derivatives of f (the default: A and B are differentiated exactly), or
            "solution" if they are derivatives of the whole u = A + B f, as in the paper.
        projected: whether squared gradients are taken from directional derivatives instead of all partial ones.

    Attributes:
        equation: the residual of the equation.
        conditions: the residuals of the soft conditions.
    """

    def __init__(self, problem: Problem, estimate: str = "network", projected: bool = False) -> None:
        self.problem = problem
        self.estimate = estimate
        ansatz = problem.ansatz
        whole = estimate == "solution"
        A = Differentiator(sp.Integer(0) if whole else ansatz.A, problem.variables)
        B = Differentiator(sp.Integer(1) if whole else ansatz.B, problem.variables)
        self.equation = CompiledResidual("equation", problem.lowered, problem, A, B, projected)
        self.conditions = [CompiledResidual(c.name, c.lowered, problem, A, B, projected) for c in ansatz.soft]
        self._ansatz = torch_function([problem.variables], [ansatz.A, ansatz.B])

    def ansatz(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """A and B at points x (..., D), each (...)."""
        A, B = columns(self._ansatz, x)
        return A, B

    @property
    def rows(self) -> tuple[LinearOperator, ...]:
        """All operators that the equation and the soft conditions need, without repetition."""
        residuals = (self.equation, *self.conditions)
        return tuple(dict.fromkeys(row for r in residuals for site in r.rows for row in site))
