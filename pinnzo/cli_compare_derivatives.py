"""The command ``pinnzo compare derivatives``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

import pinnzo as pz
from pinnzo.cli_options import AsJson, Quiet, SetOptions, problem_of, settings_of, wide_console, words_of
from pinnzo.comparison.derivatives.compare import DIMENSIONS
from pinnzo.comparison.derivatives.estimators import CHOICES
from pinnzo.comparison.derivatives.setup import DEFAULT_PROBLEM
from pinnzo.comparison.derivatives.tables import crossover_table, remarks
from pinnzo.errors import SettingError
from pinnzo.storage import check_folder

LEAST_WIDTH = 160
"""Columns of a table that is written to a file or a pipe: it has one a term."""


def derivatives(
    problem: Annotated[
        str | None, typer.Argument(help="A bundled problem, or a file FILE.py or FILE.py:NAME; hjb by default.")
    ] = None,
    set_: SetOptions = None,
    estimators: Annotated[
        str | None, typer.Option(help=f"Some of {', '.join(CHOICES)}, with commas between them; all by default.")
    ] = None,
    points: Annotated[int, typer.Option(help="At how many points.")] = 1000,
    dtype: Annotated[Literal["both", "float64", "float32"], typer.Option(help="The precision.")] = "both",
    solution: Annotated[
        Path | None,
        typer.Option(help="The folder of a saved solution, whose network is taken, not a random one."),
    ] = None,
    dimensions: Annotated[
        str, typer.Option(help="Numbers of variables at which to look for the crossover with autodiff, or none.")
    ] = ",".join(map(str, DIMENSIONS)),
    seed: Annotated[int, typer.Option(help="Fixes points, network and random estimators.")] = 0,
    output: Annotated[Path | None, typer.Option(help="Write table, data and figure to this folder.")] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Compare estimators of derivatives: the error of each term of the equation, time, memory, evaluations."""
    sizes = _sizes(dimensions)
    if output is not None:
        check_folder(output)
    settings = settings_of(set_ or [], "--set")
    comparison = pz.compare_derivatives(
        problem_of(problem or DEFAULT_PROBLEM, settings) if solution is None else DEFAULT_PROBLEM,
        None if estimators is None else words_of(estimators),
        solution=None if solution is None else _load(solution, problem, settings),
        points=points,
        seed=seed,
        dtypes=("float64", "float32") if dtype == "both" else dtype,
        dimensions=sizes,
        progress=not quiet,
    )
    written = comparison.save(output) if output is not None else ()
    if as_json:
        sys.stdout.write(json.dumps(comparison.to_json(), allow_nan=False) + "\n")
        return
    console = wide_console(LEAST_WIDTH)
    console.print(comparison.table())
    if (times := crossover_table(comparison)) is not None:
        console.print(times)
    for line in ["", *remarks(comparison), *map(str, written)]:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _load(folder: Path, problem: str | None, settings: dict[str, object]) -> pz.Solution:
    """The saved solution; a problem that is named beside it has to be its own."""
    if settings:
        raise SettingError("--set does not go with --solution: the problem's settings come with the solution.")
    solution = pz.load(folder)
    # A problem of a file is saved in full; its name there is that of the function.
    named = None if problem is None else problem.rsplit(".py:", 1)[-1].replace("_", "-")
    own = solution.problem.bundled[0] if solution.problem.bundled else solution.problem.name
    if named is not None and not named.endswith(".py") and named != own.replace("_", "-"):
        raise SettingError(f"The solution in {folder} is one of {own!r}, not of {problem!r}: leave the problem out.")
    return solution


def _sizes(text: str) -> list[int] | None:
    """The numbers of variables in a list with commas; None for the word none."""
    if text.strip() == "none":
        return None
    try:
        return [int(word) for word in words_of(text)]
    except ValueError:
        raise SettingError(f"--dimensions {text!r} is neither none nor whole numbers with commas: 2,10,50.") from None
