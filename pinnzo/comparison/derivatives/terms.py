"""The terms of an equation that hold derivatives, under the names by which people read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sympy as sp
import torch

from pinnzo.derivatives.base import Discretisation
from pinnzo.multiindex import LinearOperator, MultiIndex
from pinnzo.symbolic.calculus import Differentiator
from pinnzo.symbolic.compiler import CompiledResidual
from pinnzo.symbolic.problem import Problem
from pinnzo.symbolic.quantities import Lowered, Quantity

_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Term:
    """A part of the equation, without its coefficient.

    Attributes:
        name: such as u_t, Δu or ‖∇u‖².
        quantity: what is computed of the unknown.
    """

    name: str
    quantity: Quantity


def terms_of(problem: Problem) -> tuple[Term, ...]:
    """The distinct terms with derivatives, in the order of the equation.

    The compiler joins linear terms into one operator, u_t + Δu say. Here they are told apart by the orders of their
    derivatives, and time from space. The value u itself is no derivative and is left out.

    Example:
        >>> import pinnzo as pz
        >>> [term.name for term in terms_of(pz.problem("hjb", dimension=2))]
        ['‖∇u‖²', 'Δu', 'u_t']
    """
    names = _Names(problem)
    found: dict[Quantity, Term] = {}
    for quantity in problem.lowered.quantities.values():
        if quantity.squared:
            found.setdefault(quantity, Term(names.squares(quantity.operators), quantity))
            continue
        groups: dict[tuple[tuple[int, ...], bool], dict[MultiIndex, float]] = {}
        for index, c in quantity.operators[0].terms:
            if index:
                key = tuple(sorted(n for _, n in index)), any(axis == names.time for axis, _ in index)
                groups.setdefault(key, {})[index] = c
        for group in groups.values():
            alike = len(set(group.values())) == 1
            operator = LinearOperator.from_terms(dict.fromkeys(group, 1.0) if alike else group)
            part = Quantity(quantity.place, (operator,))
            found.setdefault(part, Term(names.linear(operator, alike), part))
    return tuple(found.values())


class _Names:
    def __init__(self, problem: Problem) -> None:
        self.u = problem.unknown.func.__name__
        self.variables = problem.variables
        self.time = None if problem.time is None else self.variables.index(problem.time)
        self.space = [axis for axis in range(len(self.variables)) if axis != self.time]

    def linear(self, operator: LinearOperator, alike: bool) -> str:
        """A name for a sum of derivatives with the same orders."""
        indices = [index for index, _ in operator.terms]
        if len(indices) == 1:
            return self.derivative(indices[0])
        if alike and operator == LinearOperator.laplacian(self.space):
            return f"Δ{self.u}"
        kinds = (f"∂{str(n).translate(_SUPERSCRIPTS) if n > 1 else ''}" for _, n in indices[0])
        return f"Σ {'' if alike else 'c '}{''.join(kinds)}{self.u}"

    def derivative(self, index: MultiIndex) -> str:
        """Such as u_t, u_xx or u_x1x2."""
        return f"{self.u}_{''.join(str(self.variables[axis]) * n for axis, n in index)}"

    def squares(self, operators: Sequence[LinearOperator]) -> str:
        """A name for a sum of squares of operators."""
        gradient = [LinearOperator.derivative(((axis, 1),)) for axis in self.space]
        if list(operators) == gradient and len(gradient) > 1:
            return f"‖∇{self.u}‖²"
        if len(operators) == 1:
            indices = [index for index, _ in operators[0].terms]
            return f"({self.derivative(indices[0]) if len(indices) == 1 and indices[0] else f'L{self.u}'})²"
        return f"Σ (∂{self.u})²"


class CompiledTerms:
    """The terms as functions of points and rows of the network f, with u = A + B f.

    Attributes:
        compiled: the terms as the quantities of a residual.
        rows: the operators that have to be applied to f.
    """

    def __init__(
        self,
        terms: Sequence[Term],
        problem: Problem,
        parts: Sequence[tuple[Differentiator, Differentiator]],
        projected: bool = False,
    ) -> None:
        quantities: dict[sp.Symbol, Quantity] = {sp.Dummy(f"term{i}"): term.quantity for i, term in enumerate(terms)}
        self.compiled = CompiledResidual("equation", [Lowered(sp.Integer(0), quantities)], problem, parts, projected)
        (self.rows,) = self.compiled.rows

    def values(
        self, points: torch.Tensor, rows: torch.Tensor, discretisation: Discretisation | None = None
    ) -> torch.Tensor:
        """The terms (T, P) at points (P, D) from rows of f, (1, P, R).

        Args:
            points: where.
            rows: the operators that were applied to f, and what a discretisation appends to them.
            discretisation: what computed the rows, where that was not all partial derivatives.
        """
        prepared = self.compiled.prepare([points], None if discretisation is None else [discretisation])
        operators = [site.combine(rows) for site in prepared.sites]
        return torch.stack([self.compiled.gather(q, operators)[0] for _, q in self.compiled.quantities])
