"""A program that measures how much memory runs take: each is a child of one process that has imported everything.

``python measuring.py NAME …`` prints a JSON object with (estimate, measured) in bytes by name. The measure is the growth of
the child's resident memory, from its beginning to its peak, as the kernel has it.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import torch

import pinnzo as pz
from pinnzo.assembly import Assembly
from pinnzo.memory import estimate_memory
from pinnzo.settings import settings_for

MODULE = torch.nn.Sequential(
    torch.nn.Linear(2, 40), torch.nn.Tanh(), torch.nn.Linear(40, 40), torch.nn.Tanh(), torch.nn.Linear(40, 1)
)
RUNS = {
    "hjb": ("hjb", {}),
    "many points": ("hjb", {"points": 4000}),
    "burgers": ("burgers", {}),
    "the paper's network and hybrid": (
        "hjb",
        {
            "trainer": pz.HybridZO(), "network": pz.networks.paper_hjb(), "estimate": "solution", "dtype": "float32",
            "derivatives": pz.SmolyakStein(level=3, sigma=0.1), "points": 20,
        },
    ),
    "100 variables": ("heat-high", {}),
    "100 variables, autodiff": (
        "heat-high", {"trainer": pz.FirstOrder(), "derivatives": pz.Autodiff(), "points": 50}
    ),
    "100 variables, directions": (
        "heat-high", {"trainer": pz.LevenbergMarquardt(directions=50), "derivatives": pz.RandomDirections(16)}
    ),
    "autodiff": (
        "hjb",
        {"trainer": pz.FirstOrder(), "derivatives": pz.Autodiff(), "points": 200, "network": pz.MLP(width=64)},
    ),
    "back-propagation through a stencil": (
        "poisson-2d", {"trainer": pz.FirstOrder(), "points": 5000, "network": pz.MLP(width=64)}
    ),
    "autodiff Gauss–Newton": ("poisson-2d", {"trainer": pz.AutodiffGaussNewton(), "points": 200}),
    "many parameters": ("poisson-2d", {"network": pz.MLP(width=40, depth=2), "points": 2000}),
    "coordinates": (
        "hjb", {"trainer": pz.CoordinateGradient(), "network": pz.TensorTrainMLP(width=128), "points": 20}
    ),
    "a module": ("poisson-2d", {"network": MODULE, "points": 50}),
}  # fmt: skip


def kilobytes(field: str) -> int:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1])
    raise KeyError(field)


def measured(name: str) -> tuple[float, float]:
    problem, settings = RUNS[name]
    declared = pz.problem(problem)
    estimate = estimate_memory(Assembly(declared, settings_for(declared, settings))).total
    # A small run has the kernel load the parts of the libraries that a child shares with its parent. From then on the peak
    # is that of the run.
    pz.solve("poisson-2d", budget=pz.Budget(steps=1), points=5, progress=False)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before = kilobytes("VmRSS")
    pz.solve(declared, budget=pz.Budget(steps=2), progress=False, **settings).error()
    return estimate, 1024.0 * (kilobytes("VmHWM") - before)


def in_a_child(name: str) -> tuple[float, float]:
    receiving, sending = os.pipe()
    process = os.fork()
    if not process:
        try:
            os.write(sending, json.dumps(measured(name)).encode())
        finally:
            os._exit(0)
    os.close(sending)
    with open(receiving, encoding="utf-8") as pipe:
        answer = pipe.read()
    os.waitpid(process, 0)
    return tuple(json.loads(answer))


if __name__ == "__main__":
    # What is loaded on the way is no part of a run.
    pz.solve("poisson-2d", budget=pz.Budget(steps=1), trainer=pz.FirstOrder(), points=5, progress=False).error()
    sys.stdout.write(json.dumps({name: in_a_child(name) for name in sys.argv[1:] or RUNS}))
