"""Runs one case in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from benchmarks.cases import Case
from benchmarks.machine import ROOT

GRACE = 300.0
"""Seconds beyond a multiple of the expected ones, after which a case has failed."""


class CaseFailedError(Exception):
    """A case that gave no result."""


def run_case(case: Case, core: int | None = None) -> dict[str, Any]:
    """The result of a case; ``{"unfinished": seconds}`` where its patience came to an end before.

    Args:
        case: what to run.
        core: of the processor, to which the case keeps; by default the system chooses.

    Raises:
        CaseFailedError: it ended with an error or without a result, or took much longer than expected.
    """
    if case.prepare is not None:
        case.prepare()
    python = sys.executable if case.python is None else case.python()
    threads = str(case.threads)
    environment = {**os.environ, "OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads}
    keep = [] if core is None else ["taskset", "--cpu-list", str(core)]
    limit = case.patience or 4 * case.seconds + GRACE
    try:
        done = subprocess.run(
            [*keep, python, "-m", case.module, json.dumps({**case.settings, "seed": case.seed})],
            cwd=ROOT, env=environment, capture_output=True, text=True, timeout=limit, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        if case.patience is not None:
            return {"unfinished": case.patience}
        raise CaseFailedError(f"{case.title} was stopped after {limit:.0f} s.") from None
    lines = done.stdout.strip().splitlines()
    if done.returncode != 0 or not lines:
        told = "\n".join(done.stderr.strip().splitlines()[-15:])
        raise CaseFailedError(f"{case.title} ended with code {done.returncode}:\n{told}")
    try:
        return json.loads(lines[-1])
    except json.JSONDecodeError:
        raise CaseFailedError(f"{case.title} ended with {lines[-1]!r}, which is not JSON.") from None
