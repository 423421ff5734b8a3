"""Expressions as presentation MathML, which browsers show without any library."""

from __future__ import annotations

import html
from collections.abc import Collection, Sequence
from typing import Any

from sympy.core.function import AppliedUndef

from pinnzo.report.nodes import shortened
from pinnzo.report.printer import MOST_LISTED, Printer, elided

INVISIBLE_TIMES = "\u2062"

ELEMENTS = {
    "mfrac", "mi", "mn", "mo", "mover", "mroot", "mrow", "mspace", "msqrt", "mstyle", "msub", "msubsup",
    "msup", "mtable", "mtd", "mtext", "mtr", "munder", "munderover",
}  # fmt: skip


def formula(expression: Any, unknowns: Collection[AppliedUndef] = (), *, block: bool = False) -> str:
    """A ``<math>`` element that shows the expression.

    Args:
        expression: of SymPy.
        unknowns: functions of which only the name is shown where they stand at their own variables.
        block: with large sums and fractions.

    Example:
        >>> import sympy as sp
        >>> x = sp.Symbol("x", real=True)
        >>> formula(sp.Function("u")(x) + 1, [sp.Function("u")(x)])
        '<math><mrow><mi>u</mi><mo>+</mo><mn>1</mn></mrow></math>'
    """
    return math_element(markup(expression, unknowns), block=block)


def markup(expression: Any, unknowns: Collection[AppliedUndef] = ()) -> str:
    """What is inside the ``<math>`` element of ``formula``, to be joined with more of it."""
    try:
        return _serialised(Printer({"ln_notation": True})._print(shortened(expression, unknowns)))
    except Exception:
        # SymPy cannot print all that it can hold, and no report should fail for a formula.
        return f"<mtext>{html.escape(str(expression))}</mtext>"


def math_element(inside: str, *, block: bool = False) -> str:
    """A ``<math>`` element around markup."""
    return f"<math{' displaystyle=true' if block else ''}>{inside}</math>"


def operator(sign: str) -> str:
    """Markup of a sign between two others."""
    return f"<mo>{html.escape(sign)}</mo>"


def grouped(inside: str, left: str = "(", right: str = ")") -> str:
    """Markup between a pair of signs that are as tall as it is."""
    return f"<mrow>{operator(left)}{inside}{operator(right)}</mrow>"


def listing(symbols: Sequence[Any], most: int = MOST_LISTED) -> str:
    """Markup of a list with commas, of which the middle is left out where it is long.

    Example:
        >>> import pinnzo as pz
        >>> listing(pz.coordinates("x", 9)).count("<mi>x</mi>")
        3
    """
    return operator(",").join(operator("…") if s is None else markup(s) for s in elided(symbols, most))


def _serialised(node: Any) -> str:
    """Markup of a tree of elements. SymPy's own writer would pass names through unescaped."""
    if node.nodeType == node.TEXT_NODE:
        # What SymPy writes are references such as &pi;; what a user calls a symbol may be anything.
        text = html.unescape(node.data).replace("\u2061", "")
        number = node.parentNode is not None and node.parentNode.tagName == "mn"
        return html.escape(text.replace("-", "−") if number or text == "-" else text)
    tag = node.tagName
    if tag not in ELEMENTS:
        raise ValueError(f"The element {tag!r} is no part of MathML Core: browsers would show only what is in it.")
    attributes = "".join(f' {name}="{html.escape(value)}"' for name, value in sorted(node.attributes.items()))
    inside = "".join(map(_serialised, node.childNodes))
    if inside == INVISIBLE_TIMES:
        attributes = ' lspace="0" rspace="0.12em"'
    return f"<{tag}{attributes}>{inside}</{tag}>"
