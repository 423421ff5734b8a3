"""Callbacks: when they are called, how they end a run, and what becomes of their mistakes."""

import dataclasses
import json
import logging
import subprocess
import sys

import pytest
import torch
from running import quick

import pinnzo as pz
from pinnzo.callbacks import Watch
from pinnzo.errors import MissingPackageError, SettingError, StorageError
from pinnzo.ranks import Ranks
from pinnzo.training.fit import Hooks, _wanted_end


class Notes(pz.Callback):
    """Writes down every call."""

    def __init__(self, stop_at=None, fail_at=None):
        self.calls, self.stop_at, self.fail_at = [], stop_at, fail_at

    def on_start(self, state):
        self.calls.append(("start", state.trainer.step))

    def on_step(self, state):
        self.calls.append(("step", state.trainer.step))
        if state.trainer.step == self.fail_at:
            raise ZeroDivisionError("a mistake")
        if state.trainer.step == self.stop_at:
            raise pz.StopTraining("The kettle boils.")

    def on_end(self, outcome):
        self.calls.append(("end", outcome.last.trainer.step, outcome.status))

    def close(self):
        self.calls.append(("close",))


def test_calls_come_in_order():
    notes, seen = Notes(), []
    solution = quick(callbacks=[notes, lambda state: seen.append(state.history[-1])])
    steps = [("step", n) for n in range(1, 5)]
    assert notes.calls == [("start", 0), *steps, ("end", 4, solution.status), ("close",)]
    assert [record.step for record in seen] == [1, 2, 3, 4]


def test_a_callback_does_not_change_the_run():
    plain, watched = quick(), quick(callbacks=[Notes(), pz.EarlyStopping(patience=50)])
    assert watched.history.same_run(plain.history)
    assert torch.equal(watched.theta, plain.theta)


@pytest.mark.parametrize("how", ["raise", "return", "function"])
def test_a_callback_ends_the_run(how):
    class Sentence(pz.Callback):
        def on_step(self, state):
            return "The kettle boils." if state.trainer.step == 2 else None

    callback = {"raise": Notes(stop_at=2), "return": Sentence(), "function": Sentence().on_step}[how]
    last = Notes()
    solution = quick(callbacks=[callback, last])
    assert solution.steps == 2
    assert solution.status == "The kettle boils."
    # The loss of the last parameters is known, as at the end of any run.
    assert solution.history[-1].validation >= solution.loss
    assert last.calls == [("start", 0), ("step", 1), ("end", 2, "The kettle boils."), ("close",)]


def test_a_stopped_run_goes_on_as_if_it_had_not_been_stopped(tmp_path):
    quick(callbacks=[Notes(stop_at=2)], checkpoint=tmp_path)
    notes = Notes()
    resumed = pz.resume(tmp_path, callbacks=[notes], progress=False)
    assert notes.calls[:2] == [("start", 2), ("step", 3)]
    assert resumed.history.same_run(quick().history)


def test_a_mistake_ends_the_run_with_its_state_saved(tmp_path):
    faulty, other = Notes(fail_at=3), Notes()
    with pytest.raises(ZeroDivisionError, match="a mistake"):
        quick(callbacks=[faulty, other], checkpoint=tmp_path)
    assert faulty.calls[-2:] == [("end", 3, "The callback Notes failed after 3 steps."), ("close",)]
    assert other.calls[-2:] == faulty.calls[-2:]
    assert pz.resume(tmp_path, progress=False).history.same_run(quick().history)


def test_a_mistake_at_the_end(tmp_path, caplog):
    class Late(pz.Callback):
        def on_end(self, outcome):
            raise ZeroDivisionError

    other = Notes()
    with pytest.raises(ZeroDivisionError), caplog.at_level(logging.ERROR, "pinnzo"):
        quick(callbacks=[Late(), other], checkpoint=tmp_path)
    assert other.calls[-2][0] == "end"
    assert "The callback Late failed at the end of the run" in caplog.text
    assert pz.resume(tmp_path, progress=False).steps == 4


def test_a_mistake_at_the_start_is_raised_at_once():
    class Early(pz.Callback):
        def on_start(self, state):
            raise ZeroDivisionError

    notes = Notes()
    with pytest.raises(ZeroDivisionError):
        quick(callbacks=[Early(), notes])
    assert notes.calls == [("close",)]


def test_an_interrupt_in_a_callback_is_one_of_the_run():
    def interrupt(state):
        raise KeyboardInterrupt

    assert quick(callbacks=[interrupt]).status.startswith("The run was interrupted after 1 steps")


@pytest.mark.parametrize(
    ("callbacks", "words"),
    [
        (3, "callbacks is 3: give a list"),
        (pz.EarlyStopping(patience=1), "give a list"),
        ([3], "callbacks holds 3: give a Callback"),
        ([pz.EarlyStopping], r"the class EarlyStopping: give an object"),
    ],
)
def test_what_is_no_callback_is_refused(callbacks, words):
    with pytest.raises(SettingError, match=words):
        quick(callbacks=callbacks)


@pytest.mark.parametrize("reason", ["", " ", None, 3])
def test_a_reason_is_a_sentence(reason):
    with pytest.raises(SettingError, match="say why"):
        pz.StopTraining(reason)


def test_only_the_first_process_makes_calls():
    notes = Notes()
    with Watch([notes], active=False) as watch:
        watch.start(None)
        watch.step(None)
        watch.end(None)
    assert notes.calls == []


@pytest.mark.parametrize("reason", ["Genug für heute.", None])
def test_all_processes_learn_why_the_first_one_ends_the_run(reason):
    sent = []

    class First(Ranks):
        def broadcast(self, values):
            sent.append(values.clone())
            return values

    class Second(Ranks):
        def broadcast(self, values):
            received = sent.pop(0)
            assert received.dtype == values.dtype
            assert received.shape == values.shape
            return received

    def stop(state):
        if reason:
            raise pz.StopTraining(reason)

    assert _wanted_end(Hooks(stop), None, First(0, 2)) == reason
    assert _wanted_end(Hooks(), None, Second(1, 2)) == reason
    assert sent == []


# Early stopping


def test_early_stopping_at_a_threshold():
    run = quick(budget=pz.Budget(steps=60))
    losses = run.history.column("validation")
    threshold = float(sorted(set(losses[losses > run.loss]))[len(set(losses[losses > run.loss])) // 2])
    stopped = quick(budget=pz.Budget(steps=60), callbacks=[pz.EarlyStopping(threshold=threshold)])
    first = int((losses <= threshold).argmax()) + 1
    assert stopped.steps == first
    assert stopped.loss <= threshold
    assert stopped.status.startswith(
        f"Early stopping: the loss on held-out points reached the threshold of {threshold:g}"
    )


def fed(stopping, losses):
    """At which loss it stops."""
    run = quick(budget=pz.Budget(steps=1)).run
    stopping.on_start(dataclasses.replace(run, history=pz.History()))
    for n, loss in enumerate(losses):
        record = dataclasses.replace(run.history[-1], step=n + 1, validation=loss)
        if reason := stopping.on_step(dataclasses.replace(run, history=pz.History([record]))):
            return n, reason
    return None


def test_early_stopping_by_patience():
    nan = float("nan")
    losses = [5.0, nan, 4.0, nan, 4.0, 4.5, 3.9, nan, 3.9, 3.95, nan, 4.0, 1.0]
    at, reason = fed(pz.EarlyStopping(patience=3), losses)
    assert at == 11
    assert reason.startswith("Early stopping: in 3 validations in a row the loss on held-out points was not below 3.9;")
    assert fed(pz.EarlyStopping(patience=4), losses) is None
    # With a tenth as the least that counts 3.9 is no progress over 4.
    at, reason = fed(pz.EarlyStopping(patience=3, improvement=0.1), losses)
    assert at == 6
    assert "not below 4 by 0.1 of it" in reason


def test_early_stopping_counts_on_after_a_resume(tmp_path):
    # So many points that nearly every step is validated.
    settings = {"points": 600, "callbacks": [pz.EarlyStopping(patience=2, improvement=0.9)]}
    budget = pz.Budget(steps=40)
    whole = quick(budget=budget, **settings)
    assert 2 < whole.steps < 40
    quick(budget=pz.Budget(steps=whole.steps - 1), checkpoint=tmp_path, **settings)
    resumed = pz.resume(tmp_path, budget=budget, callbacks=settings["callbacks"], progress=False)
    assert resumed.steps == whole.steps
    assert resumed.status == whole.status


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "give a threshold, a patience, or both"),
        ({"threshold": 0.0}, "threshold must be positive"),
        ({"patience": 0}, "patience must be a whole number"),
        ({"patience": 3, "improvement": 1.0}, r"improvement must lie in \[0, 1\)"),
        ({"patience": 3, "improvement": "a"}, r"improvement must lie in \[0, 1\)"),
    ],
)
def test_unfit_settings_of_early_stopping(settings, words):
    with pytest.raises(SettingError, match=words):
        pz.EarlyStopping(**settings)


def test_a_target_loss_of_the_budget(tmp_path):
    budget = pz.Budget(steps=60, target_loss=0.1)
    run = quick(budget=budget, checkpoint=tmp_path)
    assert run.steps < 60
    assert run.loss <= 0.1
    assert run.status.startswith("The target loss of 0.1 was reached: the loss is ")
    # It stays reached, and a smaller one lets the run go on.
    assert pz.resume(tmp_path, progress=False).status == run.status
    on = pz.resume(tmp_path, budget=pz.Budget(steps=run.steps + 1, target_loss=1e-30), progress=False)
    assert on.steps == run.steps + 1
    assert "The target loss of 1e-30 was not reached: the loss is" in on.status


# TensorBoard


def scalars(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder)).Reload()
    return {tag: {e.step: e.value for e in events.Scalars(tag)} for tag in events.Tags()["scalars"]}


def test_tensorboard(tmp_path):
    pytest.importorskip("tensorboard")
    run = quick(callbacks=[pz.TensorBoard(tmp_path / "board")])
    found = scalars(tmp_path / "board")
    assert set(found) == {"loss", "validation", "error", "evaluations", "seconds"}
    # The evaluations of the final judgement are not those of a step.
    assert found.pop("evaluations")[4] < run.evaluations
    for name in found:
        expected = {r.step: getattr(r, name) for r in run.history if getattr(r, name) == getattr(r, name)}
        assert found[name] == pytest.approx(expected, rel=1e-6)


def test_a_resumed_run_in_tensorboard(tmp_path):
    pytest.importorskip("tensorboard")
    board = tmp_path / "board"
    quick(budget=pz.Budget(steps=2), checkpoint=tmp_path / "run")
    # These steps are done again after the checkpoint.
    pz.resume(tmp_path / "run", budget=pz.Budget(steps=3), callbacks=[pz.TensorBoard(board)], progress=False)
    quick(budget=pz.Budget(steps=2), checkpoint=tmp_path / "run")
    resumed = pz.resume(tmp_path / "run", budget=pz.Budget(steps=4), callbacks=[pz.TensorBoard(board)], progress=False)
    assert scalars(board)["loss"] == pytest.approx({r.step: r.loss for r in resumed.history if r.step > 2}, rel=1e-6)


def test_tensorboard_that_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(MissingPackageError, match=r"pip install 'pinnzo\[tensorboard\]'"):
        pz.TensorBoard("runs")


def test_a_folder_tensorboard_cannot_use(tmp_path):
    pytest.importorskip("tensorboard")
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be written to"):
        quick(callbacks=[pz.TensorBoard(tmp_path / "file" / "board")])
    with pytest.raises(SettingError, match="folder is 3"):
        pz.TensorBoard(3)


# Records of logging


def test_a_run_is_logged(caplog):
    with caplog.at_level(logging.DEBUG, "pinnzo"):
        solution = quick()
    records = [r for r in caplog.records if r.name == "pinnzo.run"]
    assert [r.levelname for r in records].count("DEBUG") == 4
    first, last = records[0].getMessage(), records[-1].getMessage()
    assert first.startswith("poisson-2d starts: 2 variables, 81 parameters, network TensorTrainMLP(")
    assert "trainer LevenbergMarquardt(" in first
    assert "Budget(steps=4" in first.replace("seconds=None, ", "")
    assert last.startswith("poisson-2d ends after 4 steps")
    assert last.endswith(solution.status)
    assert any("step 1: loss" in r.getMessage() and "validation" in r.getMessage() for r in records)


def test_improvements_are_logged_sparsely(caplog):
    with caplog.at_level(logging.INFO, "pinnzo"):
        solution = quick(budget=pz.Budget(steps=200))
    found = [r.getMessage() for r in caplog.records if "lowest loss on held-out points so far" in r.getMessage()]
    assert 1 <= len(found) <= 20
    assert solution.steps == 200


def test_nothing_is_said_without_a_handler(capfd):
    quick(callbacks=[pz.EarlyStopping(patience=1)])
    assert capfd.readouterr() == ("", "")


def test_the_history_is_a_file_of_json_lines(tmp_path):
    path = tmp_path / "deep" / "history.jsonl"
    lengths = []
    # Each line is there, complete, when the next step begins.
    solution = quick(history=path, callbacks=[lambda state: lengths.append(path.read_bytes().count(b"\n"))])
    assert lengths == [0, 1, 2, 3]
    text = path.read_text()
    assert text == solution.history.to_json_lines()
    lines = [
        json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is no JSON")) for line in text.splitlines()
    ]
    assert [line["step"] for line in lines] == [1, 2, 3, 4]
    assert lines[-1]["validation"] is not None


def test_what_is_not_measured_is_null(tmp_path):
    trainer = pz.RandomGradient()
    quick(trainer=trainer, budget=pz.Budget(steps=5), history=tmp_path / "h.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "h.jsonl").read_text().splitlines()]
    assert lines[1]["validation"] is None
    assert lines[1]["error"] is None


@pytest.mark.parametrize("left", ["as it was", "with more steps", "torn", "empty", "of another run"])
def test_a_resumed_run_continues_its_history(tmp_path, left):
    path = tmp_path / "h.jsonl"
    first = quick(budget=pz.Budget(steps=2), checkpoint=tmp_path / "run", history=path)
    if left == "with more steps":
        # A run that was killed had gone on after its last checkpoint.
        with path.open("a") as file:
            file.write('{"step": 3, "loss": 1.0}\n{"step": 4, "lo')
    elif left == "torn":
        path.write_bytes(path.read_bytes()[:-20])
    elif left == "empty":
        path.unlink()
    elif left == "of another run":
        path.write_text("x" * 1000)
    resumed = pz.resume(tmp_path / "run", budget=pz.Budget(steps=4), history=path, progress=False)
    assert path.read_text() == resumed.history.to_json_lines()
    assert resumed.history.same_run(quick().history)
    assert resumed.history[0] == first.history[0]


def test_a_history_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be written"):
        quick(history=tmp_path / "file" / "h.jsonl")
    with pytest.raises(StorageError, match="choose another file"):
        quick(history=tmp_path)
    with pytest.raises(SettingError, match="history is 3"):
        quick(history=3)


def test_a_disk_that_is_full_does_not_end_the_run(tmp_path, monkeypatch, caplog):
    def full(record):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pz.training.Record, "to_json_line", full)
    solution = quick(history=tmp_path / "h.jsonl")
    assert solution.steps == 4
    assert solution.status.endswith("could not be written to its end: No space left on device.")
    assert "No space left on device" in caplog.text


@pytest.mark.slow
def test_two_processes_with_one_set_of_callbacks(tmp_path):
    script = tmp_path / "run.py"
    script.write_text(f"""
import os, pathlib
import pinnzo as pz

folder, calls = pathlib.Path({str(tmp_path)!r}), []

def third(state):
    calls.append(state.trainer.step)
    return "Genug für heute." if state.trainer.step == 3 else None

solution = pz.solve(
    "poisson-2d", points=20, network=pz.TensorTrainMLP(width=8), callbacks=[third], history=folder / "h.jsonl",
    budget=pz.Budget(steps=9), progress=False,
)
(folder / os.environ["RANK"]).write_text(f"{{calls}} {{solution.steps}} {{solution.status}}", encoding="utf-8")
""")
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", str(script)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    assert (tmp_path / "0").read_text(encoding="utf-8") == "[1, 2, 3] 3 Genug für heute."
    assert (tmp_path / "1").read_text(encoding="utf-8") == "[] 3 Genug für heute."
    assert list(pz.History.read(tmp_path / "h.jsonl").column("step")) == [1, 2, 3]
