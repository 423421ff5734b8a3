"""The trainers of classification, with the settings that suit a minute of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

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
        parameters: of the network; from 20,000 on Gauss–Newton steps search 50 random directions.

    Raises:
        SettingError: there is none.
    """
    if name not in CLASSIFICATION_TRAINERS:
        raise SettingError(
            f"There is no trainer {name!r} for classification; choose among {', '.join(CLASSIFICATION_TRAINERS)}."
        )
    trainer = CLASSIFICATION_TRAINERS[name]()
    if isinstance(trainer, AveragedGaussNewton) and parameters > LARGE:
        return LevenbergMarquardt(directions=DIRECTIONS)
    return trainer


def default_batch(trainer: Trainer) -> int:
    """The images of a step that suit a trainer."""
    if isinstance(trainer, (LevenbergMarquardt, AveragedGaussNewton)):
        return 1000
    # The noise of an estimated gradient hides that of a small batch.
    return 100


def _gauss_newton() -> AveragedGaussNewton:
    """Levenberg–Marquardt with an averaged matrix, of which a batch of 1,000 images alone knows too little."""
    return AveragedGaussNewton(growth=1.005)


def _random() -> ZerothOrder:
    """Adam makes more of a random-direction estimate than its sign does: 81 against 25 % after 27 CPU seconds."""
    return ZerothOrder(
        RandomGradient(samples=10, step=1e-2),
        learning_rate=3e-3,
        scheduler="ExponentialLR",
        scheduler_options={"gamma": 0.9999},
    )


def _coordinate() -> ZerothOrder:
    return ZerothOrder(
        CoordinateGradient(step=1e-2),
        learning_rate=2e-2,
        scheduler="ExponentialLR",
        scheduler_options={"gamma": 0.999},
    )


def _hybrid() -> HybridZO:
    """The switch comes early: coordinates get further for a query as soon as the loss has begun to fall."""
    return HybridZO(_random(), _coordinate(), switch_step=200)


def _back_propagation() -> FirstOrder:
    return FirstOrder(learning_rate=5e-3, scheduler="ExponentialLR", scheduler_options={"gamma": 0.9998})


CLASSIFICATION_TRAINERS: Mapping[str, Callable[[], Trainer]] = MappingProxyType(
    {
        "levenberg-marquardt": _gauss_newton,
        "hybrid": _hybrid,
        "rge": _random,
        "cge": _coordinate,
        "first-order": _back_propagation,
    }
)
"""The trainers by the names of the command line; the last one is the baseline with back-propagation."""
