"""How many lines a problem's declaration has."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from typing import Any


def declaration_lines(function: Callable[..., Any]) -> int:
    """The lines of a function's source that hold code: no blank ones, comments or docstrings.

    Args:
        function: the one that declares a problem.
    """
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:]
    held = {line for node in ast.walk(tree) if isinstance(node, ast.stmt) for line in (node.lineno, node.end_lineno)}
    held |= {
        line
        for node in ast.walk(tree)
        if isinstance(node, ast.expr)
        for line in range(node.lineno, node.end_lineno + 1)
    }
    return len(held)
