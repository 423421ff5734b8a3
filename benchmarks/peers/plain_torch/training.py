"""Adam on fresh points, then L-BFGS on a fixed set that is drawn again when the descent stalls."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.meter import Meter

Batch = Sequence[Tensor]
Predict = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Plan:
    """How a network is trained.

    Attributes:
        share: of the time that Adam gets.
        rates: Adam's first and last learning rate; ``linear`` decay between them, or else a geometric one.
        counts: points of the interior and of each condition at a step of Adam.
        lbfgs_counts: the same of the first set for L-BFGS.
        growths: how often, at most, a new set is twice as large as the one before.
        history: pairs that L-BFGS keeps.
        patience: L-BFGS draws a new set after as many iterations at the latest,
        stall: or when an iteration lowers the loss by less than this share.
    """

    share: float
    rates: tuple[float, float]
    counts: Sequence[int]
    lbfgs_counts: Sequence[int]
    growths: int = 0
    linear: bool = False
    history: int = 100
    patience: int = 1000
    stall: float = 1e-5


class _OutOfTimeError(Exception):
    """Raised in the middle of a line search."""


def adam(
    optimiser: torch.optim.Adam,
    loss: Callable[[Batch], Tensor],
    fresh: Callable[[], Batch],
    plan: Plan,
    meter: Meter,
    predict: Predict,
) -> bool:
    """Train for Adam's share of the time.

    Args:
        optimiser: built before the clock starts, since torch imports its compiler then.
        loss: of a batch of points.
        fresh: draws one.
        plan: rates and share.
        meter: the clock.
        predict: what the meter looks at.

    Returns:
        Whether the losses have been finite.
    """
    first, last = plan.rates
    end = plan.share * meter.seconds
    while (done := meter.elapsed / end) < 1:
        rate = first + done * (last - first) if plan.linear else first * (last / first) ** done
        optimiser.param_groups[0]["lr"] = rate
        optimiser.zero_grad()
        value = loss(fresh())
        value.backward()
        if not math.isfinite(value.item()):
            return False
        optimiser.step()
        meter.step(predict)
    return True


def lbfgs(
    network: nn.Module,
    loss: Callable[[Batch], Tensor],
    fresh: Callable[[int], Batch],
    plan: Plan,
    meter: Meter,
    predict: Predict,
) -> int:
    """Train until the time is over.

    The arguments are those of ``adam``, with the network for the optimiser; ``fresh`` is told how many times as large
    as the first one a set is to be.

    Returns:
        How many sets of points it has drawn.
    """
    sets, over = 0, False
    while not over and meter.elapsed < meter.seconds:
        batch, sets = fresh(2 ** min(sets, plan.growths)), sets + 1
        over = _descend(network, lambda: loss(batch), plan, meter, predict)  # noqa: B023
    return sets


def _descend(network: nn.Module, loss: Callable[[], Tensor], plan: Plan, meter: Meter, predict: Predict) -> bool:
    """Iterate on one set of points until it stalls; whether the time is over."""
    optimiser = torch.optim.LBFGS(
        network.parameters(),
        max_iter=1,
        max_eval=1000,  # or else as many as iterations
        history_size=plan.history,
        tolerance_grad=0,
        tolerance_change=0,
        line_search_fn="strong_wolfe",
    )
    group, parameters = optimiser.param_groups[0], list(network.parameters())

    def closure() -> Tensor:
        if meter.elapsed > meter.seconds:
            raise _OutOfTimeError
        optimiser.zero_grad()
        value = loss()
        value.backward()
        return value

    before, sound, iterations = math.inf, _weights(network), 0
    while iterations < plan.patience:
        began, start = meter.elapsed, _weights(network)
        try:
            value = optimiser.step(closure).item()
        except _OutOfTimeError:
            nn.utils.vector_to_parameters(start, parameters)
            meter.step(predict)
            return True
        # The value that a call returns is the one at its start.
        if not math.isfinite(value):
            nn.utils.vector_to_parameters(sound, parameters)
            return False
        sound, iterations = start, iterations + group["max_iter"]
        if meter.step(predict):
            return True
        if value > before * (1 - plan.stall * group["max_iter"]):
            return False
        before = value
        # A call evaluates its first point anew: several iterations a call, where they are quick.
        if meter.elapsed - began < 0.2:
            group["max_iter"] = min(20, group["max_iter"] + 1)
    return False


def _weights(network: nn.Module) -> Tensor:
    return nn.utils.parameters_to_vector(network.parameters()).detach().clone()
