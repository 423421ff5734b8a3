"""A partial differential equation, declared."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from copy import copy
from dataclasses import replace
from typing import Any

import sympy as sp
import torch
from sympy.core.function import AppliedUndef
from sympy.logic.boolalg import BooleanAtom

from pinnzo.errors import DeclarationError, SettingError
from pinnzo.symbolic.ansatz import Ansatz, build_ansatz, given_ansatz
from pinnzo.symbolic.boundary import Sampler, check_overlap
from pinnzo.symbolic.conditions import Condition, ParsedCondition, parse_conditions
from pinnzo.symbolic.corners import absence_notes, corner_notes, time_notes
from pinnzo.symbolic.domains import Domain
from pinnzo.symbolic.exact import exact_values, split_exact
from pinnzo.symbolic.expressions import INFINITE, known_expression, listed, stranger_hint
from pinnzo.symbolic.lowering import lower_all
from pinnzo.symbolic.meaning import check_coefficients, verify_data, verify_meaning
from pinnzo.symbolic.quantities import Lowered
from pinnzo.symbolic.unknowns import Unknowns, checked_coefficients, find_functions
from pinnzo.symbolic.verification import verify_exact


class Problem:
    """A partial differential equation, or a system, with its domain, conditions and, if known, its exact solution.

    The problem checks itself: the unknowns, the variables and the domain must agree, every condition must lie on
    the boundary, and a declared exact solution must satisfy the equations and the conditions.

    Args:
        equation: a SymPy equation in one unknown function, with ``.diff``, ``laplacian``, … of it; or a list of at
            least as many equations as there are unknown functions of the same variables. A complex unknown is
            declared by its real and its imaginary part.
        domain: where it holds; its variables are those of the unknown.
        conditions: SymPy equations such as ``sp.Eq(u.subs(t, 0), g)``, ``Boundary(u, g)``, ``Condition(…)``, or
            measurements, ``Data(u, points, values)``.
        exact: a SymPy expression, or a function of points (N, D) with values (N,), for comparison only. In a system a
            list of these, one for each unknown function, or one function with values (N, C). A mapping names the
            unknowns, ``{u: …, v: …, k: 0.3}``; it is the way to give true values of unknown coefficients.
        ansatz: (A, B) of the user's own for u = A + B f; by default it is made from the conditions. In a system a
            mapping from unknown functions to such pairs.
        features: expressions of the variables that the default network gets as further inputs, such as ‖x‖² where
            the data depend on it.
        time: the variable that is time rather than space; by default the one called ``t``.
        name: what the problem is called in reports.
        description: one line about it, with its source.
        functions: the unknown functions in the order of the solution's columns, by default that of their names.
        unknowns: unknown coefficients of the equations that are trained along: a list of real SymPy symbols, or a
            mapping to the numbers that the search begins at, 1 by default. Those of symbols that are declared positive
            stay positive. Measurements (``Data``) must be there to tell them.

    Attributes:
        equations: as given.
        variables: the arguments of the unknowns; columns of points are in this order.
        functions: the unknown functions applied to them.
        unknowns: the unknown coefficients and the numbers that the search begins at.
        declared_conditions: the conditions as given.
        ansatz: u = A + B f, with the names of the hard conditions and the soft ones themselves.
        exact: the exact solution: in a system a tuple with one for each unknown function, or one function for all.
        exact_unknowns: the true values of the unknown coefficients, where ``exact`` gives them.
        notes: sentences about what is no mistake but may not be meant: data that disagree where two conditions meet,
            an equation of second order in time without an initial velocity, or one without any condition.
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
        ansatz: Any | None = None,
        time: sp.Symbol | None = None,
        name: str = "problem",
        description: str = "",
        features: Sequence[Any] = (),
        functions: Sequence[Any] | None = None,
        unknowns: Any | None = None,
    ) -> None:
        self.equations = _checked_equations(equation)
        self.bundled: tuple[str, dict[str, Any]] | None = None
        if not isinstance(domain, Domain):
            raise DeclarationError(
                f"domain is {domain!r}: pass a Box, a Ball, a Shell, a Simplex, a Gaussian, or a product of them."
            )
        if not isinstance(name, str) or not isinstance(description, str):
            raise DeclarationError(f"name is {name!r} and description {description!r}: both must be text.")
        domain.check()
        self.domain, self.name, self.description = domain, name, description
        self.functions = find_functions(self.equations, functions)
        self.variables: tuple[sp.Symbol, ...] = self.functions[0].args
        self.unknowns: dict[sp.Symbol, float] = checked_coefficients(unknowns, self.variables)
        self._asked = Unknowns(self.functions, self.unknowns)
        if isinstance(features, (sp.Basic, str)) or not isinstance(features, Sequence):
            raise DeclarationError("features must be a list of expressions, also when there is only one.")
        self.features = tuple(known_expression(e, f"features[{i}]", self.variables) for i, e in enumerate(features))
        self.time = _find_time(time, self.variables)
        _check_variables(self.equations, self._asked, domain)
        self.sampler = Sampler(domain, self.variables, self.time)
        self.lowered_equations = tuple(lower_all([e.lhs - e.rhs for e in self.equations], self.functions))
        for declared, lowered in zip(self.equations, self.lowered_equations, strict=True):
            if lowered.places not in ((), ((),)):
                raise DeclarationError(
                    f"The equation {declared} holds a coordinate at a constant: that is a condition."
                )
        if isinstance(conditions, (sp.Basic, str)) or not isinstance(conditions, Sequence):
            raise DeclarationError("conditions must be a list, also when there is only one condition.")
        self.declared_conditions = tuple(Condition(c) if isinstance(c, sp.Equality) else c for c in conditions)
        self.conditions = parse_conditions(self.declared_conditions, self._asked, domain)
        if any(c.on_whole_boundary for c in self.conditions):
            self.sampler.check_boundary()
        check_overlap(self.conditions, self.sampler)
        check_coefficients(self.lowered_equations, self.conditions, self._asked)
        # Checks put numbers in for unknown coefficients.
        trial_equations, trial_conditions = self._with(self._asked.trial)
        for declared, lowered in zip(self.equations, trial_equations, strict=True):
            verify_meaning(lowered, "equation", declared, self.sampler)
        for condition in trial_conditions:
            verify_meaning(condition.lowered, "condition", condition.text, self.sampler)
        verify_data(trial_equations, trial_conditions, self.sampler)
        self.notes = (
            *(absence_notes(self.lowered_equations, self.conditions, self.sampler) if ansatz is None else ()),
            *time_notes(self.lowered_equations, self.conditions, self.sampler, self._asked),
            *corner_notes(self.conditions, self.sampler, self._asked),
        )
        made = self._make_ansatz(ansatz, trial_equations, trial_conditions)
        by_name = {c.name: c for c in self.conditions}
        self.ansatz: Ansatz = replace(made, soft=tuple(by_name[c.name] for c in made.soft))
        self.exact, self.exact_unknowns = split_exact(exact, self._asked, domain)
        if self.exact is not None:
            verify_exact(self.exact, *self._with(self.exact_unknowns), self.sampler, self._asked)

    @property
    def equation(self) -> sp.Equality:
        """The first equation, or the only one."""
        return self.equations[0]

    @property
    def unknown(self) -> AppliedUndef:
        """The first unknown function, or the only one."""
        return self.functions[0]

    @property
    def lowered(self) -> Lowered:
        """What the first equation, or the only one, has been lowered to."""
        return self.lowered_equations[0]

    @property
    def trial_equations(self) -> list[Lowered]:
        """What the equations have been lowered to, with numbers near their guesses for unknown coefficients."""
        return self._with(self._asked.trial)[0]

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
        """The exact solution at points (N, D) in float64, or None if it is not known.

        Its shape is (N,) for one unknown function and (N, C) for C of them.
        """
        return None if self.exact is None else exact_values(self.exact, points, self._asked)

    def component(self, function: Any) -> int:
        """Which column of the solution an unknown function has, given as u(x, …) or by its name.

        Raises:
            SettingError: it is none of the unknown functions.
        """
        for i, unknown in enumerate(self.functions):
            if function in (unknown, unknown.func, unknown.func.__name__):
                return i
        raise SettingError(f"{function!r} is not one of the unknown functions {listed(self.functions)}.")

    def _with(self, numbers: Mapping[sp.Symbol, float]) -> tuple[list[Lowered], list[ParsedCondition]]:
        """The equations and conditions with numbers in place of unknown coefficients."""
        return [e.at(numbers) for e in self.lowered_equations], [c.at(numbers) for c in self.conditions]

    def _make_ansatz(self, ansatz: Any, equations: Sequence[Lowered], conditions: Sequence[ParsedCondition]) -> Ansatz:
        if ansatz is None:
            return build_ansatz(conditions, self.sampler, equations, len(self.functions))
        return given_ansatz(ansatz, conditions, self.sampler, equations, self._asked)

    def __repr__(self) -> str:
        return f"Problem({self.name!r}, {self.dimension} variables, {self.domain!r})"

    def _repr_latex_(self) -> str:
        if len(self.equations) == 1:
            return f"${sp.latex(self.equation)}$"
        lines = r" \\ ".join(f"{sp.latex(e.lhs)} &= {sp.latex(e.rhs)}" for e in self.equations)
        return rf"$\begin{{aligned}} {lines} \end{{aligned}}$"


def _checked_equations(given: Any) -> tuple[sp.Equality, ...]:
    equations = tuple(given) if isinstance(given, (list, tuple)) else (given,)
    if not equations:
        raise DeclarationError("equation is an empty list: give at least one equation.")
    for equation in equations:
        _check_equation(equation)
    return equations


def _check_equation(equation: Any) -> None:
    if isinstance(equation, (bool, BooleanAtom)):
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


def _find_time(time: sp.Symbol | None, variables: Sequence[sp.Symbol]) -> sp.Symbol | None:
    if time is not None and not (isinstance(time, sp.Symbol) and time in variables):
        raise DeclarationError(f"time is {time!r}, which is not one of the variables {', '.join(map(str, variables))}.")
    return time if time is not None else next((s for s in variables if s.name == "t"), None)


def _check_variables(equations: Sequence[sp.Equality], unknowns: Unknowns, domain: Domain) -> None:
    variables, unknown = set(unknowns.variables), unknowns.functions[0]
    for equation in equations:
        if strangers := equation.free_symbols - set(unknowns.symbols):
            hint = stranger_hint(strangers, variables)
            raise DeclarationError(
                f"The equation contains {listed(strangers)}, which is not a variable of {unknown}: {hint}."
            )
        if equation.has(*INFINITE):
            raise DeclarationError(f"The equation {equation} contains NaN or infinity: every term must be finite.")
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
