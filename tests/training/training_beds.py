"""Two small objectives with known answers, which count what they are asked."""

from __future__ import annotations

import json

import torch

from pinnzo.training import Objective, Trainer, TrainerState


class Quadratic(Objective):
    """L(θ) = c + gᵀθ + ½ θᵀHθ, so that the gradient at 0 is g and the Hessian is H."""

    def __init__(self, g: torch.Tensor, H: torch.Tensor, constant: float = 0.0) -> None:
        self.g, self.H, self.constant = g, H, constant
        self.parameter_count = len(g)
        self.evaluations = 0
        self.queries: list[int] = []

    def losses(self, theta: torch.Tensor) -> torch.Tensor:
        self.queries.append(len(theta))
        self.evaluations += len(theta)
        return self.constant + theta @ self.g + 0.5 * ((theta @ self.H) * theta).sum(1)

    def draw(self, generator: torch.Generator, scale: float = 1.0) -> None:
        pass

    def gradient(self, theta: torch.Tensor) -> torch.Tensor:
        return self.g + self.H @ theta


class Regression(Objective):
    """A 1-8-1 sine network fitted to exp(-x²) on fresh points, d = 25; the loss is the mean square."""

    def __init__(self, points: int = 32) -> None:
        self.parameter_count = 25
        self.evaluations = 0
        self.points = points
        self.x = torch.linspace(-1, 1, points, dtype=torch.float64)
        self.poison = 0  # so many rows of the next query answer NaN

    def values(self, theta: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        w, b, v, c = theta.split([8, 8, 8, 1], dim=1)
        return (torch.sin(x[None, :, None] * w[:, None] + b[:, None]) * v[:, None]).sum(-1) + c

    def residuals(self, theta: torch.Tensor) -> torch.Tensor:
        self.evaluations += len(theta) * self.points
        return (self.values(theta, self.x) - torch.exp(-(self.x**2))) / self.points**0.5

    def losses(self, theta: torch.Tensor) -> torch.Tensor:
        losses = (self.residuals(theta) ** 2).sum(1)
        if self.poison:
            losses = losses.clone()
            losses[: self.poison] = float("nan")
            self.poison = 0
        return losses

    def draw(self, generator: torch.Generator, scale: float = 1.0) -> None:
        self.x = torch.rand(self.points, generator=generator, dtype=torch.float64) * 2 - 1

    @staticmethod
    def start() -> torch.Tensor:
        return torch.randn(25, generator=torch.Generator().manual_seed(3), dtype=torch.float64)


def run(trainer: Trainer, objective: Objective, state: TrainerState, steps: int, seed: int = 0) -> list[TrainerState]:
    """The states after each of ``steps`` steps, with points drawn from a seed and the step's number."""
    states = []
    for _ in range(steps):
        objective.draw(torch.Generator().manual_seed(1000 * seed + state.step))
        state = trainer.step(objective, state)
        states.append(state)
    return states


def stored(state: TrainerState) -> TrainerState:
    """A state that has been through JSON, so that it can hold nothing but tensors and plain values."""

    def pack(value):
        if isinstance(value, torch.Tensor):
            return {"dtype": str(value.dtype).removeprefix("torch."), "tensor": value.tolist()}
        return {name: pack(entry) for name, entry in value.items()} if isinstance(value, dict) else value

    def unpack(value):
        if isinstance(value, dict) and "tensor" in value:
            return torch.tensor(value["tensor"], dtype=getattr(torch, value["dtype"]))
        return {name: unpack(entry) for name, entry in value.items()} if isinstance(value, dict) else value

    packed = {"theta": state.theta, "generator": state.generator, "memory": state.memory}
    tensors = unpack(json.loads(json.dumps(pack(packed))))
    return TrainerState(tensors["theta"], state.step, tensors["generator"], state.loss, tensors["memory"])


def snapshot(value):
    """A deep copy of a state's contents, to prove later that a step has not changed it."""
    if isinstance(value, torch.Tensor):
        return value.tolist()
    if isinstance(value, TrainerState):
        return {name: snapshot(entry) for name, entry in vars(value).items()}
    if isinstance(value, dict):
        return {name: snapshot(entry) for name, entry in value.items()}
    return repr(value)
