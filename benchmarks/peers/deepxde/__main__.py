"""Solve one of the problems with DeepXDE: ``python -m benchmarks.peers.deepxde SETTINGS_JSON``."""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import platform
import sys
from dataclasses import asdict
from typing import Any

import deepxde as dde
import numpy as np
import torch

from benchmarks.meter import Meter, report
from benchmarks.peers.deepxde.problems import declaring
from benchmarks.peers.deepxde.settings import setting
from benchmarks.peers.deepxde.training import Training
from benchmarks.peers.lines import declaration_lines


def solve(
    problem: str, of_problem: dict[str, Any], network: str, seconds: float, seed: int, points: str
) -> dict[str, Any]:
    """The result of a run on one thread.

    Args:
        problem: its name.
        of_problem: the settings of the problem.
        network: "documented" or "small".
        seconds: of training.
        seed: of weights and points.
        points: the file of the points that the error is measured on.
    """
    torch.set_num_threads(1)
    chosen = setting(problem, network, of_problem.get("dimension", 2))
    dde.config.set_default_float(chosen.dtype)
    dde.config.set_random_seed(seed)
    declare = declaring(problem, network)
    given = {name: value for name, value in of_problem.items() if name != "seed"}
    if problem == "two-body-poisson":
        with np.load(points, allow_pickle=False) as data:
            given["coefficients"] = data["coefficients"]
    if problem == "hjb-lq" and network == "small":
        given["radial"] = True
    meter = Meter.of_file(points, seconds)
    training = Training(declare(**given), chosen, meter)
    training.run()
    return meter.result(
        parameters=training.net.num_trainable_parameters(),
        versions={
            "python": platform.python_version(),
            **{name: importlib.metadata.version(name) for name in ("torch", "deepxde")},
        },
        declaration_lines=declaration_lines(declare),
        settings={key: value for key, value in asdict(chosen).items() if value is not None},
        stopped="time" if training.finite else "not a number",
        **training.counts,
    )


def main() -> None:
    settings = json.loads(sys.argv[1])
    # DeepXDE prints; the last line is the result's.
    with contextlib.redirect_stdout(sys.stderr):
        result = solve(**settings)
    report(result)


if __name__ == "__main__":
    main()
