"""Runs that end by SIGKILL, at any moment, go on from their checkpoint as if nothing had happened."""

import json
import os
import subprocess
import sys

import killing
import pytest
from running import assert_same_state
from running import kept as state_of

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs POSIX processes")

KILLS = 50


def found(*arguments):
    done = subprocess.run(
        [sys.executable, killing.__file__, *map(str, arguments)],
        capture_output=True, text=True, timeout=600, check=False, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_fifty_kills_at_random_moments(tmp_path):
    folder = tmp_path / "run"
    kills = found("random", folder, KILLS, 0)
    assert [k["code"] for k in kills] == [-9] * KILLS
    kept = [k["kept"] for k in kills]
    assert kept == sorted(kept), "a checkpoint went back"
    assert kept[-1] > 50
    # Most kills came while it was training, and cost no more than an interval and the steps at its ends.
    assert sum(k["last"] is not None for k in kills) > KILLS / 2
    assert max(k["lost"] for k in kills) < killing.INTERVAL
    for kill in kills:
        remains = [f for f in kill["files"] if f != "checkpoint.safetensors"]
        assert len(remains) <= 1
        assert all(f.startswith((".checkpoint.safetensors.", ".pinnzo-write-test.")) for f in remains)
    assert [f.name for f in folder.iterdir()] == ["checkpoint.safetensors"]

    assert_same_state(folder, tmp_path / "whole")
    body, tensors = state_of(folder)
    assert body["trainer"]["step"] == len(tensors["history.loss"]) == kept[-1] + killing.FURTHER_STEPS
    assert tensors["theta"].any()


def test_a_kill_at_each_stage_of_a_save(tmp_path):
    expected = {"before": 2, "half written": 2, "written": 2, "on disk": 2, "replaced": 3}
    stages = found("stages", tmp_path)
    assert {s["stage"]: s["kept"] for s in stages} == expected
    for stage in stages:
        assert stage["code"] == -9
        assert stage["files"] == (1 if stage["stage"] in ("before", "replaced") else 2)
        assert stage["then"] == 5
        assert stage["left"] == ["checkpoint.safetensors"]
