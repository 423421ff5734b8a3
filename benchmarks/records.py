"""The results of a suite: a file with one JSON object a line, which grows case by case."""

from __future__ import annotations

import contextlib
import fcntl
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.cases import Case

RESULTS = Path(__file__).parent / "results"


class Records:
    """The kept results of a suite.

    Args:
        suite: its name.
        folder: where the files are.
    """

    def __init__(self, suite: str, folder: Path = RESULTS) -> None:
        self.path = folder / f"{suite}.jsonl"
        self._records = {(r["case"], r["seed"]): r for r in _lines(self.path)}

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        return iter(self._records.values())

    def __len__(self) -> int:
        return len(self._records)

    def find(self, case: Case) -> Mapping[str, Any] | None:
        """The result of a case, if there is one under just its settings."""
        kept = self._records.get((case.name, case.seed))
        return kept if kept is not None and kept["settings"] == _as_json(case.settings) else None

    def add(self, case: Case, **entries: Any) -> None:
        """Keep what a case has given, in place of an older result of the same name and seed."""
        record = {"case": case.name, "seed": case.seed, "settings": _as_json(case.settings), **entries}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with _alone(self.path.parent):
            # Another process may have run other cases meanwhile.
            self._records = {(r["case"], r["seed"]): r for r in _lines(self.path)}
            self._records[case.name, case.seed] = record
            text = "".join(json.dumps(r, allow_nan=False) + "\n" for r in self._records.values())
            # Whoever is stopped in the middle of writing loses nothing.
            partial = self.path.with_suffix(".partial")
            partial.write_text(text, encoding="utf-8")
            partial.replace(self.path)


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other processes from writing there."""
    with (folder / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _lines(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def _as_json(value: Any) -> Any:
    """As it comes back from a file: lists for tuples, texts for keys."""
    return json.loads(json.dumps(value))
