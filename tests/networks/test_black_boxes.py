"""Black boxes that fail, hang, answer rubbish or come as programs of their own."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from pinnzo.errors import AnswerError, BlackBoxError, SettingError, ShapeError
from pinnzo.networks import BlackBox, Subprocess

THETA = np.array([1.0, -2.0])


def network(values, **settings):
    return BlackBox(values, THETA, numpy=True, **settings).build(inputs=2)


def smooth(theta, x):
    return np.tanh(x @ theta)


def query(net, count=7, vectors=3):
    generator = torch.Generator().manual_seed(0)
    theta = torch.randn(vectors, 2, generator=generator, dtype=torch.float64)
    x = torch.rand(count, 2, generator=generator, dtype=torch.float64)
    with torch.inference_mode():
        return net.values(theta, x), torch.tanh(x @ theta.T).T[..., None]


# Batches


def test_points_go_in_batches():
    shapes = []

    def values(theta, x):
        shapes.append((theta.shape, x.shape))
        return smooth(theta, x)

    found, expected = query(network(values, batch=3))
    torch.testing.assert_close(found, expected)
    assert shapes == [((2,), (2, 2))] + 3 * [((2,), (3, 2)), ((2,), (3, 2)), ((2,), (1, 2))]


@pytest.mark.parametrize(
    ("vectors", "batch", "shapes"),
    [
        (True, None, [((3, 2), (7, 2))]),
        (2, None, [((2, 2), (7, 2)), ((1, 2), (7, 2))]),
        (2, 4, [((2, 2), (4, 2)), ((2, 2), (3, 2)), ((1, 2), (4, 2)), ((1, 2), (3, 2))]),
    ],
)
@pytest.mark.parametrize("columns", [False, True])
def test_many_parameter_vectors_at_once(vectors, batch, shapes, columns):
    seen = []

    def values(theta, x):
        seen.append((theta.shape, x.shape))
        out = np.tanh(x @ theta.T).T
        return out[..., None] if columns else out

    found, expected = query(network(values, vectors=vectors, batch=batch))
    torch.testing.assert_close(found, expected)
    assert seen == [((1, 2), (2, 2)), *shapes]


def test_no_points_are_no_trouble():
    found, _ = query(network(smooth, batch=3), count=0)
    assert found.shape == (3, 0, 1)


# Failures


class Moody:
    """Fails as it is told at certain calls; the first call is that which counts the outputs."""

    def __init__(self, failures):
        self.failures, self.calls, self.resets = dict(failures), 0, []

    def __call__(self, theta, x):
        self.calls += 1
        mood = self.failures.get(self.calls, lambda good: good)
        return mood(smooth(theta, x))

    def reset(self):
        self.resets.append(self.calls)


def fail(good):
    raise ConnectionError("the cable is loose")


def hang(good):
    time.sleep(30)


MOODS = {
    "raises": (fail, BlackBoxError, "failed with ConnectionError: the cable is loose."),
    "hangs": (hang, BlackBoxError, "did not answer within timeout=0.2 seconds."),
    "nan": (lambda good: np.where(np.arange(len(good)) < 2, np.nan, good), BlackBoxError, "NaN or infinity at 2 of 7"),
    "infinite": (lambda good: good / 0.0 + np.inf, BlackBoxError, "NaN or infinity at 7 of 7 points."),
    "shape": (lambda good: good[:-1], AnswerError, r"returned shape \(6,\) for 7 points"),
    "outputs": (lambda good: np.stack([good, good], 1), AnswerError, "returned 2 outputs, but 1 at first"),
    "complex": (lambda good: good * 1j, AnswerError, "returned complex numbers"),
    "text": (lambda good: good.astype(str), AnswerError, "it should hold numbers"),
    "nothing": (lambda good: None, AnswerError, "returned NoneType"),
}


@pytest.mark.filterwarnings("ignore:divide by zero")
@pytest.mark.parametrize("mood", MOODS)
def test_a_failed_call_is_tried_again(mood):
    bad, kind, words = MOODS[mood]
    device = Moody({2: bad, 3: bad, 4: lambda good: good})
    found, expected = query(network(device, retries=2, timeout=0.2), vectors=1)
    torch.testing.assert_close(found, expected)
    assert device.resets == [2, 3]
    device = Moody({2: bad, 3: bad, 4: bad})
    with pytest.raises(kind, match=words) as caught:
        query(network(device, retries=2, timeout=0.2), vectors=1)
    assert "he black box Moody" in str(caught.value)
    assert str(caught.value).endswith("It was tried 3 times.")
    assert device.resets == [2, 3, 4]


def test_a_failure_keeps_its_cause():
    with pytest.raises(BlackBoxError, match=r"^The black box fail_always failed with ZeroDivisionError") as caught:
        network(lambda theta, x: 1 / 0, name="fail_always")
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert isinstance(AnswerError("x"), ShapeError)


def test_a_call_in_a_thread_has_the_callers_mode():
    seen = []

    def values(theta, x):
        seen.append((torch.is_inference_mode_enabled(), torch.is_grad_enabled(), threading.current_thread().daemon))
        return torch.tanh(x @ theta)

    net = BlackBox(values, THETA, timeout=10).build(inputs=2)
    query(net, vectors=1)
    with torch.no_grad():
        net.values(torch.ones(2), torch.ones(1, 2))
    assert seen == [(False, True, True), (True, False, True), (False, False, True)]


def test_numbers_that_are_not_finite_may_be_handed_on():
    net = network(lambda theta, x: np.full(len(x), np.nan), allow_nonfinite=True)
    assert query(net)[0].isnan().all()


def test_wrong_shapes_of_many_vectors():
    with pytest.raises(AnswerError, match=r"returned \(2,\) for 1 parameter vectors and 2 points: with vectors=True"):
        network(lambda theta, x: smooth(theta[0], x), vectors=True)


@pytest.mark.parametrize(
    "settings",
    [
        {"batch": 0}, {"batch": 2.5}, {"retries": -1}, {"retries": True}, {"timeout": 0}, {"timeout": float("inf")},
        {"noise": -1e-3}, {"noise": "loud"}, {"vectors": 0}, {"width": 0},
    ],
)  # fmt: skip
def test_unfit_settings(settings):
    (name,) = settings
    with pytest.raises(SettingError, match=f"{name}="):
        BlackBox(smooth, THETA, **settings)


# Programs

JSON_PROGRAM = """
import json, math, os, sys, time
moods = dict(pair.split("=") for pair in sys.argv[1:])
count = int(open("count").read()) if os.path.exists("count") else 0
for line in sys.stdin:
    count += 1
    open("count", "w").write(str(count))
    query = json.loads(line)
    mood = moods.get(str(count))
    if mood == "crash":
        sys.exit("out of liquid nitrogen")
    if mood == "kill":
        os.kill(os.getpid(), 9)
    if mood == "hang":
        time.sleep(60)
    if mood == "rubbish":
        print("Ready.", flush=True)
        continue
    if mood == "list":
        print("[1, 2]", flush=True)
        continue
    if mood == "ragged":
        print('{"values": [[1], [2, 3]]}', flush=True)
        continue
    if mood == "error":
        print('{"error": "interlock open"}', flush=True)
        continue
    values = [math.tanh(sum(t * c for t, c in zip(query["theta"], x))) for x in query["x"]]
    print(json.dumps({"values": values}), flush=True)
"""

NPY_PROGRAM = """
import io, sys
import numpy as np
stdin, stdout = sys.stdin.buffer, sys.stdout.buffer
def receive():
    return np.load(io.BytesIO(stdin.read(int(stdin.readline()))))
for line in iter(lambda: stdin.peek(1), b""):
    theta, x = receive(), receive()
    answer = io.BytesIO()
    np.save(answer, np.tanh(x @ theta))
    answer = answer.getvalue()
    if "words" in sys.argv:
        stdout.write(b"Ready.\\n")
    elif "rubbish" in sys.argv:
        stdout.write(b"10\\nno array  ")
    elif "short" in sys.argv:
        stdout.write(b"1000\\n" + answer)
        stdout.flush()
        sys.exit(3)
    else:
        stdout.write(b"%d\\n" % len(answer) + answer)
    stdout.flush()
"""


def device(folder, *moods):
    (folder / "device.py").write_text(JSON_PROGRAM)
    return Subprocess([sys.executable, "-S", "device.py", *moods], cwd=folder)


def test_a_program_answers_in_json(tmp_path):
    with device(tmp_path) as values:
        found, expected = query(BlackBox(values, THETA).build(inputs=2))
        torch.testing.assert_close(found, expected)
        assert (tmp_path / "count").read_text() == "4"


def test_a_program_answers_in_arrays(tmp_path):
    (tmp_path / "device.py").write_text(NPY_PROGRAM)
    with Subprocess([sys.executable, tmp_path / "device.py"], "npy") as values:
        found, expected = query(network(values), count=5000)
        torch.testing.assert_close(found, expected)
    for mood, words in {
        "words": "answered 'Ready.' in place of a number of bytes",
        "rubbish": "answered something else than an array of numbers",
        "short": "has ended with exit code 3",
    }.items():
        with (
            Subprocess([sys.executable, tmp_path / "device.py", mood], "npy") as values,
            pytest.raises(BlackBoxError, match=words),
        ):
            network(values)


WORDS = {
    "crash": "has ended with exit code 1: out of liquid nitrogen",
    "kill": "has ended by signal SIGKILL",
    "hang": "did not answer within timeout=1.5 seconds",
    "rubbish": "answered 'Ready.', which is no JSON",
    "list": r"answered '\[1, 2\]' in place of",
    "ragged": "values that are no array of numbers",
    "error": "reports an error: interlock open",
}


@pytest.mark.parametrize("mood", WORDS)
def test_a_program_that_fails_is_started_again(tmp_path, mood, caplog):
    with device(tmp_path, f"2={mood}") as values:
        net = BlackBox(values, THETA, retries=1, timeout=1.5).build(inputs=2)
        first = values._child.process
        found, expected = query(net, vectors=1)
        torch.testing.assert_close(found, expected)
        assert first.poll() is not None
        assert values._child.process.pid != first.pid
    assert values._child is None
    assert WORDS[mood].replace("\\", "") in caplog.text


def test_a_program_that_fails_too_often(tmp_path):
    with device(tmp_path, "2=crash", "3=error") as values:
        net = BlackBox(values, THETA, retries=1).build(inputs=2)
        with pytest.raises(BlackBoxError, match=r"reports an error: interlock open It was tried 2 times\."):
            query(net, vectors=1)


def groups():
    """The process groups of everything that runs."""
    return subprocess.run(["ps", "-eo", "pgid"], capture_output=True, text=True, check=True).stdout.split()


def test_nothing_is_left_of_a_program(tmp_path):
    # A shell that starts the program: both have to go.
    (tmp_path / "device.py").write_text(JSON_PROGRAM)
    values = Subprocess(["sh", "-c", f"{sys.executable} -S device.py; true"], cwd=tmp_path)
    query(BlackBox(values, THETA).build(inputs=2), vectors=1)
    group = str(values._child.process.pid)
    assert groups().count(group) == 2
    del values
    deadline = time.monotonic() + 5
    while group in groups():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_programs_that_are_none():
    with pytest.raises(BlackBoxError, match="cannot be started"):
        network(Subprocess(["/nowhere/device"]))
    with pytest.raises(SettingError, match="as a list of words"):
        Subprocess("python device.py")
    with pytest.raises(SettingError, match="choose json or npy"):
        Subprocess(["device"], "pickle")
    assert Subprocess([sys.executable, "a/device.py", "--port"]).name == f"{Path(sys.executable).name} device.py"
