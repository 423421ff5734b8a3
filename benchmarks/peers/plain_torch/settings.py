"""Networks, optimisers and numbers of points: as documented in the papers, and what works best for a small network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from benchmarks.peers.plain_torch import problems
from benchmarks.peers.plain_torch.problems import Problem
from benchmarks.peers.plain_torch.training import Plan


@dataclass(frozen=True)
class Setup:
    """A declaration, and what is trained on it.

    Attributes:
        declare: gives the problem.
        widths: of the hidden layers.
        activation: between them.
        plan: of the training.
        dtype: of everything.
    """

    declare: Callable[..., Problem]
    widths: list[int]
    activation: str
    plan: Plan
    dtype: torch.dtype = torch.float32


def documented(problem: str) -> Setup:
    """Network and points of the paper that a problem comes from, Adam at 1e-3, then L-BFGS for a third of the time."""

    def plan(counts: list[int], lbfgs_counts: list[int], last: float = 1e-3) -> Plan:
        return Plan(2 / 3, (1e-3, last), counts, lbfgs_counts, linear=True)

    return {
        "hjb": Setup(problems.hjb, [512] * 2, "sine", plan([100], [1000])),
        "hjb-lq": Setup(problems.hjb_lq, [256] * 4, "tanh", plan([100], [1000])),
        "poisson": Setup(problems.poisson, [100] * 5, "tanh", plan([8192, 2048], [8192, 2048])),
        "heat-nd": Setup(problems.heat_nd, [100] * 5, "tanh", plan([8192, 2048, 2048], [8192, 2048, 2048])),
        "poisson-2d": Setup(problems.poisson_2d, [50] * 4, "tanh", plan([2000, 400], [2000, 400])),
        "heat-high": Setup(problems.heat_high, [256] * 4, "tanh", plan([100], [500])),
        "two-body-poisson": Setup(problems.two_body_poisson, [128] * 4, "tanh", plan([100], [500], last=0.0)),
    }[problem]


def small(problem: str) -> Setup:
    """Two hidden layers of 32 in float64, Adam for a tenth of the time, then L-BFGS on sets that grow."""

    def setup(declare: Callable[..., Any], counts: list[int], lbfgs_counts: list[int], patience: int = 500) -> Setup:
        plan = Plan(0.1, (1e-2, 1e-3), counts, lbfgs_counts, growths=3, patience=patience)
        return Setup(declare, [32] * 2, "sine", plan, torch.float64)

    return {
        # L-BFGS stalls at 2e-4 after a few seconds of Adam, at 8e-4 after thirty.
        "hjb": Setup(problems.hjb, [32] * 2, "sine", Plan(1 / 30, (1e-2, 1e-3), [100], [1000]), torch.float64),
        "hjb-lq": setup(partial(problems.hjb_lq, feature=True), [100], [500], patience=200),
        "poisson": setup(problems.poisson, [500, 250], [500, 250]),
        "heat-nd": setup(problems.heat_nd_hard, [500, 250], [500, 250]),
        "poisson-2d": setup(problems.poisson_2d_hard, [500], [500]),
        "heat-high": setup(problems.heat_high, [100], [500], patience=200),
        "two-body-poisson": setup(problems.two_body_poisson, [100], [500], patience=200),
    }[problem]
