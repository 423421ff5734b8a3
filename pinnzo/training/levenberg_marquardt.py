"""Forward-only Levenberg–Marquardt: Gauss–Newton steps from coordinate perturbations of the residual vector."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch

from .base import Objective, Trainer, TrainerState


@dataclass(frozen=True)
class LevenbergMarquardt(Trainer):
    damping: float = 1e-3
    momentum: float = 0.5
    step_size: float | None = None
    factors: tuple[float, ...] = (0.01, 0.1, 1.0, 10.0)

    def init(self, theta: torch.Tensor, seed: int) -> TrainerState:
        generator = torch.Generator().manual_seed(seed)
        memory = {"damping": self.damping, "velocity": torch.zeros_like(theta), "rejected": 0}
        return TrainerState(theta.clone(), 0, generator.get_state(), memory=memory)

    def step(self, objective: Objective, state: TrainerState) -> TrainerState:
        theta, memory = state.theta, state.memory
        mu = self.step_size or torch.finfo(theta.dtype).eps ** (1 / 3)
        d = theta.numel()
        r = objective.residuals(theta[None])[0]
        J = torch.empty(r.numel(), d, dtype=theta.dtype)
        for ks in torch.arange(d).split(256):
            T = theta.repeat(len(ks), 1)
            T[torch.arange(len(ks)), ks] += mu
            J[:, ks] = ((objective.residuals(T) - r) / mu).T
        loss = float(r @ r)
        lam, v = memory["damping"], self.momentum * memory["velocity"]
        target = -(r + J @ v)
        if J.shape[0] <= d:
            w, Q = torch.linalg.eigh(J @ J.T)
            c = Q.T @ target
            steps = [J.T @ (Q @ (c / (w.clamp_min(0) + lam * f))) for f in self.factors]
        else:
            w, Q = torch.linalg.eigh(J.T @ J)
            c = Q.T @ (J.T @ target)
            steps = [Q @ (c / (w.clamp_min(0) + lam * f)) for f in self.factors]
        S = torch.stack([s + v for s in steps])
        losses = objective.losses(theta + S)
        best = int(losses.nan_to_num(math.inf, math.inf, math.inf).argmin())
        if float(losses[best]) < loss:
            memory = {**memory, "damping": max(lam * self.factors[best], 1e-14), "velocity": S[best]}
            return replace(state, theta=theta + S[best], step=state.step + 1, loss=loss, memory=memory)
        memory = {**memory, "damping": lam * 100, "velocity": torch.zeros_like(v), "rejected": memory["rejected"] + 1}
        return replace(state, step=state.step + 1, loss=loss, memory=memory)
