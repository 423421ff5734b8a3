"""What a run shows while it goes on: a live line in a terminal, plain lines elsewhere."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from types import TracebackType

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from pinnzo.training import Budget
from pinnzo.training.fit import RunState

PLAIN_INTERVAL = 5.0


class ProgressDisplay:
    """Shows loss, error, evaluations per second and the time left, on standard error.

    Args:
        title: what is being solved.
        budget: to tell how much is left.
        shown: whether anything is shown at all.
        console: where to, by default standard error.
        notes: sentences that are shown first.
    """

    def __init__(
        self,
        title: str,
        budget: Budget,
        shown: bool = True,
        console: Console | None = None,
        notes: Sequence[str] = (),
    ) -> None:
        self.title, self.budget, self.shown, self.notes = title, budget, shown, notes
        self.console = console or Console(stderr=True)
        self._live: Progress | None = None
        self._task: TaskID | None = None
        self._last = -math.inf
        self._error, self._loss = math.nan, math.nan

    def __enter__(self) -> ProgressDisplay:
        for note in self.notes if self.shown else ():
            self.console.print(f"Note: {note}", markup=False, highlight=False, soft_wrap=True)
        if self.shown and self.console.is_terminal:
            self._live = Progress(
                TextColumn("[bold]{task.description}"),
                BarColumn(bar_width=24),
                TextColumn("{task.fields[line]}"),
                console=self.console,
                transient=True,
            )
            self._live.start()
            self._task = self._live.add_task(escape(self.title), total=1.0, line="")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def update(self, state: RunState) -> None:
        """Take note of a step."""
        if not self.shown:
            return
        record = state.history[-1]
        self._loss = record.validation if math.isfinite(record.validation) else self._loss
        self._error = record.error if math.isfinite(record.error) else self._error
        now = time.monotonic()
        if now - self._last < (0.1 if self._live is not None else PLAIN_INTERVAL):
            return
        self._last = now
        line = self.line(state)
        if self._live is not None and self._task is not None:
            self._live.update(self._task, completed=self.fraction(state), line=line)
        else:
            self.console.print(f"{self.title}: {line}", markup=False, highlight=False, soft_wrap=True)

    def fraction(self, state: RunState) -> float:
        """The share of the budget that is used up, 0 … 1."""
        used = [
            state.seconds / self.budget.seconds if self.budget.seconds else 0.0,
            state.trainer.step / self.budget.steps if self.budget.steps else 0.0,
            state.evaluations / self.budget.evaluations if self.budget.evaluations else 0.0,
        ]
        return min(1.0, max(used))

    def line(self, state: RunState) -> str:
        """The figures of the moment, in one line."""
        rate = state.evaluations / state.seconds if state.seconds else 0.0
        parts = [f"step {state.trainer.step}", f"loss {self._loss:.3e}"]
        if math.isfinite(self._error):
            parts.append(f"error {self._error:.3e}")
        parts.append(f"{rate:.2e} evaluations/s")
        fraction = self.fraction(state)
        if fraction > 0:
            parts.append(f"{state.seconds * (1 / fraction - 1):.0f} s left")
        return ", ".join(parts)
