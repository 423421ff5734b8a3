"""The files of results: what is found again, and that nobody's lines are lost."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from benchmarks.cases import Case
from benchmarks.records import Records

WRITER = """
import sys
from pathlib import Path
from benchmarks.cases import Case
from benchmarks.records import Records
folder, name = Path(sys.argv[1]), sys.argv[2]
kept = Records("suite", folder)
print("ready", flush=True)
sys.stdin.readline()
for seed in range(20):
    kept.add(Case("suite", name, seed, "json.tool", {}, 1.0), result={"of": name})
"""


def case(name="a/b", seed=0, **settings):
    return Case("suite", name, seed, "json.tool", settings, 1.0)


def test_a_result_is_found_again(tmp_path):
    kept = Records("suite", tmp_path)
    assert kept.find(case()) is None
    kept.add(case(width=32), date="today", result={"relative_l2": 1e-3})
    for records in (kept, Records("suite", tmp_path)):
        found = records.find(case(width=32))
        assert found == {
            "case": "a/b",
            "seed": 0,
            "settings": {"width": 32},
            "date": "today",
            "result": {"relative_l2": 1e-3},
        }
    assert kept.find(case(seed=1, width=32)) is None
    assert kept.find(case("a", width=32)) is None


def test_other_settings_are_not_measured_and_then_take_the_place(tmp_path):
    kept = Records("suite", tmp_path)
    kept.add(case(width=32), result={"relative_l2": 1e-3})
    kept.add(case("c"), result={})
    assert kept.find(case(width=64)) is None
    kept.add(case(width=64), result={"relative_l2": 1e-4})
    assert kept.find(case(width=32)) is None
    assert [(r["case"], r["settings"]) for r in Records("suite", tmp_path)] == [("a/b", {"width": 64}), ("c", {})]
    assert len(kept) == 2


def test_settings_are_compared_as_json(tmp_path):
    kept = Records("suite", tmp_path)
    kept.add(case(shape=(2, 3), of={1: None}), result={})
    assert kept.find(case(shape=[2, 3], of={"1": None})) is not None


def test_two_writers_lose_nothing(tmp_path):
    """Both have read the file before either writes."""
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    writers = [
        subprocess.Popen([*command, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for name in "ab"
    ]
    for writer in writers:
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        with writer:
            writer.communicate(timeout=60)
        assert writer.returncode == 0
    found = {(r["case"], r["seed"]) for r in Records("suite", tmp_path)}
    assert found == {(name, seed) for name in "ab" for seed in range(20)}
    assert all(r["result"] == {"of": r["case"]} for r in Records("suite", tmp_path))


def test_what_json_does_not_have_is_refused_and_the_file_stays(tmp_path):
    kept = Records("suite", tmp_path)
    kept.add(case(), result={"relative_l2": 1.0})
    before = kept.path.read_text()
    with pytest.raises(ValueError, match="JSON"):
        kept.add(case("c"), result={"relative_l2": float("nan")})
    assert kept.path.read_text() == before
    assert json.loads(before)["result"] == {"relative_l2": 1.0}
