"""The commands about problems: ``pinnzo list``, ``pinnzo benchmark`` and ``pinnzo new``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

import pinnzo as pz
from pinnzo import catalogue
from pinnzo.cli_options import AsJson, Quiet, SetOptions, Steps, settings_of, wide_console
from pinnzo.comparison.output import error_text
from pinnzo.comparison.problems.run import SECONDS
from pinnzo.comparison.problems.tables import DASH, NOTE, statuses
from pinnzo.errors import SettingError
from pinnzo.measured import FILE, Measured, check_checkout, measured, update
from pinnzo.new_problem import write_problem
from pinnzo.storage import check_folder

LEGEND = (
    "D: variables, time included; error: relative L2 after so many seconds with default settings and 'pinnzo solve', "
    "beside the errors of the zero and of the best affine network; hard: these settings leave much to be done."
)


def list_problems(as_json: AsJson = False) -> None:
    """List the bundled problems, and how exactly they are solved."""
    figures = measured()
    entries = [(entry, figures.get(entry.name, Measured())) for entry in catalogue.problems().values()]
    if as_json:
        rows = [
            {"name": e.name, "settings": e.settings, "summary": e.summary, **found.to_json()} for e, found in entries
        ]
        sys.stdout.write(json.dumps(rows) + "\n")
        return
    what = Table("problem", "settings", "what it is", box=None, padding=(0, 2, 0, 0))
    how = Table(box=None, padding=(0, 2, 0, 0))
    for head in ("problem", "D", "kind", "reference", "error", "zero", "affine", "s"):
        how.add_column(head, justify="left" if head in ("problem", "kind", "reference") else "right")
    for e, found in entries:
        settings = ", ".join(f"{key}={value}" for key, value in e.settings.items())
        what.add_row(escape(e.name), escape(settings), escape(e.summary))
        how.add_row(escape(e.name) + (" [yellow](hard)[/]" if found.hard else ""), *_cells(found))
    console = wide_console()
    console.print(what, "", how, f"\n{LEGEND}", sep="\n", highlight=False)


def _cells(found: Measured) -> list[str]:
    errors = (found.relative_l2, found.zero_network, found.affine_network)
    return [
        DASH if found.dimension is None else str(found.dimension),
        escape(found.kind or DASH),
        escape(found.reference or DASH),
        *(DASH if error is None else error_text(error) for error in errors),
        DASH if found.seconds is None else f"{found.seconds:.0f}",
    ]


def benchmark(
    names: Annotated[list[str] | None, typer.Argument(help="Bundled problems; all of them by default.")] = None,
    set_: SetOptions = None,
    seconds: Annotated[
        float | None, typer.Option(help=f"Training time for each problem; {SECONDS:g} unless --steps is given.")
    ] = None,
    steps: Steps = None,
    seed: Annotated[int, typer.Option(help="Fixes the runs.")] = 0,
    output: Annotated[Path | None, typer.Option(help="Write table, data and figure to this folder.")] = None,
    update_: Annotated[
        bool, typer.Option("--update", help=f"Write the figures into problems/{FILE} of a checkout.")
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Solve the bundled problems with default settings, within a time budget each."""
    settings: dict[str, Any] = settings_of(set_ or [], "--set")
    if update_:
        check_checkout()
        if settings:
            raise SettingError("--update keeps the figures of the default settings: leave out --set.")
    if output is not None:
        check_folder(output)
    found = pz.benchmark(
        names or None,
        seconds=SECONDS if seconds is steps is None else seconds,
        steps=steps,
        seed=seed,
        settings=settings,
        progress=not quiet,
    )
    written = list(found.save(output)) if output is not None else []
    if update_:
        written.append(update({row.name: row.to_json() for row in found.rows if row.complete and not row.failed}))
    if as_json:
        sys.stdout.write(json.dumps(found.to_json(), allow_nan=False) + "\n")
    else:
        console = wide_console()
        console.print(found.table())
        for line in ("", NOTE, *statuses(found), found.status, *map(str, written)):
            console.print(line, markup=False, highlight=False, soft_wrap=True)
    if found.failed:
        # Whoever calls this from a script must not take a failure for a result.
        raise typer.Exit(1)


def new(
    path: Annotated[Path, typer.Argument(help="The file to write, such as my_problem.py.")],
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Write a commented declaration of a problem to start from."""
    write_problem(path, force=force)
    sys.stdout.write(f"{path} is written; solve it with: pinnzo solve {path}\n")
