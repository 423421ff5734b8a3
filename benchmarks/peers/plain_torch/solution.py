"""The solution that a network stands for, with its derivatives by nested reverse mode or by forward propagation."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Generator, Tensor

from benchmarks.peers.plain_torch.jets import Coordinates
from benchmarks.peers.plain_torch.networks import Perceptron
from benchmarks.peers.plain_torch.problems import Field, Problem

Differentiate = Callable[[Problem, Perceptron, Tensor, int], Field]


def value(problem: Problem, network: Perceptron, points: Tensor) -> Tensor:
    """The solution at points (N, D), as (N,)."""
    at = Coordinates(points, problem.space, jets=False)
    inputs = points
    if problem.feature is not None:
        inputs = torch.cat([points, problem.feature(at)[:, None]], 1)
    return problem.ansatz(at, network(inputs))


def nested_reverse(problem: Problem, network: Perceptron, points: Tensor, order: int) -> Field:
    """By reverse mode, and reverse mode again for each dimension."""
    points = points.detach().requires_grad_()
    u = value(problem, network, points)
    if order == 0:
        return Field(u, points[:, :0], points[:, 0], u)
    (slope,) = torch.autograd.grad(u.sum(), points, create_graph=True)
    laplacian = torch.zeros_like(u)
    if order == 2:
        for i in range(problem.space):
            (second,) = torch.autograd.grad(slope[:, i].sum(), points, create_graph=True)
            laplacian = laplacian + second[:, i]
    return Field(u, slope[:, : problem.space], slope[:, -1], laplacian)


def forward_laplacian(problem: Problem, network: Perceptron, points: Tensor, order: int) -> Field:
    """By one pass that propagates value, gradient and Laplacian."""
    if order == 0:
        u = value(problem, network, points)
        return Field(u, points[:, :0], points[:, 0], u)
    at = Coordinates(points, problem.space, jets=True)
    feature = None if problem.feature is None else problem.feature(at)
    u = problem.ansatz(at, network.jet(points, problem.space, feature))
    return Field(u.value, u.gradient[:, : problem.space], u.gradient[:, -1], u.laplacian)


def draw(problem: Problem, counts: Sequence[int], generator: Generator, dtype: torch.dtype) -> list[Tensor]:
    """Points of the interior and of every condition.

    Args:
        problem: whose points.
        counts: how many of each.
        generator: of random numbers.
        dtype: of the points.
    """
    draws = [problem.draw, *(condition.draw for condition in problem.conditions)]
    return [draw(count, generator).to(dtype) for draw, count in zip(draws, counts, strict=True)]


def loss(problem: Problem, network: Perceptron, differentiate: Differentiate, batch: Sequence[Tensor]) -> Tensor:
    """The mean square of the equation's residual, and the weighted ones of the conditions'."""
    interior, *rest = batch
    space = problem.space
    u = differentiate(problem, network, interior, 2)
    total = problem.equation(interior[:, :space], interior[:, -1], u).square().mean()
    for points, condition in zip(rest, problem.conditions, strict=True):
        u = differentiate(problem, network, points, condition.order)
        residual = condition.residual(points[:, :space], points[:, -1], u)
        total = total + condition.weight * residual.square().mean()
    return total


def predictor(problem: Problem, network: Perceptron, dtype: torch.dtype) -> Callable[[np.ndarray], np.ndarray]:
    """The solution as a function of NumPy arrays."""

    def predict(points: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return value(problem, network, torch.as_tensor(points, dtype=dtype)).numpy()

    return predict
