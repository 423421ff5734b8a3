"""Expressions as presentation MathML, which browsers show without any library."""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Sequence
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.printing.mathml import MathMLPresentationPrinter
from sympy.printing.precedence import PRECEDENCE

from pinnzo.report.nodes import NUMBERED, Exponential, Held, IndexedSum, Partial, shortened
from pinnzo.symbolic.nodes import Divergence, Gradient, GradientNormSquared, Laplacian

DIGITS = 6
"""Of decimal numbers."""

MOST_LISTED = 6
"""So many arguments of a function are written out, of more the first and the last."""

LEAST_RUN = 5
"""Of numbered symbols: a shorter run is never cut."""

INVISIBLE_TIMES = "\u2062"

ELEMENTS = {
    "mfenced", "mfrac", "mi", "mn", "mo", "mover", "mroot", "mrow", "mspace", "msqrt", "mstyle", "msub", "msubsup",
    "msup", "mtable", "mtd", "mtext", "mtr", "munder", "munderover",
}  # fmt: skip

OPERATORS = (Partial, Laplacian, Gradient, Divergence, GradientNormSquared)


def formula(expression: Any, unknowns: Collection[AppliedUndef] = (), *, block: bool = False) -> str:
    """A ``<math>`` element that shows the expression.

    Args:
        expression: of SymPy.
        unknowns: functions of which only the name is shown where they stand at their own variables.
        block: as a displayed formula, with large sums and fractions.

    Example:
        >>> import sympy as sp
        >>> x = sp.Symbol("x", real=True)
        >>> formula(sp.Function("u")(x) + 1, [sp.Function("u")(x)])
        '<math><mrow><mi>u</mi><mo>+</mo><mn>1</mn></mrow></math>'
    """
    return math_element(markup(expression, unknowns), block=block)


def markup(expression: Any, unknowns: Collection[AppliedUndef] = ()) -> str:
    """What is inside the ``<math>`` element of ``formula``, to be joined with more of it."""
    printer = _Printer({"ln_notation": True})
    return _serialised(printer._print(shortened(expression, unknowns)))


def math_element(inside: str, *, block: bool = False) -> str:
    """A ``<math>`` element around markup."""
    return f'<math{" display=block" if block else ""}>{inside}</math>'


def operator(sign: str) -> str:
    """Markup of a sign between two others."""
    return f"<mo>{html.escape(sign)}</mo>"


def listing(symbols: Sequence[Any], most: int = MOST_LISTED) -> str:
    """Markup of a list with commas, of which the middle is left out where it is long.

    Example:
        >>> import pinnzo as pz
        >>> listing(pz.coordinates("x", 9)).count("<mi>x</mi>")
        3
    """
    return operator(",").join(operator("…") if s is None else markup(s) for s in elided(symbols, most))


def elided(items: Sequence[Any], most: int = MOST_LISTED) -> list[Any]:
    """The items, with None in place of most of a long run of numbered symbols, or of the middle of any long list.

    Example:
        >>> import sympy as sp
        >>> elided(sp.symbols("x1:9 t"))
        [x1, x2, None, x8, t]
    """
    if len(items) <= most:
        return list(items)
    stems = [m[1] if isinstance(s, sp.Symbol) and (m := NUMBERED.match(s.name)) else None for s in items]
    shown: list[Any] = []
    start = 0
    while start < len(items):
        end = start + 1
        while stems[start] is not None and end < len(items) and stems[end] == stems[start]:
            end += 1
        run = list(items[start:end])
        shown += run if len(run) < LEAST_RUN else [*run[:2], None, run[-1]]
        start = end
    return shown if len(shown) <= most + 2 else [*shown[:3], None, shown[-1]]



class _Printer(MathMLPresentationPrinter):
    """SymPy's printer with partial derivatives, norms and sums as in books."""

    def parenthesize(self, item: Any, level: int, strict: bool = False) -> Any:
        plain = isinstance(item, OPERATORS) and isinstance(item.args[0], sp.Symbol)
        if isinstance(item, (Partial, *OPERATORS, IndexedSum, Held)):
            bare = plain and level <= PRECEDENCE["Mul"]
            return self._print(item) if bare else self._paren_comma_separated(item)
        return super().parenthesize(item, level, strict)

    def _element(self, tag: str, *children: Any) -> Any:
        made = self.dom.createElement(tag)
        for child in children:
            made.appendChild(self.dom.createTextNode(child) if isinstance(child, str) else child)
        return made

    def _sign(self, text: str) -> Any:
        return self._element("mo", text)

    def _operand(self, expression: Any) -> Any:
        return self._print(expression) if isinstance(expression, sp.Symbol) else self._paren_comma_separated(expression)

    def _print_Add(self, expr: Any, order: Any = None) -> Any:
        terms = self._as_ordered_terms(expr, order=order)
        if expr.has(*OPERATORS):
            terms = sorted(terms, key=_rank)
        row = self._element("mrow", self._print(terms[0]))
        for term in terms[1:]:
            minus = term.could_extract_minus_sign()
            row.appendChild(self._sign("-" if minus else "+"))
            row.appendChild(self._print(-term if minus else term))
        return row

    def _print_Mul(self, expr: Any) -> Any:
        if not expr.has(*OPERATORS):
            return super()._print_Mul(expr)
        # A coefficient that is a fraction stands before the derivative, which is not drawn into it.
        if expr.could_extract_minus_sign():
            return self._element("mrow", self._sign("-"), self._print(-expr))
        known, rest = expr.as_independent(*OPERATORS, as_Add=False)
        if known == 1 or known.as_numer_denom()[1] == 1 or rest.as_numer_denom()[1] != 1:
            return super()._print_Mul(expr)
        return self._element(
            "mrow",
            self._paren_comma_separated(known) if known.is_Add else self._print(known),
            self._sign("&InvisibleTimes;"),
            self.parenthesize(rest, PRECEDENCE["Mul"]),
        )

    def _print_Exp1(self, e: Any) -> Any:
        return self._element("mi", "e")

    def _print_Exponential(self, e: Any) -> Any:
        return self._element("msup", self._print(sp.E), self._print(e.args[0]))

    def _print_AppliedUndef(self, e: Any) -> Any:
        inside = self._element("mrow", self._sign("("))
        for i, argument in enumerate(elided(e.args)):
            if i:
                inside.appendChild(self._comma())
            inside.appendChild(self._sign("…") if argument is None else self._print(argument))
        inside.appendChild(self._sign(")"))
        return self._element("mrow", self._print(sp.Symbol(e.func.__name__)), inside)

    def _print_Partial(self, e: Any) -> Any:
        operand, *pairs = e.args
        total = sum(order for _, order in pairs)

        def times(base: Any, order: Any) -> Any:
            return base if order == 1 else self._element("msup", base, self._print(order))

        top = self._element("mrow", times(self._sign("∂"), total))
        bottom = self._element("mrow")
        for symbol, order in pairs:
            bottom.appendChild(self._sign("∂"))
            bottom.appendChild(times(self._print(symbol), order))
        if isinstance(operand, sp.Symbol):
            top.appendChild(self._print(operand))
            return self._element("mfrac", top, bottom)
        return self._element("mrow", self._element("mfrac", top, bottom), self._operand(operand))

    def _print_Held(self, e: Any) -> Any:
        operand, *pairs = e.args
        place = self._element("mrow")
        for i, (symbol, value) in enumerate(pairs):
            if i:
                place.appendChild(self._comma())
            place.appendChild(self._element("mrow", self._print(symbol), self._sign("="), self._print(value)))
        inner = self._print(operand) if isinstance(operand, (sp.Symbol, Partial)) else self._operand(operand)
        bar = self._sign("|")
        bar.setAttribute("stretchy", "true")
        bar.setAttribute("symmetric", "true")
        return self._element("msub", self._element("mrow", inner, bar), place)

    def _print_IndexedSum(self, e: Any) -> Any:
        term, index, first, last = e.args
        below = self._element("mrow", self._print(index), self._sign("="), self._print(first))
        inner = self._print(term) if not isinstance(term, sp.Add) else self._paren_comma_separated(term)
        return self._element(
            "mrow", self._element("munderover", self._sign("∑"), below, self._print(last)), inner
        )

    def _print_Laplacian(self, expr: Any) -> Any:
        return self._element("mrow", self._element("mi", "Δ"), self._operand(expr.args[0]))

    def _print_Gradient(self, expr: Any) -> Any:
        return self._element("mrow", self._element("mi", "∇"), self._operand(expr.args[0]))

    def _print_Divergence(self, expr: Any) -> Any:
        return self._element("mrow", self._element("mi", "∇"), self._sign("·"), self._operand(expr.args[0]))

    def _print_GradientNormSquared(self, expr: Any) -> Any:
        norm = self._element(
            "mrow", self._sign("‖"), self._element("mi", "∇"), self._operand(expr.args[0]), self._sign("‖")
        )
        return self._element("msup", norm, self._element("mn", "2"))

    def _print_Float(self, expr: Any) -> Any:
        mantissa, _, exponent = f"{float(expr):.{DIGITS}g}".partition("e")
        number = self._element("mn", mantissa.lstrip("-"))
        if exponent:
            power = self._print(sp.Integer(exponent))
            number = self._element(
                "mrow", number, self._sign("·"), self._element("msup", self._element("mn", "10"), power)
            )
        return self._element("mrow", self._sign("-"), number) if mantissa.startswith("-") else number


def _rank(term: Any) -> tuple[int, bool, bool]:
    """Where a term stands in an equation: derivatives come first, of these what is added, and bare ones before others."""
    found = next((i for i, kind in enumerate(OPERATORS) if term.has(kind)), len(OPERATORS))
    return found, term.could_extract_minus_sign(), not isinstance(term, OPERATORS)


def _serialised(node: Any) -> str:
    """Markup of a tree of elements. SymPy's own writer would pass names through unescaped."""
    if node.nodeType == node.TEXT_NODE:
        # What SymPy writes are references such as &pi;; what a user calls a symbol may be anything.
        text = html.unescape(node.data).replace("\u2061", "")
        return html.escape("−" if text == "-" else text)
    if node.tagName not in ELEMENTS:
        raise ValueError(f"SymPy made an element {node.tagName!r}, which is no part of MathML Core.")
    attributes = "".join(f' {name}="{html.escape(value)}"' for name, value in sorted(node.attributes.items()))
    inside = "".join(map(_serialised, node.childNodes))
    if inside == INVISIBLE_TIMES:
        attributes = ' lspace="0" rspace="0.12em"'
    return f"<{node.tagName}{attributes}>{inside}</{node.tagName}>"
