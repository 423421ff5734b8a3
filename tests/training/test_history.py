"""Histories: columns, storage and comparison."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pinnzo.errors import SettingError, StorageError
from pinnzo.training import History, Record


@pytest.fixture
def history():
    return History(
        [
            Record(step=1, loss=0.1 + 0.2, evaluations=10**12, seconds=0.5),
            Record(step=2, loss=math.inf, validation=1e-300, error=0.25, evaluations=2 * 10**12, seconds=1.0),
        ]
    )


def test_columns(history):
    assert history.column("step").dtype == np.int64
    np.testing.assert_array_equal(history.column("evaluations"), [10**12, 2 * 10**12])
    np.testing.assert_array_equal(history.column("error"), [math.nan, 0.25])
    assert History().column("loss").shape == (0,)
    assert [record.step for record in history] == [1, 2]
    assert len(history) == 2
    assert history[-1].error == 0.25
    with pytest.raises(SettingError, match="columns step, loss"):
        history.column("speed")


def test_storage_is_exact(history, tmp_path):
    history.write(tmp_path / "history.jsonl")
    again = History.read(tmp_path / "history.jsonl")
    assert again.same_run(history)
    np.testing.assert_array_equal(again.column("seconds"), history.column("seconds"))
    assert "NaN" not in history.to_json_lines()


def test_comparison_leaves_the_time_out(history):
    slower = History([Record(**{**vars(record), "seconds": 9.0}) for record in history])
    worse = History([Record(**{**vars(record), "error": 9.0}) for record in history])
    assert history.same_run(slower)
    assert not history.same_run(worse)
    assert not history.same_run(History(history.records[:1]))


@pytest.mark.parametrize("text", ["{", "[1, 2]", '{"speed": 1}', '{"loss": 1}', '{"step": 1, "loss": "x"}'])
def test_refuses_what_is_no_history(text, tmp_path):
    with pytest.raises(StorageError, match="Line 2 of the history"):
        History.from_json_lines('{"step": 1}\n' + text)
    with pytest.raises(StorageError, match="cannot be read"):
        History.read(tmp_path / "missing")
