"""Checks of fields that settings of several packages share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch

from pinnzo.errors import SettingError


def check_flags(owner: str, **values: Any) -> None:
    """Refuse a setting that is neither True nor False.

    Raises:
        SettingError: naming the setting and the value got.
    """
    for name, value in values.items():
        if not isinstance(value, (bool, np.bool_)):
            raise SettingError(f"{owner}: {name} must be True or False, got {value!r}.")


def entries_of(value: Any) -> tuple[Any, ...] | None:
    """The entries of a list, an array or the like; None for a single thing, an array without axes included."""
    if not isinstance(value, Iterable) or (isinstance(value, (np.ndarray, torch.Tensor)) and value.ndim == 0):
        return None
    return tuple(value)


def as_tuple(owner: str, name: str, value: Any) -> tuple[Any, ...]:
    """The entries of a list, a tuple or the like.

    Raises:
        SettingError: it is none.

    Example:
        >>> as_tuple("LevenbergMarquardt", "trials", [0.1, 1.0])
        (0.1, 1.0)
    """
    entries = None if isinstance(value, (str, bytes)) else entries_of(value)
    if entries is not None:
        return entries
    raise SettingError(f"{owner}: {name} must be a list or a tuple, got {value!r}.")


def check_within(owner: str, low: float, high: float, **values: Any) -> None:
    """Refuse a setting that is no number in [low, high).

    Raises:
        SettingError: naming the setting and the value got.
    """
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, (int, float, np.number)) or not low <= value < high:
            raise SettingError(f"{owner}: {name} must lie in [{low:g}, {high:g}), got {value!r}.")
