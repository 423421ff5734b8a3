"""The trainers of classification, with the settings that suit a minute of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from pinnzo.errors import SettingError
from pinnzo.training import (
    AveragedGaussNewton,
    CoordinateGradient,
    FirstOrder,
    HybridZO,
    LevenbergMarquardt,
    RandomGradient,
    Trainer,
    ZerothOrder,
)

DIRECTIONS = 50
LARGE = 20_000
"""With more parameters the Jacobian of all does not fit into memory; Gauss–Newton steps then search random ones."""


def classification_trainer(name: str, parameters: int = 0) -> Trainer:
    """The trainer of that name, with settings that were found by the validation images of MNIST.

    Args:
        name: as on the command line.
        parameters: of the network; with more than 20,000 Gauss–Newton steps search 50 random directions, and the
            learning rates are those that suit dense layers of that size.

    Raises:
        SettingError: there is none.
    """
    if name not in CLASSIFICATION_TRAINERS:
        raise SettingError(
            f"There is no trainer {name!r} for classification; choose among {', '.join(CLASSIFICATION_TRAINERS)}."
        )
    return CLASSIFICATION_TRAINERS[name](parameters > LARGE)


def default_batch(trainer: Trainer) -> int:
    """The images of a step that suit a trainer."""
    if isinstance(trainer, (LevenbergMarquardt, AveragedGaussNewton)):
        return 1000
    # The noise of an estimated gradient hides that of a small batch.
    return 100


def _gauss_newton(large: bool) -> Trainer:
    """Levenberg–Marquardt with an averaged matrix, of which a batch of 1,000 images alone knows too little."""
    return LevenbergMarquardt(directions=DIRECTIONS) if large else AveragedGaussNewton(growth=1.005)


def _random(large: bool) -> ZerothOrder:
    """Adam makes more of a random-direction estimate than its sign does: 81 against 25 % after 27 CPU seconds."""
    return ZerothOrder(
        RandomGradient(samples=10, step=1e-2),
        learning_rate=3e-4 if large else 3e-3,
        scheduler="ExponentialLR",
        scheduler_options={"gamma": 0.9999},
    )


def _coordinate(large: bool) -> ZerothOrder:
    """A difference of 1e-3 is within half a per cent of the gradient in single precision, ReLU kinks included."""
    return ZerothOrder(CoordinateGradient(step=1e-3), **_with_decay(large))


def _hybrid(large: bool) -> HybridZO:
    """The switch comes early: coordinates get further for a query as soon as the loss has begun to fall."""
    return HybridZO(_random(large), _coordinate(large), switch_step=200)


def _back_propagation(large: bool) -> FirstOrder:
    return FirstOrder(**_with_decay(large))


def _with_decay(large: bool) -> dict[str, Any]:
    """Adam with decoupled weight decay, the same for exact gradients and for coordinate-wise differences.

    Without the decay the tensor-train network stops at 2 % wrong labels of the validation images, with it at 1.3 %.
    """
    return {
        "optimizer": "AdamW",
        "learning_rate": 1e-3 if large else 2e-2,
        "optimizer_options": {"weight_decay": 0.1},
        "scheduler": "ExponentialLR",
        "scheduler_options": {"gamma": 0.9997},
    }


CLASSIFICATION_TRAINERS: Mapping[str, Callable[[bool], Trainer]] = MappingProxyType(
    {
        "levenberg-marquardt": _gauss_newton,
        "hybrid": _hybrid,
        "rge": _random,
        "cge": _coordinate,
        "first-order": _back_propagation,
    }
)
"""The trainers by the names of the command line, for small or large networks; the last one is the baseline with
back-propagation."""
