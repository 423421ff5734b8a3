"""Points that no run has trained on, with the exact values there: the same ones for every package."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

import pinnzo as pz
from pinnzo.seeding import generator

FOLDER = Path(__file__).parent / ".cache" / "points"
COUNT, SEED = 10_000, 20_231_225


def write_points(problem: str, settings: Mapping[str, Any]) -> Path:
    """Draw them once; the file holds ``points`` (N, D), time last, ``values`` (N,), and what else a problem draws.

    Args:
        problem: the name of a bundled problem.
        settings: of the problem.
    """
    path = points_file(problem, settings)
    if not path.exists():
        declared = pz.problem(problem, **settings)
        points = declared.sampler.interior(COUNT, generator(SEED, "benchmark"))
        values = declared.exact_values(points)
        assert values is not None
        extra: dict[str, np.ndarray] = {}
        if problem == "two-body-poisson":
            draw = torch.Generator().manual_seed(settings.get("seed", 0))
            extra["coefficients"] = torch.randn(points.shape[1] - 1, generator=draw, dtype=torch.float64).numpy()
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, allow_pickle=False, points=points.numpy(), values=values.numpy().reshape(len(points)), **extra)
    return path


def points_file(problem: str, settings: Mapping[str, Any]) -> Path:
    """Where the points of a problem are kept."""
    words = [problem, *(f"{name}-{value}" for name, value in sorted(settings.items()))]
    return FOLDER / ("_".join(words) + ".npz")
