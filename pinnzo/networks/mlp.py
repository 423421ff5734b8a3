"""Settings of a dense multilayer perceptron."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import sympy as sp

from pinnzo.errors import SettingError
from pinnzo.networks.activations import activation
from pinnzo.networks.features import (
    Features,
    Period,
    Range,
    agreed_features,
    checked_features,
    checked_periods,
    checked_ranges,
    with_periods,
)
from pinnzo.networks.layered import LayeredNetwork, Scaling
from pinnzo.networks.layers import Layer, stack_layers
from pinnzo.networks.settings import agreed_inputs

DEEPEST, WIDEST = 1000, 1_000_000
"""More layers than anything here trains, and more units than a weight matrix in memory has rows."""


@dataclass(frozen=True)
class MLP:
    """A perceptron with dense layers, f(x) = W_L a(… a(W_1 x + b_1) …) + b_L.

    Args:
        width: units of each hidden layer.
        depth: number of hidden layers.
        activation: "sine", "tanh", "gelu", "silu", "softplus", "relu" or "identity".
        inputs: number of coordinates; None takes it from the problem.
        outputs: components of f.
        features: further inputs of the first layer, SymPy expressions of the problem's variables such as ‖x‖². A
            radial function of many coordinates, say, is hard to learn without.
        feature_ranges: (low, high) of each feature, mapped to [-1, 1]; None measures them at points of the domain.
        periodic: (axis, low, high) of each coordinate x along which f is periodic: the first layer sees cos and sin of
            2π(x − low)/(high − low) in place of x. None takes them from the problem's periodic conditions; with (),
            these are left to penalties.
        bias: hidden units begin with biases that are uniform in ±bias; None takes ±1/√inputs, where sines are nearly
            linear. Phases of about ±π/2 make quadratic parts of the solution, such as a quadratic form of many
            coordinates, as easy to learn as linear ones.

    Raises:
        SettingError: a number is not positive, the activation is unknown, or a feature is no SymPy expression.

    Example:
        >>> MLP(width=512, depth=2, inputs=21).parameter_count
        274433
    """

    width: int = 64
    depth: int = 2
    activation: str = "sine"
    inputs: int | None = None
    outputs: int = 1
    features: Sequence[sp.Expr] = ()
    feature_ranges: Sequence[Range] | None = None
    periodic: Sequence[Period] | None = None
    bias: float | None = None

    def __post_init__(self) -> None:
        check_sizes(self.width, self.depth, self.inputs, self.outputs)
        if self.bias is not None and not (isinstance(self.bias, (int, float)) and 0 < self.bias < math.inf):
            raise SettingError(f"bias={self.bias!r} must be a positive number, or None.")
        activation(self.activation)
        object.__setattr__(self, "features", checked_features(self.features))
        object.__setattr__(self, "feature_ranges", checked_ranges(self.feature_ranges, len(self.features)))
        object.__setattr__(self, "periodic", checked_periods(self.periodic))

    @property
    def parameter_count(self) -> int:
        """Length of θ.

        Raises:
            SettingError: ``inputs`` is not known.
        """
        return self._layers(None)[-1].stop

    def build(
        self, inputs: int | None = None, scaling: Scaling | None = None, features: Features | None = None
    ) -> LayeredNetwork:
        """Make the network; see ``NetworkSettings.build``."""
        features = agreed_features(self.features, features)
        features = with_periods(self.periodic or (), features, agreed_inputs(self.inputs, inputs))
        return LayeredNetwork(self._layers(inputs), activation(self.activation), scaling, features, self.bias)

    def _layers(self, inputs: int | None) -> tuple[Layer, ...]:
        first = agreed_inputs(self.inputs, inputs) + len(self.periodic or ()) + len(self.features)
        return stack_layers((first, *(self.width,) * self.depth, self.outputs), (None,) * (self.depth + 1))


def check_sizes(width: int, depth: int, inputs: int | None, outputs: int) -> None:
    """Refuse sizes that are not positive whole numbers."""
    for name, number in (("width", width), ("depth", depth), ("inputs", inputs), ("outputs", outputs)):
        if number is None and name == "inputs":
            continue
        if not isinstance(number, int) or isinstance(number, bool) or number < 1:
            raise SettingError(f"{name}={number!r} must be a positive whole number.")
        if number > (most := DEEPEST if name == "depth" else WIDEST):
            raise SettingError(f"{name}={number} is more than a network can have here: give at most {most:,}.")
