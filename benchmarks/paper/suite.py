"""The cases of the paper's grid.

Every cell gets the same wall time on one thread, far less than the papers' 10,000 steps and more: how many steps and
network evaluations that makes stands beside each error. A cell that does not finish one step in five times its time is
given up, and not tried with other seeds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pinnzo as pz
from benchmarks.cases import Case
from benchmarks.paper.networks import networks_for
from benchmarks.points import write_points
from benchmarks.records import Records
from benchmarks.trial import trial

SEEDS = (0, 1, 2)
SETUP = 4.0
"""Seconds that a case takes beyond its training: imports, the declaration, the final error."""

PROBLEMS: Mapping[str, tuple[str, Mapping[str, Any], float]] = {
    "hjb-20": ("hjb", {"dimension": 20}, 8.0),
    "black-scholes": ("black-scholes", {}, 4.0),
    "burgers": ("burgers", {}, 4.0),
    "darcy": ("darcy", {}, 4.0),
}
"""The bundled problem, its settings, and the seconds of a cell."""

SIGMA = {"hjb-20": 0.1}
"""The papers' smoothing step; 1e-3 for the problems in two variables."""

RGE = pz.ZerothOrder(pz.RandomGradient(samples=10, step=0.01), optimizer="Adam", learning_rate=1e-3)
TRAINING: Mapping[str, pz.training.Trainer] = {
    "back-propagation": pz.FirstOrder(optimizer="Adam", learning_rate=1e-3),
    "rge": RGE,
    "hybrid": pz.HybridZO.paper(),
    "cge": pz.ZerothOrder(pz.CoordinateGradient(step=0.01), optimizer="Adam", learning_rate=1e-3),
    "levenberg-marquardt": pz.LevenbergMarquardt(),
}
SUBSPACE = pz.LevenbergMarquardt(directions=256)
"""For dense networks of many parameters: in each step a random subspace of 256 dimensions."""


def cases() -> list[Case]:
    """All cells, the first seed of all before the second."""
    given_up = {r["case"] for r in Records("paper") if {"unfinished", "refused"} & r["result"].keys()}
    return [case for seed in SEEDS for case in _grid(seed) if seed == SEEDS[0] or case.name not in given_up]


def _grid(seed: int) -> Iterator[Case]:
    for problem, (name, of_problem, seconds) in PROBLEMS.items():
        for network_name, network in networks_for(problem).items():
            for training, trainer in TRAINING.items():
                subspace = training == "levenberg-marquardt" and network_name == "dense"
                for derivatives, settings in _derivatives(problem, training).items():
                    data = trial(
                        name, of_problem, seconds=seconds, network=network,
                        trainer=SUBSPACE if subspace else trainer, points=100, **settings,
                    )  # fmt: skip
                    yield Case(
                        "paper", f"{problem}/{derivatives}/{network_name}/{training}", seed, "benchmarks.trial", data,
                        seconds + SETUP, prepare=lambda n=name, s=of_problem: write_points(n, s) and None,
                        patience=5 * seconds,
                    )  # fmt: skip


def _derivatives(problem: str, training: str) -> dict[str, dict[str, Any]]:
    """The ways of taking derivatives that a row compares.

    Those of the papers take the derivatives of the whole u in single precision; ``default`` is what pinnzo does by
    itself, those of the network alone in double precision. The problems in two variables are run with a part of them.
    """
    sigma = SIGMA.get(problem, 1e-3)
    as_papers: dict[str, Any] = {"estimate": "solution", "dtype": "float32"}
    ways: dict[str, dict[str, Any]] = {
        "autodiff": {"derivatives": pz.Autodiff(), **as_papers},
        "monte-carlo": {"derivatives": pz.MonteCarloStein(samples=1024, sigma=sigma), **as_papers},
        "sparse-grid": {"derivatives": pz.SmolyakStein(level=3, sigma=sigma), **as_papers},
        "default": {},
    }
    if problem == "hjb-20":
        return ways
    chosen = ["autodiff"] if training == "back-propagation" else ["sparse-grid", "default"]
    return {name: ways[name] for name in chosen}
