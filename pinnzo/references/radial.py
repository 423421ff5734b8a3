"""Radial solutions in any number of dimensions, from an equation in ‖x‖² and time alone."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import torch
from numpy.polynomial import chebyshev
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

END = 0.3
SPACE, TIME = 80, 24
"""Chebyshev nodes in ‖x‖² and in time."""

Array = NDArray[np.float64]


def radial_allen_cahn(dimension: int, space: int = SPACE, time: int = TIME) -> Callable[[torch.Tensor], torch.Tensor]:
    """The solution of u_t + Δu + u − u³ = 0 with u(x, 0.3) = 1/(2 + 0.4‖x‖²).

    With s = ‖x‖² and τ = 0.3 − t it is v(s, τ), v_τ = 4s v_ss + 2D v_s + v − v³, by Chebyshev collocation in s and an
    implicit Runge–Kutta method (Radau IIA) in τ. Far out, where v is flat, diffusion is negligible: v follows the
    characteristic s + 2Dτ, along which the reaction is solved exactly. That gives the values at the outer end.

    Args:
        dimension: D.
        space: Chebyshev nodes in s.
        time: Chebyshev nodes in τ.

    Returns:
        A function of points (N, D + 1), time last, that returns (N,).

    Example:
        >>> solution = radial_allen_cahn(100)
        >>> round(float(solution(torch.zeros(1, 101, dtype=torch.float64))), 6)
        0.052781
    """

    def solution(points: torch.Tensor) -> torch.Tensor:
        coefficients, outer = _solve(dimension, space, time)
        s = points[:, :-1].double().square().sum(1).cpu().numpy()
        tau = END - points[:, -1].double().cpu().numpy()
        # Σ_ij c_ij T_i(s) T_j(τ), in pieces of few numbers.
        inside = chebyshev.chebvander(np.minimum(2 * s / outer - 1, 1), space - 1)
        when = chebyshev.chebvander(2 * tau / END - 1, time - 1)
        values = np.einsum("ni,ni->n", inside @ coefficients, when)
        values = np.where(s <= outer, values, _far(s, tau, dimension))
        return torch.as_tensor(values).to(points)

    return solution


def _far(s: Array, tau: Array | float, dimension: int) -> Array:
    """The value at the end of the characteristic, carried back by v' = v − v³."""
    g = 1 / (2 + 0.4 * (s + 2 * dimension * tau))
    return g * np.exp(tau) / np.sqrt(1 + g**2 * np.expm1(2 * tau))


@lru_cache(maxsize=8)
def _solve(dimension: int, space: int, time: int) -> tuple[Array, float]:
    """Chebyshev coefficients (space, time) of v, and the outer end of s."""
    outer = 3.0 * dimension + 30.0
    unit = np.cos(np.pi * np.arange(space) / (space - 1))
    s = outer * (1 + unit) / 2
    slopes = _differentiation(unit) * (2 / outer)
    diffusion = (4 * s[:, None]) * (slopes @ slopes) + 2 * dimension * slopes
    inner = diffusion[1:]
    eye = np.eye(space - 1)

    def complete(tau: float, v: Array) -> Array:
        return np.concatenate([_far(s[:1], tau, dimension), v])

    def rate(tau: float, v: Array) -> Array:
        return inner @ complete(tau, v) + v - v**3

    def jacobian(_: float, v: Array) -> Array:
        return inner[:, 1:] + (1 - 3 * v**2)[:, None] * eye

    when = np.cos(np.pi * np.arange(time) / (time - 1))[::-1]
    taus = np.clip(END * (1 + when) / 2, 0, END)
    start = 1 / (2 + 0.4 * s[1:])
    run = solve_ivp(rate, (0, END), start, method="Radau", t_eval=taus, jac=jacobian, rtol=1e-9, atol=1e-11)
    values = np.stack([complete(tau, v) for tau, v in zip(taus, run.y.T, strict=True)], axis=1)
    in_space = np.linalg.solve(chebyshev.chebvander(unit, space - 1), values)
    return np.linalg.solve(chebyshev.chebvander(when, time - 1), in_space.T).T, outer


def _differentiation(nodes: Array) -> Array:
    """The matrix that takes values at Chebyshev nodes to those of the derivative (Trefethen 2000)."""
    n = len(nodes)
    c = np.where((np.arange(n) == 0) | (np.arange(n) == n - 1), 2.0, 1.0) * (-1.0) ** np.arange(n)
    gaps = nodes[:, None] - nodes[None, :] + np.eye(n)
    matrix = np.outer(c, 1 / c) / gaps
    return matrix - np.diag(matrix.sum(axis=1))
