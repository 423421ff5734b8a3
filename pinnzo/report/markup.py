"""Pieces of HTML. Whatever comes from outside is escaped here."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence


def text(value: object) -> str:
    """A value as text that no browser takes for markup.

    Example:
        >>> text("<b>")
        '&lt;b&gt;'
    """
    return html.escape(str(value))


def section(identity: str, title: str, *parts: str) -> str:
    """A section of the page with a heading; empty where it has nothing to say."""
    inside = "\n".join(part for part in parts if part)
    if not inside:
        return ""
    return f'<section aria-labelledby="{identity}"><h2 id="{identity}">{text(title)}</h2>\n{inside}\n</section>'


def table(head: Sequence[str], rows: Iterable[Sequence[str]], caption: str = "") -> str:
    """A table that scrolls inside its own box where it is too wide.

    Args:
        head: of the columns, as markup; empty for none.
        rows: of markup; the first cell heads its row.
        caption: read out with the table, and shown above it.
    """
    top = "".join(f'<th scope="col">{cell}</th>' for cell in head)
    body = "".join(
        f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in rest)}</tr>' for first, *rest in rows
    )
    return (
        '<div class="scroll" role="group" aria-label="table" tabindex="0"><table>'
        + (f"<caption>{caption}</caption>" if caption else "")
        + (f"<thead><tr>{top}</tr></thead>" if top else "")
        + f"<tbody>{body}</tbody></table></div>"
    )


def definitions(pairs: Iterable[tuple[str, str]], kind: str = "facts") -> str:
    """A list of terms with what is said of each, as markup."""
    return f'<dl class="{kind}">' + "".join(f"<div><dt>{a}</dt><dd>{b}</dd></div>" for a, b in pairs) + "</dl>"


def details(summary: str, inside: str) -> str:
    """What is shown on a click."""
    return f"<details><summary>{summary}</summary>{inside}</details>"
