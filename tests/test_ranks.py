"""Several processes that share a run: what they compute, what they say, and what is left when one is lost."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest
import torch

import pinnzo as pz
from pinnzo.errors import SettingError
from pinnzo.parallel import default_workers
from pinnzo.ranks import Ranks, is_first, place_in_environment

PATIENCE = 120  # seconds; a busy machine takes long to import torch twice


# In one process


def test_alone_nothing_travels():
    ranks = Ranks()
    numbers = torch.arange(3.0)
    with torch.no_grad():
        assert ranks.map(lambda jobs: [numbers + j for j in jobs], [1], [(3,)], [1.0], numbers)[0].tolist() == [1, 2, 3]
    assert ranks.gather([numbers, numbers], [6], numbers)[0].tolist() == [0, 1, 2, 0, 1, 2]
    assert ranks.broadcast(numbers) is numbers
    ranks.check_equal(numbers)
    before = signal.getsignal(signal.SIGINT)
    with ranks.watching():
        assert signal.getsignal(signal.SIGINT) is before
    ranks.close()


@pytest.mark.parametrize("size", [1, 2, 3, 7])
@pytest.mark.parametrize("costs", [[1.0], [1.0] * 8, [5.0, 1.0, 1.0, 1.0, 1.0, 1.0], [1.0, 100.0], [3.0, 2.0] * 20])
def test_jobs_are_shared_out_by_cost_and_in_order(size, costs):
    bounds = Ranks(0, size).bounds(costs)
    assert bounds == sorted(bounds)
    assert (len(bounds), bounds[0], bounds[-1]) == (size + 1, 0, len(costs))
    loads = [sum(costs[a:b]) for a, b in pairwise(bounds)]
    assert max(loads) <= sum(costs) / size + max(costs)


def test_shares_go_by_the_speed_that_was_shown():
    ranks, costs = Ranks(0, 2), [1.0] * 60
    for _ in range(20):
        a, b = (ranks.bounds(costs)[i + 1] - ranks.bounds(costs)[i] for i in range(2))
        ranks._learn([a, b], [a * 0.01, b * 0.02])
    assert ranks.bounds(costs) == [0, 40, 60]
    for _ in range(20):
        a, b = (ranks.bounds(costs)[i + 1] - ranks.bounds(costs)[i] for i in range(2))
        ranks._learn([a, b], [a * 0.01, b * 100.0])
    assert 0 < ranks.bounds(costs)[2] - ranks.bounds(costs)[1] < 20
    for _ in range(40):
        a, b = (ranks.bounds(costs)[i + 1] - ranks.bounds(costs)[i] for i in range(2))
        ranks._learn([a, b], [a * 0.01, b * 0.01])
    assert ranks.bounds(costs)[1] in (29, 30, 31)


@pytest.fixture
def environment(monkeypatch):
    for name in ("RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    return lambda **values: [monkeypatch.setenv(name, value) for name, value in values.items()]


def test_the_place_is_in_the_environment(environment):
    assert place_in_environment() == (0, 1)
    assert is_first()
    assert Ranks.from_environment().size == 1
    environment(WORLD_SIZE="1", RANK="0")
    assert place_in_environment() == (0, 1)
    environment(WORLD_SIZE="4", RANK="3", MASTER_ADDR="localhost")
    with pytest.raises(SettingError, match="WORLD_SIZE is 4, but MASTER_PORT is not set: start several processes"):
        pz.solve("hjb", progress=False)
    environment(MASTER_PORT="1")
    assert place_in_environment() == (3, 4)
    assert not is_first()
    environment(RANK="first")
    with pytest.raises(SettingError, match="whole numbers"):
        place_in_environment()


@pytest.mark.parametrize("text", ["soon", "-1", "nan"])
def test_patience_is_a_number_of_seconds(environment, monkeypatch, text):
    environment(WORLD_SIZE="2", RANK="1", MASTER_ADDR="127.0.0.1", MASTER_PORT="1")
    monkeypatch.setenv("PINNZO_TIMEOUT", text)
    with pytest.raises(SettingError, match="PINNZO_TIMEOUT is"):
        Ranks.from_environment()


def test_processes_on_one_machine_share_its_processors(environment, monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 64)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(6)), raising=False)
    for processes, threads in (("1", 6), ("2", 3), ("4", 1), ("8", 1)):
        environment(LOCAL_WORLD_SIZE=processes)
        assert default_workers() == threads


# In two processes


class Pair:
    """Two processes of one program, as ``torchrun`` starts them."""

    def __init__(self, *arguments, size=2):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = str(free.getsockname()[1])
        place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": str(size), "OMP_NUM_THREADS": "1"}
        self.processes = [
            subprocess.Popen(
                [sys.executable, *map(str, arguments)],
                env={**os.environ, **place, "RANK": str(rank), "PINNZO_TIMEOUT": "60"},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                # Tests that run in the background of a shell have children that ignore the signal.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
            )
            for rank in range(size)
        ]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.processes:
            process.kill()
            process.communicate()

    def ends(self):
        """What each process wrote and how it ended."""
        texts = [process.communicate(timeout=PATIENCE) for process in self.processes]
        return [(out, err, p.returncode) for (out, err), p in zip(texts, self.processes, strict=True)]


def run(program, tmp_path, *arguments):
    file = tmp_path / "program.py"
    file.write_text(program)
    with Pair(file, *arguments) as pair:
        return pair.ends()


COLLECTIVES = """
import os, torch
from pinnzo.errors import DriftError, LostProcessError
from pinnzo.ranks import Ranks
ranks = Ranks.from_environment(timeout=30)
assert Ranks.from_environment().rank == ranks.rank == int(os.environ["RANK"])
like = torch.zeros(0)
with torch.inference_mode():
    mine = [torch.full((2,), 1.0), torch.full((1,), 2.0)] if ranks.first else [torch.full((1,), 3.0)]
    assert torch.cat(ranks.gather(mine, [3, 1], like)).tolist() == [1, 1, 2, 3]
    assert [g.tolist() for g in ranks.gather(mine if ranks.first else [], [3, 0], like)] == [[1, 1, 2], []]
    done = []
    def work(jobs):
        done.extend(jobs)
        return [torch.full((j, 2), float(j)) for j in jobs]
    for jobs in ([1, 2, 3, 4], [5], [1] * 7):
        found = ranks.map(work, jobs, [(j, 2) for j in jobs], [float(j) for j in jobs], like)
        assert [f.tolist() for f in found] == [[[j, j]] * j for j in jobs]
    assert len(done) < 12
    assert ranks.broadcast(torch.tensor([ranks.rank + 5.0])).tolist() == [5]
assert len(ranks.map(work, [1, 2], [(1, 2), (2, 2)], [1, 1], like)) == 2 and done[-2:] == [1, 2]
ranks.check_equal(torch.ones(3))
try:
    ranks.check_equal(torch.ones(3) + 1e-7 * ranks.rank)
except DriftError as error:
    assert "no longer have the same parameters" in str(error)
    ranks.broadcast(like)
    print("drifted")
if not ranks.first:
    os._exit(0)
try:
    ranks.broadcast(torch.zeros(1)); ranks.gather([torch.zeros(1)], [1, 1], like)
except LostProcessError as error:
    print(error)
"""


def test_the_operations(tmp_path):
    first, second = run(COLLECTIVES, tmp_path)
    lost = "This is process 0 of 2, and another process of the run was lost or does not answer."
    assert first == (f"drifted\n{lost}\n", "", 0)
    assert second[1:] == ("", 0)


RUNS = """
import json, os, sys, warnings
warnings.simplefilter("error")
import numpy as np, torch
import pinnzo as pz
from pinnzo.training import levenberg_marquardt, residual_objective
# So that even small runs are shared out.
residual_objective.TILE_ELEMENTS = residual_objective.SWEEP_TILE = 2**9
levenberg_marquardt.LEAST_SHARED = 1

def run(name, problem="poisson-2d", **settings):
    settings = {"network": pz.TensorTrainMLP(width=8), "points": 30, "budget": pz.Budget(steps=3), **settings}
    s = pz.solve(problem, progress=name == "LevenbergMarquardt", **settings)
    return {"theta": s.theta.tolist(), "evaluations": s.evaluations, "loss": s.loss, "status": s.status,
            "losses": s.history.column("loss").tolist(), "error": s.error().relative_l2 if s.problem.exact else None}

torch.manual_seed(int(os.environ.get("RANK", 0)))
module = torch.nn.Sequential(torch.nn.Linear(2, 5), torch.nn.Tanh(), torch.nn.Linear(5, 1)).double()
box = pz.BlackBox(lambda theta, x: np.sin(x @ theta), theta=np.ones(2), numpy=True)
found = {
    "LevenbergMarquardt": run("LevenbergMarquardt", "hjb", trainer=pz.LevenbergMarquardt()),
    "held and central": run("", "heat", trainer=pz.LevenbergMarquardt(hold=2, central=True)),
    "directions": run("", trainer=pz.LevenbergMarquardt(directions=7)),
    "RandomGradient": run("", trainer=pz.RandomGradient()),
    "CoordinateGradient": run("", "poisson", weights={"boundary": 5.0}, trainer=pz.CoordinateGradient(share=0.5)),
    "central": run("", trainer=pz.CoordinateGradient(central=True)),
    "HybridZO": run("", trainer=pz.HybridZO(switch_step=2)),
    "FirstOrder": run("", trainer=pz.FirstOrder()),
    "module": run("", network=module),
    "sobol": run("", "poisson", weights={"boundary": 5.0}, sampling="sobol"),
    "adaptive": run("", sampling=pz.ResidualAdaptive(every=2)),
    "adaptive with back-propagation": run("", sampling="residual-adaptive", trainer=pz.FirstOrder()),
    "system": run("", "kovasznay"),
    "unknown coefficient": run("", "inverse-heat"),
    "black box": run("", network=box, trainer=pz.LevenbergMarquardt()),
}
json.dump(found, sys.stdout)
"""


def test_processes_compute_what_one_computes_bit_for_bit(tmp_path):
    first, second = run(RUNS, tmp_path)
    assert "hjb: step 1" in first[1]
    assert second[1] == ""
    assert first[2] == second[2] == 0
    alone = subprocess.run(
        [sys.executable, tmp_path / "program.py"], capture_output=True, text=True, check=True, timeout=PATIENCE
    )
    wanted = json.loads(alone.stdout)
    for found in (json.loads(first[0]), json.loads(second[0])):
        for name, figures in wanted.items():
            assert found[name] == figures, name


DRIFT = """
import os, torch
import pinnzo as pz
class Odd(torch.nn.Linear):
    def forward(self, x):
        return super().forward(x) * (1 + int(os.environ["RANK"]))
torch.manual_seed(0)
try:
    # Back-propagation is not shared out, so that each process goes where its own module leads it.
    pz.solve("poisson-2d", network=Odd(2, 1), trainer=pz.FirstOrder(), budget=pz.Budget(steps=5), progress=False)
except pz.PinnzoError as error:
    print(type(error).__name__, error)
"""


def test_processes_that_part_company_are_stopped(tmp_path):
    for rank, (out, err, code) in enumerate(run(DRIFT, tmp_path)):
        assert out.startswith(f"DriftError Process {rank} of 2: the processes no longer have the same parameters")
        assert (err, code) == ("", 0)


COMMAND = """
from pinnzo.cli import main
main()
"""
ARGUMENTS = ("solve", "hjb", "--set", "dimension=2", "--trainer", "rge", "--points", "20", "--quiet", "--json",
             "--checkpoint-every", "0.1")  # fmt: skip


def wait_for(file, pair):
    deadline = time.monotonic() + PATIENCE
    while not file.is_file():
        assert time.monotonic() < deadline
        assert all(p.poll() is None for p in pair.processes), pair.ends()
        time.sleep(0.05)


@pytest.mark.parametrize("how", ["kill", "terminate"])
def test_a_lost_process_ends_the_run_with_a_sentence_and_an_intact_checkpoint(tmp_path, how):
    program, folder = tmp_path / "program.py", tmp_path / "run"
    program.write_text(COMMAND)
    with Pair(program, *ARGUMENTS, "--seconds", PATIENCE, "--checkpoint", folder) as pair:
        wait_for(folder / "checkpoint.safetensors", pair)
        if how == "kill":
            pair.processes[1].kill()
        else:
            # torchrun does so when it has seen a process die before the others have.
            pair.processes[0].terminate()
        out, err, code = pair.ends()[0]
    assert code == 2
    assert out == ""
    assert err.startswith("Error: This is process 0 of 2, and another process of the run was lost")
    assert err.rstrip().endswith(
        f"The last checkpoint in {folder} is intact: `pinnzo resume {folder}` goes on, with any number of processes."
    )
    assert [f.name for f in folder.iterdir()] == ["checkpoint.safetensors"]
    if how == "kill":
        before = pz.resume(folder, budget=pz.Budget(steps=1), progress=False)
        resumed = pz.resume(folder, budget=pz.Budget(steps=before.steps + 2), progress=False)
        assert resumed.steps == before.steps + 2 > 2


def test_an_interrupt_ends_the_run_cleanly_and_both_can_go_on(tmp_path):
    program, folder = tmp_path / "program.py", tmp_path / "run"
    program.write_text(COMMAND)
    with Pair(program, *ARGUMENTS, "--seconds", PATIENCE, "--checkpoint", folder) as pair:
        wait_for(folder / "checkpoint.safetensors", pair)
        # The terminal sends it to all, and torchrun sends it once more.
        for process in 2 * pair.processes[::-1]:
            process.send_signal(signal.SIGINT)
        (out, *first), second = pair.ends()
    summary = json.loads(out)
    assert "The run was interrupted after" in summary["status"]
    assert first == ["", 0]
    assert second == ("", "", 0)
    steps = str(summary["steps"] + 2)
    with Pair(program, "resume", folder, "--steps", steps, "--quiet", "--json", "--output", folder) as pair:
        (out, *first), second = pair.ends()
    assert (first, second) == (["", 0], ("", "", 0))
    assert json.loads(out)["steps"] == int(steps)
    names = {"checkpoint.safetensors", "solution.safetensors", "summary.json", "history.jsonl"}
    assert {f.name for f in folder.iterdir()} >= names


def test_a_mistake_is_told_once(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(COMMAND)
    with Pair(program, *ARGUMENTS, "--points", "0", "--steps", "1") as pair:
        first, second = pair.ends()
    assert first[1].startswith("Error: points is 0")
    assert (first[2], second) == (2, ("", "", 2))


def test_torchrun_starts_it(tmp_path):
    arguments = [*ARGUMENTS, "--steps", "3", "--output", tmp_path / "out"]
    ran = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "pinnzo"]
        + [str(a) for a in arguments],
        capture_output=True, text=True, timeout=PATIENCE, env={**os.environ, "OMP_NUM_THREADS": "1"}, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["steps"] == 3
    assert (Path(tmp_path) / "out" / "slice.png").is_file()
