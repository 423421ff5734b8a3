"""A program whose children are killed: it imports everything once, and each run is a fork of it.

``python killing.py random FOLDER KILLS SEED`` kills a run at random moments, ``python killing.py stages FOLDER`` at each
stage of a save. What was found after each kill is printed as JSON, for ``test_killed.py`` to judge.
"""

from __future__ import annotations

import json
import mmap
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import pinnzo as pz
from pinnzo import storage

INTERVAL = 0.05
STEPS = 100_000
FURTHER_STEPS = 3
PROBLEM = pz.problem("poisson-2d")
SETTINGS = {
    "points": 20, "network": pz.TensorTrainMLP(width=8), "sampling": "residual-adaptive", "balance": "relobralo",
}  # fmt: skip

BEGAN = np.frombuffer(mmap.mmap(-1, 8 * STEPS), dtype=np.float64)
"""When the child began each step, by the clock of all processes. The memory is shared with the children."""


class Marked(pz.LevenbergMarquardt):
    """Tells when each step begins."""

    def step(self, objective, state):
        BEGAN[state.step] = time.monotonic()
        return super().step(objective, state)


def go(folder: Path, steps: int = STEPS, seconds: float = INTERVAL) -> None:
    """What a user does: resume what is there, else begin."""
    more = {"budget": pz.Budget(steps=steps), "trainer": Marked(hold=2), "checkpoint_seconds": seconds}
    if (folder / storage.CHECKPOINT).is_file():
        pz.resume(folder, progress=False, **more)
    else:
        pz.solve(PROBLEM, checkpoint=folder, progress=False, **more, **SETTINGS)


def forked(work: Callable[[], object]) -> int:
    """The process that does some work and ends."""
    process = os.fork()
    if not process:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return process


def finished(work: Callable[[], object]) -> int:
    """How a child that does some work ends: its exit code, or minus the number of the signal."""
    return os.waitstatus_to_exitcode(os.waitpid(forked(work), 0)[1])


def processor_seconds(process: int) -> float:
    """What a child has had of a processor, so that a busy machine changes little."""
    return time.clock_gettime((~process << 3) | 2) if sys.platform == "linux" else float("inf")


def killed_at_random(folder: Path, kills: int, seed: int) -> list[dict]:
    generator = random.Random(seed)
    found = []
    for _ in range(kills):
        BEGAN[:] = 0.0
        # One in five is killed from its very beginning on, when it may not have read its checkpoint yet.
        early, wanted, more = generator.random() < 0.2, generator.uniform(0.0, 0.1), generator.uniform(0.0, 0.02)
        child = forked(lambda: go(folder))
        while not early and not BEGAN.any():
            time.sleep(0.002)
        wanted += 0.0 if early else processor_seconds(child)
        while processor_seconds(child) < wanted:
            time.sleep(0.002)
        time.sleep(more)
        os.kill(child, signal.SIGKILL)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        steps = np.flatnonzero(BEGAN)
        kept = read_step(folder)
        last = int(steps[-1]) if len(steps) else None
        # The work of the child that no file holds, up to the last but one step that it began.
        lost = float(BEGAN[last - 1] - BEGAN[kept]) if last is not None and last - 1 > kept else 0.0
        files = sorted(f.name for f in folder.iterdir()) if folder.is_dir() else []
        found.append({"code": code, "kept": kept, "last": last, "lost": lost, "files": files})
    end = read_step(folder) + FURTHER_STEPS
    assert finished(lambda: go(folder, end)) == 0
    assert finished(lambda: go(folder.with_name("whole"), end, seconds=1e6)) == 0
    return found


def read_step(folder: Path) -> int:
    """The step of the checkpoint, which has to be readable if it is there; 0 where there is none yet."""
    file = folder / storage.CHECKPOINT
    return storage.read_run(file, given={"trainer": Marked()})[2].trainer.step if file.is_file() else 0


def kill_here(*_, **__) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def half_written(tensors, path, metadata) -> None:
    Path(path).write_bytes(b"half of a file")
    kill_here()


def killed_at_stages(folder: Path) -> list[dict]:
    """Kill the second save of a run, before and after each thing that it does."""
    stages = {
        "before": (storage, "save_file", kill_here),
        "half written": (storage, "save_file", half_written),
        "written": (os, "fsync", kill_here),
        "on disk": (os, "replace", kill_here),
        "replaced": (os, "replace", replaced(os.replace)),
    }
    return [{"stage": stage, **killed_at(folder / stage, what)} for stage, what in stages.items()]


def killed_at(run: Path, what: tuple) -> dict:
    def armed() -> None:
        setattr(*what)
        go(run, 4, 0)

    assert finished(lambda: go(run, 2)) == 0
    after = {"code": finished(armed), "kept": read_step(run), "files": len(list(run.iterdir()))}
    assert finished(lambda: go(run, 5)) == 0
    return {**after, "then": read_step(run), "left": sorted(f.name for f in run.iterdir())}


def replaced(replace: Callable) -> Callable:
    def work(*names) -> None:
        replace(*names)
        kill_here()

    return work


if __name__ == "__main__":
    name, where, *numbers = sys.argv[1:]
    work = {"random": killed_at_random, "stages": killed_at_stages}[name]
    sys.stdout.write(json.dumps(work(Path(where), *map(int, numbers))))
