"""A kept result as what tables and figures ask of it."""

from __future__ import annotations

import math
import statistics
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any


@dataclass(frozen=True)
class Run:
    """One measured run.

    Attributes:
        record: as ``benchmarks.records`` keeps it.
    """

    record: Mapping[str, Any]

    @cached_property
    def words(self) -> tuple[str, ...]:
        """Those of the name of its case."""
        return tuple(self.record["case"].split("/"))

    @property
    def seed(self) -> int:
        return self.record["seed"]

    @property
    def verdict(self) -> str | None:
        """Why a case has no numbers, in a few words, where that is its result."""
        result = self.record["result"]
        if "refused" in result:
            return "refused"
        return f"unfinished after {result['unfinished']:g} s" if "unfinished" in result else None

    @property
    def error(self) -> float | None:
        """Relative L2, at the end."""
        return self._number("relative_l2")

    @property
    def lowest(self) -> float | None:
        """The lowest relative L2 error that was seen on the way or at the end."""
        return self._number("lowest_relative_l2")

    @property
    def zero_network(self) -> float | None:
        return self._number("zero_network")

    @property
    def affine_network(self) -> float | None:
        return self._number("affine_network")

    @property
    def seconds(self) -> float | None:
        return self._number("seconds")

    @property
    def steps(self) -> float | None:
        return self._number("steps")

    @property
    def evaluations(self) -> float | None:
        """Of the network, forward."""
        return self._number("evaluations")

    @property
    def parameters(self) -> float | None:
        return self._number("parameters")

    @property
    def lines(self) -> float | None:
        """That declare the problem."""
        return self._number("declaration_lines")

    @property
    def memory(self) -> float | None:
        """Peak memory of the process in bytes."""
        return self._number("peak_memory")

    @property
    def own_memory(self) -> float | None:
        """Peak memory above what was in use when the training began, in bytes."""
        before = self._number("memory_before")
        return None if self.memory is None or before is None else self.memory - before

    @cached_property
    def trace(self) -> list[tuple[float, float]]:
        """Seconds and errors."""
        return [(seconds, error) for seconds, error in self.record["result"].get("trace") or []]

    @cached_property
    def by_evaluations(self) -> list[tuple[float, float]]:
        """Network evaluations and errors; empty where it is not known which belong together."""
        counts = self.record["result"].get("trace_evaluations") or []
        if len(counts) != len(self.trace):
            return []
        return [(count, error) for count, (_, error) in zip(counts, self.trace, strict=True)]

    def error_by(self, evaluations: float) -> float | None:
        """The error at the last moment with no more evaluations; None where there was none."""
        return next((error for count, error in reversed(self.by_evaluations) if count <= evaluations), None)

    @property
    def lowest_traced(self) -> float | None:
        """The lowest error as it stands in the trace, which has fewer digits."""
        return min((error for _, error in self.trace), default=None)

    @property
    def reached_lowest(self) -> float | None:
        """Seconds at which the lowest error was first seen."""
        return None if self.lowest_traced is None else self.reached(self.lowest_traced)

    def reached(self, error: float) -> float | None:
        """Seconds at which the error was first seen at or below the given one."""
        return next((seconds for seconds, found in self.trace if found <= error), None)

    def _number(self, name: str) -> float | None:
        value = self.record["result"].get(name)
        return value if value is not None and math.isfinite(value) else None


@dataclass(frozen=True)
class Spread:
    """What some numbers have in common.

    Attributes:
        mean: None of no numbers.
        deviation: the standard deviation of a sample; None of fewer than two numbers.
    """

    mean: float | None
    deviation: float | None

    @classmethod
    def of(cls, values: Iterable[float | None]) -> Spread:
        """Of those values that are numbers."""
        numbers = [value for value in values if value is not None]
        return cls(
            statistics.fmean(numbers) if numbers else None, statistics.stdev(numbers) if len(numbers) > 1 else None
        )


def runs_of(records: Iterable[Mapping[str, Any]]) -> dict[tuple[str, ...], list[Run]]:
    """The runs by the words of their cases, in the order of their seeds."""
    found: dict[tuple[str, ...], list[Run]] = {}
    for run in sorted(map(Run, records), key=lambda run: run.seed):
        found.setdefault(run.words, []).append(run)
    return found


def records_of(runs: Sequence[Run]) -> list[Mapping[str, Any]]:
    """What the runs were made of."""
    return [run.record for run in runs]


def checked(words: tuple[str, ...], *known: Container[str]) -> tuple[str, ...]:
    """The words of a case, each of which a table has a place for.

    Raises:
        ValueError: there is none.
    """
    if len(words) != len(known) or any(word not in names for word, names in zip(words, known, strict=True)):
        raise ValueError(f"There is no table for the case {'/'.join(words)!r}.")
    return words
