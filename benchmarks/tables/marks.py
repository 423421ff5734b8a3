"""Where tables stand in Markdown: between ``<!-- table NAME -->`` and ``<!-- end of table NAME -->``, a line each."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

BEGIN = re.compile(r"<!-- table (\S+) -->")
END = re.compile(r"<!-- end of table (\S+) -->")


class MarkError(Exception):
    """Marks of a page that do not belong together."""


@dataclass(frozen=True)
class Place:
    """Where a table stands.

    Attributes:
        name: of the table.
        line: of its first mark, counted from 1.
        text: what stands there now, without a newline at its end.
    """

    name: str
    line: int
    text: str


def places(text: str, page: str) -> list[Place]:
    """The marked places of a text, from top to bottom.

    Args:
        text: in Markdown.
        page: its name, for errors.

    Raises:
        MarkError: a mark without an end, or an end without a mark.
    """
    found: list[Place] = []
    opened: Place | None = None
    inside: list[str] = []
    for number, line in enumerate(text.split("\n"), start=1):
        begin, end = BEGIN.fullmatch(line), END.fullmatch(line)
        if end is not None:
            if opened is None or end[1] != opened.name:
                raise MarkError(f"{page}, line {number}: <!-- end of table {end[1]} --> ends no table.")
            found.append(Place(opened.name, opened.line, "\n".join(inside)))
            opened = None
        elif begin is not None:
            if opened is not None:
                raise _unended(page, opened)
            opened, inside = Place(begin[1], number, ""), []
        elif opened is not None:
            inside.append(line)
    if opened is not None:
        raise _unended(page, opened)
    return found


def filled(text: str, page: str, content: Callable[[str], str]) -> str:
    """A text with new tables at its places.

    Args:
        text: in Markdown.
        page: its name, for errors.
        content: a table by its name, without a newline at its end.

    Raises:
        MarkError: as for ``places``.
    """
    lines = text.split("\n")
    for place in reversed(places(text, page)):
        length = place.text.count("\n") + 1 if _occupied(lines, place) else 0
        lines[place.line : place.line + length] = content(place.name).split("\n")
    return "\n".join(lines)


def _occupied(lines: list[str], place: Place) -> bool:
    """Whether there is any line between the marks: there may be an empty one, or none."""
    return END.fullmatch(lines[place.line]) is None


def _unended(page: str, place: Place) -> MarkError:
    return MarkError(
        f"{page}, line {place.line}: <!-- table {place.name} --> has no end: "
        f"write <!-- end of table {place.name} --> below the table."
    )
