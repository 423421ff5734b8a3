"""Further inputs of a network: functions of the coordinates that the first layer sees beside them."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sympy as sp
import torch

from pinnzo.errors import SettingError

Range = tuple[float, float]
Period = tuple[int, float, float]
"""A coordinate and its period: (axis, low, high)."""


@dataclass(frozen=True, eq=False)
class Features:
    """Compiled features; what compiles them is ``pinnzo.features``.

    Attributes:
        function: maps points (N, D) to the scaled features there, (N, F).
        count: their number F.
        replaced: the coordinates that the first layer does not see because features stand in their place.
    """

    function: Callable[[torch.Tensor], torch.Tensor]
    count: int
    replaced: tuple[int, ...] = ()


def checked_periods(periods: Any) -> tuple[Period, ...] | None:
    """Periods as settings take them, as a tuple of (axis, low, high); None stays None.

    Raises:
        SettingError: one of them is something else, or an axis occurs twice.
    """
    if periods is None:
        return None
    try:
        found = tuple((operator.index(axis), float(low), float(high)) for axis, low, high in periods)
    except (TypeError, ValueError):
        found = None
    if found is None or any(a < 0 or not low < high or not math.isfinite(high - low) for a, low, high in found):
        raise SettingError(
            f"periodic={periods!r} must hold an (axis, low, high) with axis ≥ 0 and low < high for each coordinate "
            "along which the network is periodic."
        )
    if len({axis for axis, _, _ in found}) < len(found):
        raise SettingError(f"periodic={periods!r} names a coordinate twice: give each one period.")
    return found


def with_periods(periods: Sequence[Period], features: Features | None, inputs: int) -> Features | None:
    """The features of a network that sees cos and sin of 2π(x − low)/(high − low) in place of some coordinates x.

    Args:
        periods: (axis, low, high) of these coordinates.
        features: what the network sees besides.
        inputs: the number of coordinates.

    Raises:
        SettingError: an axis is beyond the coordinates.
    """
    if not periods:
        return features
    axes = [axis for axis, _, _ in periods]
    if max(axes) >= inputs:
        raise SettingError(f"periodic names axis {max(axes)}, but the axes are 0 … {inputs - 1}.")
    low = torch.tensor([low for _, low, _ in periods], dtype=torch.float64)
    slope = torch.tensor([2 * math.pi / (high - low) for _, low, high in periods], dtype=torch.float64)

    def function(x: torch.Tensor) -> torch.Tensor:
        angles = (x[:, axes] - low.to(x)) * slope.to(x)
        parts = [angles.cos(), angles.sin()]
        return torch.cat(parts if features is None else [*parts, features.function(x)], dim=1)

    others = 0 if features is None else features.count
    return Features(function, 2 * len(axes) + others, tuple(axes))


def checked_features(features: Any) -> tuple[sp.Expr, ...]:
    """Features as settings take them, as a tuple of SymPy expressions.

    Raises:
        SettingError: they are no list of SymPy expressions.
    """
    if isinstance(features, (str, sp.Basic)) or not isinstance(features, Sequence):
        raise SettingError(f"features={features!r} must be a list of SymPy expressions, such as [x1**2 + x2**2].")
    expressions = []
    for i, feature in enumerate(features):
        # Text is refused: SymPy would run it as Python code.
        if not isinstance(feature, sp.Expr) or getattr(feature, "is_Matrix", False):
            raise SettingError(f"features[{i}]={feature!r} must be a scalar SymPy expression of the variables.")
        expressions.append(feature)
    return tuple(expressions)


def checked_ranges(ranges: Any, count: int) -> tuple[Range, ...] | None:
    """Ranges of ``count`` features as pairs of floats, or None for ranges that are to be measured.

    Raises:
        SettingError: there is another number of them, or one is not a pair of growing finite numbers.
    """
    if ranges is None:
        return None
    try:
        pairs = tuple((float(low), float(high)) for low, high in ranges)
    except (TypeError, ValueError):
        pairs = ()
    if len(pairs) != count or not all(math.isfinite(high - low) and low < high for low, high in pairs):
        raise SettingError(
            f"feature_ranges={ranges!r} must hold a pair (low, high) with low < high for each of the {count} features: "
            "correct it, or leave it out."
        )
    return pairs


def agreed_features(declared: Sequence[sp.Expr], compiled: Features | None) -> Features | None:
    """The compiled features of a network that is being built.

    Raises:
        SettingError: the settings have features, but no compiled ones are given, or another number of them.
    """
    count = compiled.count if compiled is not None else 0
    if count != len(declared):
        raise SettingError(
            f"the network is set to {len(declared)} features, but {count} compiled ones were given: let solve build "
            "it, or compile them for the problem by pinnzo.features.compile_features."
        )
    return compiled
