"""Training by PINA's trainer: a callback draws the points, looks at the clock and steers the optimiser."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Mapping
from typing import Any

import lightning
import numpy as np
import torch
from pina import LabelTensor, Trainer
from pina.optim import TorchOptimizer
from pina.solver import PINN
from pina.weighting import ScalarWeighting
from torch import Tensor, nn

from benchmarks.meter import Meter
from benchmarks.peers.pina.declarations import Declared
from benchmarks.peers.plain_torch.training import Plan


class Model(nn.Module):
    """The ansatz around a network.

    Args:
        declared: whose ansatz.
        network: (N, inputs) to (N, 1).
    """

    def __init__(self, declared: Declared, network: nn.Module) -> None:
        super().__init__()
        self.network, self.declared = network, declared

    def forward(self, points: LabelTensor) -> Tensor:
        """The solution at labelled points, (N, 1)."""
        inputs = points.tensor
        if self.declared.feature is not None:
            inputs = torch.cat([inputs, self.declared.feature(points)], 1)
        return self.declared.ansatz(points, self.network(inputs))

    def predict(self, points: np.ndarray) -> np.ndarray:
        """The same for NumPy arrays, (N,)."""
        labelled = LabelTensor(torch.as_tensor(points).to(torch.get_default_dtype()), self.variables)
        with torch.no_grad():
            return self(labelled).squeeze(1).numpy()

    @property
    def variables(self) -> list[str]:
        """The names of the inputs, time last."""
        return self.declared.problem.input_variables


class OutOfTimeError(Exception):
    """Raised in the middle of a line search."""


class _Steering(lightning.pytorch.Callback):
    """Draws points and stops in time.

    Args:
        model: what is trained.
        plan: rates, shares and numbers of points.
        meter: the clock.
        until: the seconds at which this part of the training ends.
    """

    def __init__(self, model: Model, plan: Plan, meter: Meter, until: float) -> None:
        self.model, self.plan, self.meter, self.until = model, plan, meter, until
        self.finite = True

    def draw(self, batch: Any, counts: Mapping[str, int]) -> None:
        """Put fresh points in the place of a batch's."""
        domains = self.model.declared.problem.domains
        for name, data in batch:
            data["input"] = domains[name].sample(counts[name], "random")


class AdamSteering(_Steering):
    """Fresh points at every step and a rate that decays."""

    def on_train_batch_start(self, trainer: Any, solver: Any, batch: Any, batch_idx: int) -> None:
        first, last = self.plan.rates
        done = min(1.0, self.meter.elapsed / self.until)
        rate = first + done * (last - first) if self.plan.linear else first * (last / first) ** done
        trainer.optimizers[0].param_groups[0]["lr"] = rate
        self.draw(batch, named(self.model, self.plan.counts))

    def on_train_batch_end(self, trainer: Any, solver: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        self.finite = math.isfinite(outputs["loss"])
        over = self.meter.step(self.model.predict)
        trainer.should_stop = over or not self.finite or self.meter.elapsed >= self.until


class LBFGSSteering(_Steering):
    """A set of points that is drawn again, and larger, when the descent stalls."""

    sets = iterations = 0
    before = math.inf
    points: Mapping[str, LabelTensor] | None = None

    def on_train_batch_start(self, trainer: Any, solver: Any, batch: Any, batch_idx: int) -> None:
        if self.points is None:
            times = 2 ** min(self.sets, self.plan.growths)
            self.draw(batch, {name: times * n for name, n in named(self.model, self.plan.lbfgs_counts).items()})
            self.points = {name: data["input"] for name, data in batch}
            self.sets, self.iterations, self.before = self.sets + 1, 0, math.inf
            trainer.optimizers[0].state.clear()
            trainer.optimizers[0].param_groups[0]["max_iter"] = 1
            self.sound = self.start = _weights(self.model)
        for name, data in batch:
            data["input"] = self.points[name]
        self.start, self.began = _weights(self.model), self.meter.elapsed

    def on_after_backward(self, trainer: Any, solver: Any) -> None:
        if self.meter.elapsed > self.until:
            self.restore(self.start)
            self.meter.step(self.model.predict)
            raise OutOfTimeError

    def on_train_batch_end(self, trainer: Any, solver: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        group = trainer.optimizers[0].param_groups[0]
        # The value that a step returns is the one at its start.
        value = float(outputs["loss"])
        self.iterations += group["max_iter"]
        if not math.isfinite(value):
            self.restore(self.sound)
            self.points = None
        else:
            self.sound = self.start
        trainer.should_stop = self.meter.step(self.model.predict)
        stalled = value > self.before * (1 - self.plan.stall * group["max_iter"])
        if stalled or self.iterations >= self.plan.patience:
            self.points = None
        self.before = value
        if self.meter.elapsed - self.began < 0.2:
            group["max_iter"] = min(20, group["max_iter"] + 1)

    def restore(self, weights: Tensor) -> None:
        """Put weights into the network."""
        nn.utils.vector_to_parameters(weights, self.model.parameters())


def named(model: Model, counts: Any) -> dict[str, int]:
    """Numbers of points by the conditions' names."""
    return dict(zip(model.declared.problem.conditions, counts, strict=True))


def trainer(model: Model, steering: _Steering, optimiser: type[torch.optim.Optimizer], **options: Any) -> Trainer:
    """PINA's trainer, which prints and writes nothing.

    Args:
        model: what is trained.
        steering: the callback.
        optimiser: of torch.
        options: of the optimiser.
    """
    weights = dict(model.declared.weights)
    solver = PINN(
        model.declared.problem,
        model,
        optimizer=TorchOptimizer(optimiser, **options),
        weighting=ScalarWeighting(weights) if weights else None,
    )
    return Trainer(
        solver,
        accelerator="cpu",
        devices=1,
        max_epochs=-1,
        callbacks=[steering],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )


def train(make: Callable[[], Trainer]) -> None:
    """Train until the steering stops it."""
    with contextlib.suppress(OutOfTimeError):
        make().train()


def _weights(model: Model) -> Tensor:
    return nn.utils.parameters_to_vector(model.parameters()).detach().clone()
