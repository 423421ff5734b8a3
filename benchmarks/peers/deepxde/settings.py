"""The networks, optimisers and points that DeepXDE is given for each problem.

"documented" is what DeepXDE's documentation or the paper that a problem comes from uses; "small" is a network of the
size of pinnzo's, trained by what serves such networks best: Adam at first, L-BFGS to the end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Points:
    """How many training points there are in the domain, on its boundary and at the initial time."""

    interior: int
    boundary: int = 0
    initial: int = 0


@dataclass(frozen=True)
class Setting:
    """A network and its training.

    Attributes:
        hidden: the widths of the hidden layers.
        activation: by DeepXDE's name.
        dtype: "float32" or "float64".
        rate: of Adam at the start.
        decay: of the rate over Adam's share of the time, one of ``DECAYS``.
        adam: the share of the time that Adam is given; L-BFGS has the rest.
        points: in Adam's loss.
        fresh: points in the domain are drawn anew at every step of Adam.
        distribution: of points, by DeepXDE's name.
        fixed: points in the loss of L-BFGS, drawn anew when it stalls.
        weights: of the equation and of each condition in the loss.
    """

    hidden: tuple[int, ...]
    points: Points
    activation: str = "tanh"
    dtype: str = "float32"
    rate: float = 1e-3
    decay: str = "constant"
    adam: float = 1.0
    fresh: bool = True
    distribution: str = "pseudo"
    fixed: Points | None = None
    weights: tuple[float, ...] | None = None


DECAYS: dict[str, Callable[[float], float]] = {
    "constant": lambda _: 1.0,
    "linear": lambda share: max(1 - share, 0.0),
    "hundredfold": lambda share: 0.01**share,
}
"""The factor of the rate, of the share of Adam's time that is over."""

_HE = Setting((256,) * 4, Points(100))
_PINNACLE = {"hidden": (100,) * 5, "fresh": False, "distribution": "Hammersley"}
_STDE = Setting((128,) * 4, Points(100), decay="linear")
_DOCUMENTED = {
    "hjb": Setting((512, 512), Points(100), activation="sin"),
    "hjb-lq": _HE,
    "heat-high": _HE,
    "poisson": Setting(points=Points(8192, 2048), **_PINNACLE),
    "heat-nd": Setting(points=Points(8192, 2048, 2048), **_PINNACLE),
    # DeepXDE's demonstration of Poisson's equation (over an L-shaped domain): Adam, then L-BFGS, on the same points.
    "poisson-2d": Setting(
        (50,) * 4, Points(1200, 120), adam=1 / 3, fresh=False, distribution="Hammersley", fixed=Points(1200, 120)
    ),
    "two-body-poisson": _STDE,
}
# Points on the boundary in the loss of Adam and of L-BFGS, and the weights of equation and condition. With equal ones
# poisson stays at an error of 0.2; for heat-nd a weight of 10 is no better.
_SOFT = {"poisson": (200, 500, (1.0, 100.0)), "heat-nd": (200, 500, None)}


MANY = 50
"""In so many dimensions one loss of L-BFGS at 2,000 points takes seconds: Adam has all of the time."""


def setting(problem: str, network: str, dimension: int) -> Setting:
    """Of a problem, for "documented" or "small"."""
    if network == "documented":
        return _DOCUMENTED[problem]
    first, later, weights = _SOFT.get(problem, (0, 0, None))
    return Setting(
        (32, 32),
        Points(200, first),
        activation="sin",
        dtype="float64",
        rate=1e-2,
        decay="hundredfold",
        adam=1.0 if dimension >= MANY else 1 / 3,
        fixed=None if dimension >= MANY else Points(2000, later),
        weights=weights,
    )
