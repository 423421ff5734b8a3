"""From which dimension on a stencil is faster than automatic differentiation."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.func import hessian, jacrev, vmap

from pinnzo.derivatives import Autodiff, Estimator, FiniteDifference, RandomDirections
from pinnzo.derivatives.base import Discretisation
from pinnzo.derivatives.default import default_estimator
from pinnzo.fields import NetworkField
from pinnzo.multiindex import LinearOperator
from pinnzo.networks import MLP
from pinnzo.networks.base import Network
from pinnzo.seeding import generator

from .output import json_number, listed
from .timing import interleaved, timed

WIDTH, DEPTH = 64, 2
TIME_LIMIT = 10.0
MARGIN = 0.9
"""The share of the other's time below which a method counts as faster: a busy machine makes differences of its own."""
CHUNK_NUMBERS = 1 << 22
"""Tangents of a hidden layer that vmap holds at once: more does not make it faster."""

DIRECTIONS = 16

STENCIL = "smolyak"
AUTODIFF = ("autodiff", "functional")


@dataclass(frozen=True)
class CrossoverCurve:
    """The times of one method.

    Attributes:
        name: such as "smolyak" or "autodiff".
        label: the same for people.
        uses_backpropagation: whether it needs more than forward passes.
        dimensions: the numbers of variables D.
        seconds: of one call for each of them.
    """

    name: str
    label: str
    uses_backpropagation: bool
    dimensions: tuple[int, ...]
    seconds: tuple[float, ...]

    def at(self, dimension: int) -> float | None:
        """The seconds in D variables, if they were measured."""
        return dict(zip(self.dimensions, self.seconds, strict=True)).get(dimension)

    def to_json(self) -> dict[str, Any]:
        """As JSON data."""
        return {
            "name": self.name,
            "label": self.label,
            "uses_backpropagation": self.uses_backpropagation,
            "dimensions": list(self.dimensions),
            "seconds": [json_number(value) for value in self.seconds],
        }


@dataclass(frozen=True)
class Crossover:
    """The times of the gradient and the Laplacian of one network in D variables.

    Attributes:
        network: which one, in words.
        points: at how many points.
        curves: one a method.
        notes: curves that end early.
    """

    network: str
    points: int
    curves: tuple[CrossoverCurve, ...]
    notes: tuple[str, ...] = ()

    @property
    def dimensions(self) -> tuple[int, ...]:
        """All D at which the stencil was measured."""
        return next((c.dimensions for c in self.curves if c.name == STENCIL), ())

    def autodiff_at(self, dimension: int) -> float | None:
        """The seconds of the faster way of automatic differentiation."""
        times = [c.at(dimension) for c in self.curves if c.uses_backpropagation]
        return min((time for time in times if time is not None), default=None)

    @property
    def faster_from(self) -> int | None:
        """The least measured D from which on the default stencil is faster than autodiff, or None."""
        found = None
        for dimension in reversed(self.dimensions):
            if not self._is_faster(dimension):
                break
            found = dimension
        return found

    def _is_faster(self, dimension: int) -> bool:
        """Whether the stencil is faster than autodiff in D variables, by more than chance."""
        mine = next(c.at(dimension) for c in self.curves if c.name == STENCIL)
        other = self.autodiff_at(dimension)
        # Where only autodiff had passed the limit of time before, it is the slower one.
        return mine is not None and (other is None or mine < MARGIN * other)

    @property
    def outcome(self) -> str:
        """What came out, after the words "the default stencil is"."""
        if not self.dimensions:
            return "not measured"
        low, high = self.dimensions[0], self.dimensions[-1]
        span = f"D = {low}" if low == high else f"D = {low} to {high}"
        start = self.faster_from
        if start is not None:
            return f"always the faster one in {span}" if start == low else f"the faster one from D = {start} on"
        if any(self._is_faster(d) for d in self.dimensions):
            return f"not the faster one at D = {high}, the largest D"
        return f"never the faster one in {span}"

    @property
    def sentence(self) -> str:
        """What came out, in one sentence."""
        measured = listed(self.dimensions) if self.dimensions else "none"
        return (
            "Against the faster of two ways of automatic differentiation the default stencil is "
            f"{self.outcome} (measured: {measured}; faster means by a tenth)."
        )

    def to_json(self) -> dict[str, Any]:
        """As JSON data."""
        return {
            "network": self.network,
            "points": self.points,
            "faster_from": self.faster_from,
            "sentence": self.sentence,
            "curves": [curve.to_json() for curve in self.curves],
            "notes": list(self.notes),
        }


def measure_crossover(
    dimensions: Sequence[int],
    points: int,
    seed: int = 0,
    begin: Callable[[str], None] = lambda _: None,
    time_limit: float = TIME_LIMIT,
) -> Crossover:
    """Time the gradient and the Laplacian of a dense tanh network by stencils and by automatic differentiation.

    The methods take turns. One whose call lasts longer than ``time_limit`` seconds is not asked in more variables.

    Args:
        dimensions: the numbers of variables D, in rising order.
        points: at how many points of the unit cube.
        seed: fixes points and parameters.
        begin: is told of each D before it is measured.
        time_limit: in seconds.
    """
    times: dict[str, dict[int, float]] = {}
    methods: dict[str, tuple[str, bool]] = {}
    notes: dict[str, str] = {}
    for dimension in dimensions:
        begin(f"crossover, D = {dimension}")
        calls = {}
        for name, label, backward, call in _calls(dimension, points, seed):
            methods[name] = label, backward
            if name not in notes:
                calls[name] = call
        slow: set[str] = set()
        for name, call in calls.items():
            first = timed(call)
            if first > time_limit:
                # The first call also sets things up, but not for seconds.
                times.setdefault(name, {})[dimension] = first
                slow.add(name)
                notes[name] = (
                    f"{methods[name][0]} took {first:.1f} s at D = {dimension}, more than the limit of "
                    f"{time_limit:g} s: its curve ends there."
                )
            elif first > time_limit / 4:
                times.setdefault(name, {})[dimension] = first
                slow.add(name)
        for name, seconds in interleaved({n: c for n, c in calls.items() if n not in slow}).items():
            times.setdefault(name, {})[dimension] = seconds
    curves = [
        CrossoverCurve(name, label, backward, tuple(times[name]), tuple(times[name].values()))
        for name, (label, backward) in methods.items()
        if name in times
    ]
    return Crossover(
        f"dense, {DEPTH} hidden layers of {WIDTH}, tanh, float64", points, tuple(curves), tuple(notes.values())
    )


def _calls(dimension: int, points: int, seed: int) -> list[tuple[str, str, bool, Callable[[], torch.Tensor]]]:
    """Name, label, whether it back-propagates, and the call of each method in D variables."""
    unit = ([0.0] * dimension, [1.0] * dimension)
    network = MLP(width=WIDTH, depth=DEPTH, activation="tanh").build(dimension, unit)
    # Autograd cannot save tensors that were made in inference mode.
    with torch.inference_mode(False):
        theta = network.initial(generator(seed, "parameters"), torch.float64)
        x = torch.rand(points, dimension, generator=generator(seed, "points"), dtype=torch.float64)
        field = NetworkField(network.bind(theta[None]), network.width)
    rows = [LinearOperator.laplacian(range(dimension))]
    rows += [LinearOperator.derivative(((axis, 1),)) for axis in range(dimension)]
    stencil = default_estimator(rows, [(0.0, 1.0)] * dimension, torch.float64)
    estimators: list[tuple[str, str, Estimator]] = [
        (STENCIL, "sparse grid (default)", stencil),
        ("finite-difference-4", "differences O(h⁴)", FiniteDifference(order=4)),
        ("random-directions", f"{DIRECTIONS} random directions", RandomDirections(DIRECTIONS)),
        (AUTODIFF[0], "autodiff (nested)", Autodiff()),
    ]
    found = []
    for name, label, estimator in estimators:
        fitted = estimator.fitted(rows, [(0.0, 1.0)] * dimension, torch.float64)
        discretisation = fitted.discretise(rows, dimension)

        def call(discretisation: Discretisation = discretisation) -> torch.Tensor:
            with torch.inference_mode():
                return discretisation.apply(field, x)[0]

        found.append((name, label, isinstance(estimator, Autodiff), call))
    found.append((AUTODIFF[1], "autodiff (torch.func, vmap of hessian)", True, lambda: functional(network, theta, x)))
    return found


def functional(network: Network, theta: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Laplacian and gradient of a network by ``torch.func``, at points x (P, D): (P, 1 + D)."""

    def f(point: torch.Tensor) -> torch.Tensor:
        return bound.values(point[None])[0, 0, 0]

    def both(point: torch.Tensor) -> torch.Tensor:
        return torch.cat([hessian(f)(point).diagonal().sum()[None], jacrev(f)(point)])

    chunk = max(1, CHUNK_NUMBERS // (x.shape[1] * network.width))
    # Grad mode keeps the network from writing over its own activations.
    with torch.inference_mode(False), torch.enable_grad(), warnings.catch_warnings():
        # The first use of forward mode loads decompositions in a way that recent versions of torch call deprecated.
        warnings.simplefilter("ignore", DeprecationWarning)
        bound = network.bind(theta[None])
        return vmap(both, chunk_size=chunk)(x)
