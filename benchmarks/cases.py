"""A case: one thing that is measured, in a process of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Case:
    """One measurement.

    Attributes:
        suite: the list it belongs to, and the file that its result goes to.
        name: what is measured, by words between slashes, such as "hjb/deepxde/documented".
        seed: of everything random in it.
        module: run as ``python -m MODULE SETTINGS``; the last line of its output is its result as JSON.
        settings: JSON data that the module is given. A result holds for these settings alone.
        seconds: how long the case is expected to take, preparations included.
        python: the interpreter of another environment, found when the case is about to run.
        prepare: called before, outside of what is measured.
        threads: that the process may use.
        patience: a run that has given no result after so many seconds is stopped, which then is its result; without
            it such a run has failed.
    """

    suite: str
    name: str
    seed: int
    module: str
    settings: Mapping[str, Any]
    seconds: float
    python: Callable[[], str] | None = None
    prepare: Callable[[], None] | None = field(default=None, compare=False)
    threads: int = 1
    patience: float | None = None

    @property
    def title(self) -> str:
        """The case among all of them."""
        return f"{self.suite}/{self.name} seed {self.seed}"
