"""One setting changed at a time: ablations on PINNacle's Poisson problem in five variables.

The names are KIND/TRAINER/VALUE. Every run gets the same wall time on one thread; what is not said is pinnzo's default.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pinnzo as pz
from benchmarks.cases import Case
from benchmarks.points import write_points
from benchmarks.trial import trial
from pinnzo.derivatives.growth import Growth

PROBLEM, SETTINGS = "poisson", {"dimension": 5}
SEEDS = (0, 1)
SECONDS, SETUP = 6.0, 4.0
"""Of training, the same for every value, and of what comes before and after."""


def cases() -> list[Case]:
    """All values, the first seed of all before the second."""
    return [
        Case(
            "ablations", name, seed, "benchmarks.trial", trial(PROBLEM, SETTINGS, seconds=SECONDS, **settings),
            SECONDS + SETUP, prepare=lambda: write_points(PROBLEM, SETTINGS) and None, patience=10 * SECONDS,
        )
        for seed in SEEDS
        for name, settings in _changes()
    ]  # fmt: skip


def _changes() -> Iterator[tuple[str, dict[str, Any]]]:
    """The names and the settings that differ from the defaults."""
    trainers = {"levenberg-marquardt": pz.LevenbergMarquardt(), "hybrid": pz.HybridZO()}
    for name, trainer in trainers.items():
        for rank in (1, 2, 4, 8, 16):
            network = pz.TensorTrainMLP(width=64, modes=(8, 8), rank=rank)
            yield f"rank/{name}/{rank}", {"trainer": trainer, "network": network}
        for width in (8, 16, 32, 64, 128):
            yield f"width/{name}/{width}", {"trainer": trainer, "network": pz.TensorTrainMLP(width=width)}
        for points in (25, 50, 100, 200, 400, 800):
            yield f"batch/{name}/{points}", {"trainer": trainer, "points": points}
        for dtype in ("float32", "float64"):
            yield f"dtype/{name}/{dtype}", {"trainer": trainer, "dtype": dtype}
    for samples in (1, 2, 5, 10, 20, 50):
        yield f"rge-queries/rge/{samples}", {"trainer": _adam(pz.RandomGradient(samples=samples, step=0.01))}
    for step in (1e-4, 1e-3, 1e-2, 1e-1, 1.0):
        yield f"rge-mu/rge/{step:g}", {"trainer": _adam(pz.RandomGradient(samples=10, step=step))}
    for share in (0.05, 0.1, 0.25, 0.5, 1.0):
        yield f"cge-share/cge/{share:g}", {"trainer": _adam(pz.CoordinateGradient(share=share))}
    for sigma in (1e-3, 1e-2, 3e-2, 1e-1, 3e-1):
        yield f"sigma/levenberg-marquardt/{sigma:g}", {"derivatives": pz.SmolyakStein(level=3, sigma=sigma)}
    grids: tuple[tuple[int, Growth], ...] = ((2, "odd"), (3, "linear"), (3, "odd"), (4, "linear"), (4, "odd"))
    for level, growth in grids:
        derivatives = pz.SmolyakStein(level=level, sigma=0.1, growth=growth)
        yield f"level/levenberg-marquardt/{level} {growth}", {"derivatives": derivatives}


def _adam(gradient: pz.training.GradientEstimator) -> pz.ZerothOrder:
    return pz.ZerothOrder(gradient, optimizer="Adam", learning_rate=5e-3)
