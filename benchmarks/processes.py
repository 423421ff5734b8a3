"""How much faster a training step becomes when a second process shares it.

One process with one thread is timed against several processes with one thread each, which share every step as under
``torchrun``. All run the same steps from the same parameters, taken in turn in one run, so that what else the machine
does meets them alike. Processors also slow each other down, by the memory that they share, so the same processes
are timed on whole steps of their own at the same time as well: what they then do together, in units of one process,
is the most that sharing can reach ("ceiling").

    OMP_NUM_THREADS=1 python benchmarks/processes.py [--processes 2] [--rounds 8] [--points 400] [--json FILE]
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


def step_times(
    trainer: pz.LevenbergMarquardt | pz.ZerothOrder, steps: int, rounds: int, points: int, ranks: Ranks
) -> list[list]:
    """Seconds a step in each round: of one process alone, of the processes together, and of each for itself."""
    settings = RunSettings(network=pz.TensorTrainMLP(width=64), trainer=trainer, points=points)
    shared, own = (Assembly(pz.problem("hjb", dimension=20), settings, r) for r in (ranks, Ranks()))
    times = [[], [], []]
    with torch.inference_mode():
        for _ in range(rounds + 1):
            for assembly, taken, busy in zip((own, shared, own), times, (ranks.first, True, True), strict=True):
                ranks.check_equal(torch.zeros(1))
                if busy:
                    state = trainer.init(assembly.initial(), assembly.run_seed)
                    generator = assembly.generator("points")
                    start = time.perf_counter()
                    for _ in range(steps):
                        assembly.objective.draw(generator)
                        state = trainer.step(assembly.objective, state)
                    taken.append((time.perf_counter() - start) / steps)
    return [taken[1:] for taken in times]


def measure(rounds: int, points: int, file: Path | None) -> None:
    """What each process does; the first one prints."""
    ranks = Ranks.from_environment()
    torch.set_num_threads(1)
    rows = {}
    for name, (trainer, steps) in TRAINERS.items():
        alone, together, apart = step_times(trainer, steps, rounds, points, ranks)
        mine = torch.tensor([statistics.median(apart)])
        rates = 1 / torch.cat(ranks.gather([mine], [1] * ranks.size, mine))
        if ranks.first:
            rows[name] = {
                "alone": statistics.median(alone),
                "together": statistics.median(together),
                "median_ratio": statistics.median(a / b for a, b in zip(alone, together, strict=True)),
                "best_ratio": min(alone) / min(together),
                "ceiling": statistics.median(alone) * float(rates.sum()),
            }
    if not ranks.first:
        return
    print(f"{'trainer':<20}{'1 process':>12}{f'{ranks.size} processes':>14}{'median':>9}{'best':>8}{'ceiling':>10}")
    for name, row in rows.items():
        print(
            f"{name:<20}{1e3 * row['alone']:>9.1f} ms{1e3 * row['together']:>11.1f} ms"
            f"{row['median_ratio']:>8.2f}x{row['best_ratio']:>7.2f}x{row['ceiling']:>9.2f}x"
        )
    if file is not None:
        file.write_text(json.dumps({"processes": ranks.size, "trainers": rows}) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--points", type=int, default=400, help="collocation points of a step")
    parser.add_argument("--json", type=Path, help="write the figures here")
    given = parser.parse_args()
    if "WORLD_SIZE" in os.environ:
        measure(given.rounds, given.points, given.json)
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
