"""The independent variables of a problem."""

from __future__ import annotations

import sympy as sp

from pinnzo.errors import SettingError


def coordinates(name: str, count: int) -> tuple[sp.Symbol, ...]:
    """Make real symbols ``name1`` … ``nameN``.

    Args:
        name: the common stem, for example ``"x"``.
        count: how many, at least 1.

    Returns:
        A tuple of ``count`` real SymPy symbols.

    Raises:
        SettingError: ``count`` is not a positive integer, or ``name`` is not one stem.

    Example:
        >>> coordinates("x", 3)
        (x1, x2, x3)
    """
    if not isinstance(name, str) or not name.strip() or set(name) & set(",: "):
        raise SettingError(f"name is {name!r}: give the coordinates one stem such as 'x'.")
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise SettingError(f"count is {count!r}: give the number of coordinates as an integer of at least 1.")
    return tuple(sp.Symbol(f"{name}{i}", real=True) for i in range(1, count + 1))
