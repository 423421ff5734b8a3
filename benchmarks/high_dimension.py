"""Errors in 20 and 100 dimensions, with the baselines beside them.

    OMP_NUM_THREADS=2 python benchmarks/high_dimension.py [CASE …] [--seconds 900] [--seed 0] [--draw 0] [--json FILE]

The cases are solved one after the other. ``allen-cahn-20`` and ``allen-cahn-100`` are the problem of Deep BSDE,
judged by u(0, 0) too: in 20 dimensions with the default settings, in 100 with 1,000 points a step, for which sixteen
random directions in place of all coordinates leave the time. ``two-body-100`` is the Poisson problem of STDE (Shi et
al., 2024), with a uniform radius in training and test, its coefficients drawn by ``--draw``: the solution is nearly
affine plus a quadratic form of 100 variables, which takes a network with more hidden units than variables and so more
parameters than a batch has residuals; steps are therefore judged by fresh points.
Errors are those on 10,000 points that were never trained on. CPU seconds are those of the process during the case.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

import pinnzo as pz

TWO_BODY = {
    "network": pz.MLP(width=128, depth=1, bias=1.5),
    "trainer": pz.LevenbergMarquardt(fresh=True, momentum=0.9, damping=1.0, trials=(0.1, 1.0, 10.0)),
    "points": 1500,
    # Derivatives of u itself: one row, the Laplacian, where those of f are a Laplacian and a gradient of 100 entries.
    "estimate": "solution",
    "dtype": "float32",
}

DIRECTIONS = {"points": 1000, "derivatives": pz.RandomDirections(16)}

CASES: Mapping[str, tuple[str, int, Mapping[str, Any]]] = {
    "allen-cahn-20": ("allen-cahn-nd", 20, {}),
    "allen-cahn-100": ("allen-cahn-nd", 100, DIRECTIONS),
    "two-body-100": ("two-body-poisson", 100, TWO_BODY),
}


def measured(case: str, seconds: float, seed: int, draw: int) -> dict[str, Any]:
    """Solve a case and say how well."""
    name, dimension, settings = CASES[case]
    of_problem = {"dimension": dimension, **({"seed": draw} if name == "two-body-poisson" else {})}
    problem = pz.problem(name, **of_problem)
    busy = time.process_time()
    solution = pz.solve(problem, seed=seed, budget=pz.Budget(seconds=seconds), progress=False, **settings)
    error = solution.error()
    row: dict[str, Any] = {
        "case": case,
        "problem": of_problem,
        "relative_l2": error.relative_l2,
        "affine_network": error.affine_network,
        "zero_network": error.zero_network,
        "u(0, 0)": None,
        "reference": None,
        "relative_error_at_0": None,
        "seconds": solution.seconds,
        "cpu_seconds": time.process_time() - busy,
        "steps": len(solution.history),
        "evaluations": solution.evaluations,
        "parameters": len(solution.theta),
        "seed": seed,
    }
    if name == "allen-cahn-nd":
        origin = torch.zeros(1, problem.dimension, dtype=torch.float64)
        values = problem.exact_values(origin)
        assert values is not None
        found, reference = float(solution(origin)[0]), float(values[0])
        row |= {"u(0, 0)": found, "reference": reference, "relative_error_at_0": abs(found / reference - 1)}
    return row


def shown(value: Any) -> str:
    """A number for the table."""
    if isinstance(value, float):
        return f"{value:.3e}" if not math.isfinite(value) or abs(value) < 0.01 or abs(value) >= 1e5 else f"{value:.6g}"
    return "" if value is None else f"{value:,}" if isinstance(value, int) else str(value)


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description="Errors in 20 and 100 dimensions.")
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"of {', '.join(CASES)}; all by default")
    parser.add_argument("--seconds", type=float, default=900.0, help="training time of a case")
    parser.add_argument("--seed", type=int, default=0, help="of network and points")
    parser.add_argument("--draw", type=int, default=0, help="seed of the coefficients of two-body-100")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    given = parser.parse_args()
    if unknown := set(given.cases) - CASES.keys():
        parser.error(f"{', '.join(sorted(unknown))}: the cases are {', '.join(CASES)}.")
    rows = []
    for case in given.cases or CASES:
        rows.append(measured(case, given.seconds, given.seed, given.draw))
        if given.json:
            given.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
        print("\n".join(f"{key:>20}  {shown(value)}" for key, value in rows[-1].items()), flush=True)
        print(flush=True)


if __name__ == "__main__":
    main()
