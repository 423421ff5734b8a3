"""The bundled problems, one after the other, with the default settings and the same budget for each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console

from pinnzo import catalogue
from pinnzo.comparison.output import error_text, listed
from pinnzo.errors import PinnzoError, SettingError
from pinnzo.parallel import default_workers
from pinnzo.settings import whole_number
from pinnzo.solving import solve
from pinnzo.symbolic.problem import Problem
from pinnzo.training import Budget

from .result import Benchmark, BenchmarkRow

SECONDS = 30.0
INTERRUPTED = "The run was interrupted"


def benchmark(
    names: Sequence[str | Problem] | str | Problem | None = None,
    *,
    seconds: float | None = SECONDS,
    steps: int | None = None,
    seed: int = 0,
    settings: Mapping[str, Any] | None = None,
    progress: bool = True,
) -> Benchmark:
    """Solve problems with the default settings of ``solve``, within a budget each.

    Args:
        names: of bundled problems, or problems of your own; by default all that are bundled.
        seconds: training time for each; None where ``steps`` are the limit.
        steps: a limit of training steps for each.
        seed: of each run.
        settings: of the bundled problems, such as ``{"dimension": 5}``; each gets those that it has.
        progress: show how it goes, on standard error.

    Returns:
        One row a problem, with ``table()``, ``markdown()``, ``figure()``, ``to_json()`` and ``save()``. A problem that
        fails is a row with the reason. Ctrl-C ends the benchmark with what is there.

    Raises:
        SettingError: a problem or a setting is unknown.

    Example:
        >>> result = benchmark(["heat", "hjb"], seconds=None, steps=2, settings={"dimension": 2}, progress=False)
        >>> [(row.name, row.dimension, row.steps) for row in result.rows]
        [('heat', 3, 2), ('hjb', 3, 2)]
    """
    chosen = _chosen(names, dict(settings or {}))
    seed = whole_number(seed, 0, "seed", "the number that fixes the runs")
    budget = Budget(seconds=seconds, steps=steps)
    console = Console(stderr=True, quiet=not progress)
    rows: list[BenchmarkRow] = []
    status = f"All {len(chosen)} problems were run." if len(chosen) > 1 else "The problem was run."
    try:
        for number, (name, problem, own) in enumerate(chosen, 1):
            _tell(console, f"{name} ({number} of {len(chosen)})")
            row = _run(name, problem, own, budget, seed, progress)
            interrupted = row.status.startswith(INTERRUPTED)
            if row.steps or not interrupted:
                rows.append(row)
                _tell(console, f"{name}: {_outcome(row)}")
            if interrupted:
                raise KeyboardInterrupt
    except KeyboardInterrupt:
        if not rows:
            raise
        status = f"The benchmark was interrupted; it holds {listed([row.name for row in rows])}."
    if failed := [row.name for row in rows if row.failed]:
        status += f" Without a solution: {listed(failed)}."
    return Benchmark(tuple(rows), budget, seed, status, default_workers())


def _chosen(
    names: Sequence[str | Problem] | str | Problem | None, settings: dict[str, Any]
) -> list[tuple[str, Problem | catalogue.Entry, dict[str, Any]]]:
    """Name, problem or entry, and its settings, for each that was asked for."""
    known = catalogue.problems()
    asked = list(known) if names is None else [names] if isinstance(names, (str, Problem)) else list(names)
    if not asked:
        raise SettingError(f"names is empty: choose among {', '.join(known)}.")
    chosen: dict[Any, tuple[str, Problem | catalogue.Entry, dict[str, Any]]] = {}
    for name in asked:
        if isinstance(name, Problem):
            chosen[id(name)] = name.name, name, {}
            continue
        entry = catalogue.entry(name)
        own = {key: value for key, value in settings.items() if key in entry.settings}
        entry.check(**own)
        chosen[entry.name] = entry.name, entry, own
    for key in settings:
        if not any(key in own for _, _, own in chosen.values()):
            raise SettingError(
                f"None of the problems {listed([n for n, *_ in chosen.values()])} has a setting {key!r}."
            )
    return list(chosen.values())


def _run(
    name: str, problem: Problem | catalogue.Entry, own: dict[str, Any], budget: Budget, seed: int, progress: bool
) -> BenchmarkRow:
    given: dict[str, Any] = {"name": name, "seed": seed, "settings": own}
    try:
        declared = problem if isinstance(problem, Problem) else catalogue.problem(name, **own)
        solution = solve(declared, seed=seed, budget=budget, progress=progress)
        found = solution.summary()
    except Exception as error:
        # The others are to be run all the same.
        reason = str(error) if isinstance(error, PinnzoError) else f"It failed with {type(error).__name__}: {error}"
        return BenchmarkRow(**given, status=" ".join(reason.split()), failed=True, complete=False)
    figures: dict[str, Any] = {
        key: math.nan if found[key] is None else found[key]
        for key in ("relative_l2", "zero_network", "affine_network", "loss", "seconds")
    }
    return BenchmarkRow(
        **given,
        status=solution.status,
        dimension=declared.dimension,
        **figures,
        steps=solution.steps,
        evaluations=solution.evaluations,
        parameters=solution.parameter_count,
        failed=found["loss"] is None and solution.steps > 0,
        complete=not solution.status.startswith(INTERRUPTED),
    )


def _outcome(row: BenchmarkRow) -> str:
    if row.failed:
        return row.status
    measured = math.isfinite(row.relative_l2)
    known = f"error {error_text(row.relative_l2)}" if measured else f"loss {error_text(row.loss)}"
    return f"{known} after {row.seconds:.1f} s"


def _tell(console: Console, line: str) -> None:
    console.print(line, markup=False, highlight=False, soft_wrap=True)
