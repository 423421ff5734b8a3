"""The commands ``pinnzo compare …``; that of derivatives is in ``cli_compare_derivatives``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperGroup

import pinnzo as pz
from pinnzo import cli_compare_derivatives, cli_compare_mnist
from pinnzo.cli_options import (
    AsJson,
    Derivatives,
    Evaluations,
    Networks,
    Quiet,
    Seconds,
    SetOptions,
    Steps,
    budget_of,
    estimator_of,
    network_of,
    problem_of,
    settings_of,
    wide_console,
    words_of,
)
from pinnzo.comparison.trainers.compare import POINTS
from pinnzo.comparison.trainers.result import NOTE
from pinnzo.comparison.trainers.tables import statuses
from pinnzo.storage import check_folder
from pinnzo.training import TRAINERS

DEFAULT_COMMAND = "trainers"


class _Group(TyperGroup):
    """Takes a first word that is no command for a problem: ``compare hjb`` is ``compare trainers hjb``."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and self.get_command(ctx, args[0]) is None:
            args = [DEFAULT_COMMAND, *args]
        return super().resolve_command(ctx, args)


app = typer.Typer(
    cls=_Group,
    help=(
        "Compare methods on equal terms: trainers or estimators of derivatives on one problem, trainers on MNIST. "
        "'pinnzo compare PROBLEM' is short for 'pinnzo compare trainers PROBLEM'."
    ),
    no_args_is_help=True,
)


@app.callback()
def _group() -> None:
    """Keep the name of the command, however few there are."""


app.command("derivatives")(cli_compare_derivatives.derivatives)
app.command("mnist")(cli_compare_mnist.mnist)


@app.command()
def trainers(
    problem: Annotated[str, typer.Argument(help="A bundled problem, or a file FILE.py or FILE.py:NAME.")] = "hjb",
    set_: SetOptions = None,
    chosen: Annotated[
        str | None,
        typer.Option("--trainers", help=f"Some of {', '.join(TRAINERS)}, with commas between them; all by default."),
    ] = None,
    derivatives: Annotated[Derivatives | None, typer.Option(help="The derivative estimator.")] = None,
    baseline_derivatives: Annotated[
        Literal["fastest", "same", "autodiff"],
        typer.Option(help="That of the back-propagation trainers: what is faster for each, the same, or autodiff."),
    ] = "fastest",
    network: Annotated[
        Networks | None, typer.Option(help="The network, by default what suits the problem; paper is that for HJB.")
    ] = None,
    width: Annotated[int | None, typer.Option(help="Units of a hidden layer.")] = None,
    depth: Annotated[int | None, typer.Option(help="Number of hidden layers.")] = None,
    rank: Annotated[int | None, typer.Option(help="Tensor-train rank.")] = None,
    activation: Annotated[str | None, typer.Option(help="Activation function.")] = None,
    points: Annotated[int, typer.Option(help="Collocation points of a step.")] = POINTS,
    seeds: Annotated[int, typer.Option(help="Run the seeds 0, 1, … and report medians.")] = 1,
    dtype: Annotated[str, typer.Option(help="float64 or float32.")] = "float64",
    seconds: Seconds = None,
    steps: Steps = None,
    evaluations: Evaluations = None,
    output: Annotated[Path | None, typer.Option(help="Write table, data and figure to this folder.")] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Compare trainers: same network, points and seeds, and the same budget for each (10 s by default)."""
    declared = problem_of(problem, settings_of(set_ or [], "--set"))
    if output is not None:
        check_folder(output)
    baseline: Any = {"fastest": "fastest", "same": None, "autodiff": pz.Autodiff()}[baseline_derivatives]
    comparison = pz.compare_trainers(
        declared,
        None if chosen is None else words_of(chosen),
        network=network_of(network, declared, width=width, depth=depth, rank=rank, activation=activation),
        derivatives=estimator_of(derivatives),
        baseline_derivatives=baseline,
        points=points,
        seeds=seeds,
        dtype=dtype,
        budget=budget_of(seconds, steps, evaluations, None),
        progress=not quiet,
    )
    written = comparison.save(output) if output is not None else ()
    if as_json:
        sys.stdout.write(json.dumps(comparison.to_json(curves=False), allow_nan=False) + "\n")
        return
    console = wide_console()
    console.print(comparison.table())
    lines = ["", *statuses(comparison), comparison.status]
    if any(run.uses_backpropagation for run in comparison.runs):
        lines.insert(1, f"* {NOTE}")
    lines += [str(path) for path in written]
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
