"""A coordinate Jacobian by a sweep, by full perturbed passes and by autodiff, in one run on one thread.

The Jacobian is that of HJB's residuals in 20 dimensions (21 variables, 43 nodes a point), with the default network of a
given width. Run it with ``python benchmarks/jacobian.py [WIDTH …]``.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

import torch

import pinnzo as pz
from pinnzo.assembly import Assembly
from pinnzo.settings import RunSettings
from pinnzo.training.base import perturbed

POINTS = 100


def seconds(function: Callable[[], torch.Tensor], repeats: int) -> float:
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def table(width: int) -> None:
    problem = pz.problem("hjb")
    assembly = Assembly(problem, RunSettings(network=pz.TensorTrainMLP(width=width), points=POINTS))
    objective, theta = assembly.objective, assembly.initial()
    objective.draw(assembly.generator("points"))
    trainer = pz.LevenbergMarquardt()
    mu = trainer.perturbation(theta)
    every = torch.arange(len(theta))

    def residuals(th: torch.Tensor) -> torch.Tensor:
        return objective.residuals(th[None])[0]

    def sweep() -> torch.Tensor:
        with torch.inference_mode():
            return trainer.jacobian(objective, theta, residuals(theta))

    def full() -> torch.Tensor:
        with torch.inference_mode():
            base = residuals(theta)
            parts = [objective.residuals(perturbed(theta, part, mu)) - base for part in every.split(256)]
            return torch.cat(parts).T / mu

    ways = {
        "sweep": (sweep, 9),
        "d + 1 full passes": (full, 1),
        "torch.func.jacrev": (lambda: torch.func.jacrev(residuals, chunk_size=16)(theta), 1),
        "autograd, row by row": (lambda: pz.AutodiffGaussNewton(max_batch=1).jacobian(objective, theta, theta), 1),
    }
    reference = ways["sweep"][0]()
    for name, (function, repeats) in ways.items():
        found = function()
        gap = float((found - reference).abs().max() / reference.abs().max())
        taken = seconds(function, repeats)
        print(f"width {width}, d = {len(theta)}: {name:22s} {taken:8.3f} s   largest difference {gap:.1e}", flush=True)


if __name__ == "__main__":
    torch.set_num_threads(1)
    for argument in sys.argv[1:] or ("32", "64"):
        table(int(argument))
