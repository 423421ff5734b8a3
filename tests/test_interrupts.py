"""Ctrl-C at any time: no traceback, the best parameters so far, and no file that is cut off."""

import json
import os
import signal
import subprocess
import sys
import threading

import pytest
from running import command, quick

import pinnzo as pz
from pinnzo import storage
from pinnzo.files import deferred_interrupt

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")

PATIENCE = 300
"""Seconds: a busy machine may take long to load torch."""


@pytest.fixture(autouse=True)
def usual_handler():
    """Python's own, which a shell that runs these tests in the background keeps it from installing."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def started(*arguments, cwd, options=()):
    return subprocess.Popen(
        [sys.executable, *options, "-m", "pinnzo", *arguments],
        cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        # For the same reason: what is ignored is ignored by children too.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )  # fmt: skip


def test_ctrl_c_ends_a_run_cleanly(tmp_path):
    limit = str(10 * PATIENCE)
    process = started(
        "solve", "poisson-2d", "--seconds", limit, "--json", "--checkpoint", "run", "--points", "10", cwd=tmp_path
    )
    try:
        # The first step is done once the first line is there.
        first = process.stderr.readline()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    assert first.startswith("poisson-2d: step 1")
    assert process.returncode == 0, err
    data = json.loads(out.splitlines()[-1])
    assert data["status"].startswith(f"The run was interrupted after {data['steps']} steps")
    assert data["loss"] > 0
    assert "Traceback" not in err
    assert pz.resume(tmp_path / "run", budget=pz.Budget(steps=1), progress=False).steps == data["steps"]


def test_ctrl_c_while_the_program_loads(tmp_path):
    # Python tells of each module that it has loaded; numpy is needed, and the rest of torch comes after it.
    process = started("list", cwd=tmp_path, options=("-X", "importtime"))
    try:
        for line in process.stderr:
            if line.split("|")[-1].strip() == "numpy":
                break
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    assert process.returncode == 130, err
    assert out == ""
    told = [line for line in err.splitlines() if not line.startswith("import time:")]
    assert told == ["Interrupted before the run began."]


def test_ctrl_c_before_the_first_step(monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(pz, "solve", interrupted)
    result = command("solve", "poisson-2d")
    assert result.exit_code == 130
    assert result.output == "Interrupted.\n"


@pytest.fixture
def interrupting_saves(monkeypatch):
    """From the given save on, Ctrl-C comes in the middle of each."""
    real, seen = storage.save_file, []

    def arm(first):
        def save(tensors, path, metadata):
            seen.append(path)
            if len(seen) >= first:
                signal.raise_signal(signal.SIGINT)
            real(tensors, path, metadata)

        monkeypatch.setattr(storage, "save_file", save)

    return arm


def test_ctrl_c_during_a_save_waits_for_it(tmp_path, interrupting_saves):
    interrupting_saves(3)  # the first is that of the state before the first step
    solution = quick(checkpoint=tmp_path, checkpoint_seconds=0, budget=pz.Budget(steps=50))
    assert solution.steps == 2
    assert solution.status.startswith("The run was interrupted after 2 steps")
    assert [f.name for f in tmp_path.iterdir()] == ["checkpoint.safetensors"]
    assert storage.read_run(tmp_path / "checkpoint.safetensors")[2].trainer.step == 2
    assert pz.resume(tmp_path, budget=pz.Budget(steps=4), progress=False).history.same_run(quick().history)


def test_ctrl_c_during_the_last_save_does_not_lose_the_solution(tmp_path, interrupting_saves):
    interrupting_saves(2)
    solution = quick(checkpoint=tmp_path, checkpoint_seconds=1e6)
    assert solution.steps == 4
    assert "interrupted" not in solution.status
    assert storage.read_run(tmp_path / "checkpoint.safetensors")[2].trainer.step == 4


def test_a_deferred_interrupt_comes_after_the_block():
    before, done = signal.getsignal(signal.SIGINT), []

    def work():
        with deferred_interrupt():
            signal.raise_signal(signal.SIGINT)
            done.append(True)

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == [True]
    assert signal.getsignal(signal.SIGINT) is before


def test_other_threads_leave_signals_alone():
    failed = []

    def work():
        try:
            with deferred_interrupt():
                pass
        except ValueError as error:
            failed.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert not failed
