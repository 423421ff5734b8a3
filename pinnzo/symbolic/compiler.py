"""The compiler: from a declared problem to residual functions over batches of points and network values.

With u = A + B f for each unknown function u, every linear operator of u becomes an operator of A, known exactly, plus
a sum of coefficient functions times operators of f (the product rule). The latter are the *rows* that a derivative
estimator computes.
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
from pinnzo.symbolic.coefficients import Coefficients
from pinnzo.symbolic.norms import gradient_axes
from pinnzo.symbolic.places import PreparedPlace, SitesOfPlace
from pinnzo.symbolic.problem import Problem
from pinnzo.symbolic.quantities import Lowered, Place, Quantity
from pinnzo.symbolic.sites import Site
from pinnzo.symbolic.torch_code import columns, torch_function

if TYPE_CHECKING:
    from pinnzo.derivatives.base import Discretisation, Estimator


class CompiledResidual:
    """``lhs − rhs`` of a condition or of one or more equations as a function of points and network rows.

    Args:
        name: of the condition, or "equation".
        lowered: what is to be zero: E expressions at the same points.
        problem: whose variables and unknown coefficients they are in.
        parts: A and B of each unknown function.
        projected: whether squared gradients are taken from directional derivatives.

    Attributes:
        rows: for each place the operators R that have to be applied to the network's outputs there.
        norms: for each place the axes of the squared gradients that are taken from directions.
        count: the number E.
    """

    def __init__(
        self,
        name: str,
        lowered: Sequence[Lowered],
        problem: Problem,
        parts: Sequence[tuple[Differentiator, Differentiator]],
        projected: bool,
    ) -> None:
        self.name = name
        self.variables = problem.variables
        self.count = len(lowered)
        self.quantities = list({s: q for part in lowered for s, q in part.quantities.items()}.items())
        # A residual without the unknown's quantities still has points of its own.
        self.places: tuple[Place, ...] = tuple(dict.fromkeys(q.place for _, q in self.quantities)) or ((),)
        self._norms = {q: axes for _, q in self.quantities if projected and (axes := gradient_axes(q)) is not None}
        self._sites: list[SitesOfPlace] = []
        for place in self.places:
            sites = []
            for component, (A, B) in enumerate(parts):
                here = [q for _, q in self.quantities if (q.place, q.component) == (place, component)]
                wanted = dict.fromkeys(op for q in here if q not in self._norms for op in q.operators)
                norms = dict.fromkeys(self._norms[q] for q in here if q in self._norms)
                sites.append(Site(list(wanted), list(norms), A, B, self.variables))
            self._sites.append(SitesOfPlace(sites))
        self.rows = tuple(sites.rows for sites in self._sites)
        self.norms = tuple(sites.norms for sites in self._sites)
        self.expressions = [part.expression for part in lowered]
        symbols = [s for s, _ in self.quantities]
        self._function = torch_function([self.variables, symbols, list(problem.unknowns)], self.expressions)

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
        nonlinear = (nonlinear_symbol(expression, random) for expression in self.expressions)
        worst = next(iter(powers), None) or next((s for s in nonlinear if s is not None), None)
        if worst is not None:
            raise StencilError(
                f"{type(estimator).__name__} would make the residual of {self.name!r} biased: it is not linear in "
                f"{_describe(dict(self.quantities)[worst])}, and an estimate X of a number m has E[X²] = m² + Var X. "
                "Take as many directions as there are variables, which is exact, or SmolyakStein or FiniteDifference."
            )
        return tuple(found)

    def _is_random(self, quantity: Quantity, discretisation: Discretisation) -> bool:
        sites = self._sites[self.places.index(quantity.place)]
        if quantity in self._norms:
            # Its linear part needs no separate look: both come from the same directions.
            return sites.norms.index(self._norms[quantity]) in discretisation.random_norms
        site = sites.sites[quantity.component]
        random = {sites.rows[row] for row in discretisation.random_rows}
        touched = {target for i, row in enumerate(site.rows) if row in random for target in site.uses(i)}
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
        sites = [sites.prepare(x, w) for sites, x, w in zip(self._sites, points, drawn, strict=True)]
        for site, x in zip(sites, points, strict=True):
            finite = site.finite
            if not finite.all():
                worst = x[int((~finite).to(torch.uint8).argmax())]
                where = ", ".join(f"{s} = {float(v):.4g}" for s, v in zip(self.variables[:4], worst, strict=False))
                raise NonFiniteError(f"The ansatz makes {self.name!r} infinite or NaN at {where}: give another ansatz.")
        return PreparedResidual(self, points[0], sites, values)

    def gather(self, quantity: Quantity, operators: Sequence[Sequence[torch.Tensor]]) -> torch.Tensor:
        """A quantity's value (K, P) from the operators of each unknown function at all places."""
        where, component = self.places.index(quantity.place), quantity.component
        values, site = operators[where][component], self._sites[where].sites[component]
        known = site.operators
        if quantity in self._norms:
            return values[..., len(known) + site.norms.index(self._norms[quantity])]
        columns = [known.index(op) for op in quantity.operators]
        if not quantity.squared:
            return values[..., columns[0]]
        first, last = columns[0], columns[-1] + 1
        contiguous = columns == list(range(first, last))
        return values[..., slice(first, last) if contiguous else columns].square().sum(-1)

    def evaluate(
        self, x: torch.Tensor, quantities: Sequence[torch.Tensor], coefficients: Sequence[torch.Tensor]
    ) -> list[torch.Tensor]:
        """The residuals from the values of all quantities and unknown coefficients."""
        found = self._function(x.T, quantities, coefficients)
        return [torch.as_tensor(value, dtype=x.dtype, device=x.device) for value in found]


@dataclass(frozen=True, eq=False)
class PreparedResidual:
    """A residual on fixed points, as a function of the network rows and the unknown coefficients alone."""

    compiled: CompiledResidual
    points: torch.Tensor
    sites: list[PreparedPlace]
    values: torch.Tensor | None = None

    def part(self, points: slice) -> PreparedResidual:
        """The same residual at some of the points."""
        sites = [site.part(points) for site in self.sites]
        values = None if self.values is None else self.values[points]
        return PreparedResidual(self.compiled, self.points[points], sites, values)

    def residual(self, rows: Sequence[torch.Tensor], coefficients: Sequence[torch.Tensor] = ()) -> torch.Tensor:
        """The residuals of K networks with C outputs.

        Args:
            rows: of their outputs, for each place (K·C, P, R), with C running faster.
            coefficients: the unknown ones, each (K, 1) or (1, 1).

        Returns:
            (K, P) for one equation; (K, P·E) for E of them, with E running faster.
        """
        operators = [site.combine(values) for site, values in zip(self.sites, rows, strict=True)]
        quantities = [self.compiled.gather(q, operators) for _, q in self.compiled.quantities]
        found = self.compiled.evaluate(self.points, quantities, coefficients)
        counts = [rows[0].shape[0] // len(self.sites[0].sites), *(c.shape[0] for c in coefficients)]
        residuals = [value.expand(max(counts), len(self.points)) for value in found]
        if len(residuals) > 1:
            return torch.stack(residuals, dim=2).flatten(1)
        return residuals[0] if self.values is None else residuals[0] - self.values


def _describe(quantity: Quantity) -> str:
    """What a quantity is, for a message."""
    if quantity.squared:
        return "a square of its derivatives"
    orders = sorted({sum(m for _, m in index) for index, _ in quantity.operators[0].terms})
    return f"an operator of {len(quantity.operators[0].terms)} derivatives of order {', '.join(map(str, orders))}"


class CompiledProblem:
    """A problem's equations and soft conditions as residual functions, and its ansatz as torch functions.

    Args:
        problem: the declaration.
        estimate: "network" if rows are derivatives of f (the default: A and B are differentiated exactly), or
            "solution" if they are derivatives of the whole u = A + B f, as in the paper.
        projected: whether squared gradients are taken from directional derivatives instead of all partial ones.

    Attributes:
        equation: the residuals of all equations, at the same points.
        conditions: the residuals of the soft conditions.
        coefficients: the unknown ones.
    """

    def __init__(self, problem: Problem, estimate: str = "network", projected: bool = False) -> None:
        self.problem = problem
        self.estimate = estimate
        ansatz = problem.ansatz
        whole = (sp.Integer(0), sp.Integer(1))
        parts = [
            (Differentiator(A, problem.variables), Differentiator(B, problem.variables))
            for A, B in (whole if estimate == "solution" else part for part in ansatz.parts)
        ]
        self.equation = CompiledResidual("equation", problem.lowered_equations, problem, parts, projected)
        self.conditions = [CompiledResidual(c.name, [c.lowered], problem, parts, projected) for c in ansatz.soft]
        self.coefficients = Coefficients(problem.unknowns)
        self._ansatz = torch_function(
            [problem.variables], [e for part in zip(*ansatz.parts, strict=True) for e in part]
        )

    @property
    def outputs(self) -> int:
        """How many outputs the network needs, C: one for each unknown function."""
        return len(self.problem.functions)

    def ansatz(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """A and B of all unknown functions at points x (..., D), each (C, ...)."""
        values = torch.stack(columns(self._ansatz, x))
        return values[: self.outputs], values[self.outputs :]

    @property
    def rows(self) -> tuple[LinearOperator, ...]:
        """All operators that the equation and the soft conditions need, without repetition."""
        residuals = (self.equation, *self.conditions)
        return tuple(dict.fromkeys(row for r in residuals for site in r.rows for row in site))
