"""How slices are drawn, and the scales that their panels share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import sympy as sp

from pinnzo.errors import SettingError
from pinnzo.plotting.labels import Units
from pinnzo.plotting.style import ERRORS, SIGNED, VALUES
from pinnzo.slices import Diagonal, Slice
from pinnzo.symbolic.problem import Problem

KINDS, ERROR_KINDS = ("image", "contour", "surface"), ("absolute", "signed")
RATIO = 4
"""Planes are drawn with equal scales on both axes up to this ratio of their sides."""


@dataclass(frozen=True)
class Look:
    """How slices are drawn.

    Attributes:
        kind: of planes: "image", "contour" or "surface".
        error: "absolute" or "signed".
        units: of variables and unknown functions.
        time: the variable that is no length.
        named: whether every panel says which unknown function it shows.

    Raises:
        SettingError: an unknown kind of planes or of errors.
    """

    kind: str = "image"
    error: str = "absolute"
    units: Units = field(default_factory=Units)
    time: sp.Symbol | None = None
    named: bool = False

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise SettingError(f"kind is {self.kind!r}: choose one of {', '.join(KINDS)}.")
        if self.error not in ERROR_KINDS:
            raise SettingError(f"error is {self.error!r}: choose one of {', '.join(ERROR_KINDS)}.")

    @classmethod
    def of(cls, problem: Problem, kind: str, error: str, units: Mapping[Any, Any] | None) -> Look:
        """The look of the slices of a problem."""
        return cls(kind, error, Units.of(problem, units), problem.time, len(problem.functions) > 1)

    @property
    def error_label(self) -> str:
        """What the error is called."""
        return "|error|" if self.error == "absolute" else "error"

    def errors(self, slice_: Slice) -> np.ndarray | None:
        """The error of a slice as it is drawn."""
        error = slice_.error
        return np.abs(error) if error is not None and self.error == "absolute" else error

    def aspect(self, slice_: Slice) -> float | None:
        """Height over width of a plane whose axes are lengths that can be compared, else None."""
        if self.kind == "surface" or any(isinstance(axis, Diagonal) or axis == self.time for axis in slice_.axes):
            return None
        width, height = (float(s[-1] - s[0]) for s in slice_.coordinates)
        return height / width if 1 / RATIO <= height / width <= RATIO else None


@dataclass(frozen=True)
class Scale:
    """What one colour map or axis shows.

    Attributes:
        low: the least value.
        high: the greatest value.
        colours: the name of the map.
    """

    low: float
    high: float
    colours: str

    @classmethod
    def of_values(cls, slices: Sequence[Slice]) -> Scale:
        """One scale for solutions and exact solutions."""
        low, high = _range([a for s in slices for a in (s.values, s.exact) if a is not None])
        return cls(low, high, VALUES)

    @classmethod
    def of_errors(cls, slices: Sequence[Slice], look: Look) -> Scale:
        """One scale for errors: from zero upwards, or as far below zero as above it."""
        low, high = _range([e for s in slices if (e := look.errors(s)) is not None])
        if look.error == "absolute":
            return cls(0.0, high or 1.0, ERRORS)
        most = max(abs(low), abs(high)) or 1.0
        return cls(-most, most, SIGNED)


def _range(arrays: Sequence[np.ndarray]) -> tuple[float, float]:
    """The least and the greatest finite value; an exact solution may not be defined on all of a plane."""
    finite = np.concatenate([a[np.isfinite(a)] for a in arrays]) if arrays else np.empty(0)
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
