"""Steps that balance truncation against rounding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np
import torch

from pinnzo.errors import SettingError
from pinnzo.multiindex import LinearOperator

Step: TypeAlias = "float | tuple[float, ...] | Literal['auto']"
"""One step for all variables, one for each, or the balanced ones."""

Scale: TypeAlias = Sequence["tuple[float, float]"]
"""For each variable the ends of its usual range."""

LEAST, LARGEST = 1e-60, 1e60
"""Of a step: powers of others leave the range of numbers."""


def balanced_steps(
    rows: Sequence[LinearOperator], scale: Scale, dtype: torch.dtype, accuracy: int = 2, noise: float = 0.0
) -> list[float]:
    """Steps that fit the derivatives, the domain and the dtype.

    An estimate of derivatives of order m has a truncation error of order h^p and rounding of order ε/h^m. They balance
    at h = ε^(1/(m + p)), of which twice the value is taken, times the extent of each variable. With noise η of the
    values h is at least η^(1/(m + p)) times the extent: rounding is mostly below ε, noise is what it is stated to be.

    Trainers take differences of residuals between nearby parameters. Coordinate sweeps leave the rounding of the
    stencil out of these; where each perturbed network is evaluated by itself, as with black boxes, ε/(h^m μ) stays in
    the difference quotient over μ = ε^(1/3): about 1e-3 of it in double and some per cent in single precision.

    Args:
        rows: the operators that the steps have to serve.
        scale: for each variable the ends of its usual range.
        dtype: whose rounding unit ε counts.
        accuracy: the order p of the truncation error.
        noise: the standard deviation of the noise of values of order one.

    Example:
        >>> balanced_steps([LinearOperator.laplacian(range(2))], [(0, 1), (0, 1)], torch.float64, noise=1e-4)
        [0.1, 0.1]
        >>> balanced_steps([LinearOperator.laplacian(range(2))], [(0, 1), (0, 100)], torch.float64)
        [0.00024..., 0.0244...]
    """
    order = highest_order(rows)
    power = 1.0 / (order + accuracy)
    step = max(2.0 * torch.finfo(dtype).eps ** power, noise**power)
    return [step * (high - low) for low, high in scale]


def highest_order(rows: Sequence[LinearOperator]) -> int:
    """The highest order of a derivative, at least 1."""
    return max(1, max((row.order for row in rows), default=1))


def residual_noise(rows: Sequence[LinearOperator], noise: float, accuracy: int = 2) -> float:
    """The noise that balanced steps leave in residuals: η/(2h)^m = 2^(−m) η^(p/(m + p)) for noise η of the values.

    In units of the derivatives of a function such as sin 2x, for variables of the extent 1.

    Example:
        >>> residual_noise([LinearOperator.laplacian(range(2))], 1e-4)
        0.0025
    """
    order = highest_order(rows)
    return noise ** (accuracy / (order + accuracy)) / 2**order


def scale_of(points: torch.Tensor) -> list[tuple[float, float]]:
    """The ranges that points (N, D) cover; a coordinate that they share has an extent of its own size, at least 1.

    Example:
        >>> scale_of(torch.tensor([[0.0, 5.0], [2.0, 5.0]]))
        [(0.0, 2.0), (5.0, 10.0)]
    """
    if len(points) == 0:
        return [(0.0, 1.0)] * points.shape[1]
    low, high = points.min(0).values.tolist(), points.max(0).values.tolist()
    return [(a, b) if b > a else (a, a + max(1.0, abs(a))) for a, b in zip(low, high, strict=True)]


def check_step(name: str, value: Step) -> None:
    """Check a step that is "auto", a positive number, or a tuple with one for each variable.

    Raises:
        SettingError: it is none of these.
    """
    if isinstance(value, str) and value == "auto":
        return
    entries = value if isinstance(value, tuple) else (value,)
    for entry in entries:
        number = isinstance(entry, (int, float, np.integer, np.floating)) and not isinstance(entry, bool)
        # Whole numbers of Python have no end; those of NumPy must not be compared with what is beyond their type.
        if not number or not LEAST <= (entry if isinstance(entry, int) else float(entry)) <= LARGEST:
            raise SettingError(
                f"{name} is {value!r}, but has to be a positive number from {LEAST:g} to {LARGEST:g}, a tuple of those "
                f'with one for each variable, or "auto": use {name}=0.1, say.'
            )
    if not entries:
        raise SettingError(f"{name} is an empty tuple: give a positive number, or one for each variable.")


def per_variable(name: str, value: Step, dimension: int) -> np.ndarray:
    """Bring a step into the form of one number for each variable, (D,).

    Raises:
        SettingError: a tuple has another length than D, or the step was left to be chosen.
    """
    if isinstance(value, str):
        raise SettingError(
            f'{name} is "auto", which needs the domain and the dtype: call fitted(rows, scale, dtype) first, or give '
            "a number."
        )
    if isinstance(value, tuple) and len(value) != dimension:
        raise SettingError(
            f"{name} has {len(value)} entries, but there are {dimension} variables: give one for each, or a "
            "single number for all."
        )
    return np.broadcast_to(np.asarray(value, dtype=np.float64), (dimension,))
