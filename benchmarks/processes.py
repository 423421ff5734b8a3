"""How much faster a training step becomes when a second process shares it.

One process with one thread is timed against several processes with one thread each, which share every step as under
``torchrun``. Both run the same steps from the same parameters, taken in turn in one run, so that what else the machine
does meets them alike. The ratio of the processor seconds that the first process spends on a step is what an idle
machine would show if nothing travelled; on a busy one the clock shows less.

    OMP_NUM_THREADS=1 python benchmarks/processes.py [--processes 2] [--rounds 8] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

import torch

import pinnzo as pz
from pinnzo.assembly import Assembly
from pinnzo.ranks import Ranks
from pinnzo.settings import RunSettings

TRAINERS = {
    "LevenbergMarquardt": (pz.LevenbergMarquardt(), 1),
    "RandomGradient": (pz.ZerothOrder(pz.RandomGradient()), 5),
}
"""With the number of steps that are timed together."""


def step_times(trainer: pz.LevenbergMarquardt | pz.ZerothOrder, steps: int, rounds: int, ranks: Ranks) -> list[list]:
    """Seconds a step, by the clock and of the processor: of the processes together and of the first one alone."""
    settings = RunSettings(network=pz.TensorTrainMLP(width=64), trainer=trainer, points=400)
    together, alone = (Assembly(pz.problem("hjb", dimension=20), settings, r) for r in (ranks, Ranks()))
    times = [[], []]
    with torch.inference_mode():
        for _ in range(rounds + 1):
            for assembly, taken in zip((together, alone), times, strict=True):
                ranks.check_equal(torch.zeros(1))
                if assembly is together or ranks.first:
                    state = trainer.init(assembly.initial(), assembly.run_seed)
                    points = assembly.generator("points")
                    start, busy = time.perf_counter(), time.process_time()
                    for _ in range(steps):
                        assembly.objective.draw(points)
                        state = trainer.step(assembly.objective, state)
                    taken.append(((time.perf_counter() - start) / steps, (time.process_time() - busy) / steps))
    return [taken[1:] for taken in times]


def measure(rounds: int, file: Path | None) -> None:
    """What each process does; the first one prints."""
    ranks = Ranks.from_environment()
    torch.set_num_threads(1)
    rows = {}
    for name, (trainer, steps) in TRAINERS.items():
        together, alone = step_times(trainer, steps, rounds, ranks)
        if ranks.first:
            (shared, shared_busy), (single, single_busy) = (zip(*t, strict=True) for t in (together, alone))
            rows[name] = {
                "alone": min(single),
                "together": min(shared),
                "median_ratio": statistics.median(b / a for a, b in zip(shared, single, strict=True)),
                "processor_ratio": min(single_busy) / min(shared_busy),
            }
    if not ranks.first:
        return
    print(
        f"{'trainer':<20}{'1 process':>12}{f'{ranks.size} processes':>14}{'shortest':>10}{'median':>9}{'processor':>11}"
    )
    for name, row in rows.items():
        print(
            f"{name:<20}{1e3 * row['alone']:>9.1f} ms{1e3 * row['together']:>11.1f} ms"
            f"{row['alone'] / row['together']:>9.2f}x{row['median_ratio']:>8.2f}x{row['processor_ratio']:>10.2f}x"
        )
    if file is not None:
        file.write_text(json.dumps({"processes": ranks.size, "trainers": rows}) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--json", type=Path, help="write the figures here")
    given = parser.parse_args()
    if "WORLD_SIZE" in os.environ:
        measure(given.rounds, given.json)
        return
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": str(given.processes)}
    workers = [
        subprocess.Popen(
            [sys.executable, *sys.argv], env={**os.environ, **place, "RANK": str(rank), "OMP_NUM_THREADS": "1"}
        )
        for rank in range(given.processes)
    ]
    sys.exit(max(worker.wait() for worker in workers))


if __name__ == "__main__":
    main()
