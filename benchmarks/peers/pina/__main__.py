"""Solve a problem with PINA: ``python -m benchmarks.peers.pina SETTINGS_JSON``."""

from __future__ import annotations

import importlib.metadata
import json
import logging
import platform
import sys
import warnings
from typing import Any

import lightning
import numpy as np
import torch
from pina.model import FeedForward

from benchmarks.meter import Meter, report
from benchmarks.peers.lines import declaration_lines
from benchmarks.peers.pina.settings import documented, small
from benchmarks.peers.pina.training import AdamSteering, LBFGSSteering, Model, named, train, trainer


def main(settings: dict[str, Any]) -> dict[str, Any]:
    """Train for the given time.

    Args:
        settings: ``problem``, ``of_problem``, ``network`` ("documented" or "small"), ``seconds``, ``seed``,
            and ``points``.

    Returns:
        The case's result.
    """
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    lightning.seed_everything(settings["seed"], verbose=False)
    setup = {"documented": documented, "small": small}[settings["network"]](settings["problem"])
    torch.set_default_dtype(setup.dtype)
    declared = setup.declare(**_arguments(settings))
    inputs = len(declared.problem.input_variables) + (declared.feature is not None)
    network = FeedForward(inputs, 1, func=setup.activation, layers=setup.widths)
    model, plan = Model(declared, network), setup.plan
    for name, count in named(model, plan.counts).items():
        declared.problem.discretise_domain(count, "random", domains=[name])

    meter = Meter.of_file(settings["points"], settings["seconds"])
    adam = AdamSteering(model, plan, meter, plan.share * meter.seconds)
    first = trainer(model, adam, torch.optim.Adam, lr=plan.rates[0], weight_decay=setup.decay)
    # Built once before the clock starts, since torch imports its compiler then.
    torch.optim.Adam(model.parameters())
    meter.start()
    train(lambda: first)
    lbfgs = LBFGSSteering(model, plan, meter, meter.seconds)
    if adam.finite and meter.elapsed < meter.seconds:
        options = {"max_iter": 1, "max_eval": 1000, "history_size": plan.history, "line_search_fn": "strong_wolfe"}
        train(lambda: trainer(model, lbfgs, torch.optim.LBFGS, tolerance_grad=0, tolerance_change=0, **options))
    if not adam.finite:
        meter.look(model.predict)
    return meter.result(
        parameters=sum(p.numel() for p in model.parameters()),
        versions={
            "python": platform.python_version(),
            **{name: importlib.metadata.version(name) for name in ("pina-mathlab", "lightning", "torch", "numpy")},
        },
        declaration_lines=declaration_lines(getattr(setup.declare, "func", setup.declare)),
        settings={
            "layers": setup.widths,
            "activation": setup.activation.__name__.lower(),
            "dtype": str(setup.dtype).removeprefix("torch."),
            "optimiser": f"Adam, rate {plan.rates[0]:g} to {plan.rates[1]:g}, for {plan.share:.2g} of the time"
            + (f"; L-BFGS with {plan.history} pairs and a strong-Wolfe line search" if plan.lbfgs_counts else ""),
            "points": f"{list(plan.counts)} fresh ones at a step of Adam"
            + (f", growing sets of {list(plan.lbfgs_counts)} or more for L-BFGS" if plan.lbfgs_counts else ""),
            "sets": lbfgs.sets,
            "derivatives": "pina.operator",
            "finite": adam.finite,
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


if __name__ == "__main__":
    report(main(json.loads(sys.argv[1])))
