"""Solve a problem with a PINN in plain PyTorch: ``python -m benchmarks.peers.plain_torch SETTINGS_JSON``."""

from __future__ import annotations

import json
import platform
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch

from benchmarks.meter import Meter, report
from benchmarks.peers.lines import declaration_lines
from benchmarks.peers.plain_torch.networks import Perceptron
from benchmarks.peers.plain_torch.settings import documented, small
from benchmarks.peers.plain_torch.solution import draw, forward_laplacian, loss, nested_reverse, predictor
from benchmarks.peers.plain_torch.training import Batch, adam, lbfgs


def main(settings: dict[str, Any]) -> dict[str, Any]:
    """Train for the given time.

    Args:
        settings: ``problem``, ``of_problem``, ``network`` ("documented" or "small"), ``seconds``, ``seed``,
            and ``points``.

    Returns:
        The case's result.
    """
    torch.set_num_threads(1)
    torch.manual_seed(settings["seed"])
    generator = torch.Generator().manual_seed(settings["seed"])
    setup = {"documented": documented, "small": small}[settings["network"]](settings["problem"])
    problem = setup.declare(**_arguments(settings))
    inputs = problem.inputs + (problem.feature is not None)
    network = Perceptron(inputs, setup.widths, setup.activation).to(setup.dtype)
    plan = setup.plan

    def fresh(counts: list[int]) -> Batch:
        return draw(problem, counts, generator, setup.dtype)

    methods = {"nested reverse mode": nested_reverse}
    if settings["network"] == "small":
        methods["forward Laplacian"] = forward_laplacian
    chosen = []
    for counts in (plan.counts, plan.lbfgs_counts):
        batch = fresh(counts)
        seconds = {name: _time(partial(loss, problem, network, m, batch)) for name, m in methods.items()}
        chosen.append(min(seconds, key=seconds.__getitem__))
    optimiser = torch.optim.Adam(network.parameters(), lr=plan.rates[0], fused=True)

    meter = Meter.of_file(settings["points"], settings["seconds"])
    predict = predictor(problem, network, setup.dtype)
    meter.start()
    finite = adam(
        optimiser,
        lambda batch: loss(problem, network, methods[chosen[0]], batch),
        lambda: fresh(plan.counts),
        plan,
        meter,
        predict,
    )
    sets = 0
    if not finite:
        meter.look(predict)
    else:
        sets = lbfgs(
            network,
            lambda batch: loss(problem, network, methods[chosen[1]], batch),
            lambda times: fresh([times * count for count in plan.lbfgs_counts]),
            plan,
            meter,
            predict,
        )
    return meter.result(
        parameters=sum(p.numel() for p in network.parameters()),
        versions={"python": platform.python_version(), "torch": torch.__version__, "numpy": np.__version__},
        declaration_lines=declaration_lines(getattr(setup.declare, "func", setup.declare)),
        settings={
            "layers": setup.widths,
            "activation": setup.activation,
            "dtype": str(setup.dtype).removeprefix("torch."),
            "optimiser": f"Adam, rate {plan.rates[0]:g} to {plan.rates[1]:g}, for {plan.share:.2g} of the time; "
            f"L-BFGS with {plan.history} pairs and a strong-Wolfe line search",
            "points": f"{plan.counts} fresh ones at a step of Adam, sets of {plan.lbfgs_counts} for L-BFGS"
            f"{', twice as many in each new one, ' + str(plan.growths) + ' times at most' if plan.growths else ''}",
            "sets": sets,
            "derivatives": chosen,
            "finite": finite,
        },
    )


def _arguments(settings: dict[str, Any]) -> dict[str, Any]:
    """What a problem is declared with."""
    arguments = dict(settings["of_problem"])
    if settings["problem"] == "two-body-poisson":
        with np.load(settings["points"]) as data:
            coefficients = torch.as_tensor(data["coefficients"])
        return {"dimension": arguments["dimension"], "coefficients": coefficients}
    return arguments


def _time(loss: Callable[[], torch.Tensor], seconds: float = 1.0) -> float:
    """Seconds of a loss and its gradient in the weights."""
    loss().backward()
    best, began = float("inf"), time.perf_counter()
    while (start := time.perf_counter()) - began < seconds:
        loss().backward()
        best = min(best, time.perf_counter() - start)
    return best


if __name__ == "__main__":
    report(main(json.loads(sys.argv[1])))
