"""SymPy's MathML printer, with derivatives, norms and sums as books have them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy as sp
from sympy.printing.mathml import MathMLPresentationPrinter
from sympy.printing.precedence import PRECEDENCE

from pinnzo.report.nodes import NUMBERED, Held, IndexedSum, Partial
from pinnzo.symbolic.nodes import Divergence, Gradient, GradientNormSquared, Laplacian

DIGITS = 6
"""Of decimal numbers."""

MOST_LISTED = 6
"""So many arguments of a function are written out, of more the first and the last."""

LEAST_RUN = 5
"""Of numbered symbols: a shorter run is never cut."""

OPERATORS = (Partial, Laplacian, Gradient, Divergence, GradientNormSquared)


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


class Printer(MathMLPresentationPrinter):
    """Prints what ``nodes.shortened`` makes of an expression, as a tree of elements."""

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

    def _upright(self, letter: str) -> Any:
        made = self._element("mi", letter)
        made.setAttribute("mathvariant", "normal")
        return made

    def _operand(self, expression: Any) -> Any:
        return self._print(expression) if isinstance(expression, sp.Symbol) else self._paren_comma_separated(expression)

    def _print_Add(self, expr: Any, order: Any = None) -> Any:
        terms = self._as_ordered_terms(expr, order=order)
        terms = sorted(terms, key=_rank if expr.has(*OPERATORS) else _is_negative)
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
        return self._element("mrow", self._element("munderover", self._sign("∑"), below, self._print(last)), inner)

    def _print_Laplacian(self, expr: Any) -> Any:
        return self._element("mrow", self._upright("Δ"), self._operand(expr.args[0]))

    def _print_Gradient(self, expr: Any) -> Any:
        return self._element("mrow", self._upright("∇"), self._operand(expr.args[0]))

    def _print_Divergence(self, expr: Any) -> Any:
        return self._element("mrow", self._upright("∇"), self._sign("·"), self._operand(expr.args[0]))

    def _print_GradientNormSquared(self, expr: Any) -> Any:
        norm = self._element("mrow", self._sign("‖"), self._upright("∇"), self._operand(expr.args[0]), self._sign("‖"))
        return self._element("msup", norm, self._element("mn", "2"))

    def _print_conjugate(self, expr: Any) -> Any:
        return self._element("mover", self._print(expr.args[0]), self._sign("¯"))

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
    """Where a term stands in an equation: derivatives come first, of these what is added, and bare ones."""
    found = next((i for i, kind in enumerate(OPERATORS) if term.has(kind)), len(OPERATORS))
    return found, _is_negative(term), not isinstance(term, OPERATORS)


def _is_negative(term: Any) -> bool:
    """Whether a term is subtracted; these come last, and all others keep the order of SymPy."""
    return term.could_extract_minus_sign()
