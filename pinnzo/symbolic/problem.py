"""A partial differential equation, declared."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from copy import copy
from typing import Any

import sympy as sp
import torch
from sympy.core.function import AppliedUndef

from pinnzo.errors import DeclarationError
from pinnzo.symbolic.ansatz import Ansatz, build_ansatz, given_ansatz
from pinnzo.symbolic.boundary import Sampler, check_overlap
from pinnzo.symbolic.calculus import refine
from pinnzo.symbolic.conditions import Condition, parse_conditions
from pinnzo.symbolic.corners import corner_notes, time_notes
from pinnzo.symbolic.domains import Domain
from pinnzo.symbolic.expressions import INFINITE, known_expression, listed, stranger_hint
from pinnzo.symbolic.lowering import lower
from pinnzo.symbolic.meaning import verify_data, verify_meaning
from pinnzo.symbolic.verification import (
    ExactFunction,
    evaluate_exact,
    verify_expression,
    verify_function,
)


class Problem:
    """A scalar partial differential equation with its domain, conditions and, if known, its exact solution.

    The problem checks itself: the unknown, the variables and the domain must agree, every condition must lie on
    the boundary, and a declared exact solution must satisfy the equation and the conditions.

    Args:
        equation: a SymPy equation in one unknown function, with ``.diff``, ``laplacian``, … of it.
        domain: where it holds; its variables are those of the unknown.
        conditions: SymPy equations such as ``sp.Eq(u.subs(t, 0), g)``, ``Boundary(u, g)``, ``Condition(…)``, or
            measurements, ``Data(u, points, values)``.
        exact: a SymPy expression, or a function of points (N, D) with values (N,), for comparison only.
        ansatz: (A, B) of the user's own for u = A + B f; by default it is made from the conditions.
        features: expressions of the variables that the default network gets as further inputs, such as ‖x‖² where
            the data depend on it.
        time: the variable that is time rather than space; by default the one called ``t``.
        name: what the problem is called in reports.
        description: one line about it, with its source.

    Attributes:
        variables: the arguments of the unknown; columns of points are in this order.
        unknown: the unknown function applied to them.
        declared_conditions: the conditions as given.
        ansatz: u = A + B f, with the names of the hard conditions and the soft ones themselves.
        notes: sentences about what is no mistake but may not be meant: data that disagree where two conditions meet,
            or an equation of second order in time without an initial velocity.
        bundled: name and settings of a bundled problem, else None.

    Raises:
        DeclarationError: the parts contradict each other; the message names the one at fault.

    Example:
        >>> import sympy as sp
        >>> import pinnzo as pz
        >>> x = pz.coordinates("x", 2)
        >>> u = sp.Function("u")(*x)
        >>> problem = pz.Problem(sp.Eq(pz.laplacian(u, x), -4), domain=pz.Ball(x), conditions=[pz.Boundary(u, 0)],
        ...                      exact=1 - x[0]**2 - x[1]**2)
        >>> problem.ansatz
        Ansatz(A=0, B=-x1**2 - x2**2 + 1, hard=('boundary',))
    """

    def __init__(
        self,
        equation: Any,
        domain: Domain,
        conditions: Sequence[Any] = (),
        exact: Any | None = None,
        ansatz: tuple[Any, Any] | None = None,
        time: sp.Symbol | None = None,
        name: str = "problem",
        description: str = "",
        features: Sequence[Any] = (),
    ) -> None:
        _check_equation(equation)
        self.bundled: tuple[str, dict[str, Any]] | None = None
        if not isinstance(domain, Domain):
            raise DeclarationError(
                f"domain is {domain!r}: pass a Box, a Ball, a Shell, a Simplex, a Gaussian, or a product of them."
            )
        if not isinstance(name, str) or not isinstance(description, str):
            raise DeclarationError(f"name is {name!r} and description {description!r}: both must be text.")
        domain.check()
        self.equation, self.domain, self.name, self.description = equation, domain, name, description
        self.unknown = _find_unknown(equation)
        self.variables: tuple[sp.Symbol, ...] = self.unknown.args
        if isinstance(features, (sp.Basic, str)) or not isinstance(features, Sequence):
            raise DeclarationError("features must be a list of expressions, also when there is only one.")
        self.features = tuple(known_expression(e, f"features[{i}]", self.variables) for i, e in enumerate(features))
        self.time = _find_time(time, self.variables)
        _check_variables(equation, self.unknown, domain)
        self.sampler = Sampler(domain, self.variables, self.time)
        self.lowered = lower(equation.lhs - equation.rhs, self.unknown)
        if self.lowered.places not in ((), ((),)):
            raise DeclarationError(f"The equation {equation} holds a coordinate at a constant: that is a condition.")
        if isinstance(conditions, (sp.Basic, str)) or not isinstance(conditions, Sequence):
            raise DeclarationError("conditions must be a list, also when there is only one condition.")
        self.declared_conditions = tuple(Condition(c) if isinstance(c, sp.Equality) else c for c in conditions)
        self.conditions = parse_conditions(self.declared_conditions, self.unknown, domain)
        if any(c.on_whole_boundary for c in self.conditions):
            self.sampler.check_boundary()
        check_overlap(self.conditions, self.sampler)
        verify_meaning(self.lowered, "equation", equation, self.sampler)
        for condition in self.conditions:
            verify_meaning(condition.lowered, "condition", condition.text, self.sampler)
        verify_data(self.lowered, self.conditions, self.sampler)
        self.notes = (
            *time_notes(self.lowered, self.conditions, self.sampler),
            *corner_notes(self.conditions, self.sampler),
        )
        self.ansatz: Ansatz = self._make_ansatz(ansatz)
        self.exact: sp.Expr | ExactFunction | None = self._check_exact(exact)

    @property
    def dimension(self) -> int:
        """The number of variables D, time included."""
        return len(self.variables)

    def softened(self, axes: Collection[int]) -> Problem:
        """The problem for a network that is not periodic along these axes: what needs one becomes a penalty.

        Raises:
            SettingError: a condition that has to be hard needs a periodic network.
        """
        other = copy(self)
        other.ansatz = self.ansatz.softened(axes, self.conditions)
        return other

    def exact_values(self, points: torch.Tensor) -> torch.Tensor | None:
        """The exact solution at points (N, D) as float64 (N,), or None if it is not known."""
        return None if self.exact is None else evaluate_exact(self.exact, points, self.variables)

    def _make_ansatz(self, ansatz: tuple[Any, Any] | None) -> Ansatz:
        if ansatz is None:
            return build_ansatz(self.conditions, self.sampler, self.lowered)
        return given_ansatz(ansatz, self.conditions, self.sampler, self.lowered)

    def _check_exact(self, exact: Any) -> sp.Expr | ExactFunction | None:
        if exact is None:
            return None
        if callable(exact) and not isinstance(exact, sp.Basic):
            verify_function(exact, self.lowered, self.conditions, self.sampler)
            return exact
        expression = refine(known_expression(exact, "exact", self.variables), self.domain)
        verify_expression(expression, self.lowered, self.conditions, self.sampler)
        return expression

    def __repr__(self) -> str:
        return f"Problem({self.name!r}, {self.dimension} variables, {self.domain!r})"

    def _repr_latex_(self) -> str:
        return f"${sp.latex(self.equation)}$"


def _check_equation(equation: Any) -> None:
    if equation in (sp.true, sp.false, True, False):
        raise DeclarationError(
            f"The equation evaluated to {equation} before it reached Problem: its two sides are trivially equal, or "
            "one holds NaN, infinity or a matrix. Write sp.Eq(left side, right side) with the unknown in it."
        )
    if not isinstance(equation, sp.Equality):
        raise DeclarationError(f"equation is {equation!r}: write sp.Eq(left side, right side) with the unknown in it.")
    for side in equation.args:
        if not isinstance(side, sp.Expr) or getattr(side, "is_Matrix", False):
            raise DeclarationError(
                f"The equation {equation} is not scalar: give one equation between scalar expressions, such as one "
                "entry of the matrices or their divergence."
            )


def _find_unknown(equation: sp.Equality) -> AppliedUndef:
    applied = equation.atoms(AppliedUndef)
    functions = {a.func for a in applied}
    if len(functions) != 1:
        raise DeclarationError(
            f"The equation {equation} contains {len(functions)} unknown functions "
            f"({', '.join(sorted(map(str, functions))) or 'none'}): it must contain exactly one."
        )
    candidates = [a for a in applied if all(isinstance(s, sp.Symbol) for s in a.args)]
    if len(candidates) != 1 or len(set(candidates[0].args)) != len(candidates[0].args):
        raise DeclarationError(
            f"The unknown occurs as {', '.join(sorted(map(str, applied)))}: use it with the same list of distinct "
            "variables throughout."
        )
    return candidates[0]


def _find_time(time: sp.Symbol | None, variables: Sequence[sp.Symbol]) -> sp.Symbol | None:
    if time is not None and time not in variables:
        raise DeclarationError(f"time is {time!r}, which is not one of the variables {', '.join(map(str, variables))}.")
    return time if time is not None else next((s for s in variables if s.name == "t"), None)


def _check_variables(equation: sp.Equality, unknown: AppliedUndef, domain: Domain) -> None:
    variables = set(unknown.args)
    if strangers := equation.free_symbols - variables:
        hint = stranger_hint(strangers, variables)
        raise DeclarationError(
            f"The equation contains {listed(strangers)}, which is not a variable of {unknown}: {hint}."
        )
    for s in variables:
        if s.is_real is not True:
            raise DeclarationError(
                f"The variable {s} is not declared real: use coordinates() or Symbol({s.name!r}, real=True)."
            )
    missing, extra = variables - set(domain.variables), set(domain.variables) - variables
    if missing or extra:
        parts = [f"it lacks {listed(missing)}"] if missing else []
        parts += [f"it has {listed(extra)} besides"] if extra else []
        hint = f": {stranger_hint(extra, missing)}" if {s.name for s in extra} & {s.name for s in missing} else ""
        raise DeclarationError(f"The domain does not fit the unknown {unknown}: {' and '.join(parts)}{hint}.")
    if equation.has(*INFINITE):
        raise DeclarationError(f"The equation {equation} contains NaN or infinity: every term must be finite.")
