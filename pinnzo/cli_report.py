"""The command ``pinnzo report``: a page about a saved run."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

import pinnzo as pz
from pinnzo.cli_options import AsJson, problem_of, settings_of, words_of
from pinnzo.errors import DeclarationError, SettingError, StorageError
from pinnzo.storage import CHECKPOINT, SOLUTION, check_folder
from pinnzo.tasks.storage import is_classifier

REPORT = "report.html"


def report(
    folder: Annotated[Path, typer.Argument(help="The folder of a saved solution.")],
    output: Annotated[
        Path | None, typer.Option(help="The file to write, by default report.html in the folder.")
    ] = None,
    plane: Annotated[
        list[str] | None, typer.Option(help="A plane that is drawn, x1,x2, or a line, x1; several may be given.")
    ] = None,
    over: Annotated[str | None, typer.Option(help="The variable under the slider.")] = None,
    at: Annotated[list[str] | None, typer.Option(help="Value of another variable: x3=0.5.")] = None,
    problem: Annotated[
        str | None,
        typer.Option(help="The declaration, FILE.py or FILE.py:NAME, where the folder cannot hold all of it."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write a page about a saved solution: one HTML file that works without a network."""
    target = folder / REPORT if output is None else output
    if target.is_dir():
        raise SettingError(f"--output {target} is a folder: give the name of a file, such as {target / REPORT}.")
    solution = load(folder, problem)
    solution.report(
        target,
        planes=None if plane is None else [words_of(text) for text in plane],
        over=over,
        at=settings_of(at or [], "--at"),
    )
    if as_json:
        sys.stdout.write(json.dumps({**solution.summary(), **figures_of(target)}, allow_nan=False) + "\n")
    else:
        sys.stdout.write(f"{target}\n")


def figures_of(path: Path) -> dict[str, Any]:
    """What the JSON of a command says of a page: where it is, and its size in bytes."""
    return {"report": str(path), "report_bytes": path.stat().st_size}


def load(folder: Path, problem: str | None = None) -> pz.Solution:
    """The solution in a folder.

    Raises:
        StorageError: there is none, or it cannot be restored; the message says what is there, and what to do.
    """
    declared = None if problem is None else problem_of(problem, {})
    if any(is_classifier(folder, name) for name in (SOLUTION, CHECKPOINT)):
        raise StorageError(
            f"{folder} holds a classifier of images, not the solution of an equation: there is no report of it. Its "
            "figures are history.png, confusion.png and mistakes.png."
        )
    if not (folder / SOLUTION).is_file() and (folder / CHECKPOINT).is_file():
        raise StorageError(
            f"{folder} holds the checkpoint of a run and no solution: `pinnzo resume {folder} --output DIR` ends the "
            "run and writes one, and `pinnzo report DIR` is about that."
        )
    try:
        return pz.load(folder, declared)
    except DeclarationError as error:
        raise StorageError(f"The problem in {folder} cannot be restored: give --problem FILE.py. {error}") from None
    except StorageError as error:
        if "cannot be restored" not in str(error):
            raise
        raise StorageError(
            f"{error} In Python, pinnzo.load({str(folder)!r}, …).report({REPORT!r}) writes the page."
        ) from None


def place_of(output: Path | None, name: str) -> Path:
    """Where ``solve --report`` writes: into the folder of the run, or a file of the problem's name.

    Args:
        output: the folder that the run is written to, if any.
        name: of the problem.

    Raises:
        StorageError: the file cannot be written there.

    Example:
        >>> str(place_of(None, "a/b <c>"))
        'a-b-c-report.html'
    """
    if output is not None:
        return output / REPORT
    words = re.findall(r"[\w.]+", name)
    place = Path("-".join([*words, REPORT]).lstrip("."))
    check_folder(place.parent)
    return place
