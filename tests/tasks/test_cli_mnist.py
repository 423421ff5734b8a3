"""The command ``pinnzo mnist``."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from idx_files import write
from running import command

from pinnzo.tasks import mnist

SMALL = ("--no-verify", "--width", 16, "--rank", 2, "--batch", 50)
NEEDED = {"test_accuracy", "train_loss", "parameters", "evaluations", "steps", "seconds", "seed", "status"}
REAL = os.environ.get(mnist.VARIABLE)


def test_json_and_files(tmp_path):
    folder = write(tmp_path / "bars")
    result = command("mnist", "--data", folder, *SMALL, "--steps", 4, "--seed", 3, "--json", "--output", tmp_path / "o")
    assert result.exit_code == 0, result.output
    (line,) = result.stdout.splitlines()
    data = json.loads(line)
    assert set(data) >= NEEDED
    assert (data["steps"], data["seed"], data["task"]) == (4, 3, "bars")
    assert 0 < data["test_accuracy"] <= 1
    assert (tmp_path / "o" / "mistakes.png").is_file()
    assert json.loads((tmp_path / "o" / "summary.json").read_text()) == data


@pytest.mark.parametrize("trainer", ["hybrid", "levenberg-marquardt", "rge", "cge", "first-order"])
def test_every_trainer_and_both_networks(tmp_path, trainer):
    options = ("--data", write(tmp_path), "--no-verify", "--trainer", trainer, "--steps", 1, "--quiet")
    for network in (("--rank", 2), ("--network", "dense")):
        result = command("mnist", *options, "--width", 16, *network)
        assert result.exit_code == 0, result.output
        assert result.stderr == ""
        assert "test accuracy" in result.stdout


def test_resume(tmp_path):
    folder = write(tmp_path / "bars")
    options = ("--data", folder, *SMALL, "--json", "--quiet")
    whole = json.loads(command("mnist", *options, "--steps", 6).stdout)
    command("mnist", *options, "--steps", 2, "--checkpoint", tmp_path / "run")
    resumed = json.loads(command("resume", tmp_path / "run", "--steps", 6, "--json", "--quiet").stdout)
    assert {**resumed, "seconds": 0} == {**whole, "seconds": 0}


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--digits", "--data", "somewhere"), "--digits takes no files"),
        (("--data", "nowhere"), "nowhere holds no train-images-idx3-ubyte"),
        (("--no-verify", "--network", "dense", "--rank", 3), "--rank is a setting of tensor trains"),
        ((), "is not MNIST's"),
        (("--no-verify", "--seconds", -1), "seconds must be positive"),
        (("--no-verify", "--dtype", "float16"), "choose float32 or float64"),
    ],
)
def test_one_sentence_and_exit_code_2(tmp_path, monkeypatch, options, says):
    monkeypatch.setenv(mnist.VARIABLE, str(write(tmp_path)))
    result = command("mnist", *options)
    assert result.exit_code == 2
    assert says in result.stderr
    assert "Traceback" not in result.output


def test_interrupt(tmp_path):
    """Ctrl-C ends the run early, with the best parameters so far."""
    folder, run = write(tmp_path / "bars"), tmp_path / "run"
    arguments = [sys.executable, "-m", "pinnzo", "mnist", "--data", folder, *SMALL, "--seconds", 300, "--json"]
    process = subprocess.Popen(
        [str(a) for a in (*arguments, "--checkpoint", run)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Tests that run in the background of a shell have children that ignore the signal.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    line = process.stderr.readline()
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=120)
    assert line.startswith("bars: step 1")
    assert process.returncode == 0, stderr
    assert "interrupted" in json.loads(stdout)["status"]
    assert (run / "checkpoint.safetensors").is_file()


@pytest.mark.slow
@pytest.mark.skipif(not REAL, reason=f"{mnist.VARIABLE} is not set")
def test_a_minute_of_mnist():
    result = command("mnist", "--json", "--quiet")
    data = json.loads(result.stdout)
    assert data["parameters"] == 3962
    assert data["test_accuracy"] >= 0.9
