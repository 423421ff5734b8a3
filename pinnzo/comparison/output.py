"""What all comparisons share in showing and keeping themselves: words, numbers, tables in Markdown, colours, files."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pinnzo.storage import prepare_folder, replacing, write_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe & Ito: told apart by all kinds of colour vision.
BLUE, SKY, GREEN, BLACK, BROWN = "#0072B2", "#56B4E9", "#009E73", "#000000", "#8C6D1F"
ORANGE, VERMILION, PURPLE = "#E69F00", "#D55E00", "#CC79A7"
GREY = "#777777"


def listed(names: Sequence[Any]) -> str:
    """Words as people list them.

    Example:
        >>> listed(["a", "b", "c"])
        'a, b and c'
    """
    *most, last = map(str, names)
    return f"{', '.join(most)} and {last}" if most else last


def json_number(value: Any) -> Any:
    """The value, or None for what JSON has no number for: NaN and infinity."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def error_text(value: float) -> str:
    """An error with two digits, or a dash where it is not finite."""
    return f"{value:.1e}" if math.isfinite(value) else "–"


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    r"""A table in Markdown, without a newline at its end.

    Example:
        >>> markdown_table(["a", "b"], [["1", "|w|"]]).splitlines()[-1]
        '| 1 | \\|w\\| |'
    """
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(markdown_text, line)) + " |" for line in lines)


def markdown_text(text: str) -> str:
    """Text with the signs escaped that mean something in a table in Markdown."""
    return text.replace("|", "\\|").replace("*", "\\*")


def save_comparison(folder: str | Path, name: str, data: dict[str, Any], page: str, figure: Figure) -> tuple[Path, ...]:
    """Write NAME.json, NAME.md and NAME.png to a folder, each in one step; returns their paths.

    Raises:
        StorageError: they cannot be written.
    """
    path = prepare_folder(Path(folder)) / name
    names = tuple(path.with_suffix(suffix) for suffix in (".json", ".md", ".png"))
    write_text(names[0], json.dumps(data, indent=1, allow_nan=False) + "\n")
    write_text(names[1], page)
    with replacing(names[2]) as temporary:
        figure.savefig(temporary, dpi=150, format="png")
    return names
