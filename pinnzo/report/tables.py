"""The figures of a run: what came out, how it compares, and what it was asked to do."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from pinnzo.accuracy import Accuracy
from pinnzo.report.markup import definitions, section, table, text
from pinnzo.report.mathml import formula
from pinnzo.report.readable import readable

if TYPE_CHECKING:
    from pinnzo.solution import Solution


def headline(solution: Solution, accuracy: Accuracy | None) -> str:
    """The most important figures, as a list."""
    figures = []
    if accuracy is not None:
        figures.append(("relative L<sub>2</sub> error", readable(accuracy.relative_l2, 1)))
        if accuracy.zero_network:
            figures.append(("error ÷ zero network", readable(accuracy.relative_l2 / accuracy.zero_network, 1)))
    figures += [
        ("loss on held-out points", readable(solution.loss, 1)),
        ("network evaluations", readable(float(solution.evaluations), 1) if solution.evaluations else "0"),
        ("training time", f"{solution.seconds:,.1f} s"),
        ("parameters", readable(solution.parameter_count)),
    ]
    return definitions(figures, "figures")


def errors(solution: Solution, accuracy: Accuracy | None) -> str:
    """The section with the table of errors beside those of the baselines."""
    if accuracy is None:
        return section("errors", "Errors", "<p>No exact solution is known, so that no error can be measured.</p>")
    zero = accuracy.zero_network

    def row(name: str, error: float, *more: str) -> tuple[str, ...]:
        share = readable(error / zero) if zero else "–"
        return (name, readable(error), share, *(more or ("–", "–")))

    rows = [
        row(
            "<strong>trained network</strong>",
            accuracy.relative_l2,
            readable(accuracy.max_abs),
            readable(accuracy.rmse),
        ),
        row("best affine network", accuracy.affine_network),
        row("zero network", zero),
    ]
    head = ["", "relative L<sub>2</sub>", "÷ zero network", "largest", "root mean square"]
    said = (
        f"At {accuracy.points:,} points that were never trained on. The <em>zero network</em> is the ansatz with "
        "f ≡ 0, before anything is learnt; the <em>best affine network</em> is the ansatz with the best affine f, "
        "fitted to the exact solution itself."
    )
    parts = [table(head, rows), f'<p class="note">{said}</p>']
    if len(accuracy.by_function) > 1:
        by = [(text(name), readable(error)) for name, error in accuracy.by_function.items()]
        parts.append(table(["function", "relative L<sub>2</sub>"], by))
    return section("errors", "Errors", *parts)


def coefficients(solution: Solution) -> str:
    """The section on unknown coefficients; empty where there are none."""
    problem = solution.problem
    rows = []
    for symbol, found in solution.unknowns.items():
        exact = problem.exact_unknowns.get(symbol)
        gap = None if exact is None or not exact else abs(found / float(exact) - 1)
        known = None if exact is None else float(exact)
        rows.append(
            (
                formula(symbol),
                readable(found, 4),
                readable(known, 4),
                readable(gap),
                readable(problem.unknowns[symbol], 4),
            )
        )
    if not rows:
        return ""
    head = ["coefficient", "found", "exact", "relative error", "first guess"]
    return section("coefficients", "Coefficients that were found", table(head, rows))


def settings(solution: Solution) -> str:
    """The section on the settings of the run."""
    given = solution.settings
    bundled = solution.problem.bundled
    rows = [
        (
            "problem",
            ", ".join([bundled[0], *(f"{k} = {v}" for k, v in bundled[1].items())])
            if bundled
            else solution.problem.name,
        ),
        ("variables", readable(solution.problem.dimension)),
        ("network", described(given.network)),
        ("parameters", readable(solution.parameter_count)),
        ("derivatives", f"{described(solution.estimator)}, of the {given.estimate}"),
        ("trainer", described(given.trainer)),
        ("points of a step", f"{readable(given.points)}, {described(given.sampling)}"),
        ("weights", ", ".join(f"{k} = {readable(v)}" for k, v in given.weights.items())),
        ("balance", "" if given.balance is None else described(given.balance)),
        ("budget", described(given.budget)),
        ("steps", readable(solution.steps)),
        ("seed", str(given.seed)),
        ("precision, device", f"{given.dtype}, {given.device}"),
        ("pinnzo", version("pinnzo")),
    ]
    listed = table([], [(name, text(value)) for name, value in rows if value])
    return section("settings", "Settings", f'<div class="plain">{listed}</div>')


def described(value: Any) -> str:
    """Settings in words: the name of their class, and every field that is set.

    Example:
        >>> import pinnzo as pz
        >>> described(pz.Budget(seconds=60))
        'Budget: seconds 60'
        >>> described("uniform")
        'uniform'
    """
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        return value if isinstance(value, str) else type(value).__name__
    fields = {f.name: getattr(value, f.name) for f in dataclasses.fields(value) if f.repr}
    said = ", ".join(f"{name} {_short(v)}" for name, v in fields.items() if _set(v))
    name = type(value).__name__
    return f"{name}: {said}" if said else name


def _set(value: Any) -> bool:
    return value is not None and not (isinstance(value, (tuple, list, Mapping)) and not value)


def _short(value: Any) -> str:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return f"({described(value)})"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        return f"{value:.6g}"
    if isinstance(value, (tuple, list)) and len(value) > 1 and all(v == value[0] for v in value):
        return f"{_short(value[0])} each"
    if isinstance(value, (tuple, list)):
        shown = [_short(v) for v in value[:4]]
        return "(" + ", ".join(shown + (["…"] if len(value) > 4 else [])) + ")"
    written = str(value)
    return written if len(written) <= 120 else written[:120] + "…"
