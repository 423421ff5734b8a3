"""Checks and frozen forms of the settings that the trainers share."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from pinnzo.errors import SettingError

Options: TypeAlias = tuple[tuple[str, Any], ...]


def require_positive(owner: str, **values: float) -> None:
    """Refuse a setting that is not a positive, finite number.

    Raises:
        SettingError: naming the setting and the value got.
    """
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise SettingError(f"{owner}: {name} must be a number, got {value!r}.")
        if isinstance(value, int) and value >= 2**63:
            raise SettingError(f"{owner}: {name} is a whole number beyond 64 bits: give a smaller one.")
        if not (math.isfinite(value) and value > 0):
            raise SettingError(f"{owner}: {name} must be positive and finite, got {value}.")


def require_count(owner: str, **values: int) -> None:
    """Refuse a setting that is not a whole number of at least one.

    Raises:
        SettingError: naming the setting and the value got.
    """
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise SettingError(f"{owner}: {name} must be a whole number of at least 1, got {value!r}.")


def freeze_options(options: Mapping[str, Any] | Iterable[Iterable[Any]]) -> Options:
    """Keyword arguments as sorted pairs, which are hashable and survive JSON (as lists of pairs).

    >>> freeze_options({"momentum": 0.9, "betas": [0.9, 0.99]})
    (('betas', (0.9, 0.99)), ('momentum', 0.9))
    """
    pairs = options.items() if isinstance(options, Mapping) else options
    try:
        return tuple(sorted((str(name), _frozen(value)) for name, value in pairs))
    except (TypeError, ValueError) as error:
        raise SettingError(
            f"Options must be a mapping such as {{'momentum': 0.9}}, or pairs, got {options!r}."
        ) from error


def _frozen(value: Any) -> Any:
    return tuple(_frozen(entry) for entry in value) if isinstance(value, (list, tuple)) else value
