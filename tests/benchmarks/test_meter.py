"""The meter: what it sees of a run, and that its clock stands still while it looks."""

import io
import itertools
import json
import time
from contextlib import redirect_stdout

import numpy as np
import pytest

from benchmarks.meter import Meter, report

POINTS = np.linspace(0, 1, 5)[:, None]
VALUES = np.full(5, 2.0)


def started(seconds, **settings):
    meter = Meter(POINTS, VALUES, seconds, **settings)
    meter.start()
    return meter


def test_relative_error_of_columns_and_rows():
    meter = started(1.0)
    assert meter.look(lambda x: np.full(len(x), 2.2)) == pytest.approx(0.1)
    assert meter.look(lambda x: np.full((len(x), 1), 1.0)) == pytest.approx(0.5)
    with pytest.raises(ValueError, match=r"shape \(5, 5\) for 5 points"):
        meter.look(lambda x: np.zeros((5, 5)))


def test_clock_stands_still_while_measuring():
    meter = started(60.0)

    def slow(x):
        time.sleep(0.3)
        return VALUES

    meter.look(slow)
    assert meter.elapsed < 0.1
    assert meter.trace[0][0] < 0.1


def test_processor_time_of_measuring_does_not_count():
    meter = started(60.0)

    def busy(x):
        end = time.process_time() + 0.3
        while time.process_time() < end:
            pass
        return VALUES

    meter.look(busy)
    assert meter.cpu_seconds < 0.1


def test_moments_grow_geometrically_and_the_last_one_is_the_end():
    meter = started(0.4, first=0.01, ratio=2.0)
    while not meter.step(lambda x: VALUES + 1):
        time.sleep(0.001)
    moments = [seconds for seconds, _ in meter.trace]
    assert moments[-1] >= 0.4
    assert all(later >= 1.5 * earlier for earlier, later in itertools.pairwise(moments[:-1]))
    assert 5 <= len(moments) <= 8
    assert meter.steps > len(moments)


def test_result_has_the_last_and_the_lowest_error():
    meter = started(1.0)
    for error in (0.5, 0.1, np.nan, 0.3):
        meter.look(lambda x, error=error: VALUES * (1 + error))
    result = meter.result(parameters=3)
    assert result["relative_l2"] == pytest.approx(0.3)
    assert result["lowest_relative_l2"] == pytest.approx(0.1)
    assert len(result["trace"]) == 3
    assert result["parameters"] == 3
    assert result["peak_memory"] >= result["memory_before"] > 0


def test_a_run_that_ends_in_nan_has_no_last_error():
    meter = started(1.0)
    meter.look(lambda x: VALUES * np.nan)
    result = meter.result()
    assert result["relative_l2"] is None
    assert result["lowest_relative_l2"] is None
    with redirect_stdout(io.StringIO()) as printed:
        report(result)
    assert json.loads(printed.getvalue())["trace"] == []
