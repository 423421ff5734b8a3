"""What every fuzz test shares: how many cases, how long one may take, and a count of how they ended.

``PINNZO_FUZZ=full`` tries about ten times as many cases, drawn afresh each time, and ``PINNZO_FUZZ_REPORT=FILE`` writes
the counts as JSON. Otherwise the cases are the same in every run.
"""

from __future__ import annotations

import contextlib
import os
import signal
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from running import command

from pinnzo.errors import PinnzoError

FULL = os.environ.get("PINNZO_FUZZ") == "full"
TIMES = int(os.environ.get("PINNZO_FUZZ_TIMES", "10")) if FULL else 1
COLLECT = bool(os.environ.get("PINNZO_FUZZ_COLLECT"))
"""Go on after a fault, and list all of them at the end, one for each place in the code."""
SECONDS = 60
"""Of processor time: a case that takes longer counts as a hang; most take milliseconds."""

ENDINGS: dict[str, Counter[str]] = {}
"""For each kind of input how many cases were refused with a sentence, and how many answered with a checked result."""
SEEN: dict[str, set[int]] = {}
"""Hashes of the inputs, so that none is counted twice."""


def fuzz(cases: int) -> Callable[[Any], Any]:
    """Settings of a test that tries so many cases, or ``TIMES`` as many in a full run."""
    return settings(
        max_examples=cases * TIMES,
        derandomize=not FULL,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.generate, Phase.shrink) if FULL else (Phase.explicit, Phase.generate),
    )


class Hang(BaseException):
    """Not an ``Exception``, so that nothing on the way takes it for an error of the input."""


@contextlib.contextmanager
def time_limit(seconds: float = SECONDS) -> Iterator[None]:
    """Break off what takes longer."""

    def ring(*_: object) -> None:
        raise Hang(f"no end after {seconds} s")

    before = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def count(kind: str, given: object, ending: str) -> None:
    """Note how an input has ended, unless the same one has been seen before."""
    key = hash(repr(given))
    if key not in SEEN.setdefault(kind, set()):
        SEEN[kind].add(key)
        ENDINGS.setdefault(kind, Counter())[ending] += 1


REFUSED = object()
FAULTS: dict[str, str] = {}
"""The faults of ``COLLECT``: for each place an example."""


def _collected(kind: str, given: object, error: Exception) -> object:
    frames = traceback.extract_tb(error.__traceback__)
    inner = next((f for f in reversed(frames) if "/pinnzo/" in f.filename), frames[-1])
    place = f"{inner.filename}:{inner.lineno} {type(error).__name__}"
    FAULTS.setdefault(place, f"{kind}: {str(error)[:160]!r} from {repr(given)[:240]}")
    count(kind, given, "FAULT")
    return REFUSED


def attempt(kind: str, given: object, call: Callable[[], Any]) -> Any:
    """Call, and return the result, or ``REFUSED`` where a ``PinnzoError`` says why not.

    Any other exception and a hang go through, and fail the test.
    """
    with time_limit():
        try:
            result = call()
        except PinnzoError as error:
            check_sentence(str(error))
            count(kind, given, "refused")
            return REFUSED
        except Exception as error:
            if COLLECT:
                return _collected(kind, given, error)
            raise
    count(kind, given, "answered")
    return result


def check_sentence(message: str) -> None:
    """An error's message is a sentence for people, with more than the name of a type in it."""
    assert len(message.split()) >= 4, message
    assert "Traceback" not in message
    if message.startswith("The problem file ") or "fails with" in message:
        return  # which quotes the error of somebody else's code
    assert "object has no attribute" not in message, message
    assert "unsupported operand" not in message, message


def attempt_command(kind: str, line: list[str]) -> Any:
    """Run a command line in this process; it ends with exit code 0, 1 or 2 and, where it is refused, a sentence."""

    def run() -> Any:
        result = command(*line)
        assert isinstance(result.exception, SystemExit | None), _text(result.exception)
        assert result.exit_code in (0, 1, 2), result.output
        assert "Traceback" not in result.output
        if result.exit_code == 2:
            check_sentence(result.stderr or result.output)
            raise PinnzoError("The command line was refused: see its standard error.")
        return result

    return attempt(kind, line, run)


def _text(error: BaseException | None) -> str:
    return "".join(traceback.format_exception(error)[-3:]) if error else ""
