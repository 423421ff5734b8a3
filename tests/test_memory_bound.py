"""The memory of a run: what is estimated before it begins, and how that compares with what it takes."""

import json
import os
import subprocess
import sys

import measuring
import pytest
from running import command, quick

import pinnzo as pz
from pinnzo import memory_bound
from pinnzo.assembly import Assembly
from pinnzo.errors import SettingError
from pinnzo.memory import estimate_memory, fit_workers
from pinnzo.settings import settings_for

FACTOR, SLACK = 4, 100e6
"""The estimate is at most so many times what is measured, and so many bytes."""

linux = pytest.mark.skipif(sys.platform != "linux", reason="reads the kernel's own figures")


def estimate(problem="poisson-2d", **settings):
    declared = pz.problem(problem)
    return estimate_memory(Assembly(declared, settings_for(declared, settings)))


def check(*names):
    done = subprocess.run(
        [sys.executable, measuring.__file__, *names],
        capture_output=True, text=True, check=False, timeout=900, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert set(found) == set(names)
    for name, (estimated, measured) in found.items():
        shown = f"{name}: estimated {estimated / 1e6:.0f} MB, measured {measured / 1e6:.0f} MB"
        assert measured <= estimated, shown
        assert estimated <= FACTOR * measured + SLACK, shown


@linux
def test_the_estimate_is_above_what_is_measured_and_not_far():
    check("hjb", "many points", "a module")


@linux
@pytest.mark.slow
def test_all_estimates():
    check(*measuring.RUNS)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("2 GB", 2e9), ("2GB", 2e9), (" 1.5 gb ", 1.5e9), ("512MiB", 512 * 2**20), ("1e9", 1e9), ("300", 300.0),
        ("7 B", 7.0), ("3TB", 3e12), ("1KiB", 1024.0), (10**9, 1e9), (2.5e9, 2.5e9),
    ],
)  # fmt: skip
def test_sizes(text, size):
    assert memory_bound.memory_bound(text) == size


@pytest.mark.parametrize(
    "text", ["", "GB", "two", "-2GB", "0", 0, -1, "1 XB", True, float("nan"), [], "1e999", "2 G B"]
)
def test_what_is_no_size(text):
    with pytest.raises(SettingError, match="give a number of bytes, or a text such as '2 GB' or '512 MiB'"):
        memory_bound.memory_bound(text)


def test_the_machine(tmp_path, monkeypatch):
    whole = memory_bound.machine_memory()
    assert 1e8 < whole < 1e15
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(memory_bound, "CGROUPS", (str(limit),))
    for text, expected in (("max\n", whole), (f"{50 * 2**20}\n", 50 * 2**20)):
        limit.write_text(text)
        assert memory_bound.memory_bound(None) == pytest.approx(expected, rel=0.5)
    assert memory_bound.memory_bound(None) == 50 * 2**20


@pytest.mark.parametrize(
    ("settings", "named", "remedy"),
    [
        ({"points": 2_000_000}, "Jacobian", r"fewer points, LevenbergMarquardt\(directions=50\)"),
        (
            {"network": pz.MLP(width=300, depth=3), "points": 5000},
            "normal matrix",
            r"LevenbergMarquardt\(directions=50\)",
        ),
        ({"trainer": pz.FirstOrder(), "points": 3_000_000}, "autograd's graph", "a trainer that is forward-only"),
        ({"trainer": pz.RandomGradient(), "points": 20_000_000}, "residuals", r"RandomDirections\(16\)"),
    ],
)
def test_runs_that_do_not_fit_are_refused_before_they_begin(tmp_path, settings, named, remedy):
    said = rf"needs up to about \d.* [MGT]B of memory, .*{named}.*, but may take 1\.0 GB: take .*{remedy}.*\(memory\)"
    with pytest.raises(SettingError, match=said):
        pz.solve("poisson-2d", memory="1 GB", checkpoint=tmp_path / "run", progress=False, **settings)
    assert not (tmp_path / "run").exists()


def test_no_run_without_a_bound_is_larger_than_the_machine():
    with pytest.raises(SettingError, match="of memory"):
        pz.solve("poisson-2d", points=10**10, progress=False)


def test_what_fits_runs_and_resumes_under_a_bound(tmp_path):
    whole = quick(budget=pz.Budget(steps=4))
    quick(budget=pz.Budget(steps=2), memory="500 MB", checkpoint=tmp_path)
    resumed = pz.resume(tmp_path, budget=pz.Budget(steps=4), memory=5e8, progress=False)
    assert resumed.history.same_run(whole.history)
    with pytest.raises(SettingError, match=r"may take 20 MB"):
        pz.resume(tmp_path, memory="20 MB", progress=False)
    result = command("resume", tmp_path, "--memory", "20MB")
    assert result.exit_code == 2
    assert "may take 20 MB" in result.stderr
    result = command("solve", "poisson-2d", "--memory", "much")
    assert result.exit_code == 2
    assert "memory is 'much': give a number of bytes" in result.stderr


def test_fewer_threads_take_less():
    declared = pz.problem("poisson-2d")
    assembly = Assembly(declared, settings_for(declared, {}))
    assembly.use_workers(8)
    one, all_ = (estimate_memory(assembly, count).total for count in (1, 8))
    assert one < all_
    fit_workers(assembly, 2 * all_)
    assert assembly.objective.workers == 8
    fit_workers(assembly, one)
    assert assembly.objective.workers == assembly.validation.workers == 1
    with pytest.raises(SettingError):
        fit_workers(assembly, one - 1)


def test_growth_goes_into_the_estimate():
    grows = estimate(trainer=pz.LevenbergMarquardt(growth=1.1, hold=2, largest_batch=10.0))
    assert grows.parts["Jacobian"] == pytest.approx(10 * estimate().parts["Jacobian"])
    assert estimate(dtype="float32").parts["Jacobian"] == estimate().parts["Jacobian"] / 2
