"""Training steps that several processes share."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.machine import ROOT

POINTS, ROUNDS = 200, 3
NAMES = {"LevenbergMarquardt": "levenberg_marquardt", "RandomGradient": "random_gradient"}


def shared(processes: int, points: int = POINTS, rounds: int = ROUNDS) -> dict[str, Any]:
    """The times of ``benchmarks/processes.py``; see ``benchmarks.growth.measure``.

    Raises:
        RuntimeError: the processes would have to share a core, or one of them failed.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if cores < processes:
        raise RuntimeError(f"{processes} processes want as many cores, and {cores} may be used: leave out --core.")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "times.json"
        done = subprocess.run(
            [sys.executable, str(ROOT / "benchmarks" / "processes.py"), "--processes", str(processes),
             "--points", str(points), "--rounds", str(rounds), "--json", str(file)],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise RuntimeError(f"benchmarks/processes.py ended with code {done.returncode}:\n{done.stderr[-2000:]}")
        rows = json.loads(file.read_text())["trainers"]
    found: dict[str, dict[str, float]] = {"seconds": {}, "speedup": {}, "ceiling": {}, "share": {}}
    for trainer, name in NAMES.items():
        row = rows[trainer]
        found["seconds"][name] = row["together"]
        found["speedup"][name] = row["median_ratio"]
        found["ceiling"][name] = row["ceiling"]
        found["share"][name] = row["median_ratio"] / processes
    return {"processes": processes, "points": points, "cores": cores, **found}
