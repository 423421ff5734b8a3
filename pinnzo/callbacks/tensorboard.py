"""Curves of a run in TensorBoard."""

from __future__ import annotations

import math
import os
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pinnzo.errors import MissingPackageError, SettingError, StorageError
from pinnzo.training.callbacks import Callback

if TYPE_CHECKING:
    from pinnzo.training.fit import Outcome, RunState
    from pinnzo.training.history import Record


class TensorBoard(Callback):
    """Writes loss, validation, error, evaluations and seconds of every step for ``tensorboard --logdir FOLDER``.

    A resumed run hides what an earlier one wrote after the checkpoint. Needs ``pip install pinnzo[tensorboard]``.

    Args:
        folder: where the event files go; one run a folder.

    Raises:
        SettingError: ``folder`` is no path.
        MissingPackageError: TensorBoard is not installed.
        StorageError: the folder cannot be written.
    """

    def __init__(self, folder: str | Path) -> None:
        if not isinstance(folder, (str, os.PathLike)) or not os.fspath(folder):
            raise SettingError(f"TensorBoard: folder is {folder!r}: give the name of a folder, such as 'runs/hjb'.")
        self.folder = Path(folder)
        self._make = _writer_class()
        self._writer: Any = None

    def on_start(self, state: RunState) -> None:
        """Open an event file."""
        try:
            self._writer = self._make(str(self.folder), purge_step=state.trainer.step + 1)
        except OSError as error:
            raise StorageError(
                f"The folder {self.folder} cannot be written to ({error.strerror or error}): choose another one."
            ) from None

    def on_step(self, state: RunState) -> None:
        """Add the record of the step."""
        self._add(state.history[-1])

    def on_end(self, outcome: Outcome) -> None:
        """Add what the last parameters were judged by, and why the run ended."""
        last, judged = outcome.last.history.records, outcome.result.history.records
        if judged and math.isnan(last[-1].validation):
            self._add(judged[-1], ("validation", "error"))
        self._writer.add_text("status", outcome.status, outcome.result.trainer.step)

    def close(self) -> None:
        """Close the event file."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _add(self, record: Record, names: tuple[str, ...] | None = None) -> None:
        for name in names or tuple(f.name for f in fields(record) if f.name != "step"):
            value = getattr(record, name)
            if not math.isnan(value):
                self._writer.add_scalar(name, value, record.step)


def _writer_class() -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise MissingPackageError(
            f"TensorBoard needs a package that is not installed ({error}): pip install 'pinnzo[tensorboard]'."
        ) from None
    return SummaryWriter
