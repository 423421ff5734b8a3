"""What a user may pass as ``trainer``: a trainer, or a gradient estimator, which is wrapped into one."""

from __future__ import annotations

from pinnzo.errors import SettingError

from .base import Trainer
from .gradients import GradientEstimator
from .zeroth_order import ZerothOrder


def as_trainer(trainer: Trainer | GradientEstimator) -> Trainer:
    """A trainer as it is; a gradient estimator as a ``ZerothOrder`` trainer with Adam.

    Raises:
        SettingError: for anything else, and for a trainer class instead of its instance.

    Example:
        >>> from pinnzo.training import RandomGradient
        >>> as_trainer(RandomGradient()).optimizer
        'Adam'
    """
    if isinstance(trainer, Trainer):
        return trainer
    if isinstance(trainer, GradientEstimator):
        return ZerothOrder(trainer, learning_rate=1e-2)
    hint = f"; did you mean {trainer.__name__}()?" if isinstance(trainer, type) else "."
    raise SettingError(
        f"trainer must be a trainer such as HybridZO() or a gradient estimator such as RandomGradient(), "
        f"got {trainer!r}{hint}"
    )
