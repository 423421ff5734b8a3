"""Names of variables and functions as text with Greek letters and subscripts."""

from __future__ import annotations

from sympy.printing.pretty.pretty_symbology import greek_unicode

from pinnzo.report.nodes import NUMBERED

SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def shown_name(name: str) -> str:
    """A name as it is shown where there is no markup.

    Example:
        >>> shown_name("x12"), shown_name("theta_1"), shown_name("Delta")
        ('x₁₂', 'θ₁', 'Δ')
    """
    numbered = NUMBERED.match(name)
    stem, number = (numbered[1], numbered[2]) if numbered else (name, "")
    return (greek_unicode.get(stem) or stem) + number.translate(SUBSCRIPTS)
