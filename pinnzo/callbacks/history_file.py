"""A history that can be followed while the run goes on."""

from __future__ import annotations

import logging
import os
from io import BufferedRandom
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

from pinnzo.errors import SettingError, StorageError
from pinnzo.training.callbacks import Callback

if TYPE_CHECKING:
    from pinnzo.training.fit import Outcome, RunState
    from pinnzo.training.history import Record

logger = logging.getLogger(__name__)


class HistoryFile(Callback):
    """Writes the history as JSON lines, one a step, as soon as the step is done: ``tail -f`` shows them.

    In the end the file holds the history of the solution. A resumed run continues it: what was written after the
    checkpoint is cut off, since these steps are done again. A file that holds something else is overwritten. An error
    on the way (a full disk, say) is logged and does not end the run.

    Args:
        path: the file.

    Attributes:
        trouble: a sentence on what could not be written, empty if all was.

    Raises:
        SettingError: ``path`` is no path.
        StorageError: the file cannot be written when the run starts.
    """

    def __init__(self, path: str | Path) -> None:
        if not isinstance(path, (str, os.PathLike)) or not os.fspath(path):
            raise SettingError(f"history is {path!r}: give the name of a file, such as 'history.jsonl'.")
        self.path = Path(path)
        self.trouble = ""
        self._file: BufferedRandom | None = None

    def on_start(self, state: RunState) -> None:
        """Open the file and bring it to where the run stands."""
        self.trouble = ""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.touch()
            self._file = self.path.open("r+b")
            self._bring_to(state.history.to_json_lines())
        except (OSError, ValueError) as error:
            self.close()
            reason = getattr(error, "strerror", None) or error
            raise StorageError(f"The history {self.path} cannot be written ({reason}): choose another file.") from None

    def on_step(self, state: RunState) -> None:
        """Append the record of the step."""
        self._write(state.history[-1])

    def on_end(self, outcome: Outcome) -> None:
        """Replace what has been judged since, the last step's loss on held-out points."""
        if self._file is not None:
            try:
                self._bring_to(outcome.result.history.to_json_lines())
            except OSError as error:
                self._fail(error)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            try:
                self._file.close()
            except OSError as error:
                # Closing writes what is left once more.
                logger.debug("The history %s was not closed properly: %s", self.path, error)
            self._file = None

    def _write(self, record: Record) -> None:
        if self._file is None:
            return
        try:
            self._file.write(record.to_json_line().encode())
            # A step costs far more than this, and whoever looks is to see the last one.
            self._file.flush()
        except OSError as error:
            self._fail(error)

    def _bring_to(self, text: str) -> None:
        """Make the file hold this text; what it shares with it stays as it is, so that a reader can go on."""
        assert self._file is not None
        wanted = text.encode()
        self._file.seek(0)
        lines = zip(
            wanted.splitlines(keepends=True), self._file.read(len(wanted)).splitlines(keepends=True), strict=False
        )
        same = sum(len(line) for line, _ in takewhile(lambda pair: pair[0] == pair[1], lines))
        self._file.seek(same)
        self._file.truncate()
        self._file.write(wanted[same:])
        self._file.flush()

    def _fail(self, error: OSError) -> None:
        self.trouble = f" The history {self.path} could not be written to its end: {error.strerror or error}."
        logger.warning("%s", self.trouble.strip())
        self.close()
