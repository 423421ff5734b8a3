"""Periodic equations u_t = Lu + N(u) by a Fourier method with exponential time differencing (ETDRK4)."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.interpolate import make_interp_spline

CONTOUR = 32
"""Points on the circle over which the coefficients are averaged, where their formulas would cancel."""

Values = NDArray[np.floating[Any]]
Modes = NDArray[np.complex128]
Reference = Callable[[torch.Tensor], torch.Tensor]


def etdrk4(
    linear: Values, nonlinear: Callable[[Modes], Modes], initial: Values, end: float, steps: int, kept: int
) -> Modes:
    """Integrate the Fourier modes of u_t = Lu + N(u).

    Args:
        linear: the symbol of L at the modes of ``rfft``.
        nonlinear: takes the modes of u to those of N(u).
        initial: u on an equidistant grid at time 0.
        end: the last time.
        steps: time steps.
        kept: into how many equal intervals the kept times divide the whole; a divisor of ``steps``.

    Returns:
        (kept + 1, modes)

    References:
        Cox & Matthews 2002; Kassam & Trefethen 2005.
    """
    h = end / steps
    whole, half = np.exp(h * linear), np.exp(h * linear / 2)
    roots = np.exp(1j * np.pi * (np.arange(1, CONTOUR + 1) - 0.5) / CONTOUR)
    z = h * linear[:, None] + roots

    def mean(values: NDArray[Any]) -> Values:
        return h * values.mean(axis=1).real

    q = mean((np.exp(z / 2) - 1) / z)
    first = mean((-4 - z + np.exp(z) * (4 - 3 * z + z**2)) / z**3)
    middle = mean((2 + z + np.exp(z) * (z - 2)) / z**3)
    last = mean((-4 - 3 * z - z**2 + np.exp(z) * (4 - z)) / z**3)
    v = np.fft.rfft(initial)
    found = [v]
    for step in range(1, steps + 1):
        at_v = nonlinear(v)
        a = half * v + q * at_v
        at_a = nonlinear(a)
        b = half * v + q * at_a
        at_b = nonlinear(b)
        c = half * a + q * (2 * at_b - at_v)
        v = whole * v + first * at_v + 2 * middle * (at_a + at_b) + last * nonlinear(c)
        if step % (steps // kept) == 0:
            found.append(v)
    return np.array(found)


def _interpolant(modes: Modes, low: float, length: float, end: float) -> Reference:
    """The function of points (x, t): the Fourier series in x of modes that are quintic splines in t."""
    count = 2 * (modes.shape[1] - 1)
    spline: Any = make_interp_spline(np.linspace(0, end, len(modes)), modes, k=5)
    # Each mode but the first and the last stands for its conjugate too.
    share = np.full(modes.shape[1], 2.0 / count)
    share[[0, -1]] = 1.0 / count
    orders = np.arange(modes.shape[1])

    def solution(points: torch.Tensor) -> torch.Tensor:
        x, t = points.double().cpu().numpy().T
        waves = np.exp(2j * np.pi * np.outer((x - low) / length, orders)) * share
        return torch.as_tensor((waves * spline(t)).sum(axis=1).real).to(points)

    return solution


def allen_cahn_layers(stiffness: float, points: int = 512, steps: int = 800) -> Reference:
    """The solution of u_t = 10⁻⁴ u_xx + s (u − u³) on [−1, 1], periodic, with u(x, 0) = x² cos(πx), up to t = 1.

    Args:
        stiffness: s.
        points: of the grid.
        steps: of time.

    Returns:
        A function of points (N, 2) with the columns x, t that returns (N,).
    """

    @lru_cache(maxsize=1)
    def series() -> Reference:
        x = -1 + 2 * np.arange(points) / points
        k = np.pi * np.arange(points // 2 + 1)
        modes = etdrk4(
            stiffness - 1e-4 * k**2,
            lambda v: -stiffness * np.fft.rfft(np.fft.irfft(v) ** 3),
            x**2 * np.cos(np.pi * x),
            1.0,
            steps,
            100,
        )
        return _interpolant(modes, -1.0, 2.0, 1.0)

    def solution(x: torch.Tensor) -> torch.Tensor:
        # Integrated when it is first asked for, not when the problem is declared.
        return series()(x)

    return solution


def kuramoto_sivashinsky_waves(end: float, points: int = 256, step: float = 0.05) -> Reference:
    """The solution of u_t + u u_x + u_xx + u_xxxx = 0 on [0, 32π], periodic, u(x, 0) = cos(x/16)(1 + sin(x/16)).

    Args:
        end: the last time.
        points: of the grid.
        step: of time, at most.

    Returns:
        A function of points (N, 2) with the columns x, t that returns (N,).
    """
    length = 32 * np.pi

    @lru_cache(maxsize=1)
    def series() -> Reference:
        x = length * np.arange(points) / points
        k = np.arange(points // 2 + 1) / 16
        slope = -0.5j * k
        slope[-1] = 0
        kept = max(8, int(np.ceil(2 * end)))
        steps = kept * max(1, int(np.ceil(end / step / kept)))
        modes = etdrk4(
            k**2 - k**4,
            lambda v: slope * np.fft.rfft(np.fft.irfft(v) ** 2),
            np.cos(x / 16) * (1 + np.sin(x / 16)),
            end,
            steps,
            kept,
        )
        return _interpolant(modes, 0.0, length, end)

    def solution(x: torch.Tensor) -> torch.Tensor:
        # Integrated when it is first asked for, not when the problem is declared.
        return series()(x)

    return solution
