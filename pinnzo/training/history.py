"""What a training run records on its way."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from pinnzo.errors import SettingError, StorageError


@dataclass(frozen=True)
class Record:
    """One line of a history. NaN stands for what was not measured at that step.

    Attributes:
        step: the number of finished steps.
        loss: the loss on the step's own points.
        validation: the loss on the held-out points.
        error: the error against the exact or reference solution.
        evaluations: network evaluations spent on training so far.
        seconds: training time so far.
    """

    step: int
    loss: float = math.nan
    validation: float = math.nan
    error: float = math.nan
    evaluations: int = 0
    seconds: float = 0.0

    def to_json_line(self) -> str:
        """One JSON object and the end of the line; JSON has no NaN and no infinity: null and strings stand in."""
        return json.dumps({name: _to_json(value) for name, value in asdict(self).items()}) + "\n"


COLUMNS = tuple(f.name for f in fields(Record))


@dataclass
class History:
    """A list of records that can be read by column.

    Example:
        >>> history = History()
        >>> history.append(Record(step=1, loss=0.5))
        >>> history.append(Record(step=2, loss=0.25, seconds=0.1))
        >>> history.column("loss")
        array([0.5 , 0.25])
        >>> History.from_json_lines(history.to_json_lines()).same_run(history)
        True
    """

    records: list[Record] = field(default_factory=list)

    def append(self, record: Record) -> None:
        """Add a record at the end."""
        self.records.append(record)

    def column(self, name: str) -> np.ndarray:
        """One column, (number of records,): integers for step and evaluations, else floats with NaN.

        Raises:
            SettingError: when there is no such column.
        """
        if name not in COLUMNS:
            raise SettingError(f"A history has the columns {', '.join(COLUMNS)}; got {name!r}.")
        dtype = np.int64 if name in ("step", "evaluations") else np.float64
        return np.array([getattr(record, name) for record in self.records], dtype=dtype)

    def same_run(self, other: History) -> bool:
        """Whether both hold the same numbers, bit for bit, whatever time they took."""
        return all(
            np.array_equal(self.column(name), other.column(name), equal_nan=True)
            for name in COLUMNS
            if name != "seconds"
        )

    def to_json_lines(self) -> str:
        """One line for each record; see ``Record.to_json_line``."""
        return "".join(record.to_json_line() for record in self.records)

    @classmethod
    def from_json_lines(cls, text: str | Iterable[str]) -> History:
        """The history that ``to_json_lines`` wrote.

        Raises:
            StorageError: naming the first line that is no record.
        """
        history = cls()
        lines = text.splitlines() if isinstance(text, str) else text
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                values = json.loads(line)
                history.append(Record(**{name: _from_json(value) for name, value in values.items()}))
            except (ValueError, TypeError, AttributeError) as error:
                raise StorageError(f"Line {number} of the history is no record: {error}.") from error
        return history

    def write(self, path: str | Path) -> None:
        """Write the history to a file of JSON lines."""
        Path(path).write_text(self.to_json_lines(), encoding="utf-8")

    @classmethod
    def read(cls, path: str | Path) -> History:
        """Read a file of JSON lines; raises ``StorageError`` when it holds something else."""
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise StorageError(f"The history {path} cannot be read: {error}.") from error
        return cls.from_json_lines(text)

    def __len__(self) -> int:
        return len(self.records)

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records)

    def __getitem__(self, index: int) -> Record:
        return self.records[index]


def _to_json(value: float) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return value


def _from_json(value: Any) -> Any:
    if value is None:
        return math.nan
    return float(value) if isinstance(value, str) else value
