"""The command ``pinnzo compare mnist``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from pinnzo import tasks
from pinnzo.cli_options import AsJson, Evaluations, Quiet, Seconds, Steps, budget_of, wide_console, words_of
from pinnzo.errors import SettingError
from pinnzo.storage import check_folder
from pinnzo.tasks.comparison.tables import published_lines
from pinnzo.tasks.defaults import CLASSIFICATION_TRAINERS


def mnist(
    data: Annotated[
        Path | None, typer.Option(help="Folder with the four IDX files; else $PINNZO_DATA, else a download.")
    ] = None,
    digits: Annotated[bool, typer.Option("--digits", help="Take scikit-learn's small digits instead.")] = False,
    no_verify: Annotated[bool, typer.Option("--no-verify", help="Take other data in the same format.")] = False,
    chosen: Annotated[
        str | None,
        typer.Option(
            "--trainers",
            help=f"Some of {', '.join(CLASSIFICATION_TRAINERS)}, with commas between them; all by default.",
        ),
    ] = None,
    networks: Annotated[str, typer.Option(help="tensor-train, dense, or both.")] = "tensor-train,dense",
    width: Annotated[int | None, typer.Option(help="Hidden units, by default 1024 (64 for the digits).")] = None,
    rank: Annotated[int, typer.Option(help="Tensor-train rank.")] = 6,
    seed: Annotated[int, typer.Option(help="Fixes the runs.")] = 0,
    seconds: Seconds = None,
    steps: Steps = None,
    evaluations: Evaluations = None,
    output: Annotated[Path | None, typer.Option(help="Write table, data and figure to this folder.")] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Compare trainers of classifiers, on the tensor-train and the dense network (60 s each by default)."""
    if digits and (data is not None or no_verify):
        raise SettingError("--digits takes no files: leave --data and --no-verify out, or --digits.")
    if output is not None:
        check_folder(output)
    comparison = tasks.compare_classifiers(
        tasks.load_digits() if digits else tasks.load_mnist(data, verify=not no_verify),
        None if chosen is None else words_of(chosen),
        words_of(networks),
        width=width,
        rank=rank,
        seed=seed,
        budget=budget_of(seconds, steps, evaluations, None),
        progress=not quiet,
    )
    written = comparison.save(output) if output is not None else ()
    if as_json:
        sys.stdout.write(json.dumps(comparison.to_json(curves=False), allow_nan=False) + "\n")
        return
    console = wide_console()
    console.print(comparison.table())
    for line in ["", *published_lines(), comparison.status, *map(str, written)]:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
