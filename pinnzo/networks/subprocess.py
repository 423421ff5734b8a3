"""Values from a program of its own that answers over pipes."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import threading
import weakref
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from pinnzo.errors import BlackBoxError, SettingError

ENCODINGS = ("json", "npy")
LAST_LINES, LONGEST_QUOTE = 3, 300


class Subprocess:
    """A program that answers queries on its standard output, as the ``values`` of a ``BlackBox``.

    It starts with the first query and stays; after a failure it is killed and started again with the next one. So
    ``BlackBox(Subprocess(command), theta, retries=2, timeout=10)`` survives a program that crashes, hangs or answers
    rubbish now and then. Its standard error is read along, and quoted when it ends.

    With ``encoding="json"`` a query is one line ``{"theta": [...], "x": [[...], ...]}`` and the answer another,
    ``{"values": [...]}`` or ``{"error": "what went wrong"}``. With ``encoding="npy"`` a query is two arrays, theta and
    x, and the answer one; each is a line with a number of bytes, followed by as many bytes of NumPy's ``.npy`` format.
    The program has to flush its output after every answer.

    Args:
        command: the program and its arguments.
        encoding: "json" or "npy".
        cwd: the folder it runs in.
        env: environment variables in addition to those of this process.

    Raises:
        SettingError: ``command`` is no list of words, or ``encoding`` is unknown.
        BlackBoxError: when called: the program cannot be started, has ended, or answers something else.

    Example:
        >>> program = '''
        ... import json, math, sys
        ... for line in sys.stdin:
        ...     query = json.loads(line)
        ...     values = [math.sin(query["theta"][0] * x) for x, in query["x"]]
        ...     print(json.dumps({"values": values}), flush=True)
        ... '''
        >>> with Subprocess([sys.executable, "-c", program]) as device:
        ...     device(np.array([2.0]), np.array([[0.0], [0.5]]))
        array([0.        , 0.84147098])
    """

    def __init__(
        self,
        command: Sequence[str | os.PathLike[str]],
        encoding: str = "json",
        cwd: str | Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        if isinstance(command, (str, bytes)) or not isinstance(command, Sequence) or not command:
            raise SettingError(f"command is {command!r}: give the program and its arguments as a list of words.")
        if encoding not in ENCODINGS:
            raise SettingError(f"encoding is {encoding!r}: choose {' or '.join(ENCODINGS)}.")
        self.command = [os.fspath(word) for word in command]
        self.encoding, self.cwd, self.env = encoding, cwd, dict(env or {})
        self.name = " ".join(Path(word).name for word in self.command[:2] if "\n" not in word)
        self._child: _Child | None = None

    def __call__(self, theta: Any, x: Any) -> np.ndarray:
        """The answer of the program for parameters (d,) or (K, d) and points (P, D)."""
        if self._child is None or not self._child.alive:
            self.reset()
            self._child = _Child(self)
        return self._child.ask(_array(theta), _array(x))

    def reset(self) -> None:
        """Kill the program, if it runs; the next query starts it again."""
        if self._child is not None:
            self._child.end()
            self._child = None

    close = reset

    def __enter__(self) -> Subprocess:
        return self

    def __exit__(self, *_: object) -> None:
        self.reset()

    def __repr__(self) -> str:
        return f"Subprocess({self.command!r}, encoding={self.encoding!r})"


class _Child:
    """One run of the program."""

    def __init__(self, settings: Subprocess) -> None:
        self.title, self.encoding = f"The program {settings.name!r}", settings.encoding
        try:
            self.process = subprocess.Popen(
                settings.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=settings.cwd,
                env={**os.environ, **settings.env},
                # A session of its own: Ctrl-C is for the run, which may yet have questions, and what the program has
                # started can be killed with it.
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise BlackBoxError(f"{self.title} cannot be started: {error}.") from None
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self.stdin, self.stdout = self.process.stdin, self.process.stdout
        words: deque[str] = deque(maxlen=LAST_LINES)
        self.words = words
        stderr = self.process.stderr

        def listen() -> None:
            for line in stderr:
                words.append(line.decode(errors="replace").strip())

        self.listener = threading.Thread(target=listen, name="pinnzo standard error", daemon=True)
        self.listener.start()
        # Also where nobody closes it: with the object, or at the end of this process.
        self.end = weakref.finalize(self, _end, self.process, self.listener)

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def ask(self, theta: np.ndarray, x: np.ndarray) -> np.ndarray:
        try:
            if self.encoding == "npy":
                return self._ask_npy(theta, x)
            return self._ask_json(theta, x)
        except (BrokenPipeError, EOFError, ConnectionResetError):
            raise BlackBoxError(self._last_words()) from None

    def _ask_json(self, theta: np.ndarray, x: np.ndarray) -> np.ndarray:
        self.stdin.write(json.dumps({"theta": theta.tolist(), "x": x.tolist()}).encode() + b"\n")
        self.stdin.flush()
        line = self.stdout.readline()
        if not line:
            raise EOFError
        shown = line[:LONGEST_QUOTE].decode(errors="replace").strip()
        try:
            answer = json.loads(line)
        except ValueError:
            raise BlackBoxError(f"{self.title} answered {shown!r}, which is no JSON.") from None
        if isinstance(answer, dict) and "error" in answer:
            raise BlackBoxError(f"{self.title} reports an error: {answer['error']}")
        if not isinstance(answer, dict) or "values" not in answer:
            raise BlackBoxError(f'{self.title} answered {shown!r} in place of {{"values": [...]}}.')
        try:
            return np.array(answer["values"], dtype=np.float64)
        except (TypeError, ValueError):
            raise BlackBoxError(f"{self.title} answered values that are no array of numbers: {shown!r}.") from None

    def _ask_npy(self, theta: np.ndarray, x: np.ndarray) -> np.ndarray:
        for array in (theta, x):
            content = io.BytesIO()
            np.save(content, array, allow_pickle=False)
            self.stdin.write(b"%d\n" % content.tell() + content.getvalue())
        self.stdin.flush()
        line = self.stdout.readline(LONGEST_QUOTE)
        if not line:
            raise EOFError
        shown = line.decode(errors="replace").strip()
        if not shown.isdecimal():
            raise BlackBoxError(f"{self.title} answered {shown!r} in place of a number of bytes.")
        content = self.stdout.read(int(shown))
        if len(content) < int(shown):
            raise EOFError
        try:
            return np.load(io.BytesIO(content), allow_pickle=False)
        except (ValueError, EOFError) as error:
            raise BlackBoxError(f"{self.title} answered something else than an array of numbers: {error}.") from None

    def _last_words(self) -> str:
        try:
            code = self.process.wait(timeout=1.0)
        except subprocess.TimeoutExpired:
            return f"{self.title} has closed its output."
        self.listener.join(timeout=1.0)
        words = " / ".join(word for word in self.words if word)[-LONGEST_QUOTE:]
        how = f"by signal {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
        return f"{self.title} has ended {how}{': ' if words else '.'}{words}"


def _end(process: subprocess.Popen[bytes], listener: threading.Thread) -> None:
    """Kill a program with all that it has started, and close its pipes."""
    if sys.platform == "win32":
        process.kill()
    else:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            # It has ended, and nothing of it is left; macOS says that permission is lacking then.
            process.kill()
    process.wait()
    listener.join(timeout=1.0)
    for pipe in (process.stdin, process.stdout, process.stderr):
        # What was not sent yet has nobody to read it.
        with contextlib.suppress(OSError):
            if pipe is not None:
                pipe.close()


def _array(value: Any) -> np.ndarray:
    return value.numpy(force=True) if isinstance(value, torch.Tensor) else np.asarray(value)
