"""The table and the figure of the page on problems, and the table of the README: ``python docs/figures/benchmark.py``.

Writes docs/benchmark.md, docs/images/benchmark.png and what stands between the marks of README.md from
problems/measured.json, which ``pinnzo benchmark --update`` writes.
"""

from __future__ import annotations

from pathlib import Path

from pinnzo.comparison import BenchmarkRow
from pinnzo.comparison.output import markdown_table
from pinnzo.comparison.problems.figure import draw
from pinnzo.comparison.problems.tables import columns_of
from pinnzo.measured import measured

DOCS = Path(__file__).parent.parent
BEGIN, END = "<!-- benchmark -->\n", "<!-- end of benchmark -->\n"
FIGURES = (
    "dimension", "relative_l2", "zero_network", "affine_network", "seconds", "evaluations", "parameters", "seed",
)  # fmt: skip


def rows() -> list[BenchmarkRow]:
    """The kept figures as the rows of a benchmark."""
    found = {name: entry.to_json() for name, entry in sorted(measured().items())}
    return [
        BenchmarkRow(name, "", **{key: entry[key] for key in FIGURES if entry[key] is not None})
        for name, entry in found.items()
    ]


def page() -> str:
    """The kept figures as a table in Markdown."""
    (first, *heads), cells = columns_of(rows())
    words = [(entry.kind or "", entry.reference or "", entry.hard) for _, entry in sorted(measured().items())]
    lines = [
        [f"{name} (hard)" if hard else name, kind, reference, *rest]
        for (name, *rest), (kind, reference, hard) in zip(cells, words, strict=True)
    ]
    return markdown_table([first, "kind", "reference", *heads], lines) + "\n"


def readme() -> str:
    """The README with the table between its marks."""
    before, rest = (DOCS.parent / "README.md").read_text(encoding="utf-8").split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}{page()}{END}{after}"


def main() -> None:
    (DOCS.parent / "README.md").write_text(readme(), encoding="utf-8")
    (DOCS / "benchmark.md").write_text(page(), encoding="utf-8")
    draw(rows(), "default settings").savefig(DOCS / "images" / "benchmark.png", dpi=150)


if __name__ == "__main__":
    main()
