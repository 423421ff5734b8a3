"""The ways to the residuals of the equation at given points."""

from __future__ import annotations

from collections.abc import Callable

import torch

import pinnzo as pz
from benchmarks.growth.equation import DIRECTIONS, Size
from benchmarks.growth.handwritten import forward_laplacian, nested_reverse
from pinnzo.assembly import Assembly
from pinnzo.networks.layered import LayeredNetwork

EXACT = ("autodiff", "nested_reverse", "forward_laplacian")
AGREED = 1e-9
"""By how much the exact ways may differ, relative to the norm."""


class Residuals:
    """The ways by name, each a function without arguments to the residuals (P,), with the same θ and points.

    Args:
        size: of the problem and the network.

    Attributes:
        evaluations: how many of the network each takes; backward passes and tangents are none.
        difference: of each from automatic differentiation, relative to the norm.

    Raises:
        RuntimeError: ways that are exact do not agree.
    """

    def __init__(self, size: Size) -> None:
        self.calls: dict[str, Callable[[], torch.Tensor]] = {}
        self.evaluations: dict[str, int] = {}
        for name, estimator in (
            ("stencil", None),
            ("directions", pz.RandomDirections(DIRECTIONS)),
            ("autodiff", pz.Autodiff()),
        ):
            self._add_estimator(name, size.assembly(estimator))
        assembly = size.assembly()
        network, theta, x = assembly.network, assembly.initial(), size.points_of_a_step
        assert isinstance(network, LayeredNetwork)
        self.calls["nested_reverse"] = lambda: nested_reverse(network, theta, x)
        self.calls["forward_laplacian"] = torch.inference_mode()(lambda: forward_laplacian(network, theta, x))
        self.evaluations |= dict.fromkeys(EXACT[1:], size.points)
        exact = self.calls["autodiff"]()
        self.difference = {
            name: float((call() - exact).norm() / exact.norm()) for name, call in self.calls.items() if name != EXACT[0]
        }
        if max(self.difference[name] for name in EXACT[1:]) > AGREED:
            raise RuntimeError(f"The exact ways differ by {self.difference}: there is nothing to compare.")

    def _add_estimator(self, name: str, assembly: Assembly) -> None:
        objective, theta = assembly.objective, assembly.initial()
        objective.draw(assembly.generator("points"))
        # Its residual vectors are divided by √P, so that the loss is their sum of squares.
        scale = objective.points**0.5

        @torch.inference_mode()
        def call() -> torch.Tensor:
            return scale * objective.residuals(theta[None])[0]

        self.calls[name] = call
        self.evaluations[name] = objective.evaluations_per_query
