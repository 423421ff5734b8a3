"""Checks of fields that settings of several packages share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from pinnzo.errors import SettingError


def check_flags(owner: str, **values: Any) -> None:
    """Refuse a setting that is neither True nor False.

    Raises:
        SettingError: naming the setting and the value got.
    """
    for name, value in values.items():
        if not isinstance(value, (bool, np.bool_)):
            raise SettingError(f"{owner}: {name} must be True or False, got {value!r}.")


def as_tuple(owner: str, name: str, value: Any) -> tuple[Any, ...]:
    """The entries of a list, a tuple or the like.

    Raises:
        SettingError: it is none.

    Example:
        >>> as_tuple("LevenbergMarquardt", "trials", [0.1, 1.0])
        (0.1, 1.0)
    """
    try:
        if isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
            return tuple(value)
    except TypeError:  # an array without axes
        pass
    raise SettingError(f"{owner}: {name} must be a list or a tuple, got {value!r}.")


def check_within(owner: str, low: float, high: float, **values: Any) -> None:
    """Refuse a setting that is no number in [low, high).

    Raises:
        SettingError: naming the setting and the value got.
    """
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, (int, float, np.number)) or not low <= value < high:
            raise SettingError(f"{owner}: {name} must lie in [{low:g}, {high:g}), got {value!r}.")
