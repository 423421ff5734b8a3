"""Single training steps, each as a run would take it first."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

import pinnzo as pz
from benchmarks.growth.equation import DIRECTIONS, Size
from pinnzo.derivatives import Estimator
from pinnzo.training import Trainer

STEPS: dict[str, tuple[Trainer, Estimator | None]] = {
    "levenberg_marquardt": (pz.LevenbergMarquardt(), None),
    "levenberg_marquardt_directions": (pz.LevenbergMarquardt(), pz.RandomDirections(DIRECTIONS)),
    "gauss_newton": (pz.AutodiffGaussNewton(), None),
    "adam": (pz.FirstOrder(), pz.Autodiff()),
    "adam_stencil": (pz.FirstOrder(), None),
    "random_gradient": (pz.HybridZO().first, None),
    "coordinate_gradient": (pz.HybridZO().second, None),
}
"""By name: the trainer, and the estimator of derivatives, None for the default stencil."""

MOST_SWEPT, MOST_BACKWARD = 8000, 8_000_000
"""Parameters that are perturbed one by one, and rows of a Jacobian times network evaluations, that take ten seconds."""


def too_much(name: str, size: Size, parameters: int) -> str | None:
    """Why a step would take too long to be measured, if it would."""
    trainer, estimator = STEPS[name]
    if name == "random_gradient" or isinstance(trainer, pz.FirstOrder):
        return None
    if not trainer.uses_backpropagation:
        return f"{parameters:,} parameters are perturbed one by one" if parameters > MOST_SWEPT else None
    evaluations = size.assembly(estimator).objective.evaluations_per_query
    if size.points * evaluations <= MOST_BACKWARD:
        return None
    return f"{size.points:,} rows are back-propagated through {evaluations:,} network evaluations"


class Steps:
    """Training steps by name, each a function without arguments, from the same parameters and points.

    Args:
        size: of the problem and the network.
        names: of ``STEPS``.

    Attributes:
        evaluations: how many of the network each takes, once it was called; backward passes are none.
    """

    def __init__(self, size: Size, names: Sequence[str]) -> None:
        self.calls: dict[str, Callable[[], object]] = {}
        self.evaluations: dict[str, int] = {}
        for name in names:
            self._add(name, size)

    def _add(self, name: str, size: Size) -> None:
        trainer, estimator = STEPS[name]
        assembly = size.assembly(estimator)
        objective = assembly.objective
        state = trainer.init(assembly.initial(), assembly.run_seed)
        guard = torch.enable_grad if trainer.uses_backpropagation else torch.inference_mode

        def call() -> None:
            with guard():
                before = objective.evaluations
                objective.draw(assembly.generator("points"))
                trainer.step(objective, state)
                self.evaluations[name] = objective.evaluations - before

        self.calls[name] = call
