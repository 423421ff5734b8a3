"""One run of pinnzo as a case: ``python -m benchmarks.trial SETTINGS``.

``trial`` makes the settings. The error is measured on the points that all packages share, by a clock that does not
count the measuring; no step of training sees it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

import pinnzo as pz
from benchmarks.machine import versions
from benchmarks.meter import Meter, report
from benchmarks.peers.lines import declaration_lines
from benchmarks.points import write_points
from pinnzo.assembly import Assembly
from pinnzo.catalogue import entry
from pinnzo.ranks import Ranks
from pinnzo.settings import settings_for, settings_from_json, settings_to_json
from pinnzo.training.fit import RunState


def trial(
    problem: str, of_problem: Mapping[str, Any] | None = None, *, seconds: float, budget: pz.Budget | None = None,
    **settings: Any,
) -> dict[str, Any]:  # fmt: skip
    """The settings of a case.

    Args:
        problem: the name of a bundled problem.
        of_problem: its settings.
        seconds: the run ends after so long at the latest; measuring does not count.
        budget: what ends the run before.
        settings: those of ``pinnzo.solve``.
    """
    return {
        "problem": problem,
        "of_problem": dict(of_problem or {}),
        "seconds": seconds,
        "budget": settings_to_json(budget),
        "solve": {name: settings_to_json(value) for name, value in settings.items()},
    }


class Trace(pz.Callback):
    """Follows the error of a run, and ends it in time.

    Args:
        meter: does the measuring.
        assembly: of the run: what its parameters mean.
    """

    def __init__(self, meter: Meter, assembly: Assembly) -> None:
        self.meter, self.assembly = meter, assembly
        self.evaluations: list[int] = []
        self._moments = 0

    def on_start(self, state: RunState) -> None:
        self.meter.start()

    def on_step(self, state: RunState) -> str | None:
        def predict(points: np.ndarray) -> np.ndarray:
            theta = state.best_theta
            return self.assembly.values(theta, torch.as_tensor(points).to(theta)).double().numpy()

        over = self.meter.step(predict)
        self.looked(state.history[-1].evaluations)
        return "The time was used up." if over else None

    def looked(self, evaluations: int) -> None:
        """Note how many there were at the meter's last moment, if it has looked and the error was a number."""
        new, self._moments = self.meter.trace[self._moments :], len(self.meter.trace)
        self.evaluations += [evaluations for _, error in new if np.isfinite(error)]


def run(data: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Run a case.

    Args:
        data: what ``trial`` has made.
        seed: of the run.
    """
    problem = pz.problem(data["problem"], **data["of_problem"])
    given = {"seed": seed, **{name: settings_from_json(value) for name, value in data["solve"].items()}}
    assembly = Assembly(problem, settings_for(problem, given), Ranks())
    meter = Meter.of_file(write_points(data["problem"], data["of_problem"]), data["seconds"])
    trace = Trace(meter, assembly)
    # The meter's clock ends the run; this is for a run that never comes to the end of a step.
    budget = settings_from_json(data["budget"]) or pz.Budget(seconds=10 * data["seconds"])
    solution = pz.solve(problem, budget=budget, callbacks=[trace], progress=False, **given)
    meter.look(solution)
    trace.looked(solution.evaluations)
    accuracy = solution.error()
    return meter.result(
        zero_network=accuracy.zero_network,
        affine_network=accuracy.affine_network,
        loss=json_number(solution.loss),
        evaluations=solution.evaluations,
        trace_evaluations=trace.evaluations,
        parameters=len(solution.theta),
        declaration_lines=declaration_lines(entry(data["problem"]).declare),
        status=solution.status,
        versions=versions("pinnzo", "torch", "numpy", "sympy"),
    )


def json_number(value: float) -> float | None:
    """A number as JSON has it: null where it is none."""
    return value if np.isfinite(value) else None


if __name__ == "__main__":
    torch.set_num_threads(1)
    settings = json.loads(sys.argv[1])
    try:
        report(run(settings, settings["seed"]))
    except pz.PinnzoError as refused:
        # A combination that cannot be run is a result too.
        report({"refused": str(refused)})
