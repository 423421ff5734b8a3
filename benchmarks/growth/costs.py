"""What calls cost, in time and memory, where some are too slow to be made often."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pinnzo.comparison.memory import peak_memory
from pinnzo.comparison.timing import interleaved, timed

Call = Callable[[], Any]
ONCE = 1.0
"""Seconds of a first call from which on it is the one that counts."""
RECORDED = 12.0
"""Seconds of a call up to which its memory is recorded: the record grows with the operations."""
REPEATS, SECONDS = 7, 0.6


@dataclass(frozen=True)
class Costs:
    """Of calls by name.

    Attributes:
        milliseconds: of the shortest of a few calls.
        peak_memory: bytes of tensors that a call holds at once, beyond those that were there before it; of quick ones.
        once: the names of those whose first call took so long that it is the one that counts.
    """

    milliseconds: dict[str, float]
    peak_memory: dict[str, int]
    once: list[str]

    def entries(self) -> dict[str, Any]:
        """As JSON data."""
        return {"milliseconds": self.milliseconds, "peak_memory": self.peak_memory, "once": self.once}


def costs(calls: Mapping[str, Call]) -> Costs:
    """Make all calls, in turn, so that a busy moment of the machine meets all of them.

    The first call also sets up what later ones find; it counts only where it is slow, which setting up is not. Memory
    is recorded in a call of its own.

    Args:
        calls: by name.
    """
    seconds: dict[str, float] = {}
    for name, call in calls.items():
        seconds[name] = timed(call)
    once = [name for name in calls if seconds[name] > ONCE]
    seconds |= interleaved({name: call for name, call in calls.items() if name not in once}, REPEATS, SECONDS)
    memory = {name: peak_memory(call) for name, call in calls.items() if seconds[name] <= RECORDED}
    return Costs({name: float(f"{1e3 * spent:.4g}") for name, spent in seconds.items()}, memory, once)
