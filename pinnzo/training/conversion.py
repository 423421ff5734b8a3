"""What a user may pass as ``trainer``: a trainer, or a gradient estimator, which is wrapped into one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from pinnzo.errors import SettingError

from .autodiff_gauss_newton import AutodiffGaussNewton
from .base import Trainer
from .coordinate_gradient import CoordinateGradient
from .first_order import FirstOrder
from .gradients import GradientEstimator
from .hybrid import HybridZO
from .lbfgs import LBFGS
from .levenberg_marquardt import LevenbergMarquardt
from .random_gradient import RandomGradient
from .zeroth_order import ZerothOrder, sign_descent

TRAINERS: Mapping[str, Callable[[], Trainer | GradientEstimator]] = MappingProxyType(
    {
        "hybrid": HybridZO,
        "rge": RandomGradient,
        "cge": CoordinateGradient,
        "levenberg-marquardt": LevenbergMarquardt,
        "first-order": FirstOrder,
        "lbfgs": LBFGS,
        "autodiff-gauss-newton": AutodiffGaussNewton,
    }
)
"""The trainers by the names that the command line has for them; the last three are baselines."""


def trainer_named(name: str) -> Trainer:
    """The trainer of that name with its default settings.

    Raises:
        SettingError: there is none.

    Example:
        >>> trainer_named("lbfgs")
        LBFGS(hold=100, history=50, learning_rate=1.0, line_search=25)
    """
    if name not in TRAINERS:
        raise SettingError(f"There is no trainer {name!r}; choose among {', '.join(TRAINERS)}.")
    return as_trainer(TRAINERS[name]())


def as_trainer(trainer: Trainer | GradientEstimator) -> Trainer:
    """A trainer as it is; a gradient estimator with an update that suits its noise.

    ``RandomGradient`` comes with the sign update, whose steps do not grow with the noise of the estimate
    (0.01, times 0.9 every 100 steps); every other estimator comes with Adam (0.01, times 0.99 a step).
    For anything else write ``ZerothOrder(estimator, …)``.

    Raises:
        SettingError: for anything else, and for a trainer class instead of its instance.

    Example:
        >>> from pinnzo.training import RandomGradient
        >>> as_trainer(RandomGradient()).sign
        True
    """
    if isinstance(trainer, Trainer):
        return trainer
    if isinstance(trainer, RandomGradient):
        return sign_descent(trainer)
    if isinstance(trainer, GradientEstimator):
        return ZerothOrder(trainer, learning_rate=1e-2, scheduler="ExponentialLR", scheduler_options={"gamma": 0.99})
    hint = f"; did you mean {trainer.__name__}()?" if isinstance(trainer, type) else "."
    raise SettingError(
        f"trainer must be a trainer such as HybridZO() or a gradient estimator such as RandomGradient(), "
        f"got {trainer!r}{hint}"
    )
