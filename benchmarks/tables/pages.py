"""The pages that hold tables, the folder of figures, and whether both belong to the kept results."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from benchmarks.tables.drawings import Drawing
from benchmarks.tables.marks import MarkError, filled, places

GENERATED = {"_build", "gallery"}
DPI = 150


class Suite(Protocol):
    """A module that shows the results of a suite."""

    def tables(self, records: Sequence[Mapping[str, Any]]) -> Mapping[str, str]: ...

    def figures(self, records: Sequence[Mapping[str, Any]]) -> Mapping[str, Drawing]: ...


class Pages:
    """README.md and the pages of docs below a folder.

    Args:
        root: of the checkout.
        tables: Markdown by name.
        figures: drawings by the name of the table below which they stand.
    """

    def __init__(self, root: Path, tables: Mapping[str, str], figures: Mapping[str, Drawing]) -> None:
        if strays := figures.keys() - tables.keys():
            raise ValueError(f"There are no tables for the figures {', '.join(sorted(strays))}.")
        self.root, self.tables, self.figures = root, tables, figures
        self.images = root / "docs" / "images" / "benchmarks"

    def differences(self) -> list[str]:
        """What is not as the results have it, in sentences.

        Raises:
            MarkError: the marks of the pages do not fit the tables.
        """
        self._check_marks()
        found = []
        for name, path, text in self._texts():
            content = self._content(path)
            found += [
                f"{name}, line {place.line}: the table {place.name} differs from the results."
                for place in places(text, name)
                if place.text != content(place.name)
            ]
        kept = self._digests()
        for name in sorted({*kept, *self.figures}):
            image = self._image(name)
            shown = image.relative_to(self.root).as_posix()
            if name not in self.figures:
                found.append(f"{shown} shows results that are not there any more.")
            elif not image.exists():
                found.append(f"{shown} is missing.")
            elif kept.get(name) != self.figures[name].digest:
                found.append(f"{shown} is older than its results.")
        return found

    def write(self) -> None:
        """Bring tables and figures up to date.

        Raises:
            MarkError: the marks of the pages do not fit the tables; nothing was written.
        """
        self._check_marks()
        for name, path, text in self._texts():
            new = filled(text, name, self._content(path))
            if new != text:
                path.write_text(new, encoding="utf-8")
        for name in self._digests().keys() - self.figures.keys():
            self._image(name).unlink(missing_ok=True)
        digests = {name: drawing.digest for name, drawing in sorted(self.figures.items())}
        if not digests and not self._digest_file.exists():
            return
        self.images.mkdir(parents=True, exist_ok=True)
        for name, drawing in self.figures.items():
            drawing.draw().savefig(self._image(name), dpi=DPI)
        self._digest_file.write_text(json.dumps(digests, indent=1) + "\n", encoding="utf-8")

    def _check_marks(self) -> None:
        standing = set()
        for name, _, text in self._texts():
            for place in places(text, name):
                if place.name not in self.tables:
                    raise MarkError(
                        f"{name}, line {place.line}: there is no table {place.name!r}; the tables are "
                        f"{', '.join(self.tables)}."
                    )
                standing.add(place.name)
        if missing := [name for name in self.tables if name not in standing]:
            raise MarkError(
                f"No page has the table {', nor '.join(missing)}: write <!-- table NAME --> and "
                "<!-- end of table NAME --> where it is to stand."
            )

    def _texts(self) -> Iterator[tuple[str, Path, str]]:
        """Name, path and text of each page."""
        docs = (self.root / "docs").rglob("*.md")
        for path in (self.root / "README.md", *sorted(docs)):
            inner = path.relative_to(self.root)
            if path.exists() and not GENERATED.intersection(inner.parts):
                yield inner.as_posix(), path, path.read_text(encoding="utf-8")

    def _content(self, page: Path) -> Callable[[str], str]:
        """A table by its name, below its figure, whose path is that from the page."""

        def content(name: str) -> str:
            if name not in self.figures:
                return self.tables[name]
            target = Path(os.path.relpath(self._image(name), page.parent)).as_posix()
            return f"![{self.figures[name].caption}]({target})\n\n{self.tables[name]}"

        return content

    def _image(self, name: str) -> Path:
        return self.images / f"{name}.png"

    @property
    def _digest_file(self) -> Path:
        return self.images / "digests.json"

    def _digests(self) -> dict[str, str]:
        """Of the figures that were drawn."""
        if not self._digest_file.exists():
            return {}
        return json.loads(self._digest_file.read_text(encoding="utf-8"))


def pages_of(root: Path, records: Mapping[str, Iterable[Mapping[str, Any]]], suites: Mapping[str, Suite]) -> Pages:
    """The pages with all that the suites show.

    Args:
        root: of the checkout.
        records: the results by suite.
        suites: the module of each.
    """
    tables: dict[str, str] = {}
    figures: dict[str, Drawing] = {}
    for name, module in suites.items():
        kept = list(records[name])
        tables |= module.tables(kept)
        figures |= module.figures(kept)
    return Pages(root, tables, figures)
