"""How many lines a user writes to declare a problem."""

from __future__ import annotations

import ast
import inspect
import io
import textwrap
import tokenize
from collections.abc import Callable
from typing import Any

BLANK = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}


def declaration_lines(function: Callable[..., Any]) -> int:
    """Of the source of a function, from its ``def`` on, without docstring, comments and blank lines."""
    source = textwrap.dedent(inspect.getsource(function))
    definition = ast.parse(source).body[0]
    assert isinstance(definition, ast.FunctionDef)
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in BLANK:
            lines.update(range(token.start[0], token.end[0] + 1))
    first = definition.body[0]
    if ast.get_docstring(definition) is not None:
        lines.difference_update(range(first.lineno, (first.end_lineno or first.lineno) + 1))
    return len([line for line in lines if line >= definition.lineno])
