"""What a comparison shows while it goes on: a live bar in a terminal, a line a stage elsewhere."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn


class Stages:
    """Counts stages of known number, on standard error.

    Args:
        title: what goes on.
        total: the number of stages.
        shown: whether anything is shown at all.
        console: where to, by default standard error.
    """

    def __init__(self, title: str, total: int, shown: bool = True, console: Console | None = None) -> None:
        self.title, self.total, self.shown = title, total, shown
        self.console = console or Console(stderr=True)
        self.done = 0
        self._live: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Stages:
        if self.shown and self.console.is_terminal:
            self._live = Progress(
                TextColumn("[bold]{task.description}"),
                BarColumn(bar_width=24),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TextColumn("{task.fields[line]}"),
                console=self.console,
                transient=True,
            )
            self._live.start()
            self._task = self._live.add_task(escape(self.title), total=self.total, line="")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def begin(self, stage: str) -> None:
        """Note that a stage begins; the one before it is over."""
        if self._live is not None and self._task is not None:
            self._live.update(self._task, completed=self.done, line=escape(stage))
        elif self.shown:
            line = f"{self.title}: {stage} ({self.done + 1} of {self.total})"
            self.console.print(line, markup=False, highlight=False, soft_wrap=True)
        self.done += 1
