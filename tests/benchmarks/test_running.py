"""Cases in processes of their own: results, and the many ways not to give one."""

from __future__ import annotations

import os
import sys

import pytest

from benchmarks import running
from benchmarks.cases import Case
from benchmarks.running import CaseFailedError, run_case

MODULES = {
    "gives": "import json, os, sys\nprint('talk')\nprint(json.dumps({'given': json.loads(sys.argv[1]), 'threads': os.environ['OMP_NUM_THREADS'], 'cwd': os.getcwd()}))",
    "fails": "import sys\nprint('{}')\nsys.exit('It broke.')",
    "raises": "print('{}')\nraise RuntimeError('no luck')",
    "is_silent": "pass",
    "talks": "print('{}')\nprint('done, see above')",
    "is_killed": "import os, signal\nprint('{}', flush=True)\nos.kill(os.getpid(), signal.SIGKILL)",
    "sleeps": "import time\ntime.sleep(60)",
}


@pytest.fixture
def make(tmp_path, monkeypatch):
    """Cases that run small modules."""
    for name, source in MODULES.items():
        (tmp_path / f"case_that_{name}.py").write_text(source)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))

    def case(name, **entries):
        entries = {"settings": {"width": 32}, "seconds": 1.0, **entries}
        return Case("suite", "a/b", 7, f"case_that_{name}", **entries)

    return case


def test_the_last_line_is_the_result(make):
    result = run_case(make("gives", threads=3))
    assert result["given"] == {"width": 32, "seed": 7}
    assert result["threads"] == "3"
    assert result["cwd"] == str(running.ROOT)


def test_preparations_come_first(make, tmp_path):
    done = []
    case = make(
        "gives", prepare=lambda: done.append("prepared"), python=lambda: done.append("python") or sys.executable
    )
    run_case(case)
    assert done == ["prepared", "python"]


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="cores can be chosen on Linux only")
def test_a_case_keeps_to_its_core(make, tmp_path):
    core = min(os.sched_getaffinity(0))
    (tmp_path / "case_that_counts.py").write_text("import os\nprint(sorted(os.sched_getaffinity(0)))")
    assert run_case(make("counts"), core) == [core]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("fails", r"suite/a/b seed 7 ended with code 1:\nIt broke\."),
        ("raises", r"ended with code 1:\n(.*\n)*RuntimeError: no luck"),
        ("is_silent", "ended with code 0:"),
        ("talks", "ended with 'done, see above', which is not JSON"),
        ("is_killed", "ended with code -9:"),
        ("is_not_there", "No module named case_that_is_not_there"),
    ],
)
def test_no_result(make, name, sentence):
    with pytest.raises(CaseFailedError, match=sentence):
        run_case(make(name))


def test_patience_that_comes_to_an_end_is_a_result(make):
    assert run_case(make("sleeps", patience=0.5)) == {"unfinished": 0.5}


def test_what_takes_too_long_is_stopped(make, monkeypatch):
    monkeypatch.setattr(running, "GRACE", 1.0)
    with pytest.raises(CaseFailedError, match=r"suite/a/b seed 7 was stopped after 1 s\."):
        run_case(make("sleeps", seconds=0.01))
