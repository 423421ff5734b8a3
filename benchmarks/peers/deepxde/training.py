"""Training with DeepXDE until the time is over: Adam, then L-BFGS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import deepxde as dde
import numpy as np
import torch

from benchmarks.meter import Meter
from benchmarks.peers.deepxde.problems import Declaration
from benchmarks.peers.deepxde.settings import DECAYS, Points, Setting

NEVER = 10**9
MEMORY = 100  # corrections that L-BFGS keeps: DeepXDE's default
ITERATIONS = 20  # of L-BFGS between two looks at the clock, fewer where they are slow
SEARCH = 25  # evaluations for the line search of each: the bound of torch's own long calls


class OvertimeError(Exception):
    """The time is over in the middle of a step."""


class Training:
    """A model of DeepXDE, trained under a meter.

    Args:
        declaration: of the problem.
        setting: of network, optimisers and points.
        meter: whose time it has.
    """

    def __init__(self, declaration: Declaration, setting: Setting, meter: Meter) -> None:
        self.declaration, self.setting, self.meter = declaration, setting, meter
        self.counts = {"adam_steps": 0, "lbfgs_iterations": 0, "lbfgs_starts": 0}
        self.finite = True
        inputs = declaration.geometry.dim + (1 if declaration.features is not None else 0)
        self.net = dde.nn.FNN([inputs, *setting.hidden, 1], setting.activation, "Glorot uniform")
        if declaration.features is not None:
            self.net.apply_feature_transform(declaration.features)
        if declaration.ansatz is not None:
            self.net.apply_output_transform(declaration.ansatz)
        self.parameters = list(self.net.parameters())
        self._adam = self._prepare_adam()
        self._over = False
        self._kept: list[torch.Tensor] = []

    def run(self) -> None:
        """Train until the time is over or the loss is no longer a number."""
        self.meter.start()
        self._adam()
        while not self._over:
            self._lbfgs()

    def predict(self, points: np.ndarray) -> np.ndarray:
        """The solution as it stands, (N, D) to (N, 1)."""
        with torch.no_grad():
            return self.net(torch.as_tensor(points, dtype=torch.get_default_dtype())).numpy()

    def stepped(self) -> bool:
        """After a step; whether the time is over."""
        self.finite = bool(torch.isfinite(self.parameters[-1]).all())
        if not self.finite:
            self.meter.look(self.predict)
        self._over = not self.finite or self.meter.step(self.predict)
        return self._over

    def _prepare_adam(self) -> Callable[[], None]:
        def factor(steps: int) -> float:
            return DECAYS[self.setting.decay](min(self.meter.elapsed / until, 1)) if steps else 1.0

        def step() -> bool:
            self.counts["adam_steps"] += 1
            return self.stepped() or (self.setting.fixed is not None and self.meter.elapsed >= until)

        until = self.setting.adam * self.meter.seconds
        model = dde.Model(self._draw(self.setting.points), self.net)
        decay = ("lambda", factor)
        model.compile("adam", lr=self.setting.rate, decay=decay, loss_weights=self.setting.weights, verbose=0)
        fresh = [dde.callbacks.PDEPointResampler(period=1)] if self.setting.fresh else []
        return lambda: self._train(model, [AfterStep(step), *fresh])

    def _lbfgs(self) -> None:
        """One start of L-BFGS on points of its own, until it stalls or the time is over.

        DeepXDE's "L-BFGS" is torch's, called for 1,000 iterations at a time. Given as an optimiser it is called for a
        few, with the same memory, so that the clock can be looked at in between.
        """
        optimizer = torch.optim.LBFGS(
            self.parameters,
            max_iter=2,
            max_eval=2 * SEARCH,
            history_size=MEMORY,
            tolerance_grad=0,
            tolerance_change=0,
            line_search_fn="strong_wolfe",
        )
        losses: list[float] = []
        seen = {"n_iter": 0, "func_evals": 0}
        since = self.meter.elapsed

        def step() -> bool:
            nonlocal since
            state, group = optimizer.state[self.parameters[0]], optimizer.param_groups[0]
            iterations, calls = (state[name] - seen[name] for name in ("n_iter", "func_evals"))
            self.counts["lbfgs_iterations"] += iterations
            seen.update({name: state[name] for name in seen})
            half_a_second = 0.5 * calls / max(self.meter.elapsed - since, 1e-9)
            group["max_iter"] = int(min(max(half_a_second, 2), ITERATIONS))
            group["max_eval"] = group["max_iter"] * SEARCH
            losses.append(float(state.get("prev_loss", 0)))  # it has none where the gradient is 0 at the start
            self._kept = [p.detach().clone() for p in self.parameters]
            over = self.stepped()
            since = self.meter.elapsed
            return over or iterations == 0 or stalled(losses)

        self.counts["lbfgs_starts"] += 1
        assert self.setting.fixed is not None
        model = dde.Model(self._draw(self.setting.fixed), self.net)
        model.compile(optimizer, loss_weights=self.setting.weights, verbose=0)
        self._kept = [p.detach().clone() for p in self.parameters]
        try:
            self._train(model, [AfterStep(step)])
        except OvertimeError:
            # In the middle of a line search: back to where the last step ended.
            for parameter, kept in zip(self.parameters, self._kept, strict=True):
                parameter.data.copy_(kept)
            self.stepped()

    def _train(self, model: dde.Model, callbacks: list[Any]) -> None:
        model.train(iterations=NEVER, display_every=2 * NEVER, callbacks=callbacks, verbose=0)

    def _draw(self, points: Points) -> Any:
        equation = self.declaration.equation

        def timed(x: torch.Tensor, u: torch.Tensor) -> torch.Tensor:
            if self.counts["lbfgs_starts"] and self.meter.elapsed > self.meter.seconds:
                raise OvertimeError
            return equation(x, u)

        timing = isinstance(self.declaration.geometry, dde.geometry.GeometryXTime)
        return (dde.data.TimePDE if timing else dde.data.PDE)(
            self.declaration.geometry,
            timed,
            list(self.declaration.conditions),
            num_domain=points.interior,
            num_boundary=points.boundary,
            # A sequence such as Hammersley's would give the same points again.
            train_distribution=self.setting.distribution if self.counts["lbfgs_starts"] < 2 else "pseudo",
            **({"num_initial": points.initial} if timing else {}),
        )


class AfterStep(dde.callbacks.Callback):
    """Calls a function after every step, and ends the training when it says so."""

    def __init__(self, function: Callable[[], bool]) -> None:
        super().__init__()
        self.function = function

    def on_epoch_end(self) -> None:
        self.model.stop_training = self.function()


def stalled(losses: list[float], steps: int = 10, fall: float = 0.02) -> bool:
    """Whether the loss has fallen by less than a share during the last steps."""
    return len(losses) > steps and not losses[-1] < (1 - fall) * losses[-1 - steps]
