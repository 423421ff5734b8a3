"""Options that several commands share, and what their words mean in the library."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console

import pinnzo as pz
from pinnzo import catalogue
from pinnzo.derivatives import Estimator
from pinnzo.errors import SettingError
from pinnzo.settings import WIDTH, RunSettings, default_network

Trainers = Literal[
    "hybrid", "levenberg-marquardt", "rge", "cge", "first-order", "lbfgs", "autodiff-gauss-newton"
]  # fmt: skip
Derivatives = Literal["smolyak", "finite-difference", "monte-carlo", "random-directions", "autodiff"]
Samplings = Literal["uniform", "sobol", "latin-hypercube", "residual-adaptive"]
Balances = Literal["relobralo", "softadapt"]
Networks = Literal["tensor-train", "dense", "paper"]

SetOptions = Annotated[list[str] | None, typer.Option("--set", help="A setting of the problem: dimension=20.")]
Seconds = Annotated[float | None, typer.Option(help="Stop after so many seconds of training.")]
Steps = Annotated[int | None, typer.Option(help="Stop after so many steps.")]
Evaluations = Annotated[float | None, typer.Option(help="Stop after so many network evaluations.")]
TargetError = Annotated[float | None, typer.Option(help="Stop once the relative L2 error is this small.")]
TargetLoss = Annotated[float | None, typer.Option(help="Stop once the loss on held-out points is this small.")]
HistoryPath = Annotated[
    Path | None, typer.Option("--history", help="Write a JSON line to this file after each step (tail -f follows it).")
]
LogPath = Annotated[
    Path | None, typer.Option("--log", help="Append records of the run, each step's too, to this file.")
]
Verbose = Annotated[bool, typer.Option("--verbose", help="Show records of the run on standard error.")]
CheckpointEvery = Annotated[
    float | None, typer.Option(metavar="SECONDS", help="Keep the state so often, every 10 seconds by default.")
]
Memory = Annotated[
    str | None, typer.Option(metavar="SIZE", help="Refuse a run that may need more, such as 2GB or 512MiB.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object on standard output.")]
Output = Annotated[Path | None, typer.Option(help="Write solution, history and figures to this folder.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Show no progress.")]

LEAST_WIDTH = 130
"""Columns of a table that is written to a file or a pipe."""


def wide_console(least: int = LEAST_WIDTH) -> Console:
    """A console on standard output that gives tables room where it is no terminal."""
    console = Console()
    return console if console.is_terminal else Console(width=max(console.width, least))


def words_of(text: str) -> list[str]:
    """The words of a list with commas between them."""
    return [word.strip() for word in text.split(",")]


def problem_of(name: str, settings: dict[str, Any]) -> pz.Problem:
    """A bundled problem, or one of a file FILE.py or FILE.py:NAME."""
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


def settings_of(pairs: list[str], option: str) -> dict[str, Any]:
    """The pairs name=value of an option that may be given several times."""
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


def network_of(kind: str | None, problem: pz.Problem, **given: Any) -> Any:
    """The network of that kind with the settings that were given and the problem's features; None where none was.

    Without a kind, the settings are those of the problem's default network, or of a tensor train if it has no such.
    """
    chosen = {name: value for name, value in given.items() if value is not None}
    if kind == "paper":
        if chosen:
            raise SettingError(f"--{next(iter(chosen))} does not go with --network paper, which is fixed.")
        return pz.networks.paper_hjb()
    if kind is None:
        if not chosen:
            return None
        default = default_network(problem)
        if not isinstance(default, pz.MLP) or "rank" not in chosen:
            return replace(default, **chosen)
    if kind == "dense":
        if "rank" in chosen:
            raise SettingError("--rank is a setting of tensor trains: leave it out with --network dense.")
        return pz.MLP(**{"width": WIDTH, "features": problem.features, **chosen})
    return pz.TensorTrainMLP(**{"width": WIDTH, "features": problem.features, **chosen})


ESTIMATORS: dict[str, tuple[type[Estimator], tuple[str, ...]]] = {
    "smolyak": (pz.SmolyakStein, ("level", "sigma", "growth", "max_nodes")),
    "finite-difference": (pz.FiniteDifference, ("step", "order")),
    "monte-carlo": (pz.MonteCarloStein, ("samples", "sigma")),
    "random-directions": (pz.RandomDirections, ("directions", "distribution", "step")),
    "autodiff": (pz.Autodiff, ()),
}
"""The estimators by their names, and those of their settings that are options."""


def estimator_of(kind: str | None, **given: Any) -> Estimator | None:
    """The estimator of that kind, or of the first kind that has all given settings; None where nothing was given."""
    chosen = {name: _setting(value) for name, value in given.items() if value is not None}
    if kind is None:
        if not chosen:
            return None
        kinds = [name for name, (_, settings) in ESTIMATORS.items() if set(chosen) <= set(settings)]
        if not kinds:
            raise SettingError(f"{_listed(chosen)} belong to no estimator together: leave out those of the others.")
        kind = kinds[0]
    cls, settings = ESTIMATORS[kind]
    for name in chosen:
        if name not in settings:
            owners = " and ".join(owner for owner, (_, known) in ESTIMATORS.items() if name in known)
            raise SettingError(f"{_listed([name])} is a setting of {owners}, not of {kind}.")
    return cls(**chosen)


def _setting(value: Any) -> Any:
    """A number, a word, or a tuple of numbers with commas between them."""
    if not isinstance(value, str):
        return value
    try:
        number = ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return value
    return number if isinstance(number, (int, float, tuple)) else value


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"--{name.replace('_', '-')}" for name in names)


def budget_of(
    seconds: float | None,
    steps: int | None,
    evaluations: float | None,
    target_error: float | None,
    target_loss: float | None = None,
) -> pz.Budget | None:
    """The limits that were given, or None where there are none."""
    if seconds is steps is evaluations is target_error is target_loss is None:
        return None
    if seconds is steps is evaluations is None:
        # A target that is never met must not run for ever.
        seconds = RunSettings().budget.seconds
    return pz.Budget(
        seconds=seconds,
        steps=steps,
        evaluations=None if evaluations is None else _whole(evaluations),
        target_error=target_error,
        target_loss=target_loss,
    )


def _whole(evaluations: float) -> int:
    if not math.isfinite(evaluations):
        raise SettingError(f"--evaluations {evaluations} is not a finite number.")
    return int(evaluations)
