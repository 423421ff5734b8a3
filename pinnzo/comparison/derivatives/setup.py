"""What a comparison of derivatives is made on: the equation, its points, and the functions."""

from __future__ import annotations

from typing import Any

import sympy as sp
import torch

from pinnzo import catalogue
from pinnzo.assembly import Assembly
from pinnzo.errors import DeclarationError, SettingError
from pinnzo.networks.base import Network
from pinnzo.networks.black_box import BlackBoxNetwork
from pinnzo.seeding import generator
from pinnzo.settings import settings_for
from pinnzo.solution import Solution
from pinnzo.symbolic.calculus import Differentiator
from pinnzo.symbolic.compiler import CompiledResidual
from pinnzo.symbolic.problem import Problem

from .functions import ExactFunction, Function, NetworkFunction
from .measure import Bench, Target
from .terms import CompiledTerms, Term, terms_of

DEFAULT_PROBLEM = "hjb"


class Setup:
    """The problem, the functions and the points, which all dtypes share.

    Args:
        problem: whose equation is looked at.
        network: as for ``solve``.
        solution: whose network is taken instead, or None.
        points: how many.
        seed: fixes points and network.

    Attributes:
        terms: of the equation.
        functions: whose derivatives are estimated; the last one is a network.
        notes: why a function is left out.

    Raises:
        SettingError: the equation has no derivatives, a black box hides them, or there are several unknowns.
    """

    def __init__(self, problem: Problem, network: Any, solution: Solution | None, points: int, seed: int) -> None:
        if len(problem.functions) > 1 or len(problem.equations) > 1 or problem.unknowns:
            raise SettingError(
                f"{problem.name!r} has several unknowns: estimators are compared on one equation in one unknown "
                "function."
            )
        self.problem = problem
        self.terms: tuple[Term, ...] = terms_of(problem)
        if not self.terms:
            raise SettingError(f"The equation of {problem.name!r} has no derivatives to compare.")
        A, B = (Differentiator(part, problem.variables) for part in problem.ansatz.parts[0])
        self.targets = {
            projected: Target(
                CompiledTerms(self.terms, problem, [(A, B)], projected),
                CompiledResidual("equation", [problem.lowered], problem, [(A, B)], projected),
            )
            for projected in (False, True)
        }
        columns = dict(zip(problem.domain.variables, problem.domain.scale(), strict=True))
        self.scale = [columns[s] for s in problem.variables]
        self.x = problem.sampler.interior(points, generator(seed, "points"), torch.float64)
        self.notes: list[str] = []
        self.functions: list[Function] = []
        if isinstance(problem.exact, sp.Expr):
            exact = ExactFunction(problem, self.terms)
            if exact.is_affine(exact.points(self.x)):
                self.notes.append(
                    "The network of the exact solution, f = (u* − A)/B, is affine: every estimator is exact for it, "
                    "so only the other function is shown."
                )
            else:
                self.functions.append(exact)
        elif problem.exact is not None:
            self.notes.append(
                "The exact solution is a Python function, whose derivatives SymPy does not know; it is left out."
            )
        f, theta, what = _network(problem, network, solution, seed)
        self.functions.append(NetworkFunction(f, theta, what, self.targets[False].terms, self.targets[False].equation))

    def bench(self, dtype: torch.dtype) -> Bench:
        """Points and functions in a dtype."""
        return Bench(self.functions, self.targets, self.scale, self.x.to(dtype))


def _network(problem: Problem, network: Any, solution: Solution | None, seed: int) -> tuple[Network, torch.Tensor, str]:
    """The network, its parameters in float64, and what it is."""
    if solution is not None:
        _check_sight(solution.network)
        what = f"the network of a solution trained for {solution.steps} steps"
        return solution.network, solution.theta.detach().cpu().double(), what
    assembly = Assembly(problem, settings_for(problem, {"network": network, "seed": seed}))
    _check_sight(assembly.network)
    kind = type(assembly.settings.network).__name__
    what = f"a network with random parameters, {kind} with {assembly.network.parameter_count:,} of them"
    return assembly.network, assembly.initial(), what


def _check_sight(network: Network) -> None:
    """Refuse a network whose true derivatives nothing can tell."""
    if isinstance(network, BlackBoxNetwork):
        raise SettingError(
            "A black box cannot be compared on: the truth is automatic differentiation, which does not see into it. "
            "Give a network or a torch module."
        )


def problem_of(problem: Problem | str, network: Any, solution: Solution | None) -> Problem:
    """The problem that is meant.

    Raises:
        PinnzoError: it is none, or does not go with the solution.
    """
    if solution is not None:
        if not isinstance(solution, Solution):
            raise SettingError(f"solution is {solution!r}: pass a Solution, such as that of pinnzo.load.")
        if network is not None:
            raise SettingError("network and solution were both given: the network of the solution is the one taken.")
        own = solution.problem
        known = {own.name, own.bundled[0] if own.bundled else own.name, DEFAULT_PROBLEM}
        if (name := getattr(problem, "name", problem)) not in known:
            raise SettingError(f"solution is one of {own.name!r}, not of {name!r}: leave the problem out.")
        return own
    if isinstance(problem, str):
        problem = catalogue.problem(problem)
    if not isinstance(problem, Problem):
        raise DeclarationError(f"problem is {problem!r}: pass a Problem or the name of a bundled one.")
    return problem
