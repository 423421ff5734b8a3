"""Numbers as people read them."""

from __future__ import annotations

import math
from typing import Any

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def readable(value: Any, digits: int = 2) -> str:
    """A number as text: whole numbers with separators, very small and large ones with a power of ten.

    Args:
        value: a number, or None for what is not known.
        digits: of the mantissa after the point.

    Example:
        >>> readable(1929), readable(1183.7), readable(8.1e-10, 1), readable(0.25), readable(None)
        ('1,929', '1,184', '8.1 × 10⁻¹⁰', '0.25', '–')
    """
    if value is None:
        return "–"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, int) and abs(value) < 10**7:
        return f"{value:,}".replace("-", "−")
    if not math.isfinite(value):
        return "not finite"
    if value and not 1e-2 <= abs(value) < 1e4:
        mantissa, exponent = f"{value:.{digits}e}".split("e")
        return f"{mantissa} × {power_of_ten(int(exponent))}".replace("-", "−")
    return (f"{value:,.0f}" if abs(value) >= 100 else f"{value:.{digits + 1}g}").replace("-", "−")


def power_of_ten(exponent: int) -> str:
    """10 with an exponent.

    Example:
        >>> power_of_ten(-12)
        '10⁻¹²'
    """
    return "10" + str(exponent).translate(SUPERSCRIPTS)
