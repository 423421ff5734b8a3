"""Networks, optimisers and numbers of points for PINA."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import nn

from benchmarks.peers.pina import declarations
from benchmarks.peers.pina.declarations import Declared
from benchmarks.peers.plain_torch.training import Plan


class Sine(nn.Module):
    """The activation sin x."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Of any shape."""
        return x.sin()


@dataclass(frozen=True)
class Setup:
    """A declaration, and what is trained on it.

    Attributes:
        declare: gives the problem.
        widths: of the hidden layers.
        activation: between them.
        plan: of the training.
        dtype: of everything.
        decay: of the weights, in Adam.
    """

    declare: Callable[..., Declared]
    widths: list[int]
    activation: type[nn.Module]
    plan: Plan
    dtype: torch.dtype = torch.float32
    decay: float = 0.0


def documented(problem: str) -> Setup:
    """Adam with the network and points of the paper a problem comes from; for poisson-2d, those of PINA's tutorial."""

    def plan(*counts: int, last: float = 1e-3) -> Plan:
        return Plan(1.0, (1e-3, last), counts, (), linear=True)

    heat = plan(8192, 2048, 2048)
    tutorial = Plan(1.0, (6e-3, 6e-3), (625, 100), (), linear=True)
    return {
        "hjb": Setup(declarations.hjb, [512] * 2, Sine, plan(100)),
        "hjb-lq": Setup(declarations.hjb_lq, [256] * 4, nn.Tanh, plan(100)),
        "poisson": Setup(declarations.poisson, [100] * 5, nn.Tanh, plan(8192, 2048)),
        "heat-nd": Setup(declarations.heat_nd, [100] * 5, nn.Tanh, heat),
        "poisson-2d": Setup(declarations.poisson_2d, [10] * 2, nn.Softplus, tutorial, decay=1e-8),
        "heat-high": Setup(declarations.heat_high, [256] * 4, nn.Tanh, plan(100)),
        "two-body-poisson": Setup(declarations.two_body_poisson, [128] * 4, nn.Tanh, plan(100, last=0.0)),
    }[problem]


def small(problem: str) -> Setup:
    """Two hidden layers of 32 in float64, Adam for a tenth of the time, then L-BFGS on sets that grow."""

    def setup(
        declare: Callable[..., Declared], counts: list[int], lbfgs_counts: list[int], patience: int = 500
    ) -> Setup:
        plan = Plan(0.1, (1e-2, 1e-3), counts, lbfgs_counts, growths=3, patience=patience)
        return Setup(declare, [32] * 2, Sine, plan, torch.float64)

    return {
        # L-BFGS stalls at 2e-4 after a few seconds of Adam, at 8e-4 after thirty.
        "hjb": Setup(declarations.hjb, [32] * 2, Sine, Plan(1 / 30, (1e-2, 1e-3), [100], [1000]), torch.float64),
        "hjb-lq": setup(partial(declarations.hjb_lq, feature=True), [100], [500], patience=200),
        "poisson": setup(declarations.poisson, [500, 250], [500, 250]),
        "heat-nd": setup(declarations.heat_nd_hard, [500, 250], [500, 250]),
        "poisson-2d": setup(declarations.poisson_2d_hard, [500], [500]),
        "heat-high": setup(declarations.heat_high, [100], [500], patience=200),
        "two-body-poisson": setup(declarations.two_body_poisson, [100], [500], patience=200),
    }[problem]
