"""Every derivative estimator on the terms of one equation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from pinnzo.comparison.crossover import Crossover, measure_crossover
from pinnzo.comparison.output import listed
from pinnzo.comparison.stages import Stages
from pinnzo.derivatives import Estimator
from pinnzo.errors import SettingError
from pinnzo.parallel import one_thread_kernels
from pinnzo.seeding import generator
from pinnzo.settings import DTYPES, whole_number
from pinnzo.solution import Solution
from pinnzo.symbolic.problem import Problem

from .estimators import Choice, Given, choices_of
from .measure import scales_of
from .result import ComparedFunction, DerivativeComparison, DerivativeResult
from .setup import DEFAULT_PROBLEM, Setup, problem_of

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
    problem = problem_of(problem, network, solution)
    setup = Setup(problem, network, solution, points, seed)

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


def _dtypes(dtypes: Sequence[Any] | str | torch.dtype) -> tuple[str, ...]:
    given = dtypes if isinstance(dtypes, (list, tuple)) else [dtypes]
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
