"""From a network's features as SymPy expressions to functions of a problem's points."""

from __future__ import annotations

import dataclasses
from typing import Any

import sympy as sp
import torch

from pinnzo.errors import DeclarationError
from pinnzo.networks.features import Features
from pinnzo.symbolic.boundary import point_text
from pinnzo.symbolic.expressions import known_expression
from pinnzo.symbolic.periodic import is_periodic
from pinnzo.symbolic.problem import Problem
from pinnzo.symbolic.torch_code import columns, torch_function

FEATURE_ORDER = 2
"""Up to which derivative a feature must be equal at both ends of a period."""

SAMPLED_POINTS = 1000
"""Points of the domain at which the range of a feature is measured."""


def agreed_periods(network: Any, problem: Problem) -> tuple[Any, Problem]:
    """A network that is periodic along the coordinates of the problem's periodic conditions, where it can be.

    Args:
        network: settings such as ``MLP``, which get the periods unless they have some of their own; or anything else.
            Features of theirs must be periodic too.
        problem: the declaration.

    Returns:
        The network, and the problem with penalties for the conditions that it does not satisfy.

    Raises:
        SettingError: such a condition has to be hard.
    """
    periods = problem.ansatz.periods
    if not periods:
        return network, problem
    features = tuple(getattr(network, "features", None) or ())
    # Conditions speak of values and low derivatives; a feature with kinks at the ends would break the equation there.
    fit = tuple(p for p in periods if all(is_periodic(e, p, FEATURE_ORDER, problem.sampler) for e in features))
    own: Any = ()
    if dataclasses.is_dataclass(network) and not isinstance(network, type) and hasattr(network, "periodic"):
        if getattr(network, "periodic", None) is None:
            network = dataclasses.replace(network, periodic=fit)
        own = getattr(network, "periodic", ())
    missing = {period[0] for period in periods if period not in own or period not in fit}
    return network, problem.softened(missing) if missing else problem


def with_outputs(network: Any, count: int) -> Any:
    """Settings with an output for each unknown function where they were left at one, and anything else as it is."""
    fits = dataclasses.is_dataclass(network) and not isinstance(network, type)
    if not fits or getattr(network, "outputs", None) != 1 or count == 1:
        return network
    return dataclasses.replace(network, outputs=count)  # type: ignore[type-var]


def measured(network: Any, problem: Problem) -> Any:
    """Settings with the ranges of their features filled in, and anything else as it is.

    The ranges belong to the trained network as its parameters do, so they are kept with the settings and saved.

    Args:
        network: settings such as ``MLP(features=[…])``.
        problem: whose variables the features are expressions of.

    Raises:
        DeclarationError: a feature is no function of the variables, not finite in the domain, or constant.
    """
    features = getattr(network, "features", None)
    if not features or not dataclasses.is_dataclass(network) or getattr(network, "feature_ranges", None) is not None:
        return network
    points = problem.sampler.interior(SAMPLED_POINTS, torch.Generator().manual_seed(0))
    ranges = []
    for i, values in enumerate(columns(_function(features, problem), points)):
        name = f"features[{i}] = {features[i]}"
        broken = ~values.isfinite()
        if broken.any():
            where = point_text(points[int(broken.to(torch.uint8).argmax())], problem.sampler)
            raise DeclarationError(f"{name} is NaN or infinite at {where}: it must be finite in the domain.")
        low, high = float(values.min()), float(values.max())
        if high - low <= 1e-9 * max(abs(low), abs(high)):
            raise DeclarationError(f"{name} is constant in the domain, so that it tells the network nothing: drop it.")
        ranges.append((low, high))
    return dataclasses.replace(network, feature_ranges=tuple(ranges))  # type: ignore[type-var]


def compile_features(network: Any, problem: Problem) -> Features | None:
    """The features of a network's settings as one torch function, or None where it has none.

    Each is mapped from its range over the domain to [-1, 1], as the coordinates are.

    Args:
        network: settings such as ``MLP(features=[…])``.
        problem: whose variables the features are expressions of.

    Raises:
        DeclarationError: see ``measured``.

    Example:
        >>> import pinnzo as pz
        >>> problem = pz.problem("poisson", dimension=3)
        >>> network = pz.MLP(features=[sum(s**2 for s in problem.variables)], feature_ranges=[(0, 3)])
        >>> features = compile_features(network, problem)
        >>> features.count, features.function(torch.tensor([[0.0, 1.0, 1.0]]))
        (1, tensor([[0.3333]]))
    """
    network = measured(network, problem)
    if not (expressions := getattr(network, "features", None)):
        return None
    function = _function(expressions, problem)
    low, high = torch.tensor(network.feature_ranges, dtype=torch.float64).T
    slope, shift = 2 / (high - low), -(high + low) / (high - low)

    def features(x: torch.Tensor) -> torch.Tensor:
        return torch.addcmul(shift.to(x), slope.to(x), torch.stack(columns(function, x), dim=-1))

    return Features(features, len(expressions))


def _function(expressions: tuple[sp.Expr, ...], problem: Problem) -> Any:
    known = [known_expression(e, f"features[{i}]", problem.variables) for i, e in enumerate(expressions)]
    return torch_function([problem.variables], known)
