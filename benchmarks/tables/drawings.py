"""Figures that are drawn from kept results, and by which data one was drawn."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Drawing:
    """A figure that can be drawn.

    Attributes:
        caption: what it shows, for those who do not see it.
        records: that it shows.
        draw: makes the figure.
    """

    caption: str
    records: Sequence[Mapping[str, Any]]
    draw: Callable[[], Figure]

    @property
    def digest(self) -> str:
        """The SHA-256 of the records."""
        return digest(self.records)


def digest(records: Iterable[Mapping[str, Any]]) -> str:
    """The SHA-256 of records as JSON, whatever the order of the records and of their entries.

    Example:
        >>> one, other = {"case": "a", "seed": 0}, {"seed": 0, "case": "b"}
        >>> digest([one, other]) == digest([other, one])
        True
    """
    texts = sorted(json.dumps(r, sort_keys=True, separators=(",", ":"), allow_nan=False) for r in records)
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()
