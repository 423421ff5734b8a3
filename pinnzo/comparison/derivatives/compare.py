"""Every derivative estimator on the terms of one equation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sympy as sp
import torch

from pinnzo import catalogue
from pinnzo.assembly import Assembly
from pinnzo.comparison.crossover import Crossover, measure_crossover
from pinnzo.comparison.output import listed
from pinnzo.comparison.stages import Stages
from pinnzo.derivatives import Estimator
from pinnzo.errors import DeclarationError, SettingError
from pinnzo.networks.base import Network
from pinnzo.networks.black_box import BlackBoxNetwork
from pinnzo.parallel import one_thread_kernels
from pinnzo.seeding import generator
from pinnzo.settings import DTYPES, settings_for, whole_number
from pinnzo.solution import Solution
from pinnzo.symbolic.calculus import Differentiator
from pinnzo.symbolic.compiler import CompiledResidual
from pinnzo.symbolic.problem import Problem

from .estimators import Choice, Given, choices_of
from .functions import ExactFunction, Function, NetworkFunction
from .measure import Bench, Target, scales_of
from .result import ComparedFunction, DerivativeComparison, DerivativeResult
from .terms import CompiledTerms, Term, terms_of

DEFAULT_PROBLEM = "hjb"
DIMENSIONS = (2, 5, 10, 20, 50, 100, 200)
INTERRUPTED = "The comparison was interrupted; it holds what was measured until then."


def compare_derivatives(
    problem: Problem | str = DEFAULT_PROBLEM,
    estimators: Sequence[Given] | Mapping[str, Estimator] | Given | None = None,
    *,
    network: Any = None,
    solution: Solution | None = None,
    points: int = 1000,
    seed: int = 0,
    dtypes: Sequence[Any] | str = ("float64", "float32"),
    dimensions: Sequence[int] | None = DIMENSIONS,
    progress: bool = True,
) -> DerivativeComparison:
    """Measure what estimators of derivatives cost, and how far each term of an equation is off.

    As in training, an estimator acts on the network f of the ansatz u = A + B f; A and B are differentiated exactly.
    Two functions f are taken, since they tell different things. One is (u* − A)/B with the exact solution u*, if
    that is a SymPy expression and f is not affine (then every estimator is exact); SymPy's derivatives are the truth.
    The other is a network, the random one with which a run would begin or that of ``solution``; automatic
    differentiation of it in float64 is the truth. Only the equation is looked at, not the conditions.

    The crossover is another experiment: the time of a gradient and a Laplacian in D variables, by stencils and by
    automatic differentiation.

    Args:
        problem: a declaration, or the name of a bundled one; that of ``solution`` where one is given.
        estimators: names of the command line or estimators, in a list or as a mapping from names of your own; all
            that there are by default.
        network: as for ``solve``; a random one is drawn.
        solution: a trained solution, whose network is taken instead.
        points: at how many points of the interior errors, time and memory are measured.
        seed: fixes points, network and random estimators.
        dtypes: "float64", "float32" or both.
        dimensions: the D of the crossover; None or an empty list leaves it out.
        progress: show how it goes, on standard error.

    Returns:
        Errors and costs, whose ``table()``, ``figure()`` and ``to_json()`` show them. An estimator that cannot be used
        has a row that says why. Ctrl-C ends the comparison with what is there.

    Raises:
        PinnzoError: a setting does not fit; the message names it and the remedy.

    Example:
        >>> comparison = compare_derivatives(
        ...     "poisson-2d", ["smolyak", "autodiff"], points=50, dtypes="float64", dimensions=None, progress=False
        ... )
        >>> comparison.terms, [result.evaluations for result in comparison.results]
        (('Δu',), [5, 1])
    """
    chosen = choices_of(estimators)
    points = whole_number(points, 2, "points", "the number of points")
    seed = whole_number(seed, 0, "seed", "the number that fixes the comparison")
    names = _dtypes(dtypes)
    sizes = _dimensions(dimensions)
    problem = _problem(problem, network, solution)
    setup = _Setup(problem, network, solution, points, seed)

    results: list[DerivativeResult] = []
    crossover: Crossover | None = None
    functions: tuple[ComparedFunction, ...] = ()
    status = ""
    stages = len(chosen) * len(names) + len(sizes)
    with Stages("Comparing derivatives", stages, progress) as display, torch.inference_mode(), one_thread_kernels():
        try:
            benches = {name: setup.bench(DTYPES[name]) for name in names}
            cases = benches[names[0]].cases
            functions = tuple(
                ComparedFunction(f.name, f.description, scales_of(case))
                for f, case in zip(setup.functions, cases, strict=True)
            )
            for choice in chosen:
                for name in names:
                    display.begin(f"{choice.label}, {name}")
                    results.append(benches[name].measure(choice, generator(seed, "draws")))
            if sizes:
                crossover = measure_crossover(sizes, points, seed, display.begin)
        except KeyboardInterrupt:
            if not results:
                raise
            status = INTERRUPTED
    return DerivativeComparison(
        problem.name,
        problem.dimension,
        points,
        seed,
        tuple(term.name for term in setup.terms),
        functions,
        tuple(results),
        crossover,
        (*setup.notes, *_notes(chosen, results)),
        status or _status(chosen, results),
    )


class _Setup:
    """The problem, the functions and the points, which all dtypes share."""

    def __init__(self, problem: Problem, network: Any, solution: Solution | None, points: int, seed: int) -> None:
        self.problem = problem
        self.terms: tuple[Term, ...] = terms_of(problem)
        if not self.terms:
            raise SettingError(f"The equation of {problem.name!r} has no derivatives to compare.")
        A, B = (Differentiator(part, problem.variables) for part in (problem.ansatz.A, problem.ansatz.B))
        self.targets = {
            projected: Target(
                CompiledTerms(self.terms, problem, A, B, projected),
                CompiledResidual("equation", problem.lowered, problem, A, B, projected),
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


def _problem(problem: Problem | str, network: Any, solution: Solution | None) -> Problem:
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


def _dtypes(dtypes: Sequence[Any] | str | torch.dtype) -> tuple[str, ...]:
    given = [dtypes] if isinstance(dtypes, (str, torch.dtype)) else list(dtypes)
    names = tuple(dict.fromkeys(str(dtype).removeprefix("torch.") for dtype in given))
    if not names or any(name not in DTYPES for name in names):
        raise SettingError(f"dtypes is {dtypes!r}: choose float64, float32 or both.")
    return names


def _dimensions(dimensions: Sequence[int] | None) -> tuple[int, ...]:
    if dimensions is not None and (isinstance(dimensions, str) or not isinstance(dimensions, Sequence)):
        raise SettingError(f"dimensions is {dimensions!r}: give a list of whole numbers, or None.")
    what = "numbers of variables"
    return tuple(sorted({whole_number(number, 1, "dimensions", what) for number in dimensions or ()}))


def _status(chosen: Sequence[Choice], results: Sequence[DerivativeResult]) -> str:
    """Whether all estimators were measured."""
    refused = {r.name for r in results if r.refusal}
    labels = [choice.label for choice in chosen if choice.name in refused]
    if labels:
        return f"{len(chosen) - len(refused)} of {len(chosen)} estimators were measured; refused: {listed(labels)}."
    return f"All {len(chosen)} estimators were measured." if len(chosen) > 1 else "The estimator was measured."


def _notes(chosen: Sequence[Choice], results: Sequence[DerivativeResult]) -> list[str]:
    """What has to be known to read the table; refusals, each once."""
    notes = [
        "Errors of terms are relative to the root mean square of the true term (with a star, where that is zero: "
        "absolute); those of the residual are absolute.",
        "Evaluations count the nodes with a non-zero weight. Σ|w| is the largest of the linear operators that are "
        "estimated. Time and memory are those of one call for all points on one thread, without the setting up.",
    ]
    if any(result.uses_backpropagation and not result.refusal for result in results):
        notes.append(
            "Autodiff spends one forward pass a point and backward passes, which are not counted. In float64 it is "
            "itself the truth for a network."
        )
    random = [choice.label for choice in chosen if any(r.name == choice.name and r.draws > 1 for r in results)]
    if random:
        draws = max(r.draws for r in results)
        notes.append(f"Of {listed(random)} the errors are the root mean square over {draws} draws.")
    for choice in chosen:
        reasons = dict.fromkeys(r.refusal for r in results if r.name == choice.name and r.refusal)
        notes += [f"{choice.label}: {reason}" for reason in reasons]
    return notes
