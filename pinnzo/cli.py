"""The command line: the same words as the library."""

from __future__ import annotations

import ast
import json
import math
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import sympy as sp
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from typer.core import TyperGroup

import pinnzo as pz
from pinnzo import catalogue
from pinnzo.derivatives import Estimator
from pinnzo.errors import PinnzoError, SettingError
from pinnzo.settings import RunSettings
from pinnzo.storage import check_folder, prepare_folder, replacing
from pinnzo.symbolic.serialise import problem_to_json
from pinnzo.training import trainer_named


class _Group(TyperGroup):
    """Turns pinnzo's own errors into one sentence and exit code 2."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except PinnzoError as error:
            sentence = str(error)
        except (MemoryError, RuntimeError) as error:
            # torch has no type of its own for what does not fit in the memory of the CPU.
            if not isinstance(error, MemoryError) and "allocate" not in str(error):
                raise
            sentence = "This does not fit in memory: take fewer points or a smaller network."
        Console(stderr=True).print(f"[bold red]Error:[/] {escape(sentence)}", highlight=False, soft_wrap=True)
        raise typer.Exit(2) from None


app = typer.Typer(
    cls=_Group,
    help="Solve partial differential equations with neural networks, using forward passes only.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

FIGURES = ("slice.png", "history.png")
Trainers = Literal[
    "hybrid", "levenberg-marquardt", "rge", "cge", "first-order", "lbfgs", "autodiff-gauss-newton"
]  # fmt: skip
Derivatives = Literal["smolyak", "finite-difference", "autodiff"]
Networks = Literal["tensor-train", "dense", "paper"]

Seconds = Annotated[float | None, typer.Option(help="Stop after so many seconds of training.")]
Steps = Annotated[int | None, typer.Option(help="Stop after so many steps.")]
Evaluations = Annotated[float | None, typer.Option(help="Stop after so many network evaluations.")]
TargetError = Annotated[float | None, typer.Option(help="Stop once the relative L2 error is this small.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object on standard output.")]
Output = Annotated[Path | None, typer.Option(help="Write solution, history and figures to this folder.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Show no progress.")]


@app.command()
def solve(
    problem: Annotated[str, typer.Argument(help="A bundled problem, or a file FILE.py or FILE.py:NAME.")],
    set_: Annotated[list[str] | None, typer.Option("--set", help="A setting of the problem: dimension=20.")] = None,
    trainer: Annotated[Trainers, typer.Option(help="The training method.")] = "hybrid",
    derivatives: Annotated[Derivatives | None, typer.Option(help="The derivative estimator.")] = None,
    level: Annotated[int | None, typer.Option(help="Level of the sparse grid (smolyak).")] = None,
    sigma: Annotated[float | None, typer.Option(help="Smoothing step σ (smolyak).")] = None,
    growth: Annotated[str | None, typer.Option(help="Points per level: linear or odd (smolyak).")] = None,
    step: Annotated[float | None, typer.Option(help="Step h (finite-difference).")] = None,
    order: Annotated[int | None, typer.Option(help="Order of accuracy, 2 or 4 (finite-difference).")] = None,
    network: Annotated[Networks, typer.Option(help="The network; paper is the paper's for HJB.")] = "tensor-train",
    width: Annotated[int | None, typer.Option(help="Units of a hidden layer.")] = None,
    depth: Annotated[int | None, typer.Option(help="Number of hidden layers.")] = None,
    rank: Annotated[int | None, typer.Option(help="Tensor-train rank.")] = None,
    activation: Annotated[str | None, typer.Option(help="Activation function.")] = None,
    points: Annotated[int, typer.Option(help="Collocation points of a step.")] = 100,
    seed: Annotated[int, typer.Option(help="Fixes the run.")] = 0,
    dtype: Annotated[str, typer.Option(help="float64 or float32.")] = "float64",
    device: Annotated[str, typer.Option(help="Torch device.")] = "cpu",
    estimate: Annotated[str, typer.Option(help="Derivatives of the network, or of the whole solution.")] = "network",
    weight: Annotated[list[str] | None, typer.Option(help="Weight of a soft condition: boundary=100.")] = None,
    seconds: Seconds = None,
    steps: Steps = None,
    evaluations: Evaluations = None,
    target_error: TargetError = None,
    output: Output = None,
    checkpoint: Annotated[Path | None, typer.Option(help="Keep the state of the run here, for resume.")] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Solve a partial differential equation."""
    declared = _problem(problem, _settings(set_ or [], "--set"))
    # A run whose end cannot be written is refused before it begins.
    if output is not None:
        check_folder(output)
        problem_to_json(declared)
    solution = pz.solve(
        declared,
        network=_network(network, width=width, depth=depth, rank=rank, activation=activation),
        derivatives=_estimator(
            derivatives,
            smolyak={"level": level, "sigma": sigma, "growth": growth},
            finite={"step": step, "order": order},
        ),
        trainer=trainer_named(trainer),
        points=points,
        seed=seed,
        dtype=dtype,
        device=device,
        estimate=estimate,
        weights=_settings(weight or [], "--weight"),
        budget=_budget(seconds, steps, evaluations, target_error),
        checkpoint=checkpoint,
        progress=not quiet,
    )
    _finish(solution, output, as_json)


@app.command()
def resume(
    folder: Annotated[Path, typer.Argument(help="The folder given to solve as --checkpoint.")],
    seconds: Seconds = None,
    steps: Steps = None,
    evaluations: Evaluations = None,
    target_error: TargetError = None,
    output: Output = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Go on with a run that was stopped; limits count from its beginning."""
    if output is not None:
        check_folder(output)
    budget = _budget(seconds, steps, evaluations, target_error)
    _finish(pz.resume(folder, budget=budget, progress=not quiet), output, as_json)


@app.command("list")
def list_problems(as_json: AsJson = False) -> None:
    """List the bundled problems."""
    entries = catalogue.problems().values()
    if as_json:
        rows = [{"name": e.name, "settings": e.settings, "summary": e.summary} for e in entries]
        sys.stdout.write(json.dumps(rows) + "\n")
        return
    table = Table("problem", "settings", "what it is", box=None, padding=(0, 2, 0, 0))
    for e in entries:
        table.add_row(e.name, ", ".join(f"{k}={v}" for k, v in e.settings.items()), escape(e.summary))
    Console().print(table)


@app.command()
def plot(
    folder: Annotated[Path, typer.Argument(help="The folder of a saved solution.")],
    axes: Annotated[str | None, typer.Option(help="One or two variables, such as x1,x2.")] = None,
    at: Annotated[list[str] | None, typer.Option(help="Value of another variable: t=0.5.")] = None,
) -> None:
    """Draw a saved solution: slice.png and history.png in its folder."""
    solution = pz.load(folder)
    symbols = {s.name: s for s in solution.problem.variables}

    def symbol(name: str) -> sp.Symbol:
        if name not in symbols:
            raise SettingError(f"{name!r} is not a variable of the problem; they are {', '.join(symbols)}.")
        return symbols[name]

    chosen = [symbol(name.strip()) for name in axes.split(",")] if axes else None
    held = {symbol(name): value for name, value in _settings(at or [], "--at").items()}
    _draw(solution, folder, chosen, held)
    for name in FIGURES:
        sys.stdout.write(f"{folder / name}\n")


def _problem(name: str, settings: dict[str, Any]) -> pz.Problem:
    path, _, wanted = name.partition(".py:")
    if not wanted and not name.endswith(".py"):
        return catalogue.problem(name, **settings)
    entries = catalogue.entries_of(Path(f"{path}.py" if wanted else name))
    if not wanted and len(entries) > 1:
        raise SettingError(f"{name} declares {', '.join(entries)}: choose one with {name}:NAME.")
    key = wanted.replace("_", "-") or next(iter(entries))
    if key not in entries:
        raise SettingError(f"{path}.py declares no {wanted!r}; it declares {', '.join(entries)}.")
    return entries[key].build(**settings)


def _settings(pairs: list[str], option: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals or not key.strip():
            raise SettingError(f"{option} {pair!r} is not of the form name=value.")
        try:
            found[key.strip()] = ast.literal_eval(text.strip())
        except (ValueError, SyntaxError):
            found[key.strip()] = text.strip()
    if option != "--set" and (
        wrong := [k for k, v in found.items() if isinstance(v, bool) or not isinstance(v, (int, float))]
    ):
        raise SettingError(f"{option} {wrong[0]}={found[wrong[0]]} is not a number.")
    return found


def _network(kind: str, **given: Any) -> Any:
    chosen = {name: value for name, value in given.items() if value is not None}
    if kind == "paper":
        if chosen:
            raise SettingError(f"--{next(iter(chosen))} does not go with --network paper, which is fixed.")
        return pz.networks.paper_hjb()
    if kind == "dense":
        if "rank" in chosen:
            raise SettingError("--rank is a setting of tensor trains: leave it out with --network dense.")
        return pz.MLP(**{"width": 32, **chosen})
    return pz.TensorTrainMLP(**{"width": 32, **chosen})


def _estimator(kind: str | None, smolyak: dict[str, Any], finite: dict[str, Any]) -> Estimator | None:
    smolyak = {name: value for name, value in smolyak.items() if value is not None}
    finite = {name: value for name, value in finite.items() if value is not None}
    kind = kind or ("smolyak" if smolyak else "finite-difference" if finite else None)
    for owner, options in (("smolyak", smolyak), ("finite-difference", finite)):
        if options and kind != owner:
            raise SettingError(f"--{next(iter(options))} is a setting of {owner}, not of {kind}.")
    if kind is None:
        return None
    if kind == "autodiff":
        return pz.Autodiff()
    return pz.SmolyakStein(**smolyak) if kind == "smolyak" else pz.FiniteDifference(**finite)


def _budget(
    seconds: float | None, steps: int | None, evaluations: float | None, target_error: float | None
) -> pz.Budget | None:
    if seconds is steps is evaluations is target_error is None:
        return None
    if target_error is not None and seconds is steps is evaluations is None:
        # A target that is never met must not run for ever.
        seconds = RunSettings().budget.seconds
    return pz.Budget(
        seconds=seconds,
        steps=steps,
        evaluations=None if evaluations is None else _whole(evaluations),
        target_error=target_error,
    )


def _whole(evaluations: float) -> int:
    if not math.isfinite(evaluations):
        raise SettingError(f"--evaluations {evaluations} is not a finite number.")
    return int(evaluations)


def _finish(solution: pz.Solution, output: Path | None, as_json: bool) -> None:
    if output is not None:
        solution.save(output)
        _draw(solution, output)
    summary = solution.summary()
    if as_json:
        sys.stdout.write(json.dumps(summary, allow_nan=False) + "\n")
    else:
        _show(solution, summary, output)
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
        if value is not None:
            table.add_row(label, f"{value:.3e}" if isinstance(value, float) and key != "seconds" else f"{value:,.10g}")
    console = Console()
    console.print(table)
    console.print(solution.status, markup=False, highlight=False, soft_wrap=True)
    if output is not None:
        console.print(f"Solution, history and figures are in {output}.", markup=False, highlight=False, soft_wrap=True)


def _draw(
    solution: pz.Solution,
    folder: Path,
    axes: list[sp.Symbol] | None = None,
    at: dict[sp.Symbol, float] | None = None,
) -> None:
    chosen = axes or solution.problem.variables[:2]
    figures = (solution.plot_slice(*chosen, at=at), solution.plot_history())
    prepare_folder(folder)
    for figure, name in zip(figures, FIGURES, strict=True):
        with replacing(folder / name) as temporary:
            figure.savefig(temporary, dpi=150, format="png")


def main() -> None:
    """Run the command line."""
    app(prog_name="pinnzo")
