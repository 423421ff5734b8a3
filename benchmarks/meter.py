"""The error on the way of a training run, by a clock that does not count the measuring.

Needs NumPy only: it is used in the environments of other packages too.
"""

from __future__ import annotations

import contextlib
import json
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np


class Meter:
    """Looks at the error at moments that grow geometrically.

    The clock starts with ``start``, when the run is set up, and stands still while the error is measured.

    Args:
        points: where it is measured, (N, D).
        values: the exact solution there, (N,).
        seconds: of the run.
        first: the first moment, in seconds.
        ratio: of one moment to the one before.
    """

    def __init__(
        self, points: np.ndarray, values: np.ndarray, seconds: float, first: float = 0.25, ratio: float = 1.2
    ) -> None:
        self.points, self.values, self.seconds = points, values, seconds
        self.trace: list[tuple[float, float]] = []
        self.steps = 0
        self._next, self._ratio = first, ratio
        self._began = self._busy = self._measuring = self._measuring_busy = 0.0
        self.memory_before = 0

    @classmethod
    def of_file(cls, path: str | Path, seconds: float) -> Meter:
        """With the points and values of a file that ``benchmarks.points`` has written."""
        with np.load(path, allow_pickle=False) as data:
            return cls(data["points"], data["values"], seconds)

    def start(self) -> None:
        """The run begins."""
        self.memory_before = peak_memory()
        self._began, self._busy = time.perf_counter(), time.process_time()

    @property
    def elapsed(self) -> float:
        """Seconds of the run, without measuring."""
        return time.perf_counter() - self._began - self._measuring

    @property
    def cpu_seconds(self) -> float:
        """Processor time of the run, without measuring."""
        return time.process_time() - self._busy - self._measuring_busy

    def step(self, predict: Callable[[np.ndarray], np.ndarray]) -> bool:
        """After each step of the run; whether its time is over.

        Args:
            predict: the solution as it stands, (N, D) to (N,) or (N, 1).
        """
        self.steps += 1
        now = self.elapsed
        over = now >= self.seconds
        if over or now >= self._next:
            self.look(predict)
            while self._next <= now:
                self._next *= self._ratio
        return over

    def look(self, predict: Callable[[np.ndarray], np.ndarray]) -> float:
        """Measure the relative L2 error now."""
        now, busy = self.elapsed, time.process_time()
        began = time.perf_counter()
        found = np.asarray(predict(self.points), dtype=np.float64)
        if found.shape not in {self.values.shape, (*self.values.shape, 1)}:
            raise ValueError(f"predict gave the shape {found.shape} for {len(self.points)} points.")
        gap = found.reshape(-1) - self.values
        error = float(np.linalg.norm(gap) / np.linalg.norm(self.values))
        self.trace.append((now, error))
        self._measuring += time.perf_counter() - began
        self._measuring_busy += time.process_time() - busy
        return error

    def result(self, **entries: Any) -> dict[str, Any]:
        """What is to be kept of the run: its last error and the lowest one on the way among it."""
        errors = [error for _, error in self.trace if np.isfinite(error)]
        last = self.trace[-1][1]
        return {
            "relative_l2": last if np.isfinite(last) else None,
            "lowest_relative_l2": min(errors) if errors else None,
            "seconds": round(self.trace[-1][0], 3),
            "cpu_seconds": round(self.cpu_seconds, 3),
            "steps": self.steps,
            "peak_memory": peak_memory(),
            "memory_before": self.memory_before,
            "trace": [[round(s, 3), float(f"{e:.4g}")] for s, e in self.trace if np.isfinite(e)],
            **entries,
        }


def peak_memory() -> int:
    """The most memory that this process has held so far, in bytes.

    Linux' own record of the process; what the operating system tells of its resources begins with those of the parent.
    """
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def report(result: dict[str, Any]) -> None:
    """Print a result as the line that the benchmarks read."""
    print(json.dumps(result, allow_nan=False), flush=True)
