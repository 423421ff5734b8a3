"""How long one call takes."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

REPEATS = 5
SECONDS = 0.5


def timed(call: Callable[[], Any]) -> float:
    """The seconds of one call."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def shortest(call: Callable[[], Any], repeats: int = REPEATS, seconds: float = SECONDS) -> float:
    """The shortest of a few calls: what else the machine does only makes them longer.

    Args:
        call: what is timed.
        repeats: the most calls.
        seconds: no further call is begun after so long.
    """
    times = [timed(call)]
    while len(times) < repeats and sum(times) < seconds:
        times.append(timed(call))
    return min(times)


def interleaved(
    calls: Mapping[str, Callable[[], Any]], repeats: int = REPEATS, seconds: float = SECONDS
) -> dict[str, float]:
    """The shortest of a few calls each, made in turn, so that a busy moment of the machine meets all of them.

    Args:
        calls: by name.
        repeats: the most rounds.
        seconds: a call that has taken so long in all is left out of further rounds.
    """
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(repeats):
        for name, call in calls.items():
            if sum(times[name]) < seconds:
                times[name].append(timed(call))
    return {name: min(found) for name, found in times.items()}
