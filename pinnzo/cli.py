"""The command line: the same words as the library."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from typer.core import TyperGroup

import pinnzo as pz
from pinnzo import cli_compare, cli_mnist, cli_plot, cli_problems, cli_report, tasks
from pinnzo.__main__ import INTERRUPTED
from pinnzo.cli_logs import logging_to
from pinnzo.cli_options import (
    AsJson,
    Balances,
    CheckpointEvery,
    Derivatives,
    Evaluations,
    HistoryPath,
    LogPath,
    Memory,
    Networks,
    Output,
    Quiet,
    Samplings,
    Seconds,
    SetOptions,
    Steps,
    TargetError,
    TargetLoss,
    Trainers,
    Verbose,
    budget_of,
    estimator_of,
    network_of,
    problem_of,
    settings_of,
)
from pinnzo.errors import DeclarationError, PinnzoError, SettingError, StencilError, StorageError, memory_shortage_told
from pinnzo.ranks import is_first
from pinnzo.storage import check_folder
from pinnzo.symbolic.serialise import problem_to_json
from pinnzo.tasks.storage import is_classifier
from pinnzo.training import trainer_named


class _Group(TyperGroup):
    """Turns pinnzo's own errors into one sentence and exit code 2."""

    def invoke(self, ctx: Any) -> Any:
        try:
            with memory_shortage_told():
                return super().invoke(ctx)
        except (SettingError, DeclarationError, StencilError, StorageError) as error:
            if not is_first():
                # All processes meet the same mistake; the first one tells.
                raise typer.Exit(2) from None
            sentence = str(error)
        except KeyboardInterrupt:
            # Ctrl-C while a run trains ends it with a result; this one came before, or after.
            sys.stderr.write("Interrupted.\n")
            raise typer.Exit(INTERRUPTED) from None
        except PinnzoError as error:
            sentence = str(error)
        Console(stderr=True).print(f"[bold red]Error:[/] {escape(sentence)}", highlight=False, soft_wrap=True)
        raise typer.Exit(2) from None


app = typer.Typer(
    cls=_Group,
    help="Solve partial differential equations with neural networks, using forward passes only.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

app.add_typer(cli_compare.app, name="compare")
app.command("list")(cli_problems.list_problems)
app.command("benchmark")(cli_problems.benchmark)
app.command("new")(cli_problems.new)
app.command("mnist")(cli_mnist.mnist)
app.command("plot")(cli_plot.plot)
app.command("report")(cli_report.report)


@app.command()
def solve(
    problem: Annotated[str, typer.Argument(help="A bundled problem, or a file FILE.py or FILE.py:NAME.")],
    set_: SetOptions = None,
    trainer: Annotated[Trainers, typer.Option(help="The training method.")] = "levenberg-marquardt",
    derivatives: Annotated[Derivatives | None, typer.Option(help="The derivative estimator.")] = None,
    level: Annotated[
        str | None, typer.Option(help="Level of the sparse grid: 3, or one for each axis (smolyak).")
    ] = None,
    sigma: Annotated[
        str | None, typer.Option(help='Smoothing step σ: 0.1, one for each axis, or "auto" (smolyak, monte-carlo).')
    ] = None,
    growth: Annotated[str | None, typer.Option(help="Points per level: linear, odd or nested (smolyak).")] = None,
    max_nodes: Annotated[int | None, typer.Option(help="Refuse larger grids (smolyak).")] = None,
    step: Annotated[
        str | None,
        typer.Option(help='Step h: 0.01, one for each axis, or "auto" (finite-difference, random-directions).'),
    ] = None,
    order: Annotated[int | None, typer.Option(help="Order of accuracy, 2 or 4 (finite-difference).")] = None,
    samples: Annotated[int | None, typer.Option(help="Draws of the normal distribution (monte-carlo).")] = None,
    directions: Annotated[int | None, typer.Option(help="Number of directions (random-directions).")] = None,
    distribution: Annotated[
        str | None, typer.Option(help="rademacher, gaussian or coordinates (random-directions).")
    ] = None,
    network: Annotated[
        Networks | None, typer.Option(help="The network, by default what suits the problem; paper is that for HJB.")
    ] = None,
    width: Annotated[int | None, typer.Option(help="Units of a hidden layer.")] = None,
    depth: Annotated[int | None, typer.Option(help="Number of hidden layers.")] = None,
    rank: Annotated[int | None, typer.Option(help="Tensor-train rank.")] = None,
    activation: Annotated[str | None, typer.Option(help="Activation function.")] = None,
    points: Annotated[int | None, typer.Option(help="Collocation points of a step.")] = None,
    seed: Annotated[int, typer.Option(help="Fixes the run.")] = 0,
    dtype: Annotated[str, typer.Option(help="float64 or float32.")] = "float64",
    device: Annotated[str, typer.Option(help="Torch device.")] = "cpu",
    estimate: Annotated[str, typer.Option(help="Derivatives of the network, or of the whole solution.")] = "network",
    weight: Annotated[list[str] | None, typer.Option(help="Weight of a soft condition: boundary=100.")] = None,
    sampling: Annotated[Samplings | None, typer.Option(help="How the points of a step are drawn.")] = None,
    balance: Annotated[Balances | None, typer.Option(help="How weights that are not given balance themselves.")] = None,
    seconds: Seconds = None,
    steps: Steps = None,
    evaluations: Evaluations = None,
    target_error: TargetError = None,
    target_loss: TargetLoss = None,
    output: Output = None,
    checkpoint: Annotated[Path | None, typer.Option(help="Keep the state of the run here, for resume.")] = None,
    checkpoint_every: CheckpointEvery = None,
    memory: Memory = None,
    report: Annotated[
        bool, typer.Option("--report", help="Write a page about the run: report.html in --output, or NAME-report.html.")
    ] = False,
    history: HistoryPath = None,
    log: LogPath = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Solve a partial differential equation."""
    declared = problem_of(problem, settings_of(set_ or [], "--set"))
    # A run whose end cannot be written is refused before it begins.
    if output is not None:
        if is_first():
            check_folder(output)
        problem_to_json(declared)
    page = cli_report.place_of(output, declared.name) if report and is_first() else None
    with logging_to(log, verbose):
        solution = pz.solve(
            declared,
            network=network_of(network, declared, width=width, depth=depth, rank=rank, activation=activation),
            derivatives=estimator_of(
                derivatives,
                level=level,
                sigma=sigma,
                growth=growth,
                max_nodes=max_nodes,
                step=step,
                order=order,
                samples=samples,
                directions=directions,
                distribution=distribution,
            ),
            trainer=trainer_named(trainer),
            points=points,
            seed=seed,
            dtype=dtype,
            device=device,
            estimate=estimate,
            weights=settings_of(weight or [], "--weight"),
            sampling=sampling,
            balance=balance,
            budget=budget_of(seconds, steps, evaluations, target_error, target_loss),
            checkpoint=checkpoint,
            checkpoint_seconds=checkpoint_every,
            memory=memory,
            progress=not quiet,
            history=history,
        )
    _finish(solution, output, as_json, page)


@app.command()
def resume(
    folder: Annotated[Path, typer.Argument(help="The folder given to solve or mnist as --checkpoint.")],
    seconds: Seconds = None,
    steps: Steps = None,
    evaluations: Evaluations = None,
    target_error: TargetError = None,
    target_loss: TargetLoss = None,
    checkpoint_every: CheckpointEvery = None,
    memory: Memory = None,
    output: Output = None,
    history: HistoryPath = None,
    log: LogPath = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Go on with a run that was stopped; limits count from its beginning."""
    if output is not None and is_first():
        check_folder(output)
    budget = budget_of(seconds, steps, evaluations, target_error, target_loss)
    if is_classifier(folder):
        if memory is not None:
            raise SettingError("--memory is for equations, and this is a classifier's run: leave it out.")
        with logging_to(log, verbose):
            classifier = tasks.resume_classifier(
                folder, budget=budget, checkpoint_seconds=checkpoint_every, progress=not quiet, history=history
            )
        cli_mnist.finish(classifier, output, as_json)
        return
    with logging_to(log, verbose):
        solution = pz.resume(
            folder,
            budget=budget,
            checkpoint_seconds=checkpoint_every,
            memory=memory,
            progress=not quiet,
            history=history,
        )
    _finish(solution, output, as_json)


def _finish(solution: pz.Solution, output: Path | None, as_json: bool, page: Path | None = None) -> None:
    if not is_first():
        return
    if output is not None:
        solution.save(output)
        cli_plot.draw(solution, output)
    summary = solution.summary()
    if page is not None:
        summary |= cli_report.figures_of(solution.report(page))
    if as_json:
        sys.stdout.write(json.dumps(summary, allow_nan=False) + "\n")
    else:
        _show(solution, summary, output)
        if page is not None:
            Console().print(f"The report is in {page}.", markup=False, highlight=False, soft_wrap=True)
    if summary["loss"] is None:
        # Whoever calls this from a script must not take the initial parameters for a solution.
        raise typer.Exit(1)


def _show(solution: pz.Solution, summary: dict[str, Any], output: Path | None) -> None:
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    labels = {
        "relative_l2": "relative L2 error", "zero_network": "  zero network", "affine_network": "  best affine network",
        "max_abs": "largest error", "loss": "loss on held-out points", "parameters": "parameters",
        "evaluations": "network evaluations", "steps": "steps", "seconds": "training time (s)", "seed": "seed",
    }  # fmt: skip
    for key, label in labels.items():
        value = summary[key]
        if key == "max_abs":
            for name, error in summary.get("by_function", {}).items():
                table.add_row(f"  of {name}", f"{error:.3e}")
        if value is not None:
            table.add_row(label, f"{value:.3e}" if isinstance(value, float) and key != "seconds" else f"{value:,.10g}")
    for name, value in summary.get("unknowns", {}).items():
        exact = summary["exact_unknowns"].get(name)
        table.add_row(f"{name}, found", f"{value:.6g}" + ("" if exact is None else f" (exact {exact:.6g})"))
    console = Console()
    console.print(table)
    console.print(solution.status, markup=False, highlight=False, soft_wrap=True)
    if output is not None:
        console.print(f"Solution, history and figures are in {output}.", markup=False, highlight=False, soft_wrap=True)


def main() -> None:
    """Run the command line."""
    app(prog_name="pinnzo")
