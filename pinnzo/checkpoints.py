"""When the state of a run is written, and what happens when it cannot be."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pinnzo.errors import SettingError, StorageError
from pinnzo.files import deferred_interrupt
from pinnzo.storage import write_run
from pinnzo.training.fit import RunState

CHECKPOINT_SECONDS = 10.0
"""Between two checkpoints, where nothing else is asked for."""


def checked_interval(seconds: float | None) -> float:
    """The seconds between two checkpoints.

    Raises:
        SettingError: it is no number of seconds.

    Example:
        >>> checked_interval(None), checked_interval(2)
        (10.0, 2.0)
    """
    if seconds is None:
        return CHECKPOINT_SECONDS
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 <= seconds < math.inf:
        raise SettingError(
            f"checkpoint_seconds is {seconds!r}: give the seconds between two checkpoints, 0 for one after every step."
        )
    return float(seconds)


class Checkpoints:
    """The checkpoint of a run, which is replaced by a newer one now and then.

    A save takes time: the interval is counted from its end, so that a run with a large state does not only save.

    Args:
        path: the file; None keeps nothing.
        header: what the file says of the run.
        seconds: between two checkpoints.

    Attributes:
        trouble: why the last attempt failed, as a sentence with a space before it; else empty.
    """

    def __init__(self, path: Path | None, header: Mapping[str, Any], seconds: float) -> None:
        self.path, self.header, self.seconds = path, header, seconds
        self.trouble = ""
        self._saved_at = time.monotonic()

    def save(self, state: RunState) -> None:
        """Write the state now. Ctrl-C waits until it is written."""
        if self.path is None:
            return
        try:
            with deferred_interrupt():
                try:
                    write_run(self.path, state, self.header)
                    self.trouble = ""
                except StorageError as error:
                    # A full disk is no reason to lose the run.
                    self.trouble = f" {error}"
        finally:
            self._saved_at = time.monotonic()

    def save_if_due(self, state: RunState) -> None:
        """Write the state if the last checkpoint is old enough."""
        if time.monotonic() - self._saved_at >= self.seconds:
            self.save(state)
